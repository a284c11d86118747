//! The webhook as a process: what it takes, what it refuses, and that nothing is acknowledged unstored.

use std::net::SocketAddr;

use derpshop::db::MIGRATOR;
use derpshop::inbox::store;
use derpshop::secret::Keyring;
use sqlx::PgPool;

use crate::harness::http::{Answer, call, free_address};
use crate::harness::process::{DataDir, Process};
use crate::harness::{BOT, wait_until};

struct Webhook {
    process: Process,
    outside: SocketAddr,
    inside: SocketAddr,
    secret: String,
    data: DataDir,
}

impl Webhook {
    async fn start(pool: &PgPool) -> Self {
        let data = DataDir::default();
        let keyring = Keyring::create_or_load(&data.keyring()).unwrap();
        let secret = hex::encode(keyring.lookup.digest("telegram webhook secret", b""));
        let (outside, inside) = (free_address().await, free_address().await);
        let settings = [("HTTP__LISTEN", outside.to_string()), ("HTTP__METRICS", inside.to_string())];
        let process = Process::start(env!("CARGO_BIN_EXE_webhook"), &[], pool, &data, &settings);
        wait_until("the webhook answers", async || call(outside, "GET /healthz", &[], b"").await.is_some())
            .await;
        Self { process, outside, inside, secret, data }
    }

    async fn get(&self, path: &str) -> Answer {
        call(self.outside, &format!("GET {path}"), &[], b"").await.unwrap()
    }

    async fn post(&self, secret: &str, body: &[u8]) -> u16 {
        let header = format!("X-Telegram-Bot-Api-Secret-Token: {secret}");
        call(self.outside, "POST /telegram", &[&header], body).await.unwrap().status
    }
}

fn update(id: i64) -> Vec<u8> {
    format!(r#"{{"update_id":{id},"message":{{"message_id":1,"chat":{{"id":7}},"text":"hi"}}}}"#).into_bytes()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_update_with_the_right_secret_is_stored_and_others_are_not(pool: PgPool) {
    let webhook = Webhook::start(&pool).await;
    let secret = webhook.secret.clone();
    let open = async || store::depth(&pool, BOT).await.unwrap().open;
    for wrong in ["", "x", &secret[1..], &format!("{secret}0"), &secret.to_uppercase()] {
        assert_eq!(webhook.post(wrong, &update(1)).await, 401, "{wrong}");
    }
    let none = call(webhook.outside, "POST /telegram", &[], &update(1)).await.unwrap();
    assert_eq!(none.status, 401);
    assert_eq!(webhook.get("/telegram").await.status, 405);
    assert_eq!(open().await, 0);
    assert_eq!(webhook.post(&secret, &update(1)).await, 200);
    assert_eq!(webhook.post(&secret, &update(1)).await, 200, "again, since the answer may have been lost");
    assert_eq!(open().await, 1);
    assert_eq!(webhook.post(&secret, b"<html>").await, 400);
    let mut large = update(2);
    large.resize((1 << 20) + 1, b' ');
    assert_eq!(webhook.post(&secret, &large).await, 413);
    large.truncate(1 << 20);
    assert_eq!(webhook.post(&secret, &large).await, 200);
    assert_eq!(open().await, 2);
    // Kept sealed, under a key that the bot's process has too.
    let keyring = Keyring::load(&webhook.data.keyring()).unwrap();
    let sealed: Vec<u8> = sqlx::query_scalar("select payload from telegram_updates where update_id = 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    let row = format!("telegram_updates:{}:1:payload", BOT.0);
    assert_eq!(keyring.inbox.open(&row, &sealed).unwrap().as_slice(), update(1));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_cannot_be_stored_is_asked_for_again(pool: PgPool) {
    let webhook = Webhook::start(&pool).await;
    let secret = webhook.secret.clone();
    sqlx::query("alter table telegram_updates rename to elsewhere").execute(&pool).await.unwrap();
    assert_eq!(webhook.post(&secret, &update(1)).await, 503);
    sqlx::query("alter table elsewhere rename to telegram_updates").execute(&pool).await.unwrap();
    assert_eq!(webhook.post(&secret, &update(1)).await, 200);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn figures_are_shown_inside_only_and_requests_have_ids(pool: PgPool) {
    let webhook = Webhook::start(&pool).await;
    assert_eq!(webhook.post(&webhook.secret, &update(1)).await, 200);
    let ready = webhook.get("/readyz").await;
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready"));
    assert!(ready.head.to_lowercase().contains("x-request-id: "), "{}", ready.head);
    assert_eq!(webhook.get("/metrics").await.status, 404);
    let figures = call(webhook.inside, "GET /metrics", &[], b"").await.unwrap();
    assert!(figures.body.contains("derpshop_updates_stored_total 1"), "{}", figures.body);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn asked_to_stop_it_ends_well(pool: PgPool) {
    let webhook = Webhook::start(&pool).await;
    let Webhook { process, outside, .. } = webhook;
    assert!(process.stop().await.success());
    assert!(call(outside, "GET /healthz", &[], b"").await.is_none());
}

#[sqlx::test(migrations = false)]
async fn it_waits_for_the_schema(pool: PgPool) {
    let data = DataDir::default();
    Keyring::create_or_load(&data.keyring()).unwrap();
    let (outside, inside) = (free_address().await, free_address().await);
    let settings = [("HTTP__LISTEN", outside.to_string()), ("HTTP__METRICS", inside.to_string())];
    let mut process = Process::start(env!("CARGO_BIN_EXE_webhook"), &[], &pool, &data, &settings);
    tokio::time::sleep(crate::harness::process::MOMENT).await;
    assert!(process.is_running() && call(outside, "GET /healthz", &[], b"").await.is_none());
    MIGRATOR.run(&pool).await.unwrap();
    wait_until("the webhook answers", async || call(outside, "GET /healthz", &[], b"").await.is_some()).await;
}
