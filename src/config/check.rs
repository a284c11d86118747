//! From written settings to typed ones; collects every mistake instead of stopping at the first.

use super::layers::Layers;
use super::raw::{self, Raw};
use super::{
    Backup, Config, ConfigError, Database, Http, Limits, Log, LogFormat, Problem, Settings, Shop, Smtp,
    SmtpTls, Telegram, TelegramMode,
};
use crate::types::{Lang, Title};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use url::Url;

/// The Bot API takes secret tokens of 1 to 256 characters.
const SECRET_TOKEN_LIMIT: usize = 256;

pub(super) fn config(mut raw: Raw, layers: &Layers) -> Result<Config, ConfigError> {
    let mut check = Check { layers, problems: Vec::new() };
    let backup = std::mem::take(&mut raw.backup);
    let smtp = std::mem::take(&mut raw.smtp);
    let token_file = raw.telegram.token_file.take();
    raw.telegram.token =
        check.secret("telegram.token_file", raw.telegram.token.take(), token_file.as_deref());
    let token = raw.telegram.token.clone();
    let settings = check.settings(raw);
    let config = Config {
        backup: check.backup(backup, &settings.data_dir),
        telegram_token: token,
        smtp: check.smtp(smtp),
        settings,
    };
    check.done(config)
}

pub(super) fn settings(raw: Raw, layers: &Layers) -> Result<Settings, ConfigError> {
    let mut check = Check { layers, problems: Vec::new() };
    let settings = check.settings(raw);
    check.done(settings)
}

/// The mistakes found so far, and where values came from.
pub(super) struct Check<'a> {
    layers: &'a Layers,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn done<T>(self, value: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(ConfigError::Invalid { problems: self.problems })
        }
    }

    pub(super) fn wrong(&mut self, key: &str, problem: impl Into<String>) {
        self.problems.push(Problem {
            key: key.into(),
            place: self.layers.place(key),
            problem: problem.into(),
        });
    }

    /// Parses a text setting, or falls back on its default (whose text is ours and right).
    pub(super) fn parse<T: FromStr>(
        &mut self,
        key: &str,
        written: Option<&str>,
        default: T,
        what: &str,
    ) -> T {
        match written.map(|text| text.trim().parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.wrong(key, format!("should be {what}"));
                default
            }
        }
    }

    /// Picks one of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &str,
        written: Option<&str>,
        words: &[(&str, T)],
        default: T,
    ) -> T {
        let Some(written) = written else { return default };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == written) {
            return *value;
        }
        let known: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        self.wrong(key, format!("should be one of {}", known.join(", ")));
        default
    }

    fn positive(&mut self, key: &str, written: Option<u32>, default: u32) -> NonZeroU32 {
        NonZeroU32::new(written.unwrap_or(default)).unwrap_or_else(|| {
            self.wrong(key, "should be more than 0");
            NonZeroU32::MIN
        })
    }

    /// An http(s) address without query and fragment; the path ends without a slash.
    pub(super) fn web_address(&mut self, key: &str, written: Option<&str>) -> Option<Url> {
        let written = written?;
        let parsed = Url::parse(written.trim().trim_end_matches('/')).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if parsed.is_none() {
            self.wrong(key, "should be an http:// or https:// address without user, query or fragment");
        }
        parsed
    }

    /// A secret given as such, else the content of the file that is named for it.
    fn secret(
        &mut self,
        file_key: &str,
        given: Option<SecretString>,
        file: Option<&Path>,
    ) -> Option<SecretString> {
        if given.is_some() {
            return given;
        }
        match std::fs::read_to_string(file?) {
            Ok(text) if text.trim().is_empty() => self.wrong(file_key, "names an empty file"),
            Ok(text) => return Some(text.trim().into()),
            Err(e) => self.wrong(file_key, format!("names a file that can't be read: {e}")),
        }
        None
    }

    fn settings(&mut self, raw: Raw) -> Settings {
        let data_dir = self.absolute("data_dir", raw.data_dir, || PathBuf::from("/var/lib/derpshop"));
        Settings {
            keyring_dir: self.absolute("keyring_dir", raw.keyring_dir, || data_dir.join("keyring")),
            public_url: self.web_address("public_url", raw.public_url.as_deref()),
            log: self.log(&raw.log),
            database: self.database(raw.database),
            telegram: self.telegram(raw.telegram),
            http: self.http(&raw.http),
            shop: self.shop(raw.shop),
            relay: self.relay(raw.relay),
            limits: self.limits(&raw.limits),
            data_dir,
        }
    }

    pub(super) fn absolute(
        &mut self,
        key: &str,
        written: Option<PathBuf>,
        default: impl FnOnce() -> PathBuf,
    ) -> PathBuf {
        let Some(path) = written else { return default() };
        if !path.is_absolute() {
            self.wrong(key, "should be a path that starts with /");
        }
        path
    }

    fn log(&mut self, raw: &raw::Log) -> Log {
        let filter = raw.filter.as_deref().unwrap_or("info");
        if tracing_subscriber::EnvFilter::try_new(filter).is_err() {
            self.wrong("log.filter", "should be directives such as `info,derpshop=debug`");
        }
        let words = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        Log {
            format: self.word("log.format", raw.format.as_deref(), &words, LogFormat::Text),
            filter: filter.to_owned(),
        }
    }

    fn database(&mut self, raw: raw::Database) -> Database {
        if let Some(url) = &raw.url {
            let scheme = url.expose_secret().split_once("://").map(|(scheme, _)| scheme);
            if !matches!(scheme, Some("postgres" | "postgresql")) || Url::parse(url.expose_secret()).is_err()
            {
                self.wrong("database.url", "should be a postgres:// address");
            }
        }
        let pool_size = self.positive("database.pool_size", raw.pool_size, 10);
        Database { url: raw.url, pool_size, bin_dir: raw.bin_dir }
    }

    fn telegram(&mut self, raw: raw::Telegram) -> Telegram {
        let from_token = raw.token.as_ref().and_then(|token| bot_id(token.expose_secret()));
        if raw.token.is_some() && from_token.is_none() {
            self.wrong("telegram.token", "should look like 123456789:AA..., as @BotFather gives it");
        }
        if let (Some(given), Some(own)) = (raw.bot_id, from_token)
            && given != own
        {
            self.wrong("telegram.bot_id", "is not the number that the token begins with");
        }
        if let Some(secret) = &raw.webhook_secret {
            let text = secret.expose_secret();
            let fits = (1..=SECRET_TOKEN_LIMIT).contains(&text.len());
            if !fits || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
                self.wrong("telegram.webhook_secret", "should be 1 to 256 of A-Z, a-z, 0-9, _ and -");
            }
        }
        let modes = [("polling", TelegramMode::Polling), ("webhook", TelegramMode::Webhook)];
        let mode = self.word("telegram.mode", raw.mode.as_deref(), &modes, TelegramMode::Polling);
        let public = self.layers.place("public_url").is_some();
        if mode == TelegramMode::Webhook && !public {
            self.wrong(
                "telegram.mode",
                "is \"webhook\", which needs public_url: Telegram calls that address",
            );
        }
        let official = Url::parse("https://api.telegram.org").expect("a constant address");
        Telegram {
            bot_id: raw.bot_id.or(from_token),
            api_url: self.web_address("telegram.api_url", raw.api_url.as_deref()).unwrap_or(official),
            mode,
            webhook_secret: raw.webhook_secret,
        }
    }

    fn smtp(&mut self, raw: raw::Smtp) -> Option<Smtp> {
        let password = self.secret("smtp.password_file", raw.password, raw.password_file.as_deref());
        let modes =
            [("implicit", SmtpTls::Implicit), ("starttls", SmtpTls::Starttls), ("none", SmtpTls::None)];
        let tls = self.word("smtp.tls", raw.tls.as_deref(), &modes, SmtpTls::Starttls);
        let Some(host) = raw.host else {
            if raw.from.is_some() || raw.user.is_some() {
                self.wrong("smtp.host", "is missing, while other keys of smtp are set");
            }
            return None;
        };
        let credentials = match (raw.user, password) {
            (Some(user), Some(password)) => Some((user, password)),
            (None, None) => None,
            (Some(_), None) => {
                self.wrong("smtp.password", "is missing, while smtp.user is set");
                None
            }
            (None, Some(_)) => {
                self.wrong("smtp.user", "is missing, while a password is set");
                None
            }
        };
        let from = raw.from.as_deref().map(|from| from.parse().ok());
        let Some(Some(from)) = from else {
            self.wrong("smtp.from", "should be an address such as `DERP Shop <shop@example.org>`");
            return None;
        };
        let usual = match tls {
            SmtpTls::Implicit => 465,
            SmtpTls::Starttls => 587,
            SmtpTls::None => 25,
        };
        Some(Smtp { host, port: raw.port.unwrap_or(usual), tls, credentials, from })
    }

    fn http(&mut self, raw: &raw::Http) -> Http {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let what = "an address and port such as 127.0.0.1:8080";
        let mut http = Http {
            listen: self.parse("http.listen", raw.listen.as_deref(), local(8080), what),
            metrics: self.parse("http.metrics", raw.metrics.as_deref(), local(9601), what),
            worker_metrics: self.parse(
                "http.worker_metrics",
                raw.worker_metrics.as_deref(),
                local(9602),
                what,
            ),
        };
        for (key, address) in
            [("http.metrics", &mut http.metrics), ("http.worker_metrics", &mut http.worker_metrics)]
        {
            if !address.ip().is_loopback() {
                self.wrong(key, "should be a loopback address: figures are not for the outside");
            }
        }
        http
    }

    fn shop(&mut self, raw: raw::Shop) -> Shop {
        let zone = "an IANA time zone such as Asia/Shanghai";
        let words = Lang::ALL.map(|lang| (lang.tag(), lang));
        let name = self.title("shop.name", raw.name, "DERP Shop");
        Shop {
            vantage: self.title("shop.vantage", raw.vantage, &name.en),
            name,
            language: self.word("shop.language", raw.language.as_deref(), &words, Lang::default()),
            time_zone: self.parse(
                "shop.time_zone",
                raw.time_zone.as_deref(),
                chrono_tz::Asia::Shanghai,
                zone,
            ),
            terms_url: self.web_address("shop.terms_url", raw.terms_url.as_deref()),
        }
    }

    /// A text in each language; where one is missing, the other stands in.
    fn title(&mut self, key: &str, written: BTreeMap<String, String>, default: &str) -> Title {
        let mut texts = BTreeMap::new();
        for (tag, text) in written {
            // The name of a variable can only spell `zh_cn`.
            let plain = |tag: &str| tag.replace('_', "-").to_lowercase();
            let lang = Lang::ALL.into_iter().find(|lang| plain(lang.tag()) == plain(&tag));
            match lang {
                Some(_) if text.trim().is_empty() => {
                    self.wrong(&format!("{key}.{tag}"), "should not be empty");
                }
                Some(lang) => drop(texts.insert(lang.tag(), text.trim().to_owned())),
                None => self.wrong(&format!("{key}.{tag}"), "is for a language that we don't speak"),
            }
        }
        let of = |lang: Lang, other: Lang| texts.get(lang.tag()).or(texts.get(other.tag()));
        let text = |lang, other| of(lang, other).map_or(default, String::as_str).to_owned();
        Title { zh_cn: text(Lang::ZhCn, Lang::En), en: text(Lang::En, Lang::ZhCn) }
    }

    fn limits(&mut self, raw: &raw::Limits) -> Limits {
        Limits {
            updates_per_minute: self.positive("limits.updates_per_minute", raw.updates_per_minute, 60),
            requests_per_minute: self.positive("limits.requests_per_minute", raw.requests_per_minute, 120),
            jobs: self.positive("limits.jobs", raw.jobs, 16),
            shutdown: Duration::from_secs(raw.shutdown_seconds.unwrap_or(20).into()),
        }
    }

    fn backup(&mut self, raw: raw::Backup, data_dir: &Path) -> Backup {
        Backup {
            dir: self.absolute("backup.dir", raw.dir, || data_dir.join("backups")),
            keep: self.positive("backup.keep", raw.keep, 14),
            key_file: self.absolute("backup.key_file", raw.key_file, || data_dir.join("backup.key")),
        }
    }
}

/// The number before the colon of a token, if the token looks like one.
fn bot_id(token: &str) -> Option<i64> {
    let (id, rest) = token.split_once(':')?;
    let id = id.parse().ok().filter(|id| *id > 0)?;
    let plain = rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (!rest.is_empty() && plain).then_some(id)
}
