//! Redeeming a serial: typed, pasted anywhere, or by a link; then where it goes, then the region.
//!
//! The code waits in the account, sealed, while buttons are pressed: a button's data can be forged, and whoever holds
//! the code owns the serial.

use super::{home, not_found, relay_button};
use crate::account::User;
use crate::app::people;
use crate::app::redeem::{self, Offer, RedeemError, Redeemed, Refusal, Target};
use crate::app::views::relays;
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::screen::{Screen, press};
use crate::i18n::{Html, args, format, t};
use crate::plan;
use crate::serial::{NotASerial, SerialCode};
use crate::types::{RegionCode, RentalId};

/// What a payload of a redeem link begins with.
const PAYLOAD: &str = "r_";

/// Asks for a serial.
pub(super) async fn ask(ctx: &Ctx) -> anyhow::Result<()> {
    let words = ctx.words();
    let cancel = press(words.label(t("btn-cancel")), &Press::Home);
    ctx.show(Screen::new(words.get(t("redeem-ask"))).row([cancel])).await?;
    Ok(())
}

/// Words that may hold a serial; `false` if they don't.
pub(super) async fn typed(ctx: &Ctx, user: &User, text: &str) -> anyhow::Result<bool> {
    match SerialCode::find(text) {
        Ok(code) => {
            people::keep_payload(&ctx.app, user.id, &code.start_payload()).await?;
            choose(ctx, user).await?;
            Ok(true)
        }
        Err(NotASerial::Typo) => {
            let shown: String = text.trim().chars().take(40).collect();
            let text = ctx.words().format(t("redeem-typo"), &args().text("code", shown));
            ctx.send(Screen::new(text).row([home(ctx)])).await?;
            Ok(true)
        }
        Err(NotASerial::Shape) => Ok(false),
    }
}

/// Takes up the payload of a link, from /start or after registration; `false` if it is no redeem link.
pub async fn open_payload(ctx: &Ctx, user: &User, payload: &str) -> anyhow::Result<bool> {
    let Some(code) = payload.strip_prefix(PAYLOAD) else { return Ok(false) };
    let Ok(code) = SerialCode::parse(code) else {
        let text = ctx.words().format(t("redeem-typo"), &args().text("code", code));
        ctx.send(Screen::new(text).row([home(ctx)])).await?;
        return Ok(true);
    };
    people::keep_payload(&ctx.app, user.id, &code.start_payload()).await?;
    let offer = match redeem::look(&ctx.app, user.id, &code).await {
        Ok(offer) => offer,
        Err(error) => return refused(ctx, user, error).await.map(|()| true),
    };
    let words = ctx.words();
    let text = words.format(
        t("start-redeem-preview"),
        &args().text("code", code.masked()).html("terms", terms(ctx, &offer).await?),
    );
    let screen = Screen::new(text).row([
        press(words.label(t("btn-activate")), &Press::RedeemNow),
        press(words.label(t("btn-not-now")), &Press::RedeemNot),
    ]);
    ctx.send(screen).await?;
    Ok(true)
}

/// The code that waits in the account.
async fn waiting(ctx: &Ctx, user: &User) -> anyhow::Result<Option<SerialCode>> {
    let payload = people::kept_payload(&ctx.app, user.id).await?;
    Ok(payload.as_deref().and_then(|p| p.strip_prefix(PAYLOAD)).and_then(|code| SerialCode::parse(code).ok()))
}

async fn button_is_old(ctx: &Ctx) -> anyhow::Result<()> {
    ctx.show(Screen::new(ctx.words().get(t("error-button-old"))).row([home(ctx)])).await?;
    Ok(())
}

/// Where the waiting serial may go: asks if there is a choice, else goes on to the regions.
pub(super) async fn choose(ctx: &Ctx, user: &User) -> anyhow::Result<()> {
    let Some(code) = waiting(ctx, user).await? else { return button_is_old(ctx).await };
    let offer = match redeem::look(&ctx.app, user.id, &code).await {
        Ok(offer) => offer,
        Err(error) => return refused(ctx, user, error).await,
    };
    if offer.extendable.is_empty() {
        return show_regions(ctx, &offer).await;
    }
    let words = ctx.words();
    let text = words.format(t("redeem-target"), &args().html("terms", terms(ctx, &offer).await?));
    let mut screen = Screen::new(text).row([press(words.label(t("btn-new-relay")), &Press::RedeemNew)]);
    let mine = relays::list(&ctx.app, user.id).await?;
    for relay in mine.iter().filter(|relay| offer.extendable.iter().any(|r| r.id == relay.rental.id)).take(8)
    {
        let label = words.plain(t("btn-extend"), &args().text("relay", relay.name(ctx.lang)));
        screen = screen.row([press(label, &Press::RedeemExtend { rental: relay.rental.id })]);
    }
    ctx.show(screen.row([press(words.label(t("btn-cancel")), &Press::RedeemNot)])).await?;
    Ok(())
}

/// The regions for a new relay.
pub(super) async fn regions(ctx: &Ctx, user: &User) -> anyhow::Result<()> {
    let Some(code) = waiting(ctx, user).await? else { return button_is_old(ctx).await };
    match redeem::look(&ctx.app, user.id, &code).await {
        Ok(offer) => show_regions(ctx, &offer).await,
        Err(error) => refused(ctx, user, error).await,
    }
}

async fn show_regions(ctx: &Ctx, offer: &Offer) -> anyhow::Result<()> {
    let words = ctx.words();
    if offer.regions.is_empty() {
        ctx.show(Screen::new(words.get(t("redeem-soldout"))).row([home(ctx)])).await?;
        return Ok(());
    }
    let head = terms(ctx, offer).await?;
    let text = Html::join([head, words.get(t("redeem-region"))], "\n\n");
    let buttons = offer
        .regions
        .iter()
        .map(|region| press(region.title.get(ctx.lang), &Press::RedeemIn { region: region.code.clone() }));
    let cancel = press(words.label(t("btn-cancel")), &Press::RedeemNot);
    ctx.show(Screen::new(text).grid(buttons).row([cancel])).await?;
    Ok(())
}

/// What the serial is worth, as plans state it.
async fn terms(ctx: &Ctx, offer: &Offer) -> anyhow::Result<Html> {
    let words = ctx.words();
    let mut conn = ctx.app.pool.acquire().await?;
    let plan = plan::store::find(&mut conn, ctx.app.tenant, offer.serial.plan).await?;
    drop(conn);
    let terms = offer.serial.terms;
    Ok(words.format(
        t("serial-terms"),
        &args()
            .text("plan", plan.as_ref().map_or("", |plan| plan.title.get(ctx.lang)))
            .number("days", offer.serial.days)
            .text("cap", format::cap(words, terms.traffic_cap))
            .text("devices", terms.device_limit)
            .number("relays", terms.redundancy.number()),
    ))
}

/// Redeems the waiting serial into a new relay.
pub(super) async fn into_new(ctx: &Ctx, user: &User, region: &RegionCode) -> anyhow::Result<()> {
    finish(ctx, user, &Target::New(region.clone())).await
}

/// Redeems the waiting serial into more days.
pub(super) async fn extend(ctx: &Ctx, user: &User, rental: RentalId) -> anyhow::Result<()> {
    finish(ctx, user, &Target::Extend(rental)).await
}

async fn finish(ctx: &Ctx, user: &User, target: &Target) -> anyhow::Result<()> {
    let Some(code) = waiting(ctx, user).await? else { return button_is_old(ctx).await };
    match redeem::redeem(&ctx.app, user.id, &code, target).await {
        Ok(Redeemed::Started { .. }) => {
            people::drop_payload(&ctx.app, user.id).await?;
            // The progress message follows from the outbox; this one makes way for it.
            let text = ctx.words().format(t("redeem-accepted"), &args().text("code", code.masked()));
            ctx.show(Screen::new(text)).await?;
            Ok(())
        }
        Ok(Redeemed::Extended { rental, days, old_end, new_end }) => {
            people::drop_payload(&ctx.app, user.id).await?;
            let Some(relay) = relays::one(&ctx.app, user.id, rental).await? else {
                ctx.show(not_found(ctx)).await?;
                return Ok(());
            };
            let words = ctx.words();
            let not_yet = || words.label(t("relay-not-yet"));
            let moment = |end: Option<_>| end.map_or_else(not_yet, |end| format::moment(end, user.zone));
            let left = new_end.map_or_else(not_yet, |end| format::left(words, ctx.now(), end));
            let text = words.format(
                t("redeem-extended"),
                &args()
                    .text("relay", relay.name(ctx.lang))
                    .number("days", days)
                    .text("old_end", moment(old_end))
                    .text("new_end", moment(new_end))
                    .text("left", left),
            );
            ctx.show(Screen::new(text).row([relay_button(ctx, &relay), home(ctx)])).await?;
            Ok(())
        }
        Err(error) => refused(ctx, user, error).await,
    }
}

/// Leaves the serial unredeemed.
pub(super) async fn leave(ctx: &Ctx, user: &User) -> anyhow::Result<()> {
    people::drop_payload(&ctx.app, user.id).await?;
    ctx.show(Screen::new(ctx.words().get(t("redeem-left"))).row([home(ctx)])).await?;
    Ok(())
}

/// Says why a serial wasn't redeemed.
async fn refused(ctx: &Ctx, user: &User, error: RedeemError) -> anyhow::Result<()> {
    let refusal = match error {
        RedeemError::Refused(refusal) => refusal,
        RedeemError::Failed(error) => return Err(error.into()),
    };
    let words = ctx.words();
    let date = |at| format::date(at, user.zone);
    let mut row = vec![home(ctx)];
    let text = match refusal {
        Refusal::Unknown { tries } => words.format(t("redeem-unknown"), &args().number("tries", tries)),
        Refusal::Locked { until } => {
            words.format(t("redeem-locked"), &args().text("until", format::moment(until, user.zone)))
        }
        Refusal::Used { at } => words.format(t("redeem-used"), &args().text("date", date(at))),
        Refusal::UsedSelf { at, rental } => {
            let Some(relay) = relays::one(&ctx.app, user.id, rental).await? else {
                ctx.show(not_found(ctx)).await?;
                return Ok(());
            };
            row.insert(0, relay_button(ctx, &relay));
            let end = relay.rental.state.end();
            let end =
                end.map_or_else(|| words.label(t("relay-not-yet")), |end| format::moment(end, user.zone));
            words.format(
                t("redeem-used-self"),
                &args().text("date", date(at)).text("relay", relay.name(ctx.lang)).text("end", end),
            )
        }
        Refusal::Expired { at } => words.format(
            t("redeem-expired"),
            &args().text("date", at.map_or_else(|| words.label(t("relay-not-yet")), date)),
        ),
        Refusal::Revoked => words.get(t("redeem-revoked")),
        Refusal::NotReady => words.get(t("redeem-not-ready")),
        Refusal::SoldOut => words.get(t("redeem-soldout")),
        Refusal::BadTarget => words.get(t("error-button-old")),
    };
    // What was refused for good needn't wait any longer; a sold-out region may have room later.
    if refusal != Refusal::SoldOut {
        people::drop_payload(&ctx.app, user.id).await?;
    }
    ctx.show(Screen::new(text).row(row)).await?;
    Ok(())
}
