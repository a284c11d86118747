//! `admin grant`.

use crate::account::store::{self, By};
use crate::account::{AdminActor, Role};
use crate::app::people;
use crate::base::Base;
use crate::types::TelegramId;
use anyhow::Context;
use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct Grant {
    /// The number on Telegram, or the name in the shop.
    #[arg(value_name = "USER")]
    who: String,
    /// Makes them an ordinary user again.
    #[arg(long)]
    revoke: bool,
}

pub(super) async fn grant(grant: Grant, base: &Base, operator: &AdminActor) -> anyhow::Result<()> {
    let app = &base.app;
    let who = grant.who.trim().trim_start_matches('@');
    let by = match who.parse() {
        Ok(number) => By::Telegram(TelegramId(number)),
        Err(_) => By::Username(who),
    };
    let user = store::find(&app.pool, app.tenant, by).await?;
    let user = user.with_context(|| {
        format!("{who} is not known here: they send the bot /start first, then this command is run again")
    })?;
    let role = if grant.revoke { Role::User } else { Role::Admin };
    if people::grant(app, operator, user.id, role).await? {
        println!("{} is now {}.", user.username, role.name());
    } else {
        println!("{} is {} already.", user.username, role.name());
    }
    Ok(())
}
