//! The mail with the code: sent once, given up at the right moment, and in no log.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use derpshop::account::{CodeDigits, EmailCodeId};
use derpshop::app::mail_code::{CodeError, send_code};
use derpshop::app::register::{CodeAnswer, answer_code, request_code};
use derpshop::db::MIGRATOR;
use derpshop::i18n::Texts;
use derpshop::types::UserId;
use sqlx::PgPool;
use tracing::instrument::WithSubscriber as _;
use tracing_subscriber::fmt::MakeWriter;

use super::{Answer, Post, fixture, person};
use crate::harness::Fixture;

/// Asks for a code that waits to be mailed.
async fn waiting(fixture: &Fixture) -> (UserId, EmailCodeId) {
    let lin = person(fixture, 7).await;
    request_code(&fixture.app, lin.id, "lin@example.com".parse().unwrap()).await.unwrap();
    let id = sqlx::query_scalar("select id from email_codes").fetch_one(&fixture.app.pool).await.unwrap();
    (lin.id, EmailCodeId(id))
}

/// Notices in the outbox.
async fn told(fixture: &Fixture) -> Vec<String> {
    sqlx::query_scalar("select notice::text from outbox order by id")
        .fetch_all(&fixture.app.pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_job_that_runs_twice_mails_once(pool: PgPool) {
    let fixture = fixture(pool).await;
    let (_, id) = waiting(&fixture).await;
    let (post, texts) = (Post::default(), Texts::load());
    send_code(&fixture.app, &post, &texts, id).await.unwrap();
    send_code(&fixture.app, &post, &texts, id).await.unwrap();
    let mails = post.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to.as_str(), "lin@example.com");
    let digits = post.digits();
    assert_eq!(mails[0].subject, format!("{digits} is your DERP Relays code"));
    assert!(mails[0].text.contains(&digits) && mails[0].html.contains(&digits));
    let jobs: i64 = sqlx::query_scalar("select count(*) from graphile_worker.jobs")
        .fetch_one(&fixture.app.pool)
        .await
        .unwrap();
    assert_eq!(jobs, 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_address_that_takes_no_mail_is_told_in_the_chat(pool: PgPool) {
    let fixture = fixture(pool).await;
    let (lin, id) = waiting(&fixture).await;
    let (post, texts) = (Post::default(), Texts::load());
    post.will(Some(Answer::Recipient(550)));
    send_code(&fixture.app, &post, &texts, id).await.unwrap();
    post.will(None);
    send_code(&fixture.app, &post, &texts, id).await.unwrap();
    assert_eq!(post.mails().len(), 0, "the code has ended");
    let notice = format!(r#"{{"kind": "code_not_delivered", "reply": 550, "code_id": {}}}"#, id.0);
    assert_eq!(told(&fixture).await, [notice]);
    let digits = CodeDigits::read("123456").unwrap();
    assert_eq!(answer_code(&fixture.app, lin, &digits).await.unwrap(), CodeAnswer::Expired);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_mail_server_that_is_away_is_tried_for_a_minute(pool: PgPool) {
    let fixture = fixture(pool).await;
    let (_, id) = waiting(&fixture).await;
    let (post, texts) = (Post::default(), Texts::load());
    post.will(Some(Answer::Unavailable));
    for _ in 0..2 {
        let outcome = send_code(&fixture.app, &post, &texts, id).await;
        assert!(matches!(outcome, Err(CodeError::Later(_))), "{outcome:?}");
        assert_eq!(told(&fixture).await, [""; 0]);
        fixture.clock.advance(TimeDelta::seconds(25));
    }
    fixture.clock.advance(TimeDelta::seconds(10));
    let outcome = send_code(&fixture.app, &post, &texts, id).await;
    assert!(matches!(outcome, Err(CodeError::GivenUp(_))), "{outcome:?}");
    assert_eq!(told(&fixture).await.len(), 1);
    send_code(&fixture.app, &post, &texts, id).await.unwrap();
    assert_eq!(told(&fixture).await.len(), 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_mail_server_that_wants_none_of_ours_is_given_up_at_once(pool: PgPool) {
    let fixture = fixture(pool).await;
    let (_, id) = waiting(&fixture).await;
    let post = Post::default();
    post.will(Some(Answer::Refused));
    let outcome = send_code(&fixture.app, &post, &Texts::load(), id).await;
    assert!(matches!(outcome, Err(CodeError::GivenUp(_))), "{outcome:?}");
    assert_eq!(told(&fixture).await.len(), 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_code_that_is_too_old_is_not_mailed(pool: PgPool) {
    let fixture = fixture(pool).await;
    let (_, id) = waiting(&fixture).await;
    fixture.clock.advance(TimeDelta::minutes(10));
    let post = Post::default();
    send_code(&fixture.app, &post, &Texts::load(), id).await.unwrap();
    assert_eq!(post.mails().len(), 0);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn no_log_line_holds_the_digits(pool: PgPool) {
    let fixture = fixture(pool).await;
    let lines = Lines::default();
    let log =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone()).finish();
    let digits = async {
        let (lin, id) = waiting(&fixture).await;
        let (post, texts) = (Post::default(), Texts::load());
        send_code(&fixture.app, &post, &texts, id).await.unwrap();
        let digits = post.digits();
        let right = CodeDigits::read(&digits).unwrap();
        tracing::info!(answer = ?right, mail = ?post.mails()[0], "as somebody might log it");
        answer_code(&fixture.app, lin, &right).await.unwrap();
        digits
    };
    let digits = digits.with_subscriber(log).await;
    let log = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let log = String::from_utf8_lossy(&log).into_owned();
    assert!(log.contains("as somebody might log it"), "the log was caught");
    assert!(!log.contains(&digits), "{log}");
}
