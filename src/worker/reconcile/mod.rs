//! Makes a server hold what the store says: looks, compares, acts, tests. It can start at any point, and again after
//! any interruption; it is the one place that creates, starts, stops and removes containers.

mod act;
mod test;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use chrono::TimeDelta;
use uuid::Uuid;

use crate::app::relays::Relays;
use crate::app::{App, AppError, provision};
use crate::audit::{self, Actor, Entry, Operation};
use crate::db::StoreError;
use crate::fleet::container::lease::RENEWAL;
use crate::fleet::container::store::{self as containers, strangers};
use crate::fleet::container::{Container, ContainerStatus, ServerLease};
use crate::fleet::found::{ContainerState, FoundContainer};
use crate::fleet::host::{HostError, HostSession, Hosts};
use crate::fleet::reconcile::{self, Desired, Situation, Trust};
use crate::fleet::server::Server;
use crate::fleet::store::servers;
use crate::notify::{self, Audience, Letter, Notice};
use crate::rental;
use crate::settings::{self, Setting};
use crate::types::{ContainerId, ServerId};

/// Looks at a server before what is left waits for the next job.
const ROUNDS: usize = 6;
/// A server that can't be reached is given this long before what never ran there is placed elsewhere.
const PATIENCE: TimeDelta = TimeDelta::seconds(45);

/// What reconciling needs.
#[derive(Clone)]
pub struct Fleet {
    /// The store and the keys.
    pub app: Arc<App>,
    /// Reaches servers.
    pub hosts: Arc<dyn Hosts>,
    /// What the operator decided about relays.
    pub relays: Arc<Relays>,
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet").field("relays", &self.relays).finish_non_exhaustive()
    }
}

/// Why a server isn't yet what it should be.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled {
    /// Another process acts on it.
    #[error("another process acts on the server")]
    Busy,
    /// It can't be reached, or refused.
    #[error("the server could not be acted on")]
    Host(#[from] HostError),
    /// The store failed.
    #[error("the store failed while a server was acted on")]
    App(#[from] AppError),
    /// It changes faster than we can follow.
    #[error("the server still isn't as it should be after {ROUNDS} rounds")]
    Rounds,
}

impl From<StoreError> for Unsettled {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<sqlx::Error> for Unsettled {
    fn from(error: sqlx::Error) -> Self {
        Self::App(error.into())
    }
}

/// Everything about one server in one run.
struct Visit<'a> {
    fleet: &'a Fleet,
    lease: &'a ServerLease,
    server: &'a Server,
    session: &'a dyn HostSession,
}

/// Makes one server what it should be. An error means that something is left to do: try again later.
pub async fn reconcile(fleet: &Fleet, id: ServerId) -> Result<(), Unsettled> {
    let app = &*fleet.app;
    let mut conn = app.pool.acquire().await?;
    let Some(listed) = servers::get(&mut *conn, app.tenant, id).await? else { return Ok(()) };
    let lease = ServerLease::take(&mut conn, id, Uuid::new_v4()).await?.ok_or(Unsettled::Busy)?;
    drop(conn);
    let outcome = tokio::select! {
        outcome = with_lease(fleet, &lease, &listed.server) => outcome,
        lost = keep(app, &lease) => Err(lost),
    };
    let mut conn = app.pool.acquire().await?;
    lease.release(&mut conn).await?;
    outcome
}

/// Renews a lease for as long as it is awaited; ends when it can't be renewed, and the work with it.
async fn keep(app: &App, lease: &ServerLease) -> Unsettled {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let renewed = async {
            let mut conn = app.pool.acquire().await?;
            lease.renew(&mut conn).await
        };
        // A database that is away for a moment costs nothing; the writes check the lease themselves.
        if let Err(error @ StoreError::Conflict { .. }) = renewed.await {
            return error.into();
        }
    }
}

async fn with_lease(fleet: &Fleet, lease: &ServerLease, server: &Server) -> Result<(), Unsettled> {
    match fleet.hosts.session(&server.ssh).await {
        Ok(session) => {
            let visit = Visit { fleet, lease, server, session: &*session };
            match visit.settle().await {
                Err(Unsettled::Host(error)) if !error.is_transient() => visit.no_way(error).await,
                outcome => outcome,
            }
        }
        Err(error) => {
            move_on(fleet, server, &error).await?;
            Err(error.into())
        }
    }
}

/// A server can't be entered: what never ran there goes elsewhere, at once if the trouble won't pass by itself.
async fn move_on(fleet: &Fleet, server: &Server, error: &HostError) -> Result<(), AppError> {
    let app = &*fleet.app;
    let now = app.clock.now();
    let mut conn = app.pool.acquire().await?;
    let standing = containers::of_server(&mut conn, server.id).await?;
    if !error.is_transient() {
        let trouble = error.code();
        let mut tx = app.pool.begin().await?;
        let entry = Entry::new(app.tenant, Actor::Shop, Operation::ServerReconcile)
            .failed()
            .with("server_id", server.id)
            .with("trouble", trouble);
        audit::record(&mut tx, now, &entry).await?;
        // Once a day for each kind of trouble.
        let key = format!("server_trouble:{}:{trouble}:{}", server.id, now.date_naive());
        let notice = Notice::ServerTrouble { server_id: server.id, trouble: trouble.to_owned() };
        notify::enqueue(&mut tx, now, &Letter::new(app.tenant, Audience::Ops, notice, key)).await?;
        tx.commit().await?;
    }
    drop(conn);
    for container in standing {
        let waits = container.desired == Desired::Running
            && container.status == ContainerStatus::Starting
            && container.passed_at.is_none();
        if waits && (!error.is_transient() || container.created_at + PATIENCE <= now) {
            provision::replace_failed(app, &container, error.code()).await?;
        }
    }
    Ok(())
}

impl Visit<'_> {
    fn app(&self) -> &App {
        &self.fleet.app
    }

    /// Every container of the server met an error that won't pass: they go elsewhere.
    async fn no_way(&self, error: HostError) -> Result<(), Unsettled> {
        move_on(self.fleet, self.server, &error).await?;
        Err(error.into())
    }

    async fn settle(&self) -> Result<(), Unsettled> {
        let mut later = None;
        for round in 0..ROUNDS {
            let mut conn = self.app().pool.acquire().await?;
            let rows = containers::of_server(&mut conn, self.server.id).await?;
            drop(conn);
            let found = self.session.list(self.fleet.relays.install).await?;
            let plan = self.plan(&rows, &found, round == 0).await?;
            self.record_settled(&rows, &found).await?;
            if plan.work.is_empty() {
                let tested = self.test(&rows, &found).await?;
                if tested.again {
                    continue;
                }
                return later.map_or(Ok(()), |error: HostError| Err(error.into()));
            }
            let by_id: BTreeMap<ContainerId, &Container> = rows.iter().map(|c| (c.id, c)).collect();
            later = None;
            for work in plan.work {
                let row = work.container.and_then(|id| by_id.get(&id).copied());
                if let Err(error) = self.act(row, &work.actions).await? {
                    later = Some(error);
                }
            }
            if let Some(error) = later.take_if(|error| error.is_transient()) {
                return Err(error.into());
            }
        }
        Err(later.map_or(Unsettled::Rounds, Unsettled::Host))
    }

    /// Compares; the first look of a run also counts strangers.
    async fn plan(
        &self,
        rows: &[Container],
        found: &[FoundContainer],
        first: bool,
    ) -> Result<reconcile::Plan, Unsettled> {
        let app = self.app();
        let now = app.clock.now();
        let mut tx = app.pool.begin().await?;
        let met = strangers::of_server(&mut tx, self.server.id).await?;
        let approved: BTreeSet<_> =
            met.iter().filter(|(_, approved)| *approved).map(|(stranger, _)| stranger.id.clone()).collect();
        let met: Vec<_> = met.into_iter().map(|(stranger, _)| stranger).collect();
        let desired: Vec<_> = rows.iter().map(Container::to_reconcile).collect();
        let restoring: Option<bool> =
            settings::store::get(&mut *tx, app.tenant, Setting::RestorePendingConfirmation).await?;
        let trust = if restoring == Some(true) { Trust::RestoreUnconfirmed } else { Trust::Full };
        let situation =
            Situation { desired: &desired, found, strangers: &met, approved: &approved, trust, now };
        let plan = reconcile::plan(&situation);
        if first {
            strangers::keep(&mut tx, self.server.id, &plan.strangers).await?;
            if !plan.held.is_empty() {
                let key = format!("strangers:{}:{}", self.server.id, now.date_naive());
                let notice = Notice::StrangersHeld { server_id: self.server.id };
                notify::enqueue(&mut tx, now, &Letter::new(app.tenant, Audience::Ops, notice, key)).await?;
            }
            tx.commit().await?;
        }
        Ok(plan)
    }

    /// Records what is stopped, and what left nothing behind.
    async fn record_settled(&self, rows: &[Container], found: &[FoundContainer]) -> Result<(), Unsettled> {
        let app = self.app();
        let now = app.clock.now();
        for row in rows {
            let theirs = || found.iter().filter(|f| f.identity.is_some_and(|is| is.container == row.id));
            match row.desired {
                Desired::Removed if theirs().next().is_none() => {
                    let mut tx = app.pool.begin().await?;
                    if containers::released(&mut tx, self.lease, row.id, now).await? {
                        rental::store::detach(&mut tx, row.rental, row.id, now).await?;
                        let entry = Entry::new(app.tenant, Actor::Shop, Operation::ContainerRelease)
                            .with("container_id", row.id)
                            .with("server_id", row.server)
                            .with("rental_id", row.rental);
                        audit::record(&mut tx, now, &entry).await?;
                    }
                    tx.commit().await?;
                }
                Desired::Stopped if theirs().all(|f| f.state != ContainerState::Running) => {
                    let mut conn = app.pool.acquire().await?;
                    containers::stopped(&mut conn, self.lease, row.id, now).await?;
                }
                Desired::Removed | Desired::Stopped | Desired::Running => {}
            }
        }
        Ok(())
    }
}
