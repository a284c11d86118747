//! SMTP (RFC 5321) as a small strict server speaks it: EHLO, AUTH PLAIN and LOGIN, one mail after the other.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;

use super::{Fault, Mail, Shared, parse};

/// Largest mail, in bytes, announced as SIZE.
const MAX_MAIL: usize = 10 * 1024 * 1024;
/// Longest line with its end (RFC 5321 4.5.3.1.6).
const MAX_LINE: usize = 1000;

/// Accepts connections until the server stops.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut session = Session::new(BufStream::new(stream), Arc::clone(&shared));
            tokio::select! {
                () = shared.stop.cancelled() => {}
                // A sender that hangs up is nothing to report.
                _ = session.run() => {}
            }
        });
    }
}

struct Session<S> {
    stream: S,
    shared: Arc<Shared>,
    fault: Option<Fault>,
    greeted: bool,
    logged_in: bool,
    from: Option<String>,
    to: Vec<String>,
}

/// What a session does after a command.
enum Next {
    Go,
    Close,
}

impl<S: AsyncBufRead + AsyncWrite + Unpin> Session<S> {
    fn new(stream: S, shared: Arc<Shared>) -> Self {
        let fault = shared.next_fault();
        Self { stream, shared, fault, greeted: false, logged_in: false, from: None, to: Vec::new() }
    }

    async fn run(&mut self) -> std::io::Result<()> {
        if self.fault == Some(Fault::Hang) {
            self.shared.stop.cancelled().await;
            return Ok(());
        }
        self.say("220 lab.example ESMTP").await?;
        while let Some(line) = self.line().await? {
            if line.len() > MAX_LINE {
                self.say("500 5.5.2 Line too long").await?;
                continue;
            }
            let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
            match self.command(&line).await? {
                Next::Go => {}
                Next::Close => return Ok(()),
            }
        }
        Ok(())
    }

    async fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let n = self.stream.read_until(b'\n', &mut line).await?;
        Ok((n > 0).then_some(line))
    }

    async fn say(&mut self, answer: &str) -> std::io::Result<()> {
        self.stream.write_all(answer.as_bytes()).await?;
        self.stream.write_all(b"\r\n").await?;
        self.stream.flush().await
    }

    async fn command(&mut self, line: &str) -> std::io::Result<Next> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.reset();
                self.greeted = true;
                let size = format!("250-SIZE {MAX_MAIL}");
                for part in ["250-lab.example", "250-PIPELINING", &size, "250-8BITMIME", "250-SMTPUTF8"] {
                    self.say(part).await?;
                }
                self.say("250 AUTH PLAIN LOGIN").await?;
            }
            "HELO" => {
                self.reset();
                self.greeted = true;
                self.say("250 lab.example").await?;
            }
            "AUTH" => self.auth(rest).await?,
            "MAIL" => self.mail(rest).await?,
            "RCPT" => return self.rcpt(rest).await,
            "DATA" => return self.data().await,
            "RSET" => {
                self.reset();
                self.say("250 2.0.0 OK").await?;
            }
            "NOOP" => self.say("250 2.0.0 OK").await?,
            "VRFY" => self.say("252 2.5.2 Cannot verify").await?,
            "STARTTLS" => self.say("502 5.5.1 STARTTLS is not offered").await?,
            "QUIT" => {
                self.say("221 2.0.0 Bye").await?;
                return Ok(Next::Close);
            }
            _ => self.say("500 5.5.1 Unknown command").await?,
        }
        Ok(Next::Go)
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    async fn auth(&mut self, rest: &str) -> std::io::Result<()> {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let credentials = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let answer =
                    if initial.is_empty() { self.challenge("334 ").await? } else { initial.to_owned() };
                let plain = decode(&answer);
                let mut parts = plain.split('\0').skip(1).map(str::to_owned);
                parts.next().zip(parts.next())
            }
            "LOGIN" => {
                let user = if initial.is_empty() {
                    self.challenge("334 VXNlcm5hbWU6").await?
                } else {
                    initial.to_owned()
                };
                let password = self.challenge("334 UGFzc3dvcmQ6").await?;
                Some((decode(&user), decode(&password)))
            }
            _ => return self.say("504 5.5.4 Unknown mechanism").await,
        };
        let right = match (&self.shared.options.login, &credentials) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(login), Some(given)) => login == given,
        };
        self.logged_in = right && self.fault != Some(Fault::BadLogin);
        if self.logged_in {
            self.say("235 2.7.0 Welcome").await
        } else {
            self.say("535 5.7.8 Authentication credentials invalid").await
        }
    }

    async fn challenge(&mut self, words: &str) -> std::io::Result<String> {
        self.say(words).await?;
        let line = self.line().await?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }

    async fn mail(&mut self, rest: &str) -> std::io::Result<()> {
        if !self.greeted {
            return self.say("503 5.5.1 Say EHLO first").await;
        }
        if self.shared.options.login.is_some() && !self.logged_in {
            return self.say("530 5.7.0 Authentication required").await;
        }
        if self.fault == Some(Fault::TryLater) {
            return self.say("451 4.3.0 Try again later").await;
        }
        match path(rest, "FROM:") {
            Some(from) => {
                self.reset();
                self.from = Some(from);
                self.say("250 2.1.0 OK").await
            }
            None => self.say("501 5.5.4 Syntax: MAIL FROM:<address>").await,
        }
    }

    async fn rcpt(&mut self, rest: &str) -> std::io::Result<Next> {
        if self.from.is_none() {
            self.say("503 5.5.1 MAIL first").await?;
            return Ok(Next::Go);
        }
        let Some(to) = path(rest, "TO:").filter(|to| is_address(to)) else {
            self.say("553 5.1.3 Syntax: RCPT TO:<address>").await?;
            return Ok(Next::Go);
        };
        match self.shared.fault_of(&to).or(self.fault) {
            Some(Fault::NoSuchUser) => self.say("550 5.1.1 No such user here").await?,
            Some(Fault::TryLater) => self.say("451 4.2.1 Mailbox busy, try again later").await?,
            Some(Fault::Drop) => return Ok(Next::Close),
            Some(Fault::Hang) => {
                self.shared.stop.cancelled().await;
                return Ok(Next::Close);
            }
            Some(Fault::BadLogin) | None => {
                self.to.push(to);
                self.say("250 2.1.5 OK").await?;
            }
        }
        Ok(Next::Go)
    }

    async fn data(&mut self) -> std::io::Result<Next> {
        let Some(from) = self.from.clone().filter(|_| !self.to.is_empty()) else {
            self.say("503 5.5.1 RCPT first").await?;
            return Ok(Next::Go);
        };
        self.say("354 End data with <CR><LF>.<CR><LF>").await?;
        let mut raw = Vec::new();
        let (mut too_big, mut bad_line) = (false, false);
        loop {
            let Some(line) = self.line().await? else { return Ok(Next::Close) };
            if line == b".\r\n" {
                break;
            }
            bad_line |= line.len() > MAX_LINE || !line.ends_with(b"\r\n");
            too_big |= raw.len() + line.len() > MAX_MAIL;
            if !too_big {
                raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            }
        }
        let to = std::mem::take(&mut self.to);
        self.reset();
        let at = self.shared.options.clock.millis();
        let mail = Mail { at, from, to, raw, ..Mail::default() };
        let result = match (too_big, bad_line) {
            (true, _) => Err("552 5.3.4 Message too big"),
            (false, true) => Err("500 5.5.2 Lines must end with CRLF within 1000 octets"),
            (false, false) => parse::parse(mail),
        };
        match result {
            Ok(mail) => {
                let id = self.shared.add(mail);
                self.say(&format!("250 2.0.0 Kept as {id}")).await?;
            }
            Err(answer) => self.say(answer).await?,
        }
        Ok(Next::Go)
    }
}

/// The address between `<` and `>` after `FROM:` or `TO:`; parameters behind it are let through.
fn path(rest: &str, keyword: &str) -> Option<String> {
    let given = rest.get(..keyword.len())?;
    if !given.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (address, _) = rest[keyword.len()..].trim_start().strip_prefix('<')?.split_once('>')?;
    Some(address.to_owned())
}

fn is_address(text: &str) -> bool {
    text.rsplit_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !text.contains(' '))
}

fn decode(text: &str) -> String {
    STANDARD.decode(text.trim()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
