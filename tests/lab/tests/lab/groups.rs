//! What Telegram refuses in groups, and of bots.

use lab::telegram::{ChatKind, NewUser, Standing};
use serde_json::{Value, json};
use teloxide::prelude::Requester;
use teloxide::types::{ChatId, UpdateKind};
use teloxide::{ApiError, RequestError};

use crate::rules::{PNG, send, send_refused};
use crate::support::{raw, refused, telegram, updates};

#[tokio::test]
async fn in_groups_privacy_mode_lets_little_through() {
    let (tg, bot) = telegram().await;
    let group = tg.add_group("邻居群", ChatKind::Supergroup, "wang", Standing::Member);
    group.set("lin", Standing::Member);
    updates(&bot).await;
    let lin = group.member("lin");
    let said = bot.send_message(ChatId(group.id), "hi").await.unwrap();
    lin.say("just talking");
    lin.say("/servers@other_bot");
    assert_eq!(updates(&bot).await.len(), 0);
    lin.say("/servers");
    lin.say("/servers@derpshop_bot tyo");
    lin.say("hey @derpshop_bot");
    lin.reply(said.id.0.into(), "a reply");
    assert_eq!(updates(&bot).await.len(), 4);
    group.set_bot(Standing::Admin);
    updates(&bot).await;
    lin.say("just talking");
    assert_eq!(updates(&bot).await.len(), 1, "an admin hears everything");
}

#[tokio::test]
async fn a_group_that_migrates_changes_its_id() {
    let (tg, bot) = telegram().await;
    let group = tg.add_group("小群", ChatKind::Group, "zhe", Standing::Member);
    tg.set_ops_group(&group);
    bot.send_message(ChatId(group.id), "before").await.unwrap();
    updates(&bot).await;
    let new = group.migrate();
    let error = bot.send_message(ChatId(group.id), "after").await.unwrap_err();
    assert!(matches!(error, RequestError::MigrateToChatId(id) if id.0 == new.id), "{error:?}");
    bot.send_message(ChatId(new.id), "after").await.unwrap();
    assert_eq!(tg.group().id, new.id);
    let seen = updates(&bot).await;
    let UpdateKind::Message(to) = &seen[0].kind else { panic!("{seen:?}") };
    assert_eq!(to.migrate_to_chat_id(), Some(&ChatId(new.id)));
    let UpdateKind::Message(from) = &seen[1].kind else { panic!("{seen:?}") };
    assert_eq!(from.migrate_from_chat_id(), Some(&ChatId(group.id)));
}

#[tokio::test]
async fn anonymous_admins_speak_as_the_group() {
    let (tg, bot) = telegram().await;
    let ops = tg.group();
    updates(&bot).await;
    ops.anonymous("zhe").say("/servers");
    let seen = updates(&bot).await;
    let UpdateKind::Message(message) = &seen[0].kind else { panic!("{seen:?}") };
    assert_eq!(message.sender_chat.as_ref().unwrap().id.0, ops.id);
    assert_eq!(message.from.as_ref().unwrap().username.as_deref(), Some("GroupAnonymousBot"));
    assert!(ops.transcript().starts_with("运维群: /servers"));
}

#[tokio::test]
async fn a_bot_that_was_thrown_out_cannot_write() {
    let (tg, _) = telegram().await;
    let ops = tg.group();
    ops.set_bot(Standing::Kicked);
    let kicked = send_refused(&tg, ops.id, json!({"text": "x"})).await;
    assert_eq!(kicked, "Forbidden: bot was kicked from the supergroup chat");
    ops.set_bot(Standing::Admin);
    assert_eq!(raw(&tg, "leaveChat", json!({"chat_id": ops.id})).await.0, 200);
    let left = send_refused(&tg, ops.id, json!({"text": "x"})).await;
    assert_eq!(left, "Forbidden: bot is not a member of the supergroup chat");
}

#[tokio::test]
async fn topics_need_a_forum_and_an_admin() {
    let (tg, bot) = telegram().await;
    let ops = tg.group();
    let topic = json!({"chat_id": ops.id, "name": "告警"});
    assert_eq!(refused(&tg, "createForumTopic", topic.clone()).await, "Bad Request: the chat is not a forum");
    ops.set_forum(true);
    let made = bot.create_forum_topic(ChatId(ops.id), "告警").await.unwrap();
    let thread = made.thread_id.0.0;
    let sent = send(&tg, ops.id, json!({"text": "x", "message_thread_id": thread})).await;
    assert_eq!((&sent["message_thread_id"], &sent["is_topic_message"]), (&json!(thread), &json!(true)));
    let nowhere = send_refused(&tg, ops.id, json!({"text": "x", "message_thread_id": 999})).await;
    assert_eq!(nowhere, "Bad Request: message thread not found");
    ops.member("zhe").in_topic(thread.into()).say("y");
    let last = updates(&bot).await;
    let UpdateKind::Message(message) = &last.last().unwrap().kind else { panic!("{last:?}") };
    assert_eq!(message.thread_id.unwrap().0.0, thread);
    ops.set_bot(Standing::Member);
    assert!(refused(&tg, "createForumTopic", topic).await.contains("not enough rights"));
}

#[tokio::test]
async fn webhooks_are_checked() {
    let (tg, bot) = telegram().await;
    let cases = [
        (json!({"url": "http://shop.example/t"}), "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            json!({"url": "https://shop.example:9000/t"}),
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        (
            json!({"url": "http://127.0.0.1:1/t", "secret_token": "no spaces"}),
            "secret token contains unallowed characters",
        ),
    ];
    for (args, why) in cases {
        assert_eq!(refused(&tg, "setWebhook", args).await, format!("Bad Request: {why}"));
    }
    raw(&tg, "setWebhook", json!({"url": "https://shop.example/t", "allowed_updates": ["message"]})).await;
    let info = bot.get_webhook_info().await.unwrap();
    assert_eq!(info.url.unwrap().as_str(), "https://shop.example/t");
    assert_eq!(info.allowed_updates.unwrap().len(), 1);
    bot.delete_webhook().await.unwrap();
    tg.user("lin").start("");
    tg.user("lin").block();
    let kinds: Vec<_> = updates(&bot).await.into_iter().map(|update| update.kind).collect();
    assert!(matches!(kinds.last(), Some(UpdateKind::Message(_))), "only what was asked for: {kinds:?}");
}

#[tokio::test]
async fn commands_and_profile_have_limits() {
    let (tg, _) = telegram().await;
    let command = |name: &str, what: &str| json!({"commands": [{"command": name, "description": what}]});
    let cases = [
        (command("Menu", "x"), "BOT_COMMAND_INVALID"),
        (command(&"a".repeat(33), "x"), "command length must not exceed 32"),
        (command("menu", ""), "command description can't be empty"),
        (command("menu", &"x".repeat(257)), "command description length must not exceed 256"),
    ];
    for (args, why) in cases {
        assert_eq!(refused(&tg, "setMyCommands", args).await, format!("Bad Request: {why}"));
    }
    let language = json!({"commands": [], "language_code": "zh-CN"});
    assert_eq!(refused(&tg, "setMyCommands", language).await, "Bad Request: invalid language code specified");
    let about = json!({"short_description": "x".repeat(121)});
    assert!(refused(&tg, "setMyShortDescription", about).await.contains("too long"));
    raw(&tg, "setMyName", json!({"name": "中继站", "language_code": "zh"})).await;
    assert_eq!(raw(&tg, "getMyName", json!({"language_code": "zh"})).await.1["result"]["name"], "中继站");
}

#[tokio::test]
async fn stars_are_paid_once_the_bot_agrees_and_given_back_once() {
    let (tg, bot) = telegram().await;
    let lin = tg.user("lin");
    lin.start("");
    let invoice = |change: Value| {
        let mut args = json!({
            "chat_id": lin.id, "title": "30 天", "description": "DERP 中继", "payload": "order:1", "currency": "XTR",
            "prices": [{"label": "30 天", "amount": 100}],
        });
        for (name, value) in change.as_object().unwrap() {
            args[name] = value.clone();
        }
        args
    };
    let cases = [
        (json!({"provider_token": "x"}), "STARS_INVOICE_INVALID"),
        (json!({"currency": "CNY"}), "PAYMENT_PROVIDER_INVALID"),
        (json!({"prices": []}), "there must be at least one price"),
        (
            json!({"prices": [{"label": "a", "amount": 1}, {"label": "b", "amount": 1}]}),
            "STARS_INVOICE_INVALID",
        ),
    ];
    for (change, why) in cases {
        assert_eq!(refused(&tg, "sendInvoice", invoice(change)).await, format!("Bad Request: {why}"));
    }
    raw(&tg, "sendInvoice", invoice(json!({}))).await;
    updates(&bot).await;
    let paying = tokio::spawn({
        let lin = lin.clone();
        async move { lin.pay().await }
    });
    tg.wait_update("pre_checkout_query").await;
    let seen = updates(&bot).await;
    let UpdateKind::PreCheckoutQuery(query) = &seen[0].kind else { panic!("{seen:?}") };
    assert_eq!((query.total_amount, query.invoice_payload.as_str()), (100, "order:1"));
    bot.answer_pre_checkout_query(query.id.clone(), true).await.unwrap();
    let charge = paying.await.unwrap().unwrap();
    let seen = updates(&bot).await;
    let UpdateKind::Message(paid) = &seen[0].kind else { panic!("{seen:?}") };
    assert_eq!(paid.successful_payment().unwrap().telegram_payment_charge_id.0, charge);
    let refund = json!({"user_id": lin.id, "telegram_payment_charge_id": charge});
    assert_eq!(raw(&tg, "refundStarPayment", refund.clone()).await.0, 200);
    assert_eq!(refused(&tg, "refundStarPayment", refund).await, "Bad Request: CHARGE_ALREADY_REFUNDED");
}

#[tokio::test]
async fn photos_must_be_pictures() {
    let (tg, bot) = telegram().await;
    let lin = tg.user("lin");
    lin.start("");
    let file = |bytes: &'static [u8]| teloxide::types::InputFile::memory(bytes).file_name("x.png");
    let sent = bot.send_photo(ChatId(lin.id), file(PNG)).await.unwrap();
    assert_eq!(sent.photo().unwrap()[0].width, 300);
    let error = bot.send_photo(ChatId(lin.id), file(b"no picture")).await.unwrap_err();
    assert!(matches!(error, RequestError::Api(ApiError::ImageProcessFailed)), "{error:?}");
}

#[tokio::test]
async fn newcomers_speak_their_language() {
    let (tg, bot) = telegram().await;
    let ann = tg.add_user(&NewUser { key: "ann", name: "Ann", username: "", language: "en" });
    ann.start("r_ABC");
    let seen = updates(&bot).await;
    let UpdateKind::Message(message) = &seen.last().unwrap().kind else { panic!("{seen:?}") };
    let from = message.from.as_ref().unwrap();
    assert_eq!((from.language_code.as_deref(), from.username.as_deref()), (Some("en"), None));
}
