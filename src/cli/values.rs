//! Values on the command line: durations, instants, hours.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

use crate::domain::calendar::{first_instant, parse_duration};

/// A duration in whole minutes: `20m`, `1h30m`, `2d`.
pub fn minutes(text: &str) -> Result<u32, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// Whole days: `30` or `30d` or `4w`.
pub fn days(text: &str) -> Result<u32, String> {
    if let Ok(days) = text.trim().parse::<u32>() {
        return if days > 0 { Ok(days) } else { Err("there must be at least one day".into()) };
    }
    match minutes(text)? {
        minutes if minutes % 1440 == 0 => Ok(minutes / 1440),
        _ => Err(format!("`{text}` is not a whole number of days; write `30d`")),
    }
}

/// An instant: RFC 3339, or `2026-12-20`, or `2026-12-20 18:00`, in UTC unless an offset or an IANA zone follows
/// (`2026-12-20 18:00 Europe/London`). A date alone is its first instant.
pub fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    parse_instant(text, false)
}

/// The end of something: as [`instant`], but a date alone includes that day.
pub fn end_instant(text: &str) -> Result<DateTime<Utc>, String> {
    parse_instant(text, true)
}

fn parse_instant(text: &str, end_of_day: bool) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    let unreadable = || {
        format!(
            "`{text}` is not a time; write `2026-12-20`, `2026-12-20 18:00`, `2026-12-20 18:00 Europe/London` \
             or `2026-12-20T18:00:00+08:00`"
        )
    };
    // RFC 3339 asks for seconds; people leave them out.
    for form in
        ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M%#z"]
    {
        if let Ok(instant) = DateTime::parse_from_str(&text.replace(" +", "+").replace(" -", "-"), form) {
            return Ok(instant.to_utc());
        }
    }
    let (local, zone) = match text.rsplit_once(' ') {
        Some((local, name)) if name.contains(|character: char| character.is_ascii_alphabetic()) => (
            local,
            name.parse::<Tz>().map_err(|_| format!("`{name}` is not an IANA zone, as Europe/London"))?,
        ),
        _ => match text.strip_suffix('Z') {
            Some(local) => (local, Tz::UTC),
            None => (text, Tz::UTC),
        },
    };
    if let Ok(date) = NaiveDate::parse_from_str(local, "%Y-%m-%d") {
        let day = if end_of_day { date.checked_add_days(Days::new(1)).ok_or_else(unreadable)? } else { date };
        return Ok(first_instant(zone, day.and_time(NaiveTime::MIN)));
    }
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .into_iter()
        .find_map(|form| NaiveDateTime::parse_from_str(local, form).ok())
        .map(|local| first_instant(zone, local))
        .ok_or_else(unreadable)
}

/// What a selector can ask for, a field a line.
pub fn selector_help() -> String {
    let mut help = "Which terminals: an expression over terminal, site and merchant fields, or `all`.\n\
                    Operators are = != < <= > >= in like, joined by and, or, not and parentheses. Fields:"
        .to_owned();
    for field in crate::domain::selector::fields() {
        help.push_str(&format!("\n  {:<14} {}, as {}", field.name, field.meaning, field.example));
    }
    help
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a test writes valid RFC 3339")
    }

    #[test]
    fn instants_are_utc_unless_told() {
        let cases = [
            ("2026-12-20", "2026-12-20T00:00:00Z"),
            ("2026-12-20 18:00", "2026-12-20T18:00:00Z"),
            ("2026-12-20T18:00", "2026-12-20T18:00:00Z"),
            ("2026-12-20T18:00Z", "2026-12-20T18:00:00Z"),
            ("2026-12-20T18:00:30Z", "2026-12-20T18:00:30Z"),
            ("2026-12-20 18:00+08:00", "2026-12-20T10:00:00Z"),
            ("2026-12-20 18:00 +08:00", "2026-12-20T10:00:00Z"),
            ("2026-12-20T18:00:00-05:00", "2026-12-20T23:00:00Z"),
            ("2026-12-20 18:00 Asia/Shanghai", "2026-12-20T10:00:00Z"),
            ("2026-06-20 Europe/London", "2026-06-19T23:00:00Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(instant(text), Ok(utc(expected)), "{text}");
        }
    }

    #[test]
    fn an_end_includes_its_day() {
        assert_eq!(end_instant("2026-12-20"), Ok(utc("2026-12-21T00:00:00Z")));
        assert_eq!(end_instant("2026-12-20 18:00"), Ok(utc("2026-12-20T18:00:00Z")));
    }

    #[test]
    fn nonsense_is_refused_with_the_forms_that_work() {
        for text in ["", "tomorrow", "2026-13-01", "2026-12-20 25:00", "20.12.2026"] {
            assert!(instant(text).is_err_and(|error| error.contains("2026-12-20 18:00")), "{text}");
        }
        assert!(instant("2026-12-20 18:00 Mars/Olympus").is_err_and(|error| error.contains("IANA")));
    }

    #[test]
    fn days_are_whole() {
        assert_eq!(days("30"), Ok(30));
        assert_eq!(days("2w"), Ok(14));
        assert!(days("36h").is_err());
        assert!(days("0").is_err());
    }

    #[test]
    fn durations_are_minutes() {
        for (text, expected) in [("20m", 20), ("1h30m", 90), ("72h", 4320), ("2d", 2880)] {
            assert_eq!(minutes(text), Ok(expected), "{text}");
        }
        assert!(minutes("20").is_err());
    }
}
