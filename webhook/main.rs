//! The `webhook` binary: all inbound HTTP. It holds no token, no SSH key, and nothing that opens a sealed secret.

mod door;
mod routes;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use clap::Parser;
use derpshop::base::{WebhookBase, probe_key};
use derpshop::config::{Admission, Settings};
use derpshop::i18n::Texts;
use derpshop::inbox::{BotId, Inbox, Sealer};
use derpshop::shutdown::Shutdown;
use derpshop::telemetry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use door::{Door, TelegramDoor};

/// All inbound HTTP of derpshop: Telegram's updates, admission of devices, ACL pages.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The configuration file, the one that `derpshop` reads.
    #[arg(long, short)]
    config: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The log may not be up yet.
            eprintln!("webhook: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    let settings = Settings::load(args.config.as_deref())?;
    telemetry::init(&settings.log)?;
    let metrics = telemetry::collect()?;
    let shutdown = Shutdown::on_signals()?;
    let grace = settings.limits.shutdown;
    let base = WebhookBase::open(settings).await?;
    let http = &base.settings.http;
    let public = listen(http.listen).await?;
    let private = listen(http.metrics).await?;
    let door = Arc::new(door(&base));
    let app = telemetry::with_request_ids(routes::all(door));
    tracing::info!(public = %http.listen, metrics = %http.metrics, "up");
    shutdown.spawn("http", serve(public, app, shutdown.token()));
    shutdown.spawn("metrics", serve(private, telemetry::page(metrics), shutdown.token()));
    let ended = shutdown.finish(grace).await;
    base.close().await?;
    tracing::info!("down");
    Ok(ended?)
}

async fn listen(at: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(at).await.with_context(|| format!("cannot listen on {at}"))
}

/// Serves until it is told to stop, and then what is in hand.
async fn serve(listener: TcpListener, app: Router, stop: CancellationToken) -> anyhow::Result<()> {
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // Answers are small and awaited: they must not wait for more.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection stays slow");
        }
    });
    Ok(axum::serve(listener, app).with_graceful_shutdown(async move { stop.cancelled().await }).await?)
}

fn door(base: &WebhookBase) -> Door {
    let settings = &base.settings;
    let telegram = settings.telegram.bot_id.map(|bot| {
        let bot = BotId(bot);
        TelegramDoor {
            bot,
            secret: settings.webhook_secret(&base.core.lookup),
            sealer: Sealer::new(base.inbox.clone(), bot),
            inbox: Inbox::start(base.core.pool.clone()),
        }
    });
    Door {
        core: base.core.clone(),
        telegram,
        texts: Texts::load(),
        probe: probe_key(&base.core.lookup).public(),
        memory: routes::Memory::default(),
        allow_on_outage: settings.relay.admission_on_failure == Admission::Allow,
    }
}
