//! Topics of forum groups.

use serde_json::{Value, json};

use crate::telegram::error::ApiError;
use crate::telegram::model::{Chat, Sender, Service, Topic};
use crate::telegram::params::Params;
use crate::telegram::text::utf16_len;
use crate::telegram::world::World;

/// The icon colour Telegram picks first.
const DEFAULT_COLOR: i64 = 7_322_096;

fn forum<'a>(world: &'a World, params: &Params) -> Result<&'a Chat, ApiError> {
    let chat = world.writable_chat(params.text("chat_id"))?;
    if !chat.is_forum {
        return Err(ApiError::bad("the chat is not a forum"));
    }
    if !chat.bot.is_admin() {
        return Err(ApiError::bad("not enough rights to create a topic"));
    }
    Ok(chat)
}

fn name(params: &Params) -> Result<String, ApiError> {
    let name = params.text("name").unwrap_or_default().trim().to_owned();
    if name.is_empty() {
        return Err(ApiError::bad("TOPIC_TITLE_EMPTY"));
    }
    if utf16_len(&name) > 128 {
        return Err(ApiError::bad("topic name is too long"));
    }
    Ok(name)
}

pub(super) fn create(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let name = name(params)?;
    let chat = forum(world, params)?.id;
    let icon_color = params.int("icon_color").unwrap_or(DEFAULT_COLOR);
    let topic = Topic { name: name.clone(), icon_color, closed: false };
    let id = world.open_topic(chat, Sender::Bot, topic);
    Ok(json!({"message_thread_id": id, "name": name, "icon_color": icon_color}))
}

pub(super) fn edit(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = forum(world, params)?.id;
    let thread = params.int("message_thread_id").unwrap_or(0);
    let name = name(params)?;
    topic(world, chat, thread)?.name.clone_from(&name);
    world.post_service(chat, Sender::Bot, Some(thread), Service::TopicEdited(name));
    Ok(true.into())
}

pub(super) fn set_closed(world: &mut World, params: &Params, closed: bool) -> Result<Value, ApiError> {
    let chat = forum(world, params)?.id;
    let thread = params.int("message_thread_id").unwrap_or(0);
    let topic = topic(world, chat, thread)?;
    if topic.closed == closed {
        return Err(ApiError::bad("TOPIC_NOT_MODIFIED"));
    }
    topic.closed = closed;
    let service = if closed { Service::TopicClosed } else { Service::TopicReopened };
    world.post_service(chat, Sender::Bot, Some(thread), service);
    Ok(true.into())
}

fn topic(world: &mut World, chat: i64, thread: i64) -> Result<&mut Topic, ApiError> {
    let topic = world.chats.get_mut(&chat).and_then(|chat| chat.topics.get_mut(&thread));
    topic.ok_or_else(|| ApiError::bad("TOPIC_ID_INVALID"))
}
