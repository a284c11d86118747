//! Markup as Telegram reads it.

use std::fmt;

/// A piece of HTML that is well-formed: texts of ours with every value in it escaped. It can be joined with other such
/// pieces, never with bare words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Words of any origin, as markup that shows them as they are.
    pub fn escape(words: &str) -> Self {
        let mut out = String::with_capacity(words.len());
        for c in words.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                // Matters within an attribute, such as a link's address.
                '"' => out.push_str("&quot;"),
                c => out.push(c),
            }
        }
        Self(out)
    }

    /// What a text of ours became.
    pub(super) fn trusted(markup: String) -> Self {
        Self(markup)
    }

    /// Pieces one under the other; `gap` is what stands between them, such as `"\n\n"`.
    pub fn join(pieces: impl IntoIterator<Item = Self>, gap: &str) -> Self {
        let gap = Self::escape(gap).0;
        Self(pieces.into_iter().map(|piece| piece.0).collect::<Vec<_>>().join(&gap))
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The markup, owned.
    pub fn into_string(self) -> String {
        self.0
    }

    /// The words alone: without tags and with every entity in its place.
    pub fn to_plain(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some(start) = rest.find('<') {
            out.push_str(&rest[..start]);
            rest = rest[start..].find('>').map_or("", |end| &rest[start + end + 1..]);
        }
        out.push_str(rest);
        // The ampersand last, or `&amp;lt;` would become a bracket.
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")]
            .iter()
            .fold(out, |text, (entity, character)| text.replace(entity, character))
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Html> for String {
    fn from(html: Html) -> Self {
        html.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_escaped_reads_the_same(words: String) {
            let html = Html::escape(&words);
            prop_assert!(!html.as_str().contains(['<', '>', '"']));
            prop_assert_eq!(html.to_plain(), words);
        }
    }

    #[test]
    fn tags_are_not_words() {
        let html = Html::trusted("<b>A &amp; B</b> <a href=\"https://x.example/?a&amp;b\">c</a>".to_owned());
        assert_eq!(html.to_plain(), "A & B c");
        assert_eq!(Html::trusted("torn <b".to_owned()).to_plain(), "torn ");
    }
}
