//! Redeeming serials against a real database: who wins, what is told, what is counted.

use chrono::{DateTime, TimeDelta, Utc};
use derpshop::account::{Newcomer, User};
use derpshop::app::redeem::{RedeemError, Redeemed, Refusal, Target, look, redeem};
use derpshop::app::{people, register};
use derpshop::bytes::Bytes;
use derpshop::clock::{Clock as _, OsRandom};
use derpshop::db::MIGRATOR;
use derpshop::fleet::image::Arch;
use derpshop::fleet::server::{Hardware, NewServer, PortRange};
use derpshop::fleet::store::servers;
use derpshop::jobs::SCHEMA;
use derpshop::money::{Currency, Money};
use derpshop::plan::{self, Billing, NewPlan};
use derpshop::rental::{self, RentalState};
use derpshop::serial::store::BatchHead;
use derpshop::serial::{self, NewSerial, SerialCode, SerialDigest};
use derpshop::types::{
    Lang, PlanId, Redundancy, RegionCode, RentalId, ServerId, ServerTypeId, TelegramId, Terms, Title,
};
use graphile_worker::WorkerUtils;
use sqlx::PgPool;

use crate::harness::Fixture;

/// What the tests' plan gives.
pub(crate) fn terms(redundancy: Redundancy) -> Terms {
    Terms {
        traffic_cap: Some(Bytes::gigabytes(100)),
        max_upload: None,
        max_download: None,
        device_limit: 10,
        redundancy,
    }
}

/// A shop with what a redemption needs.
pub(crate) struct Stocked {
    pub(crate) fixture: Fixture,
    pub(crate) plan: PlanId,
    pub(crate) redundancy: Redundancy,
}

impl Stocked {
    pub(crate) async fn new(pool: PgPool, redundancy: Redundancy) -> Self {
        WorkerUtils::new(pool.clone(), SCHEMA).migrate().await.unwrap();
        let fixture = Fixture::new(pool);
        let plan = NewPlan {
            name: "standard-30".into(),
            title: Title { zh_cn: "标准 30 天".into(), en: "Standard 30 days".into() },
            billing: Billing::Prepaid { days: 30 },
            terms: terms(redundancy),
            is_default: true,
            prices: vec![Money::new(2990, Currency::Cny), Money::new(150, Currency::Xtr)],
        };
        let mut conn = fixture.app.pool.acquire().await.unwrap();
        let plan = plan::store::add(&mut conn, fixture.app.tenant, &plan).await.unwrap();
        Self { fixture, plan, redundancy }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.fixture.clock.now()
    }

    pub(crate) async fn customer(&self, number: i64) -> User {
        let newcomer = Newcomer {
            telegram: TelegramId(number),
            name: format!("Customer {number}"),
            user_name: None,
            lang: Lang::En,
            zone: chrono_tz::Tz::Asia__Shanghai,
        };
        let user = people::meet(&self.fixture.app, &newcomer).await.unwrap();
        register::complete_without_mail(&self.fixture.app, user.id).await.unwrap()
    }

    /// A server that takes rentals, of which nothing is ever asked in these tests.
    pub(crate) async fn server(&self, last: u8) -> ServerId {
        let new = NewServer {
            address: [198, 51, 100, last].into(),
            ssh_port: 22,
            ssh_user: "root".parse().unwrap(),
            host_key: format!("SHA256:{}", "a".repeat(43)).parse().unwrap(),
            region: tokyo(),
            kind: ServerTypeId(1),
            ports: PortRange::DEFAULT,
        };
        let (app, now) = (&self.fixture.app, self.now());
        let id = servers::insert(&app.pool, app.tenant, &new, now).await.unwrap();
        servers::set_up(&app.pool, app.tenant, id, &hardware(), now).await.unwrap();
        id
    }

    pub(crate) async fn serials(&self, count: usize, redeem_by: Option<DateTime<Utc>>) -> Vec<SerialCode> {
        let app = &self.fixture.app;
        let codes: Vec<_> = (0..count).map(|_| SerialCode::generate(&OsRandom)).collect();
        let new: Vec<_> = codes
            .iter()
            .map(|code| {
                let digest = SerialDigest::of(&app.lookup, code);
                let sealed = app.seal.seal(&digest.row(), code.reveal().as_bytes());
                NewSerial { digest, sealed, masked: code.masked() }
            })
            .collect();
        let mut conn = app.pool.acquire().await.unwrap();
        let head = BatchHead {
            plan: self.plan,
            days: 30,
            terms: terms(self.redundancy),
            created_by: None,
            redeem_by,
            request: None,
        };
        serial::store::insert_batch(&mut conn, app.tenant, &head, &new, self.now()).await.unwrap();
        codes
    }

    async fn redeemed(&self, user: &User, code: &SerialCode, target: &Target) -> Result<Redeemed, Refusal> {
        redeem(&self.fixture.app, user.id, code, target).await.map_err(refusal)
    }

    async fn state(&self, rental: RentalId) -> RentalState {
        let mut conn = self.fixture.app.pool.acquire().await.unwrap();
        rental::store::find(&mut conn, self.fixture.app.tenant, rental).await.unwrap().unwrap().state
    }
}

pub(crate) fn hardware() -> Hardware {
    Hardware {
        os: "Debian GNU/Linux 12 (bookworm)".into(),
        kernel: "6.1.0".into(),
        arch: Arch::Amd64,
        cores: 2,
        processor: None,
        memory: Bytes::gigabytes(2),
        disk: Bytes::gigabytes(40),
        engine: "20.10.24".into(),
    }
}

pub(crate) fn tokyo() -> RegionCode {
    "tokyo".parse().unwrap()
}

fn refusal(error: RedeemError) -> Refusal {
    match error {
        RedeemError::Refused(refusal) => refusal,
        RedeemError::Failed(error) => panic!("{error:?}"),
    }
}

fn started(outcome: Result<Redeemed, Refusal>) -> RentalId {
    match outcome {
        Ok(Redeemed::Started { rental }) => rental,
        other => panic!("{other:?}"),
    }
}

async fn count(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_hundred_at_once_and_one_wins(pool: PgPool) {
    let shop = Stocked::new(pool.clone(), Redundancy::Single).await;
    shop.server(1).await;
    let code = shop.serials(1, None).await.remove(0);
    let mut users = Vec::new();
    for n in 0..50 {
        users.push(shop.customer(100 + n).await);
    }
    // Each of fifty people presses twice.
    let target = Target::New(tokyo());
    let tries = users.iter().chain(&users).map(|user| shop.redeemed(user, &code, &target));
    let outcomes = futures::future::join_all(tries).await;
    let wins = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(wins, 1);
    let told = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(Refusal::Used { .. } | Refusal::UsedSelf { .. })))
        .count();
    assert_eq!(told, 99, "everybody else is told the truth");
    assert_eq!(count(&pool, "select count(*) from rentals").await, 1);
    assert_eq!(count(&pool, "select count(*) from containers").await, 1);
    assert_eq!(count(&pool, "select count(*) from user_serial_association").await, 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn ten_unknown_codes_lock_for_an_hour_and_a_typo_counts_for_nothing(pool: PgPool) {
    let shop = Stocked::new(pool, Redundancy::Single).await;
    shop.server(1).await;
    let user = shop.customer(7).await;
    let real = shop.serials(1, None).await.remove(0);
    for left in (1..10).rev() {
        let unknown = SerialCode::generate(&OsRandom);
        assert_eq!(
            shop.redeemed(&user, &unknown, &Target::New(tokyo())).await,
            Err(Refusal::Unknown { tries: left })
        );
    }
    let until = shop.now() + TimeDelta::hours(1);
    let unknown = SerialCode::generate(&OsRandom);
    let locked = Err(Refusal::Locked { until });
    assert_eq!(shop.redeemed(&user, &unknown, &Target::New(tokyo())).await, locked);
    assert_eq!(shop.redeemed(&user, &real, &Target::New(tokyo())).await, locked, "the real one too");
    assert_eq!(
        refusal(look(&shop.fixture.app, user.id, &real).await.unwrap_err()),
        Refusal::Locked { until }
    );
    shop.fixture.clock.advance(TimeDelta::hours(1));
    started(shop.redeemed(&user, &real, &Target::New(tokyo())).await);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_code_that_exists_gets_the_truth(pool: PgPool) {
    let shop = Stocked::new(pool.clone(), Redundancy::Single).await;
    shop.server(1).await;
    let (lin, wu) = (shop.customer(7).await, shop.customer(8).await);
    let target = Target::New(tokyo());
    let used = shop.serials(1, None).await.remove(0);
    let rental = started(shop.redeemed(&lin, &used, &target).await);
    let at = shop.now();
    assert_eq!(shop.redeemed(&wu, &used, &target).await, Err(Refusal::Used { at }));
    assert_eq!(shop.redeemed(&lin, &used, &target).await, Err(Refusal::UsedSelf { at, rental }));
    let late = shop.serials(1, Some(at)).await.remove(0);
    assert_eq!(shop.redeemed(&lin, &late, &target).await, Err(Refusal::Expired { at: Some(at) }));
    let revoked = shop.serials(1, None).await.remove(0);
    let digest = SerialDigest::of(&shop.fixture.app.lookup, &revoked);
    sqlx::query("update serial_numbers set status = 'revoked' where code_digest = $1")
        .bind(&digest.0[..])
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(shop.redeemed(&lin, &revoked, &target).await, Err(Refusal::Revoked));
    let owed = shop.serials(1, None).await.remove(0);
    let digest = SerialDigest::of(&shop.fixture.app.lookup, &owed);
    sqlx::query("update serial_numbers set payment_status = 'unpaid' where code_digest = $1")
        .bind(&digest.0[..])
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(shop.redeemed(&lin, &owed, &target).await, Err(Refusal::NotReady));
    assert_eq!(count(&pool, "select count(*) from rentals").await, 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn without_room_nothing_is_used(pool: PgPool) {
    let shop = Stocked::new(pool.clone(), Redundancy::Dual).await;
    let user = shop.customer(7).await;
    let code = shop.serials(1, None).await.remove(0);
    let target = Target::New(tokyo());
    assert_eq!(shop.redeemed(&user, &code, &target).await, Err(Refusal::SoldOut));
    shop.server(1).await;
    assert_eq!(shop.redeemed(&user, &code, &target).await, Err(Refusal::SoldOut), "two relays, one server");
    assert!(look(&shop.fixture.app, user.id, &code).await.unwrap().regions.is_empty());
    shop.server(2).await;
    let rental = started(shop.redeemed(&user, &code, &target).await);
    assert_eq!(count(&pool, "select count(distinct server_id) from containers").await, 2);
    assert_eq!(shop.state(rental).await, RentalState::Starting { days: 30 });
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn days_add_up_on_the_same_plan_only(pool: PgPool) {
    let shop = Stocked::new(pool.clone(), Redundancy::Single).await;
    shop.server(1).await;
    let (lin, wu) = (shop.customer(7).await, shop.customer(8).await);
    let codes = shop.serials(4, None).await;
    let rental = started(shop.redeemed(&lin, &codes[0], &Target::New(tokyo())).await);
    let extended = shop.redeemed(&lin, &codes[1], &Target::Extend(rental)).await;
    let waiting = Redeemed::Extended { rental, days: 30, old_end: None, new_end: None };
    assert_eq!(extended, Ok(waiting));
    assert_eq!(shop.state(rental).await, RentalState::Starting { days: 60 });
    assert_eq!(
        shop.redeemed(&wu, &codes[2], &Target::Extend(rental)).await,
        Err(Refusal::BadTarget),
        "somebody else's relay"
    );
    assert_eq!(count(&pool, "select count(*) from serial_numbers where status = 'used'").await, 2);
    let offer = look(&shop.fixture.app, lin.id, &codes[2]).await.unwrap();
    assert_eq!(offer.extendable.iter().map(|rental| rental.id).collect::<Vec<_>>(), [rental]);
    assert!(look(&shop.fixture.app, wu.id, &codes[2]).await.unwrap().extendable.is_empty());
}
