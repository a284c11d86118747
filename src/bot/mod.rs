//! The bot: updates in, replies out.
//!
//! [`core`] takes updates from the inbox, in the order of each chat; [`handler`] makes an [`event::Event`] and a
//! [`ctx::Ctx`] of each; [`schema`] is the tree that says who handles what.

pub mod callback;
pub mod commands;
pub mod core;
pub mod ctx;
mod customer;
pub mod dialogue;
pub mod event;
pub mod handler;
pub mod limit;
pub mod notice;
pub mod ops;
pub mod poller;
pub mod relay;
pub mod run;
pub mod screen;

use teloxide::dispatching::UpdateHandler;
use teloxide::dptree::{self, case};

use event::Event;

/// The tree of handlers. Each gets a [`ctx::Ctx`] and what its [`Event`] holds; the first that fits is the one.
pub fn schema() -> UpdateHandler<anyhow::Error> {
    dptree::entry()
        .branch(dptree::filter(|ctx: ctx::Ctx| ctx.chat.private).endpoint(customer::handle))
        .branch(case![Event::Command(command)].endpoint(ops::command))
        .branch(case![Event::Press(press)].endpoint(ops::pressed))
        .branch(case![Event::OldPress].endpoint(ops::old_press))
}

#[cfg(test)]
mod tests {
    use teloxide::dptree::di::DependencyMap;
    use teloxide::dptree::{Type, type_check};

    use super::*;

    #[test]
    fn every_handler_gets_what_it_asks_for() {
        let given = [Type::of::<ctx::Ctx>(), Type::of::<Event>()];
        type_check(schema().sig(), &DependencyMap::new(), &given);
    }
}
