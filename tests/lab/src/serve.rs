//! `lab serve`: Telegram, mail and the pages, with their state in a folder.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use lab::mail::{self, Mailbox};
use lab::page::Page;
use lab::telegram::{self, Telegram};
use tokio::signal::unix::{SignalKind, signal};

/// Telegram, mail and the pages to use them in the browser.
#[derive(Args)]
pub(crate) struct Serve {
    /// Address that everything listens on.
    #[arg(long, default_value_t = IpAddr::from(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Port of the Bot API.
    #[arg(long, default_value_t = 8081)]
    telegram_port: u16,
    /// Port of the chat page and the inbox page.
    #[arg(long, default_value_t = 8080)]
    page_port: u16,
    /// Port of the mail server.
    #[arg(long, default_value_t = 2525)]
    smtp_port: u16,
    /// Folder that keeps conversations and mails.
    #[arg(long)]
    state: PathBuf,
    /// The bot's token.
    #[arg(long)]
    token: Option<String>,
    /// The bot's public name, without @.
    #[arg(long)]
    bot_username: Option<String>,
    /// Send updates there, as if the bot had called setWebhook.
    #[arg(long, requires = "webhook_secret")]
    webhook: Option<String>,
    /// Secret that goes along with updates.
    #[arg(long)]
    webhook_secret: Option<String>,
    /// The ops group has topics.
    #[arg(long)]
    topics: bool,
    /// Leave out Telegram's flood limits.
    #[arg(long)]
    no_flood_limits: bool,
}

impl Serve {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let at = |port| SocketAddr::from((self.address, port));
        let mut options = telegram::Options {
            address: at(self.telegram_port),
            flood: !self.no_flood_limits,
            webhook_retry: Duration::from_secs(1),
            ..telegram::Options::default()
        };
        if let Some(token) = self.token {
            options.token = token;
        }
        if let Some(username) = self.bot_username {
            options.username = username;
        }
        let taken = |what: &str, port: u16| format!("{what} cannot start on port {port} with its folder");
        let tg = Telegram::open(options, &self.state.join("telegram"))
            .await
            .with_context(|| taken("Telegram", self.telegram_port))?;
        let mail_options = mail::Options { address: at(self.smtp_port), ..mail::Options::default() };
        let mailbox = Mailbox::open(mail_options, &self.state.join("mail"))
            .await
            .with_context(|| taken("The mail server", self.smtp_port))?;
        let page = Page::start(at(self.page_port), tg.clone(), mailbox.clone())
            .await
            .with_context(|| taken("The chat page", self.page_port))?;
        if let Some((url, secret)) = self.webhook.zip(self.webhook_secret) {
            tg.set_webhook(&url, &secret);
        }
        tg.group().set_forum(self.topics);
        println!("bot-api {}", tg.api_url());
        println!("smtp {}", mailbox.address());
        println!("chat http://{}/", page.address());
        println!("inbox http://{}/mail", page.address());
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be awaited")?;
        tokio::select! {
            _ = terminate.recv() => {}
            interrupted = tokio::signal::ctrl_c() => interrupted.context("Ctrl-C cannot be awaited")?,
        }
        tg.save().context("the conversations could not be saved")
    }
}
