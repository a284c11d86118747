//! DERP frames: one type byte, a 32-bit big-endian length, a payload.
//!
//! Decoding is bounded twice: each type has a limit on its length, checked before a byte of the
//! payload is waited for, and no input makes it panic.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use super::key::{BOX_OVERHEAD, NodeKey};

/// Bytes before the payload.
pub const HEADER_LEN: usize = 5;
/// The most a packet between two clients may carry, in bytes.
pub const MAX_PACKET: usize = 64 << 10;
/// The longest payload of a type we do not know, in bytes; it is skipped.
pub const MAX_UNKNOWN: usize = 1 << 20;
/// The longest `ClientInfo` a relay reads, in bytes.
pub const MAX_CLIENT_INFO: usize = 256 << 10;
/// The longest `ServerInfo` we read, in bytes; real ones are under 200.
pub const MAX_SERVER_INFO: usize = 16 << 10;
/// The longest health text we read, in bytes.
pub const MAX_HEALTH: usize = 16 << 10;

/// What `ServerKey` starts with: "DERP" and a key glyph.
pub const MAGIC: [u8; 8] = [0x44, 0x45, 0x52, 0x50, 0xf0, 0x9f, 0x94, 0x91];

const KEY_LEN: usize = 32;
const PING_LEN: usize = 8;

/// What a relay and its clients say to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// 0x01, the relay's first word: its public key.
    ServerKey(NodeKey),
    /// 0x02: who the client is, and a box for the relay with [`super::handshake::ClientInfo`].
    ClientInfo {
        /// The client's public key.
        key: NodeKey,
        /// Nonce, tag and ciphertext.
        sealed: Bytes,
    },
    /// 0x03, the relay's acceptance: a box for the client with [`super::handshake::ServerInfo`].
    ServerInfo {
        /// Nonce, tag and ciphertext.
        sealed: Bytes,
    },
    /// 0x04: a packet to be relayed.
    SendPacket {
        /// Whom it is for.
        to: NodeKey,
        /// At most [`MAX_PACKET`] bytes.
        data: Bytes,
    },
    /// 0x05: a packet that was relayed.
    RecvPacket {
        /// Who sent it.
        from: NodeKey,
        /// At most [`MAX_PACKET`] bytes.
        data: Bytes,
    },
    /// 0x06: sent by a relay about once a minute.
    KeepAlive,
    /// 0x07: whether the client calls this relay its home.
    NotePreferred(bool),
    /// 0x08: a peer that is not (or no longer) connected.
    PeerGone {
        /// The peer.
        key: NodeKey,
        /// Why it is not there.
        reason: GoneReason,
    },
    /// 0x09, to mesh watchers: a peer that is connected.
    PeerPresent {
        /// The peer.
        key: NodeKey,
        /// Its address as the relay sees it, if the relay knows.
        address: Option<SocketAddr>,
        /// 1 regular, 2 mesh, 4 prober, 8 not ideal; 0 from relays that do not say.
        flags: u8,
    },
    /// 0x0a, from mesh peers: a packet on behalf of another relay's client.
    ForwardPacket {
        /// Who sent it.
        from: NodeKey,
        /// Whom it is for.
        to: NodeKey,
        /// At most [`MAX_PACKET`] bytes.
        data: Bytes,
    },
    /// 0x10, mesh key only: tell me who is connected, now and from now on.
    WatchConns,
    /// 0x11, mesh key only: close the connection of a client.
    ClosePeer(NodeKey),
    /// 0x12: to be answered with the same bytes in a pong.
    Ping([u8; PING_LEN]),
    /// 0x13: the answer to a ping.
    Pong([u8; PING_LEN]),
    /// 0x14: a problem of this connection in words; empty means none any more.
    Health(String),
    /// 0x15: the relay is about to restart.
    Restarting {
        /// Milliseconds to wait before reconnecting.
        reconnect_in_ms: u32,
        /// Milliseconds to keep trying.
        try_for_ms: u32,
    },
    /// A type of a later protocol: to be skipped.
    Unknown(u8),
}

/// Why a peer is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoneReason {
    /// 0x00: it was connected and left.
    Disconnected,
    /// 0x01: the relay does not know it.
    NotHere,
    /// A reason of a later protocol.
    Other(u8),
}

impl GoneReason {
    const fn code(self) -> u8 {
        match self {
            Self::Disconnected => 0,
            Self::NotHere => 1,
            Self::Other(code) => code,
        }
    }

    const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Disconnected,
            1 => Self::NotHere,
            other => Self::Other(other),
        }
    }
}

/// Bytes that are no DERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length is none that this type of frame may have.
    #[error("frame type {kind:#04x} cannot be {len} bytes long")]
    Length {
        /// The type byte.
        kind: u8,
        /// The length its header claims.
        len: usize,
    },
    /// A server key without the protocol's magic.
    #[error("server key lacks the protocol's magic")]
    Magic,
    /// A health text that is no UTF-8.
    #[error("health text is not UTF-8")]
    Text,
}

/// The lengths a frame of type `kind` may have.
const fn bounds(kind: u8) -> (usize, usize) {
    match kind {
        0x01 => (MAGIC.len() + KEY_LEN, 1024),
        0x02 => (KEY_LEN + BOX_OVERHEAD, MAX_CLIENT_INFO),
        0x03 => (BOX_OVERHEAD, MAX_SERVER_INFO),
        0x04 | 0x05 => (KEY_LEN, KEY_LEN + MAX_PACKET),
        0x0a => (2 * KEY_LEN, 2 * KEY_LEN + MAX_PACKET),
        0x06 | 0x10 => (0, 1024),
        0x07 => (1, 1024),
        0x08 | 0x09 | 0x11 => (KEY_LEN, 1024),
        0x12 | 0x13 => (PING_LEN, 1000),
        0x14 => (0, MAX_HEALTH),
        0x15 => (8, 1024),
        _ => (0, MAX_UNKNOWN),
    }
}

/// Takes the first whole frame off `input`. `None` means that more bytes are needed; at most
/// [`HEADER_LEN`] and the limit of the type need ever be collected for one frame.
pub fn decode(input: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    let Some(&[kind, a, b, c, d]) = input.first_chunk::<HEADER_LEN>() else { return Ok(None) };
    let wrong = |len| FrameError::Length { kind, len };
    let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(|_| wrong(usize::MAX))?;
    let (least, most) = bounds(kind);
    if len < least || len > most {
        return Err(wrong(len));
    }
    if input.len() - HEADER_LEN < len {
        return Ok(None);
    }
    input.advance(HEADER_LEN);
    payload(kind, input.split_to(len).freeze()).map(Some)
}

/// Reads a payload whose length is within the bounds of its type; surplus bytes at the end of a
/// fixed-size payload belong to later versions of the protocol and are ignored, as derper does.
fn payload(kind: u8, mut body: Bytes) -> Result<Frame, FrameError> {
    let body = &mut body;
    Ok(match kind {
        0x01 => {
            if take(kind, body)? != MAGIC {
                return Err(FrameError::Magic);
            }
            Frame::ServerKey(key(kind, body)?)
        }
        0x02 => Frame::ClientInfo { key: key(kind, body)?, sealed: body.split_off(0) },
        0x03 => Frame::ServerInfo { sealed: body.split_off(0) },
        0x04 => Frame::SendPacket { to: key(kind, body)?, data: body.split_off(0) },
        0x05 => Frame::RecvPacket { from: key(kind, body)?, data: body.split_off(0) },
        0x06 => Frame::KeepAlive,
        0x07 => Frame::NotePreferred(body.first() == Some(&1)),
        0x08 => Frame::PeerGone {
            key: key(kind, body)?,
            reason: GoneReason::from_code(body.try_get_u8().unwrap_or(0)),
        },
        0x09 => Frame::PeerPresent {
            key: key(kind, body)?,
            address: address(body),
            flags: body.try_get_u8().unwrap_or(0),
        },
        0x0a => {
            Frame::ForwardPacket { from: key(kind, body)?, to: key(kind, body)?, data: body.split_off(0) }
        }
        0x10 => Frame::WatchConns,
        0x11 => Frame::ClosePeer(key(kind, body)?),
        0x12 => Frame::Ping(take(kind, body)?),
        0x13 => Frame::Pong(take(kind, body)?),
        0x14 => Frame::Health(String::from_utf8(body.to_vec()).map_err(|_| FrameError::Text)?),
        0x15 => Frame::Restarting {
            reconnect_in_ms: u32::from_be_bytes(take(kind, body)?),
            try_for_ms: u32::from_be_bytes(take(kind, body)?),
        },
        other => Frame::Unknown(other),
    })
}

fn take<const N: usize>(kind: u8, body: &mut Bytes) -> Result<[u8; N], FrameError> {
    let mut taken = [0; N];
    let len = body.len();
    body.try_copy_to_slice(&mut taken).map_err(|_| FrameError::Length { kind, len })?;
    Ok(taken)
}

fn key(kind: u8, body: &mut Bytes) -> Result<NodeKey, FrameError> {
    take(kind, body).map(NodeKey::from_bytes)
}

/// The address in a peer's presence: 16 bytes of IPv6 (IPv4 mapped) and a port; zeros are "unknown".
fn address(body: &mut Bytes) -> Option<SocketAddr> {
    if body.len() < 18 {
        return None;
    }
    let ip = Ipv6Addr::from_bits(body.get_u128());
    let port = body.get_u16();
    (!ip.is_unspecified()).then(|| SocketAddr::new(ip.to_canonical(), port))
}

impl Frame {
    /// Appends the frame to `out`; a payload longer than its type may be leaves `out` as it was.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), FrameError> {
        let start = out.len();
        out.put_bytes(0, HEADER_LEN);
        let kind = self.put_payload(out);
        let len = out.len() - start - HEADER_LEN;
        let Some(len) = u32::try_from(len).ok().filter(|_| len <= bounds(kind).1) else {
            out.truncate(start);
            return Err(FrameError::Length { kind, len });
        };
        out[start] = kind;
        out[start + 1..start + HEADER_LEN].copy_from_slice(&len.to_be_bytes());
        Ok(())
    }

    /// The frame alone.
    pub fn to_bytes(&self) -> Result<Bytes, FrameError> {
        let mut out = BytesMut::new();
        self.encode(&mut out)?;
        Ok(out.freeze())
    }

    /// The type's name in Tailscale's own words, for errors and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ServerKey(_) => "ServerKey",
            Self::ClientInfo { .. } => "ClientInfo",
            Self::ServerInfo { .. } => "ServerInfo",
            Self::SendPacket { .. } => "SendPacket",
            Self::RecvPacket { .. } => "RecvPacket",
            Self::KeepAlive => "KeepAlive",
            Self::NotePreferred(_) => "NotePreferred",
            Self::PeerGone { .. } => "PeerGone",
            Self::PeerPresent { .. } => "PeerPresent",
            Self::ForwardPacket { .. } => "ForwardPacket",
            Self::WatchConns => "WatchConns",
            Self::ClosePeer(_) => "ClosePeer",
            Self::Ping(_) => "Ping",
            Self::Pong(_) => "Pong",
            Self::Health(_) => "Health",
            Self::Restarting { .. } => "Restarting",
            Self::Unknown(_) => "Unknown",
        }
    }

    fn put_payload(&self, out: &mut BytesMut) -> u8 {
        match self {
            Self::ServerKey(key) => {
                out.put_slice(&MAGIC);
                out.put_slice(key.as_bytes());
                0x01
            }
            Self::ClientInfo { key, sealed } => {
                out.put_slice(key.as_bytes());
                out.put_slice(sealed);
                0x02
            }
            Self::ServerInfo { sealed } => {
                out.put_slice(sealed);
                0x03
            }
            Self::SendPacket { to: key, data } => {
                out.put_slice(key.as_bytes());
                out.put_slice(data);
                0x04
            }
            Self::RecvPacket { from: key, data } => {
                out.put_slice(key.as_bytes());
                out.put_slice(data);
                0x05
            }
            Self::KeepAlive => 0x06,
            Self::NotePreferred(home) => {
                out.put_u8(u8::from(*home));
                0x07
            }
            Self::PeerGone { key, reason } => {
                out.put_slice(key.as_bytes());
                out.put_u8(reason.code());
                0x08
            }
            Self::PeerPresent { key, address, flags } => {
                out.put_slice(key.as_bytes());
                put_address(*address, out);
                out.put_u8(*flags);
                0x09
            }
            Self::ForwardPacket { from, to, data } => {
                out.put_slice(from.as_bytes());
                out.put_slice(to.as_bytes());
                out.put_slice(data);
                0x0a
            }
            Self::WatchConns => 0x10,
            Self::ClosePeer(key) => {
                out.put_slice(key.as_bytes());
                0x11
            }
            Self::Ping(data) => {
                out.put_slice(data);
                0x12
            }
            Self::Pong(data) => {
                out.put_slice(data);
                0x13
            }
            Self::Health(text) => {
                out.put_slice(text.as_bytes());
                0x14
            }
            Self::Restarting { reconnect_in_ms, try_for_ms } => {
                out.put_u32(*reconnect_in_ms);
                out.put_u32(*try_for_ms);
                0x15
            }
            Self::Unknown(kind) => *kind,
        }
    }
}

fn put_address(address: Option<SocketAddr>, out: &mut BytesMut) {
    let ip = match address.map(|a| a.ip()) {
        Some(IpAddr::V4(ip)) => ip.to_ipv6_mapped(),
        Some(IpAddr::V6(ip)) => ip,
        None => Ipv6Addr::UNSPECIFIED,
    };
    out.put_slice(&ip.octets());
    out.put_u16(address.map_or(0, |a| a.port()));
}

#[cfg(test)]
mod tests;
