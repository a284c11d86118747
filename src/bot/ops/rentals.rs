//! Rentals: renewed to a date, paused, resumed, released.

use chrono::{DateTime, TimeDelta, Utc};

use super::args as given_words;
use super::customers::can_renew;
use super::desk::{Answer, Desk, Said, Stop};
use super::spec::Spec;
use crate::account::User;
use crate::account::store::{self as accounts, By};
use crate::app::admin::confirm::{self, Act};
use crate::app::lifecycle::{self, Changed, LifecycleError};
use crate::app::views::relays::{self, Relay};
use crate::bot::callback::Press;
use crate::bot::screen::press;
use crate::confirm::LIFETIME;
use crate::i18n::{Html, args, format, t};
use crate::rental::{KEPT, RentalError, RentalState};
use crate::types::RentalId;

/// A rental in a customer's card.
pub(super) fn row(desk: &Desk<'_>, relay: &Relay, now: DateTime<Utc>) -> Html {
    let words = desk.words();
    let state = relay.rental.state;
    let what = match state {
        RentalState::Starting { days } => words.plain(t("ops-rental-starting"), &args().number("days", days)),
        RentalState::Active { end, .. } => words.plain(
            t("ops-rental-active"),
            &args().text("end", desk.moment(end)).text("left", format::left(words, now, end)),
        ),
        RentalState::Paused { since, .. } => {
            words.plain(t("ops-rental-paused"), &args().text("since", desk.moment(since)))
        }
        RentalState::Expired { end, .. } => words.plain(
            t("ops-rental-expired"),
            &args().text("end", desk.moment(end)).text("kept_until", desk.moment(end + KEPT)),
        ),
        RentalState::Released { at } => {
            words.plain(t("ops-rental-released"), &args().text("at", desk.moment(at)))
        }
    };
    words.format(
        t("ops-rental-row"),
        &args().text("state", state.name()).text("relay", relay.name(desk.ctx.lang)).text("what", what),
    )
}

/// Sets the end of a customer's rental. Several are asked which; a date before the present end is asked whether.
pub(super) async fn renew(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let words = desk.words();
    let (word, day, time) = match given {
        [word, day] => (word, day, None),
        [word, day, time] => (word, day, Some(time.as_str())),
        _ => return Err(Desk::stop(desk.usage(spec))),
    };
    let Some(end) = given_words::moment(day, time, desk.zone()) else {
        let written = time.map_or_else(|| day.clone(), |time| format!("{day} {time}"));
        return Err(desk.wrong(spec, words.format(t("ops-wrong-date"), &args().text("given", written))));
    };
    if end <= desk.ctx.now() {
        let values = args().text("end", desk.moment(end));
        return Err(Desk::stop(words.format(t("ops-renew-past"), &values)));
    }
    if word.starts_with('#') {
        let (user, relay) = desk.rental(spec, word).await?;
        return renew_one(desk, &user, &relay, end).await;
    }
    let user = desk.customer(spec, word).await?;
    let mut all = relays::list(desk.app(), user.id).await?;
    all.retain(|relay| !matches!(relay.rental.state, RentalState::Released { .. }));
    if let [only] = &all[..] {
        return renew_one(desk, &user, only, end).await;
    }
    all.retain(|relay| can_renew(relay.rental.state));
    match &all[..] {
        [] => {
            let values = args().text("user", &user.username);
            Err(Desk::stop(words.format(t("ops-renew-nothing"), &values)))
        }
        [only] => renew_one(desk, &user, only, end).await,
        several => which(desk, &user, several, end).await,
    }
}

/// Asks which of several rentals is meant: the choice is the confirmation.
async fn which(desk: &Desk<'_>, user: &User, several: &[Relay], end: DateTime<Utc>) -> Said {
    let words = desk.words();
    let count = i64::try_from(several.len()).unwrap_or(i64::MAX);
    let values = args().text("user", &user.username).number("count", count).text("end", desk.moment(end));
    let by = args().text("who", &desk.ctx.sender.name).number("minutes", LIFETIME.num_minutes());
    let text = [words.format(t("ops-renew-which"), &values), words.format(t("ops-confirm-by"), &by)];
    let mut answer = Answer::new(Html::join(text, "\n"));
    let mut last = None;
    for relay in several {
        let act = Act::Renew { rental: relay.rental.id, end };
        let id = confirm::ask(desk.app(), &desk.ctx.user, &act, LIFETIME).await?;
        let date = relay.rental.state.end().map(|end| format::date(end, desk.zone()));
        let label = format!("{} · {}", relay.name(desk.ctx.lang), date.unwrap_or_default());
        answer = answer.row([press(label, &Press::OpsConfirm { id })]);
        last = Some(id);
    }
    let cancel = last.map(|id| press(words.label(t("btn-cancel")), &Press::OpsCallOff { id }));
    Ok(answer.row(cancel))
}

async fn renew_one(desk: &Desk<'_>, user: &User, relay: &Relay, end: DateTime<Utc>) -> Said {
    let words = desk.words();
    let (id, name) = (relay.rental.id, relay.name(desk.ctx.lang));
    let old_end = match relay.rental.state {
        RentalState::Active { end, .. } | RentalState::Expired { end, .. } => end,
        RentalState::Starting { .. } => {
            return Err(refused(desk, &name, id, RentalError::NotRunning, "renew"));
        }
        RentalState::Paused { .. } => {
            let values = args().text("relay", name).text("rental", id);
            return Err(Desk::stop(words.format(t("ops-renew-paused"), &values)));
        }
        RentalState::Released { .. } => {
            return Err(refused(desk, &name, id, RentalError::Released, "renew"));
        }
    };
    if end == old_end {
        let values = args().text("relay", name).text("end", desk.moment(end));
        return Err(Desk::stop(words.format(t("ops-renew-same"), &values)));
    }
    if end < old_end {
        let text = words.format(
            t("ops-renew-confirm"),
            &args()
                .text("user", &user.username)
                .text("relay", name)
                .text("old_end", desk.moment(old_end))
                .text("new_end", desk.moment(end))
                .text("change", change(desk, old_end, end)),
        );
        return desk.ask(text, &Act::Renew { rental: id, end }, LIFETIME).await;
    }
    let outcome = lifecycle::renew(desk.app(), &desk.admin, id, end).await;
    renewed(desk, user, relay, outcome)
}

/// By how much an end moves.
fn change(desk: &Desk<'_>, old_end: DateTime<Utc>, new_end: DateTime<Utc>) -> String {
    let words = desk.words();
    let length = duration(desk, new_end - old_end);
    let id = if new_end > old_end { t("ops-renew-longer") } else { t("ops-renew-shorter") };
    words.plain(id, &args().text("duration", length))
}

fn duration(desk: &Desk<'_>, delta: TimeDelta) -> String {
    format::duration(desk.words(), delta.abs().to_std().unwrap_or_default())
}

/// What a renewal came to.
pub(super) fn renewed(
    desk: &Desk<'_>,
    user: &User,
    relay: &Relay,
    outcome: Result<Changed, LifecycleError>,
) -> Said {
    let (id, name) = (relay.rental.id, relay.name(desk.ctx.lang));
    let changed = allowed(desk, &name, id, outcome, "renew")?;
    let (old_end, new_end) = (changed.before.state.end(), changed.after.end());
    let moment = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, |at| desk.moment(at));
    let moved = old_end.zip(new_end).map(|(old, new)| change(desk, old, new));
    Ok(Answer::new(
        desk.words().format(
            t("ops-renewed"),
            &args()
                .text("user", &user.username)
                .text("relay", name)
                .text("old_end", moment(old_end))
                .text("new_end", moment(new_end))
                .text("change", moved.unwrap_or_default()),
        ),
    ))
}

/// Stops a rental's clock.
pub(super) async fn pause(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let [word] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let (user, relay) = desk.rental(spec, word).await?;
    let (id, name) = (relay.rental.id, relay.name(desk.ctx.lang));
    let outcome = lifecycle::pause(desk.app(), &desk.admin, id).await;
    let changed = allowed(desk, &name, id, outcome, "pause")?;
    let left = match changed.after {
        RentalState::Paused { end, since, .. } => end - since,
        RentalState::Starting { .. }
        | RentalState::Active { .. }
        | RentalState::Expired { .. }
        | RentalState::Released { .. } => TimeDelta::zero(),
    };
    Ok(Answer::new(
        desk.words().format(
            t("ops-paused"),
            &args()
                .text("user", &user.username)
                .text("relay", name)
                .text("duration", duration(desk, left))
                .text("rental", id),
        ),
    ))
}

/// Lets a rental's clock run again.
pub(super) async fn resume(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let [word] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let (user, relay) = desk.rental(spec, word).await?;
    let (id, name) = (relay.rental.id, relay.name(desk.ctx.lang));
    let outcome = lifecycle::resume(desk.app(), &desk.admin, id).await;
    let changed = allowed(desk, &name, id, outcome, "resume")?;
    let end = changed.after.end().map_or_else(String::new, |end| desk.moment(end));
    Ok(Answer::new(
        desk.words().format(
            t("ops-resumed"),
            &args().text("user", &user.username).text("relay", name).text("end", end),
        ),
    ))
}

/// Says what giving a rental up would do, and asks.
pub(super) async fn release(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let [word] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let words = desk.words();
    let (user, relay) = desk.rental(spec, word).await?;
    let (id, name, now) = (relay.rental.id, relay.name(desk.ctx.lang), desk.ctx.now());
    let left = match relay.rental.state {
        RentalState::Released { .. } => {
            return Err(refused(desk, &name, id, RentalError::Released, "release"));
        }
        RentalState::Starting { days } => words.plain(t("ops-plans-days"), &args().number("days", days)),
        RentalState::Active { end, .. } => duration(desk, (end - now).max(TimeDelta::zero())),
        RentalState::Paused { end, since, .. } => duration(desk, end - since),
        RentalState::Expired { .. } => duration(desk, TimeDelta::zero()),
    };
    let values = args().text("user", &user.username).text("relay", name).text("left", left);
    let text = words.format(t("ops-release-confirm"), &values);
    desk.ask(text, &Act::Release { rental: id }, LIFETIME).await
}

/// The change, or the answer to why there was none.
pub(super) fn allowed(
    desk: &Desk<'_>,
    name: &str,
    id: RentalId,
    outcome: Result<Changed, LifecycleError>,
    act: &str,
) -> Said<Changed> {
    match outcome {
        Ok(changed) => Ok(changed),
        Err(LifecycleError::State(error)) => Err(refused(desk, name, id, error, act)),
        Err(LifecycleError::NotFound) => Err(Desk::stop(desk.words().get(t("ops-changed-meanwhile")))),
        Err(LifecycleError::Failed(error)) => Err(error.into()),
    }
}

/// Why a rental doesn't allow an act now.
fn refused(desk: &Desk<'_>, name: &str, id: RentalId, error: RentalError, act: &str) -> Stop {
    let words = desk.words();
    let values = args().text("relay", name);
    Desk::stop(match (error, act) {
        (RentalError::Released, _) => words.format(t("ops-rental-is-released"), &values),
        (RentalError::NotPaused, _) => words.format(t("ops-resume-not"), &values),
        (RentalError::NotRunning, "renew") => words.format(t("ops-renew-not-yet"), &values),
        (RentalError::NotRunning, _) => words.format(t("ops-pause-not"), &values),
        (RentalError::OutOfRange, _) => {
            tracing::info!(%id, act, "a rental's date is out of range");
            words.get(t("ops-changed-meanwhile"))
        }
    })
}

/// A rental with its customer, as an outcome names it.
pub(super) async fn named(desk: &Desk<'_>, changed: &Changed) -> Said<(User, Relay)> {
    let app = desk.app();
    let user = accounts::find(&app.pool, app.tenant, By::Id(changed.before.user)).await?;
    let relay = relays::one(app, changed.before.user, changed.before.id).await?;
    user.zip(relay).ok_or_else(|| Desk::stop(desk.words().get(t("ops-changed-meanwhile"))))
}
