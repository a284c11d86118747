//! `backup` and `restore`.

use crate::adapters::backup::{Backups, Nightly};
use crate::base::{Base, Server, check_keyring, migrate};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::secret::Keyring;
use anyhow::Context;
use clap::Args;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// Where to [default: a new file in `backup.dir`].
    #[arg(long, value_name = "FILE", conflicts_with = "nightly")]
    to: Option<PathBuf>,
    /// As the worker does each night: one a day, and old ones are removed.
    #[arg(long)]
    nightly: bool,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup.
    file: PathBuf,
    /// The key that it was made with [default: `backup.key_file`].
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Replaces all that the database holds, after a backup of it. A different keyring is moved aside.
    #[arg(long)]
    force_into_nonempty: bool,
}

pub(super) async fn make(command: Backup, config: &Config) -> anyhow::Result<()> {
    let server = Server::start(&config.settings).await?;
    let pool = server.connect().await?;
    let made = make_with(command, config, &server, &pool).await;
    pool.close().await;
    server.leave().await?;
    made
}

async fn make_with(command: Backup, config: &Config, server: &Server, pool: &PgPool) -> anyhow::Result<()> {
    // A keyring of another database would make a backup that opens nothing.
    let dir = &config.settings.keyring_dir;
    check_keyring(pool, &Keyring::load(dir)?.lookup, dir).await?;
    let backups = server.backups(config)?;
    let now = SystemClock.now();
    if command.nightly {
        match backups.nightly(now).await? {
            Nightly::Made { path, bytes, removed } => {
                tell(&path, bytes, &backups);
                println!("Old backups removed: {removed}.");
            }
            Nightly::Already => println!("Today's backup was made before."),
        }
        return Ok(());
    }
    let name = format!("manual-{}.backup", now.format("%Y-%m-%dT%H%M%SZ"));
    let to = command.to.unwrap_or_else(|| backups.dir.join(name));
    let bytes = backups.make(&to, now).await?;
    tell(&to, bytes, &backups);
    Ok(())
}

fn tell(path: &Path, bytes: u64, backups: &Backups) {
    println!("Backed up into {} ({bytes} bytes).", path.display());
    println!(
        "Only the key in {} opens it: keep a copy of that away from this machine.",
        backups.key_file.display()
    );
}

pub(super) async fn restore(command: &Restore, config: Config) -> anyhow::Result<()> {
    let server = Server::start(&config.settings).await?;
    let restored = restore_with(command, &config, &server).await;
    server.leave().await?;
    restored?;
    // As the next start would; so that one which can't is known now.
    Base::open(config).await?.close().await
}

async fn restore_with(command: &Restore, config: &Config, server: &Server) -> anyhow::Result<()> {
    let mut backups = server.backups(config)?;
    if let Some(key_file) = &command.key_file {
        backups.key_file.clone_from(key_file);
    }
    let connection = PgConnection::connect_with(server.options()).await;
    let mut connection = connection.context("cannot connect to the database")?;
    let now = SystemClock.now();
    let restored = backups.restore(&command.file, &mut connection, command.force_into_nonempty, now).await?;
    connection.close().await?;
    let pool = server.connect().await?;
    let migrated = migrate(&pool).await;
    pool.close().await;
    migrated?;
    println!("Restored the state of {}.", restored.manifest.made_at);
    if let Some(path) = restored.replaced {
        println!("What was there before is in {}.", path.display());
    }
    if let Some(path) = restored.old_keyring {
        println!("The keyring that was there before is in {}.", path.display());
    }
    println!("No container is removed from a server until you have looked at it and run:");
    println!("  derpshop admin restore-confirm");
    Ok(())
}
