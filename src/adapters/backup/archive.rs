//! Entries in a stream whose lengths are not known beforehand.
//!
//! An entry is a byte with the length of its name, the name, blocks (four bytes of length, big-endian, and that many
//! bytes) and an empty block. A name of length zero ends the archive.

use crate::secret::BackupError;
use std::io::{self, Read, Write};

const BLOCK: usize = 64 * 1024;

/// Writes entries.
pub(super) struct Writer<W> {
    inner: W,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner }
    }

    /// Writes one entry with all that `content` gives; returns its length.
    pub(super) fn entry(&mut self, name: &str, mut content: impl Read) -> io::Result<u64> {
        let length = u8::try_from(name.len()).map_err(io::Error::other)?;
        self.inner.write_all(&[length])?;
        self.inner.write_all(name.as_bytes())?;
        let mut block = vec![0; BLOCK];
        let mut written = 0;
        loop {
            let length = content.read(&mut block)?;
            self.inner.write_all(&u32::try_from(length).map_err(io::Error::other)?.to_be_bytes())?;
            self.inner.write_all(&block[..length])?;
            written += length as u64;
            if length == 0 {
                return Ok(written);
            }
        }
    }

    /// Ends the archive.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.inner.write_all(&[0])?;
        Ok(self.inner)
    }
}

/// Reads entries.
pub(super) struct Reader<R> {
    inner: R,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner }
    }

    /// The next entry's name and content, which has to be read to its end; none at the archive's end, behind which
    /// nothing may follow.
    pub(super) fn next(&mut self) -> io::Result<Option<(String, Entry<'_, R>)>> {
        let mut length = [0];
        self.inner.read_exact(&mut length).map_err(damaged)?;
        if length == [0] {
            return match self.inner.read(&mut length)? {
                0 => Ok(None),
                _ => Err(io::Error::other(BackupError::Damaged)),
            };
        }
        let mut name = vec![0; length[0].into()];
        self.inner.read_exact(&mut name).map_err(damaged)?;
        let name = String::from_utf8(name).map_err(|_| io::Error::other(BackupError::Damaged))?;
        Ok(Some((name, Entry { inner: &mut self.inner, left: 0, ended: false })))
    }
}

/// The content of one entry.
pub(super) struct Entry<'a, R> {
    inner: &'a mut R,
    /// What is left of the block in hand.
    left: usize,
    ended: bool,
}

impl<R: Read> Entry<'_, R> {
    /// All of it, if it is no longer than `limit`.
    pub(super) fn read_small(self, limit: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let mut limited = self.take(limit + 1);
        limited.read_to_end(&mut content)?;
        if content.len() as u64 > limit { Err(io::Error::other(BackupError::Damaged)) } else { Ok(content) }
    }
}

impl<R: Read> Read for Entry<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !self.ended {
            let mut length = [0; 4];
            self.inner.read_exact(&mut length).map_err(damaged)?;
            self.left = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            if self.left > BLOCK {
                return Err(io::Error::other(BackupError::Damaged));
            }
            self.ended = self.left == 0;
        }
        let wanted = into.len().min(self.left);
        let read = self.inner.read(&mut into[..wanted])?;
        if read == 0 && wanted > 0 {
            return Err(io::Error::other(BackupError::Damaged));
        }
        self.left -= read;
        Ok(read)
    }
}

fn damaged(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { io::Error::other(BackupError::Damaged) } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        writer.entry("small", &b"abc"[..]).unwrap();
        writer.entry("empty", io::empty()).unwrap();
        assert_eq!(writer.entry("large", io::repeat(7).take(200_000)).unwrap(), 200_000);
        writer.finish().unwrap()
    }

    fn names(bytes: &[u8]) -> io::Result<Vec<(String, usize)>> {
        let mut reader = Reader::new(bytes);
        let mut found = Vec::new();
        while let Some((name, mut entry)) = reader.next()? {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            found.push((name, content.len()));
        }
        Ok(found)
    }

    #[test]
    fn entries_come_back_in_order() {
        let found = names(&archive()).unwrap();
        assert_eq!(found, [("small".into(), 3), ("empty".into(), 0), ("large".into(), 200_000)]);
    }

    #[test]
    fn a_cut_or_longer_archive_is_damaged() {
        let whole = archive();
        for length in [0, 1, 5, 6, 9, 12, whole.len() - 5, whole.len() - 1] {
            let error = names(&whole[..length]).unwrap_err();
            assert_eq!(BackupError::of(&error), Some(BackupError::Damaged), "{length}");
        }
        let longer = [&whole[..], b"x"].concat();
        assert!(names(&longer).is_err());
        assert!(names(b"\x01a\xff\xff\xff\xff").is_err(), "no block is that long");
    }

    #[test]
    fn a_small_entry_has_a_limit() {
        let bytes = archive();
        let mut reader = Reader::new(&bytes[..]);
        assert_eq!(reader.next().unwrap().unwrap().1.read_small(3).unwrap(), b"abc");
        let mut reader = Reader::new(&bytes[..]);
        assert!(reader.next().unwrap().unwrap().1.read_small(2).is_err());
    }
}
