//! Use cases: each is one transaction that loads, decides, stores and enqueues. What goes over the network
//! happens after the commit, in the worker.

pub mod admin;
pub mod audit;
pub mod door;
mod error;
pub mod inbox;
pub mod jobs;
pub mod lifecycle;
pub mod look;
pub mod mail_code;
pub mod mail_renewal;
pub mod ops;
pub mod people;
pub mod profile;
pub mod provision;
pub mod redeem;
pub mod register;
pub mod relays;
pub mod sweep;
pub mod views;

pub use error::AppError;
pub mod restore;

use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use sqlx::PgPool;

use crate::clock::{Clock, Random};
use crate::fleet::host::Hosts;
use crate::fleet::probe::Prober;
use crate::fleet::server::PortRange;
use crate::secret::{LookupKey, SealPrivate, SealPublic};
use crate::types::{Lang, TenantId, Title};

/// What a use case needs in either binary. `webhook` has no more than this.
pub struct Core {
    /// The one shared state.
    pub pool: PgPool,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Keys, codes and choices.
    pub random: Arc<dyn Random>,
    /// Whose shop this is; every query names it.
    pub tenant: TenantId,
    /// Finds serials, codes and tokens by digest.
    pub lookup: LookupKey,
    /// Seals what only [`App`] can open.
    pub seal: SealPublic,
    /// What the operator configured.
    pub shop: Shop,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// The operator's settings that use cases read.
#[derive(Clone, Debug)]
pub struct Shop {
    /// The shop's name in each language.
    pub name: Title,
    /// A new user's language where Telegram names none.
    pub language: Lang,
    /// A new user's zone, and the zone of the shop's months.
    pub time_zone: chrono_tz::Tz,
    /// The terms of service, if they stand on a page of their own.
    pub terms_url: Option<String>,
    /// Where `webhook` answers from outside, without a trailing slash. Without it relays run without
    /// admission, and there are no ACL pages.
    pub public_url: Option<String>,
    /// Where our probes look from, as customers read it, such as the city of this machine.
    pub vantage: Title,
    /// Whether registration asks for an e-mail address: only where mail can be sent.
    pub mail: bool,
    /// The address under which relays reach [`Self::public_url`] if it differs from it, for admission.
    pub admission_url: Option<String>,
    /// Addresses that never count as a customer's device, such as our own probe's.
    pub own_addresses: Vec<IpAddr>,
    /// The ports that a new server offers to relays.
    pub relay_ports: PortRange,
}

/// Everything the `derpshop` process holds: [`Core`], and what only it may have.
pub struct App {
    /// What both binaries have.
    pub core: Core,
    /// Opens sealed values.
    pub open: SealPrivate,
    /// Looks at relays from outside.
    pub prober: Arc<dyn Prober>,
    /// Reaches servers.
    pub hosts: Arc<dyn Hosts>,
    /// The line of a server's `authorized_keys` that lets us in.
    pub key_line: String,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("core", &self.core).finish_non_exhaustive()
    }
}

impl Deref for App {
    type Target = Core;
    /// Use cases that only need [`Core`] take it from an [`App`] without ceremony.
    fn deref(&self) -> &Core {
        &self.core
    }
}
