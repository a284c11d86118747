//! A mail server that keeps what it gets: SMTP on loopback, refusals on demand, and mails as a reader sees them.

mod keep;
mod parse;
mod session;

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::clock::Clock;

pub use parse::Attachment;

/// How a mail server is started. [`Options::default`] suits tests.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where SMTP listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// User and password that senders must give; `None` offers AUTH but does not ask for it.
    pub login: Option<(String, String)>,
    /// Where "now" comes from.
    pub clock: Clock,
    /// How long `wait_…` functions wait before they panic.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            login: None,
            clock: Clock::system(),
            patience: Duration::from_secs(10),
        }
    }
}

/// A mail as it arrived, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Counts from 1.
    pub id: u64,
    /// When it came, in milliseconds since 1970.
    pub at: i64,
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Subject, decoded.
    pub subject: String,
    /// The plain part, decoded; empty if there is none.
    pub text: String,
    /// The HTML part, decoded; empty if there is none.
    pub html: String,
    /// Header fields in order, values unfolded and decoded.
    pub headers: Vec<(String, String)>,
    /// Attached files.
    pub attachments: Vec<Attachment>,
    /// The whole mail as it was sent.
    pub raw: Vec<u8>,
}

impl Mail {
    /// The value of a header field; case does not matter. Empty if absent.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The first run of exactly `length` digits in the text: a code.
    pub fn digits(&self, length: usize) -> Option<String> {
        let runs = self.text.split(|c: char| !c.is_ascii_digit());
        runs.into_iter().find(|run| run.len() == length).map(str::to_owned)
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `550`: the recipient does not exist.
    NoSuchUser,
    /// `451`: not now.
    TryLater,
    /// The connection closes.
    Drop,
    /// `535`: user or password is wrong.
    BadLogin,
    /// Nothing is answered; the connection stays open until the sender gives up.
    Hang,
}

#[derive(Default)]
struct Store {
    mails: Vec<Mail>,
    /// How many mails to an address `wait_for` has given out.
    taken: HashMap<String, usize>,
    /// Faults that stay, by recipient in lower case.
    recipients: HashMap<String, Fault>,
    /// Faults of the next sessions.
    next: VecDeque<Fault>,
}

struct Shared {
    store: Mutex<Store>,
    version: watch::Sender<u64>,
    options: Options,
    address: SocketAddr,
    /// Where mails are kept beside memory.
    folder: Option<PathBuf>,
    stop: CancellationToken,
}

impl Shared {
    fn with<R>(&self, change: impl FnOnce(&mut Store) -> R) -> R {
        let result = change(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner));
        self.version.send_modify(|version| *version += 1);
        result
    }

    /// What a recipient is refused with, if it is.
    fn fault_of(&self, recipient: &str) -> Option<Fault> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.recipients.get(&recipient.to_lowercase()).copied()
    }

    /// The fault that the next session is to have.
    fn next_fault(&self) -> Option<Fault> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).next.pop_front()
    }
}

/// A running mail server. Clones share it; it stops when the last one is gone.
#[derive(Clone)]
pub struct Mailbox {
    shared: Arc<Shared>,
    _stop: Arc<DropGuard>,
}

impl Mailbox {
    /// Starts with an empty store.
    ///
    /// # Panics
    /// If the address cannot be bound; a test could not go on.
    pub async fn start(options: Options) -> Self {
        Self::run(options, Vec::new(), None).await.expect("the mail server's address is free")
    }

    async fn run(options: Options, mails: Vec<Mail>, folder: Option<PathBuf>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let store = Store { mails, ..Store::default() };
        let shared = Arc::new(Shared {
            store: Mutex::new(store),
            version: watch::Sender::new(0),
            options,
            address,
            folder,
            stop: stop.clone(),
        });
        tokio::spawn(session::serve(listener, Arc::clone(&shared)));
        Ok(Self { shared, _stop: Arc::new(stop.drop_guard()) })
    }

    /// Where SMTP listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// All mails, oldest first.
    pub fn all(&self) -> Vec<Mail> {
        self.shared.with_quiet(|store| store.mails.clone())
    }

    /// Mails to an address, oldest first. Case does not matter.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        self.shared.with_quiet(|store| store.to(address).cloned().collect())
    }

    /// Waits for the next mail to an address: each mail is given out once, in order.
    ///
    /// # Panics
    /// If none came before patience ended.
    pub async fn wait_for(&self, address: &str) -> Mail {
        let mut changes = self.shared.version.subscribe();
        let wait = async {
            loop {
                let next = self.shared.with_quiet(|store| {
                    let key = address.to_lowercase();
                    let n = store.taken.get(&key).copied().unwrap_or(0);
                    let mail = store.to(address).nth(n).cloned()?;
                    store.taken.insert(key, n + 1);
                    Some(mail)
                });
                if let Some(mail) = next {
                    return mail;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let mail = tokio::time::timeout(self.shared.options.patience, wait).await;
        mail.unwrap_or_else(|_| {
            let all: Vec<_> = self.all().into_iter().map(|mail| (mail.to, mail.subject)).collect();
            panic!("no mail to {address}; there were {all:?}")
        })
    }

    /// Refuses a recipient from now on.
    pub fn refuse(&self, recipient: &str, fault: Fault) {
        self.shared.with(|store| store.recipients.insert(recipient.to_lowercase(), fault));
    }

    /// Makes the next `times` sessions fail.
    pub fn fail_next(&self, times: usize, fault: Fault) {
        self.shared.with(|store| store.next.extend(std::iter::repeat_n(fault, times)));
    }

    /// Takes everything again.
    pub fn heal(&self) {
        self.shared.with(|store| {
            store.recipients.clear();
            store.next.clear();
        });
    }
}

impl Mailbox {
    /// A receiver that is told of each change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.shared.version.subscribe()
    }
}

impl Store {
    fn to(&self, address: &str) -> impl Iterator<Item = &Mail> {
        self.mails.iter().filter(move |mail| mail.to.iter().any(|to| to.eq_ignore_ascii_case(address)))
    }
}

impl Shared {
    /// Adds a mail and gives its id.
    fn add(&self, mut mail: Mail) -> u64 {
        self.with(|store| {
            mail.id = store.mails.last().map_or(0, |last| last.id) + 1;
            if let Some(folder) = &self.folder {
                keep::write(folder, &mail);
            }
            let id = mail.id;
            store.mails.push(mail);
            id
        })
    }

    fn with_quiet<R>(&self, look: impl FnOnce(&mut Store) -> R) -> R {
        look(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
