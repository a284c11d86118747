//! What an update is about, parsed at the door.

use std::sync::Arc;

use teloxide::types::{
    CallbackQuery, ChatMemberUpdated, MaybeInaccessibleMessage, Message, Update, UpdateKind,
    User as TelegramUser,
};

use crate::bot::callback::Press;
use crate::notify::{MessageId, TopicId};
use crate::types::{ChatId, TelegramId};

/// The account under which members post who chose to stay anonymous.
const ANONYMOUS_ADMIN: i64 = 1_087_968_824;

/// A command such as `/renew@shop_bot lin 2026-12-24`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// `renew`, in lower case.
    pub name: String,
    /// What follows it, without the space around it.
    pub args: String,
}

impl Command {
    /// Reads a command that is meant for the bot of this name.
    fn parse(text: &str, bot_name: &str) -> Option<Self> {
        let text = text.strip_prefix('/')?;
        let (head, args) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (name, addressee) = head.split_once('@').map_or((head, None), |(name, bot)| (name, Some(bot)));
        let ours = addressee.is_none_or(|addressee| addressee.eq_ignore_ascii_case(bot_name));
        let well_formed = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (ours && well_formed).then(|| Self { name: name.to_ascii_lowercase(), args: args.trim().to_owned() })
    }
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Sent a command.
    Command(Command),
    /// Sent words.
    Text(String),
    /// Sent something without words: a picture, a file, a sticker.
    Content(Arc<Message>),
    /// Pressed a button.
    Press(Press),
    /// Pressed a button that this version doesn't know.
    OldPress,
    /// Let the bot write to this chat, or forbade it.
    MayWrite(bool),
    /// The group has this number from now on.
    Moved(ChatId),
    /// Something that the bot doesn't react to.
    Other,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Telegram's number.
    pub id: TelegramId,
    /// First and last name.
    pub name: String,
    /// The name after the @, if there is one.
    pub user_name: Option<String>,
    /// The language that the sender's Telegram is in, such as `zh-hans`.
    pub language_code: Option<String>,
    /// An admin of a group who posts as the group: nobody knows which one.
    pub anonymous: bool,
    /// A program, with which there is nothing to talk about.
    pub is_bot: bool,
}

impl From<&TelegramUser> for Sender {
    fn from(user: &TelegramUser) -> Self {
        let id = i64::try_from(user.id.0).unwrap_or_default();
        Self {
            id: TelegramId(id),
            name: user.full_name(),
            user_name: user.username.clone(),
            language_code: user.language_code.clone(),
            anonymous: id == ANONYMOUS_ADMIN,
            is_bot: user.is_bot && id != ANONYMOUS_ADMIN,
        }
    }
}

/// Where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chat {
    /// Telegram's number.
    pub id: ChatId,
    /// Whether it is the sender's private chat with the bot.
    pub private: bool,
    /// The topic, in a group that has some.
    pub topic: Option<TopicId>,
}

/// An update's content.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// What.
    pub event: Event,
    /// Who.
    pub sender: Sender,
    /// Where.
    pub chat: Chat,
    /// The message that was sent, or whose button was pressed.
    pub message: Option<MessageId>,
    /// The press that waits for an answer.
    pub query: Option<String>,
}

impl Happening {
    /// Reads an update; `None` if nobody can be answered.
    pub fn read(update: Update, bot_name: &str) -> Option<Self> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "Telegram's enum: kinds that we don't ask for")]
        match update.kind {
            UpdateKind::Message(message) => Self::of_message(message, bot_name),
            UpdateKind::CallbackQuery(query) => Self::of_press(query),
            UpdateKind::MyChatMember(change) => Some(Self::of_membership(&change)),
            _ => None,
        }
    }

    fn of_message(message: Message, bot_name: &str) -> Option<Self> {
        let sender = Sender::from(message.from.as_ref()?);
        let topic = message.thread_id.filter(|_| message.is_topic_message).map(|thread| TopicId(thread.0.0));
        let chat = Chat { id: ChatId(message.chat.id.0), private: message.chat.is_private(), topic };
        let id = MessageId(message.id.0);
        let event = if let Some(to) = message.migrate_to_chat_id() {
            Event::Moved(ChatId(to.0))
        } else if let Some(text) = message.text() {
            if let Some(command) = Command::parse(text, bot_name) {
                Event::Command(command)
            } else if text.starts_with('/') && !chat.private {
                // For another bot of the group.
                Event::Other
            } else {
                Event::Text(text.to_owned())
            }
        } else {
            Event::Content(Arc::new(message))
        };
        Some(Self { event, sender, chat, message: Some(id), query: None })
    }

    fn of_press(query: CallbackQuery) -> Option<Self> {
        let sender = Sender::from(&query.from);
        let pressed = query.message.as_ref()?;
        let topic = match pressed {
            MaybeInaccessibleMessage::Regular(message) => {
                message.thread_id.filter(|_| message.is_topic_message).map(|thread| TopicId(thread.0.0))
            }
            MaybeInaccessibleMessage::Inaccessible(_) => None,
        };
        let chat = Chat { id: ChatId(pressed.chat().id.0), private: pressed.chat().is_private(), topic };
        let message = Some(MessageId(pressed.id().0));
        let event = query.data.as_deref().and_then(Press::parse).map_or(Event::OldPress, Event::Press);
        Some(Self { event, sender, chat, message, query: Some(query.id.0) })
    }

    fn of_membership(change: &ChatMemberUpdated) -> Self {
        let chat = Chat { id: ChatId(change.chat.id.0), private: change.chat.is_private(), topic: None };
        let event = Event::MayWrite(change.new_chat_member.is_present());
        Self { event, sender: Sender::from(&change.from), chat, message: None, query: None }
    }
}

/// The press in an update that waits for an answer.
pub fn query_of(update: &Update) -> Option<&str> {
    if let UpdateKind::CallbackQuery(query) = &update.kind { Some(&query.id.0) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Happening> {
        Happening::read(serde_json::from_str(json).unwrap(), "Shop_Bot")
    }

    fn message(chat: &str, text: &str) -> String {
        let from = r#"{"id":7,"is_bot":false,"first_name":"Lin","language_code":"zh-hans"}"#;
        let text = serde_json::Value::from(text);
        format!(
            r#"{{"update_id":1,"message":{{"message_id":5,"date":0,"from":{from},"chat":{chat},"text":{text}}}}}"#
        )
    }

    const PRIVATE: &str = r#"{"id":7,"type":"private","first_name":"Lin"}"#;
    const GROUP: &str = r#"{"id":-100,"type":"supergroup","title":"Ops"}"#;

    #[test]
    fn commands_are_read_as_people_write_them() {
        for (text, name, args) in [
            ("/start", "start", ""),
            ("/start d_7KQ", "start", "d_7KQ"),
            ("/Renew@shop_bot  lin 2026-12-24 ", "renew", "lin 2026-12-24"),
            ("/serial_generate\n30 5", "serial_generate", "30 5"),
        ] {
            let happening = read(&message(GROUP, text)).unwrap();
            let command = Command { name: name.to_owned(), args: args.to_owned() };
            assert_eq!(happening.event, Event::Command(command), "{text}");
        }
    }

    #[test]
    fn what_is_meant_for_another_bot_is_not_ours() {
        assert_eq!(read(&message(GROUP, "/start@other_bot")).unwrap().event, Event::Other);
        assert_eq!(read(&message(PRIVATE, "/ hello")).unwrap().event, Event::Text("/ hello".into()));
    }

    #[test]
    fn a_press_names_the_message_it_stands_under() {
        let press = |data: &str| {
            format!(
                r#"{{"update_id":2,"callback_query":{{"id":"q1","from":{{"id":7,"is_bot":false,"first_name":"Lin"}},
                "chat_instance":"1","data":"{data}","message":{{"message_id":9,"date":1,"chat":{GROUP},
                "from":{{"id":1,"is_bot":true,"first_name":"Shop"}},"text":"x"}}}}}}"#
            )
        };
        let happening = read(&press("1:h")).unwrap();
        assert_eq!(happening.event, Event::Press(Press::Home));
        assert_eq!((happening.message, happening.query.as_deref()), (Some(MessageId(9)), Some("q1")));
        assert_eq!(read(&press("buy_12")).unwrap().event, Event::OldPress);
    }

    #[test]
    fn the_sender_and_the_chat_are_told_apart() {
        let happening = read(&message(PRIVATE, "hi")).unwrap();
        assert_eq!(happening.chat, Chat { id: ChatId(7), private: true, topic: None });
        assert_eq!(happening.sender.language_code.as_deref(), Some("zh-hans"));
        assert!(!happening.sender.anonymous);
        let json =
            message(GROUP, "hi").replace(r#""id":7,"is_bot":false"#, r#""id":1087968824,"is_bot":true"#);
        assert!(read(&json).unwrap().sender.anonymous);
    }

    #[test]
    fn a_group_that_moves_and_a_topic_are_seen() {
        let moved = message(GROUP, "x").replace(r#""text":"x""#, r#""migrate_to_chat_id":-1005"#);
        assert_eq!(read(&moved).unwrap().event, Event::Moved(ChatId(-1005)));
        let topic = message(GROUP, "x")
            .replace(r#""text""#, r#""message_thread_id":3,"is_topic_message":true,"text""#);
        assert_eq!(read(&topic).unwrap().chat.topic, Some(TopicId(3)));
    }

    #[test]
    fn kinds_that_nobody_asked_for_are_nothing() {
        assert_eq!(read(r#"{"update_id":1,"something_new":{"a":1}}"#), None);
    }
}
