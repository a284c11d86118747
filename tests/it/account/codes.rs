//! Codes: how many, how long, for whom, and what the right one leads to.

use chrono::TimeDelta;
use derpshop::account::store::{self, By};
use derpshop::account::{CodeDigits, Email, EmailCodeId, User};
use derpshop::app::mail_code::send_code;
use derpshop::app::people::{keep_payload, kept_payload, meet};
use derpshop::app::register::{
    CodeAnswer, CodeRequest, answer_code, complete_without_mail, request_code, resend_code,
};
use derpshop::clock::Clock as _;
use derpshop::db::MIGRATOR;
use derpshop::i18n::Texts;
use derpshop::types::UserId;
use sqlx::PgPool;

use super::{Post, fixture, newcomer, person, recorded};
use crate::harness::Fixture;

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

/// Asks for a code and reads it in the mail.
async fn mailed(fixture: &Fixture, user: UserId, address: &str) -> CodeDigits {
    let sent = request_code(&fixture.app, user, email(address)).await.unwrap();
    assert_eq!(sent, CodeRequest::Sent { email: email(address) });
    let post = Post::default();
    send_code(&fixture.app, &post, &Texts::load(), last_code(fixture).await).await.unwrap();
    CodeDigits::read(&post.digits()).unwrap()
}

async fn last_code(fixture: &Fixture) -> EmailCodeId {
    let sql = "select id from email_codes order by id desc limit 1";
    EmailCodeId(sqlx::query_scalar(sql).fetch_one(&fixture.app.pool).await.unwrap())
}

fn other_than(digits: &CodeDigits) -> CodeDigits {
    let other = if digits.as_str() == "123456" { "654321" } else { "123456" };
    CodeDigits::read(other).unwrap()
}

async fn registered(fixture: &Fixture, telegram: i64, address: &str) -> User {
    let user = person(fixture, telegram).await;
    let digits = mailed(fixture, user.id, address).await;
    let answer = answer_code(&fixture.app, user.id, &digits).await.unwrap();
    let CodeAnswer::Done(user) = answer else { panic!("{answer:?}") };
    user
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_right_digits_complete_the_account_once(pool: PgPool) {
    let fixture = fixture(pool).await;
    let lin = registered(&fixture, 7, "lin@example.com").await;
    assert_eq!(lin.email, Some(email("lin@example.com")));
    assert_eq!(lin.registered_at, Some(fixture.clock.now()));
    let app = &fixture.app;
    let tailnet = store::tailnet(&app.pool, app.tenant, lin.id).await.unwrap().unwrap();
    let code = app.open.open(&tailnet.digest.row(), &tailnet.code_sealed).unwrap();
    let code: derpshop::account::AclCode = std::str::from_utf8(&code).unwrap().parse().unwrap();
    assert_eq!(code.digest(&app.lookup), tailnet.digest);
    assert_eq!(recorded(app, "user_registered").await, 1);
    let again = request_code(app, lin.id, email("LIN@example.com")).await.unwrap();
    assert_eq!(again, CodeRequest::Theirs { email: email("lin@example.com") });
    let sql = "select bool_or(code_sealed is not null), count(*) from email_codes";
    let kept: (bool, i64) = sqlx::query_as(sql).fetch_one(&app.pool).await.unwrap();
    assert_eq!(kept, (false, 1), "used digits are not kept");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn five_wrong_tries_end_a_code(pool: PgPool) {
    let fixture = fixture(pool).await;
    let lin = person(&fixture, 7).await;
    let app = &fixture.app;
    let digits = mailed(&fixture, lin.id, "lin@example.com").await;
    let wrong = other_than(&digits);
    for left in (1..5).rev() {
        assert_eq!(answer_code(app, lin.id, &wrong).await.unwrap(), CodeAnswer::Wrong { left });
    }
    assert_eq!(answer_code(app, lin.id, &wrong).await.unwrap(), CodeAnswer::Expired);
    assert_eq!(answer_code(app, lin.id, &digits).await.unwrap(), CodeAnswer::Expired);
    assert_eq!(recorded(app, "user_code_exhausted").await, 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn tries_sent_at_once_are_five_in_all(pool: PgPool) {
    let fixture = fixture(pool).await;
    let lin = person(&fixture, 7).await;
    let digits = mailed(&fixture, lin.id, "lin@example.com").await;
    let wrong = other_than(&digits);
    let answers = futures::future::join_all((0..20).map(|_| answer_code(&fixture.app, lin.id, &wrong))).await;
    let wrong = answers.into_iter().filter(|a| matches!(a, Ok(CodeAnswer::Wrong { .. }))).count();
    assert_eq!(wrong, 4);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_code_works_for_ten_minutes_and_until_the_next(pool: PgPool) {
    let fixture = fixture(pool).await;
    let lin = person(&fixture, 7).await;
    let app = &fixture.app;
    let first = mailed(&fixture, lin.id, "lin@example.com").await;
    fixture.clock.advance(TimeDelta::minutes(1));
    let second = mailed(&fixture, lin.id, "wu@example.com").await;
    if first != second {
        assert_eq!(answer_code(app, lin.id, &first).await.unwrap(), CodeAnswer::Wrong { left: 4 });
    }
    fixture.clock.advance(TimeDelta::minutes(10));
    assert_eq!(answer_code(app, lin.id, &second).await.unwrap(), CodeAnswer::Expired);
    let third = resend_code(app, lin.id).await.unwrap();
    assert_eq!(third, Some(CodeRequest::Sent { email: email("wu@example.com") }));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn codes_are_a_minute_apart_and_five_an_hour(pool: PgPool) {
    let fixture = fixture(pool).await;
    let lin = person(&fixture, 7).await;
    let app = &fixture.app;
    let ask = async |address: &str| request_code(app, lin.id, email(address)).await.unwrap();
    assert_eq!(resend_code(app, lin.id).await.unwrap(), None);
    let began = fixture.clock.now();
    ask("a@example.com").await;
    fixture.clock.advance(TimeDelta::milliseconds(17_500));
    assert_eq!(ask("b@example.com").await, CodeRequest::Wait { email: email("a@example.com"), seconds: 43 });
    for n in 1..5 {
        fixture.clock.set(began + TimeDelta::minutes(n));
        assert!(matches!(ask("a@example.com").await, CodeRequest::Sent { .. }), "{n}");
    }
    fixture.clock.set(began + TimeDelta::minutes(6));
    let (until, last) = (began + TimeDelta::hours(1), Some(email("a@example.com")));
    assert_eq!(ask("b@example.com").await, CodeRequest::TooMany { until, email: last });
    // Nobody else can have more sent to that address either, but elsewhere.
    let wu = person(&fixture, 8).await;
    let more = request_code(app, wu.id, email("A@example.com")).await.unwrap();
    assert_eq!(more, CodeRequest::TooMany { until, email: None });
    assert!(matches!(
        request_code(app, wu.id, email("wu@example.com")).await.unwrap(),
        CodeRequest::Sent { .. }
    ));
    fixture.clock.set(until);
    assert!(matches!(ask("b@example.com").await, CodeRequest::Sent { .. }));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_address_of_another_chat_is_refused_only_after_the_right_digits(pool: PgPool) {
    let fixture = fixture(pool).await;
    let lin = registered(&fixture, 7, "lin@example.com").await;
    fixture.clock.advance(TimeDelta::minutes(2));
    let wu = person(&fixture, 8).await;
    let app = &fixture.app;
    let digits = mailed(&fixture, wu.id, "lin@example.com").await;
    assert_eq!(answer_code(app, wu.id, &other_than(&digits)).await.unwrap(), CodeAnswer::Wrong { left: 4 });
    assert_eq!(answer_code(app, wu.id, &digits).await.unwrap(), CodeAnswer::Taken);
    assert_eq!(answer_code(app, wu.id, &digits).await.unwrap(), CodeAnswer::Expired);
    let owner =
        store::find(&app.pool, app.tenant, By::Email(&email("lin@example.com"))).await.unwrap().unwrap();
    assert_eq!(owner.id, lin.id);
    assert!(!person(&fixture, 8).await.is_registered());
    assert_eq!(recorded(app, "user_email_refused").await, 1);
}

/// An account as the API makes it: verified, without Telegram.
async fn over_the_api(fixture: &Fixture, address: &str) -> UserId {
    let sql = "insert into users (tenant_id, username, email, is_verified, registered_at)
               values (1, 'api-user', $1, true, now()) returning id";
    UserId(sqlx::query_scalar(sql).bind(address).fetch_one(&fixture.app.pool).await.unwrap())
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_account_made_over_the_api_gets_its_chat(pool: PgPool) {
    let fixture = fixture(pool).await;
    let app = &fixture.app;
    let account = over_the_api(&fixture, "lin@example.com").await;
    let chat = person(&fixture, 7).await;
    keep_payload(app, chat.id, "r_7KQ2MX4D9T0WHRE5NB8VC").await.unwrap();
    let digits = mailed(&fixture, chat.id, "lin@example.com").await;
    let CodeAnswer::Done(user) = answer_code(app, chat.id, &digits).await.unwrap() else {
        panic!("not linked")
    };
    assert_eq!((user.id, user.telegram, user.lang), (account, chat.telegram, chat.lang));
    assert_eq!(meet(app, &newcomer(7, "Lin")).await.unwrap().id, account);
    assert_eq!(kept_payload(app, account).await.unwrap().as_deref(), Some("r_7KQ2MX4D9T0WHRE5NB8VC"));
    assert!(store::tailnet(&app.pool, app.tenant, account).await.unwrap().is_some());
    let left = store::find(&app.pool, app.tenant, By::Id(chat.id)).await.unwrap().unwrap();
    assert_eq!((left.telegram, left.closed_at), (None, Some(fixture.clock.now())));
    assert_eq!(recorded(app, "user_linked").await, 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_account_with_something_to_lose_is_not_linked_away(pool: PgPool) {
    let fixture = fixture(pool).await;
    let app = &fixture.app;
    over_the_api(&fixture, "lin@example.com").await;
    let chat = person(&fixture, 7).await;
    complete_without_mail(app, chat.id).await.unwrap();
    complete_without_mail(app, chat.id).await.unwrap();
    assert_eq!(recorded(app, "user_registered").await, 1);
    let digits = mailed(&fixture, chat.id, "lin@example.com").await;
    assert_eq!(answer_code(app, chat.id, &digits).await.unwrap(), CodeAnswer::Taken);
    assert_eq!(meet(app, &newcomer(7, "Lin")).await.unwrap().id, chat.id);
}
