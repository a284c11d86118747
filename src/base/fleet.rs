//! How servers and relays are reached, and what the operator decided about them.

use super::TENANT;
use crate::adapters::ssh::{InstallationKey, SshHosts, SshLimits};
use crate::app::App;
use crate::app::relays::Relays;
use crate::config::{Admission, Settings};
use crate::derp::NodePrivate;
use crate::fleet::relay::Limits;
use crate::secret::LookupKey;
use crate::settings::{self, Setting};
use crate::types::InstallId;
use crate::worker::reconcile::Fleet;
use std::sync::Arc;
use uuid::Uuid;

/// What reconciling servers needs. The first time, the installation gets its id and its SSH key.
pub async fn fleet(app: &Arc<App>, settings: &Settings) -> anyhow::Result<Fleet> {
    let key = InstallationKey::create_or_load(&settings.keyring_dir, &*app.random)?;
    let install = settings::store::set_once(&app.pool, TENANT, Setting::Install, Uuid::new_v4()).await?;
    let relays = Relays {
        install: InstallId(install),
        images: settings.relay.images.clone(),
        limits: Limits::default(),
        open_on_outage: settings.relay.admission_on_failure == Admission::Allow,
        probe_key: probe_key(&app.lookup),
    };
    let hosts = Arc::new(SshHosts::new(key, SshLimits::default()));
    Ok(Fleet { app: app.clone(), hosts, relays: Arc::new(relays) })
}

/// The key with which we look at relays as an ordinary client. It follows from the keyring, so that whoever decides
/// about admission knows it without being told.
pub fn probe_key(lookup: &LookupKey) -> NodePrivate {
    NodePrivate::from_random(lookup.digest("probe node key", b""))
}
