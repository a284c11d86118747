//! Updates to a webhook: one at a time per chat, several chats at once, tried again until they are taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, RETRY_AFTER};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::model::Webhook;
use super::server::call_from_webhook;
use super::shared::Shared;
use super::updates::Update;

type Http = Client<HttpConnector, Full<Bytes>>;

/// Largest answer of a webhook that is read.
const MAX_ANSWER: usize = 1024 * 1024;

/// A delivery that was not taken.
struct Refused {
    why: String,
    /// What the webhook asked for in `Retry-After`.
    wait: Option<Duration>,
}

/// Sends pending updates while a webhook is set, until the simulator stops.
pub(crate) async fn pump(shared: Arc<Shared>) {
    let http: Http = Client::builder(TokioExecutor::new()).build_http();
    let sending = Arc::new(AtomicUsize::new(0));
    let mut changes = shared.changes();
    loop {
        let next = shared.quiet(|world| {
            let webhook = world.updates.webhook.clone()?;
            if sending.load(Ordering::SeqCst) >= webhook.max_connections {
                return None;
            }
            world.updates.expire(world.now);
            world.updates.take_ready().map(|taken| (webhook, taken))
        });
        if let Some((webhook, (queue, id, update))) = next {
            sending.fetch_add(1, Ordering::SeqCst);
            let (shared, http, sending) = (Arc::clone(&shared), http.clone(), Arc::clone(&sending));
            tokio::spawn(async move {
                deliver(&shared, &http, &webhook, (queue, id, update), &sending).await;
            });
            continue;
        }
        let woken = tokio::select! {
            () = shared.stop.cancelled() => return,
            woken = changes.changed() => woken,
        };
        if woken.is_err() {
            return;
        }
    }
}

/// Sends one update until it is taken, the webhook changes or the update is gone.
async fn deliver(
    shared: &Shared,
    http: &Http,
    webhook: &Webhook,
    (queue, id, update): (i64, u32, Update),
    sending: &AtomicUsize,
) {
    let mut failures: u32 = 0;
    loop {
        let result = tokio::time::timeout(shared.options.webhook_timeout, post(http, webhook, &update)).await;
        sending.fetch_sub(1, Ordering::SeqCst);
        let refused = match result {
            Ok(Ok(body)) => {
                call_from_webhook(shared, &body);
                shared.with(|world| world.updates.sent(queue, id));
                return;
            }
            Ok(Err(refused)) => refused,
            Err(_) => Refused { why: "Read timeout expired".into(), wait: None },
        };
        let base = shared.options.webhook_retry;
        let wait = refused.wait.unwrap_or(if failures == 0 {
            Duration::ZERO
        } else {
            base.saturating_mul(1 << failures.min(6)).min(base.saturating_mul(60))
        });
        failures += 1;
        shared.with(|world| {
            let now = world.seconds();
            if let Some(webhook) = &mut world.updates.webhook {
                webhook.last_error = Some((now, refused.why));
            }
        });
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let go_on = shared.quiet(|world| {
            let same = world.updates.webhook.as_ref().is_some_and(|now| now.url == webhook.url);
            same && !world.updates.held && world.updates.pending.contains_key(&id)
        });
        if !go_on {
            shared.with(|world| world.updates.failed(queue));
            return;
        }
        sending.fetch_add(1, Ordering::SeqCst);
    }
}

async fn post(http: &Http, webhook: &Webhook, update: &Update) -> Result<Bytes, Refused> {
    let failed = |why: String| Refused { why, wait: None };
    let mut request =
        Request::builder().method(Method::POST).uri(&webhook.url).header(CONTENT_TYPE, "application/json");
    if let Some(secret) = &webhook.secret {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    let request = request
        .body(Full::new(Bytes::from(update.json.to_string())))
        .map_err(|why| failed(format!("Wrong webhook URL: {why}")))?;
    let response = http.request(request).await.map_err(|why| failed(format!("Connection failed: {why}")))?;
    let status = response.status();
    if !status.is_success() {
        let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let why = format!("Wrong response from the webhook: {status}");
        return Err(Refused { why, wait: seconds.map(Duration::from_secs) });
    }
    let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
    Ok(body.map(http_body_util::Collected::to_bytes).unwrap_or_default())
}
