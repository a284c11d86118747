//! Names of accounts.

use std::fmt;
use std::str::FromStr;

/// The longest name, in characters.
const LONGEST: usize = 32;

/// The name of an account: 2 to 32 letters (of any script), digits, `_`, `-` and `.`, beginning with a letter. So it
/// can't be taken for an e-mail address or a number, and is one word in a command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Username(String);

/// Text that isn't a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name is 2 to 32 letters, digits, '_', '-' and '.', beginning with a letter")]
pub struct InvalidUsername;

impl Username {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name for somebody on Telegram: the one after the @, else made of the name that is shown.
    pub fn from_telegram(user_name: Option<&str>, shown: &str) -> Self {
        let shown = || {
            let mut made = String::new();
            for c in shown.chars() {
                match c {
                    c if c.is_alphanumeric() => made.push(c),
                    _ if made.is_empty() || made.ends_with('_') => {}
                    _ => made.push('_'),
                }
            }
            let from_letter = made.trim_start_matches(|c: char| !c.is_alphabetic());
            // Short enough to leave room for a suffix.
            let short: String = from_letter.chars().take(24).collect();
            short.trim_end_matches('_').parse().ok()
        };
        user_name.and_then(|name| name.parse().ok()).or_else(shown).unwrap_or_else(|| Self("user".to_owned()))
    }

    /// The same with a number after it, for when it is taken.
    #[must_use]
    pub fn with_suffix(&self, number: u32) -> Self {
        let suffix = format!("-{number}");
        let room = LONGEST - suffix.len();
        Self(self.0.chars().take(room).collect::<String>() + &suffix)
    }
}

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(s: &str) -> Result<Self, InvalidUsername> {
        let s = s.trim().trim_start_matches('@');
        let length = s.chars().count();
        let begins = s.starts_with(char::is_alphabetic);
        let plain = s.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if (2..=LONGEST).contains(&length) && begins && plain {
            Ok(Self(s.to_owned()))
        } else {
            Err(InvalidUsername)
        }
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_one_word_and_no_number() {
        for good in ["lin", "@lin", " lin_2 ", "小林", "a.b-c", "Zoë"] {
            assert!(good.parse::<Username>().is_ok(), "{good}");
        }
        let long = "x".repeat(33);
        for bad in ["", "l", "2lin", "lin wu", "lin@example.com", "a\u{202e}b", "a\nb", "<b>", "_lin", &long]
        {
            assert!(bad.parse::<Username>().is_err(), "{bad}");
        }
    }

    #[test]
    fn telegram_names_become_names() {
        let made = |user_name, shown| Username::from_telegram(user_name, shown).to_string();
        assert_eq!(made(Some("lin_01"), "Lin"), "lin_01");
        assert_eq!(made(None, "Lin  Wei 🎉"), "Lin_Wei");
        assert_eq!(made(None, "小林"), "小林");
        assert_eq!(made(None, "123 Lin"), "Lin");
        assert_eq!(made(None, "🎉🎉"), "user");
        assert_eq!(made(None, ""), "user");
        assert_eq!(made(Some("lin"), "x").parse::<Username>().unwrap().with_suffix(7).as_str(), "lin-7");
        let long: Username = "x".repeat(32).parse().unwrap();
        assert_eq!(long.with_suffix(1234).as_str().len(), 32);
    }

    proptest! {
        #[test]
        fn whatever_somebody_is_called_they_get_a_name(user_name: Option<String>, shown: String, number: u32) {
            let name = Username::from_telegram(user_name.as_deref(), &shown);
            prop_assert_eq!(name.as_str().parse::<Username>(), Ok(name.clone()));
            let suffixed = name.with_suffix(number);
            prop_assert_eq!(suffixed.as_str().parse::<Username>(), Ok(suffixed.clone()));
        }
    }
}
