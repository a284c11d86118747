//! The time zone.

use chrono_tz::Tz;

use super::{Waiting, account, shown, wait_for, wait_for_nothing};
use crate::account::{COMMON_ZONES, search_zones};
use crate::app::profile;
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::screen::{Screen, press};
use crate::i18n::{TextId, Words, args, format, t};
use crate::notify::Button;
use crate::types::Lang;

/// Zones offered for a search.
const FOUND: usize = 8;

/// Asks for a zone, and offers the common ones.
pub(super) async fn ask(ctx: &Ctx) -> anyhow::Result<()> {
    wait_for(ctx, &Waiting::Zone).await?;
    let screen = Screen::new(ctx.words().get(t("zone-ask")))
        .grid(COMMON_ZONES.into_iter().map(|zone| button(ctx, zone)));
    ctx.show(screen.row([cancel(ctx)])).await?;
    Ok(())
}

fn cancel(ctx: &Ctx) -> Button {
    press(ctx.words().label(t("btn-cancel")), &Press::Account)
}

fn button(ctx: &Ctx, zone: Tz) -> Button {
    let words = ctx.words();
    let name = city(zone).map_or_else(
        // The last part of a name such as America/Argentina/Buenos_Aires.
        || zone.name().rsplit('/').next().unwrap_or_default().replace('_', " "),
        |city| words.label(city),
    );
    let offset = format::offset(ctx.now(), zone);
    let label = words.plain(t("zone-row"), &args().text("name", name).text("offset", offset));
    press(label, &Press::SetZone { zone })
}

/// What people call a common zone.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is of the zone database: hundreds of names")]
fn city(zone: Tz) -> Option<TextId> {
    match zone {
        Tz::Asia__Shanghai => Some(t("zone-asia-shanghai")),
        Tz::Asia__Hong_Kong => Some(t("zone-asia-hong-kong")),
        Tz::Asia__Taipei => Some(t("zone-asia-taipei")),
        Tz::Asia__Singapore => Some(t("zone-asia-singapore")),
        Tz::Asia__Tokyo => Some(t("zone-asia-tokyo")),
        Tz::Asia__Seoul => Some(t("zone-asia-seoul")),
        Tz::Asia__Dubai => Some(t("zone-asia-dubai")),
        Tz::Europe__London => Some(t("zone-europe-london")),
        Tz::Europe__Berlin => Some(t("zone-europe-berlin")),
        Tz::America__New_York => Some(t("zone-america-new-york")),
        Tz::America__Los_Angeles => Some(t("zone-america-los-angeles")),
        Tz::Australia__Sydney => Some(t("zone-australia-sydney")),
        _ => None,
    }
}

/// Something that should be a zone.
pub(super) async fn find(ctx: &Ctx, text: &str) -> anyhow::Result<()> {
    let words = ctx.words();
    let all: Vec<Words<'_>> = Lang::ALL.map(|lang| ctx.texts.lang(lang)).to_vec();
    // A city may be written in either language.
    let named: Vec<(Tz, String)> = COMMON_ZONES
        .into_iter()
        .filter_map(|zone| Some((zone, city(zone)?)))
        .flat_map(|(zone, city)| all.iter().map(move |words| (zone, words.label(city))))
        .collect();
    let found = search_zones(text, &named, ctx.now(), FOUND);
    match found[..] {
        [] => {
            let text = words.format(t("zone-unknown"), &args().text("input", shown(text)));
            ctx.send(Screen::new(text).row([cancel(ctx)])).await?;
            Ok(())
        }
        [zone] => set(ctx, zone).await,
        _ => {
            let buttons = found.into_iter().map(|zone| button(ctx, zone));
            ctx.send(Screen::new(words.get(t("zone-choose"))).grid(buttons).row([cancel(ctx)])).await?;
            Ok(())
        }
    }
}

/// Tells times in this zone from now on.
pub(super) async fn set(ctx: &Ctx, zone: Tz) -> anyhow::Result<()> {
    profile::set_zone(&ctx.app, ctx.user.id, zone).await?;
    let mut ctx = ctx.clone();
    ctx.user.zone = zone;
    account::card(&ctx).await?;
    wait_for_nothing(&ctx).await
}
