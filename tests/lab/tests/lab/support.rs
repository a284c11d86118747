//! A bot to try the simulator with, and a raw caller for what teloxide would not send.

use std::time::Duration;

use lab::telegram::{Options, Telegram};
use serde_json::Value;
use teloxide::Bot;
use teloxide::payloads::GetUpdatesSetters;
use teloxide::prelude::Requester;
use teloxide::types::Update;

pub(crate) async fn telegram() -> (Telegram, Bot) {
    telegram_with(Options::default()).await
}

pub(crate) async fn telegram_with(options: Options) -> (Telegram, Bot) {
    let options = Options { patience: Duration::from_secs(5), ..options };
    let tg = Telegram::start(options).await;
    let bot = Bot::new(tg.token()).set_api_url(tg.api_url().parse().unwrap());
    (tg, bot)
}

/// Takes the updates there are, as a polling bot.
pub(crate) async fn updates(bot: &Bot) -> Vec<Update> {
    let batch = bot.get_updates().await.unwrap();
    if let Some(last) = batch.last() {
        bot.get_updates().offset(last.id.as_offset()).await.unwrap();
    }
    batch
}

/// Calls a method with JSON, and gives the status and the body.
pub(crate) async fn raw(tg: &Telegram, method: &str, args: Value) -> (u16, Value) {
    let url = format!("{}/bot{}/{method}", tg.api_url(), tg.token());
    let client = teloxide::net::default_reqwest_settings().build().unwrap();
    let request = client.post(url).header("content-type", "application/json").body(args.to_string());
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

/// Calls a method that must be refused, and gives the description.
pub(crate) async fn refused(tg: &Telegram, method: &str, args: Value) -> String {
    let (status, body) = raw(tg, method, args).await;
    assert_ne!(status, 200, "{method} was carried out: {body}");
    assert_eq!(body["error_code"], status);
    body["description"].as_str().unwrap_or_default().to_owned()
}
