//! The running simulator: its state under one lock, its tasks, and what tests do to it from outside.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::faults::{Call, Fault};
use super::methods::Rules;
use super::model::{BotAccount, FileInfo, Webhook};
use super::world::World;
use super::{Actor, Group, delivery, server};
use crate::clock::Clock;

/// How a simulator is started. [`Options::default`] suits tests.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the Bot API listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// The bot's token, `<id>:<secret>`.
    pub token: String,
    /// The bot's public name, without `@`.
    pub username: String,
    /// The bot's shown name.
    pub name: String,
    /// In groups the bot hears only commands, replies and mentions, unless it is an admin.
    pub privacy_mode: bool,
    /// Flood limits are enforced.
    pub flood: bool,
    /// A pressed button must be answered within this time.
    pub callback_life: Duration,
    /// Where "now" comes from.
    pub clock: Clock,
    /// How long `wait_…` functions wait before they panic.
    pub patience: Duration,
    /// Delay before the second retry of a failed webhook delivery; it doubles from there, up to 60 times this.
    pub webhook_retry: Duration,
    /// A webhook that has not answered by then has failed.
    pub webhook_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            token: "4200001:lab-token_0123456789abcdefghijklmnop".into(),
            username: "derpshop_bot".into(),
            name: "DERP 中继站".into(),
            privacy_mode: true,
            flood: false,
            callback_life: Duration::from_secs(30),
            clock: Clock::system(),
            patience: Duration::from_secs(10),
            webhook_retry: Duration::from_millis(50),
            webhook_timeout: Duration::from_mins(1),
        }
    }
}

/// A running simulator. Clones share it; it stops when the last one is gone.
#[derive(Clone)]
pub struct Telegram {
    pub(crate) shared: Arc<Shared>,
    _stop: Arc<DropGuard>,
}

pub(crate) struct Shared {
    world: Mutex<World>,
    version: watch::Sender<u64>,
    pub(crate) rules: Rules,
    pub(crate) options: Options,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
}

impl Shared {
    /// Changes the world and wakes everybody who waits for a change.
    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        let result = self.quiet(change);
        self.version.send_modify(|version| *version += 1);
        result
    }

    /// Looks at the world, or changes what nobody waits for.
    pub(crate) fn quiet<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.lock();
        world.now = self.options.clock.millis();
        look(&mut world)
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A receiver that is told of each change after now.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Waits until `look` finds something; `None` after `limit`.
    pub(crate) async fn wait_for<T>(
        &self,
        limit: Duration,
        mut look: impl FnMut(&mut World) -> Option<T>,
    ) -> Option<T> {
        let mut changes = self.changes();
        let wait = async {
            loop {
                if let Some(found) = self.quiet(&mut look) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        tokio::time::timeout(limit, wait).await.ok().flatten()
    }
}

impl Telegram {
    /// Starts a simulator with three people and an ops group, in which the bot is an admin.
    ///
    /// # Panics
    /// If the address cannot be bound; a test could not go on.
    pub async fn start(options: Options) -> Self {
        let mut world = World::new(BotAccount::new(&options));
        world.now = options.clock.millis();
        world.settle_three_people();
        Self::run(options, world).await.expect("the Bot API's address is free")
    }

    /// Starts with a world made elsewhere.
    pub(crate) async fn run(options: Options, mut world: World) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;
        world.updates.reindex();
        let stop = CancellationToken::new();
        let callback_life = i64::try_from(options.callback_life.as_millis()).unwrap_or(i64::MAX);
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            version: watch::Sender::new(0),
            rules: Rules { flood: options.flood, callback_life },
            options,
            address,
            stop: stop.clone(),
        });
        tokio::spawn(server::serve(listener, Arc::clone(&shared)));
        tokio::spawn(delivery::pump(Arc::clone(&shared)));
        Ok(Self { shared, _stop: Arc::new(stop.drop_guard()) })
    }

    /// Base address of the Bot API, such as `http://127.0.0.1:4321`.
    pub fn api_url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// The token the bot must use.
    pub fn token(&self) -> String {
        self.shared.options.token.clone()
    }

    /// The bot's public name.
    pub fn bot_username(&self) -> String {
        self.shared.options.username.clone()
    }

    /// Sends updates to an address from now on, as if the bot had called `setWebhook`.
    pub fn set_webhook(&self, url: &str, secret: &str) {
        let webhook = Webhook {
            url: url.to_owned(),
            secret: Some(secret.to_owned()),
            max_connections: 40,
            last_error: None,
        };
        self.shared.with(|world| {
            world.updates.webhook = Some(webhook);
            world.updates.generation += 1;
        });
    }

    /// A person in the private chat with the bot. Start with [`Actor::start`].
    ///
    /// # Panics
    /// If nobody has this key.
    pub fn user(&self, key: &str) -> Actor {
        Actor::private(self.clone(), key)
    }

    /// The ops group, also after it has migrated.
    pub fn group(&self) -> Group {
        let id = self.shared.quiet(|world| world.ops_group);
        Group::new(self.clone(), id)
    }

    /// Makes the next `times` calls of `method` (`*` for any) fail so.
    pub fn fail_next(&self, method: &str, times: usize, fault: &Fault) {
        self.shared.quiet(|world| world.faults.add(method, times, fault));
    }

    /// Forgets faults that have not happened yet.
    pub fn heal(&self) {
        self.shared.quiet(|world| world.faults.clear());
    }

    /// Keeps updates back until [`Telegram::release`].
    pub fn hold(&self) {
        self.shared.with(|world| world.updates.held = true);
    }

    /// Delivers what was held.
    pub fn release(&self) {
        self.shared.with(|world| world.updates.held = false);
    }

    /// Delivers the last delivered update once more, under the same id. `None` if none was.
    pub fn repeat_last_update(&self) -> Option<u32> {
        self.shared.with(|world| world.updates.repeat_last())
    }

    /// Updates the bot has not confirmed, oldest first, as JSON.
    pub fn pending_updates(&self) -> Vec<Value> {
        self.shared.quiet(|world| world.updates.pending.values().map(|update| update.json.clone()).collect())
    }

    /// Waits until every update was taken by the bot.
    ///
    /// # Panics
    /// If some are still pending when patience ends.
    pub async fn wait_delivered(&self) {
        let done = self.wait_for(|world| world.updates.pending.is_empty().then_some(())).await;
        assert!(done.is_some(), "updates nobody took: {:?}", self.pending_updates());
    }

    /// Waits until an update of this kind is pending, and gives it.
    ///
    /// # Panics
    /// If none came before patience ended.
    pub async fn wait_update(&self, kind: &str) -> Value {
        let found = self
            .wait_for(|world| {
                let pending = world.updates.pending.values().rev();
                pending.map(|update| &update.json).find(|json| json.get(kind).is_some()).cloned()
            })
            .await;
        found.unwrap_or_else(|| panic!("no {kind} among {:?}", self.pending_updates()))
    }

    /// All calls so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.quiet(|world| world.calls.iter().cloned().collect())
    }

    /// Calls of one method so far, oldest first. Case does not matter.
    pub fn calls_to(&self, method: &str) -> Vec<Call> {
        let method = method.to_ascii_lowercase();
        self.shared.quiet(|world| world.calls.iter().filter(|call| call.method == method).cloned().collect())
    }

    /// Waits for a call of `method` that fits.
    ///
    /// # Panics
    /// If none came before patience ended.
    pub async fn wait_call(&self, method: &str, mut fits: impl FnMut(&Call) -> bool) -> Call {
        let name = method.to_ascii_lowercase();
        let found = self
            .wait_for(|world| {
                world.calls.iter().rev().find(|call| call.method == name && fits(call)).cloned()
            })
            .await;
        found.unwrap_or_else(|| panic!("no such call of {method}; calls were {:#?}", self.calls_to(method)))
    }

    /// What a stored file is.
    pub fn file(&self, file_id: &str) -> Option<FileInfo> {
        self.shared.quiet(|world| world.files.get(file_id).cloned())
    }

    /// The bytes of a stored file.
    pub fn file_bytes(&self, file_id: &str) -> Option<Bytes> {
        self.shared.quiet(|world| world.bytes.get(file_id).cloned())
    }

    pub(crate) async fn wait_for<T>(&self, look: impl FnMut(&mut World) -> Option<T>) -> Option<T> {
        self.shared.wait_for(self.shared.options.patience, look).await
    }
}

impl BotAccount {
    pub(crate) fn new(options: &Options) -> Self {
        let id = options.token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(4_200_001);
        Self {
            id,
            token: options.token.clone(),
            first_name: options.name.clone(),
            username: options.username.clone(),
            privacy_mode: options.privacy_mode,
            names: std::collections::BTreeMap::new(),
            descriptions: std::collections::BTreeMap::new(),
            short_descriptions: std::collections::BTreeMap::new(),
            commands: Vec::new(),
        }
    }
}
