//! Customers: found by whatever an admin knows of them, suspended and restored.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::account::store::{self as accounts};
use crate::account::{AdminActor, Role, User};
use crate::app::views::relays::{self, Relay};
use crate::app::{App, AppError, Core};
use crate::audit::{self, Entry, Operation};
use crate::fleet::container;
use crate::fleet::reconcile::Desired;
use crate::jobs::{self, ReconcileServer};
use crate::rental;
use crate::types::{RentalId, UserId};

/// Customers shown where a query fits several.
const SHOWN: i64 = 8;

/// Whom a query means.
#[derive(Clone, Debug)]
pub enum Found {
    /// One customer, by number, Telegram number, whole name or whole address.
    One(Box<User>),
    /// Several, or some whose name or address only contains it, best match first.
    Maybe(Vec<User>),
    /// Nobody.
    Nobody,
}

/// Finds whom an admin means.
pub async fn find(app: &Core, query: &str) -> Result<Found, AppError> {
    let mut found = accounts::search(&app.pool, app.tenant, query, SHOWN).await?;
    let name = query.trim().trim_start_matches(['@', '#']);
    let number = name.parse::<i64>().ok();
    let is_exact = |user: &User| {
        number.is_some_and(|n| user.id.0 == n || user.telegram.is_some_and(|telegram| telegram.0 == n))
            || user.username.as_str().eq_ignore_ascii_case(name)
            || user.email.as_ref().is_some_and(|email| email.as_str().eq_ignore_ascii_case(name))
    };
    Ok(match found.iter().filter(|user| is_exact(user)).count() {
        1 => {
            found.retain(is_exact);
            found.pop().map_or(Found::Nobody, |user| Found::One(Box::new(user)))
        }
        0 if found.is_empty() => Found::Nobody,
        _ => Found::Maybe(found),
    })
}

/// A rental with its customer, for admins.
pub async fn rental(app: &Core, id: RentalId) -> Result<Option<(User, Relay)>, AppError> {
    let mut conn = app.pool.acquire().await?;
    let Some(rental) = rental::store::find(&mut conn, app.tenant, id).await? else { return Ok(None) };
    let user = accounts::find(&mut *conn, app.tenant, accounts::By::Id(rental.user)).await?;
    drop(conn);
    let Some(user) = user else { return Ok(None) };
    let relay = relays::one(app, user.id, id).await?;
    Ok(relay.map(|relay| (user, relay)))
}

/// What became of a suspension or its end.
#[derive(Clone, Debug)]
pub enum Suspension {
    /// Done; so many rentals stopped or started again.
    Done {
        /// Whom.
        user: Box<User>,
        /// Their rentals with relays.
        rentals: u32,
    },
    /// Nothing to do: it was so already.
    Already {
        /// Whom.
        user: Box<User>,
    },
    /// An admin can't be suspended.
    IsAdmin {
        /// Whom.
        user: Box<User>,
    },
    /// There is no such account.
    Gone,
}

/// Suspends an account and stops its relays; their time runs on.
pub async fn ban(
    app: &App,
    tx: &mut PgConnection,
    admin: &AdminActor,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<Suspension, AppError> {
    let Some(user) = accounts::lock(tx, app.tenant, id).await? else { return Ok(Suspension::Gone) };
    let user = Box::new(user);
    if user.role == Role::Admin {
        return Ok(Suspension::IsAdmin { user });
    }
    if !accounts::ban(&mut *tx, app.tenant, id, admin).await? {
        return Ok(Suspension::Already { user });
    }
    let rentals = want(app, tx, id, Desired::Stopped, now).await?;
    let entry = Entry::new(app.tenant, admin, Operation::UserBanned).with("user_id", id);
    audit::record(tx, now, &entry.with("rentals", rentals)).await?;
    Ok(Suspension::Done { user, rentals })
}

/// Ends a suspension and starts the relays whose time still runs.
pub async fn unban(app: &App, admin: &AdminActor, id: UserId) -> Result<Suspension, AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let Some(user) = accounts::lock(&mut tx, app.tenant, id).await? else { return Ok(Suspension::Gone) };
    let user = Box::new(user);
    if !accounts::unban(&mut *tx, app.tenant, id, admin).await? {
        return Ok(Suspension::Already { user });
    }
    let rentals = want(app, &mut tx, id, Desired::Running, now).await?;
    let entry = Entry::new(app.tenant, admin, Operation::UserUnbanned).with("user_id", id);
    audit::record(&mut tx, now, &entry.with("rentals", rentals)).await?;
    tx.commit().await?;
    Ok(Suspension::Done { user, rentals })
}

/// Says what the containers of a user's live rentals should be; answers how many rentals these are.
async fn want(
    app: &App,
    tx: &mut PgConnection,
    user: UserId,
    desired: Desired,
    now: DateTime<Utc>,
) -> Result<u32, AppError> {
    let mut count = 0;
    for rental in rental::store::of_user(tx, app.tenant, user).await? {
        if !rental.state.wants_relays() {
            continue;
        }
        count += 1;
        for server in container::store::set_desired(tx, rental.id, desired, now).await? {
            jobs::enqueue(tx, &ReconcileServer { server }).await?;
        }
    }
    Ok(count)
}
