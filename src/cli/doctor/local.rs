//! What is on this machine: settings, database, keyring, images, backups.

use super::{Finding, chain};
use crate::adapters::ssh::InstallationKey;
use crate::base::{self, Server, TENANT, known_version};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Settings};
use crate::db;
use crate::fleet::image::{Arch, RelayImage};
use crate::secret::{Keyring, KeyringError};
use crate::settings::{self, Setting};
use crate::types::ChatId;
use chrono::TimeDelta;
use sqlx::PgPool;
use std::path::Path;
use std::time::Duration;

/// How long a database that doesn't answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How far our clock and the database's may be apart.
const CLOCKS: TimeDelta = TimeDelta::seconds(5);
/// How old the last nightly backup may be.
const BACKUP: TimeDelta = TimeDelta::hours(50);
/// What a row name for the keyring's test is.
const TEST_ROW: &str = "doctor:test:value";

pub(super) fn configuration(config: &Config, file: Option<&Path>) -> Finding {
    let from =
        file.map_or("the default file or the environment".to_owned(), |file| file.display().to_string());
    let data = config.settings.data_dir.display();
    Finding::good("configuration", format!("read from {from}; data in {data}"))
}

/// The database, if it could be opened.
pub(super) struct Store {
    opened: anyhow::Result<(Server, PgPool)>,
}

impl Store {
    pub(super) async fn open(config: &Config) -> Self {
        let opened = async {
            let server = Server::start(&config.settings).await?;
            let pool = server.connect_within(PATIENCE).await?;
            Ok((server, pool))
        };
        Self { opened: opened.await }
    }

    pub(super) fn pool(&self) -> Option<&PgPool> {
        self.opened.as_ref().ok().map(|(_, pool)| pool)
    }

    pub(super) async fn close(self) {
        if let Ok((server, pool)) = self.opened {
            pool.close().await;
            if let Err(error) = server.leave().await {
                println!("The private database could not be left in order: {}.", chain(&error));
            }
        }
    }

    pub(super) async fn findings(&self) -> Vec<Finding> {
        let (server, pool) = match &self.opened {
            Ok((server, pool)) => (server, pool),
            Err(error) => {
                let cure =
                    "check database.url, or install postgresql for a private database; then run doctor again";
                return vec![Finding::bad("database", chain(error), cure)];
            }
        };
        let place = if server.embedded().is_some() { "private" } else { "configured" };
        let facts = match db::store::facts(pool).await {
            Ok(facts) => facts,
            Err(error) => {
                return vec![Finding::bad("database", chain(&error.into()), "see the database's own log")];
            }
        };
        let megabytes = facts.bytes / 1_000_000;
        let version = facts.version.split(' ').next().unwrap_or_default();
        let mut findings = vec![Finding::good(
            "database",
            format!("PostgreSQL {version} ({place}), {megabytes} MB, time zone {}", facts.time_zone),
        )];
        if facts.encoding != "UTF8" {
            let cure = "make a new database with `createdb -E UTF8 -T template0`, and move there by backup and restore";
            findings.push(Finding::bad(
                "encoding",
                format!("the database keeps text as {}", facts.encoding),
                cure,
            ));
        }
        let apart = (SystemClock.now() - facts.now).abs();
        if apart > CLOCKS {
            let fact = format!("this machine's and the database's are {} s apart", apart.num_seconds());
            findings.push(Finding::bad("clocks", fact, "let both be set by NTP: apt-get install chrony"));
        }
        findings.push(schema(pool).await);
        findings
    }

    /// A fact from the settings table, where it can be read.
    async fn setting<T: serde::de::DeserializeOwned>(&self, setting: Setting) -> Option<T> {
        settings::store::get(self.pool()?, TENANT, setting).await.ok().flatten()
    }

    pub(super) async fn ops_group(&self) -> Option<ChatId> {
        self.setting(Setting::OpsGroup).await
    }

    pub(super) async fn restore(&self) -> Option<Finding> {
        let cure = "look whether the restored state is right, then run: derpshop admin restore-confirm";
        let fact = "waits to be confirmed; until then no container is removed from a server";
        let pending = self.setting::<bool>(Setting::RestorePendingConfirmation).await;
        pending.unwrap_or(false).then(|| Finding::bad("restore", fact, cure))
    }

    pub(super) async fn keyring(&self, config: &Config) -> Vec<Finding> {
        let dir = &config.settings.keyring_dir;
        let held: Option<String> = self.setting(Setting::Keyring).await;
        let put_back = "put it back from a backup (derpshop restore), or from wherever it was moved";
        if !dir.exists() {
            return vec![match held {
                None => Finding::aside(
                    "keyring",
                    format!("not made yet; the first start makes it in {}", dir.display()),
                ),
                Some(_) => Finding::bad("keyring", format!("there is none in {}", dir.display()), put_back),
            }];
        }
        let keyring = match Keyring::load(dir) {
            Ok(keyring) => keyring,
            Err(error @ KeyringError::Exposed { .. }) => {
                return vec![Finding::bad("keyring", error.to_string(), "run the command that it names")];
            }
            Err(error) => return vec![Finding::bad("keyring", chain(&error.into()), put_back)],
        };
        let sealed = keyring.seal.seal(TEST_ROW, b"test");
        let opens = keyring.open.open(TEST_ROW, &sealed).is_ok_and(|plain| *plain == b"test");
        let queued = keyring.inbox.seal(TEST_ROW, b"test");
        let opens = opens && keyring.inbox.open(TEST_ROW, &queued).is_ok();
        if !opens {
            return vec![Finding::bad("keyring", "what it seals, it does not open", put_back)];
        }
        if held.is_some_and(|held| held != keyring.lookup.fingerprint()) {
            let fact = format!("{} is not the one this database was made with", dir.display());
            return vec![Finding::bad("keyring", fact, put_back)];
        }
        let ssh = match InstallationKey::load(dir) {
            Ok(key) => Finding::good("SSH key", key.authorized_line()),
            Err(error) => {
                let cure = "the worker's first start makes it; if it was there before, take it from a backup";
                Finding::bad("SSH key", chain(&error.into()), cure)
            }
        };
        vec![Finding::good("keyring", format!("{} opens what it seals", dir.display())), ssh]
    }
}

async fn schema(pool: &PgPool) -> Finding {
    let known = known_version();
    match base::schema_version(pool).await {
        Ok(Some(found)) if found == known => Finding::good("schema", format!("version {found}")),
        Ok(Some(found)) if found > known => {
            let fact = format!("version {found}, but this derpshop knows versions up to {known}");
            Finding::bad("schema", fact, "install the newer derpshop again")
        }
        Ok(found) => {
            let found = found.map_or("none".to_owned(), |found| format!("version {found}"));
            let fact = format!("{found}, but this derpshop needs version {known}");
            Finding::bad("schema", fact, "run: derpshop migrate")
        }
        Err(error) => Finding::bad("schema", chain(&error.into()), "see the database's own log"),
    }
}

pub(super) fn images(settings: &Settings) -> Vec<Finding> {
    if settings.relay.images.is_empty() {
        let cure = "build deploy/derper/Dockerfile, `docker save` it, and fill in [relay.images.amd64]";
        return vec![Finding::bad("relay image", "none is configured, so no relay can be started", cure)];
    }
    let look = |(architecture, image): (&Arch, &RelayImage)| {
        let name = format!("relay image {architecture}");
        let path = image.archive.display();
        match std::fs::metadata(&image.archive) {
            Ok(file) => {
                let megabytes = file.len() / 1_000_000;
                Finding::good(name, format!("{} from {path} ({megabytes} MB)", image.image))
            }
            Err(error) => {
                let cure = format!("docker save -o {path} {}", image.image);
                Finding::bad(name, format!("{path} can't be read: {error}"), cure)
            }
        }
    };
    settings.relay.images.iter().map(look).collect()
}

pub(super) fn backups(store: &Store, config: &Config) -> Vec<Finding> {
    let backup = &config.backup;
    if let Ok((server, _)) = &store.opened
        && let Err(error) = server.backups(config)
    {
        return vec![Finding::bad("backups", chain(&error), "apt-get install postgresql-client")];
    }
    let dir = backup.dir.display();
    let nightly = |name: &str| name.starts_with("derpshop-") && name.ends_with(".backup");
    let names = std::fs::read_dir(&backup.dir).into_iter().flatten().flatten();
    let newest = names.filter(|entry| entry.file_name().to_str().is_some_and(nightly));
    let newest = newest.filter_map(|entry| entry.metadata().ok()?.modified().ok()).max();
    let Some(newest) = newest else {
        return vec![Finding::aside(
            "backups",
            format!("none yet in {dir}; the worker makes one each night"),
        )];
    };
    let age = SystemClock.now() - chrono::DateTime::<chrono::Utc>::from(newest);
    if age > BACKUP {
        let cure =
            "see why the worker's job failed (/jobs in the ops group), or run: derpshop backup --nightly";
        return vec![Finding::bad(
            "backups",
            format!("the last in {dir} is {} days old", age.num_days()),
            cure,
        )];
    }
    let key = backup.key_file.display();
    if !backup.key_file.exists() {
        let cure = "put the key back: without it the backups made before can't be opened";
        return vec![Finding::bad("backups", format!("the key {key} is missing"), cure)];
    }
    let fact = format!("the last in {dir} is {} hours old; keep a copy of {key} elsewhere", age.num_hours());
    vec![Finding::good("backups", fact)]
}
