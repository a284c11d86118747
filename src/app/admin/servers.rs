//! Servers: added, changed, taken out of service, removed. Their set-up is in [`super::setup`].

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::account::AdminActor;
use crate::app::provision;
use crate::app::{App, AppError, Core};
use crate::audit::{self, Actor, Entry, Operation};
use crate::db::StoreError;
use crate::fleet::container::{self, Container};
use crate::fleet::reconcile::Desired;
use crate::fleet::server::{NewServer, ServerEdit, ServerName, ServerRef, ServerStatus};
use crate::fleet::store::servers::{self, Listed};
use crate::jobs::{self, ReconcileServer};
use crate::notify::{self, Audience, Letter, Notice};
use crate::rental;
use crate::types::{RentalId, ServerId};

/// The index that keeps addresses apart.
const ADDRESS_INDEX: &str = "servers_address";

/// Finds the servers that a reference fits.
pub async fn find(app: &Core, reference: &ServerRef) -> Result<Vec<Listed>, AppError> {
    Ok(servers::find(&app.pool, app.tenant, reference).await?)
}

/// What became of adding a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there, in maintenance until its set-up has passed.
    Yes(ServerName),
    /// Its address and SSH port were there before, as this one.
    Exists(ServerName),
}

/// Adds a server whose host key an admin has compared.
pub async fn add(
    app: &Core,
    tx: &mut PgConnection,
    admin: &AdminActor,
    server: &NewServer,
    now: DateTime<Utc>,
) -> Result<Added, AppError> {
    if let Some(name) = at_address(app, tx, server).await? {
        return Ok(Added::Exists(name));
    }
    let id = servers::insert(&mut *tx, app.tenant, server, now).await?;
    let listed = servers::get(&mut *tx, app.tenant, id).await?;
    let listed = listed.ok_or(StoreError::Conflict { table: "servers" })?;
    let entry = Entry::new(app.tenant, admin, Operation::ServerAdd)
        .with("server_id", id)
        .with("address", server.address)
        .with("host_key", server.host_key.as_str());
    audit::record(tx, now, &entry).await?;
    Ok(Added::Yes(listed.server.name()))
}

/// The server that has this address and SSH port already.
pub async fn at_address(
    app: &Core,
    db: &mut PgConnection,
    server: &NewServer,
) -> Result<Option<ServerName>, AppError> {
    let reference = ServerRef::Address(server.address, Some(server.ssh_port));
    let found = servers::find(db, app.tenant, &reference).await?;
    Ok(found.first().map(|listed| listed.server.name()))
}

/// What became of a change to a server's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// It is done.
    Yes,
    /// Containers stand there, and this would make what customers were told untrue.
    Busy {
        /// How many.
        standing: u32,
    },
    /// Another server has this address and SSH port.
    AddressTaken,
    /// The server is gone.
    Gone,
}

/// Changes one thing about a server. `field` is its name for the record.
pub async fn edit(
    app: &Core,
    tx: &mut PgConnection,
    admin: &AdminActor,
    id: ServerId,
    change: &ServerEdit,
    field: &str,
    now: DateTime<Utc>,
) -> Result<Edited, AppError> {
    let Some(listed) = servers::get(&mut *tx, app.tenant, id).await? else { return Ok(Edited::Gone) };
    match servers::edit(&mut *tx, app.tenant, id, change, now).await {
        Ok(()) => {}
        Err(StoreError::Conflict { .. }) => return Ok(Edited::Busy { standing: listed.standing }),
        Err(error) if error.breaks(ADDRESS_INDEX) => return Ok(Edited::AddressTaken),
        Err(error) => return Err(error.into()),
    }
    let entry =
        Entry::new(app.tenant, admin, Operation::ServerEdit).with("server_id", id).with("field", field);
    audit::record(tx, now, &entry).await?;
    Ok(Edited::Yes)
}

/// Takes a server out of service: what stands there carries on. Answers `false` if it took nothing new already.
pub async fn drain(app: &Core, admin: &AdminActor, id: ServerId) -> Result<bool, AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let Some(listed) = servers::get(&mut *tx, app.tenant, id).await? else { return Ok(false) };
    let from = listed.server.status;
    if from == ServerStatus::Maintenance {
        return Ok(false);
    }
    servers::set_status(&mut *tx, app.tenant, id, from, ServerStatus::Maintenance, now).await?;
    let entry = Entry::new(app.tenant, admin, Operation::ServerDrain).with("server_id", id);
    audit::record(&mut tx, now, &entry).await?;
    tx.commit().await?;
    Ok(true)
}

/// What stands on a server, as its removal meets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Rentals with two relays, of which the other one carries on.
    pub dual: u32,
    /// Rentals whose only relay stands here.
    pub single: u32,
    /// Containers that are on their way out already, and are still there.
    pub leaving: u32,
}

impl Load {
    /// Rentals in all.
    pub const fn rentals(self) -> u32 {
        self.dual + self.single
    }
}

/// What stands on a server.
pub async fn load(app: &Core, db: &mut PgConnection, id: ServerId) -> Result<Load, AppError> {
    let mut load = Load::default();
    for container in container::store::of_server(db, id).await? {
        if container.desired == Desired::Removed {
            load.leaving += 1;
            continue;
        }
        let rental = rental::store::find(db, app.tenant, container.rental).await?;
        match rental.map(|rental| rental.terms.redundancy.halves().len()) {
            Some(1) | None => load.single += 1,
            Some(_) => load.dual += 1,
        }
    }
    Ok(load)
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is removed.
    Done,
    /// So many relays get a new place; the server goes once the old containers are gone.
    Begun {
        /// Relays.
        moved: u32,
    },
    /// No other server has room for this rental's relay: nothing was done.
    NoRoom {
        /// The rental.
        rental: RentalId,
    },
    /// It is gone already.
    Gone,
}

/// Removes a server: its relays get places elsewhere, and it goes with its last container. If it was to go before,
/// the containers that couldn't be taken off it are given up. After [`Removal::NoRoom`] roll back.
pub async fn remove(
    app: &App,
    tx: &mut PgConnection,
    admin: &AdminActor,
    id: ServerId,
    now: DateTime<Utc>,
) -> Result<Removal, AppError> {
    let Some(listed) = servers::get(&mut *tx, app.tenant, id).await? else { return Ok(Removal::Gone) };
    let again = listed.server.removal_at.is_some();
    servers::begin_removal(&mut *tx, app.tenant, id, now).await?;
    let mut moved = 0;
    for container in container::store::of_server(tx, id).await? {
        if container.desired == Desired::Removed {
            continue;
        }
        if !move_away(app, tx, &container, now).await? {
            return Ok(Removal::NoRoom { rental: container.rental });
        }
        moved += 1;
    }
    if again {
        container::store::removal::abandon(tx, id, now).await?;
    }
    let entry = Entry::new(app.tenant, admin, Operation::ServerRemove)
        .with("server_id", id)
        .with("moved", moved)
        .with("given_up", again);
    audit::record(tx, now, &entry).await?;
    if finish(app, tx, id, now).await? {
        return Ok(Removal::Done);
    }
    jobs::enqueue(tx, &ReconcileServer { server: id }).await?;
    Ok(Removal::Begun { moved })
}

/// Takes a relay off its server and, if it should serve, gives it a place elsewhere; `false` if there is none.
async fn move_away(
    app: &App,
    tx: &mut PgConnection,
    container: &Container,
    now: DateTime<Utc>,
) -> Result<bool, AppError> {
    let Some(rental) = rental::store::lock(tx, app.tenant, container.rental).await? else { return Ok(true) };
    container::store::removal::retire(tx, container.id, now).await?;
    rental::store::detach(tx, rental.id, container.id, now).await?;
    provision::fill_half(app, tx, &rental, container.half, now).await
}

/// Removes a server that is to go, if nothing stands there any more.
async fn finish(
    app: &Core,
    tx: &mut PgConnection,
    id: ServerId,
    now: DateTime<Utc>,
) -> Result<bool, AppError> {
    if !servers::finish_removal(&mut *tx, app.tenant, id, now).await? {
        return Ok(false);
    }
    let entry = Entry::new(app.tenant, Actor::Shop, Operation::ServerRemoved).with("server_id", id);
    audit::record(tx, now, &entry).await?;
    Ok(true)
}

/// Removes every server that is to go and on which nothing stands any more, and tells the ops group.
pub async fn finish_removals(app: &Core) -> Result<(), AppError> {
    for listed in servers::to_remove(&app.pool, app.tenant).await? {
        let now = app.clock.now();
        let mut tx = app.pool.begin().await?;
        if finish(app, &mut tx, listed.server.id, now).await? {
            let notice = Notice::ServerRemoved { name: listed.server.name().to_string() };
            let key = format!("server-removed:{}", listed.server.id);
            notify::enqueue(&mut tx, now, &Letter::new(app.tenant, Audience::Ops, notice, key)).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}
