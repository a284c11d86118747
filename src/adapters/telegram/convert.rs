//! Our messages in Telegram's types.

use teloxide::types::{
    CopyTextButton, InlineKeyboardButton, InlineKeyboardButtonKind, InlineKeyboardMarkup, LinkPreviewOptions,
};

use crate::notify::{Action, Button, Keyboard, SendError};

/// The keyboard under a message; `None` for an empty one, which in an edit takes the old one away.
pub(super) fn markup(keyboard: &Keyboard) -> Result<Option<InlineKeyboardMarkup>, SendError> {
    if keyboard.is_empty() {
        return Ok(None);
    }
    let rows = keyboard.iter().map(|row| row.iter().map(button).collect::<Result<Vec<_>, _>>());
    Ok(Some(InlineKeyboardMarkup::new(rows.collect::<Result<Vec<_>, _>>()?)))
}

fn button(button: &Button) -> Result<InlineKeyboardButton, SendError> {
    let kind = match &button.action {
        Action::Press(data) => InlineKeyboardButtonKind::CallbackData(data.clone()),
        Action::Copy(text) => InlineKeyboardButtonKind::CopyText(CopyTextButton { text: text.clone() }),
        Action::Open(address) => {
            let url =
                address.parse().map_err(|_| SendError::Refused("a button's address is not a URL".into()))?;
            InlineKeyboardButtonKind::Url(url)
        }
    };
    Ok(InlineKeyboardButton::new(&button.label, kind))
}

/// Addresses in our texts are for reading or copying; a preview would only push the text away.
pub(super) fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}
