//! How a job's handler is run: with a limit, and with the choice between trying again and giving up.

use std::time::Duration;

use async_trait::async_trait;
use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

use super::Gear;
use crate::jobs::{Job, JobId, store};

/// How a job failed. There is no conversion from an error: each `?` says which, with [`OrFail`].
#[derive(Debug)]
pub enum Failure {
    /// Trying again may help.
    Retry(anyhow::Error),
    /// Trying again can't help: the ops group is told now.
    Fail(anyhow::Error),
}

/// Chooses what an error means for a job.
pub trait OrFail<T> {
    /// The error may pass: try again.
    fn or_retry(self) -> Result<T, Failure>;
    /// The error stays: give up.
    fn or_fail(self) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrFail<T> for Result<T, E> {
    fn or_retry(self) -> Result<T, Failure> {
        self.map_err(|error| Failure::Retry(error.into()))
    }

    fn or_fail(self) -> Result<T, Failure> {
        self.map_err(|error| Failure::Fail(error.into()))
    }
}

/// What is done for a kind of job. It may run more than once, and be ended at any point.
#[async_trait]
pub trait Work: Job + for<'de> Deserialize<'de> + Send + 'static {
    /// The longest that it may take.
    const LIMIT: Duration;

    /// Does it.
    async fn work(self, gear: &Gear) -> Result<(), Failure>;
}

/// A kind of job as the engine knows it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Run<T>(T);

impl<T> Run<T> {
    /// A job of this kind.
    pub(super) const fn new(job: T) -> Self {
        Self(job)
    }
}

impl<T: Work> TaskHandler for Run<T> {
    const IDENTIFIER: &'static str = T::NAME;

    async fn run(self, ctx: WorkerContext) -> impl IntoTaskHandlerResult {
        let job = JobId(*ctx.job().id());
        let gear =
            ctx.get_ext::<Gear>().ok_or_else(|| "the worker was started without its gear".to_owned())?;
        let started = std::time::Instant::now();
        let outcome = tokio::time::timeout(T::LIMIT, self.0.work(gear)).await;
        metrics::histogram!("derpshop_job_seconds", "job" => T::NAME).record(started.elapsed());
        let error = match outcome {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Failure::Retry(error))) => error,
            Ok(Err(Failure::Fail(error))) => {
                // Should this fail, the job is merely tried again.
                if let Err(error) = store::stop_retrying(&gear.app.pool, job).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, %job, "a job will be tried again");
                }
                error
            }
            Err(_) => anyhow::anyhow!("took longer than {} s", T::LIMIT.as_secs()),
        };
        let error = format!("{error:#}");
        tracing::warn!(error, %job, name = T::NAME, attempt = ctx.job().attempts(), "a job failed");
        Err(error)
    }
}
