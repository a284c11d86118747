//! Changing, deleting and pinning messages.

use serde_json::Value;

use super::send::{file_by_id, keep_upload, read_caption, read_text};
use super::{Rules, flood, message as answer};
use crate::telegram::error::ApiError;
use crate::telegram::keyboard::{Keyboard, Markup};
use crate::telegram::model::{Chat, ChatKind, Content, FileKind, Revision, Sender, Service, Stored};
use crate::telegram::params::Params;
use crate::telegram::text::{Formatted, MAX_CAPTION, MAX_TEXT, utf16_len};
use crate::telegram::world::World;

/// Messages may be deleted for this long, in seconds.
const DELETE_LIFE: i64 = 48 * 60 * 60;

pub(super) fn text(world: &mut World, rules: &Rules, params: &Params) -> Result<Value, ApiError> {
    let text = read_text(params, "text", "entities")?;
    if text.text.is_empty() {
        return Err(ApiError::bad("message text is empty"));
    }
    let (chat, id) = find(world, params)?;
    let keyboard = new_markup(params)?;
    if utf16_len(&text.text) > MAX_TEXT {
        return Err(ApiError::bad("MESSAGE_TOO_LONG"));
    }
    if stored(world, chat, id)?.content != Content::Text {
        return Err(ApiError::bad("there is no text in the message to edit"));
    }
    change(world, rules, (chat, id), Some(text), keyboard, None)
}

pub(super) fn caption(world: &mut World, rules: &Rules, params: &Params) -> Result<Value, ApiError> {
    let caption = read_caption(params)?;
    let (chat, id) = find(world, params)?;
    let keyboard = new_markup(params)?;
    match stored(world, chat, id)?.content {
        Content::Document(_) | Content::Photo(_) => {}
        Content::Text | Content::Invoice(_) | Content::Service(_) => {
            return Err(ApiError::bad("there is no caption in the message to edit"));
        }
    }
    change(world, rules, (chat, id), Some(caption), keyboard, None)
}

pub(super) fn markup(world: &mut World, rules: &Rules, params: &Params) -> Result<Value, ApiError> {
    let (chat, id) = find(world, params)?;
    let keyboard = new_markup(params)?;
    change(world, rules, (chat, id), None, keyboard, None)
}

pub(super) fn media(world: &mut World, rules: &Rules, params: &Params) -> Result<Value, ApiError> {
    let media = params.json("media")?.ok_or_else(|| ApiError::bad("media is not specified"))?;
    let field = |name: &str| media.get(name).and_then(Value::as_str);
    let kind = match field("type") {
        Some("photo") => FileKind::Photo,
        Some("document") => FileKind::Document,
        Some(_) | None => return Err(ApiError::bad("can't parse InputMedia: Type is not supported")),
    };
    let caption = Formatted::parse(
        field("caption").unwrap_or(""),
        field("parse_mode"),
        media.get("caption_entities").cloned(),
    )?;
    if utf16_len(&caption.text) > MAX_CAPTION {
        return Err(ApiError::bad("message caption is too long"));
    }
    let (chat, id) = find(world, params)?;
    let keyboard = new_markup(params)?;
    let source = field("media").unwrap_or("");
    let content = match source.strip_prefix("attach://") {
        Some(part) => {
            let upload = params.files.get(part).cloned();
            keep_upload(world, upload.ok_or_else(|| ApiError::bad("media not found"))?, kind)?
        }
        None => file_by_id(world, source, kind)?,
    };
    change(world, rules, (chat, id), Some(caption), keyboard, Some(content))
}

/// An edit without markup takes the buttons away.
fn new_markup(params: &Params) -> Result<Option<Keyboard>, ApiError> {
    Ok(Markup::parse(params.json("reply_markup")?, false)?.into_keyboard())
}

/// The message an edit means, if the bot may edit it.
fn find(world: &World, params: &Params) -> Result<(i64, i64), ApiError> {
    if params.text("chat_id").is_none() && params.text("inline_message_id").is_some() {
        return Err(ApiError::bad("MESSAGE_ID_INVALID"));
    }
    let chat = world.writable_chat(params.text("chat_id"))?;
    let id = params.int("message_id").ok_or_else(|| ApiError::bad("message identifier is not specified"))?;
    let message = chat.messages.get(&id).ok_or_else(|| ApiError::bad("message to edit not found"))?;
    if message.from != Sender::Bot || matches!(message.content, Content::Service(_)) {
        return Err(ApiError::bad("message can't be edited"));
    }
    Ok((chat.id, id))
}

fn stored(world: &World, chat: i64, id: i64) -> Result<&Stored, ApiError> {
    let message = world.chats.get(&chat).and_then(|chat| chat.messages.get(&id));
    message.ok_or_else(|| ApiError::bad("message to edit not found"))
}

fn change(
    world: &mut World,
    rules: &Rules,
    (chat, id): (i64, i64),
    text: Option<Formatted>,
    keyboard: Option<Keyboard>,
    content: Option<Content>,
) -> Result<Value, ApiError> {
    let old = stored(world, chat, id)?;
    let text = text.unwrap_or_else(|| old.text.clone());
    let new_words = text != old.text || content.as_ref().is_some_and(|content| *content != old.content);
    if !new_words && keyboard == old.keyboard {
        return Err(ApiError::bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        ));
    }
    flood(world, rules, chat)?;
    let seq = world.next_seq();
    let now = world.seconds();
    if let Some(message) = world.chats.get_mut(&chat).and_then(|chat| chat.messages.get_mut(&id)) {
        message.text.clone_from(&text);
        message.keyboard.clone_from(&keyboard);
        if let Some(content) = content {
            message.content = content;
        }
        if new_words {
            message.edit_date = Some(now);
        }
        message.revisions.push(Revision { seq, text, keyboard });
    }
    Ok(answer(world, chat, id))
}

pub(super) fn delete(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = world.writable_chat(params.text("chat_id"))?;
    let id = params.int("message_id").ok_or_else(|| ApiError::bad("message identifier is not specified"))?;
    let message = chat.messages.get(&id).ok_or_else(|| ApiError::bad("message to delete not found"))?;
    may_delete(chat, message, world.seconds())?;
    let chat = chat.id;
    remove(world, chat, id);
    Ok(true.into())
}

/// Skips what is not there or may not go, as Telegram does.
pub(super) fn delete_many(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = world.writable_chat(params.text("chat_id"))?;
    let ids = params.json("message_ids")?;
    let ids: Vec<i64> = ids
        .and_then(|ids| serde_json::from_value(ids).ok())
        .ok_or_else(|| ApiError::bad("message identifiers are not specified"))?;
    if ids.len() > 100 {
        return Err(ApiError::bad("too many message identifiers specified"));
    }
    let now = world.seconds();
    let allowed: Vec<i64> = ids
        .into_iter()
        .filter(|id| chat.messages.get(id).is_some_and(|message| may_delete(chat, message, now).is_ok()))
        .collect();
    let chat = chat.id;
    for id in allowed {
        remove(world, chat, id);
    }
    Ok(true.into())
}

fn may_delete(chat: &Chat, message: &Stored, now: i64) -> Result<(), ApiError> {
    let own = message.from == Sender::Bot;
    if !own && chat.kind != ChatKind::Private && !chat.bot.is_admin() {
        return Err(ApiError::bad("message can't be deleted"));
    }
    if now - message.date > DELETE_LIFE && !(chat.kind != ChatKind::Private && chat.bot.is_admin()) {
        return Err(ApiError::bad("message can't be deleted for everyone"));
    }
    Ok(())
}

fn remove(world: &mut World, chat: i64, id: i64) {
    world.next_seq();
    if let Some(chat) = world.chats.get_mut(&chat) {
        chat.messages.remove(&id);
        chat.pinned.retain(|pinned| *pinned != id);
    }
}

pub(super) fn pin(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = world.writable_chat(params.text("chat_id"))?;
    may_pin(chat)?;
    let id = params.int("message_id").unwrap_or(0);
    let message = chat.messages.get(&id).ok_or_else(|| ApiError::bad("message to pin not found"))?;
    let (chat, thread) = (chat.id, message.thread_id);
    if let Some(chat) = world.chats.get_mut(&chat) {
        chat.pinned.retain(|pinned| *pinned != id);
        chat.pinned.push(id);
    }
    world.post_service(chat, Sender::Bot, thread, Service::Pinned(id));
    Ok(true.into())
}

pub(super) fn unpin(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = world.writable_chat(params.text("chat_id"))?;
    may_pin(chat)?;
    let last = chat.pinned.last().copied();
    let id = params.int("message_id").or(last);
    if !id.is_some_and(|id| chat.pinned.contains(&id)) {
        return Err(ApiError::bad("message to unpin not found"));
    }
    let chat = chat.id;
    world.next_seq();
    if let Some(chat) = world.chats.get_mut(&chat) {
        chat.pinned.retain(|pinned| Some(*pinned) != id);
    }
    Ok(true.into())
}

fn may_pin(chat: &Chat) -> Result<(), ApiError> {
    if chat.kind == ChatKind::Private || chat.bot.is_admin() {
        return Ok(());
    }
    Err(ApiError::bad("not enough rights to manage pinned messages in the chat"))
}
