//! What Telegram may answer, and what becomes of the messages.

use std::time::{Duration, Instant};

use derpshop::db::MIGRATOR;
use derpshop::notify::{Audience, SendError, store};
use derpshop::settings::{self, Setting};
use derpshop::types::ChatId;
use sqlx::PgPool;

use super::wire::{Answer, Call, OPS, Running, SHOP, Wire, bind_ops, drained, fates, letter, post, user};
use crate::harness::Fixture;

const LIN: ChatId = ChatId(7);
const WU: ChatId = ChatId(8);

fn sent(chat: ChatId, n: i64) -> Call {
    Call::Send(chat, n.to_string())
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn asked_to_wait_it_waits_for_that_chat_alone(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    wire.will(Answer::Fail(SendError::RetryAfter(Duration::from_secs(2))));
    post(&fixture, [letter(Audience::Chat(LIN), 1), letter(Audience::Chat(LIN), 2)]).await;
    let running = Running::start(&fixture, &wire);
    wire.wait_calls(1).await;
    let asked = Instant::now();
    post(&fixture, [letter(Audience::Chat(WU), 3)]).await;
    assert_eq!(wire.wait_calls(2).await[1], sent(WU, 3));
    drained(&fixture).await;
    assert!(asked.elapsed() >= Duration::from_millis(1900), "{:?}", asked.elapsed());
    assert_eq!(wire.calls()[2..], [sent(LIN, 1), sent(LIN, 2)], "in order still");
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn while_telegram_is_away_messages_wait_and_none_is_lost(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    for _ in 0..2 {
        wire.will(Answer::Fail(SendError::Unavailable("<html>502 Bad Gateway</html>".into())));
    }
    post(&fixture, [letter(Audience::Chat(LIN), 1), letter(Audience::Chat(WU), 2)]).await;
    let running = Running::start(&fixture, &wire);
    drained(&fixture).await;
    let done: Vec<Call> = wire.calls()[2..].to_vec();
    assert_eq!(done.len(), 2);
    assert!(done.contains(&sent(LIN, 1)) && done.contains(&sent(WU, 2)), "{done:?}");
    assert!(fates(&fixture).await.iter().all(|(state, _)| state == "sent"));
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn who_blocked_the_bot_is_left_alone_until_they_come_back(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    bind_ops(&fixture).await;
    let lin = Audience::User(user(&fixture, LIN.0).await);
    wire.will(Answer::Fail(SendError::Blocked("Forbidden: bot was blocked by the user".into())));
    post(&fixture, [letter(lin, 1)]).await;
    let running = Running::start(&fixture, &wire);
    drained(&fixture).await;
    post(&fixture, [letter(lin, 2)]).await;
    drained(&fixture).await;
    assert_eq!(wire.calls(), [sent(LIN, 1)], "nothing was tried again");
    let reason = Some("Forbidden: bot was blocked by the user".to_owned());
    assert_eq!(fates(&fixture).await, [("failed".to_owned(), reason.clone()), ("failed".to_owned(), reason)]);
    assert!(store::unblock(&fixture.app.pool, LIN).await.unwrap());
    assert!(!store::unblock(&fixture.app.pool, LIN).await.unwrap());
    post(&fixture, [letter(lin, 3)]).await;
    drained(&fixture).await;
    assert_eq!(wire.calls()[1..], [sent(LIN, 3)]);
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_telegram_refuses_fails_and_is_told_to_the_operators(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    bind_ops(&fixture).await;
    wire.will(Answer::Fail(SendError::Refused("Bad Request: can't parse entities".into())));
    let rows = post(&fixture, [letter(Audience::Chat(LIN), 1), letter(Audience::Chat(LIN), 2)]).await;
    let running = Running::start(&fixture, &wire);
    drained(&fixture).await;
    let calls = wire.calls();
    assert!(calls.contains(&sent(LIN, 2)), "the next one is not held up");
    assert!(calls.contains(&Call::Send(OPS, format!("refused {}", rows[0].unwrap()))), "{calls:?}");
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_text_that_cannot_be_made_holds_up_nobody(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    bind_ops(&fixture).await;
    let to = Audience::Chat(LIN);
    post(&fixture, [letter(to, -1), letter(to, 0), letter(to, -13), letter(to, 1)]).await;
    let running = Running::start(&fixture, &wire);
    assert_eq!(wire.wait_calls(1).await, [sent(LIN, 1)]);
    drained(&fixture).await;
    let states: Vec<String> = fates(&fixture).await.into_iter().map(|(state, _)| state).collect();
    // Two are given up after their tries and told; the second had nothing to tell any more.
    assert_eq!(states[..4], ["failed", "superseded", "failed", "sent"]);
    assert_eq!(states.len(), 6);
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_ops_group_is_followed_when_it_moves(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    bind_ops(&fixture).await;
    let new = ChatId(-1_001);
    wire.will(Answer::Fail(SendError::Moved(new)));
    post(&fixture, [letter(Audience::Ops, 1)]).await;
    let running = Running::start(&fixture, &wire);
    drained(&fixture).await;
    assert_eq!(wire.calls(), [sent(OPS, 1), sent(new, 1)]);
    let bound = settings::store::get::<ChatId>(&fixture.app.pool, SHOP, Setting::OpsGroup).await.unwrap();
    assert_eq!(bound, Some(new));
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_operators_are_told_once_there_is_a_group(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    post(&fixture, [letter(Audience::Ops, 1)]).await;
    let running = Running::start(&fixture, &wire);
    post(&fixture, [letter(Audience::Chat(LIN), 2)]).await;
    assert_eq!(wire.wait_calls(1).await, [sent(LIN, 2)]);
    bind_ops(&fixture).await;
    assert_eq!(wire.wait_calls(2).await[1], sent(OPS, 1));
    running.stop().await;
}
