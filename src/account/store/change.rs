//! Changing users: each change is guarded by the state that it expects.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::{PgConnection, PgExecutor};

use crate::account::{AdminActor, Email, Guesses, Role, Username};
use crate::db::{StoreError, ensure_one};
use crate::types::{Lang, TelegramId, TenantId, UserId};

/// The index that keeps names apart.
const USERNAME_INDEX: &str = "users_username";
/// The index that keeps addresses apart.
const EMAIL_INDEX: &str = "users_email";

/// Sets the language to speak.
pub async fn set_lang(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    lang: Lang,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update users set language = $3, updated_at = now() where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        lang.tag()
    )
    .execute(db)
    .await?;
    ensure_one(&done, "users")
}

/// Sets the zone to tell times in.
pub async fn set_zone(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    zone: Tz,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update users set time_zone = $3, updated_at = now() where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        zone.name()
    )
    .execute(db)
    .await?;
    ensure_one(&done, "users")
}

/// Somebody else has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsernameTaken;

/// Sets the name. The transaction can't go on after [`UsernameTaken`].
pub async fn set_username(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    name: &Username,
) -> Result<Result<(), UsernameTaken>, StoreError> {
    let done = sqlx::query!(
        "update users set username = $3, updated_at = now() where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        name.as_str()
    )
    .execute(db)
    .await
    .map_err(StoreError::from);
    match done {
        Ok(done) => ensure_one(&done, "users").map(Ok),
        Err(error) if error.breaks(USERNAME_INDEX) => Ok(Err(UsernameTaken)),
        Err(error) => Err(error),
    }
}

/// Another account has this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmailTaken;

/// Binds the address that was proved, which completes registration. The transaction can't go on after [`EmailTaken`].
pub async fn verify_email(
    db: &mut PgConnection,
    tenant: TenantId,
    id: UserId,
    email: &Email,
    now: DateTime<Utc>,
) -> Result<Result<(), EmailTaken>, StoreError> {
    let done = sqlx::query!(
        "update users set email = $3, is_verified = true, registered_at = coalesce(registered_at, $4),
           updated_at = $4
         where tenant_id = $1 and id = $2 and closed_at is null",
        tenant.0,
        id.0,
        email.as_str(),
        now
    )
    .execute(db)
    .await
    .map_err(StoreError::from);
    match done {
        Ok(done) => ensure_one(&done, "users").map(Ok),
        Err(error) if error.breaks(EMAIL_INDEX) => Ok(Err(EmailTaken)),
        Err(error) => Err(error),
    }
}

/// Completes registration without an address; answers `false` if it was complete.
pub async fn complete(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update users set registered_at = $3, updated_at = $3
         where tenant_id = $1 and id = $2 and registered_at is null and closed_at is null",
        tenant.0,
        id.0,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the Telegram number from a row that never became an account, and closes it.
pub async fn release_telegram(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update users set telegram_id = null, closed_at = $3, updated_at = $3, pending_start_sealed = null
         where tenant_id = $1 and id = $2 and registered_at is null and closed_at is null",
        tenant.0,
        id.0,
        now
    )
    .execute(db)
    .await?;
    ensure_one(&done, "users")
}

/// Gives a Telegram number to an account that has none, with the language and zone chosen there.
pub async fn link_telegram(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    telegram: TelegramId,
    lang: Lang,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update users set telegram_id = $3, language = $4, registered_at = coalesce(registered_at, $5),
           updated_at = $5
         where tenant_id = $1 and id = $2 and telegram_id is null and closed_at is null",
        tenant.0,
        id.0,
        telegram.0,
        lang.tag(),
        now
    )
    .execute(db)
    .await?;
    ensure_one(&done, "users")
}

/// Gives a role; answers `false` if it is that already.
pub async fn set_role(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    role: Role,
    _by: &AdminActor,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update users set role = $3, updated_at = now()
         where tenant_id = $1 and id = $2 and role <> $3 and closed_at is null",
        tenant.0,
        id.0,
        role as Role
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Suspends an account; answers `false` if it is suspended already. Stopping its relays is the caller's part.
pub async fn ban(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    _by: &AdminActor,
) -> Result<bool, StoreError> {
    set_banned(db, tenant, id, true).await
}

/// Ends a suspension; answers `false` if there is none. Starting its relays is the caller's part.
pub async fn unban(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    _by: &AdminActor,
) -> Result<bool, StoreError> {
    set_banned(db, tenant, id, false).await
}

async fn set_banned(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    banned: bool,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update users set is_banned = $3, updated_at = now()
         where tenant_id = $1 and id = $2 and is_banned <> $3",
        tenant.0,
        id.0,
        banned
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the payload of a deep link (sealed), in place of an earlier one; `None` forgets it.
pub async fn set_pending_start(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    sealed: Option<&[u8]>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update users set pending_start_sealed = $3 where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        sealed
    )
    .execute(db)
    .await?;
    ensure_one(&done, "users")
}

/// The payload that was kept, sealed.
pub async fn pending_start(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
) -> Result<Option<Vec<u8>>, StoreError> {
    let held = sqlx::query_scalar!(
        "select pending_start_sealed from users where tenant_id = $1 and id = $2",
        tenant.0,
        id.0
    )
    .fetch_optional(db)
    .await?;
    Ok(held.flatten())
}

/// Somebody's guesses at serials.
pub async fn guesses(db: impl PgExecutor<'_>, tenant: TenantId, id: UserId) -> Result<Guesses, StoreError> {
    let row = sqlx::query!(
        "select guess_count, guess_window, redeem_locked_until from users where tenant_id = $1 and id = $2",
        tenant.0,
        id.0
    )
    .fetch_one(db)
    .await?;
    Ok(Guesses { count: row.guess_count, window: row.guess_window, locked_until: row.redeem_locked_until })
}

/// Counts one more guess and answers with what it comes to.
pub async fn count_guess(
    db: &mut PgConnection,
    tenant: TenantId,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<Guesses, StoreError> {
    // Locks the row, so that guesses sent at once are all counted.
    sqlx::query!("select id from users where tenant_id = $1 and id = $2 for update", tenant.0, id.0)
        .fetch_one(&mut *db)
        .await?;
    let after = guesses(&mut *db, tenant, id).await?.after_one(now);
    sqlx::query!(
        "update users set guess_count = $3, guess_window = $4, redeem_locked_until = $5
         where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        after.count,
        after.window,
        after.locked_until
    )
    .execute(db)
    .await?;
    Ok(after)
}

/// Sets the latest end over a user's rentals; belongs into the transaction that changes one.
pub async fn set_rental_expiry(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    end: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update users set rental_expiry = $3, updated_at = now() where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        end
    )
    .execute(db)
    .await?;
    ensure_one(&done, "users")
}
