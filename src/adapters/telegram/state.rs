//! How things stand between Telegram and us.

use teloxide::requests::Requester;
use teloxide::types::{ChatMemberKind, UserId};

use super::{Telegram, send_error};
use crate::notify::SendError;
use crate::types::ChatId;

/// A webhook, as Telegram sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookState {
    /// Where updates are sent; none without a webhook.
    pub url: Option<String>,
    /// Updates that wait to be taken.
    pub pending: u32,
    /// What went wrong last, in Telegram's words.
    pub last_error: Option<String>,
}

/// What we are in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// An admin, who sees every message and may edit and pin.
    Admin,
    /// A plain member, who sees commands only.
    Member,
    /// Not there.
    Outside,
}

impl Telegram {
    /// The webhook.
    pub async fn webhook_state(&self) -> Result<WebhookState, SendError> {
        let info = self.bot.get_webhook_info().await.map_err(|e| send_error(&e))?;
        Ok(WebhookState {
            url: info.url.map(|url| url.to_string()),
            pending: info.pending_update_count,
            last_error: info.last_error_message,
        })
    }

    /// What we are in a group.
    pub async fn standing(&self, group: ChatId) -> Result<Standing, SendError> {
        let me = UserId(self.id.0.unsigned_abs());
        let member = self.bot.get_chat_member(teloxide::types::ChatId(group.0), me).await;
        Ok(match member.map_err(|e| send_error(&e))?.kind {
            ChatMemberKind::Owner(_) | ChatMemberKind::Administrator(_) => Standing::Admin,
            ChatMemberKind::Member(_) | ChatMemberKind::Restricted(_) => Standing::Member,
            ChatMemberKind::Left | ChatMemberKind::Banned(_) => Standing::Outside,
        })
    }
}
