//! Testing a relay for its customer, and what to do when it works for us but not for them.

use super::{back_row, back_to, not_found};
use crate::account::User;
use crate::app::look::{self, Look};
use crate::app::views::relays::{self, Condition, Relay};
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::screen::{Screen, press};
use crate::fleet::probe::{ProbeFailure, ProbeReport, ProbeStep, StepOutcome};
use crate::i18n::{Html, TextId, args, format, t};
use crate::types::RentalId;

/// What a test takes at most, as the customer is told.
const ABOUT_SECONDS: i64 = 5;

/// Tests every half of a relay and shows what was found.
pub(super) async fn run(ctx: &Ctx, user: &User, rental: RentalId) -> anyhow::Result<()> {
    let Some(relay) = relays::one(&ctx.app, user.id, rental).await? else {
        ctx.show(not_found(ctx)).await?;
        return Ok(());
    };
    if let Some(cure) = why_stopped(relay.condition()) {
        let screen = Screen::new(ctx.words().get(cure)).row(back_row(ctx, &back_to(Some(rental))));
        ctx.show(screen).await?;
        return Ok(());
    }
    let words = ctx.words();
    let running = words.format(
        t("test-running"),
        &args()
            .text("relay", relay.name(ctx.lang))
            .text("vantage", ctx.app.shop.vantage.get(ctx.lang))
            .number("seconds", ABOUT_SECONDS),
    );
    let shown = ctx.show(Screen::new(running)).await?;
    let looks = look::look(&ctx.app, rental).await?;
    ctx.replace(shown, result(ctx, user, &relay, &looks)).await?;
    Ok(())
}

/// Why there is nothing to test, with the cure.
fn why_stopped(condition: Condition) -> Option<TextId> {
    match condition {
        Condition::Expired => Some(t("test-cure-expired")),
        Condition::Paused => Some(t("test-cure-paused")),
        Condition::Released => Some(t("error-not-found")),
        Condition::Running | Condition::Starting | Condition::Attention => None,
    }
}

fn result(ctx: &Ctx, user: &User, relay: &Relay, looks: &[Look]) -> Screen {
    let words = ctx.words();
    let rental = relay.rental.id;
    let text = if looks.is_empty() {
        words.format(t("test-nothing"), &args().text("relay", relay.name(ctx.lang)))
    } else {
        let several = looks.len() > 1;
        let parts = looks.iter().map(|look| {
            let name = if several {
                format!("{} ({}:{})", relay.name(ctx.lang), look.container.address, look.container.port)
            } else {
                relay.name(ctx.lang)
            };
            one(ctx, user, &name, &look.report)
        });
        Html::join(parts, "\n\n")
    };
    Screen::new(text)
        .row([
            press(words.label(t("btn-test-again")), &Press::Test { rental }),
            press(words.label(t("btn-broken")), &Press::Broken { rental }),
        ])
        .row(back_row(ctx, &Press::Relay { rental }))
}

/// What was found of one half.
fn one(ctx: &Ctx, user: &User, name: &str, report: &ProbeReport) -> Html {
    let words = ctx.words();
    let vantage = ctx.app.shop.vantage.get(ctx.lang);
    let at = format::moment(ctx.now(), user.zone);
    if let (Some(tls), Some(derp), Some(relay), Some(stun)) =
        (report.tls.latency(), report.derp.latency(), report.relay.latency(), report.stun.latency())
    {
        return words.format(
            t("test-good"),
            &args()
                .text("relay", name)
                .text("tls_ms", format::millis(tls))
                .text("derp_ms", format::millis(derp))
                .text("relay_ms", format::millis(relay))
                .text("stun_ms", format::millis(stun))
                .text("vantage", vantage)
                .text("at", at),
        );
    }
    let lines = report.steps().map(|(step, outcome)| {
        let name = words.get(step_name(step));
        match outcome {
            StepOutcome::Ok { latency } => {
                let ms = format::millis(*latency);
                words.format(t("test-line-ok"), &args().html("name", name).text("ms", ms))
            }
            StepOutcome::Failed(failure) => words.format(
                t("test-line-why"),
                &args().html("name", name).html("why", words.get(failure_text(failure))),
            ),
            StepOutcome::Skipped => words.format(t("test-line-skipped"), &args().html("name", name)),
        }
    });
    let (failed, cure) = report.first_failure().map_or_else(
        || (Html::default(), t("test-cure-ours-short")),
        |(step, failure)| (words.get(step_name(step)), cure_of(step, failure)),
    );
    words.format(
        t("test-bad"),
        &args()
            .text("relay", name)
            .html("failed", failed)
            .html("results", Html::join(lines, "\n"))
            .text("vantage", vantage)
            .text("at", at)
            .html("cure", words.get(cure)),
    )
}

fn step_name(step: ProbeStep) -> TextId {
    match step {
        ProbeStep::TlsPin => t("test-step-tls"),
        ProbeStep::DerpHandshake => t("test-step-derp"),
        ProbeStep::RelayRoundTrip => t("test-step-relay"),
        ProbeStep::Stun => t("test-step-stun"),
    }
}

fn cure_of(step: ProbeStep, failure: &ProbeFailure) -> TextId {
    match (step, failure) {
        (_, ProbeFailure::PinMismatch { .. }) => t("test-cure-pin"),
        (ProbeStep::Stun, _) => t("test-cure-stun"),
        (ProbeStep::TlsPin | ProbeStep::DerpHandshake | ProbeStep::RelayRoundTrip, _) => {
            t("test-cure-ours-short")
        }
    }
}

/// What is wrong, in the customer's words.
fn failure_text(failure: &ProbeFailure) -> TextId {
    match failure {
        ProbeFailure::Refused => t("test-why-refused"),
        ProbeFailure::Unreachable(_) | ProbeFailure::Timeout => t("test-why-silent"),
        ProbeFailure::PinMismatch { .. } => t("test-why-pin"),
        ProbeFailure::Expired(_) | ProbeFailure::NotYetValid(_) => t("test-why-dates"),
        ProbeFailure::Rejected => t("test-why-rejected"),
        ProbeFailure::NoStunAnswer | ProbeFailure::WrongMappedAddress { .. } => t("test-why-udp"),
        ProbeFailure::Closed
        | ProbeFailure::Tls(_)
        | ProbeFailure::CertificateCount(_)
        | ProbeFailure::CertificateUnreadable
        | ProbeFailure::NotDerp(_)
        | ProbeFailure::BadFrame(_)
        | ProbeFailure::PeerMissing
        | ProbeFailure::BadStunAnswer => t("test-why-protocol"),
    }
}

/// What to run on the device that can't connect, and what it should print.
pub(super) async fn broken(ctx: &Ctx, user: &User, rental: RentalId) -> anyhow::Result<()> {
    let Some(relay) = relays::one(&ctx.app, user.id, rental).await? else {
        ctx.show(not_found(ctx)).await?;
        return Ok(());
    };
    let words = ctx.words();
    let join = |texts: Vec<String>| texts.join(", ");
    let text = words.format(
        t("broken-steps"),
        &args()
            .text("region_code", relay.region_code())
            .text("port", join(relay.addresses.iter().map(|a| a.port().to_string()).collect()))
            .text("address", join(relay.addresses.iter().map(ToString::to_string).collect())),
    );
    let screen = Screen::new(text)
        .row([
            press(words.label(t("btn-test")), &Press::Test { rental }),
            press(words.label(t("btn-send-result")), &Press::SendReport { rental }),
        ])
        .row(back_row(ctx, &Press::Relay { rental }));
    ctx.show(screen).await?;
    Ok(())
}

/// Tests once more and sends what was found to the ops group.
pub(super) async fn send_report(ctx: &Ctx, user: &User, rental: RentalId) -> anyhow::Result<()> {
    let Some(relay) = relays::one(&ctx.app, user.id, rental).await? else {
        ctx.show(not_found(ctx)).await?;
        return Ok(());
    };
    let looks = look::look(&ctx.app, relay.rental.id).await?;
    let reference = look::report(&ctx.app, user.id, rental, &looks).await?;
    let text = ctx.words().format(t("broken-sent"), &args().text("ref", reference));
    ctx.show(Screen::new(text).row(back_row(ctx, &Press::Relay { rental }))).await?;
    Ok(())
}
