//! The ACL of a tailnet: made anew whenever what it should say differs from what it says.

use std::num::NonZeroU16;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::super::{App, AppError};
use crate::account::{self, AclMode};
use crate::acl::{self, AclChange, Named, NewAcl};
use crate::audit::{self, Actor, Entry, Operation};
use crate::db::StoreError;
use crate::derp::map::{DerpMap, RelayEntry};
use crate::fleet::container::{self, Container};
use crate::fleet::store::regions;
use crate::notify::{self, Audience, Letter, Notice};
use crate::rental;
use crate::types::{AclId, Half, Lang, TailnetId, UserId};

/// Makes a version of a tailnet's ACL if what it should say changed, and sends it to its user.
pub async fn publish(
    app: &App,
    tx: &mut PgConnection,
    user: UserId,
    tailnet: TailnetId,
    now: DateTime<Utc>,
) -> Result<Option<AclId>, AppError> {
    publish_change(app, tx, user, tailnet, None, now).await
}

/// As [`publish`], with `change` in place of what the comparison says, for an admin's act.
pub async fn publish_change(
    app: &App,
    tx: &mut PgConnection,
    user: UserId,
    tailnet: TailnetId,
    change: Option<AclChange>,
    now: DateTime<Utc>,
) -> Result<Option<AclId>, AppError> {
    let Some(locked) = account::store::lock_tailnet(tx, app.tenant, tailnet).await? else { return Ok(None) };
    let mut containers = container::store::of_tailnet(tx, tailnet).await?;
    match locked.mode {
        AclMode::Auto => {}
        AclMode::Manual => {
            let allowed = acl::store::allowed_servers(tx, tailnet).await?;
            containers.retain(|container| allowed.contains(&container.server));
        }
        AclMode::Off => containers.clear(),
    }
    let lang = account::store::find(&mut *tx, app.tenant, account::store::By::Id(user))
        .await?
        .map_or(app.shop.language, |user| user.lang);
    let mut entries = Vec::with_capacity(containers.len());
    for container in &containers {
        entries.push(entry(app, tx, container, tailnet, lang).await?);
    }
    let map = DerpMap::from_iter(entries);
    let old = acl::store::active(tx, tailnet).await?;
    let Some(differs) = AclChange::between(old.as_ref().map(|acl| &acl.map), &map) else { return Ok(None) };
    if old.is_none() && containers.is_empty() {
        return Ok(None);
    }
    let new = NewAcl {
        user,
        tailnet,
        map,
        change: change.unwrap_or(differs),
        named: containers.iter().map(|c| Named { container: c.id, server: c.server }).collect(),
    };
    let id = acl::store::activate(tx, &new, now).await?;
    let entry =
        Entry::new(app.tenant, Actor::Shop, Operation::AclVersion).with("user_id", user).with("acl_id", id);
    audit::record(tx, now, &entry).await?;
    let letter =
        Letter::new(app.tenant, Audience::User(user), Notice::AclReady { acl_id: id }, format!("acl:{id}"));
    notify::enqueue(tx, now, &letter).await?;
    Ok(Some(id))
}

/// What the map says about one container.
async fn entry(
    app: &App,
    tx: &mut PgConnection,
    container: &Container,
    tailnet: TailnetId,
    lang: Lang,
) -> Result<RelayEntry, AppError> {
    let wrong = |column| StoreError::Inconsistent { table: "containers", column, row: container.id.0 };
    let rental =
        rental::store::find(tx, app.tenant, container.rental).await?.ok_or_else(|| wrong("rental_id"))?;
    let region = regions::find(&mut *tx, &rental.region).await?.ok_or_else(|| wrong("rental_id"))?;
    let id = rental::store::region_id(tx, tailnet, rental.id, container.half)
        .await?
        .ok_or_else(|| wrong("half"))?;
    let suffix = match container.half {
        Half::First => "",
        Half::Second => "b",
    };
    let port = NonZeroU16::new(container.port).ok_or_else(|| wrong("port"))?;
    Ok(RelayEntry {
        region_id: u32::try_from(id).map_err(|_| wrong("half"))?,
        code: format!("{}-{}{suffix}", region.short, rental.id),
        name: format!("{} #{}{suffix}", region.title.get(lang), rental.id),
        address: container.address,
        derp_port: port,
        stun_port: port,
        pin: container.pin,
    })
}
