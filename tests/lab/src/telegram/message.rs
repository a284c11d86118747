//! A message as tests read it, and conversations as plain text.

use std::fmt::Write as _;

use super::html;
use super::keyboard::{Button, Keyboard};
use super::model::{Chat, Content, FileInfo, Invoice, Sender, Service, Stored};
use super::text::Formatted;
use super::world::World;

/// One state of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Id within its chat.
    pub id: i64,
    /// The chat.
    pub chat: i64,
    /// Who wrote it.
    pub from: Sender,
    /// Name to show for the writer: the person's key, `bot`, or the group's title.
    pub author: String,
    /// Text or caption, without formatting.
    pub text: String,
    /// Text or caption with its formatting as Telegram's HTML.
    pub html: String,
    /// Text or caption with entities.
    pub formatted: Formatted,
    /// What it is beside its text.
    pub content: Content,
    /// The file it carries.
    pub file: Option<FileInfo>,
    /// Buttons under it.
    pub keyboard: Option<Keyboard>,
    /// The text was changed after sending.
    pub edited: bool,
    /// Topic it belongs to.
    pub thread_id: Option<i64>,
    /// The message it answers.
    pub reply_to: Option<i64>,
    /// When it was sent, in seconds since 1970.
    pub date: i64,
}

impl Message {
    /// Button labels, row by row.
    pub fn buttons(&self) -> Vec<Vec<String>> {
        let rows = self.keyboard.iter().flat_map(|keyboard| &keyboard.rows);
        rows.map(|row| row.iter().map(|button| button.text.clone()).collect()).collect()
    }

    /// The button with this label, or whose data begins so.
    pub fn button(&self, what: &str) -> Option<&Button> {
        let keyboard = self.keyboard.as_ref()?;
        let by_label = keyboard.buttons().find(|button| button.text == what);
        by_label.or_else(|| {
            keyboard
                .buttons()
                .find(|button| button.callback_data.as_ref().is_some_and(|d| d.starts_with(what)))
        })
    }

    /// Text and buttons, as in a transcript but without the writer.
    pub fn render(&self) -> String {
        let mut out = String::new();
        match &self.content {
            Content::Text => {}
            Content::Document(_) => {
                let name = self.file.as_ref().map_or("", |file| file.name.as_str());
                let _ = writeln!(out, "<document {name}>");
            }
            Content::Photo(_) => {
                let (width, height) = self.file.as_ref().map_or((0, 0), |file| file.dimensions);
                let _ = writeln!(out, "<photo {width}x{height}>");
            }
            Content::Invoice(Invoice { title, total, currency, .. }) => {
                let _ = writeln!(out, "<invoice {title}: {total} {currency}>");
            }
            Content::Service(service) => {
                let _ = writeln!(out, "<{}>", service_words(service));
            }
        }
        if !self.text.is_empty() {
            out.push_str(&self.text);
            out.push('\n');
        }
        if let Some(keyboard) = &self.keyboard {
            out.push_str(&keyboard.line());
            out.push('\n');
        }
        out.truncate(out.trim_end().len());
        out
    }
}

fn service_words(service: &Service) -> String {
    match service {
        Service::Joined(_) => "joined".into(),
        Service::Left(_) => "left".into(),
        Service::MigratedTo(_) => "became a supergroup".into(),
        Service::MigratedFrom(_) => "was a group".into(),
        Service::TopicCreated(topic) => format!("topic {}", topic.name),
        Service::TopicEdited(name) => format!("topic renamed {name}"),
        Service::TopicClosed => "topic closed".into(),
        Service::TopicReopened => "topic reopened".into(),
        Service::Pinned(_) => "pinned a message".into(),
        Service::Paid(payment) => format!("paid {} {}", payment.invoice.total, payment.invoice.currency),
        Service::Refunded(payment) => {
            format!("refunded {} {}", payment.invoice.total, payment.invoice.currency)
        }
    }
}

impl World {
    /// A message in its present state.
    pub(crate) fn view(&self, chat: &Chat, message: &Stored) -> Message {
        self.view_of(chat, message, &message.text, message.keyboard.as_ref(), message.edit_date.is_some())
    }

    fn view_of(
        &self,
        chat: &Chat,
        message: &Stored,
        text: &Formatted,
        keyboard: Option<&Keyboard>,
        edited: bool,
    ) -> Message {
        let author = match message.from {
            Sender::Bot => "bot".to_owned(),
            Sender::Person(id) => self.people.get(&id).map(|person| person.key.clone()).unwrap_or_default(),
            Sender::Anonymous(_) => chat.title.clone(),
        };
        let file = match &message.content {
            Content::Document(id) | Content::Photo(id) => self.files.get(id).cloned(),
            Content::Text | Content::Invoice(_) | Content::Service(_) => None,
        };
        Message {
            id: message.id,
            chat: chat.id,
            from: message.from,
            author,
            text: text.text.clone(),
            html: html::render(text),
            formatted: text.clone(),
            content: message.content.clone(),
            file,
            keyboard: keyboard.cloned(),
            edited,
            thread_id: message.thread_id,
            reply_to: message.reply_to,
            date: message.date,
        }
    }

    /// All messages of a chat, oldest first.
    pub(crate) fn views(&self, chat: i64) -> Vec<Message> {
        let Some(chat) = self.chats.get(&chat) else { return Vec::new() };
        chat.messages.values().map(|message| self.view(chat, message)).collect()
    }

    /// What the bot did in a chat after a point: each new message and each edit, in order.
    pub(crate) fn bot_since(&self, chat: i64, mark: u64) -> Vec<(u64, bool, Message)> {
        let Some(chat) = self.chats.get(&chat) else { return Vec::new() };
        let mut found = Vec::new();
        for message in chat.messages.values().filter(|message| message.from == Sender::Bot) {
            for (n, revision) in
                message.revisions.iter().enumerate().filter(|(_, revision)| revision.seq > mark)
            {
                let edit = n > 0;
                let view = self.view_of(chat, message, &revision.text, revision.keyboard.as_ref(), edit);
                found.push((revision.seq, edit, view));
            }
        }
        found.sort_by_key(|(seq, _, _)| *seq);
        found
    }

    /// A conversation as plain text: `author: text`, buttons on their own line, an empty line between messages.
    pub(crate) fn transcript(&self, chat: i64) -> String {
        let blocks: Vec<String> = self.views(chat).iter().map(block).collect();
        blocks.join("\n\n")
    }
}

fn block(message: &Message) -> String {
    let mark = if message.edited { " (edited)" } else { "" };
    format!("{}{mark}: {}", message.author, message.render())
}
