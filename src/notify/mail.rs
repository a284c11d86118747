//! Mails: plain and HTML parts with the same words.

use std::fmt;

use async_trait::async_trait;

use crate::account::Email;
use crate::i18n::Html;
use crate::types::Lang;

/// The part of a mail that its reader came for.
#[derive(Clone, Copy, Debug)]
pub enum Feature<'a> {
    /// Nothing stands out.
    None,
    /// A code, shown large where it stands in the text.
    Code(&'a str),
    /// An address, shown as a button where it stands in the text.
    Link(&'a str),
}

/// A mail to one recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: Email,
    /// The subject.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Where a reader can end such mails, for those that nobody asked for.
    pub unsubscribe: Option<String>,
}

impl fmt::Debug for Mail {
    /// Neither words nor subject: a mail may hold a code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("to", &self.to).finish_non_exhaustive()
    }
}

impl Mail {
    /// A mail of this text. Paragraphs are parted by an empty line; a last one that is the shop's name is the sign-off.
    pub fn new(
        lang: Lang,
        shop: &str,
        to: Email,
        subject: String,
        text: String,
        feature: Feature<'_>,
    ) -> Self {
        let html = layout(lang, shop, &subject, &text, feature);
        Self { to, subject, text, html, unsubscribe: None }
    }

    /// The same for a mail that nobody asked for.
    #[must_use]
    pub fn unsubscribe(mut self, address: impl Into<String>) -> Self {
        self.unsubscribe = Some(address.into());
        self
    }
}

/// Why a mail was not sent. What the server said is in the source and may only be logged.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// This recipient is refused for good, with this reply code of SMTP.
    #[error("the mail server refuses the recipient with {code}")]
    Recipient {
        /// The reply code, such as 550.
        code: u16,
    },
    /// The mail server wants no mail of ours: credentials, sender or settings are wrong.
    #[error("the mail server refuses us")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Not now: it can't be reached or asks for patience.
    #[error("the mail server can't take the mail now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Sends mails.
#[async_trait]
pub trait Mailer: Send + Sync + fmt::Debug {
    /// Hands a mail to the mail server. An answer without error means that the server has it.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

const FONT: &str = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei',\
                    'Noto Sans CJK SC',sans-serif";

/// One column in tables with inline styles: what mail programs agree on. Without pictures or anything fetched.
fn layout(lang: Lang, shop: &str, subject: &str, text: &str, feature: Feature<'_>) -> String {
    let escape = |words: &str| Html::escape(words).into_string();
    let mut paragraphs: Vec<&str> = text.split("\n\n").map(str::trim).filter(|p| !p.is_empty()).collect();
    if paragraphs.last().is_some_and(|last| *last == shop) {
        paragraphs.pop();
    }
    let body: String = paragraphs.into_iter().map(|paragraph| self::paragraph(paragraph, feature)).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light\"><title>{subject}</title></head>\n\
         <body style=\"margin:0;padding:0;background:#f3f5f7\">\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"background:#f3f5f7\">\
         <tr><td align=\"center\" style=\"padding:24px 12px\">\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"max-width:560px;\
         background:#ffffff;border-radius:8px;border-top:4px solid #1f6feb\">\n\
         <tr><td style=\"padding:24px 28px 0;{FONT};font-size:15px;font-weight:600;color:#1f6feb\">{shop}</td></tr>\n\
         <tr><td style=\"padding:12px 28px 20px;{FONT};font-size:16px;line-height:1.6;color:#1c2430\">\n{body}</td></tr>\n\
         </table>\n</td></tr></table></body></html>\n",
        lang = lang.tag(),
        subject = escape(subject),
        shop = escape(shop),
    )
}

fn paragraph(text: &str, feature: Feature<'_>) -> String {
    let lines = |text: &str| {
        text.lines().map(|line| Html::escape(line).into_string()).collect::<Vec<_>>().join("<br>")
    };
    let plain = |html: &str| format!("<p style=\"margin:12px 0\">{html}</p>\n");
    match feature {
        Feature::Code(code) if text.contains(code) => {
            let large = "<br><span style=\"font-family:Consolas,Menlo,monospace;font-size:28px;font-weight:700;\
                         letter-spacing:4px;color:#0b1526\">";
            let marked = lines(text).replacen(code, &format!("{large}{code}</span>"), 1);
            plain(&marked)
        }
        Feature::Link(address) if text.contains(address) => {
            let (before, after) = text.split_once(address).unwrap_or((text, ""));
            // The words before the address are the button's: "Renew: https://…".
            let label = before.trim_end().trim_end_matches([':', '\u{ff1a}']);
            let address = Html::escape(address);
            format!(
                "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin:18px 0\"><tr>\
                 <td style=\"border-radius:6px;background:#1f6feb\"><a href=\"{address}\" style=\"display:inline-block;\
                 padding:10px 22px;color:#ffffff;text-decoration:none;font-weight:600\">{}</a></td></tr></table>\n{}",
                lines(label),
                if after.trim().is_empty() { String::new() } else { plain(&lines(after.trim())) },
            )
        }
        Feature::None | Feature::Code(_) | Feature::Link(_) => plain(&lines(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(text: &str, feature: Feature<'_>) -> Mail {
        let to = "lin@example.com".parse().unwrap();
        Mail::new(Lang::En, "A & B", to, "482911 <code>".to_owned(), text.to_owned(), feature)
    }

    #[test]
    fn a_code_stands_out_and_the_shop_signs_once() {
        let mail = mail("Code: 482911\n\nNot you?\nIgnore it.\n\nA & B", Feature::Code("482911"));
        assert!(mail.html.contains("font-size:28px"), "{}", mail.html);
        assert!(mail.html.contains(">482911</span>"));
        assert!(mail.html.contains("Not you?<br>Ignore it."));
        assert_eq!(mail.html.matches("A &amp; B").count(), 1);
        assert!(mail.html.contains("<title>482911 &lt;code&gt;</title>"));
        assert!(!format!("{mail:?}").contains("482911"));
    }

    #[test]
    fn a_link_becomes_a_button() {
        let mail =
            mail("Renew: https://t.me/shop?start=x&y\n\nBye", Feature::Link("https://t.me/shop?start=x&y"));
        assert!(mail.html.contains("href=\"https://t.me/shop?start=x&amp;y\""));
        assert!(mail.html.contains(">Renew</a>"));
        assert_eq!(mail.html.matches("https://t.me").count(), 1);
    }

    #[test]
    fn words_of_people_stay_words() {
        let mail = mail("Hello <script>alert(1)</script>,", Feature::None);
        assert!(mail.html.contains("Hello &lt;script&gt;") && !mail.html.contains("<script"));
    }
}
