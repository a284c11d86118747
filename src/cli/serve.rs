//! `run`, `bot` and `worker`: the processes that stay.

use crate::adapters::http;
use crate::adapters::smtp::Smtp;
use crate::adapters::telegram::Telegram;
use crate::base::{Base, fleet, setup};
use crate::bot::notice::Notices;
use crate::bot::run::{self as bot, Options, Source};
use crate::config::{Config, TelegramMode};
use crate::embedded_pg::EmbeddedPg;
use crate::i18n::Texts;
use crate::inbox::Sealer;
use crate::notify::Mailer;
use crate::secret::ExposeSecret;
use crate::shutdown::Shutdown;
use crate::telemetry;
use crate::worker::outbox::Sender;
use crate::worker::{self, Gear};
use anyhow::Context;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What runs in this process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) bot: bool,
    pub(super) worker: bool,
}

pub(super) async fn run(config: Config, parts: Parts) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let grace = config.settings.limits.shutdown;
    let telegram = telegram(&config)?;
    let base = Base::open(config).await?;
    let started = start(&base, telegram, parts, &shutdown).await;
    if started.is_ok() {
        tracing::info!(bot = parts.bot, worker = parts.worker, "up");
    } else {
        shutdown.stop();
    }
    let ended = shutdown.finish(grace).await;
    base.close().await?;
    tracing::info!("down");
    started?;
    Ok(ended?)
}

/// The bot at Telegram, whose token both parts need: one hears, the other sends.
pub(super) fn telegram(config: &Config) -> anyhow::Result<Telegram> {
    let token = config.telegram_token.as_ref().context("telegram.token is not set: @BotFather gives one")?;
    let api = config.settings.telegram.api_url.as_str().trim_end_matches('/');
    Ok(Telegram::new(token.expose_secret(), Some(api))?)
}

async fn start(base: &Base, telegram: Telegram, parts: Parts, shutdown: &Shutdown) -> anyhow::Result<()> {
    watch_database(base, shutdown);
    show_figures(base, shutdown).await?;
    let texts = Arc::new(Texts::load());
    if parts.worker {
        start_worker(base, telegram.clone(), texts.clone(), shutdown).await?;
    }
    if parts.bot {
        start_bot(base, telegram, texts, shutdown)?;
    }
    Ok(())
}

/// Shows this process's figures. Two processes on one machine need an address each; the second does without.
async fn show_figures(base: &Base, shutdown: &Shutdown) -> anyhow::Result<()> {
    let figures = telemetry::page(telemetry::collect()?);
    let at = base.config.settings.http.worker_metrics;
    let stop = shutdown.token();
    match TcpListener::bind(at).await {
        Ok(listener) => {
            shutdown.spawn("metrics", async move { Ok(http::serve(listener, figures, stop).await?) });
        }
        Err(error) => {
            tracing::warn!(%at, error = &error as &dyn std::error::Error, "figures are not shown: set http.worker_metrics");
        }
    }
    Ok(())
}

/// A private database that ends takes the process with it: the next start recovers it.
fn watch_database(base: &Base, shutdown: &Shutdown) {
    let Some(ended) = base.server.embedded().map(EmbeddedPg::ended) else { return };
    let stop = shutdown.token();
    shutdown.spawn("database", async move {
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            () = ended => anyhow::bail!("the private database ended; its log folder says why"),
        }
    });
}

async fn start_worker(
    base: &Base,
    telegram: Telegram,
    texts: Arc<Texts>,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let app = &base.app;
    let mailer = match &base.config.smtp {
        Some(server) => Some(Arc::new(Smtp::new(server)?) as Arc<dyn Mailer>),
        None => None,
    };
    let fleet = fleet(base).await?;
    let backups = match base.server.backups(&base.config) {
        Ok(backups) => Some(Arc::new(backups)),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "there will be no nightly backups");
            None
        }
    };
    let gear = Gear { app: app.clone(), fleet, setup: setup(base), mailer, texts: texts.clone(), backups };
    let limits = &base.config.settings.limits;
    let parallel = usize::try_from(limits.jobs.get())?;
    shutdown.spawn("jobs", worker::run(gear, parallel, limits.shutdown, shutdown.token()));
    let notices = Arc::new(Notices::new(app.clone(), texts));
    shutdown.spawn("outbox", Sender::new(app.clone(), Arc::new(telegram), notices, shutdown.token()).run());
    Ok(())
}

fn start_bot(base: &Base, telegram: Telegram, texts: Arc<Texts>, shutdown: &Shutdown) -> anyhow::Result<()> {
    let settings = &base.config.settings;
    let source = match (settings.telegram.mode, &settings.public_url) {
        (TelegramMode::Polling, _) => Source::Polling,
        (TelegramMode::Webhook, Some(url)) => Source::Webhook {
            url: format!("{}/telegram", url.as_str().trim_end_matches('/')),
            secret: settings.webhook_secret(&base.app.lookup),
        },
        (TelegramMode::Webhook, None) => anyhow::bail!("telegram.mode \"webhook\" needs public_url"),
    };
    let per_minute = settings.limits.updates_per_minute;
    let limits = crate::bot::core::Limits { stop: settings.limits.shutdown, ..Default::default() };
    let options = Options { source, per_minute, limits };
    let sealer = Sealer::new(base.inbox.clone(), telegram.id());
    shutdown.spawn("bot", bot::run(base.app.clone(), telegram, texts, sealer, options, shutdown.token()));
    Ok(())
}
