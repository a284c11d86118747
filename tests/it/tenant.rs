//! Two shops in one database: what belongs to one is never answered to the other.

use derpshop::account::store::{self as accounts, By};
use derpshop::account::{AclDigest, Email};
use derpshop::audit::store::{self as records, Filter};
use derpshop::db::MIGRATOR;
use derpshop::fleet::server::{ServerRef, ServerStatus};
use derpshop::fleet::store::{placement, regions, servers};
use derpshop::serial::{self, SerialDigest};
use derpshop::types::{AclId, PlanId, RentalId, ServerId, TailnetId, TelegramId, TenantId, UserId};
use derpshop::{acl, plan, rental};
use sqlx::PgPool;

/// What stands in the second tenant.
struct Rows {
    user: UserId,
    tailnet: TailnetId,
    plan: PlanId,
    server: ServerId,
    rental: RentalId,
    acl: AclId,
}

const TELEGRAM: TelegramId = TelegramId(555);
const DIGEST: [u8; 32] = [9; 32];

async fn one(pool: &PgPool, sql: &str, tenant: TenantId, other: &[i64]) -> i64 {
    let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).bind(tenant.0);
    for id in other {
        query = query.bind(*id);
    }
    query.fetch_one(pool).await.unwrap()
}

/// One row of everything that a tenant owns.
async fn furnish(pool: &PgPool, tenant: TenantId) -> Rows {
    let user = one(
        pool,
        "insert into users (tenant_id, username, email, is_verified, registered_at, telegram_id, role)
         values ($1, 'wu', 'wu@example.com', true, now(), 555, 'admin') returning id",
        tenant,
        &[],
    );
    let user = user.await;
    let tailnet = "insert into tailnets (tenant_id, user_id, acl_code_digest, acl_code_sealed)
                   values ($1, $2, decode(repeat('09', 32), 'hex'), '') returning id";
    let tailnet = one(pool, tailnet, tenant, &[user]).await;
    let plan = r#"insert into plans (tenant_id, name, title, valid_days, device_limit)
                  values ($1, 'p', '{"zh-CN": "x", "en": "x"}', 30, 10) returning id"#;
    let plan = one(pool, plan, tenant, &[]).await;
    let batch = "insert into serial_batches (tenant_id, plan_id, count, created_at) values ($1, $2, 1, now()) returning id";
    let batch = one(pool, batch, tenant, &[plan]).await;
    let serial =
        "insert into serial_numbers (batch_id, code_digest, code_sealed, code_masked, plan_id, valid_days,
                    device_limit, redundancy, created_at)
                  select $2, decode(repeat('09', 32), 'hex'), '', 'ABCDE…-F', id, 30, 10, 1, now()
                  from plans where tenant_id = $1 returning id";
    one(pool, serial, tenant, &[batch]).await;
    let server = "insert into servers (tenant_id, ip, host_key, region, server_type_id, status, setup_at)
                  select $1, '192.0.2.9', 'SHA256:' || repeat('A', 43), 'tokyo', min(id), 'healthy', now() from server_types returning id";
    let server = one(pool, server, tenant, &[]).await;
    let rental = "insert into rentals (tenant_id, user_id, tailnet_id, plan_id, region, status, device_limit, redundancy,
                    start_date, end_date, created_at, updated_at)
                  values ($1, $2, $3, $4, 'tokyo', 'active', 10, 1, '2026-10-01', '2026-11-01', now(), now())
                  returning id";
    let rental = one(pool, rental, tenant, &[user, tailnet, plan]).await;
    let acl = r#"insert into acl_configs (user_id, tailnet_id, version, acl_data, created_at, updated_at)
                 select u.id, $2, 1, '{"Regions": {}}', now(), now() from users u where u.tenant_id = $1 returning id"#;
    let acl = one(pool, acl, tenant, &[tailnet]).await;
    let record = r#"insert into system_logs (tenant_id, user_id, operation, "timestamp")
                    values ($1, $2, 'user_login', now()) returning id"#;
    one(pool, record, tenant, &[user]).await;
    Rows {
        user: UserId(user),
        tailnet: TailnetId(tailnet),
        plan: PlanId(plan),
        server: ServerId(server),
        rental: RentalId(rental),
        acl: AclId(acl),
    }
}

/// Asks every store for the rows in the name of `tenant`; each question with whether anything was answered.
async fn answered(pool: &PgPool, tenant: TenantId, rows: &Rows) -> Vec<(&'static str, bool)> {
    let mut conn = pool.acquire().await.unwrap();
    let email: Email = "wu@example.com".parse().unwrap();
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    let tokyo = "tokyo".parse().unwrap();
    let address = "192.0.2.9".parse().unwrap();
    let mut seen = Vec::new();
    for (name, by) in [
        ("user by id", By::Id(rows.user)),
        ("user by telegram", By::Telegram(TELEGRAM)),
        ("user by email", By::Email(&email)),
        ("user by name", By::Username("wu")),
    ] {
        seen.push((name, accounts::find(pool, tenant, by).await.unwrap().is_some()));
    }
    seen.push(("user locked", accounts::lock(&mut conn, tenant, rows.user).await.unwrap().is_some()));
    for (name, query) in [("search by id", rows.user.to_string()), ("search by name", "w".to_owned())] {
        seen.push((name, !accounts::search(pool, tenant, &query, 9).await.unwrap().is_empty()));
    }
    seen.push(("admins", !accounts::all_admins(pool, tenant).await.unwrap().is_empty()));
    seen.push((
        "ban",
        accounts::ban(pool, tenant, rows.user, &derpshop::account::AdminActor::at_console()).await.unwrap(),
    ));
    seen.push(("zone set", accounts::set_zone(pool, tenant, rows.user, chrono_tz::Tz::UTC).await.is_ok()));
    seen.push(("tailnet", accounts::tailnet(pool, tenant, rows.user).await.unwrap().is_some()));
    seen.push((
        "tailnet locked",
        accounts::lock_tailnet(&mut conn, tenant, rows.tailnet).await.unwrap().is_some(),
    ));
    let digest = AclDigest(DIGEST);
    seen.push((
        "tailnet by code",
        accounts::tailnet_by_digest(pool, tenant, digest).await.unwrap().is_some(),
    ));
    seen.push(("plan", plan::store::find(&mut conn, tenant, rows.plan).await.unwrap().is_some()));
    seen.push((
        "plans",
        plan::store::list(&mut conn, tenant).await.unwrap().iter().any(|plan| plan.id == rows.plan),
    ));
    let digest = SerialDigest(DIGEST);
    seen.push(("serial", serial::store::find(&mut conn, tenant, digest).await.unwrap().is_some()));
    seen.push(("server", servers::get(pool, tenant, rows.server).await.unwrap().is_some()));
    seen.push(("servers", !servers::list(pool, tenant, 0, 9).await.unwrap().is_empty()));
    let reference = ServerRef::Address(address, None);
    seen.push(("server by address", !servers::find(pool, tenant, &reference).await.unwrap().is_empty()));
    let healthy = servers::count(pool, tenant).await.unwrap();
    seen.push((
        "servers counted",
        healthy.iter().any(|(status, n)| *status == ServerStatus::Healthy && *n > 0),
    ));
    let place = placement::place(&mut conn, tenant, &tokyo, 1, &[], now).await.unwrap();
    seen.push(("place", place.is_some()));
    let place = placement::place_on(&mut conn, tenant, rows.server, &[], now).await.unwrap();
    seen.push(("place on", place.is_some()));
    seen.push(("room", !regions::with_room(pool, tenant, 1).await.unwrap().is_empty()));
    seen.push(("rental", rental::store::find(&mut conn, tenant, rows.rental).await.unwrap().is_some()));
    seen.push((
        "rental locked",
        rental::store::lock(&mut conn, tenant, rows.rental).await.unwrap().is_some(),
    ));
    seen.push(("rentals", !rental::store::of_user(&mut conn, tenant, rows.user).await.unwrap().is_empty()));
    seen.push(("rentals due", !rental::store::ended(&mut conn, tenant, now, 9).await.unwrap().is_empty()));
    seen.push((
        "latest end",
        rental::store::latest_end(&mut conn, tenant, rows.user).await.unwrap().is_some(),
    ));
    seen.push(("acl", acl::store::find(&mut conn, tenant, rows.acl).await.unwrap().is_some()));
    seen.push(("records", !records::list(pool, tenant, &Filter::default(), 9).await.unwrap().is_empty()));
    seen
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn another_tenants_rows_are_never_answered(pool: PgPool) {
    let theirs = "insert into tenants (name) values ('theirs') returning id";
    let theirs = TenantId(sqlx::query_scalar(theirs).fetch_one(&pool).await.unwrap());
    let rows = furnish(&pool, theirs).await;
    // First in a stranger's name, which must change nothing, then in their own, to which everything answers.
    let strange = answered(&pool, TenantId(1), &rows).await;
    let leaked: Vec<_> = strange.iter().filter(|(_, found)| *found).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
    let own = answered(&pool, theirs, &rows).await;
    let missed: Vec<_> = own.iter().filter(|(_, found)| !found).collect();
    assert!(missed.is_empty(), "{missed:?}");
}
