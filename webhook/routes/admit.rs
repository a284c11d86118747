//! `POST /derp/admit/{token}`: a relay asks whether a client may use it.
//!
//! derper sends `{"NodePublic", "Source"}` without a Content-Type, waits five seconds, and closes the client's
//! connection on any status but 200; so the answer is always 200, within two seconds, whatever our own trouble.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::routing::post;
use axum::{Json, Router};
use derpshop::acl::admission::Question;
use derpshop::app::door::admit;
use derpshop::derp::NodeKey;
use serde::Serialize;

use crate::door::Door;

/// A question is some 120 bytes.
const LONGEST: usize = 4096;
/// The store's time to answer, well within derper's.
const PATIENCE: Duration = Duration::from_millis(1500);
/// A decision is remembered for the time of an outage of ours, not longer.
const REMEMBERED: Duration = Duration::from_hours(24);
/// Decisions remembered at most.
const MEMORY: usize = 50_000;

/// derper's `DERPAdmitClientResponse`.
#[derive(Debug, Serialize)]
struct Answer {
    #[serde(rename = "Allow")]
    allow: bool,
}

/// The last decision about each client of each relay, for when the store can't be asked.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<HashMap<Client, (bool, Instant)>>);

/// A client of a relay: the digest of the relay's token, and the client's key.
type Client = ([u8; 32], NodeKey);

impl Memory {
    fn keep(&self, token: [u8; 32], node: NodeKey, allow: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MEMORY {
            known.retain(|_, (_, at)| at.elapsed() < REMEMBERED);
            if known.len() >= MEMORY {
                known.clear();
            }
        }
        known.insert((token, node), (allow, Instant::now()));
    }

    fn recall(&self, token: [u8; 32], node: NodeKey) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(token, node)).filter(|(_, at)| at.elapsed() < REMEMBERED).map(|(allow, _)| *allow)
    }
}

pub(super) fn routes() -> Router<Arc<Door>> {
    Router::new().route("/derp/admit/{token}", post(ask))
}

async fn ask(State(door): State<Arc<Door>>, Path(token): Path<String>, request: Request) -> Json<Answer> {
    let allow = match to_bytes(request.into_body(), LONGEST).await {
        Ok(body) => decide(&door, &token, &body).await,
        Err(_) => false,
    };
    Json(Answer { allow })
}

async fn decide(door: &Door, token: &str, body: &Bytes) -> bool {
    let Ok(question) = serde_json::from_slice::<Question>(body) else {
        metrics::counter!("derpshop_admissions_total", "reason" => "malformed").increment(1);
        return false;
    };
    let digest = door.core.lookup.digest(admit::PURPOSE, token.as_bytes());
    match tokio::time::timeout(PATIENCE, admit::admit(&door.core, door.probe, token, &question)).await {
        Ok(Ok(Some(reason))) => {
            metrics::counter!("derpshop_admissions_total", "reason" => reason.code()).increment(1);
            door.memory.keep(digest, question.node, reason.allows());
            reason.allows()
        }
        Ok(Ok(None)) => {
            metrics::counter!("derpshop_admissions_total", "reason" => "unknown_token").increment(1);
            false
        }
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "admission could not be decided");
            in_trouble(door, digest, question.node)
        }
        Err(_) => {
            tracing::error!("admission took too long to decide");
            in_trouble(door, digest, question.node)
        }
    }
}

/// An outage of ours never cuts off a paying customer: the last decision, else what the operator configured.
fn in_trouble(door: &Door, digest: [u8; 32], node: NodeKey) -> bool {
    metrics::counter!("derpshop_admissions_total", "reason" => "outage").increment(1);
    door.memory.recall(digest, node).unwrap_or(door.allow_on_outage)
}
