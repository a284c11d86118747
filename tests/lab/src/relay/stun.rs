//! STUN on the relay's side: answers Tailscale's binding requests and nothing else.

use std::net::{IpAddr, SocketAddr};

use tokio::net::UdpSocket;

const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// Answers until the socket fails.
pub(super) async fn serve(socket: UdpSocket) -> std::io::Result<()> {
    let mut buffer = [0; 1500];
    loop {
        let (len, from) = socket.recv_from(&mut buffer).await?;
        if let Some(answer) = answer(&buffer[..len], from) {
            // A client that is gone is no reason to stop.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// The answer to a request from `from`, if it is one.
fn answer(request: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    let transaction = transaction(request)?;
    let mask = [COOKIE.as_slice(), transaction].concat();
    // An IPv4 client of a dual-stack socket is told its mapped address as family 2, as derper does.
    let (family, ip) = match from.ip() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    let port = from.port().to_be_bytes();
    let len = u8::try_from(ip.len() + 4).ok()?;
    let mut out = vec![0x01, 0x01, 0x00, len + 4];
    out.extend(&mask);
    out.extend([0x00, 0x20, 0x00, len, 0x00, family, port[0] ^ COOKIE[0], port[1] ^ COOKIE[1]]);
    out.extend(ip.iter().zip(&mask).map(|(a, b)| a ^ b));
    Some(out)
}

/// The transaction of a binding request that names the software `tailnode` and ends in a right
/// fingerprint.
fn transaction(request: &[u8]) -> Option<&[u8]> {
    let (head, mut rest) = request.split_at_checked(20)?;
    let len = u16::from_be_bytes([head[2], head[3]]);
    if head[..2] != [0, 1] || head[4..8] != COOKIE || usize::from(len) != rest.len() {
        return None;
    }
    let mut from_tailscale = false;
    loop {
        let at = request.len() - rest.len();
        let (&[k1, k2, l1, l2], after) = rest.split_first_chunk::<4>()?;
        let len = usize::from(u16::from_be_bytes([l1, l2]));
        let value = after.get(..len)?;
        match [k1, k2] {
            [0x80, 0x22] => from_tailscale = value == b"tailnode",
            [0x80, 0x28] => {
                let sum = crc32(&request[..at]) ^ 0x5354_554e;
                let last = after.len() == len;
                return (from_tailscale && last && value == sum.to_be_bytes()).then_some(&head[8..20]);
            }
            _ => {}
        }
        rest = after.get(len.next_multiple_of(4)..)?;
    }
}

/// CRC-32 of IEEE 802.3, bit by bit: a request is 32 bytes.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| {
                if sum & 1 == 0 { sum >> 1 } else { (sum >> 1) ^ 0xedb8_8320 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Vec<u8> {
        let mut bytes = hex::decode("000100142112a4426162636465666768696a6b6c80220008").unwrap();
        bytes.extend(b"tailnode");
        let sum = (crc32(&bytes) ^ 0x5354_554e).to_be_bytes();
        bytes.extend([0x80, 0x28, 0, 4]);
        bytes.extend(sum);
        bytes
    }

    #[test]
    fn crc32_is_the_common_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn the_client_is_told_its_address() {
        let answer = answer(&request(), "203.0.113.7:4661".parse().unwrap()).unwrap();
        assert_eq!(
            hex::encode(answer),
            "0101000c2112a4426162636465666768696a6b6c002000080001".to_owned() + "3327" + "ea12d545",
        );
        let mapped = super::answer(&request(), "[::ffff:203.0.113.7]:4661".parse().unwrap()).unwrap();
        assert_eq!((mapped.len(), mapped[25]), (44, 2));
    }

    #[test]
    fn other_requests_get_no_answer() {
        let good = request();
        let from = "203.0.113.7:4661".parse().unwrap();
        for at in 0..good.len() {
            // A changed transaction breaks the fingerprint like all else.
            let mut changed = good.clone();
            changed[at] ^= 1;
            assert_eq!(answer(&changed, from), None, "byte {at}");
        }
        let plain = hex::decode("000100002112a4426162636465666768696a6b6c").unwrap();
        assert_eq!(answer(&plain, from), None);
        for cut in 0..good.len() {
            assert_eq!(answer(&good[..cut], from), None);
        }
    }
}
