//! Customers: found, shown, suspended, restored.

use super::desk::{Answer, Desk, Said};
use super::records;
use super::rentals;
use super::spec::Spec;
use crate::account::{Role, User};
use crate::app::admin::confirm::Act;
use crate::app::admin::customers::{self, Found, Suspension};
use crate::app::views::relays;
use crate::audit::store::Filter;
use crate::bot::callback::Press;
use crate::bot::screen::press;
use crate::confirm::LIFETIME;
use crate::i18n::{Html, args, t};
use crate::rental::RentalState;
use crate::types::UserId;

/// Shows the customer whom a query means, or the few that it may mean.
pub(super) async fn user(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let query = given.join(" ");
    match customers::find(desk.app(), &query).await? {
        Found::One(user) => card(desk, &user).await,
        Found::Maybe(users) => match &users[..] {
            [only] => card(desk, only).await,
            several => {
                let rows = several.iter().map(|user| desk.user_row(user));
                Ok(Answer::new(Html::join(rows, "\n")))
            }
        },
        Found::Nobody => Err(desk.nobody(spec, &query)),
    }
}

async fn card(desk: &Desk<'_>, user: &User) -> Said {
    let (words, now) = (desk.words(), desk.ctx.now());
    let none = || words.label(t("ops-user-none"));
    let all = relays::list(desk.app(), user.id).await?;
    let rentals = if all.is_empty() {
        words.get(t("ops-user-no-rentals"))
    } else {
        Html::join(all.iter().map(|relay| rentals::row(desk, relay, now)), "\n")
    };
    let state = words.plain(t("ops-user-state"), &args().text("state", state_code(user)));
    let moment = |at: Option<chrono::DateTime<chrono::Utc>>| at.map_or_else(none, |at| desk.moment(at));
    let text = words.format(
        t("ops-user"),
        &args()
            .text("user", &user.username)
            .text("id", user.id)
            .text("state", state)
            .text("email", user.email.as_ref().map_or_else(none, ToString::to_string))
            .text("telegram", user.telegram.map_or_else(none, |id| id.to_string()))
            .text("language", user.lang.tag())
            .text("zone", user.zone.name())
            .text("registered", moment(user.registered_at))
            .text("login", moment(user.last_login))
            .html("rentals", rentals),
    );
    let history = Press::OpsHistory { user: user.id, before: None };
    Ok(Answer::new(text).row([press(words.label(t("btn-history")), &history)]))
}

fn state_code(user: &User) -> &'static str {
    if user.closed_at.is_some() {
        return "closed";
    }
    if user.is_banned {
        return "banned";
    }
    match user.role {
        Role::Admin => "admin",
        Role::Distributor => "distributor",
        Role::User if user.is_registered() => "user",
        Role::User => "new",
    }
}

/// Shows what a customer did and what was done to them.
pub(super) async fn history(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let [word] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let user = desk.customer(spec, word).await?;
    history_page(desk, user.id, None).await
}

/// A page of a customer's records, older than `before`.
pub(super) async fn history_page(desk: &Desk<'_>, user: UserId, before: Option<i64>) -> Said {
    let words = desk.words();
    let name = records::name(desk, user).await?;
    let filter = Filter { user: Some(user), before, ..Filter::default() };
    let Some((rows, older)) = records::rows(desk, &filter).await? else {
        return Err(Desk::stop(words.format(t("ops-history-none"), &args().text("user", name))));
    };
    let text = words.format(t("ops-history"), &args().text("user", name).html("rows", rows));
    let turn = |label, before| press(words.label(label), &Press::OpsHistory { user, before });
    let newest = before.map(|_| turn(t("btn-ops-newest"), None));
    let older = older.map(|id| turn(t("btn-ops-older"), Some(id)));
    Ok(Answer::new(text).row(newest.into_iter().chain(older)))
}

/// Says what suspending an account would do, and asks.
pub(super) async fn ban(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let [word] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let words = desk.words();
    let user = desk.customer(spec, word).await?;
    let named = args().text("user", &user.username);
    if user.role == Role::Admin {
        return Err(Desk::stop(words.format(t("ops-ban-admin"), &named)));
    }
    if user.is_banned {
        return Err(Desk::stop(words.format(t("ops-banned-already"), &named)));
    }
    let all = relays::list(desk.app(), user.id).await?;
    let serving = all.iter().filter(|relay| relay.rental.state.wants_relays()).count();
    let text = words.format(t("ops-ban-confirm"), &named.text("rentals", serving));
    desk.ask(text, &Act::Ban { user: user.id }, LIFETIME).await
}

/// Restores an account.
pub(super) async fn unban(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let [word] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let words = desk.words();
    let user = desk.customer(spec, word).await?;
    let text = match customers::unban(desk.app(), &desk.admin, user.id).await? {
        Suspension::Done { user, rentals } => {
            words.format(t("ops-unbanned"), &args().text("user", &user.username).text("rentals", rentals))
        }
        Suspension::Already { user } | Suspension::IsAdmin { user } => {
            words.format(t("ops-unbanned-already"), &args().text("user", &user.username))
        }
        Suspension::Gone => words.get(t("ops-changed-meanwhile")),
    };
    Ok(Answer::new(text))
}

/// Whether a rental can have another end.
pub(super) const fn can_renew(state: RentalState) -> bool {
    match state {
        RentalState::Active { .. } | RentalState::Expired { .. } => true,
        RentalState::Starting { .. } | RentalState::Paused { .. } | RentalState::Released { .. } => false,
    }
}
