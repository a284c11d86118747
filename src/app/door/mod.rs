//! What the webhook answers besides Telegram: admission, and the pages of an ACL.

pub mod admit;
pub mod pages;
