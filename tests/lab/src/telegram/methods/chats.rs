//! Looking at chats, members and files.

use serde_json::{Value, json};

use crate::telegram::error::ApiError;
use crate::telegram::model::{ChatKind, Standing};
use crate::telegram::params::Params;
use crate::telegram::world::World;

pub(super) fn get(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = world.readable_chat(params.text("chat_id"))?;
    Ok(world.full_chat_json(chat))
}

pub(super) fn member(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let user = params.int("user_id").filter(|id| *id > 0);
    let user = user.ok_or_else(|| ApiError::bad("invalid user_id specified"))?;
    let chat = world.readable_chat(params.text("chat_id"))?;
    if user == world.bot.id {
        return Ok(world.member_json(user, chat.bot));
    }
    if !world.people.contains_key(&user) {
        return Err(ApiError::bad("PARTICIPANT_ID_INVALID"));
    }
    Ok(world.member_json(user, chat.members.get(&user).copied().unwrap_or(Standing::Left)))
}

pub(super) fn administrators(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = world.readable_chat(params.text("chat_id"))?;
    if chat.kind == ChatKind::Private {
        return Err(ApiError::bad("there are no administrators in the private chat"));
    }
    let mut list: Vec<Value> = chat
        .members
        .iter()
        .filter(|(_, standing)| standing.is_admin())
        .map(|(id, standing)| world.member_json(*id, *standing))
        .collect();
    if chat.bot.is_admin() {
        list.push(world.member_json(world.bot.id, chat.bot));
    }
    Ok(list.into())
}

pub(super) fn count(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = world.readable_chat(params.text("chat_id"))?;
    let people = chat.members.values().filter(|standing| standing.is_in()).count();
    Ok((people + 1).into())
}

pub(super) fn leave(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = world.readable_chat(params.text("chat_id"))?;
    if chat.kind == ChatKind::Private {
        return Err(ApiError::bad("chat member status can't be changed in private chats"));
    }
    let id = chat.id;
    let bot = world.bot.id;
    world.set_bot_standing(id, bot, Standing::Left);
    Ok(true.into())
}

pub(super) fn file(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let id = params.text("file_id").ok_or_else(|| ApiError::bad("file_id not specified"))?;
    let file = world.files.get(&id).ok_or_else(|| ApiError::bad("invalid file_id"))?;
    if file.size > 20 * 1024 * 1024 {
        return Err(ApiError::bad("file is too big"));
    }
    let mut json = file.json();
    json["file_path"] = json!(file.path);
    Ok(json)
}
