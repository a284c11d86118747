//! What a customer is told about their rentals without having asked.

use chrono::{DateTime, Utc};

use crate::account::User;
use crate::acl;
use crate::app::App;
use crate::app::provision::{self, Stage};
use crate::app::views::relays::{self, Relay};
use crate::bot::callback::Press;
use crate::bot::relay;
use crate::bot::screen::press;
use crate::derp::NodeKey;
use crate::i18n::{Html, TextId, Words, args, format, t};
use crate::notify::{Button, Outgoing};
use crate::rental::{KEPT, RentalState};
use crate::types::{AclId, RentalId};

/// The steps of a set-up, in their order.
const STEPS: [Stage; 4] = [Stage::Place, Stage::Start, Stage::Probe, Stage::Config];

type Rendered = anyhow::Result<Option<Outgoing>>;

fn step_name(stage: Stage) -> TextId {
    match stage {
        Stage::Place => t("provision-step-place"),
        Stage::Start => t("provision-step-start"),
        Stage::Probe => t("provision-step-probe"),
        Stage::Config | Stage::Done => t("provision-step-config"),
    }
}

async fn relay_of(app: &App, user: &User, rental: RentalId) -> anyhow::Result<Option<Relay>> {
    Ok(relays::one(app, user.id, rental).await?)
}

fn relay_row(words: Words<'_>, user: &User, relay: &Relay) -> Vec<Button> {
    vec![
        press(relay.name(user.lang), &Press::Relay { rental: relay.rental.id }),
        press(words.label(t("btn-home")), &Press::Home),
    ]
}

/// How a rental's set-up stands.
pub(super) async fn provision(app: &App, words: Words<'_>, user: &User, rental: RentalId) -> Rendered {
    let Some(relay) = relay_of(app, user, rental).await? else { return Ok(None) };
    let mut conn = app.pool.acquire().await?;
    let Some(progress) = provision::progress(app, &mut conn, rental).await? else { return Ok(None) };
    drop(conn);
    if matches!(progress.rental.state, RentalState::Released { .. }) {
        return Ok(None);
    }
    let name = relay.name(user.lang);
    if progress.stage == Stage::Done {
        let text = words.format(t("provision-done"), &args().text("relay", name));
        let row = vec![
            press(words.label(t("btn-test")), &Press::Test { rental }),
            press(words.label(t("btn-home")), &Press::Home),
        ];
        return Ok(Some(Outgoing::text(text).keyboard(vec![row])));
    }
    if progress.stage == Stage::Place {
        let text =
            words.format(t("provision-failed"), &args().text("relay", name).number("tries", progress.failed));
        return Ok(Some(Outgoing::text(text).keyboard(vec![relay_row(words, user, &relay)])));
    }
    let steps = STEPS.map(|step| {
        let line = match step.cmp(&progress.stage) {
            std::cmp::Ordering::Less => t("step-done"),
            std::cmp::Ordering::Equal => t("step-now"),
            std::cmp::Ordering::Greater => t("step-todo"),
        };
        words.format(line, &args().html("step", words.get(step_name(step))))
    });
    let mut text = words
        .format(t("provision-progress"), &args().text("relay", name).html("steps", Html::join(steps, "\n")));
    if progress.failed > 0 {
        text = Html::join([text, words.get(t("provision-moved"))], "\n\n");
    }
    Ok(Some(Outgoing::text(text)))
}

/// A version of the ACL. One that is no longer in force is not worth a message: the next one follows.
pub(super) async fn acl_ready(app: &App, words: Words<'_>, user: &User, id: AclId) -> Rendered {
    let mut conn = app.pool.acquire().await?;
    let Some(version) = acl::store::find(&mut conn, app.tenant, id).await? else { return Ok(None) };
    let active = acl::store::active(&mut conn, version.tailnet).await?;
    drop(conn);
    if active.is_none_or(|active| active.id != id) || version.user != user.id {
        return Ok(None);
    }
    Ok(Some(relay::delivery(app, words, user, &version).await?))
}

/// A rental has a new end.
pub(super) async fn renewed(
    app: &App,
    words: Words<'_>,
    user: &User,
    rental: RentalId,
    old_end: DateTime<Utc>,
    new_end: DateTime<Utc>,
) -> Rendered {
    let Some(relay) = relay_of(app, user, rental).await? else { return Ok(None) };
    let text = words.format(
        t("renewed-by-admin"),
        &args()
            .text("relay", relay.name(user.lang))
            .text("old_end", format::moment(old_end, user.zone))
            .text("new_end", format::moment(new_end, user.zone))
            .text("left", format::left(words, app.clock.now(), new_end)),
    );
    Ok(Some(Outgoing::text(text).keyboard(vec![relay_row(words, user, &relay)])))
}

/// A rental's time is over. What was renewed since needs no such message.
pub(super) async fn ended(app: &App, words: Words<'_>, user: &User, rental: RentalId) -> Rendered {
    let Some(relay) = relay_of(app, user, rental).await? else { return Ok(None) };
    let RentalState::Expired { end, .. } = relay.rental.state else { return Ok(None) };
    let text = words.format(
        t("expired-stopped"),
        &args()
            .text("relay", relay.name(user.lang))
            .text("kept_until", format::moment(end + KEPT, user.zone)),
    );
    let row = vec![
        press(words.label(t("btn-redeem")), &Press::Redeem),
        press(words.label(t("btn-home")), &Press::Home),
    ];
    Ok(Some(Outgoing::text(text).keyboard(vec![row])))
}

/// A rental was paused.
pub(super) async fn paused(app: &App, words: Words<'_>, user: &User, rental: RentalId) -> Rendered {
    let Some(relay) = relay_of(app, user, rental).await? else { return Ok(None) };
    let RentalState::Paused { end, since, .. } = relay.rental.state else { return Ok(None) };
    let text = words.format(
        t("paused"),
        &args().text("relay", relay.name(user.lang)).number("left_days", (end - since).num_days()),
    );
    Ok(Some(Outgoing::text(text).keyboard(vec![relay_row(words, user, &relay)])))
}

/// A rental runs again.
pub(super) async fn resumed(app: &App, words: Words<'_>, user: &User, rental: RentalId) -> Rendered {
    let Some(relay) = relay_of(app, user, rental).await? else { return Ok(None) };
    let RentalState::Active { end, .. } = relay.rental.state else { return Ok(None) };
    let text = words.format(
        t("resumed"),
        &args()
            .text("relay", relay.name(user.lang))
            .text("new_end", format::moment(end, user.zone))
            .text("left", format::left(words, app.clock.now(), end)),
    );
    Ok(Some(Outgoing::text(text).keyboard(vec![relay_row(words, user, &relay)])))
}

/// A rental's address and port are given up.
pub(super) async fn released(app: &App, words: Words<'_>, user: &User, rental: RentalId) -> Rendered {
    let Some(relay) = relay_of(app, user, rental).await? else { return Ok(None) };
    let mut conn = app.pool.acquire().await?;
    let ids = crate::rental::store::region_ids(&mut conn, rental).await?;
    drop(conn);
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let text = words.format(
        t("expired-released"),
        &args().text("relay", relay.name(user.lang)).text("region_ids", ids.join(", ")),
    );
    let row = vec![
        press(words.label(t("btn-history")), &Press::RelayHistory { rental }),
        press(words.label(t("btn-home")), &Press::Home),
    ];
    Ok(Some(Outgoing::text(text).keyboard(vec![row])))
}

/// A device is one too many.
pub(super) async fn device_over_limit(
    app: &App,
    words: Words<'_>,
    user: &User,
    rental: RentalId,
    node_key: &str,
    ip: Option<&str>,
    until: DateTime<Utc>,
) -> Rendered {
    let Some(relay) = relay_of(app, user, rental).await? else { return Ok(None) };
    let Ok(key) = node_key.parse::<NodeKey>() else { return Ok(None) };
    let text = words.format(
        t("device-over-limit"),
        &args()
            .text("relay", relay.name(user.lang))
            .number("count", i64::from(relay.devices))
            .text("limit", relay.rental.terms.device_limit)
            .text("key", format::masked_key(&key))
            .text("ip", ip.map_or_else(|| words.label(t("device-no-ip")), str::to_owned))
            .text("until", format::moment(until, user.zone)),
    );
    Ok(Some(Outgoing::text(text).keyboard(vec![relay_row(words, user, &relay)])))
}
