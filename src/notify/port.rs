//! What the outbox needs from Telegram.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{Audience, MessageId, Notice, Outgoing, TopicId};
use crate::types::ChatId;

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The chat.
    pub chat: ChatId,
    /// A topic within it.
    pub topic: Option<TopicId>,
}

impl From<ChatId> for Destination {
    fn from(chat: ChatId) -> Self {
        Self { chat, topic: None }
    }
}

/// What became of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// The message now shows what was asked for, or did already.
    Shown,
    /// The message is gone or can't be edited any more: send anew.
    Gone,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Too much at once: nothing may be sent there for this long.
    #[error("Telegram asks to wait {} s", .0.as_secs())]
    RetryAfter(Duration),
    /// The person or group doesn't let us write: blocked, deleted, removed, never started. Telegram's words.
    #[error("the chat refuses messages: {0}")]
    Blocked(String),
    /// The group became a supergroup: this is its number now.
    #[error("the group has moved to {0}")]
    Moved(ChatId),
    /// Telegram refuses this message whenever it is sent: a fault of ours. Telegram's words.
    #[error("Telegram refused the message: {0}")]
    Refused(String),
    /// No answer, or none that makes sense: trying again may help.
    #[error("Telegram could not be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Sends and edits messages.
#[async_trait]
pub trait Messenger: Send + Sync + fmt::Debug {
    /// Sends a message.
    async fn send(&self, to: Destination, message: &Outgoing) -> Result<MessageId, SendError>;

    /// Puts `message` in the place of one sent before.
    async fn edit(&self, chat: ChatId, old: MessageId, message: &Outgoing) -> Result<Edited, SendError>;
}

/// Makes a notice's text, in the recipient's language and from the state of now.
#[async_trait]
pub trait Renderer: Send + Sync + fmt::Debug {
    /// The message; `None` when there is nothing to tell any more, such as a reminder of what has been renewed.
    async fn render(&self, notice: &Notice, to: Audience) -> anyhow::Result<Option<Outgoing>>;
}
