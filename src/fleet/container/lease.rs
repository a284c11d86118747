//! The right to act on a server, for a while.

use std::time::Duration;

use sqlx::PgConnection;
use uuid::Uuid;

use super::store::leases;
use crate::db::StoreError;
use crate::types::ServerId;

/// How long a lease lasts unless it is renewed: what a killed worker costs the next one.
pub const TTL: Duration = Duration::from_secs(20);
/// How often the holder renews it.
pub const RENEWAL: Duration = Duration::from_secs(5);

/// Proof that this process, and no other, acts on a server. Only [`ServerLease::take`] makes one; what creates,
/// starts, stops or removes containers, and what records that, asks for it.
#[derive(Debug)]
pub struct ServerLease {
    server: ServerId,
    owner: Uuid,
    epoch: i64,
}

impl ServerLease {
    /// Takes the lease if nobody holds it. `owner` is this process' run of the job.
    pub async fn take(
        conn: &mut PgConnection,
        server: ServerId,
        owner: Uuid,
    ) -> Result<Option<Self>, StoreError> {
        let epoch = leases::take(conn, server, owner, TTL).await?;
        Ok(epoch.map(|epoch| Self { server, owner, epoch }))
    }

    /// Makes it last anew; a conflict if it was lost meanwhile.
    pub async fn renew(&self, conn: &mut PgConnection) -> Result<(), StoreError> {
        leases::renew(conn, self.server, self.owner, self.epoch, TTL).await
    }

    /// Gives it up, so that the next needn't wait for its end.
    pub async fn release(self, conn: &mut PgConnection) -> Result<(), StoreError> {
        leases::release(conn, self.server, self.owner, self.epoch).await
    }

    /// The server it is for.
    pub const fn server(&self) -> ServerId {
        self.server
    }

    /// The number that each write under it checks.
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }
}
