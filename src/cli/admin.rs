//! `admin`: what only the operator of this machine may do.

mod people;
mod plans;
mod server;

use crate::account::AdminActor;
use crate::app;
use crate::base::Base;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Makes somebody an admin, or takes the role away. They must have written to the bot before.
    Grant(people::Grant),
    /// Prints a code that makes a group the ops group when an admin sends it there as `/bind CODE`.
    Bind,
    /// Makes a first set of plans, in a shop that has none.
    Seed,
    /// Adds a server, and begins its set-up if asked to.
    ServerAdd(server::ServerAdd),
    /// Prints the line that a server's `authorized_keys` needs to let us in.
    SshKey,
    /// Confirms that the restored state is the one to go on with: containers may be removed again.
    RestoreConfirm,
}

pub(super) async fn run(command: Admin, base: &Base) -> anyhow::Result<()> {
    let operator = AdminActor::at_console();
    match command {
        Admin::Grant(grant) => people::grant(grant, base, &operator).await,
        Admin::Bind => {
            let code = app::admin::bind::new_code(&base.app, &operator).await?;
            let minutes = app::admin::bind::LIFETIME.num_minutes();
            println!("Send this in the group within {minutes} minutes, as an admin:");
            println!("  /bind {code}");
            Ok(())
        }
        Admin::Seed => plans::seed(base, &operator).await,
        Admin::ServerAdd(server) => server::add(server, base, &operator).await,
        Admin::SshKey => {
            println!("{}", base.app.key_line);
            Ok(())
        }
        Admin::RestoreConfirm => {
            if app::restore::confirm(&base.app, &operator).await? {
                println!("Confirmed: containers that should not be there are removed again.");
            } else {
                println!("There was nothing to confirm.");
            }
            Ok(())
        }
    }
}
