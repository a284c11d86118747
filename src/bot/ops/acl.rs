//! A customer's ACL: shown, chosen, sent again.

use super::desk::{Answer, Desk, Said, Stop};
use super::kinds;
use super::spec::Spec;
use crate::account::store::{self as accounts, By};
use crate::account::{AclMode, User};
use crate::acl::Acl;
use crate::app::admin::acl::{self, Choice, Standing};
use crate::app::admin::confirm::Act;
use crate::bot::callback::Press;
use crate::bot::screen::press;
use crate::confirm::LIFETIME;
use crate::i18n::{Html, args, t};
use crate::types::{ServerId, UserId};

/// Shows a customer's ACL, or chooses which relays it names.
pub(super) async fn acl(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let [customer, choice @ ..] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let user = desk.customer(spec, customer).await?;
    match choice {
        [] => show(desk, &user).await,
        [one] if one.eq_ignore_ascii_case("auto") => choose(desk, &user, &Choice::Auto).await,
        [one] if kinds::is_none(one) => {
            let values = args().text("user", &user.username);
            let text = desk.words().format(t("ops-acl-off-confirm"), &values);
            desk.ask(text, &Act::AclOff { user: user.id }, LIFETIME).await
        }
        names => {
            let mut servers: Vec<ServerId> = Vec::new();
            for name in names {
                let id = desk.server(spec, name).await?.server.id;
                if !servers.contains(&id) {
                    servers.push(id);
                }
            }
            choose(desk, &user, &Choice::Servers(servers)).await
        }
    }
}

async fn show(desk: &Desk<'_>, user: &User) -> Said {
    let words = desk.words();
    let Some(standing) = acl::standing(desk.app(), user.id).await? else {
        return Err(no_tailnet(desk, user));
    };
    let version = match &standing.active {
        None => words.get(t("ops-acl-no-version")),
        Some(acl) => words.format(
            t("ops-acl-version"),
            &args().text("version", acl.version).text("at", desk.moment(acl.created_at)),
        ),
    };
    let rows = standing.active.as_ref().map(|acl| rows(desk, acl));
    let text = words.format(
        t("ops-acl"),
        &args()
            .text("user", &user.username)
            .text("mode", mode(desk, &standing))
            .html("version", version)
            .html("rows", rows.unwrap_or_default()),
    );
    let Some(acl) = &standing.active else { return Ok(Answer::new(text)) };
    let file = serde_json::to_vec_pretty(&acl.map)?;
    let send = press(words.label(t("btn-ops-resend")), &Press::OpsAclSend { user: user.id });
    Ok(Answer::new(text).row([send]).attach(format!("derpmap-{}-v{}.json", user.username, acl.version), file))
}

fn rows(desk: &Desk<'_>, acl: &Acl) -> Html {
    let words = desk.words();
    let regions = acl.map.regions.iter().filter_map(|(id, region)| Some((id, region.as_ref()?)));
    let rows = regions.map(|(id, region)| {
        let nodes = region.nodes.iter().map(|node| format!("{}:{}", node.host_name, node.derp_port));
        words.format(
            t("ops-acl-row"),
            &args()
                .text("region_id", id)
                .text("relay", &region.name)
                .text("address", nodes.collect::<Vec<_>>().join(", ")),
        )
    });
    Html::join(rows, "\n")
}

fn mode(desk: &Desk<'_>, standing: &Standing) -> String {
    let code = match standing.mode {
        AclMode::Auto => "auto",
        AclMode::Manual => "manual",
        AclMode::Off => "off",
    };
    let servers: Vec<String> = standing.servers.iter().map(ToString::to_string).collect();
    desk.words().plain(t("ops-acl-mode"), &args().text("mode", code).text("servers", servers.join(", ")))
}

async fn choose(desk: &Desk<'_>, user: &User, choice: &Choice) -> Said {
    let (app, now) = (desk.app(), desk.ctx.now());
    let mut tx = app.pool.begin().await?;
    let Some(made) = acl::choose(app, &mut tx, &desk.admin, user.id, choice, now).await? else {
        return Err(no_tailnet(desk, user));
    };
    let version = match made {
        Some(id) => acl::version(app, &mut tx, id).await?,
        None => None,
    };
    tx.commit().await?;
    chosen(desk, user, version).await
}

/// What a choice came to.
pub(super) async fn chosen(desk: &Desk<'_>, user: &User, version: Option<u32>) -> Said {
    let words = desk.words();
    let Some(standing) = acl::standing(desk.app(), user.id).await? else {
        return Err(no_tailnet(desk, user));
    };
    let outcome = match version {
        Some(version) => words.plain(t("ops-acl-new"), &args().text("version", version)),
        None => words.label(t("ops-acl-unchanged")),
    };
    Ok(Answer::new(words.format(
        t("ops-acl-set"),
        &args().text("user", &user.username).text("mode", mode(desk, &standing)).text("outcome", outcome),
    )))
}

/// Sends a customer their ACL again, by the button.
pub(super) async fn resend(desk: &Desk<'_>, user: UserId) -> Said {
    let (words, app) = (desk.words(), desk.app());
    let Some(user) = accounts::find(&app.pool, app.tenant, By::Id(user)).await? else {
        return Err(Desk::stop(words.get(t("ops-changed-meanwhile"))));
    };
    if !acl::resend(app, &desk.admin, &user).await? {
        return Err(no_tailnet(desk, &user));
    }
    desk.ctx.say(words.format(t("ops-acl-resent"), &args().text("user", &user.username))).await?;
    Err(Stop::Told)
}

fn no_tailnet(desk: &Desk<'_>, user: &User) -> Stop {
    Desk::stop(desk.words().format(t("ops-acl-none"), &args().text("user", &user.username)))
}
