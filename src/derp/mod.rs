//! The product we sell, in bytes: DERP frames and handshake, STUN, derpMap texts and relay
//! certificates. No socket is opened here; `adapters::probe` drives these over real ones.

pub mod cert;
pub mod frame;
pub mod handshake;
pub mod hujson;
pub mod key;
pub mod map;
pub mod policy;
pub mod stun;
mod x509;

pub use cert::CertPin;
pub use key::{MeshKey, NodeKey, NodePrivate};
pub use map::{DerpMap, DerpNode, DerpRegion};
