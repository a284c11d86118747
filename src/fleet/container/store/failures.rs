//! What the table keeps of containers that were given up.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::db::StoreError;
use crate::types::{ContainerId, RentalId, ServerId};

/// Servers on which a half of a rental failed since `since`: the next try goes elsewhere.
pub async fn failed_on(
    conn: &mut PgConnection,
    rental: RentalId,
    since: DateTime<Utc>,
) -> Result<Vec<ServerId>, StoreError> {
    let ids = sqlx::query_scalar!(
        "select distinct server_id from containers
         where rental_id = $1 and failure is not null and created_at >= $2",
        rental.0,
        since,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(ServerId).collect())
}

/// Why a container was given up, as a lasting code.
pub async fn failure(conn: &mut PgConnection, id: ContainerId) -> Result<Option<String>, StoreError> {
    let failure = sqlx::query_scalar!("select failure from containers where id = $1", id.0)
        .fetch_optional(conn)
        .await?;
    Ok(failure.flatten())
}

/// How many of a rental's containers were given up.
pub async fn failures(conn: &mut PgConnection, rental: RentalId) -> Result<u32, StoreError> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from containers where rental_id = $1 and failure is not null"#,
        rental.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}
