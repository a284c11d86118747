//! Looking at a relay from outside, as its customers' clients do. The port, its target and its report;
//! `adapters::probe` does it over real sockets.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::derp::{CertPin, MeshKey, NodeKey, NodePrivate};

/// A relay to be probed, and as whom.
///
/// With a mesh key the probe enters as a manager, and two clients of it relay a packet. With a probe key
/// it enters as an ordinary client, which admission must let in. With both it does both; with neither
/// only TLS and STUN are looked at.
#[derive(Debug, Clone)]
pub struct ProbeTarget {
    /// The server's public address.
    pub address: IpAddr,
    /// The published TCP port.
    pub port: u16,
    /// The published UDP port.
    pub stun_port: u16,
    /// The certificate clients were told to expect.
    pub pin: CertPin,
    /// The relay's mesh key.
    pub mesh_key: Option<MeshKey>,
    /// The installation's key for probing as an ordinary client.
    pub probe_key: Option<NodePrivate>,
}

/// What a probe looks at, in the order of its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeStep {
    /// TCP, TLS, and the pinned certificate.
    TlsPin,
    /// The DERP protocol up to the relay's acceptance of each client of the probe.
    DerpHandshake,
    /// A packet from one client through the relay to another, and back.
    RelayRoundTrip,
    /// The relay's answer over UDP with our own address in it.
    Stun,
}

impl ProbeStep {
    /// All steps in the order of the report.
    pub const ALL: [Self; 4] = [Self::TlsPin, Self::DerpHandshake, Self::RelayRoundTrip, Self::Stun];

    /// A lasting name for the store, for metrics and as part of text ids.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TlsPin => "tls",
            Self::DerpHandshake => "derp",
            Self::RelayRoundTrip => "relay",
            Self::Stun => "stun",
        }
    }
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// It works.
    Ok {
        /// How long it took.
        latency: Duration,
    },
    /// It does not.
    Failed(ProbeFailure),
    /// Not looked at: an earlier step failed, or the target has no key for it.
    Skipped,
}

impl StepOutcome {
    /// The time a working step took.
    pub const fn latency(&self) -> Option<Duration> {
        match self {
            Self::Ok { latency } => Some(*latency),
            Self::Failed(_) | Self::Skipped => None,
        }
    }

    /// What is wrong.
    pub const fn failure(&self) -> Option<&ProbeFailure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Ok { .. } | Self::Skipped => None,
        }
    }
}

/// What is wrong with a relay, seen from outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeFailure {
    /// Nothing listens on the port.
    #[error("connection refused")]
    Refused,
    /// The network has no way there, or our own side has no socket left.
    #[error("cannot connect: {0}")]
    Unreachable(std::io::ErrorKind),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection ended in the middle of the step.
    #[error("connection closed by the relay")]
    Closed,
    /// What listens there does not speak TLS as we do.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// Another certificate than the pinned one.
    #[error("certificate is not the pinned one but {presented}")]
    PinMismatch {
        /// The pin of what was presented.
        presented: CertPin,
    },
    /// Clients want exactly one certificate.
    #[error("{0} certificates in place of one")]
    CertificateCount(usize),
    /// The pinned certificate cannot be read.
    #[error("certificate is not X.509")]
    CertificateUnreadable,
    /// The certificate's time is over.
    #[error("certificate expired on {0}")]
    Expired(DateTime<Utc>),
    /// The certificate's time has not come.
    #[error("certificate is valid only from {0}")]
    NotYetValid(DateTime<Utc>),
    /// An HTTP server that does not switch to DERP; its status.
    #[error("HTTP status {0} in place of the switch to DERP")]
    NotDerp(u16),
    /// Bytes or frames that the protocol does not have there.
    #[error("broken DERP: {0}")]
    BadFrame(String),
    /// The relay closed the connection after we said who we are: admission said no, or could not say.
    #[error("rejected by admission")]
    Rejected,
    /// A client of the probe was let in, but the relay says it is not there.
    #[error("relay does not find the probe's other client")]
    PeerMissing,
    /// Nothing came back over UDP.
    #[error("no STUN answer")]
    NoStunAnswer,
    /// What came back over UDP is no answer to our request.
    #[error("broken STUN answer")]
    BadStunAnswer,
    /// The relay sees another address than ours, so clients would learn wrong addresses of their own.
    #[error("STUN says we are {mapped}, but we are {ours}")]
    WrongMappedAddress {
        /// What the relay says.
        mapped: SocketAddr,
        /// The address we sent from.
        ours: IpAddr,
    },
}

impl ProbeFailure {
    /// A lasting name for the store, for metrics and as part of text ids.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Tls(_) => "tls",
            Self::PinMismatch { .. } => "pin-mismatch",
            Self::CertificateCount(_) => "certificate-count",
            Self::CertificateUnreadable => "certificate-unreadable",
            Self::Expired(_) => "certificate-expired",
            Self::NotYetValid(_) => "certificate-not-yet-valid",
            Self::NotDerp(_) => "not-derp",
            Self::BadFrame(_) => "bad-frame",
            Self::Rejected => "rejected",
            Self::PeerMissing => "peer-missing",
            Self::NoStunAnswer => "no-stun-answer",
            Self::BadStunAnswer => "bad-stun-answer",
            Self::WrongMappedAddress { .. } => "wrong-mapped-address",
        }
    }
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeReport {
    /// TCP, TLS, and the pinned certificate.
    pub tls: StepOutcome,
    /// The DERP protocol up to acceptance.
    pub derp: StepOutcome,
    /// The relayed round trip.
    pub relay: StepOutcome,
    /// The answer over UDP.
    pub stun: StepOutcome,
}

impl ProbeReport {
    /// A step's outcome.
    pub const fn step(&self, step: ProbeStep) -> &StepOutcome {
        match step {
            ProbeStep::TlsPin => &self.tls,
            ProbeStep::DerpHandshake => &self.derp,
            ProbeStep::RelayRoundTrip => &self.relay,
            ProbeStep::Stun => &self.stun,
        }
    }

    /// Every step with its outcome, in order.
    pub fn steps(&self) -> impl Iterator<Item = (ProbeStep, &StepOutcome)> {
        ProbeStep::ALL.into_iter().map(|step| (step, self.step(step)))
    }

    /// Whether nothing that was looked at is wrong.
    pub fn passed(&self) -> bool {
        self.first_failure().is_none()
    }

    /// The first thing that is wrong; what is wrong after it often follows from it.
    pub fn first_failure(&self) -> Option<(ProbeStep, &ProbeFailure)> {
        self.steps().find_map(|(step, outcome)| Some((step, outcome.failure()?)))
    }
}

/// Looks at relays from outside. A probe always ends, within a bound of the implementation.
#[async_trait]
pub trait Prober: Send + Sync {
    /// Looks at one relay.
    async fn probe(&self, target: &ProbeTarget) -> ProbeReport;
}

/// A client that is connected to a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnlinePeer {
    /// Its node key.
    pub key: NodeKey,
    /// Its address as the relay sees it.
    pub address: Option<SocketAddr>,
}

/// Why a relay could not be managed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MeshError {
    /// The target has no mesh key.
    #[error("no mesh key for this relay")]
    NoKey,
    /// The relay could not be entered, or does not take us for its manager.
    #[error("relay cannot be managed")]
    Relay(#[source] ProbeFailure),
}

/// Manages a running relay with its mesh key.
#[async_trait]
pub trait RelayManager: Send + Sync {
    /// Closes the connection of a client, which then has to pass admission again. A key that is not
    /// connected is no error.
    async fn kick(&self, target: &ProbeTarget, key: NodeKey) -> Result<(), MeshError>;

    /// The clients connected now, without those of probes and managers.
    async fn online(&self, target: &ProbeTarget) -> Result<Vec<OnlinePeer>, MeshError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(ms: u64) -> StepOutcome {
        StepOutcome::Ok { latency: Duration::from_millis(ms) }
    }

    #[test]
    fn a_report_passes_without_a_failure() {
        let good = ProbeReport { tls: ok(1), derp: ok(2), relay: StepOutcome::Skipped, stun: ok(4) };
        assert!(good.passed());
        let latencies: Vec<_> = good.steps().map(|(step, o)| (step.code(), o.latency())).collect();
        assert_eq!(latencies[3], ("stun", Some(Duration::from_millis(4))));
        assert_eq!(latencies[2], ("relay", None));
    }

    #[test]
    fn the_first_failure_is_the_cause() {
        let bad = ProbeReport {
            tls: ok(1),
            derp: StepOutcome::Failed(ProbeFailure::Rejected),
            relay: StepOutcome::Skipped,
            stun: StepOutcome::Failed(ProbeFailure::NoStunAnswer),
        };
        assert!(!bad.passed());
        assert_eq!(bad.first_failure(), Some((ProbeStep::DerpHandshake, &ProbeFailure::Rejected)));
    }
}
