//! The durable inbox: an update is stored, sealed, before it is acknowledged, and handled from there.
//!
//! A *lane* is the chat of an update, else its sender. The updates of one lane are handled in the order in which they
//! were stored, those of different lanes side by side; [`Kind::PreCheckout`] has a lane of its own for each update.

pub mod store;
mod writer;

pub use writer::{Inbox, PutError};

use std::sync::Arc;

use serde::Deserialize;
use serde::de::{self, MapAccess, Visitor};

use crate::secret::{InboxKey, SecretError};

/// The channel on which a bot process is told that updates were stored.
pub const WAKE_CHANNEL: &str = "telegram_updates";

/// Seconds after which the lanes of a process that stopped renewing are taken over.
pub const LEASE_SECONDS: i32 = 5;

/// A bot's number: the part of its token before the colon, which is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BotId(pub i64);

impl BotId {
    /// Reads the number from a token such as `123456:AAH…`.
    pub fn of_token(token: &str) -> Option<Self> {
        let (number, rest) = token.split_once(':')?;
        number.parse().ok().filter(|n| *n > 0 && !rest.is_empty()).map(Self)
    }
}

/// The lane of an update: the chat's number, else the sender's, else zero; [`Lane::urgent`] for urgent ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub i64);

impl Lane {
    /// A lane that no other update shares. Telegram's numbers stay within 52 bits, so these never meet a chat's.
    pub const fn urgent(update_id: i64) -> Self {
        Self(i64::MIN + update_id)
    }

    /// Whether this is an urgent update's own lane.
    pub const fn is_urgent(self) -> bool {
        self.0 < -(1 << 52)
    }
}

/// What the inbox does differently for an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Must be answered within ten seconds: handled before everything else, in no order.
    PreCheckout,
    /// Handled in the order of its lane.
    Ordered,
}

/// An update as it came in, with the little that storing it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Telegram's number of the update.
    pub update_id: i64,
    /// Where it queues.
    pub lane: Lane,
    /// How it queues.
    pub kind: Kind,
}

/// A body that isn't a Bot API update.
#[derive(Debug, thiserror::Error)]
#[error("not a Bot API update")]
pub struct NotAnUpdate(#[source] serde_json::Error);

impl Incoming {
    /// Reads an update's number and lane. Only what is needed is looked at, so an update of a kind that this version
    /// doesn't know is stored too, and one later version can still handle it.
    pub fn parse(body: &[u8]) -> Result<Self, NotAnUpdate> {
        let envelope: Envelope = serde_json::from_slice(body).map_err(NotAnUpdate)?;
        let kind = if envelope.pre_checkout { Kind::PreCheckout } else { Kind::Ordered };
        let lane = match kind {
            Kind::PreCheckout => Lane::urgent(envelope.update_id),
            Kind::Ordered => Lane(envelope.content.and_then(Content::lane).unwrap_or(0)),
        };
        Ok(Self { update_id: envelope.update_id, lane, kind })
    }
}

/// The outer object of an update: its number and one member named after its kind.
struct Envelope {
    update_id: i64,
    pre_checkout: bool,
    content: Option<Content>,
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Envelope;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with update_id")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
                let (mut update_id, mut pre_checkout, mut content) = (None, false, None);
                while let Some(key) = map.next_key::<String>()? {
                    if key == "update_id" {
                        update_id = Some(map.next_value::<i64>()?);
                    } else if let Some(found) = map.next_value::<Option<Content>>()? {
                        pre_checkout |= key == "pre_checkout_query";
                        content = content.or(Some(found));
                    }
                }
                let update_id = update_id.ok_or_else(|| de::Error::missing_field("update_id"))?;
                Ok(Envelope { update_id, pre_checkout, content })
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The members of an update's content that say where it belongs, over all kinds of the Bot API.
#[derive(Deserialize)]
struct Content {
    chat: Option<Numbered>,
    message: Option<Box<Inner>>,
    from: Option<Numbered>,
    user: Option<Numbered>,
}

/// The message inside a callback query.
#[derive(Deserialize)]
struct Inner {
    chat: Option<Numbered>,
}

#[derive(Deserialize)]
struct Numbered {
    id: i64,
}

impl Content {
    fn lane(self) -> Option<i64> {
        let chat = self.chat.or_else(|| self.message.and_then(|message| message.chat));
        chat.or(self.from).or(self.user).map(|who| who.id)
    }
}

/// Seals and opens the payloads of one bot's updates; the row is part of what is checked.
#[derive(Clone, Debug)]
pub struct Sealer {
    key: Arc<InboxKey>,
    bot: BotId,
}

impl Sealer {
    /// Payloads of `bot` under `key`.
    pub fn new(key: Arc<InboxKey>, bot: BotId) -> Self {
        Self { key, bot }
    }

    /// Whose updates these are.
    pub const fn bot(&self) -> BotId {
        self.bot
    }

    fn row(&self, update_id: i64) -> String {
        format!("telegram_updates:{}:{update_id}:payload", self.bot.0)
    }

    /// Seals an update's body for its row.
    pub fn seal(&self, update_id: i64, body: &[u8]) -> Vec<u8> {
        self.key.seal(&self.row(update_id), body)
    }

    /// Opens a row's payload.
    pub fn open(&self, update_id: i64, sealed: &[u8]) -> Result<Vec<u8>, SecretError> {
        self.key.open(&self.row(update_id), sealed).map(|body| body.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(body: &str) -> (Lane, Kind) {
        let incoming = Incoming::parse(body.as_bytes()).unwrap();
        (incoming.lane, incoming.kind)
    }

    #[test]
    fn the_lane_is_the_chat_else_the_sender() {
        let message =
            r#"{"update_id":1,"message":{"message_id":5,"from":{"id":7},"chat":{"id":-100,"type":"group"}}}"#;
        assert_eq!(lane(message), (Lane(-100), Kind::Ordered));
        let press =
            r#"{"update_id":2,"callback_query":{"id":"x","from":{"id":7},"message":{"chat":{"id":-5}}}}"#;
        assert_eq!(lane(press), (Lane(-5), Kind::Ordered));
        let inline_press = r#"{"callback_query":{"id":"x","from":{"id":7}},"update_id":3}"#;
        assert_eq!(lane(inline_press), (Lane(7), Kind::Ordered));
        assert_eq!(lane(r#"{"update_id":4,"poll_answer":{"user":{"id":9}}}"#), (Lane(9), Kind::Ordered));
        assert_eq!(lane(r#"{"update_id":5,"something_new":{"who":{"id":9}}}"#), (Lane(0), Kind::Ordered));
    }

    #[test]
    fn a_null_member_before_the_real_one_is_skipped() {
        let body =
            r#"{"update_id":6,"message":null,"callback_query":{"id":"x","from":{"id":7},"message":null}}"#;
        assert_eq!(lane(body), (Lane(7), Kind::Ordered));
    }

    #[test]
    fn urgent_updates_share_no_lane() {
        let body =
            |id: i64| format!(r#"{{"update_id":{id},"pre_checkout_query":{{"id":"q","from":{{"id":7}}}}}}"#);
        let (first, second) = (lane(&body(1)), lane(&body(2)));
        assert_eq!((first.1, second.1), (Kind::PreCheckout, Kind::PreCheckout));
        assert_ne!(first.0, second.0);
        assert!(first.0.is_urgent() && !Lane(-1_001_234_567_890).is_urgent());
    }

    #[test]
    fn what_is_no_update_is_refused() {
        for body in ["", "[]", "{}", r#"{"update_id":"1"}"#, r#"{"update_id":1,"message":5}"#, "null"] {
            assert!(Incoming::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn bot_numbers_come_from_tokens() {
        assert_eq!(BotId::of_token("123456:AAH"), Some(BotId(123_456)));
        for token in ["", "123456", "123456:", ":AAH", "x:AAH", "-1:AAH"] {
            assert_eq!(BotId::of_token(token), None, "{token}");
        }
    }
}
