//! Asking a relay over UDP which address we have.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::clock::Random;
use crate::derp::stun::{self, TransactionId};
use crate::fleet::probe::ProbeFailure;

/// Asks up to `tries` times, `wait` apart, and gives the time of the answered try.
pub(super) async fn ask(
    relay: SocketAddr,
    tries: u32,
    wait: Duration,
    random: &dyn Random,
) -> Result<Duration, ProbeFailure> {
    let any: IpAddr = match relay.ip() {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let unreachable = |error: io::Error| ProbeFailure::Unreachable(error.kind());
    let socket = UdpSocket::bind((any, 0)).await.map_err(unreachable)?;
    // Connected, so that only the relay's own address can answer, and the kernel tells what ours is.
    socket.connect(relay).await.map_err(unreachable)?;
    let ours = socket.local_addr().map_err(unreachable)?.ip();
    let mut asked: Vec<(TransactionId, Instant)> = Vec::new();
    let mut seen = ProbeFailure::NoStunAnswer;
    for _ in 0..tries {
        let mut transaction = TransactionId::default();
        random.fill(&mut transaction);
        asked.push((transaction, Instant::now()));
        let deadline = Instant::now() + wait;
        // A refusal of the last try surfaces here; the wait below sees the next one.
        let _ = socket.send(&stun::request(transaction)).await;
        let mut buffer = [0; stun::RESPONSE_LIMIT];
        while let Ok(received) = timeout_at(deadline, socket.recv(&mut buffer)).await {
            let Ok(len) = received else {
                seen = ProbeFailure::Refused;
                tokio::time::sleep_until(deadline).await;
                break;
            };
            let Ok(response) = stun::parse_response(&buffer[..len]) else {
                seen = ProbeFailure::BadStunAnswer;
                continue;
            };
            let Some((_, sent)) = asked.iter().find(|(id, _)| *id == response.transaction) else {
                seen = ProbeFailure::BadStunAnswer;
                continue;
            };
            if !fits(ours, relay.ip(), response.mapped.ip()) {
                return Err(ProbeFailure::WrongMappedAddress { mapped: response.mapped, ours });
            }
            return Ok(sent.elapsed());
        }
    }
    Err(seen)
}

/// Whether the relay may see us as `mapped`: as what we are, or, from behind a translator, as some
/// public address. A private one there is the relay's own host passing itself off as its clients.
fn fits(ours: IpAddr, relay: IpAddr, mapped: IpAddr) -> bool {
    mapped == ours || (is_private(ours) && !is_private(relay) && !is_private(mapped))
}

const fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            // 100.64.0.0/10 is shared by providers' translators (RFC 6598).
            let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || shared
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_address_or_our_translators_fits() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for (ours, relay, mapped, fit) in [
            ("203.0.113.7", "198.51.100.1", "203.0.113.7", true),
            ("203.0.113.7", "198.51.100.1", "203.0.113.8", false),
            ("203.0.113.7", "198.51.100.1", "172.17.0.1", false),
            ("192.168.1.2", "198.51.100.1", "203.0.113.8", true),
            ("192.168.1.2", "198.51.100.1", "172.17.0.1", false),
            ("100.64.9.9", "198.51.100.1", "203.0.113.8", true),
            ("100.128.0.1", "198.51.100.1", "203.0.113.8", false),
            ("10.77.1.1", "10.77.1.2", "10.77.1.1", true),
            ("10.77.1.1", "10.77.1.2", "172.17.0.1", false),
            ("10.77.1.1", "10.77.1.2", "203.0.113.8", false),
            ("2001:db8::1", "2001:db8::2", "2001:db8::1", true),
            ("fd00::1", "2001:db8::2", "2001:db8::9", true),
            ("fd00::1", "2001:db8::2", "fe80::1", false),
        ] {
            assert_eq!(fits(ip(ours), ip(relay), ip(mapped)), fit, "{ours} {relay} {mapped}");
        }
    }
}
