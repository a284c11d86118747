//! What admins do, from the ops group and from the console. Each act takes the [`crate::account::AdminActor`] that
//! proves who may, and is recorded.

pub mod acl;
pub mod bind;
pub mod confirm;
pub mod customers;
pub mod jobs;
pub mod kinds;
pub mod plans;
pub mod serials;
pub mod servers;
pub mod setup;
