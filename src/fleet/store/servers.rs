//! SQL of `servers`.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use sqlx::types::Json;

use crate::bytes::Bytes;
use crate::db::{StoreError, ensure_one};
use crate::fleet::host::SshTarget;
use crate::fleet::server::{Hardware, NewServer, PortRange, Server, ServerEdit, ServerRef, ServerStatus};
use crate::types::{ServerId, ServerTypeId, TenantId};

/// A server as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The server.
    pub server: Server,
    /// Containers that stand there, stopped ones included.
    pub standing: u32,
}

struct Row {
    id: ServerId,
    ip: String,
    ssh_port: i32,
    ssh_user: String,
    host_key: String,
    region: String,
    region_short: String,
    server_type_id: ServerTypeId,
    status: ServerStatus,
    load: i32,
    total_traffic: Option<i64>,
    remaining_traffic: Option<i64>,
    capacity: i32,
    port_low: i32,
    port_high: i32,
    hardware: Option<Json<Hardware>>,
    setup_at: Option<DateTime<Utc>>,
    removal_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    standing: i64,
}

impl TryFrom<Row> for Listed {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = row.id;
        let wrong = |column| StoreError::Inconsistent { table: "servers", column, row: id.0 };
        let port = |n: i32, column| u16::try_from(n).map_err(|_| wrong(column));
        let ssh = SshTarget {
            server: id,
            address: row.ip.parse().map_err(|_| wrong("ip"))?,
            port: port(row.ssh_port, "ssh_port")?,
            user: row.ssh_user.parse().map_err(|_| wrong("ssh_user"))?,
            host_key: row.host_key.parse().map_err(|_| wrong("host_key"))?,
        };
        let ports = PortRange::new(port(row.port_low, "port_low")?, port(row.port_high, "port_high")?)
            .map_err(|_| wrong("port_low"))?;
        let server = Server {
            id,
            ssh,
            region: row.region.parse().map_err(|_| wrong("region"))?,
            region_short: row.region_short,
            kind: row.server_type_id,
            status: row.status,
            load: u32::try_from(row.load).map_err(|_| wrong("load"))?,
            total_traffic: row.total_traffic.map(Bytes::from_db),
            remaining_traffic: row.remaining_traffic.map(Bytes::from_db),
            capacity: u32::try_from(row.capacity).map_err(|_| wrong("capacity"))?,
            ports,
            hardware: row.hardware.map(|hardware| hardware.0),
            setup_at: row.setup_at,
            removal_at: row.removal_at,
            created_at: row.created_at,
        };
        Ok(Self { server, standing: u32::try_from(row.standing).unwrap_or(u32::MAX) })
    }
}

/// Which servers a query wants; `None` doesn't care.
#[derive(Default)]
struct Wanted<'a> {
    id: Option<ServerId>,
    region_short: Option<&'a str>,
    address: Option<IpAddr>,
    ssh_port: Option<u16>,
    to_remove: bool,
    skip: u32,
    limit: Option<u32>,
}

async fn select(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    wanted: Wanted<'_>,
) -> Result<Vec<Listed>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select s.id as "id: ServerId", s.ip, s.ssh_port, s.ssh_user, s.host_key, s.region,
                  r.short as region_short, s.server_type_id as "server_type_id: ServerTypeId",
                  s.status as "status: ServerStatus", s.load, s.total_traffic, s.remaining_traffic, s.capacity,
                  s.port_low, s.port_high, s.hardware as "hardware: Json<Hardware>", s.setup_at, s.removal_at,
                  s.created_at,
                  (select count(*) from containers c where c.server_id = s.id and c.released_at is null)
                      as "standing!"
           from servers s join regions r on r.code = s.region
           where s.tenant_id = $1 and s.removed_at is null
             and ($2::bigint is null or s.id = $2)
             and ($3::text is null or r.short = $3)
             and ($4::text is null or s.ip = $4)
             and ($5::integer is null or s.ssh_port = $5)
             and (not $6 or s.removal_at is not null)
           order by s.region, s.id
           offset $7 limit $8"#,
        tenant.0,
        wanted.id.map(|id| id.0),
        wanted.region_short,
        wanted.address.map(|address| address.to_string()),
        wanted.ssh_port.map(i32::from),
        wanted.to_remove,
        i64::from(wanted.skip),
        wanted.limit.map(i64::from)
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Listed::try_from)
    .collect()
}

/// Servers by region and number, from `skip` on.
pub async fn list(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    skip: u32,
    limit: u32,
) -> Result<Vec<Listed>, StoreError> {
    select(db, tenant, Wanted { skip, limit: Some(limit), ..Wanted::default() }).await
}

/// How many servers there are in each state.
pub async fn count(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
) -> Result<Vec<(ServerStatus, i64)>, StoreError> {
    let rows = sqlx::query!(
        r#"select status as "status: ServerStatus", count(*) as "count!"
           from servers where tenant_id = $1 and removed_at is null group by status order by status"#,
        tenant.0
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.status, row.count)).collect())
}

/// The server of this number, unless it was removed.
pub async fn get(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: ServerId,
) -> Result<Option<Listed>, StoreError> {
    Ok(select(db, tenant, Wanted { id: Some(id), ..Wanted::default() }).await?.pop())
}

/// The servers that this reference fits: usually one; several stand behind one address at most.
pub async fn find(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    reference: &ServerRef,
) -> Result<Vec<Listed>, StoreError> {
    let wanted = match reference {
        ServerRef::Id(id) => Wanted { id: Some(*id), ..Wanted::default() },
        ServerRef::Name(name) => {
            Wanted { id: Some(name.id), region_short: Some(&name.region_short), ..Wanted::default() }
        }
        ServerRef::Address(address, port) => {
            Wanted { address: Some(*address), ssh_port: *port, ..Wanted::default() }
        }
    };
    select(db, tenant, wanted).await
}

/// Servers that are to go.
pub async fn to_remove(db: impl PgExecutor<'_>, tenant: TenantId) -> Result<Vec<Listed>, StoreError> {
    select(db, tenant, Wanted { to_remove: true, ..Wanted::default() }).await
}

/// Adds a server, in maintenance until its set-up has passed. An address and port that another server has breaks
/// `servers_address`.
pub async fn insert(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    server: &NewServer,
    now: DateTime<Utc>,
) -> Result<ServerId, StoreError> {
    // The month's allowance of its type is what a new server begins with.
    let id = sqlx::query_scalar!(
        r#"insert into servers (tenant_id, ip, ssh_port, ssh_user, host_key, region, server_type_id, port_low,
                                port_high, total_traffic, remaining_traffic, created_at, updated_at)
           select $1, $2, $3, $4, $5, $6, t.id, $8, $9, t.monthly_traffic, t.monthly_traffic, $10, $10
           from server_types t where t.id = $7
           returning id as "id: ServerId""#,
        tenant.0,
        server.address.to_string(),
        i32::from(server.ssh_port),
        server.ssh_user.as_str(),
        server.host_key.as_str(),
        server.region.as_str(),
        server.kind.0,
        i32::from(server.ports.low()),
        i32::from(server.ports.high()),
        now
    )
    .fetch_one(db)
    .await?;
    Ok(id)
}

/// Changes one thing about a server. With [`ServerEdit::needs_empty_server`], only while no container stands there;
/// else [`StoreError::Conflict`].
pub async fn edit(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: ServerId,
    edit: &ServerEdit,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (mut ip, mut region, mut user, mut host_key) = (None, None, None, None);
    let (mut ssh_port, mut kind, mut capacity, mut ports, mut traffic) = (None, None, None, None, None);
    match edit {
        ServerEdit::Address(address) => ip = Some(address.to_string()),
        ServerEdit::SshPort(port) => ssh_port = Some(i32::from(*port)),
        ServerEdit::SshUser(name) => user = Some(name.as_str()),
        ServerEdit::HostKey(key) => host_key = Some(key.as_str()),
        ServerEdit::Region(code) => region = Some(code.as_str()),
        ServerEdit::Kind(id) => kind = Some(id.0),
        ServerEdit::Capacity(count) => capacity = i32::try_from(*count).ok(),
        ServerEdit::Ports(range) => ports = Some(*range),
        ServerEdit::TotalTraffic(total) => traffic = Some(total.map(Bytes::to_db)),
    }
    // What was used of the month's traffic stays used under the new total.
    let done = sqlx::query!(
        "update servers set
             ip = coalesce($3, ip), ssh_port = coalesce($4, ssh_port), ssh_user = coalesce($5, ssh_user),
             host_key = coalesce($6, host_key), region = coalesce($7, region),
             server_type_id = coalesce($8, server_type_id), capacity = coalesce($9, capacity),
             port_low = coalesce($10, port_low), port_high = coalesce($11, port_high),
             remaining_traffic = case
                 when not $12 then remaining_traffic
                 when $13::bigint is null then null
                 else greatest(0, $13 - coalesce(total_traffic - remaining_traffic, 0))
             end,
             total_traffic = case when $12 then $13 else total_traffic end,
             updated_at = $14
         where tenant_id = $1 and id = $2 and removed_at is null
           and not ($15 and exists (
               select from containers c where c.server_id = servers.id and c.released_at is null
           ))",
        tenant.0,
        id.0,
        ip,
        ssh_port,
        user,
        host_key,
        region,
        kind,
        capacity,
        ports.map(|range| i32::from(range.low())),
        ports.map(|range| i32::from(range.high())),
        traffic.is_some(),
        traffic.flatten(),
        now,
        edit.needs_empty_server()
    )
    .execute(db)
    .await?;
    ensure_one(&done, "servers")
}

/// Moves a server from one state to another; [`StoreError::Conflict`] if it stands in another.
pub async fn set_status(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: ServerId,
    from: ServerStatus,
    to: ServerStatus,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update servers set status = $4, updated_at = $5
         where tenant_id = $1 and id = $2 and status = $3 and removed_at is null",
        tenant.0,
        id.0,
        from as ServerStatus,
        to as ServerStatus,
        now
    )
    .execute(db)
    .await?;
    ensure_one(&done, "servers")
}

/// Records a set-up that passed and puts the server into service; one that is to be removed stays out of it.
pub async fn set_up(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: ServerId,
    hardware: &Hardware,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update servers set hardware = $3, setup_at = $4, status = 'healthy', updated_at = $4
         where tenant_id = $1 and id = $2 and removed_at is null and removal_at is null",
        tenant.0,
        id.0,
        Json(hardware) as _,
        now
    )
    .execute(db)
    .await?;
    ensure_one(&done, "servers")
}

/// Decides that a server goes: it takes nothing new from now on. Again is no change.
pub async fn begin_removal(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: ServerId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update servers set status = 'maintenance', removal_at = coalesce(removal_at, $3), updated_at = $3
         where tenant_id = $1 and id = $2 and removed_at is null",
        tenant.0,
        id.0,
        now
    )
    .execute(db)
    .await?;
    ensure_one(&done, "servers")
}

/// Removes a server that is to go, if no container stands there any more; answers whether it is removed now. The row
/// stays, since history names it.
pub async fn finish_removal(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: ServerId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update servers set removed_at = $3, updated_at = $3
         where tenant_id = $1 and id = $2 and removal_at is not null and removed_at is null
           and not exists (select from containers c where c.server_id = servers.id and c.released_at is null)",
        tenant.0,
        id.0,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
