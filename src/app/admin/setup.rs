//! Set-up of servers: asked for here, run by the worker, shown in one message that is edited step by step.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::confirm::{Act, COMPARE};
use crate::account::AdminActor;
use crate::app::relays::Relays;
use crate::app::{App, AppError, Core};
use crate::audit::{self, Actor, Entry, Operation};
use crate::confirm::store as confirmations;
use crate::derp::cert::relay_certificate;
use crate::derp::{MeshKey, NodePrivate};
use crate::fleet::files::RelaySecrets;
use crate::fleet::server::{Server, ServerName};
use crate::fleet::setup::{SetupPlan, SetupProblem, SetupReport, SetupStopped, TrialRelay};
use crate::fleet::setup_run::{ProblemRow, RunState, SetupRun, StepRow};
use crate::fleet::store::{servers, setups};
use crate::jobs::{self, ReconcileServer, SetUpServer};
use crate::notify::{self, Audience, Letter, Notice};
use crate::types::{ServerId, SetupId};

/// A run that goes on for longer than its job may, with all its tries, has nobody who works on it.
const LOST: TimeDelta = TimeDelta::hours(3);

/// What became of asking for a set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It was begun; its message follows.
    Begun(SetupId),
    /// One goes on already.
    GoesOn,
    /// The server is to be removed.
    Leaving,
    /// There is no such server.
    Gone,
}

/// Begins the set-up of a server. `restart` if an admin agreed that Docker Engine is restarted under containers.
pub async fn start(
    app: &Core,
    tx: &mut PgConnection,
    admin: &AdminActor,
    server: ServerId,
    restart: bool,
    now: DateTime<Utc>,
) -> Result<Start, AppError> {
    let Some(listed) = servers::get(&mut *tx, app.tenant, server).await? else { return Ok(Start::Gone) };
    if listed.server.removal_at.is_some() {
        return Ok(Start::Leaving);
    }
    setups::end_lost(&mut *tx, server, now - LOST, now).await?;
    let Some(id) = setups::begin(&mut *tx, server, admin.user(), restart, now).await? else {
        return Ok(Start::GoesOn);
    };
    jobs::enqueue(tx, &SetUpServer { setup: id, server }).await?;
    show(app, tx, id, now).await?;
    Ok(Start::Begun(id))
}

/// As [`start`], in a transaction of its own.
pub async fn start_now(app: &Core, admin: &AdminActor, server: ServerId) -> Result<Start, AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let start = start(app, &mut tx, admin, server, false, now).await?;
    tx.commit().await?;
    Ok(start)
}

/// Has the run's message show how it stands.
async fn show(app: &Core, tx: &mut PgConnection, id: SetupId, now: DateTime<Utc>) -> Result<(), AppError> {
    let key = format!("setup:{id}:{}", now.timestamp_micros());
    let letter = Letter::new(app.tenant, Audience::Ops, Notice::ServerSetup { setup_id: id }, key);
    notify::enqueue(tx, now, &letter.slot(format!("setup:{id}"))).await?;
    Ok(())
}

/// A run with its server's name, for its message.
pub async fn run_of(app: &Core, id: SetupId) -> Result<Option<(SetupRun, ServerName)>, AppError> {
    let Some(run) = setups::get(&app.pool, app.tenant, id).await? else { return Ok(None) };
    let listed = servers::get(&app.pool, app.tenant, run.server).await?;
    Ok(listed.map(|listed| (run, listed.server.name())))
}

/// What a run needs.
#[derive(Debug)]
pub struct Work {
    /// The run.
    pub run: SetupRun,
    /// The server.
    pub server: Server,
    /// What is to be done.
    pub plan: SetupPlan,
}

/// Gathers what a run needs; `None` if it has ended or its server is gone.
pub async fn work(app: &App, relays: &Relays, id: SetupId) -> Result<Option<Work>, AppError> {
    let Some(run) = setups::get(&app.pool, app.tenant, id).await? else { return Ok(None) };
    let Some(listed) = servers::get(&app.pool, app.tenant, run.server).await? else { return Ok(None) };
    if run.state != RunState::Running {
        return Ok(None);
    }
    let server = listed.server;
    let plan = SetupPlan {
        target: server.ssh.clone(),
        install: relays.install,
        ports: server.ports,
        images: relays.images.clone(),
        trial: trial(app, &server)?,
        restart_confirmed: run.restart_confirmed,
    };
    Ok(Some(Work { run, server, plan }))
}

/// Keys and a certificate for the throw-away relay.
fn trial(app: &App, server: &Server) -> Result<TrialRelay, AppError> {
    let key = || {
        let mut bytes = [0; 32];
        app.random.fill(&mut bytes);
        bytes
    };
    let mut serial = [0; 16];
    app.random.fill(&mut serial);
    let certificate = relay_certificate(server.ssh.address, app.clock.now(), serial)?;
    Ok(TrialRelay {
        secrets: RelaySecrets {
            cert_pem: certificate.cert_pem,
            key_pem: certificate.key_pem,
            node_key: NodePrivate::from_random(key()),
            mesh_key: MeshKey::from_random(key()),
        },
        pin: certificate.pin,
    })
}

/// Keeps and shows how far a run is.
pub async fn progress(app: &Core, id: SetupId, steps: &[StepRow]) -> Result<(), AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    setups::keep_steps(&mut *tx, id, steps).await?;
    show(app, &mut tx, id, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends a run that passed: the server takes rentals from now on.
pub async fn passed(
    app: &Core,
    run: &SetupRun,
    steps: &[StepRow],
    report: &SetupReport,
) -> Result<(), AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    setups::keep_steps(&mut *tx, run.id, steps).await?;
    setups::end(&mut *tx, run.id, None, None, now).await?;
    servers::set_up(&mut *tx, app.tenant, run.server, &report.hardware, now).await?;
    jobs::enqueue(&mut tx, &ReconcileServer { server: run.server }).await?;
    audit::record(&mut tx, now, &entry(app, run)).await?;
    show(app, &mut tx, run.id, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends a run that stopped. Where only a restart of Docker Engine stands in its way, its asker is asked.
pub async fn stopped(
    app: &Core,
    run: &SetupRun,
    steps: &[StepRow],
    stopped: &SetupStopped,
) -> Result<(), AppError> {
    let now = app.clock.now();
    let problem = ProblemRow::from(&stopped.problem);
    let mut tx = app.pool.begin().await?;
    setups::keep_steps(&mut *tx, run.id, steps).await?;
    let mut question = None;
    if let (SetupProblem::RestartNeeded { .. }, Some(user)) = (&stopped.problem, run.asked_by) {
        let act = Act::SetUp { server: run.server };
        question = Some(confirmations::ask(&mut tx, app.tenant, user, &act, now, COMPARE).await?);
    }
    setups::end(&mut *tx, run.id, Some(&problem), question, now).await?;
    let entry = entry(app, run).failed().with("step", stopped.step.code()).with("problem", problem.code);
    audit::record(&mut tx, now, &entry).await?;
    show(app, &mut tx, run.id, now).await?;
    tx.commit().await?;
    Ok(())
}

fn entry(app: &Core, run: &SetupRun) -> Entry {
    let actor = run.asked_by.map_or(Actor::Console, Actor::User);
    Entry::new(app.tenant, actor, Operation::ServerSetup).with("server_id", run.server)
}
