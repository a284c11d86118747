//! What is elsewhere: Telegram, the mail server, our own public address, the servers.

use super::local::Store;
use super::{Finding, chain};
use crate::adapters::smtp::Smtp;
use crate::adapters::ssh::{InstallationKey, SshHosts, SshLimits};
use crate::adapters::telegram::{Standing, Telegram};
use crate::adapters::web;
use crate::base::TENANT;
use crate::cli::serve;
use crate::config::{Config, Settings, TelegramMode};
use crate::fleet::host::{HostError, Hosts};
use crate::fleet::server::Server;
use crate::fleet::store::servers;
use crate::settings::{self, Setting};
use crate::types::{ChatId, InstallId};
use futures::StreamExt;
use std::time::Duration;

/// How long a server may take.
const SERVER: Duration = Duration::from_secs(20);
/// Servers looked at side by side.
const PARALLEL: usize = 16;
/// The most servers that are looked at.
const MOST: u32 = 10_000;

pub(super) async fn telegram(config: &Config, group: Option<ChatId>) -> Vec<Finding> {
    let cure = "ask @BotFather for the token (/mybots) and set telegram.token or TELEGRAM_TOKEN";
    let telegram = match serve::telegram(config) {
        Ok(telegram) => telegram,
        Err(error) => return vec![Finding::bad("token", chain(&error), cure)],
    };
    let name = match telegram.user_name().await {
        Ok(name) => name,
        Err(error) => {
            let api = &config.settings.telegram.api_url;
            let cure = format!("{cure}; if the token is right, check that this machine reaches {api}");
            return vec![Finding::bad("token", chain(&error.into()), cure)];
        }
    };
    let mut findings = vec![Finding::good("token", format!("it is @{name}'s"))];
    findings.push(updates(&telegram, &config.settings).await);
    findings.push(ops_group(&telegram, group, &name).await);
    findings
}

async fn updates(telegram: &Telegram, settings: &Settings) -> Finding {
    let state = match telegram.webhook_state().await {
        Ok(state) => state,
        Err(error) => return Finding::bad("updates", chain(&error.into()), "run doctor again in a minute"),
    };
    let restart = "restart `derpshop bot`, which sets it";
    match (settings.telegram.mode, &settings.public_url, state.url) {
        (TelegramMode::Polling, _, None) => {
            Finding::good("updates", format!("by polling; {} wait", state.pending))
        }
        (TelegramMode::Polling, _, Some(url)) => {
            let cure = "restart `derpshop bot`, which ends it, or set telegram.mode to \"webhook\"";
            Finding::bad("updates", format!("telegram.mode is polling, but a webhook is set at {url}"), cure)
        }
        (TelegramMode::Webhook, _, None) => Finding::bad("updates", "no webhook is set", restart),
        (TelegramMode::Webhook, public, Some(url)) => {
            let ours =
                public.as_ref().map(|public| format!("{}/telegram", public.as_str().trim_end_matches('/')));
            if ours.as_ref() != Some(&url) {
                return Finding::bad(
                    "updates",
                    format!("the webhook is set at {url}, which is not ours"),
                    restart,
                );
            }
            match state.last_error {
                Some(error) if state.pending > 0 => {
                    let fact = format!("{} wait; Telegram says: {error}", state.pending);
                    Finding::bad("updates", fact, "check that `webhook` runs and that the proxy leads to it")
                }
                Some(_) | None => {
                    Finding::good("updates", format!("by webhook at {url}; {} wait", state.pending))
                }
            }
        }
    }
}

async fn ops_group(telegram: &Telegram, group: Option<ChatId>, name: &str) -> Finding {
    let Some(group) = group else {
        let cure =
            "make a group, add the bot as an admin, run `derpshop admin bind`, and send what it says there";
        return Finding::bad("ops group", "none is bound, so alerts reach nobody", cure);
    };
    let promote = format!("open the group's administrators in Telegram and add @{name}");
    match telegram.standing(group).await {
        Ok(Standing::Admin) => {
            Finding::good("ops group", format!("bound ({group}), and the bot is an admin there"))
        }
        Ok(Standing::Member) => Finding::bad("ops group", "the bot is there, but not an admin", promote),
        Ok(Standing::Outside) => Finding::bad("ops group", "the bot is no longer in it", promote),
        Err(error) => {
            let cure = format!("{promote}; or bind another group with `derpshop admin bind`");
            Finding::bad("ops group", chain(&error.into()), cure)
        }
    }
}

pub(super) async fn mail(config: &Config) -> Finding {
    let Some(server) = &config.smtp else {
        return Finding::aside("mail", "no smtp.host, so accounts have no e-mail");
    };
    let place = format!("{}:{}", server.host, server.port);
    let checked = match Smtp::new(server) {
        Ok(smtp) => smtp.check().await,
        Err(error) => Err(error),
    };
    match checked {
        Ok(()) => Finding::good("mail", format!("{place} takes mails from {}", server.from.email)),
        Err(error) => {
            let cure = "check smtp.host, port, tls, user and password against your provider's page";
            Finding::bad("mail", format!("{place}: {}", chain(&error.into())), cure)
        }
    }
}

pub(super) async fn public_address(settings: &Settings) -> Finding {
    let Some(url) = &settings.public_url else {
        let lost = "no public_url: relays admit any device of any network, customers have no ACL page and no \
                    headscale URL, updates come by polling";
        return Finding::aside("public address", lost);
    };
    let page = format!("{}/healthz", url.as_str().trim_end_matches('/'));
    match web::look(&page).await {
        Ok(took) => Finding::good("public address", format!("{page} answers in {} ms", took.as_millis())),
        Err(error) => {
            let listen = settings.http.listen;
            let cure = format!(
                "check that `webhook` runs, that DNS leads here, and that the proxy leads to {listen}"
            );
            Finding::bad("public address", format!("{page}: {}", chain(&error.into())), cure)
        }
    }
}

pub(super) async fn servers(store: &Store, config: &Config) -> Vec<Finding> {
    let Some(pool) = store.pool() else { return Vec::new() };
    // Without a schema or a key there are none to look at, and both have lines of their own.
    let Ok(listed) = servers::list(pool, TENANT, 0, MOST).await else { return Vec::new() };
    let Ok(key) = InstallationKey::load(&config.settings.keyring_dir) else { return Vec::new() };
    if listed.is_empty() {
        return vec![Finding::aside("servers", "none yet; /server_add in the ops group adds one")];
    }
    let install = settings::store::get(pool, TENANT, Setting::Install).await.ok().flatten();
    let install = InstallId(install.unwrap_or_default());
    let line = key.authorized_line();
    let hosts = SshHosts::new(key, SshLimits::default());
    let looks = listed.iter().map(|listed| server(&hosts, &listed.server, install, &line));
    futures::stream::iter(looks).buffered(PARALLEL).collect().await
}

async fn server(hosts: &SshHosts, server: &Server, install: InstallId, line: &str) -> Finding {
    let name = format!("server {}", server.name());
    let place = format!("{}@{}:{}", server.ssh.user, server.ssh.address, server.ssh.port);
    let look = async { hosts.session(&server.ssh).await?.list(install).await };
    match tokio::time::timeout(SERVER, look).await {
        Ok(Ok(containers)) => {
            Finding::good(name, format!("{place}, Docker answers, {} containers of ours", containers.len()))
        }
        Ok(Err(error)) => {
            let cure = cure(&error, line);
            Finding::bad(name, format!("{place}: {}", chain(&error.into())), cure)
        }
        Err(_) => {
            let cure = "log in by hand and see what keeps it busy";
            Finding::bad(name, format!("{place}: no answer within {} s", SERVER.as_secs()), cure)
        }
    }
}

fn cure(error: &HostError, line: &str) -> String {
    match error {
        HostError::Unreachable { .. } | HostError::Lost { .. } | HostError::Timeout { .. } => {
            "check at the provider that it runs, and that its firewall lets this machine in".to_owned()
        }
        HostError::HostKeyChanged { .. } => {
            "if it was reinstalled, confirm the new key with /server_edit; if not, somebody may be in between"
                .to_owned()
        }
        HostError::AuthRefused { .. } => format!("put this line into its authorized_keys: {line}"),
        HostError::ForwardingOff => {
            "set `AllowStreamLocalForwarding yes` in its /etc/ssh/sshd_config and reload sshd".to_owned()
        }
        HostError::NoDocker | HostError::EngineDown | HostError::NoPermission { .. } => {
            "run /server_setup for it in the ops group".to_owned()
        }
        HostError::NoImage { .. }
        | HostError::ImageMissing { .. }
        | HostError::PortTaken { .. }
        | HostError::NameTaken { .. }
        | HostError::NotFound { .. }
        | HostError::Engine { .. }
        | HostError::Command { .. }
        | HostError::Archive { .. } => "see the worker's log, and /server_setup in the ops group".to_owned(),
    }
}
