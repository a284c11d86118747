//! What the operator decided about relays, as the worker needs it.

use std::collections::BTreeMap;
use std::fmt;

use crate::derp::NodePrivate;
use crate::fleet::image::{Arch, RelayImage};
use crate::fleet::relay::Limits;
use crate::types::InstallId;

/// Settings of every relay of this installation.
#[derive(Clone)]
pub struct Relays {
    /// Marks our containers.
    pub install: InstallId,
    /// The image for each architecture.
    pub images: BTreeMap<Arch, RelayImage>,
    /// What a container may use of its host.
    pub limits: Limits,
    /// Whether clients get in while admission can't be asked at all.
    pub open_on_outage: bool,
    /// The key with which we look at relays as an ordinary client.
    pub probe_key: NodePrivate,
}

impl fmt::Debug for Relays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relays").field("install", &self.install).finish_non_exhaustive()
    }
}
