//! Storing updates. Whatever arrives while one statement runs goes into the next, so the rate of single updates does
//! not depend on the disk's; a window to collect more would only add delay.

use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use super::store::{self, NewUpdate};
use super::{BotId, Incoming, NotAnUpdate, Sealer};

/// The most updates in one statement.
const BATCH: usize = 512;
/// The most that wait for their statement before the sender has to.
const QUEUE: usize = 4096;

/// Why an update was not stored. The sender keeps it and tries again, unless it is no update at all.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The body is not a Bot API update; trying again can't help.
    #[error(transparent)]
    Malformed(#[from] NotAnUpdate),
    /// The database could not take it, or the process is stopping. The writer has logged why.
    #[error("the update could not be stored")]
    Unavailable,
}

struct Waiting {
    row: NewUpdate,
    stored: oneshot::Sender<bool>,
}

/// Stores updates. Clones share one writer, which ends with the last of them.
#[derive(Clone, Debug)]
pub struct Inbox {
    queue: mpsc::Sender<Waiting>,
}

impl Inbox {
    /// Starts the writer on `pool`.
    pub fn start(pool: PgPool) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(write(pool, waiting));
        Self { queue }
    }

    /// Stores one update of `bot`. When this answers `Ok` the update is on disk, now or from an earlier delivery.
    pub async fn put(&self, bot: BotId, sealer: &Sealer, body: &[u8]) -> Result<(), PutError> {
        let Incoming { update_id, lane, kind } = Incoming::parse(body)?;
        let payload = sealer.seal(update_id, body);
        let (stored, outcome) = oneshot::channel();
        let row = NewUpdate { bot, update_id, lane, kind, payload };
        self.queue.send(Waiting { row, stored }).await.map_err(|_| PutError::Unavailable)?;
        if outcome.await == Ok(true) { Ok(()) } else { Err(PutError::Unavailable) }
    }
}

async fn write(pool: PgPool, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let (rows, stored): (Vec<_>, Vec<_>) = batch.drain(..).map(|w: Waiting| (w.row, w.stored)).unzip();
        let count = rows.len();
        let outcome = store::insert(&pool, rows).await;
        if let Err(error) = &outcome {
            tracing::error!(error = error as &dyn std::error::Error, count, "updates could not be stored");
        }
        for waiter in stored {
            // A sender that hung up will deliver again; the key makes that harmless.
            waiter.send(outcome.is_ok()).ok();
        }
        if outcome.is_ok() {
            metrics::counter!("derpshop_updates_stored_total").increment(count as u64);
            // After the acknowledgement: a lost wake-up only delays, since the claimer also looks by itself.
            if let Err(error) = store::wake(&pool).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the bot could not be woken");
            }
        }
    }
}
