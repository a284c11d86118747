//! The six digits that prove an e-mail address.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::Email;
use crate::clock::{Random, below};
use crate::secret::{self, LookupKey};
use crate::types::UserId;

/// How long a code works.
pub const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Wrong tries after which a code is worth nothing.
pub const CODE_TRIES: i16 = 5;
/// The least time between two mails.
pub const RESEND_AFTER: TimeDelta = TimeDelta::seconds(60);
/// Mails in an hour that one person can cause, and that one address can get.
pub const HOURLY_CODES: i64 = 5;

/// A row of `email_codes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EmailCodeId(pub i64);

/// Six digits. Never shown by `Debug`, so that no log line can carry them.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeDigits(String);

impl CodeDigits {
    /// Random digits.
    pub fn generate(random: &dyn Random) -> Self {
        Self(format!("{:06}", below(random, 1_000_000)))
    }

    /// Finds six digits in what somebody wrote: spaces, dashes and full-width digits are fine, anything else means that
    /// it isn't meant as a code.
    pub fn read(text: &str) -> Option<Self> {
        let mut digits = String::new();
        for c in text.trim().chars() {
            match c {
                '0'..='9' => digits.push(c),
                '\u{ff10}'..='\u{ff19}' => digits.extend(char::from_digit(u32::from(c) - 0xff10, 10)),
                c if c.is_whitespace() || c == '-' => {}
                _ => return None,
            }
        }
        (digits.len() == 6).then_some(Self(digits))
    }

    /// The digits, for the mail.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of them: bound to who asked and for which address, so that a row moved elsewhere proves nothing.
    pub fn digest(&self, lookup: &LookupKey, user: UserId, email: &Email) -> [u8; 32] {
        let data = format!("{user}:{}:{}", email.as_str().to_ascii_lowercase(), self.0);
        lookup.digest("email code", data.as_bytes())
    }
}

impl fmt::Debug for CodeDigits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeDigits([redacted])")
    }
}

/// A code that was sent and can still be used.
#[derive(Clone, Debug)]
pub struct OpenCode {
    /// The row.
    pub id: EmailCodeId,
    /// Who is to prove the address.
    pub user: UserId,
    /// The address.
    pub email: Email,
    /// [`CodeDigits::digest`] of the right digits.
    pub digest: [u8; 32],
    /// Wrong tries so far.
    pub tries: i16,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it stops to work.
    pub expires_at: DateTime<Utc>,
}

impl OpenCode {
    /// Whether it still works at this moment.
    pub fn works_at(&self, now: DateTime<Utc>) -> bool {
        now < self.expires_at && self.tries < CODE_TRIES
    }

    /// Whether these are the right digits.
    pub fn is(&self, digits: &CodeDigits, lookup: &LookupKey) -> bool {
        secret::eq(self.digest, digits.digest(lookup, self.user, &self.email))
    }

    /// The row's name inside the sealed digits.
    pub fn row(digest: &[u8; 32]) -> String {
        format!("email_codes:{}:code", hex::encode(digest))
    }
}

/// Whether another mail may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendAgain {
    /// It may.
    Now,
    /// Not before this moment: the last one is too recent.
    After(DateTime<Utc>),
    /// Not before this moment: there were too many within an hour.
    TooMany(DateTime<Utc>),
}

impl SendAgain {
    /// Decides by the mails of the last hour that one person caused or one address got, oldest first.
    pub fn decide(now: DateTime<Utc>, by_user: &[DateTime<Utc>], to_address: &[DateTime<Utc>]) -> Self {
        let last = by_user.last().map(|at| *at + RESEND_AFTER).filter(|until| *until > now);
        if let Some(until) = last {
            return Self::After(until);
        }
        let full = |sent: &[DateTime<Utc>]| {
            let over = i64::try_from(sent.len()).unwrap_or(i64::MAX) >= HOURLY_CODES;
            sent.first().filter(|_| over).map(|first| *first + TimeDelta::hours(1))
        };
        full(by_user).max(full(to_address)).map_or(Self::Now, Self::TooMany)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OsRandom;

    #[test]
    fn digits_are_read_as_people_type_them() {
        for text in ["482911", " 4 8 2 9 1 1\n", "482-911", "４８２９１１"] {
            assert_eq!(CodeDigits::read(text).unwrap().as_str(), "482911", "{text}");
        }
        for text in ["", "48291", "4829111", "482911 please", "lin@example.com", "0x48291"] {
            assert_eq!(CodeDigits::read(text), None, "{text}");
        }
    }

    #[test]
    fn made_digits_are_six_and_are_not_shown() {
        for _ in 0..100 {
            let digits = CodeDigits::generate(&OsRandom);
            assert_eq!(CodeDigits::read(digits.as_str()), Some(digits.clone()));
            assert!(!format!("{digits:?}").contains(digits.as_str()));
        }
    }

    #[test]
    fn mails_are_a_minute_apart_and_five_an_hour() {
        let now: DateTime<Utc> = "2026-11-24T10:00:00Z".parse().unwrap();
        let ago = |minutes: i64| now - TimeDelta::minutes(minutes);
        assert_eq!(SendAgain::decide(now, &[], &[]), SendAgain::Now);
        let just = now - TimeDelta::seconds(18);
        assert_eq!(SendAgain::decide(now, &[just], &[just]), SendAgain::After(now + TimeDelta::seconds(42)));
        assert_eq!(SendAgain::decide(now, &[ago(1)], &[ago(1)]), SendAgain::Now);
        let five = [ago(50), ago(40), ago(30), ago(20), ago(10)];
        assert_eq!(SendAgain::decide(now, &five, &[]), SendAgain::TooMany(ago(-10)));
        assert_eq!(SendAgain::decide(now, &five[1..], &[]), SendAgain::Now);
        // Somebody else had them sent to this address.
        assert_eq!(SendAgain::decide(now, &[], &five), SendAgain::TooMany(ago(-10)));
    }
}
