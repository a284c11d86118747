//! The chain of records, and its head for the ops group.

use chrono::Days;

use crate::app::Core;
use crate::audit::store::{self, Filter, Record};
use crate::audit::{Breach, Verdict};
use crate::db::StoreError;
use crate::notify::{self, Audience, Letter, Notice};

/// Records chained in one transaction.
const BATCH: i64 = 500;

/// Chains what has been committed.
pub async fn chain(app: &Core) -> Result<(), StoreError> {
    loop {
        let mut tx = app.pool.begin().await?;
        let chained = store::chain(&mut tx, BATCH).await?;
        tx.commit().await?;
        if i64::try_from(chained).unwrap_or(i64::MAX) < BATCH {
            return Ok(());
        }
    }
}

/// Computes the whole chain anew.
pub async fn verify(app: &Core) -> Result<Verdict, StoreError> {
    let mut connection = app.pool.acquire().await?;
    store::verify(&mut connection).await
}

/// Tells the ops group where the chain stood after the shop's last day, once a day; and then looks at the whole chain.
pub async fn tell_head(app: &Core) -> Result<(), StoreError> {
    let now = app.clock.now();
    let today = now.with_timezone(&app.shop.time_zone).date_naive();
    let day = today.checked_sub_days(Days::new(1)).unwrap_or(today);
    let mut tx = app.pool.begin().await?;
    let (records, head) = store::head(&mut *tx).await?;
    let head = Notice::AuditHead { day, records, head: hex::encode(head) };
    let letter = Letter::new(app.tenant, Audience::Ops, head, format!("audit-head:{}:{day}", app.tenant));
    if notify::enqueue(&mut tx, now, &letter).await?.is_none() {
        return Ok(());
    }
    let verdict = store::verify(&mut tx).await?;
    if let Verdict::Broken(Breach::Missing { seq } | Breach::Altered { seq, .. }) = verdict {
        tracing::error!(?verdict, "the chain of records doesn't hold");
        let key = format!("audit-broken:{}:{day}", app.tenant);
        let letter = Letter::new(app.tenant, Audience::Ops, Notice::AuditBroken { seq }, key);
        notify::enqueue(&mut tx, now, &letter).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Up to `limit` records, newest first.
pub async fn list(app: &Core, filter: &Filter, limit: i64) -> Result<Vec<Record>, StoreError> {
    store::list(&app.pool, app.tenant, filter, limit).await
}
