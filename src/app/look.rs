//! A customer's look at a relay from outside, and the report that goes to the ops group.

use super::{App, AppError, provision};
use crate::fleet::container::{Container, store as containers};
use crate::fleet::probe::{ProbeReport, ProbeTarget, StepOutcome};
use crate::fleet::reconcile::Desired;
use crate::notify::{self, Audience, Letter, Notice, StepResult};
use crate::types::{RentalId, UserId};

/// One half of a relay and how it looks.
#[derive(Debug)]
pub struct Look {
    /// The half.
    pub container: Container,
    /// What was found.
    pub report: ProbeReport,
}

/// Looks at every half of a rental that should run, all at once. The rental must be the caller's own.
pub async fn look(app: &App, rental: RentalId) -> Result<Vec<Look>, AppError> {
    let mut conn = app.pool.acquire().await?;
    let mut targets = Vec::new();
    for container in containers::of_rental(&mut conn, rental).await? {
        if container.desired != Desired::Running {
            continue;
        }
        let sealed = containers::sealed(&mut conn, container.id).await?;
        let target = ProbeTarget {
            address: container.address,
            port: container.port,
            stun_port: container.port,
            pin: container.pin,
            mesh_key: Some(provision::open_secrets(app, &sealed)?.mesh_key),
            probe_key: None,
        };
        targets.push((container, target));
    }
    drop(conn);
    let looks = targets.into_iter().map(|(container, target)| async move {
        Look { report: app.prober.probe(&target).await, container }
    });
    Ok(futures::future::join_all(looks).await)
}

/// Sends what was found to the ops group; answers with the reference that both sides see.
pub async fn report(app: &App, user: UserId, rental: RentalId, looks: &[Look]) -> Result<String, AppError> {
    let now = app.clock.now();
    let results = looks
        .iter()
        .flat_map(|look| {
            look.report.steps().map(|(step, outcome)| StepResult {
                container_id: look.container.id,
                step: step.code().to_owned(),
                outcome: match outcome {
                    StepOutcome::Ok { latency } => format!("{} ms", latency.as_millis()),
                    StepOutcome::Failed(failure) => failure.code().to_owned(),
                    StepOutcome::Skipped => "-".to_owned(),
                },
            })
        })
        .collect();
    let reference = format!("R{rental}-{}", now.timestamp() % 100_000);
    let notice =
        Notice::RelayReport { user_id: user, rental_id: rental, reference: reference.clone(), results };
    let mut tx = app.pool.begin().await?;
    let key = format!("relay_report:{reference}");
    notify::enqueue(&mut tx, now, &Letter::new(app.tenant, Audience::Ops, notice, key)).await?;
    tx.commit().await?;
    Ok(reference)
}
