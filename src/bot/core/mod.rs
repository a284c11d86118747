//! From the stored update to its handler: lanes are claimed by lease, the updates of a lane are handled in order, and
//! those of many lanes side by side.
//!
//! A lane is in [`Lanes::running`] for as long as a task handles its updates. What arrives for it meanwhile stays in
//! the database until the lane has been released and is claimed again, by whichever process is first.

mod claimer;
mod finisher;
mod lane;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::db;
use crate::inbox::store::Release;
use crate::inbox::{BotId, Lane, Sealer, WAKE_CHANNEL};

/// How an update failed.
#[derive(Debug)]
pub enum Failure {
    /// The database or Telegram could not be reached: the update is handled again, its lane waits.
    Later(anyhow::Error),
    /// Handling it again can't help.
    Never(anyhow::Error),
}

/// An update as its handler gets it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Telegram's number.
    pub update_id: i64,
    /// The update, as Telegram wrote it.
    pub body: Arc<[u8]>,
    /// When it was stored.
    pub received_at: DateTime<Utc>,
    /// Whether the press in it, if there is one, was answered before its turn came.
    pub answered: bool,
}

/// What is done with updates.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Handles one update. May run again for the same one: after a kill, and after [`Failure::Later`].
    async fn handle(&self, delivery: Delivery) -> Result<(), Failure>;

    /// Answers a press whose turn has not come yet, so that its sender doesn't look at a waiting sign; answers
    /// whether the update is a press.
    async fn answer_early(&self, body: &[u8]) -> bool;

    /// Tells the sender that the fault is ours. `reference` stands in the log beside the error.
    async fn apologise(&self, body: &[u8], reference: &str);

    /// Sets aside an update whose handling ended the process three times, and tells the operators.
    async fn park(&self, bot: BotId, update_id: i64, lane: Lane) -> Result<(), anyhow::Error>;
}

/// How much is done at a time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Updates in memory, waiting or being handled.
    pub held: usize,
    /// Handlers that run side by side.
    pub parallel: usize,
    /// The longest that a handler may take.
    pub handler: Duration,
    /// The longest that a stop waits for handlers.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { held: 2048, parallel: 128, handler: Duration::from_mins(1), stop: Duration::from_secs(20) }
    }
}

/// What has been handled and what is free again, on its way to the database.
#[derive(Debug)]
struct Completion {
    done: Option<i64>,
    release: Option<Release>,
}

/// A lane with a task of its own.
#[derive(Debug)]
struct Running {
    epoch: i64,
    crashes: i16,
    queue: VecDeque<Delivery>,
    /// Somebody else has taken the lane over: what waits here is theirs.
    lost: bool,
}

#[derive(Debug, Default)]
struct Lanes {
    running: HashMap<Lane, Running>,
    /// Updates in memory until the database knows them as done, so that none is loaded a second time.
    in_hand: HashSet<i64>,
}

/// The process's part of the inbox.
pub struct Core {
    bot: BotId,
    sealer: Sealer,
    owner: Uuid,
    handler: Arc<dyn Handler>,
    limits: Limits,
    pool: PgPool,
    lanes: Mutex<Lanes>,
    held: AtomicUsize,
    permits: Semaphore,
    urgent: Semaphore,
    /// Taken by an update that was in hand at two crashes: at the next one it is known to be the cause.
    alone: tokio::sync::Mutex<()>,
    wake: Notify,
    finished: mpsc::UnboundedSender<Completion>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Core {
    /// Handles `bot`'s updates until `stop`, then finishes what is in hand and gives the rest back.
    ///
    /// Works on connections of its own beside `pool`: losing a claim or a completion in a crash of the database only
    /// means handling an update again, so they need not wait for its disk.
    pub async fn run(
        pool: &PgPool,
        sealer: Sealer,
        handler: Arc<dyn Handler>,
        limits: Limits,
        stop: CancellationToken,
    ) -> Result<(), sqlx::Error> {
        let options = pool.connect_options().as_ref().clone().options([("synchronous_commit", "off")]);
        let pool = PgPoolOptions::new().max_connections(4).connect_with(options).await?;
        let (finished, completions) = mpsc::unbounded_channel();
        let core = Arc::new(Self {
            bot: sealer.bot(),
            sealer,
            owner: Uuid::new_v4(),
            handler,
            limits,
            pool,
            lanes: Mutex::default(),
            held: AtomicUsize::new(0),
            permits: Semaphore::new(limits.parallel),
            urgent: Semaphore::new(limits.parallel),
            alone: tokio::sync::Mutex::default(),
            wake: Notify::new(),
            finished,
            stop,
            tasks: TaskTracker::new(),
        });
        core.work(completions).await;
        Ok(())
    }

    async fn work(self: Arc<Self>, completions: mpsc::UnboundedReceiver<Completion>) {
        let drained = CancellationToken::new();
        let finisher = tokio::spawn(finisher::complete(self.clone(), completions, drained.clone()));
        let renewer = tokio::spawn(finisher::renew(self.clone(), drained.clone()));
        let told = self.clone();
        let listener = tokio::spawn(async move {
            db::listen(&told.pool, WAKE_CHANNEL, &told.wake, &told.stop).await;
        });
        claimer::claim(&self).await;
        self.tasks.close();
        if tokio::time::timeout(self.limits.stop, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                lanes = self.lanes().running.len(),
                "handlers still run: their updates are handled again"
            );
        }
        drained.cancel();
        for task in [finisher, renewer, listener] {
            if let Err(error) = task.await {
                tracing::error!(error = &error as &dyn std::error::Error, "a task of the inbox ended badly");
            }
        }
        self.pool.close().await;
    }

    /// A panic while the lock was held leaves whole values behind: every change under it is a single step.
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_held(&self, count: usize) {
        let held = self.held.fetch_add(count, Ordering::Relaxed) + count;
        metrics::gauge!("derpshop_inbox_held").set(u32::try_from(held).unwrap_or(u32::MAX));
    }

    fn drop_held(&self, count: usize) {
        self.held.fetch_sub(count, Ordering::Relaxed);
    }

    fn finish(&self, completion: Completion) {
        // Fails only after the finisher has ended, when the lease's end does the same more slowly.
        self.finished.send(completion).ok();
    }
}
