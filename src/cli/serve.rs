//! `run`, `bot` and `worker`: the processes that stay.

use crate::base::{Base, fleet};
use crate::config::Config;
use crate::shutdown::Shutdown;
use crate::worker::{self, Gear};

/// What runs in this process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) bot: bool,
    pub(super) worker: bool,
}

pub(super) async fn run(config: Config, parts: Parts) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let grace = config.settings.limits.shutdown;
    let base = Base::open(config).await?;
    watch_database(&base, &shutdown);
    if parts.worker {
        start_worker(&base, &shutdown).await?;
    }
    if parts.bot {
        start_bot(&base, &shutdown)?;
    }
    tracing::info!(bot = parts.bot, worker = parts.worker, "up");
    let ended = shutdown.finish(grace).await;
    base.close().await?;
    tracing::info!("down");
    Ok(ended?)
}

/// A private database that ends takes the process with it: the next start recovers it.
fn watch_database(base: &Base, shutdown: &Shutdown) {
    let Some(ended) = base.server.embedded().map(crate::embedded_pg::EmbeddedPg::ended) else { return };
    let stop = shutdown.token();
    shutdown.spawn("database", async move {
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            () = ended => anyhow::bail!("the private database ended; its log folder says why"),
        }
    });
}

/// Starts what `worker` consists of.
async fn start_worker(base: &Base, shutdown: &Shutdown) -> anyhow::Result<()> {
    let limits = &base.config.settings.limits;
    let parallel = usize::try_from(limits.jobs.get())?;
    let gear = Gear { app: base.app.clone(), fleet: fleet(&base.app, &base.config.settings).await? };
    shutdown.spawn("jobs", worker::run(gear, parallel, limits.shutdown, shutdown.token()));
    Ok(())
}

/// Starts what `bot` consists of.
fn start_bot(base: &Base, shutdown: &Shutdown) -> anyhow::Result<()> {
    anyhow::ensure!(base.config.telegram_token.is_some(), "telegram.token is not set: @BotFather gives one");
    let stop = shutdown.token();
    shutdown.spawn("bot", async move {
        stop.cancelled().await;
        Ok(())
    });
    Ok(())
}
