use proptest::prelude::*;

use super::*;

const KEY: NodeKey = NodeKey::from_bytes([0xab; 32]);
const OTHER: NodeKey = NodeKey::from_bytes([0xcd; 32]);

fn decode_all(bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
    decode(&mut BytesMut::from(bytes))
}

/// Each frame and its bytes as the protocol lays them out.
fn wire() -> Vec<(Frame, Vec<u8>)> {
    let (k, o) = ([0xab; 32].as_slice(), [0xcd; 32].as_slice());
    let sealed = [0x5e; BOX_OVERHEAD].as_slice();
    let row = |frame, head: [u8; 5], parts: &[&[u8]]| (frame, [head.as_slice(), &parts.concat()].concat());
    let data = Bytes::from_static(b"data");
    vec![
        row(Frame::ServerKey(KEY), [1, 0, 0, 0, 0x28], &[b"DERP\xf0\x9f\x94\x91", k]),
        row(Frame::ClientInfo { key: KEY, sealed: sealed.to_vec().into() }, [2, 0, 0, 0, 72], &[k, sealed]),
        row(Frame::ServerInfo { sealed: sealed.to_vec().into() }, [3, 0, 0, 0, 40], &[sealed]),
        row(Frame::SendPacket { to: KEY, data: data.clone() }, [4, 0, 0, 0, 36], &[k, b"data"]),
        row(Frame::RecvPacket { from: KEY, data: data.clone() }, [5, 0, 0, 0, 36], &[k, b"data"]),
        row(Frame::KeepAlive, [6, 0, 0, 0, 0], &[]),
        row(Frame::NotePreferred(true), [7, 0, 0, 0, 1], &[&[1]]),
        row(Frame::NotePreferred(false), [7, 0, 0, 0, 1], &[&[0]]),
        row(Frame::PeerGone { key: KEY, reason: GoneReason::Disconnected }, [8, 0, 0, 0, 33], &[k, &[0]]),
        row(Frame::PeerGone { key: KEY, reason: GoneReason::NotHere }, [8, 0, 0, 0, 33], &[k, &[1]]),
        row(
            Frame::PeerPresent { key: KEY, address: Some(([203, 0, 113, 7], 4661).into()), flags: 2 },
            [9, 0, 0, 0, 51],
            &[k, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 7, 0x12, 0x35, 2]],
        ),
        row(Frame::PeerPresent { key: KEY, address: None, flags: 1 }, [9, 0, 0, 0, 51], &[k, &[0; 18], &[1]]),
        row(Frame::ForwardPacket { from: KEY, to: OTHER, data }, [10, 0, 0, 0, 68], &[k, o, b"data"]),
        row(Frame::WatchConns, [0x10, 0, 0, 0, 0], &[]),
        row(Frame::ClosePeer(KEY), [0x11, 0, 0, 0, 32], &[k]),
        row(Frame::Ping(*b"12345678"), [0x12, 0, 0, 0, 8], &[b"12345678"]),
        row(Frame::Pong(*b"12345678"), [0x13, 0, 0, 0, 8], &[b"12345678"]),
        row(Frame::Health("slow".into()), [0x14, 0, 0, 0, 4], &[b"slow"]),
        row(
            Frame::Restarting { reconnect_in_ms: 1000, try_for_ms: 0x0102_0304 },
            [0x15, 0, 0, 0, 8],
            &[&[0, 0, 3, 0xe8, 1, 2, 3, 4]],
        ),
    ]
}

#[test]
fn every_frame_is_its_bytes() {
    for (frame, bytes) in wire() {
        assert_eq!(frame.to_bytes().unwrap(), bytes, "{frame:?}");
        assert_eq!(decode_all(&bytes), Ok(Some(frame)));
    }
}

#[test]
fn a_cut_frame_waits_for_the_rest_and_stays_whole() {
    for (_, bytes) in wire() {
        for cut in 0..bytes.len() {
            let mut input = BytesMut::from(&bytes[..cut]);
            assert_eq!(decode(&mut input), Ok(None));
            assert_eq!(input, bytes[..cut]);
        }
    }
}

#[test]
fn frames_are_taken_one_by_one() {
    let mut input = BytesMut::new();
    for (frame, _) in wire() {
        frame.encode(&mut input).unwrap();
    }
    for (frame, _) in wire() {
        assert_eq!(decode(&mut input), Ok(Some(frame)));
    }
    assert!(input.is_empty());
}

#[test]
fn a_length_out_of_bounds_is_refused_before_its_payload() {
    let cases: &[(u8, u32)] = &[
        (1, 39),
        (1, 1025),
        (2, 71),
        (2, 262_145),
        (3, 39),
        (4, 31),
        (4, 65_569),
        (5, 65_569),
        (7, 0),
        (8, 31),
        (9, 31),
        (10, 63),
        (10, 65_601),
        (0x11, 31),
        (0x12, 7),
        (0x12, 1001),
        (0x14, 16_385),
        (0x15, 7),
        (0x77, 1_048_577),
        (0x77, u32::MAX),
    ];
    for &(kind, len) in cases {
        let head = [&[kind], len.to_be_bytes().as_slice()].concat();
        let len = usize::try_from(len).unwrap();
        assert_eq!(decode_all(&head), Err(FrameError::Length { kind, len }));
    }
}

#[test]
fn a_server_key_needs_the_magic() {
    let mut bytes = Frame::ServerKey(KEY).to_bytes().unwrap().to_vec();
    bytes[5] ^= 1;
    assert_eq!(decode_all(&bytes), Err(FrameError::Magic));
}

#[test]
fn what_later_versions_append_is_ignored() {
    let longer = |frame: &Frame, extra: u8| {
        let mut bytes = frame.to_bytes().unwrap().to_vec();
        bytes[4] += extra;
        bytes.resize(bytes.len() + usize::from(extra), 0x99);
        decode_all(&bytes)
    };
    for frame in [
        Frame::ServerKey(KEY),
        Frame::Ping([7; 8]),
        Frame::ClosePeer(KEY),
        Frame::KeepAlive,
        Frame::Restarting { reconnect_in_ms: 1, try_for_ms: 2 },
        Frame::PeerGone { key: KEY, reason: GoneReason::Other(9) },
        Frame::PeerPresent { key: KEY, address: Some(([1, 2, 3, 4], 5).into()), flags: 3 },
    ] {
        assert_eq!(longer(&frame, 3), Ok(Some(frame)));
    }
}

#[test]
fn what_earlier_versions_left_out_is_optional() {
    let gone = [&[8, 0, 0, 0, 32], [0xab; 32].as_slice()].concat();
    assert_eq!(decode_all(&gone), Ok(Some(Frame::PeerGone { key: KEY, reason: GoneReason::Disconnected })));
    let present = [&[9, 0, 0, 0, 32], [0xab; 32].as_slice()].concat();
    assert_eq!(decode_all(&present), Ok(Some(Frame::PeerPresent { key: KEY, address: None, flags: 0 })));
}

#[test]
fn unknown_types_are_skipped_whole() {
    let mut input = BytesMut::from([0x77, 0, 0, 0, 3, 1, 2, 3, 6, 0, 0, 0, 0].as_slice());
    assert_eq!(decode(&mut input), Ok(Some(Frame::Unknown(0x77))));
    assert_eq!(decode(&mut input), Ok(Some(Frame::KeepAlive)));
}

#[test]
fn a_packet_beyond_the_limit_is_not_sent() {
    let mut out = BytesMut::from(b"before".as_slice());
    let frame = Frame::SendPacket { to: KEY, data: vec![0; MAX_PACKET + 1].into() };
    assert!(frame.encode(&mut out).is_err());
    assert_eq!(out, b"before".as_slice());
    let frame = Frame::SendPacket { to: KEY, data: vec![0; MAX_PACKET].into() };
    assert_eq!(decode_all(&frame.to_bytes().unwrap()), Ok(Some(frame)));
}

fn key() -> impl Strategy<Value = NodeKey> {
    any::<[u8; 32]>().prop_map(NodeKey::from_bytes)
}

fn bytes(least: usize, most: usize) -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), least..most).prop_map(Bytes::from)
}

fn frame() -> impl Strategy<Value = Frame> {
    let address = prop::option::of((any::<std::net::Ipv4Addr>(), any::<u16>()).prop_map(SocketAddr::from));
    prop_oneof![
        key().prop_map(Frame::ServerKey),
        (key(), bytes(BOX_OVERHEAD, 400)).prop_map(|(key, sealed)| Frame::ClientInfo { key, sealed }),
        bytes(BOX_OVERHEAD, 400).prop_map(|sealed| Frame::ServerInfo { sealed }),
        (key(), bytes(0, 400)).prop_map(|(to, data)| Frame::SendPacket { to, data }),
        (key(), bytes(0, 400)).prop_map(|(from, data)| Frame::RecvPacket { from, data }),
        any::<bool>().prop_map(Frame::NotePreferred),
        (key(), any::<u8>()).prop_map(|(key, c)| Frame::PeerGone { key, reason: GoneReason::from_code(c) }),
        (key(), address, any::<u8>()).prop_map(|(key, address, flags)| Frame::PeerPresent {
            key,
            address,
            flags
        }),
        (key(), key(), bytes(0, 400)).prop_map(|(from, to, data)| Frame::ForwardPacket { from, to, data }),
        Just(Frame::WatchConns),
        key().prop_map(Frame::ClosePeer),
        any::<[u8; 8]>().prop_map(Frame::Ping),
        any::<[u8; 8]>().prop_map(Frame::Pong),
        ".{0,40}".prop_map(Frame::Health),
        any::<(u32, u32)>().prop_map(|(a, b)| Frame::Restarting { reconnect_in_ms: a, try_for_ms: b }),
    ]
}

proptest! {
    #[test]
    fn frames_survive_the_wire_in_any_pieces(
        frames in prop::collection::vec(frame(), 1..6),
        piece in 1_usize..97,
    ) {
        let mut out = BytesMut::new();
        for frame in &frames {
            frame.encode(&mut out).unwrap();
        }
        let (mut input, mut seen) = (BytesMut::new(), Vec::new());
        for chunk in out.chunks(piece) {
            input.extend_from_slice(chunk);
            while let Some(frame) = decode(&mut input).unwrap() {
                seen.push(frame);
            }
        }
        // 0.0.0.0 in a presence is "unknown" only as ::, so mapped zeros keep their address.
        prop_assert_eq!(seen, frames);
        prop_assert!(input.is_empty());
    }

    /// Whatever arrives, decoding ends, takes off what it has read, and wants no more than a limit.
    #[test]
    fn arbitrary_bytes_neither_panic_nor_grow(
        kind in prop_oneof![0_u8..0x20, any::<u8>()],
        len in prop_oneof![0_u32..200, any::<u32>()],
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut input = BytesMut::from([&[kind], len.to_be_bytes().as_slice(), &rest].concat().as_slice());
        loop {
            let before = input.len();
            match decode(&mut input) {
                Ok(Some(_)) => prop_assert!(input.len() < before),
                Ok(None) => {
                    prop_assert_eq!(input.len(), before);
                    if let Some(&[_, a, b, c, d]) = input.first_chunk() {
                        prop_assert!(u32::from_be_bytes([a, b, c, d]) <= 1 << 20);
                    }
                    break;
                }
                Err(_) => break,
            }
        }
    }
}
