//! The relay's TLS: a certificate for its hostname from a directory, and derper's second one with the
//! DERP key in its name.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, Utc};
use rcgen::{CertificateParams, DnType, KeyPair, SerialNumber};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};

use super::wire::Key;

const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// Certificate and key in PEM form.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, or a chain that starts with it.
    pub cert_pem: String,
    /// Its private key.
    pub key_pem: String,
}

impl TlsFiles {
    /// Reads `<hostname>.crt` and `.key` as derper names them: without what is no letter, digit, dash or
    /// dot. For an IP address, missing files are made and stored.
    pub(super) fn load(dir: &Path, hostname: &str, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let stem = hostname.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.', "");
        let (cert, key) = (dir.join(format!("{stem}.crt")), dir.join(format!("{stem}.key")));
        if !cert.exists() && !key.exists() && hostname.parse::<IpAddr>().is_ok() {
            let made = Self::self_signed(hostname, now)?;
            std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
            std::fs::write(&cert, &made.cert_pem).with_context(|| cert.display().to_string())?;
            super::write_secret(&key, &made.key_pem)?;
            return Ok(made);
        }
        let read = |path: &Path| {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
        };
        Ok(Self { cert_pem: read(&cert)?, key_pem: read(&key)? })
    }

    /// A new certificate as derper makes one for an IP address: ECDSA P-256, one year.
    pub fn self_signed(hostname: &str, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let mut params = CertificateParams::new([hostname.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, hostname);
        let now = rcgen::date_time_ymd(1970, 1, 1) + since_1970(now)?;
        (params.not_before, params.not_after) = (now, now + DAY * 365);
        let key = KeyPair::generate()?;
        Ok(Self { cert_pem: params.self_signed(&key)?.pem(), key_pem: key.serialize_pem() })
    }

    /// SHA-256 of the certificate, as hexadecimal digits.
    pub fn pin(&self) -> anyhow::Result<String> {
        let der = CertificateDer::from_pem_slice(self.cert_pem.as_bytes())?;
        Ok(hex::encode(Sha256::digest(&der)))
    }
}

/// TLS with just the certificate, for a test that plays a server of its own.
pub fn tls_acceptor(files: &TlsFiles) -> anyhow::Result<tokio_rustls::TlsAcceptor> {
    let provider = Arc::new(ring::default_provider());
    let chain = CertificateDer::pem_slice_iter(files.cert_pem.as_bytes()).collect::<Result<Vec<_>, _>>()?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_slice(files.key_pem.as_bytes())?)?;
    Ok(Arc::new(config).into())
}

/// The relay's side of TLS. The certificate must be for the hostname.
pub(super) fn server_config(
    files: &TlsFiles,
    hostname: &str,
    relay: Key,
    now: DateTime<Utc>,
) -> anyhow::Result<ServerConfig> {
    let mut chain = CertificateDer::pem_slice_iter(files.cert_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .context("certificate is not PEM")?;
    let Some(leaf) = chain.first() else { bail!("no certificate in the file") };
    let name = ServerName::try_from(hostname.to_owned()).context("-hostname")?;
    rustls::client::verify_server_name(&ParsedCertificate::try_from(leaf)?, &name)
        .with_context(|| format!("certificate is not for {hostname}"))?;
    let key = PrivateKeyDer::from_pem_slice(files.key_pem.as_bytes()).context("key is not PEM")?;
    let provider = Arc::new(ring::default_provider());
    let key = provider.key_provider.load_private_key(key)?;
    chain.push(meta_certificate(relay, now)?);
    // The chain's first certificate is what the key must be for; the second one only carries a name.
    let certified = CertifiedKey::new(chain, key);
    ensure!(certified.keys_match().is_ok(), "key is not the certificate's");
    let sni = hostname.parse::<IpAddr>().is_err().then(|| hostname.to_owned());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Resolver { sni, certified: Arc::new(certified) }));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificate named `derpkey` and the relay's key, from which clients know the key early.
fn meta_certificate(relay: Key, now: DateTime<Utc>) -> anyhow::Result<CertificateDer<'static>> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, format!("derpkey{}", hex::encode(relay.0)));
    params.serial_number = Some(SerialNumber::from(2_u64));
    let now = rcgen::date_time_ymd(1970, 1, 1) + since_1970(now)?;
    (params.not_before, params.not_after) = (now - DAY * 30, now + DAY * 30);
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519)?;
    Ok(params.self_signed(&key)?.der().clone())
}

fn since_1970(now: DateTime<Utc>) -> anyhow::Result<std::time::Duration> {
    Ok(std::time::Duration::from_secs(u64::try_from(now.timestamp()).context("clock is before 1970")?))
}

#[derive(Debug)]
struct Resolver {
    /// The name a client must ask for, unless the relay goes by its address.
    sni: Option<String>,
    certified: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.server_name();
        self.sni.as_deref().is_none_or(|name| asked == Some(name)).then(|| Arc::clone(&self.certified))
    }
}
