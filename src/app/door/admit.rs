//! Whether a client may use a relay: decided, written down, and told to the relay's owner where it matters.

use chrono::{DateTime, Utc};

use crate::acl::admission::{self, Asker, GRACE, Question, Reason, store};
use crate::app::{AppError, Core};
use crate::derp::NodeKey;
use crate::notify::{self, Audience, Letter, Notice};

/// The purpose of an admission token's digest.
pub const PURPOSE: &str = "admit";

/// Decides about a client of the relay that `token` stands for; `None` if no relay of ours has that token. `probe` is
/// our own, which is always let in: it must see whether the relay asks.
pub async fn admit(
    core: &Core,
    probe: NodeKey,
    token: &str,
    question: &Question,
) -> Result<Option<Reason>, AppError> {
    let digest = core.lookup.digest(PURPOSE, token.as_bytes());
    let now = core.clock.now();
    let mut conn = core.pool.acquire().await?;
    let Some(asker) = store::asker(&mut conn, core.tenant, &digest, question, now).await? else {
        return Ok(None);
    };
    let ours = (question.node == probe).then_some(Reason::Probe);
    if let Some(reason) = ours.or_else(|| admission::decide(&asker, now)) {
        store::log(&mut conn, &asker, question, reason, now).await?;
        return Ok(Some(reason));
    }
    drop(conn);
    newcomer(core, &asker, question, now).await.map(Some)
}

/// A device that doesn't count yet: a free slot, somebody's place, grace, or nothing.
async fn newcomer(
    core: &Core,
    asker: &Asker,
    question: &Question,
    now: DateTime<Utc>,
) -> Result<Reason, AppError> {
    let mut tx = core.pool.begin().await?;
    let counting = store::counting(&mut tx, asker.rental, now).await?;
    let (reason, replaces) = admission::decide_new(asker, question.source(), &counting, now);
    if let Some(old) = replaces {
        store::replaced(&mut tx, old, now).await?;
    }
    match reason {
        Reason::New | Reason::Replaces | Reason::Known | Reason::Probe => {
            store::came(&mut tx, asker.rental, question, None, now).await?;
        }
        Reason::Grace => {
            let until = now + GRACE;
            if store::came(&mut tx, asker.rental, question, Some(until), now).await? {
                tell(core, &mut tx, asker, question, until, now).await?;
            }
        }
        Reason::OverLimit | Reason::Blocked | Reason::NotLive | Reason::Banned => {}
    }
    store::log(&mut tx, asker, question, reason, now).await?;
    tx.commit().await?;
    Ok(reason)
}

/// Tells the owner, once for each device, that it is one too many.
async fn tell(
    core: &Core,
    tx: &mut sqlx::PgConnection,
    asker: &Asker,
    question: &Question,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let notice = Notice::DeviceOverLimit {
        rental_id: asker.rental,
        node_key: question.node.to_string(),
        ip: question.source().map(|ip| ip.to_string()),
        until,
    };
    let key = format!("device_over_limit:{}:{}", asker.rental, question.node);
    notify::enqueue(tx, now, &Letter::new(core.tenant, Audience::User(asker.user), notice, key)).await?;
    Ok(())
}
