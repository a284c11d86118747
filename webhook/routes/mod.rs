//! What the outside world can ask for. One file for each kind of caller; each has `routes()` and is merged here.

mod acl;
mod admit;
mod health;
mod telegram;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use tower_http::timeout::TimeoutLayer;

use crate::door::Door;

pub(crate) use admit::Memory;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything that is served to the outside.
pub(crate) fn all(door: Arc<Door>) -> Router {
    let routes = Router::new().merge(health::routes()).merge(telegram::routes()).merge(acl::routes());
    let timed = routes.layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PATIENCE));
    // Outside the limit: an answer other than 200 would close a device's connection.
    timed.merge(admit::routes()).with_state(door)
}
