//! Jobs about rentals and the servers that carry them.

use std::time::Duration;

use async_trait::async_trait;

use super::reconcile::reconcile;
use super::{Failure, Gear, OrFail as _, Work};
use crate::app;
use crate::app::mail_renewal::RenewalError;
use crate::jobs::{MailRenewal, ReconcileServer, SweepRentals};

#[async_trait]
impl Work for ReconcileServer {
    const LIMIT: Duration = Duration::from_mins(15);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        reconcile(&gear.fleet, self.server).await.or_retry()
    }
}

#[async_trait]
impl Work for SweepRentals {
    const LIMIT: Duration = Duration::from_mins(10);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        app::sweep::sweep(&gear.app).await.or_retry()
    }
}

#[async_trait]
impl Work for MailRenewal {
    const LIMIT: Duration = Duration::from_mins(1);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        // Where no mail can be sent, the chat has told it already.
        let Some(mailer) = &gear.mailer else { return Ok(()) };
        match app::mail_renewal::send(&gear.app, &**mailer, &gear.texts, &self).await {
            Err(error @ (RenewalError::App(_) | RenewalError::Later(_))) => Err(Failure::Retry(error.into())),
            Err(error @ RenewalError::GivenUp(_)) => Err(Failure::Fail(error.into())),
            Ok(()) => Ok(()),
        }
    }
}
