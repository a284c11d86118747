//! The files in a relay's volume: its certificate and keys.

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::derp::{MeshKey, NodePrivate};

/// A file for the relay's volume `/derp`. Its owner is root in the container, which has no capability to read
/// others' files.
#[derive(Clone)]
pub struct UploadFile {
    /// Relative to `/derp`.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// What is in it.
    pub content: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for UploadFile {
    /// Without the content, which may be a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UploadFile({}, {:o}, {} bytes)", self.path, self.mode, self.content.len())
    }
}

/// The keys and the certificate of one relay. The pin that the customer has in the policy is the certificate's, so
/// these survive every re-creation on the same address.
#[derive(Clone)]
pub struct RelaySecrets {
    /// The certificate alone, PEM: a chain would fail the client's pin check.
    pub cert_pem: String,
    /// Its private key, PEM.
    pub key_pem: Zeroizing<String>,
    /// The relay's DERP key.
    pub node_key: NodePrivate,
    /// The key of its management channel.
    pub mesh_key: MeshKey,
}

impl fmt::Debug for RelaySecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RelaySecrets(…)")
    }
}

impl RelaySecrets {
    /// The files as derper expects them for a relay at `address`.
    pub fn files(&self, address: IpAddr) -> Vec<UploadFile> {
        let name = certificate_name(address);
        let file = |path: String, mode, text: &str| UploadFile {
            path,
            mode,
            content: Zeroizing::new(text.as_bytes().to_vec()),
        };
        vec![
            file(format!("certs/{name}.crt"), 0o644, &self.cert_pem),
            file(format!("certs/{name}.key"), 0o600, &self.key_pem),
            file("derper.json".to_owned(), 0o600, &self.node_key.expose_derper_config()),
            file(
                "mesh.key".to_owned(),
                0o600,
                &Zeroizing::new(format!("{}\n", *self.mesh_key.expose_text())),
            ),
        ]
    }
}

/// derper drops every character outside letters, digits, `.` and `-` from the host name to get the file name, so
/// that an IPv6 address loses its colons.
fn certificate_name(address: IpAddr) -> String {
    address.to_string().chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_derper_looks_for_them() {
        let secrets = RelaySecrets {
            cert_pem: "CERT".to_owned(),
            key_pem: Zeroizing::new("KEY".to_owned()),
            node_key: NodePrivate::from_random([0x41; 32]),
            mesh_key: MeshKey::from_random([0xcd; 32]),
        };
        let files = secrets.files(IpAddr::from([10, 77, 1, 2]));
        let seen: Vec<_> = files.iter().map(|f| (f.path.as_str(), f.mode)).collect();
        assert_eq!(
            seen,
            [
                ("certs/10.77.1.2.crt", 0o644),
                ("certs/10.77.1.2.key", 0o600),
                ("derper.json", 0o600),
                ("mesh.key", 0o600)
            ]
        );
        assert_eq!(*files[3].content, format!("{}\n", "cd".repeat(32)).into_bytes());
        let printed = format!("{files:?} {secrets:?}");
        assert!(!printed.contains("KEY") && !printed.contains("cdcd"), "{printed}");
        assert_eq!(secrets.files("2001:db8::1".parse().unwrap())[0].path, "certs/2001db81.crt");
    }
}
