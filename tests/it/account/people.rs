//! Who somebody is: names, logins, payloads, guesses, roles.

use chrono::TimeDelta;
use derpshop::account::store::{self, By, EmailTaken};
use derpshop::account::{AdminActor, GUESSES, NotAdmin, Role};
use derpshop::app::people::{drop_payload, grant, keep_payload, kept_payload, meet};
use derpshop::app::profile::{Renamed, rename};
use derpshop::clock::Clock as _;
use derpshop::db::MIGRATOR;
use derpshop::types::{ChatId, TelegramId};
use sqlx::PgPool;

use super::{fixture, newcomer, person, recorded};

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_same_person_is_one_account_however_many_messages_come_at_once(pool: PgPool) {
    let fixture = fixture(pool).await;
    let lin = newcomer(7, "Lin");
    let met = futures::future::join_all((0..20).map(|_| meet(&fixture.app, &lin))).await;
    let ids: Vec<_> = met.into_iter().map(|user| user.unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let count: i64 =
        sqlx::query_scalar("select count(*) from users").fetch_one(&fixture.app.pool).await.unwrap();
    assert_eq!(count, 1);
    assert_eq!(recorded(&fixture.app, "user_login").await, 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn people_of_one_name_are_told_apart(pool: PgPool) {
    let fixture = fixture(pool).await;
    let mut names = Vec::new();
    for telegram in 1..=5 {
        names.push(person(&fixture, telegram).await.username.to_string());
    }
    assert_eq!(names[..3], ["Lin", "Lin-2", "Lin-3"]);
    assert!(names[3..].iter().all(|name| name.starts_with("Lin-")), "{names:?}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_message_after_an_hours_silence_is_a_login(pool: PgPool) {
    let fixture = fixture(pool).await;
    let first = fixture.clock.now();
    person(&fixture, 7).await;
    for minutes in [10, 50, 59] {
        fixture.clock.advance(TimeDelta::minutes(minutes));
        let lin = person(&fixture, 7).await;
        assert_eq!(lin.last_login, Some(first), "{minutes}");
    }
    assert_eq!(recorded(&fixture.app, "user_login").await, 1);
    fixture.clock.advance(TimeDelta::minutes(60));
    person(&fixture, 7).await;
    assert_eq!(person(&fixture, 7).await.last_login, Some(fixture.clock.now()));
    assert_eq!(recorded(&fixture.app, "user_login").await, 2);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_name_that_is_taken_stays_with_its_owner(pool: PgPool) {
    let fixture = fixture(pool).await;
    let (lin, wu) = (person(&fixture, 1).await, person(&fixture, 2).await);
    let app = &fixture.app;
    let renamed = rename(app, wu.id, "@Wu").await.unwrap();
    assert!(matches!(renamed, Renamed::Done(name) if name.as_str() == "Wu"));
    assert!(matches!(rename(app, lin.id, "WU").await.unwrap(), Renamed::Taken(_)));
    assert_eq!(rename(app, lin.id, "two words").await.unwrap(), Renamed::Invalid);
    assert!(matches!(rename(app, wu.id, "wu").await.unwrap(), Renamed::Done(_)));
    let found = store::find(&app.pool, app.tenant, By::Username("WU")).await.unwrap().unwrap();
    assert_eq!(found.id, wu.id);
    assert_eq!(recorded(app, "user_renamed").await, 2);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_payload_is_kept_sealed_and_belongs_to_its_row(pool: PgPool) {
    let fixture = fixture(pool).await;
    let (lin, wu) = (person(&fixture, 1).await, person(&fixture, 2).await);
    let app = &fixture.app;
    keep_payload(app, lin.id, "r_7KQ2MX4D9T0WHRE5NB8VC").await.unwrap();
    keep_payload(app, lin.id, "r_0000000000000000000000").await.unwrap();
    assert_eq!(kept_payload(app, lin.id).await.unwrap().as_deref(), Some("r_0000000000000000000000"));
    let stored: Vec<u8> = sqlx::query_scalar("select pending_start_sealed from users where id = $1")
        .bind(lin.id.0)
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert!(!stored.windows(4).any(|part| part == b"0000"));
    // Moved to another row it doesn't open.
    store::set_pending_start(&app.pool, app.tenant, wu.id, Some(&stored)).await.unwrap();
    assert_eq!(kept_payload(app, wu.id).await.unwrap(), None);
    drop_payload(app, lin.id).await.unwrap();
    drop_payload(app, lin.id).await.unwrap();
    assert_eq!(kept_payload(app, lin.id).await.unwrap(), None);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn guesses_sent_at_once_are_all_counted(pool: PgPool) {
    let fixture = fixture(pool).await;
    let lin = person(&fixture, 1).await;
    let app = &fixture.app;
    let now = fixture.clock.now();
    let guess = async || {
        let mut tx = app.pool.begin().await.unwrap();
        let guesses = store::count_guess(&mut tx, app.tenant, lin.id, now).await.unwrap();
        tx.commit().await.unwrap();
        guesses
    };
    futures::future::join_all((0..GUESSES - 1).map(|_| guess())).await;
    let before = store::guesses(&app.pool, app.tenant, lin.id).await.unwrap();
    assert_eq!((before.left(now), before.lock(now)), (1, None));
    let until = now + TimeDelta::hours(1);
    assert_eq!(guess().await.lock(now), Some(until));
    let after = store::guesses(&app.pool, app.tenant, lin.id).await.unwrap();
    assert_eq!((after.lock(now), after.lock(until), after.left(until)), (Some(until), None, GUESSES));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn only_an_admin_in_the_ops_group_acts_as_one(pool: PgPool) {
    let fixture = fixture(pool).await;
    let app = &fixture.app;
    let (ops, elsewhere) = (ChatId(-100), ChatId(-200));
    let lin = person(&fixture, 1).await;
    assert_eq!(AdminActor::in_chat(&lin, ops, Some(ops)), Err(NotAdmin::Role));
    let console = AdminActor::at_console();
    assert!(grant(app, &console, lin.id, Role::Admin).await.unwrap());
    assert!(!grant(app, &console, lin.id, Role::Admin).await.unwrap());
    assert_eq!(recorded(app, "user_role_changed").await, 1);
    let lin = person(&fixture, 1).await;
    assert_eq!(AdminActor::in_chat(&lin, ops, Some(ops)).unwrap().user(), Some(lin.id));
    assert_eq!(AdminActor::in_chat(&lin, elsewhere, Some(ops)), Err(NotAdmin::Elsewhere));
    assert_eq!(AdminActor::in_chat(&lin, ops, None), Err(NotAdmin::Elsewhere));
    assert!(store::ban(&app.pool, app.tenant, lin.id, &console).await.unwrap());
    assert!(!store::ban(&app.pool, app.tenant, lin.id, &console).await.unwrap());
    let lin = person(&fixture, 1).await;
    assert_eq!(AdminActor::in_chat(&lin, ops, Some(ops)), Err(NotAdmin::Role));
    assert!(store::unban(&app.pool, app.tenant, lin.id, &console).await.unwrap());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn admins_find_people_by_what_they_know_of_them(pool: PgPool) {
    let fixture = fixture(pool).await;
    let app = &fixture.app;
    let (lin, wu) = (person(&fixture, 7001).await, person(&fixture, 7002).await);
    let email = "Lin_01@example.com".parse().unwrap();
    let mut conn = app.pool.acquire().await.unwrap();
    let now = fixture.clock.now();
    store::verify_email(&mut conn, app.tenant, lin.id, &email, now).await.unwrap().unwrap();
    let found = async |query: &str| {
        let users = store::search(&app.pool, app.tenant, query, 5).await.unwrap();
        users.into_iter().map(|user| user.id).collect::<Vec<_>>()
    };
    assert_eq!(found("lin_01@EXAMPLE.com").await, [lin.id]);
    assert_eq!(found("7002").await, [wu.id]);
    assert_eq!(found(&format!("#{}", wu.id)).await[0], wu.id);
    assert_eq!(found("@lin").await, [lin.id, wu.id], "the exact name first");
    // A sign with a meaning in patterns is meant as it is.
    assert_eq!(found("n_0").await, [lin.id]);
    assert_eq!(found("i_0").await, []);
    assert_eq!(found("%").await, []);
    let taken =
        store::verify_email(&mut conn, app.tenant, wu.id, &"lin_01@Example.com".parse().unwrap(), now).await;
    assert_eq!(taken.unwrap(), Err(EmailTaken));
    assert_eq!(
        store::find(&app.pool, app.tenant, By::Telegram(TelegramId(7002))).await.unwrap().unwrap().email,
        None
    );
}
