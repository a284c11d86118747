//! One message: what it says, whether it takes another's place, and what becomes of its rows.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::FutureExt;

use crate::app::{App, ops};
use crate::db::StoreError;
use crate::notify::store::{self, Pending};
use crate::notify::{
    self, Audience, Destination, Edited, Letter, MessageId, Messenger, Notice, Outgoing, Renderer, SendError,
};
use crate::types::{ChatId, OutboxId};

/// A message takes 4096 UTF-16 units once shown; markup in it only makes it shorter.
const LONGEST: usize = 4000;
/// Tries to make a text before it counts as failed: a fault of ours, which an update may cure.
const RENDER_TRIES: i32 = 8;

/// How a message fared, for the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// Sent, or never to be sent.
    Settled,
    /// The chat is to be left alone for this long.
    Wait(ChatId, Duration),
    /// Telegram or the database can't be reached.
    Away,
}

/// Why a row was not settled.
#[derive(Debug, thiserror::Error)]
enum Obstacle {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the text could not be made")]
    Render(#[source] anyhow::Error),
}

/// Sends messages and notes what became of them.
#[derive(Debug)]
pub(super) struct Post {
    app: Arc<App>,
    messenger: Arc<dyn Messenger>,
    renderer: Arc<dyn Renderer>,
}

impl Post {
    pub(super) fn new(app: Arc<App>, messenger: Arc<dyn Messenger>, renderer: Arc<dyn Renderer>) -> Self {
        Self { app, messenger, renderer }
    }

    /// Sends the first of the rows, and as many of the others as can share its message.
    pub(super) async fn send(&self, to: Destination, rows: Vec<Pending>) -> Report {
        let Some(first) = rows.first().cloned() else { return Report::Settled };
        let failed = match self.try_send(to, rows).await {
            Ok(()) => return Report::Settled,
            Err(obstacle) => obstacle,
        };
        match self.note(to.chat, &first, failed).await {
            Ok(report) => report,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, id = %first.id, "a message waits");
                Report::Away
            }
        }
    }

    async fn try_send(&self, to: Destination, rows: Vec<Pending>) -> Result<(), Obstacle> {
        let ids: Vec<OutboxId> = rows.iter().map(|row| row.id).collect();
        let pending = store::still_pending(&self.app.pool, &ids).await?;
        let mut rows = rows.into_iter().filter(|row| pending.contains(&row.id)).peekable();
        let Some(row) = rows.next() else { return Ok(()) };
        if let Some(reason) = &row.blocked {
            return Err(SendError::Blocked(reason.clone()).into());
        }
        let Some(mut message) = self.message(&row).await? else {
            store::mark_superseded(&self.app.pool, row.id).await?;
            return Ok(());
        };
        let mut told = vec![row.id];
        if row.slot.is_none() && message.is_plain() {
            for more in rows {
                // What fails here fails again as the first of the next message, and is dealt with there.
                let Ok(Some(next)) = self.message(&more).await else { break };
                let length = message.text.encode_utf16().count() + next.text.encode_utf16().count();
                if more.slot.is_some() || !next.is_plain() || length > LONGEST {
                    break;
                }
                message.text.push_str("\n\n");
                message.text.push_str(&next.text);
                message.silent &= next.silent;
                told.push(more.id);
            }
        }
        let shown = self.deliver(to, row.slot.as_deref(), &message).await?;
        metrics::counter!("derpshop_messages_sent_total").increment(1);
        self.note_sent(to.chat, row.slot.as_deref(), shown, &told).await;
        Ok(())
    }

    async fn message(&self, row: &Pending) -> Result<Option<Outgoing>, Obstacle> {
        let unknown = || anyhow::anyhow!("this version doesn't know the notice");
        let notice = row.notice.as_ref().ok_or_else(unknown).map_err(Obstacle::Render)?;
        let rendering = AssertUnwindSafe(self.renderer.render(notice, row.to)).catch_unwind();
        let panicked = |_| Err(anyhow::anyhow!("making the text panicked"));
        rendering.await.unwrap_or_else(panicked).map_err(Obstacle::Render)
    }

    /// Edits the slot's message, or sends a new one; answers with the one that shows it.
    async fn deliver(
        &self,
        to: Destination,
        slot: Option<&str>,
        message: &Outgoing,
    ) -> Result<MessageId, Obstacle> {
        if let Some(slot) = slot
            && let Some(old) = store::slot_message(&self.app.pool, to.chat, slot).await?
            && self.messenger.edit(to.chat, old, message).await? == Edited::Shown
        {
            return Ok(old);
        }
        Ok(self.messenger.send(to, message).await?)
    }

    /// Notes that rows were sent. Tried for a while when the database is away: what is not noted is sent again.
    async fn note_sent(&self, chat: ChatId, slot: Option<&str>, shown: MessageId, ids: &[OutboxId]) {
        let mut pause = Duration::from_millis(100);
        while let Err(error) = self.try_note_sent(chat, slot, shown, ids).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                ?ids,
                "that a message was sent is not noted"
            );
            if pause > Duration::from_secs(10) {
                return;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    async fn try_note_sent(
        &self,
        chat: ChatId,
        slot: Option<&str>,
        shown: MessageId,
        ids: &[OutboxId],
    ) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        if let Some(slot) = slot {
            store::set_slot(&self.app.pool, chat, slot, shown, now).await?;
        }
        store::mark_sent(&self.app.pool, ids, now).await
    }

    /// Notes why a row was not sent, and when it is tried again.
    async fn note(&self, chat: ChatId, row: &Pending, obstacle: Obstacle) -> Result<Report, StoreError> {
        let (pool, now) = (&self.app.pool, self.app.clock.now());
        let again = now + notify::backoff(row.attempts);
        match obstacle {
            Obstacle::Store(error) => Err(error),
            Obstacle::Render(error) if row.attempts < RENDER_TRIES => {
                tracing::error!(error = format!("{error:#}"), id = %row.id, "a message could not be made");
                // Others need not wait for a text that may never come.
                store::postpone(pool, row.id, again, "its text could not be made").await?;
                Ok(Report::Settled)
            }
            Obstacle::Render(error) => {
                tracing::error!(error = format!("{error:#}"), id = %row.id, "a message is given up");
                self.give_up(row, "its text could not be made").await
            }
            Obstacle::Send(SendError::RetryAfter(pause)) => {
                let wait = TimeDelta::from_std(pause).unwrap_or(TimeDelta::minutes(1));
                store::mark_retry(pool, row.id, now + wait, "Telegram asked to wait").await?;
                Ok(Report::Wait(chat, pause))
            }
            Obstacle::Send(SendError::Moved(to)) => {
                ops::group_moved(&self.app, chat, to).await?;
                Ok(Report::Settled)
            }
            Obstacle::Send(SendError::Blocked(reason)) if row.to == Audience::Ops => {
                tracing::error!(reason, "the ops group refuses messages: is the bot still a member?");
                store::mark_retry(pool, row.id, again, &reason).await?;
                Ok(Report::Settled)
            }
            Obstacle::Send(SendError::Blocked(reason)) => {
                store::mark_blocked(pool, chat, &reason, now).await?;
                store::mark_failed(pool, row.id, now, &reason).await?;
                Ok(Report::Settled)
            }
            Obstacle::Send(SendError::Refused(words)) => {
                tracing::error!(id = %row.id, words, "Telegram refused a message");
                self.give_up(row, &words).await
            }
            Obstacle::Send(SendError::Unavailable(error)) => {
                tracing::warn!(error = &*error as &dyn std::error::Error, id = %row.id, "Telegram could not be reached");
                store::mark_retry(pool, row.id, again, "Telegram could not be reached").await?;
                Ok(Report::Away)
            }
        }
    }

    /// The row fails and the operators are told, unless they are whom it was for.
    async fn give_up(&self, row: &Pending, reason: &str) -> Result<Report, StoreError> {
        let now = self.app.clock.now();
        let mut tx = self.app.pool.begin().await?;
        store::mark_failed(&mut *tx, row.id, now, reason).await?;
        if row.to != Audience::Ops {
            let notice = Notice::MessageRefused { outbox_id: row.id };
            let letter = Letter::new(row.tenant, Audience::Ops, notice, format!("refused:{}", row.id));
            notify::enqueue(&mut tx, now, &letter).await?;
        }
        tx.commit().await?;
        Ok(Report::Settled)
    }
}
