//! The account: name, address, language, zone, history.

use super::{Waiting, back_row, home, shown, start, wait_for, wait_for_nothing};
use crate::app::profile::{self, Renamed};
use crate::audit::store::{self as records, Filter, Record};
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::relay;
use crate::bot::screen::{Screen, press};
use crate::i18n::{Html, TextId, args, format, t};
use crate::types::Lang;

/// Entries of the history on one screen.
const ENTRIES: i64 = 20;

/// The account's card.
pub(super) async fn card(ctx: &Ctx) -> anyhow::Result<()> {
    let words = ctx.words();
    let email =
        ctx.user.email.as_ref().map_or_else(|| words.label(t("account-email-none")), ToString::to_string);
    let zone = ctx.user.zone;
    let values = args()
        .text("username", &ctx.user.username)
        .text("email", email)
        .text("language", words.label(language(ctx.lang)))
        .text("zone", format_args!("{} ({})", zone.name(), format::offset(ctx.now(), zone)));
    let button = |id, to: &Press| press(words.label(id), to);
    let mut first = vec![button(t("btn-username"), &Press::UsernameAsk)];
    if ctx.app.shop.mail {
        first.push(button(t("btn-email"), &Press::EmailAsk));
    }
    let screen = Screen::new(words.format(t("account-card"), &values))
        .row(first)
        .row([button(t("btn-language"), &Press::LangAsk), button(t("btn-zone"), &Press::ZoneAsk)])
        .row([button(t("btn-history"), &Press::AccountHistory)])
        .row([home(ctx)]);
    ctx.show(screen).await?;
    Ok(())
}

const fn language(lang: Lang) -> TextId {
    match lang {
        Lang::ZhCn => t("btn-lang-zh"),
        Lang::En => t("btn-lang-en"),
    }
}

/// The languages there are.
pub(super) async fn languages(ctx: &Ctx) -> anyhow::Result<()> {
    let words = ctx.words();
    let buttons = Lang::ALL.map(|lang| press(words.label(language(lang)), &Press::SetLang { lang }));
    let screen = Screen::new(words.get(t("lang-ask"))).row(buttons);
    let screen = if ctx.user.is_registered() { screen.row(back_row(ctx, &Press::Account)) } else { screen };
    ctx.show(screen).await?;
    Ok(())
}

/// Speaks another language from now on.
pub(super) async fn set_language(ctx: &Ctx, lang: Lang) -> anyhow::Result<()> {
    profile::set_lang(&ctx.app, ctx.user.id, lang).await?;
    let ctx = Ctx { lang, ..ctx.clone() };
    ctx.say(ctx.words().get(t("lang-changed"))).await?;
    if ctx.user.is_registered() { card(&ctx).await } else { start::welcome(&ctx).await }
}

/// Asks for another name.
pub(super) async fn ask_username(ctx: &Ctx) -> anyhow::Result<()> {
    wait_for(ctx, &Waiting::Username).await?;
    ctx.show(cancellable(ctx, ctx.words().get(t("username-ask")))).await?;
    Ok(())
}

fn cancellable(ctx: &Ctx, text: Html) -> Screen {
    Screen::new(text).row([press(ctx.words().label(t("btn-cancel")), &Press::Account)])
}

/// Something that should be a name.
pub(super) async fn rename(ctx: &Ctx, text: &str) -> anyhow::Result<()> {
    let words = ctx.words();
    let answer = match profile::rename(&ctx.app, ctx.user.id, text).await? {
        Renamed::Done(username) => {
            let mut ctx = ctx.clone();
            ctx.user.username = username;
            card(&ctx).await?;
            return wait_for_nothing(&ctx).await;
        }
        Renamed::Invalid => words.format(t("username-invalid"), &args().text("input", shown(text))),
        Renamed::Taken(name) => words.format(t("username-taken"), &args().text("username", name)),
    };
    ctx.send(cancellable(ctx, answer)).await?;
    Ok(())
}

/// What happened to the account and its relays, newest first.
pub(super) async fn history(ctx: &Ctx) -> anyhow::Result<()> {
    let words = ctx.words();
    let filter = Filter { user: Some(ctx.user.id), ..Filter::default() };
    let records = records::list(&ctx.app.pool, ctx.app.tenant, &filter, ENTRIES * 3).await?;
    let lines: Vec<Html> = records
        .iter()
        .filter_map(|record| {
            let what = happened(record).or_else(|| relay::happened(record))?;
            let at = format::moment(record.at, ctx.user.zone);
            Some(
                words.format(t("relay-history-line"), &args().text("at", at).text("what", words.label(what))),
            )
        })
        .take(usize::try_from(ENTRIES).unwrap_or(usize::MAX))
        .collect();
    let text = if lines.is_empty() {
        words.get(t("account-history-none"))
    } else {
        words.format(t("account-history"), &args().html("lines", Html::join(lines, "\n")))
    };
    ctx.show(Screen::new(text).row(back_row(ctx, &Press::Account))).await?;
    Ok(())
}

/// What a record about an account means to its owner; `None` for what is only ours.
fn happened(record: &Record) -> Option<TextId> {
    match record.operation.as_str() {
        "user_login" => Some(t("history-login")),
        "user_registered" => Some(t("history-registered")),
        "user_linked" => Some(t("history-linked")),
        "user_email_changed" => Some(t("history-email")),
        "user_renamed" => Some(t("history-username")),
        "user_redeem_locked" => Some(t("history-locked")),
        "user_banned" => Some(t("history-banned")),
        "user_unbanned" => Some(t("history-unbanned")),
        _ => None,
    }
}
