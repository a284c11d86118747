//! Jobs about people and records.

use std::time::Duration;

use async_trait::async_trait;

use super::{Failure, Gear, OrFail as _, Work};
use crate::account::EmailCodeId;
use crate::app;
use crate::app::mail_code::CodeError;
use crate::jobs::{ChainAudit, CleanCodes, SendCode, TellAuditHead};

#[async_trait]
impl Work for SendCode {
    const LIMIT: Duration = Duration::from_mins(1);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        let Some(mailer) = &gear.mailer else {
            return Err(Failure::Fail(anyhow::anyhow!(
                "a code waits to be mailed, and no mail server is configured"
            )));
        };
        let sent =
            app::mail_code::send_code(&gear.app, &**mailer, &gear.texts, EmailCodeId(self.code_id)).await;
        match sent {
            Err(error @ (CodeError::Store(_) | CodeError::Later(_))) => Err(Failure::Retry(error.into())),
            Err(error @ (CodeError::Sealed(_) | CodeError::GivenUp(_))) => Err(Failure::Fail(error.into())),
            Ok(()) => Ok(()),
        }
    }
}

#[async_trait]
impl Work for CleanCodes {
    const LIMIT: Duration = Duration::from_mins(10);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        app::mail_code::delete_old(&gear.app).await.or_retry()
    }
}

#[async_trait]
impl Work for ChainAudit {
    const LIMIT: Duration = Duration::from_mins(10);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        app::audit::chain(&gear.app).await.or_retry()
    }
}

#[async_trait]
impl Work for TellAuditHead {
    const LIMIT: Duration = Duration::from_hours(1);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        app::audit::tell_head(&gear.app).await.or_retry()
    }
}
