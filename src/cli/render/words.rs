//! Small values in words.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::budget::Limit;

/// An instant to the minute, as `2026-12-02 02:00Z`.
pub fn instant(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%d %H:%MZ").to_string()
}

/// A span, as `2026-12-02 02:00Z – 02:30Z`; the end's date is left out where it is the start's.
pub fn span(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let end =
        if from.date_naive() == to.date_naive() { to.format("%H:%MZ").to_string() } else { instant(to) };
    format!("{} – {end}", instant(from))
}

/// A night, by the date of its evening: `Wed 2026-12-02`.
pub fn night(date: NaiveDate) -> String {
    date.format("%a %Y-%m-%d").to_string()
}

/// Minutes as people say them: `20m`, `1h30m`, `3d`.
pub fn minutes_in_words(minutes: u32) -> String {
    let parts = [(minutes / 1440, "d"), (minutes % 1440 / 60, "h"), (minutes % 60, "m")];
    let text: String = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if text.is_empty() { "0m".into() } else { text }
}

/// A budget's limit: `40` or `5 %`.
pub fn limit(limit: Limit) -> String {
    match limit {
        Limit::Count(count) => count.to_string(),
        Limit::Percent(percent) => format!("{percent} %"),
    }
}

/// A value, or a dash where there is none.
pub fn optional(value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

/// Labels as the fleet files write them: `floor=2; lane=fast`.
pub fn tags(tags: &BTreeMap<String, String>) -> String {
    tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("; ")
}

/// `part` of `whole` in per cent with one digit, never rounded up to 100 or down to 0.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 || part >= whole {
        return "100 %".into();
    }
    let tenths = (u128::from(part) * 1000 / u128::from(whole)).clamp(u128::from(part > 0), 999);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_said_as_they_are_typed() {
        for (minutes, text) in [(0, "0m"), (20, "20m"), (90, "1h30m"), (4320, "3d"), (1505, "1d1h5m")] {
            assert_eq!(minutes_in_words(minutes), text);
        }
    }

    #[test]
    fn a_share_is_whole_only_when_it_is() {
        assert_eq!(share(9_999, 10_000), "99.9 %");
        assert_eq!(share(1, 10_000), "0.1 %");
        assert_eq!(share(0, 10_000), "0.0 %");
        assert_eq!(share(5, 5), "100 %");
        assert_eq!(share(0, 0), "100 %");
    }
}
