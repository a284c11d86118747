//! SQL that joins what a relay's card shows.

use std::collections::HashMap;
use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::Relay;
use crate::bytes::Bytes;
use crate::db::StoreError;
use crate::rental::Rental;
use crate::types::Title;

/// Adds to rentals what their cards show, in one query for all of them. Devices seen after `since` count.
pub async fn with_details(
    conn: &mut PgConnection,
    rentals: Vec<Rental>,
    since: DateTime<Utc>,
) -> Result<Vec<Relay>, StoreError> {
    let ids: Vec<i64> = rentals.iter().map(|rental| rental.id.0).collect();
    let rows = sqlx::query!(
        r#"select r.id, g.title as "region: Json<Title>", g.short, p.title as "plan: Json<Title>",
                  array(select host(c.address::inet) || ' ' || c.port from containers c
                        where c.rental_id = r.id and c.released_at is null and c.desired <> 'removed'
                        order by c.half) as "addresses!",
                  (select count(*) from containers c
                   where c.rental_id = r.id and c.released_at is null and c.status = 'running') as "serving!",
                  (select coalesce(sum(c.upload_traffic + c.download_traffic), 0)::bigint from containers c
                   where c.rental_id = r.id) as "used!",
                  (select count(*) from devices d
                   where d.rental_id = r.id and d.removed_at is null and d.replaced_at is null
                     and d.blocked_at is null and d.last_seen > $2) as "devices!"
           from rentals r join regions g on g.code = r.region join plans p on p.id = r.plan_id
           where r.id = any($1)"#,
        &ids,
        since,
    )
    .fetch_all(conn)
    .await?;
    let mut rows: HashMap<i64, _> = rows.into_iter().map(|row| (row.id, row)).collect();
    rentals
        .into_iter()
        .map(|rental| {
            let wrong = |column| StoreError::Inconsistent { table: "rentals", column, row: rental.id.0 };
            let row = rows.remove(&rental.id.0).ok_or_else(|| wrong("region"))?;
            let addresses = row.addresses.iter().map(|text| {
                let (ip, port) = text.split_once(' ')?;
                Some(SocketAddr::new(ip.parse().ok()?, port.parse().ok()?))
            });
            Ok(Relay {
                addresses: addresses.collect::<Option<_>>().ok_or_else(|| wrong("address"))?,
                region: row.region.0,
                short: row.short,
                plan: row.plan.0,
                serving: u32::try_from(row.serving).unwrap_or(u32::MAX),
                used: Bytes::from_db(row.used),
                devices: u32::try_from(row.devices).unwrap_or(u32::MAX),
                rental,
            })
        })
        .collect()
}
