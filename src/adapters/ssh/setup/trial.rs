//! The last two steps: a relay of ours runs on the server, and answers from outside.

use crate::adapters::docker::Engine;
use crate::fleet::found::{ContainerState, DockerId};
use crate::fleet::host::HostError;
use crate::fleet::image::ImageRef;
use crate::fleet::probe::{ProbeFailure, ProbeReport, ProbeTarget};
use crate::fleet::setup::{Finding, SetupProblem, SetupStep, TrialRelay};

use super::{Run, Session, Step};

/// How much of the trial relay's log is shown.
const LOG_LIMIT: usize = 600;
/// How many ports are tried; one may be taken in the moment since we looked.
const PORTS_TRIED: usize = 3;
/// How often the probe looks: the relay may need a moment.
const LOOKS: usize = 3;

impl Run<'_> {
    /// Starts the trial relay, probes it, and removes it whatever came of it.
    pub(super) async fn trial(&mut self, session: &Session, image: &ImageRef, usable: &[u16]) -> Step<()> {
        self.begin(SetupStep::Trial);
        let engine = session.engine().await?;
        self.clean(engine).await?;
        let outcome = self.try_out(engine, image, usable).await;
        let cleaned = self.clean(engine).await;
        outcome?;
        cleaned
    }

    /// Removes a trial relay, of this run or one that was cut off.
    async fn clean(&self, engine: &Engine) -> Step<()> {
        let name = TrialRelay::name();
        for found in engine.list(self.plan.install).await? {
            if found.name == name.as_str() {
                engine.remove(&found.id).await?;
            }
        }
        Ok(())
    }

    async fn try_out(&mut self, engine: &Engine, image: &ImageRef, usable: &[u16]) -> Step<()> {
        let (id, port) = self.start_trial(engine, image, usable).await?;
        self.runs(engine, &id).await?;
        self.done(Finding::Trial { port });
        self.begin(SetupStep::Outside);
        let secrets = &self.plan.trial.secrets;
        let target = ProbeTarget {
            address: self.plan.target.address,
            port,
            stun_port: port,
            pin: self.plan.trial.pin,
            mesh_key: Some(secrets.mesh_key.clone()),
            probe_key: None,
        };
        let mut report = self.setup.prober.probe(&target).await;
        for _ in 1..LOOKS {
            // What was silent for seconds won't speak up now.
            let early = [ProbeFailure::Refused, ProbeFailure::Closed];
            if !report.first_failure().is_some_and(|(_, failure)| early.contains(failure)) {
                break;
            }
            report = self.setup.prober.probe(&target).await;
        }
        if let Some((_, failure)) = report.first_failure() {
            // A relay that died meanwhile isn't the provider's firewall.
            self.runs(engine, &id).await?;
            return Err(self.judge(&report, failure));
        }
        self.done(Finding::Outside);
        Ok(())
    }

    /// From the top of the range, since real relays are placed from its bottom.
    async fn start_trial(&self, engine: &Engine, image: &ImageRef, usable: &[u16]) -> Step<(DockerId, u16)> {
        let mut taken = SetupProblem::NoPorts { ports: self.plan.ports };
        for port in usable.iter().rev().take(PORTS_TRIED) {
            let spec = self.plan.trial_spec(self.plan.target.address, image.clone(), *port);
            let id = engine.create(&spec).await?;
            engine.upload(&id, &self.plan.trial.secrets.files(spec.address)).await?;
            match engine.start(&id).await {
                Ok(()) => return Ok((id, *port)),
                Err(error @ HostError::PortTaken { .. }) => {
                    engine.remove(&id).await?;
                    taken = error.into();
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(taken)
    }

    async fn runs(&self, engine: &Engine, id: &DockerId) -> Step<()> {
        let seen = engine.inspect(id).await?;
        if seen.state == ContainerState::Running && seen.restarts == 0 {
            return Ok(());
        }
        let said = engine.logs(id, None, LOG_LIMIT).await?.trim().to_owned();
        Err(SetupProblem::Trial { said })
    }

    /// What a failed look from outside means for a relay that runs.
    fn judge(&self, report: &ProbeReport, first: &ProbeFailure) -> SetupProblem {
        let tcp = report.tls.failure().is_some_and(is_silence);
        let udp = report.stun.failure().is_some_and(is_silence);
        if tcp || udp {
            SetupProblem::Blocked { ports: self.plan.ports, tcp, udp, seen: first.clone() }
        } else {
            SetupProblem::Trial { said: first.to_string() }
        }
    }
}

/// Whether it looks as if packets were kept away on their way.
fn is_silence(failure: &ProbeFailure) -> bool {
    match failure {
        ProbeFailure::Refused
        | ProbeFailure::Unreachable(_)
        | ProbeFailure::Timeout
        | ProbeFailure::Closed
        | ProbeFailure::NoStunAnswer => true,
        ProbeFailure::Tls(_)
        | ProbeFailure::PinMismatch { .. }
        | ProbeFailure::CertificateCount(_)
        | ProbeFailure::CertificateUnreadable
        | ProbeFailure::Expired(_)
        | ProbeFailure::NotYetValid(_)
        | ProbeFailure::NotDerp(_)
        | ProbeFailure::BadFrame(_)
        | ProbeFailure::Rejected
        | ProbeFailure::PeerMissing
        | ProbeFailure::BadStunAnswer
        | ProbeFailure::WrongMappedAddress { .. } => false,
    }
}
