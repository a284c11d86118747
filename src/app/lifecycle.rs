//! A rental's life after it began: ended, kept, released, paused, resumed, renewed by an admin.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::provision;
use super::{App, AppError};
use crate::account::AdminActor;
use crate::audit::{self, Actor, Entry, Operation};
use crate::notify::{self, Audience, Letter, Notice};
use crate::rental::{self, KEPT, Rental, RentalError, RentalState};
use crate::types::RentalId;

/// Rentals handled by one sweep; more wait for the next.
const PER_SWEEP: i64 = 500;

/// An act on a rental was refused, or something of ours failed.
#[derive(Debug, thiserror::Error)]
pub enum LifecycleError {
    /// The tenant has no such rental.
    #[error("there is no such rental")]
    NotFound,
    /// The rental is where this isn't possible.
    #[error("the rental doesn't allow this now")]
    State(#[source] RentalError),
    /// Ours.
    #[error("a rental could not be changed")]
    Failed(#[source] AppError),
}

impl<E: Into<AppError>> From<E> for LifecycleError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A rental before and after an act.
#[derive(Clone, Debug)]
pub struct Changed {
    /// As it was.
    pub before: Rental,
    /// Where it is now.
    pub after: RentalState,
}

/// Sets a rental's end to a date that an admin chose; its user is told and mailed. What had ended runs again.
pub async fn renew(
    app: &App,
    admin: &AdminActor,
    id: RentalId,
    end: DateTime<Utc>,
) -> Result<Changed, LifecycleError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let changed = renew_in(app, &mut tx, admin, id, end, now).await?;
    tx.commit().await?;
    Ok(changed)
}

/// As [`renew`], in the caller's transaction.
pub async fn renew_in(
    app: &App,
    tx: &mut PgConnection,
    admin: &AdminActor,
    id: RentalId,
    end: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Changed, LifecycleError> {
    let changed = change(app, tx, admin.into(), id, now, |state| state.set_end(end, now)).await?;
    if let Some(old_end) = changed.before.state.end() {
        provision::tell_renewal(app, tx, changed.before.user, id, old_end, end, now).await?;
    }
    Ok(changed)
}

/// Stops a rental's clock and its containers.
pub async fn pause(app: &App, admin: &AdminActor, id: RentalId) -> Result<Changed, LifecycleError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let changed = change(app, &mut tx, admin.into(), id, now, |state| state.pause(now)).await?;
    tell(app, &mut tx, &changed.before, Notice::RentalPaused { rental_id: id }, now).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Lets a rental's clock run again, with the days it had.
pub async fn resume(app: &App, admin: &AdminActor, id: RentalId) -> Result<Changed, LifecycleError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let changed = change(app, &mut tx, admin.into(), id, now, |state| state.resume(now)).await?;
    tell(app, &mut tx, &changed.before, Notice::RentalResumed { rental_id: id }, now).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Gives up a rental's containers, addresses and ports, whatever time was left, in the caller's transaction. Its
/// records stay.
pub async fn release(
    app: &App,
    tx: &mut PgConnection,
    admin: &AdminActor,
    id: RentalId,
    now: DateTime<Utc>,
) -> Result<Changed, LifecycleError> {
    release_in(app, tx, admin.into(), id, now).await
}

/// Ends rentals whose time is over, and releases those whose keeping is. Answers with how many of each.
pub async fn sweep(app: &App) -> Result<(usize, usize), LifecycleError> {
    let now = app.clock.now();
    let mut conn = app.pool.acquire().await?;
    let ended = rental::store::ended(&mut conn, app.tenant, now, PER_SWEEP).await?;
    let over = rental::store::kept_since(&mut conn, app.tenant, now - KEPT, PER_SWEEP).await?;
    drop(conn);
    for id in &ended {
        let mut tx = app.pool.begin().await?;
        // It may have been renewed since it was found: then this changes nothing.
        let changed = change(app, &mut tx, Actor::Shop, *id, now, |state| Ok(state.expire(now))).await?;
        if changed.after != changed.before.state {
            tell(app, &mut tx, &changed.before, Notice::RentalEnded { rental_id: *id }, now).await?;
        }
        tx.commit().await?;
    }
    for id in &over {
        let mut tx = app.pool.begin().await?;
        let found = rental::store::lock(&mut tx, app.tenant, *id).await?;
        let still = found.is_some_and(|rental| match rental.state {
            RentalState::Expired { end, .. } => end <= now - KEPT,
            RentalState::Starting { .. }
            | RentalState::Active { .. }
            | RentalState::Paused { .. }
            | RentalState::Released { .. } => false,
        });
        if still {
            release_in(app, &mut tx, Actor::Shop, *id, now).await?;
            tx.commit().await?;
        }
    }
    Ok((ended.len(), over.len()))
}

async fn release_in(
    app: &App,
    tx: &mut PgConnection,
    actor: Actor,
    id: RentalId,
    now: DateTime<Utc>,
) -> Result<Changed, LifecycleError> {
    let changed = change(app, tx, actor, id, now, |state| match state {
        RentalState::Released { .. } => Err(RentalError::Released),
        RentalState::Starting { .. }
        | RentalState::Active { .. }
        | RentalState::Paused { .. }
        | RentalState::Expired { .. } => Ok(RentalState::Released { at: now }),
    })
    .await?;
    provision::publish(app, tx, changed.before.user, changed.before.tailnet, now).await?;
    tell(app, tx, &changed.before, Notice::RentalReleased { rental_id: id }, now).await?;
    Ok(changed)
}

/// Locks a rental, moves it, and does what follows from that.
async fn change(
    app: &App,
    tx: &mut PgConnection,
    actor: Actor,
    id: RentalId,
    now: DateTime<Utc>,
    to: impl FnOnce(RentalState) -> Result<RentalState, RentalError>,
) -> Result<Changed, LifecycleError> {
    let Some(before) = rental::store::lock(tx, app.tenant, id).await? else {
        return Err(LifecycleError::NotFound);
    };
    let after = to(before.state).map_err(LifecycleError::State)?;
    if after != before.state {
        rental::store::transition(tx, &before, after, now).await?;
        provision::after_change(app, tx, &before, after, now).await?;
        let entry = Entry::new(app.tenant, actor, Operation::RentalChange)
            .with("rental_id", id)
            .with("user_id", before.user)
            .with("to", after.name())
            .with("end", after.end());
        audit::record(tx, now, &entry).await?;
    }
    Ok(Changed { before, after })
}

async fn tell(
    app: &App,
    tx: &mut PgConnection,
    rental: &Rental,
    notice: Notice,
    now: DateTime<Utc>,
) -> Result<(), LifecycleError> {
    let key = format!("rental:{}:{}", rental.id, now.timestamp_micros());
    notify::enqueue(tx, now, &Letter::new(app.tenant, Audience::User(rental.user), notice, key)).await?;
    Ok(())
}
