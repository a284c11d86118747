//! The three facts a pinned client takes from a certificate: the subject's common name and the two
//! ends of its validity (RFC 5280 4.1). A reader for exactly that, since the pin vouches for the rest.

use chrono::{DateTime, NaiveDate, Utc};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;
/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// What we read of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// The subject's common name, if it has one that is text.
    pub(super) common_name: Option<String>,
    /// First second of validity.
    pub(super) not_before: DateTime<Utc>,
    /// Last second of validity.
    pub(super) not_after: DateTime<Utc>,
}

/// Reads a DER certificate; `None` if it is none.
pub(super) fn read(der: &[u8]) -> Option<Facts> {
    let (certificate, _) = expect(SEQUENCE, der)?;
    let (tbs, _) = expect(SEQUENCE, certificate)?;
    let (tag, _, after) = element(tbs)?;
    let rest = if tag == VERSION { after } else { tbs };
    let (_serial, rest) = skip(rest)?;
    let (_algorithm, rest) = skip(rest)?;
    let (_issuer, rest) = skip(rest)?;
    let (validity, rest) = expect(SEQUENCE, rest)?;
    let (subject, _) = expect(SEQUENCE, rest)?;
    let (from_tag, from, later) = element(validity)?;
    let (to_tag, to, _) = element(later)?;
    Some(Facts {
        common_name: common_name(subject),
        not_before: time(from_tag, from)?,
        not_after: time(to_tag, to)?,
    })
}

fn common_name(mut names: &[u8]) -> Option<String> {
    while let Some((mut set, rest)) = expect(SET, names) {
        while let Some((attribute, others)) = expect(SEQUENCE, set) {
            let (id, value) = expect(OBJECT_ID, attribute)?;
            if id == COMMON_NAME {
                let (_, text, _) = element(value)?;
                return String::from_utf8(text.to_vec()).ok();
            }
            set = others;
        }
        names = rest;
    }
    None
}

fn time(tag: u8, text: &[u8]) -> Option<DateTime<Utc>> {
    let digits = text.strip_suffix(b"Z")?;
    let (year, rest) = match tag {
        // Two digits, 50 and later meaning the last century (RFC 5280 4.1.2.5.1).
        UTC_TIME => {
            let (short, rest) = digits.split_at_checked(2)?;
            let short = number(short)?;
            (if short < 50 { 2000 + short } else { 1900 + short }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (number(year)?, rest)
        }
        _ => return None,
    };
    if rest.len() != 10 {
        return None;
    }
    let mut parts = rest.chunks(2).map(number);
    let mut part = || parts.next().flatten();
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, part()?, part()?)?;
    Some(date.and_hms_opt(part()?, part()?, part()?)?.and_utc())
}

fn number(digits: &[u8]) -> Option<u32> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Tag, content and what follows of the first element.
fn element(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = input.split_first_chunk::<2>()?;
    let (len, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.len() > 3 {
            return None;
        }
        (digits.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((tag, content, rest))
}

fn expect(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    element(input).filter(|(found, _, _)| *found == tag).map(|(_, content, rest)| (content, rest))
}

fn skip(input: &[u8]) -> Option<(&[u8], &[u8])> {
    element(input).map(|(_, content, rest)| (content, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_come_in_two_forms() {
        let at = |text: &str| Some(DateTime::parse_from_rfc3339(text).unwrap().to_utc());
        assert_eq!(time(UTC_TIME, b"261124000001Z"), at("2026-11-24T00:00:01Z"));
        assert_eq!(time(UTC_TIME, b"500101000000Z"), at("1950-01-01T00:00:00Z"));
        assert_eq!(time(GENERALIZED_TIME, b"20501231235959Z"), at("2050-12-31T23:59:59Z"));
        for wrong in ["261324000000Z", "261124000000", "2611240000Z", "+61124000000Z", "Z", ""] {
            assert_eq!(time(UTC_TIME, wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(time(0x04, b"261124000001Z"), None);
    }

    #[test]
    fn long_lengths_are_read_and_absurd_ones_refused() {
        let long = [[0x04, 0x82, 0x01, 0x00].as_slice(), &[7; 256], &[9]].concat();
        assert_eq!(element(&long), Some((4, [7; 256].as_slice(), [9].as_slice())));
        assert_eq!(element(&[0x04, 0x84, 0, 0, 0, 1, 7]), None);
        assert_eq!(element(&[0x04, 0x81]), None);
        assert_eq!(element(&[0x04, 2, 1]), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn a_changed_certificate_does_not_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut der = rcgen::CertificateParams::default().self_signed(&key).unwrap().der().to_vec();
            let at = at.index(der.len());
            der[at] = byte;
            let _ = read(&der);
        }
    }
}
