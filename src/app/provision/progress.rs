//! How far a rental's set-up is, as its one progress message shows it.

use sqlx::PgConnection;

use super::super::{App, AppError};
use crate::fleet::container::{self, Container, ContainerStatus};
use crate::fleet::reconcile::Desired;
use crate::rental::{self, Rental};
use crate::types::RentalId;

/// The stage that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// No server is chosen: all that were tried failed.
    Place,
    /// The containers are being started.
    Start,
    /// They are being tested from outside.
    Probe,
    /// The ACL is being made.
    Config,
    /// All is done.
    Done,
}

/// How far a rental is.
#[derive(Debug)]
pub struct Progress {
    /// The rental.
    pub rental: Rental,
    /// What is under way: the least of its halves.
    pub stage: Stage,
    /// Servers that were tried and given up.
    pub failed: u32,
}

/// Reads how far a rental is; `None` if the tenant has no such rental.
pub async fn progress(
    app: &App,
    conn: &mut PgConnection,
    id: RentalId,
) -> Result<Option<Progress>, AppError> {
    let Some(rental) = rental::store::find(conn, app.tenant, id).await? else { return Ok(None) };
    let containers = container::store::of_rental(conn, id).await?;
    let failed = container::store::failures(conn, id).await?;
    let halves = rental.terms.redundancy.halves();
    let stage = halves
        .iter()
        .map(|half| {
            let mut live = containers.iter().filter(|c| c.half == *half && c.desired != Desired::Removed);
            live.next().map_or(Stage::Place, stage_of)
        })
        .min()
        .unwrap_or(Stage::Place);
    Ok(Some(Progress { rental, stage, failed }))
}

fn stage_of(container: &Container) -> Stage {
    match container.status {
        ContainerStatus::Starting if container.started_at.is_none() => Stage::Start,
        ContainerStatus::Starting => Stage::Probe,
        ContainerStatus::Running | ContainerStatus::Stopped | ContainerStatus::Paused => Stage::Done,
        ContainerStatus::Failed | ContainerStatus::Released => Stage::Place,
    }
}
