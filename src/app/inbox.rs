//! Updates that were set aside.

use crate::app::Core;
use crate::db::StoreError;
use crate::inbox::{BotId, Lane, store};
use crate::notify::{self, Audience, Letter, Notice};

/// Sets an update aside and tells the ops group. Doing so again changes nothing.
pub async fn park(app: &Core, bot: BotId, update_id: i64, lane: Lane) -> Result<(), StoreError> {
    let mut tx = app.pool.begin().await?;
    if store::park(&mut tx, bot, update_id).await? {
        let notice = Notice::UpdateParked { bot_id: bot.0, update_id, lane_id: lane.0 };
        // With the time: an update that was put back may be set aside again, and is then told again.
        let now = app.clock.now();
        let key = format!("parked:{}:{update_id}:{}", bot.0, now.timestamp_micros());
        let letter = Letter::new(app.tenant, Audience::Ops, notice, key);
        notify::enqueue(&mut tx, now, &letter).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Puts an update back into its lane; answers whether it had been set aside.
pub async fn unpark(app: &Core, bot: BotId, update_id: i64) -> Result<bool, StoreError> {
    let mut tx = app.pool.begin().await?;
    let opened = store::unpark(&mut tx, bot, update_id).await?;
    tx.commit().await?;
    if opened {
        store::wake(&app.pool).await?;
    }
    Ok(opened)
}
