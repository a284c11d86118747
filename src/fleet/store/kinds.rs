//! SQL of `server_types`, which all tenants share.

use sqlx::PgExecutor;

use crate::bytes::Bytes;
use crate::db::{StoreError, ensure_one};
use crate::fleet::server::{ServerBilling, ServerType};
use crate::money::Rate;
use crate::types::ServerTypeId;

struct Row {
    id: ServerTypeId,
    name: String,
    billing: ServerBilling,
    rate_micros: i64,
    cores: Option<i32>,
    memory_bytes: Option<i64>,
    bandwidth_bits: Option<i64>,
    monthly_traffic: Option<i64>,
}

impl From<Row> for ServerType {
    /// The table's CHECKs keep every number above zero.
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            billing: row.billing,
            rate: Rate { micros: row.rate_micros },
            cores: row.cores.and_then(|n| u32::try_from(n).ok()),
            memory: row.memory_bytes.map(Bytes::from_db),
            bandwidth_bits: row.bandwidth_bits.and_then(|n| u64::try_from(n).ok()),
            monthly_traffic: row.monthly_traffic.map(Bytes::from_db),
        }
    }
}

/// Every server type, in the order of its name.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<ServerType>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id as "id: ServerTypeId", name, billing as "billing: ServerBilling", rate_micros, cores,
                  memory_bytes, bandwidth_bits, monthly_traffic
           from server_types order by name"#
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(ServerType::from).collect())
}

/// The server type of this name, in whichever case.
pub async fn find(db: impl PgExecutor<'_>, name: &str) -> Result<Option<ServerType>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"select id as "id: ServerTypeId", name, billing as "billing: ServerBilling", rate_micros, cores,
                  memory_bytes, bandwidth_bits, monthly_traffic
           from server_types where lower(name) = lower($1)"#,
        name
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(ServerType::from))
}

/// Adds a server type; [`ServerType::id`] is ignored. A name that is taken breaks `server_types_name_key`.
pub async fn add(db: impl PgExecutor<'_>, kind: &ServerType) -> Result<ServerTypeId, StoreError> {
    let id = sqlx::query_scalar!(
        r#"insert into server_types (name, billing, rate_micros, cores, memory_bytes, bandwidth_bits, monthly_traffic)
           values ($1, $2, $3, $4, $5, $6, $7) returning id as "id: ServerTypeId""#,
        kind.name,
        kind.billing as ServerBilling,
        kind.rate.micros,
        kind.cores.and_then(|n| i32::try_from(n).ok()),
        kind.memory.map(Bytes::to_db),
        kind.bandwidth_bits.and_then(|n| i64::try_from(n).ok()),
        kind.monthly_traffic.map(Bytes::to_db)
    )
    .fetch_one(db)
    .await?;
    Ok(id)
}

/// Writes every column but the id.
pub async fn update(db: impl PgExecutor<'_>, kind: &ServerType) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update server_types
         set name = $2, billing = $3, rate_micros = $4, cores = $5, memory_bytes = $6, bandwidth_bits = $7,
             monthly_traffic = $8, updated_at = now()
         where id = $1",
        kind.id.0,
        kind.name,
        kind.billing as ServerBilling,
        kind.rate.micros,
        kind.cores.and_then(|n| i32::try_from(n).ok()),
        kind.memory.map(Bytes::to_db),
        kind.bandwidth_bits.and_then(|n| i64::try_from(n).ok()),
        kind.monthly_traffic.map(Bytes::to_db)
    )
    .execute(db)
    .await?;
    ensure_one(&done, "server_types")
}
