//! Node keys and mesh keys in Tailscale's text forms, and the `NaCl` box between two node keys.

use std::fmt;
use std::str::FromStr;

use crypto_box::aead::Aead as _;
use crypto_box::{PublicKey, SalsaBox, SecretKey};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

const PUBLIC_PREFIX: &str = "nodekey:";
const PRIVATE_PREFIX: &str = "privkey:";

/// Bytes of the nonce in front of a sealed box.
pub const NONCE_LEN: usize = 24;
/// Bytes a sealed box is longer than its plaintext: nonce and Poly1305 tag.
pub const BOX_OVERHEAD: usize = NONCE_LEN + 16;

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyParseError {
    /// The text does not start with the expected prefix.
    #[error("key text lacks the prefix {0:?}")]
    Prefix(&'static str),
    /// What follows the prefix is not 64 hexadecimal digits.
    #[error("key is not 64 hexadecimal digits")]
    Hex,
}

/// A sealed box that its receiver cannot open: wrong keys, or changed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed box does not open")]
pub struct BoxError;

fn parse_hex(text: &str, prefix: &'static str) -> Result<[u8; 32], KeyParseError> {
    let digits = text.strip_prefix(prefix).ok_or(KeyParseError::Prefix(prefix))?;
    let mut bytes = [0_u8; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| KeyParseError::Hex)?;
    Ok(bytes)
}

/// The public key of a tailnet node, a relay or a probe client: what admission sees and a kick names.
/// Text form `nodekey:` and 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeKey([u8; 32]);

impl NodeKey {
    /// Takes the key as it stands in a frame.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key as it stands in a frame.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC_PREFIX}{}", hex::encode(self.0))
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for NodeKey {
    type Err = KeyParseError;

    fn from_str(text: &str) -> Result<Self, KeyParseError> {
        parse_hex(text, PUBLIC_PREFIX).map(Self)
    }
}

impl Serialize for NodeKey {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NodeKey {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The private half of a node key: a relay's identity or a probe client's. Wiped on drop.
#[derive(Clone)]
pub struct NodePrivate(Zeroizing<[u8; 32]>);

impl NodePrivate {
    /// Makes a key of 32 random bytes; X25519 clamping happens here, so that the text form is the
    /// one derper would have written.
    pub fn from_random(mut bytes: [u8; 32]) -> Self {
        bytes[0] &= 0xf8;
        bytes[31] = (bytes[31] & 0x7f) | 0x40;
        Self(Zeroizing::new(bytes))
    }

    /// The secret bytes, to be sealed by the caller.
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key that others know this one by.
    pub fn public(&self) -> NodeKey {
        NodeKey(self.secret().public_key().to_bytes())
    }

    /// `privkey:` and 64 hexadecimal digits.
    pub fn expose_text(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex::encode(*self.0));
        Zeroizing::new(format!("{PRIVATE_PREFIX}{}", *digits))
    }

    /// The file that derper's `-c` names.
    pub fn expose_derper_config(&self) -> Zeroizing<String> {
        let text = self.expose_text();
        Zeroizing::new(format!("{{\"PrivateKey\":\"{}\"}}\n", *text))
    }

    /// Boxes `plaintext` for `to`: nonce, tag, ciphertext, as it goes over the wire. A nonce must not
    /// be used twice between the same two keys.
    ///
    /// # Panics
    /// Never: a box in memory has no failing input.
    pub fn seal(&self, to: &NodeKey, nonce: [u8; NONCE_LEN], plaintext: &[u8]) -> Vec<u8> {
        let sealed = self
            .cipher(to)
            .encrypt(&nonce.into(), plaintext)
            .expect("encrypting into a vector fails only beyond the address space");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what [`Self::seal`] of the key `from` made for this one.
    pub fn open(&self, from: &NodeKey, sealed: &[u8]) -> Result<Vec<u8>, BoxError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(BoxError)?;
        self.cipher(from).decrypt(nonce.into(), body).map_err(|_| BoxError)
    }

    fn secret(&self) -> SecretKey {
        SecretKey::from_bytes(*self.0)
    }

    fn cipher(&self, other: &NodeKey) -> SalsaBox {
        SalsaBox::new(&PublicKey::from_bytes(other.0), &self.secret())
    }
}

impl fmt::Debug for NodePrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodePrivate(…)")
    }
}

impl FromStr for NodePrivate {
    type Err = KeyParseError;

    fn from_str(text: &str) -> Result<Self, KeyParseError> {
        parse_hex(text, PRIVATE_PREFIX).map(|bytes| Self(Zeroizing::new(bytes)))
    }
}

/// The secret that makes a client of a relay its manager: it is let in unasked, sees who is online
/// and may kick. Wiped on drop.
#[derive(Clone)]
pub struct MeshKey(Zeroizing<[u8; 32]>);

impl MeshKey {
    /// Makes a key of 32 random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret bytes, to be sealed by the caller.
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits: the `meshKey` of a client and the file of `-mesh-psk-file`.
    pub fn expose_text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(*self.0))
    }
}

impl PartialEq for MeshKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for MeshKey {}

impl fmt::Debug for MeshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MeshKey(…)")
    }
}

impl FromStr for MeshKey {
    type Err = KeyParseError;

    fn from_str(text: &str) -> Result<Self, KeyParseError> {
        parse_hex(text, "").map(Self::from_random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first pair of RFC 7748 section 6.1.
    const ALICE: &str = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
    const ALICE_PUBLIC: &str = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";

    #[test]
    fn a_public_key_has_one_text_form() {
        let text = format!("nodekey:{ALICE_PUBLIC}");
        let key: NodeKey = text.parse().unwrap();
        assert_eq!(key.to_string(), text);
        assert_eq!(format!("nodekey:{}", ALICE_PUBLIC.to_uppercase()).parse(), Ok(key));
        assert_eq!(serde_json::to_string(&key).unwrap(), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<NodeKey>(&format!("\"{text}\"")).unwrap(), key);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let short = format!("nodekey:{}", &ALICE_PUBLIC[1..]);
        let long = format!("nodekey:{ALICE_PUBLIC}0");
        let not_hex = format!("nodekey:{}g", &ALICE_PUBLIC[1..]);
        for text in [short.as_str(), &long, &not_hex, "nodekey:", "nodekey:é"] {
            assert_eq!(text.parse::<NodeKey>(), Err(KeyParseError::Hex), "{text}");
        }
        for text in ["", ALICE_PUBLIC, "mkey:00", "Nodekey:00"] {
            assert_eq!(text.parse::<NodeKey>(), Err(KeyParseError::Prefix("nodekey:")), "{text}");
        }
    }

    #[test]
    fn the_public_half_follows_from_the_private_one() {
        let private: NodePrivate = format!("privkey:{ALICE}").parse().unwrap();
        assert_eq!(private.public().to_string(), format!("nodekey:{ALICE_PUBLIC}"));
        assert_eq!(*private.expose_derper_config(), format!("{{\"PrivateKey\":\"privkey:{ALICE}\"}}\n"));
    }

    #[test]
    fn random_bytes_are_clamped_once() {
        let key = NodePrivate::from_random([255; 32]);
        assert_eq!((key.expose_bytes()[0], key.expose_bytes()[31]), (248, 127));
        assert_eq!(key.public(), NodePrivate::from_random(*key.expose_bytes()).public());
    }

    #[test]
    fn a_box_opens_for_its_receiver_alone() {
        let (a, b, c) = (
            NodePrivate::from_random([1; 32]),
            NodePrivate::from_random([2; 32]),
            NodePrivate::from_random([3; 32]),
        );
        let sealed = a.seal(&b.public(), [7; NONCE_LEN], b"hello");
        assert_eq!(sealed.len(), BOX_OVERHEAD + 5);
        assert_eq!(&sealed[..NONCE_LEN], &[7; NONCE_LEN]);
        assert_eq!(b.open(&a.public(), &sealed).unwrap(), b"hello");
        assert_eq!(c.open(&a.public(), &sealed), Err(BoxError));
        for cut in 0..sealed.len() {
            assert_eq!(b.open(&a.public(), &sealed[..cut]), Err(BoxError));
        }
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", NodePrivate::from_random([9; 32])), "NodePrivate(…)");
        assert_eq!(format!("{:?}", MeshKey::from_random([9; 32])), "MeshKey(…)");
    }

    #[test]
    fn a_mesh_key_is_its_hexadecimal_digits() {
        let key: MeshKey = ALICE.parse().unwrap();
        assert_eq!(*key.expose_text(), ALICE);
        assert!(key == MeshKey::from_random(*key.expose_bytes()));
        assert!(key != MeshKey::from_random([0; 32]));
    }
}
