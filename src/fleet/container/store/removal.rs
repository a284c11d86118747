//! SQL of containers on a server that goes.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::db::{StoreError, ensure_one};
use crate::types::{ContainerId, ServerId};

/// Says that a container is to be removed, whatever it is now.
pub async fn retire(conn: &mut PgConnection, id: ContainerId, at: DateTime<Utc>) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update containers set desired = 'removed', updated_at = $2 where id = $1 and released_at is null",
        id.0,
        at,
    )
    .execute(conn)
    .await?;
    ensure_one(&done, "containers")
}

/// Gives up the containers that couldn't be taken off a server which goes: nobody will act on it again, so nothing
/// checks for a lease.
pub async fn abandon(
    conn: &mut PgConnection,
    server: ServerId,
    at: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "update containers set status = 'released', released_at = $2, updated_at = $2
         where server_id = $1 and desired = 'removed' and released_at is null",
        server.0,
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
