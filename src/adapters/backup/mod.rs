//! Backups: the database and the keyring in one sealed file, and back again.
//!
//! A file is a sealed stream ([`crate::secret::BackupKey`]) of entries: a manifest, the keyring's files, and what
//! `pg_dump` wrote in its custom format. Making and restoring stream, so memory doesn't grow with the database.

mod archive;
mod connection;
mod make;
mod restore;
pub mod store;

pub use connection::Connection;
pub use make::{MakeError, Nightly};
pub use restore::{RestoreError, Restored};

use chrono::{DateTime, Utc};
use std::path::PathBuf;

/// What is backed up, and where backups go.
#[derive(Debug, Clone)]
pub struct Backups {
    /// The database.
    pub connection: Connection,
    /// Path of the program `pg_dump`; `pg_restore` stands beside it.
    pub pg_dump: PathBuf,
    /// The keyring's folder.
    pub keyring_dir: PathBuf,
    /// The key that seals backups; made at the first one.
    pub key_file: PathBuf,
    /// Folder of the nightly backups.
    pub dir: PathBuf,
    /// How many nightly backups stay.
    pub keep: usize,
    /// The schema version that this program knows.
    pub schema: i64,
}

/// The first entry of a backup.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Manifest {
    /// When it was begun.
    pub made_at: DateTime<Utc>,
    /// The schema version of the program that made it.
    pub schema: i64,
    /// That program's version.
    pub derpshop: String,
}

/// What the entries of keyring files begin with.
const KEYRING: &str = "keyring/";

/// Whether a file's name leads nowhere else. What our own programs leave behind when they are killed has others.
fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.';
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}
