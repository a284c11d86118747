//! The settings as they are written: every key of the file, unchecked.
//!
//! Numbers and switches also accept text, since a value from the environment is always text (and a password made of
//! digits must stay text).

use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

#[derive(Debug, Default, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    pub(super) data_dir: Option<PathBuf>,
    pub(super) keyring_dir: Option<PathBuf>,
    pub(super) public_url: Option<String>,
    pub(super) log: Log,
    pub(super) database: Database,
    pub(super) telegram: Telegram,
    pub(super) smtp: Smtp,
    pub(super) http: Http,
    pub(super) shop: Shop,
    pub(super) relay: Relay,
    pub(super) limits: Limits,
    pub(super) backup: Backup,
}

#[derive(Debug, Default, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Log {
    pub(super) format: Option<String>,
    pub(super) filter: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Database {
    #[cfg_attr(test, serde(serialize_with = "hidden"))]
    pub(super) url: Option<SecretString>,
    #[serde(deserialize_with = "parsed")]
    pub(super) pool_size: Option<u32>,
    pub(super) bin_dir: Option<PathBuf>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Telegram {
    #[cfg_attr(test, serde(serialize_with = "hidden"))]
    pub(super) token: Option<SecretString>,
    pub(super) token_file: Option<PathBuf>,
    #[serde(deserialize_with = "parsed")]
    pub(super) bot_id: Option<i64>,
    pub(super) api_url: Option<String>,
    pub(super) mode: Option<String>,
    #[cfg_attr(test, serde(serialize_with = "hidden"))]
    pub(super) webhook_secret: Option<SecretString>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Smtp {
    pub(super) host: Option<String>,
    #[serde(deserialize_with = "parsed")]
    pub(super) port: Option<u16>,
    pub(super) tls: Option<String>,
    pub(super) user: Option<String>,
    #[cfg_attr(test, serde(serialize_with = "hidden"))]
    pub(super) password: Option<SecretString>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) from: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Http {
    pub(super) listen: Option<String>,
    pub(super) metrics: Option<String>,
    pub(super) worker_metrics: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Shop {
    pub(super) name: BTreeMap<String, String>,
    pub(super) vantage: BTreeMap<String, String>,
    pub(super) language: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) terms_url: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Relay {
    pub(super) images: BTreeMap<String, Image>,
    pub(super) ports: Option<String>,
    pub(super) admission_on_failure: Option<String>,
    pub(super) admission_url: Option<String>,
    pub(super) own_addresses: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Image {
    pub(super) reference: Option<String>,
    pub(super) ids: Option<String>,
    pub(super) archive: Option<PathBuf>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    #[serde(deserialize_with = "parsed")]
    pub(super) updates_per_minute: Option<u32>,
    #[serde(deserialize_with = "parsed")]
    pub(super) requests_per_minute: Option<u32>,
    #[serde(deserialize_with = "parsed")]
    pub(super) jobs: Option<u32>,
    #[serde(deserialize_with = "parsed")]
    pub(super) shutdown_seconds: Option<u32>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Backup {
    pub(super) dir: Option<PathBuf>,
    #[serde(deserialize_with = "parsed")]
    pub(super) keep: Option<u32>,
    pub(super) key_file: Option<PathBuf>,
}

/// Takes a value of its own type or the same as text. The refused text is not repeated.
fn parsed<'de, D, T>(source: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + FromStr<Err: Display>,
{
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Either<T> {
        Own(T),
        Text(String),
    }
    match Either::<T>::deserialize(source) {
        Ok(Either::Own(value)) => Ok(Some(value)),
        Ok(Either::Text(text)) => match text.trim().parse() {
            Ok(value) => Ok(Some(value)),
            Err(e) => Err(D::Error::custom(e)),
        },
        Err(_) => Err(D::Error::custom("is not a number in range")),
    }
}

/// Lets the test that lists every key see a secret's key without its value.
#[cfg(test)]
#[expect(clippy::ref_option, reason = "serde passes a reference to the field as it is")]
fn hidden<S: serde::Serializer>(_: &Option<SecretString>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_none()
}
