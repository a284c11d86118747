//! From a stored update to the tree of handlers, and from what they answer to what becomes of the update.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use teloxide::dispatching::UpdateHandler;
use teloxide::dptree;
use teloxide::types::Update;

use crate::adapters::telegram::Telegram;
use crate::app::App;
use crate::bot::core::{Delivery, Failure, Handler};
use crate::bot::ctx::{Ctx, PressAnswer};
use crate::bot::event::{self, Happening};
use crate::bot::limit::{Limit, Verdict};
use crate::bot::schema;
use crate::db::{self, StoreError};
use crate::i18n::{Texts, args, t};
use crate::inbox::{BotId, Lane};
use crate::notify::{self, Outgoing, SendError};
use crate::types::Lang;

/// After this long a press is answered for its handler, so that the waiting sign ends.
const PATIENCE: Duration = Duration::from_millis(300);

/// The bot's handlers and what they need.
pub struct Bot {
    app: Arc<App>,
    telegram: Telegram,
    texts: Arc<Texts>,
    name: String,
    limit: Limit,
    tree: UpdateHandler<anyhow::Error>,
}

impl std::fmt::Debug for Bot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bot").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Bot {
    /// The bot of this name, without the @.
    pub fn new(app: Arc<App>, telegram: Telegram, texts: Arc<Texts>, name: String, limit: Limit) -> Self {
        Self { app, telegram, texts, name, limit, tree: schema() }
    }

    fn read(&self, body: &[u8]) -> Option<Happening> {
        // From the bytes: from a `Value`, teloxide reads no kind of update.
        let update: Update = serde_json::from_slice(body).ok()?;
        Happening::read(update, &self.name)
    }

    fn context(&self, happening: &Happening, answered: bool) -> Ctx {
        let query = happening.query.clone();
        Ctx {
            app: self.app.clone(),
            telegram: self.telegram.clone(),
            texts: self.texts.clone(),
            lang: Lang::from_telegram(happening.sender.language_code.as_deref()),
            sender: happening.sender.clone(),
            chat: happening.chat,
            message: happening.message,
            press: query.map(|query| Arc::new(PressAnswer::new(query, answered))),
        }
    }

    async fn dispatch(&self, happening: Happening, answered: bool) -> Result<(), anyhow::Error> {
        let ctx = self.context(&happening, answered);
        match self.limit.check(ctx.sender.id) {
            Verdict::Pass => {}
            Verdict::Warn(seconds) => {
                let text = ctx.words().format(t("error-rate-limit"), &args().number("seconds", seconds));
                return Ok(ctx.say(text).await?);
            }
            Verdict::Ignore => {
                if let Some(press) = &ctx.press {
                    press.give(&self.telegram, None).await?;
                }
                return Ok(());
            }
        }
        let handling = self.tree.dispatch(dptree::deps![ctx.clone(), happening.event]);
        let outcome = match &ctx.press {
            None => handling.await,
            Some(press) => {
                tokio::pin!(handling);
                let soon = tokio::time::timeout(PATIENCE, &mut handling).await;
                // Whether it is done or not: the sign that it is being done has had its time.
                let answer = press.give(&self.telegram, None);
                let (answer, outcome) = if let Ok(outcome) = soon {
                    (answer.await, outcome)
                } else {
                    tokio::join!(answer, handling)
                };
                if let Err(error) = answer {
                    tracing::debug!(error = &error as &dyn std::error::Error, "a press was not answered");
                }
                outcome
            }
        };
        match outcome {
            std::ops::ControlFlow::Break(outcome) => outcome,
            std::ops::ControlFlow::Continue(_) => Ok(()),
        }
    }

    /// A chat that refuses messages is no failure: nobody is left to be told.
    async fn remember_blocked(&self, happening: &Happening, reason: &str) -> Result<(), StoreError> {
        let chat = happening.chat.id;
        tracing::info!(%chat, reason, "the chat refuses messages");
        notify::store::mark_blocked(&self.app.pool, chat, reason, self.app.clock.now()).await
    }
}

/// Whether handling the update again can help: nothing was wrong with it, something was away.
fn is_transient(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        if let Some(error) = cause.downcast_ref::<StoreError>() {
            return error.is_transient();
        }
        if let Some(error) = cause.downcast_ref::<sqlx::Error>() {
            return db::is_transient(error);
        }
        matches!(
            cause.downcast_ref::<SendError>(),
            Some(SendError::RetryAfter(_) | SendError::Unavailable(_))
        )
    })
}

#[async_trait]
impl Handler for Bot {
    async fn handle(&self, delivery: Delivery) -> Result<(), Failure> {
        let Some(happening) = self.read(&delivery.body) else { return Ok(()) };
        let Err(error) = self.dispatch(happening.clone(), delivery.answered).await else { return Ok(()) };
        if let Some(SendError::Blocked(reason)) = error.downcast_ref::<SendError>()
            && happening.chat.private
        {
            return self.remember_blocked(&happening, reason).await.map_err(|e| Failure::Later(e.into()));
        }
        Err(if is_transient(&error) { Failure::Later(error) } else { Failure::Never(error) })
    }

    async fn answer_early(&self, body: &[u8]) -> bool {
        let Ok(update) = serde_json::from_slice::<Update>(body) else { return false };
        let Some(query) = event::query_of(&update) else { return false };
        if let Err(error) = self.telegram.answer_press(query, None).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a press was not answered");
        }
        true
    }

    async fn apologise(&self, body: &[u8], reference: &str) {
        let Some(happening) = self.read(body) else { return };
        let ctx = self.context(&happening, true);
        let text = ctx.words().format(t("error-generic"), &args().text("ref", reference));
        if let Err(error) = ctx.send(Outgoing::text(text)).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                reference,
                "the sender could not be told"
            );
        }
    }

    async fn park(&self, bot: BotId, update_id: i64, lane: Lane) -> Result<(), anyhow::Error> {
        Ok(crate::app::inbox::park(&self.app, bot, update_id, lane).await?)
    }
}
