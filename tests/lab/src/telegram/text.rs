//! Formatted text: entities counted in UTF-16 units, as the Bot API counts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ApiError;
use super::html;

/// Longest text of a message, in UTF-16 units after entity parsing.
pub(crate) const MAX_TEXT: usize = 4096;
/// Longest caption of a file, in UTF-16 units after entity parsing.
pub(crate) const MAX_CAPTION: usize = 1024;

/// A text with its formatting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Formatted {
    /// The words, without markup.
    pub text: String,
    /// Formatting, outer before inner.
    pub entities: Vec<Entity>,
}

/// A formatted stretch of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// First UTF-16 unit.
    pub offset: usize,
    /// Number of UTF-16 units.
    pub length: usize,
    /// How it is shown.
    #[serde(flatten)]
    pub kind: EntityKind,
}

/// How a stretch of text is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EntityKind {
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Underlined.
    Underline,
    /// Struck through.
    Strikethrough,
    /// Hidden until tapped.
    Spoiler,
    /// Quotation.
    Blockquote,
    /// Quotation that starts folded.
    ExpandableBlockquote,
    /// Monospace, one tap copies it.
    Code,
    /// Monospace block, one tap copies it.
    Pre {
        /// Language for colouring.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
    },
    /// A link under other words.
    TextLink {
        /// Where it leads.
        url: String,
    },
    /// An emoji of a custom set.
    CustomEmoji {
        /// Which.
        custom_emoji_id: String,
    },
    /// `@name`, found by Telegram.
    Mention,
    /// `/command`, found by Telegram.
    BotCommand,
    /// An address, found by Telegram.
    Url,
    /// An e-mail address, found by Telegram.
    Email,
}

/// Length in the unit of the Bot API.
pub fn utf16_len(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Byte position of a UTF-16 offset; `None` inside a character or past the end.
pub(crate) fn byte_at(text: &str, offset: usize) -> Option<usize> {
    let mut units = 0;
    for (byte, c) in text.char_indices() {
        if units == offset {
            return Some(byte);
        }
        units += c.len_utf16();
    }
    (units == offset).then_some(text.len())
}

impl Formatted {
    /// Text without formatting, but with what Telegram finds by itself (commands, mentions, links).
    pub fn plain(text: &str) -> Self {
        let mut formatted = Self { text: text.to_owned(), entities: Vec::new() };
        formatted.trim();
        formatted.find_entities();
        formatted
    }

    /// Reads a text argument with `parse_mode` or explicit entities, trims it as Telegram does and finds
    /// commands, mentions and links.
    pub fn parse(text: &str, parse_mode: Option<&str>, entities: Option<Value>) -> Result<Self, ApiError> {
        let mut formatted = match parse_mode.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "none") => {
                let entities = entities.map(|list| explicit(text, list)).transpose()?.unwrap_or_default();
                Self { text: text.to_owned(), entities }
            }
            Some("html") => {
                html::parse(text).map_err(|why| ApiError::bad(format!("can't parse entities: {why}")))?
            }
            Some("markdown" | "markdownv2") => {
                return Err(ApiError::bad("can't parse entities: this simulator reads HTML only"));
            }
            Some(_) => return Err(ApiError::bad("unsupported parse_mode")),
        };
        formatted.trim();
        formatted.find_entities();
        Ok(formatted)
    }

    /// Cuts white space at both ends and what of the entities lay in it.
    fn trim(&mut self) {
        let lead = self.text.len() - self.text.trim_start().len();
        let lead16 = utf16_len(&self.text[..lead]);
        let trimmed = self.text.trim().to_owned();
        let length = utf16_len(&trimmed);
        for entity in &mut self.entities {
            let end = (entity.offset + entity.length).saturating_sub(lead16).min(length);
            entity.offset = entity.offset.saturating_sub(lead16).min(length);
            entity.length = end - entity.offset.min(end);
        }
        self.entities.retain(|entity| entity.length > 0);
        self.text = trimmed;
    }

    /// Adds what Telegram links by itself, outside code and links.
    fn find_entities(&mut self) {
        let mut found = Vec::new();
        let mut offset = 0;
        for word in self.text.split_inclusive(|c: char| !is_word_of_link(c)) {
            let core = word.trim_end_matches(|c: char| !is_word_of_link(c));
            let lead = core.len() - core.trim_start_matches(['(', '[', '<', '"', '\'', '.', ',']).len();
            let (start, core) = (offset + utf16_len(&core[..lead]), &core[lead..]);
            let core = core.trim_end_matches(['.', ',', ')', ']', '>', '!', '?', ':', ';', '"', '\'']);
            if let Some((kind, length)) = classify(core) {
                found.push(Entity { offset: start, length, kind });
            }
            offset += utf16_len(word);
        }
        found.retain(|new| {
            !self.entities.iter().any(|old| {
                let apart = new.offset + new.length <= old.offset || old.offset + old.length <= new.offset;
                let hides = match old.kind {
                    EntityKind::Code
                    | EntityKind::Pre { .. }
                    | EntityKind::TextLink { .. }
                    | EntityKind::Mention
                    | EntityKind::BotCommand
                    | EntityKind::Url
                    | EntityKind::Email => true,
                    EntityKind::Bold
                    | EntityKind::Italic
                    | EntityKind::Underline
                    | EntityKind::Strikethrough
                    | EntityKind::Spoiler
                    | EntityKind::Blockquote
                    | EntityKind::ExpandableBlockquote
                    | EntityKind::CustomEmoji { .. } => false,
                };
                !apart && hides
            })
        });
        self.entities.append(&mut found);
        self.entities.sort_by(|a, b| a.offset.cmp(&b.offset).then(b.length.cmp(&a.length)));
    }

    /// The stretch an entity covers.
    pub fn slice(&self, entity: &Entity) -> &str {
        let from = byte_at(&self.text, entity.offset).unwrap_or(0);
        let to = byte_at(&self.text, entity.offset + entity.length).unwrap_or(self.text.len());
        self.text.get(from..to).unwrap_or("")
    }
}

fn is_word_of_link(c: char) -> bool {
    c.is_ascii_graphic()
}

/// What a run of printable ASCII is, and how many units of it.
fn classify(word: &str) -> Option<(EntityKind, usize)> {
    let name_len = |text: &str| text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if let Some(rest) = word.strip_prefix('/') {
        let name = name_len(rest);
        if name == 0 || name > 64 {
            return None;
        }
        let addressed = rest[name..].strip_prefix('@').map_or(0, |to| match name_len(to) {
            0 => 0,
            n => n + 1,
        });
        let whole = rest.len() == name + addressed;
        return whole.then_some((EntityKind::BotCommand, 1 + name + addressed));
    }
    if let Some(rest) = word.strip_prefix('@') {
        let name = name_len(rest);
        return (4..=32).contains(&name).then_some((EntityKind::Mention, name + 1));
    }
    let scheme = ["https://", "http://", "tg://", "t.me/"];
    if scheme.iter().any(|s| word.len() > s.len() && word.to_ascii_lowercase().starts_with(s)) {
        return Some((EntityKind::Url, word.len()));
    }
    let (name, host) = word.split_once('@')?;
    let good = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._%+-".contains(&b))
        && host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest.len() > 1)
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
    good.then_some((EntityKind::Email, word.len()))
}

/// Entities given as a list; their offsets must lie on characters of the text.
fn explicit(text: &str, list: Value) -> Result<Vec<Entity>, ApiError> {
    let Value::Array(items) = list else {
        return Err(ApiError::bad("can't parse entities: expected an Array of MessageEntity"));
    };
    let mut entities = Vec::new();
    for item in items {
        let entity: Entity = serde_json::from_value(item)
            .map_err(|why| ApiError::bad(format!("can't parse MessageEntity: {why}")))?;
        let inside =
            byte_at(text, entity.offset).is_some() && byte_at(text, entity.offset + entity.length).is_some();
        if !inside {
            let what = format!(
                "entity beginning at UTF-16 offset {} ends after the end of the text at UTF-16 offset {}",
                entity.offset,
                entity.offset + entity.length
            );
            return Err(ApiError::bad(what));
        }
        if let EntityKind::TextLink { url } = &entity.kind {
            check_url(url).map_err(|why| ApiError::bad(format!("entity URL '{url}' is invalid: {why}")))?;
        }
        if entity.length > 0 {
            entities.push(entity);
        }
    }
    entities.sort_by(|a, b| a.offset.cmp(&b.offset).then(b.length.cmp(&a.length)));
    Ok(entities)
}

/// Telegram's word on an address of a link or button.
pub(crate) fn check_url(url: &str) -> Result<(), &'static str> {
    if url.is_empty() {
        return Err("URL is empty");
    }
    let lower = url.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("tg://") {
        return if rest.is_empty() { Err("Wrong HTTP URL") } else { Ok(()) };
    }
    let host_and_rest = match lower.split_once("://") {
        Some(("http" | "https", rest)) => rest,
        Some(_) => return Err("Unsupported URL protocol"),
        None => lower.as_str(),
    };
    let host = host_and_rest.split(['/', '?', '#']).next().unwrap_or("");
    let (name, port) = host.rsplit_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    if name.is_empty() {
        return Err("URL host is empty");
    }
    if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
        return Err("Wrong port number specified in the URL");
    }
    let in_name = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let good =
        name.contains('.') && name.split('.').all(|label| !label.is_empty() && label.chars().all(in_name));
    let no_space = !url.chars().any(|c| c.is_whitespace() || c.is_control());
    if good && no_space { Ok(()) } else { Err("Wrong HTTP URL") }
}
