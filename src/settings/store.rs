//! SQL of `settings`.

use super::Setting;
use crate::db::StoreError;
use crate::types::TenantId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgExecutor;

/// Reads a fact; `None` where it was never set. A value of another type is [`StoreError::Inconsistent`].
pub async fn get<T: DeserializeOwned>(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    setting: Setting,
) -> Result<Option<T>, StoreError> {
    let value = sqlx::query_scalar!(
        "select value from settings where tenant_id = $1 and key = $2",
        tenant.0,
        setting.key()
    )
    .fetch_optional(db)
    .await?;
    let parsed = value.map(serde_json::from_value).transpose();
    parsed.map_err(|_| StoreError::Inconsistent { table: "settings", column: setting.key(), row: tenant.0 })
}

/// Sets a fact. The value becomes text, a number, a switch or an object; the table refuses anything else.
pub async fn set(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    setting: Setting,
    value: impl Serialize + Send,
) -> Result<(), StoreError> {
    let value = serde_json::to_value(value).map_err(|e| sqlx::Error::Encode(e.into()))?;
    sqlx::query!(
        "insert into settings (tenant_id, key, value) values ($1, $2, $3)
         on conflict (tenant_id, key) do update set value = excluded.value, updated_at = now()",
        tenant.0,
        setting.key(),
        value
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Sets a fact unless it is set, and returns what holds: the first of several processes wins.
pub async fn set_once<T: DeserializeOwned + Serialize + Send>(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    setting: Setting,
    value: T,
) -> Result<T, StoreError> {
    let value = serde_json::to_value(value).map_err(|e| sqlx::Error::Encode(e.into()))?;
    let held = sqlx::query_scalar!(
        "insert into settings as s (tenant_id, key, value) values ($1, $2, $3)
         on conflict (tenant_id, key) do update set value = s.value
         returning value",
        tenant.0,
        setting.key(),
        value
    )
    .fetch_one(db)
    .await?;
    serde_json::from_value(held).map_err(|_| StoreError::Inconsistent {
        table: "settings",
        column: setting.key(),
        row: tenant.0,
    })
}

/// Forgets a fact; forgetting one that isn't there changes nothing.
pub async fn unset(db: impl PgExecutor<'_>, tenant: TenantId, setting: Setting) -> Result<(), StoreError> {
    sqlx::query!("delete from settings where tenant_id = $1 and key = $2", tenant.0, setting.key())
        .execute(db)
        .await?;
    Ok(())
}
