//! A session with a server: commands over SSH, and its Docker Engine through a channel to the socket.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use russh::ChannelOpenFailure;
use russh::ChannelStream;
use russh::client::Msg;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OnceCell, OwnedSemaphorePermit};

use crate::adapters::docker::{Dial, DialError, Engine, Wire};
use crate::fleet::command::{CommandOutput, DOCKER_SOCKET, HostCommand, dial_line};
use crate::fleet::files::UploadFile;
use crate::fleet::found::{DockerId, FoundContainer, RunningContainer};
use crate::fleet::host::{HostError, HostSession, LoadProgress};
use crate::fleet::image::ImageRef;
use crate::fleet::relay::RelaySpec;
use crate::types::InstallId;

use super::connection::Connection;

/// How long a request to Docker Engine may take in all; one that waits longer is lost.
const REQUEST_LIMIT: Duration = Duration::from_secs(90);

/// How Docker's socket is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A channel to the socket: the usual way.
    Forward,
    /// `docker system dial-stdio`: where sshd forbids the former, or only root may use the socket. A hundred times
    /// slower, and sshd allows only a few at once.
    Stdio {
        /// Through sudo.
        sudo: bool,
    },
}

/// An open session.
pub(super) struct Session {
    connection: Arc<Connection>,
    engine: OnceCell<(Engine, Way)>,
}

/// What there is of Docker on a server.
#[expect(clippy::struct_excessive_bools, reason = "four independent facts, as the server tells them")]
pub(super) struct Traces {
    /// The program.
    pub(super) installed: bool,
    /// The socket's file.
    pub(super) socket: bool,
    /// The login user may write to it.
    pub(super) writable: bool,
    /// Somebody listens on it.
    pub(super) listening: bool,
}

impl Session {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection: Arc::new(connection), engine: OnceCell::new() }
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The server's Docker Engine, its API version agreed at the first call.
    pub(super) async fn engine(&self) -> Result<&Engine, HostError> {
        let engine = self.engine.get_or_try_init(|| async {
            let way = self.find_way().await?;
            let dial = Through { connection: Arc::clone(&self.connection), way };
            Ok((Engine::connect(dial, self.connection.address()).await?, way))
        });
        engine.await.map(|(engine, _)| engine)
    }

    /// How this session reaches Docker's socket; `None` before the first request.
    pub(super) fn way(&self) -> Option<Way> {
        self.engine.get().map(|(_, way)| *way)
    }

    async fn find_way(&self) -> Result<Way, HostError> {
        let refusal = match self.connection.open_socket(DOCKER_SOCKET).await {
            Ok(channel) => {
                // The channel closes as its stream is dropped.
                drop(channel.into_stream());
                return Ok(Way::Forward);
            }
            Err(russh::Error::ChannelOpenFailure(refusal)) => refusal,
            Err(error) => return Err(self.connection.lost(error)),
        };
        let traces = self.traces().await?;
        if !traces.installed && !traces.socket {
            return Err(HostError::NoDocker);
        }
        // OpenSSH has one answer for a missing socket, a deaf one, one that we may not use, and its own prohibition.
        let usable = traces.writable && traces.listening;
        let forbidden = usable || refusal == ChannelOpenFailure::AdministrativelyProhibited;
        if !traces.listening && !forbidden {
            return Err(HostError::EngineDown);
        }
        let way = Way::Stdio { sudo: !traces.writable && !self.connection.user().is_root() };
        match self.answers(way).await {
            Ok(()) => Ok(way),
            Err(error) if !self.connection.is_alive().await => Err(self.connection.lost(error)),
            Err(_) if usable => Err(HostError::ForwardingOff),
            Err(_) => Err(HostError::NoPermission { user: self.connection.user().clone() }),
        }
    }

    /// What there is of Docker, seen from the shell.
    pub(super) async fn traces(&self) -> Result<Traces, HostError> {
        let command = HostCommand::EngineTraces;
        let words = self.connection.run(&command).await?.success(&command)?;
        let has = |word: &str| words.lines().any(|line| line == word);
        Ok(Traces {
            installed: has("dockerd"),
            socket: has("socket"),
            writable: has("writable"),
            listening: has("listening"),
        })
    }

    async fn answers(&self, way: Way) -> Result<(), HostError> {
        let dial = Through { connection: Arc::clone(&self.connection), way };
        Engine::connect(dial, self.connection.address()).await?.ping().await
    }

    /// Waits for a request within `limit`; what hangs puts the connection in doubt.
    async fn within<T>(
        &self,
        what: &'static str,
        limit: Duration,
        request: impl Future<Output = Result<T, HostError>>,
    ) -> Result<T, HostError> {
        let done = tokio::time::timeout(limit, request).await;
        let done = done.unwrap_or(Err(HostError::Timeout { what, limit }));
        if matches!(done, Err(HostError::Timeout { .. } | HostError::Lost { .. })) {
            self.connection.doubt();
        }
        done
    }
}

#[async_trait]
impl HostSession for Session {
    async fn list(&self, install: InstallId) -> Result<Vec<FoundContainer>, HostError> {
        self.within("listing containers", REQUEST_LIMIT, async { self.engine().await?.list(install).await })
            .await
    }

    async fn inspect(&self, id: &DockerId) -> Result<RunningContainer, HostError> {
        self.within("looking at a container", REQUEST_LIMIT, async { self.engine().await?.inspect(id).await })
            .await
    }

    async fn image_present(&self, image: &ImageRef) -> Result<bool, HostError> {
        self.within("looking for the image", REQUEST_LIMIT, async {
            self.engine().await?.image_present(image).await
        })
        .await
    }

    async fn load_image(&self, archive: &Path, progress: LoadProgress<'_>) -> Result<(), HostError> {
        // It watches its own progress.
        self.engine().await?.load_image(archive, progress).await
    }

    async fn create(&self, spec: &RelaySpec) -> Result<DockerId, HostError> {
        self.within("creating a container", REQUEST_LIMIT, async { self.engine().await?.create(spec).await })
            .await
    }

    async fn upload(&self, id: &DockerId, files: &[UploadFile]) -> Result<(), HostError> {
        self.within("uploading files", REQUEST_LIMIT, async { self.engine().await?.upload(id, files).await })
            .await
    }

    async fn start(&self, id: &DockerId) -> Result<(), HostError> {
        self.within("starting a container", REQUEST_LIMIT, async { self.engine().await?.start(id).await })
            .await
    }

    async fn stop(&self, id: &DockerId, grace: Duration) -> Result<(), HostError> {
        let limit = REQUEST_LIMIT + grace;
        self.within("stopping a container", limit, async { self.engine().await?.stop(id, grace).await }).await
    }

    async fn remove(&self, id: &DockerId) -> Result<(), HostError> {
        self.within("removing a container", REQUEST_LIMIT, async { self.engine().await?.remove(id).await })
            .await
    }

    async fn logs(
        &self,
        id: &DockerId,
        since: Option<DateTime<Utc>>,
        limit: usize,
    ) -> Result<String, HostError> {
        self.within("reading a container's log", REQUEST_LIMIT, async {
            self.engine().await?.logs(id, since, limit).await
        })
        .await
    }

    async fn run(&self, command: &HostCommand) -> Result<CommandOutput, HostError> {
        self.connection.run(command).await
    }
}

/// Wires to the socket through a connection.
#[derive(Clone)]
struct Through {
    connection: Arc<Connection>,
    way: Way,
}

impl Dial for Through {
    fn dial(&self) -> BoxFuture<'static, Result<Wire, DialError>> {
        let Self { connection, way } = self.clone();
        async move {
            let lost = |error: russh::Error| DialError(connection.lost(error));
            match way {
                Way::Forward => match connection.open_socket(DOCKER_SOCKET).await {
                    Ok(channel) => Ok(Wire::new(channel.into_stream())),
                    // It let us through before: the engine is down, or sshd was told otherwise meanwhile.
                    Err(russh::Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited)) => {
                        Err(DialError(HostError::ForwardingOff))
                    }
                    Err(russh::Error::ChannelOpenFailure(_)) => Err(DialError(HostError::EngineDown)),
                    Err(error) => Err(lost(error)),
                },
                Way::Stdio { sudo } => {
                    let place = connection.sessions().acquire_owned().await;
                    let place = place.map_err(|error| DialError(connection.lost(error)))?;
                    let channel = connection.open_exec(dial_line(sudo)).await.map_err(lost)?;
                    Ok(Wire::new(Placed { stream: channel.into_stream(), _place: place }))
                }
            }
        }
        .boxed()
    }

    fn keep(&self) -> usize {
        match self.way {
            Way::Forward => 4,
            // Each takes one of the connection's few places for commands.
            Way::Stdio { .. } => 1,
        }
    }
}

/// A stream that holds its place among the connection's sessions.
struct Placed {
    stream: ChannelStream<Msg>,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Placed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Placed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
