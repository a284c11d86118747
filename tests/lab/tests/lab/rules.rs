//! What Telegram refuses, in its words.

use std::time::Duration;

use chrono::{TimeZone as _, Utc};
use lab::clock::Clock;
use lab::telegram::{Options, Telegram};
use serde_json::{Value, json};
use teloxide::prelude::Requester;
use teloxide::types::{ChatId, UpdateKind};
use teloxide::{ApiError, RequestError};

use crate::support::{raw, refused, telegram, telegram_with, updates};

pub(crate) const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x2c\x00\x00\x01\x2c\x08\x06\x00\x00\x00";

pub(crate) async fn send(tg: &Telegram, chat: i64, mut args: Value) -> Value {
    args["chat_id"] = chat.into();
    let (status, body) = raw(tg, "sendMessage", args).await;
    assert_eq!(status, 200, "{body}");
    body["result"].clone()
}

pub(crate) async fn send_refused(tg: &Telegram, chat: i64, mut args: Value) -> String {
    args["chat_id"] = chat.into();
    refused(tg, "sendMessage", args).await
}

pub(crate) fn html(text: &str) -> Value {
    json!({"text": text, "parse_mode": "HTML"})
}

#[tokio::test]
async fn texts_are_measured_in_utf16_after_parsing() {
    let (tg, _) = telegram().await;
    let lin = tg.user("lin");
    lin.start("");
    send(&tg, lin.id, html(&format!("<b>{}</b>", "🎉".repeat(2048)))).await;
    let long = send_refused(&tg, lin.id, html(&format!("<b>{}</b>", "🎉".repeat(2049)))).await;
    assert_eq!(long, "Bad Request: message is too long");
    for empty in ["", "   \n ", "<b></b>", "<i> </i>"] {
        assert_eq!(send_refused(&tg, lin.id, html(empty)).await, "Bad Request: message text is empty");
    }
    let trimmed = send(&tg, lin.id, html("\n <b> x</b> y \n")).await;
    assert_eq!(trimmed["text"], "x y");
    assert_eq!(trimmed["entities"], json!([{"type": "bold", "offset": 0, "length": 1}]));
    let sent = send(&tg, lin.id, json!({"text": "x"})).await;
    let edit = json!({"chat_id": lin.id, "message_id": sent["message_id"], "text": "x".repeat(4097)});
    assert_eq!(refused(&tg, "editMessageText", edit).await, "Bad Request: MESSAGE_TOO_LONG");
    let file = lin.send_document("a.txt", "text/plain", "a", "");
    let id = lin.messages().into_iter().find(|message| message.id == file).unwrap().file.unwrap().id;
    let document = json!({"chat_id": lin.id, "document": id, "caption": "说".repeat(1025)});
    assert_eq!(refused(&tg, "sendDocument", document).await, "Bad Request: message caption is too long");
}

#[tokio::test]
async fn html_is_read_as_telegram_reads_it() {
    let (tg, _) = telegram().await;
    let lin = tg.user("lin");
    lin.start("");
    let cases = [
        ("<b>x", "Can't find end tag corresponding to start tag \"b\""),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>x</b></i>", "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\""),
        ("a <br> b", "Unsupported start tag \"br\" at byte offset 2"),
        ("1 < 2", "Unsupported start tag \"\" at byte offset 2"),
        ("<a href=\"https://x.org>x</a>", "Unclosed start tag at byte offset 0"),
        (
            "<a href>x</a>",
            "Expected equal sign in declaration of an attribute of the tag \"a\" at byte offset 0",
        ),
        ("<a href=https://x.org>x</a>", "Unexpected end of name token at byte offset 8"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"),
        ("Tom & Jerry", "Unsupported character reference at byte offset 4"),
        ("a&nbsp;b", "Unsupported character reference at byte offset 1"),
        ("&#0;", "Unsupported character reference at byte offset 0"),
    ];
    for (text, why) in cases {
        let expected = format!("Bad Request: can't parse entities: {why}");
        assert_eq!(send_refused(&tg, lin.id, html(text)).await, expected, "{text}");
    }
    let good = "<b>粗<i>斜</i></b> <a href='https://x.org/?a=1&amp;b=2'>link</a> <code>a&lt;b</code> \
                <pre><code class=\"language-json\">{}</code></pre> <tg-spoiler>s</tg-spoiler> &#128512;&#x41;&quot; \
                <blockquote expandable>q</blockquote>";
    let sent = send(&tg, lin.id, html(good)).await;
    assert_eq!(sent["text"], "粗斜 link a<b {} s 😀A\" q");
    let kinds: Vec<_> =
        sent["entities"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
    let expected = ["bold", "italic", "text_link", "code", "pre", "spoiler", "expandable_blockquote"];
    assert_eq!(kinds, expected);
    assert_eq!(sent["entities"][2]["url"], "https://x.org/?a=1&b=2");
    assert_eq!(sent["entities"][4]["language"], "json");
    assert_eq!(
        lin.last_message().html,
        "<b>粗<i>斜</i></b> <a href=\"https://x.org/?a=1&amp;b=2\">link</a> <code>a&lt;b</code> \
         <pre><code class=\"language-json\">{}</code></pre> <tg-spoiler>s</tg-spoiler> 😀A&quot; \
         <blockquote expandable>q</blockquote>"
    );
    let mode = json!({"text": "x", "parse_mode": "BBCode"});
    assert_eq!(send_refused(&tg, lin.id, mode).await, "Bad Request: unsupported parse_mode");
    let outside = json!({"text": "ab", "entities": [{"type": "bold", "offset": 1, "length": 5}]});
    assert!(send_refused(&tg, lin.id, outside).await.contains("ends after the end of the text"));
}

#[tokio::test]
async fn keyboards_are_checked() {
    let (tg, _) = telegram().await;
    let lin = tg.user("lin");
    lin.start("");
    let button = |button: Value| json!({"text": "x", "reply_markup": {"inline_keyboard": [[button]]}});
    let parse = "Bad Request: can't parse inline keyboard button: ";
    let cases = [
        (
            json!({"text": "a", "callback_data": "x".repeat(65)}),
            "Bad Request: BUTTON_DATA_INVALID".to_owned(),
        ),
        (
            json!({"text": "a", "callback_data": "说".repeat(22)}),
            "Bad Request: BUTTON_DATA_INVALID".to_owned(),
        ),
        (json!({"text": "a"}), format!("{parse}Text buttons are unallowed in the inline keyboard")),
        (json!({"text": " ", "callback_data": "x"}), format!("{parse}Field \"text\" must be non-empty")),
        (
            json!({"text": "a", "callback_data": "x", "url": "https://x.org"}),
            format!("{parse}exactly one action must be specified for the button"),
        ),
        (json!({"text": "a", "copy_text": {"text": ""}}), "Bad Request: BUTTON_COPY_TEXT_INVALID".to_owned()),
        (
            json!({"text": "a", "copy_text": {"text": "x".repeat(257)}}),
            "Bad Request: BUTTON_COPY_TEXT_INVALID".to_owned(),
        ),
        (
            json!({"text": "a", "url": "ftp://x.org"}),
            "Bad Request: inline keyboard button URL 'ftp://x.org' is invalid: Unsupported URL protocol"
                .to_owned(),
        ),
        (
            json!({"text": "a", "url": "http://localhost/x"}),
            "Bad Request: inline keyboard button URL 'http://localhost/x' is invalid: Wrong HTTP URL"
                .to_owned(),
        ),
        (json!({"text": "a", "pay": true}), "Bad Request: BUTTON_TYPE_INVALID".to_owned()),
    ];
    for (wrong, why) in cases {
        assert_eq!(send_refused(&tg, lin.id, button(wrong.clone())).await, why, "{wrong}");
    }
    send(&tg, lin.id, button(json!({"text": "a", "callback_data": "x".repeat(64)}))).await;
    send(&tg, lin.id, button(json!({"text": "a", "copy_text": {"text": "x".repeat(256)}}))).await;
    let row: Vec<Value> = (0..9).map(|n| json!({"text": "a", "callback_data": n.to_string()})).collect();
    let wide = json!({"text": "x", "reply_markup": {"inline_keyboard": [row]}});
    assert_eq!(send_refused(&tg, lin.id, wide).await, "Bad Request: reply markup is too long");
}

#[tokio::test]
async fn edits_must_change_something_of_ones_own() {
    let (tg, bot) = telegram().await;
    let lin = tg.user("lin");
    let own = lin.start("");
    let keyboard = json!({"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]});
    let sent = send(&tg, lin.id, json!({"text": "x", "reply_markup": keyboard})).await;
    let id = sent["message_id"].clone();
    let edit = |id: Value, text: &str, keyboard: &Value| json!({"chat_id": lin.id, "message_id": id, "text": text, "reply_markup": keyboard});
    let same =
        bot.edit_message_text(ChatId(lin.id), teloxide::types::MessageId(1_000_000), "y").await.unwrap_err();
    assert!(matches!(same, RequestError::Api(ApiError::MessageToEditNotFound)), "{same:?}");
    let (status, body) = raw(&tg, "editMessageText", edit(id.clone(), " x ", &keyboard)).await;
    assert_eq!(status, 400);
    let same: ApiError = serde_json::from_value(body["description"].clone()).unwrap();
    assert_eq!(same, ApiError::MessageNotModified);
    assert_eq!(
        raw(&tg, "editMessageText", edit(id.clone(), "x", &json!({"inline_keyboard": []}))).await.0,
        200
    );
    let foreign = refused(&tg, "editMessageText", edit(own.into(), "y", &keyboard)).await;
    assert_eq!(foreign, "Bad Request: message can't be edited");
    let caption = json!({"chat_id": lin.id, "message_id": id, "caption": "y"});
    let no_caption = refused(&tg, "editMessageCaption", caption).await;
    assert_eq!(no_caption, "Bad Request: there is no caption in the message to edit");
    bot.delete_message(
        ChatId(lin.id),
        teloxide::types::MessageId(i32::try_from(id.as_i64().unwrap()).unwrap()),
    )
    .await
    .unwrap();
    let again = refused(&tg, "deleteMessage", json!({"chat_id": lin.id, "message_id": id})).await;
    assert_eq!(again, "Bad Request: message to delete not found");
}

#[tokio::test]
async fn a_press_is_answered_once_and_in_time() {
    let clock = Clock::fixed(Utc.with_ymd_and_hms(2026, 11, 24, 10, 0, 0).unwrap());
    let (tg, _) = telegram_with(Options { clock: clock.clone(), ..Options::default() }).await;
    let lin = tg.user("lin");
    lin.start("");
    let keyboard = json!({"inline_keyboard": [[{"text": "a", "callback_data": "do:a"}]]});
    send(&tg, lin.id, json!({"text": "x", "reply_markup": keyboard})).await;
    let query = || {
        let pending = tg.pending_updates();
        pending.last().unwrap()["callback_query"]["id"].clone()
    };
    lin.press("do:").await;
    let first = json!({"callback_query_id": query()});
    let long = json!({"callback_query_id": query(), "text": "说".repeat(201)});
    assert_eq!(refused(&tg, "answerCallbackQuery", long).await, "Bad Request: MESSAGE_TOO_LONG");
    assert_eq!(raw(&tg, "answerCallbackQuery", first.clone()).await.0, 200);
    let too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    assert_eq!(refused(&tg, "answerCallbackQuery", first).await, too_old);
    lin.press("a").await;
    clock.advance(Duration::from_secs(31));
    assert_eq!(refused(&tg, "answerCallbackQuery", json!({"callback_query_id": query()})).await, too_old);
    assert_eq!(refused(&tg, "answerCallbackQuery", json!({"callback_query_id": "7"})).await, too_old);
}

#[tokio::test]
async fn the_bot_cannot_write_first_nor_to_who_blocked_it() {
    let (tg, bot) = telegram().await;
    let lin = tg.user("lin");
    let hello = json!({"text": "hello"});
    let first = send_refused(&tg, lin.id, hello.clone()).await;
    assert_eq!(first, "Forbidden: bot can't initiate conversation with a user");
    assert_eq!(send_refused(&tg, 12345, hello.clone()).await, "Bad Request: chat not found");
    assert_eq!(refused(&tg, "sendMessage", hello.clone()).await, "Bad Request: chat_id is empty");
    lin.start("");
    send(&tg, lin.id, hello.clone()).await;
    lin.block();
    let error = bot.send_message(ChatId(lin.id), "x").await.unwrap_err();
    assert!(matches!(error, RequestError::Api(ApiError::BotBlocked)), "{error:?}");
    let seen = updates(&bot).await;
    let UpdateKind::MyChatMember(change) = &seen.last().unwrap().kind else { panic!("{seen:?}") };
    assert!(change.new_chat_member.is_banned() && change.chat.is_private());
    lin.unblock();
    send(&tg, lin.id, hello).await;
}

#[tokio::test]
async fn floods_are_held_up() {
    let clock = Clock::fixed(Utc.with_ymd_and_hms(2026, 11, 24, 10, 0, 0).unwrap());
    let (tg, bot) = telegram_with(Options { clock: clock.clone(), flood: true, ..Options::default() }).await;
    let lin = tg.user("lin");
    lin.start("");
    for _ in 0..10 {
        bot.send_message(ChatId(lin.id), "x").await.unwrap();
    }
    let error = bot.send_message(ChatId(lin.id), "x").await.unwrap_err();
    let RequestError::RetryAfter(wait) = error else { panic!("{error:?}") };
    clock.advance(wait.duration());
    bot.send_message(ChatId(lin.id), "x").await.unwrap();
    let ops = tg.group().id;
    clock.advance(Duration::from_secs(1));
    for _ in 0..20 {
        bot.send_message(ChatId(ops), "x").await.unwrap();
    }
    let (status, body) = raw(&tg, "sendMessage", json!({"chat_id": ops, "text": "x"})).await;
    assert_eq!(status, 429);
    assert_eq!(body["parameters"]["retry_after"], 60);
    assert_eq!(body["description"], "Too Many Requests: retry after 60");
}
