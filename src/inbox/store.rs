//! SQL of `telegram_updates` and `telegram_lanes`.
//!
//! Whatever locks several lanes locks them in the order of `lane_id`, else two statements can wait for each other.
//! A lane's lease is written under its epoch: each claim raises it, so what an earlier owner still writes frees
//! nothing. Times are the database's clock, which is the same for all processes.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{BotId, Kind, LEASE_SECONDS, Lane, WAKE_CHANNEL};
use crate::db::StoreError;

/// An update to store.
#[derive(Debug)]
pub struct NewUpdate {
    /// The bot that it came for.
    pub bot: BotId,
    /// Telegram's number, unique for the bot.
    pub update_id: i64,
    /// Where it queues.
    pub lane: Lane,
    /// How it queues.
    pub kind: Kind,
    /// The sealed body.
    pub payload: Vec<u8>,
}

/// A lane taken by this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The lane.
    pub lane: Lane,
    /// Names this claim among all of the lane's.
    pub epoch: i64,
    /// How often an owner of the lane stopped renewing since the last orderly release.
    pub crashes: i16,
}

/// A stored update, still sealed.
#[derive(Debug)]
pub struct Loaded {
    /// The lane.
    pub lane: Lane,
    /// Telegram's number.
    pub update_id: i64,
    /// The sealed body.
    pub payload: Vec<u8>,
    /// When it was stored.
    pub received_at: DateTime<Utc>,
}

/// The release of one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The lane.
    pub lane: Lane,
    /// The claim's epoch; another one in the row makes this a no-op.
    pub epoch: i64,
}

/// What waits in the inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Updates not yet handled.
    pub open: i64,
    /// Updates that were set aside.
    pub parked: i64,
    /// Age of the oldest open one, in whole seconds.
    pub oldest_seconds: i64,
}

/// Stores updates in the given order; those stored before are left as they are.
pub async fn insert(db: impl PgExecutor<'_>, rows: Vec<NewUpdate>) -> Result<(), StoreError> {
    let (mut bots, mut ids, mut lanes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut urgent, mut payloads) = (Vec::new(), Vec::new());
    for row in rows {
        bots.push(row.bot.0);
        ids.push(row.update_id);
        lanes.push(row.lane.0);
        urgent.push(match row.kind {
            Kind::PreCheckout => true,
            Kind::Ordered => false,
        });
        payloads.push(row.payload);
    }
    sqlx::query!(
        "INSERT INTO telegram_updates (bot_id, update_id, lane_id, urgent, payload)
         SELECT b, u, l, urgent, p
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bool[], $5::bytea[])
              WITH ORDINALITY t (b, u, l, urgent, p, position)
         ORDER BY position
         ON CONFLICT (bot_id, update_id) DO NOTHING",
        &bots,
        &ids,
        &lanes,
        &urgent,
        &payloads
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Tells the bot processes that updates were stored.
pub async fn wake(db: impl PgExecutor<'_>) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_notify($1, '')", WAKE_CHANNEL).execute(db).await?;
    Ok(())
}

/// Takes the free lanes of the oldest `limit` open updates for `owner`, urgent ones first, or urgent ones only.
pub async fn claim(
    db: impl PgExecutor<'_>,
    bot: BotId,
    owner: Uuid,
    limit: i64,
    only_urgent: bool,
) -> Result<Vec<Claimed>, StoreError> {
    // The lane's state is a scalar subquery: as a join, the planner reads all lanes. With one replica waiting for
    // another's lock the ON CONFLICT clause looks at the lane again.
    let rows = sqlx::query!(
        "WITH free AS (
           SELECT DISTINCT lane_id FROM (
             SELECT u.lane_id FROM telegram_updates u
             WHERE u.bot_id = $1 AND u.state = 'open' AND (u.urgent OR NOT $4)
               AND coalesce((SELECT l.owner IS NULL OR l.lease_until < now() FROM telegram_lanes l
                             WHERE l.bot_id = $1 AND l.lane_id = u.lane_id), true)
             ORDER BY u.urgent DESC, u.seq LIMIT $3) oldest)
         INSERT INTO telegram_lanes AS l (bot_id, lane_id, owner, epoch, lease_until)
         SELECT $1, lane_id, $2, 1, now() + make_interval(secs => $5) FROM free ORDER BY lane_id
         ON CONFLICT (bot_id, lane_id) DO UPDATE
         SET owner = excluded.owner, epoch = l.epoch + 1, lease_until = excluded.lease_until,
             crashes = l.crashes + (l.owner IS NOT NULL AND l.owner <> excluded.owner)::int
         WHERE l.owner IS NULL OR l.lease_until < now()
         RETURNING lane_id, epoch, crashes",
        bot.0,
        owner,
        limit,
        only_urgent,
        f64::from(LEASE_SECONDS)
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Claimed { lane: Lane(r.lane_id), epoch: r.epoch, crashes: r.crashes })
        .collect())
}

/// Loads up to `limit` open updates of claimed lanes, in order. A statement of its own after [`claim`], so that it
/// no longer sees what another process finished just before the claim.
pub async fn load(
    db: impl PgExecutor<'_>,
    bot: BotId,
    lanes: &[i64],
    limit: i64,
) -> Result<Vec<Loaded>, StoreError> {
    let rows = sqlx::query!(
        "SELECT lane_id, update_id, payload AS \"payload!\", received_at FROM telegram_updates
         WHERE bot_id = $1 AND state = 'open' AND lane_id = ANY($2)
         ORDER BY urgent DESC, seq LIMIT $3",
        bot.0,
        lanes,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Loaded {
            lane: Lane(r.lane_id),
            update_id: r.update_id,
            payload: r.payload,
            received_at: r.received_at,
        })
        .collect())
}

/// Marks updates as done and releases lanes, in one statement: a lane is never free with a finished update open.
pub async fn complete(
    db: impl PgExecutor<'_>,
    bot: BotId,
    owner: Uuid,
    done: &[i64],
    releases: &[Release],
) -> Result<(), StoreError> {
    let lanes: Vec<i64> = releases.iter().map(|r| r.lane.0).collect();
    let epochs: Vec<i64> = releases.iter().map(|r| r.epoch).collect();
    // `state <> 'done'` rather than `= 'open'`: with the latter the planner takes the index of open rows, which is
    // full of dead entries here.
    sqlx::query!(
        "WITH done AS (
           UPDATE telegram_updates u SET state = 'done', payload = NULL FROM unnest($2::bigint[]) x (id)
           WHERE u.bot_id = $1 AND u.update_id = x.id AND u.state <> 'done'),
         locked AS (
           SELECT l.lane_id, r.epoch FROM unnest($3::bigint[], $4::bigint[]) r (lane_id, epoch)
           JOIN telegram_lanes l ON l.bot_id = $1 AND l.lane_id = r.lane_id
           ORDER BY l.lane_id FOR UPDATE OF l)
         UPDATE telegram_lanes l SET owner = NULL, lease_until = NULL, crashes = 0 FROM locked
         WHERE l.bot_id = $1 AND l.lane_id = locked.lane_id AND l.epoch = locked.epoch AND l.owner = $5",
        bot.0,
        done,
        &lanes,
        &epochs,
        owner
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Prolongs leases; answers with the lanes that are still `owner`'s.
pub async fn renew(
    db: impl PgExecutor<'_>,
    bot: BotId,
    owner: Uuid,
    lanes: &[i64],
) -> Result<Vec<i64>, StoreError> {
    let kept = sqlx::query_scalar!(
        "WITH locked AS (
           SELECT lane_id FROM telegram_lanes WHERE bot_id = $1 AND lane_id = ANY($3) AND owner = $2
           ORDER BY lane_id FOR UPDATE)
         UPDATE telegram_lanes l SET lease_until = now() + make_interval(secs => $4) FROM locked
         WHERE l.bot_id = $1 AND l.lane_id = locked.lane_id AND l.owner = $2
         RETURNING l.lane_id",
        bot.0,
        owner,
        lanes,
        f64::from(LEASE_SECONDS)
    )
    .fetch_all(db)
    .await?;
    Ok(kept)
}

/// Counts one more start of a handler whose lane was taken over after a crash; answers with the count.
pub async fn count_start(db: impl PgExecutor<'_>, bot: BotId, update_id: i64) -> Result<i16, StoreError> {
    let starts = sqlx::query_scalar!(
        "UPDATE telegram_updates SET starts = starts + 1
         WHERE bot_id = $1 AND update_id = $2 AND state = 'open' RETURNING starts",
        bot.0,
        update_id
    )
    .fetch_optional(db)
    .await?;
    starts.ok_or(StoreError::Conflict { table: "telegram_updates" })
}

/// Sets an open update aside; answers whether it was open.
pub async fn park(db: &mut PgConnection, bot: BotId, update_id: i64) -> Result<bool, StoreError> {
    let parked = sqlx::query!(
        "UPDATE telegram_updates SET state = 'parked' WHERE bot_id = $1 AND update_id = $2 AND state = 'open'",
        bot.0,
        update_id
    )
    .execute(db)
    .await?;
    Ok(parked.rows_affected() == 1)
}

/// Puts a parked update back into its lane with a clean count; answers whether it was parked.
pub async fn unpark(db: &mut PgConnection, bot: BotId, update_id: i64) -> Result<bool, StoreError> {
    let opened = sqlx::query!(
        "UPDATE telegram_updates SET state = 'open', starts = 0
         WHERE bot_id = $1 AND update_id = $2 AND state = 'parked'",
        bot.0,
        update_id
    )
    .execute(db)
    .await?;
    Ok(opened.rows_affected() == 1)
}

/// What waits for `bot`.
pub async fn depth(db: impl PgExecutor<'_>, bot: BotId) -> Result<Depth, StoreError> {
    // One index for each state: without `state = …` as it stands in them, this would read a week of done rows.
    let row = sqlx::query!(
        "SELECT open.count AS \"open!\", coalesce(extract(epoch FROM now() - oldest), 0)::bigint AS \"oldest!\",
           (SELECT count(*) FROM telegram_updates WHERE bot_id = $1 AND state = 'parked') AS \"parked!\"
         FROM (SELECT count(*), min(received_at) AS oldest FROM telegram_updates
               WHERE bot_id = $1 AND state = 'open') open",
        bot.0
    )
    .fetch_one(db)
    .await?;
    Ok(Depth { open: row.open, parked: row.parked, oldest_seconds: row.oldest })
}

/// Deletes up to `limit` done updates received before `cutoff`; answers how many.
pub async fn delete_done(
    db: impl PgExecutor<'_>,
    cutoff: DateTime<Utc>,
    limit: i64,
) -> Result<u64, StoreError> {
    let deleted = sqlx::query!(
        "DELETE FROM telegram_updates WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM telegram_updates WHERE state = 'done' AND received_at < $1 LIMIT $2))",
        cutoff,
        limit
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}

/// Deletes up to `limit` lanes that nobody holds and nothing waits in; answers how many.
pub async fn delete_idle_lanes(db: impl PgExecutor<'_>, limit: i64) -> Result<u64, StoreError> {
    let deleted = sqlx::query!(
        "WITH idle AS (
           SELECT l.bot_id, l.lane_id FROM telegram_lanes l
           WHERE l.owner IS NULL AND NOT EXISTS (
             SELECT FROM telegram_updates u
             WHERE u.bot_id = l.bot_id AND u.lane_id = l.lane_id AND u.state = 'open')
           ORDER BY l.lane_id LIMIT $1 FOR UPDATE SKIP LOCKED)
         DELETE FROM telegram_lanes l USING idle
         WHERE l.bot_id = idle.bot_id AND l.lane_id = idle.lane_id",
        limit
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}
