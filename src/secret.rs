//! Secrets at rest: one key for each purpose, so that a process holds only what it needs.
//!
//! * [`LookupKey`] turns serials, codes and tokens into digests that can be looked up but not guessed offline.
//! * [`SealPublic`] seals for later; only [`SealPrivate`] opens (server secrets, certificates, serial texts).
//! * [`InboxKey`] seals and opens what passes through the update inbox.
//! * [`BackupKey`] seals whole backups, the other keys among them, and so has its place outside the keyring.
//!
//! Every sealed value is bound to a *row*, a text such as `serial_numbers:<digest>:code` naming table, row and
//! column. A value copied to another row doesn't open there, so write access to the database alone does not let
//! anyone swap secrets. The first byte of a sealed value is the id of the key that made it: a new key can be added
//! and old values still open.

mod backup;
mod keyring;
#[cfg(test)]
mod tests;

pub use backup::{BackupError, BackupKey, OpenReader, SealWriter};
pub use keyring::{KEYRING_FILES, Keyring, KeyringError, WebhookKeys};
pub use secrecy::{ExposeSecret, SecretString};

use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use crypto_box::aead::OsRng;
use crypto_box::{PublicKey, SecretKey};
use hmac::{Hmac, Mac};
use secrecy::SecretBox;
use sha2::Sha256;
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Length of every key, in bytes.
const KEY: usize = 32;
/// Length of an `XChaCha20` nonce, in bytes.
const NONCE: usize = 24;
/// Length of the row's length inside a sealed box, in bytes.
const LENGTH: usize = 8;

/// Why a sealed value did not open.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SecretError {
    /// Shorter than any sealed value, or its inner framing is broken.
    #[error("the sealed value is truncated")]
    Truncated,
    /// Made with a key that this keyring doesn't hold.
    #[error("the sealed value needs key {0}, which this keyring doesn't hold")]
    UnknownKey(u8),
    /// Authentication failed: another key under the same id, altered bytes, or (inbox) another row.
    #[error("the sealed value was made with another key or was altered")]
    Refused,
    /// Opened, but it belongs to another row.
    #[error("the sealed value belongs to another row")]
    WrongRow,
}

/// Compares two secrets in constant time (for equal lengths; the length itself is not secret).
pub fn eq(a: impl AsRef<[u8]>, b: impl AsRef<[u8]>) -> bool {
    a.as_ref().ct_eq(b.as_ref()).into()
}

/// The `lookup` pepper: keyed digests for values that are searched by equality.
pub struct LookupKey {
    key: SecretBox<[u8; KEY]>,
}

impl LookupKey {
    /// HMAC-SHA256 of `data` under this key. Digests of different purposes never meet: the purpose and its length
    /// go in first.
    pub fn digest(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        // HMAC pads a short key with zeros to the hash's block; doing it here leaves nothing that can fail.
        let mut block = Zeroizing::new([0; 64]);
        block[..KEY].copy_from_slice(self.key.expose_secret());
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new((&*block).into());
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(data);
        mac.finalize().into_bytes().into()
    }

    /// A name for this keyring that gives nothing away: equal for two processes exactly if they share it.
    pub fn fingerprint(&self) -> String {
        hex::encode(&self.digest("keyring fingerprint", b"")[..16])
    }
}

/// The public half of `seal`: whoever holds it can store secrets that it can't read back.
#[derive(Clone)]
pub struct SealPublic {
    id: u8,
    key: PublicKey,
}

impl SealPublic {
    /// Seals `plain` for `row`. Layout: key id, then a `NaCl` sealed box over row length (8 bytes, big-endian), row,
    /// plain.
    ///
    /// # Panics
    /// Never for a value that fits in memory: the cipher's limit is 256 GiB.
    pub fn seal(&self, row: &str, plain: &[u8]) -> Vec<u8> {
        let mut inner = Zeroizing::new(Vec::with_capacity(LENGTH + row.len() + plain.len()));
        inner.extend_from_slice(&(row.len() as u64).to_be_bytes());
        inner.extend_from_slice(row.as_bytes());
        inner.extend_from_slice(plain);
        let sealed = self.key.seal(&mut OsRng, &inner).expect("the value is under 256 GiB");
        let mut out = Vec::with_capacity(1 + sealed.len());
        out.push(self.id);
        out.extend_from_slice(&sealed);
        out
    }

    /// The public key itself, for comparing installations; it is no secret.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }
}

/// The private half of `seal`, with every older private key still in the file.
pub struct SealPrivate {
    keys: BTreeMap<u8, SecretKey>,
}

impl SealPrivate {
    /// Opens what [`SealPublic::seal`] made for the same `row`.
    pub fn open(&self, row: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let (id, boxed) = sealed.split_first().ok_or(SecretError::Truncated)?;
        let key = self.keys.get(id).ok_or(SecretError::UnknownKey(*id))?;
        if boxed.len() < crypto_box::SEALBYTES {
            return Err(SecretError::Truncated);
        }
        let inner = Zeroizing::new(key.unseal(boxed).map_err(|_| SecretError::Refused)?);
        let (length, rest) = inner.split_first_chunk::<LENGTH>().ok_or(SecretError::Truncated)?;
        let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| SecretError::Truncated)?;
        let (owner, plain) = rest.split_at_checked(length).ok_or(SecretError::Truncated)?;
        if owner != row.as_bytes() {
            return Err(SecretError::WrongRow);
        }
        Ok(Zeroizing::new(plain.to_vec()))
    }
}

/// The `inbox` key: symmetric, for values that the webhook stores and the bot reads soon after.
pub struct InboxKey {
    current: (u8, SecretBox<[u8; KEY]>),
    older: BTreeMap<u8, SecretBox<[u8; KEY]>>,
}

impl InboxKey {
    /// Seals `plain` for `row`. Layout: key id, 24-byte nonce, `XChaCha20-Poly1305` text whose associated data is the
    /// key id and the row.
    ///
    /// # Panics
    /// Never for a value that fits in memory: the cipher's limit is 256 GiB.
    pub fn seal(&self, row: &str, plain: &[u8]) -> Vec<u8> {
        let (id, key) = &self.current;
        let nonce = XNonce::generate();
        let sealed = cipher(key)
            .encrypt(&nonce, Payload { msg: plain, aad: &associated(*id, row) })
            .expect("the value is under 256 GiB");
        let mut out = Vec::with_capacity(1 + NONCE + sealed.len());
        out.push(*id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        out
    }

    /// Opens what [`InboxKey::seal`] made for the same `row`; another row is [`SecretError::Refused`] here.
    pub fn open(&self, row: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let (id, rest) = sealed.split_first().ok_or(SecretError::Truncated)?;
        let (current, key) = &self.current;
        let key = if id == current { key } else { self.older.get(id).ok_or(SecretError::UnknownKey(*id))? };
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or(SecretError::Truncated)?;
        let plain = cipher(key)
            .decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: &associated(*id, row) })
            .map_err(|_| SecretError::Refused)?;
        Ok(Zeroizing::new(plain))
    }
}

fn cipher(key: &SecretBox<[u8; KEY]>) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose_secret().into())
}

fn associated(id: u8, row: &str) -> Vec<u8> {
    let mut aad = Vec::with_capacity(1 + row.len());
    aad.push(id);
    aad.extend_from_slice(row.as_bytes());
    aad
}

/// Prints the type's name alone, so that no log line can carry a key.
macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )*};
}
redacted!(LookupKey, SealPublic, SealPrivate, InboxKey, BackupKey);
