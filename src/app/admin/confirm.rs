//! Dangerous acts: asked, then confirmed by the same admin within the time, and done once.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::acl::{self, Choice};
use super::customers::{self, Suspension};
use super::servers::{self, Added, Edited, Removal};
use super::setup::{self, Start};
use crate::account::store::{self as accounts, By};
use crate::account::{AdminActor, User};
use crate::app::lifecycle::{self, Changed, LifecycleError};
use crate::app::{App, AppError};
use crate::confirm::Tap;
use crate::confirm::store as confirmations;
use crate::db::StoreError;
use crate::fleet::server::{NewServer, ServerEdit};
use crate::types::{ConfirmationId, RegionCode, RentalId, ServerId, ServerTypeId, UserId};

/// How long a fingerprint may be compared: somebody has to log in to the server for that.
pub const COMPARE: TimeDelta = TimeDelta::minutes(15);

/// An act as it waits. The stored form of what is asked: a variant keeps its name and fields for as long as the
/// longest wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// Add a server whose fingerprint was compared.
    AddServer {
        /// Its address.
        address: IpAddr,
        /// The port of its sshd.
        ssh_port: u16,
        /// The login name.
        ssh_user: String,
        /// The fingerprint.
        host_key: String,
        /// Where it stands.
        region: RegionCode,
        /// What it is.
        kind: ServerTypeId,
    },
    /// Take another fingerprint for a server's own.
    HostKey {
        /// The server.
        server: ServerId,
        /// The fingerprint.
        host_key: String,
    },
    /// Remove a server and move what stands on it.
    RemoveServer {
        /// The server.
        server: ServerId,
    },
    /// Set a server up although Docker Engine must be restarted under running containers.
    SetUp {
        /// The server.
        server: ServerId,
    },
    /// Set a rental's end.
    Renew {
        /// The rental.
        rental: RentalId,
        /// The new end.
        end: DateTime<Utc>,
    },
    /// Give a rental up.
    Release {
        /// The rental.
        rental: RentalId,
    },
    /// Suspend an account.
    Ban {
        /// Whose.
        user: UserId,
    },
    /// Let a customer's ACL name no relay.
    AclOff {
        /// Whose.
        user: UserId,
    },
}

/// What a confirmed act came to.
#[derive(Debug)]
pub enum Done {
    /// A server was added, or was there.
    Added(Added),
    /// A server's fingerprint was changed.
    HostKey {
        /// The server.
        server: ServerId,
        /// How it went.
        edited: Edited,
        /// The fingerprint.
        host_key: String,
    },
    /// A server goes.
    Removed {
        /// The server.
        server: ServerId,
        /// How it went.
        removal: Removal,
    },
    /// Set-up was started.
    SetUp(Start),
    /// A rental has another end.
    Renewed(Result<Changed, LifecycleError>),
    /// A rental was given up.
    Released(Result<Changed, LifecycleError>),
    /// An account was suspended.
    Banned(Suspension),
    /// A customer's ACL names no relay; outside `None`, the customer has no tailnet, inside, it named none before.
    AclOff {
        /// Whose.
        user: UserId,
        /// The new version's number.
        version: Option<u32>,
    },
    /// What was asked can't be read any more.
    Unreadable,
}

/// What a tap on a confirmation came to.
#[derive(Debug)]
pub enum Tapped {
    /// It was done.
    Done(Box<Done>),
    /// It was called off.
    CalledOff,
    /// Somebody else asked, whose name this is.
    NotYours(String),
    /// Too late.
    Late,
    /// Dealt with before.
    Over,
}

/// Keeps an act until its asker confirms it. Only somebody in the chat is asked, so the console has no use for it.
pub async fn ask(
    app: &App,
    asker: &User,
    act: &Act,
    lifetime: TimeDelta,
) -> Result<ConfirmationId, AppError> {
    let mut db = app.pool.acquire().await?;
    Ok(confirmations::ask(&mut db, app.tenant, asker.id, act, app.clock.now(), lifetime).await?)
}

/// Does what was asked, or calls it off.
pub async fn tap(
    app: &App,
    admin: &AdminActor,
    by: &User,
    id: ConfirmationId,
    go: bool,
) -> Result<Tapped, AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let act: Act = match confirmations::tap(&mut tx, app.tenant, id, by.id, now).await? {
        Tap::Do(act) => act,
        Tap::NotYours { asked_by } => {
            let asker = accounts::find(&mut *tx, app.tenant, By::Id(asked_by)).await?;
            let name = asker.map_or_else(|| asked_by.to_string(), |user| user.username.to_string());
            return Ok(Tapped::NotYours(name));
        }
        Tap::Late => {
            tx.commit().await?;
            return Ok(Tapped::Late);
        }
        Tap::Over => return Ok(Tapped::Over),
    };
    if !go {
        tx.commit().await?;
        return Ok(Tapped::CalledOff);
    }
    let done = perform(app, &mut tx, admin, act, now).await?;
    if let Done::Removed { removal: Removal::NoRoom { .. }, .. } = done {
        // Nothing of the removal stays; a second tap finds the same or, by then, room.
        tx.rollback().await?;
    } else {
        tx.commit().await?;
    }
    Ok(Tapped::Done(Box::new(done)))
}

async fn perform(
    app: &App,
    tx: &mut PgConnection,
    admin: &AdminActor,
    act: Act,
    now: DateTime<Utc>,
) -> Result<Done, AppError> {
    Ok(match act {
        Act::AddServer { address, ssh_port, ssh_user, host_key, region, kind } => {
            let (Ok(ssh_user), Ok(host_key)) = (ssh_user.parse(), host_key.parse()) else {
                return Ok(Done::Unreadable);
            };
            let ports = app.shop.relay_ports;
            let server = NewServer { address, ssh_port, ssh_user, host_key, region, kind, ports };
            Done::Added(servers::add(app, tx, admin, &server, now).await?)
        }
        Act::HostKey { server, host_key } => {
            let Ok(key) = host_key.parse() else { return Ok(Done::Unreadable) };
            let change = ServerEdit::HostKey(key);
            let edited = servers::edit(app, tx, admin, server, &change, "key", now).await?;
            Done::HostKey { server, edited, host_key }
        }
        Act::RemoveServer { server } => {
            Done::Removed { server, removal: servers::remove(app, tx, admin, server, now).await? }
        }
        Act::SetUp { server } => Done::SetUp(setup::start(app, tx, admin, server, true, now).await?),
        Act::Renew { rental, end } => {
            Done::Renewed(refused(lifecycle::renew_in(app, tx, admin, rental, end, now).await)?)
        }
        Act::Release { rental } => {
            Done::Released(refused(lifecycle::release(app, tx, admin, rental, now).await)?)
        }
        Act::Ban { user } => Done::Banned(customers::ban(app, tx, admin, user, now).await?),
        Act::AclOff { user } => {
            let made = acl::choose(app, tx, admin, user, &Choice::Off, now).await?.flatten();
            let version = match made {
                Some(id) => acl::version(app, tx, id).await?,
                None => None,
            };
            Done::AclOff { user, version }
        }
    })
}

/// Tells a refusal, which is an answer, from a failure of ours.
fn refused(outcome: Result<Changed, LifecycleError>) -> Result<Result<Changed, LifecycleError>, AppError> {
    match outcome {
        Err(LifecycleError::Failed(error)) => Err(error),
        other @ (Ok(_) | Err(LifecycleError::NotFound | LifecycleError::State(_))) => Ok(other),
    }
}

/// Confirmations older than this are forgotten.
const KEPT: TimeDelta = TimeDelta::days(7);
/// Rows deleted by one statement.
const DELETED: i64 = 1000;

/// Deletes confirmations that nobody can tap any more.
pub async fn clean(app: &App) -> Result<(), StoreError> {
    let mut db = app.pool.acquire().await?;
    let before = app.clock.now() - KEPT;
    while confirmations::delete_old(&mut db, before, DELETED).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_keep_their_stored_form() {
        let end = "2026-12-24T15:59:59Z".parse().unwrap();
        let act = Act::Renew { rental: RentalId(102), end };
        let stored = serde_json::json!({"act": "renew", "rental": 102, "end": "2026-12-24T15:59:59Z"});
        assert_eq!(serde_json::to_value(&act).unwrap(), stored);
        assert_eq!(serde_json::from_value::<Act>(stored).unwrap(), act);
    }
}
