//! Records of who did what: admin acts, logins, money, states of servers, containers and rentals, and each of these
//! that failed.
//!
//! A row commits with what it tells of. One job then chains committed rows by hash, in the order in which it finds
//! them; with the head of a day told to the ops group, nothing before it can be altered or left out unseen.

mod chain;
mod operation;
pub mod store;

pub use chain::{Breach, Link, Verdict};
pub use operation::Operation;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::PgConnection;

use crate::account::AdminActor;
use crate::db::StoreError;
use crate::types::{TenantId, UserId};

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody with an account.
    User(UserId),
    /// Whoever ran a command on the machine.
    Console,
    /// The shop by itself.
    Shop,
}

impl From<UserId> for Actor {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl From<&AdminActor> for Actor {
    fn from(admin: &AdminActor) -> Self {
        admin.user().map_or(Self::Console, Self::User)
    }
}

/// Whether it worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "log_status", rename_all = "lowercase")]
pub enum Status {
    /// It did.
    Success,
    /// It didn't.
    Failed,
}

/// What is recorded. Details are ids, counts and dates: no secret, no serial code.
#[derive(Clone, Debug)]
#[must_use = "nothing is recorded until it is given to `record`"]
pub struct Entry {
    tenant: TenantId,
    actor: Actor,
    operation: Operation,
    status: Status,
    details: Map<String, Value>,
}

impl Entry {
    /// Something that worked.
    pub fn new(tenant: TenantId, actor: impl Into<Actor>, operation: Operation) -> Self {
        let actor = actor.into();
        let mut entry = Self { tenant, actor, operation, status: Status::Success, details: Map::new() };
        if actor == Actor::Console {
            entry.details.insert("console".to_owned(), Value::Bool(true));
        }
        entry
    }

    /// It didn't work.
    pub fn failed(mut self) -> Self {
        self.status = Status::Failed;
        self
    }

    /// Adds a detail. Of the keys, `server_id`, `rental_id`, `container_id`, `serial_id` and `user_id` (whom it was
    /// done to) mean the same everywhere. A value that JSON can't hold is left out.
    pub fn with(mut self, key: &str, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.details.insert(key.to_owned(), value);
        }
        self
    }
}

/// Records an entry in the caller's transaction.
pub async fn record(db: &mut PgConnection, now: DateTime<Utc>, entry: &Entry) -> Result<(), StoreError> {
    store::insert(db, now, entry).await
}
