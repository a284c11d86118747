//! How servers and relays are reached, and what the operator decided about them.

use super::{Base, TENANT};
use crate::adapters::ssh::SshSetup;
use crate::app::relays::Relays;
use crate::config::Admission;
use crate::derp::NodePrivate;
use crate::fleet::relay::Limits;
use crate::fleet::setup::ServerSetup;
use crate::secret::LookupKey;
use crate::settings::{self, Setting};
use crate::types::InstallId;
use crate::worker::reconcile::Fleet;
use std::sync::Arc;
use uuid::Uuid;

/// What reconciling servers needs. The first time, the installation gets its id.
pub async fn fleet(base: &Base) -> anyhow::Result<Fleet> {
    let (app, settings) = (&base.app, &base.config.settings);
    let install = settings::store::set_once(&app.pool, TENANT, Setting::Install, Uuid::new_v4()).await?;
    let relays = Relays {
        install: InstallId(install),
        images: settings.relay.images.clone(),
        limits: Limits::default(),
        open_on_outage: settings.relay.admission_on_failure == Admission::Allow,
        probe_key: probe_key(&app.lookup),
    };
    Ok(Fleet { app: app.clone(), hosts: app.hosts.clone(), relays: Arc::new(relays) })
}

/// Sets servers up.
pub fn setup(base: &Base) -> Arc<dyn ServerSetup> {
    Arc::new(SshSetup::new(base.hosts.clone(), base.app.prober.clone(), base.app.clock.clone()))
}

/// The key with which we look at relays as an ordinary client. It follows from the keyring, so that whoever decides
/// about admission knows it without being told.
pub fn probe_key(lookup: &LookupKey) -> NodePrivate {
    NodePrivate::from_random(lookup.digest("probe node key", b""))
}
