//! A host's Docker Engine: its own data, socket and containers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::command::run_async;
use super::daemon::{Daemon, Signal};
use super::namespace::Namespace;
use crate::wait::wait_until;

pub(super) struct Engine {
    daemon: Daemon,
    socket: PathBuf,
}

/// What the engine says about a container.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Container {
    /// 64 hex digits.
    pub id: String,
    /// With the engine's leading `/`.
    pub name: String,
    /// The id of its image, `sha256:…`.
    pub image: String,
    /// Whether it runs, and since when.
    pub state: ContainerState,
    /// What it was created with.
    pub config: ContainerConfig,
    /// How often the engine's restart policy has started it.
    pub restart_count: u64,
}

/// A container's state.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerState {
    /// `created`, `running`, `exited`…
    pub status: String,
    /// Whether its process runs.
    pub running: bool,
    /// Its process as the host counts; 0 unless it runs.
    pub pid: u32,
    /// RFC 3339 with nanoseconds.
    pub started_at: String,
}

/// A container's configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerConfig {
    /// Its labels; null if none were given.
    pub labels: Option<BTreeMap<String, String>>,
    /// Its environment, `NAME=value`.
    pub env: Option<Vec<String>>,
    /// The arguments after the entry point.
    pub cmd: Option<Vec<String>>,
}

impl Container {
    /// A label's value.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.config.labels.as_ref()?.get(name).map(String::as_str)
    }
}

impl Engine {
    pub(super) fn new(folder: &Path) -> Self {
        let daemon = Daemon::new("dockerd", folder.join("run/docker.pid"), folder.join("dockerd.log"));
        Self { daemon, socket: folder.join("run/docker.sock") }
    }

    /// Writes the engine's configuration unless there is one.
    pub(super) fn prepare(namespace: &Namespace) -> Result<()> {
        let file = namespace.path("/etc/docker/daemon.json");
        if !file.exists() {
            fs::create_dir_all(namespace.path("/etc/docker"))?;
            // With the userland proxy, STUN would answer with the bridge's address in place of the client's.
            fs::write(file, "{\"userland-proxy\": false}\n")?;
        }
        Ok(())
    }

    /// Starts it and waits until it answers.
    pub(super) async fn start(&self, namespace: &Namespace) -> Result<()> {
        let mut command = namespace.command("dockerd");
        command.arg(format!("--cgroup-parent=/{}", namespace.link()));
        command.args(["--exec-opt", "native.cgroupdriver=cgroupfs"]);
        self.daemon.start(command)?;
        let up = wait_until("dockerd's start", Duration::from_mins(1), async || self.answers().await).await;
        up.with_context(|| self.daemon.last_words())
    }

    /// In order, which stops its containers first, or as a crash.
    pub(super) async fn stop(&self, namespace: &Namespace, signal: Signal) -> Result<()> {
        self.daemon.stop(namespace, signal).await
    }

    async fn answers(&self) -> bool {
        let ask = async {
            let mut stream = UnixStream::connect(&self.socket).await?;
            stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n").await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        ask.await.is_ok_and(|answer| answer.ends_with("OK"))
    }

    /// The machine's own client, connected to this engine.
    pub(super) fn client(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.env_remove("DOCKER_HOST").env_remove("DOCKER_CONTEXT");
        command.arg("-H").arg(format!("unix://{}", self.socket.display())).args(arguments);
        command
    }

    /// Every container there is, running or not, whoever made it.
    pub(super) async fn containers(&self) -> Result<Vec<Container>> {
        let ids = run_async(self.client(&["ps", "--all", "--quiet", "--no-trunc"])).await?;
        let ids = ids.split_whitespace().collect::<Vec<_>>();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let shown = run_async(self.client(&[&["inspect"], ids.as_slice()].concat())).await?;
        serde_json::from_str(&shown).context("what docker inspect printed")
    }
}
