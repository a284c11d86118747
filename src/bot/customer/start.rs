//! The way in: /start with or without a link's payload, and the first screen.

use super::{Waiting, menu, register, wait_for_nothing};
use crate::app::{people, profile};
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::relay;
use crate::bot::screen::{Screen, press};
use crate::i18n::{Html, Words, args, t};
use crate::serial::SerialCode;
use crate::types::Lang;

/// The longest payload that Telegram passes on.
const PAYLOAD: usize = 64;
/// What a payload of a referral link begins with.
const REFERRAL: &str = "d_";

/// /start, which a link may give a payload to.
pub(super) async fn start(ctx: &Ctx, payload: &str) -> anyhow::Result<()> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let payload = Some(payload).filter(|p| (1..=PAYLOAD).contains(&p.len()) && p.bytes().all(allowed));
    match payload {
        Some(payload) if ctx.user.is_registered() => take_up(ctx, payload).await,
        Some(payload) => {
            people::keep_payload(&ctx.app, ctx.user.id, payload).await?;
            welcome(ctx).await
        }
        None => front(ctx).await,
    }
}

/// Does what a link's payload asks for.
async fn take_up(ctx: &Ctx, payload: &str) -> anyhow::Result<()> {
    if relay::open_payload(ctx, &ctx.user, payload).await? {
        return Ok(());
    }
    if payload.starts_with(REFERRAL) {
        ctx.send(Screen::new(ctx.words().get(t("start-referral-existing")))).await?;
    }
    menu::show(ctx).await
}

/// A serial that came before registration: it waits as one from a link does.
pub(super) async fn keep_serial(ctx: &Ctx, waiting: Option<&Waiting>, text: &str) -> anyhow::Result<()> {
    if let Ok(code) = SerialCode::find(text) {
        people::keep_payload(&ctx.app, ctx.user.id, &code.start_payload()).await?;
        ctx.send(Screen::new(ctx.words().get(t("start-serial-kept")))).await?;
    }
    match waiting {
        Some(Waiting::Email) => register::ask(ctx).await,
        Some(Waiting::Code { .. }) => register::ask_code(ctx).await,
        Some(Waiting::Username | Waiting::Zone | Waiting::Nothing) | None => welcome(ctx).await,
    }
}

/// What somebody new has come for is taken up once registration is complete; the menu otherwise.
pub(super) async fn after_registration(ctx: &Ctx) -> anyhow::Result<()> {
    let Some(payload) = people::kept_payload(&ctx.app, ctx.user.id).await? else {
        return menu::show(ctx).await;
    };
    if relay::open_payload(ctx, &ctx.user, &payload).await? {
        return Ok(());
    }
    people::drop_payload(&ctx.app, ctx.user.id).await?;
    menu::show(ctx).await
}

/// The screen from which everything begins: the menu, or the way to it.
pub(super) async fn front(ctx: &Ctx) -> anyhow::Result<()> {
    if ctx.user.is_registered() { menu::show(ctx).await } else { welcome(ctx).await }
}

/// What the shop is, and how to begin.
pub(super) async fn welcome(ctx: &Ctx) -> anyhow::Result<()> {
    let words = ctx.words();
    let values = args().text("shop", ctx.app.shop.name.get(ctx.lang)).html("terms", terms(ctx, words));
    let (text, begin) = if ctx.app.shop.mail {
        (
            words.format(t("start-welcome"), &values),
            press(words.label(t("btn-start-register")), &Press::EmailAsk),
        )
    } else {
        (
            words.format(t("start-welcome-plain"), &values),
            press(words.label(t("btn-start-plain")), &Press::Begin),
        )
    };
    let (other, label) = match ctx.lang {
        Lang::ZhCn => (Lang::En, words.label(t("btn-lang-en"))),
        Lang::En => (Lang::ZhCn, words.label(t("btn-lang-zh"))),
    };
    let screen = Screen::new(text).row([begin, press(label, &Press::WelcomeIn { lang: other })]);
    ctx.show(screen).await?;
    Ok(())
}

fn terms(ctx: &Ctx, words: Words<'_>) -> Html {
    match &ctx.app.shop.terms_url {
        Some(url) => words.format(t("start-terms-link"), &args().text("url", url)),
        None => words.get(t("start-terms-command")),
    }
}

/// The same in another language, which is theirs from now on.
pub(super) async fn welcome_in(ctx: &Ctx, lang: Lang) -> anyhow::Result<()> {
    profile::set_lang(&ctx.app, ctx.user.id, lang).await?;
    front(&Ctx { lang, ..ctx.clone() }).await
}

/// Completes registration where there is nothing to prove.
pub(super) async fn begin(ctx: &Ctx) -> anyhow::Result<()> {
    if ctx.user.is_registered() {
        return menu::show(ctx).await;
    }
    if ctx.app.shop.mail {
        return register::ask(ctx).await;
    }
    let user = crate::app::register::complete_without_mail(&ctx.app, ctx.user.id).await?;
    let ctx = Ctx { user, ..ctx.clone() };
    after_registration(&ctx).await?;
    wait_for_nothing(&ctx).await
}
