//! SQL of `rentals`, `rental_containers` and `tailnet_regions`.

mod regions;

pub use regions::{region_id, region_ids};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{NewRental, Rental, RentalState};
use crate::bytes::Bytes;
use crate::db::{StoreError, ensure_one};
use crate::types::{
    ContainerId, Half, PlanId, Redundancy, RegionCode, RentalId, ServerId, TailnetId, TenantId, Terms, UserId,
};

/// Postgres' names of a rental's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "rental_status", rename_all = "snake_case")]
pub enum RentalStatus {
    /// No container ran yet.
    Starting,
    /// Its time runs.
    Active,
    /// Its time stands still.
    Paused,
    /// Its time is over.
    Expired,
    /// Its resources are given up.
    Released,
}

impl From<RentalState> for RentalStatus {
    fn from(state: RentalState) -> Self {
        match state {
            RentalState::Starting { .. } => Self::Starting,
            RentalState::Active { .. } => Self::Active,
            RentalState::Paused { .. } => Self::Paused,
            RentalState::Expired { .. } => Self::Expired,
            RentalState::Released { .. } => Self::Released,
        }
    }
}

struct Row {
    id: i64,
    user_id: i64,
    tailnet_id: i64,
    plan_id: i64,
    region: String,
    status: RentalStatus,
    traffic_cap: Option<i64>,
    max_upload_traffic: Option<i64>,
    max_download_traffic: Option<i64>,
    device_limit: i32,
    redundancy: i16,
    waiting_days: i32,
    start_date: Option<DateTime<Utc>>,
    end_date: Option<DateTime<Utc>>,
    paused_at: Option<DateTime<Utc>>,
    released_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Rental {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let wrong = |column| StoreError::Inconsistent { table: "rentals", column, row: row.id };
        let dates = row.start_date.zip(row.end_date).ok_or_else(|| wrong("end_date"));
        let state = match row.status {
            RentalStatus::Starting => RentalState::Starting {
                days: u32::try_from(row.waiting_days).map_err(|_| wrong("waiting_days"))?,
            },
            RentalStatus::Active => dates.map(|(start, end)| RentalState::Active { start, end })?,
            RentalStatus::Paused => {
                let (start, end) = dates?;
                RentalState::Paused { start, end, since: row.paused_at.ok_or_else(|| wrong("paused_at"))? }
            }
            RentalStatus::Expired => dates.map(|(start, end)| RentalState::Expired { start, end })?,
            RentalStatus::Released => {
                RentalState::Released { at: row.released_at.ok_or_else(|| wrong("released_at"))? }
            }
        };
        Ok(Self {
            id: RentalId(row.id),
            user: UserId(row.user_id),
            tailnet: TailnetId(row.tailnet_id),
            plan: PlanId(row.plan_id),
            region: row.region.parse().map_err(|_| wrong("region"))?,
            terms: Terms {
                traffic_cap: row.traffic_cap.map(Bytes::from_db),
                max_upload: row.max_upload_traffic.map(Bytes::from_db),
                max_download: row.max_download_traffic.map(Bytes::from_db),
                device_limit: u32::try_from(row.device_limit).map_err(|_| wrong("device_limit"))?,
                redundancy: Redundancy::from_number(row.redundancy).ok_or_else(|| wrong("redundancy"))?,
            },
            state,
        })
    }
}

/// Stores a rental whose days wait for its first container.
pub async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    rental: &NewRental,
    at: DateTime<Utc>,
) -> Result<RentalId, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into rentals (tenant_id, user_id, tailnet_id, plan_id, region, traffic_cap, max_upload_traffic,
             max_download_traffic, device_limit, redundancy, waiting_days, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) returning id",
        tenant.0,
        rental.user.0,
        rental.tailnet.0,
        rental.plan.0,
        rental.region.as_str(),
        rental.terms.traffic_cap.map(Bytes::to_db),
        rental.terms.max_upload.map(Bytes::to_db),
        rental.terms.max_download.map(Bytes::to_db),
        i32::try_from(rental.terms.device_limit).unwrap_or(i32::MAX),
        rental.terms.redundancy.number(),
        i32::try_from(rental.days).unwrap_or(i32::MAX),
        at,
    )
    .fetch_one(conn)
    .await?;
    Ok(RentalId(id))
}

/// One rental of the tenant.
pub async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    rental: RentalId,
) -> Result<Option<Rental>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select id, user_id, tailnet_id, plan_id, region, status as "status: RentalStatus", traffic_cap,
                  max_upload_traffic, max_download_traffic, device_limit, redundancy, waiting_days, start_date,
                  end_date, paused_at, released_at
           from rentals where tenant_id = $1 and id = $2"#,
        tenant.0,
        rental.0,
    )
    .fetch_optional(conn)
    .await?
    .map(Rental::try_from)
    .transpose()
}

/// One rental, locked until the transaction ends.
pub async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    rental: RentalId,
) -> Result<Option<Rental>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select id, user_id, tailnet_id, plan_id, region, status as "status: RentalStatus", traffic_cap,
                  max_upload_traffic, max_download_traffic, device_limit, redundancy, waiting_days, start_date,
                  end_date, paused_at, released_at
           from rentals where tenant_id = $1 and id = $2 for update"#,
        tenant.0,
        rental.0,
    )
    .fetch_optional(conn)
    .await?
    .map(Rental::try_from)
    .transpose()
}

/// A user's rentals, those that live first, newest first among them.
pub async fn of_user(
    conn: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<Rental>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select id, user_id, tailnet_id, plan_id, region, status as "status: RentalStatus", traffic_cap,
                  max_upload_traffic, max_download_traffic, device_limit, redundancy, waiting_days, start_date,
                  end_date, paused_at, released_at
           from rentals where tenant_id = $1 and user_id = $2 order by status = 'released', id desc"#,
        tenant.0,
        user.0,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Rental::try_from)
    .collect()
}

/// Rentals of the tenant whose time ran out, at most `limit`.
pub async fn ended(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<RentalId>, StoreError> {
    let ids = sqlx::query_scalar!(
        "select id from rentals where tenant_id = $1 and status = 'active' and end_date <= $2
         order by end_date limit $3",
        tenant.0,
        now,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(RentalId).collect())
}

/// Moves a rental from the state it was read in to `to`; somebody else's change in between is a conflict.
pub async fn transition(
    conn: &mut PgConnection,
    rental: &Rental,
    to: RentalState,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (waiting, start, end, paused, released) = match to {
        RentalState::Starting { days } => (days, None, None, None, None),
        RentalState::Active { start, end } | RentalState::Expired { start, end } => {
            (0, Some(start), Some(end), None, None)
        }
        RentalState::Paused { start, end, since } => (0, Some(start), Some(end), Some(since), None),
        // A released rental keeps the dates it had: they are its history.
        RentalState::Released { at } => (0, None, None, None, Some(at)),
    };
    let done = sqlx::query!(
        "update rentals set status = $4, waiting_days = $5, start_date = coalesce($6, start_date),
             end_date = coalesce($7, end_date), paused_at = $8, released_at = $9, updated_at = $10
         where id = $1 and status = $2 and end_date is not distinct from $3",
        rental.id.0,
        RentalStatus::from(rental.state) as RentalStatus,
        rental.state.end(),
        RentalStatus::from(to) as RentalStatus,
        i32::try_from(waiting).unwrap_or(i32::MAX),
        start,
        end,
        paused,
        released,
        at,
    )
    .execute(conn)
    .await?;
    ensure_one(&done, "rentals")
}

/// Moves a rental that isn't running yet to another region.
pub async fn set_region(
    conn: &mut PgConnection,
    rental: &Rental,
    region: &RegionCode,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update rentals set region = $2, updated_at = $3 where id = $1 and status = $4",
        rental.id.0,
        region.as_str(),
        at,
        RentalStatus::from(rental.state) as RentalStatus,
    )
    .execute(conn)
    .await?;
    ensure_one(&done, "rentals")
}

/// Records that a container serves a rental from `at` on.
pub async fn attach(
    conn: &mut PgConnection,
    rental: RentalId,
    container: ContainerId,
    server: ServerId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into rental_containers (rental_id, container_id, server_id, attached_at) values ($1, $2, $3, $4)
         on conflict do nothing",
        rental.0,
        container.0,
        server.0,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records that a container serves a rental no more.
pub async fn detach(
    conn: &mut PgConnection,
    rental: RentalId,
    container: ContainerId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update rental_containers set detached_at = $3
         where rental_id = $1 and container_id = $2 and detached_at is null",
        rental.0,
        container.0,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The latest end over a user's rentals that aren't released.
pub async fn latest_end(
    conn: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let end = sqlx::query_scalar!(
        "select max(end_date) from rentals where tenant_id = $1 and user_id = $2 and status <> 'released'",
        tenant.0,
        user.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(end)
}

/// Halves of rentals that should have a relay and have none, at most `limit`.
pub async fn without_container(
    conn: &mut PgConnection,
    tenant: TenantId,
    limit: i64,
) -> Result<Vec<(RentalId, Half)>, StoreError> {
    let rows = sqlx::query!(
        "select r.rental_id, r.half
         from tailnet_regions r join rentals t on t.id = r.rental_id join users u on u.id = t.user_id
         where t.tenant_id = $1 and t.status in ('starting', 'active') and not u.is_banned
           and not exists (select 1 from containers c
                           where c.rental_id = r.rental_id and c.half = r.half and c.released_at is null
                             and c.desired <> 'removed')
         order by r.rental_id, r.half limit $2",
        tenant.0,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((RentalId(row.rental_id), Half::from_number(row.half)?)))
        .collect())
}

/// Rentals that ended at or before `ended`: their keeping is over. At most `limit`.
pub async fn kept_since(
    conn: &mut PgConnection,
    tenant: TenantId,
    ended: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<RentalId>, StoreError> {
    let ids = sqlx::query_scalar!(
        "select id from rentals where tenant_id = $1 and status = 'expired' and end_date <= $2
         order by end_date limit $3",
        tenant.0,
        ended,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(RentalId).collect())
}
