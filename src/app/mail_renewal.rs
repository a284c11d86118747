//! The mail that tells of a renewal.

use crate::account::store::{self as accounts, By};
use crate::app::views::relays;
use crate::app::{App, AppError};
use crate::db::StoreError;
use crate::i18n::{Texts, args, format, t};
use crate::jobs::MailRenewal;
use crate::notify::{Feature, Mail, MailError, Mailer};
use crate::rental;

/// Why the mail wasn't sent.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    /// Ours.
    #[error("a renewal's mail could not be written")]
    App(#[from] AppError),
    /// The mail server can't take it now.
    #[error("a renewal's mail waits")]
    Later(#[source] MailError),
    /// The mail server refuses us.
    #[error("a renewal's mail was given up")]
    GivenUp(#[source] MailError),
}

impl From<StoreError> for RenewalError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<sqlx::Error> for RenewalError {
    fn from(error: sqlx::Error) -> Self {
        Self::App(error.into())
    }
}

/// Mails a renewal with its old and new end to the rental's user, if they have an address that takes mail.
pub async fn send(
    app: &App,
    mailer: &dyn Mailer,
    texts: &Texts,
    job: &MailRenewal,
) -> Result<(), RenewalError> {
    let mut conn = app.pool.acquire().await?;
    let Some(rental) = rental::store::find(&mut conn, app.tenant, job.rental).await? else { return Ok(()) };
    drop(conn);
    let user = accounts::find(&app.pool, app.tenant, By::Id(rental.user)).await?;
    let Some(user) = user.filter(|user| user.closed_at.is_none()) else { return Ok(()) };
    let Some(email) = user.email.clone() else { return Ok(()) };
    let Some(relay) = relays::one(app, user.id, job.rental).await? else { return Ok(()) };
    let words = texts.lang(user.lang);
    let shop = app.shop.name.get(user.lang);
    let name = relay.name(user.lang);
    let new_end = format::moment(job.new_end, user.zone);
    let subject =
        words.plain(t("mail-renewed-subject"), &args().text("relay", &name).text("new_end", &new_end));
    let text = words.plain(
        t("mail-renewed-text"),
        &args()
            .text("username", &user.username)
            .text("relay", &name)
            .number("days", (job.new_end - job.old_end).num_days())
            .text("old_end", format::moment(job.old_end, user.zone))
            .text("new_end", new_end)
            .text("left", format::left(words, app.clock.now(), job.new_end))
            .text("shop", shop),
    );
    match mailer.send(&Mail::new(user.lang, shop, email, subject, text, Feature::None)).await {
        Ok(()) => Ok(()),
        Err(MailError::Recipient { code }) => {
            tracing::info!(user = %user.id, code, "the address takes no mail");
            Ok(())
        }
        Err(error @ MailError::Unavailable(_)) => Err(RenewalError::Later(error)),
        Err(error @ MailError::Refused(_)) => Err(RenewalError::GivenUp(error)),
    }
}
