//! What the ops group is told without having asked.

use chrono::NaiveDate;

use crate::account::store::{self as accounts, By};
use crate::app::App;
use crate::app::views::relays;
use crate::bot::callback::Press;
use crate::bot::screen::press;
use crate::fleet::container::store as containers;
use crate::i18n::{Html, Words, args, t};
use crate::notify::{Outgoing, StepResult};
use crate::types::{ContainerId, OutboxId, RentalId, ServerId, UserId};

/// Every server that a rental's relay was tried on failed.
pub(super) async fn provision_failed(
    app: &App,
    words: Words<'_>,
    rental: RentalId,
    container: ContainerId,
) -> anyhow::Result<Option<Outgoing>> {
    let mut conn = app.pool.acquire().await?;
    let failure = containers::failure(&mut conn, container).await?;
    let text = words.format(
        t("ops-provision-failed"),
        &args()
            .text("rental", rental)
            .text("container", container)
            .text("failure", failure.unwrap_or_default()),
    );
    Ok(Some(Outgoing::text(text)))
}

/// A customer's relay doesn't work for them.
pub(super) async fn relay_report(
    app: &App,
    words: Words<'_>,
    user: UserId,
    rental: RentalId,
    reference: &str,
    results: &[StepResult],
) -> anyhow::Result<Option<Outgoing>> {
    let Some(relay) = relays::one(app, user, rental).await? else { return Ok(None) };
    let Some(user) = accounts::find(&app.pool, app.tenant, By::Id(user)).await? else { return Ok(None) };
    let lines = results.iter().map(|result| {
        words.format(
            t("ops-report-line"),
            &args()
                .text("container", result.container_id)
                .text("step", &result.step)
                .text("outcome", &result.outcome),
        )
    });
    let text = words.format(
        t("ops-relay-report"),
        &args()
            .text("relay", relay.name(app.shop.language))
            .text("user", user.username)
            .text("ref", reference)
            .html("results", Html::join(lines, "\n")),
    );
    Ok(Some(Outgoing::text(text)))
}

/// A server's last container is gone, and so is it.
pub(super) fn server_removed(words: Words<'_>, name: &str) -> Outgoing {
    Outgoing::text(words.format(t("ops-server-removed"), &args().text("server", name)))
}

/// We can't act on a server.
pub(super) fn server_trouble(words: Words<'_>, server: ServerId, trouble: &str) -> Outgoing {
    Outgoing::text(
        words.format(t("ops-server-trouble"), &args().text("server", server).text("trouble", trouble)),
    )
}

/// Containers that the store doesn't know wait for somebody to look.
pub(super) fn strangers(words: Words<'_>, server: ServerId) -> Outgoing {
    Outgoing::text(words.format(t("ops-strangers"), &args().text("server", server)))
}

/// An update was set aside.
pub(super) fn update_parked(words: Words<'_>, update_id: i64, lane: i64) -> Outgoing {
    let text = words.format(t("ops-update-parked"), &args().text("update", update_id).text("chat", lane));
    let button = press(words.label(t("btn-ops-unpark")), &Press::Unpark { update_id });
    Outgoing::text(text).keyboard(vec![vec![button]])
}

/// A job failed for good.
pub(super) fn job_failed(words: Words<'_>, job: i64) -> Outgoing {
    let text = words.format(t("ops-job-failed"), &args().text("job", job));
    let button = press(words.label(t("btn-ops-retry")), &Press::RetryJob { job });
    Outgoing::text(text).keyboard(vec![vec![button]])
}

/// Telegram refused a message of ours.
pub(super) fn message_refused(words: Words<'_>, outbox: OutboxId) -> Outgoing {
    Outgoing::text(words.format(t("ops-message-refused"), &args().text("message", outbox)))
}

/// A day's head of the chain of records: with it nothing before can be altered unseen.
pub(super) fn audit_head(words: Words<'_>, day: NaiveDate, records: i64, head: &str) -> Outgoing {
    let mut message =
        Outgoing::text(words.format(
            t("ops-audit-head"),
            &args().text("day", day).number("count", records).text("head", head),
        ));
    message.silent = true;
    message
}

/// The chain of records doesn't hold.
pub(super) fn audit_broken(words: Words<'_>, seq: i64) -> Outgoing {
    Outgoing::text(words.format(t("ops-audit-broken"), &args().text("seq", seq)))
}
