//! Every socket: what the domain's ports are to the outside world.

pub mod backup;
pub mod docker;
pub mod http;
pub mod probe;
pub mod smtp;
pub mod ssh;
pub mod telegram;
pub mod web;
