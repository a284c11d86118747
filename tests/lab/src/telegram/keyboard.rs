//! Inline keyboards and what Telegram refuses in them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ApiError;
use super::text::{check_url, utf16_len};

/// Rows of buttons under a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyboard {
    /// Rows, top first.
    #[serde(rename = "inline_keyboard")]
    pub rows: Vec<Vec<Button>>,
}

/// One button; exactly one of its actions is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// Label.
    pub text: String,
    /// Sent back to the bot when pressed; 1 to 64 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_data: Option<String>,
    /// Opened when pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Copied when pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_text: Option<CopyText>,
    /// Opened as a web app; `{"url": …}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_app: Option<Value>,
    /// Login button; `{"url": …}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_url: Option<Value>,
    /// Asks for a chat to write the bot's name and this text in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_inline_query: Option<String>,
    /// The same in this chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_inline_query_current_chat: Option<String>,
    /// The same with a choice of chats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_inline_query_chosen_chat: Option<Value>,
    /// Pays the invoice it stands under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay: Option<bool>,
}

/// What a copy button copies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyText {
    /// 1 to 256 characters.
    pub text: String,
}

/// Buttons in one row, at most.
const MAX_ROW: usize = 8;
/// Buttons in one keyboard, at most.
const MAX_BUTTONS: usize = 100;

impl Button {
    fn check(&self) -> Result<(), ApiError> {
        let parse = |why: &str| ApiError::bad(format!("can't parse inline keyboard button: {why}"));
        if self.text.trim().is_empty() {
            return Err(parse("Field \"text\" must be non-empty"));
        }
        let data = self.callback_data.as_deref().filter(|data| !data.is_empty());
        let url = self.url.as_deref().filter(|url| !url.is_empty());
        let actions = [
            data.is_some(),
            url.is_some(),
            self.copy_text.is_some(),
            self.web_app.is_some(),
            self.login_url.is_some(),
            self.switch_inline_query.is_some(),
            self.switch_inline_query_current_chat.is_some(),
            self.switch_inline_query_chosen_chat.is_some(),
            self.pay == Some(true),
        ];
        match actions.iter().filter(|set| **set).count() {
            0 => return Err(parse("Text buttons are unallowed in the inline keyboard")),
            1 => {}
            _ => return Err(parse("exactly one action must be specified for the button")),
        }
        if data.is_some_and(|data| data.len() > 64) {
            return Err(ApiError::bad("BUTTON_DATA_INVALID"));
        }
        if let Some(url) = url {
            check_url(url).map_err(|why| {
                ApiError::bad(format!("inline keyboard button URL '{url}' is invalid: {why}"))
            })?;
        }
        if let Some(CopyText { text }) = &self.copy_text
            && (text.is_empty() || utf16_len(text) > 256)
        {
            return Err(ApiError::bad("BUTTON_COPY_TEXT_INVALID"));
        }
        Ok(())
    }
}

/// What `reply_markup` asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Markup {
    /// No markup given.
    Absent,
    /// Buttons under the message; no rows means none.
    Inline(Keyboard),
    /// One of the keyboards in place of the phone's; taken, not shown.
    Other,
}

impl Markup {
    /// Reads and checks `reply_markup`; `pay` buttons only belong under invoices.
    pub(crate) fn parse(value: Option<Value>, invoice: bool) -> Result<Self, ApiError> {
        let Some(value) = value else { return Ok(Self::Absent) };
        let Value::Object(mut object) = value else {
            return Err(ApiError::bad("object expected as reply markup"));
        };
        let Some(rows) = object.remove("inline_keyboard") else {
            return Ok(Self::Other);
        };
        let not_rows = "field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays";
        let Value::Array(rows) = rows else { return Err(ApiError::bad(not_rows)) };
        let mut keyboard = Keyboard::default();
        for row in rows {
            let Value::Array(buttons) = row else { return Err(ApiError::bad(not_rows)) };
            let mut parsed = Vec::new();
            for button in buttons {
                let button: Button = serde_json::from_value(button)
                    .map_err(|why| ApiError::bad(format!("can't parse inline keyboard button: {why}")))?;
                button.check()?;
                parsed.push(button);
            }
            if parsed.len() > MAX_ROW {
                return Err(ApiError::bad("reply markup is too long"));
            }
            if !parsed.is_empty() {
                keyboard.rows.push(parsed);
            }
        }
        if keyboard.buttons().count() > MAX_BUTTONS {
            return Err(ApiError::bad("reply markup is too long"));
        }
        let first_pays = keyboard.buttons().next().is_some_and(|button| button.pay == Some(true));
        let pays = keyboard.buttons().filter(|button| button.pay == Some(true)).count();
        if pays > usize::from(first_pays)
            || (invoice && !keyboard.rows.is_empty() && !first_pays)
            || (!invoice && pays > 0)
        {
            return Err(ApiError::bad("BUTTON_TYPE_INVALID"));
        }
        Ok(Self::Inline(keyboard))
    }

    /// The buttons to keep with the message.
    pub(crate) fn into_keyboard(self) -> Option<Keyboard> {
        match self {
            Self::Inline(keyboard) if !keyboard.rows.is_empty() => Some(keyboard),
            Self::Inline(_) | Self::Absent | Self::Other => None,
        }
    }
}

impl Keyboard {
    /// All buttons, row by row.
    pub fn buttons(&self) -> impl Iterator<Item = &Button> {
        self.rows.iter().flatten()
    }

    /// `[A] [B] / [C]`
    pub fn line(&self) -> String {
        let row = |buttons: &Vec<Button>| {
            buttons.iter().map(|button| format!("[{}]", button.text)).collect::<Vec<_>>().join(" ")
        };
        self.rows.iter().map(row).collect::<Vec<_>>().join(" / ")
    }
}
