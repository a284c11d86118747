//! The lab's own clock: the system's, or one that only a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// Where simulators take "now" from. Clones share the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Milliseconds since 1970 of a clock that stands still, `None` for the system's.
    fixed: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self { fixed: None }
    }

    /// A clock that stands at `at` until [`Clock::advance`].
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self { fixed: Some(Arc::new(AtomicI64::new(at.timestamp_millis()))) }
    }

    /// Moves a fixed clock on. The system's clock does not listen.
    pub fn advance(&self, by: Duration) {
        if let Some(fixed) = &self.fixed {
            fixed.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// Now, in milliseconds since 1970.
    #[expect(clippy::disallowed_methods, reason = "the one place where the lab reads the machine's clock")]
    pub fn millis(&self) -> i64 {
        match &self.fixed {
            Some(fixed) => fixed.load(Ordering::SeqCst),
            None => Utc::now().timestamp_millis(),
        }
    }

    /// Now, in whole seconds since 1970, the unit of the Bot API.
    pub fn seconds(&self) -> i64 {
        self.millis() / 1000
    }
}
