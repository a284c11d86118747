//! SQL of `tailnet_regions`.

use sqlx::PgConnection;

use crate::db::StoreError;
use crate::types::{Half, RentalId, TailnetId};

/// The derpMap region id of one half of a rental: the one it has, or the lowest that its tailnet never gave.
/// `None` when all of 900 to 998 are given.
pub async fn region_id(
    conn: &mut PgConnection,
    tailnet: TailnetId,
    rental: RentalId,
    half: Half,
) -> Result<Option<i32>, StoreError> {
    // The tailnet's row is locked by whoever makes a rental or an ACL version of it, so two halves never
    // compute the same free id.
    let id = sqlx::query_scalar!(
        "insert into tailnet_regions (tailnet_id, region_id, rental_id, half)
         select $1, free.id, $2, $3
         from (select g.id from generate_series(900, 998) g (id)
               where not exists (select 1 from tailnet_regions t where t.tailnet_id = $1 and t.region_id = g.id)
               order by g.id limit 1) free
         on conflict (rental_id, half) do update set half = excluded.half
         returning region_id",
        tailnet.0,
        rental.0,
        half.number(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(id)
}

/// The derpMap region ids that a rental was ever given.
pub async fn region_ids(conn: &mut PgConnection, rental: RentalId) -> Result<Vec<i32>, StoreError> {
    let ids = sqlx::query_scalar!(
        "select region_id from tailnet_regions where rental_id = $1 order by half",
        rental.0
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}
