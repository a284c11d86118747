//! Why set-up stops, and what to do about it.

use crate::fleet::host::HostError;
use crate::fleet::probe::ProbeFailure;

use crate::fleet::server::PortRange;

use super::SetupStep;

/// Set-up stopped at a step.
#[derive(Debug, thiserror::Error)]
#[error("set-up stopped at step {}", step.code())]
pub struct SetupStopped {
    /// Where.
    pub step: SetupStep,
    /// Why.
    #[source]
    pub problem: SetupProblem,
}

/// Why a step failed. Each has a cure of its own.
#[derive(Debug, thiserror::Error)]
pub enum SetupProblem {
    /// The server couldn't be asked.
    #[error("the server did not do what it was asked")]
    Host(#[from] HostError),
    /// Neither Debian 11 or later nor Ubuntu 20.04 or later.
    #[error("{name} is not supported")]
    System {
        /// What it calls itself.
        name: String,
    },
    /// A processor without a relay image.
    #[error("there is no relay image for {machine}")]
    Architecture {
        /// `uname -m`.
        machine: String,
    },
    /// Not root, and sudo wants a password or isn't there.
    #[error("{user} is neither root nor may use sudo without a password")]
    Privilege {
        /// The login user.
        user: String,
    },
    /// The clock is wrong.
    #[error("the clock is {seconds} s off")]
    Clock {
        /// Positive if it is ahead.
        seconds: i64,
    },
    /// The package manager failed.
    #[error("Docker Engine could not be installed: {said}")]
    Install {
        /// The end of what it said.
        said: String,
    },
    /// Docker Engine doesn't come up.
    #[error("Docker Engine does not start: {said}")]
    EngineStart {
        /// The end of its log.
        said: String,
    },
    /// `/etc/docker/daemon.json` isn't a JSON object.
    #[error("/etc/docker/daemon.json is not valid JSON")]
    SettingsBroken,
    /// Docker Engine is started with a flag that contradicts what we need, and that a file can't override.
    #[error("dockerd is started with --userland-proxy=true")]
    SettingsFlag,
    /// Docker Engine must be restarted, and others' containers run on it.
    #[error("Docker Engine must be restarted, and containers run on it")]
    RestartNeeded {
        /// Their names.
        containers: Vec<String>,
    },
    /// No port of the range is free.
    #[error("none of the ports {ports} is free")]
    NoPorts {
        /// The range.
        ports: PortRange,
    },
    /// What the server answered makes no sense.
    #[error("the answer to {what} makes no sense")]
    Unreadable {
        /// What was asked.
        what: &'static str,
    },
    /// The image isn't there although it was streamed: the archive holds another one.
    #[error("the image archive does not hold {image}")]
    WrongArchive {
        /// The image that was expected.
        image: String,
    },
    /// The trial relay ended at once.
    #[error("the trial relay does not run: {said}")]
    Trial {
        /// The end of its log.
        said: String,
    },
    /// All is well inside, but nothing gets through from outside.
    #[error("ports {ports} are not reached from outside")]
    Blocked {
        /// The range to open.
        ports: PortRange,
        /// TCP doesn't get through.
        tcp: bool,
        /// UDP doesn't get through.
        udp: bool,
        /// What the probe saw first.
        #[source]
        seen: ProbeFailure,
    },
}

impl SetupProblem {
    /// A lasting name, for the audit log and as part of text ids.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Host(error) => Self::code_of_host(error),
            Self::System { .. } => "system",
            Self::Architecture { .. } => "architecture",
            Self::Privilege { .. } => "privilege",
            Self::Clock { .. } => "clock",
            Self::Install { .. } => "install",
            Self::EngineStart { .. } => "engine-start",
            Self::SettingsBroken => "settings-broken",
            Self::SettingsFlag => "settings-flag",
            Self::RestartNeeded { .. } => "restart-needed",
            Self::NoPorts { .. } => "no-ports",
            Self::Unreadable { .. } => "unreadable",
            Self::WrongArchive { .. } => "wrong-archive",
            Self::Trial { .. } => "trial",
            Self::Blocked { .. } => "blocked",
        }
    }

    /// The name for what kept a server from answering.
    pub const fn code_of_host(error: &HostError) -> &'static str {
        match error {
            HostError::Unreachable { .. } => "unreachable",
            HostError::HostKeyChanged { .. } => "host-key-changed",
            HostError::AuthRefused { .. } => "auth-refused",
            HostError::ForwardingOff => "forwarding-off",
            HostError::Lost { .. } | HostError::Timeout { .. } => "cut",
            HostError::NoDocker
            | HostError::EngineDown
            | HostError::NoPermission { .. }
            | HostError::NoImage { .. }
            | HostError::ImageMissing { .. }
            | HostError::PortTaken { .. }
            | HostError::NameTaken { .. }
            | HostError::NotFound { .. }
            | HostError::Engine { .. }
            | HostError::Command { .. } => "host",
            HostError::Archive { .. } => "archive",
        }
    }

    /// What an admin does about it, in English, for the command line. Chats have texts of their own by
    /// [`SetupProblem::code`].
    pub fn cure(&self) -> String {
        match self {
            Self::Host(error) => host_cure(error),
            Self::System { .. } => "reinstall the server with Debian 12 or Ubuntu 24.04".to_owned(),
            Self::Architecture { .. } => {
                "rent an amd64 or arm64 server, or configure an image for it under relay.images".to_owned()
            }
            Self::Privilege { user } => format!(
                "log in as root, or run there as root: echo '{user} ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/derpshop"
            ),
            Self::Clock { .. } => "turn time synchronisation on: apt install systemd-timesyncd".to_owned(),
            Self::Install { .. } => {
                "repair the package sources there (apt-get update must pass), then run set-up again"
                    .to_owned()
            }
            Self::EngineStart { .. } => "repair Docker Engine there, then run set-up again".to_owned(),
            Self::SettingsBroken => {
                "repair or remove /etc/docker/daemon.json there, then run set-up again".to_owned()
            }
            Self::SettingsFlag => "take --userland-proxy out of dockerd's command line there".to_owned(),
            Self::RestartNeeded { containers } => {
                format!("these stop for some seconds: {}; confirm to go on", containers.join(", "))
            }
            Self::NoPorts { .. } => "give the server another range of ports".to_owned(),
            Self::Unreadable { .. } => "look at the server: a basic command answers oddly".to_owned(),
            Self::WrongArchive { .. } => {
                "configure the reference and id that belong to relay.images' archive".to_owned()
            }
            Self::Trial { .. } => "look at the relay image and the server's memory".to_owned(),
            Self::Blocked { ports, tcp, udp, .. } => {
                let protocols = match (tcp, udp) {
                    (true, false) => "TCP",
                    (false, true) => "UDP",
                    (true, true) | (false, false) => "TCP and UDP",
                };
                format!("allow inbound {protocols} {ports} from 0.0.0.0/0 in the provider's firewall")
            }
        }
    }
}

fn host_cure(error: &HostError) -> String {
    match error {
        HostError::Unreachable { address, .. } => {
            format!(
                "check address and SSH port, and allow inbound TCP {} in the provider's firewall",
                address.port()
            )
        }
        HostError::HostKeyChanged { got, .. } => format!(
            "if the server was reinstalled, compare the new fingerprint {got} and confirm it; else somebody is in between"
        ),
        HostError::AuthRefused { user, .. } => format!("install our public key for user {user} there"),
        HostError::ForwardingOff => {
            "set AllowStreamLocalForwarding yes in sshd_config there and restart sshd".to_owned()
        }
        HostError::NoPermission { user } => format!("run there as root: usermod -aG docker {user}"),
        HostError::Archive { .. } => "put the image archive where relay.images says".to_owned(),
        HostError::Lost { .. }
        | HostError::Timeout { .. }
        | HostError::NoDocker
        | HostError::EngineDown
        | HostError::NoImage { .. }
        | HostError::ImageMissing { .. }
        | HostError::PortTaken { .. }
        | HostError::NameTaken { .. }
        | HostError::NotFound { .. }
        | HostError::Engine { .. }
        | HostError::Command { .. } => "run set-up again; it goes on where it stopped".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_firewall_cure_names_what_is_closed() {
        let blocked = |tcp, udp| SetupProblem::Blocked {
            ports: PortRange::DEFAULT,
            tcp,
            udp,
            seen: ProbeFailure::Timeout,
        };
        assert_eq!(
            blocked(false, true).cure(),
            "allow inbound UDP 20000-29999 from 0.0.0.0/0 in the provider's firewall"
        );
        assert!(blocked(true, true).cure().contains("TCP and UDP"));
    }
}
