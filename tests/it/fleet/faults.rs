//! Hosts that fail in the middle: cut sessions, silent networks, engines that crash, rights that are missing.

use std::time::{Duration, Instant};

use derpshop::fleet::command::HostCommand;
use derpshop::fleet::host::{HostError, Hosts as _};
use lab::wait::wait_until;

use super::{INSTALL, Server, image, spec};

/// Asks until the answer is as expected, since a host's end isn't seen at once.
async fn until(what: &str, server: &Server, expected: impl Fn(&Result<(), HostError>) -> bool) {
    let reached = wait_until(what, Duration::from_secs(40), async || {
        let answer = match server.hosts.session(&server.target).await {
            Ok(session) => session.list(INSTALL).await.map(drop),
            Err(error) => Err(error),
        };
        expected(&answer)
    });
    reached.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_cut_in_a_step_is_lost_and_replaced() {
    let server = Server::start("cut").await;
    let session = server.session().await;
    // A command that waits for a lock that nobody gives.
    let file = std::fs::File::create(server.host.path("/run/derpshop-setup.lock")).unwrap();
    file.lock().unwrap();
    let waiting = {
        let session = session.clone();
        tokio::spawn(async move { session.run(&HostCommand::InstallEngine).await })
    };
    let begun = wait_until("the command to begin", Duration::from_secs(10), async || {
        server.host.run("pgrep", &["-x", "flock"]).await.is_ok()
    });
    begun.await.unwrap();
    server.host.cut_sessions().await.unwrap();
    let lost = waiting.await.unwrap().unwrap_err();
    assert!(matches!(lost, HostError::Lost { .. }) && lost.is_transient(), "{lost:?}");
    server.host.run("pkill", &["-x", "flock"]).await.unwrap();

    let lost = session.list(INSTALL).await.unwrap_err();
    assert!(matches!(lost, HostError::Lost { .. }), "{lost:?}");
    server.session().await.list(INSTALL).await.unwrap();

    // While an image is on its way.
    let session = server.session().await;
    let archive = image().await.1;
    let slow = server.host.folder().join("slow.tar");
    let pipe = std::process::Command::new("mkfifo").arg(&slow).status().unwrap();
    assert!(pipe.success());
    let streaming = {
        let (session, slow) = (session.clone(), slow.clone());
        tokio::spawn(async move { session.load_image(&slow, &|_, _| {}).await })
    };
    let mut feed = tokio::fs::OpenOptions::new().write(true).open(&slow).await.unwrap();
    let half = std::fs::read(&archive).unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut feed, &half[..half.len() / 2]).await.unwrap();
    server.host.cut_sessions().await.unwrap();
    let lost = tokio::time::timeout(Duration::from_secs(20), streaming).await.unwrap().unwrap().unwrap_err();
    assert!(lost.is_transient(), "{lost:?}");
    drop(feed);
    let session = server.session().await;
    assert!(!session.image_present(&image().await.0).await.unwrap());
    session.load_image(&archive, &|_, _| {}).await.unwrap();
    session.create(&spec(&server, 7, 20001).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_host_is_given_up_in_time_and_found_again() {
    let server = Server::start("silent").await;
    let session = server.session().await;
    session.list(INSTALL).await.unwrap();
    server.host.partition().await.unwrap();
    let started = Instant::now();
    let lost = session.list(INSTALL).await.unwrap_err();
    assert!(lost.is_transient(), "{lost:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let unreachable = server.hosts.session(&server.target).await.err().unwrap();
    assert!(matches!(unreachable, HostError::Unreachable { .. }), "{unreachable:?}");
    server.host.heal().await.unwrap();
    until("the healed host", &server, Result::is_ok).await;

    server.host.stop_sshd().await.unwrap();
    server.session().await.list(INSTALL).await.unwrap();
    server.hosts.forget(server.target.server).await;
    let refused = server.hosts.session(&server.target).await.err().unwrap();
    assert!(matches!(refused, HostError::Unreachable { .. }), "{refused:?}");
    server.host.start_sshd().await.unwrap();
    until("sshd's return", &server, Result::is_ok).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_down_is_not_a_host_that_is_down() {
    let server = Server::start("down").await;
    let session = server.session().await;
    session.list(INSTALL).await.unwrap();
    server.host.kill_engine().await.unwrap();
    let is_down = |answer: &Result<(), HostError>| matches!(answer, Err(HostError::EngineDown));
    until("the engine's crash", &server, is_down).await;
    // One who asks for the first time learns the same.
    server.hosts.forget(server.target.server).await;
    until("the engine's crash, seen anew", &server, is_down).await;
    server.host.start_engine().await.unwrap();
    until("the engine's return", &server, Result::is_ok).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_to_the_docker_socket() {
    let server = Server::start("rights").await;
    let key = [server.hosts.authorized_line()];
    server.host.add_user("member", &key, true).await.unwrap();
    server.host.add_user("guest", &key, false).await.unwrap();
    let member = server.hosts.session(&server.target_as("member")).await.unwrap();
    member.list(INSTALL).await.unwrap();
    let guest = server.hosts.session(&server.target_as("guest")).await.unwrap();
    let refused = guest.list(INSTALL).await.unwrap_err();
    assert!(matches!(&refused, HostError::NoPermission { user } if user.as_str() == "guest"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_forwarding_docker_is_reached_by_its_command() {
    let server = Server::start_with("stdio", &["AllowStreamLocalForwarding no"], false).await;
    let session = server.session_with_image().await;
    let asked = futures::future::join_all((0..20).map(|_| session.list(INSTALL))).await;
    for answer in asked {
        answer.unwrap();
    }
    session.create(&spec(&server, 7, 20001).await).await.unwrap();

    // And where the command isn't there either, the message names sshd's option.
    let docker = server.host.run("sh", &["-c", "command -v docker"]).await.unwrap();
    server.host.run("mount", &["--bind", "/bin/false", docker.trim()]).await.unwrap();
    server.hosts.forget(server.target.server).await;
    let forbidden = server.session().await.list(INSTALL).await.unwrap_err();
    assert!(matches!(forbidden, HostError::ForwardingOff), "{forbidden:?}");
    assert!(forbidden.to_string().contains("AllowStreamLocalForwarding yes"));
}
