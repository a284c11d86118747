//! Lanes: order within, independence between, and what happens to them when handlers or processes fail.

use std::sync::atomic::Ordering;
use std::time::Duration;

use derpshop::bot::core::Limits;
use derpshop::db::MIGRATOR;
use derpshop::inbox::store;
use sqlx::PgPool;

use super::probe::{Done, Probe, Replica, checkout, drained, message, press, put};
use crate::harness::{BOT, Fixture, wait_until};

#[sqlx::test(migrator = "MIGRATOR")]
async fn each_chat_is_handled_in_order_by_two_replicas_without_a_repeat(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let probe = Probe::new(&fixture);
    let replicas = [Replica::start(&fixture, &probe), Replica::start(&fixture, &probe)];
    // Stored while both work, several to a chat, so that lanes pass between them.
    for round in 0..20 {
        put(&fixture, (0..100).map(|n| message(round * 100 + n, n % 25, "x"))).await;
    }
    probe.wait_handled(2000).await;
    drained(&fixture).await;
    for replica in replicas {
        replica.stop().await;
    }
    let chats = probe.by_chat();
    assert_eq!(chats.len(), 25);
    for (chat, ids) in chats {
        let stored =
            sqlx::query_scalar("select update_id from telegram_updates where lane_id = $1 order by seq");
        let stored: Vec<i64> = stored.bind(chat).fetch_all(&fixture.app.pool).await.unwrap();
        assert_eq!(ids, stored, "chat {chat}");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_update_stored_twice_is_handled_once(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let probe = Probe::new(&fixture);
    put(&fixture, [message(1, 7, "x"), message(1, 7, "x"), message(2, 7, "x")]).await;
    let replica = Replica::start(&fixture, &probe);
    probe.wait_handled(2).await;
    put(&fixture, [message(1, 7, "x"), message(3, 7, "x")]).await;
    probe.wait_handled(3).await;
    drained(&fixture).await;
    replica.stop().await;
    assert_eq!(probe.done(), [Done::Handled(1), Done::Handled(2), Done::Handled(3)]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_handler_that_fails_costs_its_update_alone(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let probe = Probe::new(&fixture);
    let bad = [message(1, 7, "panic"), message(2, 7, "x"), message(3, 7, "wrong"), message(4, 7, "for ever")];
    put(&fixture, bad).await;
    put(&fixture, [message(5, 7, "x"), message(6, 8, "x")]).await;
    let limits = Limits { handler: Duration::from_millis(300), ..Limits::default() };
    let replica = Replica::with(&fixture, &probe, limits);
    drained(&fixture).await;
    replica.stop().await;
    let chat: Vec<Done> = probe.done().into_iter().filter(|done| *done != Done::Handled(6)).collect();
    let expected = [Done::Sorry(1), Done::Handled(2), Done::Sorry(3), Done::Sorry(4), Done::Handled(5)];
    assert_eq!(chat, expected);
    assert!(probe.done().contains(&Done::Handled(6)));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_fails_for_now_is_handled_later_and_its_chat_waits_for_it(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let probe = Probe::new(&fixture);
    put(&fixture, [message(1, 7, "away"), message(2, 7, "x"), message(3, 8, "x")]).await;
    let replica = Replica::start(&fixture, &probe);
    probe.wait_handled(1).await;
    assert_eq!(probe.done(), [Done::Handled(3)]);
    probe.away.store(false, Ordering::Relaxed);
    probe.wait_handled(3).await;
    drained(&fixture).await;
    replica.stop().await;
    assert_eq!(probe.by_chat()[&7], [1, 2]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_urgent_update_waits_for_nobody(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let probe = Probe::new(&fixture);
    // One place for a handler, which is taken, and no room for more in memory.
    let limits = Limits { held: 4, parallel: 1, ..Limits::default() };
    put(&fixture, (1..=20).map(|id| message(id, id, "wait"))).await;
    let replica = Replica::with(&fixture, &probe, limits);
    put(&fixture, [checkout(100), checkout(101)]).await;
    wait_until("urgent updates handled", async || probe.handled() == 2).await;
    let mut urgent = probe.by_chat()[&0].clone();
    urgent.sort_unstable();
    assert_eq!(urgent, [100, 101]);
    for n in 3..=22 {
        probe.gate.notify_one();
        probe.wait_handled(n).await;
    }
    drained(&fixture).await;
    replica.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_press_that_has_to_wait_is_answered_before_its_turn(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let probe = Probe::new(&fixture);
    put(&fixture, [message(1, 7, "wait"), message(2, 7, "x"), press(3, 7)]).await;
    put(&fixture, [press(4, 8)]).await;
    let replica = Replica::start(&fixture, &probe);
    wait_until("the press is answered", async || probe.done().contains(&Done::Early(3))).await;
    probe.wait_handled(1).await;
    assert_eq!(
        probe.by_chat().keys().collect::<Vec<_>>(),
        [&8],
        "the other chat's press had nothing to wait for"
    );
    assert!(!probe.done().contains(&Done::Early(4)));
    probe.gate.notify_one();
    drained(&fixture).await;
    replica.stop().await;
    assert_eq!(probe.by_chat()[&7], [1, 2, 3]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_stop_finishes_what_is_in_hand_and_gives_the_rest_back(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let probe = Probe::new(&fixture);
    put(&fixture, [message(1, 7, "wait"), message(2, 7, "x"), message(3, 7, "x")]).await;
    let replica = Replica::start(&fixture, &probe);
    let pool = &fixture.app.pool;
    wait_until("the lane is taken", async || {
        let leased =
            sqlx::query_scalar::<_, i64>("select count(*) from telegram_lanes where owner is not null");
        leased.fetch_one(pool).await.unwrap() == 1
    })
    .await;
    let stopping = tokio::spawn(replica.stop());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!stopping.is_finished(), "the handler has not ended");
    probe.gate.notify_one();
    stopping.await.unwrap();
    assert_eq!(probe.done(), [Done::Handled(1)]);
    assert_eq!(store::depth(pool, BOT).await.unwrap().open, 2);
    // The next process need not wait for a lease to end.
    let started = std::time::Instant::now();
    let replica = Replica::start(&fixture, &probe);
    probe.wait_handled(3).await;
    assert!(started.elapsed() < Duration::from_secs(4));
    drained(&fixture).await;
    replica.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_dead_owners_lanes_are_taken_over_when_their_leases_end(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let probe = Probe::new(&fixture);
    put(&fixture, [message(1, 7, "x"), message(2, 7, "x")]).await;
    let pool = &fixture.app.pool;
    let dead = store::claim(pool, BOT, uuid::Uuid::new_v4(), 10, false).await.unwrap();
    assert_eq!(dead.len(), 1);
    let replica = Replica::start(&fixture, &probe);
    probe.wait_handled(2).await;
    drained(&fixture).await;
    replica.stop().await;
    assert_eq!(probe.done(), [Done::Handled(1), Done::Handled(2)]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_update_in_hand_at_three_crashes_is_set_aside_and_told(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let probe = Probe::new(&fixture);
    let pool = &fixture.app.pool;
    put(&fixture, [message(1, 7, "x"), message(2, 7, "x"), message(3, 8, "x")]).await;
    // What three processes leave behind that died with update 1 in hand: a lane whose lease has ended, and the
    // starts that were counted after the first time.
    store::claim(pool, BOT, uuid::Uuid::new_v4(), 10, false).await.unwrap();
    for _ in 0..2 {
        sqlx::query("update telegram_lanes set lease_until = now() - interval '1 s'")
            .execute(pool)
            .await
            .unwrap();
        let taken = store::claim(pool, BOT, uuid::Uuid::new_v4(), 10, false).await.unwrap();
        assert_eq!(taken.len(), 2);
        store::count_start(pool, BOT, 1).await.unwrap();
    }
    sqlx::query("update telegram_lanes set lease_until = now() - interval '1 s'")
        .execute(pool)
        .await
        .unwrap();
    let replica = Replica::start(&fixture, &probe);
    probe.wait_handled(2).await;
    drained(&fixture).await;
    assert_eq!(probe.by_chat()[&7], [2], "the lane goes on without it");
    assert_eq!(probe.by_chat()[&8], [3], "who waited in the same crashes is no suspect");
    let depth = store::depth(pool, BOT).await.unwrap();
    assert_eq!((depth.open, depth.parked), (0, 1));
    let told: Vec<String> =
        sqlx::query_scalar("select notice::text from outbox").fetch_all(pool).await.unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("update_parked"), "{told:?}");
    // Put back, it is handled like any other.
    assert!(derpshop::app::inbox::unpark(&fixture.app, BOT, 1).await.unwrap());
    probe.wait_handled(3).await;
    assert!(!derpshop::app::inbox::unpark(&fixture.app, BOT, 1).await.unwrap());
    drained(&fixture).await;
    replica.stop().await;
}
