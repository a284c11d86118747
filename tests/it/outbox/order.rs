//! Who gets what, in which order, and what takes another's place.

use chrono::TimeDelta;
use derpshop::db::MIGRATOR;
use derpshop::notify::{Audience, MessageId, store};
use derpshop::types::ChatId;
use sqlx::PgPool;

use super::wire::{Answer, Call, OPS, Running, Wire, bind_ops, drained, fates, letter, post, user};
use crate::harness::{Fixture, wait_until};

const LIN: ChatId = ChatId(7);

#[sqlx::test(migrator = "MIGRATOR")]
async fn each_chat_gets_its_messages_in_order_and_each_key_once(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    let lin = Audience::User(user(&fixture, LIN.0).await);
    let wu = Audience::Chat(ChatId(8));
    let rows = post(&fixture, [letter(lin, 1), letter(wu, 2), letter(lin, 3), letter(lin, 1)]).await;
    assert!(rows[0].is_some() && rows[3].is_none());
    let running = Running::start(&fixture, &wire);
    drained(&fixture).await;
    let (mut of_lin, mut of_wu) = (Vec::new(), Vec::new());
    for call in wire.calls() {
        let Call::Send(chat, text) = call else { panic!("{call:?}") };
        if chat == LIN { of_lin.push(text) } else { of_wu.push(text) }
    }
    assert_eq!((of_lin, of_wu), (vec!["1".to_owned(), "3".to_owned()], vec!["2".to_owned()]));
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_was_rolled_back_is_never_sent(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    let to = Audience::Chat(LIN);
    let mut tx = fixture.app.pool.begin().await.unwrap();
    let now = derpshop::clock::Clock::now(&*fixture.clock);
    derpshop::notify::enqueue(&mut tx, now, &letter(to, 1)).await.unwrap();
    tx.rollback().await.unwrap();
    post(&fixture, [letter(to, 2)]).await;
    let running = Running::start(&fixture, &wire);
    drained(&fixture).await;
    assert_eq!(wire.calls(), [Call::Send(LIN, "2".into())]);
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_slot_is_one_message_and_shows_the_latest(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    let to = Audience::Chat(LIN);
    let slot = |n| letter(to, n).slot("progress:5");
    // Three steps before anything was sent: only the last is worth showing.
    post(&fixture, [slot(1), slot(2), letter(to, 9), slot(3)]).await;
    let running = Running::start(&fixture, &wire);
    drained(&fixture).await;
    assert_eq!(wire.calls(), [Call::Send(LIN, "9".into()), Call::Send(LIN, "3".into())]);
    post(&fixture, [slot(4)]).await;
    drained(&fixture).await;
    assert_eq!(wire.calls()[2], Call::Edit(LIN, 2, "4".into()));
    // The customer has deleted it.
    wire.will(Answer::Gone);
    post(&fixture, [slot(5)]).await;
    drained(&fixture).await;
    assert_eq!(wire.calls()[3..], [Call::Edit(LIN, 2, "5".into()), Call::Send(LIN, "5".into())]);
    let states: Vec<String> = fates(&fixture).await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["superseded", "superseded", "sent", "sent", "sent", "sent"]);
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_message_that_a_handler_sent_can_become_a_slot(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    let now = derpshop::clock::Clock::now(&*fixture.clock);
    store::set_slot(&fixture.app.pool, LIN, "progress:5", MessageId(77), now).await.unwrap();
    post(&fixture, [letter(Audience::Chat(LIN), 1).slot("progress:5")]).await;
    let running = Running::start(&fixture, &wire);
    drained(&fixture).await;
    assert_eq!(wire.calls(), [Call::Edit(LIN, 77, "1".into())]);
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_burst_to_the_ops_group_becomes_one_message(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    bind_ops(&fixture).await;
    post(&fixture, (1..=30).map(|n| letter(Audience::Ops, n))).await;
    let running = Running::start(&fixture, &wire);
    drained(&fixture).await;
    let mut texts = Vec::new();
    for call in wire.calls() {
        let Call::Send(OPS, text) = call else { panic!("{call:?}") };
        texts.push(text);
    }
    assert!(texts.len() <= 3, "{texts:?}");
    let numbers: Vec<i64> =
        texts.iter().flat_map(|text| text.split("\n\n")).map(|n| n.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=30).collect::<Vec<_>>());
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_is_for_later_waits_and_holds_up_nobody(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    let to = Audience::Chat(LIN);
    let later = derpshop::clock::Clock::now(&*fixture.clock) + TimeDelta::hours(2);
    post(&fixture, [letter(to, 1).send_after(later), letter(to, 2)]).await;
    let running = Running::start(&fixture, &wire);
    assert_eq!(wire.wait_calls(1).await, [Call::Send(LIN, "2".into())]);
    fixture.clock.advance(TimeDelta::hours(2));
    assert_eq!(wire.wait_calls(2).await[1], Call::Send(LIN, "1".into()));
    running.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn of_two_workers_one_sends_and_the_other_takes_over(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let wire = Wire::new();
    let replicas = [Running::start(&fixture, &wire), Running::start(&fixture, &wire)];
    post(&fixture, (1..=20).map(|n| letter(Audience::Chat(ChatId(n)), n))).await;
    drained(&fixture).await;
    let mut sent: Vec<String> = wire.calls().iter().map(|call| format!("{call:?}")).collect();
    sent.sort();
    sent.dedup();
    assert_eq!((wire.calls().len(), sent.len()), (20, 20));
    let [first, second] = replicas;
    first.stop().await;
    post(&fixture, [letter(Audience::Chat(LIN), 99)]).await;
    wait_until("the other sends", async || wire.calls().len() == 21).await;
    second.stop().await;
}
