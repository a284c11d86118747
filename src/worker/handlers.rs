//! Every kind of job: what is done for it, and which are started by the clock.

use std::time::Duration;

use async_trait::async_trait;
use graphile_worker::{Cron, CrontabFill, WorkerOptions};

use super::run::Run;
use super::{Failure, Gear, OrFail as _, Work};
use crate::adapters::backup::Nightly;
use crate::app;
use crate::jobs::{
    ChainAudit, CleanCodes, CleanInbox, KeepLogs, MailRenewal, NightlyBackup, ReconcileServer,
    ReportFailedJobs, SendCode, SetUpServer, SweepRentals, TellAuditHead,
};

/// Tells the engine of all kinds of jobs.
pub(super) fn register(options: WorkerOptions) -> anyhow::Result<WorkerOptions> {
    Ok(options
        .define_job::<Run<CleanInbox>>()
        .define_job::<Run<ReportFailedJobs>>()
        .define_job::<Run<SendCode>>()
        .define_job::<Run<CleanCodes>>()
        .define_job::<Run<ChainAudit>>()
        .define_job::<Run<TellAuditHead>>()
        .define_job::<Run<ReconcileServer>>()
        .define_job::<Run<SweepRentals>>()
        .define_job::<Run<MailRenewal>>()
        .define_job::<Run<KeepLogs>>()
        .define_job::<Run<SetUpServer>>()
        .define_job::<Run<NightlyBackup>>()
        .with_cron(
            Cron::daily_at::<Run<NightlyBackup>>(3, 10)?
                .id("nightly_backup")
                .fill(CrontabFill::hours(24))
                .payload(Run::new(NightlyBackup {}))?,
        )
        .with_cron(
            Cron::daily_at::<Run<CleanInbox>>(3, 40)?
                .id("clean_inbox")
                .fill(CrontabFill::hours(24))
                .payload(Run::new(CleanInbox {}))?,
        )
        .with_cron(
            Cron::daily_at::<Run<CleanCodes>>(3, 50)?.id("clean_codes").payload(Run::new(CleanCodes {}))?,
        )
        .with_cron(
            Cron::daily_at::<Run<KeepLogs>>(4, 0)?
                .id("keep_logs")
                .fill(CrontabFill::hours(48))
                .payload(Run::new(KeepLogs {}))?,
        )
        .with_cron(
            Cron::every_minute::<Run<ChainAudit>>().id("chain_audit").payload(Run::new(ChainAudit {}))?,
        )
        // Every hour: a day ends when it ends where the shop is.
        .with_cron(
            Cron::hourly_at::<Run<TellAuditHead>>(2)?
                .id("tell_audit_head")
                .payload(Run::new(TellAuditHead {}))?,
        )
        .with_cron(
            Cron::every_minute::<Run<SweepRentals>>()
                .id("sweep_rentals")
                .payload(Run::new(SweepRentals {}))?,
        )
        .with_cron(
            Cron::every_minute::<Run<ReportFailedJobs>>()
                .id("report_failed_jobs")
                .payload(Run::new(ReportFailedJobs {}))?,
        ))
}

#[async_trait]
impl Work for CleanInbox {
    const LIMIT: Duration = Duration::from_mins(30);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        app::admin::confirm::clean(&gear.app).await.or_retry()?;
        app::jobs::clean_inbox(&gear.app).await.or_retry()
    }
}

#[async_trait]
impl Work for ReportFailedJobs {
    const LIMIT: Duration = Duration::from_mins(1);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        app::jobs::report_failed(&gear.app).await.or_retry()
    }
}

#[async_trait]
impl Work for NightlyBackup {
    const LIMIT: Duration = Duration::from_hours(4);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        let Some(backups) = &gear.backups else { return Ok(()) };
        let done = backups.nightly(gear.app.clock.now()).await.or_retry()?;
        if let Nightly::Made { path, bytes, removed } = done {
            tracing::info!(path = %path.display(), bytes, removed, "backed up");
        }
        Ok(())
    }
}

#[async_trait]
impl Work for KeepLogs {
    const LIMIT: Duration = Duration::from_mins(10);

    async fn work(self, gear: &Gear) -> Result<(), Failure> {
        app::jobs::keep_logs(&gear.app).await.or_retry()
    }
}
