//! The messenger in the browser: be one of the people, and read the mail.
//!
//! `GET /` is the messenger, `GET /mail` the inbox. The page asks `/api/…` and is told of changes by
//! `GET /api/events`. Nothing is loaded from elsewhere.
//!
//! For browser tests each thing to act on has a `data-testid`:
//! `person-<key>` (who am I), `chat-<id>` and `chat-bot` (chat list), `back`, `messages`, `message-<id>` (with
//! `data-from="bot|me|other|service"`), `button` (inline button, label as text, `data-action`), `composer`, `send`,
//! `attach`, `file-input`, `commands-toggle`, `command-<name>`, `start` (Start, restart or unblock), `reply-<id>`,
//! `reply-cancel`, `anonymous`, `topic-<id>`, `toast`, `alert`, `alert-ok`, `chat-menu`, `block`, `language`,
//! `mail-link`, `file-<file id>`, `preview`; on the inbox page `mail-<id>`, `mail-subject`, `mail-text`, `mail-html`.

mod acts;
mod mails;
mod view;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::Stream;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::mail::Mailbox;
use crate::telegram::Telegram;

/// Largest upload of a person, in bytes.
const MAX_UPLOAD: usize = 50 * 1024 * 1024;
/// Changes are gathered this long before the page is told.
const GATHER: Duration = Duration::from_millis(40);

/// What the page shows and acts on.
#[derive(Clone)]
struct Lab {
    tg: Telegram,
    mailbox: Mailbox,
    stop: CancellationToken,
}

/// A running page; it stops when this is dropped.
pub struct Page {
    address: SocketAddr,
    _stop: DropGuard,
}

impl Page {
    /// Serves the page.
    ///
    /// # Errors
    /// If the address is taken.
    pub async fn start(address: SocketAddr, tg: Telegram, mailbox: Mailbox) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let app = router(Lab { tg, mailbox, stop: stop.clone() });
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped).await });
        Ok(Self { address, _stop: stop.drop_guard() })
    }

    /// Where the page is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn router(lab: Lab) -> Router {
    Router::new()
        .route("/", get(|| asset("text/html", include_str!("assets/index.html"))))
        .route("/mail", get(|| asset("text/html", include_str!("assets/mail.html"))))
        .route("/style.css", get(|| asset("text/css", include_str!("assets/style.css"))))
        .route("/mail.css", get(|| asset("text/css", include_str!("assets/mail.css"))))
        .route("/app.js", get(|| asset("text/javascript", include_str!("assets/app.js"))))
        .route("/text.js", get(|| asset("text/javascript", include_str!("assets/text.js"))))
        .route("/words.js", get(|| asset("text/javascript", include_str!("assets/words.js"))))
        .route("/bubbles.js", get(|| asset("text/javascript", include_str!("assets/bubbles.js"))))
        .route("/dialogs.js", get(|| asset("text/javascript", include_str!("assets/dialogs.js"))))
        .route("/mail.js", get(|| asset("text/javascript", include_str!("assets/mail.js"))))
        .route("/api/events", get(events))
        .route("/api/state", get(view::state))
        .route("/api/chat", get(view::chat))
        .route("/api/say", post(acts::say))
        .route("/api/start", post(acts::start))
        .route("/api/press", post(acts::press))
        .route("/api/answer", get(acts::answer))
        .route("/api/pay", post(acts::pay))
        .route("/api/block", post(acts::block))
        .route("/api/language", post(acts::language))
        .route("/api/seen", post(acts::seen))
        .route("/api/upload", post(acts::upload))
        .route("/file/{id}", get(acts::file))
        .route("/api/mails", get(mails::list))
        .route("/api/mails/{id}", get(mails::one))
        .route("/api/mails/{id}/html", get(mails::html))
        .route("/api/mails/{id}/files/{n}", get(mails::file))
        .layer(DefaultBodyLimit::max(MAX_UPLOAD))
        .with_state(lab)
}

fn asset(kind: &'static str, body: &'static str) -> Ready<Response> {
    const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'self'";
    let kind = HeaderValue::from_str(&format!("{kind}; charset=utf-8"));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("text/plain")));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    ready(response)
}

/// A tick for each change, so that the page asks again.
async fn events(State(lab): State<Lab>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = (lab.tg.shared.changes(), lab.mailbox.changes());
    let stop = lab.stop.clone();
    let ticks = futures::stream::unfold((changes, true), move |((mut tg, mut mail), first)| {
        let stop = stop.clone();
        async move {
            if !first {
                let gone = tokio::select! {
                    () = stop.cancelled() => true,
                    told = tg.changed() => told.is_err(),
                    told = mail.changed() => told.is_err(),
                };
                if gone {
                    return None;
                }
                tokio::time::sleep(GATHER).await;
                tg.mark_unchanged();
                mail.mark_unchanged();
            }
            Some((Ok(Event::default().data("changed")), ((tg, mail), false)))
        }
    });
    Sse::new(ticks).keep_alive(KeepAlive::default())
}
