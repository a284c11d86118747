//! What the bot waits for in a chat: it survives a restart, and a new version that no longer knows it.

mod store;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;

use crate::db::StoreError;
use crate::types::{ChatId, TelegramId};

/// After this long, what somebody writes is no longer taken as the answer.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// Whose conversation it is: in a group, each member has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The chat.
    pub chat: ChatId,
    /// Who writes.
    pub sender: TelegramId,
}

/// What is waited for; `None` also for a state that is too old or that this version doesn't know.
pub async fn get<S: DeserializeOwned>(
    db: &mut PgConnection,
    place: Place,
    now: DateTime<Utc>,
) -> Result<Option<S>, StoreError> {
    let Some((state, since)) = store::get(db, place).await? else { return Ok(None) };
    let known = serde_json::from_value(state);
    match known {
        Ok(state) if since + KEPT > now => Ok(Some(state)),
        Ok(_) => {
            store::delete(db, place).await?;
            Ok(None)
        }
        Err(error) => {
            tracing::info!(error = &error as &dyn std::error::Error, chat = %place.chat, "a conversation starts over");
            store::delete(db, place).await?;
            Ok(None)
        }
    }
}

/// Waits for something, in place of what was waited for. `state` is an enum that serde writes as an object
/// (`#[serde(tag = …)]`).
pub async fn set<S: Serialize + Sync>(
    db: &mut PgConnection,
    place: Place,
    state: &S,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let state = serde_json::to_value(state).map_err(|e| sqlx::Error::Encode(e.into()))?;
    store::set(db, place, &state, now).await
}

/// Waits for nothing any more.
pub async fn reset(db: &mut PgConnection, place: Place) -> Result<(), StoreError> {
    store::delete(db, place).await
}
