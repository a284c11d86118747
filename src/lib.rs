//! derpshop: sells private Tailscale DERP relays in a Telegram chat and runs them.
pub mod config;
pub mod derp;
pub mod fleet;
pub mod secret;
