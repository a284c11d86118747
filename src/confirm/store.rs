//! SQL of `confirmations`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;

use super::Tap;
use crate::db::StoreError;
use crate::types::{ConfirmationId, TenantId, UserId};

/// Keeps an act that `user` has to confirm within `lifetime`. `act` is an enum that serde writes as an object.
pub async fn ask(
    db: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
    act: &(impl Serialize + Sync),
    now: DateTime<Utc>,
    lifetime: TimeDelta,
) -> Result<ConfirmationId, StoreError> {
    let act = serde_json::to_value(act).map_err(|e| sqlx::Error::Encode(e.into()))?;
    let id = sqlx::query_scalar!(
        r#"insert into confirmations (tenant_id, user_id, act, created_at, expires_at)
           values ($1, $2, $3, $4, $5) returning id as "id: ConfirmationId""#,
        tenant.0,
        user.0,
        act,
        now,
        now + lifetime
    )
    .fetch_one(db)
    .await?;
    Ok(id)
}

/// Takes the act if `user` asked for it and it is neither late nor over. Of several taps at once one gets it; it is
/// taken if the transaction commits.
pub async fn tap<A: DeserializeOwned>(
    db: &mut PgConnection,
    tenant: TenantId,
    id: ConfirmationId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Tap<A>, StoreError> {
    let row = sqlx::query!(
        r#"select user_id as "user_id: UserId", act, expires_at, closed_at from confirmations
           where tenant_id = $1 and id = $2 for update"#,
        tenant.0,
        id.0
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(Tap::Over) };
    if row.user_id != user {
        return Ok(Tap::NotYours { asked_by: row.user_id });
    }
    if row.closed_at.is_some() {
        return Ok(Tap::Over);
    }
    sqlx::query!("update confirmations set closed_at = $2 where id = $1", id.0, now).execute(db).await?;
    if row.expires_at <= now {
        return Ok(Tap::Late);
    }
    match serde_json::from_value(row.act) {
        Ok(act) => Ok(Tap::Do(act)),
        Err(error) => {
            tracing::info!(
                error = &error as &dyn std::error::Error,
                id = id.0,
                "an old confirmation is dropped"
            );
            Ok(Tap::Over)
        }
    }
}

/// Deletes up to `limit` confirmations from before a moment; answers how many.
pub async fn delete_old(db: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from confirmations
         where id in (select id from confirmations where created_at < $1 order by id limit $2)",
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
