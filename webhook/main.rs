//! The `webhook` binary: all inbound HTTP. It holds no token, no SSH key, and nothing that opens a sealed secret.

mod door;
mod routes;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use derpshop::adapters::http::serve;
use derpshop::base::{WebhookBase, probe_key};
use derpshop::config::{Admission, Settings};
use derpshop::i18n::Texts;
use derpshop::inbox::{BotId, Inbox, Sealer};
use derpshop::shutdown::Shutdown;
use derpshop::telemetry;
use tokio::net::TcpListener;

use door::{Door, TelegramDoor};

/// All inbound HTTP of derpshop: Telegram's updates, admission of devices, ACL pages.
#[derive(Debug, Parser)]
#[command(name = "webhook", version)]
struct Args {
    /// The settings file [default: /etc/derpshop/derpshop.toml if it exists].
    #[arg(long, env = "DERPSHOP_CONFIG", value_name = "FILE")]
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
    let stop = shutdown.token();
    let base = tokio::select! {
        base = WebhookBase::open(settings) => base?,
        () = stop.cancelled() => return Ok(()),
    };
    let http = &base.settings.http;
    let public = listen(http.listen).await?;
    let private = listen(http.metrics).await?;
    let door = Arc::new(door(&base));
    let app = telemetry::with_request_ids(routes::all(door));
    tracing::info!(public = %http.listen, metrics = %http.metrics, "up");
    let (stop, page) = (shutdown.token(), telemetry::page(metrics));
    shutdown.spawn("http", async move { Ok(serve(public, app, stop).await?) });
    let stop = shutdown.token();
    shutdown.spawn("metrics", async move { Ok(serve(private, page, stop).await?) });
    let ended = shutdown.finish(grace).await;
    base.close().await?;
    tracing::info!("down");
    Ok(ended?)
}

async fn listen(at: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(at).await.with_context(|| format!("cannot listen on {at}"))
}

fn door(base: &WebhookBase) -> Door {
    let settings = &base.settings;
    if settings.telegram.bot_id.is_none() {
        tracing::warn!("telegram.bot_id is not set, so updates are not taken");
    }
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
