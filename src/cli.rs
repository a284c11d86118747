//! The commands of `derpshop`.

mod admin;
mod backup;
mod doctor;
mod serve;

use crate::base::{Base, Server, migrate};
use crate::config::Config;
use crate::telemetry;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Sells private Tailscale DERP relays in a Telegram chat, and runs them.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// The settings file [default: /etc/derpshop/derpshop.toml if it exists].
    #[arg(long, global = true, env = "DERPSHOP_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the bot and the worker in one process.
    Run,
    /// Runs the bot alone; any number may run.
    Bot,
    /// Runs the worker alone; any number may run.
    Worker,
    /// Brings the database's schema up to date. `run`, `bot` and `worker` do so by themselves.
    Migrate,
    /// Does what only the operator of this machine may do.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Looks at everything the shop stands on; the exit status is how many things need attention.
    Doctor,
    /// Backs up the database and the keyring into one encrypted file.
    Backup(backup::Backup),
    /// Brings a backup back into an empty database.
    Restore(backup::Restore),
}

/// Reads the command line, does what it says, and tells how it went.
pub async fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("derpshop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    if let Command::Doctor = cli.command {
        return Ok(doctor::run(cli.config.as_deref()).await);
    }
    let config = Config::load(cli.config.as_deref())?;
    telemetry::init(&config.settings.log)?;
    match cli.command {
        Command::Doctor => {}
        Command::Run => serve::run(config, serve::Parts { bot: true, worker: true }).await?,
        Command::Bot => serve::run(config, serve::Parts { bot: true, worker: false }).await?,
        Command::Worker => serve::run(config, serve::Parts { bot: false, worker: true }).await?,
        Command::Migrate => {
            let server = Server::start(&config.settings).await?;
            let pool = server.connect().await?;
            let migrated = migrate(&pool).await;
            pool.close().await;
            server.leave().await?;
            migrated?;
        }
        Command::Admin(command) => {
            let base = Base::open(config).await?;
            let done = admin::run(command, &base).await;
            base.close().await?;
            done?;
        }
        Command::Backup(command) => backup::make(command, &config).await?,
        Command::Restore(command) => backup::restore(&command, config).await?,
    }
    Ok(ExitCode::SUCCESS)
}
