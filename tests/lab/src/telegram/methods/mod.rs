//! The Bot API's methods. Each is a function of the world and its arguments; nothing here waits.

mod bot;
mod callback;
mod chats;
mod edit;
mod forum;
mod pay;
mod send;
mod updates;

use serde_json::Value;

use super::error::ApiError;
use super::model::ChatKind;
use super::params::Params;
use super::world::World;

pub(crate) use updates::set_allowed;

/// What differs between a test and the page.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Flood limits are enforced.
    pub(crate) flood: bool,
    /// A pressed button may be answered this long, in milliseconds.
    pub(crate) callback_life: i64,
}

/// Carries out one call. `method` is in lower case.
pub(crate) fn call(
    world: &mut World,
    rules: &Rules,
    method: &str,
    params: &Params,
) -> Result<Value, ApiError> {
    match method {
        "getme" => Ok(world.bot.me()),
        "setmycommands" => bot::set_commands(world, params),
        "getmycommands" => bot::get_commands(world, params),
        "deletemycommands" => bot::delete_commands(world, params),
        "setmyname" => bot::set_word(world, params, bot::Word::Name),
        "getmyname" => Ok(bot::get_word(world, params, bot::Word::Name)),
        "setmydescription" => bot::set_word(world, params, bot::Word::Description),
        "getmydescription" => Ok(bot::get_word(world, params, bot::Word::Description)),
        "setmyshortdescription" => bot::set_word(world, params, bot::Word::ShortDescription),
        "getmyshortdescription" => Ok(bot::get_word(world, params, bot::Word::ShortDescription)),
        "setchatmenubutton" | "setmydefaultadministratorrights" => Ok(true.into()),

        "sendmessage" => send::message(world, rules, params),
        "sendphoto" => send::file(world, rules, params, super::model::FileKind::Photo),
        "senddocument" => send::file(world, rules, params, super::model::FileKind::Document),
        "copymessage" => send::copy(world, rules, params),
        "forwardmessage" => send::forward(world, rules, params),
        "sendchataction" => send::action(world, params),
        "sendinvoice" => pay::send_invoice(world, rules, params),
        "createinvoicelink" => pay::create_link(world, params),
        "answerprecheckoutquery" => pay::answer(world, params),
        "refundstarpayment" => pay::refund(world, params),

        "editmessagetext" => edit::text(world, rules, params),
        "editmessagecaption" => edit::caption(world, rules, params),
        "editmessagereplymarkup" => edit::markup(world, rules, params),
        "editmessagemedia" => edit::media(world, rules, params),
        "deletemessage" => edit::delete(world, params),
        "deletemessages" => edit::delete_many(world, params),
        "pinchatmessage" => edit::pin(world, params),
        "unpinchatmessage" => edit::unpin(world, params),

        "answercallbackquery" => callback::answer(world, rules, params),

        "getchat" => chats::get(world, params),
        "getchatmember" => chats::member(world, params),
        "getchatadministrators" => chats::administrators(world, params),
        "getchatmembercount" | "getchatmemberscount" => chats::count(world, params),
        "leavechat" => chats::leave(world, params),
        "getfile" => chats::file(world, params),

        "createforumtopic" => forum::create(world, params),
        "editforumtopic" => forum::edit(world, params),
        "closeforumtopic" => forum::set_closed(world, params, true),
        "reopenforumtopic" => forum::set_closed(world, params, false),

        "setwebhook" => updates::set_webhook(world, params),
        "deletewebhook" => Ok(updates::delete_webhook(world, params)),
        "getwebhookinfo" => Ok(updates::webhook_info(world)),
        _ => Err(ApiError::new(404, "Not Found: method not found")),
    }
}

/// Counts a message against the flood limits.
fn flood(world: &mut World, rules: &Rules, chat: i64) -> Result<(), ApiError> {
    if !rules.flood {
        return Ok(());
    }
    let is_group = world.chats.get(&chat).is_some_and(|chat| chat.kind != ChatKind::Private);
    let now = world.now;
    world.flood.pass(chat, is_group, now).map_err(ApiError::too_many)
}

/// The answer of methods that return the message.
fn message(world: &World, chat: i64, id: i64) -> Value {
    world.message_json(chat, id).unwrap_or_default()
}
