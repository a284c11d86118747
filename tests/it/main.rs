//! Integration tests: conversations against the real parts.
#![expect(clippy::unwrap_used, reason = "what a test can't do without fails it where it stands")]

mod account;
mod audit;
mod backup;
mod bot;
mod crash;
mod doctor;
mod embedded_pg;
mod fleet;
mod fleet_store;
mod floors;
mod harness;
mod inbox;
mod outbox;
mod probe;
mod provision;
mod redeem;
mod register;
mod restart;
mod schema;
mod settings;
mod tenant;
mod webhook;
