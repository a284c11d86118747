//! The main menu.

use crate::app::views::relays::{self, Condition, Relay};
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::screen::{Screen, press};
use crate::i18n::{Html, args, format, t};

/// Shows it. Only what works has a button.
pub(super) async fn show(ctx: &Ctx) -> anyhow::Result<()> {
    let words = ctx.words();
    let mut relays = relays::list(&ctx.app, ctx.user.id).await?;
    relays.retain(|relay| relay.condition() != Condition::Released);
    let button = |id, to: &Press| press(words.label(id), to);
    let screen = Screen::new(text(ctx, &relays))
        .row([button(t("btn-relays"), &Press::Relays), button(t("btn-redeem"), &Press::Redeem)])
        .row([button(t("btn-acl"), &Press::Acl), button(t("btn-account"), &Press::Account)])
        .row([button(t("btn-help"), &Press::Help)]);
    ctx.show(screen).await?;
    Ok(())
}

fn text(ctx: &Ctx, relays: &[Relay]) -> Html {
    let words = ctx.words();
    let shop = ctx.app.shop.name.get(ctx.lang);
    if relays.is_empty() {
        return words.format(t("menu-home-new"), &args().text("shop", shop));
    }
    let active = relays.iter().filter(|relay| relay.condition() == Condition::Running).count();
    match relays.iter().filter_map(|relay| relay.rental.state.end()).min() {
        Some(end) => words.format(
            t("menu-home-relays"),
            &args()
                .text("shop", shop)
                .text("active", active)
                .text("next_end", format::moment(end, ctx.user.zone))
                .text("left", format::left(words, ctx.now(), end)),
        ),
        None => words.format(t("menu-home-waiting"), &args().text("shop", shop)),
    }
}
