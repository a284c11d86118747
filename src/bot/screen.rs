//! What a chat shows: a text with buttons, which the next screen takes the place of.

use crate::bot::callback::Press;
use crate::notify::{Action, Button, Keyboard, Outgoing};

/// A button that asks the bot for something.
pub fn press(label: impl Into<String>, press: &Press) -> Button {
    Button { label: label.into(), action: Action::Press(press.data()) }
}

/// A text with buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing is shown until it is given to Ctx::show"]
pub struct Screen {
    /// Telegram's HTML.
    pub text: String,
    /// Rows of buttons.
    pub keyboard: Keyboard,
}

impl Screen {
    /// A text without buttons.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), keyboard: Keyboard::new() }
    }

    /// Adds a row of buttons; an empty one adds nothing.
    pub fn row(mut self, buttons: impl IntoIterator<Item = Button>) -> Self {
        let row: Vec<Button> = buttons.into_iter().collect();
        if !row.is_empty() {
            self.keyboard.push(row);
        }
        self
    }

    /// Adds buttons, two to a row.
    pub fn grid(mut self, buttons: impl IntoIterator<Item = Button>) -> Self {
        let mut buttons = buttons.into_iter().peekable();
        while buttons.peek().is_some() {
            self = self.row(buttons.by_ref().take(2).collect::<Vec<_>>());
        }
        self
    }
}

impl From<Screen> for Outgoing {
    fn from(screen: Screen) -> Self {
        Self::text(screen.text).keyboard(screen.keyboard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_two_to_a_row() {
        let button = |n: i64| press(n.to_string(), &Press::RetryJob { job: n });
        let screen = Screen::new("x").grid((1..=3).map(button)).row([]);
        let labels: Vec<Vec<_>> =
            screen.keyboard.iter().map(|row| row.iter().map(|b| b.label.as_str()).collect()).collect();
        assert_eq!(labels, [vec!["1", "2"], vec!["3"]]);
    }
}
