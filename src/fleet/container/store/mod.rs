//! SQL of `containers`, `server_leases` and `strangers`.

mod failures;
pub(super) mod leases;
pub mod removal;
pub mod strangers;

pub use failures::{failed_on, failure, failures};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Container, ContainerStatus, NewContainer, ServerLease};
use crate::bytes::Bytes;
use crate::db::{StoreError, ensure_one};
use crate::derp::CertPin;
use crate::fleet::found::DockerId;
use crate::fleet::reconcile::Desired;
use crate::fleet::relay::Generation;
use crate::types::{ContainerId, Half, RentalId, ServerId, TailnetId, UserId, parse_ip};

struct Row {
    id: i64,
    server_id: i64,
    user_id: i64,
    rental_id: i64,
    half: i16,
    port: i32,
    address: String,
    cert_pin: Vec<u8>,
    desired: Desired,
    status: ContainerStatus,
    generation: i32,
    docker_id: Option<String>,
    started_at: Option<DateTime<Utc>>,
    passed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for Container {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let wrong = |column| StoreError::Inconsistent { table: "containers", column, row: row.id };
        Ok(Self {
            id: ContainerId(row.id),
            server: ServerId(row.server_id),
            user: UserId(row.user_id),
            rental: RentalId(row.rental_id),
            half: Half::from_number(row.half).ok_or_else(|| wrong("half"))?,
            port: u16::try_from(row.port).map_err(|_| wrong("port"))?,
            address: parse_ip(&row.address).ok_or_else(|| wrong("address"))?,
            pin: CertPin::from_bytes(row.cert_pin.as_slice().try_into().map_err(|_| wrong("cert_pin"))?),
            desired: row.desired,
            status: row.status,
            generation: Generation::from_db(row.generation),
            docker_id: row.docker_id.map(|id| id.parse().map_err(|_| wrong("docker_id"))).transpose()?,
            started_at: row.started_at,
            passed_at: row.passed_at,
            created_at: row.created_at,
        })
    }
}

/// Stores a container that shall run.
pub async fn insert(
    conn: &mut PgConnection,
    container: &NewContainer,
    at: DateTime<Utc>,
) -> Result<ContainerId, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into containers (server_id, user_id, rental_id, half, port, stun_port, address, cert_pin,
             secrets_sealed, admit_digest, admit_sealed, max_upload_traffic, max_download_traffic, created_at,
             updated_at)
         values ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) returning id",
        container.server.0,
        container.user.0,
        container.rental.0,
        container.half.number(),
        i32::from(container.port),
        container.address.to_string(),
        &container.pin.as_bytes()[..],
        container.secrets_sealed,
        &container.admit_digest[..],
        container.admit_sealed,
        container.max_upload.map(Bytes::to_db),
        container.max_download.map(Bytes::to_db),
        at,
    )
    .fetch_one(conn)
    .await?;
    Ok(ContainerId(id))
}

/// The containers that a server should hold or get rid of: all that aren't released.
pub async fn of_server(conn: &mut PgConnection, server: ServerId) -> Result<Vec<Container>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select id, server_id, user_id, rental_id, half, port, address, cert_pin, desired as "desired: Desired",
                  status as "status: ContainerStatus", generation, docker_id, started_at, passed_at, created_at
           from containers where server_id = $1 and released_at is null order by id"#,
        server.0,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Container::try_from)
    .collect()
}

/// A rental's containers that aren't released, by half.
pub async fn of_rental(conn: &mut PgConnection, rental: RentalId) -> Result<Vec<Container>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select id, server_id, user_id, rental_id, half, port, address, cert_pin, desired as "desired: Desired",
                  status as "status: ContainerStatus", generation, docker_id, started_at, passed_at, created_at
           from containers where rental_id = $1 and released_at is null order by half, id"#,
        rental.0,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Container::try_from)
    .collect()
}

/// A tailnet's containers that its ACL may name: tested once, and not on their way out.
pub async fn of_tailnet(conn: &mut PgConnection, tailnet: TailnetId) -> Result<Vec<Container>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select c.id, c.server_id, c.user_id, c.rental_id, c.half, c.port, c.address, c.cert_pin,
                  c.desired as "desired: Desired", c.status as "status: ContainerStatus", c.generation, c.docker_id,
                  c.started_at, c.passed_at, c.created_at
           from containers c join rentals r on r.id = c.rental_id
           where r.tailnet_id = $1 and c.released_at is null and c.desired <> 'removed' and c.passed_at is not null
           order by c.rental_id, c.half"#,
        tailnet.0,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Container::try_from)
    .collect()
}

/// One container.
pub async fn find(conn: &mut PgConnection, id: ContainerId) -> Result<Option<Container>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"select id, server_id, user_id, rental_id, half, port, address, cert_pin, desired as "desired: Desired",
                  status as "status: ContainerStatus", generation, docker_id, started_at, passed_at, created_at
           from containers where id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .map(Container::try_from)
    .transpose()
}

/// What is sealed of a container.
#[derive(Debug)]
pub struct Sealed {
    /// Names the row inside both.
    pub admit_digest: [u8; 32],
    /// Its secrets.
    pub secrets: Vec<u8>,
    /// Its admission token.
    pub admit: Vec<u8>,
}

/// The sealed columns of a container.
pub async fn sealed(conn: &mut PgConnection, id: ContainerId) -> Result<Sealed, StoreError> {
    let row =
        sqlx::query!("select admit_digest, secrets_sealed, admit_sealed from containers where id = $1", id.0)
            .fetch_one(conn)
            .await?;
    let wrong = StoreError::Inconsistent { table: "containers", column: "admit_digest", row: id.0 };
    Ok(Sealed {
        admit_digest: row.admit_digest.as_slice().try_into().map_err(|_| wrong)?,
        secrets: row.secrets_sealed,
        admit: row.admit_sealed,
    })
}

/// Says what a rental's containers should be; those that are to be removed stay so. Answers with the servers that
/// have something to do.
pub async fn set_desired(
    conn: &mut PgConnection,
    rental: RentalId,
    desired: Desired,
    at: DateTime<Utc>,
) -> Result<Vec<ServerId>, StoreError> {
    let ids = sqlx::query_scalar!(
        "update containers
         set desired = $2, updated_at = $3,
             status = case when $2 = 'running'::container_desired and status = 'stopped'
                           then 'starting'::container_status else status end
         where rental_id = $1 and released_at is null and desired <> 'removed' and desired <> $2
         returning server_id",
        rental.0,
        desired as Desired,
        at,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(ServerId).collect())
}

/// Records what Docker calls the container of this generation.
pub async fn created(
    conn: &mut PgConnection,
    lease: &ServerLease,
    id: ContainerId,
    generation: Generation,
    docker_id: &DockerId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update containers set docker_id = $3, generation = $4, updated_at = $5
         where id = $1 and released_at is null
           and exists (select 1 from server_leases l where l.server_id = containers.server_id and l.epoch = $2)",
        id.0,
        lease.epoch(),
        docker_id.as_str(),
        generation.to_db(),
        at,
    )
    .execute(conn)
    .await?;
    ensure_one(&done, "containers")
}

/// Records that it was started; it serves only once it is tested.
pub async fn started(
    conn: &mut PgConnection,
    lease: &ServerLease,
    id: ContainerId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update containers set status = 'starting', started_at = $3, updated_at = $3
         where id = $1 and desired = 'running' and released_at is null and status <> 'failed'
           and exists (select 1 from server_leases l where l.server_id = containers.server_id and l.epoch = $2)",
        id.0,
        lease.epoch(),
        at,
    )
    .execute(conn)
    .await?;
    ensure_one(&done, "containers")
}

/// Records that it passed its tests.
pub async fn passed(
    conn: &mut PgConnection,
    lease: &ServerLease,
    id: ContainerId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update containers set status = 'running', passed_at = coalesce(passed_at, $3), updated_at = $3
         where id = $1 and status = 'starting' and desired = 'running'
           and exists (select 1 from server_leases l where l.server_id = containers.server_id and l.epoch = $2)",
        id.0,
        lease.epoch(),
        at,
    )
    .execute(conn)
    .await?;
    ensure_one(&done, "containers")
}

/// Records that it is stopped.
pub async fn stopped(
    conn: &mut PgConnection,
    lease: &ServerLease,
    id: ContainerId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update containers set status = 'stopped', updated_at = $3
         where id = $1 and desired = 'stopped' and status in ('starting', 'running', 'paused')
           and exists (select 1 from server_leases l where l.server_id = containers.server_id and l.epoch = $2)",
        id.0,
        lease.epoch(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a container up: it didn't pass, and is to be removed. `failure` is a lasting code.
pub async fn failed(
    conn: &mut PgConnection,
    id: ContainerId,
    failure: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update containers set status = 'failed', desired = 'removed', failure = $2, updated_at = $3
         where id = $1 and status = 'starting' and desired = 'running'",
        id.0,
        failure,
        at,
    )
    .execute(conn)
    .await?;
    ensure_one(&done, "containers")
}

/// Records that nothing of it is left on its server: its port rests from now on. What is gone already stays so.
pub async fn released(
    conn: &mut PgConnection,
    lease: &ServerLease,
    id: ContainerId,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update containers set status = 'released', released_at = $3, updated_at = $3
         where id = $1 and desired = 'removed' and released_at is null
           and exists (select 1 from server_leases l where l.server_id = containers.server_id and l.epoch = $2)",
        id.0,
        lease.epoch(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a container that never served another port, since something foreign holds the one it had; it is made anew
/// under a new name.
pub async fn move_port(
    conn: &mut PgConnection,
    lease: &ServerLease,
    id: ContainerId,
    port: u16,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update containers
         set port = $3, stun_port = $3, generation = generation + 1, docker_id = null, updated_at = $4
         where id = $1 and status = 'starting' and desired = 'running'
           and exists (select 1 from server_leases l where l.server_id = containers.server_id and l.epoch = $2)",
        id.0,
        lease.epoch(),
        i32::from(port),
        at,
    )
    .execute(conn)
    .await?;
    ensure_one(&done, "containers")
}

/// Servers with something to do: a container that isn't what it should be. For the sweep that makes up for a lost
/// job.
pub async fn unsettled(conn: &mut PgConnection) -> Result<Vec<ServerId>, StoreError> {
    let ids = sqlx::query_scalar!(
        "select distinct server_id from containers
         where released_at is null
           and (desired = 'removed' or (desired = 'running' and status <> 'running')
                or (desired = 'stopped' and status <> 'stopped'))",
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(ServerId).collect())
}
