//! Sends the outbox: one replica at a time, so that Telegram's limits are kept over all of them; in the order of
//! each destination; at least once, since a kill between Telegram's answer and our note of it sends again.

mod pace;
mod post;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::pace::Pace;
use self::post::{Post, Report};
use crate::app::{App, ops};
use crate::db::{self, StoreError};
use crate::jobs::lease::{Lease, Task};
use crate::notify::store::{self, Pending};
use crate::notify::{Audience, Destination, Messenger, Renderer, WAKE_CHANNEL};

/// Rows read at a time.
const READ: i64 = 200;
/// Rows of the ops group that may share a message.
const SHARED: i32 = 20;
/// Messages on their way at a time.
const PARALLEL: usize = 16;
/// How often the outbox is looked at without having been told: for rows whose time has come.
const LOOK: Duration = Duration::from_secs(1);
/// How long a stop waits for messages on their way.
const LAST: Duration = Duration::from_secs(10);

/// The outbox's sender.
#[derive(Debug)]
pub struct Sender {
    app: Arc<App>,
    post: Arc<Post>,
    owner: Uuid,
    wake: Notify,
    stop: CancellationToken,
}

/// What is known of the work at hand.
#[derive(Default)]
struct Desk {
    /// Read and not yet on their way: per destination, its oldest.
    due: VecDeque<Vec<Pending>>,
    /// Destinations with a message on its way.
    busy: HashSet<Audience>,
    sending: JoinSet<(Audience, Report)>,
    pace: Pace,
    /// Failures in a row to reach Telegram.
    outages: u32,
}

impl Sender {
    /// A sender that works until `stop`.
    pub fn new(
        app: Arc<App>,
        messenger: Arc<dyn Messenger>,
        renderer: Arc<dyn Renderer>,
        stop: CancellationToken,
    ) -> Self {
        let post = Arc::new(Post::new(app.clone(), messenger, renderer));
        Self { app, post, owner: Uuid::new_v4(), wake: Notify::new(), stop }
    }

    /// Sends whenever the lease is ours.
    pub async fn run(self) -> anyhow::Result<()> {
        tokio::join!(db::listen(&self.app.pool, WAKE_CHANNEL, &self.wake, &self.stop), self.work());
        Ok(())
    }

    async fn work(&self) {
        while !self.stop.is_cancelled() {
            let outcome = match Lease::take(&self.app.pool, Task::SendOutbox, self.owner).await {
                Ok(Some(lease)) => self.send_under(lease).await,
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                tracing::error!(error = &error as &dyn std::error::Error, "the outbox waits");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Sends until the stop or the loss of the lease.
    async fn send_under(&self, mut lease: Lease) -> Result<(), StoreError> {
        let mut desk = Desk::default();
        let mut read_at = None;
        let outcome = loop {
            match lease.keep(&self.app.pool).await {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
            if self.stop.is_cancelled() {
                break Ok(());
            }
            if desk.due.is_empty() || read_at.is_none_or(|at: Instant| at.elapsed() >= LOOK) {
                read_at = Some(Instant::now());
                if let Err(error) = self.read(&mut desk).await {
                    break Err(error);
                }
            }
            let next = match self.start(&mut desk).await {
                Ok(next) => next,
                Err(error) => break Err(error),
            };
            tokio::select! {
                Some(done) = desk.sending.join_next() => desk.settle(done),
                () = tokio::time::sleep(next) => {}
                () = self.wake.notified() => read_at = None,
                () = self.stop.cancelled() => {}
            }
        };
        let finishing = async { while desk.sending.join_next().await.is_some() {} };
        tokio::time::timeout(LAST, finishing).await.ok();
        if let Err(error) = lease.release(&self.app.pool).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a lease was not released");
        }
        outcome
    }

    /// Reads what is due, without what is on its way.
    async fn read(&self, desk: &mut Desk) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        let mut places: HashMap<Audience, usize> = HashMap::new();
        let mut due: VecDeque<Vec<Pending>> = VecDeque::new();
        for row in store::heads(&self.app.pool, now, READ, SHARED).await? {
            if desk.busy.contains(&row.to) {
                continue;
            }
            match places.get(&row.to) {
                Some(place) => due[*place].push(row),
                // The first is the oldest; while it waits for another try, so do the others.
                None if row.retry_at.is_some_and(|at| at > now) => {
                    places.insert(row.to, due.len());
                    due.push_back(Vec::new());
                }
                None => {
                    places.insert(row.to, due.len());
                    due.push_back(vec![row]);
                }
            }
        }
        due.retain(|rows| rows.first().is_some_and(|row| row.retry_at.is_none_or(|at| at <= now)));
        desk.due = due;
        Ok(())
    }

    /// Sets on their way all that the pace allows; answers with the time until it allows more.
    async fn start(&self, desk: &mut Desk) -> Result<Duration, StoreError> {
        let mut next = LOOK;
        for _ in 0..desk.due.len() {
            if desk.sending.len() >= PARALLEL {
                break;
            }
            let Some(rows) = desk.due.pop_front() else { break };
            let Some(first) = rows.first() else { continue };
            let destination = match first.to {
                Audience::Ops => ops::group(&self.app).await?.map(Destination::from),
                Audience::User(_) | Audience::Chat(_) => first.chat.map(Destination::from),
            };
            let Some(destination) = destination else {
                self.without_address(first).await?;
                continue;
            };
            let now = Instant::now();
            let at = desk.pace.ready_at(destination.chat, now);
            if at > now {
                next = next.min(at - now);
                desk.due.push_back(rows);
                continue;
            }
            desk.pace.sent(destination.chat, now);
            desk.busy.insert(first.to);
            let (to, post) = (first.to, self.post.clone());
            desk.sending.spawn(async move { (to, post.send(destination, rows).await) });
        }
        Ok(next)
    }

    /// Nobody can be reached: a user without Telegram never will be here, an ops group may still be bound.
    async fn without_address(&self, row: &Pending) -> Result<(), StoreError> {
        match row.to {
            Audience::Ops => Ok(()),
            Audience::User(_) | Audience::Chat(_) => {
                store::mark_failed(&self.app.pool, row.id, self.app.clock.now(), "has no chat").await
            }
        }
    }
}

impl Desk {
    /// Learns from how a message fared.
    fn settle(&mut self, done: Result<(Audience, Report), tokio::task::JoinError>) {
        let now = Instant::now();
        let (to, report) = match done {
            Ok(done) => done,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a message's task ended badly");
                // Whose it was is not known: the next look finds the row again.
                self.busy.clear();
                return;
            }
        };
        self.busy.remove(&to);
        match report {
            Report::Settled => self.outages = 0,
            Report::Wait(chat, pause) => self.pace.hold(chat, now, pause),
            Report::Away => {
                self.outages = (self.outages + 1).min(5);
                self.pace.hold_all(now, Duration::from_secs(1 << self.outages));
            }
        }
    }
}
