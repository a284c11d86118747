//! Taking a mail apart.

use mail_parser::{MessageParser, MimeHeaders, PartType};
use serde::{Deserialize, Serialize};

use super::Mail;

/// A file in a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Name it was sent with.
    pub name: String,
    /// Media type.
    pub mime: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// Fills in what the mail itself says. The error is the server's answer.
pub(super) fn parse(mut mail: Mail) -> Result<Mail, &'static str> {
    let parser = MessageParser::default();
    let Some(message) = parser.parse(&mail.raw) else {
        return Err("554 5.6.0 Message has no header");
    };
    if message.date().is_none() {
        return Err("554 5.6.0 Message has no valid Date header");
    }
    if message.from().is_none_or(|from| from.first().is_none()) {
        return Err("554 5.6.0 Message has no valid From header");
    }
    message.subject().unwrap_or_default().clone_into(&mut mail.subject);
    let parts = |ids: &[u32]| -> Vec<&PartType<'_>> {
        let part = |id: &u32| message.parts.get(usize::try_from(*id).ok()?);
        ids.iter().filter_map(part).map(|part| &part.body).collect()
    };
    for body in parts(&message.text_body) {
        if let PartType::Text(text) = body {
            mail.text = text.replace("\r\n", "\n");
        }
    }
    for body in parts(&message.html_body) {
        if let PartType::Html(html) = body {
            mail.html = html.replace("\r\n", "\n");
        }
    }
    mail.headers = message
        .headers()
        .iter()
        .map(|header| {
            let raw = mail.raw.get(raw_range(header.offset_start, header.offset_end)).unwrap_or_default();
            (header.name().to_owned(), decoded(header, raw))
        })
        .collect();
    mail.attachments = message
        .attachments()
        .map(|part| Attachment {
            name: part.attachment_name().unwrap_or_default().to_owned(),
            mime: part.content_type().map_or_else(String::new, |kind| match kind.subtype() {
                Some(subtype) => format!("{}/{subtype}", kind.ctype()),
                None => kind.ctype().to_owned(),
            }),
            bytes: part.contents().to_vec(),
        })
        .collect();
    Ok(mail)
}

fn raw_range(from: u32, to: u32) -> std::ops::Range<usize> {
    usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0)
}

/// A header's value: text and names with encoded words decoded, else as written, unfolded.
fn decoded(header: &mail_parser::Header<'_>, raw: &[u8]) -> String {
    if let Some(text) = header.value().as_text() {
        return text.to_owned();
    }
    if let Some(addresses) = header.value().as_address() {
        let one = |address: &mail_parser::Addr<'_>| match (address.name(), address.address()) {
            (Some(name), Some(mailbox)) => format!("{name} <{mailbox}>"),
            (None, Some(mailbox)) => mailbox.to_owned(),
            (name, None) => name.unwrap_or_default().to_owned(),
        };
        return addresses.iter().map(one).collect::<Vec<_>>().join(", ");
    }
    let raw = String::from_utf8_lossy(raw);
    raw.split_whitespace().collect::<Vec<_>>().join(" ")
}
