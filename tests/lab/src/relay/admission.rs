//! Asking the admission URL about a client, as derper does (`-verify-client-url`).

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Collected, Full, Limited};
use hyper::{Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::wire::Key;

const TIME_LIMIT: Duration = Duration::from_secs(5);
const ANSWER_LIMIT: usize = 4096;

/// Where to ask.
#[derive(Debug, Clone)]
pub struct Admission {
    uri: Uri,
    fail_open: bool,
}

/// What was decided.
pub(super) enum Verdict {
    Allowed,
    /// Nobody could be asked, and that means yes.
    AllowedUnasked,
    Refused(String),
}

impl Admission {
    /// An `http://` URL. `fail_open` lets clients in when nobody answers there.
    pub fn new(url: &str, fail_open: bool) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("-verify-client-url {url:?}"))?;
        anyhow::ensure!(uri.scheme_str() == Some("http"), "this stand-in asks http:// URLs only");
        anyhow::ensure!(uri.host().is_some(), "-verify-client-url names no host");
        Ok(Self { uri, fail_open })
    }

    pub(super) async fn ask(&self, key: Key, source: IpAddr) -> Verdict {
        let answer = match tokio::time::timeout(TIME_LIMIT, self.post(key, source)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) if self.fail_open => return Verdict::AllowedUnasked,
            Ok(Err(error)) => return Verdict::Refused(format!("{error:#}")),
            Err(_) => return Verdict::Refused("context deadline exceeded".into()),
        };
        match answer {
            (StatusCode::OK, body) if allows(&body) => Verdict::Allowed,
            (StatusCode::OK, _) => {
                Verdict::Refused(format!("admission controller: {key}/{source} not allowed"))
            }
            (status, _) => Verdict::Refused(format!("admission controller: {status}")),
        }
    }

    async fn post(&self, key: Key, source: IpAddr) -> anyhow::Result<(StatusCode, Bytes)> {
        let host = self.uri.host().unwrap_or_default();
        let port = self.uri.port_u16().unwrap_or(80);
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let body = format!(r#"{{"NodePublic":"{key}","Source":"{source}"}}"#);
        let request = Request::post(self.uri.path_and_query().map_or("/", |path| path.as_str()))
            .header(header::HOST, self.uri.authority().map_or(host, |authority| authority.as_str()))
            .header(header::USER_AGENT, "Go-http-client/1.1")
            .header(header::ACCEPT_ENCODING, "gzip")
            .body(Full::new(Bytes::from(body)))?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_LIMIT).collect().await;
        driver.abort();
        // An answer that breaks off is an answer, and not a yes.
        Ok((status, body.map(Collected::to_bytes).unwrap_or_default()))
    }
}

/// `{"Allow":true}`, the name in any case, as Go reads it. Anything else is a no.
fn allows(body: &[u8]) -> bool {
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return false };
    members.iter().any(|(name, value)| name.eq_ignore_ascii_case("allow") && *value == Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        assert!(allows(br#"{"Allow":true}"#));
        assert!(allows(br#"{"allow": true, "x": 1}"#));
        for no in [r#"{"Allow":false}"#, r#"{"Allow":1}"#, "{}", "", "null", "true", r#"{"Allow":"#] {
            assert!(!allows(no.as_bytes()), "{no}");
        }
    }

    #[test]
    fn the_url_must_be_one_we_can_ask() {
        assert!(Admission::new("http://127.0.0.1:8080/derp/admit/T", false).is_ok());
        for url in ["https://a/", "http://", "/path", "ftp://a/", "::"] {
            assert!(Admission::new(url, false).is_err(), "{url}");
        }
    }
}
