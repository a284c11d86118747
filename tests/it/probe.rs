//! The prober against a relay stand-in on the loopback: what works, and each thing that can be wrong.
#![cfg(test)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use chrono::{DateTime, TimeDelta, Utc};
use derpshop::adapters::probe::{ProbeLimits, SocketProber};
use derpshop::clock::{Clock, OsRandom, SystemClock};
use derpshop::derp::cert::{RelayCertificate, relay_certificate};
use derpshop::derp::{CertPin, MeshKey, NodeKey, NodePrivate};
use derpshop::fleet::probe::{
    MeshError, ProbeFailure, ProbeReport, ProbeStep, ProbeTarget, Prober, RelayManager, StepOutcome,
};
use lab::relay::{Admission, Device, Identity, Relay, RelayConfig, TlsFiles};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const MESH: [u8; 32] = [0x4d; 32];

/// Short limits: on the loopback an answer takes microseconds, and what never answers is waited for.
const LIMITS: ProbeLimits = ProbeLimits {
    connect: Duration::from_millis(1500),
    handshake: Duration::from_millis(1500),
    round_trip: Duration::from_millis(1500),
    stun: Duration::from_millis(100),
    stun_tries: 2,
    total: Duration::from_secs(3),
};

fn prober() -> SocketProber {
    SocketProber::new(Arc::new(SystemClock), Arc::new(OsRandom), LIMITS)
}

fn certificate(now: DateTime<Utc>) -> RelayCertificate {
    relay_certificate(LOOPBACK, now, [1; 16]).unwrap()
}

struct World {
    relay: Relay,
    target: ProbeTarget,
}

/// A relay with a certificate of ours and a mesh key, changed by `change` before it starts.
async fn world(change: impl FnOnce(&mut RelayConfig)) -> World {
    let certificate = certificate(SystemClock.now());
    let mut config = RelayConfig::loopback().unwrap();
    config.tls =
        TlsFiles { cert_pem: certificate.cert_pem, key_pem: certificate.key_pem.as_str().to_owned() };
    config.mesh_key = Some(MeshKey::from_random(MESH).expose_text().as_str().to_owned());
    change(&mut config);
    let relay = Relay::start(config).await.unwrap();
    let target = ProbeTarget {
        address: LOOPBACK,
        port: relay.derp_addr().port(),
        stun_port: relay.stun_addr().map_or(9, |address| address.port()),
        pin: certificate.pin,
        mesh_key: Some(MeshKey::from_random(MESH)),
        probe_key: Some(NodePrivate::from_random([7; 32])),
    };
    World { relay, target }
}

/// What a relay asked its admission: headers and body.
type Asked = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// An admission endpoint with one answer for all, and what it was asked.
async fn admission(status: StatusCode, answer: &'static str) -> (Admission, Asked) {
    let asked = Asked::default();
    let record = Arc::clone(&asked);
    let handler = move |headers: HeaderMap, body: Bytes| {
        let text = String::from_utf8(body.to_vec()).unwrap();
        record.lock().unwrap().push((headers, text));
        std::future::ready((status, answer))
    };
    let app = axum::Router::new().route("/derp/admit/token", post(handler));
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let url = format!("http://{}/derp/admit/token", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (Admission::new(&url, false).unwrap(), asked)
}

fn failure(report: &ProbeReport) -> (ProbeStep, &ProbeFailure) {
    report.first_failure().expect("something is wrong")
}

fn codes(report: &ProbeReport) -> String {
    let text = |outcome: &StepOutcome| match outcome {
        StepOutcome::Ok { .. } => "ok",
        StepOutcome::Failed(failure) => failure.code(),
        StepOutcome::Skipped => "-",
    };
    report.steps().map(|(step, o)| format!("{} {}", step.code(), text(o))).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn a_good_relay_passes_every_step() {
    let (admission, asked) = admission(StatusCode::OK, r#"{"Allow":true}"#).await;
    let world = world(|config| config.admission = Some(admission)).await;
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls ok, derp ok, relay ok, stun ok");
    assert!(report.passed());
    let asked = asked.lock().unwrap();
    let [(headers, body)] = asked.as_slice() else { panic!("managers are let in unasked: {asked:?}") };
    let key = world.target.probe_key.as_ref().unwrap().public();
    assert_eq!(*body, format!(r#"{{"NodePublic":"{key}","Source":"127.0.0.1"}}"#));
    assert_eq!(headers.get("content-type"), None);
    assert_eq!(headers["user-agent"], "Go-http-client/1.1");
    let log = world.relay.log();
    assert!(log.iter().any(|line| line.ends_with(&format!("client {key} accepted"))), "{log:#?}");
}

#[tokio::test]
async fn without_keys_only_tls_and_stun_are_looked_at() {
    let mut world = world(|_| {}).await;
    world.target.mesh_key = None;
    world.target.probe_key = None;
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls ok, derp -, relay -, stun ok");
    world.target.probe_key = Some(NodePrivate::from_random([7; 32]));
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls ok, derp ok, relay -, stun ok");
}

#[tokio::test]
async fn another_certificate_is_told_by_its_pin() {
    let mut world = world(|_| {}).await;
    let real = std::mem::replace(&mut world.target.pin, CertPin::from_bytes([0; 32]));
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls pin-mismatch, derp -, relay -, stun ok");
    assert_eq!(*failure(&report).1, ProbeFailure::PinMismatch { presented: real });
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_told() {
    let now = SystemClock.now();
    for (made, code) in [
        (now - TimeDelta::days(3700), "certificate-expired"),
        (now + TimeDelta::days(2), "certificate-not-yet-valid"),
    ] {
        let certificate = certificate(made);
        let mut world = world(|config| {
            config.tls.cert_pem.clone_from(&certificate.cert_pem);
            config.tls.key_pem = certificate.key_pem.as_str().to_owned();
        })
        .await;
        world.target.pin = certificate.pin;
        let report = prober().probe(&world.target).await;
        assert_eq!(codes(&report), format!("tls {code}, derp -, relay -, stun ok"));
    }
}

#[tokio::test]
async fn a_client_that_admission_denies_is_rejected() {
    let (admission, _) = admission(StatusCode::OK, r#"{"Allow":false}"#).await;
    let mut world = world(|config| config.admission = Some(admission)).await;
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls ok, derp rejected, relay ok, stun ok");
    world.target.mesh_key = None;
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls ok, derp rejected, relay -, stun ok");
    let key = world.target.probe_key.as_ref().unwrap().public();
    let wanted = format!("client {key} rejected: admission controller: {key}/127.0.0.1 not allowed");
    let log = world.relay.log();
    assert!(
        log.iter().any(|line| line.starts_with("derp: 127.0.0.1:") && line.ends_with(&wanted)),
        "{log:#?}"
    );
}

#[tokio::test]
async fn a_failing_admission_rejects_whatever_it_says() {
    let (admission, _) = admission(StatusCode::INTERNAL_SERVER_ERROR, r#"{"Allow":true}"#).await;
    let world = world(|config| config.admission = Some(admission)).await;
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls ok, derp rejected, relay ok, stun ok");
}

#[tokio::test]
async fn an_unreachable_admission_rejects_unless_told_otherwise() {
    let gone = TcpListener::bind((LOOPBACK, 0)).await.unwrap().local_addr().unwrap();
    for (fail_open, outcome) in [(false, "rejected"), (true, "ok")] {
        let admission = Admission::new(&format!("http://{gone}/"), fail_open).unwrap();
        let world = world(|config| config.admission = Some(admission)).await;
        let report = prober().probe(&world.target).await;
        assert_eq!(codes(&report), format!("tls ok, derp {outcome}, relay ok, stun ok"));
    }
}

#[tokio::test]
async fn a_relay_that_knows_another_mesh_key_does_not_take_ours() {
    let (admission, _) = admission(StatusCode::OK, r#"{"Allow":false}"#).await;
    let mut world = world(|config| config.admission = Some(admission)).await;
    world.target.mesh_key = Some(MeshKey::from_random([0; 32]));
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls ok, derp rejected, relay -, stun ok");
}

#[tokio::test]
async fn stun_that_is_off_is_told() {
    // A socket that never answers, and a port where nothing is.
    let silent = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let mut world = world(|config| config.stun = None).await;
    world.target.stun_port = silent.local_addr().unwrap().port();
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls ok, derp ok, relay ok, stun no-stun-answer");
    drop(silent);
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls ok, derp ok, relay ok, stun refused");
}

/// Passes datagrams on from an address of its own and back, as Docker's userland proxy does.
async fn userland_proxy(relay: SocketAddr) -> (SocketAddr, JoinHandle<std::io::Result<()>>) {
    let outside = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let inside = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    inside.connect(relay).await.unwrap();
    let address = outside.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut buffer = [0; 1500];
        loop {
            let (len, client) = outside.recv_from(&mut buffer).await?;
            inside.send(&buffer[..len]).await?;
            let len = inside.recv(&mut buffer).await?;
            outside.send_to(&buffer[..len], client).await?;
        }
    });
    (address, task)
}

#[tokio::test]
async fn a_relay_behind_a_userland_proxy_tells_wrong_addresses() {
    let mut world = world(|_| {}).await;
    let (proxy, task) = userland_proxy(world.relay.stun_addr().unwrap()).await;
    world.target.stun_port = proxy.port();
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls ok, derp ok, relay ok, stun wrong-mapped-address");
    let ProbeFailure::WrongMappedAddress { mapped, ours } = failure(&report).1 else { panic!("{report:?}") };
    assert_eq!((mapped.ip().to_string().as_str(), *ours), ("127.0.0.2", LOOPBACK));
    task.abort();
}

#[tokio::test]
async fn a_dual_stack_relay_maps_ipv4_and_is_understood() {
    let world = world(|config| config.stun = Some("[::]:0".parse().unwrap())).await;
    let report = prober().probe(&world.target).await;
    assert_eq!(codes(&report), "tls ok, derp ok, relay ok, stun ok");
}

/// A target at a port of our own making.
async fn target_at(address: SocketAddr) -> (World, ProbeTarget) {
    let world = world(|_| {}).await;
    let target = ProbeTarget { port: address.port(), ..world.target.clone() };
    (world, target)
}

#[tokio::test]
async fn a_closed_port_is_refused() {
    let gone = TcpListener::bind((LOOPBACK, 0)).await.unwrap().local_addr().unwrap();
    let (_world, target) = target_at(gone).await;
    let report = prober().probe(&target).await;
    assert_eq!(codes(&report), "tls refused, derp -, relay -, stun ok");
}

#[tokio::test]
async fn a_port_that_accepts_and_is_silent_runs_into_the_limit() {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let (_world, target) = target_at(listener.local_addr().unwrap()).await;
    let limits = ProbeLimits { connect: Duration::from_millis(200), ..LIMITS };
    let started = Instant::now();
    let report = SocketProber::new(Arc::new(SystemClock), Arc::new(OsRandom), limits).probe(&target).await;
    assert_eq!(codes(&report), "tls timeout, derp -, relay -, stun ok");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_port_that_speaks_something_else_is_told() {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let (_world, target) = target_at(listener.local_addr().unwrap()).await;
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await?;
            stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await?;
            let _ = stream.read(&mut [0; 1024]).await;
        }
        #[expect(unreachable_code, reason = "tells the type of what is returned on errors")]
        Ok::<(), std::io::Error>(())
    });
    let report = prober().probe(&target).await;
    assert_eq!(codes(&report), "tls tls, derp -, relay -, stun ok");
    task.abort();
}

/// Serves one TLS connection with the certificate: `answer` for the upgrade, then silence or the end.
async fn impostor(answer: Vec<u8>, stay: bool) -> ProbeReport {
    let certificate = certificate(SystemClock.now());
    let files = TlsFiles { cert_pem: certificate.cert_pem, key_pem: certificate.key_pem.as_str().to_owned() };
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let (_world, mut target) = target_at(listener.local_addr().unwrap()).await;
    target.pin = certificate.pin;
    let acceptor = lab::relay::tls_acceptor(&files).unwrap();
    let task = tokio::spawn(async move {
        let (stream, _): (TcpStream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        stream.write_all(&answer).await.unwrap();
        stream.flush().await.unwrap();
        while stay && stream.read(&mut [0; 1024]).await.is_ok_and(|len| len > 0) {}
    });
    let limits = ProbeLimits { handshake: Duration::from_millis(200), ..LIMITS };
    let report = SocketProber::new(Arc::new(SystemClock), Arc::new(OsRandom), limits).probe(&target).await;
    task.abort();
    report
}

#[tokio::test]
async fn what_only_looks_like_a_relay_is_told() {
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: DERP\r\n\r\n".as_slice();
    let with = |frames: &[u8]| [switch, frames].concat();
    for (answer, stay, code) in [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec(), true, "not-derp"),
        (b"no HTTP at all".to_vec(), true, "bad-frame"),
        (switch.to_vec(), true, "timeout"),
        (switch.to_vec(), false, "closed"),
        // A length of four gigabytes, and a frame out of turn.
        (with(&[1, 0xff, 0xff, 0xff, 0xff]), true, "bad-frame"),
        (with(&[6, 0, 0, 0, 0]), true, "bad-frame"),
    ] {
        let report = impostor(answer.clone(), stay).await;
        let shown = String::from_utf8_lossy(&answer);
        assert_eq!(codes(&report), format!("tls ok, derp {code}, relay -, stun ok"), "{shown}");
    }
}

#[tokio::test]
async fn a_kicked_device_is_out_at_once_and_must_pass_admission_again() {
    let (admission, asked) = admission(StatusCode::OK, r#"{"Allow":true}"#).await;
    let world = world(|config| config.admission = Some(admission)).await;
    let (one, two) = (Identity::random(), Identity::random());
    let mut victim = Device::connect(world.relay.derp_addr(), &one).await.unwrap();
    let mut other = Device::connect(world.relay.derp_addr(), &two).await.unwrap();
    let key = NodeKey::from_bytes(one.key().0);

    let online = prober().online(&world.target).await.unwrap();
    let keys: Vec<_> = online.iter().map(|peer| peer.key).collect();
    assert!(keys.len() == 2 && keys.contains(&key), "{online:?}");
    assert!(online.iter().all(|peer| peer.address.is_some_and(|address| address.ip() == LOOPBACK)));

    prober().kick(&world.target, key).await.unwrap();
    victim.closed().await.unwrap();
    let online = prober().online(&world.target).await.unwrap();
    assert_eq!(online.iter().map(|peer| peer.key.as_bytes()).collect::<Vec<_>>(), [&two.key().0]);

    let before = asked.lock().unwrap().len();
    let mut back = Device::connect(world.relay.derp_addr(), &one).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), before + 1);
    back.send(two.key(), b"again").await.unwrap();
    assert_eq!(other.receive().await.unwrap(), (one.key(), b"again".to_vec()));

    // Twice is once, and a key that is not there is no error.
    prober().kick(&world.target, NodeKey::from_bytes([9; 32])).await.unwrap();
}

#[tokio::test]
async fn only_the_manager_may_manage() {
    let mut world = world(|_| {}).await;
    world.target.mesh_key = Some(MeshKey::from_random([0; 32]));
    let key = NodeKey::from_bytes([9; 32]);
    let rejected = Err(MeshError::Relay(ProbeFailure::Rejected));
    assert_eq!(prober().kick(&world.target, key).await, rejected);
    assert_eq!(prober().online(&world.target).await.map(drop), rejected);
    world.target.mesh_key = None;
    assert_eq!(prober().kick(&world.target, key).await, Err(MeshError::NoKey));
}

#[tokio::test]
async fn a_probe_of_a_relay_that_stopped_is_over_soon() {
    let World { relay, target } = world(|_| {}).await;
    relay.stop().await;
    let report = prober().probe(&target).await;
    assert_eq!(codes(&report), "tls refused, derp -, relay -, stun refused");
}
