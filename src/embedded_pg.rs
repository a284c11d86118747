//! A private Postgres for installations without one of their own.
//!
//! It runs from the installed server programs, with its data below our data folder, on a Unix socket that only its
//! owner can open, and as user `postgres` when we are root. `derpshop` starts it; all processes of ours share it, and
//! the last to leave stops it. Killed processes leave it running or its data to recover from: the next start finds
//! either.
//!
//! Its folder holds `data`, `log/`, `start.log`, the socket, and two lock files: `start.lock`, held while somebody
//! starts or stops it, and `users.lock`, shared by all who use it.

mod processes;
mod programs;

pub use programs::Programs;

use programs::{Owner, command, run};
use rustix::process::Signal;
use sqlx::postgres::PgConnectOptions;
use std::fs::{self, File, OpenOptions};
use std::future::Future;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// Its role and database.
const NAME: &str = "derpshop";
/// The socket's name within its folder, for the usual port number.
const SOCKET: &str = ".s.PGSQL.5432";
/// The kernel's limit for a socket's path, in bytes.
const SOCKET_PATH: usize = 107;
/// How long recovery after a crash may take.
const START: Duration = Duration::from_mins(1);
/// How long its clients may take to end their transactions.
const STOP: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(10);

/// Why there is no private Postgres.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedPgError {
    /// The programs are not there.
    #[error(
        "no PostgreSQL programs in {place}; install postgresql, or postgresql-client where database.url is set"
    )]
    NoPrograms {
        /// Where they were looked for.
        place: String,
    },
    /// The data was made by a version that is not installed.
    #[error(
        "the data was made by PostgreSQL {version}; install that version, or restore a backup into a new folder"
    )]
    OtherVersion {
        /// Its major version.
        version: String,
    },
    /// Root can't run Postgres, and there is nobody to run it as.
    #[error("running as root needs a user `postgres`; install postgresql, or run as another user")]
    NoUser,
    /// A file or folder could not be used.
    #[error("cannot use {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The folder's path leaves no room for the socket's.
    #[error("the path {} is too long for a socket; choose a shorter data_dir", path.display())]
    LongPath {
        /// The folder.
        path: PathBuf,
    },
    /// A program of Postgres failed.
    #[error("{name} failed: {said}")]
    Program {
        /// Its name.
        name: String,
        /// What it printed.
        said: String,
    },
    /// It runs, but doesn't answer.
    #[error("PostgreSQL in {} did not answer within {} s; see its log folder there", path.display(), START.as_secs())]
    Silent {
        /// Its folder.
        path: PathBuf,
    },
    /// Nobody started it.
    #[error("the database in {} is not running: start `derpshop` first, or set database.url", path.display())]
    Absent {
        /// Its folder.
        path: PathBuf,
    },
}

/// A running private Postgres that this process uses.
#[derive(Debug)]
pub struct EmbeddedPg {
    cluster: Cluster,
    /// Holds the shared lock.
    users: File,
    /// Ends when the server that this process started does.
    exit: Option<watch::Receiver<()>>,
}

/// What became of it when this process left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nobody else used it, so it was stopped.
    Stopped,
    /// Others use it, so it runs on.
    Running,
}

impl EmbeddedPg {
    /// Starts the one in `folder`, or joins it if it runs. The first start makes the folder and its data.
    pub async fn start(folder: &Path, bin_dir: Option<&Path>) -> Result<Self, EmbeddedPgError> {
        let owner = Owner::find()?;
        make_folder(folder, owner)?;
        let folder = folder.canonicalize().map_err(|source| io_error(folder, source))?;
        if folder.join(SOCKET).as_os_str().len() > SOCKET_PATH {
            return Err(EmbeddedPgError::LongPath { path: folder });
        }
        let start = lock(&folder.join("start.lock")).await?;
        let version = fs::read_to_string(folder.join("data/PG_VERSION")).ok();
        let programs = Programs::server(bin_dir, version.as_deref().map(str::trim))?;
        let cluster = Cluster { data: folder.join("data"), folder, programs, owner };
        if version.is_none() {
            cluster.make_data().await?;
        }
        let exit = cluster.ensure_running().await?;
        let users = share(&cluster.folder)?;
        drop(start);
        Ok(Self { cluster, users, exit })
    }

    /// Joins the one in `folder` that another process runs; waits for it for `patience`.
    pub async fn join(
        folder: &Path,
        bin_dir: Option<&Path>,
        patience: Duration,
    ) -> Result<Self, EmbeddedPgError> {
        let until = Instant::now() + patience;
        loop {
            if folder.join("start.lock").exists() {
                let start = lock(&folder.join("start.lock")).await?;
                let version = fs::read_to_string(folder.join("data/PG_VERSION")).ok();
                let programs = Programs::server(bin_dir, version.as_deref().map(str::trim))?;
                let (folder, data) = (folder.to_owned(), folder.join("data"));
                let cluster = Cluster { data, folder, programs, owner: Owner::find()? };
                if cluster.answers().await {
                    let users = share(&cluster.folder)?;
                    drop(start);
                    return Ok(Self { cluster, users, exit: None });
                }
            }
            if Instant::now() > until {
                return Err(EmbeddedPgError::Absent { path: folder.to_owned() });
            }
            sleep(STEP * 10).await;
        }
    }

    /// How to connect.
    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass().socket(&self.cluster.folder).username(NAME).database(NAME)
    }

    /// The same as an address, for other programs.
    pub fn address(&self) -> String {
        let folder = self.cluster.folder.to_string_lossy();
        let folder = percent_encoding::utf8_percent_encode(&folder, percent_encoding::NON_ALPHANUMERIC);
        format!("postgres://{NAME}@localhost/{NAME}?host={folder}")
    }

    /// The programs it runs from, which also fit for dumps.
    pub fn programs(&self) -> &Programs {
        &self.cluster.programs
    }

    /// Whether this process started the server, rather than finding it running.
    pub fn started_here(&self) -> bool {
        self.exit.is_some()
    }

    /// Resolves when the server that this process started ends, whoever ended it. Never resolves for one that was
    /// found running.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let exit = self.exit.clone();
        async move {
            match exit {
                // The sender never sends; it is dropped when the server has been reaped.
                Some(mut exit) => while exit.changed().await.is_ok() {},
                None => std::future::pending().await,
            }
        }
    }

    /// Leaves it; stops it if nobody else uses it. Close all connections before.
    pub async fn leave(self) -> Result<Left, EmbeddedPgError> {
        let start = lock(&self.cluster.folder.join("start.lock")).await?;
        let path = self.cluster.folder.join("users.lock");
        self.users.unlock().map_err(|source| io_error(&path, source))?;
        match self.users.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(Left::Running),
            Err(fs::TryLockError::Error(source)) => return Err(io_error(&path, source)),
        }
        self.cluster.stop().await;
        if let Some(mut exit) = self.exit {
            // Reaped too, so that no dead process stays behind.
            while exit.changed().await.is_ok() {}
        }
        drop(start);
        Ok(Left::Stopped)
    }
}

/// Where one is and how to handle it.
#[derive(Debug)]
struct Cluster {
    folder: PathBuf,
    data: PathBuf,
    programs: Programs,
    owner: Option<Owner>,
}

impl Cluster {
    fn command(&self, program: &str) -> tokio::process::Command {
        command(&self.programs, self.owner, &self.folder, program)
    }

    /// Makes the data beside its place and renames it there: a first start that is killed leaves nothing to trip
    /// over.
    async fn make_data(&self) -> Result<(), EmbeddedPgError> {
        let fresh = self.folder.join("data.new");
        if fresh.exists() {
            fs::remove_dir_all(&fresh).map_err(|source| io_error(&fresh, source))?;
        }
        let mut initdb = self.command("initdb");
        initdb.arg("-D").arg(&fresh).args(["-U", NAME, "--auth-local=trust", "--auth-host=reject"]);
        initdb.args(["-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"]);
        run(initdb).await?;
        let mut single = self.command("postgres");
        single.args(["--single", "-D"]).arg(&fresh).arg("postgres");
        single.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = single.spawn().map_err(|source| io_error(&self.programs.path("postgres"), source))?;
        if let Some(mut stdin) = child.stdin.take() {
            let written = stdin.write_all(format!("create database {NAME}\n").as_bytes()).await;
            written.map_err(|source| io_error(&fresh, source))?;
        }
        let output = child.wait_with_output().await.map_err(|source| io_error(&fresh, source))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(EmbeddedPgError::Program { name: "postgres".to_owned(), said });
        }
        fs::rename(&fresh, &self.data).map_err(|source| io_error(&self.data, source))
    }

    /// Starts the server unless it answers; returns what tells its end.
    async fn ensure_running(&self) -> Result<Option<watch::Receiver<()>>, EmbeddedPgError> {
        let until = Instant::now() + START;
        while !self.answers().await {
            if processes::working_in(&self.data).is_empty() {
                return self.spawn(until).await.map(Some);
            }
            // It is coming up, or backends of a killed postmaster are going down.
            if Instant::now() > until {
                return Err(EmbeddedPgError::Silent { path: self.folder.clone() });
            }
            sleep(STEP).await;
        }
        Ok(None)
    }

    async fn spawn(&self, until: Instant) -> Result<watch::Receiver<()>, EmbeddedPgError> {
        // Nobody works there, so a pid file names a dead process or, since numbers come again, a stranger, in whose
        // favour PostgreSQL would refuse to start.
        let pid_file = self.data.join("postmaster.pid");
        match fs::remove_file(&pid_file) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io_error(&pid_file, e)),
            Ok(()) | Err(_) => {}
        }
        let first_words = self.folder.join("start.log");
        let log = File::create(&first_words).map_err(|source| io_error(&first_words, source))?;
        let mut server = self.command("postgres");
        server.arg("-D").arg(&self.data);
        for option in [
            "listen_addresses=",
            "unix_socket_permissions=0700",
            "max_connections=100",
            "jit=off",
            "timezone=UTC",
            "logging_collector=on",
            "log_filename=postgres-%a.log",
            "log_rotation_age=1d",
            "log_truncate_on_rotation=on",
        ] {
            server.args(["-c", option]);
        }
        server.arg("-c").arg(format!("unix_socket_directories={}", self.folder.display()));
        server.arg("-c").arg(format!("log_directory={}", self.folder.join("log").display()));
        server.stdout(Stdio::null()).stderr(log);
        // Ctrl-C must not reach it before our connections are closed.
        server.process_group(0);
        let mut child = server.spawn().map_err(|source| io_error(&self.programs.path("postgres"), source))?;
        while !self.answers().await {
            let ended = child.try_wait().map_err(|source| io_error(&self.folder, source))?;
            if ended.is_some() {
                let said = fs::read_to_string(&first_words).unwrap_or_default();
                return Err(EmbeddedPgError::Program { name: "postgres".into(), said: said.trim().into() });
            }
            if Instant::now() > until {
                return Err(EmbeddedPgError::Silent { path: self.folder.clone() });
            }
            sleep(STEP).await;
        }
        let (alive, exit) = watch::channel(());
        tokio::spawn(async move {
            let status = child.wait().await;
            tracing::debug!(?status, "PostgreSQL ended");
            drop(alive);
        });
        Ok(exit)
    }

    /// Whether it takes connections. Its own program asks, since a socket alone may belong to one still recovering.
    async fn answers(&self) -> bool {
        if !self.folder.join(SOCKET).exists() {
            return false;
        }
        let mut ask = self.command("pg_isready");
        ask.args(["-q", "-t", "5", "-h"]).arg(&self.folder);
        ask.status().await.is_ok_and(|status| status.success())
    }

    /// Ends transactions and stops it in order; after [`STOP`] without, to be recovered at the next start.
    async fn stop(&self) {
        for (signal, patience) in [(Signal::INT, STOP), (Signal::QUIT, STOP)] {
            let Some(postmaster) = processes::postmaster(&self.data) else { return };
            processes::signal(postmaster, signal);
            let until = Instant::now() + patience;
            while !processes::working_in(&self.data).is_empty() && Instant::now() < until {
                sleep(STEP).await;
            }
        }
    }
}

fn make_folder(folder: &Path, owner: Option<Owner>) -> Result<(), EmbeddedPgError> {
    if let Some(parent) = folder.parent() {
        // Folders on the way must let the owner of the data through.
        let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(parent);
        made.map_err(|source| io_error(parent, source))?;
    }
    let done = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).and_then(|()| {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        owner.map_or(Ok(()), |owner| chown(folder, Some(owner.uid), Some(owner.gid)))
    });
    done.map_err(|source| io_error(folder, source))
}

/// Waits for the exclusive lock on `path`; dropping the file lets it go.
async fn lock(path: &Path) -> Result<File, EmbeddedPgError> {
    let owned = path.to_owned();
    let locked = tokio::task::spawn_blocking(move || {
        let file = lock_file(&owned)?;
        file.lock()?;
        Ok(file)
    });
    locked.await.map_err(io::Error::other).flatten().map_err(|source| io_error(path, source))
}

fn share(folder: &Path) -> Result<File, EmbeddedPgError> {
    let path = folder.join("users.lock");
    let shared = lock_file(&path).and_then(|file| file.lock_shared().map(|()| file));
    shared.map_err(|source| io_error(&path, source))
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

fn io_error(path: &Path, source: io::Error) -> EmbeddedPgError {
    EmbeddedPgError::Io { path: path.to_owned(), source }
}
