//! Containers: one derper on one server, over all its generations.

pub mod lease;
pub mod store;

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::files::RelaySecrets;
use super::found::{DockerId, RelayIdentity};
use super::reconcile::{Desired, DesiredContainer};
use super::relay::Generation;
use crate::derp::{CertPin, MeshKey, NodePrivate};
use crate::types::{ContainerId, Half, RentalId, ServerId, UserId};

pub use lease::ServerLease;

/// What a container is, as last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "container_status", rename_all = "snake_case")]
pub enum ContainerStatus {
    /// On its way to serve: to be created, started or tested.
    Starting,
    /// Tested and serving.
    Running,
    /// Stopped on purpose; its port and certificate are kept.
    Stopped,
    /// The document's third state; we stop containers rather than freeze them.
    Paused,
    /// It didn't pass, and is given up.
    Failed,
    /// Gone; its port rests.
    Released,
}

/// A container as its table holds it, without its secrets.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its row.
    pub id: ContainerId,
    /// Where it stands.
    pub server: ServerId,
    /// Whose it is.
    pub user: UserId,
    /// What it serves.
    pub rental: RentalId,
    /// Which half of the rental.
    pub half: Half,
    /// TCP of the relay and UDP of STUN.
    pub port: u16,
    /// The server's address, for which its certificate is.
    pub address: IpAddr,
    /// Its certificate's pin.
    pub pin: CertPin,
    /// What it should be.
    pub desired: Desired,
    /// What it is.
    pub status: ContainerStatus,
    /// How often it was made anew under a new name.
    pub generation: Generation,
    /// Docker's id of the present generation.
    pub docker_id: Option<DockerId>,
    /// When it last started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it first passed its tests.
    pub passed_at: Option<DateTime<Utc>>,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
}

impl Container {
    /// What its labels say.
    pub const fn identity(&self) -> RelayIdentity {
        RelayIdentity { rental: self.rental, container: self.id, generation: self.generation }
    }

    /// What reconcile compares with the server.
    pub fn to_reconcile(&self) -> DesiredContainer {
        DesiredContainer {
            identity: self.identity(),
            desired: self.desired,
            docker_id: self.docker_id.clone(),
        }
    }
}

/// A container to be stored.
#[derive(Debug)]
pub struct NewContainer {
    /// Where it shall stand.
    pub server: ServerId,
    /// Whose it is.
    pub user: UserId,
    /// What it serves.
    pub rental: RentalId,
    /// Which half of the rental.
    pub half: Half,
    /// Its port.
    pub port: u16,
    /// The server's address.
    pub address: IpAddr,
    /// Its certificate's pin.
    pub pin: CertPin,
    /// Its secrets, sealed for [`secrets_row`] of the admission digest.
    pub secrets_sealed: Vec<u8>,
    /// Finds it by its admission token.
    pub admit_digest: [u8; 32],
    /// The token, sealed for [`admit_row`].
    pub admit_sealed: Vec<u8>,
    /// Bytes that it may receive per 30 days.
    pub max_upload: Option<crate::bytes::Bytes>,
    /// Bytes that it may send per 30 days.
    pub max_download: Option<crate::bytes::Bytes>,
}

/// The row's name inside the sealed secrets. The admission digest names the row before it has a number.
pub fn secrets_row(admit_digest: &[u8; 32]) -> String {
    format!("containers:{}:secrets", hex::encode(admit_digest))
}

/// The row's name inside the sealed admission token.
pub fn admit_row(admit_digest: &[u8; 32]) -> String {
    format!("containers:{}:admit", hex::encode(admit_digest))
}

/// The stored form of [`RelaySecrets`].
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct StoredSecrets {
    cert_pem: String,
    key_pem: String,
    node_key: String,
    mesh_key: String,
}

/// Sealed secrets opened to something that isn't a relay's secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored secrets of a relay cannot be read")]
pub struct UnreadableSecrets;

/// The bytes to seal.
pub fn encode_secrets(secrets: &RelaySecrets) -> Zeroizing<Vec<u8>> {
    let stored = StoredSecrets {
        cert_pem: secrets.cert_pem.clone(),
        key_pem: (*secrets.key_pem).clone(),
        node_key: hex::encode(secrets.node_key.expose_bytes()),
        mesh_key: hex::encode(secrets.mesh_key.expose_bytes()),
    };
    // Strings and nothing else: there is nothing that can fail to be written.
    Zeroizing::new(serde_json::to_vec(&stored).unwrap_or_default())
}

/// Reads what [`encode_secrets`] wrote.
pub fn decode_secrets(plain: &[u8]) -> Result<RelaySecrets, UnreadableSecrets> {
    let mut stored: StoredSecrets = serde_json::from_slice(plain).map_err(|_| UnreadableSecrets)?;
    let key = |text: &str| -> Result<[u8; 32], UnreadableSecrets> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| UnreadableSecrets)?;
        Ok(bytes)
    };
    let (node_key, mesh_key) = (key(&stored.node_key)?, key(&stored.mesh_key)?);
    Ok(RelaySecrets {
        cert_pem: std::mem::take(&mut stored.cert_pem),
        key_pem: Zeroizing::new(std::mem::take(&mut stored.key_pem)),
        node_key: NodePrivate::from_random(node_key),
        mesh_key: MeshKey::from_random(mesh_key),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_survive_the_store() {
        let secrets = RelaySecrets {
            cert_pem: "CERT".into(),
            key_pem: Zeroizing::new("KEY".into()),
            node_key: NodePrivate::from_random([7; 32]),
            mesh_key: MeshKey::from_random([9; 32]),
        };
        let back = decode_secrets(&encode_secrets(&secrets)).expect("reads back");
        assert_eq!(back.cert_pem, "CERT");
        assert_eq!(*back.key_pem, "KEY");
        assert_eq!(back.node_key.expose_bytes(), secrets.node_key.expose_bytes());
        assert_eq!(back.mesh_key.expose_bytes(), secrets.mesh_key.expose_bytes());
        assert_eq!(decode_secrets(b"{}").err(), Some(UnreadableSecrets));
    }
}
