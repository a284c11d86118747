//! A daemon of a host: started in its namespaces, ended by the process id it wrote down.

use std::fs::{self, File, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::command::{if_exists, run_async};
use super::namespace::Namespace;
use crate::wait::wait_until;

/// How to end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// In order.
    Term,
    /// As a crash would.
    Kill,
}

pub(super) struct Daemon {
    name: &'static str,
    /// Where it writes its process id, as the host counts, seen from outside.
    pid_file: PathBuf,
    log: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Daemon {
    pub(super) fn new(name: &'static str, pid_file: PathBuf, log: PathBuf) -> Self {
        Self { name, pid_file, log, child: Mutex::new(None) }
    }

    /// Starts it and returns at once.
    pub(super) fn start(&self, mut command: Command) -> Result<()> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = child.as_mut()
            && running.try_wait()?.is_none()
        {
            bail!("{} is running already", self.name);
        }
        if_exists(fs::remove_file(&self.pid_file))?;
        let log: File = OpenOptions::new().create(true).append(true).open(&self.log)?;
        command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        *child = Some(command.spawn().with_context(|| self.name)?);
        Ok(())
    }

    /// Whether it still runs.
    pub(super) fn is_running(&self) -> bool {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.as_mut().is_some_and(|running| matches!(running.try_wait(), Ok(None)))
    }

    /// Its process id as the host counts.
    pub(super) fn pid(&self) -> Result<String> {
        let pid = if_exists(fs::read_to_string(&self.pid_file))?;
        pid.map(|pid| pid.trim().to_owned()).with_context(|| format!("{} is not running", self.name))
    }

    /// Ends it and waits until it has ended. Nothing happens if it doesn't run.
    pub(super) async fn stop(&self, namespace: &Namespace, signal: Signal) -> Result<()> {
        if !self.is_running() {
            return Ok(());
        }
        let flag = match signal {
            Signal::Term => "-TERM",
            Signal::Kill => "-KILL",
        };
        let mut kill = namespace.command("kill");
        kill.args([flag, &self.pid()?]);
        run_async(kill).await?;
        let ended = wait_until(self.name, Duration::from_secs(20), async || !self.is_running()).await;
        ended.with_context(|| format!("{} did not end: {}", self.name, self.last_words()))
    }

    /// The end of its log, for errors.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines = log.lines().collect::<Vec<_>>();
        lines.iter().skip(lines.len().saturating_sub(5)).copied().collect::<Vec<_>>().join("\n")
    }
}
