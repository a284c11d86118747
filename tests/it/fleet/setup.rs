//! One-click set-up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use derpshop::adapters::probe::{ProbeLimits, SocketProber};
use derpshop::adapters::ssh::SshSetup;
use derpshop::bytes::Bytes;
use derpshop::clock::{OsRandom, SystemClock};
use derpshop::fleet::host::{HostError, Hosts as _};
use derpshop::fleet::image::{Arch, RelayImage};
use derpshop::fleet::server::PortRange;
use derpshop::fleet::setup::{
    Finding, ServerSetup as _, SetupPlan, SetupProblem, SetupProgress, SetupStep, SetupStopped, StepState,
    TrialRelay,
};
use lab::wait::wait_until;

use super::{INSTALL, Server, image, secrets};

#[derive(Default)]
struct Told(Mutex<Vec<(SetupStep, StepState)>>);

impl SetupProgress for Told {
    fn step(&self, step: SetupStep, state: StepState) {
        self.0.lock().unwrap().push((step, state));
    }
}

impl Told {
    fn findings(&self) -> Vec<Finding> {
        let told = self.0.lock().unwrap();
        let done = told.iter().filter_map(|(_, state)| match state {
            StepState::Done(finding) => Some(finding.clone()),
            StepState::Started | StepState::Installing | StepState::Streaming { .. } => None,
        });
        done.collect()
    }
}

fn ours() -> Arch {
    std::env::consts::ARCH.parse().unwrap()
}

async fn plan(server: &Server) -> SetupPlan {
    let (secrets, pin) = secrets(server.host.ip());
    let (image, archive) = image().await;
    SetupPlan {
        target: server.target.clone(),
        install: INSTALL,
        ports: PortRange::new(20000, 20009).unwrap(),
        images: BTreeMap::from([(ours(), RelayImage { image, archive })]),
        trial: TrialRelay { secrets, pin },
        restart_confirmed: false,
    }
}

fn setup(server: &Server) -> SshSetup {
    let limits = ProbeLimits { connect: Duration::from_secs(2), ..ProbeLimits::default() };
    let prober = SocketProber::new(Arc::new(SystemClock), Arc::new(OsRandom), limits);
    SshSetup::new(server.hosts.clone(), Arc::new(prober), Arc::new(SystemClock))
}

async fn stopped(server: &Server, plan: &SetupPlan) -> SetupStopped {
    setup(server).set_up(plan, &Told::default()).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_debian_becomes_a_server() {
    let server = Server::start_with("bare", &[], true).await;
    let plan = plan(&server).await;

    // Cut off while packages are being installed: what runs on the server goes on, and the next run waits for it.
    let told = Arc::new(Told::default());
    let first = {
        let (setup, plan, told) = (setup(&server), plan.clone(), Arc::clone(&told));
        tokio::spawn(async move { setup.set_up(&plan, told.as_ref()).await })
    };
    let installing = wait_until("apt to run", Duration::from_mins(1), async || {
        server.host.run("pgrep", &["-x", "apt-get"]).await.is_ok()
    });
    installing.await.unwrap();
    server.host.cut_sessions().await.unwrap();
    let cut = first.await.unwrap().unwrap_err();
    assert_eq!(cut.step, SetupStep::Engine);
    assert!(matches!(&cut.problem, SetupProblem::Host(HostError::Lost { .. })), "{cut:?}");
    assert!(told.0.lock().unwrap().contains(&(SetupStep::Engine, StepState::Installing)));

    // The next run logs in as a user who has nothing but sudo.
    server
        .host
        .run("apt-get", &["-q", "-y", "-o", "DPkg::Lock::Timeout=300", "install", "sudo"])
        .await
        .unwrap();
    server.host.add_user("admin", &[server.hosts.authorized_line()], false).await.unwrap();
    let sudoers = "echo 'admin ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/derpshop";
    server.host.run("sh", &["-c", sudoers]).await.unwrap();
    let plan = SetupPlan { target: server.target_as("admin"), ..plan };
    let told = Told::default();
    let report = setup(&server).set_up(&plan, &told).await.unwrap();
    assert!(report.hardware.os.starts_with("Debian GNU/Linux"), "{report:?}");
    assert!(
        report.forwarding && report.hardware.cores > 0 && report.hardware.memory > Bytes(0),
        "{report:?}"
    );
    let findings = told.findings();
    assert_eq!(findings.len(), SetupStep::ALL.len(), "{findings:?}");
    assert!(findings.contains(&Finding::Settings { changed: true }), "{findings:?}");
    assert!(findings.contains(&Finding::Image { loaded: true }));
    assert!(findings.contains(&Finding::Ports { free: 10, taken: 0 }));
    let daemon = std::fs::read_to_string(server.host.path("/etc/docker/daemon.json")).unwrap();
    assert!(daemon.contains("\"userland-proxy\": false"), "{daemon}");
    assert!(
        findings.contains(&Finding::Privilege { sudo: true })
            && findings.contains(&Finding::Forwarding { allowed: true })
    );
    let session = server.hosts.session(&plan.target).await.unwrap();
    assert!(session.list(INSTALL).await.unwrap().is_empty(), "the trial relay is gone");

    // Once more: nothing is left to do.
    let told = Told::default();
    assert_eq!(setup(&server).set_up(&plan, &told).await.unwrap().hardware.engine, report.hardware.engine);
    let findings = told.findings();
    assert!(findings.contains(&Finding::Settings { changed: false }), "{findings:?}");
    assert!(findings.contains(&Finding::Image { loaded: false }), "{findings:?}");
    assert!(findings.iter().any(|f| matches!(f, Finding::Engine { installed: false, .. })), "{findings:?}");

    // One who may not use the socket but sudo gets there too.
    server.host.run("gpasswd", &["--delete", "admin", "docker"]).await.unwrap();
    server.hosts.forget(plan.target.server).await;
    let session = server.hosts.session(&plan.target).await.unwrap();
    session.list(INSTALL).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_kept_and_others_containers_asked_about() {
    let server = Server::start("settings").await;
    let mut plan = plan(&server).await;
    let file = server.host.path("/etc/docker/daemon.json");
    std::fs::write(&file, "{\"labels\": [\"rack=7\"]}").unwrap();
    let (_, archive) = image().await;
    server.host.load_image(&archive).await.unwrap();
    let tag = plan.images[&ours()].image.name().to_owned();
    let others = ["run", "--detach", "--name", "database", "--tmpfs", "/tmp", &tag];
    let serve =
        ["-a", ":443", "-http-port", "-1", "-certmode", "manual", "-certdir", "/tmp", "-c", "/tmp/key"];
    server.host.docker(&[&others[..], &serve, &["-hostname", "10.0.0.1"]].concat()).await.unwrap();
    let stopped_at = stopped(&server, &plan).await;
    assert_eq!(stopped_at.step, SetupStep::Settings);
    assert!(
        matches!(&stopped_at.problem, SetupProblem::RestartNeeded { containers } if containers == &["database"]),
        "{stopped_at:?}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\"labels\": [\"rack=7\"]}", "nothing was touched");

    plan.restart_confirmed = true;
    let told = Told::default();
    setup(&server).set_up(&plan, &told).await.unwrap();
    assert!(told.findings().contains(&Finding::Settings { changed: true }));
    let now: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(now, serde_json::json!({"labels": ["rack=7"], "userland-proxy": false}));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_obstacle_is_named_with_its_cure() {
    let server = Server::start("obstacles").await;
    let good = plan(&server).await;

    let mut other_arch = good.clone();
    other_arch.images.clear();
    let at = stopped(&server, &other_arch).await;
    assert_eq!((at.step, at.problem.code()), (SetupStep::Architecture, "architecture"));

    server.host.add_user("guest", &[server.hosts.authorized_line()], false).await.unwrap();
    let guest = SetupPlan { target: server.target_as("guest"), ..good.clone() };
    let at = stopped(&server, &guest).await;
    assert_eq!((at.step, at.problem.code()), (SetupStep::Privilege, "privilege"));
    assert!(at.problem.cure().contains("guest ALL=(ALL) NOPASSWD:ALL"));

    let taken: Vec<_> = (20000..=20009).map(|port| server.host.occupy_port(port).unwrap()).collect();
    let at = stopped(&server, &good).await;
    assert_eq!((at.step, at.problem.code()), (SetupStep::Ports, "no-ports"));
    drop(taken);

    let mut wrong_image = good.clone();
    let (image, archive) = image().await;
    let other =
        derpshop::fleet::image::ImageRef::new(image.name(), vec![format!("sha256:{}", "0".repeat(64))])
            .unwrap();
    wrong_image.images.insert(ours(), RelayImage { image: other, archive });
    let at = stopped(&server, &wrong_image).await;
    assert_eq!((at.step, at.problem.code()), (SetupStep::Image, "wrong-archive"));

    // The provider's firewall: TCP gets through, UDP doesn't.
    let block =
        ["-I", "PREROUTING", "-t", "raw", "-i", "eth0", "-p", "udp", "--dport", "20000:20009", "-j", "DROP"];
    server.host.run("iptables", &block).await.unwrap();
    let at = stopped(&server, &good).await;
    assert_eq!(at.step, SetupStep::Outside);
    assert!(matches!(at.problem, SetupProblem::Blocked { tcp: false, udp: true, .. }), "{at:?}");
    assert!(at.problem.cure().contains("allow inbound UDP 20000-20009"));
    assert!(server.host.containers().await.unwrap().is_empty(), "the trial relay is gone");
    let unblock =
        ["-D", "PREROUTING", "-t", "raw", "-i", "eth0", "-p", "udp", "--dport", "20000:20009", "-j", "DROP"];
    server.host.run("iptables", &unblock).await.unwrap();
    setup(&server).set_up(&good, &Told::default()).await.unwrap();

    std::fs::write(server.host.path("/etc/docker/daemon.json"), "{").unwrap();
    let at = stopped(&server, &good).await;
    assert_eq!((at.step, at.problem.code()), (SetupStep::Settings, "settings-broken"));

    // A link to a file that the host shares with this machine: the link is replaced, not what it leads to.
    let other =
        "rm /etc/os-release && printf 'ID=alpine\\nPRETTY_NAME=\"Alpine Linux v3.20\"\\n' >/etc/os-release";
    server.host.run("sh", &["-c", other]).await.unwrap();
    let at = stopped(&server, &good).await;
    assert_eq!(at.step, SetupStep::System);
    assert!(matches!(&at.problem, SetupProblem::System { name } if name == "Alpine Linux v3.20"), "{at:?}");

    server.host.stop_sshd().await.unwrap();
    server.hosts.forget(server.target.server).await;
    let at = stopped(&server, &good).await;
    assert_eq!((at.step, at.problem.code()), (SetupStep::Connect, "unreachable"));
}
