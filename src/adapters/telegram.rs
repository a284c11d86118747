//! Telegram's Bot API: the outbox's [`Messenger`], what handlers reply through, and the calls around updates.

mod convert;
mod failure;
mod state;

pub use failure::send_error;
pub use state::{Standing, WebhookState};

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::value::RawValue;
use teloxide::Bot;
use teloxide::payloads::{
    AnswerCallbackQuerySetters, EditMessageTextSetters, SendDocumentSetters, SendMessageSetters,
    SendPhotoSetters, SetWebhookSetters,
};
use teloxide::requests::{Request, Requester};
use teloxide::types::{AllowedUpdate, CallbackQueryId, InputFile, ParseMode, ReplyMarkup, ThreadId};

use crate::inbox::BotId;
use crate::notify::{Attachment, Destination, Edited, MessageId, Messenger, Outgoing, SendError};
use crate::types::ChatId;

/// The kinds of update that we ask for.
const WANTED: [AllowedUpdate; 5] = [
    AllowedUpdate::Message,
    AllowedUpdate::CallbackQuery,
    AllowedUpdate::MyChatMember,
    AllowedUpdate::PreCheckoutQuery,
    AllowedUpdate::EditedMessage,
];

/// How long Telegram holds a request for updates open when there are none, in seconds.
const POLL_SECONDS: u8 = 10;
/// How long a reply is tried for before its handler fails.
const INSIST: Duration = Duration::from_secs(30);

/// A bot, as Telegram sees it.
#[derive(Clone)]
pub struct Telegram {
    bot: Bot,
    id: BotId,
}

impl fmt::Debug for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telegram").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A token or address that can't be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBot {
    /// The token isn't of the form `123456:AAH…`.
    #[error("the bot token must look like 123456:AAH…, as BotFather gives it")]
    Token,
    /// The Bot API's address isn't a URL.
    #[error("the Bot API's address is not a URL")]
    Address,
}

/// Updates that Telegram holds for us, as it sends them.
#[derive(Debug, Deserialize)]
struct Fetched {
    #[serde(default)]
    ok: bool,
    #[serde(default)]
    result: Vec<Box<RawValue>>,
    #[serde(default)]
    description: String,
}

impl Telegram {
    /// A bot with this token, at Telegram's own address unless `api` names another server.
    pub fn new(token: &str, api: Option<&str>) -> Result<Self, InvalidBot> {
        let id = BotId::of_token(token).ok_or(InvalidBot::Token)?;
        let client = teloxide::net::default_reqwest_settings()
            .tcp_nodelay(true)
            .build()
            .map_err(|_| InvalidBot::Address)?;
        let bot = Bot::with_client(token, client);
        let bot = match api {
            Some(address) => bot.set_api_url(address.parse().map_err(|_| InvalidBot::Address)?),
            None => bot,
        };
        Ok(Self { bot, id })
    }

    /// The bot's number.
    pub fn id(&self) -> BotId {
        self.id
    }

    /// The client itself, for calls that nothing here wraps.
    pub fn bot(&self) -> &Bot {
        &self.bot
    }

    /// The bot's user name, without the @.
    pub async fn user_name(&self) -> Result<String, SendError> {
        let me = self.bot.get_me().await.map_err(|e| send_error(&e))?;
        Ok(me.username().to_owned())
    }

    /// Whether the bot is an admin of a group, without which it sees commands there and little else.
    pub async fn is_admin_of(&self, group: ChatId) -> Result<bool, SendError> {
        let me = self.bot.get_me().await.map_err(|e| send_error(&e))?;
        let chat = teloxide::types::ChatId(group.0);
        let member = self.bot.get_chat_member(chat, me.id).await.map_err(|e| send_error(&e))?;
        Ok(member.is_privileged())
    }

    /// Ends the waiting sign on a pressed button, with an optional short text. A query that is too old, or was
    /// answered before, is no error: nobody waits for it any more.
    pub async fn answer_press(&self, query: &str, text: Option<&str>) -> Result<(), SendError> {
        let mut call = self.bot.answer_callback_query(CallbackQueryId(query.to_owned()));
        if let Some(text) = text {
            call = call.text(text);
        }
        match call.await.map_err(|e| send_error(&e)) {
            Ok(_) | Err(SendError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Has updates sent to this address, with this secret.
    pub async fn set_webhook(&self, url: &str, secret: &str) -> Result<(), SendError> {
        let url = url.parse().map_err(|_| SendError::Refused("the webhook's address is not a URL".into()))?;
        let call = self.bot.set_webhook(url).secret_token(secret).max_connections(40).allowed_updates(WANTED);
        call.await.map(drop).map_err(|e| send_error(&e))
    }

    /// Whether updates are sent to some address, which makes polling impossible.
    pub async fn has_webhook(&self) -> Result<bool, SendError> {
        let info = self.bot.get_webhook_info().await.map_err(|e| send_error(&e))?;
        Ok(info.url.is_some())
    }

    /// Ends a webhook without losing what waits behind it.
    pub async fn delete_webhook(&self) -> Result<(), SendError> {
        self.bot.delete_webhook().await.map(drop).map_err(|e| send_error(&e))
    }

    /// The updates from number `offset` on, waiting up to 10 s for the first. Asking confirms all before `offset`.
    /// They are left as Telegram wrote them, so that a kind which this version doesn't know is kept whole.
    pub async fn updates(&self, offset: Option<i64>) -> Result<Vec<Box<RawValue>>, SendError> {
        let unavailable = |e: Box<dyn std::error::Error + Send + Sync>| SendError::Unavailable(e);
        let mut url = self.bot.api_url();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(&format!("bot{}", self.bot.token())).push("GetUpdates");
        }
        let body =
            serde_json::json!({ "offset": offset, "timeout": POLL_SECONDS, "allowed_updates": WANTED });
        // The error's address holds the token.
        let answer = self
            .bot
            .client()
            .post(url)
            .json(&body)
            .send()
            .await
            .map_err(|e| unavailable(e.without_url().into()))?;
        let text = answer.bytes().await.map_err(|e| unavailable(e.without_url().into()))?;
        let fetched: Fetched = serde_json::from_slice(&text).map_err(|e| unavailable(e.into()))?;
        if fetched.ok { Ok(fetched.result) } else { Err(failure::described(&fetched.description)) }
    }

    /// Sends like [`Messenger::send`], waiting out flood control and short outages: for replies, whose handler would
    /// else have to run again.
    pub async fn send_insisting(&self, to: Destination, message: &Outgoing) -> Result<MessageId, SendError> {
        insist(|| self.send(to, message)).await
    }

    /// Edits like [`Messenger::edit`], waiting out flood control and short outages.
    pub async fn edit_insisting(
        &self,
        chat: ChatId,
        old: MessageId,
        message: &Outgoing,
    ) -> Result<Edited, SendError> {
        insist(|| self.edit(chat, old, message)).await
    }

    async fn send_once(&self, to: Destination, message: &Outgoing) -> Result<MessageId, SendError> {
        let chat = teloxide::types::ChatId(to.chat.0);
        let thread = to.topic.map(|topic| ThreadId(teloxide::types::MessageId(topic.0)));
        let markup = convert::markup(&message.keyboard)?.map(ReplyMarkup::InlineKeyboard);
        let sent = match &message.attachment {
            None => {
                let mut call = self.bot.send_message(chat, &message.text);
                call.message_thread_id = thread;
                call.reply_markup = markup;
                let call = call.parse_mode(ParseMode::Html).link_preview_options(convert::no_preview());
                call.disable_notification(message.silent).send().await
            }
            Some(Attachment::Document { name, content }) => {
                let file = InputFile::memory(content.clone()).file_name(name.clone());
                let mut call = self.bot.send_document(chat, file);
                call.message_thread_id = thread;
                call.reply_markup = markup;
                let call = call.caption(&message.text).parse_mode(ParseMode::Html);
                call.disable_notification(message.silent).send().await
            }
            Some(Attachment::Photo { content }) => {
                let mut call =
                    self.bot.send_photo(chat, InputFile::memory(content.clone()).file_name("picture"));
                call.message_thread_id = thread;
                call.reply_markup = markup;
                let call = call.caption(&message.text).parse_mode(ParseMode::Html);
                call.disable_notification(message.silent).send().await
            }
        };
        sent.map(|sent| MessageId(sent.id.0)).map_err(|e| send_error(&e))
    }
}

#[async_trait]
impl Messenger for Telegram {
    async fn send(&self, to: Destination, message: &Outgoing) -> Result<MessageId, SendError> {
        match self.send_once(to, message).await {
            // The topic was deleted or closed: better in the group's main one than not at all.
            Err(SendError::Refused(words)) if to.topic.is_some() && failure::is_about_topic(&words) => {
                self.send_once(to.chat.into(), message).await
            }
            outcome => outcome,
        }
    }

    async fn edit(&self, chat: ChatId, old: MessageId, message: &Outgoing) -> Result<Edited, SendError> {
        if message.attachment.is_some() {
            return Ok(Edited::Gone);
        }
        let chat = teloxide::types::ChatId(chat.0);
        let mut call = self.bot.edit_message_text(chat, teloxide::types::MessageId(old.0), &message.text);
        call.reply_markup = convert::markup(&message.keyboard)?;
        let call = call.parse_mode(ParseMode::Html).link_preview_options(convert::no_preview());
        match call.send().await {
            Ok(_) => Ok(Edited::Shown),
            Err(error) => failure::edited(&error).map_or_else(|| Err(send_error(&error)), Ok),
        }
    }
}

/// Repeats a call while Telegram asks to wait or can't be reached, for half a minute in all.
async fn insist<T, F: Future<Output = Result<T, SendError>>>(call: impl Fn() -> F) -> Result<T, SendError> {
    let mut left = INSIST;
    let mut pause = Duration::from_millis(500);
    loop {
        let (wait, error) = match call().await {
            Err(SendError::RetryAfter(wait)) => (wait, SendError::RetryAfter(wait)),
            Err(SendError::Unavailable(source)) => {
                pause *= 2;
                (pause, SendError::Unavailable(source))
            }
            outcome => return outcome,
        };
        left = left.checked_sub(wait).ok_or(error)?;
        tokio::time::sleep(wait).await;
    }
}
