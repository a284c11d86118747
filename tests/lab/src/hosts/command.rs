//! Running the system's own programs, with an error that says which one failed and what it said.

use std::io;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Runs to the end and returns what it printed; fails unless it exited with 0.
pub(super) fn run(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| describe(command))?;
    printed(command, &output)
}

/// As [`run`], without holding up the other tasks of the thread. The program ends if the caller gives up.
pub(super) async fn run_async(command: Command) -> Result<String> {
    let mut running = tokio::process::Command::from(command);
    let output = running.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.with_context(|| describe(running.as_std()))?;
    printed(running.as_std(), &output)
}

/// `words("ip", "link set lo up")`: for fixed command lines; no word may hold a space.
pub(super) fn words(program: &str, arguments: &str) -> Command {
    let mut command = Command::new(program);
    command.args(arguments.split_whitespace());
    command
}

fn printed(command: &Command, output: &Output) -> Result<String> {
    if !output.status.success() {
        // Some programs complain on standard output.
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said);
        let start = said.trim().char_indices().rev().nth(1000).map_or(0, |(index, _)| index);
        bail!("{} ended with {}: {}", describe(command), output.status, &said.trim()[start..]);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Looks again every few milliseconds until `done` or `limit`, for teardown, which may run where nothing can be
/// awaited. Returns whether it came true.
pub(super) fn poll(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if done() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Turns "no such file" into `None`.
pub(super) fn if_exists<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
