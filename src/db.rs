//! The database: migrations, pools and the checks that every write passes through.

mod listen;
pub mod store;

pub use listen::listen;

use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgQueryResult};

/// The schema's migrations, embedded once for both binaries and all tests.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// What a store can answer besides a value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or could not be reached.
    #[error("the database could not answer")]
    Database(#[from] sqlx::Error),
    /// A guarded write met another state than it expected: somebody else was faster.
    #[error("{table} was changed by somebody else meanwhile")]
    Conflict {
        /// The table of the row.
        table: &'static str,
    },
    /// A row's columns contradict each other or hold a value that the code doesn't know.
    #[error("{table}.{column} of row {row} holds an impossible value")]
    Inconsistent {
        /// The table of the row.
        table: &'static str,
        /// The column with the impossible value.
        column: &'static str,
        /// The row's id.
        row: i64,
    },
}

impl StoreError {
    /// Whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => is_transient(error),
            Self::Conflict { .. } => true,
            Self::Inconsistent { .. } => false,
        }
    }

    /// Whether the write broke the unique constraint or index of this name.
    pub fn breaks(&self, constraint: &str) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(db)) if db.constraint() == Some(constraint))
    }
}

/// Whether trying again later can help: a lost connection, a full pool, a serialization failure.
pub fn is_transient(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(db) = error {
        // Classes 08 (connection), 40 (rollback), 53 (resources), 57 (operator intervention).
        return db
            .code()
            .is_some_and(|code| ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class)));
    }
    matches!(
        error,
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_)
    )
}

/// Checks that a guarded write changed exactly one row of `table`.
pub fn ensure_one(result: &PgQueryResult, table: &'static str) -> Result<(), StoreError> {
    if result.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict { table }) }
}

/// Opens a pool. `options` say where; sessions run in UTC and plan each statement for its own values, since
/// a plan cached while a table was empty reads all of it once it is full.
pub async fn connect(options: PgConnectOptions, max_connections: u32) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options.options([("timezone", "UTC"), ("plan_cache_mode", "force_custom_plan")]))
        .await
}

/// Whether the database answers within a second.
pub async fn answers(pool: &PgPool) -> bool {
    let asking = async { pool.acquire().await?.ping().await };
    matches!(tokio::time::timeout(Duration::from_secs(1), asking).await, Ok(Ok(())))
}
