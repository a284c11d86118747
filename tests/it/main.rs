//! Integration tests: conversations against the real parts.
mod embedded_pg;
mod fleet_store;
mod floors;
mod probe;
mod settings;
