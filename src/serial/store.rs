//! SQL of `serial_batches`, `serial_numbers` and `user_serial_association`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Binding, BoundSerial, NewSerial, Serial, SerialDigest, SerialState};
use crate::bytes::Bytes;
use crate::db::{StoreError, ensure_one};
use crate::types::{BatchId, PlanId, Redundancy, RentalId, SerialId, TenantId, Terms, UserId};

/// Postgres' names of a serial's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "serial_status", rename_all = "snake_case")]
pub enum SerialStatus {
    /// Nobody redeemed it.
    Unused,
    /// Redeemed.
    Used,
    /// Too late, or what it paid for is over.
    Expired,
    /// Taken back.
    Revoked,
}

/// Whether a serial was paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "serial_payment_status", rename_all = "snake_case")]
pub enum PaymentStatus {
    /// It was, or needed no payment.
    Paid,
    /// Made on account.
    Unpaid,
}

struct Row {
    id: i64,
    batch_id: i64,
    plan_id: i64,
    valid_days: i32,
    traffic_cap: Option<i64>,
    max_upload_traffic: Option<i64>,
    max_download_traffic: Option<i64>,
    device_limit: i32,
    redundancy: i16,
    code_masked: String,
    payment_status: PaymentStatus,
    status: SerialStatus,
    user_id: Option<i64>,
    used_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    end_date: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Serial {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let wrong = |column| StoreError::Inconsistent { table: "serial_numbers", column, row: row.id };
        let used = row.user_id.map(UserId).zip(row.used_at);
        let state = match row.status {
            SerialStatus::Unused => SerialState::Unused { redeem_by: row.expires_at },
            SerialStatus::Used => {
                let (by, at) = used.ok_or_else(|| wrong("used_at"))?;
                SerialState::Used { by, at }
            }
            SerialStatus::Expired => SerialState::Expired { used, at: row.end_date.or(row.expires_at) },
            SerialStatus::Revoked => SerialState::Revoked,
        };
        Ok(Self {
            id: SerialId(row.id),
            batch: BatchId(row.batch_id),
            plan: PlanId(row.plan_id),
            days: u32::try_from(row.valid_days).map_err(|_| wrong("valid_days"))?,
            terms: Terms {
                traffic_cap: row.traffic_cap.map(Bytes::from_db),
                max_upload: row.max_upload_traffic.map(Bytes::from_db),
                max_download: row.max_download_traffic.map(Bytes::from_db),
                device_limit: u32::try_from(row.device_limit).map_err(|_| wrong("device_limit"))?,
                redundancy: Redundancy::from_number(row.redundancy).ok_or_else(|| wrong("redundancy"))?,
            },
            masked: row.code_masked,
            paid: row.payment_status == PaymentStatus::Paid,
            state,
        })
    }
}

/// What the serials of a batch have in common.
#[derive(Clone, Debug)]
pub struct BatchHead {
    /// The plan they are worth.
    pub plan: PlanId,
    /// Days that each adds.
    pub days: u32,
    /// What they give.
    pub terms: Terms,
    /// Which admin made them; none at the console.
    pub created_by: Option<UserId>,
    /// The last moment to redeem them.
    pub redeem_by: Option<DateTime<Utc>>,
    /// What asked for them: of two batches for one request the second breaks `serial_batches_request_key`.
    pub request: Option<String>,
}

/// Stores a batch of serials that are paid for; the digest's unique key refuses a code that exists.
pub async fn insert_batch(
    conn: &mut PgConnection,
    tenant: TenantId,
    head: &BatchHead,
    serials: &[NewSerial],
    at: DateTime<Utc>,
) -> Result<BatchId, StoreError> {
    let count = i32::try_from(serials.len()).unwrap_or(i32::MAX);
    let batch = sqlx::query_scalar!(
        "insert into serial_batches (tenant_id, plan_id, created_by, count, request, created_at)
         values ($1, $2, $3, $4, $5, $6) returning id",
        tenant.0,
        head.plan.0,
        head.created_by.map(|user| user.0),
        count,
        head.request,
        at,
    )
    .fetch_one(&mut *conn)
    .await?;
    let digests: Vec<Vec<u8>> = serials.iter().map(|serial| serial.digest.0.to_vec()).collect();
    let sealed: Vec<Vec<u8>> = serials.iter().map(|serial| serial.sealed.clone()).collect();
    let masked: Vec<String> = serials.iter().map(|serial| serial.masked.clone()).collect();
    sqlx::query!(
        "insert into serial_numbers (batch_id, code_digest, code_sealed, code_masked, plan_id, valid_days,
             traffic_cap, max_upload_traffic, max_download_traffic, device_limit, redundancy, expires_at, created_at)
         select $1, digest, sealed, masked, $5, $6, $7, $8, $9, $10, $11, $12, $13
         from unnest($2::bytea[], $3::bytea[], $4::text[]) as t (digest, sealed, masked)",
        batch,
        &digests,
        &sealed,
        &masked,
        head.plan.0,
        i32::try_from(head.days).unwrap_or(i32::MAX),
        head.terms.traffic_cap.map(Bytes::to_db),
        head.terms.max_upload.map(Bytes::to_db),
        head.terms.max_download.map(Bytes::to_db),
        i32::try_from(head.terms.device_limit).unwrap_or(i32::MAX),
        head.terms.redundancy.number(),
        head.redeem_by,
        at,
    )
    .execute(conn)
    .await?;
    Ok(BatchId(batch))
}

/// The batch that a request made, if it made one.
pub async fn batch_by_request(
    conn: &mut PgConnection,
    tenant: TenantId,
    request: &str,
) -> Result<Option<BatchId>, StoreError> {
    let id = sqlx::query_scalar!(
        "select id from serial_batches where tenant_id = $1 and request = $2",
        tenant.0,
        request
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(BatchId))
}

/// A batch as it was made.
#[derive(Clone, Copy, Debug)]
pub struct BatchRow {
    /// The plan its serials are worth.
    pub plan: PlanId,
    /// Days that each adds.
    pub days: u32,
    /// How many there are.
    pub count: u32,
}

/// A batch of the tenant.
pub async fn batch(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: BatchId,
) -> Result<Option<BatchRow>, StoreError> {
    let row = sqlx::query!(
        r#"select b.plan_id, b.count, min(s.valid_days) as "days!"
           from serial_batches b join serial_numbers s on s.batch_id = b.id
           where b.tenant_id = $1 and b.id = $2 group by b.id"#,
        tenant.0,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    let wrong = |column| StoreError::Inconsistent { table: "serial_batches", column, row: id.0 };
    row.map(|row| {
        Ok(BatchRow {
            plan: PlanId(row.plan_id),
            days: u32::try_from(row.days).map_err(|_| wrong("days"))?,
            count: u32::try_from(row.count).map_err(|_| wrong("count"))?,
        })
    })
    .transpose()
}

/// The sealed codes of a batch, in the order in which they were made.
pub async fn codes(
    conn: &mut PgConnection,
    tenant: TenantId,
    batch: BatchId,
) -> Result<Vec<(SerialDigest, Vec<u8>)>, StoreError> {
    let rows = sqlx::query!(
        "select s.id, s.code_digest, s.code_sealed
         from serial_numbers s join serial_batches b on b.id = s.batch_id
         where b.tenant_id = $1 and b.id = $2 order by s.id",
        tenant.0,
        batch.0
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong =
                StoreError::Inconsistent { table: "serial_numbers", column: "code_digest", row: row.id };
            Ok((SerialDigest(row.code_digest.try_into().map_err(|_| wrong)?), row.code_sealed))
        })
        .collect()
}

/// The serial with this digest, if the tenant has one.
pub async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    digest: SerialDigest,
) -> Result<Option<Serial>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select s.id, s.batch_id, s.plan_id, s.valid_days, s.traffic_cap, s.max_upload_traffic,
                  s.max_download_traffic, s.device_limit, s.redundancy, s.code_masked,
                  s.payment_status as "payment_status: PaymentStatus", s.status as "status: SerialStatus",
                  s.user_id, s.used_at, s.expires_at, s.end_date
           from serial_numbers s join serial_batches b on b.id = s.batch_id
           where s.code_digest = $1 and b.tenant_id = $2"#,
        &digest.0[..],
        tenant.0,
    )
    .fetch_optional(conn)
    .await?
    .map(Serial::try_from)
    .transpose()
}

/// Takes an unused serial for `user`. Of any number who try at once, one succeeds; the others get a conflict.
pub async fn take(
    conn: &mut PgConnection,
    serial: SerialId,
    user: UserId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update serial_numbers set status = 'used', user_id = $2, used_at = $3
         where id = $1 and status = 'unused' and payment_status = 'paid'
           and (expires_at is null or expires_at > $3)",
        serial.0,
        user.0,
        at,
    )
    .execute(conn)
    .await?;
    ensure_one(&done, "serial_numbers")
}

/// Binds a taken serial to the rental that it went to.
pub async fn bind(conn: &mut PgConnection, binding: &Binding) -> Result<(), StoreError> {
    let (start, end) = binding.slice.unzip();
    let done = sqlx::query!(
        "update serial_numbers set start_date = $2, end_date = $3 where id = $1 and status = 'used'",
        binding.serial.0,
        start,
        end,
    )
    .execute(&mut *conn)
    .await?;
    ensure_one(&done, "serial_numbers")?;
    sqlx::query!(
        "insert into user_serial_association (user_id, serial_number_id, rental_id, updated_rental_expiry, created_at)
         values ($1, $2, $3, $4, $5)",
        binding.user.0,
        binding.serial.0,
        binding.rental.0,
        end,
        binding.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives the serials that were redeemed before the rental started their slices, one after the other from
/// `start`. A second call changes nothing.
pub async fn date_waiting(
    conn: &mut PgConnection,
    rental: RentalId,
    start: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with slice as (
             select a.id as association, s.id as serial, s.valid_days,
                    sum(s.valid_days) over (order by a.created_at, a.id) as upto
             from user_serial_association a join serial_numbers s on s.id = a.serial_number_id
             where a.rental_id = $1 and a.status = 'active' and s.start_date is null and s.status = 'used'),
         dated as (
             update serial_numbers n
             set start_date = $2::timestamptz + make_interval(days => (slice.upto - slice.valid_days)::int),
                 end_date = $2::timestamptz + make_interval(days => slice.upto::int)
             from slice where n.id = slice.serial)
         update user_serial_association a
         set updated_rental_expiry = $2::timestamptz + make_interval(days => slice.upto::int)
         from slice where a.id = slice.association",
        rental.0,
        start,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The serials bound to a rental, oldest first.
pub async fn of_rental(conn: &mut PgConnection, rental: RentalId) -> Result<Vec<BoundSerial>, StoreError> {
    let rows = sqlx::query!(
        "select s.id, s.code_masked, s.valid_days, a.created_at, a.updated_rental_expiry
         from user_serial_association a join serial_numbers s on s.id = a.serial_number_id
         where a.rental_id = $1 order by a.created_at, a.id",
        rental.0,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong =
                StoreError::Inconsistent { table: "serial_numbers", column: "valid_days", row: row.id };
            Ok(BoundSerial {
                id: SerialId(row.id),
                masked: row.code_masked,
                days: u32::try_from(row.valid_days).map_err(|_| wrong)?,
                redeemed: row.created_at,
                until: row.updated_rental_expiry,
            })
        })
        .collect()
}

/// The rental that a serial went to.
pub async fn rental_of(conn: &mut PgConnection, serial: SerialId) -> Result<Option<RentalId>, StoreError> {
    let rental = sqlx::query_scalar!(
        "select rental_id from user_serial_association where serial_number_id = $1",
        serial.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(rental.map(RentalId))
}
