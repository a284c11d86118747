//! Backups: made by the program, brought back elsewhere, refused when anything is wrong with them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::{TimeZone, Utc};
use derpshop::adapters::backup::store::{self, Progress};
use derpshop::adapters::backup::{Backups, Connection, MakeError, Nightly};
use derpshop::base::{Base, SchemaError, Server, await_schema, known_version, migrate};
use derpshop::db::MIGRATOR;
use derpshop::embedded_pg::Programs;
use derpshop::secret::Keyring;
use derpshop::settings::{self, Setting};
use derpshop::types::TenantId;
use sqlx::PgPool;

use crate::harness::shop::Shop;
use crate::harness::tempfile;

/// What is looked at in a shop before and after it was moved.
trait Moved {
    /// Stores a sealed value.
    async fn put_secret(&self);
    /// Opens it.
    async fn secret(&self) -> Vec<u8>;
    /// Whether nothing was restored.
    async fn is_empty(&self) -> bool;
}

impl Moved for Shop {
    async fn put_secret(&self) {
        let base = Base::open(self.config()).await.expect("it opens");
        let sealed = hex::encode(base.app.seal.seal("tenants:1:name", b"mesh key"));
        let put = sqlx::query("update tenants set name = $1").bind(sealed).execute(&base.app.pool).await;
        put.expect("it is stored");
        base.close().await.expect("it closes");
    }

    async fn secret(&self) -> Vec<u8> {
        let base = Base::open(self.config()).await.expect("it opens");
        let sealed: String = sqlx::query_scalar("select name from tenants")
            .fetch_one(&base.app.pool)
            .await
            .expect("the row is there");
        let sealed = hex::decode(sealed).expect("the row is as it was");
        let plain = base.app.open.open("tenants:1:name", &sealed).expect("the keyring opens it").to_vec();
        base.close().await.expect("it closes");
        plain
    }

    async fn is_empty(&self) -> bool {
        let server = Server::start(&self.config().settings).await.expect("it starts");
        let pool = server.connect().await.expect("it answers");
        let tables = store::tables(&pool).await.expect("it answers");
        let progress = store::progress(&pool).await.expect("it answers");
        pool.close().await;
        server.leave().await.expect("it stops");
        tables == 0 && progress == Progress::None && !self.file("keyring").exists()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

#[tokio::test]
async fn a_backup_comes_back_elsewhere_and_its_secrets_open() {
    let (old, new) = (Shop::new(), Shop::new());
    old.does(&["migrate"]);
    old.put_secret().await;
    let file = old.file("moved.backup");
    let said = old.does(&["backup", "--to", text(&file)]);
    assert!(said.contains("backup.key opens it"), "{said}");
    let bytes = fs::read(&file).unwrap();
    assert!(!bytes.windows(5).any(|part| part == b"PGDMP"), "the dump is sealed");

    // Everything that is wrong with a file is found before anything is touched.
    let key = old.file("backup.key");
    let key = text(&key);
    let bad = new.file("bad.backup");
    for (what, content) in [
        ("cut off", &bytes[..bytes.len() - 1]),
        ("cut off", &bytes[..bytes.len() / 2]),
        ("foreign", b"PGDMP".as_slice()),
    ] {
        fs::write(&bad, content).unwrap();
        let said = new.refuses(&["restore", text(&bad), "--key-file", key]);
        assert!(said.contains("backup"), "{what}: {said}");
    }
    let mut altered = bytes.clone();
    altered[bytes.len() / 2] ^= 1;
    fs::write(&bad, altered).unwrap();
    let said = new.refuses(&["restore", text(&bad), "--key-file", key]);
    assert!(said.contains("damaged"), "{said}");
    let other = new.file("other.key");
    fs::write(&other, format!("1 {}\n", "ab".repeat(32))).unwrap();
    fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let said = new.refuses(&["restore", text(&file), "--key-file", text(&other)]);
    assert!(said.contains("another key"), "{said}");
    assert!(new.is_empty().await);

    let said = new.does(&["restore", text(&file), "--key-file", key]);
    assert!(said.contains("restore-confirm"), "{said}");
    assert_eq!(new.secret().await, b"mesh key");
    assert!(new.does(&["admin", "restore-confirm"]).starts_with("Confirmed"));
    assert!(new.does(&["admin", "restore-confirm"]).starts_with("There was nothing"));

    // A second time there is something in the way.
    let said = new.refuses(&["restore", text(&file), "--key-file", key]);
    assert!(said.contains("--force-into-nonempty"), "{said}");
    let said = new.does(&["restore", text(&file), "--key-file", key, "--force-into-nonempty"]);
    assert!(said.contains("before-restore-"), "{said}");
    assert_eq!(new.secret().await, b"mesh key");

    // A keyring that isn't the database's is noticed, and a restore moves it aside.
    fs::remove_dir_all(new.file("keyring")).unwrap();
    Keyring::create_or_load(&new.file("keyring")).unwrap();
    for refused in [&["admin", "restore-confirm"][..], &["backup"]] {
        let said = new.refuses(refused);
        assert!(said.contains("not the one this database was made with"), "{said}");
    }
    let said = new.does(&["restore", text(&file), "--key-file", key, "--force-into-nonempty"]);
    assert!(said.contains("keyring.replaced-"), "{said}");
    assert_eq!(new.secret().await, b"mesh key");
}

/// Backups of the test's own database.
fn backups(pool: &PgPool, dir: &Path) -> Backups {
    let options = pool.connect_options();
    let host = options.get_socket().map_or(options.get_host(), |socket| text(socket));
    let (user, port) = (options.get_username(), options.get_port());
    let database = options.get_database().expect("the test has a database");
    let address = format!("postgres://{user}@localhost:{port}/{database}?host={host}");
    Keyring::create_or_load(&dir.join("keyring")).expect("it is made");
    Backups {
        connection: Connection::parse(&address.into()).expect("it is an address"),
        pg_dump: Programs::client(None).expect("Postgres is installed").path("pg_dump"),
        keyring_dir: dir.join("keyring"),
        key_file: dir.join("key"),
        dir: dir.join("backups"),
        keep: 3,
        schema: known_version(),
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn nightly_backups_are_one_a_day_and_the_oldest_go(pool: PgPool) {
    let dir = tempfile();
    let backups = backups(&pool, &dir);
    let night = |day: u32| Utc.with_ymd_and_hms(2026, 11, day, 3, 0, 0).unwrap();
    fs::create_dir(&backups.dir).unwrap();
    for other in
        ["manual-2020-01-01T000000Z.backup", "derpshop-notes.backup", "derpshop-2026-10-01.backup.part"]
    {
        fs::write(backups.dir.join(other), "").unwrap();
    }
    for day in 1..=5 {
        assert!(matches!(backups.nightly(night(day)).await.unwrap(), Nightly::Made { .. }));
        assert_eq!(backups.nightly(night(day)).await.unwrap(), Nightly::Already);
    }
    let mut names: Vec<_> = fs::read_dir(&backups.dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "derpshop-2026-11-03.backup",
            "derpshop-2026-11-04.backup",
            "derpshop-2026-11-05.backup",
            "derpshop-notes.backup",
            "manual-2020-01-01T000000Z.backup",
        ]
    );
    // One that fails leaves nothing behind, and says why.
    let broken =
        Backups { connection: Connection::parse(&"postgres://x@localhost:1/x".into()).unwrap(), ..backups };
    let error = broken.nightly(night(6)).await.unwrap_err();
    assert!(matches!(error, MakeError::Dump { .. }), "{error}");
    assert_eq!(fs::read_dir(&broken.dir).unwrap().count(), 5);
    fs::remove_dir_all(dir).unwrap();
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_restore_that_was_killed_is_finished_or_refused(pool: PgPool) {
    let restoring = "create schema derpshop_restoring";
    sqlx::query(restoring).execute(&pool).await.unwrap();
    migrate(&pool).await.unwrap();
    assert_eq!(store::progress(&pool).await.unwrap(), Progress::None);
    let pending =
        settings::store::get(&pool, TenantId(1), Setting::RestorePendingConfirmation).await.unwrap();
    assert_eq!(pending, Some(true), "nothing is removed before somebody has looked");
    sqlx::raw_sql("drop schema public cascade; create schema public").execute(&pool).await.unwrap();
    sqlx::query(restoring).execute(&pool).await.unwrap();
    assert!(matches!(migrate(&pool).await.unwrap_err(), SchemaError::HalfRestored));
}

#[sqlx::test(migrations = false)]
async fn schemas_of_other_versions_are_told_apart(pool: PgPool) {
    let short = Duration::from_millis(20);
    assert!(matches!(await_schema(&pool, short).await.unwrap_err(), SchemaError::Older));
    // Processes that start together take turns.
    futures::future::try_join_all((0..3).map(|_| migrate(&pool))).await.unwrap();
    await_schema(&pool, short).await.unwrap();
    let newer = "insert into _sqlx_migrations values (9999, 'later', now(), true, '', 0)";
    sqlx::query(newer).execute(&pool).await.unwrap();
    for refused in [migrate(&pool).await, await_schema(&pool, short).await] {
        assert!(matches!(refused.unwrap_err(), SchemaError::Newer { found: 9999, .. }));
    }
    let foreign = "update _sqlx_migrations set version = 0 where version = 9999";
    sqlx::query(foreign).execute(&pool).await.unwrap();
    assert!(matches!(migrate(&pool).await.unwrap_err(), SchemaError::Foreign(0)));
}
