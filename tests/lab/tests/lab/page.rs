//! The page's own interface, and what outlives a restart.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use lab::mail::{self, Mailbox};
use lab::page::Page;
use lab::telegram::{Options, Telegram};
use serde_json::{Value, json};
use teloxide::Bot;
use teloxide::net::default_reqwest_settings;
use teloxide::payloads::SendMessageSetters;
use teloxide::prelude::Requester;
use teloxide::types::{ChatId, InlineKeyboardButton, InlineKeyboardMarkup, UpdateKind};

use crate::support::updates;

struct World {
    tg: Telegram,
    bot: Bot,
    _mailbox: Mailbox,
    page: Page,
    folder: PathBuf,
}

impl World {
    async fn open(folder: PathBuf) -> Self {
        let tg = Telegram::open(Options::default(), &folder.join("telegram")).await.unwrap();
        let mailbox = Mailbox::open(mail::Options::default(), &folder.join("mail")).await.unwrap();
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let page = Page::start(free, tg.clone(), mailbox.clone()).await.unwrap();
        let bot = Bot::new(tg.token()).set_api_url(tg.api_url().parse().unwrap());
        Self { tg, bot, _mailbox: mailbox, page, folder }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.page.address())
    }

    async fn get(&self, path: &str) -> Value {
        let client = default_reqwest_settings().build().unwrap();
        let text = client.get(self.url(path)).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"))
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let client = default_reqwest_settings().build().unwrap();
        let request =
            client.post(self.url(path)).header("content-type", "application/json").body(body.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("lab-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[tokio::test]
async fn a_person_acts_through_the_page() {
    let world = World::open(folder("page")).await;
    let lin = world.tg.user("lin");
    let state = world.get("/api/state?as=lin").await;
    assert_eq!(
        (&state["chats"][0]["started"], state["people"].as_array().unwrap().len()),
        (&json!(false), 3)
    );
    assert_eq!(world.get("/api/state?as=zhe").await["chats"].as_array().unwrap().len(), 2);

    assert_eq!(world.post("/api/start", json!({"as": "lin", "payload": "no spaces"})).await.0, 422);
    assert_eq!(world.post("/api/start", json!({"as": "lin", "payload": "r_X"})).await.0, 200);
    let buttons = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("激活", "redeem")]]);
    let sent = world.bot.send_message(ChatId(lin.id), "你好").reply_markup(buttons).await.unwrap();
    let chat = world.get(&format!("/api/chat?as=lin&chat={}", lin.id)).await;
    assert_eq!(chat["messages"][0]["text"], "/start r_X");
    assert_eq!(chat["messages"][1]["rows"][0][0]["text"], "激活");
    assert_eq!(world.get("/api/state?as=lin").await["chats"][0]["unread"], 1);
    world.post("/api/seen", json!({"as": "lin", "chat": lin.id, "message": sent.id.0})).await;
    assert_eq!(world.get("/api/state?as=lin").await["chats"][0]["unread"], 0);

    let press = json!({"as": "lin", "chat": lin.id, "message": sent.id.0, "row": 0, "column": 0});
    let (_, pressed) = world.post("/api/press", press.clone()).await;
    let seen = updates(&world.bot).await;
    let Some(UpdateKind::CallbackQuery(query)) = seen.last().map(|update| &update.kind) else {
        panic!("{seen:?}")
    };
    let path = format!("/api/answer?query={}", pressed["query"].as_str().unwrap());
    let (answer, sent) = tokio::join!(world.get(&path), world.bot.answer_callback_query(query.id.clone()));
    sent.unwrap();
    assert_eq!((&answer["text"], &answer["alert"]), (&json!(""), &json!(false)));
    let gone = json!({"as": "lin", "chat": lin.id, "message": 1_000_000, "row": 0, "column": 0});
    assert_eq!(world.post("/api/press", gone).await.0, 422);

    world.post("/api/block", json!({"as": "lin", "on": true})).await;
    assert_eq!(world.post("/api/say", json!({"as": "lin", "chat": lin.id, "text": "x"})).await.0, 422);
    assert_eq!(
        world.post("/api/say", json!({"as": "wang", "chat": world.tg.group().id, "text": "x"})).await.0,
        422
    );
    std::fs::remove_dir_all(&world.folder).unwrap();
}

#[tokio::test]
async fn files_of_people_reach_the_bot_and_the_page() {
    let world = World::open(folder("files")).await;
    let lin = world.tg.user("lin");
    lin.start("");
    let client = default_reqwest_settings().build().unwrap();
    let path = format!("/api/upload?as=lin&chat={}&name=%E8%B4%A6%E5%8D%95.csv&caption=look", lin.id);
    let sent =
        client.post(world.url(&path)).header("content-type", "text/csv").body("a,b").send().await.unwrap();
    assert_eq!(sent.status().as_u16(), 200);
    let seen = updates(&world.bot).await;
    let Some(UpdateKind::Message(message)) = seen.last().map(|update| &update.kind) else {
        panic!("{seen:?}")
    };
    assert_eq!(
        (message.caption(), message.document().unwrap().file_name.as_deref()),
        (Some("look"), Some("账单.csv"))
    );
    let file =
        world.get(&format!("/api/chat?as=lin&chat={}", lin.id)).await["messages"][1]["file"]["id"].clone();
    let down = client.get(world.url(&format!("/file/{}", file.as_str().unwrap()))).send().await.unwrap();
    assert_eq!(down.headers()["x-content-type-options"], "nosniff");
    assert_eq!(down.text().await.unwrap(), "a,b");
    std::fs::remove_dir_all(&world.folder).unwrap();
}

#[tokio::test]
async fn a_restart_keeps_conversations_files_and_pending_updates() {
    let folder = folder("restart");
    let (transcript, file) = {
        let world = World::open(folder.clone()).await;
        let lin = world.tg.user("lin");
        lin.start("d_1");
        world.bot.send_message(ChatId(lin.id), "你好").await.unwrap();
        lin.send_document("a.txt", "text/plain", "content", "");
        world.tg.save().unwrap();
        (lin.transcript(), lin.messages().last().unwrap().file.clone().unwrap())
    };
    let world = World::open(folder.clone()).await;
    let lin = world.tg.user("lin");
    assert_eq!(lin.transcript(), transcript);
    assert_eq!(world.tg.file_bytes(&file.id).unwrap(), "content");
    let seen = updates(&world.bot).await;
    let texts: Vec<_> = seen
        .iter()
        .filter_map(
            |update| if let UpdateKind::Message(message) = &update.kind { message.text() } else { None },
        )
        .collect();
    assert_eq!(texts, ["/start d_1"]);
    let next = world.bot.send_message(ChatId(lin.id), "again").await.unwrap();
    assert!(i64::from(next.id.0) > lin.messages()[2].id, "ids go on where they were");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn mails_are_shown_in_a_sandbox_and_outlive_a_restart() {
    use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
    let folder = folder("mails");
    let options = mail::Options::default();
    let mailbox = Mailbox::open(options.clone(), &folder.join("mail")).await.unwrap();
    let at = mailbox.address();
    let sender: AsyncSmtpTransport<Tokio1Executor> =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(at.ip().to_string()).port(at.port()).build();
    let html = "<a href=\"https://t.me/derpshop_bot?start=r_X\">open</a><script>alert(1)</script>";
    let mail = Message::builder()
        .from("a@shop.example".parse().unwrap())
        .to("lin@example.com".parse().unwrap())
        .subject("验证码")
        .multipart(lettre::message::MultiPart::alternative_plain_html("plain".to_owned(), html.to_owned()))
        .unwrap();
    sender.send(mail).await.unwrap();
    drop(mailbox);
    let world = World::open(folder.clone()).await;
    let list = world.get("/api/mails").await;
    assert_eq!(
        (&list["mails"][0]["subject"], &list["mails"][0]["start"]),
        (&json!("验证码"), &json!("plain"))
    );
    let client = default_reqwest_settings().build().unwrap();
    let shown = client.get(world.url("/api/mails/1/html")).send().await.unwrap();
    let policy = shown.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("sandbox ") && !policy.contains("allow-scripts"), "{policy}");
    assert!(shown.text().await.unwrap().contains("href=\"/?start=r_X\""));
    std::fs::remove_dir_all(&folder).unwrap();
}
