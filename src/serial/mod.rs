//! Serials: codes worth a plan's days. Whoever redeems one first has it.

mod code;
pub mod store;

use chrono::{DateTime, Utc};

pub use code::{NotASerial, SerialCode};

use crate::secret::LookupKey;
use crate::types::{BatchId, PlanId, RentalId, SerialId, Terms, UserId};

/// The digest under which a code is found; the code itself is nowhere in plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerialDigest(pub [u8; 32]);

impl SerialDigest {
    /// The digest of `code` under the lookup pepper.
    pub fn of(lookup: &LookupKey, code: &SerialCode) -> Self {
        Self(lookup.digest("serial", code.as_bytes()))
    }

    /// The row's name inside the sealed code, so that it opens nowhere else.
    pub fn row(&self) -> String {
        format!("serial_numbers:{}:code", hex::encode(self.0))
    }
}

/// A serial as its table holds it.
#[derive(Clone, Debug)]
pub struct Serial {
    /// Its row.
    pub id: SerialId,
    /// The batch it was made in.
    pub batch: BatchId,
    /// The plan it is worth.
    pub plan: PlanId,
    /// Days it adds.
    pub days: u32,
    /// The plan's terms when it was made.
    pub terms: Terms,
    /// What others may see of its code.
    pub masked: String,
    /// Whether it was paid for.
    pub paid: bool,
    /// Where it is in its life.
    pub state: SerialState,
}

/// Where a serial is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SerialState {
    /// Nobody redeemed it; `redeem_by` is the last moment to, if there is one.
    Unused {
        /// The last moment to redeem it.
        redeem_by: Option<DateTime<Utc>>,
    },
    /// Redeemed.
    Used {
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Its last moment passed, unused; or what it paid for is over.
    Expired {
        /// By whom and when it was redeemed, if it was.
        used: Option<(UserId, DateTime<Utc>)>,
        /// The moment it passed.
        at: Option<DateTime<Utc>>,
    },
    /// Taken back.
    Revoked,
}

/// Why a complete, existing serial can't be redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unredeemable {
    /// Somebody redeemed it.
    Used {
        /// Who.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It had to be redeemed by this moment.
    Expired {
        /// The moment, where it is known.
        at: Option<DateTime<Utc>>,
    },
    /// Taken back.
    Revoked,
    /// Made on account and not yet released for redeeming.
    NotReady,
}

impl Serial {
    /// Whether it can be redeemed at `now`, or the truth about why not.
    pub fn redeemable(&self, now: DateTime<Utc>) -> Result<(), Unredeemable> {
        match self.state {
            SerialState::Unused { redeem_by: Some(by) } if by <= now => {
                Err(Unredeemable::Expired { at: Some(by) })
            }
            SerialState::Unused { .. } if !self.paid => Err(Unredeemable::NotReady),
            SerialState::Unused { .. } => Ok(()),
            SerialState::Used { by, at } | SerialState::Expired { used: Some((by, at)), .. } => {
                Err(Unredeemable::Used { by, at })
            }
            SerialState::Expired { used: None, at } => Err(Unredeemable::Expired { at }),
            SerialState::Revoked => Err(Unredeemable::Revoked),
        }
    }
}

/// A serial to be stored: what is kept of its code.
#[derive(Clone, Debug)]
pub struct NewSerial {
    /// Finds it.
    pub digest: SerialDigest,
    /// Shows it to its owner.
    pub sealed: Vec<u8>,
    /// Shows its ends to others.
    pub masked: String,
}

/// A serial bound to a rental, as screens list it.
#[derive(Clone, Debug)]
pub struct BoundSerial {
    /// Its row.
    pub id: SerialId,
    /// What may be seen of its code.
    pub masked: String,
    /// Days it added.
    pub days: u32,
    /// When it was redeemed.
    pub redeemed: DateTime<Utc>,
    /// The rental's end after it; `None` while the rental hasn't started.
    pub until: Option<DateTime<Utc>>,
}

/// The bond that a redemption makes.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Who redeemed.
    pub user: UserId,
    /// What.
    pub serial: SerialId,
    /// What it went to.
    pub rental: RentalId,
    /// The slice of the rental that it paid for; `None` until the rental starts.
    pub slice: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When.
    pub at: DateTime<Utc>,
}
