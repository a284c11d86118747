//! SQL of `servers`, `server_types`, `regions` and `server_setups`.

pub mod kinds;
pub mod placement;
pub mod regions;
pub mod servers;
pub mod setups;
