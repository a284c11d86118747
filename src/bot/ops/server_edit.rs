//! One server's record: shown, and changed field by field.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use super::desk::{Answer, Desk, Said};
use super::servers::{find_kind, find_region, region_name, status_code, traffic};
use super::setup::host_trouble;
use super::spec::Spec;
use super::{args as given_words, kinds};
use crate::app::admin::confirm::{Act, COMPARE};
use crate::app::admin::servers::{self, Edited};
use crate::fleet::server::{Hardware, ServerEdit};
use crate::fleet::store::servers::Listed;
use crate::fleet::store::{kinds as kind_store, regions};
use crate::i18n::{Html, args, format, t};

/// The fields that can be changed, as admins type them.
const FIELDS: [&str; 9] = ["ip", "port", "user", "key", "region", "type", "capacity", "ports", "traffic"];

/// Shows a server, or changes one thing about it.
pub(super) async fn edit(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let (server, change) = match given {
        [server] => (server, None),
        [server, field, value @ ..] if !value.is_empty() => (server, Some((field, value.join(" ")))),
        _ => return Err(Desk::stop(desk.usage(spec))),
    };
    let listed = desk.server(spec, server).await?;
    match change {
        None => show(desk, &listed).await,
        Some((field, value)) => set(desk, spec, &listed, field, &value).await,
    }
}

async fn show(desk: &Desk<'_>, listed: &Listed) -> Said {
    let (words, app, server) = (desk.words(), desk.app(), &listed.server);
    let names = regions::list(&app.pool).await?;
    let kinds = kind_store::list(&app.pool).await?;
    let kind = kinds.into_iter().find(|kind| kind.id == server.kind);
    let status = words.plain(t("ops-server-status"), &args().text("status", status_code(server)));
    let hardware = match &server.hardware {
        Some(hardware) => hardware_line(desk, hardware),
        None => words.label(t("ops-server-no-hardware")),
    };
    let text = words.format(
        t("ops-server-detail"),
        &args()
            .text("server", server.name())
            .text("status", status)
            .text("address", server.ssh.address)
            .text("port", server.ssh.port)
            .text("user", &server.ssh.user)
            .text("fingerprint", &server.ssh.host_key)
            .text("region", region_name(desk, server, &names))
            .text("type", kind.map_or_else(String::new, |kind| kind.name))
            .text("standing", listed.standing)
            .text("capacity", server.capacity)
            .text("ports", server.ports)
            .text("load", format::percent(server.load.into(), 1000))
            .text("traffic", traffic(desk, server))
            .text("hardware", hardware)
            .text("fields", FIELDS.join(", ")),
    );
    Ok(Answer::new(text))
}

fn hardware_line(desk: &Desk<'_>, hardware: &Hardware) -> String {
    desk.words().plain(
        t("ops-server-hardware"),
        &args()
            .text("cores", hardware.cores)
            .text("memory", hardware.memory)
            .text("disk", hardware.disk)
            .text("arch", hardware.arch)
            .text("os", &hardware.os)
            .text("engine", &hardware.engine),
    )
}

async fn set(desk: &Desk<'_>, spec: &Spec, listed: &Listed, field: &str, value: &str) -> Said {
    let (words, app, server) = (desk.words(), desk.app(), &listed.server);
    let field = field.to_ascii_lowercase();
    if field == "key" && value.eq_ignore_ascii_case("scan") {
        return scan(desk, listed).await;
    }
    let change = read(desk, spec, &field, value).await?;
    let now = desk.ctx.now();
    let mut tx = app.pool.begin().await?;
    let edited = servers::edit(app, &mut tx, &desk.admin, server.id, &change, &field, now).await?;
    let name = server.name();
    Ok(Answer::new(match edited {
        Edited::Yes => {
            tx.commit().await?;
            // A changed region changes the name too.
            let now_named = servers::find(app, &crate::fleet::server::ServerRef::Id(server.id)).await?;
            let name = now_named.first().map_or(name, |listed| listed.server.name());
            let values = args().text("server", name).text("field", &field).text("value", value);
            words.format(t("ops-server-edited"), &values)
        }
        Edited::Busy { standing } => words.format(
            t("ops-server-edit-busy"),
            &args().text("server", name).text("standing", standing).text("field", &field),
        ),
        Edited::AddressTaken => words.format(
            t("ops-server-exists"),
            &args().text("address", value).text("port", server.ssh.port).text("server", "…"),
        ),
        Edited::Gone => words.get(t("ops-changed-meanwhile")),
    }))
}

/// Reads a field's new value.
async fn read(desk: &Desk<'_>, spec: &Spec, field: &str, value: &str) -> Said<ServerEdit> {
    let words = desk.words();
    let not = || {
        let values = args().text("given", value).text("field", field);
        desk.wrong(spec, words.format(t("ops-wrong-value"), &values))
    };
    let number = |least, most| {
        given_words::number(value, least, most).ok_or_else(|| desk.wrong_number(spec, value, least, most))
    };
    Ok(match field {
        "ip" => ServerEdit::Address(Ipv4Addr::from_str(value).map_err(|_| not())?.into()),
        "port" => ServerEdit::SshPort(u16::try_from(number(1, 65_535)?).map_err(|_| not())?),
        "user" => ServerEdit::SshUser(value.parse().map_err(|_| not())?),
        "key" => ServerEdit::HostKey(value.parse().map_err(|_| not())?),
        "region" => {
            let known = regions::list(&desk.app().pool).await?;
            ServerEdit::Region(find_region(desk, spec, value, known)?.code)
        }
        "type" => ServerEdit::Kind(find_kind(desk, spec, value).await?.id),
        "capacity" => ServerEdit::Capacity(number(1, 1000)?),
        "ports" => ServerEdit::Ports(value.parse().map_err(|_| not())?),
        "traffic" if kinds::is_none(value) => ServerEdit::TotalTraffic(None),
        "traffic" => ServerEdit::TotalTraffic(Some(value.parse().map_err(|_| not())?)),
        other => {
            let known = FIELDS.map(str::to_owned);
            return Err(desk.wrong(spec, desk.unknown(t("ops-wrong-field"), other, &known)));
        }
    })
}

/// Looks at the host key that a server shows now, and asks whether to take it for its own.
async fn scan(desk: &Desk<'_>, listed: &Listed) -> Said {
    let (words, server) = (desk.words(), &listed.server);
    let at = SocketAddr::new(server.ssh.address, server.ssh.port);
    let key = match desk.app().hosts.scan(at).await {
        Ok(key) => key,
        Err(error) => return Err(Desk::stop(host_trouble(words, &error, &server.name().to_string()))),
    };
    if key == server.ssh.host_key {
        let values = args().text("server", server.name()).text("fingerprint", &key);
        return Err(Desk::stop(words.format(t("ops-server-key-same"), &values)));
    }
    let text: Html = words.format(
        t("ops-server-host-key"),
        &args().text("server", server.name()).text("old", &server.ssh.host_key).text("new", &key),
    );
    desk.ask(text, &Act::HostKey { server: server.id, host_key: key.to_string() }, COMPARE).await
}
