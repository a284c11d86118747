//! What the tables promise, statement by statement.

use chrono::TimeDelta;
use derpshop::db::MIGRATOR;
use derpshop::inbox::store::{self, Release};
use derpshop::inbox::{Inbox, Lane, PutError};
use derpshop::jobs::lease::{Lease, Task};
use sqlx::PgPool;
use uuid::Uuid;

use super::probe::{checkout, message, put};
use crate::harness::{BOT, Fixture};

#[sqlx::test(migrator = "MIGRATOR")]
async fn payloads_are_sealed_at_rest_and_gone_once_done(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let pool = &fixture.app.pool;
    put(&fixture, [message(1, 7, "my address is lin@example.com")]).await;
    let sealed: Vec<u8> =
        sqlx::query_scalar("select payload from telegram_updates").fetch_one(pool).await.unwrap();
    assert!(!sealed.windows(3).any(|window| window == b"lin"));
    assert!(fixture.sealer.open(2, &sealed).is_err(), "another row's");
    let me = Uuid::new_v4();
    let claimed = store::claim(pool, BOT, me, 10, false).await.unwrap();
    let release = Release { lane: Lane(7), epoch: claimed[0].epoch };
    store::complete(pool, BOT, me, &[1], &[release]).await.unwrap();
    let left: Option<Vec<u8>> =
        sqlx::query_scalar("select payload from telegram_updates").fetch_one(pool).await.unwrap();
    assert_eq!(left, None);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_release_under_an_older_claim_frees_nothing(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let pool = &fixture.app.pool;
    put(&fixture, [message(1, 7, "x")]).await;
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let old = store::claim(pool, BOT, first, 10, false).await.unwrap()[0];
    assert_eq!(store::claim(pool, BOT, second, 10, false).await.unwrap(), []);
    sqlx::query("update telegram_lanes set lease_until = now() - interval '1 s'")
        .execute(pool)
        .await
        .unwrap();
    let new = store::claim(pool, BOT, second, 10, false).await.unwrap()[0];
    assert_eq!((new.epoch, new.crashes), (old.epoch + 1, 1));
    // The first owner wakes up late. It may say what it has done, but not free or keep what is another's.
    let late = Release { lane: Lane(7), epoch: old.epoch };
    store::complete(pool, BOT, first, &[], &[late]).await.unwrap();
    assert_eq!(store::renew(pool, BOT, first, &[7]).await.unwrap(), Vec::<i64>::new());
    assert_eq!(store::renew(pool, BOT, second, &[7]).await.unwrap(), [7]);
    // An older claim of the same owner frees nothing either.
    let stale = Release { lane: Lane(7), epoch: new.epoch - 1 };
    store::complete(pool, BOT, second, &[], &[stale]).await.unwrap();
    assert_eq!(store::renew(pool, BOT, second, &[7]).await.unwrap(), [7]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn urgent_updates_are_claimed_first_and_alone_if_need_be(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let pool = &fixture.app.pool;
    put(&fixture, (1..=5).map(|n| message(n, n, "x"))).await;
    put(&fixture, [checkout(9)]).await;
    let urgent = store::claim(pool, BOT, Uuid::new_v4(), 10, true).await.unwrap();
    assert_eq!(urgent.iter().map(|c| c.lane).collect::<Vec<_>>(), [Lane::urgent(9)]);
    put(&fixture, [checkout(10)]).await;
    let first = store::claim(pool, BOT, Uuid::new_v4(), 1, false).await.unwrap();
    assert_eq!(first.iter().map(|c| c.lane).collect::<Vec<_>>(), [Lane::urgent(10)]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn another_bots_updates_are_left_alone(pool: PgPool) {
    let fixture = Fixture::new(pool);
    put(&fixture, [message(1, 7, "x")]).await;
    let other = derpshop::inbox::BotId(5);
    assert_eq!(store::claim(&fixture.app.pool, other, Uuid::new_v4(), 10, false).await.unwrap(), []);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_cannot_be_stored_is_not_acknowledged(pool: PgPool) {
    let fixture = Fixture::new(pool.clone());
    let inbox = Inbox::start(pool.clone());
    let malformed = inbox.put(BOT, &fixture.sealer, b"<html>").await;
    assert!(matches!(malformed, Err(PutError::Malformed(_))), "{malformed:?}");
    sqlx::query("alter table telegram_updates rename to elsewhere").execute(&pool).await.unwrap();
    let lost = inbox.put(BOT, &fixture.sealer, message(1, 7, "x").as_bytes()).await;
    assert!(matches!(lost, Err(PutError::Unavailable)), "{lost:?}");
    sqlx::query("alter table elsewhere rename to telegram_updates").execute(&pool).await.unwrap();
    inbox.put(BOT, &fixture.sealer, message(1, 7, "x").as_bytes()).await.unwrap();
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn done_updates_and_idle_lanes_go_after_a_week(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let pool = &fixture.app.pool;
    put(&fixture, [message(1, 7, "x"), message(2, 8, "x")]).await;
    let me = Uuid::new_v4();
    let claimed = store::claim(pool, BOT, me, 10, false).await.unwrap();
    let release: Vec<_> = claimed.iter().map(|c| Release { lane: c.lane, epoch: c.epoch }).collect();
    store::complete(pool, BOT, me, &[1], &release).await.unwrap();
    let rows = async || {
        let updates = sqlx::query_scalar::<_, i64>("select count(*) from telegram_updates").fetch_one(pool);
        let lanes = sqlx::query_scalar::<_, i64>("select count(*) from telegram_lanes").fetch_one(pool);
        (updates.await.unwrap(), lanes.await.unwrap())
    };
    let now = sqlx::query_scalar("select now()").fetch_one(pool).await.unwrap();
    fixture.clock.set(now);
    derpshop::app::jobs::clean_inbox(&fixture.app).await.unwrap();
    assert_eq!(rows().await, (2, 1), "the update is remembered for a week, the idle lane need not be");
    fixture.clock.advance(TimeDelta::days(8));
    derpshop::app::jobs::clean_inbox(&fixture.app).await.unwrap();
    assert_eq!(rows().await, (1, 1), "what is open stays, with its lane");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_task_has_one_owner_at_a_time(pool: PgPool) {
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let lease = Lease::take(&pool, Task::PollTelegram, first).await.unwrap().unwrap();
    assert!(Lease::take(&pool, Task::PollTelegram, second).await.unwrap().is_none());
    assert!(
        Lease::take(&pool, Task::SendOutbox, second).await.unwrap().is_some(),
        "another task is another lease"
    );
    lease.release(&pool).await.unwrap();
    let mut lease = Lease::take(&pool, Task::PollTelegram, second).await.unwrap().unwrap();
    assert!(lease.keep(&pool).await.unwrap());
    sqlx::query("update leases set lease_until = now() - interval '1 s'").execute(&pool).await.unwrap();
    let third = Lease::take(&pool, Task::PollTelegram, first).await.unwrap().unwrap();
    // The second's release is not of the lease that is held now.
    lease.release(&pool).await.unwrap();
    assert!(Lease::take(&pool, Task::PollTelegram, second).await.unwrap().is_none());
    third.release(&pool).await.unwrap();
}
