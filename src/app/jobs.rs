//! Background work that failed, and the cleaning of what is done.

use chrono::TimeDelta;

use crate::acl::admission;
use crate::app::Core;
use crate::db::StoreError;
use crate::jobs::store::{self, QueuedJob};
use crate::notify::{self, Audience, Letter, Notice};

/// Failed jobs told in one go; more wait for the next.
const REPORTED: i64 = 20;
/// Rows deleted by one statement.
const DELETED: i64 = 5000;
/// How long a handled update's number is remembered: Telegram repeats none that is older.
const UPDATES_KEPT: TimeDelta = TimeDelta::days(7);
/// How long a settled message's key is remembered.
const MESSAGES_KEPT: TimeDelta = TimeDelta::days(90);

/// How long admission decisions are kept.
const ADMISSIONS_KEPT: TimeDelta = TimeDelta::days(180);

/// Tells the ops group of jobs that failed for good, each failure once.
pub async fn report_failed(app: &Core) -> Result<(), StoreError> {
    for QueuedJob { id, run_at, .. } in store::failed(&app.pool, REPORTED).await? {
        let now = app.clock.now();
        // With the time of the try: one that was started again may fail again.
        let key = format!("job-failed:{id}:{}", run_at.timestamp_micros());
        let letter = Letter::new(app.tenant, Audience::Ops, Notice::JobFailed { job_id: id.0 }, key);
        let mut tx = app.pool.begin().await?;
        notify::enqueue(&mut tx, now, &letter).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Deletes handled updates, idle lanes and settled messages that nothing needs any more.
pub async fn clean_inbox(app: &Core) -> Result<(), StoreError> {
    let now = app.clock.now();
    while crate::inbox::store::delete_done(&app.pool, now - UPDATES_KEPT, DELETED).await? > 0 {}
    while crate::inbox::store::delete_idle_lanes(&app.pool, DELETED).await? > 0 {}
    while notify::store::delete_settled(&app.pool, now - MESSAGES_KEPT, DELETED).await? > 0 {}
    Ok(())
}

/// Makes the months of the admission log ahead of time, and drops those that are old.
pub async fn keep_logs(app: &Core) -> Result<(), StoreError> {
    let now = app.clock.now();
    let mut conn = app.pool.acquire().await?;
    admission::store::keep_months(&mut conn, now, now - ADMISSIONS_KEPT).await
}
