//! From a stored update to the tree of handlers, and from what they answer to what becomes of the update.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use teloxide::dispatching::UpdateHandler;
use teloxide::dptree;
use teloxide::types::Update;

use crate::account::Newcomer;
use crate::adapters::telegram::Telegram;
use crate::app::{App, ops, people};
use crate::bot::core::{Delivery, Failure, Handler};
use crate::bot::ctx::{Ctx, PressAnswer};
use crate::bot::customer;
use crate::bot::event::{self, Event, Happening, Sender};
use crate::bot::limit::{Limit, Verdict};
use crate::bot::schema;
use crate::db::{self, StoreError};
use crate::i18n::{Texts, args, t};
use crate::inbox::{BotId, Lane};
use crate::notify::{self, Destination, Outgoing, SendError};
use crate::types::{ChatId, Lang};

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

    /// The language in which somebody is answered whom we don't know.
    fn lang(&self, sender: &Sender) -> Lang {
        sender.language_code.as_deref().map_or(self.app.shop.language, |code| Lang::from_telegram(Some(code)))
    }

    async fn context(&self, happening: &Happening, answered: bool) -> Result<Ctx, StoreError> {
        let sender = happening.sender.clone();
        let newcomer = Newcomer {
            telegram: sender.id,
            name: sender.name.clone(),
            user_name: sender.user_name.clone(),
            lang: self.lang(&sender),
            zone: self.app.shop.time_zone,
        };
        let user = people::meet(&self.app, &newcomer).await?;
        Ok(Ctx {
            app: self.app.clone(),
            telegram: self.telegram.clone(),
            texts: self.texts.clone(),
            lang: user.lang,
            user,
            sender,
            chat: happening.chat,
            message: happening.message,
            press: happening.query.clone().map(|query| Arc::new(PressAnswer::new(query, answered))),
        })
    }

    async fn dispatch(&self, happening: Happening, answered: bool) -> Result<(), anyhow::Error> {
        if self.settle_without_user(&happening).await? {
            return Ok(());
        }
        let ctx = self.context(&happening, answered).await?;
        let too_much = match self.limit.check(ctx.sender.id) {
            Verdict::Pass => None,
            Verdict::Warn(seconds) => {
                Some(ctx.words().format(t("error-rate-limit"), &args().number("seconds", seconds)))
            }
            Verdict::Ignore => return Ok(ctx.acknowledge().await?),
        };
        if let Some(text) = too_much {
            return Ok(ctx.say(text).await?);
        }
        if ctx.user.is_banned {
            return customer::refuse(&ctx).await;
        }
        let handling = self.tree.dispatch(dptree::deps![ctx.clone(), happening.event]);
        tokio::pin!(handling);
        let soon = tokio::time::timeout(PATIENCE, &mut handling).await;
        // Whether it is done or not: the waiting sign on a pressed button has had its time.
        let (answer, outcome) = if let Ok(outcome) = soon {
            (ctx.acknowledge().await, outcome)
        } else {
            tokio::join!(ctx.acknowledge(), handling)
        };
        if let Err(error) = answer {
            tracing::debug!(error = &error as &dyn std::error::Error, "a press was not answered");
        }
        match outcome {
            ControlFlow::Break(outcome) => outcome,
            ControlFlow::Continue(_) => Ok(()),
        }
    }

    /// What is not the doing of one of our users: the state of a chat, talk in groups, programs. Answers whether
    /// that was all.
    async fn settle_without_user(&self, happening: &Happening) -> Result<bool, anyhow::Error> {
        let Happening { event, sender, chat, .. } = happening;
        match event {
            Event::MayWrite(true) => {
                notify::store::unblock(&self.app.pool, chat.id).await?;
                return Ok(true);
            }
            Event::MayWrite(false) => {
                self.remember_blocked(chat.id, "the bot was blocked or removed").await?;
                return Ok(true);
            }
            Event::Moved(to) => {
                ops::group_moved(&self.app, chat.id, *to).await?;
                return Ok(true);
            }
            Event::Text(_) | Event::Content(_) if !chat.private => {
                if ops::group(&self.app).await? != Some(chat.id) {
                    return Ok(true);
                }
            }
            Event::Command(_) | Event::Press(_) | Event::OldPress if sender.anonymous => {
                let text = self.texts.lang(self.lang(sender)).get(t("ops-anonymous"));
                let to = Destination { chat: chat.id, topic: chat.topic };
                self.telegram.send_insisting(to, &Outgoing::text(text)).await?;
                return Ok(true);
            }
            Event::Other => return Ok(true),
            Event::Command(_) | Event::Text(_) | Event::Content(_) | Event::Press(_) | Event::OldPress => {}
        }
        Ok(sender.is_bot || sender.anonymous)
    }

    async fn remember_blocked(&self, chat: ChatId, reason: &str) -> Result<(), StoreError> {
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
        // A chat that refuses messages is no failure: nobody is left to be told.
        if let Some(SendError::Blocked(reason)) = error.downcast_ref::<SendError>()
            && happening.chat.private
        {
            let remembered = self.remember_blocked(happening.chat.id, reason).await;
            return remembered.map_err(|e| Failure::Later(e.into()));
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
        let text = self.texts.lang(self.lang(&happening.sender));
        let text = text.format(t("error-generic"), &args().text("ref", reference));
        let to = Destination { chat: happening.chat.id, topic: happening.chat.topic };
        if let Err(error) = self.telegram.send_insisting(to, &Outgoing::text(text)).await {
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
