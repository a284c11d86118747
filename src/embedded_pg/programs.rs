//! Postgres's installed programs, and how to run them.

use super::EmbeddedPgError;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// Folders with a folder for each major version: Debian's, and its relatives'.
const BY_VERSION: &str = "/usr/lib/postgresql";
/// Where else the programs may be.
const ELSEWHERE: [&str; 3] = ["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"];

/// A folder with `postgres`, `initdb`, `pg_dump` and their like, all of one version.
#[derive(Debug, Clone)]
pub struct Programs {
    bin: PathBuf,
}

impl Programs {
    /// The server's programs: from the configured folder, else the newest installed, or those of major version
    /// `wanted`.
    pub fn server(configured: Option<&Path>, wanted: Option<&str>) -> Result<Self, EmbeddedPgError> {
        Self::find(configured, wanted, &["initdb", "postgres"])
    }

    /// Programs that work on a server elsewhere, such as `pg_dump`.
    pub fn client(configured: Option<&Path>) -> Result<Self, EmbeddedPgError> {
        Self::find(configured, None, &["pg_dump", "pg_restore"])
    }

    fn find(
        configured: Option<&Path>,
        wanted: Option<&str>,
        needed: &[&str],
    ) -> Result<Self, EmbeddedPgError> {
        let is_here = |bin: &Path| needed.iter().all(|program| bin.join(program).exists());
        if let Some(bin) = configured {
            let missing = || EmbeddedPgError::NoPrograms { place: bin.display().to_string() };
            return is_here(bin).then(|| Self { bin: bin.to_owned() }).ok_or_else(missing);
        }
        let mut versions: Vec<(u32, PathBuf)> = Vec::new();
        // No such folder is the same as an empty one.
        for entry in std::fs::read_dir(BY_VERSION).into_iter().flatten().flatten() {
            let bin = entry.path().join("bin");
            let version = entry.file_name().to_str().and_then(|name| name.parse().ok());
            versions.extend(version.filter(|_| is_here(&bin)).map(|version| (version, bin)));
        }
        versions.sort();
        if let Some(wanted) = wanted {
            versions.retain(|(version, _)| version.to_string() == wanted);
        }
        if let Some((_, bin)) = versions.pop() {
            return Ok(Self { bin });
        }
        let mut elsewhere = ELSEWHERE.iter().map(PathBuf::from).filter(|bin| is_here(bin));
        match wanted {
            None => elsewhere.next().map(|bin| Self { bin }).ok_or_else(|| EmbeddedPgError::NoPrograms {
                place: format!("{BY_VERSION} and the usual folders"),
            }),
            Some(wanted) => elsewhere
                .map(|bin| Self { bin })
                .find(|programs| programs.major_version().as_deref() == Some(wanted))
                .ok_or_else(|| EmbeddedPgError::OtherVersion { version: wanted.to_owned() }),
        }
    }

    /// `15` of `postgres (PostgreSQL) 15.18`, for programs whose place doesn't tell.
    fn major_version(&self) -> Option<String> {
        let output = std::process::Command::new(self.path("postgres")).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let number = text.split_whitespace().nth(2)?;
        number.split(['.', 'b', 'r']).next().map(str::to_owned)
    }

    /// Path of one program.
    pub fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }
}

/// Whom Postgres's programs run as when we are root, which they refuse to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Owner {
    /// The user `postgres` if we are root, else nobody but ourselves.
    pub(super) fn find() -> Result<Option<Self>, EmbeddedPgError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let fields = users.lines().find_map(|line| line.strip_prefix("postgres:"));
        let mut ids = fields.into_iter().flat_map(|rest| rest.split(':').skip(1)).map(str::parse);
        match (ids.next(), ids.next()) {
            (Some(Ok(uid)), Some(Ok(gid))) => Ok(Some(Self { uid, gid })),
            _ => Err(EmbeddedPgError::NoUser),
        }
    }
}

/// A program of `programs` in `folder`, with nothing of our environment, our terminal or our rights.
pub(super) fn command(programs: &Programs, owner: Option<Owner>, folder: &Path, program: &str) -> Command {
    let mut command = Command::new(programs.path(program));
    command.env_clear().envs([("PATH", "/usr/bin:/bin"), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC")]);
    command.current_dir(folder).stdin(Stdio::null());
    if let Some(owner) = owner {
        // With a new user the supplementary groups go too.
        command.uid(owner.uid).gid(owner.gid);
    }
    command
}

/// Runs it to its end; an unsuccessful end is an error with what it said.
pub(super) async fn run(mut command: Command) -> Result<(), EmbeddedPgError> {
    let program = command.as_std().get_program().to_owned();
    let name = Path::new(&program).file_name().and_then(OsStr::to_str).unwrap_or("program").to_owned();
    let output =
        command.output().await.map_err(|source| EmbeddedPgError::Io { path: program.into(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    Err(EmbeddedPgError::Program { name, said: said.join(" ").trim().to_owned() })
}
