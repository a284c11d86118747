//! What every bot does: hear, answer, edit, by polling and by webhook.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use lab::telegram::{Fault, Standing};
use serde_json::json;
use teloxide::net::Download;
use teloxide::payloads::{
    AnswerCallbackQuerySetters, EditMessageCaptionSetters, GetUpdatesSetters, SendDocumentSetters,
    SendMessageSetters, SetMyCommandsSetters, SetWebhookSetters,
};
use teloxide::prelude::Requester;
use teloxide::types::{
    BotCommand, BotCommandScope, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, InputMedia,
    InputMediaDocument, MessageEntityKind, MessageId, ParseMode, UpdateKind, UserId,
};
use teloxide::{ApiError, RequestError};
use tokio::sync::mpsc;

use crate::support::{raw, refused, telegram, updates};

#[tokio::test]
async fn a_conversation_by_polling() {
    let (tg, bot) = telegram().await;
    let me = bot.get_me().await.unwrap();
    assert_eq!(me.username(), "derpshop_bot");
    let lin = tg.user("lin");
    lin.start("d_7KQ2M");

    let batch = updates(&bot).await;
    let UpdateKind::Message(start) = &batch.last().unwrap().kind else { panic!("{batch:?}") };
    assert_eq!(start.text(), Some("/start d_7KQ2M"));
    assert_eq!(start.chat.id, ChatId(lin.id));
    assert_eq!(start.from.as_ref().unwrap().language_code.as_deref(), Some("zh-hans"));
    let command = &start.entities().unwrap()[0];
    assert_eq!((command.kind.clone(), command.offset, command.length), (MessageEntityKind::BotCommand, 0, 6));

    let rows = [
        vec![
            InlineKeyboardButton::callback("开始注册", "reg:start"),
            InlineKeyboardButton::callback("English", "en"),
        ],
        vec![InlineKeyboardButton::url("条款", "https://shop.example/terms".parse().unwrap())],
    ];
    let sent = bot
        .send_message(start.chat.id, "<b>你好</b> &lt;小林&gt; 🎉<code>x</code>")
        .parse_mode(ParseMode::Html)
        .reply_markup(InlineKeyboardMarkup::new(rows))
        .await
        .unwrap();
    assert_eq!(sent.text(), Some("你好 <小林> 🎉x"));
    let seen = lin.wait_message(|message| message.text.contains("你好")).await;
    assert_eq!(seen.html, "<b>你好</b> &lt;小林&gt; 🎉<code>x</code>");
    assert_eq!(
        lin.transcript(),
        "lin: /start d_7KQ2M\n\nbot: 你好 <小林> 🎉x\n[开始注册] [English] / [条款]"
    );

    let press = lin.press("开始注册").await;
    let batch = updates(&bot).await;
    let UpdateKind::CallbackQuery(query) = &batch[0].kind else { panic!("{batch:?}") };
    assert_eq!(query.data.as_deref(), Some("reg:start"));
    assert_eq!(query.regular_message().unwrap().id, sent.id);
    bot.answer_callback_query(query.id.clone()).text("好").show_alert(true).await.unwrap();
    let answer = press.answer().await;
    assert!(answer.alert && answer.text == "好");

    bot.edit_message_text(start.chat.id, sent.id, "把你的邮箱发给我").await.unwrap();
    let edited = lin.wait_edit(|message| message.text.contains("邮箱")).await;
    assert!(edited.edited && edited.keyboard.is_none());
    assert_eq!(lin.replies(), "(edited) 把你的邮箱发给我");

    lin.say("lin@example.com");
    let batch = updates(&bot).await;
    let UpdateKind::Message(mail) = &batch[0].kind else { panic!("{batch:?}") };
    assert_eq!(mail.entities().unwrap()[0].kind, MessageEntityKind::Email);
}

#[tokio::test]
async fn a_long_poll_ends_with_the_update_and_another_poller_ends_it() {
    let (tg, bot) = telegram().await;
    updates(&bot).await;
    let waiting = tokio::spawn({
        let bot = bot.clone();
        async move { bot.get_updates().timeout(20).await }
    });
    tg.user("lin").start("");
    let batch = waiting.await.unwrap().unwrap();
    assert_eq!(batch.len(), 1);
    let again = bot.get_updates().await.unwrap();
    assert_eq!(again[0].id, batch[0].id, "an update stays until the next offset confirms it");
    assert!(bot.get_updates().offset(batch[0].id.as_offset()).await.unwrap().is_empty());

    let first = tokio::spawn({
        let bot = bot.clone();
        async move { bot.get_updates().timeout(20).await }
    });
    let second = tokio::spawn({
        let bot = bot.clone();
        async move { bot.get_updates().timeout(20).await }
    });
    // Whoever came first is cut off, the other goes on waiting.
    let (ended, still) = tokio::select! {
        ended = first => (ended, None),
        ended = second => (ended, None::<()>),
    };
    assert!(still.is_none());
    let error = ended.unwrap().unwrap_err();
    assert!(matches!(error, RequestError::Api(ApiError::TerminatedByOtherGetUpdates)), "{error:?}");
}

struct Hook {
    url: String,
    got: mpsc::UnboundedReceiver<(HeaderMap, serde_json::Value)>,
    failing: Arc<AtomicUsize>,
}

/// A webhook that refuses as many deliveries as `failing` says.
async fn hook() -> Hook {
    let (tx, got) = mpsc::unbounded_channel();
    let failing = Arc::new(AtomicUsize::new(0));
    let left = Arc::clone(&failing);
    let app = Router::new().route(
        "/telegram",
        post(move |headers: HeaderMap, body: String| async move {
            tx.send((headers, serde_json::from_str(&body).unwrap())).unwrap();
            let refuse = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
            if refuse { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/telegram", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Hook { url, got, failing }
}

#[tokio::test]
async fn a_webhook_gets_updates_in_order_again_until_taken() {
    let (tg, bot) = telegram().await;
    let mut hook = hook().await;
    hook.failing.store(3, Ordering::SeqCst);
    bot.set_webhook(hook.url.parse().unwrap())
        .secret_token("s3cret-token")
        .drop_pending_updates(true)
        .await
        .unwrap();
    let lin = tg.user("lin");
    lin.start("");
    lin.say("二");
    lin.say("三");
    let mut texts = Vec::new();
    while texts.len() < 6 {
        let (headers, update) = hook.got.recv().await.unwrap();
        assert_eq!(headers["x-telegram-bot-api-secret-token"], "s3cret-token");
        texts.push(update["message"]["text"].as_str().unwrap().to_owned());
    }
    assert_eq!(texts, ["/start", "/start", "/start", "/start", "二", "三"]);
    tg.wait_delivered().await;
    let info = bot.get_webhook_info().await.unwrap();
    assert_eq!((info.pending_update_count, info.last_error_message.is_some()), (0, true));

    let id = tg.repeat_last_update().unwrap();
    let (_, update) = hook.got.recv().await.unwrap();
    assert_eq!(update["update_id"], id, "the same update again, under its old id");
    tg.wait_delivered().await;

    tg.hold();
    lin.say("四");
    assert_eq!(tg.pending_updates().len(), 1);
    tg.release();
    assert_eq!(hook.got.recv().await.unwrap().1["message"]["text"], "四");

    let error = bot.get_updates().await.unwrap_err();
    assert!(error.to_string().contains("can't use getUpdates method while webhook is active"), "{error}");
    bot.delete_webhook().await.unwrap();
    assert!(bot.get_updates().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_webhook_may_answer_with_a_call() {
    let (tg, bot) = telegram().await;
    let lin = tg.user("lin");
    let chat = lin.id;
    let app = Router::new().route(
        "/",
        post(move || async move {
            axum::Json(json!({"method": "sendMessage", "chat_id": chat, "text": "from the answer"}))
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    bot.set_webhook(url.parse().unwrap()).drop_pending_updates(true).await.unwrap();
    lin.start("");
    lin.wait_message(|message| message.text == "from the answer").await;
}

#[tokio::test]
async fn files_go_up_and_come_down() {
    let (tg, bot) = telegram().await;
    let lin = tg.user("lin");
    lin.start("");
    let file = InputFile::memory("{\"derpMap\":{}}").file_name("derpmap.json");
    let sent = bot
        .send_document(ChatId(lin.id), file)
        .caption("<i>配置</i>")
        .parse_mode(ParseMode::Html)
        .await
        .unwrap();
    let document = sent.document().unwrap();
    assert_eq!(document.file_name.as_deref(), Some("derpmap.json"));
    let seen = lin.last_message();
    assert_eq!(seen.render(), "<document derpmap.json>\n配置");
    assert_eq!(tg.file_bytes(&seen.file.unwrap().id).unwrap(), "{\"derpMap\":{}}");
    let again = InputFile::file_id(document.file.id.clone());
    bot.send_document(ChatId(lin.id), again).await.unwrap();
    let wrong = InputFile::file_id(document.file.id.clone());
    let error = bot.send_photo(ChatId(lin.id), wrong).await.unwrap_err();
    assert!(error.to_string().contains("type of file mismatch"), "{error}");

    lin.send_document("codes.csv", "text/csv", "a,b", "");
    let batch = updates(&bot).await;
    let UpdateKind::Message(message) = &batch.last().unwrap().kind else { panic!("{batch:?}") };
    let file = bot.get_file(message.document().unwrap().file.id.clone()).await.unwrap();
    let mut bytes = Vec::new();
    bot.download_file(&file.path, &mut bytes).await.unwrap();
    assert_eq!(bytes, b"a,b");
}

#[tokio::test]
async fn commands_follow_scope_and_language() {
    let (tg, bot) = telegram().await;
    let ops = tg.group();
    bot.set_my_commands([BotCommand::new("menu", "Main menu")]).await.unwrap();
    bot.set_my_commands([BotCommand::new("menu", "主菜单")])
        .scope(BotCommandScope::AllPrivateChats)
        .language_code("zh")
        .await
        .unwrap();
    let scope = BotCommandScope::Chat { chat_id: ChatId(ops.id).into() };
    bot.set_my_commands([BotCommand::new("servers", "服务器列表")]).scope(scope.clone()).await.unwrap();
    let names = |list: Vec<(String, String)>| list.into_iter().map(|(_, what)| what).collect::<Vec<_>>();
    assert_eq!(names(tg.user("lin").commands()), ["主菜单"]);
    assert_eq!(names(ops.member("zhe").commands()), ["服务器列表"]);
    bot.delete_my_commands().await.unwrap();
    assert_eq!(bot.get_my_commands().await.unwrap(), []);
}

#[tokio::test]
async fn chats_and_members_are_as_teloxide_reads_them() {
    let (tg, bot) = telegram().await;
    let ops = tg.group();
    let zhe = tg.user("zhe");
    tg.user("lin").start("");
    assert!(bot.get_chat(ChatId(tg.user("lin").id)).await.unwrap().is_private());
    assert!(bot.get_chat(ChatId(ops.id)).await.unwrap().is_supergroup());
    let admins = bot.get_chat_administrators(ChatId(ops.id)).await.unwrap();
    assert_eq!(admins.len(), 2);
    let owner = bot.get_chat_member(ChatId(ops.id), UserId(zhe.id.unsigned_abs())).await.unwrap();
    assert!(owner.is_owner());
    let me = bot.get_me().await.unwrap();
    let bot_member = bot.get_chat_member(ChatId(ops.id), me.id).await.unwrap();
    assert!(bot_member.is_administrator() && bot_member.can_manage_chat());
    ops.set("wang", Standing::Member);
    ops.set("wang", Standing::Left);
    zhe.start("");
    zhe.block();
    zhe.start("");
    for update in updates(&bot).await {
        assert!(!matches!(update.kind, UpdateKind::Error(_)), "teloxide cannot read {update:?}");
    }
}

#[tokio::test]
async fn faults_happen_as_asked_and_once() {
    let (tg, bot) = telegram().await;
    let lin = tg.user("lin");
    lin.start("");
    let send = || async { bot.send_message(ChatId(lin.id), "x").await };
    tg.fail_next("sendMessage", 1, &Fault::TooManyRequests(3));
    assert!(matches!(send().await.unwrap_err(), RequestError::RetryAfter(after) if after.seconds() == 3));
    tg.fail_next("sendMessage", 1, &Fault::HtmlPage(403));
    assert!(matches!(send().await.unwrap_err(), RequestError::InvalidJson { .. }));
    tg.fail_next("sendMessage", 1, &Fault::Reset);
    assert!(matches!(send().await.unwrap_err(), RequestError::Network(_)));
    assert_eq!(lin.messages().len(), 1);
    tg.fail_next("sendMessage", 1, &Fault::LostAnswer);
    assert!(matches!(send().await.unwrap_err(), RequestError::Network(_)));
    assert_eq!(lin.messages().len(), 2, "the message is there although the answer was lost");
    tg.fail_next("sendMessage", 1, &Fault::Timeout);
    assert!(tokio::time::timeout(Duration::from_millis(100), send()).await.is_err());
    send().await.unwrap();
    let (status, body) = {
        tg.fail_next("*", 1, &Fault::Server(502));
        raw(&tg, "getMe", json!({})).await
    };
    assert_eq!((status, body["description"].as_str()), (502, Some("Bad Gateway")));
    assert_eq!(tg.calls_to("SENDMESSAGE").len(), 6);
}

#[tokio::test]
async fn unknown_methods_and_tokens_are_refused() {
    let (tg, _) = telegram().await;
    assert_eq!(refused(&tg, "sendTelepathy", json!({})).await, "Not Found: method not found");
    let wrong = teloxide::Bot::new("4200001:wrong").set_api_url(tg.api_url().parse().unwrap());
    let error = wrong.get_me().await.unwrap_err();
    assert!(matches!(error, RequestError::Api(ApiError::InvalidToken)), "{error:?}");
}

#[tokio::test]
async fn messages_are_copied_forwarded_pinned_and_their_pictures_changed() {
    let (tg, bot) = telegram().await;
    let (lin, ops) = (tg.user("lin"), tg.group());
    lin.start("");
    let asked = lin.send_document("log.txt", "text/plain", "netcheck", "连不上");
    let asked = MessageId(i32::try_from(asked).unwrap());
    let (from, to) = (ChatId(lin.id), ChatId(ops.id));
    bot.copy_message(to, from, asked).await.unwrap();
    let forwarded = bot.forward_message(to, from, asked).await.unwrap();
    assert!(forwarded.forward_origin().is_some());
    assert_eq!(ops.transcript(), "bot: <document log.txt>\n连不上\n\nbot: <document log.txt>\n连不上");
    bot.pin_chat_message(to, forwarded.id).await.unwrap();
    assert_eq!(ops.pinned(), [i64::from(forwarded.id.0)]);
    bot.unpin_chat_message(to).await.unwrap();
    assert!(ops.pinned().is_empty());

    let file = |text: &'static str| InputFile::memory(text).file_name("a.json");
    let sent = bot.send_document(from, file("1")).await.unwrap();
    let media = InputMedia::Document(InputMediaDocument::new(file("2")).caption("二"));
    bot.edit_message_media(from, sent.id, media).await.unwrap();
    let seen = lin.wait_edit(|message| message.text == "二").await;
    assert_eq!(tg.file_bytes(&seen.file.unwrap().id).unwrap(), "2");
    bot.edit_message_caption(from, sent.id).caption("三").await.unwrap();
    lin.wait_edit(|message| message.text == "三").await;
}

#[tokio::test]
async fn what_a_person_sees_of_several_replies_comes_in_order() {
    let (tg, bot) = telegram().await;
    let lin = tg.user("lin");
    lin.start("");
    let first = bot.send_message(ChatId(lin.id), "1").await.unwrap();
    bot.edit_message_text(ChatId(lin.id), first.id, "1a").await.unwrap();
    bot.send_message(ChatId(lin.id), "2").await.unwrap();
    assert_eq!(lin.replies(), "1\n\n(edited) 1a\n\n2");
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(lin.next().await.text);
    }
    assert_eq!(seen, ["1", "1a", "2"]);
    lin.say("next");
    assert_eq!(lin.replies(), "", "what came before one's own words is read");
}
