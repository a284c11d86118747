//! Telegram's HTML: the few tags it knows, and its complaints about all else.

use super::text::{Entity, EntityKind, Formatted, check_url};

/// Reads `parse_mode=HTML`.
///
/// One rule is the documentation's rather than the live service's: a `&` that starts no known entity is
/// refused here, while Telegram shows it as it stands. A bot that sends one has forgotten to escape.
pub(crate) fn parse(input: &str) -> Result<Formatted, String> {
    let mut parser =
        Parser { input, at: 0, text: String::new(), units: 0, open: Vec::new(), done: Vec::new() };
    parser.run()?;
    let mut entities = parser.done;
    entities.sort_by(|a, b| a.offset.cmp(&b.offset).then(b.length.cmp(&a.length)));
    Ok(Formatted { text: parser.text, entities })
}

struct Open {
    tag: String,
    attribute: Option<String>,
    offset: usize,
    text_at: usize,
    order: usize,
}

struct Parser<'a> {
    input: &'a str,
    at: usize,
    text: String,
    units: usize,
    open: Vec<Open>,
    done: Vec<Entity>,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.input[self.at..].chars().next() {
            match c {
                '<' if self.input[self.at..].starts_with("</") => self.end_tag()?,
                '<' => self.start_tag()?,
                '&' => {
                    let c = self.character_reference()?;
                    self.push(c);
                }
                _ => {
                    self.at += c.len_utf8();
                    self.push(c);
                }
            }
        }
        match self.open.last() {
            Some(open) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", open.tag)),
            None => Ok(()),
        }
    }

    fn push(&mut self, c: char) {
        self.text.push(c);
        self.units += c.len_utf16();
    }

    fn character_reference(&mut self) -> Result<char, String> {
        let rest = &self.input[self.at + 1..];
        let refused = || format!("Unsupported character reference at byte offset {}", self.at);
        let end = rest.find(';').filter(|end| *end <= 10).ok_or_else(refused)?;
        let name = &rest[..end];
        let c = match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            _ => {
                let digits = name.strip_prefix('#').ok_or_else(refused)?;
                let code = match digits.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => digits.parse(),
                };
                code.ok().filter(|code| *code != 0).and_then(char::from_u32).ok_or_else(refused)?
            }
        };
        self.at += 1 + end + 1;
        Ok(c)
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let bytes = self.input.as_bytes();
        let unclosed = || format!("Unclosed start tag at byte offset {begin}");
        let mut i = begin + 1;
        while i < bytes.len() && !bytes[i].is_ascii_whitespace() && bytes[i] != b'>' {
            i += 1;
        }
        if i == bytes.len() {
            return Err(unclosed());
        }
        let tag = self.input[begin + 1..i].to_ascii_lowercase();
        if !TAGS.contains(&tag.as_str()) {
            return Err(format!("Unsupported start tag \"{tag}\" at byte offset {begin}"));
        }
        let mut attribute = None;
        while bytes.get(i) != Some(&b'>') {
            while i < bytes.len() && bytes[i].is_ascii_whitespace() {
                i += 1;
            }
            if bytes.get(i) == Some(&b'>') {
                break;
            }
            let name_at = i;
            while i < bytes.len() && !bytes[i].is_ascii_whitespace() && bytes[i] != b'=' && bytes[i] != b'>' {
                i += 1;
            }
            let name = self.input[name_at..i].to_ascii_lowercase();
            if name.is_empty() {
                return Err(format!("Empty attribute name in the tag \"{tag}\" at byte offset {begin}"));
            }
            while i < bytes.len() && bytes[i].is_ascii_whitespace() {
                i += 1;
            }
            if bytes.get(i) != Some(&b'=') {
                if tag == "blockquote" && name == "expandable" {
                    attribute = Some(String::new());
                    continue;
                }
                let what = format!("Expected equal sign in declaration of an attribute of the tag \"{tag}\"");
                return Err(format!("{what} at byte offset {begin}"));
            }
            i += 1;
            while i < bytes.len() && bytes[i].is_ascii_whitespace() {
                i += 1;
            }
            let value = match bytes.get(i) {
                None => return Err(unclosed()),
                Some(quote @ (b'"' | b'\'')) => {
                    let end = self.input[i + 1..].find(char::from(*quote)).ok_or_else(unclosed)?;
                    let raw = &self.input[i + 1..i + 1 + end];
                    i += end + 2;
                    unescape(raw)
                }
                Some(_) => {
                    let value_at = i;
                    while i < bytes.len() && (bytes[i].is_ascii_alphanumeric() || b".-".contains(&bytes[i])) {
                        i += 1;
                    }
                    if i < bytes.len() && !bytes[i].is_ascii_whitespace() && bytes[i] != b'>' {
                        return Err(format!("Unexpected end of name token at byte offset {value_at}"));
                    }
                    self.input[value_at..i].to_owned()
                }
            };
            let wanted = match tag.as_str() {
                "a" => name == "href",
                "code" => name == "class" && value.starts_with("language-"),
                "span" => name == "class" && value.starts_with("tg-"),
                "tg-emoji" => name == "emoji-id",
                "blockquote" => name == "expandable",
                _ => false,
            };
            if wanted {
                attribute = Some(value);
            }
        }
        if tag == "span" && attribute.as_deref() != Some("tg-spoiler") {
            return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"));
        }
        self.at = i + 1;
        let order = self.done.len();
        self.open.push(Open { tag, attribute, offset: self.units, text_at: self.text.len(), order });
        Ok(())
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(open) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {begin}"));
        };
        let rest = &self.input[begin + 2..];
        let name_len = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
        let name = rest[..name_len].to_ascii_lowercase();
        let after = rest[name_len..].trim_start();
        if !after.starts_with('>') {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        }
        if !name.is_empty() && name != open.tag {
            let tag = open.tag;
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{tag}>\", found \"</{name}>\""
            ));
        }
        self.at = self.input.len() - after.len() + 1;
        self.close(open);
        Ok(())
    }

    fn close(&mut self, open: Open) {
        let length = self.units - open.offset;
        if length == 0 {
            return;
        }
        let kind = match open.tag.as_str() {
            "b" | "strong" => EntityKind::Bold,
            "i" | "em" => EntityKind::Italic,
            "u" | "ins" => EntityKind::Underline,
            "s" | "strike" | "del" => EntityKind::Strikethrough,
            "span" | "tg-spoiler" => EntityKind::Spoiler,
            "blockquote" if open.attribute.is_some() => EntityKind::ExpandableBlockquote,
            "blockquote" => EntityKind::Blockquote,
            "pre" => {
                let inner = self.done.get(open.order).cloned();
                let language = match inner {
                    Some(Entity { offset, length: inner, kind: EntityKind::Pre { language } })
                        if offset == open.offset && inner == length =>
                    {
                        self.done.truncate(open.order);
                        language
                    }
                    Some(Entity { offset, length: inner, kind: EntityKind::Code })
                        if offset == open.offset && inner == length =>
                    {
                        self.done.truncate(open.order);
                        None
                    }
                    Some(_) | None => None,
                };
                EntityKind::Pre { language }
            }
            "code" => {
                let in_pre = self.open.last().is_some_and(|outer| outer.tag == "pre");
                match open.attribute.as_deref().and_then(|class| class.strip_prefix("language-")) {
                    Some(language) if in_pre => EntityKind::Pre { language: Some(language.to_owned()) },
                    Some(_) | None => EntityKind::Code,
                }
            }
            "tg-emoji" => EntityKind::CustomEmoji { custom_emoji_id: open.attribute.unwrap_or_default() },
            _ => {
                // "a": without href the words are the address; a bad address drops the link, silently.
                let url = open.attribute.unwrap_or_else(|| self.text[open.text_at..].to_owned());
                if check_url(&url).is_err() {
                    return;
                }
                EntityKind::TextLink { url }
            }
        };
        self.done.push(Entity { offset: open.offset, length, kind });
    }
}

const TAGS: [&str; 16] = [
    "a",
    "b",
    "strong",
    "i",
    "em",
    "s",
    "strike",
    "del",
    "u",
    "ins",
    "span",
    "tg-spoiler",
    "tg-emoji",
    "pre",
    "code",
    "blockquote",
];

fn unescape(raw: &str) -> String {
    raw.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// Escapes words for [`render`] and for attributes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The HTML that would make this text: what a test reads to see the formatting.
pub(crate) fn render(formatted: &Formatted) -> String {
    let mut out = String::new();
    let mut units = 0;
    let mut open: Vec<(usize, String)> = Vec::new();
    let shown: Vec<&Entity> =
        formatted.entities.iter().filter(|entity| tags(&entity.kind).is_some()).collect();
    let mut next = 0;
    for c in formatted.text.chars() {
        while open.last().is_some_and(|(end, _)| *end <= units) {
            out.extend(open.pop().map(|(_, tag)| tag));
        }
        while let Some(entity) = shown.get(next).filter(|entity| entity.offset <= units) {
            if let Some((start, end)) = tags(&entity.kind) {
                out.push_str(&start);
                open.push((entity.offset + entity.length, end));
            }
            next += 1;
        }
        out.push_str(&escape(c.encode_utf8(&mut [0; 4])));
        units += c.len_utf16();
    }
    while let Some((_, tag)) = open.pop() {
        out.push_str(&tag);
    }
    out
}

fn tags(kind: &EntityKind) -> Option<(String, String)> {
    let name = match kind {
        EntityKind::Bold => "b",
        EntityKind::Italic => "i",
        EntityKind::Underline => "u",
        EntityKind::Strikethrough => "s",
        EntityKind::Spoiler => "tg-spoiler",
        EntityKind::Code => "code",
        EntityKind::Blockquote => "blockquote",
        EntityKind::ExpandableBlockquote => {
            return Some(("<blockquote expandable>".into(), "</blockquote>".into()));
        }
        EntityKind::Pre { language: None } => "pre",
        EntityKind::Pre { language: Some(language) } => {
            let start = format!("<pre><code class=\"language-{}\">", escape(language));
            return Some((start, "</code></pre>".into()));
        }
        EntityKind::TextLink { url } => {
            return Some((format!("<a href=\"{}\">", escape(url)), "</a>".into()));
        }
        EntityKind::CustomEmoji { custom_emoji_id } => {
            let start = format!("<tg-emoji emoji-id=\"{}\">", escape(custom_emoji_id));
            return Some((start, "</tg-emoji>".into()));
        }
        EntityKind::Mention | EntityKind::BotCommand | EntityKind::Url | EntityKind::Email => return None,
    };
    Some((format!("<{name}>"), format!("</{name}>")))
}
