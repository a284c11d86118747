//! What a handler has: who did what where, and the ways to answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};

use crate::account::User;
use crate::adapters::telegram::Telegram;
use crate::app::{App, ops};
use crate::bot::dialogue::Place;
use crate::bot::event::{Chat, Sender};
use crate::bot::screen::Screen;
use crate::db::StoreError;
use crate::i18n::{Html, Texts, Words};
use crate::notify::{Destination, Edited, MessageId, Messenger as _, Outgoing, SendError};
use crate::types::Lang;

/// A pressed button that may wait for an answer. Telegram takes one answer for each press.
#[derive(Debug)]
pub struct PressAnswer {
    query: String,
    answered: AtomicBool,
}

impl PressAnswer {
    /// A press; `answered` if somebody has answered it already.
    pub fn new(query: String, answered: bool) -> Self {
        Self { query, answered: AtomicBool::new(answered) }
    }

    /// Ends the waiting sign, with a short text if there is one; answers `false` if that had been done before, so
    /// that the text was not shown.
    pub async fn give(&self, telegram: &Telegram, text: Option<&str>) -> Result<bool, SendError> {
        if self.answered.swap(true, Ordering::AcqRel) {
            return Ok(false);
        }
        telegram.answer_press(&self.query, text).await?;
        Ok(true)
    }
}

/// What a handler gets. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Use cases and the database.
    pub app: Arc<App>,
    /// The bot.
    pub telegram: Telegram,
    /// All texts.
    pub texts: Arc<Texts>,
    /// The language to answer in.
    pub lang: Lang,
    /// Who, to us.
    pub user: User,
    /// Who, on Telegram.
    pub sender: Sender,
    /// Where.
    pub chat: Chat,
    /// The message that was sent, or whose button was pressed.
    pub message: Option<MessageId>,
    /// The press, if this is one.
    pub press: Option<Arc<PressAnswer>>,
}

impl Ctx {
    /// The texts in the language to answer in.
    pub fn words(&self) -> Words<'_> {
        self.texts.lang(self.lang)
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        self.app.clock.now()
    }

    /// Whose conversation this is.
    pub fn place(&self) -> Place {
        Place { chat: self.chat.id, sender: self.sender.id }
    }

    /// Whether this happened in the ops group.
    pub async fn in_ops_group(&self) -> Result<bool, StoreError> {
        Ok(!self.chat.private && ops::group(&self.app).await? == Some(self.chat.id))
    }

    fn here(&self) -> Destination {
        Destination { chat: self.chat.id, topic: self.chat.topic }
    }

    /// Shows a screen: in place of the one whose button was pressed, else as a new message. Answers with the message
    /// that shows it.
    pub async fn show(&self, screen: Screen) -> Result<MessageId, SendError> {
        let message = Outgoing::from(screen);
        if let (Some(pressed), Some(_)) = (self.message, &self.press)
            && self.telegram.edit_insisting(self.chat.id, pressed, &message).await? == Edited::Shown
        {
            return Ok(pressed);
        }
        self.send(message).await
    }

    /// The same, but what is shown next is a new message and leaves the one whose button was pressed as it is.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { message: None, ..self.clone() }
    }

    /// Sends a new message to where this happened, and leaves the one whose button was pressed as it is.
    pub async fn send(&self, message: impl Into<Outgoing>) -> Result<MessageId, SendError> {
        self.telegram.send_insisting(self.here(), &message.into()).await
    }

    /// Sends a message to the sender in private, from wherever this happened. [`SendError::Blocked`] if the sender
    /// has never written to the bot there.
    pub async fn send_in_private(&self, message: impl Into<Outgoing>) -> Result<MessageId, SendError> {
        let chat = crate::types::ChatId::from(self.sender.id);
        self.telegram.send_insisting(chat.into(), &message.into()).await
    }

    /// Puts `message` in the place of one that the bot sent here, or sends it anew if that is gone.
    pub async fn replace(
        &self,
        old: MessageId,
        message: impl Into<Outgoing>,
    ) -> Result<MessageId, SendError> {
        let message = message.into();
        match self.telegram.edit_insisting(self.chat.id, old, &message).await? {
            Edited::Shown => Ok(old),
            Edited::Gone => self.send(message).await,
        }
    }

    /// Says something short: at the edge of the screen after a press, as a message else. Handlers that take long are
    /// answered for before they end; the text is then sent as a message too.
    pub async fn say(&self, text: Html) -> Result<(), SendError> {
        if let Some(press) = &self.press
            && press.give(&self.telegram, Some(&text.to_plain())).await?
        {
            return Ok(());
        }
        self.send(Outgoing::text(text)).await.map(drop)
    }

    /// Ends the waiting sign on the pressed button, if this is a press that nobody has answered.
    pub async fn acknowledge(&self) -> Result<(), SendError> {
        match &self.press {
            Some(press) => press.give(&self.telegram, None).await.map(drop),
            None => Ok(()),
        }
    }

    /// Tries once to edit a message, for progress that the next step shows anyway.
    pub async fn update(&self, old: MessageId, message: impl Into<Outgoing>) -> Result<Edited, SendError> {
        self.telegram.edit(self.chat.id, old, &message.into()).await
    }
}
