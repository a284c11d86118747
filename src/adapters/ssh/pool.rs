//! Sessions kept open and reused: one per server, one connecting at a time per server, dead ones replaced, idle ones
//! closed.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::fleet::command::HostCommand;
use crate::fleet::host::{HostError, HostKey, HostSession, Hosts, SshTarget, cause};
use crate::types::ServerId;

use super::connection::{self, Connection, Dialling, Login};
use super::key::InstallationKey;
use super::session::Session;

/// How many sessions there may be, and how long an unused one is kept.
#[derive(Clone, Copy, Debug)]
pub struct SshLimits {
    /// Sessions kept open; beyond it the longest unused one is closed.
    pub kept: usize,
    /// Connections being made at once.
    pub connecting: usize,
    /// How long an unused session is kept.
    pub idle: Duration,
    /// How long a server may take from the first packet to the accepted login.
    pub connect: Duration,
    /// How long a server may say nothing, though asked for a sign of life, before its session is given up.
    pub silence: Duration,
}

impl Default for SshLimits {
    /// The watch looks at each server every minute, so that a session of a server in service is never idle for ten.
    fn default() -> Self {
        Self {
            kept: 4096,
            connecting: 64,
            idle: Duration::from_mins(10),
            connect: Duration::from_secs(15),
            silence: Duration::from_secs(30),
        }
    }
}

/// Servers reached by SSH.
#[derive(Clone)]
pub struct SshHosts {
    pool: Arc<Pool>,
}

impl fmt::Debug for SshHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SshHosts(…)")
    }
}

struct Pool {
    key: InstallationKey,
    dialling: Dialling,
    limits: SshLimits,
    slots: Mutex<HashMap<ServerId, Arc<Slot>>>,
    connecting: Semaphore,
}

#[derive(Default)]
struct Slot {
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    /// How the last connecting failed, and when: those who waited for it meanwhile get the same answer.
    failed: Option<(Instant, SshTarget, HostError)>,
}

struct Kept {
    target: SshTarget,
    session: Arc<Session>,
    used: Instant,
}

impl SshHosts {
    /// Logs in with `key`. Runs a task that closes idle sessions until the last clone is dropped.
    pub fn new(key: InstallationKey, limits: SshLimits) -> Self {
        let pool = Arc::new(Pool {
            key,
            dialling: Dialling::new(limits.connect, limits.silence),
            limits,
            slots: Mutex::default(),
            connecting: Semaphore::new(limits.connecting),
        });
        tokio::spawn(sweep(Arc::downgrade(&pool), limits.idle));
        Self { pool }
    }

    /// The line that a server's `authorized_keys` needs.
    pub fn authorized_line(&self) -> String {
        self.pool.key.authorized_line()
    }

    /// Logs in with a password once and adds our public key to the user's `authorized_keys`.
    pub async fn install_key(&self, target: &SshTarget, password: &SecretString) -> Result<(), HostError> {
        let login = Login::Password(password.expose_secret());
        let connection = Arc::new(Connection::open(&self.pool.dialling, target, login).await?);
        let command = HostCommand::AuthorizeKey { line: self.authorized_line() };
        let done = connection.run(&command).await.and_then(|output| output.success(&command));
        connection.close().await;
        done.map(drop)
    }

    pub(super) async fn session_of(&self, target: &SshTarget) -> Result<Arc<Session>, HostError> {
        let asked = Instant::now();
        let slot = self.pool.slot(target.server);
        let mut state = slot.state.lock().await;
        if let Some(kept) = &mut state.kept {
            if kept.target == *target && kept.session.connection().is_alive().await {
                kept.used = Instant::now();
                return Ok(Arc::clone(&kept.session));
            }
            state.kept = None;
        }
        if let Some((at, failed, error)) = &state.failed
            && *at > asked
            && failed == target
        {
            return Err(error.clone());
        }
        let opened = self.pool.open(target).await;
        match opened {
            Ok(session) => {
                tracing::debug!(server = %target.server, address = %target.socket(), "SSH session opened");
                let session = Arc::new(session);
                let kept =
                    Kept { target: target.clone(), session: Arc::clone(&session), used: Instant::now() };
                *state = State { kept: Some(kept), failed: None };
                drop(state);
                self.pool.make_room(target.server);
                Ok(session)
            }
            Err(error) => {
                state.failed = Some((Instant::now(), target.clone(), error.clone()));
                Err(error)
            }
        }
    }

    /// How many sessions are open.
    pub fn open_sessions(&self) -> usize {
        self.pool
            .all()
            .iter()
            .filter(|(_, slot)| slot.state.try_lock().is_ok_and(|s| s.kept.is_some()))
            .count()
    }
}

#[async_trait]
impl Hosts for SshHosts {
    async fn scan(&self, at: SocketAddr) -> Result<HostKey, HostError> {
        connection::look(&self.pool.dialling, at).await
    }

    async fn session(&self, target: &SshTarget) -> Result<Arc<dyn HostSession>, HostError> {
        self.session_of(target).await.map(|session| session as Arc<dyn HostSession>)
    }

    async fn forget(&self, server: ServerId) {
        let slot = self.pool.slot(server);
        if let Some(kept) = slot.state.lock().await.kept.take() {
            kept.session.connection().close().await;
        }
    }
}

impl Pool {
    fn slot(&self, server: ServerId) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(server).or_default())
    }

    fn all(&self) -> Vec<(ServerId, Arc<Slot>)> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.iter().map(|(server, slot)| (*server, Arc::clone(slot))).collect()
    }

    async fn open(&self, target: &SshTarget) -> Result<Session, HostError> {
        let address = target.socket();
        let place = self.connecting.acquire().await;
        let _place = place.map_err(|error| HostError::Unreachable { address, source: cause(error) })?;
        let login = Login::Key(&self.key);
        Connection::open(&self.dialling, target, login).await.map(Session::new)
    }

    /// Closes the longest unused sessions beyond what may be kept, never the one just opened nor one in use.
    fn make_room(&self, newest: ServerId) {
        let mut unused = Vec::new();
        let mut open = 0_usize;
        for (server, slot) in self.all() {
            // One that is locked is in use.
            let used = slot.state.try_lock().ok().and_then(|state| {
                open += usize::from(state.kept.is_some());
                state.kept.as_ref().filter(|kept| kept.is_unused()).map(|kept| kept.used)
            });
            if let Some(used) = used.filter(|_| server != newest) {
                unused.push((used, slot));
            }
        }
        unused.sort_by_key(|(used, _)| *used);
        for (_, slot) in unused.into_iter().take(open.saturating_sub(self.limits.kept)) {
            if let Ok(mut state) = slot.state.try_lock() {
                state.kept.take_if(|kept| kept.is_unused());
            }
        }
    }

    /// Closes what is dead or unused for long, and forgets servers without a session.
    fn close_idle(&self) {
        for (_, slot) in self.all() {
            if let Ok(mut state) = slot.state.try_lock() {
                state.kept.take_if(|kept| kept.is_unused() && kept.used.elapsed() >= self.limits.idle);
            }
        }
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| {
            Arc::strong_count(slot) > 1 || slot.state.try_lock().map_or(true, |state| state.kept.is_some())
        });
    }
}

impl Kept {
    /// Whether nobody but the pool holds the session.
    fn is_unused(&self) -> bool {
        Arc::strong_count(&self.session) == 1
    }
}

async fn sweep(pool: Weak<Pool>, idle: Duration) {
    let mut ticks = tokio::time::interval(idle / 4);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(pool) = pool.upgrade() else { return };
        pool.close_idle();
    }
}
