//! A relay's certificate and its pin. Clients of a relay without a domain name know its certificate by
//! hash (`CertName: sha256-raw:…`); the pin therefore lasts as long as certificate and key.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Days, Months, Utc};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType, SerialNumber};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::key::KeyParseError;
use super::x509;

const PREFIX: &str = "sha256-raw:";
/// How a relay's second certificate, which carries its DERP key, is named; clients pass over it.
const META_PREFIX: &str = "derpkey";
const VALID_MONTHS: u32 = 120;

/// SHA-256 over the DER form of a relay's certificate. Text form `sha256-raw:` and 64 lower-case
/// hexadecimal digits, as in `CertName`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertPin([u8; 32]);

impl CertPin {
    /// Takes the hash.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The pin of a certificate in DER form.
    pub fn of_der(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

impl fmt::Display for CertPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", hex::encode(self.0))
    }
}

impl fmt::Debug for CertPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CertPin {
    type Err = KeyParseError;

    fn from_str(text: &str) -> Result<Self, KeyParseError> {
        let digits = text.strip_prefix(PREFIX).ok_or(KeyParseError::Prefix(PREFIX))?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| KeyParseError::Hex)?;
        Ok(Self(bytes))
    }
}

/// Why a relay's certificate is not the one its clients expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Clients want exactly one certificate beside the relay's own second one.
    #[error("{0} certificates presented in place of one")]
    Count(usize),
    /// Another certificate than the pinned one.
    #[error("certificate has the pin {presented}")]
    Mismatch {
        /// The pin of what was presented.
        presented: CertPin,
    },
    /// The pinned certificate cannot be read.
    #[error("certificate is not X.509")]
    Unreadable,
    /// Not valid yet by our clock.
    #[error("certificate is valid only from {0}")]
    NotYetValid(DateTime<Utc>),
    /// Not valid any more by our clock.
    #[error("certificate was valid until {0}")]
    Expired(DateTime<Utc>),
}

/// Judges the presented certificates as a Tailscale client does that was given the pin.
pub fn check_presented<'a>(
    chain: impl IntoIterator<Item = &'a [u8]>,
    pin: CertPin,
    now: DateTime<Utc>,
) -> Result<(), PinError> {
    let is_meta = |der: &&[u8]| {
        x509::read(der).and_then(|facts| facts.common_name).is_some_and(|cn| cn.starts_with(META_PREFIX))
    };
    let own: Vec<&[u8]> = chain.into_iter().filter(|der| !is_meta(der)).collect();
    let [der] = own[..] else { return Err(PinError::Count(own.len())) };
    let presented = CertPin::of_der(der);
    if presented != pin {
        return Err(PinError::Mismatch { presented });
    }
    let facts = x509::read(der).ok_or(PinError::Unreadable)?;
    if now < facts.not_before {
        return Err(PinError::NotYetValid(facts.not_before));
    }
    if now > facts.not_after {
        return Err(PinError::Expired(facts.not_after));
    }
    Ok(())
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CertError {
    /// The clock is before 1970 or beyond what a certificate can say.
    #[error("clock is out of range")]
    Clock,
    /// The library refuses.
    #[error("certificate cannot be made")]
    Make(#[from] rcgen::Error),
}

/// What a relay presents, as derper wants it in `-certdir`, and what its clients are told.
#[derive(Debug, Clone)]
pub struct RelayCertificate {
    /// The file `<address>.crt`.
    pub cert_pem: String,
    /// The file `<address>.key`: a secret, wiped on drop.
    pub key_pem: Zeroizing<String>,
    /// What goes into the derpMap.
    pub pin: CertPin,
    /// Last second of validity.
    pub not_after: DateTime<Utc>,
}

/// Makes the certificate of a relay at `address`: self-signed ECDSA P-256 with the address as subject
/// and alternative name, valid from a day before `now` for ten years. `serial` is random. The key
/// itself comes from the operating system: the library takes no other source.
pub fn relay_certificate(
    address: IpAddr,
    now: DateTime<Utc>,
    serial: [u8; 16],
) -> Result<RelayCertificate, CertError> {
    let not_before = now.checked_sub_days(Days::new(1)).ok_or(CertError::Clock)?;
    let not_after = now.checked_add_months(Months::new(VALID_MONTHS)).ok_or(CertError::Clock)?;
    let mut params = CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_epoch(not_before)?;
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + since_epoch(not_after)?;
    params.serial_number = Some(positive(serial));
    params.subject_alt_names = vec![SanType::IpAddress(address)];
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, address.to_string());
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let cert = params.self_signed(&key)?;
    Ok(RelayCertificate {
        cert_pem: cert.pem(),
        key_pem: Zeroizing::new(key.serialize_pem()),
        pin: CertPin::of_der(cert.der()),
        not_after,
    })
}

/// A serial number is a positive integer of at most 20 bytes; clearing the top bit and setting the next
/// keeps it one, in its shortest form.
fn positive(mut serial: [u8; 16]) -> SerialNumber {
    serial[0] = serial[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&serial)
}

fn since_epoch(at: DateTime<Utc>) -> Result<Duration, CertError> {
    u64::try_from(at.timestamp()).map(Duration::from_secs).map_err(|_| CertError::Clock)
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 25));

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn made() -> (RelayCertificate, CertificateDer<'static>) {
        let made = relay_certificate(ADDRESS, at("2026-11-24T10:00:00Z"), [0xff; 16]).unwrap();
        let der = CertificateDer::from_pem_slice(made.cert_pem.as_bytes()).unwrap();
        (made, der)
    }

    #[test]
    fn a_pin_has_one_text_form() {
        let pin = CertPin::of_der(b"abc");
        let text = "sha256-raw:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(pin.to_string(), text);
        assert_eq!(text.parse(), Ok(pin));
        assert_eq!("ba78".parse::<CertPin>(), Err(KeyParseError::Prefix("sha256-raw:")));
        assert_eq!("sha256-raw:ba78".parse::<CertPin>(), Err(KeyParseError::Hex));
    }

    #[test]
    fn the_certificate_is_for_the_address_and_ten_years() {
        let (made, der) = made();
        assert_eq!(made.pin, CertPin::of_der(&der));
        assert_eq!(
            x509::read(&der),
            Some(x509::Facts {
                common_name: Some("203.0.113.25".into()),
                not_before: at("2026-11-23T10:00:00Z"),
                not_after: at("2036-11-24T10:00:00Z"),
            })
        );
        let cert = rustls::server::ParsedCertificate::try_from(&der).unwrap();
        let name = rustls::pki_types::ServerName::from(ADDRESS);
        rustls::client::verify_server_name(&cert, &name).unwrap();
        assert!(made.key_pem.starts_with("-----BEGIN PRIVATE KEY-----"));
    }

    #[test]
    fn every_serial_number_is_accepted_by_tls() {
        for serial in [[0; 16], [0xff; 16], [0x80; 16]] {
            let made = relay_certificate(ADDRESS, at("2026-11-24T10:00:00Z"), serial).unwrap();
            let der = CertificateDer::from_pem_slice(made.cert_pem.as_bytes()).unwrap();
            rustls::server::ParsedCertificate::try_from(&der).unwrap();
        }
    }

    #[test]
    fn the_pin_and_the_dates_decide() {
        let (made, der) = made();
        let check = |chain: &[&[u8]], pin, now| check_presented(chain.iter().copied(), pin, at(now));
        assert_eq!(check(&[&der], made.pin, "2026-11-24T10:00:00Z"), Ok(()));
        assert_eq!(check(&[&der], made.pin, "2036-11-24T10:00:00Z"), Ok(()));
        assert_eq!(
            check(&[&der], made.pin, "2036-11-24T10:00:01Z"),
            Err(PinError::Expired(at("2036-11-24T10:00:00Z")))
        );
        assert_eq!(
            check(&[&der], made.pin, "2026-11-23T09:59:59Z"),
            Err(PinError::NotYetValid(at("2026-11-23T10:00:00Z")))
        );
        let other = CertPin::from_bytes([0; 32]);
        assert_eq!(
            check(&[&der], other, "2026-11-24T10:00:00Z"),
            Err(PinError::Mismatch { presented: made.pin })
        );
        assert_eq!(check(&[], made.pin, "2026-11-24T10:00:00Z"), Err(PinError::Count(0)));
        assert_eq!(check(&[&der, &der], made.pin, "2026-11-24T10:00:00Z"), Err(PinError::Count(2)));
        let noise = b"no certificate".as_slice();
        assert_eq!(
            check(&[noise], CertPin::of_der(noise), "2026-11-24T10:00:00Z"),
            Err(PinError::Unreadable)
        );
    }

    #[test]
    fn the_relays_second_certificate_is_passed_over() {
        let (made, der) = made();
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("derpkey{}", "ab".repeat(32)));
        let meta = params.self_signed(&key).unwrap();
        let now = at("2026-11-24T10:00:00Z");
        assert_eq!(check_presented([&*der, meta.der().as_ref()], made.pin, now), Ok(()));
        assert_eq!(check_presented([meta.der().as_ref()], made.pin, now), Err(PinError::Count(0)));
    }
}
