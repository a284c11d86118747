//! What the routes share.

use std::sync::Arc;

use derpshop::app::Core;
use derpshop::derp::NodeKey;
use derpshop::i18n::Texts;
use derpshop::inbox::{BotId, Inbox, Sealer};
use derpshop::secret::SecretString;

use crate::routes::Memory;

/// What the routes share.
#[derive(Debug)]
pub(crate) struct Door {
    /// Use cases and the database.
    pub(crate) core: Arc<Core>,
    /// Where updates go; `None` while it is not known which bot they are for.
    pub(crate) telegram: Option<TelegramDoor>,
    /// Every text.
    pub(crate) texts: Texts,
    /// The installation's own probe, which every relay admits.
    pub(crate) probe: NodeKey,
    /// The last decisions about devices, for when the store can't be asked.
    pub(crate) memory: Memory,
    /// What a device gets then that nothing is remembered of.
    pub(crate) allow_on_outage: bool,
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
