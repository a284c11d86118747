//! Setting a server up: the steps from a bare Debian to one that can take rentals, what each finds, and what cures
//! what. Every step looks before it acts, so that the whole may be run again at any time.

mod problem;
pub mod read;

use std::collections::BTreeMap;
use std::net::IpAddr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::bytes::Bytes;
use crate::derp::CertPin;
use crate::types::{ContainerId, InstallId, RentalId};

use super::files::RelaySecrets;
use super::found::RelayIdentity;
use super::host::SshTarget;
use super::image::{Arch, ImageRef, RelayImage};
use super::relay::{ContainerName, Generation, Limits, RelaySpec};
use super::server::{Hardware, PortRange};

pub use problem::{SetupProblem, SetupStopped};

/// The steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetupStep {
    /// SSH with the pinned host key and our own.
    Connect,
    /// Debian or Ubuntu, new enough.
    System,
    /// A processor that there is a relay image for.
    Architecture,
    /// Root, by itself or by sudo.
    Privilege,
    /// The clock is right.
    Clock,
    /// Docker Engine is there and runs.
    Engine,
    /// sshd lets us to its socket.
    Forwarding,
    /// It publishes ports without its proxy, so that relays see their clients' own addresses.
    Settings,
    /// Ports for relays are free.
    Ports,
    /// What the machine is.
    Hardware,
    /// The relay image is there.
    Image,
    /// A relay of ours starts.
    Trial,
    /// It answers from outside, over TCP and UDP.
    Outside,
}

impl SetupStep {
    /// All steps, in order.
    pub const ALL: [Self; 13] = [
        Self::Connect,
        Self::System,
        Self::Architecture,
        Self::Privilege,
        Self::Clock,
        Self::Engine,
        Self::Forwarding,
        Self::Settings,
        Self::Ports,
        Self::Hardware,
        Self::Image,
        Self::Trial,
        Self::Outside,
    ];

    /// A lasting name, for the audit log and as part of text ids.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::System => "system",
            Self::Architecture => "architecture",
            Self::Privilege => "privilege",
            Self::Clock => "clock",
            Self::Engine => "engine",
            Self::Forwarding => "forwarding",
            Self::Settings => "settings",
            Self::Ports => "ports",
            Self::Hardware => "hardware",
            Self::Image => "image",
            Self::Trial => "trial",
            Self::Outside => "outside",
        }
    }
}

/// The throw-away relay that shows whether the server is reached from outside.
#[derive(Clone, Debug)]
pub struct TrialRelay {
    /// Its keys, and a certificate for the server's address.
    pub secrets: RelaySecrets,
    /// The certificate's pin.
    pub pin: CertPin,
}

/// What set-up is to do.
#[derive(Clone, Debug)]
pub struct SetupPlan {
    /// The server.
    pub target: SshTarget,
    /// This installation.
    pub install: InstallId,
    /// The ports that it offers to relays.
    pub ports: PortRange,
    /// The relay images there are.
    pub images: BTreeMap<Arch, RelayImage>,
    /// The relay to try it with.
    pub trial: TrialRelay,
    /// Whether an admin agreed that Docker Engine is restarted under running containers.
    pub restart_confirmed: bool,
}

impl TrialRelay {
    /// The identity on its labels: numbers that no row has, so that reconcile takes a forgotten one for a stranger.
    pub const IDENTITY: RelayIdentity =
        RelayIdentity { rental: RentalId(0), container: ContainerId(0), generation: Generation::FIRST };

    /// Its name on the server.
    pub fn name() -> ContainerName {
        ContainerName::new(Self::IDENTITY.container, Self::IDENTITY.generation)
    }
}

impl SetupPlan {
    /// The trial relay on a free port. It asks nobody about clients: only a probe knows of it.
    pub fn trial_spec(&self, address: IpAddr, image: ImageRef, port: u16) -> RelaySpec {
        RelaySpec {
            install: self.install,
            identity: TrialRelay::IDENTITY,
            image,
            address,
            port,
            limits: Limits::default(),
            admission: None,
        }
    }
}

/// What a step found or did. Kept as JSON while a run is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The session is open.
    Connected,
    /// The system's name for itself.
    System {
        /// Such as `Debian GNU/Linux 12 (bookworm)`.
        name: String,
    },
    /// The architecture.
    Architecture {
        /// Which.
        arch: Arch,
    },
    /// How commands become root's.
    Privilege {
        /// Through sudo.
        sudo: bool,
    },
    /// How far the server's clock is from ours, in milliseconds; positive if it is ahead.
    Clock {
        /// The difference.
        ahead_ms: i64,
    },
    /// Docker Engine runs.
    Engine {
        /// Its version.
        version: String,
        /// Whether we installed it just now.
        installed: bool,
    },
    /// How its socket is reached.
    Forwarding {
        /// False if sshd or the socket's rights forbid it and Docker's command is used in place of it, which is
        /// slower.
        allowed: bool,
    },
    /// Docker Engine's settings are right.
    Settings {
        /// Whether we changed them just now.
        changed: bool,
    },
    /// Ports for relays.
    Ports {
        /// How many are free.
        free: u16,
        /// Those that something else listens on, or that the kernel may hand out to outgoing connections.
        taken: u16,
    },
    /// What the machine is.
    Hardware(Box<Hardware>),
    /// The relay image is there.
    Image {
        /// Whether it was streamed just now.
        loaded: bool,
    },
    /// The trial relay runs.
    Trial {
        /// On which port.
        port: u16,
    },
    /// It answered from outside.
    Outside,
}

/// Where a step is. Kept as JSON while a run is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    /// It has begun.
    Started,
    /// It installs Docker Engine, which takes up to some minutes.
    Installing,
    /// It streams the image.
    Streaming {
        /// Bytes sent.
        sent: Bytes,
        /// Bytes in all.
        total: Bytes,
    },
    /// It is done.
    Done(Finding),
}

/// Told as set-up goes on. Called from the step itself: it must not wait.
pub trait SetupProgress: Send + Sync {
    /// A step has come to `state`.
    fn step(&self, step: SetupStep, state: StepState);
}

/// What set-up found out, for the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupReport {
    /// What the machine is.
    pub hardware: Hardware,
    /// Whether the Docker socket is reached the fast way.
    pub forwarding: bool,
}

/// Sets servers up.
#[async_trait]
pub trait ServerSetup: Send + Sync {
    /// Runs every step, telling `progress`, and stops at the first that fails.
    async fn set_up(
        &self,
        plan: &SetupPlan,
        progress: &dyn SetupProgress,
    ) -> Result<SetupReport, SetupStopped>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_names_of_their_own() {
        let codes: std::collections::BTreeSet<_> = SetupStep::ALL.iter().map(|step| step.code()).collect();
        assert_eq!(codes.len(), SetupStep::ALL.len());
        assert!(SetupStep::ALL.is_sorted());
    }

    #[test]
    fn a_forgotten_trial_relay_is_a_stranger() {
        let labels = TrialRelay::IDENTITY.labels(InstallId(uuid::Uuid::nil()));
        assert_eq!(RelayIdentity::from_labels(&labels), None);
    }
}
