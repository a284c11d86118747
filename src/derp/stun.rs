//! STUN as Tailscale speaks it: a binding request that derper answers, and its answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const COOKIE: u32 = 0x2112_a442;
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const SOFTWARE: [u8; 2] = [0x80, 0x22];
const FINGERPRINT: [u8; 2] = [0x80, 0x28];
const XOR_MAPPED_ADDRESS: [u8; 2] = [0x00, 0x20];
/// derper answers only to this software name.
const TAILNODE: &[u8; 8] = b"tailnode";
const FINGERPRINT_XOR: u32 = 0x5354_554e;
const HEADER_LEN: usize = 20;

/// Bytes of a request.
pub const REQUEST_LEN: usize = 40;
/// More bytes than any answer to our request has; a longer datagram may be cut off here.
pub const RESPONSE_LIMIT: usize = 512;

/// Ties an answer to its request; random, so that nobody off the path can answer.
pub type TransactionId = [u8; 12];

/// A datagram that is no answer to a binding request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StunError {
    /// Not a STUN success answer at all.
    #[error("not a STUN binding answer")]
    NotBinding,
    /// The attributes run over the end or leave bytes over.
    #[error("STUN answer is cut or padded wrongly")]
    Malformed,
    /// The answer does not say which address it saw.
    #[error("STUN answer has no mapped address")]
    NoAddress,
}

/// An answer: whose request it answers and the address that request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response {
    /// The request's transaction.
    pub transaction: TransactionId,
    /// Our address as the relay saw it; IPv4 in IPv6 clothes is undressed.
    pub mapped: SocketAddr,
}

/// The request to send.
pub fn request(transaction: TransactionId) -> [u8; REQUEST_LEN] {
    let mut out = [0; REQUEST_LEN];
    out[..2].copy_from_slice(&BINDING_REQUEST);
    out[2..4].copy_from_slice(&[0, 20]);
    out[4..8].copy_from_slice(&COOKIE.to_be_bytes());
    out[8..20].copy_from_slice(&transaction);
    out[20..22].copy_from_slice(&SOFTWARE);
    out[22..24].copy_from_slice(&[0, 8]);
    out[24..32].copy_from_slice(TAILNODE);
    let fingerprint = crc32fast::hash(&out[..32]) ^ FINGERPRINT_XOR;
    out[32..34].copy_from_slice(&FINGERPRINT);
    out[34..36].copy_from_slice(&[0, 4]);
    out[36..40].copy_from_slice(&fingerprint.to_be_bytes());
    out
}

/// Reads an answer.
pub fn parse_response(datagram: &[u8]) -> Result<Response, StunError> {
    let (head, mut attributes) = datagram.split_first_chunk::<HEADER_LEN>().ok_or(StunError::NotBinding)?;
    let transaction: TransactionId = std::array::from_fn(|i| head[8 + i]);
    if head[..2] != BINDING_SUCCESS || head[4..8] != COOKIE.to_be_bytes() {
        return Err(StunError::NotBinding);
    }
    if usize::from(u16::from_be_bytes([head[2], head[3]])) != attributes.len() {
        return Err(StunError::Malformed);
    }
    while let Some((&[k1, k2, l1, l2], rest)) = attributes.split_first_chunk::<4>() {
        let len = usize::from(u16::from_be_bytes([l1, l2]));
        let value = rest.get(..len).ok_or(StunError::Malformed)?;
        if [k1, k2] == XOR_MAPPED_ADDRESS {
            return Ok(Response { transaction, mapped: mapped(value, transaction)? });
        }
        // The padding to four bytes may be missing at the very end.
        attributes = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    Err(StunError::NoAddress)
}

fn mapped(value: &[u8], transaction: TransactionId) -> Result<SocketAddr, StunError> {
    let (&[_, family, p1, p2], ip) = value.split_first_chunk::<4>().ok_or(StunError::Malformed)?;
    let [c1, c2, ..] = COOKIE.to_be_bytes();
    let port = u16::from_be_bytes([p1 ^ c1, p2 ^ c2]);
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&COOKIE.to_be_bytes());
    mask[4..].copy_from_slice(&transaction);
    let ip = match (family, ip.len()) {
        (1, 4) => IpAddr::V4(Ipv4Addr::from(std::array::from_fn(|i| ip[i] ^ mask[i]))),
        (2, 16) => Ipv6Addr::from(std::array::from_fn::<u8, 16, _>(|i| ip[i] ^ mask[i])).to_canonical(),
        _ => return Err(StunError::Malformed),
    };
    Ok(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TX: TransactionId = *b"abcdefghijkl";

    /// An answer laid out by hand after the protocol.
    fn answer(family: u8, ip: &[u8]) -> Vec<u8> {
        let value_len = u8::try_from(4 + ip.len()).unwrap();
        let mask = [[0x21, 0x12, 0xa4, 0x42].as_slice(), &TX].concat();
        let xored = ip.iter().zip(mask).map(|(a, b)| a ^ b).collect::<Vec<_>>();
        // Port 4661 is 0x1235, and 0x1235 ^ 0x2112 is 0x3327.
        [
            &[0x01, 0x01, 0x00, value_len + 4, 0x21, 0x12, 0xa4, 0x42],
            TX.as_slice(),
            &[0x00, 0x20, 0x00, value_len, 0x00, family, 0x33, 0x27],
            &xored,
        ]
        .concat()
    }

    #[test]
    fn the_request_is_byte_exact() {
        let bytes = request(TX);
        assert_eq!(hex::encode(&bytes[..8]), "000100142112a442");
        assert_eq!(&bytes[8..20], &TX);
        assert_eq!(hex::encode(&bytes[20..24]), "80220008");
        assert_eq!(&bytes[24..32], b"tailnode");
        assert_eq!(hex::encode(&bytes[32..36]), "80280004");
        // CRC-32 (IEEE) of the first 32 bytes, computed with zlib.
        assert_eq!(hex::encode(&bytes[36..40]), hex::encode((0x3752_c267_u32 ^ 0x5354_554e).to_be_bytes()));
    }

    #[test]
    fn an_ipv4_answer_is_32_bytes() {
        let bytes = answer(1, &[203, 0, 113, 7]);
        assert_eq!((bytes.len(), hex::encode(&bytes[..4])), (32, "0101000c".into()));
        let mapped = "203.0.113.7:4661".parse().unwrap();
        assert_eq!(parse_response(&bytes), Ok(Response { transaction: TX, mapped }));
    }

    #[test]
    fn ipv6_answers_are_44_bytes_and_mapped_ipv4_is_undressed() {
        let v6: Ipv6Addr = "2001:db8::7".parse().unwrap();
        let bytes = answer(2, &v6.octets());
        assert_eq!(bytes.len(), 44);
        assert_eq!(parse_response(&bytes).unwrap().mapped, "[2001:db8::7]:4661".parse().unwrap());
        let dressed = Ipv4Addr::new(203, 0, 113, 7).to_ipv6_mapped();
        let bytes = answer(2, &dressed.octets());
        assert_eq!(parse_response(&bytes).unwrap().mapped, "203.0.113.7:4661".parse().unwrap());
    }

    #[test]
    fn other_attributes_are_passed_over_with_their_padding() {
        let plain = answer(1, &[203, 0, 113, 7]);
        let mut bytes = plain[..20].to_vec();
        bytes[3] += 12;
        bytes.extend([0x80, 0x22, 0, 5]);
        bytes.extend(b"relay\0\0\0");
        bytes.extend(&plain[20..]);
        assert_eq!(parse_response(&bytes), parse_response(&plain));
    }

    #[test]
    fn what_is_no_answer_is_named() {
        let good = answer(1, &[203, 0, 113, 7]);
        assert_eq!(parse_response(&request(TX)), Err(StunError::NotBinding));
        assert_eq!(parse_response(&good[..19]), Err(StunError::NotBinding));
        assert_eq!(parse_response(&good[..31]), Err(StunError::Malformed));
        assert_eq!(parse_response(&answer(3, &[203, 0, 113, 7])), Err(StunError::Malformed));
        assert_eq!(parse_response(&answer(1, &[0; 16])), Err(StunError::Malformed));
        let mut bare = good[..20].to_vec();
        bare[3] = 0;
        assert_eq!(parse_response(&bare), Err(StunError::NoAddress));
    }

    proptest! {
        #[test]
        fn any_address_comes_through(ip in any::<Ipv4Addr>()) {
            let mapped = parse_response(&answer(1, &ip.octets())).unwrap().mapped;
            prop_assert_eq!(mapped, SocketAddr::from((ip, 4661)));
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(
            head in any::<bool>(),
            bytes in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let mut datagram = bytes;
            if head && datagram.len() >= 20 {
                let len = u16::try_from(datagram.len() - 20).unwrap().to_be_bytes();
                datagram[..8].copy_from_slice(&[1, 1, len[0], len[1], 0x21, 0x12, 0xa4, 0x42]);
            }
            let _ = parse_response(&datagram);
        }
    }
}
