//! A customer's relays in the chat: the list, a card, redeeming, the ACL, tests.

mod acl;
mod card;
mod redeem;
mod test;

pub use acl::delivery;
pub(super) use card::happened;
pub use card::relay_button;
pub use redeem::open_payload;

use crate::account::User;
use crate::bot::callback::Press;
use crate::bot::ctx::Ctx;
use crate::bot::screen::{Screen, press};
use crate::i18n::t;
use crate::notify::Button;
use crate::types::RentalId;

/// Handles a button of this part of the bot; `false` if it is another part's.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each part of the bot leaves the other parts' presses to them"
)]
pub async fn pressed(ctx: &Ctx, user: &User, pressed: &Press) -> anyhow::Result<bool> {
    match pressed {
        Press::Relays => card::list(ctx, user).await?,
        Press::Relay { rental } => card::show(ctx, user, *rental).await?,
        Press::RelaySerials { rental } => card::serials(ctx, user, *rental).await?,
        Press::RelayHistory { rental } => card::history(ctx, user, *rental).await?,
        Press::RelayNotes { rental } => card::notes(ctx, *rental).await?,
        Press::Redeem => redeem::ask(ctx).await?,
        Press::RedeemNow => redeem::choose(ctx, user).await?,
        Press::RedeemNew => redeem::regions(ctx, user).await?,
        Press::RedeemIn { region } => redeem::into_new(ctx, user, region).await?,
        Press::RedeemExtend { rental } => redeem::extend(ctx, user, *rental).await?,
        Press::RedeemNot => redeem::leave(ctx, user).await?,
        Press::Acl => acl::show(ctx, user).await?,
        Press::AclFile => acl::file(ctx, user).await?,
        Press::AclHeadscale => acl::headscale(ctx, user).await?,
        Press::AclVersions => acl::versions(ctx, user).await?,
        Press::Test { rental } => test::run(ctx, user, *rental).await?,
        Press::Broken { rental } => test::broken(ctx, user, *rental).await?,
        Press::SendReport { rental } => test::send_report(ctx, user, *rental).await?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Handles words that hold a serial, wherever they were typed; `false` if they hold none.
pub async fn typed(ctx: &Ctx, user: &User, text: &str) -> anyhow::Result<bool> {
    redeem::typed(ctx, user, text).await
}

/// Shows the list, for /relays.
pub async fn relays(ctx: &Ctx, user: &User) -> anyhow::Result<()> {
    card::list(ctx, user).await
}

/// Shows the ACL, for /acl.
pub async fn acl(ctx: &Ctx, user: &User) -> anyhow::Result<()> {
    acl::show(ctx, user).await
}

/// Asks for a serial, for /redeem.
pub async fn redeem(ctx: &Ctx) -> anyhow::Result<()> {
    redeem::ask(ctx).await
}

/// The last row of a screen below the menu.
pub(super) fn back_row(ctx: &Ctx, back: &Press) -> [Button; 2] {
    [press(ctx.words().label(t("btn-back")), back), home(ctx)]
}

pub(super) fn home(ctx: &Ctx) -> Button {
    press(ctx.words().label(t("btn-home")), &Press::Home)
}

/// A screen for what isn't there any more, or is somebody else's.
fn not_found(ctx: &Ctx) -> Screen {
    Screen::new(ctx.words().get(t("error-not-found"))).row([home(ctx)])
}

/// Back to the relay, or to the list.
fn back_to(rental: Option<RentalId>) -> Press {
    rental.map_or(Press::Relays, |rental| Press::Relay { rental })
}
