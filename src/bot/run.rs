//! The bot as a part of the process: everything that must run for updates to be handled.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::adapters::telegram::Telegram;
use crate::app::{App, ops};
use crate::bot::commands;
use crate::bot::core::{Core, Limits};
use crate::bot::handler::Bot;
use crate::bot::limit::Limit;
use crate::bot::poller::Poller;
use crate::i18n::Texts;
use crate::inbox::Sealer;
use crate::notify::SendError;
use crate::secret::{ExposeSecret as _, SecretString};

/// The first pause between two attempts to reach Telegram, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// How updates come in.
#[derive(Clone, Debug)]
pub enum Source {
    /// One replica asks for them.
    Polling,
    /// Telegram sends them to this address, with this secret.
    Webhook {
        /// Where `webhook` takes them.
        url: String,
        /// What it knows Telegram by.
        secret: SecretString,
    },
}

/// What the bot runs with.
#[derive(Clone, Debug)]
pub struct Options {
    /// How updates come in.
    pub source: Source,
    /// Updates of one person that are handled in a minute.
    pub per_minute: NonZeroU32,
    /// How much is done at a time.
    pub limits: Limits,
}

/// Handles updates until `stop`.
pub async fn run(
    app: Arc<App>,
    telegram: Telegram,
    texts: Arc<Texts>,
    sealer: Sealer,
    options: Options,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Some(name) = reach(&stop, || telegram.user_name().boxed()).await else { return Ok(()) };
    tracing::info!(name, "the bot answers");
    let limit = Limit::new(options.per_minute);
    let bot = Bot::new(app.clone(), telegram.clone(), texts.clone(), name, limit);
    let handling = Core::run(&app.pool, sealer.clone(), Arc::new(bot), options.limits, stop.clone());
    let listing = list_commands(&app, &telegram, &texts, &stop);
    let receiving = async {
        match &options.source {
            Source::Polling => {
                Poller::new(app.pool.clone(), telegram.clone(), sealer, stop.clone()).run().await
            }
            Source::Webhook { url, secret } => {
                let set = || telegram.set_webhook(url, secret.expose_secret()).boxed();
                if reach(&stop, set).await.is_some() {
                    tracing::info!("updates come by webhook");
                }
                Ok(())
            }
        }
    };
    let (handled, received, ()) = tokio::join!(handling, receiving, listing);
    handled?;
    received
}

/// Lists the commands, which the bot works without.
async fn list_commands(app: &App, telegram: &Telegram, texts: &Texts, stop: &CancellationToken) {
    reach(stop, || commands::register_private(telegram, texts).boxed()).await;
    match ops::group(app).await {
        Ok(Some(group)) => {
            reach(stop, || commands::register_ops(telegram, texts, group).boxed()).await;
        }
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the ops group's commands are not listed"
            );
        }
    }
}

/// Calls Telegram until it answers; `None` if it refuses or it is time to stop.
async fn reach<'a, T>(
    stop: &CancellationToken,
    call: impl Fn() -> BoxFuture<'a, Result<T, SendError>>,
) -> Option<T> {
    let mut pause = PAUSES.0;
    loop {
        let wait = match call().await {
            Ok(answer) => return Some(answer),
            Err(SendError::RetryAfter(wait)) => wait,
            Err(SendError::Unavailable(error)) => {
                tracing::warn!(error = &*error as &dyn std::error::Error, "Telegram could not be reached");
                pause = (pause * 2).min(PAUSES.1);
                pause
            }
            Err(error @ (SendError::Blocked(_) | SendError::Moved(_) | SendError::Refused(_))) => {
                tracing::error!(error = &error as &dyn std::error::Error, "Telegram refused a call");
                return None;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return None,
        }
    }
}
