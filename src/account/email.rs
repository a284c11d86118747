//! E-mail addresses.

use std::fmt;
use std::str::FromStr;

/// The longest address that SMTP carries (RFC 5321 4.5.3.1.3, without the brackets).
const LONGEST: usize = 254;
/// The longest part before the @ (RFC 5321 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;

/// An e-mail address as mail servers take it: dot-atom before the @ (RFC 5322 3.2.3), a domain of at least two labels
/// after it, lower-case and in ASCII. Quoted local parts and address literals, which nobody registers with, are none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Text that isn't an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct InvalidEmail;

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both name the same account: capitals don't matter.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(s: &str) -> Result<Self, InvalidEmail> {
        // What a Chinese keyboard types for @ and a dot, and what comes along when an address is copied.
        let s: String = s.trim().chars().map(half_width).collect();
        let s = s.strip_prefix("mailto:").unwrap_or(&s);
        let s = s.strip_prefix('<').and_then(|s| s.strip_suffix('>')).unwrap_or(s);
        let (local, domain) = s.rsplit_once('@').ok_or(InvalidEmail)?;
        if local.is_empty() || local.len() > LONGEST_LOCAL || !local.split('.').all(is_atom) {
            return Err(InvalidEmail);
        }
        let domain = ascii_domain(domain).ok_or(InvalidEmail)?;
        let address = format!("{local}@{domain}");
        if address.len() > LONGEST { Err(InvalidEmail) } else { Ok(Self(address)) }
    }
}

fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3002}' => '.',
        c => c,
    }
}

fn is_atom(atom: &str) -> bool {
    !atom.is_empty() && atom.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
}

/// The domain in lower case, each label of another script as punycode.
fn ascii_domain(domain: &str) -> Option<String> {
    // Of what it takes for a host name, the parser undoes percent signs; no mail domain has any.
    let Ok(url::Host::Domain(domain)) = url::Host::parse(domain) else { return None };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let (_, top) = domain.rsplit_once('.')?;
    let named = top.starts_with(|c: char| c.is_ascii_alphabetic());
    (named && domain.split('.').all(label)).then_some(domain)
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(s: &str) -> Option<String> {
        s.parse::<Email>().ok().map(|email| email.to_string())
    }

    #[test]
    fn addresses_are_read_as_people_send_them() {
        for (written, read) in [
            ("lin@example.com", "lin@example.com"),
            ("  Lin@Example.COM\n", "Lin@example.com"),
            ("lin＠example．com", "lin@example.com"),
            ("lin@example。com", "lin@example.com"),
            ("mailto:lin@example.com", "lin@example.com"),
            ("<lin@example.com>", "lin@example.com"),
            ("o'neil+derp@mail.example.co.uk", "o'neil+derp@mail.example.co.uk"),
            ("lin@例子.中国", "lin@xn--fsqu00a.xn--fiqs8s"),
            ("lin@xn--fsqu00a.xn--fiqs8s", "lin@xn--fsqu00a.xn--fiqs8s"),
        ] {
            assert_eq!(parsed(written).as_deref(), Some(read), "{written}");
        }
    }

    #[test]
    fn what_no_mail_server_takes_is_refused() {
        let long_local = format!("{}@example.com", "x".repeat(65));
        let long = format!("x@{}.com", ["y".repeat(60).as_str(); 5].join("."));
        for bad in [
            "",
            "@",
            "lin",
            "lin@",
            "@example.com",
            "lin@localhost",
            "lin@1.2.3.4",
            "lin@[1.2.3.4]",
            "lin@[::1]",
            "lin..wu@example.com",
            ".lin@example.com",
            "lin.@example.com",
            "li n@example.com",
            "林@example.com",
            "lin@exa mple.com",
            "lin@-example.com",
            "lin@example.com-",
            "lin@example..com",
            "lin@example.com.",
            "\"lin\"@example.com",
            "lin@example.123",
            "lin@exam_ple.com",
            "lin@a@example.com",
            "lin\r\nBcc: x@example.com",
            "lin@example.com, wu@example.com",
            "lin@%65xample.co/m",
            &long_local,
            &long,
        ] {
            assert_eq!(parsed(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_read_or_refused(s in "\\PC*") {
            if let Ok(email) = s.parse::<Email>() {
                prop_assert_eq!(email.as_str().parse::<Email>(), Ok(email.clone()));
            }
        }

        #[test]
        fn what_looks_like_an_address_can_be_mailed(s in "[a-zA-Z0-9.+_'-]{1,12}@[a-zA-Z0-9.-]{1,20}\\.[a-z]{2,6}") {
            if let Ok(email) = s.parse::<Email>() {
                prop_assert!(email.as_str().parse::<lettre::Address>().is_ok(), "{}", email);
            }
        }
    }
}
