//! Bot API objects: absent fields are left out, never null.

use serde_json::{Map, Value, json};

use super::model::{
    BotAccount, Chat, ChatKind, Content, FileInfo, Invoice, Payment, Person, Sender, Service, Standing,
    Stored, Topic,
};
use super::world::World;

/// Telegram's own account that stands in for anonymous admins.
pub(crate) const GROUP_ANONYMOUS_BOT: i64 = 1_087_968_824;

impl Person {
    pub(crate) fn json(&self) -> Value {
        let mut user = json!({
            "id": self.id, "is_bot": false, "first_name": self.first_name, "language_code": self.language,
        });
        put(&mut user, "last_name", self.last_name.as_deref());
        put(&mut user, "username", self.username.as_deref());
        user
    }
}

impl BotAccount {
    pub(crate) fn json(&self) -> Value {
        json!({"id": self.id, "is_bot": true, "first_name": self.first_name, "username": self.username})
    }

    /// The answer of `getMe`.
    pub(crate) fn me(&self) -> Value {
        json!({
            "id": self.id,
            "is_bot": true,
            "first_name": self.first_name,
            "username": self.username,
            "can_join_groups": true,
            "can_read_all_group_messages": !self.privacy_mode,
            "supports_inline_queries": false,
            "can_connect_to_business": false,
            "has_main_web_app": false,
        })
    }
}

impl FileInfo {
    pub(crate) fn json(&self) -> Value {
        json!({"file_id": self.id, "file_unique_id": self.unique_id, "file_size": self.size})
    }

    fn photo(&self) -> Value {
        let mut size = self.json();
        size["width"] = self.dimensions.0.into();
        size["height"] = self.dimensions.1.into();
        json!([size])
    }

    fn document(&self) -> Value {
        let mut document = self.json();
        document["file_name"] = self.name.as_str().into();
        document["mime_type"] = self.mime.as_str().into();
        document
    }
}

impl Topic {
    fn json(&self) -> Value {
        json!({"name": self.name, "icon_color": self.icon_color})
    }
}

impl Invoice {
    fn json(&self) -> Value {
        json!({
            "title": self.title, "description": self.description, "start_parameter": "",
            "currency": self.currency, "total_amount": self.total,
        })
    }
}

impl Payment {
    fn json(&self) -> Value {
        json!({
            "currency": self.invoice.currency,
            "total_amount": self.invoice.total,
            "invoice_payload": self.invoice.payload,
            "telegram_payment_charge_id": self.charge,
            "provider_payment_charge_id": "",
        })
    }
}

impl World {
    /// The user behind an id: a person, the bot, or Telegram's stand-in for anonymous admins.
    pub(crate) fn user_json(&self, id: i64) -> Value {
        if id == self.bot.id {
            return self.bot.json();
        }
        match self.people.get(&id) {
            Some(person) => person.json(),
            None if id == GROUP_ANONYMOUS_BOT => {
                json!({"id": id, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot"})
            }
            None => json!({"id": id, "is_bot": false, "first_name": ""}),
        }
    }

    /// A `Chat` as it stands in messages.
    pub(crate) fn chat_json(&self, chat: &Chat) -> Value {
        match chat.kind {
            ChatKind::Private => {
                let mut json = json!({"id": chat.id, "type": "private"});
                if let Some(person) = self.people.get(&chat.id) {
                    json["first_name"] = person.first_name.as_str().into();
                    put(&mut json, "last_name", person.last_name.as_deref());
                    put(&mut json, "username", person.username.as_deref());
                }
                json
            }
            ChatKind::Group => {
                json!({"id": chat.id, "type": "group", "title": chat.title, "all_members_are_administrators": false})
            }
            ChatKind::Supergroup => {
                let mut json = json!({"id": chat.id, "type": "supergroup", "title": chat.title});
                if chat.is_forum {
                    json["is_forum"] = true.into();
                }
                json
            }
        }
    }

    /// A message as the bot sees it, with the message it answers.
    pub(crate) fn message_json(&self, chat_id: i64, id: i64) -> Option<Value> {
        let chat = self.chats.get(&chat_id)?;
        let message = chat.messages.get(&id)?;
        let mut json = self.stored_json(chat, message);
        if let Some(reply) = message.reply_to.and_then(|id| chat.messages.get(&id)) {
            json["reply_to_message"] = self.stored_json(chat, reply);
        }
        Some(json)
    }

    fn stored_json(&self, chat: &Chat, message: &Stored) -> Value {
        let mut json = json!({"message_id": message.id, "date": message.date, "chat": self.chat_json(chat)});
        match message.from {
            Sender::Bot => json["from"] = self.bot.json(),
            Sender::Person(id) => json["from"] = self.user_json(id),
            Sender::Anonymous(_) => {
                json["from"] = self.user_json(GROUP_ANONYMOUS_BOT);
                json["sender_chat"] = self.chat_json(chat);
            }
        }
        if let Some(thread) = message.thread_id {
            json["message_thread_id"] = thread.into();
            json["is_topic_message"] = true.into();
        }
        if let Some(date) = message.edit_date {
            json["edit_date"] = date.into();
        }
        if let Some(name) = &message.forwarded_from {
            json["forward_origin"] =
                json!({"type": "hidden_user", "date": message.date, "sender_user_name": name});
        }
        let entities = || -> Option<Value> {
            (!message.text.entities.is_empty()).then(|| serde_json::to_value(&message.text.entities).ok())?
        };
        let file = |id: &String| self.files.get(id);
        match &message.content {
            Content::Text => {
                json["text"] = message.text.text.as_str().into();
                put(&mut json, "entities", entities());
            }
            Content::Document(id) => put(&mut json, "document", file(id).map(FileInfo::document)),
            Content::Photo(id) => put(&mut json, "photo", file(id).map(FileInfo::photo)),
            Content::Invoice(invoice) => json["invoice"] = invoice.json(),
            Content::Service(service) => self.service_json(&mut json, chat, service),
        }
        if matches!(message.content, Content::Document(_) | Content::Photo(_))
            && !message.text.text.is_empty()
        {
            json["caption"] = message.text.text.as_str().into();
            put(&mut json, "caption_entities", entities());
        }
        if let Some(keyboard) = &message.keyboard {
            put(&mut json, "reply_markup", serde_json::to_value(keyboard).ok());
        }
        json
    }

    fn service_json(&self, json: &mut Value, chat: &Chat, service: &Service) {
        match service {
            Service::Joined(ids) => {
                json["new_chat_members"] =
                    ids.iter().map(|id| self.user_json(*id)).collect::<Vec<_>>().into();
            }
            Service::Left(id) => json["left_chat_member"] = self.user_json(*id),
            Service::MigratedTo(id) => json["migrate_to_chat_id"] = (*id).into(),
            Service::MigratedFrom(id) => json["migrate_from_chat_id"] = (*id).into(),
            Service::TopicCreated(topic) => json["forum_topic_created"] = topic.json(),
            Service::TopicEdited(name) => json["forum_topic_edited"] = json!({"name": name}),
            Service::TopicClosed => json["forum_topic_closed"] = json!({}),
            Service::TopicReopened => json["forum_topic_reopened"] = json!({}),
            Service::Pinned(id) => {
                let pinned = chat.messages.get(id).map(|message| self.stored_json(chat, message));
                put(json, "pinned_message", pinned);
            }
            Service::Paid(payment) => json["successful_payment"] = payment.json(),
            Service::Refunded(payment) => json["refunded_payment"] = payment.json(),
        }
    }

    /// A `ChatMember`.
    pub(crate) fn member_json(&self, user: i64, standing: Standing) -> Value {
        let mut json = json!({"user": self.user_json(user)});
        let status = match standing {
            Standing::Creator => "creator",
            Standing::Admin => "administrator",
            Standing::Member => "member",
            Standing::Left => "left",
            Standing::Kicked => "kicked",
        };
        json["status"] = status.into();
        match standing {
            Standing::Creator => json["is_anonymous"] = false.into(),
            Standing::Kicked => json["until_date"] = 0.into(),
            Standing::Admin => {
                json["is_anonymous"] = false.into();
                json["can_be_edited"] = false.into();
                for right in [
                    "can_manage_chat",
                    "can_change_info",
                    "can_delete_messages",
                    "can_invite_users",
                    "can_restrict_members",
                    "can_pin_messages",
                    "can_manage_topics",
                    "can_manage_video_chats",
                ] {
                    json[right] = true.into();
                }
                for right in
                    ["can_promote_members", "can_post_stories", "can_edit_stories", "can_delete_stories"]
                {
                    json[right] = false.into();
                }
            }
            Standing::Member | Standing::Left => {}
        }
        json
    }

    /// A `ChatFullInfo`.
    pub(crate) fn full_chat_json(&self, chat: &Chat) -> Value {
        let mut json = self.chat_json(chat);
        let extra = json!({
            "accent_color_id": 3,
            "max_reaction_count": 11,
            "accepted_gift_types": {
                "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false, "premium_subscription": false,
            },
        });
        if let (Value::Object(all), Value::Object(extra)) = (&mut json, extra) {
            all.extend(extra);
        }
        if let Some(id) = chat.pinned.last() {
            put(&mut json, "pinned_message", self.message_json(chat.id, *id));
        }
        if chat.kind != ChatKind::Private {
            json["permissions"] = permissions();
        }
        json
    }

    /// A `ChatMemberUpdated`.
    pub(crate) fn member_updated_json(
        &self,
        chat: &Chat,
        by: i64,
        user: i64,
        old: Standing,
        new: Standing,
    ) -> Value {
        json!({
            "chat": self.chat_json(chat),
            "from": self.user_json(by),
            "date": self.seconds(),
            "old_chat_member": self.member_json(user, old),
            "new_chat_member": self.member_json(user, new),
        })
    }
}

fn permissions() -> Value {
    let mut all = Map::new();
    for right in [
        "can_send_messages",
        "can_send_audios",
        "can_send_documents",
        "can_send_photos",
        "can_send_videos",
        "can_send_video_notes",
        "can_send_voice_notes",
        "can_send_polls",
        "can_send_other_messages",
        "can_add_web_page_previews",
        "can_invite_users",
    ] {
        all.insert(right.into(), true.into());
    }
    for right in ["can_change_info", "can_pin_messages", "can_manage_topics"] {
        all.insert(right.into(), false.into());
    }
    Value::Object(all)
}

fn put<V: Into<Value>>(object: &mut Value, name: &str, value: Option<V>) {
    if let Some(value) = value {
        object[name] = value.into();
    }
}
