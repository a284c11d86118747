//! A clock that the test turns.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use derpshop::clock::Clock;

/// Stands still at 2026-11-24 02:30 UTC (10:30 in Shanghai) until it is turned.
#[derive(Debug)]
pub(crate) struct TestClock(Mutex<DateTime<Utc>>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Mutex::new(Utc.with_ymd_and_hms(2026, 11, 24, 2, 30, 0).unwrap()))
    }
}

impl TestClock {
    /// Sets it.
    pub(crate) fn set(&self, to: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    /// Turns it forward.
    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
