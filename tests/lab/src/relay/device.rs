//! A customer's device: a DERP client as simple as can be, to be let in, relayed for, or kicked.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::wire::{self, Identity, Key, bad, frame, read_body, read_header, split_key};

/// No answer of a relay takes longer.
const LIMIT: Duration = Duration::from_secs(10);

/// The relay closed the connection instead of letting the device in.
#[derive(Debug, thiserror::Error)]
#[error("the relay did not let the device in")]
pub struct Refused(#[source] pub io::Error);

/// A device that is connected to a relay.
#[derive(Debug)]
pub struct Device {
    stream: BufReader<TlsStream<TcpStream>>,
}

impl Device {
    /// Connects with the identity's key, whatever certificate the relay presents.
    pub async fn connect(relay: SocketAddr, identity: &Identity) -> Result<Self, Refused> {
        Self::connect_as(relay, identity, r#"{"version":2,"CanAckPings":true,"IsProber":false}"#).await
    }

    /// Connects saying `info` of itself.
    pub async fn connect_as(relay: SocketAddr, identity: &Identity, info: &str) -> Result<Self, Refused> {
        let entered = timeout(LIMIT, Self::enter(relay, identity, info)).await;
        entered.map_err(io::Error::from).flatten().map_err(Refused)
    }

    async fn enter(relay: SocketAddr, identity: &Identity, info: &str) -> io::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth();
        let tcp = TcpStream::connect(relay).await?;
        let name = ServerName::from(relay.ip());
        let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
        let mut stream = BufReader::new(tls);
        // Started fast: no HTTP answer comes, only frames.
        let request = format!(
            "GET /derp HTTP/1.1\r\nHost: {relay}\r\nUpgrade: DERP\r\nConnection: Upgrade\r\nDerp-Fast-Start: 1\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let body = expect(&mut stream, wire::SERVER_KEY).await?;
        let (key, _) = split_key(body.strip_prefix(wire::MAGIC).ok_or_else(|| bad("no DERP magic"))?)?;
        let info = identity.seal(key, info.as_bytes())?;
        stream.write_all(&frame(wire::CLIENT_INFO, &[&identity.key().0, &info])).await?;
        stream.flush().await?;
        let body = expect(&mut stream, wire::SERVER_INFO).await?;
        identity.open(key, &body)?;
        Ok(Self { stream })
    }

    /// Sends a packet to another device.
    pub async fn send(&mut self, to: Key, data: &[u8]) -> io::Result<()> {
        self.raw(&frame(wire::SEND_PACKET, &[&to.0, data])).await
    }

    /// Sends bytes as they are.
    pub async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// The next frame, whatever it is: type and payload.
    pub async fn frame(&mut self) -> io::Result<(u8, Vec<u8>)> {
        timeout(LIMIT, next(&mut self.stream)).await?
    }

    /// The next packet, with who sent it.
    pub async fn receive(&mut self) -> io::Result<(Key, Vec<u8>)> {
        let body = timeout(LIMIT, expect(&mut self.stream, wire::RECV_PACKET)).await??;
        let (from, data) = split_key(&body)?;
        Ok((from, data.to_vec()))
    }

    /// Waits until the relay closes the connection.
    pub async fn closed(&mut self) -> io::Result<()> {
        match self.receive().await {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(error),
            Err(_) => Ok(()),
            Ok(_) => Err(bad("a packet in place of the end")),
        }
    }
}

/// The payload of the next frame of a type; others are passed over.
async fn expect(stream: &mut BufReader<TlsStream<TcpStream>>, wanted: u8) -> io::Result<Vec<u8>> {
    loop {
        let (kind, body) = next(stream).await?;
        if kind == wanted {
            return Ok(body);
        }
    }
}

async fn next(stream: &mut BufReader<TlsStream<TcpStream>>) -> io::Result<(u8, Vec<u8>)> {
    let (kind, len) = read_header(stream).await?;
    Ok((kind, read_body(stream, len, 0..=32 + wire::MAX_PACKET).await?))
}

#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
