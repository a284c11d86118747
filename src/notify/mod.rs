//! The outbox: messages that nobody asked for, written in the transaction of what they tell about.
//!
//! A [`Notice`] holds ids only. Its text is made when it is sent, in the recipient's language and from the rows of
//! that time, so it can't be out of date and keeps nothing secret at rest.

mod mail;
mod message;
mod port;
pub mod store;

pub use mail::{Feature, Mail, MailError, Mailer};
pub use message::{Action, Attachment, Button, Keyboard, MessageId, Outgoing, TopicId};
pub use port::{Destination, Edited, Messenger, Renderer, SendError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::db::StoreError;
use crate::types::{AclId, ChatId, ContainerId, OutboxId, RentalId, ServerId, SetupId, TenantId, UserId};

/// The channel on which the sender is told that there is something to send.
pub const WAKE_CHANNEL: &str = "outbox";

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// A user, in the private chat.
    User(UserId),
    /// A chat, by its number.
    Chat(ChatId),
    /// The ops group, wherever it is when the notice is sent.
    Ops,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// To the ops group: an update was set aside, since the bot crashed on it three times.
    UpdateParked {
        /// The bot that it came for.
        bot_id: i64,
        /// Telegram's number of the update.
        update_id: i64,
        /// The chat, else the sender; zero if neither is known.
        lane_id: i64,
    },
    /// To the ops group: a job failed for good.
    JobFailed {
        /// The job engine's number.
        job_id: i64,
    },
    /// To a user: how the set-up of a rental stands; one message, edited.
    Provision {
        /// The rental.
        rental_id: RentalId,
    },
    /// To the ops group: every server that a rental's relay was tried on failed.
    ProvisionFailed {
        /// The rental.
        rental_id: RentalId,
        /// The last container that was tried.
        container_id: ContainerId,
    },
    /// To a user: a version of the ACL to paste.
    AclReady {
        /// The version.
        acl_id: AclId,
    },
    /// To a user: somebody else renewed a rental, or it was renewed by itself.
    Renewed {
        /// The rental.
        rental_id: RentalId,
        /// Its end before.
        old_end: DateTime<Utc>,
        /// Its end now.
        new_end: DateTime<Utc>,
    },
    /// To a user: a rental ended and is kept for a while.
    RentalEnded {
        /// The rental.
        rental_id: RentalId,
    },
    /// To a user: an admin paused a rental.
    RentalPaused {
        /// The rental.
        rental_id: RentalId,
    },
    /// To a user: a rental runs again after a pause.
    RentalResumed {
        /// The rental.
        rental_id: RentalId,
    },
    /// To a user: a rental's address and port are given up.
    RentalReleased {
        /// The rental.
        rental_id: RentalId,
    },
    /// To the ops group: a customer's relay doesn't work for them, with what our look at it found.
    RelayReport {
        /// Whose it is.
        user_id: UserId,
        /// The rental.
        rental_id: RentalId,
        /// The reference that the customer was given.
        reference: String,
        /// What was found.
        results: Vec<StepResult>,
    },
    /// To a user: a device is one too many for a relay.
    DeviceOverLimit {
        /// The rental.
        rental_id: RentalId,
        /// The device's key, which is public.
        node_key: String,
        /// Where it came from, if the relay knew.
        ip: Option<String>,
        /// Until when it may connect.
        until: DateTime<Utc>,
    },
    /// To the ops group: how the set-up of a server stands; one message, edited.
    ServerSetup {
        /// The run.
        setup_id: SetupId,
    },
    /// To the ops group: a server's last container is gone, and so is it.
    ServerRemoved {
        /// Its name.
        name: String,
    },
    /// To the ops group: we can't act on a server.
    ServerTrouble {
        /// The server.
        server_id: ServerId,
        /// A lasting code of what is wrong.
        trouble: String,
    },
    /// To the ops group: containers on a server that the store doesn't know, too many to remove unasked.
    StrangersHeld {
        /// The server.
        server_id: ServerId,
    },
    /// To a user: the mail with the code didn't reach its address.
    CodeNotDelivered {
        /// The row of `email_codes`.
        code_id: i64,
        /// The mail server's reply code; none if it couldn't be reached at all.
        reply: Option<u16>,
    },
    /// To the ops group: where the chain of records stood at the end of a day.
    AuditHead {
        /// The day, in the shop's zone.
        day: chrono::NaiveDate,
        /// Records in the chain.
        records: i64,
        /// The last one's hash, in hexadecimal.
        head: String,
    },
    /// To the ops group: the chain of records doesn't hold any more.
    AuditBroken {
        /// The first place that is missing or altered.
        seq: i64,
    },
    /// To the ops group: Telegram refused a message of ours as malformed.
    MessageRefused {
        /// The row of the outbox.
        outbox_id: OutboxId,
    },
}

/// One step of a look at a relay, in lasting codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    /// The half that was looked at.
    pub container_id: ContainerId,
    /// The step.
    pub step: String,
    /// Its latency, or what is wrong.
    pub outcome: String,
}

/// A notice with its address, to be given to [`enqueue`].
#[derive(Clone, Debug)]
#[must_use = "nothing is told until it is enqueued"]
pub struct Letter {
    tenant: TenantId,
    to: Audience,
    notice: Notice,
    dedupe_key: String,
    slot: Option<String>,
    send_after: Option<DateTime<Utc>>,
}

impl Letter {
    /// A notice for `to`. Of letters with the same `dedupe_key` only the first is ever sent.
    pub fn new(tenant: TenantId, to: Audience, notice: Notice, dedupe_key: impl Into<String>) -> Self {
        Self { tenant, to, notice, dedupe_key: dedupe_key.into(), slot: None, send_after: None }
    }

    /// Edits the chat's message of this slot, if there is one, in place of sending another; what was to be sent for
    /// the slot and has not been yet is dropped.
    pub fn slot(mut self, slot: impl Into<String>) -> Self {
        self.slot = Some(slot.into());
        self
    }

    /// Not before this moment.
    pub fn send_after(mut self, moment: DateTime<Utc>) -> Self {
        self.send_after = Some(moment);
        self
    }
}

/// Puts a letter into the outbox, in the caller's transaction: it is sent if and when that commits. Answers with its
/// row, or `None` if one with the same key was there before.
pub async fn enqueue(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    letter: &Letter,
) -> Result<Option<OutboxId>, StoreError> {
    let send_after = letter.send_after.unwrap_or(now);
    let row = store::insert(db, now, send_after, letter).await?;
    if let (Some(id), Some(slot)) = (row, &letter.slot) {
        store::supersede_before(db, id, letter.to, slot).await?;
    }
    if row.is_some() {
        store::wake(db).await?;
    }
    Ok(row)
}

/// The pause before try number `attempts + 1`: 2 s, doubling up to 5 minutes.
pub fn backoff(attempts: i32) -> chrono::TimeDelta {
    let doublings = attempts.clamp(0, 8);
    chrono::TimeDelta::seconds((2_i64 << doublings).min(300))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let seconds: Vec<i64> = (0..10).map(|n| backoff(n).num_seconds()).collect();
        assert_eq!(seconds, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(backoff(i32::MAX).num_seconds(), 300);
    }

    #[test]
    fn notices_keep_their_stored_form() {
        let notice = Notice::JobFailed { job_id: 7 };
        let stored = serde_json::to_value(&notice).unwrap();
        assert_eq!(stored, serde_json::json!({"kind": "job_failed", "job_id": 7}));
        assert_eq!(serde_json::from_value::<Notice>(stored).unwrap(), notice);
    }
}
