//! Refusals in Telegram's own codes and words.

use serde_json::{Value, json};

/// What a method answers when it does not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} {description}")]
pub struct ApiError {
    /// HTTP status and `error_code`.
    pub code: u16,
    /// The full `description`, prefix included.
    pub description: String,
    /// `parameters.retry_after`, in seconds, of a 429.
    pub retry_after: Option<i64>,
    /// `parameters.migrate_to_chat_id` of a group that became a supergroup.
    pub migrate_to: Option<i64>,
}

impl ApiError {
    /// An answer with this code and the text as it goes out.
    pub fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), retry_after: None, migrate_to: None }
    }

    /// `400 Bad Request: …`
    pub fn bad(what: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", what.as_ref()))
    }

    /// `403 Forbidden: …`
    pub fn forbidden(what: impl AsRef<str>) -> Self {
        Self::new(403, format!("Forbidden: {}", what.as_ref()))
    }

    /// `409 Conflict: …`
    pub fn conflict(what: impl AsRef<str>) -> Self {
        Self::new(409, format!("Conflict: {}", what.as_ref()))
    }

    /// `429 Too Many Requests` with the seconds to wait.
    pub fn too_many(retry_after: i64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(429, format!("Too Many Requests: retry after {retry_after}"))
        }
    }

    /// The group is gone; its supergroup has another id.
    pub fn migrated(to: i64) -> Self {
        Self { migrate_to: Some(to), ..Self::bad("group chat was upgraded to a supergroup chat") }
    }

    /// The body that goes out.
    pub fn body(&self) -> Value {
        let mut body = json!({"ok": false, "error_code": self.code, "description": self.description});
        let parameters = match (self.retry_after, self.migrate_to) {
            (Some(seconds), _) => json!({"retry_after": seconds}),
            (None, Some(chat)) => json!({"migrate_to_chat_id": chat}),
            (None, None) => return body,
        };
        body["parameters"] = parameters;
        body
    }
}
