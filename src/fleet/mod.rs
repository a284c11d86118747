//! The fleet: servers, the relays on them, and how both are looked at.

pub mod command;
pub mod container;
pub mod files;
pub mod found;
pub mod host;
pub mod image;
pub mod probe;
pub mod reconcile;
pub mod relay;
pub mod server;
pub mod setup;
pub mod setup_run;
pub mod store;
