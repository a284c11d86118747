//! Bot processes that die with updates in hand: every update is answered all the same.

use std::time::{Duration, Instant};

use derpshop::db::MIGRATOR;
use derpshop::inbox::store;
use lab::telegram::{Fault, NewUser, Options, Telegram};
use sqlx::PgPool;

use crate::harness::process::{DataDir, Process};
use crate::harness::{BOT, wait_until};

const PEOPLE: usize = 12;
const EACH: usize = 10;

/// People who write, before bots that are slow to answer, so that there is always something in hand.
struct Crowd {
    telegram: Telegram,
    keys: Vec<String>,
    data: DataDir,
}

impl Crowd {
    async fn gather() -> Self {
        let token = format!("{}:lab-token_0123456789abcdefghijklmnop", BOT.0);
        let telegram = Telegram::start(Options { token, ..Options::default() }).await;
        telegram.fail_next("sendMessage", 10_000, &Fault::Slow(Duration::from_millis(30)));
        let keys: Vec<String> = (0..PEOPLE).map(|n| format!("person{n}")).collect();
        for key in &keys {
            telegram.add_user(&NewUser { key, name: key, username: "", language: "en" });
        }
        Self { telegram, keys, data: DataDir::default() }
    }

    /// A bot process.
    fn bot(&self, pool: &PgPool) -> Process {
        let settings = [
            ("TELEGRAM__TOKEN", self.telegram.token()),
            ("TELEGRAM__API_URL", self.telegram.api_url()),
            ("LIMITS__UPDATES_PER_MINUTE", "6000".to_owned()),
            ("HTTP__WORKER_METRICS", "127.0.0.1:0".to_owned()),
        ];
        Process::start(env!("CARGO_BIN_EXE_derpshop"), &["bot"], pool, &self.data, &settings)
    }

    /// Everybody asks for help several times.
    fn write(&self) {
        for key in &self.keys {
            self.telegram.user(key).start("");
        }
        for _ in 1..EACH {
            for key in &self.keys {
                self.telegram.user(key).say("/help");
            }
        }
    }

    /// Answers that each person got.
    fn answers(&self) -> Vec<usize> {
        let of_bot = |key: &String| {
            self.telegram.user(key).messages().iter().filter(|message| message.author == "bot").count()
        };
        self.keys.iter().map(of_bot).collect()
    }

    async fn wait_answers(&self, count: usize) {
        wait_until(&format!("{count} answers"), async || self.answers().iter().sum::<usize>() >= count).await;
    }

    async fn wait_all_answered(&self, pool: &PgPool) {
        wait_until("everybody has an answer to everything", async || {
            self.answers().iter().all(|count| *count >= EACH)
        })
        .await;
        wait_until("an empty inbox", async || store::depth(pool, BOT).await.unwrap().open == 0).await;
        assert_eq!(store::depth(pool, BOT).await.unwrap().parked, 0);
        // Answered again is only what was in hand: one update of each lane at each of the kills.
        let again: usize = self.answers().iter().map(|count| count - EACH).sum();
        assert!(again <= 2 * PEOPLE, "{:?}", self.answers());
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn killed_and_started_again_it_answers_everything(pool: PgPool) {
    let crowd = Crowd::gather().await;
    let first = crowd.bot(&pool);
    crowd.write();
    crowd.wait_answers(20).await;
    first.kill();
    let second = crowd.bot(&pool);
    crowd.wait_answers(60).await;
    second.kill();
    let third = crowd.bot(&pool);
    crowd.wait_all_answered(&pool).await;
    assert!(third.stop().await.success());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn another_replica_takes_over_what_a_killed_one_had(pool: PgPool) {
    let crowd = Crowd::gather().await;
    let replicas = [crowd.bot(&pool), crowd.bot(&pool)];
    crowd.write();
    crowd.wait_answers(20).await;
    let [dies, lives] = replicas;
    let killed = Instant::now();
    dies.kill();
    crowd.wait_all_answered(&pool).await;
    // The inbox's lease, the poller's, and the handling itself.
    assert!(killed.elapsed() < Duration::from_secs(25), "{:?}", killed.elapsed());
    assert!(lives.stop().await.success());
}
