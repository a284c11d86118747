//! Servers: the list, adding, taking out of service, removing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use super::desk::{Answer, Desk, Said};
use super::setup::host_trouble;
use super::spec::Spec;
use crate::app::admin::confirm::{Act, COMPARE};
use crate::app::admin::servers;
use crate::bot::callback::Press;
use crate::bot::screen::press;
use crate::bytes::Bytes;
use crate::confirm::LIFETIME;
use crate::fleet::host::SshUser;
use crate::fleet::server::{Region, Server, ServerRef, ServerStatus, ServerType};
use crate::fleet::store::servers::{self as store, Listed};
use crate::fleet::store::{kinds, regions};
use crate::i18n::{Html, args, format, t};

/// Servers on a page.
const PAGE: u32 = 20;

/// The list.
pub(super) async fn list(desk: &Desk<'_>, page: u16) -> Said {
    let (words, app) = (desk.words(), desk.app());
    let counts = store::count(&app.pool, app.tenant).await?;
    let total: i64 = counts.iter().map(|(_, count)| count).sum();
    if total == 0 {
        return Err(Desk::stop(words.get(t("ops-servers-none"))));
    }
    let healthy: i64 =
        counts.iter().filter(|(status, _)| *status == ServerStatus::Healthy).map(|(_, count)| count).sum();
    let shown = store::list(&app.pool, app.tenant, u32::from(page) * PAGE, PAGE).await?;
    let names = regions::list(&app.pool).await?;
    let rows = Html::join(shown.iter().map(|listed| row(desk, listed, &names)), "\n");
    let text = words
        .format(t("ops-servers"), &args().text("healthy", healthy).text("count", total).html("rows", rows));
    let pages = u16::try_from((total - 1) / i64::from(PAGE)).unwrap_or(u16::MAX);
    let turn = |label, page| press(words.label(label), &Press::OpsServers { page });
    let back = (page > 0).then(|| turn(t("btn-page-back"), page.min(pages + 1) - 1));
    let next = (page < pages).then(|| turn(t("btn-page-next"), page + 1));
    Ok(Answer::new(text).row(back.into_iter().chain(next)))
}

fn row(desk: &Desk<'_>, listed: &Listed, names: &[Region]) -> Html {
    let server = &listed.server;
    desk.words().format(
        t("ops-servers-row"),
        &args()
            .text("status", status_code(server))
            .text("server", server.name())
            .text("region", region_name(desk, server, names))
            .text("load", format::percent(server.load.into(), 1000))
            .text("standing", listed.standing)
            .text("capacity", server.capacity)
            .text("traffic", traffic(desk, server)),
    )
}

/// A server's state, as texts choose by it.
pub(super) const fn status_code(server: &Server) -> &'static str {
    match server.status {
        ServerStatus::Healthy => "healthy",
        ServerStatus::Unhealthy => "unhealthy",
        ServerStatus::Maintenance if server.removal_at.is_some() => "removing",
        ServerStatus::Maintenance => "maintenance",
    }
}

/// The name of a server's region.
pub(super) fn region_name(desk: &Desk<'_>, server: &Server, names: &[Region]) -> String {
    let found = names.iter().find(|region| region.code == server.region);
    found.map_or_else(|| server.region.to_string(), |region| region.title.get(desk.ctx.lang).to_owned())
}

/// What is left of a server's traffic this month.
pub(super) fn traffic(desk: &Desk<'_>, server: &Server) -> String {
    let words = desk.words();
    match server.total_traffic {
        None => words.label(t("ops-traffic-free")),
        Some(total) => {
            let left = server.remaining_traffic.unwrap_or(Bytes(0));
            words.plain(t("ops-traffic-left"), &args().text("left", left).text("total", total))
        }
    }
}

/// What was given for a new server, checked.
struct Wanted {
    address: IpAddr,
    port: u16,
    user: SshUser,
    region: Region,
    kind: ServerType,
}

/// Scans the host key of a new server and asks whether it is the right one.
pub(super) async fn add(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let (words, app) = (desk.words(), desk.app());
    let wanted = wanted(desk, spec, given).await?;
    let values = || args().text("address", wanted.address).text("port", wanted.port);
    let reference = ServerRef::Address(wanted.address, Some(wanted.port));
    if let Some(there) = servers::find(app, &reference).await?.first() {
        let text = words.format(t("ops-server-exists"), &values().text("server", there.server.name()));
        return Err(Desk::stop(text));
    }
    let at = SocketAddr::new(wanted.address, wanted.port);
    let host_key = match app.hosts.scan(at).await {
        Ok(key) => key,
        Err(error) => return Err(Desk::stop(host_trouble(words, &error, &at.to_string()))),
    };
    let text = words.format(
        t("ops-server-add"),
        &values()
            .text("user", &wanted.user)
            .text("region", wanted.region.title.get(desk.ctx.lang))
            .text("type", &wanted.kind.name)
            .text("install_line", install_line(&app.key_line))
            .text("fingerprint", &host_key),
    );
    let act = Act::AddServer {
        address: wanted.address,
        ssh_port: wanted.port,
        ssh_user: wanted.user.to_string(),
        host_key: host_key.to_string(),
        region: wanted.region.code,
        kind: wanted.kind.id,
    };
    desk.ask(text, &act, COMPARE).await
}

/// The command that lets us in.
fn install_line(key_line: &str) -> String {
    format!("mkdir -p -m 700 ~/.ssh && echo '{key_line}' >> ~/.ssh/authorized_keys")
}

/// Reads `IP [PORT] [USER] REGION TYPE`; what can be a port is one.
async fn wanted(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said<Wanted> {
    let (words, app) = (desk.words(), desk.app());
    let (address, optional, region, kind) = match given {
        [address, region, kind] => (address, &[][..], region, kind),
        [address, one, region, kind] => (address, std::slice::from_ref(one), region, kind),
        [address, _, _, region, kind] => (address, &given[1..3], region, kind),
        _ => return Err(Desk::stop(desk.usage(spec))),
    };
    let ip = Ipv4Addr::from_str(address);
    let ip = ip.map_err(|_| {
        desk.wrong(spec, words.format(t("ops-wrong-address"), &args().text("given", address)))
    })?;
    let (port, user) = match optional {
        [] => (None, None),
        [one] if one.bytes().all(|b| b.is_ascii_digit()) => (Some(one), None),
        [one] => (None, Some(one)),
        [port, user, ..] => (Some(port), Some(user)),
    };
    let port = match port {
        None => 22,
        Some(port) => match port.parse::<u16>() {
            Ok(port) if port > 0 => port,
            Ok(_) | Err(_) => return Err(desk.wrong_number(spec, port, 1, 65_535)),
        },
    };
    let user = user.map_or("root", String::as_str);
    let login = user.parse();
    let login = login
        .map_err(|_| desk.wrong(spec, words.format(t("ops-wrong-login"), &args().text("given", user))))?;
    let known = regions::list(&app.pool).await?;
    let region = find_region(desk, spec, region, known)?;
    let kind = find_kind(desk, spec, kind).await?;
    Ok(Wanted { address: ip.into(), port, user: login, region, kind })
}

/// A region by its code, its short code or its name.
pub(super) fn find_region(desk: &Desk<'_>, spec: &Spec, word: &str, known: Vec<Region>) -> Said<Region> {
    let codes: Vec<String> = known.iter().map(|region| region.code.to_string()).collect();
    let same = |text: &str| text.eq_ignore_ascii_case(word);
    let fits = |region: &Region| {
        same(region.code.as_str())
            || same(&region.short)
            || same(&region.title.zh_cn)
            || same(&region.title.en)
    };
    let unknown = || desk.wrong(spec, desk.unknown(t("ops-wrong-region"), word, &codes));
    known.into_iter().find(fits).ok_or_else(unknown)
}

/// A server type by its name.
pub(super) async fn find_kind(desk: &Desk<'_>, spec: &Spec, word: &str) -> Said<ServerType> {
    let app = desk.app();
    if let Some(kind) = kinds::find(&app.pool, word).await? {
        return Ok(kind);
    }
    let known: Vec<String> = kinds::list(&app.pool).await?.into_iter().map(|kind| kind.name).collect();
    Err(desk.wrong(spec, desk.unknown(t("ops-wrong-type"), word, &known)))
}

/// Takes a server out of service.
pub(super) async fn drain(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let [word] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let (words, app) = (desk.words(), desk.app());
    let server = desk.server(spec, word).await?.server;
    let name = server.name();
    if !servers::drain(app, &desk.admin, server.id).await? {
        let text = words.format(t("ops-server-drained-already"), &args().text("server", name));
        return Err(Desk::stop(text));
    }
    let mut db = app.pool.acquire().await?;
    let rentals = servers::load(app, &mut db, server.id).await?.rentals();
    let values = args().text("server", name).text("rentals", rentals);
    Ok(Answer::new(words.format(t("ops-server-drained"), &values)))
}

/// Says what removing a server would do, and asks.
pub(super) async fn remove(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let [word] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let (words, app) = (desk.words(), desk.app());
    let server = desk.server(spec, word).await?.server;
    let name = server.name();
    let mut db = app.pool.acquire().await?;
    let load = servers::load(app, &mut db, server.id).await?;
    drop(db);
    let text = if server.removal_at.is_some() && load.leaving > 0 {
        let values = args().text("server", name).text("leaving", load.leaving);
        words.format(t("ops-server-remove-stuck"), &values)
    } else if load.rentals() == 0 {
        words.format(t("ops-server-remove-empty"), &args().text("server", name))
    } else {
        words.format(
            t("ops-server-remove-confirm"),
            &args()
                .text("server", name)
                .text("rentals", load.rentals())
                .text("dual", load.dual)
                .text("single", load.single),
        )
    };
    desk.ask(text, &Act::RemoveServer { server: server.id }, LIFETIME).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_installs_the_key_and_nothing_else() {
        let line = install_line("ssh-ed25519 AAAA derpshop");
        assert_eq!(
            line,
            "mkdir -p -m 700 ~/.ssh && echo 'ssh-ed25519 AAAA derpshop' >> ~/.ssh/authorized_keys"
        );
    }
}
