//! Looks at relays over real sockets, as Tailscale's clients would, and manages them with their mesh
//! key. Everything a relay sends is bounded in size and time.

mod link;
mod manage;
mod tls;
mod udp;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};

use self::link::Link;
use crate::clock::{Clock, Random};
use crate::derp::frame::Frame;
use crate::derp::handshake::ClientInfo;
use crate::derp::{MeshKey, NodeKey, NodePrivate};
use crate::fleet::probe::{ProbeFailure, ProbeReport, ProbeTarget, Prober, StepOutcome};

/// Bytes of the packet that is relayed.
const PACKET: usize = 64;

/// How long a probe waits for what.
#[derive(Debug, Clone, Copy)]
pub struct ProbeLimits {
    /// TCP and TLS.
    pub connect: Duration,
    /// DERP up to acceptance. A relay waits 5 seconds for its admission.
    pub handshake: Duration,
    /// A packet to the other client and back.
    pub round_trip: Duration,
    /// One STUN request.
    pub stun: Duration,
    /// STUN requests before giving up: a datagram may be lost.
    pub stun_tries: u32,
    /// The whole probe.
    pub total: Duration,
}

impl Default for ProbeLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            handshake: Duration::from_secs(7),
            round_trip: Duration::from_secs(3),
            stun: Duration::from_secs(1),
            stun_tries: 3,
            total: Duration::from_secs(20),
        }
    }
}

/// The prober and manager over real sockets.
#[derive(Debug, Clone)]
pub struct SocketProber {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    limits: ProbeLimits,
}

impl SocketProber {
    /// A prober that judges certificates by `clock` and draws keys from `random`.
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>, limits: ProbeLimits) -> Self {
        Self { clock, random, limits }
    }

    fn random_key(&self) -> NodePrivate {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes);
        NodePrivate::from_random(bytes)
    }

    fn attempt(&self, target: &ProbeTarget) -> Result<Attempt<'_>, ProbeFailure> {
        let config = tls::pinned(target.pin, self.clock.now())
            .map_err(|error| ProbeFailure::Tls(error.to_string()))?;
        let relay = SocketAddr::new(target.address, target.port);
        Ok(Attempt { prober: self, relay, config, end: Instant::now() + self.limits.total })
    }

    /// The steps over TCP in order: TLS, DERP, relaying.
    async fn over_tcp(&self, target: &ProbeTarget) -> [StepOutcome; 3] {
        let begin = async {
            let attempt = self.attempt(target)?;
            let started = Instant::now();
            let link = attempt.connect().await?;
            Ok((attempt, link, started.elapsed()))
        };
        let (attempt, link, latency) = match begin.await {
            Ok(all) => all,
            Err(failure) => {
                return [StepOutcome::Failed(failure), StepOutcome::Skipped, StepOutcome::Skipped];
            }
        };
        let [derp, relay] = match (&target.mesh_key, &target.probe_key) {
            (None, None) => {
                link.close().await;
                [StepOutcome::Skipped, StepOutcome::Skipped]
            }
            (None, Some(key)) => [outcome(attempt.as_customer(link, key).await), StepOutcome::Skipped],
            (Some(mesh), key) => attempt.as_manager(link, mesh, key.as_ref()).await,
        };
        [StepOutcome::Ok { latency }, derp, relay]
    }
}

#[async_trait]
impl Prober for SocketProber {
    async fn probe(&self, target: &ProbeTarget) -> ProbeReport {
        let stun_at = SocketAddr::new(target.address, target.stun_port);
        let ([tls, derp, relay], stun) = tokio::join!(
            self.over_tcp(target),
            udp::ask(stun_at, self.limits.stun_tries, self.limits.stun, &*self.random),
        );
        ProbeReport { tls, derp, relay, stun: outcome(stun) }
    }
}

fn outcome(result: Result<Duration, ProbeFailure>) -> StepOutcome {
    match result {
        Ok(latency) => StepOutcome::Ok { latency },
        Err(failure) => StepOutcome::Failed(failure),
    }
}

/// One look at one relay, with the moment at which it must be over.
struct Attempt<'a> {
    prober: &'a SocketProber,
    relay: SocketAddr,
    config: Arc<ClientConfig>,
    end: Instant,
}

impl Attempt<'_> {
    async fn connect(&self) -> Result<Link, ProbeFailure> {
        let connect = Link::connect(self.relay, Arc::clone(&self.config));
        self.within(self.prober.limits.connect, connect).await
    }

    /// Goes in and tells how long that took.
    async fn enter(
        &self,
        link: &mut Link,
        ours: &NodePrivate,
        info: &ClientInfo,
    ) -> Result<Duration, ProbeFailure> {
        let started = Instant::now();
        let enter = link.enter(ours, info, &*self.prober.random);
        self.within(self.prober.limits.handshake, enter).await?;
        Ok(started.elapsed())
    }

    /// In and out as an ordinary client.
    async fn as_customer(&self, mut link: Link, key: &NodePrivate) -> Result<Duration, ProbeFailure> {
        let latency = self.enter(&mut link, key, &ClientInfo::default()).await?;
        link.close().await;
        Ok(latency)
    }

    /// In as a manager, a packet relayed, and then in as an ordinary client too if there is a key for it;
    /// its time is the one reported, since it is what customers see.
    async fn as_manager(
        &self,
        mut link: Link,
        mesh: &MeshKey,
        customer: Option<&NodePrivate>,
    ) -> [StepOutcome; 2] {
        let info = ClientInfo { is_prober: true, mesh_key: Some(mesh.clone()) };
        let ours = self.prober.random_key();
        let entered = match self.enter(&mut link, &ours, &info).await {
            Ok(latency) => latency,
            Err(failure) => return [StepOutcome::Failed(failure), StepOutcome::Skipped],
        };
        let relayed = self.round_trip(&mut link, ours.public(), &info).await;
        link.close().await;
        let derp = match customer {
            None => Ok(entered),
            Some(key) => match self.connect().await {
                Ok(link) => self.as_customer(link, key).await,
                Err(failure) => Err(failure),
            },
        };
        [outcome(derp), outcome(relayed)]
    }

    /// Sends a packet to a second client and waits for it to come back.
    async fn round_trip(
        &self,
        near: &mut Link,
        ours: NodeKey,
        info: &ClientInfo,
    ) -> Result<Duration, ProbeFailure> {
        let key = self.prober.random_key();
        let theirs = key.public();
        let mut far = self.connect().await?;
        self.enter(&mut far, &key, info).await?;
        let mut data = vec![0; PACKET];
        self.prober.random.fill(&mut data);
        let data = Bytes::from(data);
        let started = Instant::now();
        let trip = async {
            near.send(&Frame::SendPacket { to: theirs, data: data.clone() }).await?;
            arrival(&mut far, ours, &data).await?;
            far.send(&Frame::SendPacket { to: ours, data: data.clone() }).await?;
            arrival(near, theirs, &data).await
        };
        self.within(self.prober.limits.round_trip, trip).await?;
        let latency = started.elapsed();
        far.close().await;
        Ok(latency)
    }

    async fn within<T>(
        &self,
        limit: Duration,
        step: impl Future<Output = Result<T, ProbeFailure>>,
    ) -> Result<T, ProbeFailure> {
        let deadline = self.end.min(Instant::now() + limit);
        timeout_at(deadline, step).await.unwrap_or(Err(ProbeFailure::Timeout))
    }
}

/// Waits until the packet arrives; what else a relay has to say is passed over.
async fn arrival(link: &mut Link, sender: NodeKey, sent: &Bytes) -> Result<(), ProbeFailure> {
    loop {
        let frame = link.next().await?;
        if let Frame::RecvPacket { from, data } = &frame
            && *from == sender
        {
            let whole = data == sent;
            return whole.then_some(()).ok_or_else(|| ProbeFailure::BadFrame("packet changed".into()));
        }
        if let Frame::PeerGone { key, .. } = &frame
            && *key == sender
        {
            return Err(ProbeFailure::PeerMissing);
        }
    }
}
