//! SQL of `outbox`, `message_slots` and `blocked_chats`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::{Audience, Letter, MessageId, Notice, WAKE_CHANNEL};
use crate::db::StoreError;
use crate::types::{ChatId, OutboxId, TenantId, UserId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "outbox_audience", rename_all = "snake_case")]
enum Kind {
    User,
    Chat,
    Ops,
}

const fn columns(to: Audience) -> (Kind, Option<i64>, Option<i64>) {
    match to {
        Audience::User(user) => (Kind::User, Some(user.0), None),
        Audience::Chat(chat) => (Kind::Chat, None, Some(chat.0)),
        Audience::Ops => (Kind::Ops, None, None),
    }
}

/// A row to send.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The row.
    pub id: OutboxId,
    /// The tenant in whose name it is sent.
    pub tenant: TenantId,
    /// Who is told.
    pub to: Audience,
    /// The chat of a user or chat; `None` for the ops group and for a user without Telegram.
    pub chat: Option<ChatId>,
    /// What is told; `None` if this version doesn't know it.
    pub notice: Option<Notice>,
    /// The message to edit.
    pub slot: Option<String>,
    /// Tries so far.
    pub attempts: i32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// Not before this moment, after a failed try.
    pub retry_at: Option<DateTime<Utc>>,
    /// The chat is known to refuse messages, for this reason.
    pub blocked: Option<String>,
}

pub(super) async fn insert(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    send_after: DateTime<Utc>,
    letter: &Letter,
) -> Result<Option<OutboxId>, StoreError> {
    let (kind, user, chat) = columns(letter.to);
    let notice = serde_json::to_value(&letter.notice).map_err(|e| sqlx::Error::Encode(e.into()))?;
    let id = sqlx::query_scalar!(
        r#"INSERT INTO outbox (tenant_id, audience, user_id, chat_id, notice, slot, dedupe_key, created_at, send_after)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           ON CONFLICT (dedupe_key) DO NOTHING
           RETURNING id AS "id: OutboxId""#,
        letter.tenant.0,
        kind as Kind,
        user,
        chat,
        notice,
        letter.slot.as_deref(),
        &letter.dedupe_key,
        now,
        send_after
    )
    .fetch_optional(db)
    .await?;
    Ok(id)
}

pub(super) async fn supersede_before(
    db: &mut PgConnection,
    id: OutboxId,
    to: Audience,
    slot: &str,
) -> Result<(), StoreError> {
    let (kind, user, chat) = columns(to);
    sqlx::query!(
        "UPDATE outbox SET state = 'superseded'
         WHERE slot = $1 AND state = 'pending' AND id < $2 AND audience = $3
           AND user_id IS NOT DISTINCT FROM $4 AND chat_id IS NOT DISTINCT FROM $5",
        slot,
        id.0,
        kind as Kind,
        user,
        chat
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn wake(db: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_notify($1, '')", WAKE_CHANNEL).execute(db).await?;
    Ok(())
}

/// The oldest due row of each destination, at most `limit`; of the ops group the oldest `ops`, so that several can
/// share a message. Later rows of a destination wait for its oldest, also while that one waits for another try.
pub async fn heads(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
    ops: i32,
) -> Result<Vec<Pending>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT o.id, o.tenant_id, o.audience AS "audience: Kind", o.user_id, o.chat_id, o.notice, o.slot,
             o.attempts, o.created_at, o.retry_at, coalesce(o.chat_id, u.telegram_id) AS destination,
             b.reason AS "blocked?"
           FROM (
             SELECT *, row_number() OVER (PARTITION BY tenant_id, audience, user_id, chat_id ORDER BY id) AS place
             FROM outbox WHERE state = 'pending' AND send_after <= $1) o
           LEFT JOIN users u ON u.id = o.user_id
           LEFT JOIN blocked_chats b ON b.chat_id = coalesce(o.chat_id, u.telegram_id)
           WHERE o.place <= CASE o.audience WHEN 'ops' THEN $3 ELSE 1 END
           ORDER BY o.id LIMIT $2"#,
        now,
        limit,
        ops
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|r| {
            let inconsistent = |column| StoreError::Inconsistent { table: "outbox", column, row: r.id };
            let to = match r.audience {
                Kind::User => Audience::User(UserId(r.user_id.ok_or_else(|| inconsistent("user_id"))?)),
                Kind::Chat => Audience::Chat(ChatId(r.chat_id.ok_or_else(|| inconsistent("chat_id"))?)),
                Kind::Ops => Audience::Ops,
            };
            Ok(Pending {
                id: OutboxId(r.id),
                tenant: TenantId(r.tenant_id),
                to,
                chat: r.destination.map(ChatId),
                notice: serde_json::from_value(r.notice).ok(),
                slot: r.slot,
                attempts: r.attempts,
                created_at: r.created_at,
                retry_at: r.retry_at,
                blocked: r.blocked,
            })
        })
        .collect()
}

/// Those of the rows that are still to be sent: others may have been superseded since they were read.
pub async fn still_pending(db: impl PgExecutor<'_>, ids: &[OutboxId]) -> Result<Vec<OutboxId>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let pending = sqlx::query_scalar!(
        r#"SELECT id AS "id: OutboxId" FROM outbox WHERE id = ANY($1) AND state = 'pending'"#,
        &ids
    )
    .fetch_all(db)
    .await?;
    Ok(pending)
}

/// A row was sent. One that was superseded while it was on its way counts as sent too.
pub async fn mark_sent(
    db: impl PgExecutor<'_>,
    ids: &[OutboxId],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    sqlx::query!(
        "UPDATE outbox SET state = 'sent', sent_at = $2, attempts = attempts + 1
         WHERE id = ANY($1) AND state IN ('pending', 'superseded')",
        &ids,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// There is nothing left to tell.
pub async fn mark_superseded(db: impl PgExecutor<'_>, id: OutboxId) -> Result<(), StoreError> {
    sqlx::query!("UPDATE outbox SET state = 'superseded' WHERE id = $1 AND state = 'pending'", id.0)
        .execute(db)
        .await?;
    Ok(())
}

/// A row will not be sent.
pub async fn mark_failed(
    db: impl PgExecutor<'_>,
    id: OutboxId,
    now: DateTime<Utc>,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE outbox SET state = 'failed', failed_at = $2, failure = $3, attempts = attempts + 1
         WHERE id = $1 AND state = 'pending'",
        id.0,
        now,
        reason
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A row is to be tried again at `at`.
pub async fn mark_retry(
    db: impl PgExecutor<'_>,
    id: OutboxId,
    at: DateTime<Utc>,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE outbox SET attempts = attempts + 1, retry_at = $2, failure = $3
         WHERE id = $1 AND state = 'pending'",
        id.0,
        at,
        reason
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A row is to be tried again at `at`, and others of its destination need not wait for it.
pub async fn postpone(
    db: impl PgExecutor<'_>,
    id: OutboxId,
    at: DateTime<Utc>,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE outbox SET attempts = attempts + 1, send_after = $2, failure = $3
         WHERE id = $1 AND state = 'pending'",
        id.0,
        at,
        reason
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The message that a slot stands for in a chat.
pub async fn slot_message(
    db: impl PgExecutor<'_>,
    chat: ChatId,
    slot: &str,
) -> Result<Option<MessageId>, StoreError> {
    let id = sqlx::query_scalar!(
        "SELECT message_id FROM message_slots WHERE chat_id = $1 AND slot = $2",
        chat.0,
        slot
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(MessageId))
}

/// Lets a slot stand for a message, from now on edited in place: also for one that a handler sent by itself.
pub async fn set_slot(
    db: impl PgExecutor<'_>,
    chat: ChatId,
    slot: &str,
    message: MessageId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO message_slots (chat_id, slot, message_id, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (chat_id, slot) DO UPDATE
         SET message_id = excluded.message_id, updated_at = excluded.updated_at",
        chat.0,
        slot,
        message.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets which message a slot stands for, so that the next row sends a new one.
pub async fn clear_slot(db: impl PgExecutor<'_>, chat: ChatId, slot: &str) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM message_slots WHERE chat_id = $1 AND slot = $2", chat.0, slot)
        .execute(db)
        .await?;
    Ok(())
}

/// Remembers that a chat refuses messages.
pub async fn mark_blocked(
    db: impl PgExecutor<'_>,
    chat: ChatId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO blocked_chats (chat_id, reason, blocked_at) VALUES ($1, $2, $3)
         ON CONFLICT (chat_id) DO NOTHING",
        chat.0,
        reason,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A chat wrote to us, so it takes messages again; answers whether it had refused them.
pub async fn unblock(db: impl PgExecutor<'_>, chat: ChatId) -> Result<bool, StoreError> {
    let deleted = sqlx::query!("DELETE FROM blocked_chats WHERE chat_id = $1", chat.0).execute(db).await?;
    Ok(deleted.rows_affected() == 1)
}

/// A group became a supergroup: what is addressed to its old number goes to the new one.
pub async fn move_chat(db: &mut PgConnection, from: ChatId, to: ChatId) -> Result<(), StoreError> {
    sqlx::query!("UPDATE outbox SET chat_id = $2 WHERE chat_id = $1 AND state = 'pending'", from.0, to.0)
        .execute(&mut *db)
        .await?;
    // Message numbers start over in the new chat.
    sqlx::query!("DELETE FROM message_slots WHERE chat_id = $1", from.0).execute(db).await?;
    Ok(())
}

/// How many rows wait to be sent.
pub async fn pending(db: impl PgExecutor<'_>) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM outbox WHERE state = 'pending'"#)
        .fetch_one(db)
        .await?;
    Ok(count)
}

/// Deletes up to `limit` rows that were settled before `cutoff`; answers how many. Their keys go with them, so the
/// cutoff must be older than anything that could still be told twice.
pub async fn delete_settled(
    db: impl PgExecutor<'_>,
    cutoff: DateTime<Utc>,
    limit: i64,
) -> Result<u64, StoreError> {
    let deleted = sqlx::query!(
        "DELETE FROM outbox WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM outbox WHERE state <> 'pending' AND created_at < $1 LIMIT $2))",
        cutoff,
        limit
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}

/// What a row of the outbox tells, whether sent or not.
pub async fn notice(
    db: impl PgExecutor<'_>,
    id: OutboxId,
) -> Result<Option<(Notice, Option<String>)>, StoreError> {
    let row =
        sqlx::query!("SELECT notice, failure FROM outbox WHERE id = $1", id.0).fetch_optional(db).await?;
    Ok(row.and_then(|r| Some((serde_json::from_value(r.notice).ok()?, r.failure))))
}

/// One row's fate, for the screens that show what was sent.
pub async fn was_sent(db: impl PgExecutor<'_>, dedupe_key: &str) -> Result<bool, StoreError> {
    let sent = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM outbox WHERE dedupe_key = $1 AND state = 'sent') AS "sent!""#,
        dedupe_key
    )
    .fetch_one(db)
    .await?;
    Ok(sent)
}
