//! A Bot API server that behaves like Telegram: stateful, strict, and with the people on the other side.
//!
//! [`Telegram::start`] serves `/bot<token>/<Method>` on a port of its own. People act through [`Actor`]
//! (`tg.user("lin").say("/start")`, `tg.group().member("zhe")…`), tests wait on conditions with a limit and read
//! conversations as plain text. Nothing here knows the bot that is tested.

mod actor;
mod crowd;
mod deeds;
mod delivery;
mod error;
mod faults;
mod flood;
mod group;
mod html;
mod image;
mod json;
mod keep;
mod keyboard;
mod message;
mod methods;
mod model;
mod params;
mod server;
mod shared;
mod text;
mod updates;
mod world;

pub(crate) use keep::replace;

pub use actor::{Actor, Press};
pub use error::ApiError;
pub use faults::{Call, Fault};
pub use group::{Group, NewUser};
pub use keyboard::{Button, CopyText, Keyboard};
pub use message::Message;
pub use model::{
    CallbackAnswer, ChatKind, Command, CommandList, CommandScope, Content, FileInfo, FileKind, Invoice,
    Payment, Person, Sender, Service, Standing, Topic,
};
pub use shared::{Options, Telegram};
pub use text::{Entity, EntityKind, Formatted, utf16_len};

/// What the page needs beside the public surface.
pub(crate) mod internal {
    pub(crate) use super::model::{Chat, Stored};
    pub(crate) use super::world::{Draft, World};
}
