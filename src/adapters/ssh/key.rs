//! The installation's own SSH key: one ed25519 pair, made at first start, kept in the keyring's folder.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use zeroize::Zeroizing;

use crate::clock::Random;

/// The file's name in the keyring's folder; a backup carries it along with the rest of the keyring.
pub const SSH_KEY_FILE: &str = "ssh.ed25519";
const COMMENT: &str = "derpshop";

/// Why the key could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file could not be read or written.
    #[error("SSH key: cannot use {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Others than its owner may read it.
    #[error("SSH key: {} has mode {mode:04o}, so others can get at the key; run: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits now.
        mode: u32,
    },
    /// The file isn't an unencrypted key in OpenSSH's format. Its content is not repeated.
    #[error("SSH key: {} is not an OpenSSH private key without passphrase", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// The key with which we log in on servers.
#[derive(Clone)]
pub struct InstallationKey {
    private: Arc<PrivateKey>,
}

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallationKey(…)")
    }
}

impl InstallationKey {
    /// Reads the key in `dir`, first making one if there is none. Two processes that start together end up with the
    /// same key.
    pub fn create_or_load(dir: &Path, random: &dyn Random) -> Result<Self, KeyError> {
        let path = dir.join(SSH_KEY_FILE);
        match fs::metadata(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(dir, &path, random)?,
            Err(source) => return Err(KeyError::Io { path, source }),
        }
        Self::load(dir)
    }

    /// Reads the key in `dir`.
    pub fn load(dir: &Path) -> Result<Self, KeyError> {
        let path = dir.join(SSH_KEY_FILE);
        let io = |source| KeyError::Io { path: path.clone(), source };
        let mode = fs::metadata(&path).map_err(io)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path, mode });
        }
        let text = Zeroizing::new(fs::read_to_string(&path).map_err(io)?);
        match PrivateKey::from_openssh(text.as_str()) {
            Ok(key) if !key.is_encrypted() => Ok(Self { private: Arc::new(key) }),
            Ok(_) | Err(_) => Err(KeyError::Malformed { path }),
        }
    }

    /// The line that lets us in, for `authorized_keys`.
    ///
    /// # Panics
    /// Never: a key in memory always has its public text.
    pub fn authorized_line(&self) -> String {
        self.private.public_key().to_openssh().expect("a public key in memory can be written")
    }

    pub(super) fn private(&self) -> Arc<PrivateKey> {
        Arc::clone(&self.private)
    }
}

fn create(dir: &Path, path: &Path, random: &dyn Random) -> Result<(), KeyError> {
    let mut seed = Zeroizing::new([0; 32]);
    random.fill(&mut *seed);
    let text = PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed)), COMMENT)
        .and_then(|key| key.to_openssh(LineEnding::LF))
        .map_err(|error| KeyError::Io { path: path.to_owned(), source: io::Error::other(error) })?;
    // Written whole under a name of its own, then linked: the link fails if another process was faster, whose key
    // then counts.
    let mut suffix = [0; 8];
    random.fill(&mut suffix);
    let draft = dir.join(format!("{SSH_KEY_FILE}.{}", hex::encode(suffix)));
    let io = |source| KeyError::Io { path: draft.clone(), source };
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(io)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    fs::remove_file(&draft).map_err(io)?;
    linked.map_err(io)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::clock::OsRandom;

    fn folder(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("derpshop-ssh-key-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).unwrap();
        dir
    }

    #[test]
    fn the_key_is_made_once_and_kept() {
        let dir = folder("once");
        let first = InstallationKey::create_or_load(&dir, &OsRandom).unwrap();
        let again = InstallationKey::create_or_load(&dir, &OsRandom).unwrap();
        assert_eq!(first.authorized_line(), again.authorized_line());
        assert!(first.authorized_line().starts_with("ssh-ed25519 AAAA"), "{}", first.authorized_line());
        assert!(first.authorized_line().ends_with(" derpshop"));
        let names: Vec<_> = fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, [SSH_KEY_FILE]);
        assert_eq!(fs::metadata(dir.join(SSH_KEY_FILE)).unwrap().mode() & 0o777, 0o600);
        assert_eq!(format!("{first:?}"), "InstallationKey(…)");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn many_starting_together_get_one_key() {
        let dir = folder("race");
        let lines: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| {
                    scope
                        .spawn(|| InstallationKey::create_or_load(&dir, &OsRandom).unwrap().authorized_line())
                })
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(lines.iter().all(|line| *line == lines[0]));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn an_open_or_broken_file_is_refused() {
        let dir = folder("broken");
        let path = dir.join(SSH_KEY_FILE);
        fs::write(&path, "-----BEGIN nonsense").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(InstallationKey::load(&dir), Err(KeyError::Exposed { mode: 0o640, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(InstallationKey::load(&dir), Err(KeyError::Malformed { .. })));
        fs::remove_dir_all(dir).unwrap();
    }
}
