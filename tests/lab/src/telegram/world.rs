//! Everything the simulated Telegram knows, and the rules for finding and adding things in it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ApiError;
use super::faults::{Call, Faults};
use super::flood::Flood;
use super::keep;
use super::model::{
    BotAccount, Callback, Chat, ChatKind, Checkout, Content, FileInfo, Payment, Person, Revision, Sender,
    Service, Standing, Stored,
};
use super::text::Formatted;
use super::updates::Updates;

/// The whole state. What is skipped in serialisation does not outlive the process.
#[derive(Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) bot: BotAccount,
    pub(crate) people: BTreeMap<i64, Person>,
    pub(crate) chats: BTreeMap<i64, Chat>,
    pub(crate) files: BTreeMap<String, FileInfo>,
    pub(crate) callbacks: BTreeMap<u64, Callback>,
    pub(crate) checkouts: BTreeMap<u64, Checkout>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) updates: Updates,
    /// The group that `group()` means.
    pub(crate) ops_group: i64,
    /// Ids of messages in private chats and basic groups, which share one count.
    last_message_id: i64,
    /// Order of everything that happened.
    pub(crate) seq: u64,
    last_id: u64,
    /// Milliseconds since 1970, set at each entry.
    #[serde(skip)]
    pub(crate) now: i64,
    #[serde(skip)]
    pub(crate) bytes: HashMap<String, Bytes>,
    #[serde(skip)]
    pub(crate) calls: VecDeque<Call>,
    #[serde(skip)]
    pub(crate) faults: Faults,
    #[serde(skip)]
    pub(crate) flood: Flood,
    /// Where uploads are kept beside memory.
    #[serde(skip)]
    pub(crate) folder: Option<PathBuf>,
    /// The last message each person has seen on the page, by person and chat.
    #[serde(default)]
    pub(crate) seen: BTreeMap<i64, BTreeMap<i64, i64>>,
    /// Where each test actor has read to, by (person, chat).
    #[serde(skip)]
    pub(crate) marks: HashMap<(i64, i64), u64>,
}

impl World {
    pub(crate) fn new(bot: BotAccount) -> Self {
        Self {
            bot,
            people: BTreeMap::new(),
            chats: BTreeMap::new(),
            files: BTreeMap::new(),
            callbacks: BTreeMap::new(),
            checkouts: BTreeMap::new(),
            payments: Vec::new(),
            updates: Updates::default(),
            ops_group: 0,
            last_message_id: 0,
            seq: 0,
            last_id: 0,
            now: 0,
            bytes: HashMap::new(),
            calls: VecDeque::new(),
            faults: Faults::default(),
            flood: Flood::default(),
            folder: None,
            seen: BTreeMap::new(),
            marks: HashMap::new(),
        }
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.now / 1000
    }

    /// A number never given before, for files, queries and the like.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    pub(crate) fn person(&self, key: &str) -> Option<&Person> {
        self.people.values().find(|person| person.key == key)
    }

    /// The chat of a person with the bot, made on first use. The person has not started the bot yet.
    pub(crate) fn private_chat(&mut self, person: i64) -> &mut Chat {
        self.chats.entry(person).or_insert_with(|| {
            let mut chat = Chat::new(person, ChatKind::Private, "");
            chat.members.insert(person, Standing::Member);
            chat
        })
    }

    /// The chat an argument names and whether the bot may write there.
    pub(crate) fn writable_chat(&self, chat_id: Option<String>) -> Result<&Chat, ApiError> {
        let chat = self.readable_chat(chat_id)?;
        if chat.kind == ChatKind::Private {
            if chat.blocked {
                return Err(ApiError::forbidden("bot was blocked by the user"));
            }
            if chat.bot != Standing::Member {
                return Err(ApiError::forbidden("bot can't initiate conversation with a user"));
            }
        }
        Ok(chat)
    }

    /// The chat an argument names, if the bot may know of it.
    pub(crate) fn readable_chat(&self, chat_id: Option<String>) -> Result<&Chat, ApiError> {
        let chat_id = chat_id.ok_or_else(|| ApiError::bad("chat_id is empty"))?;
        let not_found = || ApiError::bad("chat not found");
        let id: i64 = chat_id.trim().parse().map_err(|_| not_found())?;
        if id == self.bot.id {
            return Err(ApiError::forbidden("bot can't send messages to bots"));
        }
        let chat = match self.chats.get(&id) {
            Some(chat) => chat,
            None if self.people.contains_key(&id) => {
                return Err(ApiError::forbidden("bot can't initiate conversation with a user"));
            }
            None => return Err(not_found()),
        };
        if let Some(to) = chat.migrated_to {
            return Err(ApiError::migrated(to));
        }
        let name = match chat.kind {
            ChatKind::Private => return Ok(chat),
            ChatKind::Group => "group",
            ChatKind::Supergroup => "supergroup",
        };
        match chat.bot {
            Standing::Creator | Standing::Admin | Standing::Member => Ok(chat),
            Standing::Left => Err(ApiError::forbidden(format!("bot is not a member of the {name} chat"))),
            Standing::Kicked => Err(ApiError::forbidden(format!("bot was kicked from the {name} chat"))),
        }
    }

    /// Adds a message and gives its id.
    pub(crate) fn post(&mut self, chat_id: i64, draft: Draft) -> i64 {
        let seq = self.next_seq();
        let date = self.seconds();
        let own_count = self.chats.get(&chat_id).is_some_and(|chat| chat.kind == ChatKind::Supergroup);
        if !own_count {
            self.last_message_id += 1;
        }
        let shared = self.last_message_id;
        let Some(chat) = self.chats.get_mut(&chat_id) else { return 0 };
        let id = if own_count {
            chat.last_message_id += 1;
            chat.last_message_id
        } else {
            shared
        };
        if draft.from == Sender::Bot && !matches!(draft.content, Content::Service(_)) {
            chat.action = None;
        }
        let revision = Revision { seq, text: draft.text.clone(), keyboard: draft.keyboard.clone() };
        chat.messages.insert(
            id,
            Stored {
                id,
                from: draft.from,
                date,
                edit_date: None,
                thread_id: draft.thread_id,
                reply_to: draft.reply_to,
                text: draft.text,
                content: draft.content,
                keyboard: draft.keyboard,
                revisions: vec![revision],
                forwarded_from: draft.forwarded_from,
            },
        );
        id
    }

    /// Adds a note by Telegram and tells the bot of it.
    pub(crate) fn post_service(
        &mut self,
        chat: i64,
        from: Sender,
        thread: Option<i64>,
        service: Service,
    ) -> i64 {
        let draft = Draft { thread_id: thread, ..Draft::new(from, Content::Service(service)) };
        let id = self.post(chat, draft);
        self.announce(chat, id, "message");
        id
    }

    /// Queues an update that carries a message, unless the bot is no longer there.
    pub(crate) fn announce(&mut self, chat_id: i64, message: i64, kind: &str) {
        if let Some(body) = self.message_json(chat_id, message) {
            self.push_update(kind, body, chat_id);
        }
    }

    /// Queues an update. `queue` groups what a webhook gets strictly in order.
    pub(crate) fn push_update(&mut self, kind: &str, body: Value, queue: i64) {
        self.updates.push(kind, body, queue, self.now);
    }

    /// Keeps a file and gives its id.
    pub(crate) fn keep_file(&mut self, mut file: FileInfo, bytes: Bytes) -> String {
        let n = self.next_id();
        let (prefix, folder) = match file.kind {
            super::model::FileKind::Document => ("BQACAgIAAxk", "documents"),
            super::model::FileKind::Photo => ("AgACAgIAAxk", "photos"),
        };
        let extension = file.name.rsplit_once('.').map_or("bin", |(_, extension)| extension).to_owned();
        file.id = format!("{prefix}{n:016x}");
        file.unique_id = format!("AgAD{n:08x}");
        file.path = format!("{folder}/file_{n}.{extension}");
        file.size = bytes.len();
        let id = file.id.clone();
        if let Some(folder) = &self.folder
            && let Err(why) = std::fs::write(keep::file_path(folder, &id), &bytes)
        {
            tracing::error!(%why, id, "an upload could not be kept");
        }
        self.bytes.insert(id.clone(), bytes);
        self.files.insert(id.clone(), file);
        id
    }
}

/// A message that is about to be posted.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) from: Sender,
    pub(crate) content: Content,
    pub(crate) text: Formatted,
    pub(crate) keyboard: Option<super::keyboard::Keyboard>,
    pub(crate) reply_to: Option<i64>,
    pub(crate) thread_id: Option<i64>,
    pub(crate) forwarded_from: Option<String>,
}

impl Draft {
    pub(crate) fn new(from: Sender, content: Content) -> Self {
        Self {
            from,
            content,
            text: Formatted::default(),
            keyboard: None,
            reply_to: None,
            thread_id: None,
            forwarded_from: None,
        }
    }
}

impl Chat {
    pub(crate) fn new(id: i64, kind: ChatKind, title: &str) -> Self {
        Self {
            id,
            kind,
            title: title.to_owned(),
            is_forum: false,
            members: BTreeMap::new(),
            bot: Standing::Left,
            blocked: false,
            migrated_to: None,
            messages: BTreeMap::new(),
            last_message_id: 0,
            topics: BTreeMap::new(),
            pinned: Vec::new(),
            action: None,
        }
    }
}
