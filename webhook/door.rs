//! What the routes share.

use std::sync::Arc;

use derpshop::app::Core;
use derpshop::inbox::{BotId, Inbox, Sealer};
use derpshop::secret::SecretString;

/// What the routes share.
#[derive(Debug)]
pub(crate) struct Door {
    /// Use cases and the database.
    pub(crate) core: Arc<Core>,
    /// Where updates go; `None` while it is not known which bot they are for.
    pub(crate) telegram: Option<TelegramDoor>,
}

/// What taking updates needs.
#[derive(Debug)]
pub(crate) struct TelegramDoor {
    /// The bot that they are for.
    pub(crate) bot: BotId,
    /// What Telegram sends along to prove itself.
    pub(crate) secret: SecretString,
    /// Seals them.
    pub(crate) sealer: Sealer,
    /// Stores them.
    pub(crate) inbox: Inbox,
}
