//! What the fleet asks of a server, and what may go wrong there. The adapters `ssh` and `docker` answer.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::bytes::Bytes;
use crate::types::{InstallId, ServerId};

use super::command::{CommandOutput, HostCommand};
use super::files::UploadFile;
use super::found::{DockerId, FoundContainer, RunningContainer};
use super::image::{Arch, ImageRef};
use super::relay::{ContainerName, RelaySpec};

/// A login name on a server, fit to be an argument of a shell command as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SshUser(String);

/// Text that isn't a login name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a login name is 1 to 32 of a-z, A-Z, 0-9, '_', '-' and '.', not starting with '-' or '.'")]
pub struct InvalidSshUser;

impl SshUser {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether commands run as root without sudo.
    pub fn is_root(&self) -> bool {
        self.0 == "root"
    }
}

impl FromStr for SshUser {
    type Err = InvalidSshUser;
    fn from_str(s: &str) -> Result<Self, InvalidSshUser> {
        let plain = s.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        let starts_well = !s.starts_with(['-', '.']);
        if (1..=32).contains(&s.len()) && plain && starts_well {
            Ok(Self(s.to_owned()))
        } else {
            Err(InvalidSshUser)
        }
    }
}

impl fmt::Display for SshUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The fingerprint of a server's host key as `ssh-keygen -l` prints it: `SHA256:` and 43 base64 symbols.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostKey(String);

/// Text that isn't a host key's fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a host key's fingerprint is 'SHA256:' followed by 43 base64 symbols")]
pub struct InvalidHostKey;

impl HostKey {
    /// The fingerprint as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostKey {
    type Err = InvalidHostKey;
    fn from_str(s: &str) -> Result<Self, InvalidHostKey> {
        let s = s.trim();
        let digest = s.strip_prefix("SHA256:").ok_or(InvalidHostKey)?;
        let plain = digest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/'));
        if digest.len() == 43 && plain { Ok(Self(s.to_owned())) } else { Err(InvalidHostKey) }
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where and as whom a server is reached, and which host key it must show before we authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshTarget {
    /// The server; sessions are kept per server.
    pub server: ServerId,
    /// Its address.
    pub address: IpAddr,
    /// The port of its sshd.
    pub port: u16,
    /// The login name.
    pub user: SshUser,
    /// The pinned host key.
    pub host_key: HostKey,
}

impl SshTarget {
    /// Address and port together.
    pub fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

/// What a lower layer said, kept for the log. Shared, since all who wait for one connection learn of its failure.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Wraps what a lower layer said.
pub fn cause(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Cause {
    Arc::from(error.into())
}

/// Why a server didn't do what it was asked. [`HostError::is_transient`] tells a job whether to try again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HostError {
    /// No SSH conversation could be had: refused, no route, no answer in time, or not an SSH server.
    #[error("no SSH connection to {address}")]
    Unreachable {
        /// Where we tried.
        address: SocketAddr,
        /// What was seen.
        #[source]
        source: Cause,
    },
    /// The server shows another host key than the pinned one: reinstalled, or somebody in between.
    #[error("the host key of {address} changed: pinned {pinned}, got {got}")]
    HostKeyChanged {
        /// Where we connected.
        address: SocketAddr,
        /// What was confirmed when the server was added.
        pinned: HostKey,
        /// What it shows now.
        got: HostKey,
    },
    /// sshd doesn't accept our key for this user.
    #[error("{address} refuses our key for user {user}")]
    AuthRefused {
        /// Where we connected.
        address: SocketAddr,
        /// As whom.
        user: SshUser,
    },
    /// The session broke while a request was under way; what was asked may or may not have happened.
    #[error("the SSH session to {address} broke")]
    Lost {
        /// Which host.
        address: SocketAddr,
        /// What was seen.
        #[source]
        source: Cause,
    },
    /// sshd forbids forwarding to the Docker socket, and going through `docker system dial-stdio` failed too.
    #[error(
        "sshd forbids forwarding to the Docker socket: set AllowStreamLocalForwarding yes in sshd_config"
    )]
    ForwardingOff,
    /// Docker Engine isn't installed.
    #[error("Docker Engine is not installed")]
    NoDocker,
    /// Docker Engine is installed but doesn't answer on its socket.
    #[error("Docker Engine does not answer on its socket")]
    EngineDown,
    /// The login user may neither use the Docker socket nor sudo.
    #[error("user {user} may not use Docker")]
    NoPermission {
        /// The login user.
        user: SshUser,
    },
    /// No relay image is configured for the server's architecture.
    #[error("no relay image is configured for architecture {arch}")]
    NoImage {
        /// The server's.
        arch: Arch,
    },
    /// The image isn't on the server.
    #[error("image {image} is not on the server")]
    ImageMissing {
        /// Which image.
        image: ImageRef,
    },
    /// Something else on the server holds the port.
    #[error("port {port} is taken on the server")]
    PortTaken {
        /// Which port.
        port: u16,
    },
    /// A container that isn't ours, or another container of ours, bears the name.
    #[error("container name {name} is taken on the server")]
    NameTaken {
        /// Which name.
        name: ContainerName,
    },
    /// No such container.
    #[error("no container {container} on the server")]
    NotFound {
        /// Which container.
        container: DockerId,
    },
    /// The server was too slow.
    #[error("{what} took longer than {} s", limit.as_secs())]
    Timeout {
        /// What was asked.
        what: &'static str,
        /// How long we waited.
        limit: Duration,
    },
    /// Docker Engine answered with an error that has no meaning of its own here.
    #[error("Docker Engine answered {status}: {message}")]
    Engine {
        /// The HTTP status; 0 where the error came inside a stream.
        status: u16,
        /// Its words, cut to 500 characters.
        message: String,
    },
    /// A command ended badly.
    #[error("{what} ended with status {status}: {stderr}")]
    Command {
        /// Which command.
        what: &'static str,
        /// Its exit status.
        status: u32,
        /// The end of what it said.
        stderr: String,
    },
    /// The image archive on our side can't be read.
    #[error("image archive {path} cannot be read")]
    Archive {
        /// Where it should be.
        path: String,
        /// What was seen.
        #[source]
        source: Cause,
    },
}

impl HostError {
    /// A lasting name for the store, for metrics and as part of text ids.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::HostKeyChanged { .. } => "host-key-changed",
            Self::AuthRefused { .. } => "auth-refused",
            Self::Lost { .. } => "lost",
            Self::ForwardingOff => "forwarding-off",
            Self::NoDocker => "no-docker",
            Self::EngineDown => "engine-down",
            Self::NoPermission { .. } => "no-permission",
            Self::NoImage { .. } => "no-image",
            Self::ImageMissing { .. } => "image-missing",
            Self::PortTaken { .. } => "port-taken",
            Self::NameTaken { .. } => "name-taken",
            Self::NotFound { .. } => "not-found",
            Self::Timeout { .. } => "timeout",
            Self::Engine { .. } => "engine",
            Self::Command { .. } => "command",
            Self::Archive { .. } => "archive",
        }
    }

    /// Whether the same request may succeed later without anybody doing anything about it.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } | Self::EngineDown | Self::Timeout { .. } => true,
            Self::Engine { status, .. } => *status == 0 || *status >= 500,
            Self::HostKeyChanged { .. }
            | Self::AuthRefused { .. }
            | Self::ForwardingOff
            | Self::NoDocker
            | Self::NoPermission { .. }
            | Self::NoImage { .. }
            | Self::ImageMissing { .. }
            | Self::PortTaken { .. }
            | Self::NameTaken { .. }
            | Self::NotFound { .. }
            | Self::Command { .. }
            | Self::Archive { .. } => false,
        }
    }
}

/// Told while an image is streamed: bytes sent, and bytes in all.
pub type LoadProgress<'a> = &'a (dyn Fn(Bytes, Bytes) + Send + Sync);

/// How the fleet reaches its servers.
#[async_trait]
pub trait Hosts: Send + Sync {
    /// The host key that the sshd at `at` shows, without authenticating: for a person to confirm.
    async fn scan(&self, at: SocketAddr) -> Result<HostKey, HostError>;

    /// A session with the server: the one kept open, or a new one in its place.
    async fn session(&self, target: &SshTarget) -> Result<Arc<dyn HostSession>, HostError>;

    /// Closes the session kept for `server`, if any.
    async fn forget(&self, server: ServerId);
}

/// An open session with one server. Every method may be called again after any failure.
#[async_trait]
pub trait HostSession: Send + Sync {
    /// Every container that bears our label, running or not. One request.
    async fn list(&self, install: InstallId) -> Result<Vec<FoundContainer>, HostError>;

    /// What only a look at the single container tells.
    async fn inspect(&self, id: &DockerId) -> Result<RunningContainer, HostError>;

    /// Whether exactly this image is on the server.
    async fn image_present(&self, image: &ImageRef) -> Result<bool, HostError>;

    /// Streams an image archive (`docker save`, plain tar) to the server.
    async fn load_image(&self, archive: &Path, progress: LoadProgress<'_>) -> Result<(), HostError>;

    /// Creates the container. One of that name with the very labels is the answer to a repeated request.
    async fn create(&self, spec: &RelaySpec) -> Result<DockerId, HostError>;

    /// Puts files into the container's volume `/derp`.
    async fn upload(&self, id: &DockerId, files: &[UploadFile]) -> Result<(), HostError>;

    /// Starts the container; one that runs is left alone.
    async fn start(&self, id: &DockerId) -> Result<(), HostError>;

    /// Stops the container, killing it after `grace`; one that is stopped is left alone.
    async fn stop(&self, id: &DockerId, grace: Duration) -> Result<(), HostError>;

    /// Removes the container and its anonymous volume, running or not; one that is gone is fine.
    async fn remove(&self, id: &DockerId) -> Result<(), HostError>;

    /// The container's output since a moment, at most `limit` bytes of its end.
    async fn logs(
        &self,
        id: &DockerId,
        since: Option<DateTime<Utc>>,
        limit: usize,
    ) -> Result<String, HostError>;

    /// Runs one of the known commands; a non-zero status is in the output, not an error.
    async fn run(&self, command: &HostCommand) -> Result<CommandOutput, HostError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_names_are_safe_words() {
        assert!("root".parse::<SshUser>().is_ok());
        assert!("ec2-user".parse::<SshUser>().is_ok());
        for bad in ["", "-oProxyCommand=x", "a b", "a;b", "a'b", "a\nb", "用户", &"a".repeat(33)] {
            assert!(bad.parse::<SshUser>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn fingerprints_are_sha256_only() {
        let good = format!("SHA256:{}", "aB3+/".repeat(8) + "xyz");
        assert_eq!(format!(" {good}\n").parse::<HostKey>().unwrap().as_str(), good);
        assert!("MD5:aa:bb".parse::<HostKey>().is_err());
        assert!("SHA256:short".parse::<HostKey>().is_err());
    }

    #[test]
    fn jobs_retry_what_may_heal_by_itself() {
        let lost = HostError::Lost { address: ([127, 0, 0, 1], 22).into(), source: cause("cut") };
        assert!(lost.is_transient());
        assert!(HostError::Engine { status: 500, message: String::new() }.is_transient());
        assert!(!HostError::Engine { status: 400, message: String::new() }.is_transient());
        assert!(!HostError::PortTaken { port: 20000 }.is_transient());
    }
}
