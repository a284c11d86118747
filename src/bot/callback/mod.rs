//! What buttons mean: typed when they are made, parsed at the door when they are pressed.
//!
//! The data of a button is `1`, the press's tag, then its values, joined by `:`; Telegram takes 64 bytes. A button
//! lives in the chat for as long as its message, so a press may be from any earlier version: a tag is never given a
//! second meaning, and one that changes its values gets a new tag. What doesn't parse is an old button.

mod press;
mod value;

pub use press::Press;
pub use value::Value;

/// The version of the form itself.
const VERSION: &str = "1";
/// What Telegram takes.
pub const MAX_DATA: usize = 64;

/// Declares [`Press`]: each variant with its tag, its values, and the reading and writing of both.
macro_rules! presses {
    ($($(#[$doc:meta])* $name:ident $({ $($(#[$field_doc:meta])* $field:ident: $kind:ty),+ $(,)? })? = $tag:literal),+ $(,)?) => {
        /// What pressing a button asks for.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Press {
            $($(#[$doc])* $name $({ $($(#[$field_doc])* $field: $kind),+ })?),+
        }

        impl Press {
            /// The tags, each of which must stand for one meaning for ever.
            pub const TAGS: &[&str] = &[$($tag),+];

            /// The button's data.
            pub fn data(&self) -> String {
                let mut data = String::from(crate::bot::callback::VERSION);
                match self {
                    $(Self::$name $({ $($field),+ })? => {
                        data.push(':');
                        data.push_str($tag);
                        $($(
                            data.push(':');
                            crate::bot::callback::Value::write($field, &mut data);
                        )+)?
                    })+
                }
                debug_assert!(data.len() <= crate::bot::callback::MAX_DATA, "{data} is too long for a button");
                data
            }

            /// Reads a button's data; `None` for one that this version doesn't know.
            pub fn parse(data: &str) -> Option<Self> {
                let mut parts = data.split(':');
                if parts.next() != Some(crate::bot::callback::VERSION) {
                    return None;
                }
                let press = match parts.next()? {
                    $($tag => Self::$name $({ $($field: crate::bot::callback::Value::read(parts.next()?)?),+ })?,)+
                    _ => return None,
                };
                parts.next().is_none().then_some(press)
            }
        }
    };
}
pub(crate) use presses;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_tag_is_short_and_has_one_meaning() {
        let tags: HashSet<_> = Press::TAGS.iter().collect();
        assert_eq!(tags.len(), Press::TAGS.len());
        for tag in Press::TAGS {
            assert!(tag.len() <= 6 && tag.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{tag}");
        }
    }

    #[test]
    fn a_press_is_read_as_it_was_written() {
        for press in [Press::Home, Press::Unpark { update_id: 123_456_789_012 }, Press::RetryJob { job: 7 }] {
            let data = press.data();
            assert!(data.len() <= MAX_DATA);
            assert_eq!(Press::parse(&data), Some(press), "{data}");
        }
    }

    #[test]
    fn what_is_not_ours_or_too_old_is_no_press() {
        for data in [
            "",
            "h",
            "0:h",
            "2:h",
            "1:",
            "1:h:1",
            "1:job",
            "1:job:",
            "1:job:x!",
            "1:job:1:2",
            "1:nothing",
            ":::",
        ] {
            assert_eq!(Press::parse(data), None, "{data}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_data_is_read_or_refused(data in ".{0,80}") {
            if let Some(press) = Press::parse(&data) {
                prop_assert_eq!(Press::parse(&press.data()), Some(press));
            }
        }

        #[test]
        fn numbers_keep_their_value(n: i64) {
            let mut text = String::new();
            Value::write(&n, &mut text);
            prop_assert!(text.len() <= 14);
            prop_assert_eq!(<i64 as Value>::read(&text), Some(n));
        }
    }
}
