//! Places: which servers a rental's relays stand on.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::super::{App, AppError};
use super::{ProvisionError, tell_progress, test_entry};
use crate::account;
use crate::account::store::{self as accounts, By};
use crate::audit;
use crate::derp::cert::relay_certificate;
use crate::derp::{MeshKey, NodePrivate};
use crate::fleet::container::{self, Container, NewContainer, admit_row, encode_secrets, secrets_row};
use crate::fleet::files::RelaySecrets;
use crate::fleet::reconcile::Desired;
use crate::fleet::server::Place;
use crate::fleet::store::placement;
use crate::jobs::{self, ReconcileServer};
use crate::notify::{self, Audience, Letter, Notice};
use crate::rental::{self, NewRental, Rental};
use crate::types::{ContainerId, Half, RentalId};

/// A server on which a relay of the rental failed is not tried again for this long.
const AVOID: TimeDelta = TimeDelta::minutes(30);

/// Opens a rental: its row, a place and a container for each half, and the jobs that start them.
///
/// The tailnet stays locked until the transaction ends, since region ids are given.
pub async fn open_rental(
    app: &App,
    tx: &mut PgConnection,
    new: &NewRental,
    now: DateTime<Utc>,
) -> Result<RentalId, ProvisionError> {
    account::store::lock_tailnet(tx, app.tenant, new.tailnet).await?;
    let halves = new.terms.redundancy.halves();
    let Some(places) =
        placement::place(tx, app.tenant, &new.region, new.terms.redundancy.count(), &[], now).await?
    else {
        return Err(ProvisionError::NoRoom);
    };
    let id = rental::store::insert(tx, app.tenant, new, now).await?;
    let rental = rental::store::lock(tx, app.tenant, id).await?.ok_or(ProvisionError::NoRoom)?;
    for (half, place) in halves.iter().zip(places) {
        rental::store::region_id(tx, new.tailnet, id, *half).await?.ok_or(ProvisionError::NoRoom)?;
        stand(app, tx, &rental, *half, place, now).await?;
    }
    tell_progress(app, tx, new.user, id, now).await?;
    Ok(id)
}

/// Gives a half of a rental a container at `place`, with keys and certificate of its own.
async fn stand(
    app: &App,
    tx: &mut PgConnection,
    rental: &Rental,
    half: Half,
    place: Place,
    now: DateTime<Utc>,
) -> Result<ContainerId, AppError> {
    let mut serial = [0; 16];
    app.random.fill(&mut serial);
    let certificate = relay_certificate(place.address, now, serial)?;
    let key = || {
        let mut bytes = [0; 32];
        app.random.fill(&mut bytes);
        bytes
    };
    let secrets = RelaySecrets {
        cert_pem: certificate.cert_pem,
        key_pem: certificate.key_pem,
        node_key: NodePrivate::from_random(key()),
        mesh_key: MeshKey::from_random(key()),
    };
    let token = hex::encode(&key()[..16]);
    let admit_digest = app.lookup.digest("admit", token.as_bytes());
    let container = NewContainer {
        server: place.server,
        user: rental.user,
        rental: rental.id,
        half,
        port: place.port,
        address: place.address,
        pin: certificate.pin,
        secrets_sealed: app.seal.seal(&secrets_row(&admit_digest), &encode_secrets(&secrets)),
        admit_digest,
        admit_sealed: app.seal.seal(&admit_row(&admit_digest), token.as_bytes()),
        max_upload: rental.terms.max_upload,
        max_download: rental.terms.max_download,
    };
    let id = container::store::insert(tx, &container, now).await?;
    rental::store::attach(tx, rental.id, id, place.server, now).await?;
    jobs::enqueue(tx, &ReconcileServer { server: place.server }).await?;
    Ok(id)
}

/// Gives up a container that didn't pass, and tries another server. `failure` is a lasting code for admins.
///
/// A second call for the same container changes nothing.
pub async fn replace_failed(app: &App, container: &Container, failure: &str) -> Result<(), AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let Some(rental) = rental::store::lock(&mut tx, app.tenant, container.rental).await? else {
        return Ok(());
    };
    match container::store::failed(&mut tx, container.id, failure, now).await {
        Ok(()) => {}
        Err(crate::db::StoreError::Conflict { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    rental::store::detach(&mut tx, rental.id, container.id, now).await?;
    jobs::enqueue(&mut tx, &ReconcileServer { server: container.server }).await?;
    audit::record(&mut tx, now, &test_entry(app, container).failed().with("failure", failure)).await?;
    if !fill_half(app, &mut tx, &rental, container.half, now).await? {
        let key = format!("provision_failed:{}", container.id);
        let notice = Notice::ProvisionFailed { rental_id: rental.id, container_id: container.id };
        notify::enqueue(&mut tx, now, &Letter::new(app.tenant, Audience::Ops, notice, key)).await?;
    }
    tell_progress(app, &mut tx, rental.user, rental.id, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Finds another server for a half that has no container; `false` if none has room. A rental that has no use for
/// relays now gets none.
pub async fn fill_half(
    app: &App,
    tx: &mut PgConnection,
    rental: &Rental,
    half: Half,
    now: DateTime<Utc>,
) -> Result<bool, AppError> {
    let user = accounts::find(&mut *tx, app.tenant, By::Id(rental.user)).await?;
    if !rental.state.wants_relays() || user.is_some_and(|user| user.is_banned) {
        return Ok(true);
    }
    let mut excluding = container::store::failed_on(tx, rental.id, now - AVOID).await?;
    // The other half stands elsewhere: two on one server would fall together.
    let standing = container::store::of_rental(tx, rental.id).await?;
    excluding.extend(standing.iter().filter(|c| c.desired != Desired::Removed).map(|c| c.server));
    let Some(places) = placement::place(tx, app.tenant, &rental.region, 1, &excluding, now).await? else {
        return Ok(false);
    };
    for place in places {
        stand(app, tx, rental, half, place, now).await?;
    }
    Ok(true)
}

/// Looks for places for rentals that have none, since every server they were tried on failed. Answers with how many
/// found one.
pub async fn retry_places(app: &App) -> Result<usize, AppError> {
    let mut conn = app.pool.acquire().await?;
    let waiting = rental::store::without_container(&mut conn, app.tenant, 100).await?;
    drop(conn);
    let mut found = 0;
    for (id, half) in waiting {
        let now = app.clock.now();
        let mut tx = app.pool.begin().await?;
        let Some(rental) = rental::store::lock(&mut tx, app.tenant, id).await? else { continue };
        let standing = container::store::of_rental(&mut tx, id).await?;
        let filled = standing.iter().any(|c| c.half == half && c.desired != Desired::Removed);
        if !filled && fill_half(app, &mut tx, &rental, half, now).await? {
            tell_progress(app, &mut tx, rental.user, id, now).await?;
            tx.commit().await?;
            found += 1;
        }
    }
    Ok(found)
}
