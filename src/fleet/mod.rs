//! The fleet: servers, the relays on them, and how both are looked at.

pub mod probe;
