//! `admin`: what only the operator of this machine may do.

use crate::account::AdminActor;
use crate::app;
use crate::base::Base;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Confirms that the restored state is the one to go on with: containers may be removed again.
    RestoreConfirm,
}

pub(super) async fn run(command: Admin, base: &Base) -> anyhow::Result<()> {
    let operator = AdminActor::at_console();
    match command {
        Admin::RestoreConfirm => {
            if app::restore::confirm(&base.app, &operator).await? {
                println!("Confirmed: containers that should not be there are removed again.");
            } else {
                println!("There was nothing to confirm.");
            }
        }
    }
    Ok(())
}
