//! A handler that writes down what it gets, and does what the update says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use derpshop::app;
use derpshop::bot::core::{Core, Delivery, Failure, Handler, Limits};
use derpshop::inbox::{BotId, Inbox, Lane, store};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::harness::{BOT, Fixture, wait_until};

/// What was done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Handled(i64),
    Early(i64),
    Sorry(i64),
}

#[derive(Debug)]
pub(crate) struct Probe {
    fixture: Fixture,
    done: Mutex<Vec<(i64, Done)>>,
    /// Handlers of updates with text `wait` end when this is told.
    pub(crate) gate: Notify,
    /// As long as it is set, updates with text `away` fail for now.
    pub(crate) away: AtomicBool,
}

impl Probe {
    pub(crate) fn new(fixture: &Fixture) -> Arc<Self> {
        Arc::new(Self {
            fixture: fixture.clone(),
            done: Mutex::default(),
            gate: Notify::new(),
            away: AtomicBool::new(true),
        })
    }

    fn note(&self, chat: i64, done: Done) {
        self.done.lock().unwrap().push((chat, done));
    }

    /// All that was done.
    pub(crate) fn done(&self) -> Vec<Done> {
        self.done.lock().unwrap().iter().map(|(_, done)| done.clone()).collect()
    }

    /// Updates handled, per chat.
    pub(crate) fn by_chat(&self) -> HashMap<i64, Vec<i64>> {
        let mut chats: HashMap<i64, Vec<i64>> = HashMap::new();
        for (chat, done) in self.done.lock().unwrap().iter() {
            if let Done::Handled(id) = done {
                chats.entry(*chat).or_default().push(*id);
            }
        }
        chats
    }

    pub(crate) fn handled(&self) -> usize {
        self.by_chat().values().map(Vec::len).sum()
    }

    pub(crate) async fn wait_handled(&self, count: usize) {
        wait_until(&format!("{count} updates handled"), async || self.handled() >= count).await;
    }
}

#[async_trait]
impl Handler for Probe {
    async fn handle(&self, delivery: Delivery) -> Result<(), Failure> {
        let update: Value = serde_json::from_slice(&delivery.body).unwrap();
        let (id, chat) = (delivery.update_id, chat_of(&update));
        let text = update["message"]["text"].as_str().unwrap_or_default();
        match text {
            "panic" => panic!("as asked"),
            "wait" => self.gate.notified().await,
            "for ever" => std::future::pending().await,
            "away" if self.away.load(Ordering::Relaxed) => {
                return Err(Failure::Later(anyhow::anyhow!("away")));
            }
            "wrong" => return Err(Failure::Never(anyhow::anyhow!("wrong"))),
            _ => {}
        }
        self.note(chat, Done::Handled(id));
        Ok(())
    }

    async fn answer_early(&self, body: &[u8]) -> bool {
        let update: Value = serde_json::from_slice(body).unwrap();
        let press = update.get("callback_query").is_some();
        if press {
            self.note(chat_of(&update), Done::Early(update["update_id"].as_i64().unwrap()));
        }
        press
    }

    async fn apologise(&self, body: &[u8], reference: &str) {
        let update: Value = serde_json::from_slice(body).unwrap();
        let id = update["update_id"].as_i64().unwrap();
        assert_eq!(reference, format!("U{id}"));
        self.note(chat_of(&update), Done::Sorry(id));
    }

    async fn park(&self, bot: BotId, update_id: i64, lane: Lane) -> Result<(), anyhow::Error> {
        Ok(app::inbox::park(&self.fixture.app, bot, update_id, lane).await?)
    }
}

fn chat_of(update: &Value) -> i64 {
    let message = update["message"]["chat"]["id"].as_i64();
    message.or_else(|| update["callback_query"]["message"]["chat"]["id"].as_i64()).unwrap_or(0)
}

/// A message.
pub(crate) fn message(id: i64, chat: i64, text: &str) -> String {
    json!({"update_id": id, "message": {"message_id": id, "chat": {"id": chat}, "text": text}}).to_string()
}

/// A pressed button.
pub(crate) fn press(id: i64, chat: i64) -> String {
    json!({"update_id": id, "callback_query": {"id": "q", "from": {"id": 1}, "message": {"chat": {"id": chat}}}})
        .to_string()
}

/// A question that Telegram wants answered within ten seconds.
pub(crate) fn checkout(id: i64) -> String {
    json!({"update_id": id, "pre_checkout_query": {"id": "q", "from": {"id": 1}}}).to_string()
}

/// Stores updates, side by side as from a webhook.
pub(crate) async fn put(fixture: &Fixture, bodies: impl IntoIterator<Item = String>) {
    let inbox = Inbox::start(fixture.app.pool.clone());
    let puts = bodies.into_iter().map(|body| {
        let (inbox, sealer) = (inbox.clone(), fixture.sealer.clone());
        async move { inbox.put(BOT, &sealer, body.as_bytes()).await.unwrap() }
    });
    futures::future::join_all(puts).await;
}

/// A bot process.
pub(crate) struct Replica {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Replica {
    pub(crate) fn start(fixture: &Fixture, probe: &Arc<Probe>) -> Self {
        Self::with(fixture, probe, Limits::default())
    }

    pub(crate) fn with(fixture: &Fixture, probe: &Arc<Probe>, limits: Limits) -> Self {
        let stop = CancellationToken::new();
        let (pool, sealer, told) = (fixture.app.pool.clone(), fixture.sealer.clone(), stop.clone());
        let probe = probe.clone();
        let task = tokio::spawn(async move { Core::run(&pool, sealer, probe, limits, told).await.unwrap() });
        Self { stop, task }
    }

    /// Stops in order.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(30), self.task).await.unwrap().unwrap();
    }
}

/// Waits until nothing is open, and checks that nothing is leased any more.
pub(crate) async fn drained(fixture: &Fixture) {
    let pool = &fixture.app.pool;
    wait_until("an empty inbox", async || store::depth(pool, BOT).await.unwrap().open == 0).await;
    wait_until("no lane leased", async || {
        let leased =
            sqlx::query_scalar::<_, i64>("select count(*) from telegram_lanes where owner is not null");
        leased.fetch_one(pool).await.unwrap() == 0
    })
    .await;
}
