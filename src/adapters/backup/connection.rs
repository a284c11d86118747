//! A database's address for the programs of Postgres itself.
//!
//! It goes through their environment: their arguments can be read by everybody on the machine.

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use std::borrow::Cow;
use std::process::Command;
use url::Url;

/// Query parameters of an address, in libpq's spelling and in sqlx's, and the variables that mean the same.
const PARAMETERS: [(&str, &str); 14] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("sslmode", "PGSSLMODE"),
    ("ssl-mode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("ssl-root-cert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("ssl-client-cert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("ssl-client-key", "PGSSLKEY"),
];

/// Where a database is and who we are there.
#[derive(Debug, Clone)]
pub struct Connection {
    variables: Vec<(&'static str, SecretString)>,
}

impl Connection {
    /// Reads a `postgres://` address; none if it isn't one.
    pub fn parse(address: &SecretString) -> Option<Self> {
        let url = Url::parse(address.expose_secret()).ok()?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned);
        let mut variables = vec![
            ("PGHOST", decoded(url.host_str().unwrap_or_default())?),
            ("PGPORT", url.port().map(|port| port.to_string()).unwrap_or_default()),
            ("PGUSER", decoded(url.username())?),
            ("PGPASSWORD", decoded(url.password().unwrap_or_default())?),
            ("PGDATABASE", decoded(url.path().trim_start_matches('/'))?),
        ];
        for (key, value) in url.query_pairs() {
            let known = PARAMETERS.iter().find(|(name, _)| *name == key);
            variables.extend(known.map(|(_, variable)| (*variable, value.into_owned())));
        }
        variables.retain(|(_, value)| !value.is_empty());
        let variables = variables.into_iter().map(|(name, value)| (name, value.into())).collect();
        Some(Self { variables })
    }

    /// A program that connects there.
    pub(super) fn command(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8");
        // The last of a name wins, as in the address.
        command.envs(self.variables.iter().map(|(name, value)| (name, value.expose_secret())));
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(address: &str) -> Vec<(String, String)> {
        let command = Connection::parse(&address.into()).unwrap().command(std::path::Path::new("x"));
        let text = |text: &std::ffi::OsStr| text.to_str().unwrap().to_owned();
        let set = command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?))));
        set.filter(|(name, _)| name.starts_with("PG")).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_address_becomes_variables() {
        assert_eq!(
            environment("postgres://shop:p%40ss%2Bword@db.example.org:5433/derp%20shop?sslmode=require&x=y"),
            pairs(&[
                ("PGDATABASE", "derp shop"),
                ("PGHOST", "db.example.org"),
                ("PGPASSWORD", "p@ss+word"),
                ("PGPORT", "5433"),
                ("PGSSLMODE", "require"),
                ("PGUSER", "shop"),
            ])
        );
        assert_eq!(
            environment("postgresql://derpshop@localhost/derpshop?host=/var/lib/derp%20shop"),
            pairs(&[("PGDATABASE", "derpshop"), ("PGHOST", "/var/lib/derp shop"), ("PGUSER", "derpshop")])
        );
        assert!(Connection::parse(&"not an address".into()).is_none());
    }
}
