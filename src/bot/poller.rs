//! Long polling, for a bot without a public address: one replica asks Telegram, stores what comes, and only then
//! confirms it. Never while a webhook is set, which Telegram would refuse, and which some other process relies on.

use std::time::Duration;

use serde::Deserialize;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::adapters::telegram::Telegram;
use crate::inbox::{Inbox, PutError, Sealer};
use crate::jobs::lease::{Lease, Task};
use crate::notify::SendError;

/// How often the lease is tried for, and a webhook's end looked for.
const LOOK: Duration = Duration::from_secs(2);
/// The longest that one request may take, beyond which the lease must reach.
const REQUEST: Duration = Duration::from_secs(20);
/// The first pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// Fetches updates until `stop`.
#[derive(Debug)]
pub struct Poller {
    pool: PgPool,
    telegram: Telegram,
    sealer: Sealer,
    inbox: Inbox,
    owner: Uuid,
    stop: CancellationToken,
}

/// Why fetching paused.
#[derive(Debug, thiserror::Error)]
enum Obstacle {
    #[error(transparent)]
    Telegram(#[from] SendError),
    #[error(transparent)]
    Store(#[from] PutError),
    #[error("the lease could not be kept")]
    Lease(#[from] crate::db::StoreError),
}

#[derive(Deserialize)]
struct Numbered {
    update_id: i64,
}

impl Poller {
    /// A poller for the bot behind `telegram`, which stores on `pool`.
    pub fn new(pool: PgPool, telegram: Telegram, sealer: Sealer, stop: CancellationToken) -> Self {
        let inbox = Inbox::start(pool.clone());
        Self { pool, telegram, sealer, inbox, owner: Uuid::new_v4(), stop }
    }

    /// Fetches whenever the lease is ours and no webhook is set.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut pause = PAUSES.0;
        while !self.stop.is_cancelled() {
            let outcome = match Lease::take(&self.pool, Task::PollTelegram, self.owner).await {
                Ok(Some(lease)) => self.poll_under(lease).await,
                Ok(None) => Ok(()),
                Err(error) => Err(error.into()),
            };
            let wait = match outcome {
                Ok(()) => {
                    pause = PAUSES.0;
                    LOOK
                }
                Err(Obstacle::Telegram(SendError::RetryAfter(wait))) => wait,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "updates could not be fetched");
                    pause = (pause * 2).min(PAUSES.1);
                    pause
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stop.cancelled() => {}
            }
        }
        Ok(())
    }

    async fn poll_under(&self, mut lease: Lease) -> Result<(), Obstacle> {
        let outcome = self.poll(&mut lease).await;
        if let Err(error) = lease.release(&self.pool).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a lease was not released");
        }
        outcome
    }

    async fn poll(&self, lease: &mut Lease) -> Result<(), Obstacle> {
        if self.telegram.has_webhook().await? {
            tracing::warn!(
                "a webhook is set, so Telegram gives out no updates: end it, or set telegram.mode to webhook"
            );
            return Ok(());
        }
        let mut offset = None;
        loop {
            let fetched = {
                let fetching = tokio::time::timeout(REQUEST, self.telegram.updates(offset));
                tokio::pin!(fetching);
                loop {
                    tokio::select! {
                        fetched = &mut fetching => break fetched,
                        () = self.stop.cancelled() => return Ok(()),
                        () = tokio::time::sleep(Duration::from_secs(1)) => {
                            if !lease.keep(&self.pool).await? {
                                return Ok(());
                            }
                        }
                    }
                }
            };
            let updates = fetched.map_err(|late| SendError::Unavailable(late.into()))??;
            if !lease.keep(&self.pool).await? {
                return Ok(());
            }
            for update in updates {
                let body = update.get().as_bytes();
                match self.inbox.put(self.sealer.bot(), &self.sealer, body).await {
                    Ok(()) => {}
                    // Fetched again and again, it would keep all others out.
                    Err(PutError::Malformed(error)) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "Telegram sent what is no update"
                        );
                    }
                    Err(error) => return Err(error.into()),
                }
                if let Ok(Numbered { update_id }) = serde_json::from_slice(body) {
                    offset = Some(update_id + 1);
                }
            }
        }
    }
}
