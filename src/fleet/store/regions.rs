//! SQL of `regions`, which all tenants share.

use sqlx::PgExecutor;
use sqlx::types::Json;

use crate::db::StoreError;
use crate::fleet::server::Region;
use crate::types::{RegionCode, TenantId, Title};

struct Row {
    code: String,
    short: String,
    title: Json<Title>,
}

impl TryFrom<Row> for Region {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let code = row.code.parse();
        let code = code.map_err(|_| StoreError::Inconsistent { table: "regions", column: "code", row: 0 })?;
        Ok(Self { code, short: row.short, title: row.title.0 })
    }
}

/// Every region, in the order of its code.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Region>, StoreError> {
    sqlx::query_as!(Row, r#"select code, short, title as "title: Json<Title>" from regions order by code"#)
        .fetch_all(db)
        .await?
        .into_iter()
        .map(Region::try_from)
        .collect()
}

/// The region of this code.
pub async fn find(db: impl PgExecutor<'_>, code: &RegionCode) -> Result<Option<Region>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select code, short, title as "title: Json<Title>" from regions where code = $1"#,
        code.as_str()
    )
    .fetch_optional(db)
    .await?
    .map(Region::try_from)
    .transpose()
}

/// Adds a region. A code or short code that is taken breaks `regions_pkey` or `regions_short_key`.
pub async fn add(db: impl PgExecutor<'_>, region: &Region) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into regions (code, short, title) values ($1, $2, $3)",
        region.code.as_str(),
        region.short,
        Json(&region.title) as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The regions where a rental of `redundancy` relays finds that many servers with a free slot, in the order of code.
pub async fn with_room(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    redundancy: u8,
) -> Result<Vec<Region>, StoreError> {
    // Each region's search ends at the last server it needs, and each server's count at its capacity.
    sqlx::query_as!(
        Row,
        r#"select r.code, r.short, r.title as "title: Json<Title>"
           from regions r
           where (
               select count(*) from (
                   select from servers s
                   where s.tenant_id = $1 and s.region = r.code and s.status = 'healthy' and s.removed_at is null
                     and s.capacity > (
                         select count(*) from containers c where c.server_id = s.id and c.released_at is null
                     )
                   limit $2
               ) free
           ) >= $2
           order by r.code"#,
        tenant.0,
        i64::from(redundancy)
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Region::try_from)
    .collect()
}
