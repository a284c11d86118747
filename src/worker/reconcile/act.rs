//! Doing what a plan says on one server.

use std::time::Duration;

use super::{Unsettled, Visit};
use crate::app::{AppError, provision};
use crate::bytes::Bytes;
use crate::db::StoreError;
use crate::fleet::container::{Container, store as containers};
use crate::fleet::found::{DockerId, RelayIdentity};
use crate::fleet::host::HostError;
use crate::fleet::image::{Arch, RelayImage};
use crate::fleet::reconcile::Action;
use crate::fleet::relay::{Admission, RelaySpec};
use crate::fleet::store::placement;

/// How long a relay may take to end by itself.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// Whether an act on the server went through. An inner error concerns this container alone.
type Acted = Result<(), HostError>;

impl Visit<'_> {
    /// Does one container's actions in order; the first error ends them. The outer error ends the visit.
    pub(super) async fn act(&self, row: Option<&Container>, actions: &[Action]) -> Result<Acted, Unsettled> {
        // What a create made, for the start after it.
        let mut made = None;
        for action in actions {
            match self.perform(row, action, &mut made).await {
                Ok(()) => {}
                Err(Unsettled::Host(error)) => return self.troubled(row, error).await,
                // The row was changed meanwhile, by an admin or a customer: the next round sees how.
                Err(Unsettled::App(AppError::Store(StoreError::Conflict { table: "containers" }))) => {
                    return Ok(Ok(()));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(Ok(()))
    }

    async fn perform(
        &self,
        row: Option<&Container>,
        action: &Action,
        made: &mut Option<DockerId>,
    ) -> Result<(), Unsettled> {
        match (action, row) {
            (Action::Create { identity }, Some(row)) => {
                let id = self.create(row, *identity).await?;
                self.upload(row, &id).await?;
                *made = Some(id);
            }
            (Action::Upload { id, .. }, Some(row)) => self.upload(row, id).await?,
            (Action::Adopt { identity, id }, Some(row)) => self.record_created(row, *identity, id).await?,
            (Action::Start { id, .. }, Some(row)) => {
                let Some(id) = id.as_ref().or(made.as_ref()) else { return Ok(()) };
                self.session.start(id).await?;
                provision::container_started(self.app(), self.lease, row.id).await?;
            }
            (Action::Stop { id, .. } | Action::StopUnknown { id }, _) => {
                gone_is_done(self.session.stop(id, STOP_GRACE).await)?;
            }
            (Action::Remove { id, .. } | Action::RemoveUnknown { id }, _) => {
                gone_is_done(self.session.remove(id).await)?;
            }
            // A plan names only containers whose rows it was made from.
            (
                Action::Create { .. } | Action::Upload { .. } | Action::Adopt { .. } | Action::Start { .. },
                None,
            ) => {}
        }
        Ok(())
    }

    async fn create(&self, row: &Container, identity: RelayIdentity) -> Result<DockerId, Unsettled> {
        let spec = self.spec(row, identity).await?;
        let id = match self.session.create(&spec).await {
            Err(HostError::ImageMissing { .. }) => {
                self.load_image().await?;
                self.session.create(&spec).await?
            }
            other => other?,
        };
        self.record_created(row, identity, &id).await?;
        Ok(id)
    }

    async fn record_created(
        &self,
        row: &Container,
        identity: RelayIdentity,
        id: &DockerId,
    ) -> Result<(), Unsettled> {
        let mut conn = self.app().pool.acquire().await?;
        let now = self.app().clock.now();
        containers::created(&mut conn, self.lease, row.id, identity.generation, id, now).await?;
        Ok(())
    }

    async fn upload(&self, row: &Container, id: &DockerId) -> Result<(), Unsettled> {
        let mut conn = self.app().pool.acquire().await?;
        let sealed = containers::sealed(&mut conn, row.id).await?;
        drop(conn);
        let secrets = provision::open_secrets(self.app(), &sealed)?;
        self.session.upload(id, &secrets.files(row.address)).await?;
        Ok(())
    }

    async fn spec(&self, row: &Container, identity: RelayIdentity) -> Result<RelaySpec, Unsettled> {
        let relays = &self.fleet.relays;
        let shop = &self.app().shop;
        let admission = match shop.admission_url.as_ref().or(shop.public_url.as_ref()) {
            None => None,
            Some(url) => {
                let mut conn = self.app().pool.acquire().await?;
                let sealed = containers::sealed(&mut conn, row.id).await?;
                let token = provision::open_admit_token(self.app(), &sealed)?;
                Some(Admission {
                    url: format!("{url}/derp/admit/{token}"),
                    open_on_outage: relays.open_on_outage,
                })
            }
        };
        Ok(RelaySpec {
            install: relays.install,
            identity,
            image: self.image()?.image.clone(),
            address: row.address,
            port: row.port,
            limits: relays.limits,
            admission,
        })
    }

    /// The image for this server's architecture; without one, nothing can be created here.
    fn image(&self) -> Result<&RelayImage, HostError> {
        let arch = self.server.hardware.as_ref().map_or(Arch::Amd64, |hardware| hardware.arch);
        self.fleet.relays.images.get(&arch).ok_or(HostError::NoImage { arch })
    }

    async fn load_image(&self) -> Result<(), Unsettled> {
        let image = self.image()?;
        let server = self.server.id;
        let progress = move |sent: Bytes, total: Bytes| {
            tracing::debug!(%server, %sent, %total, "relay image on its way");
        };
        self.session.load_image(&image.archive, &progress).await?;
        Ok(())
    }

    /// One container met an error on the server: another port, another server, or another try.
    async fn troubled(&self, row: Option<&Container>, error: HostError) -> Result<Acted, Unsettled> {
        let Some(row) = row else { return Ok(Err(error)) };
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            container = %row.id,
            server = %row.server,
            "a container could not be acted on"
        );
        if let HostError::PortTaken { port } = error
            && row.passed_at.is_none()
            && self.move_port(row, port).await?
        {
            return Ok(Ok(()));
        }
        // Removed under our hands: the next round makes it anew.
        if matches!(error, HostError::NotFound { .. }) {
            return Ok(Ok(()));
        }
        if error.is_transient() {
            return Ok(Err(error));
        }
        provision::replace_failed(self.app(), row, error.code()).await?;
        Ok(Ok(()))
    }

    /// Something foreign holds a relay's port before anybody was told of it: gives it another; `false` if none is
    /// left.
    async fn move_port(&self, row: &Container, taken: u16) -> Result<bool, Unsettled> {
        let app = self.app();
        let now = app.clock.now();
        let mut tx = app.pool.begin().await?;
        let free = placement::free_port(&mut tx, app.tenant, row.server, &[taken, row.port], now).await?;
        if let Some(free) = free {
            containers::move_port(&mut tx, self.lease, row.id, free, now).await?;
            tx.commit().await?;
        }
        Ok(free.is_some())
    }
}

/// What should be gone and is gone is done.
fn gone_is_done(outcome: Acted) -> Acted {
    match outcome {
        Err(HostError::NotFound { .. }) => Ok(()),
        other => other,
    }
}
