//! The relay's log, in the form of Go's `log` package: on standard error, or kept for a test.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

/// Lines a test may look back on.
const KEPT: usize = 1000;

/// Where log lines go.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Kept lines without their time, or `None` for standard error.
    kept: Option<Mutex<VecDeque<String>>>,
}

impl Log {
    pub(super) fn kept() -> Self {
        Self { kept: Some(Mutex::default()) }
    }

    pub(super) fn line(&self, text: &str) {
        match &self.kept {
            None => eprintln!("{} {text}", now().format("%Y/%m/%d %H:%M:%S")),
            Some(kept) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT {
                    kept.pop_front();
                }
                kept.push_back(text.to_owned());
            }
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let kept = self.kept.as_ref().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner));
        kept.map(|lines| lines.iter().cloned().collect()).unwrap_or_default()
    }
}

#[expect(clippy::disallowed_methods, reason = "the stand-in is a program of its own, as derper is")]
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}
