//! Our binaries as processes of their own, to be stopped and killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{ConnectOptions as _, PgPool};

use super::{BOT, tempfile, wait_until};

/// A running binary. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

/// A folder for the data of processes, with their keyring; removed when dropped.
#[derive(Debug)]
pub(crate) struct DataDir(PathBuf);

impl Default for DataDir {
    fn default() -> Self {
        Self(tempfile())
    }
}

impl DataDir {
    /// Where the keyring is.
    pub(crate) fn keyring(&self) -> PathBuf {
        self.0.join("keyring")
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The address of a test's database.
pub(crate) fn address(pool: &PgPool) -> String {
    pool.connect_options().to_url_lossy().to_string()
}

impl Process {
    /// Starts a binary of ours over `pool`, with these settings beside the ones all tests use.
    pub(crate) fn start(
        binary: &str,
        args: &[&str],
        pool: &PgPool,
        data: &DataDir,
        settings: &[(&str, String)],
    ) -> Self {
        let mut command = Command::new(Path::new(binary));
        command.args(args).env_clear().stdin(Stdio::null());
        command.env("PATH", "/usr/bin:/bin").env("DATABASE_URL", address(pool));
        command.env("DERPSHOP_DATA_DIR", &data.0).env("DERPSHOP_TELEGRAM__BOT_ID", BOT.0.to_string());
        for (key, value) in settings {
            command.env(format!("DERPSHOP_{key}"), value);
        }
        Self { child: command.spawn().unwrap() }
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let mut status = None;
        wait_until("the process has stopped", async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_running() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

/// Time for something to happen that must not.
pub(crate) const MOMENT: Duration = Duration::from_millis(300);
