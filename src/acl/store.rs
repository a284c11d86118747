//! SQL of `acl_configs`, `acl_config_containers` and `tailnet_servers`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::{Acl, AclChange, NewAcl};
use crate::db::StoreError;
use crate::derp::map::DerpMap;
use crate::types::{AclId, ServerId, TailnetId, TenantId, UserId};

struct Row {
    id: i64,
    user_id: i64,
    tailnet_id: i64,
    version: i32,
    acl_data: Json<DerpMap>,
    change: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for Acl {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let wrong = |column| StoreError::Inconsistent { table: "acl_configs", column, row: row.id };
        Ok(Self {
            id: AclId(row.id),
            user: UserId(row.user_id),
            tailnet: TailnetId(row.tailnet_id),
            version: u32::try_from(row.version).map_err(|_| wrong("version"))?,
            map: row.acl_data.0,
            change: AclChange::from_code(&row.change).ok_or_else(|| wrong("change"))?,
            created_at: row.created_at,
        })
    }
}

/// The version in force.
pub async fn active(conn: &mut PgConnection, tailnet: TailnetId) -> Result<Option<Acl>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select id, user_id, tailnet_id, version, acl_data as "acl_data: Json<DerpMap>", change, created_at
           from acl_configs where tailnet_id = $1 and is_active"#,
        tailnet.0,
    )
    .fetch_optional(conn)
    .await?
    .map(Acl::try_from)
    .transpose()
}

/// One version of the tenant's.
pub async fn find(conn: &mut PgConnection, tenant: TenantId, id: AclId) -> Result<Option<Acl>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select a.id, a.user_id, a.tailnet_id, a.version, a.acl_data as "acl_data: Json<DerpMap>", a.change,
                  a.created_at
           from acl_configs a join tailnets t on t.id = a.tailnet_id where a.id = $1 and t.tenant_id = $2"#,
        id.0,
        tenant.0,
    )
    .fetch_optional(conn)
    .await?
    .map(Acl::try_from)
    .transpose()
}

/// The latest versions of a tailnet, newest first.
pub async fn versions(
    conn: &mut PgConnection,
    tailnet: TailnetId,
    limit: i64,
) -> Result<Vec<Acl>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select id, user_id, tailnet_id, version, acl_data as "acl_data: Json<DerpMap>", change, created_at
           from acl_configs where tailnet_id = $1 order by version desc limit $2"#,
        tailnet.0,
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Acl::try_from)
    .collect()
}

/// Makes a version the one in force. The tailnet must be locked.
pub async fn activate(conn: &mut PgConnection, acl: &NewAcl, at: DateTime<Utc>) -> Result<AclId, StoreError> {
    sqlx::query!(
        "update acl_configs set is_active = false, updated_at = $2 where tailnet_id = $1 and is_active",
        acl.tailnet.0,
        at,
    )
    .execute(&mut *conn)
    .await?;
    let id = sqlx::query_scalar!(
        "insert into acl_configs (user_id, tailnet_id, version, acl_data, change, created_at, updated_at)
         select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $5 from acl_configs where tailnet_id = $2
         returning id",
        acl.user.0,
        acl.tailnet.0,
        Json(&acl.map) as _,
        acl.change.code(),
        at,
    )
    .fetch_one(&mut *conn)
    .await?;
    let containers: Vec<i64> = acl.named.iter().map(|named| named.container.0).collect();
    let servers: Vec<i64> = acl.named.iter().map(|named| named.server.0).collect();
    sqlx::query!(
        "insert into acl_config_containers (acl_id, container_id, server_id)
         select $1, c, s from unnest($2::bigint[], $3::bigint[]) as t (c, s)",
        id,
        &containers,
        &servers,
    )
    .execute(conn)
    .await?;
    Ok(AclId(id))
}

/// The servers that a tailnet in manual mode may use.
pub async fn allowed_servers(
    conn: &mut PgConnection,
    tailnet: TailnetId,
) -> Result<Vec<ServerId>, StoreError> {
    let ids = sqlx::query_scalar!("select server_id from tailnet_servers where tailnet_id = $1", tailnet.0)
        .fetch_all(conn)
        .await?;
    Ok(ids.into_iter().map(ServerId).collect())
}

/// Chooses the servers that a tailnet in manual mode may use, in place of those chosen before.
pub async fn set_allowed_servers(
    conn: &mut PgConnection,
    tailnet: TailnetId,
    servers: &[ServerId],
) -> Result<(), StoreError> {
    let servers: Vec<i64> = servers.iter().map(|server| server.0).collect();
    sqlx::query!("delete from tailnet_servers where tailnet_id = $1", tailnet.0).execute(&mut *conn).await?;
    sqlx::query!(
        "insert into tailnet_servers (tailnet_id, server_id) select $1, s from unnest($2::bigint[]) as t (s)",
        tailnet.0,
        &servers,
    )
    .execute(conn)
    .await?;
    Ok(())
}
