//! Lab hosts behave like rented ones, and leave nothing behind.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::hosts::{Host, HostOptions, RelayImage, relay_image};
use lab::wait::wait_until;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A key pair for one test, in a folder that goes with it.
struct Key {
    folder: PathBuf,
}

impl Key {
    fn make(test: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("derpshop-key-{}-{test}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(folder.join("key"))
            .status()?;
        ensure!(made.success(), "ssh-keygen");
        Ok(Self { folder })
    }

    fn public(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join("key.pub"))?)
    }

    /// Runs a command over SSH with the system's client, which must know the host's key from the first time on.
    async fn ssh(&self, host: &Host, user: &str, command: &str) -> Result<String> {
        let known = format!("UserKnownHostsFile={}", self.folder.join("known_hosts").display());
        let mut ssh = tokio::process::Command::new("ssh");
        ssh.args([
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=accept-new",
            "-o",
            &known,
        ]);
        ssh.args(["-o", "ConnectTimeout=5", "-i"]).arg(self.folder.join("key"));
        let output =
            ssh.arg(format!("{user}@{}", host.ip())).arg(command).kill_on_drop(true).output().await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

async fn image() -> Result<RelayImage> {
    tokio::task::spawn_blocking(relay_image).await?
}

async fn start_relay(host: &Host, port: u16) -> Result<()> {
    let image = image().await?;
    host.load_image(&image.archive).await?;
    let published = format!("{port}:443");
    let ip = host.ip().to_string();
    let run = ["run", "--detach", "--name", "relay", "--label", "test=yes", "--restart", "unless-stopped"];
    let serve =
        ["-a", ":443", "-http-port", "-1", "-certmode", "manual", "-certdir", "/tmp", "-c", "/tmp/key"];
    let run =
        [&run, &["--tmpfs", "/tmp", "--publish", &published, &image.tag][..], &serve, &["-hostname", &ip]];
    host.docker(&run.concat()).await.map(drop)
}

async fn connects(host: &Host, port: u16) -> bool {
    let connect = TcpStream::connect(SocketAddr::new(host.ip(), port));
    timeout(Duration::from_secs(2), connect).await.is_ok_and(|connected| connected.is_ok())
}

async fn until_it_connects(host: &Host, port: u16) -> Result<()> {
    Ok(wait_until("a connection", Duration::from_secs(15), async || connects(host, port).await).await?)
}

/// What must be as before once all hosts of a test are gone.
fn machine() -> Result<String> {
    let rules = Command::new("iptables-save").output()?.stdout;
    let rules = String::from_utf8(rules)?;
    // Not counters, times, nor tables that are there since someone looked; other tests' hosts are theirs.
    let rules = rules.lines().filter(|line| line.starts_with('-') && !line.contains("derplab"));
    let flag =
        |name: &str| fs::read_to_string(Path::new("/proc/sys/net/ipv4/conf").join(name).join("forwarding"));
    let controllers = fs::read_to_string("/proc/self/cgroup")?.lines().count();
    let rules = rules.collect::<String>();
    Ok(format!("{rules}{}{}{controllers} controllers", flag("all")?, flag("default")?))
}

#[tokio::test]
async fn two_hosts_run_containers_side_by_side() -> Result<()> {
    let before = machine()?;
    let (one, two) =
        tokio::try_join!(Host::start(HostOptions::new("one")), Host::start(HostOptions::new("two")))?;
    assert_ne!(one.ip(), two.ip());
    assert_ne!(one.fingerprint()?, two.fingerprint()?);
    tokio::try_join!(start_relay(&one, 20000), start_relay(&two, 20000))?;
    for host in [&one, &two] {
        until_it_connects(host, 20000).await?;
        let [container] = &host.containers().await?[..] else { panic!("one container") };
        assert_eq!(container.name, "/relay");
        assert_eq!(container.label("test"), Some("yes"));
        assert_eq!(container.image, image().await?.id);
        assert!(container.state.running);
        let stats = ["stats", "--no-stream", "--format", "{{.NetIO}}"];
        let counted = async || host.docker(&stats).await.is_ok_and(|bytes| !bytes.starts_with("0B"));
        wait_until("the connection's count", Duration::from_secs(10), counted).await?;
    }
    // A look at one host's container from the other.
    let seen = format!("exec 3<>/dev/tcp/{}/20000", two.ip());
    one.run("bash", &["-c", &seen]).await?;
    let links = [&one, &two].map(|host| host.folder().to_owned());
    tokio::try_join!(one.stop(), two.stop())?;
    assert_eq!(machine()?, before);
    assert!(links.iter().all(|folder| !folder.exists()), "temporary folders are removed");
    Ok(())
}

#[tokio::test]
async fn a_partition_hangs_and_heals() -> Result<()> {
    let host = Host::start(HostOptions::new("parted")).await?;
    start_relay(&host, 20000).await?;
    until_it_connects(&host, 20000).await?;
    host.partition().await?;
    for port in [22, 20000] {
        let attempt = TcpStream::connect(SocketAddr::new(host.ip(), port));
        assert!(
            timeout(Duration::from_millis(1500), attempt).await.is_err(),
            "{port} neither accepts nor refuses"
        );
    }
    host.heal().await?;
    until_it_connects(&host, 22).await?;
    until_it_connects(&host, 20000).await?;
    Ok(())
}

#[tokio::test]
async fn ssh_faults_are_as_a_client_sees_them() -> Result<()> {
    let key = Key::make("faults")?;
    let options = HostOptions { authorized_keys: vec![key.public()?], ..HostOptions::new("faulty") };
    let host = Host::start(options).await?;
    assert_eq!(key.ssh(&host, "root", "hostname; docker ps --quiet | wc -l").await?, "faulty\n0\n");
    host.add_user("ops", &[key.public()?], true).await?;
    assert_eq!(key.ssh(&host, "ops", "whoami && docker ps --quiet | wc -l").await?, "ops\n0\n");
    assert!(!Path::new("/home/ops").exists(), "the machine has no such account");

    let (cut, ()) = tokio::join!(key.ssh(&host, "root", "touch /tmp/began; exec sleep 60"), async {
        let began = host.path("/tmp/began");
        wait_until("the session", Duration::from_secs(5), async || began.exists()).await.unwrap();
        host.cut_sessions().await.unwrap();
    });
    assert!(cut.is_err(), "the session was cut");

    host.stop_sshd().await?;
    let refused = key.ssh(&host, "root", "true").await.unwrap_err().to_string();
    assert!(refused.contains("Connection refused"), "{refused}");
    host.start_sshd().await?;
    key.ssh(&host, "root", "true").await?;

    let before = host.fingerprint()?;
    host.change_host_key().await?;
    assert_ne!(host.fingerprint()?, before);
    let changed = key.ssh(&host, "root", "true").await.unwrap_err().to_string();
    assert!(changed.contains("Host key verification failed"), "{changed}");
    Ok(())
}

#[tokio::test]
async fn engine_faults_and_a_taken_port() -> Result<()> {
    let host = Host::start(HostOptions::new("engine")).await?;
    let taken = host.occupy_port(20000)?;
    let refused = start_relay(&host, 20000).await.unwrap_err().to_string();
    assert!(refused.contains("address already in use"), "{refused}");
    drop(taken);
    host.docker(&["start", "relay"]).await?;
    until_it_connects(&host, 20000).await?;

    host.stop_engine().await?;
    assert!(!connects(&host, 20000).await, "its containers end with it");
    assert!(host.containers().await.is_err());
    host.start_engine().await?;
    until_it_connects(&host, 20000).await.context("after a stop")?;

    host.kill_engine().await?;
    assert!(connects(&host, 20000).await, "its containers live on");
    // As it comes back, the engine ends what it finds running, and leaves it so.
    host.start_engine().await?;
    host.docker(&["start", "relay"]).await?;
    until_it_connects(&host, 20000).await.context("after a crash")?;
    Ok(())
}

#[tokio::test]
async fn a_host_with_a_folder_comes_back_as_it_was() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("derpshop-kept-{}", std::process::id()));
    let options = HostOptions { state_dir: Some(folder.clone()), ..HostOptions::new("kept") };
    let host = Host::start(options.clone()).await?;
    start_relay(&host, 20000).await?;
    let (ip, fingerprint, id) = (host.ip(), host.fingerprint()?, host.containers().await?[0].id.clone());
    let again = Host::start(options.clone()).await.err().context("one host at a time")?;
    assert!(again.to_string().contains("in use by another lab host"), "{again}");
    host.stop().await?;
    let host = Host::start(options).await?;
    assert_eq!((host.ip(), host.fingerprint()?), (ip, fingerprint));
    assert_eq!(host.containers().await?[0].id, id);
    until_it_connects(&host, 20000).await?;
    host.stop().await?;
    fs::remove_dir_all(folder)?;
    Ok(())
}

#[tokio::test]
async fn nothing_is_left_of_a_host_that_is_dropped() -> Result<()> {
    let host = Host::start(HostOptions::new("dropped")).await?;
    start_relay(&host, 20000).await?;
    let link = format!("derplab{}", host.ip().to_string().split('.').nth(2).context("an IPv4 address")?);
    let traces = || -> Result<usize> {
        let mut count = usize::from(Path::new("/sys/class/net").join(&link).exists());
        for controller in fs::read_dir("/sys/fs/cgroup")?.flatten() {
            count += usize::from(controller.path().join(&link).exists());
        }
        Ok(count)
    };
    assert!(traces()? > 1, "a cable and cgroups");
    let folder = host.folder().to_owned();
    drop(host);
    assert_eq!(traces()?, 0);
    assert!(!folder.exists());
    Ok(())
}

#[tokio::test]
async fn docker_can_be_installed_on_a_bare_host() -> Result<()> {
    let before = machine()?;
    let key = Key::make("bare")?;
    let options = HostOptions { authorized_keys: vec![key.public()?], ..HostOptions::new("bare") };
    let host = Host::start_bare(options).await?;
    assert!(key.ssh(&host, "root", "command -v docker").await.is_err(), "it has no Docker yet");
    let install = "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends docker.io iptables";
    key.ssh(&host, "root", install).await?;
    key.ssh(&host, "root", "service docker start").await?;
    let answers = async || host.docker(&["version"]).await.is_ok();
    wait_until("the engine", Duration::from_secs(30), answers).await?;
    start_relay(&host, 20000).await?;
    until_it_connects(&host, 20000).await?;
    host.stop().await?;
    assert_eq!(machine()?, before);
    Ok(())
}
