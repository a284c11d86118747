//! Registration: an address is proved by six digits that are mailed to it. The same way leads to another address later.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::account::store::{self, By, EmailTaken, NewCode};
use crate::account::{AclCode, CodeDigits, Email, OpenCode, RESEND_AFTER, SendAgain, User};
use crate::app::{App, AppError, Core, people};
use crate::audit::{self, Entry, Operation};
use crate::db::StoreError;
use crate::jobs::{self, SendCode};
use crate::types::UserId;

/// What became of the wish for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeRequest {
    /// It is on its way.
    Sent {
        /// To this address.
        email: Email,
    },
    /// The last one is too recent; it still works.
    Wait {
        /// The address of the last one.
        email: Email,
        /// Seconds until another may be sent.
        seconds: i64,
    },
    /// There were too many within an hour.
    TooMany {
        /// When another may be sent.
        until: DateTime<Utc>,
        /// The address of the last one, if it still works.
        email: Option<Email>,
    },
    /// The address is theirs already.
    Theirs {
        /// The address.
        email: Email,
    },
}

/// Sends a code to an address. It is sent in every case, also to one that belongs to somebody else: who may not have
/// it learns so only with the right digits.
pub async fn request_code(app: &Core, user: UserId, email: Email) -> Result<CodeRequest, AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let user = locked(&mut tx, app, user).await?;
    if let Some(own) = user.email.filter(|own| own.is_same(&email)) {
        return Ok(CodeRequest::Theirs { email: own });
    }
    let since = now - TimeDelta::hours(1);
    let (by_user, to_address) = store::sent_since(&mut tx, app.tenant, user.id, &email, since).await?;
    match SendAgain::decide(now, &by_user, &to_address) {
        SendAgain::Now => {}
        SendAgain::After(until) => {
            let last = store::open_code(&mut *tx, user.id).await?;
            // Rounded up: after that many seconds it is allowed for sure.
            let seconds = ((until - now).num_milliseconds() + 999) / 1000;
            return Ok(CodeRequest::Wait { email: last.map_or(email, |last| last.email), seconds });
        }
        SendAgain::TooMany(until) => {
            let last = store::open_code(&mut *tx, user.id).await?.filter(|last| last.works_at(now));
            return Ok(CodeRequest::TooMany { until, email: last.map(|last| last.email) });
        }
    }
    let digits = CodeDigits::generate(&*app.random);
    let digest = digits.digest(&app.lookup, user.id, &email);
    let sealed = app.seal.seal(&OpenCode::row(&digest), digits.as_str().as_bytes());
    let new = NewCode { user: user.id, email: &email, digest: &digest, sealed: &sealed };
    let id = store::replace_code(&mut tx, &new, now).await?;
    jobs::enqueue(&mut tx, &SendCode { code_id: id.0 }).await?;
    tx.commit().await?;
    Ok(CodeRequest::Sent { email })
}

/// Sends another code to the address that the last one went to; `None` if there is no such address.
pub async fn resend_code(app: &Core, user: UserId) -> Result<Option<CodeRequest>, AppError> {
    let Some(email) = store::last_code_email(&app.pool, user).await? else { return Ok(None) };
    request_code(app, user, email).await.map(Some)
}

/// Seconds between two mails, for texts.
pub const fn resend_seconds() -> i64 {
    RESEND_AFTER.num_seconds()
}

/// What digits that somebody sent come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeAnswer {
    /// Right: the address is theirs, the account complete.
    Done(User),
    /// Wrong, with so many tries left.
    Wrong {
        /// At least one.
        left: i16,
    },
    /// No code is open, it is too old, or its tries are used up.
    Expired,
    /// Right, but the address belongs to another account.
    Taken,
}

/// Takes the digits that somebody sent.
pub async fn answer_code(app: &App, user: UserId, digits: &CodeDigits) -> Result<CodeAnswer, AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let user = locked(&mut tx, app, user).await?;
    let open = store::lock_open_code(&mut tx, user.id).await?;
    let Some(code) = open.filter(|code| code.works_at(now)) else { return Ok(CodeAnswer::Expired) };
    let answer = if code.is(digits, &app.lookup) {
        store::consume_code(&mut *tx, code.id, now).await?;
        bind(app, &mut tx, user, &code.email, now).await?
    } else {
        let left = store::count_try(&mut tx, code.id, now).await?;
        if left > 0 {
            CodeAnswer::Wrong { left }
        } else {
            let entry = Entry::new(app.tenant, user.id, Operation::UserCodeExhausted).failed();
            audit::record(&mut tx, now, &entry).await?;
            CodeAnswer::Expired
        }
    };
    tx.commit().await?;
    Ok(answer)
}

/// Binds a proved address: to this account, or this Telegram number to the account that has the address.
async fn bind(
    app: &App,
    tx: &mut PgConnection,
    user: User,
    email: &Email,
    now: DateTime<Utc>,
) -> Result<CodeAnswer, StoreError> {
    let owner = store::find(&mut *tx, app.tenant, By::Email(email)).await?;
    let id = match (owner, user.telegram) {
        // Made over the API, and never on Telegram; here there is nothing yet that would be lost.
        (Some(owner), Some(telegram)) if owner.telegram.is_none() && !user.is_registered() => {
            people::move_payload(app, tx, user.id, owner.id).await?;
            store::release_telegram(&mut *tx, app.tenant, user.id, now).await?;
            store::link_telegram(&mut *tx, app.tenant, owner.id, telegram, user.lang, now).await?;
            let entry = Entry::new(app.tenant, owner.id, Operation::UserLinked);
            audit::record(tx, now, &entry.with("telegram_id", telegram).with("from_user_id", user.id))
                .await?;
            owner.id
        }
        (Some(owner), _) if owner.id != user.id => {
            let entry = Entry::new(app.tenant, user.id, Operation::UserEmailRefused).failed();
            audit::record(tx, now, &entry.with("owner_id", owner.id)).await?;
            return Ok(CodeAnswer::Taken);
        }
        (Some(_) | None, _) => {
            let operation = match user.registered_at {
                Some(_) => Operation::UserEmailChanged,
                None => Operation::UserRegistered,
            };
            match store::verify_email(tx, app.tenant, user.id, email, now).await? {
                Ok(()) => {}
                // Bound to another account a moment ago: the next try finds that out.
                Err(EmailTaken) => return Err(StoreError::Conflict { table: "users" }),
            }
            audit::record(tx, now, &Entry::new(app.tenant, user.id, operation)).await?;
            user.id
        }
    };
    ensure_tailnet(app, tx, id, now).await?;
    Ok(CodeAnswer::Done(locked(tx, app, id).await?))
}

/// Completes registration without an address, where the shop sends no mail.
pub async fn complete_without_mail(app: &Core, user: UserId) -> Result<User, StoreError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    if store::complete(&mut *tx, app.tenant, user, now).await? {
        audit::record(&mut tx, now, &Entry::new(app.tenant, user, Operation::UserRegistered)).await?;
    }
    ensure_tailnet(app, &mut tx, user, now).await?;
    let user = locked(&mut tx, app, user).await?;
    tx.commit().await?;
    Ok(user)
}

/// Makes the user's tailnet, with the code for its ACL, unless there is one.
async fn ensure_tailnet(
    app: &Core,
    tx: &mut PgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let code = AclCode::generate(&*app.random);
    let digest = code.digest(&app.lookup);
    let sealed = app.seal.seal(&digest.row(), code.to_string().as_bytes());
    store::ensure_tailnet(tx, app.tenant, user, digest, &sealed, now).await
}

async fn locked(tx: &mut PgConnection, app: &Core, id: UserId) -> Result<User, StoreError> {
    store::lock(tx, app.tenant, id).await?.ok_or(StoreError::Conflict { table: "users" })
}
