//! Binding the ops group: a code made at the console is sent in the group by an admin.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::account::{AdminActor, User};
use crate::app::{AppError, Core};
use crate::audit::{self, Entry, Operation};
use crate::clock::below;
use crate::secret;
use crate::settings::{self, Setting};
use crate::types::ChatId;

/// How long a code can be used.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(30);
/// Letters and digits that nobody mistakes for another.
const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// Symbols of a code: 39 bits, for half an hour and admins only.
const SYMBOLS: usize = 8;

/// What is kept of a code.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    digest: String,
    expires_at: DateTime<Utc>,
}

/// Makes a code such as `7KQ2-M4D9`, in place of an earlier one.
pub async fn new_code(app: &Core, _admin: &AdminActor) -> Result<String, AppError> {
    let bound = u32::try_from(ALPHABET.len()).unwrap_or(1);
    let mut code = String::with_capacity(SYMBOLS + 1);
    for at in 0..SYMBOLS {
        if at == SYMBOLS / 2 {
            code.push('-');
        }
        let symbol = usize::try_from(below(&*app.random, bound)).unwrap_or_default();
        code.push(char::from(ALPHABET[symbol]));
    }
    let kept = Kept { digest: digest(app, &code), expires_at: app.clock.now() + LIFETIME };
    settings::store::set(&app.pool, app.tenant, Setting::BindCode, kept).await?;
    Ok(code)
}

fn digest(app: &Core, code: &str) -> String {
    let symbols: String =
        code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    hex::encode(app.lookup.digest("bind", symbols.as_bytes()))
}

/// What became of an attempt to bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// This is the ops group now.
    Yes {
        /// The group that was it before.
        before: Option<ChatId>,
    },
    /// No such code, or too late.
    WrongCode,
    /// The sender isn't an admin.
    NotAdmin,
}

/// Binds a chat as the ops group. The code is used up by it.
pub async fn bind(app: &Core, user: &User, chat: ChatId, code: &str) -> Result<Bound, AppError> {
    // Whoever is an admin where this group the ops group may make it that.
    let Ok(admin) = AdminActor::in_chat(user, chat, Some(chat)) else { return Ok(Bound::NotAdmin) };
    let mut tx = app.pool.begin().await?;
    let now = app.clock.now();
    let before = settings::store::get(&mut *tx, app.tenant, Setting::OpsGroup).await?;
    let kept: Option<Kept> = settings::store::get(&mut *tx, app.tenant, Setting::BindCode).await?;
    let right = kept.is_some_and(|kept| kept.expires_at > now && secret::eq(kept.digest, digest(app, code)));
    if !right {
        // The update may have come twice: what it bound stays bound.
        return Ok(if before == Some(chat) { Bound::Yes { before } } else { Bound::WrongCode });
    }
    settings::store::set(&mut *tx, app.tenant, Setting::OpsGroup, chat).await?;
    settings::store::unset(&mut *tx, app.tenant, Setting::BindCode).await?;
    let entry = Entry::new(app.tenant, &admin, Operation::OpsBind).with("chat", chat).with("before", before);
    audit::record(&mut tx, now, &entry).await?;
    tx.commit().await?;
    Ok(Bound::Yes { before })
}
