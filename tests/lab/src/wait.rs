//! Waiting for a condition, with a limit, in place of sleeping.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The condition did not come true in time.
#[derive(Debug, thiserror::Error)]
#[error("{what} took more than {limit:?}")]
pub struct TookTooLong {
    what: String,
    limit: Duration,
}

/// Asks `condition` again every few milliseconds until it answers true, for at most `limit`.
pub async fn wait_until(
    what: &str,
    limit: Duration,
    mut condition: impl AsyncFnMut() -> bool,
) -> Result<(), TookTooLong> {
    wait_for(what, limit, async || condition().await.then_some(())).await
}

/// Asks `condition` again every few milliseconds until it answers with something, for at most `limit`.
pub async fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> Result<T, TookTooLong> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(found) = condition().await {
            return Ok(found);
        }
        if start.elapsed() > limit {
            return Err(TookTooLong { what: what.to_owned(), limit });
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
