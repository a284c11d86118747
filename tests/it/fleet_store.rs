//! Servers, types and regions in the database, and where a new container goes.
#![expect(clippy::unwrap_used, reason = "a helper fails the test that uses it")]

use chrono::{DateTime, TimeDelta, Utc};
use derpshop::bytes::Bytes;
use derpshop::db::{MIGRATOR, StoreError};
use derpshop::fleet::image::Arch;
use derpshop::fleet::server::{
    Hardware, NewServer, Place, PortRange, Region, Server, ServerBilling, ServerEdit, ServerRef,
    ServerStatus, ServerType,
};
use derpshop::fleet::store::{kinds, placement, regions, servers};
use derpshop::money::Rate;
use derpshop::types::{RegionCode, ServerId, ServerTypeId, TenantId, Title};
use sqlx::PgPool;

const SHOP: TenantId = TenantId(1);

fn now() -> DateTime<Utc> {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn region(code: &str) -> RegionCode {
    code.parse().unwrap()
}

fn new_server(last: u8, code: &str) -> NewServer {
    NewServer {
        address: [198, 51, 100, last].into(),
        ssh_port: 22,
        ssh_user: "root".parse().unwrap(),
        host_key: format!("SHA256:{}", "a".repeat(43)).parse().unwrap(),
        region: region(code),
        kind: ServerTypeId(1),
        ports: PortRange::new(20_000, 20_004).unwrap(),
    }
}

fn hardware() -> Hardware {
    Hardware {
        os: "Debian GNU/Linux 12 (bookworm)".to_owned(),
        kernel: "6.1.0-28-amd64".to_owned(),
        arch: Arch::Amd64,
        cores: 2,
        processor: None,
        memory: Bytes::gigabytes(2),
        disk: Bytes::gigabytes(40),
        engine: "20.10.24".to_owned(),
    }
}

async fn ready_server(pool: &PgPool, last: u8, code: &str) -> ServerId {
    let id = servers::insert(pool, SHOP, &new_server(last, code), now()).await.unwrap();
    servers::set_up(pool, SHOP, id, &hardware(), now()).await.unwrap();
    id
}

async fn server(pool: &PgPool, id: ServerId) -> Server {
    servers::get(pool, SHOP, id).await.unwrap().unwrap().server
}

/// A rental without terms of interest, for containers to belong to.
async fn rental(pool: &PgPool) -> i64 {
    sqlx::query_scalar(
        "with u as (insert into users (tenant_id, username)
                    select 1, 'u' || count(*) from users returning id),
              t as (insert into tailnets (tenant_id, user_id, acl_code_digest, acl_code_sealed)
                    select 1, id, sha256(id::text::bytea), '' from u returning id),
              p as (insert into plans (tenant_id, name, title, valid_days, device_limit)
                    values (1, 'p', '{\"zh-CN\": \"\", \"en\": \"\"}', 30, 10)
                    on conflict (tenant_id, name) do update set sort = 0 returning id)
         insert into rentals (tenant_id, user_id, tailnet_id, plan_id, region, device_limit, redundancy,
                              created_at, updated_at)
         select 1, u.id, t.id, p.id, 'tokyo', 10, 1, now(), now() from u, t, p returning id",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

async fn stand(db: impl sqlx::PgExecutor<'_>, rental: i64, place: &Place) {
    sqlx::query(
        "insert into containers (server_id, user_id, rental_id, half, port, stun_port, address, cert_pin,
                                 secrets_sealed, admit_digest, admit_sealed, created_at, updated_at)
         select $1, user_id, id, 1, $3, $3, '', sha256(''), '', sha256(id::text::bytea), '', now(), now()
         from rentals where id = $2",
    )
    .bind(place.server)
    .bind(rental)
    .bind(i32::from(place.port))
    .execute(db)
    .await
    .unwrap();
}

async fn release(pool: &PgPool, server: ServerId, port: u16, at: DateTime<Utc>) {
    sqlx::query(
        "update containers set status = 'released', desired = 'removed', released_at = $3
         where server_id = $1 and port = $2 and released_at is null",
    )
    .bind(server)
    .bind(i32::from(port))
    .bind(at)
    .execute(pool)
    .await
    .unwrap();
}

async fn place(pool: &PgPool, count: u8, excluding: &[ServerId]) -> Option<Vec<Place>> {
    let mut tx = pool.begin().await.unwrap();
    let places = placement::place(&mut tx, SHOP, &region("tokyo"), count, excluding, now()).await.unwrap();
    tx.commit().await.unwrap();
    places
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_server_is_found_by_every_name_and_by_nobody_else(pool: PgPool) {
    sqlx::query("insert into tenants (name) values ('other')").execute(&pool).await.unwrap();
    let id = servers::insert(&pool, SHOP, &new_server(1, "tokyo"), now()).await.unwrap();
    let found = server(&pool, id).await;
    assert_eq!((found.name().to_string(), found.status), (format!("tyo-{id}"), ServerStatus::Maintenance));
    let names = [format!("tyo-{id}"), id.to_string(), "198.51.100.1".into(), "198.51.100.1:22".into()];
    for name in names {
        let reference: ServerRef = name.parse().unwrap();
        assert_eq!(servers::find(&pool, SHOP, &reference).await.unwrap().len(), 1, "{name}");
        assert_eq!(servers::find(&pool, TenantId(2), &reference).await.unwrap().len(), 0, "{name}");
    }
    for name in [format!("osa-{id}"), "198.51.100.1:23".into(), "198.51.100.2".into()] {
        assert_eq!(servers::find(&pool, SHOP, &name.parse().unwrap()).await.unwrap().len(), 0, "{name}");
    }
    assert!(servers::list(&pool, TenantId(2), 0, 10).await.unwrap().is_empty());
    let strange = servers::set_status(
        &pool,
        TenantId(2),
        id,
        ServerStatus::Maintenance,
        ServerStatus::Maintenance,
        now(),
    );
    assert!(matches!(strange.await, Err(StoreError::Conflict { .. })));
    let twice = servers::insert(&pool, SHOP, &new_server(1, "osaka"), now()).await.unwrap_err();
    assert!(twice.breaks("servers_address"), "{twice:?}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_state_changes_only_from_the_expected_one(pool: PgPool) {
    use ServerStatus::{Healthy, Maintenance, Unhealthy};
    let id = ready_server(&pool, 1, "tokyo").await;
    servers::set_status(&pool, SHOP, id, Healthy, Unhealthy, now()).await.unwrap();
    let late = servers::set_status(&pool, SHOP, id, Healthy, Maintenance, now()).await;
    assert!(matches!(late, Err(StoreError::Conflict { table: "servers" })));
    assert_eq!(server(&pool, id).await.status, Unhealthy);
    assert_eq!(server(&pool, id).await.hardware, Some(hardware()));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn each_edit_changes_one_thing(pool: PgPool) {
    let id = ready_server(&pool, 1, "tokyo").await;
    let edit = async |edit| servers::edit(&pool, SHOP, id, &edit, now()).await;
    let before = server(&pool, id).await;
    edit(ServerEdit::Capacity(7)).await.unwrap();
    assert_eq!(server(&pool, id).await, Server { capacity: 7, ..before.clone() });
    edit(ServerEdit::TotalTraffic(Some(Bytes(1000)))).await.unwrap();
    sqlx::query("update servers set remaining_traffic = 400").execute(&pool).await.unwrap();
    edit(ServerEdit::TotalTraffic(Some(Bytes(2000)))).await.unwrap();
    let traffic = |server: Server| (server.total_traffic, server.remaining_traffic);
    assert_eq!(traffic(server(&pool, id).await), (Some(Bytes(2000)), Some(Bytes(1400))));
    edit(ServerEdit::TotalTraffic(None)).await.unwrap();
    assert_eq!(traffic(server(&pool, id).await), (None, None));
    edit(ServerEdit::SshUser("Ops.admin".parse().unwrap())).await.unwrap();
    edit(ServerEdit::Region(region("osaka"))).await.unwrap();
    assert_eq!(server(&pool, id).await.name().to_string(), format!("osa-{id}"));

    edit(ServerEdit::Region(region("tokyo"))).await.unwrap();
    let rental = rental(&pool).await;
    stand(&pool, rental, &place(&pool, 1, &[]).await.unwrap()[0]).await;
    let moved = edit(ServerEdit::Region(region("osaka"))).await;
    assert!(matches!(moved, Err(StoreError::Conflict { .. })), "customers were told Tokyo");
    edit(ServerEdit::Ports(PortRange::DEFAULT)).await.unwrap();
    assert_eq!(server(&pool, id).await.ports, PortRange::DEFAULT);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_server_goes_when_its_last_container_has(pool: PgPool) {
    let id = ready_server(&pool, 1, "tokyo").await;
    let at = place(&pool, 1, &[]).await.unwrap().remove(0);
    stand(&pool, rental(&pool).await, &at).await;
    servers::begin_removal(&pool, SHOP, id, now()).await.unwrap();
    servers::begin_removal(&pool, SHOP, id, now() + TimeDelta::hours(1)).await.unwrap();
    assert_eq!(server(&pool, id).await.removal_at, Some(now()));
    assert!(place(&pool, 1, &[]).await.is_none(), "it takes nothing new");
    let set_up = servers::set_up(&pool, SHOP, id, &hardware(), now()).await;
    assert!(matches!(set_up, Err(StoreError::Conflict { .. })), "and doesn't come back");
    assert!(!servers::finish_removal(&pool, SHOP, id, now()).await.unwrap());
    release(&pool, id, at.port, now()).await;
    assert!(servers::finish_removal(&pool, SHOP, id, now()).await.unwrap());
    assert!(!servers::finish_removal(&pool, SHOP, id, now()).await.unwrap());
    assert_eq!(servers::get(&pool, SHOP, id).await.unwrap(), None);
    servers::insert(&pool, SHOP, &new_server(1, "tokyo"), now()).await.expect("its address is free again");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_emptiest_server_takes_the_next_container(pool: PgPool) {
    let (a, b) = (ready_server(&pool, 1, "tokyo").await, ready_server(&pool, 2, "tokyo").await);
    ready_server(&pool, 3, "osaka").await;
    let first = place(&pool, 1, &[]).await.unwrap().remove(0);
    assert_eq!((first.server, first.port, first.address.to_string()), (a, 20_000, "198.51.100.1".into()));
    stand(&pool, rental(&pool).await, &first).await;
    assert_eq!(place(&pool, 1, &[]).await.unwrap()[0].server, b);
    assert_eq!(place(&pool, 1, &[b]).await.unwrap()[0].server, a);
    let both = place(&pool, 2, &[]).await.unwrap();
    assert_eq!(both.iter().map(|place| place.server).collect::<Vec<_>>(), [b, a]);
    sqlx::query("update servers set load = 900 where id = $1").bind(b).execute(&pool).await.unwrap();
    assert_eq!(place(&pool, 1, &[]).await.unwrap()[0].server, a, "a loaded server waits");
    assert!(place(&pool, 2, &[a]).await.is_none());
    assert!(place(&pool, 3, &[]).await.is_none(), "the third server stands elsewhere");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn ports_are_taken_from_the_lowest_and_rest_after_use(pool: PgPool) {
    let id = ready_server(&pool, 1, "tokyo").await;
    let mut db = pool.acquire().await.unwrap();
    let mut free = async |not: &[u16], now| placement::free_port(&mut db, SHOP, id, not, now).await.unwrap();
    for port in 20_000..20_003 {
        assert_eq!(free(&[], now()).await, Some(port));
        let address = [198, 51, 100, 1].into();
        stand(&pool, rental(&pool).await, &Place { server: id, address, port }).await;
    }
    assert_eq!(free(&[20_003], now()).await, Some(20_004));
    assert_eq!(free(&[20_004, 20_003], now()).await, None);
    release(&pool, id, 20_001, now()).await;
    assert_eq!(free(&[], now() + TimeDelta::days(89)).await, Some(20_003));
    assert_eq!(free(&[], now() + TimeDelta::days(90)).await, Some(20_001));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn many_at_once_never_share_a_port_nor_overfill_a_server(pool: PgPool) {
    for last in 1..=3 {
        let id = ready_server(&pool, last, "tokyo").await;
        servers::edit(&pool, SHOP, id, &ServerEdit::Capacity(4), now()).await.unwrap();
    }
    let mut rentals = Vec::new();
    for _ in 0..20 {
        rentals.push(rental(&pool).await);
    }
    let placed = futures::future::join_all(rentals.into_iter().map(|rental| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut tx = pool.begin().await.unwrap();
            let place = placement::place(&mut tx, SHOP, &region("tokyo"), 1, &[], now()).await.unwrap();
            if let Some(place) = &place {
                stand(&mut *tx, rental, &place[0]).await;
            }
            tx.commit().await.unwrap();
            place.is_some()
        })
    }))
    .await;
    let placed = placed.into_iter().filter(|done| *done.as_ref().unwrap()).count();
    assert_eq!(placed, 12, "3 servers of 4 slots");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn regions_are_offered_while_they_have_room(pool: PgPool) {
    let room = async |redundancy| {
        let found = regions::with_room(&pool, SHOP, redundancy).await.unwrap();
        found.into_iter().map(|region| region.code.to_string()).collect::<Vec<_>>()
    };
    assert!(room(1).await.is_empty());
    ready_server(&pool, 1, "tokyo").await;
    let second = ready_server(&pool, 2, "tokyo").await;
    ready_server(&pool, 3, "osaka").await;
    servers::insert(&pool, SHOP, &new_server(4, "seoul"), now()).await.unwrap();
    assert_eq!((room(1).await, room(2).await), (vec!["osaka".into(), "tokyo".into()], vec!["tokyo".into()]));
    servers::edit(&pool, SHOP, second, &ServerEdit::Capacity(1), now()).await.unwrap();
    let address = [198, 51, 100, 2].into();
    stand(&pool, rental(&pool).await, &Place { server: second, address, port: 20_000 }).await;
    assert_eq!((room(1).await.len(), room(2).await.len()), (2, 0));
    assert!(regions::with_room(&pool, TenantId(2), 1).await.unwrap().is_empty());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn types_and_regions_are_added_and_changed(pool: PgPool) {
    let hourly = kinds::find(&pool, "ECS-hourly").await.unwrap().unwrap();
    assert_eq!((hourly.rate.to_string(), hourly.billing), ("¥0.108".into(), ServerBilling::Hourly));
    let kind = ServerType {
        id: ServerTypeId(0),
        name: "vps-small".to_owned(),
        billing: ServerBilling::Yearly,
        rate: Rate { micros: 1 },
        cores: Some(2),
        memory: Some(Bytes::gigabytes(2)),
        bandwidth_bits: Some(30_000_000),
        monthly_traffic: Some(Bytes::gigabytes(500)),
    };
    let id = kinds::add(&pool, &kind).await.unwrap();
    assert!(kinds::add(&pool, &kind).await.unwrap_err().breaks("server_types_name_key"));
    let changed = ServerType { id, rate: Rate { micros: 108_001 }, monthly_traffic: None, ..kind };
    kinds::update(&pool, &changed).await.unwrap();
    assert_eq!(kinds::find(&pool, "vps-small").await.unwrap(), Some(changed));
    assert_eq!(kinds::list(&pool).await.unwrap().len(), 3);

    let title = Title { zh_cn: "大阪二".to_owned(), en: "Osaka 2".to_owned() };
    let osaka = Region { code: region("osaka-2"), short: "osb".to_owned(), title };
    regions::add(&pool, &osaka).await.unwrap();
    assert!(regions::add(&pool, &osaka).await.unwrap_err().breaks("regions_pkey"));
    assert_eq!(regions::find(&pool, &osaka.code).await.unwrap(), Some(osaka));
}
