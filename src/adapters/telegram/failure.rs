//! What Telegram's refusals mean for the one who sends.

use std::time::Duration;

use teloxide::{ApiError, RequestError};

use crate::notify::{Edited, SendError};
use crate::types::ChatId;

/// Phrases with which a chat refuses us for good. Some come as "Bad Request" although nothing is wrong with the
/// request.
const BLOCKED: [&str; 7] = [
    "Forbidden",
    "chat not found",
    "user not found",
    "group is deactivated",
    "bot was kicked",
    "not enough rights to send",
    "have no rights to send",
];

/// Reads a failed call.
pub fn send_error(error: &RequestError) -> SendError {
    match error {
        RequestError::RetryAfter(seconds) => {
            SendError::RetryAfter(Duration::from_secs(seconds.seconds().into()))
        }
        RequestError::MigrateToChatId(chat) => SendError::Moved(ChatId(chat.0)),
        RequestError::Api(api) => described(&words(api)),
        RequestError::InvalidJson { source, .. } => SendError::Unavailable(source.clone().into()),
        RequestError::Network(_) | RequestError::Io(_) => SendError::Unavailable(error.clone().into()),
    }
}

fn words(api: &ApiError) -> String {
    if let ApiError::Unknown(words) = api { words.clone() } else { api.to_string() }
}

/// Reads the `description` of a refusal. Only what says that the request itself is wrong counts as refused: anything
/// unknown, such as "Bad Gateway", may pass.
pub(super) fn described(words: &str) -> SendError {
    if BLOCKED.iter().any(|phrase| words.contains(phrase)) {
        return SendError::Blocked(words.to_owned());
    }
    let wrong =
        words.starts_with("Bad Request") || words.contains("Entity Too Large") || words.contains("too old");
    if wrong { SendError::Refused(words.to_owned()) } else { SendError::Unavailable(words.to_owned().into()) }
}

/// Whether a refusal is about the topic rather than the message.
pub(super) fn is_about_topic(words: &str) -> bool {
    words.contains("thread not found") || words.contains("TOPIC_CLOSED") || words.contains("TOPIC_DELETED")
}

/// Whether a failed edit is none: the message looks like that already, or has to be sent anew.
pub(super) fn edited(error: &RequestError) -> Option<Edited> {
    let RequestError::Api(api) = error else { return None };
    let words = words(api);
    if words.contains("message is not modified") {
        return Some(Edited::Shown);
    }
    let gone = [
        "message to edit not found",
        "message can't be edited",
        "MESSAGE_ID_INVALID",
        "no text in the message",
    ];
    gone.iter().any(|phrase| words.contains(phrase)).then_some(Edited::Gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(description: &str) -> RequestError {
        let quoted = serde_json::Value::from(description);
        RequestError::Api(serde_json::from_value(quoted).unwrap())
    }

    #[test]
    fn a_chat_that_refuses_us_is_told_from_a_bad_message() {
        for words in [
            "Forbidden: bot was blocked by the user",
            "Forbidden: user is deactivated",
            "Forbidden: bot was kicked from the supergroup chat",
            "Forbidden: bot can't initiate conversation with a user",
            "Bad Request: chat not found",
            "Bad Request: not enough rights to send text messages to the chat",
        ] {
            assert!(matches!(send_error(&api(words)), SendError::Blocked(_)), "{words}");
        }
        for words in [
            "Bad Request: message is too long",
            "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 0",
            "Bad Request: BUTTON_DATA_INVALID",
            "Request Entity Too Large",
            "Bad Request: something new",
        ] {
            assert!(matches!(send_error(&api(words)), SendError::Refused(_)), "{words}");
        }
        for words in ["Bad Gateway", "Internal Server Error", "Gateway Timeout", "Unauthorized"] {
            assert!(matches!(send_error(&api(words)), SendError::Unavailable(_)), "{words}");
        }
    }

    #[test]
    fn an_edit_that_changes_nothing_has_succeeded() {
        let same = "Bad Request: message is not modified: specified new message content and reply markup are exactly \
                    the same as a current content and reply markup of the message";
        assert_eq!(edited(&api(same)), Some(Edited::Shown));
        for gone in ["Bad Request: message to edit not found", "Bad Request: message can't be edited"] {
            assert_eq!(edited(&api(gone)), Some(Edited::Gone), "{gone}");
        }
        assert_eq!(edited(&api("Bad Request: message is too long")), None);
    }
}
