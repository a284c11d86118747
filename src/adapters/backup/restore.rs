//! Bringing a backup back, whole or not at all.
//!
//! The file is read to its end before anything is changed, so a damaged one changes nothing. Then the keyring is put
//! in place, and the database is filled in one transaction; should that fail, the keyring goes again. What a kill in
//! the middle leaves is either nothing in the database, and the restore can be run again, or all of it, and the next
//! start does the rest ([`store::progress`]).

use super::archive::Reader;
use super::make::read_aside;
use super::{Backups, KEYRING, MakeError, Manifest, is_plain, store};
use crate::db::StoreError;
use crate::secret::{BackupError, BackupKey, KEYRING_FILES, KeyringError};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use zeroize::Zeroizing;

/// The longest manifest or keyring file that is taken.
const SMALL: u64 = 64 * 1024;

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The key could not be read.
    #[error("the backup's key can't be used")]
    Key(#[from] KeyringError),
    /// The file is not what it should be.
    #[error(transparent)]
    File(#[from] BackupError),
    /// A later derpshop made it.
    #[error(
        "the backup has schema version {found}, but this derpshop knows versions up to {known}; use a newer one"
    )]
    Newer {
        /// The backup's version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The database has content.
    #[error(
        "the database is not empty ({tables} tables); restore into an empty one, or replace all it holds with \
         --force-into-nonempty"
    )]
    NotEmpty {
        /// How many tables, views and sequences.
        tables: i64,
    },
    /// Others use the database.
    #[error("{sessions} others are connected to the database; stop derpshop and webhook first")]
    InUse {
        /// How many.
        sessions: i64,
    },
    /// There is another keyring.
    #[error(
        "there is another keyring in {}; restore with an empty keyring_dir, or with --force-into-nonempty, which \
         moves it aside",
        dir.display()
    )]
    KeyringInTheWay {
        /// Its folder.
        dir: PathBuf,
    },
    /// The backup of what would be replaced failed.
    #[error("what the database holds now could not be backed up first")]
    Safety(#[source] MakeError),
    /// A file could not be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The database refused.
    #[error("the database can't be prepared")]
    Store(#[from] StoreError),
    /// `pg_restore` failed, and the database holds nothing of the backup.
    #[error("pg_restore failed, and nothing was restored: {said}")]
    Program {
        /// What it printed.
        said: String,
    },
    /// The task was cut off.
    #[error("the restore was cut off")]
    CutOff,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// A backup of what was replaced.
    pub replaced: Option<PathBuf>,
    /// Where another keyring was moved to.
    pub old_keyring: Option<PathBuf>,
}

/// What a backup holds besides the database.
struct Contents {
    manifest: Manifest,
    keyring: Vec<(String, Zeroizing<Vec<u8>>)>,
}

impl Backups {
    /// Restores the backup at `from` over `connection`, into an empty database and keyring folder; with `force` it
    /// replaces what is there, after a backup of it into the backup folder.
    pub async fn restore(
        &self,
        from: &Path,
        connection: &mut PgConnection,
        force: bool,
        now: DateTime<Utc>,
    ) -> Result<Restored, RestoreError> {
        let (backups, file) = (self.clone(), from.to_owned());
        let contents = blocking(move || backups.inspect(&file)).await?;
        if contents.manifest.schema > self.schema {
            return Err(RestoreError::Newer { found: contents.manifest.schema, known: self.schema });
        }
        let keyring = self.compare(&contents)?;
        if keyring == Found::Another && !force {
            return Err(RestoreError::KeyringInTheWay { dir: self.keyring_dir.clone() });
        }
        let tables = store::tables(&mut *connection).await?;
        if tables > 0 && !force {
            return Err(RestoreError::NotEmpty { tables });
        }
        let sessions = store::other_sessions(&mut *connection).await?;
        if sessions > 0 {
            return Err(RestoreError::InUse { sessions });
        }
        let replaced = if tables > 0 { Some(self.save_before(now).await?) } else { None };
        store::begin(connection, tables > 0).await?;
        let placed = self.place(&contents, keyring, now)?;
        let (backups, file) = (self.clone(), from.to_owned());
        if let Err(error) = blocking(move || backups.fill(&file)).await {
            placed.undo(&self.keyring_dir)?;
            store::abandon(connection).await?;
            return Err(error);
        }
        store::finish(connection).await?;
        Ok(Restored { manifest: contents.manifest, replaced, old_keyring: placed.aside })
    }

    /// Reads all of a backup, which checks all of it.
    fn inspect(&self, from: &Path) -> Result<Contents, RestoreError> {
        let mut reader = self.open(from)?;
        let failed = |error| read_error(from, error);
        let (mut manifest, mut keyring, mut database) = (None, Vec::new(), false);
        while let Some((name, mut entry)) = reader.next().map_err(failed)? {
            if name == "manifest" {
                let text = entry.read_small(SMALL).map_err(failed)?;
                manifest = Some(serde_json::from_slice(&text).map_err(|_| BackupError::Damaged)?);
            } else if name == "database" {
                io::copy(&mut entry, &mut io::sink()).map_err(failed)?;
                database = true;
            } else {
                let file =
                    name.strip_prefix(KEYRING).filter(|file| is_plain(file)).ok_or(BackupError::Damaged)?;
                let text = Zeroizing::new(entry.read_small(SMALL).map_err(failed)?);
                keyring.push((file.to_owned(), text));
            }
        }
        // The SSH key and what else lies in the folder come along; without these nothing stored would open.
        let whole = KEYRING_FILES.iter().all(|file| keyring.iter().any(|(name, _)| name == file));
        match manifest {
            Some(manifest) if database && whole => Ok(Contents { manifest, keyring }),
            _ => Err(BackupError::Damaged.into()),
        }
    }

    fn open(&self, from: &Path) -> Result<Reader<impl io::Read + use<>>, RestoreError> {
        let file = File::open(from).map_err(|source| io_error(from, source))?;
        let key = BackupKey::load(&self.key_file)?;
        Ok(Reader::new(key.open(file).map_err(|error| read_error(from, error))?))
    }

    fn compare(&self, contents: &Contents) -> Result<Found, RestoreError> {
        let dir = &self.keyring_dir;
        match fs::read_dir(dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(source) => return Err(io_error(dir, source)),
            Ok(mut entries) => {
                if entries.next().is_none() {
                    return Ok(Found::Nothing);
                }
            }
        }
        let same = |(name, text): &(String, Zeroizing<Vec<u8>>)| {
            fs::read(dir.join(name)).is_ok_and(|found| crate::secret::eq(&found, &**text))
        };
        Ok(if contents.keyring.iter().all(same) { Found::Same } else { Found::Another })
    }

    async fn save_before(&self, now: DateTime<Utc>) -> Result<PathBuf, RestoreError> {
        let path = self.dir.join(format!("before-restore-{}.backup", now.format("%Y-%m-%dT%H%M%SZ")));
        self.make(&path, now).await.map_err(RestoreError::Safety)?;
        Ok(path)
    }

    /// Puts the keyring in place, all files at once.
    fn place(&self, contents: &Contents, found: Found, now: DateTime<Utc>) -> Result<Placed, RestoreError> {
        let dir = &self.keyring_dir;
        let beside = |what: &str| {
            let mut path = dir.as_os_str().to_owned();
            path.push(format!(".{what}-{}", now.format("%Y-%m-%dT%H%M%SZ")));
            PathBuf::from(path)
        };
        if found == Found::Same {
            return Ok(Placed { new: false, aside: None });
        }
        let fresh = beside("restored");
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&fresh);
        made.map_err(|source| io_error(&fresh, source))?;
        for (name, text) in &contents.keyring {
            let path = fresh.join(name);
            let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
            let written = opened.and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()));
            written.map_err(|source| io_error(&path, source))?;
        }
        let aside = (found == Found::Another).then(|| beside("replaced"));
        if let Some(aside) = &aside {
            fs::rename(dir, aside).map_err(|source| io_error(dir, source))?;
        }
        fs::rename(&fresh, dir).map_err(|source| io_error(dir, source))?;
        Ok(Placed { new: true, aside })
    }

    /// Fills the database, in one transaction of `pg_restore`.
    fn fill(&self, from: &Path) -> Result<(), RestoreError> {
        let program = self.pg_dump.with_file_name("pg_restore");
        let mut reader = self.open(from)?;
        let failed = |error| read_error(from, error);
        while let Some((name, mut entry)) = reader.next().map_err(failed)? {
            if name != "database" {
                io::copy(&mut entry, &mut io::sink()).map_err(failed)?;
                continue;
            }
            let mut command = self.connection.command(&program);
            // An empty name is a connection string without anything: the environment says where.
            command.args(["--dbname=", "--single-transaction", "--exit-on-error", "--no-password"]);
            command.args(["--no-owner", "--no-privileges"]);
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
            let mut child = command.spawn().map_err(|source| io_error(&program, source))?;
            let said = child.stderr.take().map(read_aside);
            let copied = match child.stdin.take() {
                Some(mut input) => {
                    let copied = io::copy(&mut entry, &mut input);
                    if copied.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe) {
                        // Before its input ends, lest it takes what it has for all there is.
                        drop(child.kill());
                    }
                    copied
                }
                None => Ok(0),
            };
            let status = child.wait().map_err(|source| io_error(&program, source))?;
            let said = said.and_then(|thread| thread.join().ok()).unwrap_or_default();
            if status.success() {
                return copied.map(drop).map_err(failed);
            }
            return match copied {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(failed(error)),
                Ok(_) | Err(_) => Err(RestoreError::Program { said }),
            };
        }
        Err(BackupError::Damaged.into())
    }
}

/// What stands in the keyring's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Same,
    Another,
}

/// What was done about the keyring.
struct Placed {
    new: bool,
    aside: Option<PathBuf>,
}

impl Placed {
    fn undo(&self, dir: &Path) -> Result<(), RestoreError> {
        if self.new {
            fs::remove_dir_all(dir).map_err(|source| io_error(dir, source))?;
        }
        match &self.aside {
            Some(aside) => fs::rename(aside, dir).map_err(|source| io_error(aside, source)),
            None => Ok(()),
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RestoreError> + Send + 'static,
) -> Result<T, RestoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(RestoreError::CutOff))
}

fn read_error(path: &Path, error: io::Error) -> RestoreError {
    BackupError::of(&error).map_or_else(|| io_error(path, error), RestoreError::File)
}

fn io_error(path: &Path, source: io::Error) -> RestoreError {
    RestoreError::Io { path: path.to_owned(), source }
}
