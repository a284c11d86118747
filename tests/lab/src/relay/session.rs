//! One DERP connection on the relay's side, from the switch of protocols to its end.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

use super::Shared;
use super::admission::Verdict;
use super::hub::{Conn, MESH, NOT_HERE, NOT_IDEAL, PROBER, REGULAR};
use super::wire::{self, Key, bad, frame, read_body, read_header, split_key};

const WRITE_LIMIT: Duration = Duration::from_secs(2);
/// Peers a connection's end is told to.
const TOLD_PEERS: usize = 1024;
/// What packets that look for a path start with, "TS" and a speech balloon, and their least length.
const DISCO_MAGIC: &[u8] = "TS💬".as_bytes();
const DISCO_LEAST: usize = 62;

#[derive(Debug, Deserialize)]
struct ClientInfo {
    #[serde(rename = "meshKey", default)]
    mesh_key: String,
    #[serde(rename = "IsProber", default)]
    is_prober: bool,
}

/// A client on its way in.
pub(super) struct Newcomer<R, W> {
    pub(super) reader: R,
    pub(super) writer: W,
    pub(super) address: SocketAddr,
    /// The client would rather be at another relay of the region.
    pub(super) not_ideal: bool,
}

impl<R: AsyncBufRead + Unpin, W: AsyncWrite + Unpin> Newcomer<R, W> {
    /// Serves the client until it leaves, breaks the protocol or is closed; the error says why it ended.
    pub(super) async fn serve(mut self, relay: &Shared) -> io::Result<()> {
        let limit = relay.handshake_limit;
        let own = relay.identity.key();
        self.write(&frame(wire::SERVER_KEY, &[wire::MAGIC, &own.0])).await?;
        let (key, info) = timeout(limit, self.client_info(relay)).await.map_err(io::Error::from)??;
        let is_mesh = relay.mesh_key.as_ref().is_some_and(|mesh| *mesh == info.mesh_key);
        if !is_mesh {
            admit(relay, key, self.address).await?;
        }
        relay.log.line(&format!("derp: {}: client {key} accepted", self.address));
        let flags = [(info.is_prober, PROBER), (is_mesh, MESH), (self.not_ideal, NOT_IDEAL)];
        let flags = flags.into_iter().filter(|(set, _)| *set).fold(0, |all, (_, flag)| all | flag);
        let flags = if flags == 0 { REGULAR } else { flags };
        let conn = Conn::new(key, self.address, flags, relay.stop.child_token());
        let mut session = Session { relay, conn: Arc::clone(&conn), is_mesh, sent_to: HashSet::new() };
        relay.hub.add(&conn);
        let result = session.run(&mut self).await;
        relay.hub.remove(&conn, &session.sent_to);
        result
    }

    async fn client_info(&mut self, relay: &Shared) -> io::Result<(Key, ClientInfo)> {
        let (kind, len) = read_header(&mut self.reader).await?;
        if kind != wire::CLIENT_INFO {
            return Err(bad(format!("expected client info, got frame type {kind:#04x}")));
        }
        let body = read_body(&mut self.reader, len, 32 + 24..=wire::MAX_CLIENT_INFO).await?;
        let (key, sealed) = split_key(&body)?;
        let json = relay.identity.open(key, sealed)?;
        Ok((key, serde_json::from_slice(&json).map_err(|_| bad("client info is not JSON"))?))
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let all = async {
            self.writer.write_all(bytes).await?;
            self.writer.flush().await
        };
        timeout(WRITE_LIMIT, all).await.map_err(io::Error::from)?
    }
}

async fn admit(relay: &Shared, key: Key, address: SocketAddr) -> io::Result<()> {
    let Some(admission) = &relay.admission else { return Ok(()) };
    match admission.ask(key, address.ip()).await {
        Verdict::Allowed => Ok(()),
        Verdict::AllowedUnasked => {
            relay.log.line(&format!("admission controller unreachable; allowing client {key}"));
            Ok(())
        }
        Verdict::Refused(why) => Err(bad(format!("client {key} rejected: {why}"))),
    }
}

struct Session<'a> {
    relay: &'a Shared,
    conn: Arc<Conn>,
    is_mesh: bool,
    sent_to: HashSet<Key>,
}

impl Session<'_> {
    async fn run<R, W>(&mut self, client: &mut Newcomer<R, W>) -> io::Result<()>
    where
        R: AsyncBufRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let info = self.relay.identity.seal(self.conn.key, br#"{"version":2}"#)?;
        client.write(&frame(wire::SERVER_INFO, &[&info])).await?;
        let conn = Arc::clone(&self.conn);
        let (close, keep_alive) = (conn.close.clone(), self.relay.keep_alive);
        let Newcomer { reader, writer, .. } = client;
        tokio::select! {
            () = close.cancelled() => Err(bad(format!("client {} closed by the relay", conn.key))),
            result = self.read_all(reader) => result,
            result = write_all(&conn, writer, keep_alive) => result,
        }
    }

    async fn read_all(&mut self, reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<()> {
        loop {
            let (kind, len) = match read_header(reader).await {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                other => other?,
            };
            match kind {
                wire::NOTE_PREFERRED => drop(read_body(reader, len, 1..=1).await?),
                wire::SEND_PACKET => {
                    let body = read_body(reader, len, 32..=32 + wire::MAX_PACKET).await?;
                    let (to, data) = split_key(&body)?;
                    self.relay.hub.note_sending(&self.conn);
                    self.forward(self.conn.key, to, data);
                }
                wire::FORWARD_PACKET => {
                    self.need_mesh()?;
                    let body = read_body(reader, len, 64..=64 + wire::MAX_PACKET).await?;
                    let (from, rest) = split_key(&body)?;
                    let (to, data) = split_key(rest)?;
                    self.forward(from, to, data);
                }
                wire::WATCH_CONNS => {
                    self.need_mesh()?;
                    read_body(reader, len, 0..=0).await?;
                    self.relay.hub.watch(&self.conn);
                }
                wire::CLOSE_PEER => {
                    self.need_mesh()?;
                    let body = read_body(reader, len, 32..=32).await?;
                    self.relay.hub.kick(split_key(&body)?.0);
                }
                wire::PING => {
                    let body = read_body(reader, len, 8..=1000).await?;
                    self.conn.send_control(frame(wire::PONG, &[&body[..8]]));
                }
                _ => wire::skip_body(reader, len).await?,
            }
        }
    }

    fn need_mesh(&self) -> io::Result<()> {
        if self.is_mesh { Ok(()) } else { Err(bad("insufficient permissions")) }
    }

    fn forward(&mut self, from: Key, to: Key, data: &[u8]) {
        if let Some(peer) = self.relay.hub.find(to) {
            if from == self.conn.key && self.sent_to.len() < TOLD_PEERS {
                self.sent_to.insert(to);
            }
            peer.send_packet(frame(wire::RECV_PACKET, &[&from.0, data]));
        } else if data.len() >= DISCO_LEAST && data.starts_with(DISCO_MAGIC) {
            self.conn.peer_gone(to, NOT_HERE);
        }
    }
}

async fn write_all(
    conn: &Conn,
    writer: &mut (impl AsyncWrite + Unpin),
    keep_alive: Duration,
) -> io::Result<()> {
    let mut due = Instant::now() + keep_alive;
    loop {
        let bytes = tokio::select! {
            bytes = conn.next() => bytes,
            () = tokio::time::sleep_until(due) => {
                let jitter = u64::from(u16::from_be_bytes(wire::random())) % 5000;
                due = Instant::now() + keep_alive + Duration::from_millis(jitter);
                frame(wire::KEEP_ALIVE, &[])
            }
        };
        let sent = async {
            writer.write_all(&bytes).await?;
            writer.flush().await
        };
        timeout(WRITE_LIMIT, sent).await.map_err(io::Error::from)??;
    }
}
