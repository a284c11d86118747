//! What may fail in a use case for reasons of ours.

use crate::db::StoreError;
use crate::fleet::container::UnreadableSecrets;
use crate::jobs::EnqueueError;
use crate::secret::SecretError;

/// A use case failed, and nobody who asked for it is at fault. Its transaction was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store couldn't answer, or refused.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A job couldn't be queued.
    #[error("a job could not be queued")]
    Queue(#[from] EnqueueError),
    /// A sealed value didn't open.
    #[error("a sealed value did not open")]
    Secret(#[from] SecretError),
    /// A sealed value opened to something unknown.
    #[error("a relay's secrets are damaged")]
    RelaySecrets(#[from] UnreadableSecrets),
    /// A relay's certificate couldn't be made.
    #[error("a certificate could not be made")]
    Certificate(#[from] crate::derp::cert::CertError),
    /// A rental was in a state that the caller had ruled out.
    #[error("a rental was in another state than expected")]
    Rental(#[from] crate::rental::RentalError),
}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl AppError {
    /// Whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Queue(_) => true,
            Self::Secret(_) | Self::RelaySecrets(_) | Self::Certificate(_) | Self::Rental(_) => false,
        }
    }
}
