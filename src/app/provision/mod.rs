//! From a paid rental to a relay that works: places, containers, tests, and the ACL that names them.

mod acl;
mod place;
mod progress;

pub use acl::{publish, publish_change};
pub use place::{fill_half, open_rental, replace_failed, retry_places};
pub use progress::{Progress, Stage, progress};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{App, AppError};
use crate::account;
use crate::audit::{self, Actor, Entry, Operation};
use crate::fleet::container::{self, Container, ContainerStatus, ServerLease};
use crate::fleet::files::RelaySecrets;
use crate::fleet::reconcile::Desired;
use crate::jobs::{self, MailRenewal, ReconcileServer};
use crate::notify::{self, Audience, Letter, Notice};
use crate::rental::{self, Rental, RentalState};
use crate::serial;
use crate::types::{ContainerId, RentalId, UserId};

/// A place for a relay couldn't be found, or something of ours failed.
#[derive(Debug)]
pub enum ProvisionError {
    /// No server has room.
    NoRoom,
    /// Ours.
    Failed(AppError),
}

impl<E: Into<AppError>> From<E> for ProvisionError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What must follow when a rental's state changed to `to`: its containers, the user's last end, the ACL's readers.
pub async fn after_change(
    app: &App,
    tx: &mut PgConnection,
    rental: &Rental,
    to: RentalState,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let desired = match to {
        RentalState::Starting { .. } | RentalState::Active { .. } => Desired::Running,
        RentalState::Paused { .. } | RentalState::Expired { .. } => Desired::Stopped,
        RentalState::Released { .. } => Desired::Removed,
    };
    // A suspended account's time runs on, but nothing of it serves.
    let user = account::store::find(&mut *tx, app.tenant, account::store::By::Id(rental.user)).await?;
    let suspended = user.is_some_and(|user| user.is_banned);
    let desired = if suspended && desired == Desired::Running { Desired::Stopped } else { desired };
    for server in container::store::set_desired(tx, rental.id, desired, now).await? {
        jobs::enqueue(tx, &ReconcileServer { server }).await?;
    }
    refresh_expiry(app, tx, rental.user).await?;
    Ok(())
}

/// Tells a user, in the chat and by mail, that a rental has a new end.
pub async fn tell_renewal(
    app: &App,
    tx: &mut PgConnection,
    user: UserId,
    rental: RentalId,
    old_end: DateTime<Utc>,
    new_end: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    jobs::enqueue(tx, &MailRenewal { rental, old_end, new_end }).await?;
    let key = format!("renewed:{rental}:{}", new_end.timestamp());
    let notice = Notice::Renewed { rental_id: rental, old_end, new_end };
    notify::enqueue(tx, now, &Letter::new(app.tenant, Audience::User(user), notice, key)).await?;
    Ok(())
}

/// Tells a rental's user how its set-up stands: one message, edited as it goes on.
async fn tell_progress(
    app: &App,
    tx: &mut PgConnection,
    user: UserId,
    rental: RentalId,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    // Each change of the store is one more edit; what it says is read when it is sent, so the latest wins.
    let key = format!("provision:{rental}:{}", now.timestamp_micros());
    let letter = Letter::new(app.tenant, Audience::User(user), Notice::Provision { rental_id: rental }, key)
        .slot(progress_slot(rental));
    notify::enqueue(tx, now, &letter).await?;
    Ok(())
}

/// The slot of a rental's progress message.
pub fn progress_slot(rental: RentalId) -> String {
    format!("provision:{rental}")
}

/// Records that a container was started: it is to be tested now.
pub async fn container_started(app: &App, lease: &ServerLease, id: ContainerId) -> Result<(), AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    container::store::started(&mut tx, lease, id, now).await?;
    if let Some(container) = container::store::find(&mut tx, id).await?
        && container.passed_at.is_none()
    {
        tell_progress(app, &mut tx, container.user, container.rental, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Records that a container passed its tests. The first of a rental starts its time; when all of it serve, the ACL
/// goes out.
pub async fn container_passed(app: &App, lease: &ServerLease, id: ContainerId) -> Result<(), AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let Some(container) = container::store::find(&mut tx, id).await? else { return Ok(()) };
    // Locked before anything is written: both halves of a rental may pass in the same moment.
    let Some(rental) = rental::store::lock(&mut tx, app.tenant, container.rental).await? else {
        return Ok(());
    };
    container::store::passed(&mut tx, lease, id, now).await?;
    let begun = rental.state.begin(now);
    if begun != rental.state {
        rental::store::transition(&mut tx, &rental, begun, now).await?;
        serial::store::date_waiting(&mut tx, rental.id, now).await?;
        refresh_expiry(app, &mut tx, rental.user).await?;
    }
    audit::record(&mut tx, now, &test_entry(app, &container)).await?;
    let halves = container::store::of_rental(&mut tx, rental.id).await?;
    let serving = |c: &&Container| c.status == ContainerStatus::Running && c.desired == Desired::Running;
    if halves.iter().filter(serving).count() >= rental.terms.redundancy.halves().len() {
        publish(app, &mut tx, rental.user, rental.tailnet, now).await?;
    }
    if container.passed_at.is_none() {
        tell_progress(app, &mut tx, rental.user, rental.id, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Opens a container's secrets, for upload and for probing.
pub fn open_secrets(app: &App, sealed: &container::store::Sealed) -> Result<RelaySecrets, AppError> {
    let plain = app.open.open(&container::secrets_row(&sealed.admit_digest), &sealed.secrets)?;
    Ok(container::decode_secrets(&plain)?)
}

/// Opens a container's admission token.
pub fn open_admit_token(app: &App, sealed: &container::store::Sealed) -> Result<String, AppError> {
    let plain = app.open.open(&container::admit_row(&sealed.admit_digest), &sealed.admit)?;
    String::from_utf8(plain.to_vec()).map_err(|_| AppError::from(container::UnreadableSecrets))
}

/// Writes a user's latest end, in the transaction that changed one of the rentals.
pub async fn refresh_expiry(app: &App, tx: &mut PgConnection, user: UserId) -> Result<(), AppError> {
    let end = rental::store::latest_end(tx, app.tenant, user).await?;
    account::store::set_rental_expiry(&mut *tx, app.tenant, user, end).await?;
    Ok(())
}

/// The record of a container's tests.
fn test_entry(app: &App, container: &Container) -> Entry {
    Entry::new(app.tenant, Actor::Shop, Operation::ContainerTest)
        .with("container_id", container.id)
        .with("server_id", container.server)
        .with("rental_id", container.rental)
}
