//! The look for what no job is under way for: the net under every job that was lost.

use super::lifecycle::{self, LifecycleError};
use super::{App, AppError, admin, provision};
use crate::fleet::container;
use crate::jobs::{self, ReconcileServer};

/// Ends and releases rentals that are due, finds places for those that wait for one, and asks for a look at each
/// server that isn't as it should be.
pub async fn sweep(app: &App) -> Result<(), LifecycleError> {
    lifecycle::sweep(app).await?;
    provision::retry_places(app).await?;
    settle_servers(app).await?;
    admin::servers::finish_removals(app).await?;
    Ok(())
}

async fn settle_servers(app: &App) -> Result<(), AppError> {
    let mut tx = app.pool.begin().await?;
    for server in container::store::unsettled(&mut tx).await? {
        jobs::enqueue(&mut tx, &ReconcileServer { server }).await?;
    }
    tx.commit().await?;
    Ok(())
}
