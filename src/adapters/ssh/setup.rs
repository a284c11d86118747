//! One-click set-up over SSH: the steps of [`crate::fleet::setup`], each looking before it acts.

mod engine;
mod trial;

use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::fleet::command::HostCommand;
use crate::fleet::host::HostError;
use crate::fleet::image::{Arch, RelayImage};
use crate::fleet::probe::Prober;
use crate::fleet::server::Hardware;
use crate::fleet::setup::{
    Finding, ServerSetup, SetupPlan, SetupProblem, SetupProgress, SetupReport, SetupStep, SetupStopped,
    StepState, read,
};

use super::pool::SshHosts;
use super::session::{Session, Way};

/// How wrong a server's clock may be, in milliseconds: certificates and traffic samples bear its time.
const CLOCK_LIMIT_MS: i64 = 60_000;

/// Sets servers up over SSH.
pub struct SshSetup {
    hosts: SshHosts,
    prober: Arc<dyn Prober>,
    clock: Arc<dyn Clock>,
}

impl SshSetup {
    /// Uses `hosts` to get in, `prober` to look from outside.
    pub fn new(hosts: SshHosts, prober: Arc<dyn Prober>, clock: Arc<dyn Clock>) -> Self {
        Self { hosts, prober, clock }
    }
}

#[async_trait]
impl ServerSetup for SshSetup {
    async fn set_up(
        &self,
        plan: &SetupPlan,
        progress: &dyn SetupProgress,
    ) -> Result<SetupReport, SetupStopped> {
        let mut run = Run { setup: self, plan, progress, at: SetupStep::Connect };
        let done = run.all().await;
        done.map_err(|problem| SetupStopped { step: run.at, problem })
    }
}

type Step<T> = Result<T, SetupProblem>;

/// One run of set-up.
struct Run<'a> {
    setup: &'a SshSetup,
    plan: &'a SetupPlan,
    progress: &'a dyn SetupProgress,
    /// The step that it is at.
    at: SetupStep,
}

impl Run<'_> {
    async fn all(&mut self) -> Step<SetupReport> {
        self.begin(SetupStep::Connect);
        let mut session = self.session().await?;
        self.done(Finding::Connected);

        self.begin(SetupStep::System);
        let os = system(&session).await?;
        self.done(Finding::System { name: os.clone() });

        self.begin(SetupStep::Architecture);
        let (arch, kernel, image) = self.architecture(&session).await?;
        self.done(Finding::Architecture { arch });

        self.begin(SetupStep::Privilege);
        let sudo = self.privilege(&session).await?;
        self.done(Finding::Privilege { sudo });

        self.begin(SetupStep::Clock);
        let ahead_ms = self.clock(&session).await?;
        self.done(Finding::Clock { ahead_ms });

        self.begin(SetupStep::Engine);
        let (version, installed) = self.engine(&mut session).await?;
        self.done(Finding::Engine { version: version.clone(), installed });

        self.begin(SetupStep::Forwarding);
        let allowed = session.way() == Some(Way::Forward);
        self.done(Finding::Forwarding { allowed });

        self.begin(SetupStep::Settings);
        let changed = self.settings(&session).await?;
        self.done(Finding::Settings { changed });

        self.begin(SetupStep::Ports);
        let usable = self.ports(&session).await?;
        self.done(Finding::Ports { free: count(usable.len()), taken: self.range() - count(usable.len()) });

        self.begin(SetupStep::Hardware);
        let hardware = hardware(&session, arch, kernel, os, version).await?;
        self.done(Finding::Hardware(Box::new(hardware.clone())));

        self.begin(SetupStep::Image);
        let loaded = self.image(&session, &image).await?;
        self.done(Finding::Image { loaded });

        self.trial(&session, &image.image, &usable).await?;
        Ok(SetupReport { hardware, forwarding: allowed })
    }

    fn begin(&mut self, step: SetupStep) {
        self.at = step;
        self.progress.step(step, StepState::Started);
    }

    fn done(&self, finding: Finding) {
        self.progress.step(self.at, StepState::Done(finding));
    }

    async fn session(&self) -> Step<Arc<Session>> {
        Ok(self.setup.hosts.session_of(&self.plan.target).await?)
    }

    /// How many ports the range has.
    fn range(&self) -> u16 {
        count((self.plan.ports.low()..=self.plan.ports.high()).len())
    }

    async fn architecture(&self, session: &Session) -> Step<(Arch, String, RelayImage)> {
        let what = HostCommand::Machine;
        let (machine, kernel) =
            read::machine(&ask(session, &what).await?).ok_or_else(|| unreadable(&what))?;
        let arch = machine.parse::<Arch>().ok();
        match arch.and_then(|arch| Some((arch, self.plan.images.get(&arch)?.clone()))) {
            Some((arch, image)) => Ok((arch, kernel, image)),
            None => Err(SetupProblem::Architecture { machine }),
        }
    }

    async fn privilege(&self, session: &Session) -> Step<bool> {
        let user = &self.plan.target.user;
        if session.connection().run(&HostCommand::BeRoot).await?.status != 0 {
            return Err(SetupProblem::Privilege { user: user.to_string() });
        }
        Ok(!user.is_root())
    }

    async fn clock(&self, session: &Session) -> Step<i64> {
        let what = HostCommand::Clock;
        let before = self.setup.clock.now().timestamp_millis();
        let theirs = read::clock_ms(&ask(session, &what).await?).ok_or_else(|| unreadable(&what))?;
        let after = self.setup.clock.now().timestamp_millis();
        // The answer was given somewhere between; half-way is the best guess.
        let ahead_ms = theirs - i64::midpoint(before, after);
        if ahead_ms.abs() > CLOCK_LIMIT_MS {
            return Err(SetupProblem::Clock { seconds: ahead_ms / 1000 });
        }
        Ok(ahead_ms)
    }

    async fn ports(&self, session: &Session) -> Step<Vec<u16>> {
        let what = HostCommand::Listening;
        let listening = read::listening(&ask(session, &what).await?).ok_or_else(|| unreadable(&what))?;
        let what = HostCommand::EphemeralPorts;
        let ephemeral = read::ephemeral(&ask(session, &what).await?).ok_or_else(|| unreadable(&what))?;
        let usable = read::usable(self.plan.ports, &listening, &ephemeral);
        if usable.is_empty() { Err(SetupProblem::NoPorts { ports: self.plan.ports }) } else { Ok(usable) }
    }

    async fn image(&self, session: &Session, relay: &RelayImage) -> Step<bool> {
        let engine = session.engine().await?;
        if engine.image_present(&relay.image).await? {
            return Ok(false);
        }
        let told = |sent, total| self.progress.step(SetupStep::Image, StepState::Streaming { sent, total });
        engine.load_image(&relay.archive, &told).await?;
        if engine.image_present(&relay.image).await? {
            Ok(true)
        } else {
            Err(SetupProblem::WrongArchive { image: relay.image.to_string() })
        }
    }
}

async fn system(session: &Session) -> Step<String> {
    let system = read::System::read(&ask(session, &HostCommand::OsRelease).await?);
    if system.is_supported() { Ok(system.name) } else { Err(SetupProblem::System { name: system.name }) }
}

async fn hardware(
    session: &Session,
    arch: Arch,
    kernel: String,
    os: String,
    engine: String,
) -> Step<Hardware> {
    let what = HostCommand::Processor;
    let (cores, processor) = read::processor(&ask(session, &what).await?).ok_or_else(|| unreadable(&what))?;
    let what = HostCommand::Memory;
    let memory = read::memory(&ask(session, &what).await?).ok_or_else(|| unreadable(&what))?;
    let what = HostCommand::Disk;
    let disk = read::disk(&ask(session, &what).await?).ok_or_else(|| unreadable(&what))?;
    Ok(Hardware { os, kernel, arch, cores, processor, memory, disk, engine })
}

/// Runs a command that must succeed.
async fn ask(session: &Session, command: &HostCommand) -> Result<String, HostError> {
    session.connection().run(command).await?.success(command)
}

fn unreadable(command: &HostCommand) -> SetupProblem {
    SetupProblem::Unreadable { what: command.what() }
}

fn count(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}
