//! Rentals: a user's paid time on a plan in a region.

pub mod store;

use chrono::{DateTime, Days, TimeDelta, Utc};

use crate::types::{PlanId, RegionCode, RentalId, TailnetId, Terms, UserId};

/// How long an ended rental's address and port are kept for a renewal.
pub const KEPT: TimeDelta = TimeDelta::days(3);

/// A rental as its table holds it.
#[derive(Clone, Debug)]
pub struct Rental {
    /// Its row, and the number that customers see.
    pub id: RentalId,
    /// Whose it is.
    pub user: UserId,
    /// The tailnet that it serves.
    pub tailnet: TailnetId,
    /// The plan it is on.
    pub plan: PlanId,
    /// Where its relays stand.
    pub region: RegionCode,
    /// What it gives.
    pub terms: Terms,
    /// Where it is in its life.
    pub state: RentalState,
}

/// Where a rental is in its life, with what is known there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RentalState {
    /// No container ran yet: its days wait.
    Starting {
        /// Days bought so far.
        days: u32,
    },
    /// Its time runs.
    Active {
        /// Since when.
        start: DateTime<Utc>,
        /// Until when.
        end: DateTime<Utc>,
    },
    /// An admin stopped it; its days are kept.
    Paused {
        /// Since when its time ran.
        start: DateTime<Utc>,
        /// The end it had when it was paused.
        end: DateTime<Utc>,
        /// When it was paused.
        since: DateTime<Utc>,
    },
    /// Its time is over; it is kept for [`KEPT`].
    Expired {
        /// Since when its time ran.
        start: DateTime<Utc>,
        /// When it ended.
        end: DateTime<Utc>,
    },
    /// Its resources are given up.
    Released {
        /// When.
        at: DateTime<Utc>,
    },
}

/// The rental is where the act isn't possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RentalError {
    /// Its resources are given up; a new rental must be made.
    #[error("the rental is released")]
    Released,
    /// It isn't running.
    #[error("the rental isn't running")]
    NotRunning,
    /// It isn't paused.
    #[error("the rental isn't paused")]
    NotPaused,
    /// The date lies beyond what a calendar holds.
    #[error("the date is out of range")]
    OutOfRange,
}

impl RentalState {
    /// The end as far as it is known: a starting rental has none.
    pub const fn end(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Active { end, .. } | Self::Paused { end, .. } | Self::Expired { end, .. } => Some(end),
            Self::Starting { .. } | Self::Released { .. } => None,
        }
    }

    /// Its name in the store and in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting { .. } => "starting",
            Self::Active { .. } => "active",
            Self::Paused { .. } => "paused",
            Self::Expired { .. } => "expired",
            Self::Released { .. } => "released",
        }
    }

    /// Whether its relays should run.
    pub const fn wants_relays(self) -> bool {
        match self {
            Self::Starting { .. } | Self::Active { .. } => true,
            Self::Paused { .. } | Self::Expired { .. } | Self::Released { .. } => false,
        }
    }

    /// The first container runs: the waiting days become time. Later containers change nothing.
    #[must_use]
    pub fn begin(self, now: DateTime<Utc>) -> Self {
        match self {
            Self::Starting { days } => Self::Active { start: now, end: plus_days(now, days).unwrap_or(now) },
            other @ (Self::Active { .. }
            | Self::Paused { .. }
            | Self::Expired { .. }
            | Self::Released { .. }) => other,
        }
    }

    /// Adds days to the later of now and the present end; what expired runs again.
    pub fn extend(self, days: u32, now: DateTime<Utc>) -> Result<Self, RentalError> {
        let from = |end: DateTime<Utc>| plus_days(end, days).ok_or(RentalError::OutOfRange);
        match self {
            Self::Starting { days: waiting } => {
                Ok(Self::Starting { days: waiting.checked_add(days).ok_or(RentalError::OutOfRange)? })
            }
            Self::Active { start, end } | Self::Expired { start, end } => {
                Ok(Self::Active { start, end: from(end.max(now))? })
            }
            Self::Paused { start, end, since } => Ok(Self::Paused { start, end: from(end)?, since }),
            Self::Released { .. } => Err(RentalError::Released),
        }
    }

    /// Sets the end to a date that an admin chose; what expired runs again if the date lies ahead.
    pub fn set_end(self, end: DateTime<Utc>, now: DateTime<Utc>) -> Result<Self, RentalError> {
        match self {
            Self::Active { start, .. } | Self::Expired { start, .. } if end > now && end >= start => {
                Ok(Self::Active { start, end })
            }
            Self::Active { .. } | Self::Expired { .. } => Err(RentalError::OutOfRange),
            Self::Starting { .. } | Self::Paused { .. } => Err(RentalError::NotRunning),
            Self::Released { .. } => Err(RentalError::Released),
        }
    }

    /// Stops the clock.
    pub fn pause(self, now: DateTime<Utc>) -> Result<Self, RentalError> {
        match self {
            Self::Active { start, end } if end > now => Ok(Self::Paused { start, end, since: now }),
            Self::Active { .. } | Self::Starting { .. } | Self::Paused { .. } | Self::Expired { .. } => {
                Err(RentalError::NotRunning)
            }
            Self::Released { .. } => Err(RentalError::Released),
        }
    }

    /// Lets the clock run again: the end moves by the time it stood still.
    pub fn resume(self, now: DateTime<Utc>) -> Result<Self, RentalError> {
        match self {
            Self::Paused { start, end, since } => Ok(Self::Active { start, end: end + (now - since) }),
            Self::Starting { .. } | Self::Active { .. } | Self::Expired { .. } => Err(RentalError::NotPaused),
            Self::Released { .. } => Err(RentalError::Released),
        }
    }

    /// Its time is over at `now`, if it is.
    #[must_use]
    pub fn expire(self, now: DateTime<Utc>) -> Self {
        match self {
            Self::Active { start, end } if end <= now => Self::Expired { start, end },
            other @ (Self::Starting { .. }
            | Self::Active { .. }
            | Self::Paused { .. }
            | Self::Expired { .. }
            | Self::Released { .. }) => other,
        }
    }
}

fn plus_days(moment: DateTime<Utc>, days: u32) -> Option<DateTime<Utc>> {
    moment.checked_add_days(Days::new(u64::from(days)))
}

/// A rental to be stored; it starts when its first container runs.
#[derive(Clone, Debug)]
pub struct NewRental {
    /// Whose it is.
    pub user: UserId,
    /// The tailnet that it serves.
    pub tailnet: TailnetId,
    /// The plan it is on.
    pub plan: PlanId,
    /// Where its relays stand.
    pub region: RegionCode,
    /// What it gives.
    pub terms: Terms,
    /// Days that wait for the start.
    pub days: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    proptest! {
        #[test]
        fn days_are_added_never_replaced(end in 0i64..100_000, now in 0i64..100_000, days in 1u32..4000) {
            let active = RentalState::Active { start: at(0), end: at(end) };
            let new_end = active.extend(days, at(now)).expect("extends").end().expect("an end");
            prop_assert_eq!(new_end, at(end.max(now)) + TimeDelta::days(i64::from(days)));
        }

        #[test]
        fn a_pause_costs_nothing(end in 1i64..10_000, before in 0i64..10_000, pause in 0i64..10_000) {
            prop_assume!(before < end);
            let active = RentalState::Active { start: at(0), end: at(end) };
            let resumed = active.pause(at(before)).expect("runs").resume(at(before + pause)).expect("paused");
            prop_assert_eq!(resumed.end().expect("an end") - at(before + pause), at(end) - at(before));
        }
    }

    #[test]
    fn waiting_days_run_from_the_first_container() {
        let starting = RentalState::Starting { days: 3 }.extend(5, at(0)).expect("extends");
        assert_eq!(starting, RentalState::Starting { days: 8 });
        let begun = starting.begin(at(1));
        assert_eq!(begun, RentalState::Active { start: at(1), end: at(1 + 8 * 24) });
        assert_eq!(begun.begin(at(50)), begun, "a second container doesn't start it again");
    }

    #[test]
    fn an_ended_rental_runs_again_but_a_released_one_does_not() {
        let expired = RentalState::Active { start: at(0), end: at(10) }.expire(at(10));
        assert_eq!(expired, RentalState::Expired { start: at(0), end: at(10) });
        assert_eq!(expired.extend(1, at(20)), Ok(RentalState::Active { start: at(0), end: at(44) }));
        assert_eq!(RentalState::Released { at: at(0) }.extend(1, at(1)), Err(RentalError::Released));
    }

    #[test]
    fn only_what_runs_can_be_paused() {
        assert_eq!(RentalState::Starting { days: 1 }.pause(at(0)), Err(RentalError::NotRunning));
        assert_eq!(
            RentalState::Active { start: at(0), end: at(1) }.resume(at(0)),
            Err(RentalError::NotPaused)
        );
    }
}
