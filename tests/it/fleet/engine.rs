//! A relay's life on a host, each step taken twice.

use std::sync::Mutex;
use std::time::Duration;

use derpshop::adapters::probe::{ProbeLimits, SocketProber};
use derpshop::clock::{OsRandom, SystemClock};
use derpshop::fleet::found::{ContainerState, RelayIdentity};
use derpshop::fleet::host::HostError;
use derpshop::fleet::probe::{ProbeTarget, Prober as _};
use derpshop::fleet::relay::RelaySpec;
use derpshop::types::{InstallId, RentalId};
use std::sync::Arc;

use super::{INSTALL, Server, image, secrets, spec};

const GRACE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_created_started_stopped_and_removed() {
    let server = Server::start("life").await;
    let session = server.session().await;
    let relay = spec(&server, 7, 20001).await;

    assert!(!session.image_present(&relay.image).await.unwrap());
    let missing = session.create(&relay).await.unwrap_err();
    assert!(matches!(&missing, HostError::ImageMissing { image } if *image == relay.image), "{missing:?}");
    let told = Mutex::new(Vec::new());
    let archive = image().await.1;
    session.load_image(&archive, &|sent, total| told.lock().unwrap().push((sent, total))).await.unwrap();
    let size = derpshop::bytes::Bytes(std::fs::metadata(&archive).unwrap().len());
    assert_eq!(told.into_inner().unwrap().last(), Some(&(size, size)));
    assert!(session.image_present(&relay.image).await.unwrap());

    let id = session.create(&relay).await.unwrap();
    assert_eq!(session.create(&relay).await.unwrap(), id, "created twice is created once");
    let found = session.list(INSTALL).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].state, found[0].identity), (ContainerState::Created, Some(relay.identity)));
    assert_eq!(session.inspect(&id).await.unwrap().started_at, None);

    let (keys, pin) = secrets(server.host.ip());
    for _ in 0..2 {
        session.upload(&id, &keys.files(relay.address)).await.unwrap();
    }
    for _ in 0..2 {
        session.start(&id).await.unwrap();
    }
    let found = session.list(INSTALL).await.unwrap();
    assert_eq!((found[0].state, found[0].ports.as_slice()), (ContainerState::Running, &[20001][..]));
    assert_eq!(found[0].name, "derpshop-7-g1");
    let seen = session.inspect(&id).await.unwrap();
    assert!(seen.started_at.is_some() && seen.pid.is_some() && seen.restarts == 0, "{seen:?}");

    let prober = SocketProber::new(Arc::new(SystemClock), Arc::new(OsRandom), ProbeLimits::default());
    let report = prober
        .probe(&ProbeTarget {
            address: server.host.ip(),
            port: 20001,
            stun_port: 20001,
            pin,
            mesh_key: Some(keys.mesh_key.clone()),
            probe_key: None,
        })
        .await;
    assert!(report.passed(), "{report:?}");
    assert!(!session.logs(&id, None, 10_000).await.unwrap().is_empty());
    assert!(session.logs(&id, None, 16).await.unwrap().len() <= 16);

    for _ in 0..2 {
        session.stop(&id, GRACE).await.unwrap();
    }
    assert_eq!(session.inspect(&id).await.unwrap().state, ContainerState::Exited);
    session.start(&id).await.unwrap();
    // Running or not, once or twice.
    for _ in 0..2 {
        session.remove(&id).await.unwrap();
    }
    assert!(session.list(INSTALL).await.unwrap().is_empty());
    assert_eq!(
        server.host.docker(&["volume", "ls", "--quiet"]).await.unwrap(),
        "",
        "its volume went with it"
    );
    for gone in [session.start(&id).await, session.stop(&id, GRACE).await, session.upload(&id, &[]).await] {
        assert!(matches!(&gone, Err(HostError::NotFound { container }) if *container == id), "{gone:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_may_do_as_little_as_possible() {
    let server = Server::start("hardened").await;
    let session = server.session_with_image().await;
    let id = session.create(&spec(&server, 7, 20001).await).await.unwrap();
    let shown = server.host.docker(&["inspect", id.as_str()]).await.unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let (host, config) = (&shown[0]["HostConfig"], &shown[0]["Config"]);
    let expected = serde_json::json!({
        "ReadonlyRootfs": true, "CapDrop": ["ALL"], "CapAdd": ["NET_BIND_SERVICE"], "Memory": 67_108_864,
        "MemorySwap": 67_108_864, "PidsLimit": 64, "SecurityOpt": ["no-new-privileges"], "Tmpfs": {"/tmp": ""},
        "Privileged": false, "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}},
        "PortBindings": {
            "443/tcp": [{"HostIp": "0.0.0.0", "HostPort": "20001"}],
            "3478/udp": [{"HostIp": "0.0.0.0", "HostPort": "20001"}]
        }
    });
    for (setting, value) in expected.as_object().unwrap() {
        assert_eq!(&host[setting], value, "{setting}");
    }
    assert_eq!(config["Volumes"], serde_json::json!({"/derp": {}}));
    let labels = serde_json::json!({
        "derpshop.install": INSTALL.to_string(), "derpshop.rental": "107", "derpshop.container": "7",
        "derpshop.generation": "1"
    });
    for (label, value) in labels.as_object().unwrap() {
        assert_eq!(&config["Labels"][label], value);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_ports_and_installations_are_told_apart() {
    let server = Server::start("apart").await;
    let session = server.session_with_image().await;
    let relay = spec(&server, 7, 20001).await;
    let tag = relay.image.name().to_owned();

    // A name that somebody else's container has, and one of ours for another rental.
    server.host.docker(&["create", "--name", "derpshop-7-g1", &tag]).await.unwrap();
    let taken = session.create(&relay).await.unwrap_err();
    assert!(matches!(&taken, HostError::NameTaken { name } if name.as_str() == "derpshop-7-g1"), "{taken:?}");
    assert!(session.list(INSTALL).await.unwrap().is_empty(), "what lacks our label isn't ours");
    server.host.docker(&["rm", "derpshop-7-g1"]).await.unwrap();
    let id = session.create(&relay).await.unwrap();
    let other =
        RelaySpec { identity: RelayIdentity { rental: RentalId(999), ..relay.identity }, ..relay.clone() };
    assert!(matches!(session.create(&other).await, Err(HostError::NameTaken { .. })));

    // A port that a program of the server has, then one that Docker itself gave to another relay.
    let (keys, _) = secrets(server.host.ip());
    session.upload(&id, &keys.files(relay.address)).await.unwrap();
    let occupied = server.host.occupy_port(20001).unwrap();
    let conflict = session.start(&id).await.unwrap_err();
    assert!(matches!(conflict, HostError::PortTaken { port: 20001 }), "{conflict:?}");
    drop(occupied);
    session.start(&id).await.unwrap();
    let second = session.create(&spec(&server, 8, 20001).await).await.unwrap();
    session.upload(&second, &keys.files(relay.address)).await.unwrap();
    let conflict = session.start(&second).await.unwrap_err();
    assert!(matches!(conflict, HostError::PortTaken { port: 20001 }), "{conflict:?}");

    let elsewhere = InstallId(uuid::Uuid::from_u128(1));
    assert!(session.list(elsewhere).await.unwrap().is_empty(), "another installation sees nothing of ours");
    let labelled = format!("derpshop.install={INSTALL}");
    server.host.docker(&["create", "--label", &labelled, &tag]).await.unwrap();
    let found = session.list(INSTALL).await.unwrap();
    assert_eq!(found.iter().filter(|c| c.identity.is_none()).count(), 1, "{found:?}");
}
