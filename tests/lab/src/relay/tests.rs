//! The relay as its clients meet it: what it relays, and what it does not put up with.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::wire::{self, Key, frame};
use super::{Device, Identity, Relay, RelayConfig};

const MESH: &str = "4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d";
const NOWHERE: Key = Key([9; 32]);

async fn relay(change: impl FnOnce(&mut RelayConfig)) -> Relay {
    let mut config = RelayConfig::loopback().unwrap();
    config.mesh_key = Some(MESH.into());
    change(&mut config);
    Relay::start(config).await.unwrap()
}

async fn device(relay: &Relay) -> (Device, Key) {
    let identity = Identity::random();
    let device = Device::connect(relay.derp_addr(), &identity).await.unwrap();
    (device, identity.key())
}

async fn manager(relay: &Relay) -> (Device, Key) {
    let identity = Identity::random();
    let info = format!(r#"{{"version":2,"IsProber":true,"meshKey":"{MESH}"}}"#);
    let device = Device::connect_as(relay.derp_addr(), &identity, &info).await.unwrap();
    (device, identity.key())
}

/// A disco packet in looks: magic, and long enough.
fn disco() -> Vec<u8> {
    [b"TS\xf0\x9f\x92\xac".as_slice(), &[0; 56]].concat()
}

#[tokio::test]
async fn packets_find_their_device() {
    let relay = relay(|_| {}).await;
    let ((mut a, a_key), (mut b, b_key)) = (device(&relay).await, device(&relay).await);
    for size in [0, 1, 1000, 65_536] {
        let data = vec![7; size];
        a.send(b_key, &data).await.unwrap();
        assert_eq!(b.receive().await.unwrap(), (a_key, data));
    }
    // To nobody: lost in silence, unless it looks for a path.
    a.send(NOWHERE, b"lost").await.unwrap();
    a.send(NOWHERE, &disco()).await.unwrap();
    assert_eq!(a.frame().await.unwrap(), (wire::PEER_GONE, [NOWHERE.0.as_slice(), &[1]].concat()));
}

#[tokio::test]
async fn malformed_or_forbidden_frames_end_the_connection() {
    let relay = relay(|_| {}).await;
    for (what, bytes) in [
        ("short packet", frame(wire::SEND_PACKET, &[&[0; 31]])),
        ("long packet", frame(wire::SEND_PACKET, &[&vec![0; 65_569]])),
        ("short ping", frame(wire::PING, &[&[0; 7]])),
        ("long ping", frame(wire::PING, &[&[0; 1001]])),
        ("preference of two bytes", frame(wire::NOTE_PREFERRED, &[&[0; 2]])),
        ("watch without the mesh key", frame(wire::WATCH_CONNS, &[])),
        ("kick without the mesh key", frame(wire::CLOSE_PEER, &[&[0; 32]])),
        ("forward without the mesh key", frame(wire::FORWARD_PACKET, &[&[0; 64]])),
        ("length without end", vec![0x77, 0xff, 0xff, 0xff, 0xff]),
    ] {
        let (mut device, _) = device(&relay).await;
        // The relay may hang up before all of a long frame is written.
        let _ = device.raw(&bytes).await;
        assert!(device.closed().await.is_ok(), "{what}");
    }
    let (mut manager, _) = manager(&relay).await;
    manager.raw(&frame(wire::WATCH_CONNS, &[&[0]])).await.unwrap();
    assert!(manager.closed().await.is_ok());
}

#[tokio::test]
async fn pings_are_answered_and_unknown_frames_skipped() {
    let relay = relay(|_| {}).await;
    let (mut device, _) = device(&relay).await;
    let bytes = [
        frame(wire::NOTE_PREFERRED, &[&[1]]),
        frame(0x77, &[&[1; 3000]]),
        frame(wire::PING, &[b"12345678 and more"]),
    ];
    device.raw(&bytes.concat()).await.unwrap();
    assert_eq!(device.frame().await.unwrap(), (wire::PONG, b"12345678".to_vec()));
}

#[tokio::test]
async fn of_two_connections_with_one_key_the_last_to_speak_is_used() {
    let relay = relay(|_| {}).await;
    let (mut other, other_key) = device(&relay).await;
    let twin = Identity::random();
    let mut first = Device::connect(relay.derp_addr(), &twin).await.unwrap();
    let mut second = Device::connect(relay.derp_addr(), &twin).await.unwrap();
    other.send(twin.key(), b"newest").await.unwrap();
    assert_eq!(second.receive().await.unwrap().1, b"newest");
    first.send(other_key, b"me").await.unwrap();
    other.receive().await.unwrap();
    other.send(twin.key(), b"speaker").await.unwrap();
    assert_eq!(first.receive().await.unwrap().1, b"speaker");
    // With the speaker gone the other one is back in use.
    drop(first);
    first = loop {
        other.send(twin.key(), b"left").await.unwrap();
        if let Ok(received) = timeout(Duration::from_millis(50), second.receive()).await {
            assert_eq!(received.unwrap().1, b"left");
            break second;
        }
    };
    drop(first);
}

#[tokio::test]
async fn peers_are_told_when_one_leaves() {
    let relay = relay(|_| {}).await;
    let ((mut a, a_key), (mut b, b_key)) = (device(&relay).await, device(&relay).await);
    a.send(b_key, b"hello").await.unwrap();
    b.receive().await.unwrap();
    drop(a);
    assert_eq!(b.frame().await.unwrap(), (wire::PEER_GONE, [a_key.0.as_slice(), &[0]].concat()));
}

#[tokio::test]
async fn a_manager_sees_who_comes_and_goes() {
    let relay = relay(|_| {}).await;
    let (_a, a_key) = device(&relay).await;
    let (mut manager, own) = manager(&relay).await;
    manager.raw(&frame(wire::WATCH_CONNS, &[])).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (kind, body) = manager.frame().await.unwrap();
        assert_eq!((kind, body.len()), (wire::PEER_PRESENT, 51));
        assert_eq!(body[32..48], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1]);
        seen.push((body[..32].to_vec(), body[50]));
    }
    seen.sort_unstable_by_key(|(_, flags)| *flags);
    assert_eq!(seen, [(a_key.0.to_vec(), 1), (own.0.to_vec(), 2 | 4)]);
    let (b, b_key) = device(&relay).await;
    let (kind, body) = manager.frame().await.unwrap();
    assert_eq!((kind, &body[..32]), (wire::PEER_PRESENT, b_key.0.as_slice()));
    drop(b);
    assert_eq!(manager.frame().await.unwrap(), (wire::PEER_GONE, [b_key.0.as_slice(), &[0]].concat()));
}

#[tokio::test]
async fn a_manager_may_forward_and_kick() {
    let relay = relay(|_| {}).await;
    let (mut a, a_key) = device(&relay).await;
    let (mut manager, _) = manager(&relay).await;
    manager.raw(&frame(wire::FORWARD_PACKET, &[&NOWHERE.0, &a_key.0, b"from afar"])).await.unwrap();
    assert_eq!(a.receive().await.unwrap(), (NOWHERE, b"from afar".to_vec()));
    manager.raw(&frame(wire::CLOSE_PEER, &[&a_key.0])).await.unwrap();
    a.closed().await.unwrap();
}

#[tokio::test]
async fn idle_clients_hear_from_the_relay() {
    let relay = relay(|config| config.keep_alive = Duration::from_millis(20)).await;
    let (mut device, _) = device(&relay).await;
    assert_eq!(device.frame().await.unwrap(), (wire::KEEP_ALIVE, Vec::new()));
}

#[tokio::test]
async fn a_silent_newcomer_is_not_waited_for_long() {
    let relay = relay(|config| config.handshake_limit = Duration::from_millis(100)).await;
    let mut stream = TcpStream::connect(relay.derp_addr()).await.unwrap();
    let end = timeout(Duration::from_secs(5), stream.read(&mut [0; 16])).await.unwrap();
    assert!(matches!(end, Ok(0)) || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn the_plain_port_answers_what_clients_check() {
    let relay = relay(|config| config.http = Some(([127, 0, 0, 1], 0).into())).await;
    let mut stream = TcpStream::connect(relay.http_addr().unwrap()).await.unwrap();
    stream.write_all(b"GET /generate_204 HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}
