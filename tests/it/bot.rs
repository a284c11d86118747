//! The bot before the lab's Telegram: how updates come in, and what everybody gets whatever they ask.

use derpshop::bot::commands;
use derpshop::db::MIGRATOR;
use derpshop::notify::{Action, Button, Messenger as _, Outgoing, SendError};
use derpshop::settings::{self, Setting};
use derpshop::types::ChatId;
use lab::telegram::{ChatKind, Fault, Standing};
use sqlx::PgPool;

use crate::harness::wait_until;
use crate::harness::world::{Setup, World};

#[sqlx::test(migrator = "MIGRATOR")]
async fn too_much_at_once_is_said_once_and_then_passed_over(pool: PgPool) {
    let world = World::with(pool, Setup { per_minute: 9, ..Setup::default() }).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    world.drain_until_idle().await;
    lin.read_all();
    for _ in 0..10 {
        lin.say("/nothing");
    }
    let warned = lin.wait_message(|message| message.text.contains("操作太快")).await;
    world.drain_until_idle().await;
    let after: Vec<_> = lin.messages().into_iter().filter(|message| message.id > warned.id).collect();
    assert!(after.iter().all(|message| message.author != "bot"), "{after:?}");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_button_of_an_older_version_says_so(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    // A press that waits behind something is answered before its turn, without words.
    world.drain_until_idle().await;
    let button = Button { label: "Old".into(), action: Action::Press("buy_12".into()) };
    let old = Outgoing::text("x").keyboard(vec![vec![button]]);
    world.client().send(ChatId(lin.chat).into(), &old).await.unwrap();
    let answer = lin.press("Old").await.answer().await;
    assert!(answer.text.contains("已失效"), "{answer:?}");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn who_stops_the_bot_gets_nothing_until_they_come_back(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    world.drain_until_idle().await;
    let pool = &world.fixture.app.pool;
    lin.block();
    let blocked = async || {
        let sql = "select count(*) from blocked_chats where chat_id = $1";
        sqlx::query_scalar::<_, i64>(sql).bind(lin.chat).fetch_one(pool).await.unwrap() == 1
    };
    wait_until("the block is known", &blocked).await;
    lin.unblock();
    lin.start("");
    wait_until("the block is forgotten", async || !blocked().await).await;
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_ops_group_is_followed_when_it_becomes_a_supergroup(pool: PgPool) {
    let world = World::start(pool).await;
    let app = &world.fixture.app;
    let basic = world.telegram.add_group("运维", ChatKind::Group, "zhe", Standing::Admin);
    settings::store::set(&app.pool, app.tenant, Setting::OpsGroup, ChatId(basic.id)).await.unwrap();
    let moved = basic.migrate();
    wait_until("the setting follows", async || {
        settings::store::get(&app.pool, app.tenant, Setting::OpsGroup).await.unwrap()
            == Some(ChatId(moved.id))
    })
    .await;
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_anonymous_admin_is_told_why_nothing_happens(pool: PgPool) {
    let world = World::start(pool).await;
    let group = world.telegram.group();
    group.anonymous("zhe").say("/servers");
    group.wait_message(|message| message.text.contains("匿名管理员")).await;
    world.drain_until_idle().await;
    let users = sqlx::query_scalar::<_, i64>("select count(*) from users").fetch_one(&world.fixture.app.pool);
    assert_eq!(users.await.unwrap(), 0, "nobody became a customer by it");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_reply_survives_what_telegram_does_to_it(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    for fault in [Fault::TooManyRequests(1), Fault::Server(502), Fault::HtmlPage(502), Fault::Reset] {
        world.telegram.fail_next("sendMessage", 1, &fault);
    }
    let to = ChatId(lin.chat).into();
    let sent = world.client().send_insisting(to, &Outgoing::text("<b>hi</b>")).await.unwrap();
    assert_eq!(lin.wait_message(|message| message.id == i64::from(sent.0)).await.html, "<b>hi</b>");
    // What can't succeed isn't insisted on.
    let broken = world.client().send_insisting(to, &Outgoing::text("<b>hi")).await;
    assert!(matches!(broken, Err(SendError::Refused(_))), "{broken:?}");
    lin.block();
    let blocked = world.client().send_insisting(to, &Outgoing::text("hi")).await;
    assert!(matches!(blocked, Err(SendError::Blocked(_))), "{blocked:?}");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn commands_are_listed_in_both_languages_and_only_once(pool: PgPool) {
    let world = World::start(pool.clone()).await;
    let listed = async || world.telegram.calls_to("setMyCommands").len() == 4;
    wait_until("private and ops commands in two languages", listed).await;
    let lin = world.telegram.user("lin");
    let private = lin.commands();
    assert!(private.contains(&("menu".to_owned(), "主菜单".to_owned())), "{private:?}");
    let ops = world.telegram.group().member("zhe").commands();
    assert!(ops.iter().any(|(name, _)| name == "server_add") && !ops.iter().any(|(name, _)| name == "menu"));
    commands::register_private(&world.client(), &world.texts).await.unwrap();
    assert_eq!(world.telegram.calls_to("setMyCommands").len(), 4, "nothing has changed");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn nobody_polls_while_a_webhook_is_set(pool: PgPool) {
    let world = World::start(pool).await;
    world.drain_until_idle().await;
    let polls = || world.telegram.calls_to("getUpdates").len();
    wait_until("polling", async || polls() > 0).await;
    world.telegram.set_webhook("http://127.0.0.1:9/telegram", "secret_0123456789");
    world.telegram.wait_call("getWebhookInfo", |call| call.outcome.is_ok()).await;
    let refused =
        async || world.telegram.calls_to("getUpdates").last().is_some_and(|call| call.outcome.is_err());
    wait_until("the running poll is refused", refused).await;
    let before = polls();
    wait_until("it looks again", async || world.telegram.calls_to("getWebhookInfo").len() >= 3).await;
    assert_eq!(polls(), before);
    world.finish().await;
}
