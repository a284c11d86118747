//! Background work: what there is to do, and how to ask for it inside the transaction that makes it necessary.
//!
//! A payload holds ids only; the handler, in `worker`, reads the state of its own time. A job that becomes due later
//! is not enqueued for then: a scan against the clock finds it.

mod account;
pub mod lease;
pub mod store;

pub use account::{ChainAudit, CleanCodes, SendCode, TellAuditHead};

use chrono::{DateTime, Utc};
use graphile_worker::sql::add_job::single::add_job;
use graphile_worker::{JobKeyMode, JobSpec};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::types::{RentalId, ServerId, SetupId};

/// The schema of the job engine's own tables.
pub const SCHEMA: &str = "graphile_worker";

/// A row of the job engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub i64);

impl std::fmt::Display for JobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A job could not be put into the queue.
#[derive(Debug, thiserror::Error)]
#[error("the job could not be queued")]
pub struct EnqueueError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// How a job queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    queue: Option<String>,
    key: Option<String>,
    attempts: i16,
    priority: i16,
}

impl Default for Spec {
    fn default() -> Self {
        Self { queue: None, key: None, attempts: 10, priority: 0 }
    }
}

impl Spec {
    /// Alone in the queue of a server: of these jobs one runs at a time, over all replicas, in no promised order.
    #[must_use]
    pub fn on_server(mut self, server: ServerId) -> Self {
        self.queue = Some(format!("server:{server}"));
        self
    }

    /// Alone in a queue of this name.
    #[must_use]
    pub fn in_queue(mut self, name: impl Into<String>) -> Self {
        self.queue = Some(name.into());
        self
    }

    /// One waiting job for each key: asking again replaces it. One that already runs is not held up by this; the
    /// new one runs after it.
    #[must_use]
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// How often it is tried before it counts as failed and the ops group is told; 10 unless told. The pause after
    /// try `n` is e^n seconds: 3 s after the first, 2 minutes after the fifth, 2 hours after the ninth.
    #[must_use]
    pub fn attempts(mut self, attempts: i16) -> Self {
        self.attempts = attempts;
        self
    }

    /// Lower numbers run first; 0 unless told.
    #[must_use]
    pub fn priority(mut self, priority: i16) -> Self {
        self.priority = priority;
        self
    }
}

/// A kind of job. Its name must never change while such jobs wait.
pub trait Job: Serialize + Sync {
    /// The name under which the engine keeps it.
    const NAME: &'static str;

    /// How this one queues.
    fn spec(&self) -> Spec;
}

/// Queues a job in the caller's transaction: it exists if and when that commits.
pub async fn enqueue<J: Job>(db: &mut PgConnection, job: &J) -> Result<JobId, EnqueueError> {
    let Spec { queue, key, attempts, priority } = job.spec();
    let spec = JobSpec {
        queue_name: queue,
        job_key_mode: key.is_some().then_some(JobKeyMode::Replace),
        job_key: key,
        max_attempts: Some(attempts),
        priority: Some(priority),
        ..JobSpec::default()
    };
    let payload = serde_json::to_value(job).map_err(|e| EnqueueError(e.into()))?;
    let queued =
        add_job(db, SCHEMA, J::NAME, payload, spec, false).await.map_err(|e| EnqueueError(e.into()))?;
    Ok(JobId(*queued.id()))
}

/// Deletes handled updates and idle lanes of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanInbox {}

impl Job for CleanInbox {
    const NAME: &'static str = "clean_inbox";

    fn spec(&self) -> Spec {
        Spec::default().once(Self::NAME).attempts(3)
    }
}

/// Looks for jobs that failed for good and tells the ops group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportFailedJobs {}

impl Job for ReportFailedJobs {
    const NAME: &'static str = "report_failed_jobs";

    fn spec(&self) -> Spec {
        Spec::default().once(Self::NAME).attempts(3)
    }
}

/// Makes the backup of this night, and removes the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightlyBackup {}

impl Job for NightlyBackup {
    const NAME: &'static str = "nightly_backup";

    fn spec(&self) -> Spec {
        Spec::default().in_queue(Self::NAME).once(Self::NAME).attempts(5)
    }
}

/// Makes a server hold what the store says it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileServer {
    /// The server.
    pub server: ServerId,
}

impl Job for ReconcileServer {
    const NAME: &'static str = "reconcile_server";

    fn spec(&self) -> Spec {
        // What one finds and does covers all that was asked before it began.
        Spec::default().on_server(self.server).once(format!("reconcile:{}", self.server)).attempts(8)
    }
}

/// Sets a server up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUpServer {
    /// The run that is recorded.
    pub setup: SetupId,
    /// The server.
    pub server: ServerId,
}

impl Job for SetUpServer {
    const NAME: &'static str = "set_up_server";

    fn spec(&self) -> Spec {
        // A step that fails isn't tried again by itself; a worker that was killed is.
        Spec::default().on_server(self.server).once(format!("setup:{}", self.setup)).attempts(3)
    }
}

/// Looks for what no job is under way for: servers that aren't as they should be, rentals without a place, rentals
/// that ended or whose keeping is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRentals {}

impl Job for SweepRentals {
    const NAME: &'static str = "sweep_rentals";

    fn spec(&self) -> Spec {
        Spec::default().once(Self::NAME).attempts(3)
    }
}

/// Makes the months of the time series ahead of time, and drops old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepLogs {}

impl Job for KeepLogs {
    const NAME: &'static str = "keep_logs";

    fn spec(&self) -> Spec {
        Spec::default().once(Self::NAME).attempts(5)
    }
}

/// Mails a user that a rental has a new end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRenewal {
    /// The rental.
    pub rental: RentalId,
    /// Its end before.
    pub old_end: DateTime<Utc>,
    /// Its end now.
    pub new_end: DateTime<Utc>,
}

impl Job for MailRenewal {
    const NAME: &'static str = "mail_renewal";

    fn spec(&self) -> Spec {
        Spec::default()
            .once(format!("mail_renewal:{}:{}", self.rental, self.new_end.timestamp()))
            .attempts(12)
    }
}
