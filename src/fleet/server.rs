//! The records of servers, their types and regions: what the shop knows of a host, not how it is reached.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::host::{HostKey, SshTarget, SshUser};
use super::image::Arch;
use crate::bytes::Bytes;
use crate::money::Rate;
use crate::types::{RegionCode, ServerId, ServerTypeId, Title};

/// Where a server stands (`servers.status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[sqlx(type_name = "server_status", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ServerStatus {
    /// Takes rentals.
    Healthy,
    /// Watching found it in trouble; what it carries stays until failover decides.
    Unhealthy,
    /// Not set up yet, or taken out of service by an admin: carries on, takes nothing new.
    Maintenance,
}

/// How a server is paid for (`server_types.billing`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[sqlx(type_name = "server_billing", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ServerBilling {
    /// Bought for a year; the rate is per day.
    Yearly,
    /// Settled after use; the rate is per hour.
    Hourly,
}

/// The ports that a server offers to relays, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortRange {
    low: u16,
    high: u16,
}

/// Numbers that aren't a range of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a port range is LOW-HIGH within 1024 to 65535")]
pub struct InvalidPortRange;

impl PortRange {
    /// 20000 to 29999: below the ports that kernels hand out to outgoing connections.
    pub const DEFAULT: Self = Self { low: 20_000, high: 29_999 };

    /// From `low` to `high`.
    pub const fn new(low: u16, high: u16) -> Result<Self, InvalidPortRange> {
        if low >= 1024 && low <= high { Ok(Self { low, high }) } else { Err(InvalidPortRange) }
    }

    /// The first port.
    pub const fn low(self) -> u16 {
        self.low
    }

    /// The last port.
    pub const fn high(self) -> u16 {
        self.high
    }

    /// Whether `port` is one of them.
    pub const fn contains(self, port: u16) -> bool {
        self.low <= port && port <= self.high
    }
}

impl FromStr for PortRange {
    type Err = InvalidPortRange;
    fn from_str(s: &str) -> Result<Self, InvalidPortRange> {
        let (low, high) = s.trim().split_once('-').ok_or(InvalidPortRange)?;
        let number = |s: &str| s.trim().parse().map_err(|_| InvalidPortRange);
        Self::new(number(low)?, number(high)?)
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.low, self.high)
    }
}

/// What set-up found on a server (`servers.hardware`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// The distribution, as in `Debian GNU/Linux 12 (bookworm)`.
    pub os: String,
    /// The kernel's release.
    pub kernel: String,
    /// The processor architecture.
    pub arch: Arch,
    /// Processor cores.
    pub cores: u32,
    /// The processor's name, where it tells one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// Memory in bytes.
    pub memory: Bytes,
    /// Size in bytes of the file system that holds Docker's data.
    pub disk: Bytes,
    /// Docker Engine's version.
    pub engine: String,
}

/// A rented host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its row.
    pub id: ServerId,
    /// How it is reached; the address is also the one that customers' clients connect to.
    pub ssh: SshTarget,
    /// Where it stands.
    pub region: RegionCode,
    /// The region's short code, the first half of [`Server::name`].
    pub region_short: String,
    /// What it is.
    pub kind: ServerTypeId,
    /// Its state.
    pub status: ServerStatus,
    /// Load per core in thousandths, as last seen.
    pub load: u32,
    /// What the provider grants per month; `None` is unlimited or unknown.
    pub total_traffic: Option<Bytes>,
    /// What is left of it.
    pub remaining_traffic: Option<Bytes>,
    /// Containers that may stand here at once.
    pub capacity: u32,
    /// The ports that relays get.
    pub ports: PortRange,
    /// What set-up found.
    pub hardware: Option<Hardware>,
    /// When set-up last passed.
    pub setup_at: Option<DateTime<Utc>>,
    /// When an admin decided that it goes; it is removed once its last container is gone.
    pub removal_at: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

impl Server {
    /// The name by which admins call it: `tyo-3`.
    pub fn name(&self) -> ServerName {
        ServerName { region_short: self.region_short.clone(), id: self.id }
    }
}

/// A server's name: the region's short code and the row's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerName {
    /// The region's short code.
    pub region_short: String,
    /// The row.
    pub id: ServerId,
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.region_short, self.id)
    }
}

/// A server as an admin names it in a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerRef {
    /// By number: `3`, `#3`.
    Id(ServerId),
    /// By name: `tyo-3`. Another region's short code names no server.
    Name(ServerName),
    /// By address, if only one server stands behind it; with the SSH port where several do.
    Address(IpAddr, Option<u16>),
}

/// Text that can't name a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a server is named like tyo-3, #3, 198.51.100.20 or 198.51.100.20:22")]
pub struct InvalidServerRef;

impl FromStr for ServerRef {
    type Err = InvalidServerRef;
    fn from_str(s: &str) -> Result<Self, InvalidServerRef> {
        let s = s.trim();
        if let Ok(id) = s.parse() {
            return Ok(Self::Id(id));
        }
        if let Ok(address) = s.parse() {
            return Ok(Self::Address(address, None));
        }
        if let Ok(socket) = s.parse::<std::net::SocketAddr>() {
            return Ok(Self::Address(socket.ip(), Some(socket.port())));
        }
        let (short, id) = s.split_once('-').ok_or(InvalidServerRef)?;
        let plain = (2..=6).contains(&short.len()) && short.bytes().all(|b| b.is_ascii_alphabetic());
        match id.parse() {
            Ok(id) if plain && !id_has_sign(id, s) => {
                Ok(Self::Name(ServerName { region_short: short.to_ascii_lowercase(), id }))
            }
            Ok(_) | Err(_) => Err(InvalidServerRef),
        }
    }
}

/// Whether the number was written with a sign of its own, as in `tyo-#3`.
fn id_has_sign(id: ServerId, text: &str) -> bool {
    !text.ends_with(&format!("-{id}"))
}

/// A server to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewServer {
    /// Its address.
    pub address: IpAddr,
    /// The port of its sshd.
    pub ssh_port: u16,
    /// The login name.
    pub ssh_user: SshUser,
    /// The host key that an admin confirmed.
    pub host_key: HostKey,
    /// Where it stands.
    pub region: RegionCode,
    /// What it is.
    pub kind: ServerTypeId,
    /// The ports that relays get.
    pub ports: PortRange,
}

/// One thing that an admin changes about a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEdit {
    /// The address. Certificates name it, so only a server without containers can change it.
    Address(IpAddr),
    /// The port of its sshd.
    SshPort(u16),
    /// The login name.
    SshUser(SshUser),
    /// The host key, compared by the admin.
    HostKey(HostKey),
    /// The region. Part of what customers were told, so only a server without containers can change it.
    Region(RegionCode),
    /// What it is.
    Kind(ServerTypeId),
    /// Containers that may stand there at once.
    Capacity(u32),
    /// The ports that relays get from now on; those in use stay.
    Ports(PortRange),
    /// What the provider grants per month; `None` is unlimited.
    TotalTraffic(Option<Bytes>),
}

impl ServerEdit {
    /// Whether it would make what running containers were told untrue.
    pub const fn needs_empty_server(&self) -> bool {
        match self {
            Self::Address(_) | Self::Region(_) => true,
            Self::SshPort(_)
            | Self::SshUser(_)
            | Self::HostKey(_)
            | Self::Kind(_)
            | Self::Capacity(_)
            | Self::Ports(_)
            | Self::TotalTraffic(_) => false,
        }
    }
}

/// What servers of one kind cost and have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerType {
    /// Its row.
    pub id: ServerTypeId,
    /// Its name, such as `ecs-hourly`.
    pub name: String,
    /// How it is paid for.
    pub billing: ServerBilling,
    /// What it costs per day (yearly) or per hour (hourly).
    pub rate: Rate,
    /// Processor cores.
    pub cores: Option<u32>,
    /// Memory in bytes.
    pub memory: Option<Bytes>,
    /// Bandwidth in bits per second.
    pub bandwidth_bits: Option<u64>,
    /// What the provider grants per month in bytes; `None` is unlimited.
    pub monthly_traffic: Option<Bytes>,
}

/// A region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its code, such as `tokyo`.
    pub code: RegionCode,
    /// Its short code, such as `tyo`.
    pub short: String,
    /// Its name in each language.
    pub title: Title,
}

/// A place for a container: a server, and a port there that nobody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The server.
    pub server: ServerId,
    /// Its address, which the certificate is for.
    pub address: IpAddr,
    /// TCP for the relay and UDP for STUN.
    pub port: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_ranges_are_read_as_written() {
        let range: PortRange = "20000-29999".parse().unwrap();
        assert_eq!(range, PortRange::DEFAULT);
        assert_eq!(range.to_string(), "20000-29999");
        assert!(range.contains(20_000) && range.contains(29_999) && !range.contains(30_000));
        for bad in ["20000", "29999-20000", "80-443", "1-70000", "-", "a-b"] {
            assert!(bad.parse::<PortRange>().is_err(), "{bad}");
        }
    }

    #[test]
    fn servers_are_named_in_four_ways() {
        let name = |short: &str, id| ServerName { region_short: short.to_owned(), id: ServerId(id) };
        assert_eq!("tyo-3".parse(), Ok(ServerRef::Name(name("tyo", 3))));
        assert_eq!("TYO-3".parse(), Ok(ServerRef::Name(name("tyo", 3))));
        assert_eq!("#3".parse(), Ok(ServerRef::Id(ServerId(3))));
        assert_eq!("3".parse(), Ok(ServerRef::Id(ServerId(3))));
        let ip: IpAddr = "198.51.100.20".parse().unwrap();
        assert_eq!("198.51.100.20".parse(), Ok(ServerRef::Address(ip, None)));
        assert_eq!("198.51.100.20:2222".parse(), Ok(ServerRef::Address(ip, Some(2222))));
        for bad in ["", "tyo", "tyo-", "tyo-#3", "tyo--3", "tyo-0", "t-3", "a b-3", "198.51.100.300"] {
            assert_eq!(bad.parse::<ServerRef>(), Err(InvalidServerRef), "{bad:?}");
        }
        assert_eq!(name("tyo", 3).to_string(), "tyo-3");
    }
}
