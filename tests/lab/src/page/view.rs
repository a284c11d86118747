//! What a person sees, as JSON for the page.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Lab;
use crate::telegram::internal::{Chat, Stored, World};
use crate::telegram::{ChatKind, Content, FileInfo, Person, Sender, Service, Standing};

/// Messages given at once.
const PAGE: usize = 200;

#[derive(Deserialize)]
pub(super) struct Who {
    #[serde(rename = "as")]
    key: String,
}

#[derive(Deserialize)]
pub(super) struct Where {
    #[serde(rename = "as")]
    key: String,
    chat: i64,
    /// Only messages before this one.
    before: Option<i64>,
}

/// People, chats and unread counts from one person's side.
pub(super) async fn state(State(lab): State<Lab>, Query(who): Query<Who>) -> Result<Json<Value>, StatusCode> {
    let mails = lab.mailbox.all().len();
    lab.tg.shared.quiet(|world| {
        let me = world.person(&who.key).ok_or(StatusCode::NOT_FOUND)?;
        let people: Vec<Value> = world
            .people
            .values()
            .map(|person| {
                let unread: usize = chats_of(world, person).map(|chat| unread(world, person, chat)).sum();
                json!({
                    "key": person.key, "id": person.id, "name": person.first_name, "role": person.role,
                    "language": person.language, "unread": unread,
                })
            })
            .collect();
        let mut chats: Vec<Value> = chats_of(world, me).map(|chat| chat_json(world, me, chat)).collect();
        chats.sort_by_key(|chat| std::cmp::Reverse(chat["last"]["date"].as_i64().unwrap_or(0)));
        let language = me.language.get(..2).unwrap_or("");
        let word = |map: &std::collections::BTreeMap<String, String>| {
            map.get(language).or_else(|| map.get("")).cloned().unwrap_or_default()
        };
        let name = word(&world.bot.names);
        Ok(Json(json!({
            "bot": {
                "id": world.bot.id,
                "username": world.bot.username,
                "name": if name.is_empty() { world.bot.first_name.clone() } else { name },
                "description": word(&world.bot.descriptions),
                "about": word(&world.bot.short_descriptions),
            },
            "me": {"key": me.key, "id": me.id, "name": me.first_name, "language": me.language},
            "people": people,
            "chats": chats,
            "mails": mails,
        })))
    })
}

/// The chats a person has: the bot, and the groups the person is in.
fn chats_of<'a>(world: &'a World, person: &'a Person) -> impl Iterator<Item = &'a Chat> {
    world.chats.values().filter(|chat| {
        chat.migrated_to.is_none() && chat.members.get(&person.id).is_some_and(|standing| standing.is_in())
    })
}

fn unread(world: &World, person: &Person, chat: &Chat) -> usize {
    let seen = world.seen.get(&person.id).and_then(|chats| chats.get(&chat.id)).copied().unwrap_or(0);
    let new = chat.messages.range(seen + 1..);
    new.filter(|(_, message)| !is_own(person, message) && !matches!(message.content, Content::Service(_)))
        .count()
}

fn is_own(person: &Person, message: &Stored) -> bool {
    matches!(message.from, Sender::Person(id) | Sender::Anonymous(id) if id == person.id)
}

fn chat_json(world: &World, me: &Person, chat: &Chat) -> Value {
    let last = chat.messages.values().next_back().map(|message| {
        json!({
            "author": author(world, chat, message), "date": message.date, "text": message.text.text,
            "kind": kind(message), "service": service(world, message), "mine": is_own(me, message),
        })
    });
    let topics: Vec<Value> = chat
        .topics
        .iter()
        .map(|(id, topic)| json!({"id": id, "name": topic.name, "closed": topic.closed, "color": topic.icon_color}))
        .collect();
    let members = chat.members.values().filter(|standing| standing.is_in()).count();
    json!({
        "id": chat.id,
        "private": chat.kind == ChatKind::Private,
        "title": chat.title,
        "last": last,
        "unread": unread(world, me, chat),
        "started": chat.bot == Standing::Member || chat.kind != ChatKind::Private,
        "blocked": chat.blocked,
        "forum": chat.is_forum,
        "topics": topics,
        "members": members + usize::from(chat.bot.is_in()),
        "admin": chat.kind == ChatKind::Supergroup && chat.members.get(&me.id).is_some_and(|s| s.is_admin()),
    })
}

/// Messages and the "/" menu of one chat.
pub(super) async fn chat(State(lab): State<Lab>, Query(at): Query<Where>) -> Result<Json<Value>, StatusCode> {
    lab.tg.shared.quiet(|world| {
        let me = world.person(&at.key).ok_or(StatusCode::NOT_FOUND)?;
        let chat = chats_of(world, me).find(|chat| chat.id == at.chat).ok_or(StatusCode::NOT_FOUND)?;
        let shown: Vec<&Stored> =
            chat.messages.range(..at.before.unwrap_or(i64::MAX)).rev().take(PAGE).map(|(_, m)| m).collect();
        let messages: Vec<Value> =
            shown.iter().rev().map(|message| message_json(world, me, chat, message)).collect();
        let menu: Vec<Value> = world
            .menu(me.id, chat)
            .iter()
            .map(|command| json!({"command": command.command, "description": command.description}))
            .collect();
        let action = chat.action.as_ref().filter(|(_, until)| *until > world.now).map(|(action, _)| action);
        let first = shown.last().map_or(0, |message| message.id);
        Ok(Json(json!({
            "messages": messages,
            "menu": menu,
            "action": action,
            "more": chat.messages.range(..first).next().is_some(),
        })))
    })
}

fn message_json(world: &World, me: &Person, chat: &Chat, message: &Stored) -> Value {
    let file = match &message.content {
        Content::Document(id) | Content::Photo(id) => world.files.get(id).map(file_json),
        Content::Text | Content::Invoice(_) | Content::Service(_) => None,
    };
    let invoice = match &message.content {
        Content::Invoice(invoice) => Some(json!({
            "title": invoice.title, "description": invoice.description, "total": invoice.total,
            "currency": invoice.currency,
        })),
        Content::Text | Content::Document(_) | Content::Photo(_) | Content::Service(_) => None,
    };
    let reply = message.reply_to.and_then(|id| chat.messages.get(&id)).map(|reply| {
        json!({"id": reply.id, "author": author(world, chat, reply), "text": reply.text.text, "kind": kind(reply)})
    });
    let author_id = match message.from {
        Sender::Bot => world.bot.id,
        Sender::Person(id) => id,
        Sender::Anonymous(_) => chat.id,
    };
    let rows = message.keyboard.as_ref().map(|keyboard| &keyboard.rows);
    json!({
        "id": message.id,
        "author": author(world, chat, message),
        "author_id": author_id,
        "mine": is_own(me, message),
        "bot": message.from == Sender::Bot,
        "date": message.date,
        "edited": message.edit_date.is_some(),
        "text": message.text.text,
        "entities": message.text.entities,
        "kind": kind(message),
        "file": file,
        "invoice": invoice,
        "service": service(world, message),
        "rows": rows,
        "reply": reply,
        "thread": message.thread_id,
        "forwarded": message.forwarded_from,
    })
}

fn file_json(file: &FileInfo) -> Value {
    json!({
        "id": file.id, "name": file.name, "size": file.size, "mime": file.mime,
        "width": file.dimensions.0, "height": file.dimensions.1,
    })
}

fn author(world: &World, chat: &Chat, message: &Stored) -> String {
    match message.from {
        Sender::Bot => world.bot.first_name.clone(),
        Sender::Person(id) => name_of(world, id),
        Sender::Anonymous(_) => chat.title.clone(),
    }
}

fn name_of(world: &World, id: i64) -> String {
    if id == world.bot.id {
        return world.bot.first_name.clone();
    }
    world.people.get(&id).map(|person| person.first_name.clone()).unwrap_or_default()
}

fn kind(message: &Stored) -> &'static str {
    match message.content {
        Content::Text => "text",
        Content::Document(_) => "document",
        Content::Photo(_) => "photo",
        Content::Invoice(_) => "invoice",
        Content::Service(_) => "service",
    }
}

/// What a note by Telegram says: `[what, detail]`; the page has the words.
fn service(world: &World, message: &Stored) -> Option<Value> {
    let Content::Service(service) = &message.content else { return None };
    let (what, detail) = match service {
        Service::Joined(ids) => {
            ("joined", ids.iter().map(|id| name_of(world, *id)).collect::<Vec<_>>().join(", "))
        }
        Service::Left(id) => ("left", name_of(world, *id)),
        Service::MigratedTo(_) | Service::MigratedFrom(_) => ("migrated", String::new()),
        Service::TopicCreated(topic) => ("topic", topic.name.clone()),
        Service::TopicEdited(name) => ("topic_renamed", name.clone()),
        Service::TopicClosed => ("topic_closed", String::new()),
        Service::TopicReopened => ("topic_reopened", String::new()),
        Service::Pinned(_) => ("pinned", String::new()),
        Service::Paid(payment) => ("paid", format!("⭐ {}", payment.invoice.total)),
        Service::Refunded(payment) => ("refunded", format!("⭐ {}", payment.invoice.total)),
    };
    Some(json!([what, detail]))
}
