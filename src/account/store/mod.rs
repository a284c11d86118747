//! SQL of `users`, `email_codes` and `tailnets`.

mod change;
mod codes;
mod tailnets;
mod users;

pub use change::{
    EmailTaken, UsernameTaken, ban, complete, count_guess, guesses, link_telegram, pending_start,
    release_telegram, set_lang, set_pending_start, set_rental_expiry, set_role, set_username, set_zone,
    unban, verify_email,
};
pub use codes::{
    NewCode, SealedCode, close_code, code_email, consume_code, count_try, delete_old_codes, last_code_email,
    lock_open_code, mark_mailed, open_code, replace_code, sealed_code, sent_since,
};
pub use tailnets::{ensure_tailnet, lock_tailnet, set_acl_mode, tailnet, tailnet_by_digest};
pub use users::{By, NewUser, Seen, all_admins, find, insert, lock, search, touch};
