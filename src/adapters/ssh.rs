//! The way to servers: SSH with a pinned host key, and Docker Engine through it.

mod connection;
mod key;
mod pool;
mod session;
mod setup;

pub use key::{InstallationKey, KeyError, SSH_KEY_FILE};
pub use pool::{SshHosts, SshLimits};
pub use setup::SshSetup;
