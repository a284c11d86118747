//! The worker: does the jobs that were queued, and sends the outbox.

mod account;
pub mod handlers;
pub mod outbox;
pub mod reconcile;
mod rentals;
mod run;
pub mod setup;

pub use run::{Failure, OrFail, Work};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use graphile_worker::{
    JobPermanentlyFail, JobRecovery, JobRecoveryResult, WorkerOptions, WorkerRecoveryConfig,
};
use tokio_util::sync::CancellationToken;

use crate::adapters::backup::Backups;
use crate::app::App;
use crate::fleet::setup::ServerSetup;
use crate::i18n::Texts;
use crate::jobs::SCHEMA;
use crate::notify::Mailer;

/// What the handlers of jobs have.
#[derive(Clone)]
pub struct Gear {
    /// Use cases and the database.
    pub app: Arc<App>,
    /// The servers and the relays on them.
    pub fleet: reconcile::Fleet,
    /// Sets servers up.
    pub setup: Arc<dyn ServerSetup>,
    /// Sends mails, where a mail server is configured.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// What people read.
    pub texts: Arc<Texts>,
    /// Makes backups, where this process is to.
    pub backups: Option<Arc<Backups>>,
}

impl fmt::Debug for Gear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gear").field("fleet", &self.fleet).finish_non_exhaustive()
    }
}

/// Pauses between two starts of the engine: the first and the longest.
const RESTART: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// Does jobs, `parallel` at a time, until `stop`; then gives those at work `grace` to end.
///
/// The engine gives up when the database restarts under it, so it is started anew for as long as we run.
pub async fn run(
    gear: Gear,
    parallel: usize,
    grace: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut pause = RESTART.0;
    while !stop.is_cancelled() {
        let started = std::time::Instant::now();
        match engine(&gear, parallel, grace, stop.clone()).await {
            Ok(()) if stop.is_cancelled() => break,
            Ok(()) => tracing::warn!("the job engine ended by itself"),
            Err(error) => tracing::error!(error = format!("{error:#}"), "the job engine ended"),
        }
        if started.elapsed() > RESTART.1 {
            pause = RESTART.0;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
        pause = (pause * 2).min(RESTART.1);
    }
    Ok(())
}

async fn engine(
    gear: &Gear,
    parallel: usize,
    grace: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let reporter = gear.app.clone();
    let options = WorkerOptions::default()
        .pg_pool(gear.app.pool.clone())
        .schema(SCHEMA)
        .concurrency(parallel)
        // The next job of a queue starts at the next look, not when the one before ends.
        .poll_interval(Duration::from_millis(500))
        .add_extension(gear.clone())
        // Off by default, and then a killed worker's jobs, with their queues, stay locked for four hours.
        .worker_recovery(
            WorkerRecoveryConfig::default()
                .enabled(true)
                .heartbeat_interval(Duration::from_secs(2))
                .sweep_interval(Duration::from_secs(3))
                .sweep_threshold(Duration::from_secs(8))
                .recovery_delay(Duration::from_secs(1)),
        )
        // Counts the try, so that a job which ends the process each time is not tried for ever.
        .on(JobRecovery, |_| async { JobRecoveryResult::FailWithBackoff })
        .on(JobPermanentlyFail, move |_| report(reporter.clone()))
        .listen_os_shutdown_signals(false)
        .shutdown_signal(async move { stop.cancelled().await })
        .shutdown_grace_period(grace);
    let worker = handlers::register(options)?.init().await?;
    worker.run().await?;
    Ok(())
}

/// Tells of a failed job at once; should this fail, the next [`crate::jobs::ReportFailedJobs`] does it.
async fn report(app: Arc<App>) {
    if let Err(error) = crate::app::jobs::report_failed(&app).await {
        tracing::error!(error = &error as &dyn std::error::Error, "failed jobs were not reported");
    }
}
