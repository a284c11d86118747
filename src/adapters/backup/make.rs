//! Making a backup.

use super::archive::Writer;
use super::{Backups, KEYRING, Manifest, is_plain};
use crate::secret::{BackupKey, KEYRING_FILES, KeyringError};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Stdio};
use std::thread::JoinHandle;

/// What a nightly backup's name begins and ends with; the day stands between. Only these are ever removed.
const NIGHTLY: (&str, &str) = ("derpshop-", ".backup");
/// What is being written bears this until it is whole.
const PART: &str = ".part";

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The key could not be read or made.
    #[error("the backup's key can't be used")]
    Key(#[from] KeyringError),
    /// A file could not be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// `pg_dump` failed.
    #[error("pg_dump failed: {said}")]
    Dump {
        /// What it printed.
        said: String,
    },
    /// The task was cut off.
    #[error("the backup was cut off")]
    CutOff,
}

/// What a nightly run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nightly {
    /// Made this file, and removed as many old ones.
    Made {
        /// The new backup.
        path: PathBuf,
        /// Its length in bytes.
        bytes: u64,
        /// How many old ones went.
        removed: usize,
    },
    /// This day has its backup already.
    Already,
}

impl Backups {
    /// Makes the backup of the day of `now` unless there is one, then removes the oldest beyond those to keep. May
    /// run any number of times.
    pub async fn nightly(&self, now: DateTime<Utc>) -> Result<Nightly, MakeError> {
        let (begin, end) = NIGHTLY;
        let path = self.dir.join(format!("{begin}{}{end}", now.format("%Y-%m-%d")));
        if path.exists() {
            return Ok(Nightly::Already);
        }
        let bytes = self.make(&path, now).await?;
        Ok(Nightly::Made { path, bytes, removed: self.remove_old()? })
    }

    /// Makes a backup at `to`, which appears when it is whole, replacing what was there. Returns its length in
    /// bytes.
    pub async fn make(&self, to: &Path, now: DateTime<Utc>) -> Result<u64, MakeError> {
        let (backups, to) = (self.clone(), to.to_owned());
        let made = tokio::task::spawn_blocking(move || backups.make_blocking(&to, now));
        made.await.unwrap_or(Err(MakeError::CutOff))
    }

    fn make_blocking(&self, to: &Path, now: DateTime<Utc>) -> Result<u64, MakeError> {
        make_dir(folder_of(to))?;
        make_dir(folder_of(&self.key_file))?;
        let key = BackupKey::create_or_load(&self.key_file)?;
        let mut part = to.as_os_str().to_owned();
        part.push(PART);
        let part = PathBuf::from(part);
        let written = self.write(&part, &key, now).and_then(|bytes| {
            fs::rename(&part, to).map_err(|source| io_error(to, source))?;
            let folder = folder_of(to);
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| io_error(folder, e))?;
            Ok(bytes)
        });
        if written.is_err() && part.exists() {
            // The first error says more than one from here would.
            drop(fs::remove_file(&part));
        }
        written
    }

    fn write(&self, to: &Path, key: &BackupKey, now: DateTime<Utc>) -> Result<u64, MakeError> {
        let failed = |source| io_error(to, source);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(to)
            .map_err(failed)?;
        let sealed = key.seal(io::BufWriter::new(file)).map_err(failed)?;
        let mut archive = Writer::new(sealed);
        let derpshop = env!("CARGO_PKG_VERSION").to_owned();
        let manifest = Manifest { made_at: now, schema: self.schema, derpshop };
        let manifest = serde_json::to_vec(&manifest).map_err(|e| failed(e.into()))?;
        archive.entry("manifest", &manifest[..]).map_err(failed)?;
        for name in self.keyring_files()? {
            let path = self.keyring_dir.join(&name);
            let file = File::open(&path).map_err(|source| io_error(&path, source))?;
            archive.entry(&format!("{KEYRING}{name}"), file).map_err(failed)?;
        }
        self.dump(&mut archive, to)?;
        let sealed = archive.finish().map_err(failed)?;
        let file = sealed.finish().map_err(failed)?.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)?;
        Ok(file.metadata().map_err(failed)?.len())
    }

    /// Every file of the keyring; one that must be there is named even if it isn't, to be missed when it is opened.
    fn keyring_files(&self) -> Result<BTreeSet<String>, MakeError> {
        let mut names: BTreeSet<String> = KEYRING_FILES.iter().map(|name| (*name).to_owned()).collect();
        let failed = |source| io_error(&self.keyring_dir, source);
        for entry in fs::read_dir(&self.keyring_dir).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            names.extend(name.to_str().filter(|name| is_plain(name)).map(str::to_owned));
        }
        Ok(names)
    }

    fn dump<W: Write>(&self, archive: &mut Writer<W>, to: &Path) -> Result<(), MakeError> {
        let mut command = self.connection.command(&self.pg_dump);
        command.args(["--format=custom", "--no-owner", "--no-privileges", "--no-password"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|source| io_error(&self.pg_dump, source))?;
        let said = child.stderr.take().map(read_aside);
        let copied = match child.stdout.take() {
            Some(output) => archive.entry("database", output).map_err(|source| io_error(to, source)),
            None => Ok(0),
        };
        if copied.is_err() {
            // It would wait for ever for somebody to read on.
            drop(child.kill());
        }
        let status = child.wait().map_err(|source| io_error(&self.pg_dump, source))?;
        let said = said.and_then(|thread| thread.join().ok()).unwrap_or_default();
        copied?;
        if status.success() { Ok(()) } else { Err(MakeError::Dump { said }) }
    }

    fn remove_old(&self) -> Result<usize, MakeError> {
        let failed = |source| io_error(&self.dir, source);
        let (begin, end) = NIGHTLY;
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let whole = name.strip_suffix(PART).unwrap_or(name);
            let day = whole.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
            if day.is_none_or(|day| day.parse::<chrono::NaiveDate>().is_err()) {
                continue;
            }
            if whole == name {
                found.push(path);
            } else {
                // Of a run that was killed: this one has just ended, and only one runs at a time.
                fs::remove_file(&path).map_err(|source| io_error(&path, source))?;
            }
        }
        // By name is by day.
        found.sort();
        let old = found.len().saturating_sub(self.keep);
        for path in &found[..old] {
            fs::remove_file(path).map_err(|source| io_error(path, source))?;
        }
        Ok(old)
    }
}

/// Reads what a program complains about while its output is being read.
pub(super) fn read_aside(mut stderr: ChildStderr) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut said = Vec::new();
        // What could be read is all there is to tell.
        drop(stderr.read_to_end(&mut said));
        String::from_utf8_lossy(&said).trim().to_owned()
    })
}

fn make_dir(dir: &Path) -> Result<(), MakeError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|source| io_error(dir, source))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn io_error(path: &Path, source: io::Error) -> MakeError {
    MakeError::Io { path: path.to_owned(), source }
}
