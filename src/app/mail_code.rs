//! The mail with the six digits.

use chrono::TimeDelta;
use zeroize::Zeroizing;

use crate::account::store::{self, By, SealedCode};
use crate::account::{CODE_LIFETIME, EmailCodeId, OpenCode, User};
use crate::app::{App, Core};
use crate::db::StoreError;
use crate::i18n::{Texts, args, t};
use crate::notify::{self, Audience, Feature, Letter, Mail, MailError, Mailer, Notice};
use crate::secret::SecretError;

/// For so long a mail server that can't be reached is tried again; then the chat is told, since somebody waits there.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);
/// How long codes are kept, for the count of an hour and for questions.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Why a code was not mailed.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The database could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The digits can't be read.
    #[error("the digits don't open")]
    Sealed(#[from] SecretError),
    /// The mail server; it may be tried again.
    #[error("the code waits")]
    Later(#[source] MailError),
    /// The mail server; the chat was told.
    #[error("the code was given up")]
    GivenUp(#[source] MailError),
}

/// Mails a code. One that is used, replaced, too old or mailed already is passed over. Of a mail that won't arrive the
/// chat is told; if that is the address's fault, it is no failure of ours.
pub async fn send_code(
    app: &App,
    mailer: &dyn Mailer,
    texts: &Texts,
    id: EmailCodeId,
) -> Result<(), CodeError> {
    let Some(SealedCode { code, sealed }) = store::sealed_code(&app.pool, id).await? else { return Ok(()) };
    let now = app.clock.now();
    let user = store::find(&app.pool, app.tenant, By::Id(code.user)).await?;
    let Some(user) = user.filter(|_| code.works_at(now)) else { return Ok(()) };
    let digits = app.open.open(&OpenCode::row(&code.digest), &sealed)?;
    let digits = Zeroizing::new(String::from_utf8_lossy(&digits).into_owned());
    match mailer.send(&compose(app, texts, &user, &code, &digits)).await {
        Ok(()) => Ok(store::mark_mailed(&app.pool, id, app.clock.now()).await?),
        Err(MailError::Recipient { code: reply }) => {
            tracing::info!(user = %user.id, reply, "the address takes no mail");
            Ok(give_up(app, &user, id, Some(reply)).await?)
        }
        Err(error @ MailError::Unavailable(_)) if now < code.created_at + PATIENCE => {
            Err(CodeError::Later(error))
        }
        Err(error @ (MailError::Unavailable(_) | MailError::Refused(_))) => {
            give_up(app, &user, id, None).await?;
            Err(CodeError::GivenUp(error))
        }
    }
}

fn compose(app: &App, texts: &Texts, user: &User, code: &OpenCode, digits: &str) -> Mail {
    let words = texts.lang(user.lang);
    let shop = app.shop.name.get(user.lang);
    let subject = words.plain(t("mail-code-subject"), &args().text("code", digits).text("shop", shop));
    let minutes = CODE_LIFETIME.num_minutes();
    let values = args().text("code", digits).number("minutes", minutes).text("shop", shop);
    let text = if user.is_registered() {
        words.plain(t("mail-code-change-text"), &values)
    } else {
        words.plain(t("mail-code-text"), &values)
    };
    Mail::new(user.lang, shop, code.email.clone(), subject, text, Feature::Code(digits))
}

/// Ends the code and tells the chat, both or neither.
async fn give_up(app: &App, user: &User, id: EmailCodeId, reply: Option<u16>) -> Result<(), StoreError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    if store::close_code(&mut *tx, id, now).await? {
        let notice = Notice::CodeNotDelivered { code_id: id.0, reply };
        let letter = Letter::new(app.tenant, Audience::User(user.id), notice, format!("code:{}", id.0));
        notify::enqueue(&mut tx, now, &letter).await?;
    }
    tx.commit().await.map_err(StoreError::from)
}

/// Deletes codes that nothing needs any more.
pub async fn delete_old(app: &Core) -> Result<(), StoreError> {
    while store::delete_old_codes(&app.pool, app.clock.now() - KEPT, 5000).await? > 0 {}
    Ok(())
}
