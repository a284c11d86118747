//! Where the ops group is.

use crate::app::Core;
use crate::db::StoreError;
use crate::notify;
use crate::settings::{self, Setting};
use crate::types::ChatId;

/// The ops group's chat, once one is bound.
pub async fn group(app: &Core) -> Result<Option<ChatId>, StoreError> {
    settings::store::get(&app.pool, app.tenant, Setting::OpsGroup).await
}

/// A group became a supergroup: what was for its old number is for the new one. Told by Telegram in each message that
/// fails and in an update, so it may come twice and in any order.
pub async fn group_moved(app: &Core, from: ChatId, to: ChatId) -> Result<(), StoreError> {
    let mut tx = app.pool.begin().await?;
    if settings::store::get(&mut *tx, app.tenant, Setting::OpsGroup).await? == Some(from) {
        settings::store::set(&mut *tx, app.tenant, Setting::OpsGroup, to).await?;
        tracing::info!(%from, %to, "the ops group has moved");
    }
    notify::store::move_chat(&mut tx, from, to).await?;
    tx.commit().await?;
    Ok(())
}
