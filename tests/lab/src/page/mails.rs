//! The inbox page.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Lab;
use super::acts::download;
use crate::mail::Mail;

/// All mails, newest first, without their bodies.
pub(super) async fn list(State(lab): State<Lab>) -> Json<Value> {
    let mails: Vec<Value> = lab
        .mailbox
        .all()
        .iter()
        .rev()
        .map(|mail| {
            let start: String = mail.text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect();
            json!({
                "id": mail.id, "at": mail.at, "from": mail.header("From"), "to": mail.to, "subject": mail.subject,
                "start": start,
            })
        })
        .collect();
    Json(json!({"mails": mails, "bot": lab.tg.bot_username()}))
}

fn find(lab: &Lab, id: u64) -> Result<Mail, StatusCode> {
    lab.mailbox.all().into_iter().find(|mail| mail.id == id).ok_or(StatusCode::NOT_FOUND)
}

pub(super) async fn one(State(lab): State<Lab>, Path(id): Path<u64>) -> Result<Json<Value>, StatusCode> {
    let mail = find(&lab, id)?;
    let files: Vec<Value> = mail
        .attachments
        .iter()
        .map(|file| json!({"name": file.name, "mime": file.mime, "size": file.bytes.len()}))
        .collect();
    Ok(Json(json!({
        "id": mail.id,
        "at": mail.at,
        "from": mail.header("From"),
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "has_html": !mail.html.is_empty(),
        "headers": mail.headers,
        "files": files,
    })))
}

/// The HTML part, in a sandbox: no scripts, nothing loaded. Deep links to the bot lead to the messenger page.
pub(super) async fn html(State(lab): State<Lab>, Path(id): Path<u64>) -> Result<Response, StatusCode> {
    const POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox \
                          allow-top-navigation-by-user-activation; default-src 'none'; \
                          style-src 'unsafe-inline'; img-src data:";
    let mail = find(&lab, id)?;
    let deep = format!("https://t.me/{}", lab.tg.bot_username());
    let body = format!("<base target=\"_top\">{}", mail.html.replace(&deep, "/"));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

pub(super) async fn file(
    State(lab): State<Lab>,
    Path((id, n)): Path<(u64, usize)>,
) -> Result<Response, StatusCode> {
    let mut mail = find(&lab, id)?;
    if n >= mail.attachments.len() {
        return Err(StatusCode::NOT_FOUND);
    }
    let file = mail.attachments.swap_remove(n);
    Ok(download(&file.name, "text/plain; charset=utf-8", file.bytes.into()))
}
