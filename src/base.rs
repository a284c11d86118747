//! What every subcommand and the webhook begin with: database, schema, keyring, and what use cases read of the
//! settings.

mod fleet;

pub use fleet::{fleet, probe_key, setup};

use crate::adapters::backup::store::Progress;
use crate::adapters::backup::{self, Backups, Connection};
use crate::adapters::probe::{ProbeLimits, SocketProber};
use crate::adapters::ssh::{InstallationKey, SshHosts, SshLimits};
use crate::app::{App, Core, Shop};
use crate::clock::{OsRandom, SystemClock};
use crate::config::{Config, Settings};
use crate::db::{self, MIGRATOR, StoreError};
use crate::embedded_pg::{EmbeddedPg, Left, Programs};
use crate::jobs;
use crate::secret::{
    ExposeSecret, InboxKey, Keyring, KeyringError, LookupKey, SealPublic, SecretString, WebhookKeys,
};
use crate::settings::{self, Setting};
use crate::types::TenantId;
use anyhow::Context;
use graphile_worker::WorkerUtils;
use sqlx::PgPool;
use sqlx::migrate::{Migrate, MigrateError};
use sqlx::postgres::PgConnectOptions;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The one seeded tenant.
pub const TENANT: TenantId = TenantId(1);

/// How long a database that doesn't answer yet is waited for: at boot everything starts at once.
const DATABASE_PATIENCE: Duration = Duration::from_secs(30);
/// How long the webhook waits for `derpshop` to start the database and to bring its schema up to date.
const SCHEMA_PATIENCE: Duration = Duration::from_mins(2);
const STEP: Duration = Duration::from_millis(100);

/// Why the database's schema can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A later derpshop was here.
    #[error(
        "the database has schema version {found}, made by a newer derpshop; this one knows versions up to {known}"
    )]
    Newer {
        /// The database's version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Nobody has brought it up to date.
    #[error("the database's schema is not up to date: run `derpshop migrate`, or start `derpshop`")]
    Older,
    /// It was changed by other migrations than ours.
    #[error(
        "migration {0} in the database is another than ours: it belongs to another program or was edited"
    )]
    Foreign(i64),
    /// A restore was cut off in the middle.
    #[error("a restore into this database was interrupted: run it again, or empty the database")]
    HalfRestored,
    /// A migration could not be read or applied.
    #[error("the schema could not be read or brought up to date")]
    Migrate(#[source] MigrateError),
    /// The job engine's own tables could not be made.
    #[error("the job engine's schema could not be brought up to date")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database did not answer.
    #[error("the database could not be asked for its state")]
    Store(#[from] StoreError),
}

/// The keyring doesn't belong to the database.
#[derive(Debug, thiserror::Error)]
#[error(
    "the keyring in {} is not the one this database was made with, so nothing stored would open; put the right one \
     there, from a backup if need be",
    dir.display()
)]
pub struct ForeignKeyring {
    /// The keyring's folder.
    pub dir: PathBuf,
}

/// A database server that answers: the configured one or the private one.
#[derive(Debug)]
pub struct Server {
    options: PgConnectOptions,
    address: SecretString,
    bin_dir: Option<PathBuf>,
    pool_size: u32,
    embedded: Option<EmbeddedPg>,
}

impl Server {
    /// Takes the configured one, or starts the private one.
    pub async fn start(settings: &Settings) -> anyhow::Result<Self> {
        make_data_dir(&settings.data_dir)?;
        let bin_dir = settings.database.bin_dir.as_deref();
        let embedded = match settings.database.url {
            Some(_) => None,
            None => Some(EmbeddedPg::start(&private_folder(settings), bin_dir).await?),
        };
        Self::new(settings, embedded)
    }

    /// As [`Server::start`], but never starts the private one: waits for it for `patience`.
    pub async fn join(settings: &Settings, patience: Duration) -> anyhow::Result<Self> {
        let bin_dir = settings.database.bin_dir.as_deref();
        let embedded = match settings.database.url {
            Some(_) => None,
            None => Some(EmbeddedPg::join(&private_folder(settings), bin_dir, patience).await?),
        };
        Self::new(settings, embedded)
    }

    fn new(settings: &Settings, embedded: Option<EmbeddedPg>) -> anyhow::Result<Self> {
        let (options, address) = match (&settings.database.url, &embedded) {
            (Some(url), _) => {
                let options = PgConnectOptions::from_str(url.expose_secret());
                (options.context("database.url can't be used")?, url.clone())
            }
            (None, Some(embedded)) => (embedded.options(), embedded.address().into()),
            (None, None) => anyhow::bail!("there is neither a configured nor a private database"),
        };
        let database = &settings.database;
        let (bin_dir, pool_size) = (database.bin_dir.clone(), database.pool_size.get());
        Ok(Self { options, address, bin_dir, pool_size, embedded })
    }

    /// Opens a pool; waits a moment for a server that doesn't answer yet.
    pub async fn connect(&self) -> anyhow::Result<PgPool> {
        self.connect_within(DATABASE_PATIENCE).await
    }

    /// As [`Server::connect`], with another patience.
    pub async fn connect_within(&self, patience: Duration) -> anyhow::Result<PgPool> {
        let until = Instant::now() + patience;
        loop {
            match db::connect(self.options.clone(), self.pool_size).await.map_err(StoreError::from) {
                Ok(pool) => return Ok(pool),
                Err(error) if error.is_transient() && Instant::now() < until => {
                    tracing::info!(
                        error = format!("{:#}", anyhow::Error::from(error)),
                        "waiting for the database"
                    );
                    sleep(STEP * 5).await;
                }
                Err(error) => return Err(error).context("cannot connect to the database"),
            }
        }
    }

    /// How to connect to it.
    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Its private self, where it is that.
    pub fn embedded(&self) -> Option<&EmbeddedPg> {
        self.embedded.as_ref()
    }

    /// Backups of its database and the keyring.
    pub fn backups(&self, config: &Config) -> anyhow::Result<Backups> {
        let programs = match &self.embedded {
            Some(embedded) => embedded.programs().clone(),
            None => Programs::client(self.bin_dir.as_deref())?,
        };
        Ok(Backups {
            connection: Connection::parse(&self.address).context("database.url can't be used")?,
            pg_dump: programs.path("pg_dump"),
            keyring_dir: config.settings.keyring_dir.clone(),
            key_file: config.backup.key_file.clone(),
            dir: config.backup.dir.clone(),
            keep: usize::try_from(config.backup.keep.get()).unwrap_or(usize::MAX),
            schema: known_version(),
        })
    }

    /// Leaves it; stops the private one if nobody else uses it. Close all connections before.
    pub async fn leave(self) -> anyhow::Result<()> {
        if let Some(embedded) = self.embedded {
            let left = embedded.leave().await?;
            tracing::debug!(stopped = left == Left::Stopped, "left the private database");
        }
        Ok(())
    }
}

fn private_folder(settings: &Settings) -> PathBuf {
    settings.data_dir.join("postgres")
}

/// The data folder lets other users through, since the private database may run as one; what is secret in it has a
/// folder of its own.
fn make_data_dir(dir: &Path) -> anyhow::Result<()> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o755).create(dir);
    made.with_context(|| format!("cannot make the data folder {}", dir.display()))
}

/// Brings the schema up to date. Processes that start together take turns; a schema from the future is refused.
pub async fn migrate(pool: &PgPool) -> Result<(), SchemaError> {
    finish_restore(pool).await?;
    let known = known_version();
    if let Some(found) = schema_version(pool).await?.filter(|found| *found > known) {
        return Err(SchemaError::Newer { found, known });
    }
    // The engine's first: whoever waits for our schema finds both.
    WorkerUtils::new(pool.clone(), jobs::SCHEMA)
        .migrate()
        .await
        .map_err(|e| SchemaError::Engine(e.into()))?;
    MIGRATOR.run(pool).await.map_err(|error| {
        if let MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) = error {
            return SchemaError::Foreign(version);
        }
        SchemaError::Migrate(error)
    })
}

/// Does what is left of a restore that was killed when all was restored, and refuses one that was killed before.
async fn finish_restore(pool: &PgPool) -> Result<(), SchemaError> {
    let mut connection = pool.acquire().await.map_err(StoreError::from)?;
    match backup::store::progress(&mut *connection).await? {
        Progress::None => Ok(()),
        Progress::Nothing => Err(SchemaError::HalfRestored),
        Progress::Data => Ok(backup::store::finish(&mut connection).await?),
    }
}

/// The database's schema version; none before the first migration.
pub async fn schema_version(pool: &PgPool) -> Result<Option<i64>, SchemaError> {
    let mut connection = pool.acquire().await.map_err(StoreError::from)?;
    match connection.list_applied_migrations(&MIGRATOR.table_name).await {
        Ok(applied) => Ok(applied.last().map(|migration| migration.version)),
        Err(MigrateError::Execute(sqlx::Error::Database(e))) if e.code().as_deref() == Some("42P01") => {
            Ok(None)
        }
        Err(error) => Err(SchemaError::Migrate(error)),
    }
}

/// The schema version that this program is made for.
pub fn known_version() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Waits until somebody has brought the schema to our version.
pub async fn await_schema(pool: &PgPool, patience: Duration) -> Result<(), SchemaError> {
    let (until, known) = (Instant::now() + patience, known_version());
    loop {
        match schema_version(pool).await {
            Ok(Some(found)) if found == known => return Ok(()),
            Ok(Some(found)) if found > known => return Err(SchemaError::Newer { found, known }),
            Ok(_) if Instant::now() > until => return Err(SchemaError::Older),
            Err(error) if Instant::now() > until => return Err(error),
            Ok(found) => tracing::debug!(found, known, "waiting for the schema"),
            Err(error) => tracing::debug!(%error, "waiting for the schema"),
        }
        sleep(STEP).await;
    }
}

/// Checks that the keyring is the one that sealed what the database holds; the first one ever seen is remembered.
pub async fn check_keyring(pool: &PgPool, lookup: &LookupKey, dir: &Path) -> anyhow::Result<()> {
    let ours = lookup.fingerprint();
    let held = settings::store::set_once(pool, TENANT, Setting::Keyring, ours.clone()).await?;
    if held != ours {
        return Err(ForeignKeyring { dir: dir.to_owned() }.into());
    }
    Ok(())
}

/// What `derpshop run`, `bot`, `worker` and `admin` begin with.
#[derive(Debug)]
pub struct Base {
    /// The settings.
    pub config: Config,
    /// What use cases need.
    pub app: Arc<App>,
    /// Reaches servers; the first time, the installation gets its SSH key.
    pub hosts: SshHosts,
    /// Opens what the inbox holds.
    pub inbox: Arc<InboxKey>,
    /// Below [`App`]'s pool; [`Base::close`] leaves it.
    pub server: Server,
}

impl Base {
    /// Opens the database, brings its schema up to date, and reads the keyring, making either at the first start.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let server = Server::start(&config.settings).await?;
        let pool = server.connect().await?;
        migrate(&pool).await?;
        let dir = &config.settings.keyring_dir;
        let keyring = Keyring::create_or_load(dir)?;
        check_keyring(&pool, &keyring.lookup, dir).await?;
        let shop = shop(&config.settings, config.smtp.is_some());
        let core = core(&pool, keyring.lookup, keyring.seal, shop);
        let prober = SocketProber::new(core.clock.clone(), core.random.clone(), ProbeLimits::default());
        let key = InstallationKey::create_or_load(dir, &*core.random)?;
        let hosts = SshHosts::new(key, SshLimits::default());
        let app = Arc::new(App {
            core,
            open: keyring.open,
            prober: Arc::new(prober),
            hosts: Arc::new(hosts.clone()),
            key_line: hosts.authorized_line(),
        });
        Ok(Self { config, app, hosts, inbox: Arc::new(keyring.inbox), server })
    }

    /// Closes all connections and leaves the database.
    pub async fn close(self) -> anyhow::Result<()> {
        self.app.pool.close().await;
        self.server.leave().await
    }
}

/// What `webhook` begins with.
#[derive(Debug)]
pub struct WebhookBase {
    /// The settings.
    pub settings: Settings,
    /// What use cases need.
    pub core: Arc<Core>,
    /// Seals what goes into the inbox.
    pub inbox: Arc<InboxKey>,
    /// Below [`Core`]'s pool; [`WebhookBase::close`] leaves it.
    pub server: Server,
}

impl WebhookBase {
    /// Waits for the database, its schema and the keyring, all of which `derpshop` makes.
    pub async fn open(settings: Settings) -> anyhow::Result<Self> {
        let server = Server::join(&settings, SCHEMA_PATIENCE).await?;
        let pool = server.connect().await?;
        await_schema(&pool, SCHEMA_PATIENCE).await?;
        let dir = &settings.keyring_dir;
        let until = Instant::now() + SCHEMA_PATIENCE;
        let keys = loop {
            match WebhookKeys::load(dir) {
                Err(KeyringError::Missing { .. }) if Instant::now() < until => sleep(STEP).await,
                loaded => break loaded?,
            }
        };
        check_keyring(&pool, &keys.lookup, dir).await?;
        let core = Arc::new(core(&pool, keys.lookup, keys.seal, shop(&settings, false)));
        Ok(Self { settings, core, inbox: Arc::new(keys.inbox), server })
    }

    /// Closes all connections and leaves the database.
    pub async fn close(self) -> anyhow::Result<()> {
        self.core.pool.close().await;
        self.server.leave().await
    }
}

fn core(pool: &PgPool, lookup: LookupKey, seal: SealPublic, shop: Shop) -> Core {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(OsRandom));
    Core { pool: pool.clone(), clock, random, tenant: TENANT, lookup, seal, shop }
}

fn shop(settings: &Settings, mail: bool) -> Shop {
    let plain = |url: &url::Url| url.as_str().trim_end_matches('/').to_owned();
    Shop {
        name: settings.shop.name.clone(),
        language: settings.shop.language,
        time_zone: settings.shop.time_zone,
        terms_url: settings.shop.terms_url.as_ref().map(plain),
        public_url: settings.public_url.as_ref().map(plain),
        vantage: settings.shop.vantage.clone(),
        mail,
        admission_url: settings.relay.admission_url.as_ref().map(plain),
        own_addresses: settings.relay.own_addresses.clone(),
        relay_ports: settings.relay.ports,
    }
}
