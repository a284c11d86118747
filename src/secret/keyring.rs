//! The files that hold the keys, and the only code that reads them.
//!
//! A keyring is a folder of mode 0700 with one file of mode 0600 for each purpose: `seal.private`, `seal.public`,
//! `lookup`, `inbox`. Each line of a file is `id hex`, the id a number from 1 to 255 and the last line the key in
//! use; earlier lines only open old values.

use super::{InboxKey, KEY, LookupKey, SealPrivate, SealPublic};
use chacha20poly1305::aead::Generate;
use chacha20poly1305::{Key, XNonce};
use crypto_box::aead::OsRng;
use crypto_box::{PublicKey, SecretKey};
use secrecy::SecretBox;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const SEAL_PRIVATE: &str = "seal.private";
const SEAL_PUBLIC: &str = "seal.public";
const LOOKUP: &str = "lookup";
const INBOX: &str = "inbox";

/// The files of a whole keyring, in the order in which a backup lists them.
pub const KEYRING_FILES: [&str; 4] = [SEAL_PRIVATE, SEAL_PUBLIC, LOOKUP, INBOX];

/// Why a keyring could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// A file or folder could not be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// What was being read or written.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Others than its owner may read or write it.
    #[error("{} has mode {mode:04o}, so others can get at the keys; run: chmod {cure:03o} {}", path.display(), path.display())]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits now.
        mode: u32,
        /// The bits it should have.
        cure: u32,
    },
    /// A file is missing although the folder exists.
    #[error("{} is missing; put it back from a backup, since a new key would not open what is stored", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file is not what this program writes. Its content is not repeated.
    #[error("line {line} of {} is not `id hex` with a new id from 1 to 255 and 32 bytes", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// One-based line; 0 means that the file has none.
        line: usize,
    },
    /// The two halves of `seal` don't belong together.
    #[error("{SEAL_PUBLIC} in {} is not the public half of {SEAL_PRIVATE}", dir.display())]
    Mismatch {
        /// The keyring's folder.
        dir: PathBuf,
    },
}

/// Every key of the installation: what `derpshop` holds.
#[derive(Debug)]
pub struct Keyring {
    /// Seals secrets for the store.
    pub seal: SealPublic,
    /// Opens them.
    pub open: SealPrivate,
    /// Digests serials, codes and tokens.
    pub lookup: LookupKey,
    /// Seals and opens updates in the inbox.
    pub inbox: InboxKey,
}

impl Keyring {
    /// Reads the keyring in `dir`, first making one if `dir` doesn't exist or is empty.
    ///
    /// A new keyring appears whole or not at all, and when two processes start together both end up with the same.
    pub fn create_or_load(dir: &Path) -> Result<Self, KeyringError> {
        if is_absent(dir)? {
            create(dir)?;
        }
        Self::load(dir)
    }

    /// Reads the keyring in `dir`.
    pub fn load(dir: &Path) -> Result<Self, KeyringError> {
        check_mode(dir, 0o700)?;
        let private: BTreeMap<u8, SecretKey> = read_keys(&dir.join(SEAL_PRIVATE))?
            .into_iter()
            .map(|(id, key)| (id, SecretKey::from(*key)))
            .collect();
        let seal = seal_public(dir)?;
        if private.get(&seal.id).map(SecretKey::public_key).as_ref() != Some(&seal.key) {
            return Err(KeyringError::Mismatch { dir: dir.to_owned() });
        }
        Ok(Self { seal, open: SealPrivate { keys: private }, lookup: lookup(dir)?, inbox: inbox(dir)? })
    }
}

/// The keys that `webhook` may hold: nothing in it opens a sealed secret.
#[derive(Debug)]
pub struct WebhookKeys {
    /// Seals secrets for the store.
    pub seal: SealPublic,
    /// Digests serials, codes and tokens.
    pub lookup: LookupKey,
    /// Seals updates for the inbox.
    pub inbox: InboxKey,
}

impl WebhookKeys {
    /// Reads `seal.public`, `lookup` and `inbox` from `dir`; `seal.private` is not opened and need not be there.
    pub fn load(dir: &Path) -> Result<Self, KeyringError> {
        check_mode(dir, 0o700)?;
        Ok(Self { seal: seal_public(dir)?, lookup: lookup(dir)?, inbox: inbox(dir)? })
    }
}

fn seal_public(dir: &Path) -> Result<SealPublic, KeyringError> {
    let (id, key) = last(dir, SEAL_PUBLIC, read_keys(&dir.join(SEAL_PUBLIC))?)?;
    Ok(SealPublic { id, key: PublicKey::from(*key) })
}

fn lookup(dir: &Path) -> Result<LookupKey, KeyringError> {
    let keys = read_keys(&dir.join(LOOKUP))?;
    // A digest doesn't say which key made it, so a second key could never be told from the first.
    if keys.len() > 1 {
        return Err(KeyringError::Malformed { path: dir.join(LOOKUP), line: 2 });
    }
    let (_, key) = last(dir, LOOKUP, keys)?;
    Ok(LookupKey { key: SecretBox::new(Box::new(*key)) })
}

fn inbox(dir: &Path) -> Result<InboxKey, KeyringError> {
    let mut keys =
        read_keys(&dir.join(INBOX))?.into_iter().map(|(id, key)| (id, SecretBox::new(Box::new(*key))));
    let current =
        keys.next_back().ok_or_else(|| KeyringError::Malformed { path: dir.join(INBOX), line: 0 })?;
    Ok(InboxKey { current, older: keys.collect() })
}

pub(super) type NumberedKey = (u8, Zeroizing<[u8; KEY]>);

fn last(dir: &Path, name: &str, keys: Vec<NumberedKey>) -> Result<NumberedKey, KeyringError> {
    keys.into_iter().next_back().ok_or_else(|| KeyringError::Malformed { path: dir.join(name), line: 0 })
}

/// The keys of one file, oldest first.
pub(super) fn read_keys(path: &Path) -> Result<Vec<NumberedKey>, KeyringError> {
    check_mode(path, 0o600)?;
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|source| io_error(path, source))?);
    let mut keys: Vec<NumberedKey> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let key = parse_line(line).filter(|(id, _)| keys.iter().all(|(seen, _)| seen != id));
        keys.push(key.ok_or_else(|| KeyringError::Malformed { path: path.to_owned(), line: index + 1 })?);
    }
    Ok(keys)
}

fn parse_line(line: &str) -> Option<NumberedKey> {
    let (id, text) = line.split_once(' ')?;
    let id = id.parse().ok().filter(|id| *id != 0)?;
    let mut key = Zeroizing::new([0; KEY]);
    hex::decode_to_slice(text, key.as_mut()).ok()?;
    Some((id, key))
}

fn check_mode(path: &Path, cure: u32) -> Result<(), KeyringError> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(KeyringError::Missing { path: path.to_owned() });
        }
        Err(source) => return Err(io_error(path, source)),
    };
    let mode = found.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyringError::Exposed { path: path.to_owned(), mode, cure });
    }
    Ok(())
}

fn is_absent(dir: &Path) -> Result<bool, KeyringError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(source) => Err(io_error(dir, source)),
    }
}

/// Makes all files in a folder beside `dir` and renames it into place; renaming onto a folder with something in it
/// fails, which means that another process was first.
fn create(dir: &Path) -> Result<(), KeyringError> {
    let fresh = beside(dir);
    let done = fill(&fresh).and_then(|()| match fs::rename(&fresh, dir) {
        Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        renamed => renamed.map_err(|source| io_error(dir, source)),
    });
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(|source| io_error(&fresh, source))?;
    }
    done?;
    sync(folder_of(dir))
}

/// The folder that holds `path`.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name beside `path` that nobody else has.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut unique = path.as_os_str().to_owned();
    unique.push(format!(".new-{}", hex::encode(&XNonce::generate()[..8])));
    PathBuf::from(unique)
}

fn fill(dir: &Path) -> Result<(), KeyringError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|source| io_error(dir, source))?;
    let private = SecretKey::generate(&mut OsRng);
    write_key(&dir.join(SEAL_PRIVATE), &Zeroizing::new(private.to_bytes()))?;
    write_key(&dir.join(SEAL_PUBLIC), private.public_key().as_bytes())?;
    for name in [LOOKUP, INBOX] {
        write_key(&dir.join(name), &Zeroizing::new(Key::generate().into()))?;
    }
    sync(dir)
}

/// Writes a file with one key; it must not exist.
pub(super) fn write_key(path: &Path, key: &[u8; KEY]) -> Result<(), KeyringError> {
    let text = Zeroizing::new(format!("1 {}\n", hex::encode(key)));
    let written = (|| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    })();
    written.map_err(|source| io_error(path, source))
}

pub(super) fn sync(dir: &Path) -> Result<(), KeyringError> {
    fs::File::open(dir).and_then(|file| file.sync_all()).map_err(|source| io_error(dir, source))
}

pub(super) fn io_error(path: &Path, source: io::Error) -> KeyringError {
    KeyringError::Io { path: path.to_owned(), source }
}
