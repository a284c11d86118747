//! Sealed streams: a backup of any size, sealed and opened with bounded memory.
//!
//! A file is a header (16 bytes that name the format, its version, 8 bytes that name the key, a 19-byte nonce) and
//! chunks of 64 KiB, each with a 16-byte tag, in the STREAM construction over `XChaCha20-Poly1305`: the nonce holds
//! the chunk's number and whether it is the last, and the header is associated data of each. So a chunk that is
//! altered, missing, added or out of order, or an end that is cut off, does not open.

use super::keyring::{self, KeyringError, NumberedKey};
use super::{KEY, eq};
use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use chacha20poly1305::aead::{Generate, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

const MAGIC: [u8; 16] = *b"derpshop backup\n";
const VERSION: u8 = 1;
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
const NAME: usize = 8;
const PREFIX: usize = 19;
const HEADER: usize = MAGIC.len() + 1 + NAME + PREFIX;

type Stream = StreamBE32<XChaCha20Poly1305>;

/// Why a sealed stream did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// It doesn't begin like one of ours.
    #[error("this is no backup of derpshop")]
    Foreign,
    /// A later derpshop made it.
    #[error("this backup has format {0}, which this derpshop does not know; use a newer one")]
    Newer(u8),
    /// None of our keys made it.
    #[error("this backup was made with another key: use the key file of the installation that made it")]
    OtherKey,
    /// It was altered or cut off.
    #[error("this backup is damaged or incomplete")]
    Damaged,
}

impl BackupError {
    /// The error that an [`OpenReader`] gave, if `error` is one.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// The key of backups: the last of its file makes them, and each opens its own.
pub struct BackupKey {
    keys: Vec<SecretBox<[u8; KEY]>>,
}

impl BackupKey {
    /// Reads the file at `path`, first making one with a new key if there is none.
    pub fn create_or_load(path: &Path) -> Result<Self, KeyringError> {
        if !path.exists() {
            let fresh = keyring::beside(path);
            keyring::write_key(&fresh, &Zeroizing::new(Key::generate().into()))?;
            // A link doesn't replace: whoever was first has made the key.
            let linked = match std::fs::hard_link(&fresh, path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                linked => linked.map_err(|source| keyring::io_error(path, source)),
            };
            std::fs::remove_file(&fresh).map_err(|source| keyring::io_error(&fresh, source))?;
            linked?;
            keyring::sync(keyring::folder_of(path))?;
        }
        Self::load(path)
    }

    /// Reads the file at `path`.
    pub fn load(path: &Path) -> Result<Self, KeyringError> {
        let keys = keyring::read_keys(path)?;
        if keys.is_empty() {
            return Err(KeyringError::Malformed { path: path.to_owned(), line: 0 });
        }
        let boxed = |(_, key): NumberedKey| SecretBox::new(Box::new(*key));
        Ok(Self { keys: keys.into_iter().map(boxed).collect() })
    }

    /// Begins a sealed stream into `inner`. It is complete only after [`SealWriter::finish`].
    pub fn seal<W: Write>(&self, mut inner: W) -> io::Result<SealWriter<W>> {
        let key = self.keys.last().ok_or_else(|| io::Error::other(BackupError::OtherKey))?.expose_secret();
        let nonce = XNonce::generate();
        let prefix = &nonce[..PREFIX];
        let header = [&MAGIC[..], &[VERSION], &name(key), prefix].concat();
        inner.write_all(&header)?;
        let buffer = Zeroizing::new(Vec::with_capacity(CHUNK));
        Ok(SealWriter { inner, stream: stream(key, prefix)?, header, position: 0, buffer })
    }

    /// Begins to open a sealed stream. What can be read was sealed with one of our keys; only the end of the reading
    /// without an error says that it is whole.
    pub fn open<R: Read>(&self, inner: R) -> io::Result<OpenReader<R>> {
        let mut inner = io::BufReader::with_capacity(CHUNK + TAG, inner);
        let mut header = vec![0; HEADER];
        inner.read_exact(&mut header).map_err(|e| cut_off(e, BackupError::Foreign))?;
        let (magic, rest) = header.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(io::Error::other(BackupError::Foreign));
        }
        if rest[0] != VERSION {
            return Err(io::Error::other(BackupError::Newer(rest[0])));
        }
        let (named, prefix) = rest[1..].split_at(NAME);
        let key = self.keys.iter().find(|key| eq(name(key.expose_secret()), named));
        let key = key.ok_or_else(|| io::Error::other(BackupError::OtherKey))?.expose_secret();
        let stream = stream(key, prefix)?;
        Ok(OpenReader { inner, stream, header, position: Some(0), plain: Zeroizing::default(), read: 0 })
    }
}

/// A short name of a key that gives nothing of it away.
fn name(key: &[u8; KEY]) -> [u8; NAME] {
    let mut block = Zeroizing::new([0; 64]);
    block[..KEY].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    mac.update(b"name of a backup key");
    let mut name = [0; NAME];
    name.copy_from_slice(&mac.finalize().into_bytes()[..NAME]);
    name
}

fn stream(key: &[u8; KEY], prefix: &[u8]) -> io::Result<Stream> {
    let prefix = prefix.try_into().map_err(io::Error::other)?;
    Ok(Stream::from_aead(XChaCha20Poly1305::new(key.into()), prefix))
}

fn cut_off(error: io::Error, meaning: BackupError) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { io::Error::other(meaning) } else { error }
}

/// Seals what is written to it.
pub struct SealWriter<W> {
    inner: W,
    stream: Stream,
    header: Vec<u8>,
    position: u32,
    buffer: Zeroizing<Vec<u8>>,
}

impl<W: Write> SealWriter<W> {
    /// Writes the last chunk and gives back what was written into.
    pub fn finish(mut self) -> io::Result<W> {
        self.put(true)?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn put(&mut self, last: bool) -> io::Result<()> {
        let payload = Payload { msg: &self.buffer, aad: &self.header };
        let sealed = self.stream.encrypt(self.position, last, payload);
        let sealed = sealed.map_err(|_| io::Error::other("a chunk cannot be sealed"))?;
        self.inner.write_all(&sealed)?;
        // 2^32 chunks are 256 TiB.
        self.position =
            self.position.checked_add(1).ok_or_else(|| io::Error::other("the backup is too long"))?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write> Write for SealWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for more, since it may be the last.
        if self.buffer.len() == CHUNK && !bytes.is_empty() {
            self.put(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Opens what it reads.
pub struct OpenReader<R> {
    inner: io::BufReader<R>,
    stream: Stream,
    header: Vec<u8>,
    /// Number of the next chunk; none after the last.
    position: Option<u32>,
    plain: Zeroizing<Vec<u8>>,
    read: usize,
}

impl<R: Read> OpenReader<R> {
    fn get(&mut self, position: u32) -> io::Result<()> {
        let mut sealed = Vec::with_capacity(CHUNK + TAG);
        (&mut self.inner).take((CHUNK + TAG) as u64).read_to_end(&mut sealed)?;
        let last = self.inner.fill_buf()?.is_empty();
        let payload = Payload { msg: &sealed, aad: &self.header };
        let opened = self.stream.decrypt(position, last, payload);
        self.plain = Zeroizing::new(opened.map_err(|_| io::Error::other(BackupError::Damaged))?);
        self.read = 0;
        self.position = position.checked_add(1).filter(|_| !last);
        Ok(())
    }
}

impl<R: Read> Read for OpenReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.read == self.plain.len() {
            let Some(position) = self.position else { return Ok(0) };
            self.get(position)?;
        }
        let taken = into.len().min(self.plain.len() - self.read);
        into[..taken].copy_from_slice(&self.plain[self.read..self.read + taken]);
        self.read += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> BackupKey {
        BackupKey { keys: vec![SecretBox::new(Box::new([byte; KEY]))] }
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut writer = key(1).seal(Vec::new()).unwrap();
        writer.write_all(plain).unwrap();
        writer.finish().unwrap()
    }

    fn opened(sealed: &[u8], key: &BackupKey) -> Result<Vec<u8>, BackupError> {
        let mut plain = Vec::new();
        let read = key.open(sealed).and_then(|mut reader| reader.read_to_end(&mut plain));
        read.map(|_| plain).map_err(|e| BackupError::of(&e).unwrap())
    }

    #[test]
    fn every_length_around_a_chunk_comes_back() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7] {
            let plain: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
            assert_eq!(opened(&sealed(&plain), &key(1)), Ok(plain), "{length}");
        }
    }

    #[test]
    fn another_key_a_foreign_file_and_a_newer_format_are_told_apart() {
        let mut file = sealed(b"x");
        assert_eq!(opened(&file, &key(2)), Err(BackupError::OtherKey));
        assert_eq!(opened(b"PGDMP", &key(1)), Err(BackupError::Foreign));
        assert_eq!(opened(&[b'x'; 100], &key(1)), Err(BackupError::Foreign));
        file[MAGIC.len()] = 2;
        assert_eq!(opened(&file, &key(1)), Err(BackupError::Newer(2)));
        let both =
            BackupKey { keys: vec![SecretBox::new(Box::new([1; KEY])), SecretBox::new(Box::new([2; KEY]))] };
        assert_eq!(opened(&sealed(b"x"), &both), Ok(b"x".to_vec()), "an older key still opens");
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let file = sealed(&vec![7; 2 * CHUNK + 5]);
        let chunk = CHUNK + TAG;
        for length in [0, 10, HEADER - 1] {
            assert_eq!(opened(&file[..length], &key(1)), Err(BackupError::Foreign), "{length}");
        }
        let rest =
            [HEADER, HEADER + 1, HEADER + chunk, HEADER + chunk + 1, HEADER + 2 * chunk, file.len() - 1];
        for length in rest {
            assert_eq!(opened(&file[..length], &key(1)), Err(BackupError::Damaged), "{length}");
        }
    }

    #[test]
    fn chunks_that_are_swapped_repeated_or_added_are_refused() {
        let file = sealed(&vec![7; 3 * CHUNK]);
        let chunk = |n: usize| &file[HEADER + n * (CHUNK + TAG)..][..CHUNK + TAG];
        let head = &file[..HEADER];
        for parts in [
            vec![head, chunk(1), chunk(0), chunk(2)],
            vec![head, chunk(0), chunk(0), chunk(1), chunk(2)],
            vec![head, chunk(0), chunk(1), chunk(2), b"more"],
            vec![head, chunk(0), chunk(1), chunk(2), chunk(2)],
            vec![head, chunk(2)],
        ] {
            assert_eq!(opened(&parts.concat(), &key(1)), Err(BackupError::Damaged));
        }
    }

    #[test]
    fn an_altered_byte_is_refused_wherever_it_stands() {
        let file = sealed(&[7; 50]);
        for at in 0..file.len() {
            let mut bad = file.clone();
            bad[at] ^= 1;
            assert!(opened(&bad, &key(1)).is_err(), "byte {at}");
        }
        let mut file = sealed(&vec![7; CHUNK + 50]);
        *file.last_mut().unwrap() ^= 1;
        assert_eq!(opened(&file, &key(1)), Err(BackupError::Damaged), "in a later chunk");
    }

    #[test]
    fn the_key_file_is_made_once_and_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("derpshop-backup-key-{}", std::process::id()));
        let made = BackupKey::create_or_load(&path).unwrap();
        let again = BackupKey::create_or_load(&path).unwrap();
        let file = made.seal(Vec::new()).unwrap().finish().unwrap();
        assert_eq!(opened(&file, &again), Ok(Vec::new()));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(BackupKey::load(&path), Err(KeyringError::Exposed { .. })));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(BackupKey::load(&path), Err(KeyringError::Missing { .. })));
    }
}
