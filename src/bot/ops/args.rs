//! What follows a command, split into words and read as typed values.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;

/// Pairs of quotation marks that keep words together; the last two are what Chinese and phone keyboards make.
const QUOTES: [(char, char); 4] =
    [('"', '"'), ('\'', '\''), ('\u{201c}', '\u{201d}'), ('\u{300c}', '\u{300d}')];

/// Splits at white space; what stands in quotation marks is one word. A mark within a word is part of it, and one
/// that is never closed is a word's first letter.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        let quoted = QUOTES.iter().find(|(open, _)| *open == first).and_then(|(_, close)| {
            let (inside, outside) = after.split_once(*close)?;
            let ends = outside.is_empty() || outside.starts_with(char::is_whitespace);
            ends.then_some((inside, outside))
        });
        let (word, left) =
            quoted.unwrap_or_else(|| rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())));
        words.push(word.to_owned());
        rest = left.trim_start();
    }
    words
}

/// A day, with or without a time: `2026-12-24`, `2026/12/24`, `20261224`, and `18:30`.
///
/// Without a time it is the day's last second in `zone`. A time that the zone's clocks skip is the next that they show.
pub(super) fn moment(day: &str, time: Option<&str>, zone: Tz) -> Option<DateTime<Utc>> {
    let day = day.replace(['/', '.'], "-");
    let day = ["%Y-%m-%d", "%Y%m%d"].iter().find_map(|form| NaiveDate::parse_from_str(&day, form).ok())?;
    let time = match time {
        Some(time) => NaiveTime::parse_from_str(&time.replace('\u{ff1a}', ":"), "%H:%M").ok()?,
        None => NaiveTime::from_hms_opt(23, 59, 59)?,
    };
    let local = day.and_time(time);
    let skipped = || zone.from_local_datetime(&(local + chrono::TimeDelta::hours(1))).earliest();
    let at = zone.from_local_datetime(&local).latest().or_else(skipped)?;
    Some(at.with_timezone(&Utc))
}

/// A whole number within bounds.
pub(super) fn number(text: &str, least: u32, most: u32) -> Option<u32> {
    text.parse().ok().filter(|n| (least..=most).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotation_marks_keep_words_together() {
        for (text, words) in [
            ("", vec![]),
            ("  lin   2026-12-24 ", vec!["lin", "2026-12-24"]),
            ("a\u{3000}b\nc", vec!["a", "b", "c"]),
            ("\"Lin Wei\" 30", vec!["Lin Wei", "30"]),
            ("'Lin Wei' “a b” 「丙 丁」", vec!["Lin Wei", "a b", "丙 丁"]),
            ("\"\" x", vec!["", "x"]),
            ("O'Neil's 30", vec!["O'Neil's", "30"]),
            ("\"open 30", vec!["\"open", "30"]),
            ("\"a\"b c", vec!["\"a\"b", "c"]),
        ] {
            assert_eq!(split(text), words, "{text:?}");
        }
    }

    #[test]
    fn a_day_ends_with_its_last_second_in_the_shops_zone() {
        let at = |day, time, zone| moment(day, time, zone).map(|at| at.to_rfc3339());
        let shanghai = Tz::Asia__Shanghai;
        assert_eq!(at("2026-12-24", None, shanghai).unwrap(), "2026-12-24T15:59:59+00:00");
        assert_eq!(at("2026/12/24", Some("18:30"), shanghai).unwrap(), "2026-12-24T10:30:00+00:00");
        assert_eq!(at("20261224", Some("18：30"), shanghai).unwrap(), "2026-12-24T10:30:00+00:00");
        // Clocks in Berlin jump from 02:00 to 03:00 in that night.
        assert_eq!(at("2026-03-29", Some("02:30"), Tz::Europe__Berlin).unwrap(), "2026-03-29T01:30:00+00:00");
        for (day, time) in [
            ("2026-13-01", None),
            ("2026-02-30", None),
            ("tomorrow", None),
            ("24", None),
            ("2026-12-24", Some("25:00")),
            ("2026-12-24", Some("noon")),
        ] {
            assert_eq!(moment(day, time, shanghai), None, "{day} {time:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_splits_and_loses_no_word(text in "[a-z\"'“” \u{3000}]{0,40}") {
            let letters = |s: &str| s.chars().filter(char::is_ascii_alphabetic).collect::<String>();
            prop_assert_eq!(letters(&split(&text).concat()), letters(&text));
        }
    }
}
