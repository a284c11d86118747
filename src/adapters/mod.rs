//! Every socket: what the domain's ports are to the outside world.

pub mod probe;
pub mod docker;
pub mod ssh;
pub mod telegram;
