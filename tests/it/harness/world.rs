//! A whole shop in one process: the bot, the worker and the outbox over a database of its own, before the lab's
//! Telegram and mail server. A test speaks for people in the chat and ends with [`World::finish`].

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use derpshop::adapters::smtp::{self, Smtp};
use derpshop::adapters::telegram::Telegram;
use derpshop::app::Shop;
use derpshop::app::relays::Relays;
use derpshop::bot::core::Limits;
use derpshop::bot::notice::Notices;
use derpshop::bot::run::{Options, Source};
use derpshop::derp::NodePrivate;
use derpshop::fleet::host::Hosts;
use derpshop::fleet::setup::ServerSetup;
use derpshop::i18n::Texts;
use derpshop::jobs::SCHEMA;
use derpshop::settings::{self, Setting};
use derpshop::types::{ChatId, InstallId};
use derpshop::worker::outbox::Sender;
use derpshop::worker::reconcile::Fleet;
use derpshop::worker::{self, Gear};
use derpshop::{bot, inbox, jobs, notify};
use graphile_worker::WorkerUtils;
use lab::mail::Mailbox;
use lab::telegram;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{BOT, Fixture, NoHosts, shop, wait_until};

/// How a shop differs from the usual one.
pub(crate) struct Setup {
    /// Reaches servers. By default there are none.
    pub(crate) hosts: Arc<dyn Hosts>,
    /// Sets them up. By default each stops at the first step.
    pub(crate) installer: Arc<dyn ServerSetup>,
    /// What the operator decided about relays.
    pub(crate) relays: Relays,
    /// Updates of one person in a minute.
    pub(crate) per_minute: u32,
    /// The lab's Telegram keeps its flood limits.
    pub(crate) flood: bool,
    /// What the operator configured.
    pub(crate) shop: Shop,
}

impl Default for Setup {
    fn default() -> Self {
        let relays = Relays {
            install: InstallId(uuid::Uuid::from_u128(7)),
            images: BTreeMap::new(),
            limits: derpshop::fleet::relay::Limits::default(),
            open_on_outage: true,
            probe_key: NodePrivate::from_random([7; 32]),
        };
        Self {
            hosts: Arc::new(NoHosts),
            installer: Arc::new(NoHosts),
            relays,
            per_minute: 6000,
            flood: false,
            shop: shop(),
        }
    }
}

/// A running shop.
pub(crate) struct World {
    /// The application and its clock.
    pub(crate) fixture: Fixture,
    /// The people and their chats.
    pub(crate) telegram: telegram::Telegram,
    /// The mails.
    pub(crate) mail: Mailbox,
    /// What people read.
    pub(crate) texts: Arc<Texts>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl World {
    /// The usual shop.
    pub(crate) async fn start(pool: PgPool) -> Self {
        Self::with(pool, Setup::default()).await
    }

    /// A shop to order.
    pub(crate) async fn with(pool: PgPool, setup: Setup) -> Self {
        WorkerUtils::new(pool.clone(), SCHEMA).migrate().await.unwrap();
        let fixture = Fixture::of(pool, setup.shop.clone(), setup.hosts.clone());
        let token = format!("{}:lab-token_0123456789abcdefghijklmnop", BOT.0);
        let options = telegram::Options { token, flood: setup.flood, ..telegram::Options::default() };
        let telegram = telegram::Telegram::start(options).await;
        let mail = Mailbox::start(lab::mail::Options::default()).await;
        let texts = Arc::new(Texts::load());
        let world = Self {
            fixture,
            telegram,
            mail,
            texts,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let app = &world.fixture.app;
        let group = ChatId(world.telegram.group().id);
        settings::store::set(&app.pool, app.tenant, Setting::OpsGroup, group).await.unwrap();
        world.spawn_bot(setup.per_minute);
        world.spawn_worker(setup);
        world
    }

    /// The bot's own client.
    pub(crate) fn client(&self) -> Telegram {
        Telegram::new(&self.telegram.token(), Some(&self.telegram.api_url())).unwrap()
    }

    fn spawn_bot(&self, per_minute: u32) {
        let options = Options {
            source: Source::Polling,
            per_minute: NonZeroU32::new(per_minute).unwrap(),
            limits: Limits::default(),
        };
        let (app, sealer, stop) = (self.fixture.app.clone(), self.fixture.sealer.clone(), self.stop.clone());
        let (client, texts) = (self.client(), self.texts.clone());
        self.tasks
            .spawn(async move { bot::run::run(app, client, texts, sealer, options, stop).await.unwrap() });
    }

    fn spawn_worker(&self, setup: Setup) {
        let app = self.fixture.app.clone();
        let server = smtp::Server {
            host: self.mail.address().ip().to_string(),
            port: self.mail.address().port(),
            tls: smtp::Tls::None,
            credentials: None,
            from: "DERP Relays <shop@example.org>".parse().unwrap(),
        };
        let gear = Gear {
            app: app.clone(),
            fleet: Fleet { app: app.clone(), hosts: setup.hosts, relays: Arc::new(setup.relays) },
            setup: setup.installer,
            mailer: Some(Arc::new(Smtp::new(&server).unwrap())),
            texts: self.texts.clone(),
            backups: None,
        };
        let stop = self.stop.clone();
        let grace = Duration::from_secs(10);
        self.tasks.spawn(async move { worker::run(gear, 4, grace, stop).await.unwrap() });
        let notices = Arc::new(Notices::new(app.clone(), self.texts.clone()));
        let sender = Sender::new(app, Arc::new(self.client()), notices, self.stop.clone());
        self.tasks.spawn(async move { sender.run().await.unwrap() });
    }

    /// Waits until everything that was set off has come to its end: updates, jobs, messages.
    pub(crate) async fn drain_until_idle(&self) {
        let pool = &self.fixture.app.pool;
        wait_until("an idle shop", async || {
            let mut left = [0, 0, 0];
            // Each may set off another: idle only if all are empty, one after the other.
            if self.telegram.pending_updates().is_empty() {
                left = [
                    inbox::store::depth(pool, BOT).await.unwrap().open,
                    jobs::store::waiting(pool).await.unwrap(),
                    notify::store::pending(pool).await.unwrap(),
                ];
            } else {
                left[0] = 1;
            }
            left == [0, 0, 0] && inbox::store::depth(pool, BOT).await.unwrap().open == 0
        })
        .await;
    }

    /// The process ends in good order, and another begins over the same database.
    pub(crate) async fn restart(mut self) -> Self {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(Duration::from_secs(30), self.tasks.wait()).await.unwrap();
        (self.stop, self.tasks) = (CancellationToken::new(), TaskTracker::new());
        let setup = Setup::default();
        self.spawn_bot(setup.per_minute);
        self.spawn_worker(setup);
        self
    }

    /// Waits for the end of all that was set off, and stops. Nothing may have been set aside, given up or failed.
    pub(crate) async fn finish(self) {
        self.drain_until_idle().await;
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(Duration::from_secs(30), self.tasks.wait()).await.unwrap();
        let pool = &self.fixture.app.pool;
        assert_eq!(inbox::store::depth(pool, BOT).await.unwrap().parked, 0);
        let failed = jobs::store::failed(pool, 10).await.unwrap();
        assert!(failed.is_empty(), "{failed:?}");
        let refused = sqlx::query_as::<_, (String, String)>(
            "select notice::text, failure from outbox where state = 'failed'",
        );
        let refused = refused.fetch_all(pool).await.unwrap();
        assert!(refused.is_empty(), "{refused:?}");
    }
}
