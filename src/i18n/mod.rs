//! What people read: texts by id in each language, and the one way in which values are written.
//!
//! Texts stand in `locales/<tag>/derpshop.ftl` (Fluent), never in Rust. [`t`] names one; tests know every name that is
//! used from the calls of it, and fail for an id or an argument that a language lacks.

pub mod format;
mod html;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod usage_tests;

pub use html::Html;

use std::borrow::Cow;
use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use crate::types::Lang;

/// The name of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TextId(&'static str);

/// Names a text. Always called with a literal, since that is how tests find out which texts are in use.
pub const fn t(id: &'static str) -> TextId {
    TextId(id)
}

impl fmt::Display for TextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A value for a variable of a text.
#[derive(Clone, Debug)]
enum Arg {
    Text(String),
    Html(Html),
    Number(i64),
}

/// The values for a text's variables. Begin with [`args`].
#[derive(Clone, Debug, Default)]
pub struct Args(Vec<(&'static str, Arg)>);

/// No values yet.
pub fn args() -> Args {
    Args::default()
}

impl Args {
    /// Words, from whomever: they are escaped where the text is HTML.
    #[must_use]
    pub fn text(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.push((name, Arg::Text(value.to_string())));
        self
    }

    /// Markup of ours, such as another text.
    #[must_use]
    pub fn html(mut self, name: &'static str, value: Html) -> Self {
        self.0.push((name, Arg::Html(value)));
        self
    }

    /// A count, by which the text may choose its words.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: impl Into<i64>) -> Self {
        self.0.push((name, Arg::Number(value.into())));
        self
    }

    fn fluent(&self, markup: bool) -> FluentArgs<'_> {
        let mut out = FluentArgs::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            let value: FluentValue<'_> = match (value, markup) {
                (Arg::Text(text), true) => Html::escape(text).into_string().into(),
                (Arg::Text(text), false) => text.as_str().into(),
                (Arg::Html(html), true) => html.as_str().into(),
                (Arg::Html(html), false) => html.to_plain().into(),
                (Arg::Number(n), _) => (*n).into(),
            };
            out.set(*name, value);
        }
        out
    }
}

/// Every text in every language.
pub struct Texts {
    zh_cn: FluentBundle<FluentResource>,
    en: FluentBundle<FluentResource>,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Texts")
    }
}

impl Texts {
    /// Reads the texts that were built in.
    ///
    /// # Panics
    /// If one of them is malformed, which a test rules out.
    pub fn load() -> Self {
        Self { zh_cn: bundle(Lang::ZhCn), en: bundle(Lang::En) }
    }

    /// The texts in `lang`.
    pub fn lang(&self, lang: Lang) -> Words<'_> {
        Words { texts: self, lang }
    }

    fn bundle(&self, lang: Lang) -> &FluentBundle<FluentResource> {
        match lang {
            Lang::ZhCn => &self.zh_cn,
            Lang::En => &self.en,
        }
    }
}

/// A language's file, as it was built in.
const fn source(lang: Lang) -> &'static str {
    match lang {
        Lang::ZhCn => include_str!("../../locales/zh-CN/derpshop.ftl"),
        Lang::En => include_str!("../../locales/en/derpshop.ftl"),
    }
}

fn bundle(lang: Lang) -> FluentBundle<FluentResource> {
    let tag = lang.tag().parse().expect("our tags are well-formed");
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Telegram shows the marks that would isolate values from the text around them as stray spaces.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(source(lang).to_owned()).expect("a test parses each file");
    bundle.add_resource(resource).expect("a test rules out an id that stands twice");
    bundle
}

/// The texts of one language.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    texts: &'a Texts,
    lang: Lang,
}

impl Words<'_> {
    /// The language.
    pub const fn lang(self) -> Lang {
        self.lang
    }

    /// A text without variables, for a message.
    pub fn get(self, id: TextId) -> Html {
        self.format(id, &args())
    }

    /// A text with its values, for a message.
    pub fn format(self, id: TextId, args: &Args) -> Html {
        Html::trusted(self.write(id, args, true))
    }

    /// A text without variables that isn't HTML: a button, a notice on the screen's edge, a command's description.
    pub fn label(self, id: TextId) -> String {
        self.plain(id, &args())
    }

    /// A text with its values that isn't HTML: a mail, a button with a value in it.
    pub fn plain(self, id: TextId, args: &Args) -> String {
        self.write(id, args, false)
    }

    /// A text that is missing, or one whose value is missing, is a fault that tests find; should one get past them,
    /// the reader still gets what there is.
    fn write(self, id: TextId, args: &Args, markup: bool) -> String {
        let bundle = self.texts.bundle(self.lang);
        let Some(pattern) = bundle.get_message(id.0).and_then(|message| message.value()) else {
            debug_assert!(false, "no text {id} in {}", self.lang.tag());
            tracing::error!(%id, lang = self.lang.tag(), "a text is missing");
            return id.0.to_owned();
        };
        let args = args.fluent(markup);
        let mut errors = Vec::new();
        let text: Cow<'_, str> = bundle.format_pattern(pattern, Some(&args), &mut errors);
        debug_assert!(errors.is_empty(), "text {id} in {}: {errors:?}", self.lang.tag());
        if !errors.is_empty() {
            tracing::error!(%id, lang = self.lang.tag(), ?errors, "a text lacks a value");
        }
        text.into_owned()
    }
}
