//! After a restore nothing is removed from servers until an admin has confirmed that the restored state is the one to
//! go on with: servers may carry relays that it knows nothing of.

use crate::account::AdminActor;
use crate::app::Core;
use crate::audit::{self, Operation};
use crate::db::StoreError;
use crate::settings::{self, Setting};

/// Whether a restore waits to be confirmed.
pub async fn is_pending(app: &Core) -> Result<bool, StoreError> {
    let pending = settings::store::get(&app.pool, app.tenant, Setting::RestorePendingConfirmation).await?;
    Ok(pending.unwrap_or(false))
}

/// Confirms it; false if there was nothing to confirm.
pub async fn confirm(app: &Core, admin: &AdminActor) -> Result<bool, StoreError> {
    let mut tx = app.pool.begin().await?;
    let setting = Setting::RestorePendingConfirmation;
    if settings::store::get(&mut *tx, app.tenant, setting).await? != Some(true) {
        return Ok(false);
    }
    settings::store::unset(&mut *tx, app.tenant, setting).await?;
    let entry = audit::Entry::new(app.tenant, admin, Operation::RestoreConfirmed);
    audit::record(&mut tx, app.clock.now(), &entry).await?;
    tx.commit().await?;
    Ok(true)
}
