//! SQL of `server_leases`.

use std::time::Duration;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::db::{StoreError, ensure_one};
use crate::types::ServerId;

pub(in crate::fleet::container) async fn take(
    conn: &mut PgConnection,
    server: ServerId,
    owner: Uuid,
    ttl: Duration,
) -> Result<Option<i64>, StoreError> {
    let epoch = sqlx::query_scalar!(
        "insert into server_leases as l (server_id, owner, epoch, lease_until)
         values ($1, $2, 1, now() + make_interval(secs => $3))
         on conflict (server_id) do update
             set owner = excluded.owner, epoch = l.epoch + 1, lease_until = excluded.lease_until
             where l.lease_until < now() or l.owner = excluded.owner
         returning epoch",
        server.0,
        owner,
        ttl.as_secs_f64(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(epoch)
}

pub(in crate::fleet::container) async fn renew(
    conn: &mut PgConnection,
    server: ServerId,
    owner: Uuid,
    epoch: i64,
    ttl: Duration,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update server_leases set lease_until = now() + make_interval(secs => $4)
         where server_id = $1 and owner = $2 and epoch = $3",
        server.0,
        owner,
        epoch,
        ttl.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    ensure_one(&done, "server_leases")
}

pub(in crate::fleet::container) async fn release(
    conn: &mut PgConnection,
    server: ServerId,
    owner: Uuid,
    epoch: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update server_leases set lease_until = now() - interval '1 second'
         where server_id = $1 and owner = $2 and epoch = $3",
        server.0,
        owner,
        epoch,
    )
    .execute(conn)
    .await?;
    Ok(())
}
