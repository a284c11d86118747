//! derpshop: sells private Tailscale DERP relays in a Telegram chat, and runs them.
//!
//! The floors, from the bottom: words (this crate's small types), domain (one module per noun: rules and SQL),
//! adapters (every socket), app (use cases, one transaction each), entry (bot, worker, and the `webhook`
//! binary). A file uses its own floor and those below.

// words
pub mod bytes;
pub mod clock;
pub mod db;
pub mod derp;
pub mod money;
pub mod secret;
pub mod types;

// domain
pub mod account;
pub mod acl;
pub mod audit;
pub mod confirm;
pub mod fleet;
pub mod i18n;
pub mod inbox;
pub mod jobs;
pub mod notify;
pub mod plan;
pub mod rental;
pub mod serial;
pub mod settings;

// adapters
pub mod adapters;

// use cases
pub mod app;

// entry
pub mod bot;
pub mod worker;

// edge
pub mod base;
pub mod cli;
pub mod config;
pub mod embedded_pg;
pub mod shutdown;
pub mod telemetry;
