//! Identifiers and small words that more than one domain uses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bytes::Bytes;

/// Declares a database identifier that cannot be mixed up with another table's.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            /// Accepts the number with an optional leading `#`, as people write it.
            fn from_str(s: &str) -> Result<Self, InvalidId> {
                let digits = s.strip_prefix('#').unwrap_or(s);
                match digits.parse::<i64>() {
                    Ok(n) if n > 0 => Ok(Self(n)),
                    Ok(_) | Err(_) => Err(InvalidId),
                }
            }
        }
    };
}

/// Text that should be an identifier isn't a positive number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identifier is a positive number")]
pub struct InvalidId;

id!(/// A row of `tenants`.
    TenantId);
id!(/// A row of `users`; never the Telegram number, which is [`TelegramId`].
    UserId);
id!(/// A row of `tailnets`.
    TailnetId);
id!(/// A row of `plans`.
    PlanId);
id!(/// A row of `serial_batches`.
    BatchId);
id!(/// A row of `serial_numbers`.
    SerialId);
id!(/// A row of `rentals`; customers see it as the number in "Tokyo #102".
    RentalId);
id!(/// A row of `servers`.
    ServerId);
id!(/// A row of `server_types`.
    ServerTypeId);
id!(/// A row of `containers`: one derper on one server, over all its generations.
    ContainerId);
id!(/// A row of `acl_configs`: one version of one tailnet's derpMap.
    AclId);
id!(/// A row of `devices`.
    DeviceId);
id!(/// A row of `outbox`.
    OutboxId);
id!(/// A row of `server_setups`: one run of a server's set-up.
    SetupId);
id!(/// A row of `confirmations`.
    ConfirmationId);
id!(/// A user's number on Telegram.
    TelegramId);
id!(/// A chat's number on Telegram: positive for a private chat, negative for a group.
    ChatId);

impl From<TelegramId> for ChatId {
    /// A person's private chat with the bot bears the person's own number.
    fn from(id: TelegramId) -> Self {
        Self(id.0)
    }
}

/// This installation's identity: the value of the label `derpshop.install` on every container of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct InstallId(pub Uuid);

impl fmt::Display for InstallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Which half of a rental a container is: a rental of redundancy 1 has only the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Half {
    /// The only half, or the first of two.
    First,
    /// The second of two.
    Second,
}

impl Half {
    /// The number under which the database keeps it.
    pub const fn number(self) -> i16 {
        match self {
            Self::First => 1,
            Self::Second => 2,
        }
    }

    /// Reads the database's number.
    pub const fn from_number(n: i16) -> Option<Self> {
        match n {
            1 => Some(Self::First),
            2 => Some(Self::Second),
            _ => None,
        }
    }
}

/// The languages that derpshop speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum Lang {
    /// Simplified Chinese, the default.
    #[default]
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English.
    #[serde(rename = "en")]
    En,
}

impl Lang {
    /// Every language, in the order in which menus offer them.
    pub const ALL: [Self; 2] = [Self::ZhCn, Self::En];

    /// The BCP 47 tag, which is also the folder under `locales/` and the database's value.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }

    /// Reads a stored tag; `None` for a language that we don't speak.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.tag() == tag)
    }

    /// The language for a Telegram `language_code` such as `zh-hans`, `zh`, `en-US`: Chinese of any kind
    /// reads zh-CN, everything else English.
    pub fn from_telegram(code: Option<&str>) -> Self {
        match code {
            None => Self::default(),
            Some(code) if code.to_ascii_lowercase().starts_with("zh") => Self::ZhCn,
            Some(_) => Self::En,
        }
    }

    /// The two-letter code that `setMyCommands` takes.
    pub const fn telegram_code(self) -> &'static str {
        match self {
            Self::ZhCn => "zh",
            Self::En => "en",
        }
    }
}

/// A server's region: a short lower-case code such as `tokyo`; its names stand in table `regions`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct RegionCode(String);

/// Text that isn't a region code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a region code is 2 to 24 of a-z, 0-9 and '-', starting with a letter")]
pub struct InvalidRegionCode;

impl RegionCode {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegionCode {
    type Err = InvalidRegionCode;
    fn from_str(s: &str) -> Result<Self, InvalidRegionCode> {
        let s = s.trim().to_ascii_lowercase();
        let starts_with_letter = s.starts_with(|c: char| c.is_ascii_lowercase());
        let plain = s.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if (2..=24).contains(&s.len()) && starts_with_letter && plain {
            Ok(Self(s))
        } else {
            Err(InvalidRegionCode)
        }
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text in each language, as the database keeps it (`{"zh-CN": …, "en": …}`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Title {
    /// The Chinese text.
    #[serde(rename = "zh-CN")]
    pub zh_cn: String,
    /// The English text.
    pub en: String,
}

impl Title {
    /// The text in `lang`.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::ZhCn => &self.zh_cn,
            Lang::En => &self.en,
        }
    }
}

/// What a plan gives, as a serial and a rental keep it: a later change of the plan changes neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Bytes in and out together per 30 days; `None` is unlimited.
    pub traffic_cap: Option<Bytes>,
    /// Bytes that one container may receive per 30 days.
    pub max_upload: Option<Bytes>,
    /// Bytes that one container may send per 30 days.
    pub max_download: Option<Bytes>,
    /// How many devices may talk through it.
    pub device_limit: u32,
    /// How many relays carry it.
    pub redundancy: Redundancy,
}

/// How many relays on different servers a rental has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Redundancy {
    /// One relay.
    Single,
    /// Two relays on two servers, between which clients move by themselves.
    Dual,
}

impl Redundancy {
    /// 1 or 2, as the database keeps it.
    pub const fn number(self) -> i16 {
        match self {
            Self::Single => 1,
            Self::Dual => 2,
        }
    }

    /// Reads the database's number.
    pub const fn from_number(n: i16) -> Option<Self> {
        match n {
            1 => Some(Self::Single),
            2 => Some(Self::Dual),
            _ => None,
        }
    }

    /// How many relays that is.
    pub const fn count(self) -> u8 {
        match self {
            Self::Single => 1,
            Self::Dual => 2,
        }
    }

    /// The halves that such a rental has.
    pub const fn halves(self) -> &'static [Half] {
        match self {
            Self::Single => &[Half::First],
            Self::Dual => &[Half::First, Half::Second],
        }
    }
}

/// Reads an address that the database keeps as text.
pub fn parse_ip(text: &str) -> Option<IpAddr> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telegram_language_codes_map_to_ours() {
        assert_eq!(Lang::from_telegram(Some("zh-hans")), Lang::ZhCn);
        assert_eq!(Lang::from_telegram(Some("zh")), Lang::ZhCn);
        assert_eq!(Lang::from_telegram(Some("en-US")), Lang::En);
        assert_eq!(Lang::from_telegram(Some("de")), Lang::En);
        assert_eq!(Lang::from_telegram(None), Lang::ZhCn);
    }

    #[test]
    fn ids_are_read_as_people_write_them() {
        assert_eq!("#102".parse(), Ok(RentalId(102)));
        assert_eq!("102".parse(), Ok(RentalId(102)));
        assert!("0".parse::<RentalId>().is_err());
        assert!("-4".parse::<RentalId>().is_err());
        assert!("1e3".parse::<RentalId>().is_err());
    }

    #[test]
    fn region_codes_are_plain() {
        assert!("tokyo".parse::<RegionCode>().is_ok());
        assert!("Los-Angeles".parse::<RegionCode>().is_ok());
        assert!("t".parse::<RegionCode>().is_err());
        assert!("东京".parse::<RegionCode>().is_err());
        assert!("9a".parse::<RegionCode>().is_err());
    }
}
