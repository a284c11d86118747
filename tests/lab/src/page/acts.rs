//! What a person does on the page.

use std::fmt::Write as _;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Lab;
use crate::telegram::internal::{Draft, World};
use crate::telegram::{Content, FileKind, Formatted, Sender};

/// How long the page waits for the bot's answer to a press, as apps do before the button stops spinning.
const ANSWER_WAIT: Duration = Duration::from_secs(15);

/// A refusal with words for the page.
type Refused = (StatusCode, String);

fn refused(why: impl Into<String>) -> Refused {
    (StatusCode::UNPROCESSABLE_ENTITY, why.into())
}

fn person(world: &World, key: &str) -> Result<i64, Refused> {
    world.person(key).map(|person| person.id).ok_or_else(|| refused("nobody has this name"))
}

#[derive(Deserialize)]
pub(super) struct Say {
    #[serde(rename = "as")]
    key: String,
    chat: i64,
    text: String,
    reply: Option<i64>,
    thread: Option<i64>,
    #[serde(default)]
    anonymous: bool,
}

pub(super) async fn say(State(lab): State<Lab>, Json(say): Json<Say>) -> Result<Json<Value>, Refused> {
    let text = Formatted::plain(&say.text);
    if text.text.is_empty() {
        return Err(refused("nothing to say"));
    }
    lab.tg.shared.with(|world| {
        let id = person(world, &say.key)?;
        let from = if say.anonymous { Sender::Anonymous(id) } else { Sender::Person(id) };
        let draft =
            Draft { text, reply_to: say.reply, thread_id: say.thread, ..Draft::new(from, Content::Text) };
        let message = world.person_sends(id, say.chat, draft).map_err(refused)?;
        Ok(Json(json!({"message": message})))
    })
}

#[derive(Deserialize)]
pub(super) struct Start {
    #[serde(rename = "as")]
    key: String,
    #[serde(default)]
    payload: String,
}

pub(super) async fn start(State(lab): State<Lab>, Json(start): Json<Start>) -> Result<(), Refused> {
    let Start { key, payload } = start;
    let good =
        payload.len() <= 64 && payload.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if !good {
        return Err(refused("Telegram ignores this start parameter: up to 64 of A-Z a-z 0-9 _ -"));
    }
    lab.tg.shared.with(|world| {
        let id = person(world, &key)?;
        world.set_blocked(id, false);
        let text = if payload.is_empty() { "/start".to_owned() } else { format!("/start {payload}") };
        let draft = Draft { text: Formatted::plain(&text), ..Draft::new(Sender::Person(id), Content::Text) };
        world.person_sends(id, id, draft).map_err(refused)?;
        Ok(())
    })
}

#[derive(Deserialize)]
pub(super) struct Press {
    #[serde(rename = "as")]
    key: String,
    chat: i64,
    message: i64,
    row: usize,
    column: usize,
}

/// Gives the id under which [`answer`] tells what the bot said; the ids do not fit a JavaScript number.
pub(super) async fn press(State(lab): State<Lab>, Json(press): Json<Press>) -> Result<Json<Value>, Refused> {
    lab.tg.shared.with(|world| {
        let id = person(world, &press.key)?;
        let data = world
            .chats
            .get(&press.chat)
            .and_then(|chat| chat.messages.get(&press.message)?.keyboard.as_ref())
            .and_then(|keyboard| keyboard.rows.get(press.row)?.get(press.column)?.callback_data.clone())
            .ok_or_else(|| refused("the button is gone"))?;
        let query = world.press(id, press.chat, press.message, &data);
        Ok(Json(json!({"query": query.map(|query| query.to_string())})))
    })
}

#[derive(Deserialize)]
pub(super) struct Query64 {
    query: u64,
}

/// What the bot answered to a press; 204 if nothing within the time.
pub(super) async fn answer(State(lab): State<Lab>, Query(Query64 { query }): Query<Query64>) -> Response {
    let answered =
        lab.tg.shared.wait_for(ANSWER_WAIT, |world| world.callbacks.get(&query)?.answer.clone()).await;
    match answered {
        Some(answer) => Json(answer).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

#[derive(Deserialize)]
pub(super) struct Pay {
    #[serde(rename = "as")]
    key: String,
    chat: i64,
    message: i64,
}

pub(super) async fn pay(State(lab): State<Lab>, Json(pay): Json<Pay>) -> Result<(), Refused> {
    let query = lab.tg.shared.with(|world| {
        let id = person(world, &pay.key)?;
        let message = world.chats.get(&pay.chat).and_then(|chat| chat.messages.get(&pay.message));
        let Some(Content::Invoice(invoice)) = message.map(|message| message.content.clone()) else {
            return Err(refused("there is no bill"));
        };
        Ok(world.begin_checkout(id, pay.chat, invoice))
    })?;
    let limit = Duration::from_secs(10);
    let answer = lab.tg.shared.wait_for(limit, |world| world.checkouts.get(&query)?.answer.clone()).await;
    answer.ok_or_else(|| refused("the bot did not answer within ten seconds"))?.map_err(refused)?;
    lab.tg.shared.with(|world| world.finish_checkout(query));
    Ok(())
}

#[derive(Deserialize)]
pub(super) struct Block {
    #[serde(rename = "as")]
    key: String,
    on: bool,
}

pub(super) async fn block(State(lab): State<Lab>, Json(block): Json<Block>) -> Result<(), Refused> {
    lab.tg.shared.with(|world| {
        let id = person(world, &block.key)?;
        world.set_blocked(id, block.on);
        Ok(())
    })
}

#[derive(Deserialize)]
pub(super) struct Language {
    #[serde(rename = "as")]
    key: String,
    language: String,
}

pub(super) async fn language(State(lab): State<Lab>, Json(change): Json<Language>) -> Result<(), Refused> {
    lab.tg.shared.with(|world| {
        let id = person(world, &change.key)?;
        if let Some(person) = world.people.get_mut(&id) {
            person.language = change.language;
        }
        Ok(())
    })
}

#[derive(Deserialize)]
pub(super) struct Seen {
    #[serde(rename = "as")]
    key: String,
    chat: i64,
    message: i64,
}

pub(super) async fn seen(State(lab): State<Lab>, Json(seen): Json<Seen>) -> Result<(), Refused> {
    lab.tg.shared.with(|world| {
        let id = person(world, &seen.key)?;
        let last = world.seen.entry(id).or_default().entry(seen.chat).or_default();
        *last = seen.message.max(*last);
        Ok(())
    })
}

#[derive(Deserialize)]
pub(super) struct Upload {
    #[serde(rename = "as")]
    key: String,
    chat: i64,
    name: String,
    #[serde(default)]
    caption: String,
    thread: Option<i64>,
    reply: Option<i64>,
}

/// Pictures go as photos, everything else as documents.
pub(super) async fn upload(
    State(lab): State<Lab>,
    Query(upload): Query<Upload>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<(), Refused> {
    if bytes.is_empty() {
        return Err(refused("the file is empty"));
    }
    let mime = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let mime = if mime.is_empty() { "application/octet-stream" } else { mime };
    let kind = if mime.starts_with("image/") { FileKind::Photo } else { FileKind::Document };
    lab.tg.shared.with(|world| {
        let id = person(world, &upload.key)?;
        let content = world.person_uploads(&upload.name, mime, bytes, kind);
        let draft = Draft {
            text: Formatted::plain(&upload.caption),
            reply_to: upload.reply,
            thread_id: upload.thread,
            ..Draft::new(Sender::Person(id), content)
        };
        world.person_sends(id, upload.chat, draft).map_err(refused)?;
        Ok(())
    })
}

/// The bytes of a file. Only pictures are shown by the browser as what they are.
pub(super) async fn file(State(lab): State<Lab>, Path(id): Path<String>) -> Result<Response, StatusCode> {
    let file = lab.tg.file(&id).ok_or(StatusCode::NOT_FOUND)?;
    let bytes = lab.tg.file_bytes(&id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(download(
        &file.name,
        if file.kind == FileKind::Photo { "image/png" } else { "text/plain; charset=utf-8" },
        bytes,
    ))
}

/// A download that the browser neither sniffs nor runs.
pub(super) fn download(name: &str, kind: &'static str, bytes: Bytes) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    if let Ok(value) = HeaderValue::from_str(&format!("inline; filename*=UTF-8''{encoded}")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
