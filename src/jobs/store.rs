//! SQL of `leases`, and reads of the job engine's public view.

use std::time::Duration;

use chrono::{DateTime, Utc};
use graphile_worker::WorkerUtils;
use sqlx::{FromRow, PgExecutor, PgPool};
use uuid::Uuid;

use super::{JobId, SCHEMA};
use crate::db::StoreError;

/// Takes the lease `name` if it is free or has run out; answers with its epoch.
pub(super) async fn take_lease(
    db: impl PgExecutor<'_>,
    name: &str,
    owner: Uuid,
    ttl: Duration,
) -> Result<Option<i64>, StoreError> {
    let epoch = sqlx::query_scalar!(
        "INSERT INTO leases AS l (name, owner, epoch, lease_until)
         VALUES ($1, $2, 1, now() + make_interval(secs => $3))
         ON CONFLICT (name) DO UPDATE
         SET owner = excluded.owner, epoch = l.epoch + 1, lease_until = excluded.lease_until
         WHERE l.lease_until < now()
         RETURNING epoch",
        name,
        owner,
        ttl.as_secs_f64()
    )
    .fetch_optional(db)
    .await?;
    Ok(epoch)
}

/// Prolongs the lease; answers whether it was still the caller's.
pub(super) async fn keep_lease(
    db: impl PgExecutor<'_>,
    name: &str,
    owner: Uuid,
    epoch: i64,
    ttl: Duration,
) -> Result<bool, StoreError> {
    let kept = sqlx::query!(
        "UPDATE leases SET lease_until = now() + make_interval(secs => $4)
         WHERE name = $1 AND owner = $2 AND epoch = $3",
        name,
        owner,
        epoch,
        ttl.as_secs_f64()
    )
    .execute(db)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Ends the lease now, if it is the caller's.
pub(super) async fn release_lease(
    db: impl PgExecutor<'_>,
    name: &str,
    owner: Uuid,
    epoch: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE leases SET lease_until = '-infinity' WHERE name = $1 AND owner = $2 AND epoch = $3",
        name,
        owner,
        epoch
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A job in the queue, as an admin sees it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct QueuedJob {
    /// The engine's number.
    #[sqlx(try_from = "i64")]
    pub id: JobId,
    /// What kind of job, as [`super::Job::NAME`].
    pub name: String,
    /// The queue in which it is alone, such as `server:7`.
    pub queue: Option<String>,
    /// What it is about, such as `reconcile:7`.
    pub key: Option<String>,
    /// Times it was started.
    pub attempts: i16,
    /// Times after which it counts as failed.
    pub max_attempts: i16,
    /// Whether it is being done now.
    pub running: bool,
    /// When it may start next.
    pub run_at: DateTime<Utc>,
    /// When its row changed last.
    pub updated_at: DateTime<Utc>,
    /// What the last try ended with; for admins only.
    pub last_error: Option<String>,
}

impl From<i64> for JobId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl QueuedJob {
    /// Whether it won't be tried again by itself.
    pub const fn failed(&self) -> bool {
        self.attempts >= self.max_attempts && !self.running
    }
}

// The engine makes this view when it starts, so there is nothing to check these two statements against at build time.
const COLUMNS: &str = "SELECT id, task_identifier AS name, queue_name AS queue, key, attempts, max_attempts,
    locked_at IS NOT NULL AS running, run_at, updated_at, last_error FROM graphile_worker.jobs";

/// Up to `limit` jobs: failed ones first, then by the time at which they may start.
pub async fn list(db: impl PgExecutor<'_>, limit: i64) -> Result<Vec<QueuedJob>, StoreError> {
    let sql = format!(
        "{COLUMNS} ORDER BY (attempts >= max_attempts AND locked_at IS NULL) DESC, run_at, id LIMIT $1"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(limit).fetch_all(db).await?)
}

/// Up to `limit` jobs that failed for good, oldest first.
pub async fn failed(db: impl PgExecutor<'_>, limit: i64) -> Result<Vec<QueuedJob>, StoreError> {
    let sql = format!(
        "{COLUMNS} WHERE attempts >= max_attempts AND locked_at IS NULL AND last_error IS NOT NULL
         ORDER BY updated_at, id LIMIT $1"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(limit).fetch_all(db).await?)
}

/// One job.
pub async fn find(db: impl PgExecutor<'_>, id: JobId) -> Result<Option<QueuedJob>, StoreError> {
    let sql = format!("{COLUMNS} WHERE id = $1");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id.0).fetch_optional(db).await?)
}

/// How many jobs wait or run, not counting those that failed for good.
pub async fn waiting(db: impl PgExecutor<'_>) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM graphile_worker.jobs WHERE attempts < max_attempts OR locked_at IS NOT NULL",
    );
    Ok(count.fetch_one(db).await?)
}

/// How many jobs failed for good.
pub async fn count_failed(db: impl PgExecutor<'_>) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM graphile_worker.jobs WHERE attempts >= max_attempts AND locked_at IS NULL",
    );
    Ok(count.fetch_one(db).await?)
}

/// Makes the present try of a running job its last.
pub async fn stop_retrying(db: impl PgExecutor<'_>, id: JobId) -> Result<(), StoreError> {
    // The engine's own call for this only takes jobs that don't run.
    sqlx::query("UPDATE graphile_worker._private_jobs SET max_attempts = attempts WHERE id = $1")
        .bind(id.0)
        .execute(db)
        .await?;
    Ok(())
}

/// Why a job was not started again.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// The database or the engine could not answer.
    #[error("the job engine could not answer")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No such job, or it runs right now.
    #[error("there is no such job, or it is running")]
    NotWaiting,
}

/// Starts a waiting or failed job now, with all its tries before it.
pub async fn retry(pool: &PgPool, id: JobId) -> Result<(), RetryError> {
    let options = graphile_worker::worker_utils::types::RescheduleJobOptions {
        attempts: Some(0),
        ..Default::default()
    };
    let started = WorkerUtils::new(pool, SCHEMA)
        .reschedule_jobs(&[id.0], options)
        .await
        .map_err(|e| RetryError::Engine(e.into()))?;
    if started.is_empty() { Err(RetryError::NotWaiting) } else { Ok(()) }
}
