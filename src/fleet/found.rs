//! Containers as they are found on a server.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::types::{ContainerId, InstallId, RentalId};

use super::relay::Generation;

/// The label that marks a container as one of this installation's.
pub const LABEL_INSTALL: &str = "derpshop.install";
/// The label that names the rental.
pub const LABEL_RENTAL: &str = "derpshop.rental";
/// The label that names the row of `containers`.
pub const LABEL_CONTAINER: &str = "derpshop.container";
/// The label that tells one creation of a container from the next.
pub const LABEL_GENERATION: &str = "derpshop.generation";

/// Docker's own id of a container: 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DockerId(String);

/// Text that isn't an id of Docker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a Docker container id is 64 hexadecimal digits")]
pub struct InvalidDockerId;

impl DockerId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DockerId {
    type Err = InvalidDockerId;
    fn from_str(s: &str) -> Result<Self, InvalidDockerId> {
        let hex = s.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if s.len() == 64 && hex { Ok(Self(s.to_owned())) } else { Err(InvalidDockerId) }
    }
}

impl fmt::Display for DockerId {
    /// The first twelve digits, as Docker itself prints ids.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0[..12])
    }
}

/// Which container of the store a container on a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayIdentity {
    /// The rental.
    pub rental: RentalId,
    /// The row of `containers`.
    pub container: ContainerId,
    /// Which creation of it.
    pub generation: Generation,
}

impl RelayIdentity {
    /// The labels that a container of this identity bears.
    pub fn labels(&self, install: InstallId) -> HashMap<String, String> {
        HashMap::from([
            (LABEL_INSTALL.to_owned(), install.to_string()),
            (LABEL_RENTAL.to_owned(), self.rental.to_string()),
            (LABEL_CONTAINER.to_owned(), self.container.to_string()),
            (LABEL_GENERATION.to_owned(), self.generation.to_string()),
        ])
    }

    /// Reads the identity back; `None` if a label is missing or isn't a number.
    pub fn from_labels(labels: &HashMap<String, String>) -> Option<Self> {
        Some(Self {
            rental: labels.get(LABEL_RENTAL)?.parse().ok()?,
            container: labels.get(LABEL_CONTAINER)?.parse().ok()?,
            generation: labels.get(LABEL_GENERATION)?.parse().ok()?,
        })
    }
}

/// What Docker says a container is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContainerState {
    /// Made, never started.
    Created,
    /// Its process runs.
    Running,
    /// Its process is frozen.
    Paused,
    /// Its process ended and Docker is about to start it again.
    Restarting,
    /// Being removed.
    Removing,
    /// Its process ended.
    Exited,
    /// Docker failed to remove it.
    Dead,
}

impl ContainerState {
    /// Whether its process is alive or about to be, so that it may hold its port.
    pub fn is_up(self) -> bool {
        match self {
            Self::Running | Self::Paused | Self::Restarting => true,
            Self::Created | Self::Removing | Self::Exited | Self::Dead => false,
        }
    }
}

/// A container of ours found on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundContainer {
    /// Docker's id.
    pub id: DockerId,
    /// Its name, without Docker's leading slash.
    pub name: String,
    /// What its labels say; `None` if it bears our installation's label but not the others.
    pub identity: Option<RelayIdentity>,
    /// What it is doing.
    pub state: ContainerState,
    /// When it was created, by the server's clock.
    pub created_at: DateTime<Utc>,
    /// The server's ports that lead to it, ascending, each once.
    pub ports: Vec<u16>,
}

/// What only a look at the single container tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningContainer {
    /// What it is doing.
    pub state: ContainerState,
    /// When its process last started, by the server's clock; `None` if it never did.
    pub started_at: Option<DateTime<Utc>>,
    /// Its process on the server; `None` while there is none.
    pub pid: Option<u32>,
    /// How often Docker started it again by itself.
    pub restarts: u32,
    /// How its process last ended.
    pub exit_code: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_survives_its_labels() {
        let identity = RelayIdentity {
            rental: RentalId(102),
            container: ContainerId(7),
            generation: Generation::FIRST.next(),
        };
        let mut labels = identity.labels(InstallId(uuid::Uuid::nil()));
        assert_eq!(RelayIdentity::from_labels(&labels), Some(identity));
        labels.insert(LABEL_GENERATION.to_owned(), "two".to_owned());
        assert_eq!(RelayIdentity::from_labels(&labels), None);
        labels.remove(LABEL_GENERATION);
        assert_eq!(RelayIdentity::from_labels(&labels), None);
    }

    #[test]
    fn docker_ids_are_full_length() {
        let id: DockerId = "0123456789abcdef".repeat(4).parse().unwrap();
        assert_eq!(id.to_string(), "0123456789ab");
        assert!("0123456789ab".parse::<DockerId>().is_err());
        assert!("G".repeat(64).parse::<DockerId>().is_err());
    }
}
