//! Being told by the database, so that nobody has to ask it all the time.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The first pause before a lost connection is built anew, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Notifies `wake` of each message on `channel` until `stop`, over a connection of its own. Messages are lost while
/// that is down, so whoever waits also looks by itself now and then, and is woken once when it is up again.
pub async fn listen(pool: &PgPool, channel: &str, wake: &Notify, stop: &CancellationToken) {
    let mut pause = PAUSES.0;
    while !stop.is_cancelled() {
        let told = async {
            let mut listener = PgListener::connect_with(pool).await?;
            listener.listen(channel).await?;
            wake.notify_one();
            while listener.try_recv().await?.is_some() {
                wake.notify_one();
            }
            Ok::<(), sqlx::Error>(())
        };
        let ended = tokio::select! {
            ended = told => ended,
            () = stop.cancelled() => return,
        };
        match ended {
            Ok(()) => pause = PAUSES.0,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, channel, "not told by the database");
                pause = (pause * 2).min(PAUSES.1);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}
