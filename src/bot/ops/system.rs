//! The list of commands, the job queue, updates that were set aside.

use super::desk::{Answer, Desk, Said, Stop};
use super::spec::{self, Group, Spec};
use crate::app::admin::jobs;
use crate::app::inbox;
use crate::bot::callback::Press;
use crate::bot::screen::press;
use crate::i18n::{Html, args, t};
use crate::jobs::JobId;
use crate::jobs::store::{self as queue, QueuedJob, RetryError};

/// Jobs on a page.
const SHOWN: i64 = 15;
/// Failed jobs with a button of their own.
const BUTTONS: usize = 6;
/// How much of an error's text is shown.
const ERROR: usize = 120;

/// The list of commands.
pub(super) fn help(desk: &Desk<'_>) -> Answer {
    let words = desk.words();
    let groups = Group::ALL.map(|group| {
        let title = words.format(t("ops-help-group"), &args().text("group", words.label(group.title())));
        let rows = spec::ALL.iter().filter(|spec| spec.group == group).map(|spec| {
            let values = args().text("command", spec.name).text("about", words.label(spec.about));
            words.format(t("ops-help-row"), &values)
        });
        Html::join([title].into_iter().chain(rows), "\n")
    });
    Answer::new(words.format(t("ops-help"), &args().html("groups", Html::join(groups, "\n\n"))))
}

/// The job queue: what failed first.
pub(super) async fn jobs(desk: &Desk<'_>) -> Said {
    let (words, pool) = (desk.words(), &desk.app().pool);
    let listed = queue::list(pool, SHOWN).await?;
    if listed.is_empty() {
        return Err(Desk::stop(words.get(t("ops-jobs-none"))));
    }
    let (failed, waiting) = (queue::count_failed(pool).await?, queue::waiting(pool).await?);
    let rows = Html::join(listed.iter().map(|job| row(desk, job)), "\n");
    let text = words
        .format(t("ops-jobs"), &args().text("failed", failed).text("waiting", waiting).html("rows", rows));
    let failed = listed.iter().filter(|job| job.failed()).take(BUTTONS);
    let buttons: Vec<_> = failed
        .map(|job| {
            let label = words.plain(t("btn-ops-retry-job"), &args().text("job", job.id));
            press(label, &Press::RetryJob { job: job.id.0 })
        })
        .collect();
    Ok(buttons.chunks(2).fold(Answer::new(text), |answer, row| answer.row(row.to_vec())))
}

fn row(desk: &Desk<'_>, job: &QueuedJob) -> Html {
    let state = if job.failed() {
        "failed"
    } else if job.running {
        "running"
    } else {
        "waiting"
    };
    let about = job.key.as_ref().or(job.queue.as_ref()).map(|about| format!(" ({about})"));
    let error = job.last_error.as_ref().filter(|_| job.failed()).map(|error| {
        let cut: String = error.chars().take(ERROR).collect();
        format!("\n{cut}")
    });
    let row = desk.words().format(
        t("ops-jobs-row"),
        &args()
            .text("state", state)
            .text("job", job.id)
            .text("name", &job.name)
            .text("about", about.unwrap_or_default())
            .text("attempts", job.attempts)
            .text("most", job.max_attempts),
    );
    Html::join([row, Html::escape(&error.unwrap_or_default())], "")
}

/// Starts a failed job again.
pub(super) async fn retry(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let [word] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let no_such = || desk.wrong(spec, desk.words().format(t("ops-wrong-job"), &args().text("given", word)));
    let id: i64 = word.trim_start_matches('#').parse().map_err(|_| no_such())?;
    match jobs::retry(desk.app(), &desk.admin, JobId(id)).await {
        Ok(()) => Ok(retried(desk, id)),
        Err(RetryError::NotWaiting) => Err(no_such()),
        Err(error @ RetryError::Engine(_)) => Err(error.into()),
    }
}

/// Starts a failed job again, by its button.
pub(super) async fn retry_job(desk: &Desk<'_>, id: i64) -> Said {
    match jobs::retry(desk.app(), &desk.admin, JobId(id)).await {
        Ok(()) => {
            desk.ctx.send(retried(desk, id)).await?;
        }
        Err(RetryError::NotWaiting) => {
            let text = desk.words().format(t("ops-wrong-job"), &args().text("given", id));
            desk.ctx.say(text).await?;
        }
        Err(error @ RetryError::Engine(_)) => return Err(error.into()),
    }
    Err(Stop::Told)
}

fn retried(desk: &Desk<'_>, id: i64) -> Answer {
    Answer::new(desk.words().format(t("ops-job-retried"), &args().text("job", id)))
}

/// Puts an update that was set aside back into its lane.
pub(super) async fn unpark(desk: &Desk<'_>, update_id: i64) -> Said {
    let done = inbox::unpark(desk.app(), desk.ctx.telegram.id(), update_id).await?;
    let id = if done { t("ops-unparked") } else { t("ops-confirm-over") };
    desk.ctx.say(desk.words().get(id)).await?;
    Err(Stop::Told)
}
