//! SQL of `dialogues`.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::Place;
use crate::db::StoreError;

pub(super) async fn get(
    db: &mut PgConnection,
    place: Place,
) -> Result<Option<(Value, DateTime<Utc>)>, StoreError> {
    let row = sqlx::query!(
        "SELECT state, updated_at FROM dialogues WHERE chat_id = $1 AND sender_id = $2",
        place.chat.0,
        place.sender.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|r| (r.state, r.updated_at)))
}

pub(super) async fn set(
    db: &mut PgConnection,
    place: Place,
    state: &Value,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO dialogues (chat_id, sender_id, state, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (chat_id, sender_id) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at",
        place.chat.0,
        place.sender.0,
        state,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn delete(db: &mut PgConnection, place: Place) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM dialogues WHERE chat_id = $1 AND sender_id = $2", place.chat.0, place.sender.0)
        .execute(db)
        .await?;
    Ok(())
}
