//! Time and randomness as parameters, so that tests can hold both still.

use std::fmt;

use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time. Whole microseconds, as Postgres keeps them, so that a value read back equals what was written.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present moment.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// Gives random bytes fit for keys and codes.
pub trait Random: Send + Sync + fmt::Debug {
    /// Overwrites `buf` with random bytes.
    fn fill(&self, buf: &mut [u8]);
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place where randomness is made")]
    fn fill(&self, buf: &mut [u8]) {
        use rand::Rng as _;
        rand::rng().fill_bytes(buf);
    }
}

/// A random number below `bound`, without the bias of a plain remainder.
///
/// # Panics
/// If `bound` is zero.
pub fn below(random: &dyn Random, bound: u32) -> u32 {
    assert!(bound > 0, "there is no number below zero");
    // The largest multiple of `bound`: what lies above it would favour small results.
    let limit = u32::MAX - u32::MAX % bound;
    loop {
        let mut bytes = [0; 4];
        random.fill(&mut bytes);
        let n = u32::from_le_bytes(bytes);
        if n < limit {
            return n % bound;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_stays_below_and_reaches_all() {
        let mut seen = [false; 7];
        for _ in 0..1000 {
            seen[below(&OsRandom, 7) as usize] = true;
        }
        assert_eq!(seen, [true; 7]);
    }
}
