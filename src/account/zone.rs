//! Finding a time zone by what somebody types: a city, a zone's name, a distance from UTC.

use chrono::{DateTime, Offset as _, TimeZone as _, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

/// Zones offered without searching, and preferred among several that fit.
pub const COMMON_ZONES: [Tz; 12] = [
    Tz::Asia__Shanghai,
    Tz::Asia__Hong_Kong,
    Tz::Asia__Taipei,
    Tz::Asia__Singapore,
    Tz::Asia__Tokyo,
    Tz::Asia__Seoul,
    Tz::Asia__Dubai,
    Tz::Europe__London,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::America__Los_Angeles,
    Tz::Australia__Sydney,
];

/// How far a zone is from UTC at that moment, in minutes.
fn minutes(zone: Tz, now: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&now.naive_utc()).fix().local_minus_utc() / 60
}

/// Zones that `query` may mean, best first, at most `limit`. `named` are the common zones as people call them.
pub fn search_zones(query: &str, named: &[(Tz, String)], now: DateTime<Utc>, limit: usize) -> Vec<Tz> {
    let query = query.trim().to_lowercase().replace(' ', "_");
    if query.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Tz> = Vec::new();
    let mut add = |zone: Tz| {
        if !found.contains(&zone) {
            found.push(zone);
        }
    };
    if let Some(wanted) = distance(&query) {
        let fits = |zone: &Tz| minutes(*zone, now) == wanted;
        COMMON_ZONES.into_iter().filter(fits).for_each(&mut add);
        cities().filter(fits).for_each(&mut add);
    } else if let Some(exact) = TZ_VARIANTS.iter().find(|zone| zone.name().to_lowercase() == query) {
        return vec![*exact];
    } else {
        let called = named.iter().filter(|(_, name)| name.to_lowercase().replace(' ', "_").contains(&query));
        called.map(|(zone, _)| *zone).for_each(&mut add);
        let city = |zone: &Tz| zone.name().rsplit('/').next().unwrap_or_default().to_lowercase();
        cities().filter(|zone| city(zone).starts_with(&query)).for_each(&mut add);
        cities().filter(|zone| zone.name().to_lowercase().contains(&query)).for_each(&mut add);
    }
    found.truncate(limit);
    found
}

/// Zones named after a place on a continent or in an ocean; the rest are other names of these.
fn cities() -> impl Iterator<Item = Tz> {
    const AREAS: [&str; 10] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    ];
    let named = |zone: &Tz| zone.name().split_once('/').is_some_and(|(area, _)| AREAS.contains(&area));
    COMMON_ZONES.into_iter().chain(TZ_VARIANTS.iter().copied().filter(named))
}

/// Reads `+8`, `utc+8`, `gmt-3:30`, `+0800` as minutes.
fn distance(query: &str) -> Option<i32> {
    let named = query.strip_prefix("utc").or_else(|| query.strip_prefix("gmt"));
    let rest = named.unwrap_or(query);
    if rest.is_empty() {
        return Some(0);
    }
    let (sign, digits) = match (rest.strip_prefix(['+', '\u{ff0b}']), rest.strip_prefix(['-', '\u{2212}'])) {
        (Some(digits), _) => (1, digits),
        (None, Some(digits)) => (-1, digits),
        (None, None) => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes)).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn search(query: &str) -> Vec<&'static str> {
        let named = [(Tz::Asia__Shanghai, "北京、上海".to_owned())];
        let now = "2026-11-24T10:00:00Z".parse().unwrap();
        search_zones(query, &named, now, 8).into_iter().map(Tz::name).collect()
    }

    #[test]
    fn zones_are_found_by_city_name_and_distance() {
        assert_eq!(search("shanghai"), ["Asia/Shanghai"]);
        assert_eq!(search("北京"), ["Asia/Shanghai"]);
        assert_eq!(search("asia/tokyo"), ["Asia/Tokyo"]);
        assert_eq!(search("New York"), ["America/New_York"]);
        assert_eq!(search("buenos"), ["America/Argentina/Buenos_Aires", "America/Buenos_Aires"]);
        assert_eq!(search("+8")[..4], ["Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore"]);
        assert_eq!(search("UTC+8"), search("+0800"));
        assert_eq!(search("gmt-3:30"), ["America/St_Johns"]);
        assert_eq!(search("utc")[0], "Europe/London");
        assert_eq!(search("UTC+9")[..2], ["Asia/Tokyo", "Asia/Seoul"]);
        for nothing in ["", "  ", "qwerty", "+99", "+8:99", "+-8", "8"] {
            assert_eq!(search(nothing), [""; 0], "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_queries_find_at_most_what_is_asked_for(query: String) {
            prop_assert!(search(&query).len() <= 8);
        }
    }
}
