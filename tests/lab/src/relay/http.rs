//! The HTTP in front of the relay: the upgrade to DERP, and the few pages clients look at.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::wire::{Key, bad};

const HEAD_LIMIT: u64 = 8192;

/// A request without its body.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub(super) async fn read(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Self> {
        let mut from = from.take(HEAD_LIMIT);
        let mut line = String::new();
        from.read_line(&mut line).await?;
        let mut words = line.trim_end().splitn(3, ' ');
        let (Some(method), Some(path), Some("HTTP/1.1" | "HTTP/1.0")) =
            (words.next(), words.next(), words.next())
        else {
            return Err(bad("not an HTTP request"));
        };
        let mut request = Self { method: method.into(), path: path.into(), headers: Vec::new() };
        loop {
            line.clear();
            from.read_line(&mut line).await?;
            match line.trim_end() {
                // The end of the stream, or of the limit, is not the end of a head.
                _ if !line.ends_with('\n') => return Err(bad("HTTP head is cut or too long")),
                "" => return Ok(request),
                field => {
                    let (name, value) =
                        field.split_once(':').ok_or_else(|| bad("HTTP field without colon"))?;
                    request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                }
            }
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Whether it asks for DERP: the one path, and an upgrade to it.
    pub(super) fn is_derp(&self) -> bool {
        self.path == "/derp" && self.header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("derp"))
    }

    /// The answer of the TLS port to anything but DERP.
    pub(super) fn answer(&self, blank_home: bool) -> String {
        let get = matches!(self.method.as_str(), "GET" | "HEAD");
        match self.path.as_str() {
            "/derp" => plain("426 Upgrade Required", "DERP requires connection upgrade\n"),
            "/derp/probe" | "/derp/latency-check" if get => {
                reply("200 OK", "Access-Control-Allow-Origin: *\r\n", "")
            }
            "/derp/probe" | "/derp/latency-check" => plain("405 Method Not Allowed", "bogus probe method\n"),
            "/generate_204" => self.no_content(),
            "/robots.txt" => plain("200 OK", "User-agent: *\nDisallow: /\n"),
            "/" if blank_home => reply("200 OK", "", ""),
            "/" => plain("200 OK", "DERP relay\n"),
            _ => plain("404 Not Found", "404 page not found\n"),
        }
    }

    /// The answer of the plain port.
    pub(super) fn answer_plain(&self, hostname: &str) -> String {
        if self.path == "/generate_204" {
            return self.no_content();
        }
        reply("302 Found", &format!("Location: https://{hostname}{}\r\n", self.path), "")
    }

    /// 204, with the answer to a challenge if there is one, so that a captive portal cannot pass for us.
    fn no_content(&self) -> String {
        let fit = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
        let challenge = self
            .header("x-tailscale-challenge")
            .filter(|text| !text.is_empty() && text.len() <= 64 && text.chars().all(fit));
        let field = challenge.map(|text| format!("X-Tailscale-Response: response {text}\r\n"));
        format!("HTTP/1.1 204 No Content\r\n{}Connection: close\r\n\r\n", field.unwrap_or_default())
    }
}

fn plain(status: &str, body: &str) -> String {
    reply(status, "Content-Type: text/plain; charset=utf-8\r\n", body)
}

fn reply(status: &str, fields: &str, body: &str) -> String {
    let len = body.len();
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {len}\r\nConnection: close\r\n\r\n{body}")
}

pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), answer: &str) -> io::Result<()> {
    to.write_all(answer.as_bytes()).await?;
    to.shutdown().await
}

/// The switch to DERP.
pub(super) fn switch(relay: Key) -> String {
    let key = hex::encode(relay.0);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: DERP\r\nConnection: Upgrade\r\nDerp-Version: 2\r\n\
         Derp-Public-Key: {key}\r\n\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &str) -> io::Result<Request> {
        Request::read(&mut text.as_bytes()).await
    }

    #[tokio::test]
    async fn derp_needs_path_and_upgrade() {
        let derp = "GET /derp HTTP/1.1\r\nHost: h\r\nupgrade: derp\r\nConnection: Upgrade\r\n\r\n";
        assert!(read(derp).await.unwrap().is_derp());
        assert!(!read(&derp.replace("/derp ", "/x ")).await.unwrap().is_derp());
        let plain = read("GET /derp HTTP/1.1\r\n\r\n").await.unwrap();
        assert!(!plain.is_derp());
        assert!(plain.answer(true).starts_with("HTTP/1.1 426 "));
    }

    #[tokio::test]
    async fn broken_heads_are_errors() {
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(9000));
        for text in ["", "\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nx\r\n\r\n", &long]
        {
            assert!(read(text).await.is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_challenge_is_answered() {
        let ask = |path: &str, challenge: &str| {
            format!("GET {path} HTTP/1.1\r\nX-Tailscale-Challenge: {challenge}\r\n\r\n")
        };
        let good = read(&ask("/generate_204", "ts_1.2-a:b")).await.unwrap().answer(true);
        assert!(good.starts_with("HTTP/1.1 204 "));
        assert!(good.contains("\r\nX-Tailscale-Response: response ts_1.2-a:b\r\n"));
        let odd = read(&ask("/generate_204", "a b")).await.unwrap().answer(true);
        assert!(!odd.contains("Response"));
        let other = read(&ask("/x", "a")).await.unwrap().answer_plain("h");
        assert!(other.starts_with("HTTP/1.1 302 ") && other.contains("Location: https://h/x\r\n"));
    }
}
