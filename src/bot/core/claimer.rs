//! Claims free lanes and loads what waits in them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Completion, Core, Delivery, Running, lane};
use crate::db::StoreError;
use crate::inbox::Lane;
use crate::inbox::store::{self, Claimed, Loaded, Release};

/// Updates whose lanes are claimed in one statement.
const BATCH: usize = 512;
/// Urgent updates that are taken however much is held.
const URGENT: usize = 32;
/// How often the database is looked at without having been told: for lanes whose owner died, and lost messages.
const LOOK: Duration = Duration::from_millis(250);

/// Claims until the stop.
pub(super) async fn claim(core: &Arc<Core>) {
    let mut pause = LOOK;
    while !core.stop.is_cancelled() {
        match round(core).await {
            Ok(0) => {
                pause = LOOK;
                wait(core, LOOK).await;
            }
            Ok(_) => pause = LOOK,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "updates could not be claimed");
                wait(core, pause).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
        }
    }
}

async fn wait(core: &Core, limit: Duration) {
    tokio::select! {
        () = core.wake.notified() => {}
        () = core.stop.cancelled() => {}
        () = tokio::time::sleep(limit) => {}
    }
}

/// Claims and loads once; answers with the number of lanes.
async fn round(core: &Arc<Core>) -> Result<usize, StoreError> {
    let held = core.held.load(Ordering::Relaxed);
    // Below three quarters only: small claims at the brim would cost as much as full ones.
    let full = held > core.limits.held / 4 * 3;
    let limit = if full { URGENT } else { (core.limits.held - held).min(BATCH) };
    let count = i64::try_from(limit).unwrap_or(i64::MAX);
    let claimed = store::claim(&core.pool, core.bot, core.owner, count, full).await?;
    if claimed.is_empty() {
        return Ok(0);
    }
    let lanes: Vec<i64> = claimed.iter().map(|c| c.lane.0).collect();
    // If this fails, the leases end and the lanes are claimed again.
    let loaded = store::load(&core.pool, core.bot, &lanes, count * 2).await?;
    take(core, &claimed, loaded).await;
    Ok(claimed.len())
}

async fn take(core: &Arc<Core>, claimed: &[Claimed], loaded: Vec<Loaded>) {
    let mut queues: HashMap<Lane, VecDeque<Delivery>> = HashMap::new();
    for row in loaded {
        match core.sealer.open(row.update_id, &row.payload) {
            Ok(body) => queues.entry(row.lane).or_default().push_back(Delivery {
                update_id: row.update_id,
                body: body.into(),
                received_at: row.received_at,
                answered: false,
            }),
            Err(error) => {
                let update_id = row.update_id;
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    update_id,
                    "an update could not be opened"
                );
                if let Err(error) = core.handler.park(core.bot, update_id, row.lane).await {
                    tracing::error!(
                        error = format!("{error:#}"),
                        update_id,
                        "an update could not be set aside"
                    );
                }
            }
        }
    }
    for claim in claimed {
        let queue = queues.remove(&claim.lane).unwrap_or_default();
        start(core, *claim, queue);
    }
}

/// Gives a lane's updates to its task.
fn start(core: &Arc<Core>, claim: Claimed, mut queue: VecDeque<Delivery>) {
    let mut lanes = core.lanes();
    queue.retain(|delivery| lanes.in_hand.insert(delivery.update_id));
    // Under the lock, which the lane's task needs before it can take one off.
    core.add_held(queue.len());
    let early = match lanes.running.entry(claim.lane) {
        // Our own lane, whose lease ran out while the database was away: from here on under the new epoch.
        Entry::Occupied(mut running) => {
            let running = running.get_mut();
            running.epoch = claim.epoch;
            running.crashes = running.crashes.max(claim.crashes);
            running.lost = false;
            let early: Vec<_> = queue.iter().cloned().collect();
            running.queue.append(&mut queue);
            early
        }
        Entry::Vacant(_) if queue.is_empty() => {
            let release = Release { lane: claim.lane, epoch: claim.epoch };
            core.finish(Completion { done: None, release: Some(release) });
            return;
        }
        Entry::Vacant(vacant) => {
            let early: Vec<_> = queue.iter().skip(1).cloned().collect();
            vacant.insert(Running { epoch: claim.epoch, crashes: claim.crashes, queue, lost: false });
            core.tasks.spawn(lane::run(core.clone(), claim.lane));
            early
        }
    };
    drop(lanes);
    if !early.is_empty() {
        core.tasks.spawn(answer_early(core.clone(), claim.lane, early));
    }
}

/// Answers presses that wait behind other updates of their lane.
async fn answer_early(core: Arc<Core>, lane: Lane, waiting: Vec<Delivery>) {
    for delivery in waiting {
        if core.handler.answer_early(&delivery.body).await
            && let Some(running) = core.lanes().running.get_mut(&lane)
            && let Some(waiting) = running.queue.iter_mut().find(|d| d.update_id == delivery.update_id)
        {
            waiting.answered = true;
        }
    }
}
