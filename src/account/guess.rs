//! Guessing at serials: ten unknown codes within an hour lock redemption for an hour.

use chrono::{DateTime, TimeDelta, Utc};

/// Unknown codes after which redemption is locked.
pub const GUESSES: i16 = 10;
/// How long guesses count, and how long the lock lasts.
pub const LOCK: TimeDelta = TimeDelta::hours(1);

/// Somebody's guesses so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guesses {
    /// How many since [`Guesses::window`].
    pub count: i16,
    /// The first of them.
    pub window: Option<DateTime<Utc>>,
    /// Redemption is locked until then.
    pub locked_until: Option<DateTime<Utc>>,
}

impl Guesses {
    /// Until when redemption is locked, if it is now.
    pub fn lock(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.locked_until.filter(|until| *until > now)
    }

    /// The guesses after one more.
    #[must_use]
    pub fn after_one(&self, now: DateTime<Utc>) -> Self {
        let counts = self.window.filter(|since| *since + LOCK > now);
        let (count, window) = counts.map_or((1, now), |since| (self.count.saturating_add(1), since));
        if count < GUESSES {
            return Self { count, window: Some(window), locked_until: self.lock(now) };
        }
        // The count starts over, so that the end of the lock brings all tries back.
        Self { count: 0, window: None, locked_until: Some(now + LOCK) }
    }

    /// How many tries are left before the lock; none while it is locked.
    pub fn left(&self, now: DateTime<Utc>) -> i16 {
        if self.lock(now).is_some() {
            return 0;
        }
        let counts = self.window.is_some_and(|since| since + LOCK > now);
        GUESSES - if counts { self.count } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        "2026-11-24T10:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
    }

    #[test]
    fn ten_within_an_hour_lock_for_an_hour() {
        let mut guesses = Guesses::default();
        assert_eq!(guesses.left(at(0)), 10);
        for n in 0..9 {
            guesses = guesses.after_one(at(n));
            assert_eq!((guesses.left(at(n)), guesses.lock(at(n))), (9 - i16::try_from(n).unwrap(), None));
        }
        guesses = guesses.after_one(at(30));
        assert_eq!((guesses.left(at(30)), guesses.lock(at(30))), (0, Some(at(90))));
        assert_eq!((guesses.left(at(90)), guesses.lock(at(90))), (10, None));
    }

    #[test]
    fn old_guesses_are_forgotten() {
        let mut guesses = Guesses::default();
        for _ in 0..9 {
            guesses = guesses.after_one(at(0));
        }
        assert_eq!(guesses.left(at(59)), 1);
        assert_eq!(guesses.left(at(60)), 10);
        guesses = guesses.after_one(at(60));
        assert_eq!((guesses.left(at(60)), guesses.lock(at(60))), (9, None));
    }
}
