//! A customer's ACL, as admins choose and resend it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::account::store as accounts;
use crate::account::{AclMode, AdminActor, User};
use crate::acl::{self, Acl, AclChange};
use crate::app::provision;
use crate::app::{App, AppError, Core};
use crate::audit::{self, Entry, Operation};
use crate::fleet::server::ServerName;
use crate::fleet::store::servers;
use crate::notify::{self, Audience, Letter, Notice};
use crate::types::{AclId, ServerId, UserId};

/// Which relays a customer's ACL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// All.
    Auto,
    /// Those on these servers.
    Servers(Vec<ServerId>),
    /// None.
    Off,
}

impl Choice {
    const fn mode(&self) -> AclMode {
        match self {
            Self::Auto => AclMode::Auto,
            Self::Servers(_) => AclMode::Manual,
            Self::Off => AclMode::Off,
        }
    }

    /// Its name in records.
    const fn name(&self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Servers(_) => "manual",
            Self::Off => "off",
        }
    }
}

/// A customer's ACL as it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Which relays it names.
    pub mode: AclMode,
    /// In manual mode, the servers whose relays it names.
    pub servers: Vec<ServerName>,
    /// The version in force.
    pub active: Option<Acl>,
}

/// A customer's ACL; `None` for one without a tailnet.
pub async fn standing(app: &Core, user: UserId) -> Result<Option<Standing>, AppError> {
    let mut db = app.pool.acquire().await?;
    let Some(tailnet) = accounts::tailnet(&mut *db, app.tenant, user).await? else { return Ok(None) };
    let mut names = Vec::new();
    for id in acl::store::allowed_servers(&mut db, tailnet.id).await? {
        if let Some(listed) = servers::get(&mut *db, app.tenant, id).await? {
            names.push(listed.server.name());
        }
    }
    let active = acl::store::active(&mut db, tailnet.id).await?;
    Ok(Some(Standing { mode: tailnet.mode, servers: names, active }))
}

/// Chooses which relays a customer's ACL names. Answers with the new version, if it says something else than the one
/// before; `None` outside for a customer without a tailnet.
pub async fn choose(
    app: &App,
    tx: &mut PgConnection,
    admin: &AdminActor,
    user: UserId,
    choice: &Choice,
    now: DateTime<Utc>,
) -> Result<Option<Option<AclId>>, AppError> {
    let Some(tailnet) = accounts::tailnet(&mut *tx, app.tenant, user).await? else { return Ok(None) };
    let tailnet = tailnet.id;
    accounts::lock_tailnet(tx, app.tenant, tailnet).await?;
    let servers: &[ServerId] = match choice {
        Choice::Servers(servers) => servers,
        Choice::Auto | Choice::Off => &[],
    };
    accounts::set_acl_mode(&mut *tx, app.tenant, tailnet, choice.mode(), admin).await?;
    acl::store::set_allowed_servers(tx, tailnet, servers).await?;
    let entry = Entry::new(app.tenant, admin, Operation::AclMode)
        .with("user_id", user)
        .with("mode", choice.name())
        .with("servers", servers);
    audit::record(tx, now, &entry).await?;
    Ok(Some(provision::publish_change(app, tx, user, tailnet, Some(AclChange::Manual), now).await?))
}

/// Sends a customer the version in force again; `false` if there is none.
pub async fn resend(app: &Core, admin: &AdminActor, user: &User) -> Result<bool, AppError> {
    let now = app.clock.now();
    let mut tx = app.pool.begin().await?;
    let Some(tailnet) = accounts::tailnet(&mut *tx, app.tenant, user.id).await? else { return Ok(false) };
    let Some(active) = acl::store::active(&mut tx, tailnet.id).await? else { return Ok(false) };
    let key = format!("acl:{}:again:{}", active.id, now.timestamp_micros());
    let notice = Notice::AclReady { acl_id: active.id };
    notify::enqueue(&mut tx, now, &Letter::new(app.tenant, Audience::User(user.id), notice, key)).await?;
    let entry = Entry::new(app.tenant, admin, Operation::AclResend)
        .with("user_id", user.id)
        .with("acl_id", active.id);
    audit::record(&mut tx, now, &entry).await?;
    tx.commit().await?;
    Ok(true)
}

/// The number of a version.
pub async fn version(app: &Core, db: &mut PgConnection, id: AclId) -> Result<Option<u32>, AppError> {
    Ok(acl::store::find(db, app.tenant, id).await?.map(|acl| acl.version))
}
