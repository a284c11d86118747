//! What is recorded.

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// What was done. The text in the table never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[$doc])* $name),+
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name in the table.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text),+
                }
            }
        }
    };
}

operations! {
    /// Somebody wrote after an hour's silence.
    UserLogin = "user_login",
    /// Registration was completed.
    UserRegistered = "user_registered",
    /// An account that was made over the API got its Telegram number.
    UserLinked = "user_linked",
    /// Another address was verified.
    UserEmailChanged = "user_email_changed",
    /// The name was changed.
    UserRenamed = "user_renamed",
    /// A right code for an address that belongs to another account.
    UserEmailRefused = "user_email_refused",
    /// Too many wrong codes.
    UserCodeExhausted = "user_code_exhausted",
    /// Too many unknown serials: redemption is locked.
    UserRedeemLocked = "user_redeem_locked",
    /// An account was suspended.
    UserBanned = "user_banned",
    /// A suspension ended.
    UserUnbanned = "user_unbanned",
    /// A role was given.
    UserRoleChanged = "user_role_changed",
    /// A serial was redeemed; failed: an unknown code was tried.
    SerialRedeem = "serial_redeem",
    /// A rental's state or end changed.
    RentalChange = "rental_change",
    /// A container passed its tests; failed: it didn't, and was given up.
    ContainerTest = "container_test",
    /// A container left its server.
    ContainerRelease = "container_release",
    /// Failed: we couldn't act on a server.
    ServerReconcile = "server_reconcile",
    /// A version of an ACL was made.
    AclVersion = "acl_version",
    /// The state from a backup was confirmed.
    RestoreConfirmed = "restore_confirmed",
    /// An admin chose which relays an ACL names.
    AclMode = "acl_mode",
    /// An admin sent a user their ACL again.
    AclResend = "acl_resend",
    /// A server was added.
    ServerAdd = "server_add",
    /// A server's record was changed.
    ServerEdit = "server_edit",
    /// A server was taken out of service.
    ServerDrain = "server_drain",
    /// Set-up of a server ended.
    ServerSetup = "server_setup",
    /// An admin decided that a server goes.
    ServerRemove = "server_remove",
    /// A server's last container is gone, and so is it.
    ServerRemoved = "server_removed",
    /// The first set of plans was made.
    PlansSeed = "plans_seed",
    /// A server type was added or changed.
    ServerTypeEdit = "server_type_edit",
    /// A batch of serials was made.
    SerialGenerate = "serial_generate",
    /// The file of a batch of serials was given out.
    SerialFile = "serial_file",
    /// Another group became the ops group.
    OpsBind = "ops_bind",
    /// A failed job was started again.
    JobRetry = "job_retry",
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_as_the_table_takes_them() {
        let names: HashSet<_> = Operation::ALL.iter().map(|operation| operation.name()).collect();
        assert_eq!(names.len(), Operation::ALL.len());
        assert!(
            names
                .iter()
                .all(|name| name.len() <= 64 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        );
    }
}
