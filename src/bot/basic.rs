//! What every chat needs, whoever it is.

use crate::app::ops;
use crate::bot::ctx::Ctx;
use crate::i18n::t;
use crate::notify;
use crate::types::ChatId;

/// The bot may write to this chat from now on, or no longer.
pub(super) async fn may_write(ctx: Ctx, may: bool) -> anyhow::Result<()> {
    let (pool, chat) = (&ctx.app.pool, ctx.chat.id);
    if may {
        notify::store::unblock(pool, chat).await?;
    } else {
        notify::store::mark_blocked(pool, chat, "the bot was blocked or removed", ctx.now()).await?;
    }
    Ok(())
}

/// The group has another number from now on.
pub(super) async fn moved(ctx: Ctx, to: ChatId) -> anyhow::Result<()> {
    ops::group_moved(&ctx.app, ctx.chat.id, to).await?;
    Ok(())
}

/// A button from a version whose buttons meant something else.
pub(super) async fn old_press(ctx: Ctx) -> anyhow::Result<()> {
    ctx.say(ctx.words().get(t("error-button-old"))).await?;
    Ok(())
}
