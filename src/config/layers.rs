//! Where settings come from: a TOML file, and over it the environment.
//!
//! `DERPSHOP_` and the key in capitals sets a key, with `__` between the parts: `DERPSHOP_SMTP__HOST`. The usual names
//! `TELEGRAM_TOKEN` and `DATABASE_URL` are taken too. An empty variable counts as unset.

use super::raw::Raw;
use super::{ConfigError, Problem};
use figment::error::Kind;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use std::path::Path;

const PREFIX: &str = "DERPSHOP_";
/// The variable that names the file, itself no setting.
pub(super) const FILE_VARIABLE: &str = "DERPSHOP_CONFIG";

/// Settings with their origin, for pointing at the place of a wrong one.
pub(super) struct Layers {
    figment: Figment,
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Provider for File<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.path.display().to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Toml::string(self.text).data()
    }
}

struct Variable {
    name: String,
    key: String,
    value: String,
}

impl Provider for Variable {
    fn metadata(&self) -> Metadata {
        Metadata::named(format!("environment variable {}", self.name))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let nested = figment::util::nest(&self.key, Value::from(self.value.clone()));
        Ok(Profile::Default.collect(nested.into_dict().unwrap_or_default()))
    }
}

impl Layers {
    /// `file` is a path to name in errors and the text found there.
    pub(super) fn new(file: Option<(&Path, &str)>, env: Vec<(String, String)>) -> Self {
        let mut figment = Figment::new();
        if let Some((path, text)) = file {
            figment = figment.merge(File { path, text });
        }
        let mut variables: Vec<Variable> = env.into_iter().filter_map(variable).collect();
        // The usual names first, so that our own win over them.
        variables.sort_by_key(|variable| variable.name.starts_with(PREFIX));
        for variable in variables {
            figment = figment.merge(variable);
        }
        Self { figment }
    }

    pub(super) fn read(&self) -> Result<Raw, ConfigError> {
        self.figment.extract().map_err(|errors| ConfigError::Invalid {
            problems: errors.into_iter().map(|e| self.describe(&e)).collect(),
        })
    }

    /// Names the place that set `key`, if any did.
    pub(super) fn place(&self, key: &str) -> Option<String> {
        self.figment.find_metadata(key).map(|metadata| metadata.name.to_string())
    }

    /// Says what is wrong without repeating the value, which may be a secret.
    fn describe(&self, error: &figment::Error) -> Problem {
        let key = error.path.join(".");
        let problem = match &error.kind {
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
                format!("has the wrong type: it should be {expected}")
            }
            Kind::UnknownField(_, known) => format!("is no setting; here there are: {}", known.join(", ")),
            Kind::Message(text) => unquoted(text),
            Kind::InvalidLength(..)
            | Kind::UnknownVariant(..)
            | Kind::MissingField(_)
            | Kind::DuplicateField(_)
            | Kind::ISizeOutOfRange(_)
            | Kind::USizeOutOfRange(_)
            | Kind::Unsupported(_)
            | Kind::UnsupportedKey(..) => "has a value of the wrong kind".to_owned(),
        };
        let place = error.metadata.as_ref().map(|metadata| metadata.name.to_string());
        Problem { place: place.or_else(|| self.place(&key)), key, problem }
    }
}

/// A TOML error quotes the offending line between `|` bars; only its position and its reason are kept.
fn unquoted(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains('|') && !line.trim().is_empty());
    lines.collect::<Vec<_>>().join(": ")
}

fn variable((name, value): (String, String)) -> Option<Variable> {
    let key = match name.as_str() {
        FILE_VARIABLE => return None,
        "TELEGRAM_TOKEN" => "telegram.token".to_owned(),
        "DATABASE_URL" => "database.url".to_owned(),
        other => other.strip_prefix(PREFIX)?.to_lowercase().replace("__", "."),
    };
    (!value.is_empty()).then_some(Variable { name, key, value })
}
