//! Notices about accounts.

use crate::account::store as accounts;
use crate::account::{EmailCodeId, User};
use crate::app::App;
use crate::bot::callback::Press;
use crate::bot::screen::{Screen, press};
use crate::i18n::{Words, args, t};
use crate::notify::Outgoing;

/// The mail with a code didn't reach its address.
pub(super) async fn code_not_delivered(
    app: &App,
    words: Words<'_>,
    user: &User,
    id: EmailCodeId,
    reply: Option<u16>,
) -> anyhow::Result<Option<Outgoing>> {
    let Some((owner, email)) = accounts::code_email(&app.pool, id).await? else { return Ok(None) };
    if owner != user.id {
        return Ok(None);
    }
    let reason = match reply {
        Some(550..=553) => t("mail-why-mailbox"),
        Some(_) => t("mail-why-refused"),
        None => t("mail-why-unreachable"),
    };
    let values = args().text("email", email).html("reason", words.get(reason));
    let screen = Screen::new(words.format(t("register-mail-failed"), &values)).row([
        press(words.label(t("btn-code-resend")), &Press::CodeResend),
        press(words.label(t("btn-email-change")), &Press::EmailAsk),
    ]);
    Ok(Some(screen.into()))
}
