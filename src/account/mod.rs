//! People: who they are on Telegram and by e-mail, what they may do, how they want to be spoken to.

mod actor;
mod code;
mod email;
mod guess;
pub mod store;
mod tailnet;
mod username;
mod zone;

pub use actor::{AdminActor, NotAdmin};
pub use code::{
    CODE_LIFETIME, CODE_TRIES, CodeDigits, EmailCodeId, HOURLY_CODES, OpenCode, RESEND_AFTER, SendAgain,
};
pub use email::{Email, InvalidEmail};
pub use guess::{GUESSES, Guesses, LOCK};
pub use tailnet::{AclCode, AclDigest, AclMode, InvalidAclCode, Tailnet};
pub use username::{InvalidUsername, Username};
pub use zone::{COMMON_ZONES, search_zones};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::types::{Lang, TelegramId, TenantId, UserId};

/// After this much silence, a message counts as a login.
pub const SILENCE: TimeDelta = TimeDelta::hours(1);

/// A sign of life this soon after the last one isn't written down.
pub const NOTED_AFTER: TimeDelta = TimeDelta::minutes(1);

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "user_role", rename_all = "lowercase")]
pub enum Role {
    /// Buys and uses relays.
    User,
    /// Sells serials too.
    Distributor,
    /// Runs the shop.
    Admin,
}

impl Role {
    /// Its name, as on the command line and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Distributor => "distributor",
            Self::Admin => "admin",
        }
    }
}

/// Somebody with an account, or on the way to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The row.
    pub id: UserId,
    /// Whose customer.
    pub tenant: TenantId,
    /// The name by which admins and we call them; unique, whatever its capitals.
    pub username: Username,
    /// The address that they have proved to be theirs.
    pub email: Option<Email>,
    /// What they may do.
    pub role: Role,
    /// Suspended: nothing is done for them.
    pub is_banned: bool,
    /// Their number on Telegram; none for an account made over the API.
    pub telegram: Option<TelegramId>,
    /// The language to speak.
    pub lang: Lang,
    /// The zone to tell times in.
    pub zone: Tz,
    /// When registration was complete; before that, nothing but registering is possible.
    pub registered_at: Option<DateTime<Utc>>,
    /// The latest end over their rentals.
    pub rental_expiry: Option<DateTime<Utc>>,
    /// The last message after an hour's silence.
    pub last_login: Option<DateTime<Utc>>,
    /// The last message, to about a minute.
    pub last_seen: Option<DateTime<Utc>>,
    /// When the account was closed; its records stay.
    pub closed_at: Option<DateTime<Utc>>,
    /// When they were first seen.
    pub created_at: DateTime<Utc>,
}

impl User {
    /// Whether registration is complete.
    pub const fn is_registered(&self) -> bool {
        self.registered_at.is_some()
    }

    /// Whether they were seen so shortly before that another sign of life isn't worth a write.
    pub fn was_seen_just_before(&self, now: DateTime<Utc>) -> bool {
        self.last_seen.is_some_and(|at| at + NOTED_AFTER >= now)
    }
}

/// Somebody of whom we know what Telegram tells.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Telegram's number.
    pub telegram: TelegramId,
    /// First and last name.
    pub name: String,
    /// The name after the @, if there is one.
    pub user_name: Option<String>,
    /// The language to begin with.
    pub lang: Lang,
    /// The zone to begin with.
    pub zone: Tz,
}
