//! Whether this process lives, and whether it can do its work.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use derpshop::db;

use crate::door::Door;

pub(super) fn routes() -> Router<Arc<Door>> {
    Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(ready))
}

async fn ready(State(door): State<Arc<Door>>) -> (StatusCode, &'static str) {
    if db::answers(&door.core.pool).await {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database doesn't answer")
    }
}
