//! Who somebody is: the account behind a Telegram number, and what admins decide about accounts.

use crate::account::store::{self, By, NewUser, Seen};
use crate::account::{AdminActor, Newcomer, Role, User, Username};
use crate::app::{App, Core};
use crate::audit::{self, Entry, Operation};
use crate::clock::below;
use crate::db::StoreError;
use crate::secret::SecretError;
use crate::types::UserId;

/// Names tried in order before random ones: `lin`, `lin-2`, `lin-3`.
const ORDERLY: u32 = 3;
/// Names tried in all; a random one of a million is hardly ever taken.
const NAMES: u32 = 12;

/// The user behind a Telegram number; the first message of a number makes one. Notes the sign of life, which after an
/// hour's silence is a login.
pub async fn meet(app: &Core, newcomer: &Newcomer) -> Result<User, StoreError> {
    let by = By::Telegram(newcomer.telegram);
    let user = match store::find(&app.pool, app.tenant, by).await? {
        Some(user) => user,
        None => make(app, newcomer).await?,
    };
    let now = app.clock.now();
    if !user.was_seen_just_before(now) {
        let mut tx = app.pool.begin().await?;
        if store::touch(&mut *tx, app.tenant, user.id, now).await? == Seen::Login {
            audit::record(&mut tx, now, &Entry::new(app.tenant, user.id, Operation::UserLogin)).await?;
        }
        tx.commit().await?;
    }
    Ok(user)
}

async fn make(app: &Core, newcomer: &Newcomer) -> Result<User, StoreError> {
    let wanted = Username::from_telegram(newcomer.user_name.as_deref(), &newcomer.name);
    for attempt in 1..=NAMES {
        let username = match attempt {
            1 => wanted.clone(),
            2..=ORDERLY => wanted.with_suffix(attempt),
            _ => wanted.with_suffix(below(&*app.random, 1_000_000)),
        };
        let new = NewUser {
            telegram: Some(newcomer.telegram),
            username: &username,
            lang: newcomer.lang,
            zone: newcomer.zone,
        };
        store::insert(&app.pool, app.tenant, &new, app.clock.now()).await?;
        // Not made: the name is taken, or another update of the same person was faster.
        if let Some(user) = store::find(&app.pool, app.tenant, By::Telegram(newcomer.telegram)).await? {
            return Ok(user);
        }
    }
    Err(StoreError::Conflict { table: "users" })
}

fn pending_row(user: UserId) -> String {
    format!("users:{user}:pending_start")
}

/// Keeps the payload of a deep link until registration is complete.
pub async fn keep_payload(app: &Core, user: UserId, payload: &str) -> Result<(), StoreError> {
    let sealed = app.seal.seal(&pending_row(user), payload.as_bytes());
    store::set_pending_start(&app.pool, app.tenant, user, Some(&sealed)).await
}

/// The payload that was kept, if there is one. It stays until [`drop_payload`], so that a crash while it is acted on
/// loses nothing.
pub async fn kept_payload(app: &App, user: UserId) -> Result<Option<String>, StoreError> {
    let Some(sealed) = store::pending_start(&app.pool, app.tenant, user).await? else { return Ok(None) };
    let opened: Result<_, SecretError> = app.open.open(&pending_row(user), &sealed);
    let text = opened.ok().and_then(|plain| String::from_utf8(plain.to_vec()).ok());
    if text.is_none() {
        tracing::error!(%user, "the payload of a deep link doesn't open");
    }
    Ok(text)
}

/// The payload has been acted on.
pub async fn drop_payload(app: &Core, user: UserId) -> Result<(), StoreError> {
    store::set_pending_start(&app.pool, app.tenant, user, None).await
}

/// Moves a kept payload to another row, in the caller's transaction.
pub(super) async fn move_payload(
    app: &App,
    db: &mut sqlx::PgConnection,
    from: UserId,
    to: UserId,
) -> Result<(), StoreError> {
    let Some(sealed) = store::pending_start(&mut *db, app.tenant, from).await? else { return Ok(()) };
    let Ok(plain) = app.open.open(&pending_row(from), &sealed) else { return Ok(()) };
    let sealed = app.seal.seal(&pending_row(to), &plain);
    store::set_pending_start(db, app.tenant, to, Some(&sealed)).await
}

/// Gives somebody a role; answers `false` if they have it already.
pub async fn grant(app: &Core, by: &AdminActor, user: UserId, role: Role) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let changed = store::set_role(&mut *tx, app.tenant, user, role, by).await?;
    if changed {
        let entry = Entry::new(app.tenant, by, Operation::UserRoleChanged);
        audit::record(&mut tx, now, &entry.with("user_id", user).with("role", role.name())).await?;
    }
    tx.commit().await?;
    Ok(changed)
}
