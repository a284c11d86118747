//! Which processes work in a data folder, from `/proc`.
//!
//! Every process of a Postgres cluster has its data folder as working directory. That tells the truth where
//! `postmaster.pid` doesn't: after a kill -9 its number may belong to a stranger or to a process that is dead but not
//! reaped, and backends may outlive the postmaster for a moment.

use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;

/// Ids of Postgres's live processes whose working directory is `data`.
pub(super) fn working_in(data: &Path) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that has just ended or belongs to somebody else has no readable link.
        let here = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data);
        // Somebody's shell may stand there too.
        if here && std::fs::read_to_string(entry.path().join("comm")).is_ok_and(|name| name == "postgres\n") {
            found.push(id);
        }
    }
    found
}

/// The postmaster of `data`, if the one that `postmaster.pid` names is alive and works there.
pub(super) fn postmaster(data: &Path) -> Option<i32> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let id: i32 = text.lines().next()?.trim().parse().ok()?;
    working_in(data).contains(&id).then_some(id)
}

/// Sends a signal; a process that is gone already is fine.
pub(super) fn signal(id: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(id)
        && let Err(error) = kill_process(pid, signal)
        && error != rustix::io::Errno::SRCH
    {
        tracing::warn!(pid = id, %error, "cannot signal PostgreSQL");
    }
}
