//! The run-time facts in table `settings`.

use derpshop::db::{MIGRATOR, StoreError};
use derpshop::settings::{Setting, store};
use derpshop::types::TenantId;
use sqlx::PgPool;

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_fact_is_set_replaced_and_forgotten(pool: PgPool) {
    let shop = TenantId(1);
    assert_eq!(store::get::<i64>(&pool, shop, Setting::OpsGroup).await.unwrap(), None);
    store::set(&pool, shop, Setting::OpsGroup, -1001).await.unwrap();
    store::set(&pool, shop, Setting::OpsGroup, -1002).await.unwrap();
    assert_eq!(store::get(&pool, shop, Setting::OpsGroup).await.unwrap(), Some(-1002));
    let wrong = store::get::<bool>(&pool, shop, Setting::OpsGroup).await.unwrap_err();
    assert!(matches!(wrong, StoreError::Inconsistent { column: "ops_group", .. }), "{wrong}");
    store::unset(&pool, shop, Setting::OpsGroup).await.unwrap();
    store::unset(&pool, shop, Setting::OpsGroup).await.unwrap();
    assert_eq!(store::get::<i64>(&pool, shop, Setting::OpsGroup).await.unwrap(), None);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_first_to_set_once_wins(pool: PgPool) {
    let text = |word: &str| word.to_owned();
    let first = store::set_once(&pool, TenantId(1), Setting::Keyring, text("ours")).await.unwrap();
    let second = store::set_once(&pool, TenantId(1), Setting::Keyring, text("theirs")).await.unwrap();
    assert_eq!((first.as_str(), second.as_str()), ("ours", "ours"));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn another_tenant_does_not_see_it(pool: PgPool) {
    sqlx::query("insert into tenants (name) values ('other')").execute(&pool).await.unwrap();
    store::set(&pool, TenantId(1), Setting::OpsGroup, -1).await.unwrap();
    assert_eq!(store::get::<i64>(&pool, TenantId(2), Setting::OpsGroup).await.unwrap(), None);
}
