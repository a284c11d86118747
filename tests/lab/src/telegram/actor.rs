//! A person who writes, presses and waits.

use bytes::Bytes;

use super::keyboard::Button;
use super::message::Message;
use super::model::{CallbackAnswer, Content, FileKind, Sender};
use super::shared::Telegram;
use super::text::Formatted;
use super::world::Draft;

/// A person in one chat. What was there before the person's last act counts as read: `wait_…` functions look at
/// what the bot did since.
#[derive(Clone)]
pub struct Actor {
    tg: Telegram,
    /// Telegram user id.
    pub id: i64,
    /// The chat this actor is in.
    pub chat: i64,
    anonymous: bool,
    thread: Option<i64>,
}

impl Actor {
    pub(crate) fn private(tg: Telegram, key: &str) -> Self {
        let id = tg.shared.quiet(|world| world.person(key).map(|person| person.id));
        let id = id.unwrap_or_else(|| panic!("nobody is called {key}"));
        Self { tg, id, chat: id, anonymous: false, thread: None }
    }

    pub(crate) fn in_chat(tg: Telegram, key: &str, chat: i64, anonymous: bool) -> Self {
        Self { chat, anonymous, ..Self::private(tg, key) }
    }

    /// The same person in a topic of the group.
    #[must_use]
    pub fn in_topic(&self, thread: i64) -> Self {
        Self { thread: Some(thread), ..self.clone() }
    }

    /// Writes. Gives the message's id.
    ///
    /// # Panics
    /// If the person has blocked the bot or is not in the group.
    pub fn say(&self, text: &str) -> i64 {
        self.send(Content::Text, Formatted::plain(text), None)
    }

    /// Presses Start, or follows a deep link `t.me/<bot>?start=<payload>`.
    ///
    /// # Panics
    /// If Telegram's apps would not accept the payload: up to 64 of `A-Z a-z 0-9 _ -`.
    pub fn start(&self, payload: &str) -> i64 {
        let good =
            payload.len() <= 64 && payload.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        assert!(good, "no deep link can carry the payload {payload:?}");
        self.tg.shared.with(|world| world.set_blocked(self.id, false));
        if payload.is_empty() { self.say("/start") } else { self.say(&format!("/start {payload}")) }
    }

    /// Answers a message.
    pub fn reply(&self, to: i64, text: &str) -> i64 {
        self.send(Content::Text, Formatted::plain(text), Some(to))
    }

    /// Changes one's own message.
    pub fn edit(&self, id: i64, text: &str) {
        self.tg.shared.with(|world| world.person_edits(self.chat, id, text));
    }

    /// Sends a file with a caption (may be empty).
    pub fn send_document(&self, name: &str, mime: &str, bytes: impl Into<Bytes>, caption: &str) -> i64 {
        let content = self.upload(name, mime, bytes.into(), FileKind::Document);
        self.send(content, Formatted::plain(caption), None)
    }

    /// Sends a picture (PNG, JPEG or GIF) with a caption (may be empty).
    pub fn send_photo(&self, name: &str, bytes: impl Into<Bytes>, caption: &str) -> i64 {
        let content = self.upload(name, "image/png", bytes.into(), FileKind::Photo);
        self.send(content, Formatted::plain(caption), None)
    }

    fn upload(&self, name: &str, mime: &str, bytes: Bytes, kind: FileKind) -> Content {
        self.tg.shared.quiet(|world| world.person_uploads(name, mime, bytes, kind))
    }

    fn send(&self, content: Content, text: Formatted, reply_to: Option<i64>) -> i64 {
        let sent = self.tg.shared.with(|world| {
            let from = if self.anonymous { Sender::Anonymous(self.id) } else { Sender::Person(self.id) };
            let draft = Draft { text, reply_to, thread_id: self.thread, ..Draft::new(from, content) };
            let id = world.person_sends(self.id, self.chat, draft)?;
            world.mark(self.id, self.chat);
            Ok::<i64, String>(id)
        });
        sent.unwrap_or_else(|why| panic!("{why}"))
    }

    /// Blocks the bot.
    pub fn block(&self) {
        self.tg.shared.with(|world| world.set_blocked(self.id, true));
    }

    /// Unblocks the bot without writing to it.
    pub fn unblock(&self) {
        self.tg.shared.with(|world| world.set_blocked(self.id, false));
    }

    /// Presses a button by its label or by the beginning of its data, under the newest message that has it.
    /// Waits for the button to appear.
    ///
    /// # Panics
    /// If no such button came up before patience ended.
    pub async fn press(&self, what: &str) -> Press {
        let found = self
            .tg
            .wait_for(|world| {
                let messages = world.views(self.chat);
                messages.into_iter().rev().find_map(|m| m.button(what).cloned().map(|button| (m.id, button)))
            })
            .await;
        let (message, button) =
            found.unwrap_or_else(|| panic!("no button {what:?} in:\n{}", self.transcript()));
        self.press_at(message, button)
    }

    /// Presses a button under one certain message, which may be an old one.
    ///
    /// # Panics
    /// If the message has no such button.
    pub fn press_under(&self, message: i64, what: &str) -> Press {
        let found =
            self.messages().into_iter().find(|m| m.id == message).and_then(|m| m.button(what).cloned());
        let button =
            found.unwrap_or_else(|| panic!("no button {what:?} under {message} in:\n{}", self.transcript()));
        self.press_at(message, button)
    }

    fn press_at(&self, message: i64, button: Button) -> Press {
        let query = self.tg.shared.with(|world| {
            world.mark(self.id, self.chat);
            let data = button.callback_data.as_deref()?;
            world.press(self.id, self.chat, message, data)
        });
        Press { tg: self.tg.clone(), button, message, query }
    }

    /// Pays the newest bill in Stars: the bot is asked, and on its yes the payment is done.
    /// Gives the charge id, or the bot's words why not.
    ///
    /// # Panics
    /// If there is no bill or the bot says nothing within ten seconds.
    pub async fn pay(&self) -> Result<String, String> {
        let id = self.tg.shared.with(|world| {
            world.mark(self.id, self.chat);
            let messages = world.views(self.chat);
            let bill = messages.into_iter().rev().find_map(|message| match message.content {
                Content::Invoice(invoice) => Some(invoice),
                Content::Text | Content::Document(_) | Content::Photo(_) | Content::Service(_) => None,
            })?;
            Some(world.begin_checkout(self.id, self.chat, bill))
        });
        let id = id.unwrap_or_else(|| panic!("no bill in:\n{}", self.transcript()));
        let answered = self.tg.wait_for(|world| world.checkouts.get(&id)?.answer.clone()).await;
        answered.expect("the bot answers the pre-checkout query")?;
        Ok(self.tg.shared.with(|world| world.finish_checkout(id)))
    }

    /// All messages of the chat, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.tg.shared.quiet(|world| world.views(self.chat))
    }

    /// The newest message of the bot.
    ///
    /// # Panics
    /// If the bot has said nothing here.
    pub fn last_message(&self) -> Message {
        let last = self.messages().into_iter().rev().find(|message| message.from == Sender::Bot);
        last.unwrap_or_else(|| panic!("the bot said nothing in:\n{}", self.transcript()))
    }

    /// Waits for a new message of the bot that fits, sent since the person's last act.
    ///
    /// # Panics
    /// If none came before patience ended; the conversation is printed.
    pub async fn wait_message(&self, mut fits: impl FnMut(&Message) -> bool) -> Message {
        self.wait_since("message", |edit, message| !edit && fits(message)).await
    }

    /// Waits for an edit of a message of the bot that fits, made since the person's last act. Every state a
    /// message went through counts, also one that was replaced at once.
    ///
    /// # Panics
    /// If none came before patience ended; the conversation is printed.
    pub async fn wait_edit(&self, mut fits: impl FnMut(&Message) -> bool) -> Message {
        self.wait_since("edit", |edit, message| edit && fits(message)).await
    }

    /// Waits for a new message or an edit that fits.
    ///
    /// # Panics
    /// If none came before patience ended; the conversation is printed.
    pub async fn wait_reply(&self, mut fits: impl FnMut(&Message) -> bool) -> Message {
        self.wait_since("message or edit", |_, message| fits(message)).await
    }

    /// Waits for the next new message or edit, whatever it is, and counts it as read.
    ///
    /// # Panics
    /// If none came before patience ended; the conversation is printed.
    pub async fn next(&self) -> Message {
        let found = self
            .tg
            .wait_for(|world| {
                let mark = world.marks.get(&(self.id, self.chat)).copied().unwrap_or(0);
                let (seq, _, message) = world.bot_since(self.chat, mark).into_iter().next()?;
                world.marks.insert((self.id, self.chat), seq);
                Some(message)
            })
            .await;
        found.unwrap_or_else(|| panic!("the bot did nothing more in:\n{}", self.transcript()))
    }

    async fn wait_since(&self, what: &str, mut fits: impl FnMut(bool, &Message) -> bool) -> Message {
        let found = self
            .tg
            .wait_for(|world| {
                let mark = world.marks.get(&(self.id, self.chat)).copied().unwrap_or(0);
                let since = world.bot_since(self.chat, mark);
                since
                    .into_iter()
                    .find(|(_, edit, message)| fits(*edit, message))
                    .map(|(_, _, message)| message)
            })
            .await;
        found.unwrap_or_else(|| panic!("no such {what} in:\n{}", self.transcript()))
    }

    /// Counts everything so far as read, as an act would.
    pub fn read_all(&self) {
        self.tg.shared.quiet(|world| world.mark(self.id, self.chat));
    }

    /// What the bot did since the person's last act, as plain text: new messages, and edits marked `(edited)`.
    pub fn replies(&self) -> String {
        let since = self.tg.shared.quiet(|world| {
            let mark = world.marks.get(&(self.id, self.chat)).copied().unwrap_or(0);
            world.bot_since(self.chat, mark)
        });
        let blocks: Vec<String> = since
            .iter()
            .map(
                |(_, edit, message)| {
                    if *edit { format!("(edited) {}", message.render()) } else { message.render() }
                },
            )
            .collect();
        blocks.join("\n\n")
    }

    /// The whole conversation as plain text: `author: text`, buttons as `[A] [B] / [C]` on a line of their own.
    pub fn transcript(&self) -> String {
        self.tg.shared.quiet(|world| world.transcript(self.chat))
    }

    /// The "/" menu the person sees here: names with descriptions.
    pub fn commands(&self) -> Vec<(String, String)> {
        self.tg.shared.quiet(|world| {
            let Some(chat) = world.chats.get(&self.chat) else { return Vec::new() };
            let menu = world.menu(self.id, chat);
            menu.iter().map(|command| (command.command.clone(), command.description.clone())).collect()
        })
    }
}

/// A pressed button.
pub struct Press {
    tg: Telegram,
    /// The button, with its address or text to copy.
    pub button: Button,
    /// Under which message.
    pub message: i64,
    query: Option<u64>,
}

impl Press {
    /// Waits for the bot's answer to the press: the toast or alert.
    ///
    /// # Panics
    /// If the button calls nobody back, or no answer came before patience ended.
    pub async fn answer(&self) -> CallbackAnswer {
        let query = self.query.expect("a callback button");
        let answer = self.tg.wait_for(|world| world.callbacks.get(&query)?.answer.clone()).await;
        answer.unwrap_or_else(|| panic!("nobody answered the press of [{}]", self.button.text))
    }
}
