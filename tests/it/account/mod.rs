//! Accounts, codes and mails against a real database.

mod codes;
mod mails;
mod people;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use derpshop::account::{Newcomer, User};
use derpshop::app::people::meet;
use derpshop::jobs::SCHEMA;
use derpshop::notify::{Mail, MailError, Mailer};
use derpshop::types::{Lang, TelegramId};
use graphile_worker::WorkerUtils;
use sqlx::PgPool;

use crate::harness::Fixture;

/// What a mail server says next.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Recipient(u16),
    Refused,
    Unavailable,
}

/// Keeps mails, and fails when told to.
#[derive(Debug, Default)]
struct Post {
    mails: Mutex<Vec<Mail>>,
    answer: Mutex<Option<Answer>>,
}

impl Post {
    fn will(&self, answer: Option<Answer>) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The digits in the last mail.
    fn digits(&self) -> String {
        let mails = self.mails();
        let subject = &mails.last().unwrap().subject;
        subject.chars().filter(char::is_ascii_digit).collect()
    }
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let answer = *self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            None => {
                self.mails.lock().unwrap_or_else(PoisonError::into_inner).push(mail.clone());
                Ok(())
            }
            Some(Answer::Recipient(code)) => Err(MailError::Recipient { code }),
            Some(Answer::Refused) => Err(MailError::Refused("535 who are you".into())),
            Some(Answer::Unavailable) => Err(MailError::Unavailable("connection refused".into())),
        }
    }
}

async fn fixture(pool: PgPool) -> Fixture {
    WorkerUtils::new(pool.clone(), SCHEMA).migrate().await.unwrap();
    Fixture::new(pool)
}

fn newcomer(telegram: i64, name: &str) -> Newcomer {
    Newcomer {
        telegram: TelegramId(telegram),
        name: name.to_owned(),
        user_name: None,
        lang: Lang::En,
        zone: chrono_tz::Tz::Asia__Shanghai,
    }
}

async fn person(fixture: &Fixture, telegram: i64) -> User {
    meet(&fixture.app, &newcomer(telegram, "Lin")).await.unwrap()
}

/// How many records of this operation there are.
async fn recorded(fixture: &Arc<derpshop::app::App>, operation: &str) -> i64 {
    let sql = "select count(*) from system_logs where operation = $1";
    sqlx::query_scalar(sql).bind(operation).fetch_one(&fixture.pool).await.unwrap()
}
