//! DERP on the relay's side: frames read off a stream and built for it, and the box between two keys.
//! Written from the protocol, apart from the product's own code, so that each checks the other.

use std::fmt;
use std::io::{self, ErrorKind};

use crypto_box::aead::Aead as _;
use crypto_box::{PublicKey, SalsaBox, SecretKey};
use rustix::rand::{GetRandomFlags, getrandom};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _};

pub(super) const SERVER_KEY: u8 = 0x01;
pub(super) const CLIENT_INFO: u8 = 0x02;
pub(super) const SERVER_INFO: u8 = 0x03;
pub(super) const SEND_PACKET: u8 = 0x04;
pub(super) const RECV_PACKET: u8 = 0x05;
pub(super) const KEEP_ALIVE: u8 = 0x06;
pub(super) const NOTE_PREFERRED: u8 = 0x07;
pub(super) const PEER_GONE: u8 = 0x08;
pub(super) const PEER_PRESENT: u8 = 0x09;
pub(super) const FORWARD_PACKET: u8 = 0x0a;
pub(super) const WATCH_CONNS: u8 = 0x10;
pub(super) const CLOSE_PEER: u8 = 0x11;
pub(super) const PING: u8 = 0x12;
pub(super) const PONG: u8 = 0x13;

pub(super) const MAGIC: &[u8] = "DERP🔑".as_bytes();
pub(super) const MAX_PACKET: usize = 65_536;
pub(super) const MAX_CLIENT_INFO: usize = 262_144;
/// Longer frames of an unknown type end the connection rather than being skipped at leisure.
const MAX_SKIPPED: usize = 1_048_576;

/// A node's public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(pub [u8; 32]);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nodekey:{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A key pair of a relay or a device.
#[derive(Clone)]
pub struct Identity(SecretKey);

impl Identity {
    /// A new one.
    pub fn random() -> Self {
        Self::from_bytes(random())
    }

    /// The one with these private bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(SecretKey::from_bytes(bytes))
    }

    /// The one in derper's text form, `privkey:` and 64 hexadecimal digits.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.strip_prefix("privkey:")?, &mut bytes).ok()?;
        Some(Self::from_bytes(bytes))
    }

    /// The text form.
    pub fn to_text(&self) -> String {
        format!("privkey:{}", hex::encode(self.0.to_bytes()))
    }

    /// The public half.
    pub fn key(&self) -> Key {
        Key(self.0.public_key().to_bytes())
    }

    /// Nonce and box for `to`.
    pub(super) fn seal(&self, to: Key, plaintext: &[u8]) -> io::Result<Vec<u8>> {
        let nonce: [u8; 24] = random();
        let body = self
            .with(to)
            .encrypt(&nonce.into(), plaintext)
            .map_err(|_| io::Error::other("box does not close"))?;
        Ok([nonce.as_slice(), &body].concat())
    }

    /// What `from` sealed for us.
    pub(super) fn open(&self, from: Key, sealed: &[u8]) -> io::Result<Vec<u8>> {
        let (nonce, body) = sealed.split_first_chunk::<24>().ok_or_else(|| bad("short box"))?;
        self.with(from).decrypt(nonce.into(), body).map_err(|_| bad("box does not open"))
    }

    fn with(&self, other: Key) -> SalsaBox {
        SalsaBox::new(&PublicKey::from_bytes(other.0), &self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.key())
    }
}

/// Random bytes of the operating system, by its own call: a container FROM scratch may lack the file, and
/// a static binary finds no library to ask.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let len = getrandom(&mut bytes, GetRandomFlags::empty()).expect("the kernel has random bytes");
    assert_eq!(len, N, "a key's worth of random bytes comes at once");
    bytes
}

/// An error that says what the other side did wrong.
pub(super) fn bad(what: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.into())
}

/// A frame of the parts one after another.
pub(super) fn frame(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let len = parts.iter().map(|part| part.len()).sum::<usize>();
    let len = u32::try_from(len).expect("frames are short");
    let mut out = vec![kind];
    out.extend(len.to_be_bytes());
    for part in parts {
        out.extend(*part);
    }
    out
}

/// The type and the length of the next frame.
pub(super) async fn read_header(from: &mut (impl AsyncRead + Unpin)) -> io::Result<(u8, usize)> {
    let kind = from.read_u8().await?;
    let len = from.read_u32().await?;
    Ok((kind, usize::try_from(len).map_err(|_| bad("frame beyond memory"))?))
}

/// The payload, if its length is within bounds; nothing is allocated before that is known.
pub(super) async fn read_body(
    from: &mut (impl AsyncRead + Unpin),
    len: usize,
    bounds: std::ops::RangeInclusive<usize>,
) -> io::Result<Vec<u8>> {
    if !bounds.contains(&len) {
        return Err(bad(format!("frame of {len} bytes, allowed are {bounds:?}")));
    }
    let mut body = vec![0; len];
    from.read_exact(&mut body).await?;
    Ok(body)
}

/// Passes over a payload of an unknown type.
pub(super) async fn skip_body(from: &mut (impl AsyncBufRead + Unpin), mut len: usize) -> io::Result<()> {
    if len > MAX_SKIPPED {
        return Err(bad(format!("unknown frame of {len} bytes")));
    }
    while len > 0 {
        let there = from.fill_buf().await?.len();
        if there == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let taken = there.min(len);
        from.consume(taken);
        len -= taken;
    }
    Ok(())
}

/// The key a payload starts with, and the rest.
pub(super) fn split_key(body: &[u8]) -> io::Result<(Key, &[u8])> {
    let (key, rest) = body.split_first_chunk().ok_or_else(|| bad("payload without a key"))?;
    Ok((Key(*key), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_type_length_payload() {
        let bytes = frame(SERVER_KEY, &[MAGIC, &[7; 32]]);
        assert_eq!(hex::encode(&bytes[..13]), "010000002844455250f09f9491");
        assert_eq!(bytes.len(), 45);
    }

    #[test]
    fn only_the_receiver_opens_a_box() {
        let (a, b) = (Identity::random(), Identity::random());
        let sealed = a.seal(b.key(), b"x").unwrap();
        assert_eq!(b.open(a.key(), &sealed).unwrap(), b"x");
        assert!(a.open(a.key(), &sealed).is_err());
        assert!(b.open(a.key(), &sealed[..20]).is_err());
    }

    #[tokio::test]
    async fn bounds_are_checked_before_reading() {
        assert!(read_body(&mut [0_u8; 8].as_slice(), usize::MAX, 0..=8).await.is_err());
        assert!(skip_body(&mut [0_u8; 8].as_slice(), 9).await.is_err());
        assert!(skip_body(&mut [0_u8; 8].as_slice(), 8).await.is_ok());
    }
}
