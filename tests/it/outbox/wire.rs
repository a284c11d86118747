//! A Telegram on a wire: notes what is sent, and fails when told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use derpshop::notify::{
    self, Audience, Destination, Edited, Letter, MessageId, Messenger, Notice, Outgoing, Renderer, SendError,
    store,
};
use derpshop::settings::{self, Setting};
use derpshop::types::{ChatId, OutboxId, TenantId, UserId};
use derpshop::worker::outbox::Sender;
use tokio_util::sync::CancellationToken;

use crate::harness::{Fixture, wait_until};

/// The ops group.
pub(crate) const OPS: ChatId = ChatId(-100);

/// What went over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Send(ChatId, String),
    Edit(ChatId, i32, String),
}

/// What Telegram answers next.
pub(crate) enum Answer {
    Fail(SendError),
    Gone,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    answers: VecDeque<Answer>,
    next: i32,
}

/// Telegram, and the texts.
pub(crate) struct Wire(Mutex<State>);

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn will(&self, answer: Answer) {
        self.state().answers.push_back(answer);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    pub(crate) async fn wait_calls(&self, count: usize) -> Vec<Call> {
        wait_until(&format!("{count} calls"), async || self.calls().len() >= count).await;
        self.calls()
    }

    /// Notes a call; answers with its failure or a number.
    fn call(&self, call: Call) -> Result<i32, Answer> {
        let mut state = self.state();
        state.calls.push(call);
        if let Some(answer) = state.answers.pop_front() {
            return Err(answer);
        }
        state.next += 1;
        Ok(state.next)
    }
}

#[async_trait]
impl Messenger for Wire {
    async fn send(&self, to: Destination, message: &Outgoing) -> Result<MessageId, SendError> {
        match self.call(Call::Send(to.chat, message.text.clone())) {
            Ok(id) => Ok(MessageId(id)),
            Err(Answer::Fail(error)) => Err(error),
            Err(Answer::Gone) => panic!("only an edit can meet a message that is gone"),
        }
    }

    async fn edit(&self, chat: ChatId, old: MessageId, message: &Outgoing) -> Result<Edited, SendError> {
        match self.call(Call::Edit(chat, old.0, message.text.clone())) {
            Ok(_) => Ok(Edited::Shown),
            Err(Answer::Fail(error)) => Err(error),
            Err(Answer::Gone) => Ok(Edited::Gone),
        }
    }
}

/// Texts that say which notice they are of: `7` for job 7. Job 0 is nothing to tell any more, job -1 can't be told,
/// job -13 panics.
#[async_trait]
impl Renderer for Wire {
    async fn render(&self, notice: &Notice, _to: Audience) -> anyhow::Result<Option<Outgoing>> {
        let text = if let Notice::JobFailed { job_id } = notice {
            match job_id {
                0 => return Ok(None),
                -1 => anyhow::bail!("no text"),
                -13 => panic!("as asked"),
                n => n.to_string(),
            }
        } else if let Notice::MessageRefused { outbox_id } = notice {
            format!("refused {outbox_id}")
        } else {
            panic!("no test tells {notice:?}")
        };
        Ok(Some(Outgoing::text(text)))
    }
}

/// A worker's sender.
pub(crate) struct Running {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(fixture: &Fixture, wire: &Arc<Wire>) -> Self {
        let stop = CancellationToken::new();
        let sender = Sender::new(fixture.app.clone(), wire.clone(), wire.clone(), stop.clone());
        let task = tokio::spawn(async move { sender.run().await.unwrap() });
        Self { stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(20), self.task).await.unwrap().unwrap();
    }
}

pub(crate) const SHOP: TenantId = TenantId(1);

/// A user on Telegram.
pub(crate) async fn user(fixture: &Fixture, telegram: i64) -> UserId {
    let sql = "insert into users (tenant_id, username, telegram_id) values (1, $1, $2) returning id";
    let id = sqlx::query_scalar(sql).bind(format!("user{telegram}")).bind(telegram);
    UserId(id.fetch_one(&fixture.app.pool).await.unwrap())
}

/// Binds the ops group.
pub(crate) async fn bind_ops(fixture: &Fixture) {
    settings::store::set(&fixture.app.pool, SHOP, Setting::OpsGroup, OPS).await.unwrap();
}

/// A letter about job `n`, whose text is `n`.
pub(crate) fn letter(to: Audience, n: i64) -> Letter {
    Letter::new(SHOP, to, Notice::JobFailed { job_id: n }, format!("test:{to:?}:{n}"))
}

/// Puts letters into the outbox, in one transaction.
pub(crate) async fn post(
    fixture: &Fixture,
    letters: impl IntoIterator<Item = Letter>,
) -> Vec<Option<OutboxId>> {
    use derpshop::clock::Clock as _;
    let mut tx = fixture.app.pool.begin().await.unwrap();
    let mut rows = Vec::new();
    for letter in letters {
        rows.push(notify::enqueue(&mut tx, fixture.clock.now(), &letter).await.unwrap());
    }
    tx.commit().await.unwrap();
    rows
}

/// Turns the clock forward until the outbox is empty: what waits for another try gets it.
pub(crate) async fn drained(fixture: &Fixture) {
    let pool = &fixture.app.pool;
    wait_until("an empty outbox", async || {
        fixture.clock.advance(TimeDelta::seconds(5));
        store::pending(pool).await.unwrap() == 0
    })
    .await;
}

/// State and reason of each row, in order.
pub(crate) async fn fates(fixture: &Fixture) -> Vec<(String, Option<String>)> {
    let rows = sqlx::query_as("select state::text, failure from outbox order by id");
    rows.fetch_all(&fixture.app.pool).await.unwrap()
}
