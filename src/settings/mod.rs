//! Facts that an admin or the shop itself sets at run time, one row each (table `settings`).
//!
//! What the operator decides before start stands in the configuration instead.

pub mod store;

/// The facts that there are. The stored value's type stands at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Fingerprint (text) of the keyring that sealed this database's secrets, so that another is refused at start.
    Keyring,
    /// `true` after a restore, until an admin confirms it: no container is removed meanwhile, since servers may carry
    /// relays that the restored state knows nothing of.
    RestorePendingConfirmation,
    /// The chat id (number) of the ops group.
    OpsGroup,
    /// The installation's id (text, a UUID), which marks our containers.
    Install,
    /// The digest (hex) and end of the code that binds an ops group (object).
    BindCode,
}

impl Setting {
    /// Its key in the table.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::RestorePendingConfirmation => "restore_pending_confirmation",
            Self::OpsGroup => "ops_group",
            Self::Install => "install",
            Self::BindCode => "bind_code",
        }
    }
}
