//! How values are written, the same everywhere: moments in the reader's zone, time left, durations, traffic,
//! latency, shortened codes and keys. Money and sizes write themselves ([`crate::money`], [`crate::bytes`]).

use std::time::Duration;

use chrono::{DateTime, Offset, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::{Words, args, t};
use crate::bytes::Bytes;
use crate::derp::NodeKey;

/// The longest time left that is told in hours.
const HOURS_UP_TO: TimeDelta = TimeDelta::hours(48);

/// A moment, such as `2026-11-24 18:30 (UTC+8)`.
pub fn moment(at: DateTime<Utc>, zone: Tz) -> String {
    format!("{} ({})", at.with_timezone(&zone).format("%Y-%m-%d %H:%M"), offset(at, zone))
}

/// A moment's day, such as `2026-11-24`.
pub fn date(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d").to_string()
}

/// How far `zone` is from UTC at that moment: `UTC+8`, `UTC-3:30`, `UTC`.
pub fn offset(at: DateTime<Utc>, zone: Tz) -> String {
    let seconds = zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    match (hours, minutes) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// How long until `end`, or since: days, hours below 48, minutes in the last hour. Days are rounded, so that what was
/// just bought for 30 days doesn't read as 29.
pub fn left(words: Words<'_>, now: DateTime<Utc>, end: DateTime<Utc>) -> String {
    let distance = (end - now).abs();
    let days = (distance + TimeDelta::hours(12)).num_days();
    let hours = distance.num_hours();
    match (end > now, distance >= HOURS_UP_TO, hours >= 1) {
        (true, true, _) => words.plain(t("time-left-days"), &args().number("days", days)),
        (true, false, true) => words.plain(t("time-left-hours"), &args().number("hours", hours)),
        (true, false, false) => {
            words.plain(t("time-left-minutes"), &args().number("minutes", distance.num_minutes().max(1)))
        }
        (false, true, _) => words.plain(t("time-overdue-days"), &args().number("days", days)),
        (false, false, _) => words.plain(t("time-overdue-hours"), &args().number("hours", hours.max(1))),
    }
}

/// A length of time in its two largest units at most: `48 s`, `17 min`, `1 h 28 min`, `30 days`.
pub fn duration(words: Words<'_>, length: Duration) -> String {
    let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => words.plain(t("duration-seconds"), &args().number("seconds", seconds)),
        60..3600 => words.plain(t("duration-minutes"), &args().number("minutes", minutes)),
        3600..172_800 if minutes % 60 == 0 => {
            words.plain(t("duration-hours"), &args().number("hours", hours))
        }
        3600..172_800 => words.plain(
            t("duration-hours-minutes"),
            &args().number("hours", hours).number("minutes", minutes % 60),
        ),
        _ => words.plain(t("duration-days"), &args().number("days", hours / 24)),
    }
}

/// Traffic used, of a cap that starts anew at `reset`, or without one.
pub fn traffic(words: Words<'_>, used: Bytes, cap: Option<Bytes>, reset: DateTime<Utc>, zone: Tz) -> String {
    match cap {
        Some(cap) => words.plain(
            t("traffic-line"),
            &args().text("used", used).text("cap", cap).text("reset", moment(reset, zone)),
        ),
        None => words.plain(t("traffic-line-free"), &args().text("used", used)),
    }
}

/// A cap on traffic, as plans state it.
pub fn cap(words: Words<'_>, cap: Option<Bytes>) -> String {
    match cap {
        Some(cap) => words.plain(t("cap-period"), &args().text("amount", cap)),
        None => words.label(t("cap-none")),
    }
}

/// A delay in whole milliseconds, such as `44 ms`. What is under one still took some time.
pub fn latency(delay: Duration) -> String {
    format!("{} ms", millis(delay))
}

/// A delay in whole milliseconds, at least one.
pub fn millis(delay: Duration) -> i64 {
    let rounded = delay.saturating_add(Duration::from_micros(500)).as_millis();
    i64::try_from(rounded).unwrap_or(i64::MAX).max(1)
}

/// A share of a whole, such as `93%`; above 100 where more was used than there is.
pub fn percent(part: u64, whole: u64) -> String {
    format!("{}%", u128::from(part) * 100 / u128::from(whole.max(1)))
}

/// A serial as it may be shown: its first group and its check symbol, `7KQ2M…-C`. Takes the full code in groups.
pub fn masked_serial(code: &str) -> String {
    match (code.split_once('-'), code.rsplit_once('-')) {
        (Some((first, _)), Some((_, check))) => format!("{first}…-{check}"),
        (_, None) | (None, _) => "…".to_owned(),
    }
}

/// A device's key as it may be shown: `nodekey:3f9a…c210`.
pub fn masked_key(key: &NodeKey) -> String {
    let text = key.to_string();
    match text.split_once(':') {
        Some((kind, hex)) if hex.len() >= 8 => format!("{kind}:{}…{}", &hex[..4], &hex[hex.len() - 4..]),
        Some(_) | None => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Texts;
    use crate::types::Lang;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn moments_stand_in_the_readers_zone() {
        let noon = at("2026-11-24T10:30:00Z");
        assert_eq!(moment(noon, Tz::Asia__Shanghai), "2026-11-24 18:30 (UTC+8)");
        assert_eq!(moment(noon, Tz::America__St_Johns), "2026-11-24 07:00 (UTC-3:30)");
        assert_eq!(moment(noon, Tz::UTC), "2026-11-24 10:30 (UTC)");
        assert_eq!(moment(at("2026-07-01T10:30:00Z"), Tz::Europe__London), "2026-07-01 11:30 (UTC+1)");
        assert_eq!(date(at("2026-11-24T16:30:00Z"), Tz::Asia__Shanghai), "2026-11-25");
    }

    #[test]
    fn time_left_is_told_in_the_unit_that_matters() {
        let texts = Texts::load();
        let (zh, en) = (texts.lang(Lang::ZhCn), texts.lang(Lang::En));
        let now = at("2026-11-24T00:00:00Z");
        let cases = [
            (TimeDelta::days(30) - TimeDelta::seconds(1), "还剩 30 天", "30 days left"),
            (TimeDelta::days(27), "还剩 27 天", "27 days left"),
            (TimeDelta::hours(48), "还剩 2 天", "2 days left"),
            (TimeDelta::hours(48) - TimeDelta::seconds(1), "还剩 47 小时", "47 hours left"),
            (TimeDelta::hours(1), "还剩 1 小时", "1 hour left"),
            (TimeDelta::minutes(59), "还剩 59 分钟", "59 minutes left"),
            (TimeDelta::seconds(5), "还剩 1 分钟", "1 minute left"),
            (TimeDelta::zero(), "已过期 1 小时", "ended 1 hour ago"),
            (-TimeDelta::hours(30), "已过期 30 小时", "ended 30 hours ago"),
            (-TimeDelta::days(3), "已过期 3 天", "ended 3 days ago"),
        ];
        for (distance, chinese, english) in cases {
            assert_eq!(left(zh, now, now + distance), chinese);
            assert_eq!(left(en, now, now + distance), english);
        }
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let texts = Texts::load();
        let (zh, en) = (texts.lang(Lang::ZhCn), texts.lang(Lang::En));
        for (seconds, chinese, english) in [
            (48, "48 秒", "48 s"),
            (17 * 60 + 5, "17 分钟", "17 min"),
            (3600, "1 小时", "1 h"),
            (88 * 60, "1 小时 28 分钟", "1 h 28 min"),
            (30 * 86_400, "30 天", "30 days"),
        ] {
            let length = Duration::from_secs(seconds);
            assert_eq!(duration(zh, length), chinese);
            assert_eq!(duration(en, length), english);
        }
    }

    #[test]
    fn traffic_names_its_reset() {
        let texts = Texts::load();
        let zh = texts.lang(Lang::ZhCn);
        let (used, reset) = (Bytes(12_345_678_901), at("2026-11-30T16:00:00Z"));
        assert_eq!(
            traffic(zh, used, Some(Bytes::gigabytes(100)), reset, Tz::Asia__Shanghai),
            "12.3 GB / 100 GB，2026-12-01 00:00 (UTC+8) 重置"
        );
        assert_eq!(traffic(zh, used, None, reset, Tz::Asia__Shanghai), "12.3 GB（不限）");
        assert_eq!(cap(texts.lang(Lang::En), None), "unlimited");
    }

    #[test]
    fn secrets_are_shortened() {
        assert_eq!(masked_serial("7KQ2M-X4D9T-0WHRE-5NB8V-C"), "7KQ2M…-C");
        assert_eq!(masked_serial("7KQ2M"), "…");
        let mut key = [0; 32];
        (key[0], key[1], key[30], key[31]) = (0x3f, 0x9a, 0xc2, 0x10);
        assert_eq!(masked_key(&NodeKey::from_bytes(key)), "nodekey:3f9a…c210");
    }

    #[test]
    fn figures_are_whole() {
        assert_eq!(latency(Duration::from_micros(44_130)), "44 ms");
        assert_eq!(latency(Duration::from_micros(20)), "1 ms");
        assert_eq!(percent(93, 100), "93%");
        assert_eq!(percent(u64::MAX, 1), format!("{}%", u128::from(u64::MAX) * 100));
        assert_eq!(percent(0, 0), "0%");
    }
}
