//! `lab hosts` and `lab relay-image`: servers to rent, and what they run.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use futures::future::try_join_all;
use lab::hosts::{Host, HostOptions, relay_image};
use tokio::signal::unix::{SignalKind, signal};

/// Hosts with SSH server and Docker Engine, until SIGTERM or Ctrl-C. Root only.
#[derive(Args)]
pub(crate) struct Hosts {
    /// Folder that keeps their keys, addresses and containers.
    #[arg(long)]
    state: PathBuf,
    /// How many.
    #[arg(long, default_value_t = 2)]
    count: u8,
    /// File of public keys that may log in as root.
    #[arg(long)]
    authorized_key: Vec<PathBuf>,
}

impl Hosts {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be awaited")?;
        let mut authorized_keys = Vec::new();
        for file in &self.authorized_key {
            let text =
                fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
            authorized_keys.extend(text.lines().map(str::to_owned));
        }
        let hosts = (1..=self.count).map(|number| {
            let name = format!("host{number}");
            Host::start(HostOptions {
                state_dir: Some(self.state.join(&name)),
                authorized_keys: authorized_keys.clone(),
                // Apart from those of tests, so that a kept address is free the next time.
                networks: 200..=254,
                ..HostOptions::new(&name)
            })
        });
        let hosts = try_join_all(hosts).await?;
        for (number, host) in (1..).zip(&hosts) {
            println!("host{number} {} {} {}", host.ip(), host.ssh_port(), host.fingerprint()?);
        }
        println!("ready");
        tokio::select! {
            _ = terminate.recv() => {}
            interrupted = tokio::signal::ctrl_c() => interrupted.context("Ctrl-C cannot be awaited")?,
        }
        try_join_all(hosts.into_iter().map(Host::stop)).await.map(drop)
    }
}

/// Builds the image of the relay stand-in, unless that has been done, and prints its name, id and file.
pub(crate) async fn image() -> anyhow::Result<()> {
    let image = tokio::task::spawn_blocking(relay_image).await??;
    println!("{} {} {}", image.tag, image.id, image.archive.display());
    Ok(())
}
