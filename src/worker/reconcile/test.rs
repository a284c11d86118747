//! Testing relays from outside, as their clients will meet them.

use std::time::Duration;

use super::{Unsettled, Visit};
use crate::app::provision;
use crate::fleet::container::{Container, ContainerStatus, store as containers};
use crate::fleet::found::{ContainerState, FoundContainer};
use crate::fleet::probe::{ProbeReport, ProbeTarget};
use crate::fleet::reconcile::Desired;

/// Looks at a relay before it counts as failed. A derper answers within a second of its start; the rest is for a
/// busy host.
const TRIES: usize = 12;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// What the tests of a round came to.
pub(super) struct Tested {
    /// A container was given up: there is more to do here.
    pub(super) again: bool,
}

impl Visit<'_> {
    /// Tests every container that runs and hasn't passed.
    pub(super) async fn test(
        &self,
        rows: &[Container],
        found: &[FoundContainer],
    ) -> Result<Tested, Unsettled> {
        let mut again = false;
        for row in rows {
            let up = found
                .iter()
                .any(|f| f.identity == Some(row.identity()) && f.state == ContainerState::Running);
            if row.desired != Desired::Running || row.status != ContainerStatus::Starting || !up {
                continue;
            }
            match self.look(row).await?.first_failure() {
                None => provision::container_passed(self.app(), self.lease, row.id).await?,
                Some((step, failure)) => {
                    tracing::warn!(container = %row.id, server = %row.server, step = step.code(), %failure, "a relay failed its test");
                    let code = format!("{}:{}", step.code(), failure.code());
                    provision::replace_failed(self.app(), row, &code).await?;
                    again = true;
                }
            }
        }
        Ok(Tested { again })
    }

    /// Looks until the relay passes or the tries are used up; answers with the last report.
    async fn look(&self, row: &Container) -> Result<ProbeReport, Unsettled> {
        let mut conn = self.app().pool.acquire().await?;
        let sealed = containers::sealed(&mut conn, row.id).await?;
        drop(conn);
        let shop = &self.app().shop;
        let admits = shop.admission_url.is_some() || shop.public_url.is_some();
        let target = ProbeTarget {
            address: row.address,
            port: row.port,
            stun_port: row.port,
            pin: row.pin,
            mesh_key: Some(provision::open_secrets(self.app(), &sealed)?.mesh_key),
            probe_key: admits.then(|| self.fleet.relays.probe_key.clone()),
        };
        let mut report = self.app().prober.probe(&target).await;
        for _ in 1..TRIES {
            if report.passed() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            report = self.app().prober.probe(&target).await;
        }
        Ok(report)
    }
}
