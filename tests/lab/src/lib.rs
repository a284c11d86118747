//! Simulated outside world for derpshop: Telegram, mail, hosts and a relay stand-in.

pub mod cache;
pub mod clock;
#[cfg(target_os = "linux")]
pub mod hosts;
pub mod mail;
pub mod page;
pub mod relay;
pub mod telegram;
pub mod wait;
