//! Runs the set-up of a server, and keeps and shows how far it is.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::reconcile::Fleet;
use super::{Failure, Gear, OrFail as _, Work};
use crate::app::admin::setup;
use crate::app::{App, AppError};
use crate::fleet::setup::{ServerSetup, SetupProgress, SetupReport, SetupStep, SetupStopped, StepState};
use crate::fleet::setup_run::{self, StepRow};
use crate::jobs::SetUpServer;
use crate::types::SetupId;

/// The pause between two edits of a run's message.
const PAUSE: Duration = Duration::from_secs(1);

/// Told of each step, beside the store.
pub type Watch<'a> = &'a (dyn Fn(SetupStep, &StepState) + Send + Sync);

/// Steps as they come in.
struct Told<'a> {
    steps: Mutex<Vec<StepRow>>,
    changed: Notify,
    watch: Watch<'a>,
}

impl SetupProgress for Told<'_> {
    fn step(&self, step: SetupStep, state: StepState) {
        (self.watch)(step, &state);
        setup_run::note(&mut self.steps.lock().unwrap_or_else(PoisonError::into_inner), step, state);
        self.changed.notify_one();
    }
}

impl Told<'_> {
    fn steps(&self) -> Vec<StepRow> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Does a run and records how it ended. `None` if there is nothing to do any more. It may be started again after any
/// interruption: each step looks before it acts.
pub async fn run(
    fleet: &Fleet,
    setups: &dyn ServerSetup,
    id: SetupId,
    watch: Watch<'_>,
) -> Result<Option<Result<SetupReport, SetupStopped>>, AppError> {
    let Some(work) = setup::work(&fleet.app, &fleet.relays, id).await? else { return Ok(None) };
    let told = Told { steps: Mutex::default(), changed: Notify::new(), watch };
    let outcome = tokio::select! {
        outcome = setups.set_up(&work.plan, &told) => outcome,
        never = keep(&fleet.app, id, &told) => match never {},
    };
    match &outcome {
        Ok(report) => setup::passed(&fleet.app, &work.run, &told.steps(), report).await?,
        Err(stopped) => {
            tracing::warn!(
                error = stopped as &dyn std::error::Error,
                server = %work.server.id,
                "the set-up of a server stopped"
            );
            setup::stopped(&fleet.app, &work.run, &told.steps(), stopped).await?;
        }
    }
    Ok(Some(outcome))
}

/// Keeps and shows each change, at most one a second.
async fn keep(app: &App, id: SetupId, told: &Told<'_>) -> Infallible {
    loop {
        told.changed.notified().await;
        if let Err(error) = setup::progress(app, id, &told.steps()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, %id, "a step of a set-up is not shown");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[async_trait]
impl Work for SetUpServer {
    // Installing a package may take twenty minutes on a slow mirror, streaming the image as long on a slow line.
    const LIMIT: Duration = Duration::from_mins(50);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        run(&gear.fleet, &*gear.setup, self.setup, &|_, _| {}).await.or_retry()?;
        Ok(())
    }
}
