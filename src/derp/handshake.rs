//! The client's side of opening a DERP connection, without the socket: the HTTP upgrade,
//! then `ServerKey` from the relay, `ClientInfo` from us, `ServerInfo` from the relay. Only the last
//! of these says that the relay let us in; a refusal is a closed connection.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::frame::{Frame, FrameError};
use super::key::{BoxError, MeshKey, NONCE_LEN, NodeKey, NodePrivate};

/// The version of the protocol we speak.
pub const PROTOCOL_VERSION: u32 = 2;
/// The longest answer to the upgrade that we read, in bytes.
pub const MAX_UPGRADE_RESPONSE: usize = 8 << 10;

/// A relay that does not open a connection as the protocol says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The answer to the upgrade is not HTTP, or longer than [`MAX_UPGRADE_RESPONSE`].
    #[error("answer to the DERP upgrade is not HTTP")]
    NotHttp,
    /// An HTTP server that does not switch to DERP.
    #[error("HTTP status {0} in place of the switch to DERP")]
    Status(u16),
    /// Status 101, but to another protocol.
    #[error("HTTP server switches to another protocol than DERP")]
    OtherProtocol,
    /// A frame out of turn.
    #[error("{got} in place of {wanted}")]
    Unexpected {
        /// The frame whose turn it was.
        wanted: &'static str,
        /// What came.
        got: &'static str,
    },
    /// A message that cannot be encoded; ours never is.
    #[error("message cannot be encoded")]
    Encode(#[source] FrameError),
    /// The relay's box does not open: it does not hold the key it showed.
    #[error("relay does not hold the key it showed")]
    Box(#[source] BoxError),
    /// The relay's box does not hold what it should.
    #[error("relay's information is not the JSON expected")]
    Json,
}

/// The request that turns an HTTP connection into a DERP one. `host` is the relay's `HostName` with
/// the port if that is not 443.
pub fn upgrade_request(host: &str) -> String {
    format!("GET /derp HTTP/1.1\r\nHost: {host}\r\nUpgrade: DERP\r\nConnection: Upgrade\r\n\r\n")
}

/// Looks for the end of the relay's answer in what has arrived so far: the number of bytes it takes,
/// `None` while it is incomplete, an error unless it switches to DERP.
pub fn upgrade_response(received: &[u8]) -> Result<Option<usize>, HandshakeError> {
    let window = received.get(..MAX_UPGRADE_RESPONSE).unwrap_or(received);
    let Some(end) = window.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        let started = received.len().min(5);
        if received[..started] != b"HTTP/"[..started] || received.len() >= MAX_UPGRADE_RESPONSE {
            return Err(HandshakeError::NotHttp);
        }
        return Ok(None);
    };
    let head = std::str::from_utf8(&window[..end]).map_err(|_| HandshakeError::NotHttp)?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .and_then(|rest| rest.split(' ').next())
        .and_then(|code| code.parse::<u16>().ok())
        .ok_or(HandshakeError::NotHttp)?;
    if status != 101 {
        return Err(HandshakeError::Status(status));
    }
    let to_derp = lines.filter_map(|line| line.split_once(':')).any(|(name, value)| {
        name.eq_ignore_ascii_case("upgrade") && value.trim().eq_ignore_ascii_case("derp")
    });
    if to_derp { Ok(Some(end + 4)) } else { Err(HandshakeError::OtherProtocol) }
}

/// What a client tells the relay about itself, boxed.
#[derive(Debug, Clone, Default)]
pub struct ClientInfo {
    /// A client that only measures; the relay does not count it among its users.
    pub is_prober: bool,
    /// Lets the client in without admission and makes it a manager.
    pub mesh_key: Option<MeshKey>,
}

#[derive(Serialize)]
struct ClientInfoJson<'a> {
    version: u32,
    #[serde(rename = "CanAckPings")]
    can_ack_pings: bool,
    #[serde(rename = "IsProber")]
    is_prober: bool,
    #[serde(rename = "meshKey", skip_serializing_if = "Option::is_none")]
    mesh_key: Option<&'a str>,
}

impl ClientInfo {
    fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, HandshakeError> {
        let mesh_key = self.mesh_key.as_ref().map(MeshKey::expose_text);
        let json = ClientInfoJson {
            version: PROTOCOL_VERSION,
            can_ack_pings: true,
            is_prober: self.is_prober,
            mesh_key: mesh_key.as_deref().map(String::as_str),
        };
        serde_json::to_vec(&json).map(Zeroizing::new).map_err(|_| HandshakeError::Json)
    }
}

/// What the relay tells a client it has let in, boxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct ServerInfo {
    /// The version of the protocol the relay speaks.
    #[serde(default)]
    pub version: u32,
    /// Bytes a second the client should send at most; 0 is no limit.
    #[serde(rename = "TokenBucketBytesPerSecond", default)]
    pub bytes_per_second: u64,
    /// Bytes the client may send at once under that limit.
    #[serde(rename = "TokenBucketBytesBurst", default)]
    pub burst_bytes: u64,
}

/// The state between `ClientInfo` and `ServerInfo`: we have said who we are, the relay is deciding.
#[derive(Debug)]
pub struct AwaitServerInfo<'a> {
    ours: &'a NodePrivate,
    relay: NodeKey,
}

/// Answers the relay's first frame, which must be its key, with our `ClientInfo`. `nonce` is random.
pub fn introduce<'a>(
    first: &Frame,
    ours: &'a NodePrivate,
    info: &ClientInfo,
    nonce: [u8; NONCE_LEN],
) -> Result<(Frame, AwaitServerInfo<'a>), HandshakeError> {
    let Frame::ServerKey(relay) = *first else {
        return Err(HandshakeError::Unexpected { wanted: "ServerKey", got: first.name() });
    };
    let sealed = ours.seal(&relay, nonce, &info.to_json()?).into();
    Ok((Frame::ClientInfo { key: ours.public(), sealed }, AwaitServerInfo { ours, relay }))
}

impl AwaitServerInfo<'_> {
    /// The relay's public key.
    pub const fn relay(&self) -> NodeKey {
        self.relay
    }

    /// Reads the relay's acceptance, its second frame.
    pub fn accept(&self, second: &Frame) -> Result<ServerInfo, HandshakeError> {
        let Frame::ServerInfo { sealed } = second else {
            return Err(HandshakeError::Unexpected { wanted: "ServerInfo", got: second.name() });
        };
        let json = self.ours.open(&self.relay, sealed).map_err(HandshakeError::Box)?;
        serde_json::from_slice(&json).map_err(|_| HandshakeError::Json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: DERP\r\nConnection: Upgrade\r\nDerp-Version: 2\r\nDerp-Public-Key: 8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a\r\n\r\n";

    fn keys() -> (NodePrivate, NodePrivate) {
        (NodePrivate::from_random([1; 32]), NodePrivate::from_random([2; 32]))
    }

    #[test]
    fn the_upgrade_request_is_byte_exact() {
        assert_eq!(
            upgrade_request("203.0.113.25:20417"),
            "GET /derp HTTP/1.1\r\nHost: 203.0.113.25:20417\r\nUpgrade: DERP\r\nConnection: Upgrade\r\n\r\n",
        );
    }

    #[test]
    fn the_answer_ends_where_frames_begin() {
        for cut in 0..GOOD.len() {
            assert_eq!(upgrade_response(&GOOD.as_bytes()[..cut]), Ok(None), "{cut}");
        }
        let with_frame = [GOOD.as_bytes(), &[1, 0, 0, 0, 40]].concat();
        assert_eq!(upgrade_response(&with_frame), Ok(Some(GOOD.len())));
        let lower = GOOD.to_ascii_lowercase().replace("http/", "HTTP/");
        assert_eq!(upgrade_response(lower.as_bytes()), Ok(Some(GOOD.len())));
    }

    #[test]
    fn an_answer_that_is_no_switch_is_named() {
        let answer = |text: &str| upgrade_response(text.as_bytes());
        assert_eq!(answer("HTTP/1.1 426 Upgrade Required\r\n\r\n"), Err(HandshakeError::Status(426)));
        assert_eq!(
            answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
            Err(HandshakeError::OtherProtocol),
        );
        assert_eq!(answer("SSH-2.0-OpenSSH"), Err(HandshakeError::NotHttp));
        assert_eq!(answer("HTTP/1.1 abc\r\n\r\n"), Err(HandshakeError::NotHttp));
        let endless = format!("HTTP/1.1 101 {}", "x".repeat(MAX_UPGRADE_RESPONSE));
        assert_eq!(answer(&endless), Err(HandshakeError::NotHttp));
        let late = format!("{endless}\r\n\r\n");
        assert_eq!(answer(&late), Err(HandshakeError::NotHttp));
    }

    #[test]
    fn client_info_is_the_boxed_json() {
        let (ours, relay) = keys();
        let plain = ClientInfo::default();
        let manager = ClientInfo { is_prober: true, mesh_key: Some(MeshKey::from_random([0xab; 32])) };
        for (info, json) in [
            (plain, r#"{"version":2,"CanAckPings":true,"IsProber":false}"#.to_owned()),
            (
                manager,
                format!(
                    r#"{{"version":2,"CanAckPings":true,"IsProber":true,"meshKey":"{}"}}"#,
                    "ab".repeat(32)
                ),
            ),
        ] {
            let first = Frame::ServerKey(relay.public());
            let (frame, _) = introduce(&first, &ours, &info, [5; NONCE_LEN]).unwrap();
            let Frame::ClientInfo { key, sealed } = frame else { panic!("{frame:?}") };
            assert_eq!(key, ours.public());
            assert_eq!(&sealed[..NONCE_LEN], &[5; NONCE_LEN]);
            assert_eq!(relay.open(&key, &sealed).unwrap(), json.as_bytes());
        }
    }

    #[test]
    fn only_server_info_is_acceptance() {
        let (ours, relay) = keys();
        let first = Frame::ServerKey(relay.public());
        let (_, wait) = introduce(&first, &ours, &ClientInfo::default(), [0; NONCE_LEN]).unwrap();
        let sealed = |by: &NodePrivate, json: &[u8]| Frame::ServerInfo {
            sealed: by.seal(&ours.public(), [9; NONCE_LEN], json).into(),
        };
        assert_eq!(
            wait.accept(&sealed(&relay, br#"{"version":2}"#)),
            Ok(ServerInfo { version: 2, bytes_per_second: 0, burst_bytes: 0 })
        );
        let limited =
            br#"{"version":2,"TokenBucketBytesPerSecond":1000,"TokenBucketBytesBurst":2000,"New":1}"#;
        assert_eq!(
            wait.accept(&sealed(&relay, limited)),
            Ok(ServerInfo { version: 2, bytes_per_second: 1000, burst_bytes: 2000 })
        );
        let stranger = NodePrivate::from_random([3; 32]);
        assert_eq!(wait.accept(&sealed(&stranger, br#"{"version":2}"#)), Err(HandshakeError::Box(BoxError)));
        assert_eq!(wait.accept(&sealed(&relay, b"no")), Err(HandshakeError::Json));
        assert_eq!(
            wait.accept(&Frame::KeepAlive),
            Err(HandshakeError::Unexpected { wanted: "ServerInfo", got: "KeepAlive" })
        );
    }

    #[test]
    fn the_first_frame_must_be_the_key() {
        let (ours, _) = keys();
        let early = introduce(&Frame::KeepAlive, &ours, &ClientInfo::default(), [0; NONCE_LEN]);
        assert_eq!(early.unwrap_err(), HandshakeError::Unexpected { wanted: "ServerKey", got: "KeepAlive" });
    }

    proptest! {
        #[test]
        fn arbitrary_answers_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = upgrade_response(&bytes);
            let _ = upgrade_response(&[b"HTTP/1.1 ".as_slice(), &bytes, b"\r\n\r\n"].concat());
        }
    }
}
