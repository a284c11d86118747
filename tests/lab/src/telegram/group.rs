//! A group as tests handle it, and newcomers.

use super::actor::Actor;
use super::message::Message;
use super::model::{ChatKind, Sender, Standing, Topic};
use super::shared::Telegram;

/// A person to add.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    /// Name in tests, unique.
    pub key: &'a str,
    /// First name.
    pub name: &'a str,
    /// Public name without `@`, empty for none.
    pub username: &'a str,
    /// Language of the app.
    pub language: &'a str,
}

/// A group chat.
#[derive(Clone)]
pub struct Group {
    tg: Telegram,
    /// Chat id; a migrated group keeps its old one.
    pub id: i64,
}

impl Telegram {
    /// Adds a person who has not started the bot.
    pub fn add_user(&self, user: &NewUser<'_>) -> Actor {
        self.shared.with(|world| world.settle(user.key, user.name, user.username, user.language, "customer"));
        self.user(user.key)
    }

    /// Adds a group owned by a person. With the bot not in it, [`Standing::Left`].
    pub fn add_group(&self, title: &str, kind: ChatKind, owner: &str, bot: Standing) -> Group {
        let owner = self.user(owner).id;
        let id = self.shared.with(|world| world.found_group(title, kind, owner, bot));
        Group::new(self.clone(), id)
    }

    /// Makes another group the one that [`Telegram::group`] gives.
    pub fn set_ops_group(&self, group: &Group) {
        self.shared.with(|world| world.ops_group = group.id);
    }
}

impl Group {
    pub(crate) fn new(tg: Telegram, id: i64) -> Self {
        Self { tg, id }
    }

    /// A member who writes and presses here.
    pub fn member(&self, key: &str) -> Actor {
        Actor::in_chat(self.tg.clone(), key, self.id, false)
    }

    /// An admin who writes as the group itself.
    pub fn anonymous(&self, key: &str) -> Actor {
        Actor::in_chat(self.tg.clone(), key, self.id, true)
    }

    /// Makes a person a member, an admin, or gone.
    pub fn set(&self, key: &str, standing: Standing) {
        let person = self.tg.user(key).id;
        let by = self.owner();
        self.tg.shared.with(|world| world.set_standing(self.id, by, person, standing));
    }

    /// Makes the bot a member, an admin, or gone.
    pub fn set_bot(&self, standing: Standing) {
        let by = self.owner();
        self.tg.shared.with(|world| world.set_bot_standing(self.id, by, standing));
    }

    /// Switches topics on or off.
    pub fn set_forum(&self, on: bool) {
        self.tg.shared.with(|world| {
            if let Some(chat) = world.chats.get_mut(&self.id) {
                chat.is_forum = on;
            }
        });
    }

    /// A member opens a topic. Gives its thread id.
    pub fn open_topic(&self, key: &str, name: &str) -> i64 {
        let by = self.tg.user(key).id;
        let topic = Topic { name: name.to_owned(), icon_color: 7_322_096, closed: false };
        self.tg.shared.with(|world| world.open_topic(self.id, Sender::Person(by), topic))
    }

    /// Turns a basic group into a supergroup.
    ///
    /// # Panics
    /// If this is none.
    #[must_use]
    pub fn migrate(&self) -> Group {
        let new = self.tg.shared.with(|world| world.migrate(self.id)).expect("a basic group");
        Group::new(self.tg.clone(), new)
    }

    /// Topics by thread id.
    pub fn topics(&self) -> Vec<(i64, Topic)> {
        self.tg.shared.quiet(|world| {
            let topics = world.chats.get(&self.id).map(|chat| chat.topics.clone()).unwrap_or_default();
            topics.into_iter().collect()
        })
    }

    /// Pinned messages, newest last.
    pub fn pinned(&self) -> Vec<i64> {
        self.tg
            .shared
            .quiet(|world| world.chats.get(&self.id).map(|chat| chat.pinned.clone()).unwrap_or_default())
    }

    /// All messages, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.tg.shared.quiet(|world| world.views(self.id))
    }

    /// Waits for a message of the bot that fits, among all there are in the group.
    ///
    /// # Panics
    /// If none came before patience ended; the conversation is printed.
    pub async fn wait_message(&self, mut fits: impl FnMut(&Message) -> bool) -> Message {
        let found = self
            .tg
            .wait_for(|world| {
                let messages = world.views(self.id);
                messages.into_iter().rev().find(|message| message.from == Sender::Bot && fits(message))
            })
            .await;
        found.unwrap_or_else(|| panic!("no such message in:\n{}", self.transcript()))
    }

    /// The conversation as plain text.
    pub fn transcript(&self) -> String {
        self.tg.shared.quiet(|world| world.transcript(self.id))
    }

    fn owner(&self) -> i64 {
        self.tg.shared.quiet(|world| {
            let chat = world.chats.get(&self.id);
            let owner = chat.and_then(|chat| chat.members.iter().find(|(_, s)| **s == Standing::Creator));
            owner.map_or(0, |(id, _)| *id)
        })
    }
}
