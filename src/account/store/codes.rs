//! SQL of `email_codes`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::account::{CODE_LIFETIME, CODE_TRIES, Email, EmailCodeId, OpenCode};
use crate::db::{StoreError, ensure_one};
use crate::types::{TenantId, UserId};

struct Row {
    id: i64,
    user_id: i64,
    email: String,
    code_digest: Vec<u8>,
    tries: i16,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl TryFrom<Row> for OpenCode {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let wrong = |column| StoreError::Inconsistent { table: "email_codes", column, row: row.id };
        Ok(Self {
            id: EmailCodeId(row.id),
            user: UserId(row.user_id),
            email: row.email.parse().map_err(|_| wrong("email"))?,
            digest: row.code_digest.try_into().map_err(|_| wrong("code_digest"))?,
            tries: row.tries,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

macro_rules! select_open {
    ($rest:literal, $user:expr) => {
        sqlx::query_as!(
            Row,
            "select id, user_id, email, code_digest, tries, created_at, expires_at from email_codes
             where user_id = $1 and consumed_at is null and closed_at is null "
                + $rest,
            $user
        )
    };
}

/// The code that a user was sent last and hasn't used; it may be too old.
pub async fn open_code(db: impl PgExecutor<'_>, user: UserId) -> Result<Option<OpenCode>, StoreError> {
    select_open!("", user.0).fetch_optional(db).await?.map(OpenCode::try_from).transpose()
}

/// The same, locked until the transaction ends.
pub async fn lock_open_code(db: &mut PgConnection, user: UserId) -> Result<Option<OpenCode>, StoreError> {
    select_open!("for update", user.0).fetch_optional(db).await?.map(OpenCode::try_from).transpose()
}

/// The address that the last code of a user was for, whatever became of it.
pub async fn last_code_email(db: impl PgExecutor<'_>, user: UserId) -> Result<Option<Email>, StoreError> {
    let row = sqlx::query!(
        "select id, email from email_codes where user_id = $1 order by created_at desc, id desc limit 1",
        user.0
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        let wrong = StoreError::Inconsistent { table: "email_codes", column: "email", row: row.id };
        row.email.parse().map_err(|_| wrong)
    })
    .transpose()
}

/// The address that a code was for, and whose it was.
pub async fn code_email(
    db: impl PgExecutor<'_>,
    id: EmailCodeId,
) -> Result<Option<(UserId, String)>, StoreError> {
    let row =
        sqlx::query!("select user_id, email from email_codes where id = $1", id.0).fetch_optional(db).await?;
    Ok(row.map(|row| (UserId(row.user_id), row.email)))
}

/// When codes were asked for since a moment: by this user, and for this address by anybody of the tenant. Oldest first.
pub async fn sent_since(
    db: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
    email: &Email,
    since: DateTime<Utc>,
) -> Result<(Vec<DateTime<Utc>>, Vec<DateTime<Utc>>), StoreError> {
    let by_user = sqlx::query_scalar!(
        "select created_at from email_codes where user_id = $1 and created_at > $2 order by created_at",
        user.0,
        since
    )
    .fetch_all(&mut *db)
    .await?;
    let to_address = sqlx::query_scalar!(
        "select c.created_at from email_codes c join users u on u.id = c.user_id
         where lower(c.email) = lower($1) and c.created_at > $2 and u.tenant_id = $3 order by c.created_at",
        email.as_str(),
        since,
        tenant.0
    )
    .fetch_all(db)
    .await?;
    Ok((by_user, to_address))
}

/// A code to be stored.
#[derive(Clone, Debug)]
pub struct NewCode<'a> {
    /// Who asked for it.
    pub user: UserId,
    /// The address to be proved.
    pub email: &'a Email,
    /// [`crate::account::CodeDigits::digest`].
    pub digest: &'a [u8; 32],
    /// The digits, sealed for [`OpenCode::row`].
    pub sealed: &'a [u8],
}

/// Stores a code in place of the open one.
pub async fn replace_code(
    db: &mut PgConnection,
    code: &NewCode<'_>,
    now: DateTime<Utc>,
) -> Result<EmailCodeId, StoreError> {
    sqlx::query!(
        "update email_codes set closed_at = $2, code_sealed = null
         where user_id = $1 and consumed_at is null and closed_at is null",
        code.user.0,
        now
    )
    .execute(&mut *db)
    .await?;
    let id = sqlx::query_scalar!(
        "insert into email_codes (user_id, email, code_digest, code_sealed, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6) returning id",
        code.user.0,
        code.email.as_str(),
        code.digest,
        code.sealed,
        now,
        now + CODE_LIFETIME
    )
    .fetch_one(db)
    .await?;
    Ok(EmailCodeId(id))
}

/// Counts a wrong try; answers how many are left. The last one ends the code.
pub async fn count_try(
    db: &mut PgConnection,
    id: EmailCodeId,
    now: DateTime<Utc>,
) -> Result<i16, StoreError> {
    let tries = sqlx::query_scalar!(
        "update email_codes set tries = tries + 1,
           closed_at = case when tries + 1 >= $2 then $3::timestamptz end,
           code_sealed = case when tries + 1 >= $2 then null else code_sealed end
         where id = $1 and consumed_at is null and closed_at is null and tries < $2
         returning tries",
        id.0,
        CODE_TRIES,
        now
    )
    .fetch_optional(db)
    .await?;
    tries.map(|tries| CODE_TRIES - tries).ok_or(StoreError::Conflict { table: "email_codes" })
}

/// Uses a code up: the right digits were given.
pub async fn consume_code(
    db: impl PgExecutor<'_>,
    id: EmailCodeId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update email_codes set consumed_at = $2, code_sealed = null
         where id = $1 and consumed_at is null and closed_at is null",
        id.0,
        now
    )
    .execute(db)
    .await?;
    ensure_one(&done, "email_codes")
}

/// Ends a code that will never reach its address; answers `false` if it had ended before.
pub async fn close_code(
    db: impl PgExecutor<'_>,
    id: EmailCodeId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update email_codes set closed_at = $2, code_sealed = null
         where id = $1 and consumed_at is null and closed_at is null",
        id.0,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A code that waits to be mailed.
#[derive(Clone, Debug)]
pub struct SealedCode {
    /// The code.
    pub code: OpenCode,
    /// The digits, sealed for [`OpenCode::row`].
    pub sealed: Vec<u8>,
}

/// A code that is open and not mailed yet.
pub async fn sealed_code(db: impl PgExecutor<'_>, id: EmailCodeId) -> Result<Option<SealedCode>, StoreError> {
    let row = sqlx::query!(
        r#"select id, user_id, email, code_digest, tries, created_at, expires_at, code_sealed as "code_sealed!"
           from email_codes
           where id = $1 and consumed_at is null and closed_at is null and mailed_at is null
             and code_sealed is not null"#,
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        let code = Row {
            id: row.id,
            user_id: row.user_id,
            email: row.email,
            code_digest: row.code_digest,
            tries: row.tries,
            created_at: row.created_at,
            expires_at: row.expires_at,
        };
        Ok(SealedCode { code: code.try_into()?, sealed: row.code_sealed })
    })
    .transpose()
}

/// The mail with the code is on its way: the digits are no longer needed.
pub async fn mark_mailed(
    db: impl PgExecutor<'_>,
    id: EmailCodeId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update email_codes set mailed_at = $2, code_sealed = null where id = $1 and mailed_at is null",
        id.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes up to `limit` codes from before a moment; answers how many.
pub async fn delete_old_codes(
    db: impl PgExecutor<'_>,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from email_codes where id in (select id from email_codes where created_at < $1 limit $2)",
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
