//! A freshly installed Debian for hosts that have nothing yet.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::command::{if_exists, run, words};
use crate::cache;

/// What a provider's minimal image has beyond the essential packages.
const PACKAGES: &str = "openssh-server,ca-certificates,iproute2,procps";

/// Raised when [`configure`] changes, so that an installation made before is not taken.
const EDITION: u32 = 2;

/// Shell lines that mount a copy-on-write view of the installation, made now if there is none, at `$1/root`.
pub(super) fn mounts(folder: &Path) -> Result<String> {
    let lower = installation()?;
    for name in ["upper", "work", "root", "docker", "containerd"] {
        fs::create_dir_all(folder.join(name))?;
    }
    // The engine's layers can't lie on an overlay, so its folders are plain ones, as they are on a real host.
    Ok(format!(
        "mount -t overlay overlay -o \"lowerdir={},upperdir=$1/upper,workdir=$1/work\" \"$1/root\"
    mount -t proc proc \"$1/root/proc\"
    mount --rbind /sys \"$1/root/sys\"
    mount --rbind /dev \"$1/root/dev\"
    for pair in run:run docker:var/lib/docker containerd:var/lib/containerd; do
        mkdir -p \"$1/root/${{pair#*:}}\"
        mount --bind \"$1/${{pair%%:*}}\" \"$1/root/${{pair#*:}}\"
    done",
        lower.display()
    ))
}

/// The installation's folder. It is never written to once it is complete.
fn installation() -> Result<PathBuf> {
    let mirror = Mirror::of_this_machine()?;
    let top = cache::folder()?;
    let installed = top.join(format!("bare-{}-{EDITION}", mirror.codename));
    let lock = File::create(top.join("bare.lock"))?;
    lock.lock()?;
    if installed.join("etc/debian_version").exists() {
        return Ok(installed);
    }
    if_exists(fs::remove_dir_all(&installed))?;
    let making = top.join("bare-unfinished");
    if_exists(fs::remove_dir_all(&making))?;
    tracing::info!("installing a bare Debian, which takes half a minute");
    let mut debootstrap = words("debootstrap", &format!("--variant=minbase --include={PACKAGES}"));
    debootstrap.arg(&mirror.codename).arg(&making).arg(&mirror.uri);
    // So that it finds its helpers when we were started with a shorter path.
    debootstrap.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    run(&mut debootstrap).context("a bare Debian could not be installed")?;
    configure(&making, &mirror)?;
    fs::rename(&making, &installed)?;
    Ok(installed)
}

fn configure(root: &Path, mirror: &Mirror) -> Result<()> {
    fs::write(root.join("etc/apt/sources.list"), &mirror.sources)?;
    let resolver = fs::read_to_string("/etc/resolv.conf")?;
    let resolver = if resolver.contains("nameserver 127.0.0.53") {
        // The machine's stub resolver can't be reached from the host; this is the list behind it.
        fs::read_to_string("/run/systemd/resolve/resolv.conf")?
    } else {
        resolver
    };
    fs::write(root.join("etc/resolv.conf"), resolver)?;
    // A sandbox may lack the right to raise the limit that the engine's start script raises. The script reads this
    // file first; apt must then keep it rather than ask.
    fs::write(root.join("etc/default/docker"), "ulimit() { :; }\n")?;
    // The start script would mount controllers that the machine doesn't, which disturbs every engine on it. It leaves
    // that to those who say they have done it.
    fs::write(root.join("etc/fstab"), "cgroup /sys/fs/cgroup cgroup noauto 0 0\n")?;
    let apt = format!("{}\nDPkg::Options {{ \"--force-confold\"; }};\n", mirror.settings);
    fs::write(root.join("etc/apt/apt.conf.d/50lab"), apt)?;
    // Each host makes its own.
    for entry in fs::read_dir(root.join("etc/ssh"))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("ssh_host_") {
            fs::remove_file(entry.path())?;
        }
    }
    if_exists(fs::remove_dir_all(root.join("var/cache/apt/archives")))?;
    fs::create_dir_all(root.join("var/cache/apt/archives/partial"))?;
    Ok(())
}

/// Where this machine gets Debian's packages from.
struct Mirror {
    uri: String,
    codename: String,
    /// As lines of a `sources.list`.
    sources: String,
    /// How apt must ask, as lines of an `apt.conf`.
    settings: String,
}

impl Mirror {
    fn of_this_machine() -> Result<Self> {
        let format = "$(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT) $(LABEL)";
        let mut list = Command::new("apt-get");
        list.args(["indextargets", "--format", format, "Created-By: Packages", "Origin: Debian"]);
        let targets = run(&mut list)?;
        let mut mirror = None;
        let mut sources = Vec::new();
        for line in targets.lines() {
            // `bookworm-updates` and the like name only what is newer.
            let [uri, release, codename, component, label] = line.split_whitespace().collect::<Vec<_>>()[..]
            else {
                bail!("apt-get indextargets printed {line:?}");
            };
            if component == "main" {
                sources.push(format!("deb {uri} {release} main"));
                if label == "Debian" && !codename.contains('-') {
                    mirror = Some((uri.to_owned(), codename.to_owned()));
                }
            }
        }
        let (uri, codename) = mirror.context("no Debian mirror is known here: run apt-get update")?;
        let all = run(&mut words("apt-config", "dump"))?;
        let wanted = ["Acquire::http", "Acquire::https", "Acquire::Check-"];
        let settings = all.lines().filter(|line| wanted.iter().any(|start| line.starts_with(start)));
        let settings = settings.collect::<Vec<_>>().join("\n");
        Ok(Self { uri, codename, sources: sources.join("\n") + "\n", settings })
    }
}
