//! Looks at our own pages as the outside world does.

use std::time::{Duration, Instant};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// Why a page did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// There was no answer.
    #[error("no answer")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Somebody answered, but not as we do.
    #[error("the answer was HTTP {0}")]
    Status(u16),
}

/// Asks for a page that must answer 200; returns how long it took.
pub async fn look(url: &str) -> Result<Duration, WebError> {
    // The client that talks to Telegram speaks HTTPS with the same roots.
    let client = teloxide::net::default_reqwest_settings().timeout(ANSWER).build();
    let client = client.map_err(|e| WebError::Unreachable(e.into()))?;
    let begun = Instant::now();
    let answer = client.get(url).send().await.map_err(|e| WebError::Unreachable(e.into()))?;
    match answer.status().as_u16() {
        200 => Ok(begun.elapsed()),
        other => Err(WebError::Status(other)),
    }
}
