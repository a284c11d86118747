//! The ops group: the commands of admins, and the buttons under their answers.
//!
//! Two things are asked of whoever gives a command: to be an admin, and to do it in the bound group. What handlers do
//! takes the proof of both, which [`enter`] alone makes.

mod acl;
mod args;
mod bind;
mod customers;
mod desk;
mod kinds;
mod outcome;
mod records;
mod rentals;
mod serials;
mod server_edit;
mod servers;
mod setup;
pub mod spec;
mod system;

pub use setup::message as setup_message;

use crate::account::{AdminActor, NotAdmin};
use crate::app::ops;
use crate::bot::callback::Press;
use crate::bot::commands;
use crate::bot::ctx::Ctx;
use crate::bot::event::Command;
use crate::i18n::{Html, args as values, t};
use crate::notify::Outgoing;

use desk::{Answer, Desk, Said, Stop};
use spec::{Cmd, Spec};

/// Lets an admin in the bound group in, with the proof; answers everybody else why not.
async fn enter(ctx: &Ctx) -> anyhow::Result<Result<AdminActor, Html>> {
    let words = ctx.words();
    let group = ops::group(&ctx.app).await?;
    Ok(AdminActor::in_chat(&ctx.user, ctx.chat.id, group).map_err(|refusal| match refusal {
        NotAdmin::Role => words.get(t("ops-not-admin")),
        NotAdmin::Elsewhere if group.is_none() => words.get(t("ops-unbound")),
        NotAdmin::Elsewhere => words.get(t("ops-not-bound-here")),
    }))
}

/// Handles a command in a group.
pub async fn command(ctx: Ctx, command: Command) -> anyhow::Result<()> {
    let words = ctx.words();
    let here = ctx.in_ops_group().await?;
    // In other groups, a name that customers know is theirs; so is one that nobody else here has.
    let customers = commands::is_private(&command.name);
    let found = spec::find(&command.name).filter(|_| here || !customers);
    let Some(spec) = found else {
        if customers {
            ctx.send(Outgoing::text(words.get(t("error-private-only")))).await?;
        } else if here {
            let text = words.format(t("ops-unknown-command"), &values().text("command", &command.name));
            ctx.send(Outgoing::text(text)).await?;
        }
        // Else it is another bot's, perhaps.
        return Ok(());
    };
    let given = args::split(&command.args);
    if spec.cmd == Cmd::Bind {
        return bind::bind(&ctx, spec, &given).await;
    }
    let admin = match enter(&ctx).await? {
        Ok(admin) => admin,
        Err(refusal) => {
            ctx.send(Outgoing::text(refusal)).await?;
            return Ok(());
        }
    };
    let desk = Desk { ctx: &ctx, admin };
    let answer = if given.is_empty() && !spec.bare {
        Ok(Answer::new(desk.usage(spec)))
    } else {
        handle(&desk, spec, &given).await
    };
    if let Some(answer) = settle(answer)? {
        ctx.send(answer).await?;
    }
    Ok(())
}

async fn handle(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    match spec.cmd {
        Cmd::Servers => servers::list(desk, 0).await,
        Cmd::ServerAdd => servers::add(desk, spec, given).await,
        Cmd::ServerSetup => setup::start(desk, spec, given).await,
        Cmd::ServerEdit => server_edit::edit(desk, spec, given).await,
        Cmd::ServerDrain => servers::drain(desk, spec, given).await,
        Cmd::ServerRemove => servers::remove(desk, spec, given).await,
        Cmd::ServerTypes => kinds::types(desk, spec, given).await,
        Cmd::User => customers::user(desk, spec, given).await,
        Cmd::History => customers::history(desk, spec, given).await,
        Cmd::Renew => rentals::renew(desk, spec, given).await,
        Cmd::Pause => rentals::pause(desk, spec, given).await,
        Cmd::Resume => rentals::resume(desk, spec, given).await,
        Cmd::Release => rentals::release(desk, spec, given).await,
        Cmd::Acl => acl::acl(desk, spec, given).await,
        Cmd::Ban => customers::ban(desk, spec, given).await,
        Cmd::Unban => customers::unban(desk, spec, given).await,
        Cmd::SerialGenerate => serials::generate(desk, spec, given).await,
        Cmd::Serial => serials::serial(desk, spec, given).await,
        Cmd::Plans => serials::plans(desk).await,
        Cmd::Help | Cmd::Bind => Ok(system::help(desk)),
        Cmd::Jobs => system::jobs(desk).await,
        Cmd::Retry => system::retry(desk, spec, given).await,
        Cmd::Audit => records::audit(desk, spec, given).await,
    }
}

/// A button in a group that nobody knows any more.
pub async fn old_press(ctx: Ctx) -> anyhow::Result<()> {
    Ok(ctx.say(ctx.words().get(t("error-button-gone"))).await?)
}

/// Handles a button in a group.
pub async fn pressed(ctx: Ctx, pressed: Press) -> anyhow::Result<()> {
    if !is_ours(&pressed) {
        return old_press(ctx).await;
    }
    let admin = match enter(&ctx).await? {
        Ok(admin) => admin,
        Err(refusal) => return Ok(ctx.say(refusal).await?),
    };
    let desk = Desk { ctx: &ctx, admin };
    if let Some(answer) = settle(press(&desk, &pressed).await)? {
        show(&ctx, answer).await?;
    }
    Ok(())
}

/// Whether a button is the ops group's.
const fn is_ours(press: &Press) -> bool {
    matches!(
        press,
        Press::OpsConfirm { .. }
            | Press::OpsCallOff { .. }
            | Press::OpsServers { .. }
            | Press::OpsHistory { .. }
            | Press::OpsAudit { .. }
            | Press::OpsBatch { .. }
            | Press::OpsAclSend { .. }
            | Press::Unpark { .. }
            | Press::RetryJob { .. }
    )
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`is_ours` says which there are")]
async fn press(desk: &Desk<'_>, pressed: &Press) -> Said {
    match pressed {
        Press::OpsConfirm { id } => outcome::tap(desk, *id, true).await,
        Press::OpsCallOff { id } => outcome::tap(desk, *id, false).await,
        Press::OpsServers { page } => servers::list(desk, *page).await,
        Press::OpsHistory { user, before } => customers::history_page(desk, *user, *before).await,
        Press::OpsAudit { user, server, before } => records::page(desk, *user, *server, *before).await,
        Press::OpsBatch { batch } => serials::resend(desk, *batch).await,
        Press::OpsAclSend { user } => acl::resend(desk, *user).await,
        Press::Unpark { update_id } => system::unpark(desk, *update_id).await,
        Press::RetryJob { job } => system::retry_job(desk, *job).await,
        _ => Err(Desk::stop(desk.words().get(t("error-button-old")))),
    }
}

/// Shows what a press came to: in place of what was pressed, unless that keeps standing.
async fn show(ctx: &Ctx, answer: Answer) -> anyhow::Result<()> {
    let message = Outgoing::from(answer);
    match ctx.message {
        Some(pressed) if message.attachment.is_none() => ctx.replace(pressed, message).await?,
        Some(_) | None => ctx.send(message).await?,
    };
    Ok(())
}

/// An answer that was reached early is an answer.
fn settle(said: Said) -> anyhow::Result<Option<Answer>> {
    match said {
        Ok(answer) => Ok(Some(answer)),
        Err(Stop::Say(answer)) => Ok(Some(*answer)),
        Err(Stop::Told) => Ok(None),
        Err(Stop::Failed(error)) => Err(error),
    }
}
