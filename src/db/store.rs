//! What a database says of itself.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::StoreError;

/// What a database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The server's version, as in `15.18 (Debian 15.18-1)`.
    pub version: String,
    /// The session's time zone.
    pub time_zone: String,
    /// The text encoding.
    pub encoding: String,
    /// The server's clock.
    pub now: DateTime<Utc>,
    /// The database's size in bytes.
    pub bytes: i64,
}

/// Asks it.
pub async fn facts(db: impl PgExecutor<'_>) -> Result<Facts, StoreError> {
    let facts = sqlx::query_as!(
        Facts,
        r#"select current_setting('server_version') as "version!", current_setting('timezone') as "time_zone!",
                  current_setting('server_encoding') as "encoding!", clock_timestamp() as "now!",
                  pg_database_size(current_database()) as "bytes!""#
    );
    Ok(facts.fetch_one(db).await?)
}
