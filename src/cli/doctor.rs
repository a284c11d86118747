//! `doctor`: looks at everything the shop stands on, and says for each thing what is and, if need be, what to do.

mod local;
mod outside;

use crate::config::{Config, ConfigError};
use std::fmt;
use std::path::Path;
use std::process::ExitCode;

/// One thing that was looked at.
#[derive(Debug)]
struct Finding {
    name: String,
    fact: String,
    verdict: Verdict,
}

#[derive(Debug)]
enum Verdict {
    /// As it should be.
    Good,
    /// Not in use, or not yet: no fault.
    Aside,
    /// To be put right, and how.
    Bad { cure: String },
}

impl Finding {
    fn good(name: impl Into<String>, fact: impl Into<String>) -> Self {
        Self { name: name.into(), fact: fact.into(), verdict: Verdict::Good }
    }

    fn aside(name: impl Into<String>, fact: impl Into<String>) -> Self {
        Self { name: name.into(), fact: fact.into(), verdict: Verdict::Aside }
    }

    fn bad(name: impl Into<String>, fact: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { name: name.into(), fact: fact.into(), verdict: Verdict::Bad { cure: cure.into() } }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Good => '\u{2713}',
            Verdict::Aside => '-',
            Verdict::Bad { .. } => '\u{2717}',
        };
        // One line each, whatever the reason was made of.
        write!(f, "{mark} {}: {}", self.name, self.fact.split_whitespace().collect::<Vec<_>>().join(" "))?;
        if let Verdict::Bad { cure } = &self.verdict {
            write!(f, "\n  {cure}")?;
        }
        Ok(())
    }
}

/// Prints findings as they come and counts what is bad.
#[derive(Debug, Default)]
struct Report {
    bad: u8,
}

impl Report {
    fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            println!("{finding}");
            if matches!(finding.verdict, Verdict::Bad { .. }) {
                self.bad = self.bad.saturating_add(1);
            }
        }
    }
}

/// Looks at everything; the exit status is how many things are bad.
pub(super) async fn run(file: Option<&Path>) -> ExitCode {
    let mut report = Report::default();
    match Config::load(file) {
        Ok(config) => {
            report.add([local::configuration(&config, file)]);
            all(&config, &mut report).await;
        }
        Err(ConfigError::Invalid { problems }) => {
            let cure = "correct it; deploy/derpshop.example.toml explains every key";
            report
                .add(problems.iter().map(|problem| Finding::bad("configuration", problem.to_string(), cure)));
        }
        Err(error) => {
            let cure = "name the file with --config, or make it readable";
            report.add([Finding::bad("configuration", chain(&error.into()), cure)]);
        }
    }
    match report.bad {
        0 => println!("All is well."),
        1 => println!("One thing needs attention."),
        bad => println!("{bad} things need attention."),
    }
    ExitCode::from(report.bad)
}

async fn all(config: &Config, report: &mut Report) {
    let store = local::Store::open(config).await;
    report.add(store.findings().await);
    report.add(store.keyring(config).await);
    report.add(store.restore().await);
    report.add(local::images(&config.settings));
    report.add(local::backups(&store, config));
    report.add(outside::telegram(config, store.ops_group().await).await);
    report.add([outside::mail(config).await]);
    report.add([outside::public_address(&config.settings).await]);
    report.add(outside::servers(&store, config).await);
    store.close().await;
}

/// An error with its reasons, for a person who can do something about them.
fn chain(error: &anyhow::Error) -> String {
    format!("{error:#}")
}
