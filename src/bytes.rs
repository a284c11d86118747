//! Amounts of data, in bytes only.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number of bytes. The database keeps it as `bigint` with a CHECK against negatives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl Bytes {
    /// `n` decimal gigabytes, as providers and customers count.
    pub const fn gigabytes(n: u64) -> Self {
        Self(n * 1_000_000_000)
    }

    /// From the database's value; a negative one, which its CHECK forbids, reads as zero.
    pub fn from_db(n: i64) -> Self {
        Self(u64::try_from(n).unwrap_or(0))
    }

    /// For the database; what exceeds `bigint` is kept as the largest value there.
    pub fn to_db(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}

impl fmt::Display for Bytes {
    /// Decimal units: one place from a gigabyte up unless it is zero, whole megabytes below.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0..1_000_000_000 => return write!(f, "{} MB", self.0 / 1_000_000),
            1_000_000_000..1_000_000_000_000 => (1_000_000_000, "GB"),
            _ => (1_000_000_000_000, "TB"),
        };
        match self.0 / (unit / 10) % 10 {
            0 => write!(f, "{} {name}", self.0 / unit),
            tenths => write!(f, "{}.{tenths} {name}", self.0 / unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_in_decimal_units() {
        assert_eq!(Bytes(12_345_678_901).to_string(), "12.3 GB");
        assert_eq!(Bytes(999_999_999).to_string(), "999 MB");
        assert_eq!(Bytes::gigabytes(100).to_string(), "100 GB");
        assert_eq!(Bytes(2_500_000_000_000).to_string(), "2.5 TB");
    }
}
