//! What the bot says of itself: commands, name, descriptions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::telegram::error::ApiError;
use crate::telegram::model::{Command, CommandList, CommandScope};
use crate::telegram::params::Params;
use crate::telegram::text::utf16_len;
use crate::telegram::world::World;

fn language(params: &Params) -> Result<String, ApiError> {
    let code = params.text("language_code").unwrap_or_default();
    let good = code.is_empty() || (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase()));
    if good { Ok(code) } else { Err(ApiError::bad("invalid language code specified")) }
}

fn scope(world: &World, params: &Params) -> Result<CommandScope, ApiError> {
    let Some(mut value) = params.json("scope")? else { return Ok(CommandScope::Default) };
    // The chat may be named as a string; ours never are.
    if let Some(id) = value.get("chat_id").and_then(Value::as_str).and_then(|id| id.parse::<i64>().ok()) {
        value["chat_id"] = id.into();
    }
    let scope = serde_json::from_value(value)
        .map_err(|_| ApiError::bad("can't parse BotCommandScope: Unsupported type specified"))?;
    let chat = match scope {
        CommandScope::Chat { chat_id }
        | CommandScope::ChatAdministrators { chat_id }
        | CommandScope::ChatMember { chat_id, .. } => chat_id,
        CommandScope::Default
        | CommandScope::AllPrivateChats
        | CommandScope::AllGroupChats
        | CommandScope::AllChatAdministrators => return Ok(scope),
    };
    world.readable_chat(Some(chat.to_string()))?;
    Ok(scope)
}

pub(super) fn set_commands(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let list = params.json("commands")?.unwrap_or_else(|| json!([]));
    let commands: Vec<Command> = serde_json::from_value(list)
        .map_err(|why| ApiError::bad(format!("can't parse BotCommand: {why}")))?;
    let (scope, language) = (scope(world, params)?, language(params)?);
    if commands.len() > 100 {
        return Err(ApiError::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    for Command { command, description } in &commands {
        let name = command.trim_start_matches('/');
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        {
            return Err(ApiError::bad("BOT_COMMAND_INVALID"));
        }
        if name.len() > 32 {
            return Err(ApiError::bad("command length must not exceed 32"));
        }
        if description.trim().is_empty() {
            return Err(ApiError::bad("command description can't be empty"));
        }
        if utf16_len(description) > 256 {
            return Err(ApiError::bad("command description length must not exceed 256"));
        }
    }
    forget(world, scope, &language);
    if !commands.is_empty() {
        world.bot.commands.push(CommandList { scope, language, commands });
    }
    world.next_seq();
    Ok(true.into())
}

fn forget(world: &mut World, scope: CommandScope, language: &str) {
    world.bot.commands.retain(|list| list.scope != scope || list.language != language);
}

pub(super) fn get_commands(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let (scope, language) = (scope(world, params)?, language(params)?);
    let list = world.bot.commands.iter().find(|list| list.scope == scope && list.language == language);
    let commands = list.map(|list| list.commands.as_slice()).unwrap_or_default();
    Ok(commands.iter().map(|c| json!({"command": c.command, "description": c.description})).collect())
}

pub(super) fn delete_commands(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let (scope, language) = (scope(world, params)?, language(params)?);
    forget(world, scope, &language);
    world.next_seq();
    Ok(true.into())
}

/// The three texts on the bot's profile.
#[derive(Clone, Copy)]
pub(super) enum Word {
    Name,
    Description,
    ShortDescription,
}

impl Word {
    fn field(self) -> (&'static str, usize) {
        match self {
            Self::Name => ("name", 64),
            Self::Description => ("description", 512),
            Self::ShortDescription => ("short_description", 120),
        }
    }

    fn map(self, world: &mut World) -> &mut BTreeMap<String, String> {
        match self {
            Self::Name => &mut world.bot.names,
            Self::Description => &mut world.bot.descriptions,
            Self::ShortDescription => &mut world.bot.short_descriptions,
        }
    }
}

pub(super) fn set_word(world: &mut World, params: &Params, which: Word) -> Result<Value, ApiError> {
    let language = language(params)?;
    let (field, limit) = which.field();
    let text = params.text(field).unwrap_or_default();
    if utf16_len(&text) > limit {
        return Err(ApiError::bad(format!("bot {} is too long", field.replace('_', " "))));
    }
    if text.is_empty() {
        which.map(world).remove(&language);
    } else {
        which.map(world).insert(language, text);
    }
    world.next_seq();
    Ok(true.into())
}

pub(super) fn get_word(world: &mut World, params: &Params, which: Word) -> Value {
    let (field, _) = which.field();
    let language = params.text("language_code").unwrap_or_default();
    let default = match which {
        Word::Name => world.bot.first_name.clone(),
        Word::Description | Word::ShortDescription => String::new(),
    };
    let map = which.map(world);
    let text = map.get(&language).or_else(|| map.get("")).cloned().unwrap_or(default);
    json!({ field: text })
}
