//! Managing a running relay with its mesh key: who is connected, and out with one of them.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use super::link::{Link, said_no};
use super::{Attempt, SocketProber};
use crate::derp::NodeKey;
use crate::derp::frame::Frame;
use crate::derp::handshake::ClientInfo;
use crate::fleet::probe::{MeshError, OnlinePeer, ProbeFailure, ProbeTarget, RelayManager};

/// Presence flags of clients that are nobody's device: managers and probes.
const NOT_DEVICES: u8 = 2 | 4;
/// The list of who is online has no end mark; it is over when nothing has come for this long.
const QUIET: Duration = Duration::from_millis(300);
/// More peers than a relay of ours ever has; beyond, the list is cut.
const PEERS: usize = 10_000;

impl SocketProber {
    /// Goes in with the mesh key.
    async fn manage<'a>(&'a self, target: &ProbeTarget) -> Result<(Attempt<'a>, Link), MeshError> {
        let mesh_key = target.mesh_key.clone().ok_or(MeshError::NoKey)?;
        let enter = async {
            let attempt = self.attempt(target)?;
            let mut link = attempt.connect().await?;
            let info = ClientInfo { is_prober: true, mesh_key: Some(mesh_key) };
            attempt.enter(&mut link, &self.random_key(), &info).await?;
            Ok((attempt, link))
        };
        enter.await.map_err(MeshError::Relay)
    }
}

#[async_trait]
impl RelayManager for SocketProber {
    async fn kick(&self, target: &ProbeTarget, key: NodeKey) -> Result<(), MeshError> {
        let (attempt, mut link) = self.manage(target).await?;
        let kick = async {
            link.send(&Frame::ClosePeer(key)).await?;
            acknowledged(&mut link).await
        };
        attempt.within(self.limits.round_trip, kick).await.map_err(MeshError::Relay)?;
        link.close().await;
        Ok(())
    }

    async fn online(&self, target: &ProbeTarget) -> Result<Vec<OnlinePeer>, MeshError> {
        let (attempt, mut link) = self.manage(target).await?;
        let mut peers = BTreeMap::new();
        let list = async {
            link.send(&Frame::WatchConns).await?;
            // We ourselves are on the list, so that it is never empty.
            let mut wait = self.limits.round_trip;
            while peers.len() < PEERS {
                let Ok(frame) = timeout(wait, link.next()).await else { break };
                let frame = frame.map_err(said_no)?;
                if let Frame::PeerPresent { key, address, flags } = frame {
                    peers.insert(key, (address, flags));
                    wait = QUIET;
                } else if let Frame::PeerGone { key, .. } = frame {
                    peers.remove(&key);
                }
            }
            if peers.is_empty() { Err(ProbeFailure::Timeout) } else { Ok(()) }
        };
        attempt.within(self.limits.total, list).await.map_err(MeshError::Relay)?;
        link.close().await;
        let devices = peers.into_iter().filter(|(_, (_, flags))| flags & NOT_DEVICES == 0);
        Ok(devices.map(|(key, (address, _))| OnlinePeer { key, address }).collect())
    }
}

/// A relay works through what a client sends in order: when it answers the ping, what was sent before is
/// done. One that does not take us for its manager closes the connection instead.
async fn acknowledged(link: &mut Link) -> Result<(), ProbeFailure> {
    let token = *b"derpshop";
    link.send(&Frame::Ping(token)).await?;
    while link.next().await.map_err(said_no)? != Frame::Pong(token) {}
    Ok(())
}
