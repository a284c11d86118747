//! Settings: one TOML file and the environment, checked once at start.
//!
//! `deploy/derpshop.example.toml` explains every key. [`Settings`] is what both processes use; [`Config`] adds the
//! secrets of `derpshop`, which `webhook` never keeps even when it reads the same file.

mod check;
mod layers;
mod raw;
mod relay;
#[cfg(test)]
mod tests;

pub use crate::adapters::smtp::{Server as Smtp, Tls as SmtpTls};

use crate::fleet::image::{Arch, RelayImage};
use crate::fleet::server::PortRange;
use crate::types::{Lang, Title};
use chrono_tz::Tz;
use layers::Layers;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// Read when neither `--config` nor `DERPSHOP_CONFIG` names a file; it may be absent.
const DEFAULT_FILE: &str = "/etc/derpshop/derpshop.toml";

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Values are wrong; every one found is listed.
    #[error("the configuration has mistakes:\n{}", listed(problems))]
    Invalid {
        /// What is wrong, and where.
        problems: Vec<Problem>,
    },
}

/// One wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, dotted, as in `smtp.from`; empty when the file as a whole can't be read.
    pub key: String,
    /// The file or variable that set it.
    pub place: Option<String>,
    /// What is wrong with it. Values are never repeated.
    pub problem: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) if self.key.is_empty() => write!(f, "{place}: {}", self.problem),
            Some(place) => write!(f, "{} ({place}) {}", self.key, self.problem),
            None => write!(f, "{} {}", self.key, self.problem),
        }
    }
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

/// What `derpshop` runs with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The part that `webhook` uses too.
    pub settings: Settings,
    /// The bot's token. Absent, everything that doesn't talk to Telegram still works.
    pub telegram_token: Option<SecretString>,
    /// Outgoing mail; absent, accounts have no e-mail.
    pub smtp: Option<Smtp>,
    /// Nightly backups.
    pub backup: Backup,
}

/// What both processes run with: no secret but the database's address and the webhook's.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of everything that is kept outside the database.
    pub data_dir: PathBuf,
    /// Folder of the keyring, see [`crate::secret`].
    pub keyring_dir: PathBuf,
    /// Our address as customers reach it, without a trailing slash in its path; absent, pages, admission and
    /// webhooks are off.
    pub public_url: Option<Url>,
    /// What the log looks like.
    pub log: Log,
    /// Where the database is.
    pub database: Database,
    /// How updates come in.
    pub telegram: Telegram,
    /// Listening addresses.
    pub http: Http,
    /// What customers see.
    pub shop: Shop,
    /// What runs on the servers.
    pub relay: Relay,
    /// Protection against too much at once.
    pub limits: Limits,
}

/// The log.
#[derive(Debug, Clone)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// Directives as `tracing-subscriber` takes them: `info,derpshop=debug`.
    pub filter: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person at a terminal or the journal.
    Text,
    /// One JSON object a line, for a collector.
    Json,
}

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    /// Address of a Postgres; absent, `derpshop` runs a private one below the data folder.
    pub url: Option<SecretString>,
    /// Connections that one process keeps at most.
    pub pool_size: NonZeroU32,
    /// Folder of `postgres`, `initdb`, `pg_dump` and the like; absent, the newest installed is found.
    pub bin_dir: Option<PathBuf>,
}

/// How Telegram is reached and reaches us.
#[derive(Debug, Clone)]
pub struct Telegram {
    /// The bot's own id, which is the number before the colon in its token and no secret.
    pub bot_id: Option<i64>,
    /// Base address of the Bot API.
    pub api_url: Url,
    /// Who starts the conversation.
    pub mode: TelegramMode,
    /// What Telegram sends along to prove itself; absent, [`Settings::webhook_secret`] derives one from the keyring.
    webhook_secret: Option<SecretString>,
}

/// How updates come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TelegramMode {
    /// We ask (long polling): works without a public address.
    Polling,
    /// Telegram calls `webhook`.
    Webhook,
}

/// Listening addresses.
#[derive(Debug, Clone)]
pub struct Http {
    /// Where `webhook` takes requests of the outside world.
    pub listen: SocketAddr,
    /// Where `webhook` shows its figures: a loopback address.
    pub metrics: SocketAddr,
    /// Where `derpshop` shows its figures: a loopback address.
    pub worker_metrics: SocketAddr,
}

/// What customers see.
#[derive(Debug, Clone)]
pub struct Shop {
    /// The shop's name.
    pub name: Title,
    /// Where our probes look from, such as the city of this machine.
    pub vantage: Title,
    /// For whoever has no language of ours.
    pub language: Lang,
    /// Zone for users who have not chosen one.
    pub time_zone: Tz,
    /// Page with the terms; absent, the built-in text is shown.
    pub terms_url: Option<Url>,
}

/// What runs on the servers.
#[derive(Debug, Clone)]
pub struct Relay {
    /// The relay image for each processor architecture, as Docker names it (`amd64`, `arm64`).
    pub images: BTreeMap<Arch, RelayImage>,
    /// Ports that a new server offers to relays.
    pub ports: PortRange,
    /// What admission answers when we can't tell.
    pub admission_on_failure: Admission,
    /// Where relays ask for admission, if that is not [`Settings::public_url`].
    pub admission_url: Option<Url>,
    /// Addresses that never count as a customer's device: those that our probes come from.
    pub own_addresses: Vec<IpAddr>,
}

/// An answer to a relay that asks whether a client may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Let it in.
    Allow,
    /// Keep it out.
    Deny,
}

/// Protection against too much at once.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Updates a minute of one user that are handled.
    pub updates_per_minute: NonZeroU32,
    /// HTTP requests a minute of one address that are answered, admission excepted.
    pub requests_per_minute: NonZeroU32,
    /// Jobs that one worker runs at once.
    pub jobs: NonZeroU32,
    /// Time for work in hand when the process is told to stop.
    pub shutdown: Duration,
}

/// Nightly backups.
#[derive(Debug, Clone)]
pub struct Backup {
    /// Folder they go to.
    pub dir: PathBuf,
    /// How many of them stay.
    pub keep: NonZeroU32,
    /// File with the key that encrypts them, made at the first backup.
    pub key_file: PathBuf,
}

impl Config {
    /// Reads the file (`named`, else `DERPSHOP_CONFIG`, else the default one if it exists) and the environment.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        load(named, Self::parse)
    }

    /// As [`Config::load`], from texts.
    pub fn parse(file: Option<(&Path, &str)>, env: Vec<(String, String)>) -> Result<Self, ConfigError> {
        let layers = Layers::new(file, env);
        check::config(layers.read()?, &layers)
    }
}

impl Settings {
    /// As [`Config::load`], for `webhook`: a token in the file is neither needed nor kept, and no file that a key
    /// names is opened.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        load(named, Self::parse)
    }

    /// As [`Settings::load`], from texts.
    pub fn parse(file: Option<(&Path, &str)>, env: Vec<(String, String)>) -> Result<Self, ConfigError> {
        let layers = Layers::new(file, env);
        check::settings(layers.read()?, &layers)
    }

    /// What Telegram must send in `X-Telegram-Bot-Api-Secret-Token`: the configured secret, else one derived from the
    /// keyring, so that both processes agree without being told.
    pub fn webhook_secret(&self, lookup: &crate::secret::LookupKey) -> SecretString {
        match &self.telegram.webhook_secret {
            Some(secret) => secret.clone(),
            None => hex::encode(lookup.digest("telegram webhook secret", b"")).into(),
        }
    }
}

type Parse<T> = fn(Option<(&Path, &str)>, Vec<(String, String)>) -> Result<T, ConfigError>;

fn load<T>(named: Option<&Path>, parse: Parse<T>) -> Result<T, ConfigError> {
    // Variables that are not UTF-8 can't be ours.
    let env: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let variable = env.iter().find(|(name, value)| name == layers::FILE_VARIABLE && !value.is_empty());
    let path = match (named, variable) {
        (Some(named), _) => Some(named.to_owned()),
        (None, Some((_, path))) => Some(path.into()),
        (None, None) => Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()),
    };
    let Some(path) = path else { return parse(None, env) };
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(Some((&path, &text)), env),
        Err(source) => Err(ConfigError::Read { path, source }),
    }
}
