//! The inbox on a real database: nothing stored is lost, and the updates of a chat stay in order.

mod lanes;
pub(crate) mod probe;
mod store;
