//! One connection to a relay: TCP, pinned TLS, the switch to DERP, and frames.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tls;
use crate::clock::Random;
use crate::derp::NodePrivate;
use crate::derp::frame::{self, Frame};
use crate::derp::handshake::{self, ClientInfo, HandshakeError};
use crate::derp::key::NONCE_LEN;
use crate::fleet::probe::ProbeFailure;

/// How much is read at once, in bytes; frames may be longer.
const READ_SIZE: usize = 8 << 10;
/// How long a relay is given to take our goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

/// A connection on which TLS stands; after [`Self::enter`] it speaks frames.
pub(super) struct Link {
    stream: TlsStream<TcpStream>,
    received: BytesMut,
    host: SocketAddr,
}

impl Link {
    /// Connects and checks the certificate.
    pub(super) async fn connect(to: SocketAddr, config: Arc<ClientConfig>) -> Result<Self, ProbeFailure> {
        let connect = async {
            let tcp = TcpStream::connect(to).await?;
            tcp.set_nodelay(true)?;
            // For an address no server name is sent, as from Tailscale's own client.
            TlsConnector::from(config).connect(ServerName::from(to.ip()), tcp).await
        };
        let stream = connect.await.map_err(|error: io::Error| tls::failure(&error))?;
        Ok(Self { stream, received: BytesMut::new(), host: to })
    }

    /// Goes through the handshake until the relay has let us in.
    pub(super) async fn enter(
        &mut self,
        ours: &NodePrivate,
        info: &ClientInfo,
        random: &dyn Random,
    ) -> Result<(), ProbeFailure> {
        self.write(handshake::upgrade_request(&self.host.to_string()).as_bytes()).await?;
        loop {
            if let Some(end) =
                handshake::upgrade_response(&self.received).map_err(|error| handshake_failure(&error))?
            {
                let _ = self.received.split_to(end);
                break;
            }
            self.read_more().await?;
        }
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let first = self.next().await?;
        let (introduction, wait) =
            handshake::introduce(&first, ours, info, nonce).map_err(|error| handshake_failure(&error))?;
        self.send(&introduction).await?;
        let second = self.next().await.map_err(said_no)?;
        wait.accept(&second).map_err(|error| handshake_failure(&error))?;
        Ok(())
    }

    /// Sends a frame.
    pub(super) async fn send(&mut self, frame: &Frame) -> Result<(), ProbeFailure> {
        let bytes = frame.to_bytes().map_err(|error| ProbeFailure::BadFrame(error.to_string()))?;
        self.write(&bytes).await
    }

    /// The next frame.
    pub(super) async fn next(&mut self) -> Result<Frame, ProbeFailure> {
        loop {
            let decoded = frame::decode(&mut self.received);
            if let Some(frame) = decoded.map_err(|error| ProbeFailure::BadFrame(error.to_string()))? {
                return Ok(frame);
            }
            self.read_more().await?;
        }
    }

    /// Ends the connection politely, so that the relay has no error to log.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(GOODBYE, self.stream.shutdown()).await;
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), ProbeFailure> {
        let write = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        write.await.map_err(|error: io::Error| tls::failure(&error))
    }

    async fn read_more(&mut self) -> Result<(), ProbeFailure> {
        self.received.reserve(READ_SIZE);
        match self.stream.read_buf(&mut self.received).await {
            Ok(0) => Err(ProbeFailure::Closed),
            Ok(_) => Ok(()),
            Err(error) => Err(tls::failure(&error)),
        }
    }
}

/// At a point where a relay decides about us, closing the connection is its only way to say no.
pub(super) fn said_no(failure: ProbeFailure) -> ProbeFailure {
    if failure == ProbeFailure::Closed { ProbeFailure::Rejected } else { failure }
}

fn handshake_failure(error: &HandshakeError) -> ProbeFailure {
    match error {
        HandshakeError::Status(status) => ProbeFailure::NotDerp(*status),
        HandshakeError::NotHttp
        | HandshakeError::OtherProtocol
        | HandshakeError::Unexpected { .. }
        | HandshakeError::Encode(_)
        | HandshakeError::Box(_)
        | HandshakeError::Json => ProbeFailure::BadFrame(error.to_string()),
    }
}
