//! The bot: updates in, replies out.

pub mod callback;
pub mod core;
pub mod dialogue;
pub mod screen;
