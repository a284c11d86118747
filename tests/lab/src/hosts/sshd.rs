//! A host's SSH server, by its own key, configuration and accounts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::command::{run, run_async, words};
use super::daemon::{Daemon, Signal};
use super::namespace::Namespace;
use crate::wait::wait_until;

/// The port it listens on.
pub(super) const PORT: u16 = 22;

pub(super) struct Sshd {
    daemon: Daemon,
    key: PathBuf,
}

impl Sshd {
    /// Lays out key, configuration and accounts, in `folder` and on the host.
    pub(super) fn prepare(
        namespace: &Namespace,
        folder: &Path,
        authorized_keys: &[String],
        extra: &[String],
    ) -> Result<Self> {
        let key = folder.join("hostkey");
        let daemon = Daemon::new("sshd", folder.join("run/sshd.pid"), folder.join("sshd.log"));
        let sshd = Self { daemon, key };
        fs::create_dir_all(folder.join("run/sshd"))?;
        if !sshd.key.exists() {
            make_key(&sshd.key)?;
        }
        let configuration = "PermitRootLogin yes\nUsePAM no\nPrintMotd no\nSubsystem sftp internal-sftp\n\
             HostKey /etc/ssh/ssh_host_ed25519_key\nPidFile /run/sshd.pid\n";
        fs::write(namespace.path("/etc/ssh/sshd_config"), format!("{configuration}{}\n", extra.join("\n")))?;
        sshd.install_key(namespace)?;
        authorize(namespace, "/root", authorized_keys)?;
        Ok(sshd)
    }

    /// Starts it and waits until it greets.
    pub(super) async fn start(&self, namespace: &Namespace) -> Result<()> {
        let mut command = namespace.command("/usr/sbin/sshd");
        command.args(["-D", "-e"]);
        self.daemon.start(command)?;
        let address = (namespace.ip(), PORT);
        let greets = async || {
            let Ok(mut stream) = TcpStream::connect(address).await else { return false };
            let mut greeting = [0; 4];
            stream.read_exact(&mut greeting).await.is_ok() && greeting == *b"SSH-"
        };
        let up = wait_until("sshd's start", Duration::from_secs(10), greets).await;
        up.with_context(|| self.daemon.last_words())
    }

    /// Ends the listener; sessions stay.
    pub(super) async fn stop(&self, namespace: &Namespace) -> Result<()> {
        self.daemon.stop(namespace, Signal::Term).await
    }

    /// Ends every session in the middle of whatever it does.
    pub(super) async fn cut(&self, namespace: &Namespace) -> Result<()> {
        let mut kill = namespace.command("bash");
        // No session at all is fine.
        kill.args(["-c", "pkill -KILL -P \"$0\" || [[ $? -eq 1 ]]", &self.daemon.pid()?]);
        run_async(kill).await.map(drop)
    }

    /// Gives the host another identity, as after a reinstallation. Sessions stay.
    pub(super) async fn change_key(&self, namespace: &Namespace) -> Result<()> {
        fs::remove_file(&self.key)?;
        make_key(&self.key)?;
        self.install_key(namespace)?;
        self.stop(namespace).await?;
        self.start(namespace).await
    }

    /// The host key as `ssh-keygen -l` shows it, for instance `SHA256:5wqe…`.
    pub(super) fn fingerprint(&self) -> Result<String> {
        let shown = run(words("ssh-keygen", "-l -E sha256 -f").arg(&self.key))?;
        shown.split_whitespace().nth(1).map(str::to_owned).context("ssh-keygen printed no fingerprint")
    }

    fn install_key(&self, namespace: &Namespace) -> Result<()> {
        for suffix in ["", ".pub"] {
            let installed = namespace.path(&format!("/etc/ssh/ssh_host_ed25519_key{suffix}"));
            fs::copy(format!("{}{suffix}", self.key.display()), installed)?;
        }
        Ok(())
    }
}

fn make_key(path: &Path) -> Result<()> {
    run(words("ssh-keygen", "-q -t ed25519 -C lab -f").arg(path).args(["-N", ""])).map(drop)
}

/// Adds public keys to those that may log in to the account whose home is `home`.
pub(super) fn authorize(namespace: &Namespace, home: &str, keys: &[String]) -> Result<()> {
    let folder = namespace.path(&format!("{home}/.ssh"));
    fs::create_dir_all(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    let file = folder.join("authorized_keys");
    let mut text = fs::read_to_string(&file).unwrap_or_default();
    for key in keys.iter().map(|key| key.trim()) {
        if !text.lines().any(|line| line == key) {
            text.push_str(key);
            text.push('\n');
        }
    }
    fs::write(&file, text)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    Ok(())
}
