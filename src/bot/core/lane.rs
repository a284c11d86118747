//! The task of one lane: its updates, one after the other.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::sync::SemaphorePermit;

use super::{Completion, Core, Delivery, Failure};
use crate::inbox::Lane;
use crate::inbox::store::{self, Release};

/// Starts of an update, each of which ended with the process, after which it is set aside. The first crash is not
/// among them: nothing is counted before it.
const SUSPECT_STARTS: i16 = 2;
/// How long an update is tried again for.
const PATIENCE: Duration = Duration::from_hours(1);

/// What became of an update.
enum Outcome {
    /// Handled, or given up.
    Done,
    /// Set aside.
    Parked,
    /// Still open: the process stops or the lane is somebody else's.
    Left,
}

/// Handles what is in a lane's queue, then releases it.
pub(super) async fn run(core: Arc<Core>, lane: Lane) {
    let Some(mut delivery) = next(&core, lane) else { return };
    loop {
        let update_id = delivery.update_id;
        let outcome = handle(&core, lane, delivery).await;
        core.drop_held(1);
        let following = if core.stop.is_cancelled() { None } else { next(&core, lane) };
        let release = following.is_none().then(|| leave(&core, lane)).flatten();
        let done = match outcome {
            Outcome::Done => Some(update_id),
            Outcome::Parked | Outcome::Left => {
                core.lanes().in_hand.remove(&update_id);
                None
            }
        };
        if done.is_some() || release.is_some() {
            core.finish(Completion { done, release });
        }
        match following {
            Some(following) => delivery = following,
            None => return,
        }
    }
}

fn next(core: &Core, lane: Lane) -> Option<Delivery> {
    core.lanes().running.get_mut(&lane)?.queue.pop_front()
}

/// Forgets the lane with all that still waits in it; answers with its release, unless it is somebody else's.
fn leave(core: &Core, lane: Lane) -> Option<Release> {
    let mut lanes = core.lanes();
    let running = lanes.running.remove(&lane)?;
    for delivery in &running.queue {
        lanes.in_hand.remove(&delivery.update_id);
    }
    core.drop_held(running.queue.len());
    (!running.lost).then_some(Release { lane, epoch: running.epoch })
}

fn is_lost(core: &Core, lane: Lane) -> bool {
    core.lanes().running.get(&lane).is_none_or(|running| running.lost)
}

fn crashes(core: &Core, lane: Lane) -> i16 {
    core.lanes().running.get(&lane).map_or(0, |running| running.crashes)
}

/// Handles one update to its end.
async fn handle(core: &Core, lane: Lane, mut delivery: Delivery) -> Outcome {
    let started = Instant::now();
    let alone = match admit(core, lane, &delivery).await {
        Ok(alone) => alone,
        Err(outcome) => return outcome,
    };
    let mut pause = Duration::from_secs(1);
    let outcome = loop {
        let permit = permit(core, lane, &mut delivery).await;
        let ended = attempt(core, &delivery).await;
        drop(permit);
        match ended {
            Ok(()) => break Outcome::Done,
            Err(Failure::Never(error)) => {
                apologise(core, &delivery, &error).await;
                break Outcome::Done;
            }
            Err(Failure::Later(error)) if started.elapsed() > PATIENCE => {
                apologise(core, &delivery, &error).await;
                break Outcome::Done;
            }
            Err(Failure::Later(error)) => {
                let update_id = delivery.update_id;
                tracing::warn!(error = format!("{error:#}"), update_id, "an update is handled again later");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = core.stop.cancelled() => break Outcome::Left,
        }
        if is_lost(core, lane) {
            break Outcome::Left;
        }
        pause = (pause * 2).min(Duration::from_mins(1));
    };
    drop(alone);
    metrics::histogram!("derpshop_update_seconds").record(started.elapsed());
    outcome
}

/// Counts starts after a crash. Whatever was in hand at one is a suspect; at the second it runs with no other suspect
/// beside it, so that at the third it is known to be the cause and no innocent one is set aside with it.
async fn admit<'a>(
    core: &'a Core,
    lane: Lane,
    delivery: &Delivery,
) -> Result<Option<tokio::sync::MutexGuard<'a, ()>>, Outcome> {
    if crashes(core, lane) == 0 {
        return Ok(None);
    }
    let update_id = delivery.update_id;
    let starts = loop {
        match store::count_start(&core.pool, core.bot, update_id).await {
            Ok(starts) => break starts,
            Err(error) if error.is_transient() && !core.stop.is_cancelled() && !is_lost(core, lane) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    update_id,
                    "a start could not be counted"
                );
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, update_id, "an update is left");
                return Err(Outcome::Left);
            }
        }
    };
    if starts <= SUSPECT_STARTS {
        let alone = if starts == SUSPECT_STARTS { Some(core.alone.lock().await) } else { None };
        return Ok(alone);
    }
    tracing::error!(update_id, lane = lane.0, "an update ended the process three times: set aside");
    metrics::counter!("derpshop_updates_parked_total").increment(1);
    match core.handler.park(core.bot, update_id, lane).await {
        Ok(()) => Err(Outcome::Parked),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), update_id, "an update could not be set aside");
            Err(Outcome::Left)
        }
    }
}

/// Waits for a place among the running handlers. A press that has to wait is answered first.
async fn permit<'a>(core: &'a Core, lane: Lane, delivery: &mut Delivery) -> Option<SemaphorePermit<'a>> {
    let places = if lane.is_urgent() { &core.urgent } else { &core.permits };
    if let Ok(permit) = places.try_acquire() {
        return Some(permit);
    }
    if !delivery.answered {
        delivery.answered = core.handler.answer_early(&delivery.body).await;
    }
    // The semaphore is never closed.
    places.acquire().await.ok()
}

/// Runs the handler once. Whatever it does, the lane goes on: a panic or a handler without end costs its update.
async fn attempt(core: &Core, delivery: &Delivery) -> Result<(), Failure> {
    let handling = AssertUnwindSafe(core.handler.handle(delivery.clone())).catch_unwind();
    let (label, outcome) = match tokio::time::timeout(core.limits.handler, handling).await {
        Ok(Ok(Ok(()))) => ("done", Ok(())),
        Ok(Ok(Err(failure))) => ("failed", Err(failure)),
        Ok(Err(panic)) => {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words");
            ("panicked", Err(Failure::Never(anyhow::anyhow!("the handler panicked: {words}"))))
        }
        Err(_) => ("late", Err(Failure::Never(anyhow::anyhow!("the handler took too long")))),
    };
    metrics::counter!("derpshop_updates_handled_total", "outcome" => label).increment(1);
    outcome
}

/// Logs the error and tells the sender, under a reference that joins both.
async fn apologise(core: &Core, delivery: &Delivery, error: &anyhow::Error) {
    let update_id = delivery.update_id;
    let reference = format!("U{update_id}");
    tracing::error!(error = format!("{error:#}"), update_id, reference, "an update could not be handled");
    let telling = AssertUnwindSafe(core.handler.apologise(&delivery.body, &reference)).catch_unwind();
    if tokio::time::timeout(Duration::from_secs(10), telling).await.is_err() {
        tracing::warn!(update_id, "the sender could not be told");
    }
}
