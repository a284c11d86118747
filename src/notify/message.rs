//! A message as we make it, before it becomes one of Telegram's.

use bytes::Bytes;

/// A message's number within its chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(pub i32);

/// A topic of a forum group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopicId(pub i32);

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends this callback data, at most 64 bytes, to the bot.
    Press(String),
    /// Opens an address.
    Open(String),
    /// Copies this text, at most 256 characters.
    Copy(String),
}

/// An inline button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What it says.
    pub label: String,
    /// What it does.
    pub action: Action,
}

impl Button {
    /// A button that opens an address.
    pub fn open(label: impl Into<String>, address: impl Into<String>) -> Self {
        Self { label: label.into(), action: Action::Open(address.into()) }
    }

    /// A button that copies a text.
    pub fn copy(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self { label: label.into(), action: Action::Copy(text.into()) }
    }
}

/// Rows of inline buttons; empty for none.
pub type Keyboard = Vec<Vec<Button>>;

/// A file or picture that goes with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// A file to download.
    Document {
        /// The file's name, as it is shown.
        name: String,
        /// What is in it.
        content: Bytes,
    },
    /// A picture, shown above the text.
    Photo {
        /// PNG or JPEG.
        content: Bytes,
    },
}

/// A message to send or to put in another's place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Telegram's HTML: at most 4096 UTF-16 units once shown, 1024 with an attachment.
    pub text: String,
    /// The buttons under it.
    pub keyboard: Keyboard,
    /// A file or picture. A message with one is always sent anew, never edited.
    pub attachment: Option<Attachment>,
    /// Arrives without a sound.
    pub silent: bool,
}

impl Outgoing {
    /// A text alone.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The same with these buttons.
    #[must_use]
    pub fn keyboard(mut self, keyboard: Keyboard) -> Self {
        self.keyboard = keyboard;
        self
    }

    /// The same with a file or picture.
    #[must_use]
    pub fn attach(mut self, attachment: Attachment) -> Self {
        self.attachment = Some(attachment);
        self
    }

    /// Whether it is nothing but text, so that it can share a message with others.
    pub fn is_plain(&self) -> bool {
        self.keyboard.is_empty() && self.attachment.is_none()
    }
}
