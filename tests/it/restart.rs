//! The database restarts under everything that uses it: nothing that was acknowledged is lost, order holds, and all
//! parts work on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use derpshop::db::{self, MIGRATOR};
use derpshop::embedded_pg::{EmbeddedPg, Left};
use derpshop::inbox::Inbox;
use derpshop::jobs::{self, CleanInbox};
use derpshop::notify::Audience;
use derpshop::types::ChatId;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::PgPool;

use crate::harness::world::World;
use crate::harness::{BOT, Fixture, tempfile, wait_until};
use crate::inbox::probe::{Probe, Replica, drained, message};
use crate::outbox::wire::{Running, Wire, letter, post};

/// A Postgres of the test's own, which ends with it.
struct Server {
    folder: PathBuf,
    running: Option<EmbeddedPg>,
}

impl Server {
    async fn start() -> (Self, PgPool) {
        let folder = tempfile();
        let running = EmbeddedPg::start(&folder.join("postgres"), None).await.unwrap();
        let pool = db::connect(running.options(), 10).await.unwrap();
        MIGRATOR.run(&pool).await.unwrap();
        (Self { folder, running: Some(running) }, pool)
    }

    async fn restart(&mut self) {
        let stopped = self.running.take().unwrap().leave().await.unwrap();
        assert_eq!(stopped, Left::Stopped);
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.running = Some(EmbeddedPg::start(&self.folder.join("postgres"), None).await.unwrap());
    }

    async fn end(mut self) {
        self.running.take().unwrap().leave().await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = std::fs::read_to_string(self.folder.join("postgres/data/postmaster.pid")).ok();
        let pid = pid.and_then(|text| Pid::from_raw(text.lines().next()?.parse().ok()?));
        if let Some(pid) = pid {
            kill_process(pid, Signal::INT).ok();
        }
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_nothing_acknowledged_is_lost_and_chats_stay_in_order() {
    let (mut server, pool) = Server::start().await;
    let fixture = Fixture::new(pool);
    let probe = Probe::new(&fixture);
    let replicas = [Replica::start(&fixture, &probe), Replica::start(&fixture, &probe)];
    let wire = Wire::new();
    let sender = Running::start(&fixture, &wire);
    // What a webhook's callers do: each sends its chat's updates one by one, and each again until it is taken.
    let inbox = Inbox::start(fixture.app.pool.clone());
    let callers: Vec<_> = (0..20)
        .map(|chat| {
            let (inbox, sealer) = (inbox.clone(), fixture.sealer.clone());
            tokio::spawn(async move {
                for n in 0..60 {
                    let body = message(chat * 1000 + n, chat, "x");
                    while inbox.put(BOT, &sealer, body.as_bytes()).await.is_err() {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            })
        })
        .collect();
    for round in 1..=2 {
        probe.wait_handled(300 * round).await;
        server.restart().await;
    }
    for caller in callers {
        caller.await.unwrap();
    }
    drained(&fixture).await;
    post(&fixture, [letter(Audience::Chat(ChatId(7)), 1)]).await;
    wire.wait_calls(1).await;
    for replica in replicas {
        replica.stop().await;
    }
    sender.stop().await;
    let chats = probe.by_chat();
    assert_eq!(chats.len(), 20);
    for (chat, handled) in chats {
        // Handled again is allowed at a restart, out of order or not at all is not.
        let mut first = Vec::new();
        for id in handled {
            if !first.contains(&id) {
                first.push(id);
            }
        }
        assert_eq!(first, (0..60).map(|n| chat * 1000 + n).collect::<Vec<_>>(), "chat {chat}");
    }
    fixture.app.pool.close().await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_shop_works_on() {
    let (mut server, pool) = Server::start().await;
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    world.drain_until_idle().await;
    server.restart().await;
    lin.say("/nothing");
    let pool = &world.fixture.app.pool;
    let queued = async || {
        let mut conn = pool.acquire().await?;
        anyhow::Ok(jobs::enqueue(&mut conn, &CleanInbox {}).await?)
    };
    wait_until("the database takes a job", async || queued().await.is_ok()).await;
    world.telegram.wait_delivered().await;
    let app = Arc::clone(&world.fixture.app);
    world.finish().await;
    app.pool.close().await;
    server.end().await;
}
