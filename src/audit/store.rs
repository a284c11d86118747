//! SQL of `system_logs`.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};

use super::{Actor, Breach, Entry, Link, Status, Verdict};
use crate::db::{StoreError, ensure_one};
use crate::types::{RentalId, ServerId, TenantId, UserId};

/// What stands before the first record.
const START: [u8; 32] = [0; 32];
/// Records read at a time.
const BATCH: i64 = 1000;

pub(super) async fn insert(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    entry: &Entry,
) -> Result<(), StoreError> {
    let user = match entry.actor {
        Actor::User(user) => Some(user.0),
        Actor::Console | Actor::Shop => None,
    };
    sqlx::query!(
        r#"insert into system_logs (tenant_id, user_id, operation, status, details, "timestamp")
           values ($1, $2, $3, $4, $5, $6)"#,
        entry.tenant.0,
        user,
        entry.operation.name(),
        entry.status as Status,
        Value::Object(entry.details.clone()),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Chains up to `limit` committed records; answers how many there were. Runs beside itself without harm: the second
/// one to take a place fails.
pub async fn chain(db: &mut PgConnection, limit: i64) -> Result<usize, StoreError> {
    let (mut seq, mut head) = head(&mut *db).await?;
    let links = sqlx::query_as!(
        Link,
        r#"select id, tenant_id, user_id, operation, status as "status: Status", details::text as "details!",
             "timestamp" as at
           from system_logs where chain_hash is null order by id limit $1"#,
        limit
    )
    .fetch_all(&mut *db)
    .await?;
    for link in &links {
        seq += 1;
        head = link.hash(&head);
        let done = sqlx::query!(
            "update system_logs set chain_seq = $2, chain_hash = $3 where id = $1 and chain_hash is null",
            link.id,
            seq,
            &head
        )
        .execute(&mut *db)
        .await?;
        ensure_one(&done, "system_logs")?;
    }
    Ok(links.len())
}

/// The last place in the chain and its hash; before the first record, place 0.
pub async fn head(db: impl PgExecutor<'_>) -> Result<(i64, [u8; 32]), StoreError> {
    let row = sqlx::query!(
        r#"select id, chain_seq as "seq!", chain_hash as "hash!" from system_logs
           where chain_seq is not null order by chain_seq desc limit 1"#
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok((0, START)) };
    let hash = row.hash.try_into().map_err(|_| wrong(row.id))?;
    Ok((row.seq, hash))
}

const fn wrong(row: i64) -> StoreError {
    StoreError::Inconsistent { table: "system_logs", column: "chain_hash", row }
}

/// Reads the whole chain and computes it anew.
pub async fn verify(db: &mut PgConnection) -> Result<Verdict, StoreError> {
    let (mut seq, mut head) = (0, START);
    loop {
        let rows = sqlx::query!(
            r#"select chain_seq as "seq!", chain_hash as "hash!", id, tenant_id, user_id, operation,
                 status as "status: Status", details::text as "details!", "timestamp" as at
               from system_logs where chain_seq > $1 order by chain_seq limit $2"#,
            seq,
            BATCH
        )
        .fetch_all(&mut *db)
        .await?;
        if rows.is_empty() {
            return Ok(Verdict::Whole { records: seq, head });
        }
        for row in rows {
            seq += 1;
            if row.seq != seq {
                return Ok(Verdict::Broken(Breach::Missing { seq }));
            }
            let link = Link {
                id: row.id,
                tenant_id: row.tenant_id,
                user_id: row.user_id,
                operation: row.operation,
                status: row.status,
                details: row.details,
                at: row.at,
            };
            head = link.hash(&head);
            if row.hash != head {
                return Ok(Verdict::Broken(Breach::Altered { seq, id: row.id }));
            }
        }
    }
}

/// A record as an admin reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The row.
    pub id: i64,
    /// Who acted; `None` is the shop itself, or somebody at the console if the details say so.
    pub user: Option<UserId>,
    /// What was done, as [`super::Operation::name`].
    pub operation: String,
    /// Whether it worked.
    pub status: Status,
    /// The details, an object.
    pub details: Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// Which records.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those that this user did or that were done to them.
    pub user: Option<UserId>,
    /// Those about this server.
    pub server: Option<ServerId>,
    /// Those of this operation.
    pub operation: Option<&'static str>,
    /// Those older than this row, to page on.
    pub before: Option<i64>,
}

/// Up to `limit` records of the tenant, newest first.
pub async fn list(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, user_id, operation, status as "status: Status", details, "timestamp" as at
           from system_logs
           where tenant_id = $1 and id < coalesce($2, 9223372036854775807)
             and ($3::text is null or operation = $3)
             and ($4::bigint is null or user_id = $4
               or (details ? 'user_id' and details ->> 'user_id' = $4::bigint::text))
             and ($5::bigint is null or (details ? 'server_id' and details ->> 'server_id' = $5::bigint::text))
           order by id desc limit $6"#,
        tenant.0,
        filter.before,
        filter.operation,
        filter.user.map(|id| id.0),
        filter.server.map(|id| id.0),
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Record {
            id: row.id,
            user: row.user_id.map(UserId),
            operation: row.operation,
            status: row.status,
            details: row.details,
            at: row.at,
        })
        .collect())
}

/// Up to `limit` records about a rental, newest first.
pub async fn of_rental(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    rental: RentalId,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, user_id, operation, status as "status: Status", details, "timestamp" as at
           from system_logs
           where tenant_id = $1 and details ? 'rental_id' and details ->> 'rental_id' = $2::bigint::text
           order by "timestamp" desc, id desc limit $3"#,
        tenant.0,
        rental.0,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Record {
            id: row.id,
            user: row.user_id.map(UserId),
            operation: row.operation,
            status: row.status,
            details: row.details,
            at: row.at,
        })
        .collect())
}
