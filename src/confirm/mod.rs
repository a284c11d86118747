//! Confirmations: a dangerous act waits for a second tap by the same person, once, for a short time.
//!
//! What was asked is a row, so that a restart between the two taps neither loses nor doubles it: the act is done in
//! the transaction that closes the row.

pub mod store;

use chrono::TimeDelta;

use crate::types::UserId;

/// How long a destructive act waits.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(1);

/// What became of a tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tap<A> {
    /// It was asked by this person and in time: do it now, in the same transaction.
    Do(A),
    /// Somebody else asked.
    NotYours {
        /// Who.
        asked_by: UserId,
    },
    /// Too late: nothing is done.
    Late,
    /// Done or called off before, or from a version that asked otherwise.
    Over,
}
