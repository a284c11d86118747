//! Getting in: host keys, users, sessions that are shared and replaced.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use derpshop::adapters::ssh::{InstallationKey, SshHosts, SshLimits};
use derpshop::clock::OsRandom;
use derpshop::fleet::command::HostCommand;
use derpshop::fleet::host::{HostError, Hosts as _, SshTarget};
use derpshop::types::ServerId;
use lab::wait::wait_until;
use tokio::net::TcpListener;

use super::{Folder, Server, impatient};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_pinned_host_and_the_right_user_get_a_session() {
    let server = Server::start("login").await;
    let shown = server.hosts.scan(server.target.socket()).await.unwrap();
    assert_eq!(shown, server.target.host_key);

    let nobody = server.hosts.session(&server.target_as("nobody")).await.err().unwrap();
    assert!(
        matches!(&nobody, HostError::AuthRefused { user, .. } if user.as_str() == "nobody"),
        "{nobody:?}"
    );

    let session = server.session().await;
    let machine = session.run(&HostCommand::Machine).await.unwrap().success(&HostCommand::Machine).unwrap();
    assert_eq!(machine.lines().count(), 2, "{machine}");

    // Sessions go on; who connects anew learns that the host is another one.
    server.host.change_host_key().await.unwrap();
    server.hosts.forget(server.target.server).await;
    let changed = server.hosts.session(&server.target).await.err().unwrap();
    let now = server.hosts.scan(server.target.socket()).await.unwrap();
    assert!(
        matches!(&changed, HostError::HostKeyChanged { pinned, got, .. }
            if *pinned == server.target.host_key && *got == now),
        "{changed:?}"
    );
    assert!(!changed.is_transient());
    let confirmed = SshTarget { host_key: now, ..server.target.clone() };
    server.hosts.session(&confirmed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_shared_replaced_and_closed() {
    let server = Server::start("sessions").await;
    let (first, second) = tokio::join!(server.session(), server.session());
    assert!(Arc::ptr_eq(&first, &second), "two who ask at once share one session");
    assert!(Arc::ptr_eq(&first, &server.session().await));
    let log = server.host.folder().join("sshd.log");
    let logins = || std::fs::read_to_string(&log).unwrap().matches("Accepted publickey").count();
    assert_eq!(logins(), 1);

    server.host.cut_sessions().await.unwrap();
    let replaced = wait_until("a new session", Duration::from_secs(10), async || {
        !Arc::ptr_eq(&first, &server.session().await)
    });
    replaced.await.unwrap();
    assert_eq!(logins(), 2);
    server.session().await.run(&HostCommand::Clock).await.unwrap();

    server.hosts.forget(server.target.server).await;
    assert_eq!(server.hosts.open_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_and_surplus_sessions_are_closed() {
    let server = Server::start("idle").await;
    let folder = Folder::new("idle-key");
    let key = InstallationKey::create_or_load(&folder.0, &OsRandom).unwrap();
    server.host.authorize(&[key.authorized_line()]).unwrap();
    let limits = SshLimits { kept: 2, idle: Duration::from_secs(1), ..impatient() };
    let hosts = SshHosts::new(key, limits);
    let on = |n| SshTarget { server: ServerId(n), ..server.target.clone() };
    let held = hosts.session(&on(1)).await.unwrap();
    for n in 2..=4 {
        hosts.session(&on(n)).await.unwrap();
    }
    assert_eq!(hosts.open_sessions(), 2, "the one in use and the newest");
    let only_held =
        wait_until("idle sessions to close", Duration::from_secs(10), async || hosts.open_sessions() == 1);
    only_held.await.unwrap();
    assert!(Arc::ptr_eq(&held, &hosts.session(&on(1)).await.unwrap()), "one in use is never closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_used_once_to_install_our_key() {
    let server = Server::start("password").await;
    server.host.set_root_password("correct horse").await.unwrap();
    let folder = Folder::new("password-key");
    let hosts = SshHosts::new(InstallationKey::create_or_load(&folder.0, &OsRandom).unwrap(), impatient());
    let refused = hosts.session(&server.target).await.err().unwrap();
    assert!(matches!(refused, HostError::AuthRefused { .. }), "{refused:?}");
    let wrong = hosts.install_key(&server.target, &"wrong".into()).await.unwrap_err();
    assert!(matches!(wrong, HostError::AuthRefused { .. }), "{wrong:?}");
    for _ in 0..2 {
        hosts.install_key(&server.target, &"correct horse".into()).await.unwrap();
    }
    hosts.session(&server.target).await.unwrap();
    let keys = std::fs::read_to_string(server.host.path("/root/.ssh/authorized_keys")).unwrap();
    assert_eq!(keys.matches(&hosts.authorized_line()).count(), 1, "{keys}");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_for_a_failing_connection_share_its_failure() {
    // Accepts and says nothing, and counts.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(Ok((stream, _))) = tokio::time::timeout(Duration::from_secs(4), listener.accept()).await
        {
            held.push(stream);
        }
        held.len()
    });
    let folder = Folder::new("silent-key");
    let limits = SshLimits { connect: Duration::from_secs(1), ..impatient() };
    let hosts = SshHosts::new(InstallationKey::create_or_load(&folder.0, &OsRandom).unwrap(), limits);
    let target = SshTarget {
        server: ServerId(1),
        address: address.ip(),
        port: address.port(),
        user: "root".parse().unwrap(),
        host_key: format!("SHA256:{}", "a".repeat(43)).parse().unwrap(),
    };
    let all = futures::future::join_all((0..8).map(|_| hosts.session(&target))).await;
    for one in all {
        let error = one.err().unwrap();
        assert!(matches!(error, HostError::Unreachable { .. }) && error.is_transient(), "{error:?}");
    }
    drop(hosts);
    assert_eq!(accepted.await.unwrap(), 1, "one connection for all eight");
}

#[tokio::test]
async fn what_isnt_there_or_isnt_ssh_is_unreachable() {
    let folder = Folder::new("unreachable-key");
    let hosts = SshHosts::new(InstallationKey::create_or_load(&folder.0, &OsRandom).unwrap(), impatient());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let web = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let not_ssh = hosts.scan(address).await.unwrap_err();
    assert!(matches!(not_ssh, HostError::Unreachable { .. }), "{not_ssh:?}");
    web.await.unwrap();
    let closed: SocketAddr = address;
    let refused = hosts.scan(closed).await.unwrap_err();
    assert!(matches!(refused, HostError::Unreachable { .. }), "{refused:?}");
}
