//! What the simulated Telegram remembers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::keyboard::Keyboard;
use super::text::Formatted;

/// Someone with a Telegram account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Telegram's user id; above 32 bits, as new accounts have them.
    pub id: i64,
    /// Name of this person in tests and in the page's addresses, such as `lin`.
    pub key: String,
    /// First name as others see it.
    pub first_name: String,
    /// Last name, if given.
    pub last_name: Option<String>,
    /// Public name without `@`, if set.
    pub username: Option<String>,
    /// Language of the person's app, such as `zh-hans` or `en`.
    pub language: String,
    /// What the page says this person is, such as "customer".
    pub role: String,
}

/// The bot's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BotAccount {
    /// User id: the number before the colon of the token.
    pub id: i64,
    /// The token that requests must bear.
    pub token: String,
    /// Name as people see it.
    pub first_name: String,
    /// Public name without `@`.
    pub username: String,
    /// In groups, only what concerns the bot is delivered unless it is an admin there.
    pub privacy_mode: bool,
    /// `setMyName` by language code, empty for all others.
    pub names: BTreeMap<String, String>,
    /// `setMyDescription` by language code.
    pub descriptions: BTreeMap<String, String>,
    /// `setMyShortDescription` by language code.
    pub short_descriptions: BTreeMap<String, String>,
    /// `setMyCommands` by scope and language.
    pub commands: Vec<CommandList>,
}

/// One list that `setMyCommands` left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandList {
    /// Who sees it.
    pub scope: CommandScope,
    /// Two letters, or empty for every language without a list of its own.
    pub language: String,
    /// Names without slash, with descriptions, in order.
    pub commands: Vec<Command>,
}

/// One entry of the "/" menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Name without slash.
    pub command: String,
    /// What it does.
    pub description: String,
}

/// Who a list of commands is for, as in the Bot API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CommandScope {
    /// Everybody who has no narrower list.
    Default,
    /// All private chats.
    AllPrivateChats,
    /// All groups.
    AllGroupChats,
    /// The admins of all groups.
    AllChatAdministrators,
    /// One chat.
    Chat {
        /// Its id.
        chat_id: i64,
    },
    /// The admins of one chat.
    ChatAdministrators {
        /// Its id.
        chat_id: i64,
    },
    /// One member of one chat.
    ChatMember {
        /// Its id.
        chat_id: i64,
        /// The member's user id.
        user_id: i64,
    },
}

/// Kind of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChatKind {
    /// One person with the bot.
    Private,
    /// A basic group, negative id.
    Group,
    /// A supergroup, id from -100….
    Supergroup,
}

/// What somebody is in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Owner of the group.
    Creator,
    /// Administrator with all rights of a group.
    Admin,
    /// Ordinary member.
    Member,
    /// Was there and went.
    Left,
    /// Was thrown out.
    Kicked,
}

impl Standing {
    /// In the group now.
    pub fn is_in(self) -> bool {
        matches!(self, Self::Creator | Self::Admin | Self::Member)
    }

    /// Has an administrator's rights.
    pub fn is_admin(self) -> bool {
        matches!(self, Self::Creator | Self::Admin)
    }
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Chat {
    /// Bot API chat id.
    pub id: i64,
    /// Private, group or supergroup.
    pub kind: ChatKind,
    /// Title of a group, empty for private chats.
    pub title: String,
    /// The group has topics.
    pub is_forum: bool,
    /// Members by user id; for a private chat its one person.
    pub members: BTreeMap<i64, Standing>,
    /// What the bot is here; in a private chat `Member` once the person has started it.
    pub bot: Standing,
    /// The person has blocked the bot (private chats).
    pub blocked: bool,
    /// Where this group went when it became a supergroup.
    pub migrated_to: Option<i64>,
    /// Messages by id, oldest first.
    pub messages: BTreeMap<i64, Stored>,
    /// Last id given, for supergroups, which count by themselves.
    pub last_message_id: i64,
    /// Topics by thread id.
    pub topics: BTreeMap<i64, Topic>,
    /// Pinned messages, newest last.
    pub pinned: Vec<i64>,
    /// What `sendChatAction` said last and when it fades (milliseconds since 1970).
    pub action: Option<(String, i64)>,
}

/// A forum topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// RGB colour of its icon.
    pub icon_color: i64,
    /// Closed topics take no messages from members.
    pub closed: bool,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sender {
    /// Our bot.
    Bot,
    /// A person, by user id.
    Person(i64),
    /// An anonymous admin: the group itself speaks, the person stays hidden.
    Anonymous(i64),
}

/// A message as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// Id within its chat.
    pub id: i64,
    /// Who wrote it.
    pub from: Sender,
    /// When, in seconds since 1970.
    pub date: i64,
    /// Last edit of the text or media, in seconds since 1970.
    pub edit_date: Option<i64>,
    /// Topic it belongs to.
    pub thread_id: Option<i64>,
    /// The message it answers.
    pub reply_to: Option<i64>,
    /// Text, or the caption of a file.
    pub text: Formatted,
    /// What else it is.
    pub content: Content,
    /// Buttons under it.
    pub keyboard: Option<Keyboard>,
    /// Each state it had, the present one last.
    pub revisions: Vec<Revision>,
    /// Forwards show where they came from.
    pub forwarded_from: Option<String>,
}

/// One state of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Revision {
    /// Position in the order of everything that happened in this Telegram.
    pub seq: u64,
    /// Text or caption then.
    pub text: Formatted,
    /// Buttons then.
    pub keyboard: Option<Keyboard>,
}

/// What a message is beside its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// Only text.
    Text,
    /// A file, by file id.
    Document(String),
    /// A picture, by file id.
    Photo(String),
    /// A bill.
    Invoice(Invoice),
    /// A note by Telegram itself.
    Service(Service),
}

/// A bill in Telegram Stars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Product name.
    pub title: String,
    /// Product description.
    pub description: String,
    /// The bot's own reference, not shown to people.
    pub payload: String,
    /// `XTR` for Stars.
    pub currency: String,
    /// Whole Stars.
    pub total: i64,
}

/// Notes in a chat that nobody wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Service {
    /// People came in, by user id (the bot's own id too).
    Joined(Vec<i64>),
    /// Somebody went.
    Left(i64),
    /// This group is now that supergroup.
    MigratedTo(i64),
    /// This supergroup was that group.
    MigratedFrom(i64),
    /// A topic was opened.
    TopicCreated(Topic),
    /// A topic was renamed.
    TopicEdited(String),
    /// A topic was closed.
    TopicClosed,
    /// A topic was opened again.
    TopicReopened,
    /// A message was pinned.
    Pinned(i64),
    /// A bill was paid.
    Paid(Payment),
    /// A payment went back.
    Refunded(Payment),
}

/// A payment in Stars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// `telegram_payment_charge_id`.
    pub charge: String,
    /// Who paid.
    pub person: i64,
    /// The invoice it paid.
    pub invoice: Invoice,
    /// Was given back.
    pub refunded: bool,
}

/// What kind of file an id stands for; Telegram refuses to send one as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    /// Sent as a document.
    Document,
    /// Sent as a photo.
    Photo,
}

/// A stored file; its bytes are kept beside, by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// `file_id`.
    pub id: String,
    /// `file_unique_id`.
    pub unique_id: String,
    /// `file_path` of `getFile`.
    pub path: String,
    /// Name it was sent with.
    pub name: String,
    /// Media type.
    pub mime: String,
    /// Size in bytes.
    pub size: usize,
    /// Document or photo.
    pub kind: FileKind,
    /// Width and height of a photo in pixels.
    pub dimensions: (u32, u32),
}

/// A pressed button that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Callback {
    /// Who pressed.
    pub person: i64,
    /// Where.
    pub chat: i64,
    /// Under which message.
    pub message: i64,
    /// The button's data.
    pub data: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What the bot answered.
    pub answer: Option<CallbackAnswer>,
}

/// What `answerCallbackQuery` said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackAnswer {
    /// Text of the toast or the alert, empty for none.
    pub text: String,
    /// Shown as a window that wants a tap.
    pub alert: bool,
    /// Link to open, a deep link to the bot.
    pub url: Option<String>,
}

/// A payment under way: the bot has ten seconds to agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkout {
    /// Who pays.
    pub person: i64,
    /// Where the bill stands.
    pub chat: i64,
    /// The bill.
    pub invoice: Invoice,
    /// When it began, in milliseconds since 1970.
    pub at: i64,
    /// `Ok`, or the bot's words why not.
    pub answer: Option<Result<(), String>>,
}

/// Where updates go when not fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Webhook {
    /// Address that gets them.
    pub url: String,
    /// Sent along in `X-Telegram-Bot-Api-Secret-Token`.
    pub secret: Option<String>,
    /// Deliveries at once, at most.
    pub max_connections: usize,
    /// Last failure: when (seconds) and what.
    pub last_error: Option<(i64, String)>,
}

/// Kinds of update that arrive only when asked for by name.
pub(crate) const ONLY_ON_REQUEST: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// Which updates the bot asked for; empty means all but [`ONLY_ON_REQUEST`].
pub(crate) type AllowedUpdates = BTreeSet<String>;
