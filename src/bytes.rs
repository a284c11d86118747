//! Amounts of data, in bytes only.

use std::fmt;
use std::str::FromStr;

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

/// Text that isn't an amount of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount of data is a number with MB, GB or TB, like 500GB")]
pub struct InvalidBytes;

impl FromStr for Bytes {
    type Err = InvalidBytes;
    /// Decimal units as people write them: `500GB`, `1.5 TB`, `200m`.
    fn from_str(s: &str) -> Result<Self, InvalidBytes> {
        let s = s.trim().to_ascii_lowercase();
        let s = s.strip_suffix('b').unwrap_or(&s);
        let units = [('m', 6), ('g', 9), ('t', 12)];
        let (number, places) = units
            .iter()
            .find_map(|(unit, places)| Some((s.strip_suffix(*unit)?, *places)))
            .ok_or(InvalidBytes)?;
        crate::money::decimal(number.trim_end(), places).map(Self).ok_or(InvalidBytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!("500GB".parse(), Ok(Bytes::gigabytes(500)));
        assert_eq!("1.5 TB".parse(), Ok(Bytes::gigabytes(1500)));
        assert_eq!("200m".parse(), Ok(Bytes(200_000_000)));
        for bad in ["", "500", "GB", "-1GB", "1.5KB", "1,5TB", "99999999TB"] {
            assert_eq!(bad.parse::<Bytes>(), Err(InvalidBytes), "{bad}");
        }
    }

    #[test]
    fn sizes_read_in_decimal_units() {
        assert_eq!(Bytes(12_345_678_901).to_string(), "12.3 GB");
        assert_eq!(Bytes(999_999_999).to_string(), "999 MB");
        assert_eq!(Bytes::gigabytes(100).to_string(), "100 GB");
        assert_eq!(Bytes(2_500_000_000_000).to_string(), "2.5 TB");
    }
}
