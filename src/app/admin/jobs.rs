//! Failed jobs, as admins start them again.

use crate::account::AdminActor;
use crate::app::Core;
use crate::audit::{self, Entry, Operation};
use crate::jobs::JobId;
use crate::jobs::store::{self, RetryError};

/// Starts a waiting or failed job now, with all its tries before it.
pub async fn retry(app: &Core, admin: &AdminActor, id: JobId) -> Result<(), RetryError> {
    store::retry(&app.pool, id).await?;
    // The engine works on connections of its own, so the record can only follow.
    let entry = Entry::new(app.tenant, admin, Operation::JobRetry).with("job_id", id);
    let recorded = async {
        let mut db = app.pool.acquire().await?;
        audit::record(&mut db, app.clock.now(), &entry).await
    };
    recorded.await.map_err(|error| RetryError::Engine(error.into()))
}
