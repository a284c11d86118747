//! The outbox on a real database, before a Telegram that does as the test says.

mod order;
mod trouble;
pub(crate) mod wire;
