//! Money in whole minor units; no float ever holds any.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The currencies that prices are set in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[sqlx(type_name = "currency")]
pub enum Currency {
    /// Chinese yuan; the minor unit is the fen.
    #[sqlx(rename = "CNY")]
    #[serde(rename = "CNY")]
    Cny,
    /// Telegram Stars; there is no minor unit.
    #[sqlx(rename = "XTR")]
    #[serde(rename = "XTR")]
    Xtr,
}

/// An amount in one currency. Amounts of two currencies never add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// `minor` fen or Stars.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The amount in fen or Stars.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Its currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }
}

impl fmt::Display for Money {
    /// As customers read it: `¥29.90`, `-¥5.98`, `150 Stars`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.currency {
            Currency::Cny => {
                let sign = if self.minor < 0 { "-" } else { "" };
                let fen = self.minor.unsigned_abs();
                write!(f, "{sign}¥{}.{:02}", fen / 100, fen % 100)
            }
            Currency::Xtr => write!(f, "{} Stars", self.minor),
        }
    }
}

/// A price per hour or per day in millionths of a yuan, so that 0.108 CNY is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rate {
    /// Millionths of a yuan.
    pub micros: i64,
}

impl fmt::Display for Rate {
    /// At least two and at most six decimals: `¥0.108`, `¥1.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let micros = self.micros.unsigned_abs();
        let decimals = format!("{:06}", micros % 1_000_000);
        let trimmed = decimals.trim_end_matches('0');
        write!(f, "{sign}¥{}.{trimmed:0<2}", micros / 1_000_000)
    }
}

/// Text that isn't a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a number like 0.108, with at most six decimals")]
pub struct InvalidRate;

impl FromStr for Rate {
    type Err = InvalidRate;
    /// Yuan with at most six decimals, as in `0.108`; a leading `¥` is allowed. Exact: no digit is dropped.
    fn from_str(s: &str) -> Result<Self, InvalidRate> {
        let s = s.trim();
        let micros = decimal(s.strip_prefix('¥').unwrap_or(s), 6).ok_or(InvalidRate)?;
        Ok(Self { micros: i64::try_from(micros).map_err(|_| InvalidRate)? })
    }
}

/// Reads a number without sign and with at most `places` decimals, as that many `10^-places`.
pub(crate) fn decimal(text: &str, places: u32) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let used = u32::try_from(part.len()).ok()?;
    if whole.is_empty() || !digits(whole) || !digits(part) || used > places || text.ends_with('.') {
        return None;
    }
    let part =
        if part.is_empty() { 0 } else { part.parse::<u64>().ok()?.checked_mul(10_u64.pow(places - used))? };
    whole.parse::<u64>().ok()?.checked_mul(10_u64.checked_pow(places)?)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_exactly_or_not_at_all() {
        assert_eq!("0.108".parse(), Ok(Rate { micros: 108_000 }));
        assert_eq!("¥2.500001".parse(), Ok(Rate { micros: 2_500_001 }));
        assert_eq!("1.".parse::<Rate>(), Err(InvalidRate));
        assert_eq!("12".parse(), Ok(Rate { micros: 12_000_000 }));
        for bad in ["", ".5", "-1", "1.0000001", "1,5", "1e3", "1.2.3", "99999999999999999999"] {
            assert_eq!(bad.parse::<Rate>(), Err(InvalidRate), "{bad}");
        }
    }

    #[test]
    fn money_reads_as_customers_expect() {
        assert_eq!(Money::new(2990, Currency::Cny).to_string(), "¥29.90");
        assert_eq!(Money::new(-598, Currency::Cny).to_string(), "-¥5.98");
        assert_eq!(Money::new(5, Currency::Cny).to_string(), "¥0.05");
        assert_eq!(Money::new(150, Currency::Xtr).to_string(), "150 Stars");
    }

    #[test]
    fn rates_keep_their_third_decimal() {
        assert_eq!(Rate { micros: 108_000 }.to_string(), "¥0.108");
        assert_eq!(Rate { micros: 1_000_000 }.to_string(), "¥1.00");
        assert_eq!(Rate { micros: 2_500_001 }.to_string(), "¥2.500001");
    }
}
