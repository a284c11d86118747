//! The container that a customer rents: what is in it, and the settings under which Docker runs it.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::bytes::Bytes;
use crate::types::{ContainerId, InstallId};

use super::found::RelayIdentity;
use super::image::ImageRef;

/// Counts the creations of one container: each new creation on a server bears the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u32);

impl Generation {
    /// The first creation.
    pub const FIRST: Self = Self(1);

    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// For the database.
    pub fn to_db(self) -> i32 {
        i32::try_from(self.0).unwrap_or(i32::MAX)
    }

    /// From the database, whose CHECK keeps it positive.
    pub fn from_db(n: i32) -> Self {
        Self(u32::try_from(n).unwrap_or(1).max(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Text that isn't a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a generation is a positive number")]
pub struct InvalidGeneration;

impl FromStr for Generation {
    type Err = InvalidGeneration;
    fn from_str(s: &str) -> Result<Self, InvalidGeneration> {
        match s.parse::<u32>() {
            Ok(n) if n > 0 => Ok(Self(n)),
            Ok(_) | Err(_) => Err(InvalidGeneration),
        }
    }
}

/// The name under which a relay runs: `derpshop-<container>-g<generation>`, so that creating it twice is a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContainerName(String);

impl ContainerName {
    /// The name of one creation of a container.
    pub fn new(container: ContainerId, generation: Generation) -> Self {
        Self(format!("derpshop-{container}-g{generation}"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContainerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the relay asks whether a client may connect, and what holds when nobody answers there.
#[derive(Clone, PartialEq, Eq)]
pub struct Admission {
    /// Absolute URL; it ends in the relay's token.
    pub url: String,
    /// Whether clients get in while the URL can't be reached.
    pub open_on_outage: bool,
}

impl fmt::Debug for Admission {
    /// Without the URL, whose token is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Admission(…, open_on_outage: {})", self.open_on_outage)
    }
}

/// What a relay may use of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory, swap included.
    pub memory: Bytes,
    /// Processes and threads.
    pub pids: u32,
}

impl Default for Limits {
    /// A derper idles at 4 MB and seven threads; 64 MiB carry several hundred clients.
    fn default() -> Self {
        Self { memory: Bytes(64 * 1024 * 1024), pids: 64 }
    }
}

/// One relay to be created.
#[derive(Clone, Debug)]
pub struct RelaySpec {
    /// This installation.
    pub install: InstallId,
    /// Which container of the store, in which creation.
    pub identity: RelayIdentity,
    /// What to run.
    pub image: ImageRef,
    /// The server's address, under which clients reach the relay and for which its certificate is made.
    pub address: IpAddr,
    /// The one port number that leads to it, TCP for DERP and UDP for STUN.
    pub port: u16,
    /// What it may use.
    pub limits: Limits,
    /// Where it asks about clients; `None` without a public URL of ours: then everyone may connect.
    pub admission: Option<Admission>,
}

/// The port inside the container that speaks DERP over TLS.
pub const DERP_PORT: u16 = 443;
/// The port inside the container that speaks STUN.
pub const STUN_PORT: u16 = 3478;
/// The relay's volume.
pub const VOLUME: &str = "/derp";

/// Settings for Docker, one field per flag of `docker create`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerSettings {
    /// `--name`.
    pub name: ContainerName,
    /// The image.
    pub image: String,
    /// Arguments of its entry point.
    pub command: Vec<String>,
    /// `--label`.
    pub labels: HashMap<String, String>,
    /// `--publish 0.0.0.0:PORT:KEY` (for example `443/tcp`).
    pub ports: Vec<(String, u16)>,
    /// `--read-only`.
    pub read_only: bool,
    /// `--security-opt`.
    pub security: Vec<String>,
    /// `--cap-drop`.
    pub cap_drop: Vec<String>,
    /// `--cap-add`.
    pub cap_add: Vec<String>,
    /// `--memory` and `--memory-swap`, bytes.
    pub memory: i64,
    /// `--pids-limit`.
    pub pids: i64,
    /// `--tmpfs`.
    pub tmpfs: Vec<String>,
    /// `--volume`, anonymous.
    pub volumes: Vec<String>,
    /// `--log-opt` of driver `json-file`.
    pub log_options: Vec<(String, String)>,
}

impl RelaySpec {
    /// The relay's name on the server.
    pub fn name(&self) -> ContainerName {
        ContainerName::new(self.identity.container, self.identity.generation)
    }

    /// Everything that Docker is told.
    pub fn settings(&self) -> ContainerSettings {
        let owned = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
        ContainerSettings {
            name: self.name(),
            image: self.image.name().to_owned(),
            command: self.command(),
            labels: self.identity.labels(self.install),
            ports: vec![(format!("{DERP_PORT}/tcp"), self.port), (format!("{STUN_PORT}/udp"), self.port)],
            read_only: true,
            security: owned(&["no-new-privileges"]),
            cap_drop: owned(&["ALL"]),
            cap_add: owned(&["NET_BIND_SERVICE"]),
            memory: self.limits.memory.to_db(),
            pids: i64::from(self.limits.pids),
            tmpfs: owned(&["/tmp"]),
            volumes: owned(&[VOLUME]),
            log_options: vec![
                ("max-size".to_owned(), "1m".to_owned()),
                ("max-file".to_owned(), "2".to_owned()),
            ],
        }
    }

    fn command(&self) -> Vec<String> {
        let mut command: Vec<String> = [
            "-a",
            &format!(":{DERP_PORT}"),
            "-http-port",
            "-1",
            "-stun",
            "-stun-port",
            &STUN_PORT.to_string(),
            "-certmode",
            "manual",
            "-hostname",
            &self.address.to_string(),
            "-certdir",
            "/derp/certs",
            "-c",
            "/derp/derper.json",
            "-mesh-psk-file",
            "/derp/mesh.key",
            "-home",
            "blank",
        ]
        .into_iter()
        .map(str::to_owned)
        .collect();
        if let Some(admission) = &self.admission {
            command.push("-verify-client-url".to_owned());
            command.push(admission.url.clone());
            command.push(format!("-verify-client-url-fail-open={}", admission.open_on_outage));
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::RentalId;

    fn spec() -> RelaySpec {
        RelaySpec {
            install: InstallId(uuid::Uuid::nil()),
            identity: RelayIdentity {
                rental: RentalId(102),
                container: ContainerId(7),
                generation: Generation::FIRST.next(),
            },
            image: ImageRef::new("derpshop-relay:1.102.3", vec![format!("sha256:{}", "a".repeat(64))])
                .unwrap(),
            address: IpAddr::from([10, 77, 1, 2]),
            port: 20001,
            limits: Limits::default(),
            admission: Some(Admission {
                url: "https://shop.example/derp/admit/T".to_owned(),
                open_on_outage: false,
            }),
        }
    }

    #[test]
    fn settings_are_the_hardened_ones() {
        let words = |list: &[&str]| list.iter().map(|&w| w.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            spec().settings(),
            ContainerSettings {
                name: ContainerName("derpshop-7-g2".to_owned()),
                image: "derpshop-relay:1.102.3".to_owned(),
                command: words(&[
                    "-a",
                    ":443",
                    "-http-port",
                    "-1",
                    "-stun",
                    "-stun-port",
                    "3478",
                    "-certmode",
                    "manual",
                    "-hostname",
                    "10.77.1.2",
                    "-certdir",
                    "/derp/certs",
                    "-c",
                    "/derp/derper.json",
                    "-mesh-psk-file",
                    "/derp/mesh.key",
                    "-home",
                    "blank",
                    "-verify-client-url",
                    "https://shop.example/derp/admit/T",
                    "-verify-client-url-fail-open=false",
                ]),
                labels: [
                    ("derpshop.install", "00000000-0000-0000-0000-000000000000"),
                    ("derpshop.rental", "102"),
                    ("derpshop.container", "7"),
                    ("derpshop.generation", "2"),
                ]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
                ports: vec![("443/tcp".to_owned(), 20001), ("3478/udp".to_owned(), 20001)],
                read_only: true,
                security: words(&["no-new-privileges"]),
                cap_drop: words(&["ALL"]),
                cap_add: words(&["NET_BIND_SERVICE"]),
                memory: 67_108_864,
                pids: 64,
                tmpfs: words(&["/tmp"]),
                volumes: words(&["/derp"]),
                log_options: vec![
                    ("max-size".to_owned(), "1m".to_owned()),
                    ("max-file".to_owned(), "2".to_owned())
                ],
            }
        );
    }

    #[test]
    fn without_a_public_url_nothing_asks_about_clients() {
        let spec = RelaySpec { admission: None, ..spec() };
        assert!(!spec.settings().command.iter().any(|arg| arg.contains("verify")));
    }

    #[test]
    fn the_admission_token_is_not_printed() {
        assert!(!format!("{:?}", spec()).contains("admit"));
    }
}
