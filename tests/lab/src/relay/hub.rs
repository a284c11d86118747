//! Who is connected, and how a packet finds them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::wire::{Key, PEER_GONE, PEER_PRESENT, frame};

/// Packets waiting for one client; the oldest gives way.
const PACKETS: usize = 32;
/// Other frames waiting for one client; a client that lets more pile up is closed.
const CONTROL: usize = 4096;

pub(super) const REGULAR: u8 = 1;
pub(super) const MESH: u8 = 2;
pub(super) const PROBER: u8 = 4;
pub(super) const NOT_IDEAL: u8 = 8;

/// Why a peer is gone.
pub(super) const DISCONNECTED: u8 = 0;
pub(super) const NOT_HERE: u8 = 1;

/// One accepted connection.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) key: Key,
    pub(super) address: SocketAddr,
    pub(super) flags: u8,
    /// Ends the connection from outside.
    pub(super) close: CancellationToken,
    queue: Mutex<Queue>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    control: VecDeque<Vec<u8>>,
    packets: VecDeque<Vec<u8>>,
}

impl Conn {
    pub(super) fn new(key: Key, address: SocketAddr, flags: u8, close: CancellationToken) -> Arc<Self> {
        Arc::new(Self { key, address, flags, close, queue: Mutex::default(), wake: Notify::new() })
    }

    pub(super) fn send_control(&self, frame: Vec<u8>) {
        let mut queue = self.queue();
        if queue.control.len() == CONTROL {
            self.close.cancel();
            return;
        }
        queue.control.push_back(frame);
        self.wake.notify_one();
    }

    pub(super) fn send_packet(&self, frame: Vec<u8>) {
        let mut queue = self.queue();
        if queue.packets.len() == PACKETS {
            queue.packets.pop_front();
        }
        queue.packets.push_back(frame);
        self.wake.notify_one();
    }

    /// The next frame to write, when there is one.
    pub(super) async fn next(&self) -> Vec<u8> {
        loop {
            {
                let mut queue = self.queue();
                if let Some(frame) = queue.control.pop_front() {
                    return frame;
                }
                if let Some(frame) = queue.packets.pop_front() {
                    return frame;
                }
            }
            self.wake.notified().await;
        }
    }

    pub(super) fn peer_gone(&self, key: Key, reason: u8) {
        self.send_control(frame(PEER_GONE, &[&key.0, &[reason]]));
    }

    fn peer_present(&self, peer: &Self) {
        let ip = match peer.address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        let port = peer.address.port().to_be_bytes();
        self.send_control(frame(PEER_PRESENT, &[&peer.key.0, &ip.octets(), &port, &[peer.flags]]));
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All connections of a relay.
#[derive(Debug, Default)]
pub(super) struct Hub {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Connections by key; the last of a key is the one that packets go to.
    clients: HashMap<Key, Vec<Arc<Conn>>>,
    watchers: Vec<Arc<Conn>>,
}

impl Hub {
    pub(super) fn add(&self, conn: &Arc<Conn>) {
        let mut state = self.state();
        state.clients.entry(conn.key).or_default().push(Arc::clone(conn));
        for watcher in &state.watchers {
            watcher.peer_present(conn);
        }
    }

    /// Takes a connection out; if it was the key's last, those whom it had sent to are told.
    pub(super) fn remove(&self, conn: &Arc<Conn>, sent_to: &HashSet<Key>) {
        let mut state = self.state();
        state.watchers.retain(|watcher| !Arc::ptr_eq(watcher, conn));
        let Some(conns) = state.clients.get_mut(&conn.key) else { return };
        conns.retain(|other| !Arc::ptr_eq(other, conn));
        if !conns.is_empty() {
            return;
        }
        state.clients.remove(&conn.key);
        let told = sent_to.iter().filter_map(|key| state.clients.get(key)?.last());
        for peer in told.chain(&state.watchers) {
            peer.peer_gone(conn.key, DISCONNECTED);
        }
    }

    /// The connection that packets for `key` go to.
    pub(super) fn find(&self, key: Key) -> Option<Arc<Conn>> {
        self.state().clients.get(&key)?.last().cloned()
    }

    /// Of several connections with one key, the one that sends is the one in use.
    pub(super) fn note_sending(&self, conn: &Arc<Conn>) {
        let mut state = self.state();
        let Some(conns) = state.clients.get_mut(&conn.key) else { return };
        if let Some(at) = conns.iter().position(|other| Arc::ptr_eq(other, conn)) {
            let active = conns.remove(at);
            conns.push(active);
        }
    }

    pub(super) fn watch(&self, conn: &Arc<Conn>) {
        let mut state = self.state();
        for peer in state.clients.values().filter_map(|conns| conns.last()) {
            conn.peer_present(peer);
        }
        if !state.watchers.iter().any(|watcher| Arc::ptr_eq(watcher, conn)) {
            state.watchers.push(Arc::clone(conn));
        }
    }

    /// Closes every connection of a key.
    pub(super) fn kick(&self, key: Key) {
        self.state().clients.get(&key).into_iter().flatten().for_each(|conn| conn.close.cancel());
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        self.state().clients.keys().copied().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
