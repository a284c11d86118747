//! Where a new container goes: reads `servers` and `containers`.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::db::StoreError;
use crate::fleet::server::Place;
use crate::types::{RegionCode, ServerId, TenantId};

/// How long a port rests after its container was released: clients that still carry the old derpMap then find
/// nothing there, and not another customer's relay.
pub const PORT_REST: TimeDelta = TimeDelta::days(90);

/// The servers of a region that take a container now, best first: healthy, with a free slot, and not among
/// `excluding`. Best is the lowest sum of load per core and share of slots taken: the load lags behind what was
/// placed within the last minute, the slots don't.
async fn candidates(
    db: &mut PgConnection,
    tenant: TenantId,
    region: &RegionCode,
    excluding: &[ServerId],
    limit: u8,
) -> Result<Vec<ServerId>, StoreError> {
    let excluding: Vec<i64> = excluding.iter().map(|id| id.0).collect();
    let rows = sqlx::query_scalar!(
        r#"select s.id as "id: ServerId"
           from servers s
           cross join lateral (
               select count(*) as standing from containers c where c.server_id = s.id and c.released_at is null
           ) c
           where s.tenant_id = $1 and s.region = $2 and s.status = 'healthy' and s.removed_at is null
             and s.id <> all ($3) and c.standing < s.capacity
           order by s.load + 1000 * c.standing / s.capacity, s.id
           limit $4"#,
        tenant.0,
        region.as_str(),
        &excluding,
        i64::from(limit)
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Finds places for `count` containers of one rental on different servers of `region`, none of them among
/// `excluding`; `None` if there is no room.
///
/// The servers' rows stay locked until the transaction ends, so that no other placement takes the slot or port
/// meanwhile: insert the containers in the same one.
pub async fn place(
    db: &mut PgConnection,
    tenant: TenantId,
    region: &RegionCode,
    count: u8,
    excluding: &[ServerId],
    now: DateTime<Utc>,
) -> Result<Option<Vec<Place>>, StoreError> {
    let mut excluding = excluding.to_vec();
    loop {
        let best = candidates(db, tenant, region, &excluding, count).await?;
        if best.len() < usize::from(count) {
            return Ok(None);
        }
        // Locked in the order of id, so that two placements don't wait for each other in a circle.
        let mut ordered = best.clone();
        ordered.sort_unstable();
        let mut places = Vec::with_capacity(best.len());
        for server in ordered {
            match place_on(db, tenant, server, &[], now).await? {
                Some(place) => places.push(place),
                // Filled up, taken out of service or out of ports since it was chosen.
                None => excluding.push(server),
            }
        }
        if places.len() == best.len() {
            // The best server carries the first half.
            places.sort_by_key(|place| best.iter().position(|id| *id == place.server));
            return Ok(Some(places));
        }
    }
}

/// Finds a place on this server, if it takes containers and has a free slot and a port that isn't among `not_ports`.
/// Locks the server's row like [`place`].
pub async fn place_on(
    db: &mut PgConnection,
    tenant: TenantId,
    server: ServerId,
    not_ports: &[u16],
    now: DateTime<Utc>,
) -> Result<Option<Place>, StoreError> {
    let locked = sqlx::query!(
        "select ip, capacity from servers
         where tenant_id = $1 and id = $2 and status = 'healthy' and removed_at is null
         for no key update",
        tenant.0,
        server.0
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = locked else { return Ok(None) };
    // Counted by a statement of its own: it sees what those who held the lock before have committed.
    let standing = sqlx::query_scalar!(
        r#"select count(*) as "count!" from containers where server_id = $1 and released_at is null"#,
        server.0
    )
    .fetch_one(&mut *db)
    .await?;
    if standing >= i64::from(row.capacity) {
        return Ok(None);
    }
    let Some(port) = free_port(db, tenant, server, not_ports, now).await? else { return Ok(None) };
    let address: IpAddr = row.ip.parse().map_err(|_| StoreError::Inconsistent {
        table: "servers",
        column: "ip",
        row: server.0,
    })?;
    Ok(Some(Place { server, address, port }))
}

/// The lowest port of the server's range that no container has, none had within [`PORT_REST`], and that isn't among
/// `not_ports` (something else on the host holds those). Take it under a lock of the server's row, as [`place_on`]
/// does, or be ready for `containers_port` to break.
pub async fn free_port(
    db: &mut PgConnection,
    tenant: TenantId,
    server: ServerId,
    not_ports: &[u16],
    now: DateTime<Utc>,
) -> Result<Option<u16>, StoreError> {
    let not_ports: Vec<i32> = not_ports.iter().copied().map(i32::from).collect();
    // The lowest free port is the range's first or follows one that is taken: few candidates, however wide the range.
    let port = sqlx::query_scalar!(
        r#"with taken as materialized (
               select c.port from containers c
               where c.server_id = $2 and (c.released_at is null or c.released_at > $3)
               union
               select unnest($4::integer[])
           )
           select min(candidate.port) as port
           from servers s
           cross join lateral (select s.port_low as port union all select port + 1 from taken) candidate
           where s.tenant_id = $1 and s.id = $2 and candidate.port between s.port_low and s.port_high
             and not exists (select from taken where taken.port = candidate.port)"#,
        tenant.0,
        server.0,
        now - PORT_REST,
        &not_ports
    )
    .fetch_one(db)
    .await?;
    Ok(port.and_then(|port| u16::try_from(port).ok()))
}
