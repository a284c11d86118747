//! Simulated outside world for derpshop: Telegram, mail, hosts and a relay stand-in.

pub mod relay;
