//! Sending: text, files, copies, and "typing…".

use serde_json::{Value, json};

use super::{Rules, flood, message as answer};
use crate::telegram::error::ApiError;
use crate::telegram::image;
use crate::telegram::keyboard::{Keyboard, Markup};
use crate::telegram::model::{Content, FileInfo, FileKind, Sender};
use crate::telegram::params::{Params, Upload};
use crate::telegram::text::{Formatted, MAX_CAPTION, MAX_TEXT, utf16_len};
use crate::telegram::world::{Draft, World};

/// Largest photo, in bytes.
const MAX_PHOTO: usize = 10 * 1024 * 1024;
/// How long "typing…" is shown.
const ACTION_MS: i64 = 5000;

pub(super) fn message(world: &mut World, rules: &Rules, params: &Params) -> Result<Value, ApiError> {
    let text = read_text(params, "text", "entities")?;
    if text.text.is_empty() {
        return Err(ApiError::bad("message text is empty"));
    }
    if utf16_len(&text.text) > MAX_TEXT {
        return Err(ApiError::bad("message is too long"));
    }
    let target = Target::read(world, params, false)?;
    target.post(world, rules, Content::Text, text)
}

pub(super) fn file(
    world: &mut World,
    rules: &Rules,
    params: &Params,
    kind: FileKind,
) -> Result<Value, ApiError> {
    let caption = read_caption(params)?;
    let target = Target::read(world, params, false)?;
    let content = read_file(world, params, kind)?;
    target.post(world, rules, content, caption)
}

pub(super) fn read_text(params: &Params, name: &str, entities: &str) -> Result<Formatted, ApiError> {
    let text = params.text(name).unwrap_or_default();
    Formatted::parse(&text, params.text("parse_mode").as_deref(), params.json(entities)?)
}

pub(super) fn read_caption(params: &Params) -> Result<Formatted, ApiError> {
    let caption = read_text(params, "caption", "caption_entities")?;
    if utf16_len(&caption.text) > MAX_CAPTION {
        return Err(ApiError::bad("message caption is too long"));
    }
    Ok(caption)
}

/// The file of a call: an upload, or the id of one that was sent before as the same kind.
pub(super) fn read_file(world: &mut World, params: &Params, kind: FileKind) -> Result<Content, ApiError> {
    let name = match kind {
        FileKind::Document => "document",
        FileKind::Photo => "photo",
    };
    if let Some(upload) = params.upload(name).cloned() {
        return keep_upload(world, upload, kind);
    }
    let reference =
        params.text(name).ok_or_else(|| ApiError::bad(format!("there is no {name} in the request")))?;
    file_by_id(world, &reference, kind)
}

pub(super) fn file_by_id(world: &World, reference: &str, kind: FileKind) -> Result<Content, ApiError> {
    if reference.contains("://") {
        return Err(ApiError::bad("failed to get HTTP URL content"));
    }
    let file = world
        .files
        .get(reference)
        .ok_or_else(|| ApiError::bad("wrong file identifier/HTTP URL specified"))?;
    if file.kind != kind {
        let (is, wanted) = match kind {
            FileKind::Document => ("Photo", "Document"),
            FileKind::Photo => ("Document", "Photo"),
        };
        return Err(ApiError::bad(format!("type of file mismatch: can't use file of type {is} as {wanted}")));
    }
    Ok(content(kind, reference.to_owned()))
}

pub(super) fn keep_upload(world: &mut World, upload: Upload, kind: FileKind) -> Result<Content, ApiError> {
    if upload.bytes.is_empty() {
        return Err(ApiError::bad("file must be non-empty"));
    }
    let dimensions = match kind {
        FileKind::Document => (0, 0),
        FileKind::Photo => {
            if upload.bytes.len() > MAX_PHOTO {
                return Err(ApiError::bad("file is too big"));
            }
            let (width, height) =
                image::dimensions(&upload.bytes).ok_or_else(|| ApiError::bad("IMAGE_PROCESS_FAILED"))?;
            let (long, short) = (width.max(height), width.min(height));
            if short == 0 || width + height > 10_000 || long / short > 20 {
                return Err(ApiError::bad("PHOTO_INVALID_DIMENSIONS"));
            }
            (width, height)
        }
    };
    let file = FileInfo {
        id: String::new(),
        unique_id: String::new(),
        path: String::new(),
        name: upload.name,
        mime: upload.mime,
        size: 0,
        kind,
        dimensions,
    };
    let id = world.keep_file(file, upload.bytes);
    Ok(content(kind, id))
}

fn content(kind: FileKind, id: String) -> Content {
    match kind {
        FileKind::Document => Content::Document(id),
        FileKind::Photo => Content::Photo(id),
    }
}

/// Where a message goes and what hangs on it.
pub(super) struct Target {
    pub(super) chat: i64,
    reply_to: Option<i64>,
    thread_id: Option<i64>,
    keyboard: Option<Keyboard>,
}

impl Target {
    /// Reads chat, topic, reply and markup, in the order in which Telegram complains.
    pub(super) fn read(world: &World, params: &Params, invoice: bool) -> Result<Self, ApiError> {
        let keyboard = Markup::parse(params.json("reply_markup")?, invoice)?.into_keyboard();
        let chat = world.writable_chat(params.text("chat_id"))?;
        let reply = params.json("reply_parameters")?;
        let (wanted, optional) = match &reply {
            Some(reply) => (
                reply.get("message_id").and_then(Value::as_i64),
                reply.get("allow_sending_without_reply").and_then(Value::as_bool) == Some(true),
            ),
            None => (params.int("reply_to_message_id"), params.flag("allow_sending_without_reply")),
        };
        let reply_to = match wanted {
            Some(id) if chat.messages.contains_key(&id) => Some(id),
            Some(_) if !optional => return Err(ApiError::bad("message to be replied not found")),
            Some(_) | None => None,
        };
        let thread_id = match params.int("message_thread_id").filter(|id| *id > 0) {
            Some(id) if !chat.topics.contains_key(&id) => {
                return Err(ApiError::bad("message thread not found"));
            }
            Some(id) => Some(id),
            None => reply_to.and_then(|id| chat.messages.get(&id)).and_then(|message| message.thread_id),
        };
        Ok(Self { chat: chat.id, reply_to, thread_id, keyboard })
    }

    /// Gives the message these buttons if it has none.
    pub(super) fn keyboard_or(&mut self, keyboard: Keyboard) {
        self.keyboard.get_or_insert(keyboard);
    }

    /// Posts and answers with the message.
    pub(super) fn post(
        self,
        world: &mut World,
        rules: &Rules,
        content: Content,
        text: Formatted,
    ) -> Result<Value, ApiError> {
        flood(world, rules, self.chat)?;
        let id = world.post(
            self.chat,
            Draft {
                text,
                keyboard: self.keyboard,
                reply_to: self.reply_to,
                thread_id: self.thread_id,
                ..Draft::new(Sender::Bot, content)
            },
        );
        Ok(answer(world, self.chat, id))
    }
}

/// The message a copy or forward is made of.
fn source(world: &World, params: &Params, what: &str) -> Result<(Content, Formatted, String), ApiError> {
    let from = world.readable_chat(params.text("from_chat_id"))?;
    let message = params
        .int("message_id")
        .and_then(|id| from.messages.get(&id))
        .ok_or_else(|| ApiError::bad(format!("message to {what} not found")))?;
    match &message.content {
        Content::Text | Content::Document(_) | Content::Photo(_) => {}
        Content::Invoice(_) | Content::Service(_) => {
            return Err(ApiError::bad(format!("message can't be {what}ed").replace("yed", "ied")));
        }
    }
    let author = match message.from {
        Sender::Bot => world.bot.first_name.clone(),
        Sender::Person(id) => {
            world.people.get(&id).map(|person| person.first_name.clone()).unwrap_or_default()
        }
        Sender::Anonymous(_) => from.title.clone(),
    };
    Ok((message.content.clone(), message.text.clone(), author))
}

pub(super) fn copy(world: &mut World, rules: &Rules, params: &Params) -> Result<Value, ApiError> {
    let target = Target::read(world, params, false)?;
    let (content, mut text, _) = source(world, params, "copy")?;
    if params.args.contains_key("caption") && content != Content::Text {
        text = read_caption(params)?;
    }
    let sent = target.post(world, rules, content, text)?;
    Ok(json!({"message_id": sent["message_id"]}))
}

pub(super) fn forward(world: &mut World, rules: &Rules, params: &Params) -> Result<Value, ApiError> {
    let target = Target::read(world, params, false)?;
    let (content, text, author) = source(world, params, "forward")?;
    flood(world, rules, target.chat)?;
    let draft = Draft {
        text,
        thread_id: target.thread_id,
        forwarded_from: Some(author),
        ..Draft::new(Sender::Bot, content)
    };
    let id = world.post(target.chat, draft);
    Ok(answer(world, target.chat, id))
}

pub(super) fn action(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let action = params.text("action").unwrap_or_default().to_ascii_lowercase();
    let known = [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ];
    if !known.contains(&action.as_str()) {
        return Err(ApiError::bad("wrong parameter action in request"));
    }
    let chat = world.writable_chat(params.text("chat_id"))?.id;
    let until = world.now + ACTION_MS;
    if let Some(chat) = world.chats.get_mut(&chat) {
        chat.action = Some((action, until));
    }
    Ok(true.into())
}
