//! From a redeemed serial to a relay that works, on real hosts: real sshd, real Docker Engine, the lab's relay.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use derpshop::account::User;
use derpshop::adapters::ssh::{InstallationKey, SshHosts, SshLimits};
use derpshop::app::redeem::{Redeemed, Target, redeem};
use derpshop::app::relays::Relays;
use derpshop::app::{look, sweep};
use derpshop::base::probe_key;
use derpshop::clock::OsRandom;
use derpshop::db::MIGRATOR;
use derpshop::fleet::command::{CommandOutput, HostCommand};
use derpshop::fleet::container::{Container, ContainerStatus, store as containers};
use derpshop::fleet::files::UploadFile;
use derpshop::fleet::found::{DockerId, FoundContainer, RunningContainer};
use derpshop::fleet::host::{HostError, HostKey, HostSession, Hosts, LoadProgress, SshTarget};
use derpshop::fleet::image::{Arch, ImageRef, RelayImage};
use derpshop::fleet::relay::{Limits, RelaySpec};
use derpshop::fleet::server::{NewServer, PortRange};
use derpshop::fleet::store::servers;
use derpshop::rental::{self, RentalState};
use derpshop::serial::SerialCode;
use derpshop::types::{InstallId, Redundancy, RentalId, ServerId, ServerTypeId};
use derpshop::worker::reconcile::{Fleet, Unsettled, reconcile};
use lab::hosts::{Host, HostOptions, relay_image};
use sqlx::PgPool;
use tokio::sync::Notify;

use crate::harness::tempfile;
use crate::redeem::{Stocked, hardware, tokyo};

/// A shop with real servers.
struct Yard {
    shop: Stocked,
    fleet: Fleet,
    hosts: Vec<(Host, ServerId)>,
    user: User,
    /// The line that lets us in.
    key: String,
}

impl Yard {
    async fn new(pool: PgPool, hosts: usize, redundancy: Redundancy) -> Self {
        let shop = Stocked::new(pool, redundancy).await;
        let folder = tempfile();
        let key = InstallationKey::create_or_load(&folder, &OsRandom).unwrap();
        let line = key.authorized_line();
        let image = tokio::task::spawn_blocking(relay_image).await.unwrap().unwrap();
        let image =
            RelayImage { image: ImageRef::new(&image.tag, vec![image.id]).unwrap(), archive: image.archive };
        let relays = Relays {
            install: InstallId(uuid::Uuid::new_v4()),
            images: BTreeMap::from([(Arch::Amd64, image)]),
            limits: Limits::default(),
            open_on_outage: true,
            probe_key: probe_key(&shop.fixture.app.lookup),
        };
        let fleet = Fleet {
            app: shop.fixture.app.clone(),
            hosts: Arc::new(SshHosts::new(key, SshLimits::default())),
            relays: Arc::new(relays),
        };
        let user = shop.customer(7).await;
        let mut yard = Self { shop, fleet, hosts: Vec::new(), user, key: line.clone() };
        for n in 0..hosts {
            let options = HostOptions {
                authorized_keys: vec![line.clone()],
                ..HostOptions::new(&format!("provision-{n}"))
            };
            let host = Host::start(options).await.unwrap();
            let id = yard.add(&host).await;
            yard.hosts.push((host, id));
        }
        yard
    }

    async fn add(&self, host: &Host) -> ServerId {
        let app = &self.fleet.app;
        let now = self.shop.now();
        let new = NewServer {
            address: host.ip(),
            ssh_port: host.ssh_port(),
            ssh_user: "root".parse().unwrap(),
            host_key: host.fingerprint().unwrap().parse().unwrap(),
            region: tokyo(),
            kind: ServerTypeId(1),
            ports: PortRange::DEFAULT,
        };
        let id = servers::insert(&app.pool, app.tenant, &new, now).await.unwrap();
        servers::set_up(&app.pool, app.tenant, id, &hardware(), now).await.unwrap();
        id
    }

    async fn code(&self) -> SerialCode {
        self.shop.serials(1, None).await.remove(0)
    }

    async fn redeem(&self) -> RentalId {
        let code = self.code().await;
        match redeem(&self.fleet.app, self.user.id, &code, &Target::New(tokyo())).await {
            Ok(Redeemed::Started { rental }) => rental,
            other => panic!("{other:?}"),
        }
    }

    async fn extend(&self, rental: RentalId) {
        let code = self.code().await;
        redeem(&self.fleet.app, self.user.id, &code, &Target::Extend(rental)).await.unwrap();
    }

    async fn settle(&self) {
        for (_, server) in &self.hosts {
            reconcile(&self.fleet, *server).await.unwrap();
        }
    }

    async fn containers(&self, rental: RentalId) -> Vec<Container> {
        let mut conn = self.fleet.app.pool.acquire().await.unwrap();
        containers::of_rental(&mut conn, rental).await.unwrap()
    }

    async fn state(&self, rental: RentalId) -> RentalState {
        let app = &self.fleet.app;
        let mut conn = app.pool.acquire().await.unwrap();
        rental::store::find(&mut conn, app.tenant, rental).await.unwrap().unwrap().state
    }

    /// What Docker holds for a rental on a host: its containers' states.
    async fn found(&self, host: usize, rental: RentalId) -> Vec<String> {
        let all = self.hosts[host].0.containers().await.unwrap();
        all.iter()
            .filter(|c| c.label("derpshop.rental") == Some(&rental.to_string()))
            .map(|c| c.state.status.clone())
            .collect()
    }

    async fn notices(&self, kind: &str) -> i64 {
        sqlx::query_scalar("select count(*) from outbox where notice ->> 'kind' = $1")
            .bind(kind)
            .fetch_one(&self.fleet.app.pool)
            .await
            .unwrap()
    }

    async fn passes(&self, rental: RentalId) -> bool {
        let looks = look::look(&self.fleet.app, rental).await.unwrap();
        !looks.is_empty() && looks.iter().all(|look| look.report.passed())
    }

    async fn stop(self) {
        for (host, _) in self.hosts {
            host.stop().await.unwrap();
        }
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_serial_becomes_a_relay_and_lives_its_life(pool: PgPool) {
    let yard = Yard::new(pool, 1, Redundancy::Single).await;
    let rental = yard.redeem().await;
    assert_eq!(yard.state(rental).await, RentalState::Starting { days: 30 });
    yard.settle().await;
    let start = yard.shop.now();
    let end = start + TimeDelta::days(30);
    assert_eq!(yard.state(rental).await, RentalState::Active { start, end }, "time starts with the relay");
    assert_eq!(yard.found(0, rental).await, ["running"]);
    assert!(yard.passes(rental).await, "it works from outside its host");
    assert_eq!(yard.notices("acl_ready").await, 1);
    let first = yard.containers(rental).await.remove(0);
    assert_eq!(first.status, ContainerStatus::Running);
    // Once more changes nothing.
    yard.settle().await;
    assert_eq!(yard.found(0, rental).await, ["running"]);
    assert_eq!(yard.notices("acl_ready").await, 1);

    // Its time runs out: it stops, and what it had is kept.
    yard.shop.fixture.clock.set(end);
    sweep::sweep(&yard.fleet.app).await.unwrap();
    yard.settle().await;
    assert_eq!(yard.state(rental).await, RentalState::Expired { start, end });
    assert_eq!(yard.found(0, rental).await, ["exited"]);
    assert!(!yard.passes(rental).await);
    assert_eq!(yard.notices("rental_ended").await, 1);

    // A renewal brings the same relay back.
    yard.shop.fixture.clock.advance(TimeDelta::days(2));
    yard.extend(rental).await;
    yard.settle().await;
    let back = yard.containers(rental).await.remove(0);
    assert_eq!((back.id, back.port, back.pin), (first.id, first.port, first.pin));
    assert!(yard.passes(rental).await);
    assert_eq!(yard.notices("acl_ready").await, 1, "the customer has nothing to paste anew");
    let end = yard.shop.now() + TimeDelta::days(30);
    assert_eq!(yard.state(rental).await, RentalState::Active { start, end });

    // It ends again, and nobody comes.
    yard.shop.fixture.clock.set(end);
    sweep::sweep(&yard.fleet.app).await.unwrap();
    yard.shop.fixture.clock.advance(TimeDelta::days(3));
    sweep::sweep(&yard.fleet.app).await.unwrap();
    yard.settle().await;
    assert_eq!(yard.state(rental).await, RentalState::Released { at: yard.shop.now() });
    assert!(yard.found(0, rental).await.is_empty());
    assert!(yard.containers(rental).await.is_empty());
    yard.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn two_halves_stand_on_two_servers_and_one_message_tells_of_both(pool: PgPool) {
    let yard = Yard::new(pool, 2, Redundancy::Dual).await;
    let rental = yard.redeem().await;
    reconcile(&yard.fleet, yard.hosts[0].1).await.unwrap();
    assert_eq!(yard.notices("acl_ready").await, 0, "one half alone isn't what was bought");
    assert!(matches!(yard.state(rental).await, RentalState::Active { .. }));
    reconcile(&yard.fleet, yard.hosts[1].1).await.unwrap();
    assert_eq!(yard.notices("acl_ready").await, 1);
    assert_eq!(yard.found(0, rental).await, ["running"]);
    assert_eq!(yard.found(1, rental).await, ["running"]);
    assert!(yard.passes(rental).await);
    yard.stop().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_foreign_listener_costs_a_port_and_a_dead_server_costs_a_move(pool: PgPool) {
    let mut yard = Yard::new(pool, 1, Redundancy::Single).await;
    let taken = yard.hosts[0].0.occupy_port(PortRange::DEFAULT.low()).unwrap();
    let rental = yard.redeem().await;
    yard.settle().await;
    let container = yard.containers(rental).await.remove(0);
    assert_ne!(container.port, PortRange::DEFAULT.low());
    assert_eq!(yard.found(0, rental).await, ["running"]);
    assert!(yard.passes(rental).await);
    drop(taken);

    // A second server whose host key isn't the one that was confirmed, and has the lower load.
    let options =
        HostOptions { authorized_keys: vec![yard.key.clone()], ..HostOptions::new("provision-changed") };
    let host = Host::start(options).await.unwrap();
    let id = yard.add(&host).await;
    host.change_host_key().await.unwrap();
    yard.hosts.push((host, id));
    let rental = yard.redeem().await;
    assert_eq!(yard.containers(rental).await[0].server, id, "the empty server comes first");
    let refused = reconcile(&yard.fleet, id).await.unwrap_err();
    assert!(matches!(refused, Unsettled::Host(HostError::HostKeyChanged { .. })), "{refused:?}");
    reconcile(&yard.fleet, yard.hosts[0].1).await.unwrap();
    assert!(yard.passes(rental).await, "moved to the server that works");
    assert_eq!(yard.notices("server_trouble").await, 1);
    assert!(yard.found(1, rental).await.is_empty());
    yard.stop().await;
}

/// Where in the order of calls to a server the worker is killed.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// The call was never made.
    Before(usize),
    /// The server did it, and nobody heard of it.
    After(usize),
}

/// A server's session in a process that is killed at one of its calls: from there on nothing happens any more.
struct Mortal {
    real: Arc<dyn HostSession>,
    kill: Kill,
    calls: Arc<AtomicUsize>,
    dead: Arc<Notify>,
}

impl Mortal {
    async fn die(&self) -> ! {
        self.dead.notify_one();
        std::future::pending().await
    }

    async fn call<T>(&self, real: impl Future<Output = Result<T, HostError>> + Send) -> Result<T, HostError> {
        let n = self.calls.fetch_add(1, Ordering::SeqCst);
        match self.kill {
            Kill::Before(at) if at == n => self.die().await,
            Kill::After(at) if at == n => {
                real.await?;
                self.die().await
            }
            Kill::Before(_) | Kill::After(_) => real.await,
        }
    }
}

#[async_trait]
impl HostSession for Mortal {
    async fn list(&self, install: InstallId) -> Result<Vec<FoundContainer>, HostError> {
        self.call(self.real.list(install)).await
    }
    async fn inspect(&self, id: &DockerId) -> Result<RunningContainer, HostError> {
        self.call(self.real.inspect(id)).await
    }
    async fn image_present(&self, image: &ImageRef) -> Result<bool, HostError> {
        self.call(self.real.image_present(image)).await
    }
    async fn load_image(&self, archive: &Path, progress: LoadProgress<'_>) -> Result<(), HostError> {
        self.call(self.real.load_image(archive, progress)).await
    }
    async fn create(&self, spec: &RelaySpec) -> Result<DockerId, HostError> {
        self.call(self.real.create(spec)).await
    }
    async fn upload(&self, id: &DockerId, files: &[UploadFile]) -> Result<(), HostError> {
        self.call(self.real.upload(id, files)).await
    }
    async fn start(&self, id: &DockerId) -> Result<(), HostError> {
        self.call(self.real.start(id)).await
    }
    async fn stop(&self, id: &DockerId, grace: Duration) -> Result<(), HostError> {
        self.call(self.real.stop(id, grace)).await
    }
    async fn remove(&self, id: &DockerId) -> Result<(), HostError> {
        self.call(self.real.remove(id)).await
    }
    async fn logs(
        &self,
        id: &DockerId,
        since: Option<DateTime<Utc>>,
        limit: usize,
    ) -> Result<String, HostError> {
        self.call(self.real.logs(id, since, limit)).await
    }
    async fn run(&self, command: &HostCommand) -> Result<CommandOutput, HostError> {
        self.call(self.real.run(command)).await
    }
}

/// Reaches servers from a process that is about to be killed.
struct MortalHosts {
    real: Arc<dyn Hosts>,
    kill: Kill,
    calls: Arc<AtomicUsize>,
    dead: Arc<Notify>,
}

#[async_trait]
impl Hosts for MortalHosts {
    async fn scan(&self, at: std::net::SocketAddr) -> Result<HostKey, HostError> {
        self.real.scan(at).await
    }
    async fn session(&self, target: &SshTarget) -> Result<Arc<dyn HostSession>, HostError> {
        let real = self.real.session(target).await?;
        let (calls, dead) = (self.calls.clone(), self.dead.clone());
        Ok(Arc::new(Mortal { real, kill: self.kill, calls, dead }))
    }
    async fn forget(&self, server: ServerId) {
        self.real.forget(server).await;
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_worker_killed_at_any_step_leaves_exactly_one_relay(pool: PgPool) {
    let yard = Yard::new(pool.clone(), 1, Redundancy::Single).await;
    let mut walked = 0;
    for n in 0.. {
        let mut reached = false;
        for kill in [Kill::Before(n), Kill::After(n)] {
            let rental = yard.redeem().await;
            let dead = Arc::new(Notify::new());
            let doomed = Fleet {
                hosts: Arc::new(MortalHosts {
                    real: yard.fleet.hosts.clone(),
                    kill,
                    calls: Arc::default(),
                    dead: dead.clone(),
                }),
                ..yard.fleet.clone()
            };
            // The process is gone in the middle: its future is dropped, its lease stays.
            tokio::select! {
                outcome = reconcile(&doomed, yard.hosts[0].1) => outcome.unwrap(),
                () = dead.notified() => reached = true,
            }
            sqlx::query("update server_leases set lease_until = now()").execute(&pool).await.unwrap();
            yard.settle().await;
            assert_eq!(yard.found(0, rental).await, ["running"], "killed at {kill:?}");
            assert_eq!(yard.containers(rental).await.len(), 1, "killed at {kill:?}");
            assert!(yard.passes(rental).await, "killed at {kill:?}");
        }
        if !reached {
            break;
        }
        walked = n + 1;
    }
    assert!(walked >= 5, "look, create, upload, start, look are more than {walked}");
    let rentals: i64 = sqlx::query_scalar("select count(*) from rentals").fetch_one(&pool).await.unwrap();
    assert_eq!(yard.notices("provision_failed").await, 0);
    assert!(rentals >= 2 * i64::try_from(walked).unwrap());
    yard.stop().await;
}
