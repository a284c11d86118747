//! Writes back what was handled, and keeps the leases of what is in hand.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Completion, Core};
use crate::inbox::store::{self, Release};
use crate::inbox::{LEASE_SECONDS, Lane};

/// The most completions in one statement.
const BATCH: usize = 1024;
/// How long completions are collected: handlers end one by one, and a statement for each would be dear.
const WINDOW: Duration = Duration::from_millis(2);
/// How long a stop tries to write the last completions.
const LAST: Duration = Duration::from_secs(5);

/// Writes completions until `drained` and the queue is empty.
pub(super) async fn complete(
    core: Arc<Core>,
    mut queue: mpsc::UnboundedReceiver<Completion>,
    drained: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let count = tokio::select! {
            biased;
            count = queue.recv_many(&mut batch, BATCH) => count,
            () = drained.cancelled() => 0,
        };
        if count == 0 {
            return;
        }
        tokio::time::sleep(WINDOW).await;
        while batch.len() < BATCH
            && let Ok(more) = queue.try_recv()
        {
            batch.push(more);
        }
        write(&core, &batch, &drained).await;
        let mut lanes = core.lanes();
        for id in batch.drain(..).filter_map(|c| c.done) {
            lanes.in_hand.remove(&id);
        }
        drop(lanes);
        // What came for these lanes meanwhile can be claimed now.
        core.wake.notify_one();
    }
}

/// Writes a batch, however long the database is away: what is not written would be handled again.
async fn write(core: &Core, batch: &[Completion], drained: &CancellationToken) {
    let done: Vec<i64> = batch.iter().filter_map(|c| c.done).collect();
    let releases: Vec<Release> = batch.iter().filter_map(|c| c.release).collect();
    let mut pause = Duration::from_millis(50);
    let mut left = LAST;
    while let Err(error) = store::complete(&core.pool, core.bot, core.owner, &done, &releases).await {
        tracing::error!(error = &error as &dyn std::error::Error, done = done.len(), "completions wait");
        if drained.is_cancelled() {
            match left.checked_sub(pause) {
                Some(rest) => left = rest,
                None => return,
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// Renews the leases of all lanes in hand, three times within each, until the last lane is done.
pub(super) async fn renew(core: Arc<Core>, drained: CancellationToken) {
    let every = Duration::from_secs(LEASE_SECONDS.unsigned_abs().into()) / 3;
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = drained.cancelled() => return,
        }
        let epochs: HashMap<i64, i64> =
            core.lanes().running.iter().map(|(lane, running)| (lane.0, running.epoch)).collect();
        let held: Vec<i64> = epochs.keys().copied().collect();
        if held.is_empty() {
            continue;
        }
        match store::renew(&core.pool, core.bot, core.owner, &held).await {
            Ok(kept) if kept.len() == held.len() => {}
            Ok(kept) => give_up(&core, epochs, &kept),
            // Nobody else can claim either while the database is away.
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "leases could not be renewed");
            }
        }
    }
}

/// Drops what waits in lanes that somebody else has taken over. What a handler has in hand there comes to its end.
fn give_up(core: &Core, mut epochs: HashMap<i64, i64>, kept: &[i64]) {
    for lane in kept {
        epochs.remove(lane);
    }
    let mut lanes = core.lanes();
    for (lane, epoch) in epochs {
        // Another epoch: released and claimed again by us, while the renewal was on its way.
        let running = lanes.running.get_mut(&Lane(lane)).filter(|running| running.epoch == epoch);
        let Some(running) = running else { continue };
        running.lost = true;
        let waiting = std::mem::take(&mut running.queue);
        core.drop_held(waiting.len());
        for delivery in waiting {
            lanes.in_hand.remove(&delivery.update_id);
        }
        tracing::warn!(lane, "a lane was taken over by another process");
    }
}
