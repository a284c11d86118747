//! What every chat needs, whoever it is.

use crate::bot::ctx::Ctx;
use crate::i18n::t;

/// A button from a version whose buttons meant something else.
pub(super) async fn old_press(ctx: Ctx) -> anyhow::Result<()> {
    ctx.say(ctx.words().get(t("error-button-old"))).await?;
    Ok(())
}
