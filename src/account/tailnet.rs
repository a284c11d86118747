//! A customer's network, as far as we know of it: the code under which its ACL can be fetched.

use std::fmt;
use std::str::FromStr;

use crate::clock::Random;
use crate::secret::LookupKey;
use crate::types::{TailnetId, UserId};

/// Crockford's digits, in lower case for addresses.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 26 digits of 5 bits hold 128 bits; the first holds three.
const LENGTH: usize = 26;

/// Which relays a tailnet's ACL lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "acl_mode", rename_all = "lowercase")]
pub enum AclMode {
    /// Every relay of the tailnet.
    Auto,
    /// Those on the servers that an admin chose.
    Manual,
    /// None.
    Off,
}

/// A tailnet as its table holds it.
#[derive(Clone, Debug)]
pub struct Tailnet {
    /// The row.
    pub id: TailnetId,
    /// Whose it is.
    pub user: UserId,
    /// Finds it by its code.
    pub digest: AclDigest,
    /// The code, sealed; see [`AclDigest::row`].
    pub code_sealed: Vec<u8>,
    /// Which relays its ACL lists.
    pub mode: AclMode,
}

/// The secret part of a tailnet's addresses: 128 random bits. Whoever has it can read the derpMap, so it is never
/// shown by `Debug` and not stored but sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct AclCode(u128);

/// Text that isn't an ACL code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ACL code")]
pub struct InvalidAclCode;

impl AclCode {
    /// A new code.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        Self(u128::from_be_bytes(bytes))
    }

    /// What finds the tailnet.
    pub fn digest(&self, lookup: &LookupKey) -> AclDigest {
        AclDigest(lookup.digest("acl code", &self.0.to_be_bytes()))
    }
}

impl fmt::Display for AclCode {
    /// 26 characters that can stand in an address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..LENGTH).rev().try_for_each(|place| {
            let digit = usize::try_from((self.0 >> (5 * place)) & 31).unwrap_or_default();
            write!(f, "{}", char::from(DIGITS[digit]))
        })
    }
}

impl fmt::Debug for AclCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AclCode([redacted])")
    }
}

impl FromStr for AclCode {
    type Err = InvalidAclCode;

    fn from_str(s: &str) -> Result<Self, InvalidAclCode> {
        if s.len() != LENGTH {
            return Err(InvalidAclCode);
        }
        let mut value: u128 = 0;
        for byte in s.bytes() {
            let digit = DIGITS.iter().position(|d| *d == byte.to_ascii_lowercase()).ok_or(InvalidAclCode)?;
            if value >> 123 != 0 {
                return Err(InvalidAclCode);
            }
            value = value << 5 | digit as u128;
        }
        Ok(Self(value))
    }
}

/// The digest under which a tailnet is found by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AclDigest(pub [u8; 32]);

impl AclDigest {
    /// The row's name inside the sealed code.
    pub fn row(&self) -> String {
        format!("tailnets:{}:acl_code", hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_code_is_read_as_it_was_written(bits: u128) {
            let text = AclCode(bits).to_string();
            prop_assert_eq!(text.len(), LENGTH);
            prop_assert_eq!(text.parse(), Ok(AclCode(bits)));
            prop_assert_eq!(text.to_ascii_uppercase().parse(), Ok(AclCode(bits)));
        }

        #[test]
        fn arbitrary_text_is_read_or_refused(s in "[0-9a-zA-Z\\PC]{0,30}") {
            if let Ok(code) = s.parse::<AclCode>() {
                prop_assert_eq!(code.to_string(), s.to_ascii_lowercase());
            }
        }
    }

    #[test]
    fn what_is_too_large_or_of_other_letters_is_refused() {
        assert!("7zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<AclCode>().is_ok());
        assert!("80000000000000000000000000".parse::<AclCode>().is_err());
        assert!("u0000000000000000000000000".parse::<AclCode>().is_err());
        assert_eq!(format!("{:?}", AclCode(1)), "AclCode([redacted])");
    }
}
