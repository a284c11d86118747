//! The steps about Docker Engine itself: installed, running, ours to use, and set as relays need it.

use std::sync::Arc;
use std::time::Duration;

use crate::adapters::docker::{Engine, EngineFacts};
use crate::fleet::command::HostCommand;
use crate::fleet::host::{HostError, Hosts as _};
use crate::fleet::setup::{SetupProblem, SetupStep, StepState, TrialRelay, read};

use super::{Run, Session, Step, ask, unreadable};

/// How long Docker Engine may take to answer after a start.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How often it is asked meanwhile.
const ASK_AGAIN: Duration = Duration::from_millis(200);

impl Run<'_> {
    /// Installs and starts Docker Engine if need be; its version, and whether it was installed.
    pub(super) async fn engine(&self, session: &mut Arc<Session>) -> Step<(String, bool)> {
        let mut traces = session.traces().await?;
        let missing = !traces.installed && !traces.socket;
        if missing {
            self.progress.step(SetupStep::Engine, StepState::Installing);
            let output = session.connection().run(&HostCommand::InstallEngine).await?;
            if output.status != 0 {
                return Err(SetupProblem::Install { said: output.stderr.trim().to_owned() });
            }
            traces = session.traces().await?;
        }
        if !traces.listening {
            self.start(session).await?;
            traces = session.traces().await?;
        }
        if !traces.writable && !self.plan.target.user.is_root() {
            let join = HostCommand::JoinDockerGroup { user: self.plan.target.user.clone() };
            ask(session, &join).await?;
            // A session keeps the groups that it began with.
            self.setup.hosts.forget(self.plan.target.server).await;
            *session = self.session().await?;
        }
        let engine = self.answering(session).await?;
        Ok((engine.facts().await?.version, missing))
    }

    async fn start(&self, session: &Session) -> Step<()> {
        let output = session.connection().run(&HostCommand::StartEngine).await?;
        if output.status == 0 {
            return Ok(());
        }
        Err(SetupProblem::EngineStart { said: output.stderr.trim().to_owned() })
    }

    /// The engine, once it answers.
    async fn answering<'s>(&self, session: &'s Session) -> Step<&'s Engine> {
        let asking = async {
            loop {
                let answer = match session.engine().await {
                    Ok(engine) => engine.ping().await.map(|()| engine),
                    Err(error) => Err(error),
                };
                match answer {
                    Err(HostError::EngineDown | HostError::NoDocker) => tokio::time::sleep(ASK_AGAIN).await,
                    Err(error) if error.is_transient() && session.connection().is_alive().await => {
                        tokio::time::sleep(ASK_AGAIN).await;
                    }
                    other => return other,
                }
            }
        };
        if let Ok(answer) = tokio::time::timeout(START_LIMIT, asking).await {
            return Ok(answer?);
        }
        let log = session.connection().run(&HostCommand::EngineLog).await?;
        Err(SetupProblem::EngineStart { said: log.stdout.trim().to_owned() })
    }

    /// Turns the userland proxy off, which hides clients' addresses; whether anything had to be changed.
    pub(super) async fn settings(&self, session: &Session) -> Step<bool> {
        let what = HostCommand::ReadSettings;
        let settings =
            read::EngineSettings::read(&ask(session, &what).await?).ok_or_else(|| unreadable(&what))?;
        match settings.flag {
            // Given on the command line: a file with the same key would keep the engine from starting.
            Some(false) => return Ok(false),
            Some(true) => return Err(SetupProblem::SettingsFlag),
            None => {}
        }
        let right = settings.file_is_right();
        if right && !settings.restart_due {
            return Ok(false);
        }
        let json = settings.corrected().ok_or(SetupProblem::SettingsBroken)?;
        let facts = session.engine().await?.facts().await?;
        let disturbed = disturbed(facts);
        if !disturbed.is_empty() && !self.plan.restart_confirmed {
            return Err(SetupProblem::RestartNeeded { containers: disturbed });
        }
        if !right {
            ask(session, &HostCommand::WriteSettings { json }).await?;
        }
        let output = session.connection().run(&HostCommand::RestartEngine).await?;
        if output.status != 0 {
            return Err(SetupProblem::EngineStart { said: output.stderr.trim().to_owned() });
        }
        self.answering(session).await?;
        ask(session, &HostCommand::SettingsApplied).await?;
        Ok(true)
    }
}

/// The containers that a restart of the engine would interrupt; a trial relay left behind doesn't count.
fn disturbed(facts: EngineFacts) -> Vec<String> {
    let trial = TrialRelay::name();
    facts.running.into_iter().filter(|name| name != trial.as_str()).collect()
}
