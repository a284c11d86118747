//! SQL of `devices` and `acl_verification_logs`.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Asker, Device, Question, Reason, WINDOW};
use crate::db::StoreError;
use crate::types::{AclId, ContainerId, DeviceId, RentalId, TenantId, UserId, parse_ip};

/// Everything that a decision needs, found by the relay's token and the client's key in one query.
pub async fn asker(
    conn: &mut PgConnection,
    tenant: TenantId,
    admit_digest: &[u8; 32],
    question: &Question,
    now: DateTime<Utc>,
) -> Result<Option<Asker>, StoreError> {
    let row = sqlx::query!(
        r#"select c.id as container, c.rental_id, c.user_id, r.device_limit,
                  (r.status in ('starting', 'active') and c.desired = 'running'
                   and (r.end_date is null or r.end_date > $4)) as "live!",
                  u.is_banned,
                  (select a.id from acl_configs a where a.tailnet_id = r.tailnet_id and a.is_active) as acl,
                  d.id as "device?", d.last_ip as "last_ip?", d.last_seen as "last_seen?",
                  d.grace_until as "grace_until?", (d.blocked_at is not null) as "blocked?"
           from containers c
           join rentals r on r.id = c.rental_id
           join users u on u.id = c.user_id
           left join devices d on d.rental_id = c.rental_id and d.node_key = $3 and d.removed_at is null
           where c.admit_digest = $1 and r.tenant_id = $2 and c.released_at is null"#,
        &admit_digest[..],
        tenant.0,
        &question.node.as_bytes()[..],
        now,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let device = row.device.zip(row.last_seen).map(|(id, last_seen)| Device {
        id: DeviceId(id),
        last_ip: row.last_ip.as_deref().and_then(parse_ip),
        last_seen,
        grace_until: row.grace_until,
        blocked: row.blocked.unwrap_or(false),
    });
    let wrong = StoreError::Inconsistent { table: "rentals", column: "device_limit", row: row.rental_id };
    Ok(Some(Asker {
        tenant,
        user: UserId(row.user_id),
        rental: RentalId(row.rental_id),
        container: ContainerId(row.container),
        acl: row.acl.map(AclId),
        live: row.live,
        banned: row.is_banned,
        device_limit: u32::try_from(row.device_limit).map_err(|_| wrong)?,
        device,
    }))
}

/// The devices that count against a rental's limit. The rental is locked until the transaction ends, so that two new
/// devices never take the same slot.
pub async fn counting(
    conn: &mut PgConnection,
    rental: RentalId,
    now: DateTime<Utc>,
) -> Result<Vec<Device>, StoreError> {
    sqlx::query!("select id from rentals where id = $1 for no key update", rental.0)
        .fetch_optional(&mut *conn)
        .await?;
    let rows = sqlx::query!(
        "select id, last_ip, last_seen from devices
         where rental_id = $1 and last_seen > $2 and removed_at is null and replaced_at is null
           and blocked_at is null and grace_until is null",
        rental.0,
        now - WINDOW,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Device {
            id: DeviceId(row.id),
            last_ip: row.last_ip.as_deref().and_then(parse_ip),
            last_seen: row.last_seen,
            grace_until: None,
            blocked: false,
        })
        .collect())
}

/// Records that a device came: a new one, or one whose standing changed. `grace_until` is set while it is over the
/// limit. Answers whether it was not there before.
pub async fn came(
    conn: &mut PgConnection,
    rental: RentalId,
    question: &Question,
    grace_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let new = sqlx::query_scalar!(
        r#"insert into devices as d (rental_id, node_key, last_ip, first_seen, last_seen, grace_until)
           values ($1, $2, $3, $4, $4, $5)
           on conflict (rental_id, node_key) do update
               set last_ip = coalesce(excluded.last_ip, d.last_ip), last_seen = excluded.last_seen,
                   replaced_at = null, removed_at = null,
                   grace_until = case when excluded.grace_until is null then null
                                      else coalesce(d.grace_until, excluded.grace_until) end
           returning (xmax = 0) as "new!""#,
        rental.0,
        &question.node.as_bytes()[..],
        question.source().map(|ip: IpAddr| ip.to_string()),
        now,
        grace_until,
    )
    .fetch_one(conn)
    .await?;
    Ok(new)
}

/// Records that a device's place was taken by a new key from its address.
pub async fn replaced(
    conn: &mut PgConnection,
    device: DeviceId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!("update devices set replaced_at = $2 where id = $1", device.0, now).execute(conn).await?;
    Ok(())
}

/// Writes a decision down, and that a known device came, in one statement.
pub async fn log(
    conn: &mut PgConnection,
    asker: &Asker,
    question: &Question,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"with seen as (
               update devices set last_seen = $8, last_ip = coalesce($6, last_ip), replaced_at = null
               where id = $9 and $10)
           insert into acl_verification_logs (user_id, acl_id, rental_id, container_id, node_key, ip_address, status,
               reason, "timestamp")
           values ($1, $2, $3, $4, $5, $6, case when $10 then 'approved'::acl_verdict else 'denied'::acl_verdict end,
               $7, $8)"#,
        asker.user.0,
        asker.acl.map(|acl| acl.0),
        asker.rental.0,
        asker.container.0,
        &question.node.as_bytes()[..],
        question.source().map(|ip| ip.to_string()),
        reason.code(),
        now,
        asker.device.as_ref().map(|device| device.id.0),
        reason.allows(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes the log's months from `now` to three ahead, and drops those that ended before `before`.
pub async fn keep_months(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"select ensure_months('acl_verification_logs', $1, 3)::text as made,
                  drop_months('acl_verification_logs', $2) as dropped"#,
        now,
        before,
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}
