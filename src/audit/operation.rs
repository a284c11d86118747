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
