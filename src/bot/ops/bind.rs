//! Binding the ops group.

use super::spec::Spec;
use crate::app::admin::bind::{self, Bound};
use crate::bot::commands;
use crate::bot::ctx::Ctx;
use crate::i18n::{Html, args, t};
use crate::notify::Outgoing;

/// Makes this group the ops group, for an admin with the code from the console.
pub(super) async fn bind(ctx: &Ctx, spec: &Spec, given: &[String]) -> anyhow::Result<()> {
    let words = ctx.words();
    let text = if let [code] = given {
        match bind::bind(&ctx.app, &ctx.user, ctx.chat.id, code).await? {
            Bound::NotAdmin => words.get(t("ops-not-admin")),
            Bound::WrongCode => words.get(t("ops-bind-wrong")),
            Bound::Yes { before } => {
                let moved = before.is_some_and(|before| before != ctx.chat.id);
                welcome(ctx, moved).await?
            }
        }
    } else {
        words.format(
            t("ops-usage"),
            &args().text("usage", words.label(spec.usage)).text("example", words.label(spec.example)),
        )
    };
    ctx.send(Outgoing::text(text)).await?;
    Ok(())
}

/// Lists the commands for the group, and says what the bot still lacks there.
async fn welcome(ctx: &Ctx, moved: bool) -> anyhow::Result<Html> {
    let words = ctx.words();
    let mut lines = vec![words.get(t("ops-bound"))];
    if moved {
        lines.push(words.get(t("ops-bind-other")));
    }
    // The group is bound whatever becomes of the list, and the next start makes up for it.
    if let Err(error) = commands::register_ops(&ctx.telegram, &ctx.texts, ctx.chat.id).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the ops group's commands are not listed");
    }
    if !ctx.telegram.is_admin_of(ctx.chat.id).await? {
        let missing = words.label(t("ops-right-admin"));
        lines.push(words.format(t("ops-bind-rights"), &args().text("missing", missing)));
    }
    Ok(Html::join(lines, "\n"))
}
