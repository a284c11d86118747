//! Redeeming a serial: it becomes a new rental, or more days on one that the user has.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::provision::{self, ProvisionError};
use super::{App, AppError};
use crate::account;
use crate::audit::{self, Entry, Operation};
use crate::db::StoreError;
use crate::fleet::server::Region;
use crate::fleet::store::regions;
use crate::rental::{self, NewRental, Rental, RentalState};
use crate::serial::{self, Binding, Serial, SerialCode, SerialDigest, Unredeemable};
use crate::types::{RegionCode, RentalId, UserId};

/// What a user may do with a serial that can be redeemed.
#[derive(Debug)]
pub struct Offer {
    /// The serial.
    pub serial: Serial,
    /// Rentals on the same plan that it can extend.
    pub extendable: Vec<Rental>,
    /// Regions where a new rental would find room.
    pub regions: Vec<Region>,
}

/// What a serial goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A new rental in this region.
    New(RegionCode),
    /// More days on this rental.
    Extend(RentalId),
}

/// What came of a redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// A new rental is being set up.
    Started {
        /// The rental.
        rental: RentalId,
    },
    /// A rental has more days.
    Extended {
        /// The rental.
        rental: RentalId,
        /// Days added.
        days: u32,
        /// Its end before; `None` if it hasn't started.
        old_end: Option<DateTime<Utc>>,
        /// Its end now.
        new_end: Option<DateTime<Utc>>,
    },
}

/// Why a serial wasn't redeemed. Nothing was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such serial; so many guesses are left this hour.
    Unknown {
        /// Guesses left.
        tries: i16,
    },
    /// Too many guesses.
    Locked {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Redeemed by somebody.
    Used {
        /// When.
        at: DateTime<Utc>,
    },
    /// Redeemed by this user.
    UsedSelf {
        /// When.
        at: DateTime<Utc>,
        /// Where its days are.
        rental: RentalId,
    },
    /// It had to be redeemed earlier.
    Expired {
        /// By when, where it is known.
        at: Option<DateTime<Utc>>,
    },
    /// Taken back.
    Revoked,
    /// Not released for redeeming yet.
    NotReady,
    /// No region, or not the chosen one, has room.
    SoldOut,
    /// The chosen rental isn't this user's, is on another plan, or is released.
    BadTarget,
}

/// A refusal, or a failure of ours.
#[derive(Debug)]
pub enum RedeemError {
    /// The user's own matter.
    Refused(Refusal),
    /// Ours.
    Failed(AppError),
}

impl<E: Into<AppError>> From<E> for RedeemError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Looks a code up for a user. A code that doesn't exist counts as a guess; ten an hour lock redeeming.
pub async fn look(app: &App, user: UserId, code: &SerialCode) -> Result<Offer, RedeemError> {
    let mut tx = app.pool.begin().await?;
    let serial = match find(app, &mut tx, user, code).await {
        Ok(serial) => serial,
        Err(refused) => {
            // The guess counts although nothing else happens.
            tx.commit().await?;
            return Err(refused);
        }
    };
    let regions = regions::with_room(&mut *tx, app.tenant, serial.terms.redundancy.count()).await?;
    let extendable = rental::store::of_user(&mut tx, app.tenant, user)
        .await?
        .into_iter()
        .filter(|rental| can_extend(rental, user, &serial))
        .collect();
    tx.commit().await?;
    Ok(Offer { serial, extendable, regions })
}

/// Redeems a code. Of any number of redemptions of one code exactly one succeeds; doing it again changes nothing and
/// tells the truth.
pub async fn redeem(
    app: &App,
    user: UserId,
    code: &SerialCode,
    target: &Target,
) -> Result<Redeemed, RedeemError> {
    let mut tx = app.pool.begin().await?;
    let serial = match find(app, &mut tx, user, code).await {
        Ok(serial) => serial,
        Err(refused) => {
            tx.commit().await?;
            return Err(refused);
        }
    };
    let now = app.clock.now();
    match serial::store::take(&mut tx, serial.id, user, now).await {
        Ok(()) => {}
        Err(StoreError::Conflict { .. }) => {
            // Somebody was faster, perhaps the same user's other press: read again and tell the truth.
            tx.rollback().await?;
            let mut conn = app.pool.acquire().await?;
            find(app, &mut conn, user, code).await?;
            return Err(StoreError::Conflict { table: "serial_numbers" }.into());
        }
        Err(error) => return Err(error.into()),
    }
    let redeemed = match target {
        Target::New(region) => start(app, &mut tx, user, &serial, region, now).await?,
        Target::Extend(rental) => extend(app, &mut tx, user, &serial, *rental, now).await?,
    };
    tx.commit().await?;
    Ok(redeemed)
}

/// Finds a redeemable serial, or says why it isn't one.
async fn find(
    app: &App,
    conn: &mut PgConnection,
    user: UserId,
    code: &SerialCode,
) -> Result<Serial, RedeemError> {
    let now = app.clock.now();
    if let Some(until) = account::store::guesses(&mut *conn, app.tenant, user).await?.lock(now) {
        return Err(RedeemError::Refused(Refusal::Locked { until }));
    }
    let digest = SerialDigest::of(&app.lookup, code);
    let Some(serial) = serial::store::find(conn, app.tenant, digest).await? else {
        let guesses = account::store::count_guess(conn, app.tenant, user, now).await?;
        let refusal = match guesses.lock(now) {
            Some(until) => Refusal::Locked { until },
            None => Refusal::Unknown { tries: guesses.left(now) },
        };
        audit::record(conn, now, &Entry::new(app.tenant, user, Operation::SerialRedeem).failed()).await?;
        return Err(RedeemError::Refused(refusal));
    };
    let refusal = match serial.redeemable(now) {
        Ok(()) => return Ok(serial),
        Err(Unredeemable::Used { by, at }) if by == user => {
            match serial::store::rental_of(conn, serial.id).await? {
                Some(rental) => Refusal::UsedSelf { at, rental },
                None => Refusal::Used { at },
            }
        }
        Err(Unredeemable::Used { at, .. }) => Refusal::Used { at },
        Err(Unredeemable::Expired { at }) => Refusal::Expired { at },
        Err(Unredeemable::Revoked) => Refusal::Revoked,
        Err(Unredeemable::NotReady) => Refusal::NotReady,
    };
    Err(RedeemError::Refused(refusal))
}

fn can_extend(rental: &Rental, user: UserId, serial: &Serial) -> bool {
    let lives = match rental.state {
        RentalState::Starting { .. }
        | RentalState::Active { .. }
        | RentalState::Paused { .. }
        | RentalState::Expired { .. } => true,
        RentalState::Released { .. } => false,
    };
    lives && rental.user == user && rental.plan == serial.plan && rental.terms == serial.terms
}

async fn start(
    app: &App,
    tx: &mut PgConnection,
    user: UserId,
    serial: &Serial,
    region: &RegionCode,
    now: DateTime<Utc>,
) -> Result<Redeemed, RedeemError> {
    let tailnet = account::store::tailnet(&mut *tx, app.tenant, user)
        .await?
        .ok_or(StoreError::Conflict { table: "tailnets" })?
        .id;
    let new = NewRental {
        user,
        tailnet,
        plan: serial.plan,
        region: region.clone(),
        terms: serial.terms,
        days: serial.days,
    };
    let rental = match provision::open_rental(app, tx, &new, now).await {
        Ok(rental) => rental,
        Err(ProvisionError::NoRoom) => return Err(RedeemError::Refused(Refusal::SoldOut)),
        Err(ProvisionError::Failed(error)) => return Err(RedeemError::Failed(error)),
    };
    serial::store::bind(tx, &Binding { user, serial: serial.id, rental, slice: None, at: now }).await?;
    audit::record(tx, now, &redeem_entry(app, user, serial, rental)).await?;
    Ok(Redeemed::Started { rental })
}

async fn extend(
    app: &App,
    tx: &mut PgConnection,
    user: UserId,
    serial: &Serial,
    id: RentalId,
    now: DateTime<Utc>,
) -> Result<Redeemed, RedeemError> {
    let rental = rental::store::lock(tx, app.tenant, id).await?;
    let Some(rental) = rental.filter(|rental| can_extend(rental, user, serial)) else {
        return Err(RedeemError::Refused(Refusal::BadTarget));
    };
    let to = rental.state.extend(serial.days, now)?;
    rental::store::transition(tx, &rental, to, now).await?;
    let slice = rental.state.end().zip(to.end()).map(|(old, new)| (old.max(now), new));
    serial::store::bind(tx, &Binding { user, serial: serial.id, rental: id, slice, at: now }).await?;
    provision::after_change(app, tx, &rental, to, now).await?;
    audit::record(tx, now, &redeem_entry(app, user, serial, id)).await?;
    if let Some((old_end, new_end)) = rental.state.end().zip(to.end()) {
        provision::tell_renewal(app, tx, user, id, old_end, new_end, now).await?;
    }
    Ok(Redeemed::Extended { rental: id, days: serial.days, old_end: rental.state.end(), new_end: to.end() })
}

fn redeem_entry(app: &App, user: UserId, serial: &Serial, rental: RentalId) -> Entry {
    Entry::new(app.tenant, user, Operation::SerialRedeem)
        .with("serial_id", serial.id)
        .with("rental_id", rental)
}
