//! The chain of records against a real database.

use chrono::TimeDelta;
use derpshop::app::audit::{chain, tell_head, verify};
use derpshop::audit::{self, Actor, Breach, Entry, Operation, Verdict, store};
use derpshop::clock::Clock as _;
use derpshop::db::MIGRATOR;
use derpshop::jobs::SCHEMA;
use graphile_worker::WorkerUtils;
use sqlx::PgPool;

use crate::harness::Fixture;

async fn record(fixture: &Fixture, n: i64) {
    let app = &fixture.app;
    let mut tx = app.pool.begin().await.unwrap();
    let entry = Entry::new(app.tenant, Actor::Shop, Operation::UserLogin).with("n", n);
    audit::record(&mut tx, fixture.clock.now(), &entry).await.unwrap();
    tx.commit().await.unwrap();
}

async fn run(pool: &PgPool, sql: &str) {
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(pool).await.unwrap();
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_is_altered_or_taken_out_breaks_the_chain(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let app = &fixture.app;
    assert!(matches!(verify(app).await.unwrap(), Verdict::Whole { records: 0, .. }));
    for n in 1..=5 {
        record(&fixture, n).await;
    }
    chain(app).await.unwrap();
    chain(app).await.unwrap();
    let whole = verify(app).await.unwrap();
    assert!(matches!(whole, Verdict::Whole { records: 5, .. }), "{whole:?}");
    run(&app.pool, r#"update system_logs set details = '{"n": 9}' where chain_seq = 3"#).await;
    assert!(matches!(verify(app).await.unwrap(), Verdict::Broken(Breach::Altered { seq: 3, .. })));
    run(&app.pool, r#"update system_logs set details = '{"n": 3}' where chain_seq = 3"#).await;
    assert_eq!(verify(app).await.unwrap(), whole);
    run(&app.pool, "delete from system_logs where chain_seq = 2").await;
    assert_eq!(verify(app).await.unwrap(), Verdict::Broken(Breach::Missing { seq: 2 }));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_record_that_commits_late_is_chained_late(pool: PgPool) {
    let fixture = Fixture::new(pool);
    let app = &fixture.app;
    let mut late = app.pool.begin().await.unwrap();
    let entry = Entry::new(app.tenant, Actor::Console, Operation::UserBanned);
    audit::record(&mut late, fixture.clock.now(), &entry).await.unwrap();
    record(&fixture, 1).await;
    chain(app).await.unwrap();
    late.commit().await.unwrap();
    chain(app).await.unwrap();
    assert!(matches!(verify(app).await.unwrap(), Verdict::Whole { records: 2, .. }));
    let order: Vec<String> = sqlx::query_scalar("select operation from system_logs order by chain_seq")
        .fetch_all(&app.pool)
        .await
        .unwrap();
    assert_eq!(order, ["user_login", "user_banned"]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn two_who_chain_at_once_leave_one_chain(pool: PgPool) {
    let fixture = Fixture::new(pool);
    for n in 1..=50 {
        record(&fixture, n).await;
    }
    let both = futures::future::join_all((0..4).map(|_| chain(&fixture.app))).await;
    assert!(both.iter().any(Result::is_ok));
    chain(&fixture.app).await.unwrap();
    assert!(matches!(verify(&fixture.app).await.unwrap(), Verdict::Whole { records: 50, .. }));
    assert_eq!(store::head(&fixture.app.pool).await.unwrap().0, 50);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_head_is_told_once_a_day_and_a_breach_with_it(pool: PgPool) {
    WorkerUtils::new(pool.clone(), SCHEMA).migrate().await.unwrap();
    let fixture = Fixture::new(pool);
    let app = &fixture.app;
    let told = async || -> Vec<(String, Option<String>)> {
        let sql =
            "select notice ->> 'kind', coalesce(notice ->> 'day', notice ->> 'seq') from outbox order by id";
        sqlx::query_as(sql).fetch_all(&app.pool).await.unwrap()
    };
    record(&fixture, 1).await;
    chain(app).await.unwrap();
    tell_head(app).await.unwrap();
    tell_head(app).await.unwrap();
    let head = |day: &str| ("audit_head".to_owned(), Some(day.to_owned()));
    assert_eq!(told().await, [head("2026-11-23")]);
    // 00:01 in Shanghai, where the shop is.
    fixture.clock.set("2026-11-24T16:01:00Z".parse().unwrap());
    run(&app.pool, "update system_logs set operation = 'user_logout'").await;
    tell_head(app).await.unwrap();
    fixture.clock.advance(TimeDelta::hours(1));
    tell_head(app).await.unwrap();
    let broken = ("audit_broken".to_owned(), Some("1".to_owned()));
    assert_eq!(told().await, [head("2026-11-23"), head("2026-11-24"), broken]);
}
