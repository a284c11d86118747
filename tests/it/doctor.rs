//! `derpshop doctor` and the processes that stay, as an operator meets them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use derpshop::base::{Base, fleet};
use derpshop::settings::{self, Setting};
use derpshop::types::{ChatId, TenantId};
use lab::{mail, telegram};
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::shop::Shop;

/// What doctor said, and how it ended.
fn doctor(shop: &Shop) -> (String, i32) {
    let output = shop.derpshop(&["doctor"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let dir = shop.file("").display().to_string();
    let code = output.status.code().expect("it ended by itself");
    (said.replace(dir.trim_end_matches('/'), "DIR"), code)
}

/// The line about one thing, and the cure under it.
fn about<'a>(said: &'a str, name: &str) -> &'a str {
    let found = said.split("\n\u{2713} ").flat_map(|part| part.split("\n\u{2717} ")).find(|part| {
        part.trim_start_matches(['\u{2713}', '\u{2717}', '-', ' ']).starts_with(&format!("{name}:"))
    });
    found.unwrap_or_else(|| panic!("nothing about {name} in:\n{said}"))
}

#[test]
fn a_wrong_configuration_is_told_in_full_and_counted() {
    let shop = Shop::new();
    shop.set("keyring_dir = 'x'\n[smtp]\ntls = 'ssl'\n[limits]\njobs = 0");
    let (said, code) = doctor(&shop);
    assert_eq!(code, 3, "{said}");
    for key in ["keyring_dir", "smtp.tls", "limits.jobs"] {
        assert!(said.contains(&format!("\u{2717} configuration: {key} ")), "{said}");
    }
    assert!(said.ends_with("3 things need attention.\n"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_has_a_line_and_what_is_wrong_a_cure() {
    let shop = Shop::new();
    let token = "123456:lab-token_0123456789abcdefghijklmnop";
    let options = telegram::Options { token: token.to_owned(), ..telegram::Options::default() };
    let lab_telegram = telegram::Telegram::start(options).await;
    let login = Some(("shop".to_owned(), "hunter2".to_owned()));
    let mailbox = mail::Mailbox::start(mail::Options { login, ..mail::Options::default() }).await;
    fs::write(shop.file("derper.tar"), "image").unwrap();
    let (mail, archive) = (mailbox.address(), shop.file("derper.tar"));
    shop.set(&format!(
        "[telegram]\ntoken = '{token}'\napi_url = '{}'\n\
         [smtp]\nhost = '{}'\nport = {}\ntls = 'none'\nuser = 'shop'\npassword = 'hunter2'\nfrom = 'a@example.org'\n\
         [relay.images.amd64]\nreference = 'derper:1'\nids = 'sha256:{}'\narchive = '{}'",
        lab_telegram.api_url(),
        mail.ip(),
        mail.port(),
        "0".repeat(64),
        archive.display(),
    ));

    // Before the first start.
    let (said, code) = doctor(&shop);
    assert!(about(&said, "schema").contains("derpshop migrate"), "{said}");
    assert!(about(&said, "ops group").contains("derpshop admin bind"), "{said}");
    assert!(said.contains("- keyring: not made yet"), "{said}");
    assert_eq!(code, 2, "{said}");

    let base = Base::open(shop.config()).await.unwrap();
    fleet(&base).await.unwrap();
    let group = ChatId(lab_telegram.group().id);
    settings::store::set(&base.app.pool, TenantId(1), Setting::OpsGroup, group).await.unwrap();
    base.close().await.unwrap();
    let (said, code) = doctor(&shop);
    assert_eq!(code, 0, "{said}");
    for good in
        ["configuration", "database", "schema", "keyring", "SSH key", "relay image amd64", "token", "updates"]
    {
        assert!(said.contains(&format!("\u{2713} {good}: ")), "{good}: {said}");
    }
    assert!(about(&said, "ops group").contains("the bot is an admin there"), "{said}");
    assert!(about(&said, "mail").contains("takes mails from a@example.org"), "{said}");
    assert!(said.contains("- public address: no public_url"), "{said}");
    assert!(said.contains("- backups: none yet"), "{said}");
    assert!(said.contains("- servers: none yet"), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("lab-token"), "{said}");

    // One fault each.
    fs::set_permissions(shop.file("keyring/lookup"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(&archive).unwrap();
    drop(mailbox);
    shop.set("[telegram2]");
    let text = fs::read_to_string(shop.file("derpshop.toml")).unwrap();
    let text =
        text.replace("[telegram2]", "").replace("data_dir", "public_url = 'http://127.0.0.1:1'\ndata_dir");
    fs::write(shop.file("derpshop.toml"), text.replace("lab-token", "other")).unwrap();
    let (said, code) = doctor(&shop);
    assert!(about(&said, "keyring").contains("chmod 600 DIR/keyring/lookup"), "{said}");
    assert!(about(&said, "relay image amd64").contains("docker save -o DIR/derper.tar derper:1"), "{said}");
    assert!(about(&said, "token").contains("@BotFather"), "{said}");
    assert!(about(&said, "mail").contains("smtp.host"), "{said}");
    assert!(about(&said, "public address").contains("`webhook` runs"), "{said}");
    assert_eq!(code, 5, "{said}");
}

/// Starts a process that stays, and waits until it says that it is up.
fn start(shop: &Shop, command: &str) -> Child {
    let mut child = shop.command(&[command]).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let mut said = String::new();
    loop {
        let Some(Ok(line)) = lines.next() else { panic!("it ended: {said}") };
        said = said + &line + "\n";
        if line.contains("derpshop::cli::serve: up") {
            break;
        }
    }
    // Read on, lest it waits for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("it runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_starts_stops_and_survives_a_kill() {
    let shop = Shop::new();
    let token = "123456:lab-token_0123456789abcdefghijklmnop";
    let options = telegram::Options { token: token.to_owned(), ..telegram::Options::default() };
    let lab_telegram = telegram::Telegram::start(options).await;
    let said = shop.refuses(&["run"]);
    assert!(said.contains("telegram.token is not set"), "{said}");
    shop.set(&format!(
        "[http]\nworker_metrics = '127.0.0.1:0'\n[telegram]\ntoken = '{token}'\napi_url = '{}'",
        lab_telegram.api_url()
    ));
    let running = |shop: &Shop| shop.file("postgres/data/postmaster.pid").exists();
    tokio::task::spawn_blocking(move || {
        let mut killed = start(&shop, "run");
        signal(&killed, Signal::KILL);
        killed.wait().unwrap();
        assert!(running(&shop), "the database outlives a kill");
        let mut first = start(&shop, "bot");
        let mut second = start(&shop, "worker");
        signal(&first, Signal::TERM);
        assert_eq!(first.wait().unwrap().code(), Some(0));
        assert!(running(&shop), "the worker still uses the database");
        signal(&second, Signal::INT);
        assert_eq!(second.wait().unwrap().code(), Some(0));
        assert!(!running(&shop), "the last one stops the database");
    })
    .await
    .unwrap();
}
