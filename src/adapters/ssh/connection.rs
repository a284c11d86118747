//! One SSH connection: host key pinned before authentication, commands with bounded output, channels to the Docker
//! socket.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::{self, AuthResult};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg, Disconnect};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::fleet::command::{CommandOutput, ERROR_LIMIT, HostCommand, OUTPUT_LIMIT};
use crate::fleet::host::{HostError, HostKey, SshTarget, SshUser, cause};

use super::key::InstallationKey;

/// How long a channel may take to open.
pub(super) const OPEN_LIMIT: Duration = Duration::from_secs(15);
/// How long a doubtful session may take to answer a ping before it is given up.
const PING_LIMIT: Duration = Duration::from_secs(5);
/// Commands at once on one connection. sshd allows ten sessions in one connection (`MaxSessions`).
const SESSIONS: usize = 8;

/// How connections are made.
pub(super) struct Dialling {
    config: Arc<client::Config>,
    limit: Duration,
}

impl Dialling {
    /// `limit` bounds the way from the first packet to the accepted login. A server that says nothing for `silence` is
    /// taken for gone: russh by itself asks for no sign of life, and leaves Nagle's algorithm on.
    pub(super) fn new(limit: Duration, silence: Duration) -> Self {
        let config = client::Config {
            nodelay: true,
            keepalive_interval: Some(silence / 3),
            keepalive_max: 2,
            ..client::Config::default()
        };
        Self { config: Arc::new(config), limit }
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum HandshakeError {
    #[error("the host key is another one: {0}")]
    OtherKey(HostKey),
    #[error("the host shows a certificate instead of a key")]
    Certificate,
    #[error("the host key's fingerprint cannot be read")]
    Fingerprint,
    #[error(transparent)]
    Ssh(#[from] russh::Error),
}

/// What host key is accepted.
pub(super) enum Pin {
    /// This one alone.
    Only(HostKey),
    /// None: what is shown is written down, and the connection ends before anybody authenticates.
    Look(Arc<Mutex<Option<HostKey>>>),
}

impl client::Handler for Pin {
    type Error = HandshakeError;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, HandshakeError> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else {
            return Err(HandshakeError::Certificate);
        };
        let got = key.fingerprint(HashAlg::Sha256).to_string();
        let got: HostKey = got.parse().map_err(|_| HandshakeError::Fingerprint)?;
        match self {
            Self::Only(pinned) if *pinned == got => Ok(true),
            Self::Only(_) => Err(HandshakeError::OtherKey(got)),
            Self::Look(seen) => {
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(got);
                Ok(false)
            }
        }
    }
}

/// An authenticated connection.
pub(super) struct Connection {
    handle: client::Handle<Pin>,
    address: SocketAddr,
    user: SshUser,
    sessions: Arc<Semaphore>,
    /// Set when a request timed out: the next user asks for a sign of life first.
    doubtful: AtomicBool,
}

/// The host key shown at `address`.
pub(super) async fn look(dialling: &Dialling, address: SocketAddr) -> Result<HostKey, HostError> {
    let seen = Arc::new(Mutex::new(None));
    let unreachable = |source| HostError::Unreachable { address, source };
    let pin = Pin::Look(Arc::clone(&seen));
    let outcome = timeout(dialling.limit, dial(Arc::clone(&dialling.config), address, pin)).await;
    let shown = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (shown, outcome) {
        (Some(key), _) => Ok(key),
        (None, Ok(Err(error))) => Err(unreachable(cause(error))),
        (None, Ok(Ok(_)) | Err(_)) => Err(unreachable(cause("no host key was shown in time"))),
    }
}

async fn dial(
    config: Arc<client::Config>,
    address: SocketAddr,
    pin: Pin,
) -> Result<client::Handle<Pin>, HandshakeError> {
    let stream = TcpStream::connect(address).await.map_err(russh::Error::from)?;
    stream.set_nodelay(true).map_err(russh::Error::from)?;
    client::connect_stream(config, stream, pin).await
}

/// How a login proves who we are.
pub(super) enum Login<'a> {
    /// With the installation's key.
    Key(&'a InstallationKey),
    /// With a password that is forgotten right after.
    Password(&'a str),
}

impl Connection {
    /// Connects and logs in.
    pub(super) async fn open(
        dialling: &Dialling,
        target: &SshTarget,
        login: Login<'_>,
    ) -> Result<Self, HostError> {
        let login = Self::log_in(Arc::clone(&dialling.config), target, login);
        let in_time = timeout(dialling.limit, login).await;
        in_time.unwrap_or_else(|_| {
            let source = cause(format!("no login within {} ms", dialling.limit.as_millis()));
            Err(HostError::Unreachable { address: target.socket(), source })
        })
    }

    async fn log_in(
        config: Arc<client::Config>,
        target: &SshTarget,
        login: Login<'_>,
    ) -> Result<Self, HostError> {
        let address = target.socket();
        let unreachable = |source| HostError::Unreachable { address, source };
        let pin = Pin::Only(target.host_key.clone());
        let mut handle = dial(config, address, pin).await.map_err(|error| match error {
            HandshakeError::OtherKey(got) => {
                HostError::HostKeyChanged { address, pinned: target.host_key.clone(), got }
            }
            HandshakeError::Certificate | HandshakeError::Fingerprint | HandshakeError::Ssh(_) => {
                unreachable(cause(error))
            }
        })?;
        let user = target.user.as_str();
        let answer = match login {
            Login::Key(key) => {
                handle.authenticate_publickey(user, PrivateKeyWithHashAlg::new(key.private(), None)).await
            }
            Login::Password(password) => handle.authenticate_password(user, password).await,
        };
        match answer.map_err(|error| unreachable(cause(error)))? {
            AuthResult::Success => Ok(Self {
                handle,
                address,
                user: target.user.clone(),
                sessions: Arc::new(Semaphore::new(SESSIONS)),
                doubtful: AtomicBool::new(false),
            }),
            AuthResult::Failure { .. } => Err(HostError::AuthRefused { address, user: target.user.clone() }),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn user(&self) -> &SshUser {
        &self.user
    }

    /// Notes that a request got no answer in time.
    pub(super) fn doubt(&self) {
        self.doubtful.store(true, Ordering::Relaxed);
    }

    /// Whether the connection is up; a doubtful one must answer a ping.
    pub(super) async fn is_alive(&self) -> bool {
        if self.handle.is_closed() {
            return false;
        }
        if !self.doubtful.load(Ordering::Relaxed) {
            return true;
        }
        let alive = matches!(timeout(PING_LIMIT, self.handle.send_ping()).await, Ok(Ok(())));
        if alive {
            self.doubtful.store(false, Ordering::Relaxed);
        }
        alive
    }

    /// Says good-bye; what goes wrong with that doesn't matter any more.
    pub(super) async fn close(&self) {
        let _ = self.handle.disconnect(Disconnect::ByApplication, "", "").await;
    }

    pub(super) fn lost(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> HostError {
        HostError::Lost { address: self.address, source: cause(error) }
    }

    /// A channel to a socket on the server. The inner error tells what sshd thinks of it.
    pub(super) async fn open_socket(&self, path: &str) -> Result<Channel<client::Msg>, russh::Error> {
        self.opened(self.handle.channel_open_direct_streamlocal(path)).await
    }

    /// A channel on which `line` runs.
    pub(super) async fn open_exec(&self, line: &str) -> Result<Channel<client::Msg>, russh::Error> {
        let opening = async {
            let channel = self.handle.channel_open_session().await?;
            channel.exec(true, line).await?;
            Ok(channel)
        };
        self.opened(opening).await
    }

    async fn opened<T>(
        &self,
        opening: impl Future<Output = Result<T, russh::Error>>,
    ) -> Result<T, russh::Error> {
        let opened = timeout(OPEN_LIMIT, opening).await;
        opened.unwrap_or_else(|_| {
            self.doubt();
            Err(russh::Error::ConnectionTimeout)
        })
    }

    /// The places for commands, which a long-lived one also takes.
    pub(super) fn sessions(&self) -> Arc<Semaphore> {
        Arc::clone(&self.sessions)
    }

    /// Runs a command to its end or its limit. In a task of its own, so that the channel is closed though the caller
    /// gives up.
    pub(super) async fn run(self: &Arc<Self>, command: &HostCommand) -> Result<CommandOutput, HostError> {
        let (this, command) = (Arc::clone(self), command.clone());
        match tokio::spawn(async move { this.run_here(&command).await }).await {
            Ok(done) => done,
            Err(error) => Err(self.lost(error)),
        }
    }

    async fn run_here(&self, command: &HostCommand) -> Result<CommandOutput, HostError> {
        let _place = self.sessions.acquire().await.map_err(|error| self.lost(error))?;
        let line = command.render(&self.user);
        let mut channel = self.open_exec(&line).await.map_err(|error| self.lost(error))?;
        if let Some(stdin) = command.stdin() {
            channel.data(stdin).await.map_err(|error| self.lost(error))?;
        }
        channel.eof().await.map_err(|error| self.lost(error))?;
        match timeout(command.limit(), collect(&mut channel)).await {
            Ok(Some(output)) => Ok(output),
            Ok(None) => Err(self.lost("the channel closed before the command ended")),
            Err(_) => {
                self.doubt();
                let _ = timeout(PING_LIMIT, channel.close()).await;
                Err(HostError::Timeout { what: command.what(), limit: command.limit() })
            }
        }
    }
}

/// Reads a command's output to its end. `None` if the channel closed without telling how it ended.
async fn collect(channel: &mut Channel<client::Msg>) -> Option<CommandOutput> {
    let (mut stdout, mut stderr, mut status) = (Vec::new(), Vec::new(), None);
    while let Some(message) = channel.wait().await {
        if let ChannelMsg::Data { data } = message {
            let room = OUTPUT_LIMIT.saturating_sub(stdout.len());
            stdout.extend_from_slice(&data[..data.len().min(room)]);
        } else if let ChannelMsg::ExtendedData { data, .. } = message {
            stderr.extend_from_slice(&data);
            let excess = stderr.len().saturating_sub(ERROR_LIMIT);
            stderr.drain(..excess);
        } else if let ChannelMsg::ExitStatus { exit_status } = message {
            status = Some(exit_status);
        } else if let ChannelMsg::ExitSignal { .. } = message {
            status = Some(255);
        } else if let ChannelMsg::Failure = message {
            // sshd has no shell for us.
            status = Some(255);
            break;
        }
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    status.map(|status| CommandOutput { status, stdout: text(stdout), stderr: text(stderr) })
}
