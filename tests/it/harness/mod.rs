//! What integration tests share: an application over a database of its own, and the means to wait for something.

pub(crate) mod clock;
pub(crate) mod http;
pub(crate) mod process;
pub(crate) mod shop;
pub(crate) mod world;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use derpshop::adapters::probe::{ProbeLimits, SocketProber};
use derpshop::app::{App, Core, Shop};
use derpshop::clock::OsRandom;
use derpshop::fleet::host::{HostError, HostKey, HostSession, Hosts, SshTarget, cause};
use derpshop::fleet::server::PortRange;
use derpshop::fleet::setup::{
    ServerSetup, SetupPlan, SetupProgress, SetupReport, SetupStep, SetupStopped, StepState,
};
use derpshop::inbox::{BotId, Sealer};
use derpshop::secret::Keyring;
use derpshop::types::{Lang, ServerId, TenantId, Title};
use sqlx::PgPool;

use clock::TestClock;

/// The bot of all tests.
pub(crate) const BOT: BotId = BotId(123_456);

/// An application and what a test turns on it.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    /// The application.
    pub(crate) app: Arc<App>,
    /// Its clock.
    pub(crate) clock: Arc<TestClock>,
    /// Seals and opens updates of [`BOT`].
    pub(crate) sealer: Sealer,
}

impl Fixture {
    /// An application over `pool`, with keys of its own and without servers.
    pub(crate) fn new(pool: PgPool) -> Self {
        Self::of(pool, shop(), Arc::new(NoHosts))
    }

    /// An application of a certain shop, with these servers.
    pub(crate) fn of(pool: PgPool, shop: Shop, hosts: Arc<dyn Hosts>) -> Self {
        let folder = tempfile();
        let Keyring { seal, open, lookup, inbox } = Keyring::create_or_load(&folder.join("keyring")).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        let clock = Arc::new(TestClock::default());
        let core = Core {
            pool,
            clock: clock.clone(),
            random: Arc::new(OsRandom),
            tenant: TenantId(1),
            lookup,
            seal,
            shop,
        };
        let sealer = Sealer::new(Arc::new(inbox), BOT);
        let prober = Arc::new(SocketProber::new(clock.clone(), Arc::new(OsRandom), ProbeLimits::default()));
        let key_line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILab derpshop".to_owned();
        let app = App { core, open, prober, hosts, key_line };
        Self { app: Arc::new(app), clock, sealer }
    }
}

/// The usual shop.
pub(crate) fn shop() -> Shop {
    let title = |zh_cn: &str, en: &str| Title { zh_cn: zh_cn.to_owned(), en: en.to_owned() };
    Shop {
        name: title("DERP 中继站", "DERP Relays"),
        language: Lang::ZhCn,
        time_zone: chrono_tz::Tz::Asia__Shanghai,
        terms_url: None,
        public_url: None,
        vantage: title("东京", "Tokyo"),
        mail: true,
        admission_url: None,
        own_addresses: Vec::new(),
        relay_ports: PortRange::DEFAULT,
    }
}

/// A fleet without servers.
pub(crate) struct NoHosts;

#[async_trait]
impl Hosts for NoHosts {
    async fn scan(&self, at: SocketAddr) -> Result<HostKey, HostError> {
        Err(HostError::Unreachable { address: at, source: cause("there is no server") })
    }

    async fn session(&self, target: &SshTarget) -> Result<Arc<dyn HostSession>, HostError> {
        let address = SocketAddr::new(target.address, target.port);
        Err(HostError::Unreachable { address, source: cause("there is no server") })
    }

    async fn forget(&self, _server: ServerId) {}
}

#[async_trait]
impl ServerSetup for NoHosts {
    async fn set_up(
        &self,
        plan: &SetupPlan,
        progress: &dyn SetupProgress,
    ) -> Result<SetupReport, SetupStopped> {
        progress.step(SetupStep::Connect, StepState::Started);
        let address = plan.target.socket();
        let nobody = HostError::Unreachable { address, source: cause("there is no server") };
        Err(SetupStopped { step: SetupStep::Connect, problem: nobody.into() })
    }
}

/// A new folder in the system's folder for temporary files.
pub(crate) fn tempfile() -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("derpshop-it-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&path).unwrap();
    path
}

/// Waits until `is_so` says yes, and fails after half a minute with what was waited for.
pub(crate) async fn wait_until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < Duration::from_secs(30), "waited too long for: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
