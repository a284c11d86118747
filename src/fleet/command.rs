//! The commands that run on servers: a closed list, each a fixed script; what varies is an argument or standard input.

use std::time::Duration;

use super::host::{HostError, SshUser};

/// The standard socket of Docker Engine.
pub const DOCKER_SOCKET: &str = "/var/run/docker.sock";

/// A command that a server is asked to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostCommand {
    /// The text of `/etc/os-release`.
    OsRelease,
    /// `uname -m`, then `uname -r`.
    Machine,
    /// Nothing, as root: succeeds where we are root or sudo needs no password.
    BeRoot,
    /// Nanoseconds since 1970.
    Clock,
    /// The number of cores, then the `model name` line of `/proc/cpuinfo` if there is one.
    Processor,
    /// The `MemTotal` line of `/proc/meminfo`.
    Memory,
    /// The `df -P -k` line of the file system that holds Docker's data.
    Disk,
    /// Listening sockets, one a line: file under `/proc/net`, then `ADDRESS:PORT` in hexadecimal.
    Listening,
    /// First and last port that the kernel hands out to outgoing connections.
    EphemeralPorts,
    /// Words out of `dockerd`, `socket`, `writable`, `listening`: what there is of Docker.
    EngineTraces,
    /// Installs Docker Engine from the distribution. Goes on if the session is cut; a second run waits for the first.
    InstallEngine,
    /// Starts Docker Engine unless it runs, under systemd or without.
    StartEngine,
    /// Stops Docker Engine and starts it.
    RestartEngine,
    /// The end of Docker Engine's own log.
    EngineLog,
    /// Docker Engine's settings: marks and flags one a line, a line `==`, then `/etc/docker/daemon.json`.
    ReadSettings,
    /// Replaces `/etc/docker/daemon.json` in one step and marks that a restart is due.
    WriteSettings {
        /// The new file.
        json: String,
    },
    /// Takes away the mark that a restart is due.
    SettingsApplied,
    /// Lets the login user use Docker's socket, from the next session on.
    JoinDockerGroup {
        /// Who.
        user: SshUser,
    },
    /// Adds a line to the login user's `authorized_keys` unless it is there.
    AuthorizeKey {
        /// Our public key.
        line: String,
    },
}

/// What a command printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandOutput {
    /// Its exit status; 255 if it was killed.
    pub status: u32,
    /// Its standard output, cut at [`OUTPUT_LIMIT`].
    pub stdout: String,
    /// The end of its standard error.
    pub stderr: String,
}

/// How much of a command's standard output is kept, in bytes.
pub const OUTPUT_LIMIT: usize = 512 * 1024;
/// How much of the end of a command's standard error is kept, in bytes.
pub const ERROR_LIMIT: usize = 4 * 1024;

impl CommandOutput {
    /// The standard output, if the command succeeded.
    pub fn success(self, command: &HostCommand) -> Result<String, HostError> {
        if self.status == 0 {
            return Ok(self.stdout);
        }
        let stderr = self.stderr.trim();
        let said = if stderr.is_empty() { "nothing on standard error" } else { stderr };
        Err(HostError::Command { what: command.what(), status: self.status, stderr: said.to_owned() })
    }
}

// Accounts without a login shell's environment lack the sbin directories.
const PATH: &str =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH LC_ALL=C; ";

// The output goes to a file, so that a cut session doesn't kill apt half-way through; the lock makes a second run wait
// for what the first still does. A dpkg that was interrupted otherwise is finished first. A kernel with AppArmor needs
// its parser for containers to start.
const INSTALL_ENGINE: &str = r#"log=/var/log/derpshop-setup.log
work='export DEBIAN_FRONTEND=noninteractive
more=; [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] && more=apparmor
wait="-o DPkg::Lock::Timeout=300"
install() { apt-get -q -y $wait -o Dpkg::Options::=--force-confold install --no-install-recommends docker.io iptables $more; }
apt-get -q $wait update; install || { dpkg --configure -a --force-confold && install; }'
flock -w 900 /run/derpshop-setup.lock sh -c "$work" >"$log" 2>&1 </dev/null && exit 0
s=$?; tail -n 12 "$log" >&2; exit $s"#;

const START: &str = r#"start() {
  if [ -d /run/systemd/system ]; then
    systemctl reset-failed docker.service 2>/dev/null; systemctl enable --now docker.service >&2; return
  fi
  p=$(cat /var/run/docker.pid 2>/dev/null)
  [ -n "$p" ] && [ "$(cat /proc/$p/comm 2>/dev/null)" = dockerd ] && return 0
  rm -f /var/run/docker.pid
  setsid dockerd >/var/log/dockerd.log 2>&1 </dev/null &
}
"#;

const RESTART: &str = r#"if [ -d /run/systemd/system ]; then
  systemctl reset-failed docker.service 2>/dev/null; systemctl restart docker.service >&2; exit
fi
p=$(cat /var/run/docker.pid 2>/dev/null)
if [ -n "$p" ] && [ "$(cat /proc/$p/comm 2>/dev/null)" = dockerd ]; then
  kill "$p"; n=0
  while [ -d /proc/$p ] && [ "$(cat /proc/$p/comm 2>/dev/null)" = dockerd ]; do
    n=$((n+1)); [ $n -gt 300 ] && { echo 'dockerd does not stop' >&2; exit 1; }; sleep 0.1
  done
fi
start"#;

impl HostCommand {
    /// What it is for, in messages.
    pub fn what(&self) -> &'static str {
        match self {
            Self::OsRelease => "reading /etc/os-release",
            Self::Machine => "reading the architecture",
            Self::BeRoot => "becoming root",
            Self::Clock => "reading the clock",
            Self::Processor => "reading the processor",
            Self::Memory => "reading the memory",
            Self::Disk => "reading the disk",
            Self::Listening => "reading listening sockets",
            Self::EphemeralPorts => "reading the ephemeral ports",
            Self::EngineTraces => "looking for Docker Engine",
            Self::InstallEngine => "installing Docker Engine",
            Self::StartEngine => "starting Docker Engine",
            Self::RestartEngine => "restarting Docker Engine",
            Self::EngineLog => "reading Docker Engine's log",
            Self::ReadSettings => "reading Docker Engine's settings",
            Self::WriteSettings { .. } => "writing Docker Engine's settings",
            Self::SettingsApplied => "noting that the settings are in force",
            Self::JoinDockerGroup { .. } => "joining the group docker",
            Self::AuthorizeKey { .. } => "adding our public key",
        }
    }

    /// How long it may take.
    pub fn limit(&self) -> Duration {
        Duration::from_secs(match self {
            Self::InstallEngine => 1200,
            Self::StartEngine | Self::RestartEngine => 120,
            Self::OsRelease
            | Self::Machine
            | Self::BeRoot
            | Self::Clock
            | Self::Processor
            | Self::Memory
            | Self::Disk
            | Self::Listening
            | Self::EphemeralPorts
            | Self::EngineTraces
            | Self::EngineLog
            | Self::ReadSettings
            | Self::WriteSettings { .. }
            | Self::SettingsApplied
            | Self::JoinDockerGroup { .. }
            | Self::AuthorizeKey { .. } => 20,
        })
    }

    fn needs_root(&self) -> bool {
        match self {
            Self::BeRoot
            | Self::InstallEngine
            | Self::StartEngine
            | Self::RestartEngine
            | Self::EngineLog
            | Self::ReadSettings
            | Self::WriteSettings { .. }
            | Self::SettingsApplied
            | Self::JoinDockerGroup { .. } => true,
            Self::OsRelease
            | Self::Machine
            | Self::Clock
            | Self::Processor
            | Self::Memory
            | Self::Disk
            | Self::Listening
            | Self::EphemeralPorts
            | Self::EngineTraces
            | Self::AuthorizeKey { .. } => false,
        }
    }

    /// What it gets on standard input.
    pub fn stdin(&self) -> Option<&[u8]> {
        if let Self::WriteSettings { json } = self { Some(json.as_bytes()) } else { None }
    }

    fn script(&self) -> String {
        let fixed = match self {
            Self::OsRelease => "cat /etc/os-release",
            Self::Machine => "uname -m; uname -r",
            Self::BeRoot => "true",
            Self::Clock => "date +%s%N",
            Self::Processor => "nproc; grep -m1 '^model name' /proc/cpuinfo; true",
            Self::Memory => "grep '^MemTotal:' /proc/meminfo",
            Self::Disk => "d=/var/lib/docker; [ -d $d ] || d=/; df -P -k $d | tail -n 1",
            // Column 4 is the state, 0A listening; UDP has no such thing.
            Self::Listening => {
                "cd /proc/net && for f in tcp tcp6 udp udp6; do [ -r $f ] && awk -v f=$f \
                 'FNR > 1 && (f ~ /^udp/ || $4 == \"0A\") { print f, $2 }' $f; done; true"
            }
            Self::EphemeralPorts => "cat /proc/sys/net/ipv4/ip_local_port_range",
            Self::EngineTraces => {
                "s=/var/run/docker.sock; command -v dockerd >/dev/null && echo dockerd; [ -S $s ] && echo socket; \
                 [ -w $s ] && echo writable; \
                 awk '$4 == \"00010000\" && $8 ~ /run\\/docker.sock$/ { print \"listening\"; exit }' /proc/net/unix; true"
            }
            Self::InstallEngine => INSTALL_ENGINE,
            Self::StartEngine => return format!("{START}start"),
            Self::RestartEngine => return format!("{START}{RESTART}"),
            Self::EngineLog => {
                "if [ -d /run/systemd/system ]; then journalctl -u docker.service -n 12 -o cat --no-pager; \
                 else tail -n 12 /var/log/dockerd.log; fi"
            }
            Self::ReadSettings => {
                "cd /etc/docker 2>/dev/null && [ -e derpshop-restart-due ] && echo restart-due
                 p=$(cat /var/run/docker.pid 2>/dev/null)
                 [ -n \"$p\" ] && tr '\\0' '\\n' </proc/$p/cmdline | grep '^--userland-proxy'
                 echo ==; cat /etc/docker/daemon.json 2>/dev/null; true"
            }
            Self::WriteSettings { .. } => {
                "umask 022; mkdir -p /etc/docker && cd /etc/docker && cat >daemon.json.new && \
                 touch derpshop-restart-due && mv daemon.json.new daemon.json"
            }
            Self::SettingsApplied => "rm -f /etc/docker/derpshop-restart-due",
            Self::JoinDockerGroup { .. } => "usermod -aG docker \"$1\"",
            // The file may lack its last newline.
            Self::AuthorizeKey { .. } => {
                "umask 077; mkdir -p ~/.ssh && f=~/.ssh/authorized_keys && touch $f && \
                 { grep -qxF -e \"$1\" $f || printf '\\n%s\\n' \"$1\" >>$f; }"
            }
        };
        fixed.to_owned()
    }

    fn argument(&self) -> Option<&str> {
        match self {
            Self::JoinDockerGroup { user } => Some(user.as_str()),
            Self::AuthorizeKey { line } => Some(line),
            Self::OsRelease
            | Self::Machine
            | Self::BeRoot
            | Self::Clock
            | Self::Processor
            | Self::Memory
            | Self::Disk
            | Self::Listening
            | Self::EphemeralPorts
            | Self::EngineTraces
            | Self::InstallEngine
            | Self::StartEngine
            | Self::RestartEngine
            | Self::EngineLog
            | Self::ReadSettings
            | Self::WriteSettings { .. }
            | Self::SettingsApplied => None,
        }
    }

    /// The command line for `user`'s shell, whichever that is: one `sh -c` of quoted words.
    pub fn render(&self, user: &SshUser) -> String {
        let script = format!("{PATH}{}", self.script());
        let mut words = Vec::new();
        if self.needs_root() && !user.is_root() {
            words.extend(["sudo", "-n", "--"]);
        }
        words.extend(["sh", "-c", &script, "derpshop"]);
        words.extend(self.argument());
        words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
    }
}

/// The command line that connects its standard input and output to Docker's socket.
pub fn dial_line(sudo: bool) -> &'static str {
    if sudo { "sudo -n -- docker system dial-stdio" } else { "docker system dial-stdio" }
}

/// One word for a POSIX shell, whatever is in it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '=' | '@');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn root_needs_no_sudo() {
        let root: SshUser = "root".parse().unwrap();
        let admin: SshUser = "admin".parse().unwrap();
        let join = HostCommand::JoinDockerGroup { user: admin.clone() };
        assert!(join.render(&root).starts_with("sh -c '"));
        assert!(join.render(&admin).starts_with("sudo -n -- sh -c '"));
        assert!(join.render(&admin).ends_with(" derpshop admin"));
        assert!(HostCommand::Clock.render(&admin).starts_with("sh -c '"));
    }

    #[test]
    fn every_script_parses() {
        let user: SshUser = "root".parse().unwrap();
        for command in [
            HostCommand::OsRelease,
            HostCommand::Machine,
            HostCommand::BeRoot,
            HostCommand::Clock,
            HostCommand::Processor,
            HostCommand::Memory,
            HostCommand::Disk,
            HostCommand::Listening,
            HostCommand::EphemeralPorts,
            HostCommand::EngineTraces,
            HostCommand::InstallEngine,
            HostCommand::StartEngine,
            HostCommand::RestartEngine,
            HostCommand::EngineLog,
            HostCommand::ReadSettings,
            HostCommand::WriteSettings { json: "{}".to_owned() },
            HostCommand::SettingsApplied,
            HostCommand::JoinDockerGroup { user: user.clone() },
            HostCommand::AuthorizeKey { line: "ssh-ed25519 AAAA derpshop".to_owned() },
        ] {
            let script = command.script();
            let parsed = Command::new("sh").args(["-n", "-c", &script]).output().unwrap();
            assert!(parsed.status.success(), "{command:?}: {}", String::from_utf8_lossy(&parsed.stderr));
            let line = command.render(&user);
            let parsed = Command::new("sh").args(["-n", "-c", &line]).output().unwrap();
            assert!(parsed.status.success(), "{command:?}: {line}");
        }
    }

    #[test]
    fn failure_carries_what_was_said() {
        let output =
            CommandOutput { status: 100, stdout: String::new(), stderr: "E: no network\n".to_owned() };
        let error = output.success(&HostCommand::InstallEngine).unwrap_err();
        assert_eq!(error.to_string(), "installing Docker Engine ended with status 100: E: no network");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_shell_reads_back_what_was_quoted(words in proptest::collection::vec("[^\0]{0,20}", 1..4)) {
            let line = words.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" ");
            let out = Command::new("sh").args(["-c", &format!("printf '%s\\0' {line}")]).output().unwrap();
            let read: Vec<_> = out.stdout.split(|&b| b == 0).map(|w| String::from_utf8(w.to_vec()).unwrap()).collect();
            prop_assert_eq!(&read[..words.len()], &words[..]);
        }
    }
}
