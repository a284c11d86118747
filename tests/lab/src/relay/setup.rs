//! From derper's flags and files to a relay's configuration.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::flags::Flags;
use super::log::{self, Log};
use super::{Admission, Identity, RelayConfig, TlsFiles, write_secret};

/// derper's own configuration file.
#[derive(Serialize, Deserialize)]
struct ConfigFile {
    #[serde(rename = "PrivateKey")]
    private_key: String,
}

/// Reads all files the flags name; logs what derper logs about the certificate.
pub(super) fn config(flags: &Flags, log: &Log) -> anyhow::Result<RelayConfig> {
    let at = |port| SocketAddr::new(flags.listen.ip(), port);
    let tls = TlsFiles::load(&flags.cert_dir, &flags.hostname, log::now())?;
    if flags.hostname.parse::<IpAddr>().is_ok() {
        let name = serde_json::to_string(&flags.hostname)?;
        let pin = tls.pin()?;
        log.line(&format!(
            "Using self-signed certificate for IP address {name}. Configure it in DERPMap using:\n  \
             {{\"Name\":\"custom\",\"RegionID\":900,\"HostName\":{name},\"CertName\":\"sha256-raw:{pin}\"}}"
        ));
    }
    Ok(RelayConfig {
        listen: flags.listen,
        stun: flags.stun_port.map(at),
        http: flags.http_port.map(at),
        hostname: flags.hostname.clone(),
        tls,
        identity: identity(&flags.config)?,
        mesh_key: flags.mesh_psk_file.as_deref().map(mesh_key).transpose()?,
        admission: flags.verify_url.as_deref().map(|url| Admission::new(url, flags.fail_open)).transpose()?,
        blank_home: flags.blank_home,
        keep_alive: Duration::from_mins(1),
        handshake_limit: Duration::from_secs(10),
    })
}

/// The key in the configuration file, which is made if there is none.
fn identity(path: &Path) -> anyhow::Result<Identity> {
    if !path.exists() {
        let identity = Identity::random();
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        write_secret(path, &serde_json::to_string(&ConfigFile { private_key: identity.to_text() })?)?;
        return Ok(identity);
    }
    let text = std::fs::read(path).with_context(|| format!("derper: config {}", path.display()))?;
    let file: ConfigFile =
        serde_json::from_slice(&text).with_context(|| format!("derper: config {}", path.display()))?;
    Identity::from_text(&file.private_key).context("derper: PrivateKey is not privkey: and 64 digits")
}

/// The mesh key: 64 lower-case hexadecimal digits, as clients present it.
fn mesh_key(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let key = text.trim();
    let fit = key.len() == 64 && key.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    ensure!(fit, "key in {} must contain 64+ hex digits", path.display());
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(dir: &Path) -> Flags {
        let line = format!(
            "-a 127.0.0.1:0 -http-port -1 -stun-port 0 -certmode manual -hostname 127.0.0.1 -certdir {0}/certs \
             -c {0}/derper.json -mesh-psk-file {0}/mesh.key",
            dir.display()
        );
        Flags::parse(line.split_whitespace().map(str::to_owned)).unwrap()
    }

    #[test]
    fn missing_files_are_made_once_and_kept() {
        let dir = std::env::temp_dir().join(format!("lab-relay-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("mesh.key"), format!("{}\n", "ab".repeat(32))).unwrap();
        let log = Log::kept();
        let first = config(&flags(&dir), &log).unwrap();
        let second = config(&flags(&dir), &log).unwrap();
        assert_eq!(first.identity.key(), second.identity.key());
        assert_eq!(first.tls.cert_pem, second.tls.cert_pem);
        assert_eq!(first.mesh_key, Some("ab".repeat(32)));
        let lines = log.lines();
        let (_, json) = lines[0].split_once("\n  ").unwrap();
        let printed: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(printed["CertName"], format!("sha256-raw:{}", first.tls.pin().unwrap()));
        assert_eq!(printed["HostName"], "127.0.0.1");
        std::fs::write(dir.join("mesh.key"), "short").unwrap();
        assert!(config(&flags(&dir), &log).is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
