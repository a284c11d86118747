//! Telegram's updates: stored before they are acknowledged.

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use derpshop::inbox::PutError;
use derpshop::secret::{self, ExposeSecret as _};

use crate::door::Door;

/// The header in which Telegram proves itself.
const SECRET: &str = "x-telegram-bot-api-secret-token";
/// The longest update that is taken, in bytes. Telegram's are a few thousand.
const LONGEST: usize = 1 << 20;

pub(super) fn routes() -> Router<Arc<Door>> {
    Router::new().route("/telegram", post(receive))
}

async fn receive(State(door): State<Arc<Door>>, request: Request) -> StatusCode {
    let status = take(&door, request).await;
    metrics::counter!("derpshop_webhook_updates_total", "status" => status.as_u16().to_string()).increment(1);
    status
}

async fn take(door: &Door, request: Request) -> StatusCode {
    let Some(telegram) = &door.telegram else { return StatusCode::NOT_FOUND };
    // Before the body: nobody else gets to send us a megabyte.
    let given = request.headers().get(SECRET).map_or(&b""[..], |value| value.as_bytes());
    if !secret::eq(telegram.secret.expose_secret(), given) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(body) = to_bytes(request.into_body(), LONGEST).await else { return StatusCode::PAYLOAD_TOO_LARGE };
    match telegram.inbox.put(telegram.bot, &telegram.sealer, &body).await {
        Ok(()) => StatusCode::OK,
        Err(PutError::Malformed(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "Telegram sent what is no update");
            StatusCode::BAD_REQUEST
        }
        // Logged by the writer. Telegram keeps the update and sends it again.
        Err(PutError::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
