//! What became of a confirmation.

use super::acl;
use super::desk::{Answer, Desk, Said, Stop};
use super::rentals;
use super::setup;
use crate::account::User;
use crate::account::store::{self as accounts, By};
use crate::app::admin::confirm::{self, Done, Tapped};
use crate::app::admin::customers::{self, Suspension};
use crate::app::admin::servers::{Added, Edited, Removal};
use crate::app::admin::setup::Start;
use crate::fleet::store::servers as server_store;
use crate::i18n::{Html, args, t};
use crate::types::{ConfirmationId, ServerId, UserId};

/// Does what was asked, or calls it off, and shows the outcome in place of the question.
pub(super) async fn tap(desk: &Desk<'_>, id: ConfirmationId, go: bool) -> Said {
    let words = desk.words();
    match confirm::tap(desk.app(), &desk.admin, &desk.ctx.user, id, go).await? {
        Tapped::Done(done) => outcome(desk, *done).await,
        Tapped::CalledOff => Ok(Answer::new(words.get(t("ops-cancelled")))),
        Tapped::Late => Ok(Answer::new(words.get(t("ops-confirm-expired")))),
        Tapped::NotYours(name) => {
            desk.ctx.say(words.format(t("ops-not-yours"), &args().text("who", name))).await?;
            Err(Stop::Told)
        }
        Tapped::Over => {
            desk.ctx.say(words.get(t("ops-confirm-over"))).await?;
            Err(Stop::Told)
        }
    }
}

async fn outcome(desk: &Desk<'_>, done: Done) -> Said {
    let words = desk.words();
    let text = match done {
        Done::Added(Added::Yes(name)) => words.format(t("ops-server-added"), &args().text("server", name)),
        Done::Added(Added::Exists(name)) => words.format(t("ops-server-there"), &args().text("server", name)),
        Done::HostKey { server, edited: Edited::Yes, host_key } => words.format(
            t("ops-server-edited"),
            &args()
                .text("server", server_name(desk, server).await?)
                .text("field", "key")
                .text("value", host_key),
        ),
        Done::Removed { server, removal } => removed(desk, server, removal).await?,
        Done::SetUp(Start::Begun(_)) => words.get(t("ops-setup-begun")),
        Done::SetUp(start) => {
            setup::started(words, start, "").unwrap_or_else(|| words.get(t("ops-setup-begun")))
        }
        Done::Renewed(Ok(changed)) => {
            let (user, relay) = rentals::named(desk, &changed).await?;
            return rentals::renewed(desk, &user, &relay, Ok(changed));
        }
        Done::Released(Ok(changed)) => {
            let (user, relay) = rentals::named(desk, &changed).await?;
            let values = args().text("user", &user.username).text("relay", relay.name(desk.ctx.lang));
            words.format(t("ops-released"), &values)
        }
        Done::HostKey { .. } | Done::Unreadable | Done::Renewed(Err(_)) | Done::Released(Err(_)) => {
            words.get(t("ops-changed-meanwhile"))
        }
        Done::Banned(suspension) => banned(desk, &suspension),
        Done::AclOff { user, version } => {
            let user = user_of(desk, user).await?;
            return acl::chosen(desk, &user, version).await;
        }
    };
    Ok(Answer::new(text))
}

async fn removed(desk: &Desk<'_>, server: ServerId, removal: Removal) -> Said<Html> {
    let words = desk.words();
    Ok(match removal {
        Removal::Done => words.format(t("ops-server-removed"), &args().text("server", format!("#{server}"))),
        Removal::Begun { moved } => {
            let values = args().text("server", server_name(desk, server).await?).text("moved", moved);
            words.format(t("ops-server-removing"), &values)
        }
        Removal::NoRoom { rental } => {
            let relay = customers::rental(desk.app(), rental).await?;
            let relay = relay.map(|(_, relay)| relay.name(desk.ctx.lang));
            let values = args()
                .text("server", server_name(desk, server).await?)
                .text("relay", relay.unwrap_or_else(|| format!("#{rental}")));
            words.format(t("ops-server-remove-full"), &values)
        }
        Removal::Gone => words.get(t("ops-changed-meanwhile")),
    })
}

fn banned(desk: &Desk<'_>, suspension: &Suspension) -> Html {
    let words = desk.words();
    match suspension {
        Suspension::Done { user, rentals } => {
            words.format(t("ops-banned"), &args().text("user", &user.username).text("rentals", rentals))
        }
        Suspension::Already { user } => {
            words.format(t("ops-banned-already"), &args().text("user", &user.username))
        }
        Suspension::IsAdmin { user } => {
            words.format(t("ops-ban-admin"), &args().text("user", &user.username))
        }
        Suspension::Gone => words.get(t("ops-changed-meanwhile")),
    }
}

async fn server_name(desk: &Desk<'_>, id: ServerId) -> Said<String> {
    let app = desk.app();
    let found = server_store::get(&app.pool, app.tenant, id).await?;
    Ok(found.map_or_else(|| format!("#{id}"), |listed| listed.server.name().to_string()))
}

async fn user_of(desk: &Desk<'_>, id: UserId) -> Said<User> {
    let app = desk.app();
    let found = accounts::find(&app.pool, app.tenant, By::Id(id)).await?;
    found.ok_or_else(|| Desk::stop(desk.words().get(t("ops-changed-meanwhile"))))
}
