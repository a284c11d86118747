//! Reading users, and making them.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::{PgConnection, PgExecutor};

use crate::account::{Email, NOTED_AFTER, Role, SILENCE, User, Username};
use crate::db::StoreError;
use crate::types::{Lang, TelegramId, TenantId, UserId};

struct Row {
    id: i64,
    tenant_id: i64,
    username: String,
    email: Option<String>,
    role: Role,
    is_banned: bool,
    telegram_id: Option<i64>,
    language: String,
    time_zone: String,
    registered_at: Option<DateTime<Utc>>,
    rental_expiry: Option<DateTime<Utc>>,
    last_login: Option<DateTime<Utc>>,
    last_seen_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for User {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let wrong = |column| StoreError::Inconsistent { table: "users", column, row: row.id };
        Ok(Self {
            id: UserId(row.id),
            tenant: TenantId(row.tenant_id),
            username: row.username.parse().map_err(|_| wrong("username"))?,
            email: row.email.map(|email| email.parse()).transpose().map_err(|_| wrong("email"))?,
            role: row.role,
            is_banned: row.is_banned,
            telegram: row.telegram_id.map(TelegramId),
            lang: Lang::from_tag(&row.language).ok_or_else(|| wrong("language"))?,
            zone: row.time_zone.parse().map_err(|_| wrong("time_zone"))?,
            registered_at: row.registered_at,
            rental_expiry: row.rental_expiry,
            last_login: row.last_login,
            last_seen: row.last_seen_at,
            closed_at: row.closed_at,
            created_at: row.created_at,
        })
    }
}

/// The columns of [`Row`], with what follows them in the statement.
macro_rules! select_users {
    ($rest:literal, $($arg:expr),+) => {
        sqlx::query_as!(
            Row,
            r#"select id, tenant_id, username, email, role as "role: Role", is_banned, telegram_id, language, time_zone,
                 registered_at, rental_expiry, last_login, last_seen_at, closed_at, created_at
               from users where tenant_id = $1 "# + $rest,
            $($arg),+
        )
    };
}

/// How a user is known.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// By the row.
    Id(UserId),
    /// By the number on Telegram.
    Telegram(TelegramId),
    /// By the verified address.
    Email(&'a Email),
    /// By the name.
    Username(&'a str),
}

/// One user of the tenant.
pub async fn find(db: impl PgExecutor<'_>, tenant: TenantId, by: By<'_>) -> Result<Option<User>, StoreError> {
    let row = match by {
        By::Id(id) => select_users!("and id = $2", tenant.0, id.0).fetch_optional(db).await?,
        By::Telegram(id) => select_users!("and telegram_id = $2", tenant.0, id.0).fetch_optional(db).await?,
        By::Email(email) => {
            select_users!("and lower(email) = lower($2)", tenant.0, email.as_str()).fetch_optional(db).await?
        }
        By::Username(name) => {
            select_users!("and lower(username) = lower($2)", tenant.0, name).fetch_optional(db).await?
        }
    };
    row.map(User::try_from).transpose()
}

/// One user, locked until the transaction ends.
pub async fn lock(db: &mut PgConnection, tenant: TenantId, id: UserId) -> Result<Option<User>, StoreError> {
    let row = select_users!("and id = $2 for update", tenant.0, id.0).fetch_optional(db).await?;
    row.map(User::try_from).transpose()
}

/// Everybody of role admin.
pub async fn all_admins(db: impl PgExecutor<'_>, tenant: TenantId) -> Result<Vec<User>, StoreError> {
    let rows =
        select_users!("and role = $2 order by id", tenant.0, Role::Admin as Role).fetch_all(db).await?;
    rows.into_iter().map(User::try_from).collect()
}

/// Up to `limit` users whom `query` may mean: by row or Telegram number, else by a part of name or address, best
/// match first. Closed accounts are among them.
pub async fn search(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    query: &str,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let query = query.trim().trim_start_matches(['@', '#']);
    let number = query.parse::<i64>().ok();
    // A pattern's own signs in the query are meant as they are.
    let pattern = query.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    let rows = select_users!(
        "and (id = $2 or telegram_id = $2 or username ilike '%' || $3 || '%' or email ilike '%' || $3 || '%')
         order by (id = $2 or telegram_id = $2) desc nulls last,
           (lower(username) = lower($4) or lower(email) = lower($4)) desc nulls last,
           (username ilike $3 || '%' or email ilike $3 || '%') desc nulls last, id
         limit $5",
        tenant.0,
        number,
        pattern,
        query,
        limit
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(User::try_from).collect()
}

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    /// The number on Telegram; none over the API.
    pub telegram: Option<TelegramId>,
    /// The name.
    pub username: &'a Username,
    /// The language to speak.
    pub lang: Lang,
    /// The zone to tell times in.
    pub zone: Tz,
}

/// Makes a user. `None` if the name or the Telegram number belongs to another.
pub async fn insert(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    user: &NewUser<'_>,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into users (tenant_id, telegram_id, username, language, time_zone, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict do nothing returning id",
        tenant.0,
        user.telegram.map(|id| id.0),
        user.username.as_str(),
        user.lang.tag(),
        user.zone.name(),
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(UserId))
}

/// What a sign of life means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing new.
    Again,
    /// The first one after an hour's silence.
    Login,
}

/// Notes a sign of life; within a minute of the last one nothing is written.
pub async fn touch(
    db: impl PgExecutor<'_>,
    tenant: TenantId,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<Seen, StoreError> {
    let login = sqlx::query_scalar!(
        r#"update users set last_seen_at = $3,
             last_login = case when coalesce(last_seen_at <= $4, true) then $3 else last_login end
           where tenant_id = $1 and id = $2 and coalesce(last_seen_at < $5, true)
           returning (last_login = $3) as "login!""#,
        tenant.0,
        id.0,
        now,
        now - SILENCE,
        now - NOTED_AFTER
    )
    .fetch_optional(db)
    .await?;
    Ok(if login == Some(true) { Seen::Login } else { Seen::Again })
}
