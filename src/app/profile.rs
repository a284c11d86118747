//! How somebody wants to be called and spoken to.

use chrono_tz::Tz;

use crate::account::store::{self, UsernameTaken};
use crate::account::{InvalidUsername, Username};
use crate::app::Core;
use crate::audit::{self, Entry, Operation};
use crate::db::StoreError;
use crate::types::{Lang, UserId};

/// Sets the language to speak.
pub async fn set_lang(app: &Core, user: UserId, lang: Lang) -> Result<(), StoreError> {
    store::set_lang(&app.pool, app.tenant, user, lang).await
}

/// Sets the zone to tell times in.
pub async fn set_zone(app: &Core, user: UserId, zone: Tz) -> Result<(), StoreError> {
    store::set_zone(&app.pool, app.tenant, user, zone).await
}

/// What became of a new name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// They are called so now.
    Done(Username),
    /// It isn't a name.
    Invalid,
    /// Somebody else is called so.
    Taken(Username),
}

/// Gives somebody another name.
pub async fn rename(app: &Core, user: UserId, wanted: &str) -> Result<Renamed, StoreError> {
    let name = match wanted.parse::<Username>() {
        Ok(name) => name,
        Err(InvalidUsername) => return Ok(Renamed::Invalid),
    };
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    match store::set_username(&mut *tx, app.tenant, user, &name).await? {
        Ok(()) => {}
        Err(UsernameTaken) => return Ok(Renamed::Taken(name)),
    }
    let entry = Entry::new(app.tenant, user, Operation::UserRenamed).with("username", name.as_str());
    audit::record(&mut tx, now, &entry).await?;
    tx.commit().await?;
    Ok(Renamed::Done(name))
}
