//! The ACL of a tailnet in every form: text to paste, file, page, headscale address.

use super::{back_row, home};
use crate::account::{self, User};
use crate::acl::{self, Acl, AclChange};
use crate::app::App;
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::screen::{Screen, press};
use crate::derp::policy;
use crate::i18n::{Html, TextId, Words, args, format, t};
use crate::notify::{Attachment, Button, Keyboard, Outgoing};

/// Versions on one screen.
const VERSIONS: i64 = 10;
/// A text longer than this (UTF-16 units) would not fit into a message with its steps; the file and the page do.
const SNIPPET_LIMIT: usize = 2600;

/// The addresses of a tailnet's ACL pages.
pub(super) struct Addresses {
    /// The page with the copy button.
    pub(super) page: String,
    /// What headscale fetches.
    pub(super) derp_map: String,
}

/// Opens the tailnet's code and makes its addresses; `None` where `webhook` isn't reachable from outside.
async fn addresses(app: &App, user: &User) -> anyhow::Result<Option<Addresses>> {
    let Some(base) = &app.shop.public_url else { return Ok(None) };
    let Some(tailnet) = account::store::tailnet(&app.pool, app.tenant, user.id).await? else {
        return Ok(None);
    };
    let code = app.open.open(&tailnet.digest.row(), &tailnet.code_sealed)?;
    let code = String::from_utf8(code.to_vec())?;
    Ok(Some(Addresses { page: format!("{base}/acl/{code}"), derp_map: format!("{base}/derpmap/{code}") }))
}

async fn active(ctx: &Ctx, user: &User) -> anyhow::Result<Option<Acl>> {
    let Some(tailnet) = account::store::tailnet(&ctx.app.pool, ctx.app.tenant, user.id).await? else {
        return Ok(None);
    };
    let mut conn = ctx.app.pool.acquire().await?;
    Ok(acl::store::active(&mut conn, tailnet.id).await?.filter(|acl| !acl.map.regions.is_empty()))
}

/// The screen when there is nothing to paste yet.
async fn nothing_yet(ctx: &Ctx) -> anyhow::Result<()> {
    let words = ctx.words();
    let redeem = press(words.label(t("btn-redeem")), &Press::Redeem);
    ctx.show(Screen::new(words.get(t("acl-none"))).row([redeem]).row([home(ctx)])).await?;
    Ok(())
}

/// The ACL in force, to be pasted.
pub(super) async fn show(ctx: &Ctx, user: &User) -> anyhow::Result<()> {
    let Some(acl) = active(ctx, user).await? else { return nothing_yet(ctx).await };
    let words = ctx.words();
    let mut screen = Screen::new(delivery_text(words, &acl));
    for row in delivery_keyboard(&ctx.app, words, user).await? {
        screen = screen.row(row);
    }
    let back = if ctx.press.is_some() { back_row(ctx, &Press::Relays).to_vec() } else { vec![home(ctx)] };
    ctx.show(screen.row(back)).await?;
    Ok(())
}

/// A version as it is delivered: the first with all its steps, a later one with what changed.
pub async fn delivery(app: &App, words: Words<'_>, user: &User, acl: &Acl) -> anyhow::Result<Outgoing> {
    let text = match acl.change {
        AclChange::First => delivery_text(words, acl),
        AclChange::RelayAdded | AclChange::RelayRemoved | AclChange::RelayMoved | AclChange::Manual => {
            let head = words.format(
                t("acl-changed"),
                &args().number("version", acl.version).html("change", words.get(change_text(acl.change))),
            );
            if acl.map.regions.is_empty() {
                head
            } else {
                Html::join([head, delivery_text(words, acl)], "\n\n")
            }
        }
    };
    Ok(Outgoing::text(text).keyboard(delivery_keyboard(app, words, user).await?))
}

fn delivery_text(words: Words<'_>, acl: &Acl) -> Html {
    let regions: Vec<_> = acl.map.regions.values().flatten().collect();
    let join = |pick: fn(&crate::derp::map::DerpRegion) -> String| {
        regions.iter().map(|region| pick(region)).collect::<Vec<_>>().join(", ")
    };
    let snippet = policy::snippet(&acl.map);
    let common = args()
        .number("version", acl.version)
        .text("contents", join(|region| region.name.clone()))
        .text("region_code", join(|region| region.code.clone()))
        .text("region_ids", join(|region| region.id.to_string()));
    if snippet.encode_utf16().count() > SNIPPET_LIMIT {
        return words.format(t("acl-delivery-long"), &common);
    }
    words.format(t("acl-delivery"), &common.text("snippet", snippet))
}

async fn delivery_keyboard(app: &App, words: Words<'_>, user: &User) -> anyhow::Result<Keyboard> {
    let file = press(words.label(t("btn-acl-file")), &Press::AclFile);
    Ok(match addresses(app, user).await? {
        Some(addresses) => {
            let page = Button::open(words.label(t("btn-acl-page")), addresses.page);
            vec![
                vec![page, file],
                vec![
                    press(words.label(t("btn-acl-headscale")), &Press::AclHeadscale),
                    press(words.label(t("btn-acl-versions")), &Press::AclVersions),
                ],
            ]
        }
        None => vec![vec![file, press(words.label(t("btn-acl-versions")), &Press::AclVersions)]],
    })
}

fn change_text(change: AclChange) -> TextId {
    match change {
        AclChange::First => t("acl-change-first"),
        AclChange::RelayAdded => t("acl-change-added"),
        AclChange::RelayRemoved => t("acl-change-removed"),
        AclChange::RelayMoved => t("acl-change-moved"),
        AclChange::Manual => t("acl-change-manual"),
    }
}

/// The ACL as a file.
pub(super) async fn file(ctx: &Ctx, user: &User) -> anyhow::Result<()> {
    let Some(acl) = active(ctx, user).await? else { return nothing_yet(ctx).await };
    let words = ctx.words();
    let caption = words.format(t("acl-file-caption"), &args().number("version", acl.version));
    let file = Attachment::Document {
        name: format!("derpmap-v{}.json", acl.version),
        content: policy::json_file(&acl.map).into_bytes().into(),
    };
    let message = Outgoing::text(caption)
        .attach(file)
        .keyboard(vec![vec![press(words.label(t("btn-acl")), &Press::Acl), home(ctx)]]);
    ctx.send(message).await?;
    Ok(())
}

/// How headscale takes it.
pub(super) async fn headscale(ctx: &Ctx, user: &User) -> anyhow::Result<()> {
    let Some(acl) = active(ctx, user).await? else { return nothing_yet(ctx).await };
    let Some(addresses) = addresses(&ctx.app, user).await? else { return show(ctx, user).await };
    let words = ctx.words();
    let codes: Vec<String> = acl.map.regions.values().flatten().map(|region| region.code.clone()).collect();
    let text = words.format(
        t("acl-steps-headscale"),
        &args().text("url", &addresses.derp_map).text("region_code", codes.join(", ")),
    );
    let screen = Screen::new(text)
        .row([Button::copy(words.label(t("btn-copy-url")), addresses.derp_map)])
        .row(back_row(ctx, &Press::Acl));
    ctx.show(screen).await?;
    Ok(())
}

/// The versions so far.
pub(super) async fn versions(ctx: &Ctx, user: &User) -> anyhow::Result<()> {
    let Some(acl) = active(ctx, user).await? else { return nothing_yet(ctx).await };
    let mut conn = ctx.app.pool.acquire().await?;
    let versions = acl::store::versions(&mut conn, acl.tailnet, VERSIONS).await?;
    drop(conn);
    let words = ctx.words();
    let lines = versions.iter().map(|version| {
        words.format(
            t("acl-version-line"),
            &args()
                .number("version", version.version)
                .text("at", format::moment(version.created_at, user.zone))
                .html("change", words.get(change_text(version.change))),
        )
    });
    let text = Html::join(std::iter::once(words.get(t("acl-versions"))).chain(lines), "\n");
    ctx.show(Screen::new(text).row(back_row(ctx, &Press::Acl))).await?;
    Ok(())
}
