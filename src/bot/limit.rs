//! Too much at once from one person: said once, then passed over in silence until it is less.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::types::TelegramId;

/// After so many checks, people who have long been quiet are forgotten.
const SWEEP: u32 = 4096;

/// What to do with an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Handle it.
    Pass,
    /// Ask for this much patience, in whole seconds.
    Warn(i64),
    /// Do nothing.
    Ignore,
}

#[derive(Debug, Default)]
struct Warned {
    until: HashMap<TelegramId, Instant>,
    checks: u32,
}

/// Counts what each person does, in this process.
#[derive(Debug)]
pub struct Limit {
    limiter: DefaultKeyedRateLimiter<TelegramId>,
    clock: DefaultClock,
    warned: Mutex<Warned>,
}

impl Limit {
    /// `per_minute` updates on average, and as many at once as a minute has thirds of.
    pub fn new(per_minute: NonZeroU32) -> Self {
        let burst = NonZeroU32::new(per_minute.get().div_ceil(3)).unwrap_or(per_minute);
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default(), warned: Mutex::default() }
    }

    /// Counts one update of `sender`.
    pub fn check(&self, sender: TelegramId) -> Verdict {
        let now = Instant::now();
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        warned.checks += 1;
        if warned.checks >= SWEEP {
            warned.checks = 0;
            warned.until.retain(|_, until| *until > now);
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        match self.limiter.check_key(&sender) {
            Ok(()) => Verdict::Pass,
            Err(_) if warned.until.get(&sender).is_some_and(|until| *until > now) => Verdict::Ignore,
            Err(full) => {
                // The wait until one more is allowed, and a little, so that the next attempt isn't refused again.
                let wait = full.wait_time_from(self.clock.now()).as_secs() + 1;
                // Silent for longer than that: who goes on at the same pace would be warned at each refusal.
                warned.until.insert(sender, now + Duration::from_secs(wait) * 10);
                Verdict::Warn(i64::try_from(wait).unwrap_or(i64::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_warning_then_silence_and_others_are_not_affected() {
        let limit = Limit::new(NonZeroU32::new(30).unwrap());
        let (lin, wu) = (TelegramId(1), TelegramId(2));
        for n in 0..10 {
            assert_eq!(limit.check(lin), Verdict::Pass, "{n}");
        }
        assert!(matches!(limit.check(lin), Verdict::Warn(1..=3)));
        assert_eq!(limit.check(lin), Verdict::Ignore);
        assert_eq!(limit.check(lin), Verdict::Ignore);
        assert_eq!(limit.check(wu), Verdict::Pass);
    }

    #[test]
    fn quiet_people_are_forgotten() {
        let limit = Limit::new(NonZeroU32::new(60_000).unwrap());
        for n in 0..i64::from(SWEEP) * 3 {
            limit.check(TelegramId(n));
        }
        assert!(limit.limiter.len() <= SWEEP as usize * 2);
    }
}
