//! A customer's relays, as lists and cards show them.

pub mod store;

use std::net::SocketAddr;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::{AppError, Core};
use crate::bytes::Bytes;
use crate::rental::{self, Rental, RentalState};
use crate::types::{Lang, RentalId, Title, UserId};

/// A device that wasn't seen for this long doesn't count.
pub const DEVICE_WINDOW: TimeDelta = TimeDelta::days(7);
/// Traffic counts in windows of this length from a rental's start.
const TRAFFIC_WINDOW: TimeDelta = TimeDelta::days(30);

/// A rental with what a card shows of it.
#[derive(Clone, Debug)]
pub struct Relay {
    /// The rental.
    pub rental: Rental,
    /// Its region's names.
    pub region: Title,
    /// What its `RegionCode` begins with.
    pub short: String,
    /// Its plan's names.
    pub plan: Title,
    /// Where its halves answer.
    pub addresses: Vec<SocketAddr>,
    /// How many of them were tested and serve.
    pub serving: u32,
    /// Bytes in and out.
    pub used: Bytes,
    /// Devices that count against the limit.
    pub devices: u32,
}

/// How a relay is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All of it serves.
    Running,
    /// It is being set up or started.
    Starting,
    /// A half of it doesn't serve.
    Attention,
    /// Its time is over; it is kept for a while.
    Expired,
    /// An admin paused it.
    Paused,
    /// It is given up.
    Released,
}

impl Relay {
    /// "Tokyo #102", in the reader's language.
    pub fn name(&self, lang: Lang) -> String {
        format!("{} #{}", self.region.get(lang), self.rental.id)
    }

    /// What `tailscale netcheck` lists.
    pub fn region_code(&self) -> String {
        format!("{}-{}", self.short, self.rental.id)
    }

    /// How it is.
    pub fn condition(&self) -> Condition {
        match self.rental.state {
            RentalState::Starting { .. } => Condition::Starting,
            RentalState::Active { .. } if self.serving >= u32::from(self.rental.terms.redundancy.count()) => {
                Condition::Running
            }
            RentalState::Active { .. } if self.serving == 0 => Condition::Starting,
            RentalState::Active { .. } => Condition::Attention,
            RentalState::Paused { .. } => Condition::Paused,
            RentalState::Expired { .. } => Condition::Expired,
            RentalState::Released { .. } => Condition::Released,
        }
    }

    /// When the present traffic window ends; `None` before the rental's start.
    pub fn traffic_reset(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let start = match self.rental.state {
            RentalState::Active { start, .. }
            | RentalState::Paused { start, .. }
            | RentalState::Expired { start, .. } => start,
            RentalState::Starting { .. } | RentalState::Released { .. } => return None,
        };
        let windows = i32::try_from((now - start).num_days().max(0) / TRAFFIC_WINDOW.num_days()).ok()?;
        Some(start + TRAFFIC_WINDOW * (windows + 1))
    }
}

/// A user's relays: those that live first, newest first.
pub async fn list(core: &Core, user: UserId) -> Result<Vec<Relay>, AppError> {
    let mut conn = core.pool.acquire().await?;
    let rentals = rental::store::of_user(&mut conn, core.tenant, user).await?;
    Ok(store::with_details(&mut conn, rentals, core.clock.now() - DEVICE_WINDOW).await?)
}

/// One relay of this user; `None` also for one of somebody else.
pub async fn one(core: &Core, user: UserId, id: RentalId) -> Result<Option<Relay>, AppError> {
    let mut conn = core.pool.acquire().await?;
    let rental = rental::store::find(&mut conn, core.tenant, id).await?.filter(|rental| rental.user == user);
    let since = core.clock.now() - DEVICE_WINDOW;
    Ok(store::with_details(&mut conn, rental.into_iter().collect(), since).await?.pop())
}
