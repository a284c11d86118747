//! A small derper stand-in: the image that the lab's hosts run in place of the real one.

use std::process::ExitCode;

use lab::relay::{Flags, Relay};
use tokio::signal::unix::{SignalKind, signal};

/// One thread, so that a relay takes few megabytes.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let flags = match Flags::parse(std::env::args().skip(1)) {
        Ok(flags) => flags,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match run(&flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: &Flags) -> anyhow::Result<()> {
    // As process 1 of a container nobody else ends it.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let relay = Relay::start_from(flags).await?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    relay.stop().await;
    Ok(())
}
