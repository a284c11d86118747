//! Conversations of people who register, look after their account, and get lost.

mod account;
mod codes;
mod ways;

use derpshop::account::User;
use derpshop::account::store::{self, By};
use derpshop::types::TelegramId;
use lab::telegram::Actor;

use crate::harness::world::World;

/// Writes, and waits until all that follows has happened.
async fn say(world: &World, who: &Actor, text: &str) {
    who.say(text);
    world.drain_until_idle().await;
}

/// Presses a button, and waits until all that follows has happened.
async fn press(world: &World, who: &Actor, label: &str) {
    who.press(label).await.answer().await;
    world.drain_until_idle().await;
}

/// The digits in the next mail to an address.
async fn mailed(world: &World, address: &str) -> String {
    world.mail.wait_for(address).await.digits(6).unwrap()
}

/// Six digits that are not these.
fn other_than(digits: &str) -> &'static str {
    if digits == "123456" { "654321" } else { "123456" }
}

/// Registers with an address.
async fn register(world: &World, who: &Actor, address: &str) {
    who.start("");
    press(world, who, "开始注册").await;
    say(world, who, address).await;
    let digits = mailed(world, address).await;
    say(world, who, &digits).await;
}

/// The account of somebody on Telegram.
async fn account_of(world: &World, who: &Actor) -> User {
    let app = &world.fixture.app;
    store::find(&app.pool, app.tenant, By::Telegram(TelegramId(who.id))).await.unwrap().unwrap()
}

/// What the bot said since `who` acted last.
fn reply(who: &Actor) -> String {
    who.replies()
}
