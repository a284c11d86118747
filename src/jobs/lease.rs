//! Leases for tasks that one replica at a time may do.

use std::time::{Duration, Instant};

use sqlx::PgPool;
use uuid::Uuid;

use super::store;
use crate::db::StoreError;

/// How long a lease lasts without renewal: the longest time for which nobody does the task after a crash.
pub const TTL: Duration = Duration::from_secs(10);

/// The tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Fetching updates by long polling: Telegram refuses a second one.
    PollTelegram,
    /// Sending the outbox: the flood limits hold for the bot, not for a process.
    SendOutbox,
}

impl Task {
    /// The name under which the database keeps the lease.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PollTelegram => "poll_telegram",
            Self::SendOutbox => "send_outbox",
        }
    }
}

/// A lease that this process holds until a moment that it knows on its own clock.
#[derive(Debug)]
pub struct Lease {
    task: Task,
    owner: Uuid,
    epoch: i64,
    until: Instant,
}

impl Lease {
    /// Takes the task if nobody holds it.
    pub async fn take(pool: &PgPool, task: Task, owner: Uuid) -> Result<Option<Self>, StoreError> {
        // Measured before the statement, so that our end is never after the database's.
        let until = Instant::now() + TTL;
        let epoch = store::take_lease(pool, task.name(), owner, TTL).await?;
        Ok(epoch.map(|epoch| Self { task, owner, epoch, until }))
    }

    /// Whether the task is surely still ours for the next `work`.
    pub fn covers(&self, work: Duration) -> bool {
        Instant::now() + work < self.until
    }

    /// Prolongs the lease once a third of it is used; `false` when somebody else has taken it.
    pub async fn keep(&mut self, pool: &PgPool) -> Result<bool, StoreError> {
        if self.covers(TTL * 2 / 3) {
            return Ok(true);
        }
        let until = Instant::now() + TTL;
        let kept = store::keep_lease(pool, self.task.name(), self.owner, self.epoch, TTL).await?;
        if kept {
            self.until = until;
        }
        Ok(kept)
    }

    /// Lets another replica start at once.
    pub async fn release(self, pool: &PgPool) -> Result<(), StoreError> {
        store::release_lease(pool, self.task.name(), self.owner, self.epoch).await
    }
}
