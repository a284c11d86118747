//! SQL of `tailnets`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::account::{AclDigest, AclMode, AdminActor, Tailnet};
use crate::db::{StoreError, ensure_one};
use crate::types::{TailnetId, TenantId, UserId};

struct Row {
    id: i64,
    user_id: i64,
    acl_code_digest: Vec<u8>,
    acl_code_sealed: Vec<u8>,
    acl_mode: AclMode,
}

impl TryFrom<Row> for Tailnet {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let digest = row.acl_code_digest.try_into().map_err(|_| StoreError::Inconsistent {
            table: "tailnets",
            column: "acl_code_digest",
            row: row.id,
        })?;
        Ok(Self {
            id: TailnetId(row.id),
            user: UserId(row.user_id),
            digest: AclDigest(digest),
            code_sealed: row.acl_code_sealed,
            mode: row.acl_mode,
        })
    }
}

macro_rules! select_tailnets {
    ($rest:literal, $($arg:expr),+) => {
        sqlx::query_as!(
            Row,
            r#"select id, user_id, acl_code_digest, acl_code_sealed, acl_mode as "acl_mode: AclMode"
               from tailnets where tenant_id = $1 "# + $rest,
            $($arg),+
        )
    };
}

/// Makes a user's tailnet unless there is one. `sealed` is the code, sealed for [`AclDigest::row`].
pub async fn ensure_tailnet(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    user: UserId,
    digest: AclDigest,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into tailnets (tenant_id, user_id, acl_code_digest, acl_code_sealed, created_at)
         values ($1, $2, $3, $4, $5) on conflict (user_id) do nothing",
        tenant.0,
        user.0,
        &digest.0,
        sealed,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A user's tailnet.
pub async fn tailnet(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<Tailnet>, StoreError> {
    let row = select_tailnets!("and user_id = $2", tenant.0, user.0).fetch_optional(db).await?;
    row.map(Tailnet::try_from).transpose()
}

/// A tailnet, locked until the transaction ends: whoever changes what its ACL lists holds this lock.
pub async fn lock_tailnet(
    db: &mut PgConnection,
    tenant: TenantId,
    id: TailnetId,
) -> Result<Option<Tailnet>, StoreError> {
    let row = select_tailnets!("and id = $2 for update", tenant.0, id.0).fetch_optional(db).await?;
    row.map(Tailnet::try_from).transpose()
}

/// The tailnet of an ACL code.
pub async fn tailnet_by_digest(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    digest: AclDigest,
) -> Result<Option<Tailnet>, StoreError> {
    let row = select_tailnets!("and acl_code_digest = $2", tenant.0, &digest.0).fetch_optional(db).await?;
    row.map(Tailnet::try_from).transpose()
}

/// Chooses which relays a tailnet's ACL lists.
pub async fn set_acl_mode(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: TailnetId,
    mode: AclMode,
    _by: &AdminActor,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update tailnets set acl_mode = $3 where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        mode as AclMode
    )
    .execute(db)
    .await?;
    ensure_one(&done, "tailnets")
}
