//! The list of relays, a relay's card, and what hangs under it.

use super::{back_row, home, not_found};
use crate::account::User;
use crate::app::views::relays::{self, Condition, Relay};
use crate::audit::Status;
use crate::audit::store::{self as records, Record};
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::screen::{Screen, press};
use crate::i18n::{Html, TextId, Words, args, format, t};
use crate::notify::Button;
use crate::serial;
use crate::types::RentalId;

/// Rows of a list on one screen.
const ROWS: usize = 8;
/// Entries of a history on one screen.
const ENTRIES: i64 = 15;

/// The list of a user's relays.
pub(super) async fn list(ctx: &Ctx, user: &User) -> anyhow::Result<()> {
    let mut relays = relays::list(&ctx.app, user.id).await?;
    relays.retain(|relay| relay.condition() != Condition::Released);
    let words = ctx.words();
    let redeem = press(words.label(t("btn-redeem")), &Press::Redeem);
    if relays.is_empty() {
        let screen = Screen::new(words.get(t("relay-list-empty"))).row([redeem]).row([home(ctx)]);
        ctx.show(screen).await?;
        return Ok(());
    }
    let count = i64::try_from(relays.len()).unwrap_or(i64::MAX);
    let mut screen = Screen::new(words.format(t("relay-list"), &args().number("count", count)));
    for relay in relays.iter().take(ROWS) {
        screen = screen.row([list_button(ctx, relay)]);
    }
    ctx.show(screen.row([redeem]).row([home(ctx)])).await?;
    Ok(())
}

/// "🟢 Tokyo #102 · 27 days left".
fn list_button(ctx: &Ctx, relay: &Relay) -> Button {
    let words = ctx.words();
    let when = relay
        .rental
        .state
        .end()
        .map_or_else(|| words.label(status(relay.condition())), |end| format::left(words, ctx.now(), end));
    let label = words.plain(
        t("relay-row"),
        &args()
            .html("glyph", glyph(words, relay.condition()))
            .text("relay", relay.name(ctx.lang))
            .text("left", when),
    );
    press(label, &Press::Relay { rental: relay.rental.id })
}

/// A button that leads to a relay.
pub fn relay_button(ctx: &Ctx, relay: &Relay) -> Button {
    press(relay.name(ctx.lang), &Press::Relay { rental: relay.rental.id })
}

fn glyph(words: Words<'_>, condition: Condition) -> Html {
    words.get(match condition {
        Condition::Running => t("glyph-good"),
        Condition::Starting => t("glyph-busy"),
        Condition::Attention => t("glyph-attention"),
        Condition::Expired => t("glyph-stopped"),
        Condition::Paused | Condition::Released => t("glyph-idle"),
    })
}

fn status(condition: Condition) -> TextId {
    match condition {
        Condition::Running => t("relay-status-running"),
        Condition::Starting => t("relay-status-starting"),
        Condition::Attention => t("relay-status-attention"),
        Condition::Expired => t("relay-status-expired"),
        Condition::Paused => t("relay-status-paused"),
        Condition::Released => t("relay-status-released"),
    }
}

/// A relay's card.
pub(super) async fn show(ctx: &Ctx, user: &User, rental: RentalId) -> anyhow::Result<()> {
    let Some(relay) = relays::one(&ctx.app, user.id, rental).await? else {
        ctx.show(not_found(ctx)).await?;
        return Ok(());
    };
    let words = ctx.words();
    let now = ctx.now();
    let terms = relay.rental.terms;
    let not_yet = || words.label(t("relay-not-yet"));
    let addresses: Vec<String> = relay.addresses.iter().map(ToString::to_string).collect();
    let (end, left) = relay.rental.state.end().map_or_else(
        || (not_yet(), words.label(t("relay-end-starts"))),
        |end| (format::moment(end, user.zone), format::left(words, now, end)),
    );
    let traffic = relay.traffic_reset(now).map_or_else(not_yet, |reset| {
        format::traffic(words, relay.used, terms.traffic_cap, reset, user.zone)
    });
    let text = words.format(
        t("relay-card"),
        &args()
            .html("glyph", glyph(words, relay.condition()))
            .text("relay", relay.name(ctx.lang))
            .text("status", words.label(status(relay.condition())))
            .text("plan", relay.plan.get(ctx.lang))
            .text("address", if addresses.is_empty() { not_yet() } else { addresses.join(", ") })
            .text("end", end)
            .text("left", left)
            .text("traffic", traffic)
            .text("devices", relay.devices)
            .text("device_limit", terms.device_limit),
    );
    let button = |id, to: &Press| press(words.label(id), to);
    let screen = Screen::new(text)
        .row([button(t("btn-test"), &Press::Test { rental }), button(t("btn-acl"), &Press::Acl)])
        .row([button(t("btn-redeem"), &Press::Redeem), button(t("btn-broken"), &Press::Broken { rental })])
        .row([
            button(t("btn-serials"), &Press::RelaySerials { rental }),
            button(t("btn-history"), &Press::RelayHistory { rental }),
        ])
        .row([button(t("btn-notes"), &Press::RelayNotes { rental })])
        .row(back_row(ctx, &Press::Relays));
    ctx.show(screen).await?;
    Ok(())
}

/// The serials that went to a relay.
pub(super) async fn serials(ctx: &Ctx, user: &User, rental: RentalId) -> anyhow::Result<()> {
    let Some(relay) = relays::one(&ctx.app, user.id, rental).await? else {
        ctx.show(not_found(ctx)).await?;
        return Ok(());
    };
    let mut conn = ctx.app.pool.acquire().await?;
    let bound = serial::store::of_rental(&mut conn, rental).await?;
    drop(conn);
    let words = ctx.words();
    let head = words.format(t("relay-serials"), &args().text("relay", relay.name(ctx.lang)));
    let lines = bound.iter().rev().take(ROWS).map(|serial| {
        let until = serial
            .until
            .map_or_else(|| words.label(t("relay-not-yet")), |until| format::moment(until, user.zone));
        words.format(
            t("relay-serial-line"),
            &args()
                .text("code", &serial.masked)
                .number("days", serial.days)
                .text("redeemed", format::date(serial.redeemed, user.zone))
                .text("until", until),
        )
    });
    let text = Html::join(std::iter::once(head).chain(lines), "\n");
    ctx.show(Screen::new(text).row(back_row(ctx, &Press::Relay { rental }))).await?;
    Ok(())
}

/// What happened to a relay.
pub(super) async fn history(ctx: &Ctx, user: &User, rental: RentalId) -> anyhow::Result<()> {
    let Some(relay) = relays::one(&ctx.app, user.id, rental).await? else {
        ctx.show(not_found(ctx)).await?;
        return Ok(());
    };
    let words = ctx.words();
    let records = records::of_rental(&ctx.app.pool, ctx.app.tenant, rental, ENTRIES).await?;
    let lines = records.into_iter().filter_map(|record| {
        let what = happened(&record)?;
        let at = format::moment(record.at, user.zone);
        Some(words.format(t("relay-history-line"), &args().text("at", at).text("what", words.label(what))))
    });
    let head = words.format(t("relay-history"), &args().text("relay", relay.name(ctx.lang)));
    let text = Html::join(std::iter::once(head).chain(lines), "\n");
    ctx.show(Screen::new(text).row(back_row(ctx, &Press::Relay { rental }))).await?;
    Ok(())
}

/// What a record means to the customer; `None` for what is only ours.
pub(in crate::bot) fn happened(record: &Record) -> Option<TextId> {
    let to = record.details.get("to").and_then(|to| to.as_str());
    match (record.operation.as_str(), record.status, to) {
        ("serial_redeem", Status::Success, _) => Some(t("history-redeemed")),
        ("container_test", Status::Success, _) => Some(t("history-passed")),
        ("container_test", Status::Failed, _) => Some(t("history-moved")),
        ("rental_change", _, Some("active")) => Some(t("history-renewed")),
        ("rental_change", _, Some("paused")) => Some(t("history-paused")),
        ("rental_change", _, Some("expired")) => Some(t("history-ended")),
        ("rental_change", _, Some("released")) => Some(t("history-released")),
        _ => None,
    }
}

/// What to know before relying on a relay.
pub(super) async fn notes(ctx: &Ctx, rental: RentalId) -> anyhow::Result<()> {
    let text = ctx.words().get(t("usage-notes"));
    ctx.show(Screen::new(text).row(back_row(ctx, &Press::Relay { rental }))).await?;
    Ok(())
}
