//! The fleet against real hosts: sshd and Docker Engine, each in namespaces of its own.

mod engine;
mod faults;
mod login;
mod setup;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use derpshop::adapters::docker::image_in_archive;
use derpshop::adapters::ssh::{InstallationKey, SshHosts, SshLimits};
use derpshop::clock::{OsRandom, Random as _, SystemClock};
use derpshop::derp::cert::relay_certificate;
use derpshop::derp::{CertPin, MeshKey, NodePrivate};
use derpshop::fleet::files::RelaySecrets;
use derpshop::fleet::found::RelayIdentity;
use derpshop::fleet::host::{HostSession, Hosts as _, SshTarget};
use derpshop::fleet::image::ImageRef;
use derpshop::fleet::relay::{Generation, Limits, RelaySpec};
use derpshop::types::{ContainerId, InstallId, RentalId, ServerId};
use lab::hosts::{Host, HostOptions, relay_image};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("derpshop-fleet-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A host, and our way to it.
struct Server {
    host: Host,
    hosts: SshHosts,
    target: SshTarget,
    _keyring: Folder,
}

/// Limits with which a test needn't wait long for a silent host.
fn impatient() -> SshLimits {
    SshLimits { connect: Duration::from_secs(5), silence: Duration::from_secs(3), ..SshLimits::default() }
}

impl Server {
    /// A host with Docker Engine that lets root in with our key.
    async fn start(test: &str) -> Self {
        Self::start_with(test, &[], false).await
    }

    async fn start_with(test: &str, sshd_config: &[&str], bare: bool) -> Self {
        let keyring = Folder::new(test);
        let key = InstallationKey::create_or_load(&keyring.0, &OsRandom).unwrap();
        let options = HostOptions {
            authorized_keys: vec![key.authorized_line()],
            sshd_config: sshd_config.iter().map(|&line| line.to_owned()).collect(),
            ..HostOptions::new(test)
        };
        let host = if bare { Host::start_bare(options).await } else { Host::start(options).await }.unwrap();
        let target = SshTarget {
            server: ServerId(1),
            address: host.ip(),
            port: host.ssh_port(),
            user: "root".parse().unwrap(),
            host_key: host.fingerprint().unwrap().parse().unwrap(),
        };
        Self { host, hosts: SshHosts::new(key, impatient()), target, _keyring: keyring }
    }

    fn target_as(&self, user: &str) -> SshTarget {
        SshTarget { user: user.parse().unwrap(), ..self.target.clone() }
    }

    async fn session(&self) -> Arc<dyn HostSession> {
        self.hosts.session(&self.target).await.unwrap()
    }

    /// A session on a host that has the relay image.
    async fn session_with_image(&self) -> Arc<dyn HostSession> {
        let session = self.session().await;
        session.load_image(&image().await.1, &|_, _| {}).await.unwrap();
        session
    }
}

/// The lab's relay image and its archive.
async fn image() -> (ImageRef, PathBuf) {
    let built = tokio::task::spawn_blocking(relay_image).await.unwrap().unwrap();
    let image = ImageRef::new(&built.tag, vec![built.id.clone()]).unwrap();
    let told = image_in_archive(Path::new(&built.archive)).unwrap();
    assert_eq!(told, image);
    (image, built.archive)
}

const INSTALL: InstallId = InstallId(uuid::Uuid::from_u128(0x0dea));

async fn spec(server: &Server, container: i64, port: u16) -> RelaySpec {
    RelaySpec {
        install: INSTALL,
        identity: RelayIdentity {
            rental: RentalId(100 + container),
            container: ContainerId(container),
            generation: Generation::FIRST,
        },
        image: image().await.0,
        address: server.host.ip(),
        port,
        limits: Limits::default(),
        admission: None,
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRandom.fill(&mut bytes);
    bytes
}

/// Keys and a certificate for a relay at `address`.
fn secrets(address: IpAddr) -> (RelaySecrets, CertPin) {
    use derpshop::clock::Clock as _;
    let certificate = relay_certificate(address, SystemClock.now(), random()).unwrap();
    let secrets = RelaySecrets {
        cert_pem: certificate.cert_pem,
        key_pem: certificate.key_pem,
        node_key: NodePrivate::from_random(random()),
        mesh_key: MeshKey::from_random(random()),
    };
    (secrets, certificate.pin)
}
