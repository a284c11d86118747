//! Hosts to rent, on this machine: each has an address of its own, an SSH server with its own host key, and, unless
//! it is a bare one, a Docker Engine with its own data. Linux and root only.
//!
//! ```no_run
//! # async fn run() -> anyhow::Result<()> {
//! use lab::hosts::{Host, HostOptions};
//! let host = Host::start(HostOptions { authorized_keys: vec!["ssh-ed25519 AAAA…".into()], ..HostOptions::new("h1") }).await?;
//! println!("ssh root@{}, host key {}", host.ip(), host.fingerprint()?);
//! host.partition().await?;
//! host.heal().await?;
//! host.stop().await
//! # }
//! ```
//! Everything a host is ends with it; see [`namespace`] for how, even if the program is killed.

mod bare;
mod command;
mod daemon;
mod engine;
mod image;
mod namespace;
mod nat;
mod sshd;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use command::{if_exists, run, run_async, words};
use daemon::Signal;
pub use engine::{Container, ContainerConfig, ContainerState};
pub use image::{RelayImage, relay_image};
use namespace::{Namespace, Plan};

/// What kind of host, and who may log in.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// Its host name.
    pub name: String,
    /// Where host key, accounts, engine data and logs are, and stay when it stops. A temporary folder if not given.
    pub state_dir: Option<PathBuf>,
    /// Public keys that may log in as root, one `authorized_keys` line each.
    pub authorized_keys: Vec<String>,
    /// More lines for its `sshd_config`.
    pub sshd_config: Vec<String>,
    /// It gets the first free 10.77.N.0/24 of these; one with a state folder gets the same as before.
    pub networks: RangeInclusive<u8>,
}

impl HostOptions {
    /// A host for the length of a test, which nobody can log in to yet.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state_dir: None,
            authorized_keys: Vec::new(),
            sshd_config: Vec::new(),
            networks: 1..=199,
        }
    }
}

/// A running host. Dropping it ends all of it at once, as a power cut would; [`Host::stop`] shuts it down in order.
pub struct Host {
    // In the order in which they must be dropped.
    namespace: Namespace,
    sshd: sshd::Sshd,
    engine: engine::Engine,
    folder: Folder,
}

/// A host's folder, removed with it if it is temporary.
struct Folder {
    path: PathBuf,
    temporary: bool,
    /// Two hosts must not share a folder.
    _lock: File,
}

/// How temporary folders are called; the owner's process id follows.
const PREFIX: &str = "derpshop-host-";

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(folder = %self.path.display(), %error, "a lab host's folder stays");
        }
    }
}

/// Makes what the host sees of the machine's file system its own wherever a program could write to it.
const READY_MOUNTS: &str = "
    mount --bind \"$1\" /mnt
    for pair in run:/run etc:/etc root:/root home:/home docker:/var/lib/docker containerd:/var/lib/containerd tmp:/tmp; do
        mkdir -p \"${pair#*:}\"
        mount --bind \"/mnt/${pair%%:*}\" \"${pair#*:}\"
    done
    umount /mnt";

impl Host {
    /// Starts a host that has a Docker Engine, and waits until both it and sshd answer.
    pub async fn start(options: HostOptions) -> Result<Self> {
        let host = Self::prepare(options, |folder| {
            for name in ["docker", "containerd", "root", "home", "tmp"] {
                fs::create_dir_all(folder.join(name))?;
            }
            if !folder.join("etc/passwd").exists() {
                run(Command::new("cp").args(["-a", "/etc/."]).arg(folder.join("etc")))?;
                if_exists(fs::remove_dir_all(folder.join("etc/docker")))?;
            }
            Ok(Layout { mounts: READY_MOUNTS.to_owned(), root: None, internet: false })
        })
        .await?;
        engine::Engine::prepare(&host.namespace)?;
        tokio::try_join!(host.sshd.start(&host.namespace), host.engine.start(&host.namespace))?;
        Ok(host)
    }

    /// Starts a freshly installed Debian: sshd, a way to Debian's package mirrors, no Docker. The first start on a
    /// machine installs it into the cache folder, which takes about half a minute.
    pub async fn start_bare(options: HostOptions) -> Result<Self> {
        let host = Self::prepare(options, |folder| {
            let root = folder.join("root");
            Ok(Layout { mounts: bare::mounts(folder)?, root: Some(root), internet: true })
        })
        .await?;
        host.sshd.start(&host.namespace).await?;
        Ok(host)
    }

    async fn prepare(
        options: HostOptions,
        furnish: impl FnOnce(&Path) -> Result<Layout> + Send + 'static,
    ) -> Result<Self> {
        tokio::task::spawn_blocking(move || {
            let folder = Folder::open(options.state_dir.as_deref())?;
            for name in ["run", "etc"] {
                fs::create_dir_all(folder.path.join(name))?;
            }
            let kept = folder.path.join("network");
            let networks = match if_exists(fs::read_to_string(&kept))? {
                Some(number) => number.trim().parse().map(|number| number..=number).context("network")?,
                None => options.networks,
            };
            let layout = furnish(&folder.path)?;
            let namespace = Namespace::start(Plan {
                hostname: &options.name,
                folder: &folder.path,
                mounts: &layout.mounts,
                root: layout.root,
                numbers: networks,
                internet: layout.internet,
            })?;
            fs::write(kept, namespace.number().to_string())?;
            fs::write(namespace.path("/etc/hostname"), format!("{}\n", options.name))?;
            let sshd = sshd::Sshd::prepare(
                &namespace,
                &folder.path,
                &options.authorized_keys,
                &options.sshd_config,
            )?;
            let engine = engine::Engine::new(&folder.path);
            Ok(Self { namespace, sshd, engine, folder })
        })
        .await?
    }

    /// Shuts it down in order: containers, engine, SSH server. With a state folder, it can be started again as it was.
    pub async fn stop(self) -> Result<()> {
        self.engine.stop(&self.namespace, Signal::Term).await?;
        tokio::task::spawn_blocking(move || drop(self)).await?;
        Ok(())
    }

    /// Its address, reached from this machine and from other hosts.
    pub fn ip(&self) -> IpAddr {
        self.namespace.ip().into()
    }

    /// This machine's address as the host and its containers see it.
    pub fn gateway(&self) -> IpAddr {
        self.namespace.gateway().into()
    }

    /// Where its SSH server listens.
    pub fn ssh_port(&self) -> u16 {
        sshd::PORT
    }

    /// Its host key as `ssh-keygen -l` shows it: `SHA256:` and 43 characters.
    pub fn fingerprint(&self) -> Result<String> {
        self.sshd.fingerprint()
    }

    /// Its folder, with `sshd.log`, `dockerd.log` and `run/docker.sock`.
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// Where a file of the host (an absolute path) is found from outside, to look at or change it.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.namespace.path(inside)
    }

    /// Runs a program on the host as root and returns what it printed.
    pub async fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let mut command = self.namespace.command(program);
        command.args(arguments);
        run_async(command).await
    }

    /// Lets more public keys in to root's account.
    pub fn authorize(&self, keys: &[String]) -> Result<()> {
        sshd::authorize(&self.namespace, "/root", keys)
    }

    /// Adds an account beside root with these keys: in the group `docker` if `docker`, else with no rights.
    pub async fn add_user(&self, name: &str, keys: &[String], docker: bool) -> Result<()> {
        self.run("useradd", &["--create-home", "--shell", "/bin/bash", "--password", "*", name]).await?;
        if docker {
            self.run("usermod", &["--append", "--groups", "docker", name]).await?;
        }
        let home = format!("/home/{name}");
        sshd::authorize(&self.namespace, &home, keys)?;
        self.run("chown", &["-R", &format!("{name}:"), &home]).await.map(drop)
    }

    /// Sets root's password, for hosts handed over the way most providers do.
    pub async fn set_root_password(&self, password: &str) -> Result<()> {
        let hash = run(words("openssl", "passwd -6").arg(password))?;
        self.run("usermod", &["--password", hash.trim(), "root"]).await.map(drop)
    }

    // ---- faults ----

    /// New connections to the SSH port are refused; sessions go on.
    pub async fn stop_sshd(&self) -> Result<()> {
        self.sshd.stop(&self.namespace).await
    }

    /// Undoes [`Host::stop_sshd`].
    pub async fn start_sshd(&self) -> Result<()> {
        self.sshd.start(&self.namespace).await
    }

    /// Ends every SSH session in the middle of what it does; new ones are accepted.
    pub async fn cut_sessions(&self) -> Result<()> {
        self.sshd.cut(&self.namespace).await
    }

    /// Gives the host another identity, as a reinstallation or an impostor would have.
    pub async fn change_host_key(&self) -> Result<()> {
        self.sshd.change_key(&self.namespace).await
    }

    /// Shuts the engine down, which stops its containers.
    pub async fn stop_engine(&self) -> Result<()> {
        self.engine.stop(&self.namespace, Signal::Term).await
    }

    /// The engine crashes; containers live on until it is started again, which ends them and may leave it at that.
    pub async fn kill_engine(&self) -> Result<()> {
        self.engine.stop(&self.namespace, Signal::Kill).await
    }

    /// Starts the engine; containers with a restart policy that were running start with it.
    pub async fn start_engine(&self) -> Result<()> {
        self.engine.start(&self.namespace).await
    }

    /// Nothing gets in or out any more, and nobody is told: connections hang.
    pub async fn partition(&self) -> Result<()> {
        self.firewall("-I").await
    }

    /// Undoes [`Host::partition`].
    pub async fn heal(&self) -> Result<()> {
        self.firewall("-D").await
    }

    async fn firewall(&self, change: &str) -> Result<()> {
        for rule in ["INPUT -i eth0", "OUTPUT -o eth0", "FORWARD"] {
            let words = ["-w", change].into_iter().chain(rule.split(' ')).chain(["-j", "DROP"]);
            self.run("iptables", &words.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    /// Takes a TCP and UDP port before the engine can publish it, until the returned sockets are dropped.
    pub fn occupy_port(&self, port: u16) -> Result<(TcpListener, UdpSocket)> {
        self.namespace.listen(port)
    }

    // ---- engine ----

    /// Runs the Docker client against this host's engine and returns what it printed.
    pub async fn docker(&self, arguments: &[&str]) -> Result<String> {
        run_async(self.engine.client(arguments)).await
    }

    /// Every container there is, running or not, whoever made it.
    pub async fn containers(&self) -> Result<Vec<Container>> {
        self.engine.containers().await
    }

    /// Loads an image archive, such as [`RelayImage::archive`].
    pub async fn load_image(&self, archive: &Path) -> Result<()> {
        let archive = archive.to_str().context("the archive's path is not UTF-8")?;
        self.docker(&["load", "--quiet", "--input", archive]).await.map(drop)
    }
}

/// How a kind of host is laid out.
struct Layout {
    mounts: String,
    root: Option<PathBuf>,
    internet: bool,
}

impl Folder {
    fn open(kept: Option<&Path>) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            bail!("a lab host needs namespaces of its own, which only root may make");
        }
        let path = match kept {
            Some(path) => {
                fs::create_dir_all(path)?;
                path.canonicalize()?
            }
            None => Self::make_temporary()?,
        };
        let lock = File::create(path.join("lock"))?;
        lock.try_lock().with_context(|| format!("{} is in use by another lab host", path.display()))?;
        // What an earlier run of the host had there is as gone as after any start of a machine.
        if_exists(fs::remove_dir_all(path.join("run")))?;
        Ok(Self { path, temporary: kept.is_none(), _lock: lock })
    }

    /// Makes a folder named after our process, and removes those of runs that were killed.
    fn make_temporary() -> Result<PathBuf> {
        let top = std::env::temp_dir();
        for entry in fs::read_dir(&top)?.flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
            if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                // Another run may be removing it too.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let own = |n| top.join(format!("{PREFIX}{}-{n}", std::process::id()));
        for path in (0..).map(own) {
            match fs::create_dir(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => return Ok(made.map(|()| path)?),
            }
        }
        bail!("no name for a folder is left")
    }
}
