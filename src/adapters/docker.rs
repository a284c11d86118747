//! Docker Engine's API over whatever reaches its socket.

mod dial;
mod error;
mod image;
mod settings;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::models::{ContainerStateStatusEnum, ContainerSummary, ContainerSummaryStateEnum};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use zeroize::Zeroizing;

use crate::fleet::files::UploadFile;
use crate::fleet::found::{
    ContainerState, DockerId, FoundContainer, LABEL_INSTALL, RelayIdentity, RunningContainer,
};
use crate::fleet::host::{HostError, LoadProgress};
use crate::fleet::image::ImageRef;
use crate::fleet::relay::{RelaySpec, VOLUME};
use crate::types::InstallId;

pub use dial::{Dial, DialError, Wire};
pub use image::{ArchiveError, image_in_archive};

/// How long a request may take until its answer begins.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// A server's Docker Engine, with the API version agreed once.
#[derive(Clone)]
pub struct Engine {
    docker: bollard::Docker,
    address: SocketAddr,
}

/// What Docker Engine says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineFacts {
    /// Its version, such as `20.10.24+dfsg1`.
    pub version: String,
    /// The names of the containers that run, ours and others'.
    pub running: Vec<String>,
}

impl Engine {
    /// Agrees on an API version over `dial`. `address` is for messages.
    pub async fn connect(dial: impl Dial, address: SocketAddr) -> Result<Self, HostError> {
        let docker = dial::client(dial, ANSWER_LIMIT).map_err(|e| error::general(e, address))?;
        let docker = docker.negotiate_version().await.map_err(|e| error::general(e, address))?;
        Ok(Self { docker, address })
    }

    fn general(&self, error: bollard::errors::Error) -> HostError {
        error::general(error, self.address)
    }

    fn about(&self, id: &DockerId) -> impl Fn(bollard::errors::Error) -> HostError {
        let (id, address) = (id.clone(), self.address);
        move |e| error::about(e, &id, address)
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<(), HostError> {
        self.docker.ping().await.map(drop).map_err(|e| self.general(e))
    }

    /// Its version and what runs on it.
    pub async fn facts(&self) -> Result<EngineFacts, HostError> {
        let version = self.docker.version().await.map_err(|e| self.general(e))?;
        let options = ListContainersOptionsBuilder::default().build();
        let running = self.docker.list_containers(Some(options)).await.map_err(|e| self.general(e))?;
        let running = running.iter().map(name).collect();
        Ok(EngineFacts { version: version.version.unwrap_or_default(), running })
    }

    /// See [`crate::fleet::host::HostSession::list`].
    pub async fn list(&self, install: InstallId) -> Result<Vec<FoundContainer>, HostError> {
        let filters = [("label", vec![format!("{LABEL_INSTALL}={install}")])].into();
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let found = self.docker.list_containers(Some(options)).await.map_err(|e| self.general(e))?;
        found.into_iter().map(|c| self.found(c)).collect()
    }

    fn found(&self, c: ContainerSummary) -> Result<FoundContainer, HostError> {
        let name = name(&c);
        let mut ports: Vec<u16> = c.ports.unwrap_or_default().iter().filter_map(|p| p.public_port).collect();
        ports.sort_unstable();
        ports.dedup();
        let id = c.id.unwrap_or_default().parse().map_err(|_| self.nonsense("a container without an id"))?;
        let state = summary_state(c.state).ok_or_else(|| self.nonsense("a container without a state"))?;
        let created_at = DateTime::from_timestamp(c.created.unwrap_or_default(), 0).unwrap_or_default();
        let identity = RelayIdentity::from_labels(&c.labels.unwrap_or_default());
        Ok(FoundContainer { id, name, identity, state, created_at, ports })
    }

    fn nonsense(&self, what: &str) -> HostError {
        HostError::Engine { status: 0, message: format!("{} answered with {what}", self.address) }
    }

    /// See [`crate::fleet::host::HostSession::inspect`].
    pub async fn inspect(&self, id: &DockerId) -> Result<RunningContainer, HostError> {
        let answer = self.docker.inspect_container(id.as_str(), None::<InspectContainerOptions>).await;
        let answer = answer.map_err(self.about(id))?;
        let state = answer.state.unwrap_or_default();
        let status =
            state.status.and_then(state_of).ok_or_else(|| self.nonsense("a container without a state"))?;
        // Docker writes year 1 for what hasn't happened.
        let started_at = state
            .started_at
            .and_then(|at| DateTime::parse_from_rfc3339(&at).ok())
            .map(|at| at.with_timezone(&Utc))
            .filter(|at| at.timestamp() > 0);
        Ok(RunningContainer {
            state: status,
            started_at,
            pid: state.pid.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0),
            restarts: answer.restart_count.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            exit_code: started_at.and(state.exit_code),
        })
    }

    /// See [`crate::fleet::host::HostSession::image_present`].
    pub async fn image_present(&self, image: &ImageRef) -> Result<bool, HostError> {
        match self.docker.inspect_image(image.name()).await {
            Ok(found) => Ok(found.id.is_some_and(|id| image.is(&id))),
            Err(e) if error::status(&e) == Some(404) => Ok(false),
            Err(e) => Err(self.general(e)),
        }
    }

    /// See [`crate::fleet::host::HostSession::load_image`].
    pub async fn load_image(&self, archive: &Path, progress: LoadProgress<'_>) -> Result<(), HostError> {
        image::load(&self.docker, self.address, archive, progress).await
    }

    /// See [`crate::fleet::host::HostSession::create`].
    pub async fn create(&self, spec: &RelaySpec) -> Result<DockerId, HostError> {
        let settings = spec.settings();
        let name = settings.name.clone();
        let options = CreateContainerOptionsBuilder::default().name(name.as_str()).build();
        match self.docker.create_container(Some(options), settings::body(settings)).await {
            Ok(made) => made.id.parse().map_err(|_| self.nonsense("a container without an id")),
            Err(e) => match error::status(&e) {
                Some(404) => Err(HostError::ImageMissing { image: spec.image.clone() }),
                Some(409) => self.existing(spec).await,
                Some(_) | None => Err(self.general(e)),
            },
        }
    }

    /// The container that bears the name already, if it is the one that the request is about.
    async fn existing(&self, spec: &RelaySpec) -> Result<DockerId, HostError> {
        let name = spec.name();
        let taken = || HostError::NameTaken { name: spec.name() };
        let there = match self.docker.inspect_container(name.as_str(), None::<InspectContainerOptions>).await
        {
            Ok(there) => there,
            // Being removed just now: the name is free in a moment, but not yet.
            Err(e) if error::status(&e) == Some(404) => return Err(taken()),
            Err(e) => return Err(self.general(e)),
        };
        let labels = there.config.and_then(|config| config.labels).unwrap_or_default();
        let same =
            spec.identity.labels(spec.install).iter().all(|(key, value)| labels.get(key) == Some(value));
        if !same {
            return Err(taken());
        }
        there.id.unwrap_or_default().parse().map_err(|_| self.nonsense("a container without an id"))
    }

    /// See [`crate::fleet::host::HostSession::upload`].
    pub async fn upload(&self, id: &DockerId, files: &[UploadFile]) -> Result<(), HostError> {
        let options = UploadToContainerOptionsBuilder::default().path(VOLUME).build();
        let archive = Bytes::from_owner(Zeroizing::new(settings::archive(files)));
        // As a stream: bollard writes whole bodies into its trace log, and these are keys.
        let body = bollard::body_try_stream(futures::stream::once(async { Ok(archive) }));
        self.docker.upload_to_container(id.as_str(), Some(options), body).await.map_err(self.about(id))
    }

    /// See [`crate::fleet::host::HostSession::start`].
    pub async fn start(&self, id: &DockerId) -> Result<(), HostError> {
        match self.docker.start_container(id.as_str(), None::<StartContainerOptions>).await {
            Ok(()) => Ok(()),
            Err(e) if error::is_port_conflict(&e) => {
                Err(HostError::PortTaken { port: self.port_of(id).await? })
            }
            Err(e) => Err(self.about(id)(e)),
        }
    }

    /// The port on the server that leads to the container, by its settings.
    async fn port_of(&self, id: &DockerId) -> Result<u16, HostError> {
        let answer = self.docker.inspect_container(id.as_str(), None::<InspectContainerOptions>).await;
        let bindings = answer.map_err(self.about(id))?.host_config.and_then(|host| host.port_bindings);
        let mut ports = bindings.into_iter().flatten().filter_map(|(_, on)| on).flatten();
        let port = ports.find_map(|on| on.host_port).and_then(|port| port.parse().ok());
        port.ok_or_else(|| self.nonsense("a container without ports"))
    }

    /// See [`crate::fleet::host::HostSession::stop`].
    pub async fn stop(&self, id: &DockerId, grace: Duration) -> Result<(), HostError> {
        let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::default().t(seconds).build();
        let docker = self.docker.clone().with_timeout(ANSWER_LIMIT + grace);
        docker.stop_container(id.as_str(), Some(options)).await.map_err(self.about(id))
    }

    /// See [`crate::fleet::host::HostSession::remove`].
    pub async fn remove(&self, id: &DockerId) -> Result<(), HostError> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match self.docker.remove_container(id.as_str(), Some(options)).await {
            Ok(()) => Ok(()),
            // Gone, or going.
            Err(e) if matches!(error::status(&e), Some(404 | 409)) => Ok(()),
            Err(e) => Err(self.general(e)),
        }
    }

    /// See [`crate::fleet::host::HostSession::logs`].
    pub async fn logs(
        &self,
        id: &DockerId,
        since: Option<DateTime<Utc>>,
        limit: usize,
    ) -> Result<String, HostError> {
        let since = since.map_or(0, |at| i32::try_from(at.timestamp()).unwrap_or(i32::MAX));
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).since(since).build();
        let mut stream = self.docker.logs(id.as_str(), Some(options));
        let mut end = Vec::new();
        while let Some(part) = stream.next().await {
            let (LogOutput::StdErr { message }
            | LogOutput::StdOut { message }
            | LogOutput::StdIn { message }
            | LogOutput::Console { message }) = part.map_err(self.about(id))?;
            end.extend_from_slice(&message);
            // Cut by halves, so that a long log isn't moved about for each line.
            if end.len() > limit.saturating_mul(2) {
                end.drain(..end.len() - limit);
            }
        }
        let excess = end.len().saturating_sub(limit);
        Ok(String::from_utf8_lossy(&end[excess..]).into_owned())
    }
}

fn name(c: &ContainerSummary) -> String {
    let names = c.names.as_deref().unwrap_or_default();
    names.first().map(|name| name.trim_start_matches('/').to_owned()).unwrap_or_default()
}

fn summary_state(state: Option<ContainerSummaryStateEnum>) -> Option<ContainerState> {
    match state? {
        ContainerSummaryStateEnum::CREATED => Some(ContainerState::Created),
        // One that is stopping still runs.
        ContainerSummaryStateEnum::RUNNING | ContainerSummaryStateEnum::STOPPING => {
            Some(ContainerState::Running)
        }
        ContainerSummaryStateEnum::PAUSED => Some(ContainerState::Paused),
        ContainerSummaryStateEnum::RESTARTING => Some(ContainerState::Restarting),
        ContainerSummaryStateEnum::REMOVING => Some(ContainerState::Removing),
        ContainerSummaryStateEnum::EXITED => Some(ContainerState::Exited),
        ContainerSummaryStateEnum::DEAD => Some(ContainerState::Dead),
        ContainerSummaryStateEnum::EMPTY => None,
    }
}

fn state_of(state: ContainerStateStatusEnum) -> Option<ContainerState> {
    match state {
        ContainerStateStatusEnum::CREATED => Some(ContainerState::Created),
        ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::STOPPING => {
            Some(ContainerState::Running)
        }
        ContainerStateStatusEnum::PAUSED => Some(ContainerState::Paused),
        ContainerStateStatusEnum::RESTARTING => Some(ContainerState::Restarting),
        ContainerStateStatusEnum::REMOVING => Some(ContainerState::Removing),
        ContainerStateStatusEnum::EXITED => Some(ContainerState::Exited),
        ContainerStateStatusEnum::DEAD => Some(ContainerState::Dead),
        ContainerStateStatusEnum::EMPTY => None,
    }
}
