//! Help, terms, and what to know before relying on a relay.

use super::{back_row, home};
use crate::app::views::relays;
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::screen::{Screen, press};
use crate::i18n::{args, t};

/// The steps, and where to read on.
pub(super) async fn home_screen(ctx: &Ctx) -> anyhow::Result<()> {
    let words = ctx.words();
    let button = |id, to: &Press| press(words.label(id), to);
    let mut screen = Screen::new(words.get(t("help-home")));
    if ctx.user.is_registered() {
        let mine = relays::list(&ctx.app, ctx.user.id).await?;
        let broken = match &mine[..] {
            [only] => Press::Broken { rental: only.rental.id },
            _ => Press::Relays,
        };
        screen = screen
            .row([button(t("btn-acl-headscale"), &Press::AclHeadscale), button(t("btn-broken"), &broken)]);
    }
    screen = screen.row([button(t("btn-notes"), &Press::Notes), button(t("btn-terms"), &Press::Terms)]);
    ctx.show(screen.row([home(ctx)])).await?;
    Ok(())
}

/// What to know before relying on a relay.
pub(super) async fn notes(ctx: &Ctx) -> anyhow::Result<()> {
    let screen = Screen::new(ctx.words().get(t("usage-notes"))).row(back_row(ctx, &Press::Help));
    ctx.show(screen).await?;
    Ok(())
}

/// The terms: the operator's page, or the built-in ones.
pub(super) async fn terms(ctx: &Ctx) -> anyhow::Result<()> {
    let words = ctx.words();
    let text = match &ctx.app.shop.terms_url {
        Some(url) => words.format(t("terms-page"), &args().text("url", url)),
        None => words.get(t("terms-text")),
    };
    ctx.show(Screen::new(text).row(back_row(ctx, &Press::Help))).await?;
    Ok(())
}
