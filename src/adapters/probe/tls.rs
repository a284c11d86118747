//! TLS towards a relay as a Tailscale client does it: the pin vouches for the certificate, no name is
//! asked for, no authority believed.

use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use crate::derp::CertPin;
use crate::derp::cert::{PinError, check_presented};
use crate::fleet::probe::ProbeFailure;

/// A configuration that accepts the pinned certificate alone, as of `now`.
pub(super) fn pinned(pin: CertPin, now: DateTime<Utc>) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinVerifier { pin, now, provider }))
        .with_no_client_auth();
    // A resumed session would not show its certificate again.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct PinVerifier {
    pin: CertPin,
    now: DateTime<Utc>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates).map(AsRef::as_ref);
        match check_presented(chain, self.pin, self.now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(error) => {
                Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error)))))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// How the end of a connection shows, whoever ended it and however.
const CLOSED: [io::ErrorKind; 4] = [
    io::ErrorKind::UnexpectedEof,
    io::ErrorKind::ConnectionReset,
    io::ErrorKind::ConnectionAborted,
    io::ErrorKind::BrokenPipe,
];

/// What an error of a socket or of TLS over it means for the relay.
pub(super) fn failure(error: &io::Error) -> ProbeFailure {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return tls_failure(tls);
    }
    let kind = error.kind();
    if kind == io::ErrorKind::ConnectionRefused {
        ProbeFailure::Refused
    } else if kind == io::ErrorKind::TimedOut {
        ProbeFailure::Timeout
    } else if CLOSED.contains(&kind) {
        ProbeFailure::Closed
    } else {
        ProbeFailure::Unreachable(kind)
    }
}

fn tls_failure(error: &Error) -> ProbeFailure {
    let pin = if let Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) = error {
        inner.downcast_ref::<PinError>()
    } else {
        None
    };
    match pin {
        Some(PinError::Count(count)) => ProbeFailure::CertificateCount(*count),
        Some(PinError::Mismatch { presented }) => ProbeFailure::PinMismatch { presented: *presented },
        Some(PinError::Unreadable) => ProbeFailure::CertificateUnreadable,
        Some(PinError::NotYetValid(from)) => ProbeFailure::NotYetValid(*from),
        Some(PinError::Expired(until)) => ProbeFailure::Expired(*until),
        None => ProbeFailure::Tls(error.to_string()),
    }
}
