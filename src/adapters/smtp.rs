//! Mail over SMTP (RFC 5321), over connections that are kept and used again.

use std::time::Duration;

use async_trait::async_trait;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as Protection, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use crate::notify::{Mail, MailError, Mailer};

/// The longest wait for one answer of the mail server.
const ANSWER: Duration = Duration::from_secs(15);
/// The longest that a mail may take.
const WHOLE: Duration = Duration::from_secs(45);
/// Connections kept at most.
const CONNECTIONS: u32 = 4;

/// A mail server and how it is spoken to.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its name, also the one its certificate must carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// User and password, if it wants any.
    pub credentials: Option<(String, SecretString)>,
    /// Sender of our mails.
    pub from: Mailbox,
}

/// How a mail connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte (usual port 465).
    Implicit,
    /// Plain first, then STARTTLS, without which no mail is sent (usual port 587).
    Starttls,
    /// None: only for a mail server on this machine or a test.
    None,
}

/// Sends over SMTP.
#[derive(Debug)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// A mailer for this server; nothing is sent yet.
    pub fn new(server: &Server) -> Result<Self, MailError> {
        let parameters = || TlsParameters::new(server.host.clone()).map_err(refused);
        let protection = match server.tls {
            Tls::Implicit => Protection::Wrapper(parameters()?),
            Tls::Starttls => Protection::Required(parameters()?),
            Tls::None => Protection::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(protection)
            .timeout(Some(ANSWER))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS));
        if let Some((user, password)) = &server.credentials {
            builder =
                builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self { transport: builder.build(), from: server.from.clone() })
    }

    /// Connects and logs in, without sending anything.
    pub async fn check(&self) -> Result<(), MailError> {
        let test = self.transport.test_connection();
        match tokio::time::timeout(WHOLE, test).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(MailError::Unavailable("the mail server didn't answer".into())),
            Ok(Err(error)) => Err(failure(error)),
            Err(late) => Err(MailError::Unavailable(late.into())),
        }
    }

    fn message(&self, mail: &Mail) -> Result<Message, MailError> {
        let to = mail.to.as_str().parse().map_err(refused)?;
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .message_id(None)
            // RFC 3834: no holiday notes in answer to this.
            .header(AutoSubmitted);
        if let Some(address) = &mail.unsubscribe {
            builder = builder.header(ListUnsubscribe(format!("<{address}>")));
        }
        builder
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(refused)
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = self.message(mail)?;
        match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(error)),
            Err(late) => Err(MailError::Unavailable(late.into())),
        }
    }
}

fn refused(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> MailError {
    MailError::Refused(error.into())
}

/// What the server's answer means for this mail. One recipient a mail, so a refusal that isn't about us is about them.
fn failure(error: lettre::transport::smtp::Error) -> MailError {
    match error.status().map(u16::from) {
        // Authentication wanted, refused, too weak, over an open line (RFC 4954 6), commands that it doesn't take.
        Some(500..=504 | 530 | 534 | 535 | 538) => refused(error),
        Some(code @ 550..=559) => MailError::Recipient { code },
        Some(_) if error.is_permanent() => refused(error),
        None if error.is_client() => refused(error),
        Some(_) | None => MailError::Unavailable(error.into()),
    }
}

#[derive(Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[derive(Clone)]
struct ListUnsubscribe(String);

impl Header for ListUnsubscribe {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe")
    }

    fn parse(value: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(value.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}
