//! The log: one line an event on standard error, as text or JSON.
//!
//! What goes in: ids of rows, durations, our own words. What never does: tokens, keys, serial codes, message texts,
//! addresses of pages (their paths are secrets). An error is logged once, with its chain, where it is dealt with.

mod http;
mod metrics;

pub use http::with_request_ids;
pub use metrics::{collect, page};

use crate::config::{Log, LogFormat};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Targets that are silenced whatever the filter says, since they print what must not be in a log: an update that
/// teloxide can't read is printed whole, with the customer's text and a call to report a bug in teloxide; Docker's
/// answers are printed by bollard with the relays' command lines, in which their admission tokens stand.
const SILENCED: [&str; 3] =
    ["teloxide::dispatching=off", "teloxide::update_listeners=off", "bollard::docker=off"];

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is none.
    #[error("the log filter can't be read")]
    Filter(#[from] ParseError),
    /// This process already has a log.
    #[error("the log was set up twice")]
    Twice(#[from] TryInitError),
    /// Figures can't be collected, most likely since this was set up twice.
    #[error("figures can't be collected")]
    Metrics(#[source] metrics_exporter_prometheus::BuildError),
}

/// Sets up the log of this process, and sends panics there too.
pub fn init(log: &Log) -> Result<(), TelemetryError> {
    let colours = std::io::stderr().is_terminal();
    subscriber(log, colours, std::io::stderr)?.try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn subscriber<W>(
    log: &Log,
    colours: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let mut filter = EnvFilter::try_new(&log.filter)?;
    for directive in SILENCED {
        filter = filter.add_directive(directive.parse()?);
    }
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match log.format {
        LogFormat::Text => Box::new(lines.with_ansi(colours).finish()),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).with_span_list(false).finish()),
    })
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    let message = info.payload_as_str().unwrap_or("no text");
    tracing::error!(place, message, "a task panicked");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no test panics while writing").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, filter: &str, events: impl FnOnce()) -> String {
        let lines = Lines::default();
        let log = Log { format, filter: filter.to_owned() };
        let writer = lines.clone();
        let subscriber = subscriber(&log, false, move || writer.clone()).expect("the filter is right");
        tracing::subscriber::with_default(subscriber, events);
        let bytes = lines.0.lock().expect("no test panics while writing").clone();
        String::from_utf8(bytes).expect("the log is text")
    }

    #[test]
    fn json_lines_carry_fields_and_the_span_they_are_in() {
        let text = logged(LogFormat::Json, "info", || {
            let span = tracing::info_span!("request", id = "r-1");
            span.in_scope(|| tracing::info!(rental = 102, "renewed"));
            tracing::debug!("not at this level");
        });
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!((&line["message"], &line["rental"]), (&"renewed".into(), &102.into()));
        assert_eq!(line["span"]["id"], "r-1");
    }

    #[test]
    fn text_lines_follow_the_filter() {
        let text = logged(LogFormat::Text, "warn,derpshop=debug", || {
            tracing::debug!("ours");
            tracing::info!(target: "other", "theirs");
        });
        assert!(text.contains("DEBUG derpshop::telemetry::tests: ours"), "{text}");
        assert!(!text.contains("theirs"));
    }

    #[test]
    fn an_update_that_teloxide_cannot_read_is_not_printed() {
        for filter in ["trace", "teloxide=trace", "teloxide::dispatching=trace"] {
            let text = logged(LogFormat::Text, filter, || {
                tracing::error!(target: "teloxide::dispatching::dispatcher", "Cannot parse an update.");
                tracing::error!(target: "teloxide::update_listeners::polling", "x");
                tracing::error!(target: "teloxide_core::net", "kept");
            });
            assert!(!text.contains("Cannot parse"), "{filter}: {text}");
            assert_eq!(text.contains("kept"), !filter.contains("dispatching"), "{filter}: {text}");
        }
    }

    #[test]
    fn what_docker_answers_is_not_printed() {
        for filter in ["trace", "bollard=trace", "bollard::docker=trace"] {
            let text = logged(LogFormat::Text, filter, || {
                tracing::debug!(target: "bollard::docker", "Decoded into string: {}", "/derp/admit/T");
            });
            assert_eq!(text, "", "{filter}");
        }
    }

    #[test]
    fn a_wrong_filter_is_an_error() {
        let log = Log { format: LogFormat::Text, filter: "a=b=c".to_owned() };
        assert!(matches!(subscriber(&log, false, std::io::sink), Err(TelemetryError::Filter(_))));
    }
}
