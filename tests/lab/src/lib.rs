//! Simulated outside world for derpshop: Telegram, mail, hosts and a relay stand-in.

pub mod clock;
pub mod mail;
pub mod page;
pub mod relay;
pub mod telegram;
