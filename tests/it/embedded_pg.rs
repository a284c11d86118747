//! The private Postgres: first start, warm start, killed, shared, and as an ordinary user.

use derpshop::embedded_pg::{EmbeddedPg, EmbeddedPgError, Left};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);

/// A folder for one Postgres, which ends with the test whatever happens.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("derpshop-pg-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("the temporary folder is writable");
        Self(path)
    }

    fn pg(&self) -> PathBuf {
        self.0.join("postgres")
    }

    fn pid_file(&self) -> PathBuf {
        self.pg().join("data/postmaster.pid")
    }

    fn postmaster(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.pid_file()).ok()?;
        Pid::from_raw(text.lines().next()?.parse().ok()?)
    }

    async fn start(&self) -> EmbeddedPg {
        EmbeddedPg::start(&self.pg(), None).await.expect("it starts")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(postmaster) = self.postmaster()
            && let Err(error) = kill_process(postmaster, Signal::INT)
        {
            eprintln!("cannot stop {postmaster:?}: {error}");
        }
        fs::remove_dir_all(&self.0).expect("the test's folder can go");
    }
}

async fn connect(pg: &EmbeddedPg) -> PgConnection {
    PgConnection::connect_with(&pg.options()).await.expect("it takes connections")
}

async fn ask(pg: &EmbeddedPg, sql: &'static str) -> String {
    let mut connection = connect(pg).await;
    let answer = sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("it answers");
    connection.close().await.expect("it says goodbye");
    answer
}

async fn put_row(pg: &EmbeddedPg) {
    let mut connection = connect(pg).await;
    sqlx::raw_sql("create table kept (word text); insert into kept values ('row')")
        .execute(&mut connection)
        .await
        .expect("it writes");
}

const ROW: &str = "select word from kept";

#[tokio::test]
async fn the_first_start_makes_it_and_a_warm_start_finds_what_was_written() {
    let folder = Folder::new();
    let pg = folder.start().await;
    assert!(pg.started_here());
    assert_eq!(ask(&pg, "select current_database()::text").await, "derpshop");
    assert_eq!(ask(&pg, "select current_user::text").await, "derpshop");
    assert_eq!(ask(&pg, "show listen_addresses").await, "", "only the socket");
    assert_eq!(ask(&pg, "show data_checksums").await, "on");
    assert_eq!(fs::metadata(folder.pg()).unwrap().permissions().mode() & 0o777, 0o700);
    put_row(&pg).await;
    assert_eq!(pg.leave().await.unwrap(), Left::Stopped);
    assert!(!folder.pid_file().exists(), "it was stopped in order");
    let again = folder.start().await;
    assert!(again.started_here());
    assert_eq!(ask(&again, ROW).await, "row");
    again.leave().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_is_noticed_and_recovers() {
    let folder = Folder::new();
    let pg = folder.start().await;
    put_row(&pg).await;
    kill_process(folder.postmaster().unwrap(), Signal::KILL).unwrap();
    tokio::time::timeout(LONG, pg.ended()).await.expect("its end is told");
    let again = folder.start().await;
    assert!(again.started_here());
    assert_eq!(ask(&again, ROW).await, "row");
    assert_eq!(pg.leave().await.unwrap(), Left::Running);
    assert_eq!(again.leave().await.unwrap(), Left::Stopped);
}

#[tokio::test]
async fn the_last_to_leave_stops_it() {
    let folder = Folder::new();
    let first = folder.start().await;
    let second = folder.start().await;
    let third = EmbeddedPg::join(&folder.pg(), None, LONG).await.unwrap();
    assert!(first.started_here() && !second.started_here() && !third.started_here());
    assert_eq!(first.leave().await.unwrap(), Left::Running);
    assert_eq!(ask(&second, "select 'on'").await, "on");
    assert_eq!(second.leave().await.unwrap(), Left::Running);
    assert_eq!(third.leave().await.unwrap(), Left::Stopped);
}

#[tokio::test]
async fn what_a_killed_process_left_running_is_taken_over() {
    let folder = Folder::new();
    let pg = folder.start().await;
    put_row(&pg).await;
    let postmaster = folder.postmaster();
    // A process that is killed leaves the server alone and its locks free, as dropping does.
    drop(pg);
    let heir = folder.start().await;
    assert!(!heir.started_here());
    assert_eq!(folder.postmaster(), postmaster);
    assert_eq!(ask(&heir, ROW).await, "row");
    assert_eq!(heir.leave().await.unwrap(), Left::Stopped);
}

#[tokio::test]
async fn a_stale_pid_file_does_not_stop_it() {
    let folder = Folder::new();
    folder.start().await.leave().await.unwrap();
    // Our own number stands for a stranger's that came again; 4194300 is nobody's.
    for pid in [std::process::id().to_string(), "4194300".to_owned(), "rubbish".to_owned()] {
        fs::write(folder.pid_file(), format!("{pid}\n{}\n", folder.pg().join("data").display())).unwrap();
        let pg = folder.start().await;
        assert_eq!(ask(&pg, "select 'up'").await, "up");
        assert_eq!(pg.leave().await.unwrap(), Left::Stopped);
    }
}

#[tokio::test]
async fn first_starts_at_the_same_time_share_one() {
    let folder = Folder::new();
    let path = folder.pg();
    let waiting = tokio::spawn({
        let path = path.clone();
        async move { EmbeddedPg::join(&path, None, LONG).await }
    });
    let starts = (0..3).map(|_| EmbeddedPg::start(&path, None));
    let mut all: Vec<EmbeddedPg> = futures::future::try_join_all(starts).await.unwrap();
    all.push(waiting.await.unwrap().unwrap());
    assert_eq!(all.iter().filter(|pg| pg.started_here()).count(), 1);
    let last = all.pop().unwrap();
    for pg in all {
        assert_eq!(pg.leave().await.unwrap(), Left::Running);
    }
    assert_eq!(last.leave().await.unwrap(), Left::Stopped);
}

#[tokio::test]
async fn a_first_start_that_was_killed_is_begun_anew() {
    let folder = Folder::new();
    fs::create_dir_all(folder.pg().join("data.new/base")).unwrap();
    let pg = folder.start().await;
    assert!(!folder.pg().join("data.new").exists());
    pg.leave().await.unwrap();
}

#[tokio::test]
async fn joining_one_that_nobody_runs_says_what_to_do() {
    let folder = Folder::new();
    folder.start().await.leave().await.unwrap();
    let absent = EmbeddedPg::join(&folder.pg(), None, Duration::from_millis(50)).await.unwrap_err();
    assert!(absent.to_string().contains("start `derpshop` first"), "{absent}");
}

#[tokio::test]
async fn missing_programs_and_another_version_are_named() {
    let folder = Folder::new();
    let nowhere = EmbeddedPg::start(&folder.pg(), Some(Path::new("/nonexistent"))).await.unwrap_err();
    assert!(matches!(nowhere, EmbeddedPgError::NoPrograms { .. }), "{nowhere}");
    fs::create_dir(folder.pg().join("data")).unwrap();
    fs::write(folder.pg().join("data/PG_VERSION"), "9\n").unwrap();
    let old = EmbeddedPg::start(&folder.pg(), None).await.unwrap_err();
    assert!(matches!(&old, EmbeddedPgError::OtherVersion { version } if version == "9"), "{old}");
}

#[tokio::test]
async fn what_stops_the_server_from_starting_is_told() {
    let folder = Folder::new();
    folder.start().await.leave().await.unwrap();
    let settings = folder.pg().join("data/postgresql.conf");
    fs::write(&settings, "no_such_setting = 1\n").unwrap();
    let refused = EmbeddedPg::start(&folder.pg(), None).await.unwrap_err();
    assert!(refused.to_string().contains("no_such_setting"), "{refused}");
    let long = folder.0.join("x".repeat(100));
    let long = EmbeddedPg::start(&long, None).await.unwrap_err();
    assert!(matches!(long, EmbeddedPgError::LongPath { .. }), "{long}");
}

/// What differs most for an ordinary user, once more as `nobody` where the tests run as root.
#[test]
fn an_ordinary_user_can_do_all_this() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = Folder::new();
    // `nobody` may not enter the folder of the build.
    let program = folder.0.join("it");
    let this = std::env::current_exe().unwrap();
    fs::hard_link(&this, &program).or_else(|_| fs::copy(&this, &program).map(drop)).unwrap();
    let output = std::process::Command::new("setpriv")
        .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"])
        .arg(&program)
        .args(["makes_it_and_a_warm_start", "killed_server", "last_to_leave", "stale_pid_file"])
        .current_dir("/")
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("4 passed"), "{said}");
}
