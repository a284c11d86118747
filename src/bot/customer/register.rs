//! The dialogue that proves an e-mail address: at registration, and for another address later.

use super::{Waiting, account, is_own, shown, start, wait_for, wait_for_nothing};
use crate::account::{CODE_LIFETIME, CodeDigits, Email, User};
use crate::app::register::{self, CodeAnswer, CodeRequest};
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::screen::{Screen, press};
use crate::i18n::{Html, args, format, t};
use crate::notify::Button;

/// Asks for an address.
pub(super) async fn ask(ctx: &Ctx) -> anyhow::Result<()> {
    if !ctx.app.shop.mail {
        return start::front(ctx).await;
    }
    wait_for(ctx, &Waiting::Email).await?;
    ctx.show(Screen::new(ctx.words().get(t("register-email-ask"))).row([cancel(ctx)])).await?;
    Ok(())
}

/// Where this dialogue was begun.
fn cancel(ctx: &Ctx) -> Button {
    let parent = if ctx.user.is_registered() { Press::Account } else { Press::Welcome };
    press(ctx.words().label(t("btn-cancel")), &parent)
}

/// The buttons while a code is waited for.
fn ways_on(ctx: &Ctx, text: Html) -> Screen {
    let words = ctx.words();
    let screen = Screen::new(text).row([
        press(words.label(t("btn-code-resend")), &Press::CodeResend),
        press(words.label(t("btn-email-change")), &Press::EmailAsk),
    ]);
    // Who is registered has somewhere to go back to.
    if ctx.user.is_registered() { screen.row([cancel(ctx)]) } else { screen }
}

/// Something that should be an address.
pub(super) async fn email(ctx: &Ctx, text: &str) -> anyhow::Result<()> {
    if let Ok(email) = text.parse::<Email>() {
        let outcome = register::request_code(&ctx.app, ctx.user.id, email).await?;
        return requested(ctx, outcome).await;
    }
    let text = ctx.words().format(t("register-email-invalid"), &args().text("input", shown(text)));
    ctx.send(Screen::new(text).row([cancel(ctx)])).await?;
    Ok(())
}

/// Another code to the same address.
pub(super) async fn resend(ctx: &Ctx) -> anyhow::Result<()> {
    match register::resend_code(&ctx.app, ctx.user.id).await? {
        Some(outcome) => requested(ctx, outcome).await,
        None => ask(ctx).await,
    }
}

async fn requested(ctx: &Ctx, outcome: CodeRequest) -> anyhow::Result<()> {
    let words = ctx.words();
    let (text, waiting) = match outcome {
        CodeRequest::Sent { email } => {
            let values = args()
                .text("email", &email)
                .number("minutes", CODE_LIFETIME.num_minutes())
                .number("seconds", register::resend_seconds());
            (words.format(t("register-code-sent"), &values), Some(email))
        }
        CodeRequest::Wait { email, seconds } => {
            (words.format(t("register-code-wait"), &args().number("seconds", seconds)), Some(email))
        }
        CodeRequest::TooMany { until, email } => {
            let until = format::moment(until, ctx.user.zone);
            (words.format(t("register-code-many"), &args().text("until", until)), email)
        }
        CodeRequest::Theirs { email } => {
            let text = words.format(t("register-email-same"), &args().text("email", &email));
            wait_for_nothing(ctx).await?;
            ctx.send(Screen::new(text)).await?;
            return account::card(&ctx.apart()).await;
        }
    };
    let waiting = waiting.map_or(Waiting::Email, |email| Waiting::Code { email: email.to_string() });
    wait_for(ctx, &waiting).await?;
    ctx.send(ways_on(ctx, text)).await?;
    Ok(())
}

/// Says what is waited for.
pub(super) async fn ask_code(ctx: &Ctx) -> anyhow::Result<()> {
    ctx.send(ways_on(ctx, ctx.words().get(t("register-code-form")))).await?;
    Ok(())
}

/// Something that should be the digits mailed to `email`.
pub(super) async fn code(ctx: &Ctx, email: &str, text: &str) -> anyhow::Result<()> {
    if ctx.user.is_registered() && is_own(ctx, email) {
        // They were right, and the process ended before it could say so.
        return done(ctx, ctx.user.clone(), false).await;
    }
    let Some(digits) = CodeDigits::read(text) else {
        if text.contains(['@', '\u{ff20}']) {
            return self::email(ctx, text).await;
        }
        return ask_code(ctx).await;
    };
    let words = ctx.words();
    let text = match register::answer_code(&ctx.app, ctx.user.id, &digits).await? {
        CodeAnswer::Done(user) => return done(ctx, user, ctx.user.is_registered()).await,
        CodeAnswer::Wrong { left } => words.format(t("register-code-wrong"), &args().number("tries", left)),
        CodeAnswer::Expired => words.get(t("register-code-expired")),
        CodeAnswer::Taken => {
            wait_for(ctx, &Waiting::Email).await?;
            ctx.send(Screen::new(words.get(t("register-email-taken"))).row([cancel(ctx)])).await?;
            return Ok(());
        }
    };
    ctx.send(ways_on(ctx, text)).await?;
    Ok(())
}

/// The address is theirs. Nothing is waited for any more, but only once all of this has been said: if the process ends
/// before, the same digits lead here again.
async fn done(ctx: &Ctx, user: User, changed: bool) -> anyhow::Result<()> {
    let ctx = Ctx { lang: user.lang, user, ..ctx.clone() };
    let words = ctx.words();
    let email = ctx.user.email.as_ref().map_or_else(String::new, ToString::to_string);
    let values = args().text("email", email);
    let text = if changed {
        words.format(t("register-email-changed"), &values)
    } else {
        words.format(t("register-done"), &values)
    };
    ctx.send(Screen::new(text)).await?;
    if changed {
        account::card(&ctx).await?;
    } else {
        start::after_registration(&ctx).await?;
    }
    wait_for_nothing(&ctx).await
}
