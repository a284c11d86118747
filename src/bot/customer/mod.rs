//! A customer's private chat: registration, the menu, the account, help. What concerns relays is in [`super::relay`].

mod account;
mod help;
mod menu;
mod register;
mod start;
mod zone;

use serde::{Deserialize, Serialize};

use super::relay::{self, back_row, home};
use crate::account::{Email, Role};
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::dialogue;
use crate::bot::event::{Command, Event};
use crate::bot::screen::Screen;
use crate::i18n::{args, t};
use crate::serial::SerialCode;

/// What the chat waits for somebody to type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
enum Waiting {
    /// An e-mail address.
    Email,
    /// The digits that were mailed to this address.
    Code {
        /// The address.
        email: String,
    },
    /// Another name.
    Username,
    /// A time zone.
    Zone,
    /// Nothing: who was told to be suspended isn't told again.
    Nothing,
}

/// Handles whatever happens in a private chat.
pub(super) async fn handle(ctx: Ctx, event: Event) -> anyhow::Result<()> {
    match event {
        Event::Command(command) => {
            wait_for_nothing(&ctx).await?;
            obey(&ctx, &command).await
        }
        Event::Press(press) => {
            wait_for_nothing(&ctx).await?;
            pressed(&ctx, &press).await
        }
        Event::OldPress => {
            ctx.say(ctx.words().get(t("error-button-old"))).await?;
            start::front(&ctx).await
        }
        Event::Text(text) => typed(&ctx, &text).await,
        Event::Content(_) => not_understood(&ctx).await,
        Event::MayWrite(_) | Event::Moved(_) | Event::Other => Ok(()),
    }
}

/// Tells somebody who is suspended that they are, once a day.
pub(super) async fn refuse(ctx: &Ctx) -> anyhow::Result<()> {
    if ctx.chat.private && awaited(ctx).await? != Some(Waiting::Nothing) {
        let text = ctx.words().format(t("error-banned"), &args().text("ref", ctx.user.id));
        ctx.say(text).await?;
        wait_for(ctx, &Waiting::Nothing).await?;
    }
    Ok(ctx.acknowledge().await?)
}

async fn wait_for(ctx: &Ctx, what: &Waiting) -> anyhow::Result<()> {
    let mut conn = ctx.app.pool.acquire().await?;
    Ok(dialogue::set(&mut conn, ctx.place(), what, ctx.now()).await?)
}

async fn wait_for_nothing(ctx: &Ctx) -> anyhow::Result<()> {
    let mut conn = ctx.app.pool.acquire().await?;
    Ok(dialogue::reset(&mut conn, ctx.place()).await?)
}

async fn awaited(ctx: &Ctx) -> anyhow::Result<Option<Waiting>> {
    let mut conn = ctx.app.pool.acquire().await?;
    Ok(dialogue::get(&mut conn, ctx.place(), ctx.now()).await?)
}

async fn obey(ctx: &Ctx, command: &Command) -> anyhow::Result<()> {
    match command.name.as_str() {
        "start" => return start::start(ctx, &command.args).await,
        "lang" => return account::languages(ctx).await,
        "terms" => return help::terms(ctx).await,
        "help" => return help::home_screen(ctx).await,
        _ if !ctx.user.is_registered() => return start::welcome(ctx).await,
        _ => {}
    }
    match command.name.as_str() {
        "menu" | "cancel" => menu::show(ctx).await,
        "relays" => relay::relays(ctx, &ctx.user).await,
        "redeem" => relay::redeem(ctx).await,
        "acl" => relay::acl(ctx, &ctx.user).await,
        _ if ctx.user.role == Role::Admin => {
            ctx.send(Screen::new(ctx.words().get(t("error-group-only")))).await?;
            Ok(())
        }
        _ => not_understood(ctx).await,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other presses are of relays, or of the ops group and out of place here"
)]
async fn pressed(ctx: &Ctx, press: &Press) -> anyhow::Result<()> {
    match press {
        Press::Welcome => return start::front(ctx).await,
        Press::WelcomeIn { lang } => return start::welcome_in(ctx, *lang).await,
        Press::Begin => return start::begin(ctx).await,
        Press::SetLang { lang } => return account::set_language(ctx, *lang).await,
        Press::EmailAsk => return register::ask(ctx).await,
        Press::CodeResend => return register::resend(ctx).await,
        Press::Help => return help::home_screen(ctx).await,
        Press::Notes => return help::notes(ctx).await,
        Press::Terms => return help::terms(ctx).await,
        _ if !ctx.user.is_registered() => return start::welcome(ctx).await,
        _ => {}
    }
    match press {
        Press::Home => menu::show(ctx).await,
        Press::Account => account::card(ctx).await,
        Press::UsernameAsk => account::ask_username(ctx).await,
        Press::LangAsk => account::languages(ctx).await,
        Press::ZoneAsk => zone::ask(ctx).await,
        Press::SetZone { zone } => zone::set(ctx, *zone).await,
        Press::AccountHistory => account::history(ctx).await,
        other => {
            if relay::pressed(ctx, &ctx.user, other).await? {
                return Ok(());
            }
            ctx.say(ctx.words().get(t("error-button-old"))).await?;
            menu::show(ctx).await
        }
    }
}

async fn typed(ctx: &Ctx, text: &str) -> anyhow::Result<()> {
    let waiting = awaited(ctx).await?.filter(|waiting| *waiting != Waiting::Nothing);
    // A whole serial is one wherever it is typed; a damaged one may as well be what is waited for.
    if SerialCode::find(text).is_ok() {
        if !ctx.user.is_registered() {
            return start::keep_serial(ctx, waiting.as_ref(), text).await;
        }
        relay::typed(ctx, &ctx.user, text).await?;
        return wait_for_nothing(ctx).await;
    }
    match waiting {
        Some(Waiting::Email) => register::email(ctx, text).await,
        Some(Waiting::Code { email }) => register::code(ctx, &email, text).await,
        Some(Waiting::Username) => account::rename(ctx, text).await,
        Some(Waiting::Zone) => zone::find(ctx, text).await,
        Some(Waiting::Nothing) | None => {
            if ctx.user.is_registered() && relay::typed(ctx, &ctx.user, text).await? {
                return Ok(());
            }
            not_understood(ctx).await
        }
    }
}

async fn not_understood(ctx: &Ctx) -> anyhow::Result<()> {
    if !ctx.user.is_registered() {
        return start::welcome(ctx).await;
    }
    ctx.send(Screen::new(ctx.words().get(t("error-unknown-text"))).row([home(ctx)])).await?;
    Ok(())
}

/// What somebody wrote, short enough to be shown back.
fn shown(text: &str) -> String {
    let line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(64).collect();
    line
}

/// Whether this is the address that the account has.
fn is_own(ctx: &Ctx, email: &str) -> bool {
    ctx.user.email.as_ref().is_some_and(|own| email.parse::<Email>().is_ok_and(|email| own.is_same(&email)))
}
