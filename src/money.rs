//! Money in whole minor units; no float ever holds any.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

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
