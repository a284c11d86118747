//! A small derper stand-in, written from the protocol: DERP v2 over TLS, STUN, admission, mesh watch and
//! kick, with derper's flags. As a program it is `lab-relay`; a test starts one in its own process.

mod admission;
mod cert;
mod device;
mod flags;
mod http;
mod hub;
mod log;
mod session;
mod setup;
mod stun;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use admission::Admission;
pub use cert::{TlsFiles, tls_acceptor};
pub use device::{Device, Refused};
pub use flags::{FlagError, Flags};
pub use wire::{Identity, Key};

/// Connections served at once; more wait for one to end.
const CONNECTIONS: usize = 512;

/// What a relay is started with.
#[derive(Debug)]
pub struct RelayConfig {
    /// Where DERP is served.
    pub listen: SocketAddr,
    /// Where STUN is served, if at all.
    pub stun: Option<SocketAddr>,
    /// Where plain HTTP is served, if at all.
    pub http: Option<SocketAddr>,
    /// The name the certificate is for.
    pub hostname: String,
    /// The certificate.
    pub tls: TlsFiles,
    /// The relay's own key.
    pub identity: Identity,
    /// 64 hexadecimal digits that make a client a manager.
    pub mesh_key: Option<String>,
    /// Who is asked about clients.
    pub admission: Option<Admission>,
    /// No banner on `/`.
    pub blank_home: bool,
    /// How often idle clients hear from the relay.
    pub keep_alive: Duration,
    /// How long each step into the relay may take.
    pub handshake_limit: Duration,
}

impl RelayConfig {
    /// A relay on free ports of the loopback, with a certificate of its own and no admission.
    pub fn loopback() -> anyhow::Result<Self> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(Self {
            listen: any,
            stun: Some(any),
            http: None,
            hostname: "127.0.0.1".into(),
            tls: TlsFiles::self_signed("127.0.0.1", log::now())?,
            identity: Identity::random(),
            mesh_key: None,
            admission: None,
            blank_home: true,
            keep_alive: Duration::from_mins(1),
            handshake_limit: Duration::from_secs(10),
        })
    }
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    hostname: String,
    identity: Identity,
    mesh_key: Option<String>,
    admission: Option<Admission>,
    blank_home: bool,
    keep_alive: Duration,
    handshake_limit: Duration,
    hub: hub::Hub,
    log: log::Log,
    stop: CancellationToken,
}

/// A running relay; dropping it stops it.
#[derive(Debug)]
pub struct Relay {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    derp: SocketAddr,
    stun: Option<SocketAddr>,
    http: Option<SocketAddr>,
}

impl Relay {
    /// Binds the sockets and starts to serve. The log is kept for [`Self::log`].
    pub async fn start(config: RelayConfig) -> anyhow::Result<Self> {
        Self::launch(config, log::Log::kept()).await
    }

    /// Starts what a command line says, as derper would, logging to standard error.
    pub async fn start_from(flags: &Flags) -> anyhow::Result<Self> {
        let log = log::Log::default();
        let config = setup::config(flags, &log)?;
        Self::launch(config, log).await
    }

    async fn launch(config: RelayConfig, log: log::Log) -> anyhow::Result<Self> {
        let tls = cert::server_config(&config.tls, &config.hostname, config.identity.key(), log::now())?;
        let tls = TlsAcceptor::from(Arc::new(tls));
        let derp = bind(config.listen).await?;
        let stun = match config.stun {
            Some(address) => Some(
                UdpSocket::bind(address).await.with_context(|| format!("cannot bind STUN to {address}"))?,
            ),
            None => None,
        };
        let http = match config.http {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let relay = Self {
            derp: derp.local_addr()?,
            stun: stun.as_ref().map(UdpSocket::local_addr).transpose()?,
            http: http.as_ref().map(TcpListener::local_addr).transpose()?,
            tasks: TaskTracker::new(),
            shared: Arc::new(Shared {
                hostname: config.hostname,
                identity: config.identity,
                mesh_key: config.mesh_key,
                admission: config.admission,
                blank_home: config.blank_home,
                keep_alive: config.keep_alive,
                handshake_limit: config.handshake_limit,
                hub: hub::Hub::default(),
                log,
                stop: CancellationToken::new(),
            }),
        };
        if let Some(socket) = stun {
            relay.shared.log.line(&format!("STUN server listening on {}", socket.local_addr()?));
            relay.spawn(stun::serve(socket));
        }
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        if let Some(listener) = http {
            let permits = Arc::clone(&permits);
            relay.spawn(accept(listener, permits, Arc::clone(&relay.shared), relay.tasks.clone(), None));
        }
        relay.shared.log.line(&format!("derper: serving on {} with TLS", relay.derp));
        relay.spawn(accept(derp, permits, Arc::clone(&relay.shared), relay.tasks.clone(), Some(tls)));
        Ok(relay)
    }

    /// Where DERP is served.
    pub const fn derp_addr(&self) -> SocketAddr {
        self.derp
    }

    /// Where STUN is served.
    pub const fn stun_addr(&self) -> Option<SocketAddr> {
        self.stun
    }

    /// Where plain HTTP is served.
    pub const fn http_addr(&self) -> Option<SocketAddr> {
        self.http
    }

    /// The relay's public key.
    pub fn key(&self) -> Key {
        self.shared.identity.key()
    }

    /// The keys connected now.
    pub fn connected(&self) -> Vec<Key> {
        self.shared.hub.keys()
    }

    /// The log so far.
    pub fn log(&self) -> Vec<String> {
        self.shared.log.lines()
    }

    /// Closes everything and waits until it is closed.
    pub async fn stop(self) {
        self.shared.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn spawn<E: Send + 'static>(&self, task: impl Future<Output = Result<(), E>> + Send + 'static) {
        let stop = self.shared.stop.clone();
        self.tasks.spawn(async move {
            let _ = stop.run_until_cancelled(task).await;
        });
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Takes connections in, over TLS or, without it, as the plain port.
async fn accept(
    listener: TcpListener,
    permits: Arc<Semaphore>,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    tls: Option<TlsAcceptor>,
) -> anyhow::Result<()> {
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await?;
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: what is open now ends some time.
                shared.log.line(&format!("accept: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let (shared, tls) = (Arc::clone(&shared), tls.clone());
        tasks.spawn(async move {
            let served = shared.stop.run_until_cancelled(serve(stream, address, &shared, tls)).await;
            if let Some(Err(error)) = served {
                shared.log.line(&format!("derp: {address}: {error}"));
            }
            drop(permit);
        });
    }
}

async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    shared: &Shared,
    tls: Option<TlsAcceptor>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        let (reader, mut writer) = tokio::io::split(stream);
        let mut reader = BufReader::new(reader);
        let request = timeout(shared.handshake_limit, http::Request::read(&mut reader)).await??;
        return http::write(&mut writer, &request.answer_plain(&shared.hostname)).await;
    };
    let stream = timeout(shared.handshake_limit, tls.accept(stream)).await??;
    let (reader, writer) = tokio::io::split(stream);
    serve_tls(BufReader::new(reader), writer, address, shared).await
}

async fn serve_tls<R: AsyncBufRead + Unpin, W: AsyncWrite + Unpin>(
    mut reader: R,
    mut writer: W,
    address: SocketAddr,
    shared: &Shared,
) -> io::Result<()> {
    let request = timeout(shared.handshake_limit, http::Request::read(&mut reader)).await??;
    if !request.is_derp() {
        return http::write(&mut writer, &request.answer(shared.blank_home)).await;
    }
    // A client that knows our key from the certificate has sent on without waiting for this answer.
    if request.header("derp-fast-start") != Some("1") {
        tokio::io::AsyncWriteExt::write_all(&mut writer, http::switch(shared.identity.key()).as_bytes())
            .await?;
    }
    let not_ideal = request.header("ideal-node").is_some_and(|name| !name.is_empty());
    session::Newcomer { reader, writer, address, not_ideal }.serve(shared).await
}

/// Writes a file that only its owner may read.
fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests;
