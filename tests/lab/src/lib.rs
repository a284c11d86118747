//! Simulated outside world for derpshop: Telegram, mail, hosts and a relay stand-in.

pub mod relay;
pub mod clock;
pub mod telegram;
