//! People and groups: who is where, and what the bot hears of it.

use serde_json::json;

use super::model::{
    Chat, ChatKind, Command, CommandScope, Content, Person, Sender, Service, Standing, Stored, Topic,
};
use super::text::EntityKind;
use super::world::World;

/// Pressed buttons are remembered this long.
const CALLBACK_KEPT_MS: i64 = 60 * 60 * 1000;

impl World {
    /// Two customers, an admin, and the admin's ops group with the bot as administrator.
    pub(crate) fn settle_three_people(&mut self) {
        self.settle("lin", "小林", "xiaolin", "zh-hans", "customer");
        self.settle("wang", "老王", "laowang_net", "zh-hans", "distributor");
        let admin = self.settle("zhe", "阿哲", "azhe_ops", "zh-hans", "admin");
        self.ops_group = self.found_group("运维群", ChatKind::Supergroup, admin, Standing::Admin);
    }

    /// Adds a person and gives the user id.
    pub(crate) fn settle(
        &mut self,
        key: &str,
        name: &str,
        username: &str,
        language: &str,
        role: &str,
    ) -> i64 {
        let id = 7_100_000_001 + i64::try_from(self.people.len()).unwrap_or(0) * 1_013;
        let person = Person {
            id,
            key: key.to_owned(),
            first_name: name.to_owned(),
            last_name: None,
            username: (!username.is_empty()).then(|| username.to_owned()),
            language: language.to_owned(),
            role: role.to_owned(),
        };
        self.people.insert(id, person);
        self.private_chat(id);
        id
    }

    /// Adds a group owned by `owner`; the bot hears of its own entry.
    pub(crate) fn found_group(&mut self, title: &str, kind: ChatKind, owner: i64, bot: Standing) -> i64 {
        let n = i64::try_from(self.chats.values().filter(|chat| chat.kind != ChatKind::Private).count())
            .unwrap_or(0);
        let id = match kind {
            ChatKind::Private | ChatKind::Group => -(4_500_000_001 + n),
            ChatKind::Supergroup => -(1_002_200_000_001 + n),
        };
        let mut chat = Chat::new(id, kind, title);
        chat.members.insert(owner, Standing::Creator);
        self.chats.insert(id, chat);
        if bot.is_in() {
            self.set_bot_standing(id, owner, bot);
        }
        id
    }

    /// Changes what the bot is in a chat and tells it so.
    pub(crate) fn set_bot_standing(&mut self, chat_id: i64, by: i64, standing: Standing) {
        let bot = self.bot.id;
        let Some(chat) = self.chats.get_mut(&chat_id) else { return };
        let old = std::mem::replace(&mut chat.bot, standing);
        if old == standing {
            return;
        }
        let Some(chat) = self.chats.get(&chat_id) else { return };
        let body = self.member_updated_json(chat, by, bot, old, standing);
        self.next_seq();
        self.push_update("my_chat_member", body, chat_id);
    }

    /// Changes what a person is in a group; joining and leaving leave a note.
    pub(crate) fn set_standing(&mut self, chat_id: i64, by: i64, person: i64, standing: Standing) {
        let Some(chat) = self.chats.get_mut(&chat_id) else { return };
        let old = chat.members.insert(person, standing).unwrap_or(Standing::Left);
        if old == standing {
            return;
        }
        let Some(chat) = self.chats.get(&chat_id) else { return };
        if chat.bot.is_admin() {
            let body = self.member_updated_json(chat, by, person, old, standing);
            self.push_update("chat_member", body, chat_id);
        }
        match (old.is_in(), standing.is_in()) {
            (false, true) => {
                self.post_service(chat_id, Sender::Person(by), None, Service::Joined(vec![person]));
            }
            (true, false) => {
                self.post_service(chat_id, Sender::Person(by), None, Service::Left(person));
            }
            (true, true) | (false, false) => {
                self.next_seq();
            }
        }
    }

    /// The person blocks or unblocks the bot, which hears of it as a change of its membership.
    pub(crate) fn set_blocked(&mut self, person: i64, blocked: bool) {
        let chat = self.private_chat(person);
        if chat.blocked == blocked {
            return;
        }
        chat.blocked = blocked;
        let (old, new) =
            if blocked { (Standing::Member, Standing::Kicked) } else { (Standing::Kicked, Standing::Member) };
        let bot = self.bot.id;
        self.next_seq();
        if let Some(chat) = self.chats.get(&person) {
            let body = self.member_updated_json(chat, person, bot, old, new);
            self.push_update("my_chat_member", body, person);
        }
    }

    /// A basic group becomes a supergroup with another id, as when topics are switched on.
    pub(crate) fn migrate(&mut self, old: i64) -> Option<i64> {
        let group = self.chats.get(&old).filter(|chat| chat.kind == ChatKind::Group)?.clone();
        let owner = group.members.iter().find(|(_, standing)| **standing == Standing::Creator)?.0;
        let owner = *owner;
        let n = i64::try_from(self.chats.len()).unwrap_or(0);
        let new = -(1_002_300_000_001 + n);
        let mut supergroup = Chat::new(new, ChatKind::Supergroup, &group.title);
        supergroup.members = group.members.clone();
        supergroup.bot = group.bot;
        self.chats.insert(new, supergroup);
        self.post_service(old, Sender::Person(owner), None, Service::MigratedTo(new));
        self.post_service(new, Sender::Person(owner), None, Service::MigratedFrom(old));
        if let Some(chat) = self.chats.get_mut(&old) {
            chat.migrated_to = Some(new);
        }
        if self.ops_group == old {
            self.ops_group = new;
        }
        Some(new)
    }

    /// Opens a topic; its thread id is the id of the note that says so.
    pub(crate) fn open_topic(&mut self, chat_id: i64, from: Sender, topic: Topic) -> i64 {
        let draft = super::world::Draft::new(from, Content::Service(Service::TopicCreated(topic.clone())));
        let id = self.post(chat_id, draft);
        if let Some(chat) = self.chats.get_mut(&chat_id) {
            chat.topics.insert(id, topic);
            if let Some(message) = chat.messages.get_mut(&id) {
                message.thread_id = Some(id);
            }
        }
        self.announce(chat_id, id, "message");
        id
    }

    /// Whether privacy mode lets the bot hear a message of a person.
    pub(crate) fn bot_hears(&self, chat: &Chat, message: &Stored) -> bool {
        if chat.kind == ChatKind::Private {
            return true;
        }
        if !chat.bot.is_in() {
            return false;
        }
        if chat.bot.is_admin() || !self.bot.privacy_mode || matches!(message.content, Content::Service(_)) {
            return true;
        }
        let to_bot =
            message.reply_to.and_then(|id| chat.messages.get(&id)).is_some_and(|m| m.from == Sender::Bot);
        let name = self.bot.username.to_ascii_lowercase();
        let named = message.text.entities.iter().any(|entity| {
            let words = message.text.slice(entity).to_ascii_lowercase();
            match entity.kind {
                EntityKind::Mention => words[1..] == name,
                EntityKind::BotCommand => match words.split_once('@') {
                    Some((_, to)) => to == name,
                    // A bare command reaches every bot of the group; ours is the only one.
                    None => entity.offset == 0,
                },
                EntityKind::Bold
                | EntityKind::Italic
                | EntityKind::Underline
                | EntityKind::Strikethrough
                | EntityKind::Spoiler
                | EntityKind::Blockquote
                | EntityKind::ExpandableBlockquote
                | EntityKind::Code
                | EntityKind::Pre { .. }
                | EntityKind::TextLink { .. }
                | EntityKind::CustomEmoji { .. }
                | EntityKind::Url
                | EntityKind::Email => false,
            }
        });
        to_bot || named
    }

    /// A person presses a callback button. Gives the query's id.
    pub(crate) fn press(&mut self, person: i64, chat: i64, message: i64, data: &str) -> Option<u64> {
        let body = self.message_json(chat, message)?;
        let id = 4_611_686_018_427_000_000 + self.next_id();
        let now = self.now;
        while self.callbacks.first_entry().is_some_and(|oldest| now - oldest.get().at > CALLBACK_KEPT_MS) {
            self.callbacks.pop_first();
        }
        let callback = super::model::Callback {
            person,
            chat,
            message,
            data: data.to_owned(),
            at: self.now,
            answer: None,
        };
        self.callbacks.insert(id, callback);
        self.next_seq();
        let query = json!({
            "id": id.to_string(),
            "from": self.user_json(person),
            "message": body,
            "chat_instance": format!("{}", chat.wrapping_mul(7_919)),
            "data": data,
        });
        // Presses of one person keep their order; they may overtake that person's messages.
        self.push_update("callback_query", query, person + (3 << 33));
        Some(id)
    }

    /// The "/" menu a person sees in a chat, by Telegram's order of scopes and languages.
    pub(crate) fn menu(&self, person: i64, chat: &Chat) -> &[Command] {
        let admin = chat.members.get(&person).is_some_and(|standing| standing.is_admin());
        let chat_id = chat.id;
        let mut scopes = Vec::new();
        if chat.kind == ChatKind::Private {
            scopes.extend([CommandScope::Chat { chat_id }, CommandScope::AllPrivateChats]);
        } else {
            scopes.push(CommandScope::ChatMember { chat_id, user_id: person });
            scopes.extend(admin.then_some(CommandScope::ChatAdministrators { chat_id }));
            scopes.push(CommandScope::Chat { chat_id });
            scopes.extend(admin.then_some(CommandScope::AllChatAdministrators));
            scopes.push(CommandScope::AllGroupChats);
        }
        scopes.push(CommandScope::Default);
        let language = self.people.get(&person).map_or("", |person| person.language.get(..2).unwrap_or(""));
        for scope in scopes {
            for language in [language, ""] {
                let found = self.bot.commands.iter().find(|l| l.scope == scope && l.language == language);
                if let Some(list) = found {
                    return &list.commands;
                }
            }
        }
        &[]
    }
}
