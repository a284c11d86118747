//! A host's own network, processes and mounts: kernel namespaces that a small shell holds open.
//!
//! The shell is process 1 of its namespace and reads from a pipe whose other end is ours. However we end, the pipe
//! closes, the shell ends, and the kernel then ends every process of the host (containers too) and removes its
//! mounts and its network cable. So a killed test run leaves only an empty cgroup and at most two firewall rules,
//! which the next host that takes the same number removes.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::command::{poll, run, words};
use super::nat;

/// What a daemon of a host finds in its environment: nothing of the test run's.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What to hold open.
pub(super) struct Plan<'a> {
    /// The host's own name.
    pub(super) hostname: &'a str,
    /// The host's folder, the script's `$1`. Its `run/` is the host's `/run`.
    pub(super) folder: &'a Path,
    /// Shell lines that mount what the host is to see.
    pub(super) mounts: &'a str,
    /// Where the host's `/` is, unless it is the machine's.
    pub(super) root: Option<PathBuf>,
    /// From which 10.77.N.0/24 may be chosen.
    pub(super) numbers: RangeInclusive<u8>,
    /// Whether the host may reach what is beyond this machine.
    pub(super) internet: bool,
}

/// The namespaces of one running host.
pub(super) struct Namespace {
    holder: Child,
    number: u8,
    root: Option<PathBuf>,
    nat: Option<nat::Nat>,
}

impl Namespace {
    /// Makes the namespaces and connects them to the machine.
    pub(super) fn start(plan: Plan<'_>) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            bail!("a lab host needs namespaces of its own, which only root may make");
        }
        let script = format!(
            "set -eu\nhostname \"$2\"\n{}\nip link set lo up\necho ready\nread -r _ || true",
            plan.mounts
        );
        let mut holder = words("unshare", "--net --mount --pid --uts --ipc --fork --kill-child --mount-proc")
            .args(["bash", "-c", &script, "lab-host"])
            .arg(plan.folder)
            .arg(plan.hostname)
            // A Ctrl-C in the terminal is for us alone; we then end our hosts in order.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(plan.folder.join("host.log"))?)
            .spawn()
            .context("unshare")?;
        let mut said = String::new();
        if let Some(output) = holder.stdout.take() {
            BufReader::new(output).read_line(&mut said)?;
        }
        // From here on, dropping it ends the holder.
        let mut namespace = Self { holder, number: 0, root: plan.root, nat: None };
        if said.trim() != "ready" {
            let log = fs::read_to_string(plan.folder.join("host.log")).unwrap_or_default();
            bail!("the host's file systems could not be mounted: {}", log.trim());
        }
        namespace.number = plug_in(namespace.holder.id(), plan.numbers)?;
        namespace.configure()?;
        remove_cgroups(&namespace.link());
        namespace.nat = Some(nat::Nat::open(&namespace.link(), namespace.number, plan.internet)?);
        Ok(namespace)
    }

    fn configure(&self) -> Result<()> {
        let (link, gateway, ip) = (self.link(), self.gateway(), self.ip());
        run(&mut words("ip", &format!("address add {gateway}/24 dev {link}")))?;
        run(&mut words("ip", &format!("link set {link} up")))?;
        for line in [
            format!("address add {ip}/24 dev eth0"),
            "link set eth0 up".to_owned(),
            format!("route add default via {gateway}"),
        ] {
            // The machine's own program: a bare host may have none.
            run(self.enter("ip").args(line.split_whitespace()))?;
        }
        Ok(())
    }

    /// The host's address.
    pub(super) fn ip(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, self.number, 2)
    }

    /// The machine's address as the host sees it.
    pub(super) fn gateway(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, self.number, 1)
    }

    /// The N of 10.77.N.0/24.
    pub(super) fn number(&self) -> u8 {
        self.number
    }

    /// The machine's end of the cable to the host. Taking the name is what reserves the number.
    pub(super) fn link(&self) -> String {
        link(self.number)
    }

    fn enter(&self, program: &str) -> Command {
        let holder = self.holder.id();
        let mut command = words("nsenter", &format!("--target {holder} --net --mount --uts --ipc"));
        // The holder's parent stands in the outer process namespace and only its children are in the inner one.
        command.args([&format!("--pid=/proc/{holder}/ns/pid_for_children"), "--", program]);
        command.env_clear().env("PATH", PATH).env("HOME", "/root").current_dir("/");
        command
    }

    /// A program to run on the host.
    pub(super) fn command(&self, program: &str) -> Command {
        match &self.root {
            None => self.enter(program),
            Some(root) => {
                let mut command = self.enter("chroot");
                command.arg(root).arg(program);
                command
            }
        }
    }

    /// Where a file of the host is found from outside.
    pub(super) fn path(&self, inside: &str) -> PathBuf {
        let mut path = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        for part in self.root.iter().map(PathBuf::as_path).chain([Path::new(inside)]) {
            path.push(part.strip_prefix("/").unwrap_or(part));
        }
        path
    }

    /// Listens on the host's own addresses, from a thread of ours that visits its network for a moment.
    pub(super) fn listen(&self, port: u16) -> Result<(TcpListener, UdpSocket)> {
        let network = File::open(format!("/proc/{}/ns/net", self.holder.id()))?;
        let visit = std::thread::spawn(move || -> Result<_> {
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?;
            let any = (Ipv4Addr::UNSPECIFIED, port);
            Ok((TcpListener::bind(any)?, UdpSocket::bind(any)?))
        });
        visit.join().map_err(|_| anyhow::anyhow!("the visit to the host's network panicked"))?
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.nat.take());
        // Fails only if it has ended already.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
        if self.number != 0 {
            let device = PathBuf::from("/sys/class/net").join(self.link());
            if !poll(Duration::from_secs(10), || !device.exists()) {
                tracing::warn!(link = self.link(), "a lab host did not end in 10 s");
            }
            remove_cgroups(&self.link());
            if self.root.is_some() {
                // Its engine has been configured by whoever installed it, which is to say not at all.
                remove_cgroups("docker");
            }
        }
    }
}

fn link(number: u8) -> String {
    format!("derplab{number}")
}

/// Connects the namespace of process `holder` by the first free number.
fn plug_in(holder: u32, numbers: RangeInclusive<u8>) -> Result<u8> {
    let taken = run(&mut words("ip", "-4 -o address show"))? + &run(&mut words("ip", "-4 route show"))?;
    for number in numbers.clone() {
        if taken.contains(&format!(" 10.77.{number}.")) || taken.contains(&format!("\n10.77.{number}.")) {
            continue;
        }
        let link = link(number);
        match run(&mut words("ip", &format!("link add {link} type veth peer name eth0 netns {holder}"))) {
            Ok(_) => return Ok(number),
            // Another run was quicker.
            Err(error) if error.to_string().contains("File exists") => {}
            Err(error) => return Err(error),
        }
    }
    bail!(
        "no free network for a lab host: 10.77.{}.0 to 10.77.{}.0 are in use",
        numbers.start(),
        numbers.end()
    )
}

/// Containers' cgroups outlive their processes. They can only be removed once empty, so one in use is safe.
fn remove_cgroups(name: &str) {
    fn remove(folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                remove(&entry.path());
            }
        }
        if let Err(error) = fs::remove_dir(folder) {
            tracing::debug!(folder = %folder.display(), %error, "cgroup stays");
        }
    }
    let top = Path::new("/sys/fs/cgroup");
    let controllers = fs::read_dir(top).into_iter().flatten().flatten().map(|entry| entry.path());
    for folder in std::iter::once(top.to_owned()).chain(controllers).map(|path| path.join(name)) {
        if folder.is_dir() {
            remove(&folder);
        }
    }
}
