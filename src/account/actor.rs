//! Who may do what only admins may.

use super::{Role, User};
use crate::types::{ChatId, UserId};

/// Proof that somebody may act as an admin: one of role admin in the bound ops group, or whoever can run the
/// `derpshop` program on its machine. Functions that only admins may cause take one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminActor {
    user: Option<UserId>,
}

/// Why somebody may not act as an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmin {
    /// This chat isn't the bound ops group.
    #[error("not in the ops group")]
    Elsewhere,
    /// The sender isn't of role admin, or is banned.
    #[error("not an admin")]
    Role,
}

impl AdminActor {
    /// Checks somebody who acts in a chat. `ops` is the ops group that is bound now.
    pub fn in_chat(user: &User, chat: ChatId, ops: Option<ChatId>) -> Result<Self, NotAdmin> {
        if ops != Some(chat) {
            return Err(NotAdmin::Elsewhere);
        }
        match user.role {
            Role::Admin if !user.is_banned && user.closed_at.is_none() => Ok(Self { user: Some(user.id) }),
            Role::Admin | Role::Distributor | Role::User => Err(NotAdmin::Role),
        }
    }

    /// Whoever runs a command on the machine itself. For the command line alone.
    pub const fn at_console() -> Self {
        Self { user: None }
    }

    /// The admin's account; none at the console.
    pub const fn user(&self) -> Option<UserId> {
        self.user
    }
}
