//! What people do, as changes of the world: writing, editing, uploading, paying.

use bytes::Bytes;

use super::image;
use super::model::{
    ChatKind, Checkout, Content, FileInfo, FileKind, Invoice, Payment, Revision, Sender, Service, Standing,
};
use super::text::Formatted;
use super::world::{Draft, World};

impl World {
    /// Everything so far is read by this person in this chat.
    pub(crate) fn mark(&mut self, person: i64, chat: i64) {
        self.marks.insert((person, chat), self.seq);
    }

    /// A person sends a message; the bot hears of it if it may. The error says why that cannot be.
    pub(crate) fn person_sends(&mut self, person: i64, chat_id: i64, draft: Draft) -> Result<i64, String> {
        if chat_id == person {
            let chat = self.private_chat(person);
            if chat.blocked {
                return Err("the bot is blocked: unblock it first".into());
            }
            chat.bot = Standing::Member;
        }
        let chat = self.chats.get(&chat_id).ok_or("no such chat")?;
        if let Some(to) = chat.migrated_to {
            return Err(format!("the group has become {to}"));
        }
        if !chat.members.get(&person).is_some_and(|standing| standing.is_in()) {
            return Err("not a member of the group".into());
        }
        let anonymous = matches!(draft.from, Sender::Anonymous(_));
        if anonymous && !(chat.kind == ChatKind::Supergroup && chat.members[&person].is_admin()) {
            return Err("only admins of a supergroup write anonymously".into());
        }
        let id = self.post(chat_id, draft);
        let heard = self
            .chats
            .get(&chat_id)
            .is_some_and(|chat| chat.messages.get(&id).is_some_and(|message| self.bot_hears(chat, message)));
        if heard {
            self.announce(chat_id, id, "message");
        }
        Ok(id)
    }

    /// A person changes a message.
    pub(crate) fn person_edits(&mut self, chat_id: i64, id: i64, text: &str) {
        let seq = self.next_seq();
        let now = self.seconds();
        let text = Formatted::plain(text);
        let Some(message) = self.chats.get_mut(&chat_id).and_then(|chat| chat.messages.get_mut(&id)) else {
            return;
        };
        message.text = text.clone();
        message.edit_date = Some(now);
        message.revisions.push(Revision { seq, text, keyboard: None });
        let heard = self
            .chats
            .get(&chat_id)
            .is_some_and(|chat| chat.messages.get(&id).is_some_and(|message| self.bot_hears(chat, message)));
        if heard {
            self.announce(chat_id, id, "edited_message");
        }
    }

    /// Keeps a file that a person sends. A photo that is no picture goes as a document, as apps do.
    pub(crate) fn person_uploads(&mut self, name: &str, mime: &str, bytes: Bytes, kind: FileKind) -> Content {
        let size = image::dimensions(&bytes).filter(|_| kind == FileKind::Photo);
        let kind = if size.is_some() { kind } else { FileKind::Document };
        let file = FileInfo {
            id: String::new(),
            unique_id: String::new(),
            path: String::new(),
            name: name.to_owned(),
            mime: mime.to_owned(),
            size: bytes.len(),
            kind,
            dimensions: size.unwrap_or_default(),
        };
        let id = self.keep_file(file, bytes);
        match kind {
            FileKind::Photo => Content::Photo(id),
            FileKind::Document => Content::Document(id),
        }
    }

    /// Asks the bot whether a payment may go on.
    pub(crate) fn begin_checkout(&mut self, person: i64, chat: i64, invoice: Invoice) -> u64 {
        let id = 5_188_146_770_730_000_000 + self.next_id();
        let query = serde_json::json!({
            "id": id.to_string(),
            "from": self.user_json(person),
            "currency": invoice.currency,
            "total_amount": invoice.total,
            "invoice_payload": invoice.payload,
        });
        self.checkouts.insert(id, Checkout { person, chat, invoice, at: self.now, answer: None });
        self.push_update("pre_checkout_query", query, person + (5 << 33));
        id
    }

    /// Carries out a payment the bot agreed to; gives the charge id.
    pub(crate) fn finish_checkout(&mut self, id: u64) -> String {
        let Some(checkout) = self.checkouts.remove(&id) else { return String::new() };
        let charge = format!("stx{id:x}");
        let payment = Payment {
            charge: charge.clone(),
            person: checkout.person,
            invoice: checkout.invoice,
            refunded: false,
        };
        self.payments.push(payment.clone());
        self.post_service(checkout.chat, Sender::Person(checkout.person), None, Service::Paid(payment));
        charge
    }
}
