//! Answering pressed buttons.

use serde_json::Value;

use super::Rules;
use crate::telegram::error::ApiError;
use crate::telegram::model::CallbackAnswer;
use crate::telegram::params::Params;
use crate::telegram::text::utf16_len;
use crate::telegram::world::World;

/// Longest text of an answer.
const MAX_ANSWER: usize = 200;

pub(super) fn answer(world: &mut World, rules: &Rules, params: &Params) -> Result<Value, ApiError> {
    let too_old = || ApiError::bad("query is too old and response timeout expired or query ID is invalid");
    let id: u64 = params.text("callback_query_id").and_then(|id| id.parse().ok()).ok_or_else(too_old)?;
    let now = world.now;
    let bot = world.bot.username.clone();
    let callback = world.callbacks.get_mut(&id).ok_or_else(too_old)?;
    if callback.answer.is_some() || now - callback.at > rules.callback_life {
        return Err(too_old());
    }
    let text = params.text("text").unwrap_or_default();
    if utf16_len(&text) > MAX_ANSWER {
        return Err(ApiError::bad("MESSAGE_TOO_LONG"));
    }
    let url = params.text("url");
    if url.as_ref().is_some_and(|url| !url.starts_with(&format!("https://t.me/{bot}?start="))) {
        return Err(ApiError::bad("URL_INVALID"));
    }
    callback.answer = Some(CallbackAnswer { text, alert: params.flag("show_alert"), url });
    world.next_seq();
    Ok(true.into())
}
