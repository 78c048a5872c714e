//! From a wall-clock time to an instant, on the days when that is not obvious.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};

/// What a wall-clock time means in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LocalMeaning {
    /// The wall clock shows it once.
    Once(DateTime<Utc>),
    /// The clocks went back and showed it twice.
    Twice { first: DateTime<Utc>, last: DateTime<Utc> },
    /// The clocks went forward over it: the instant at which they did.
    Never { gap_end: DateTime<Utc> },
}

pub(super) fn meaning(zone: Tz, local: NaiveDateTime) -> LocalMeaning {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(only) => LocalMeaning::Once(only.to_utc()),
        MappedLocalTime::Ambiguous(one, other) => {
            LocalMeaning::Twice { first: one.min(other).to_utc(), last: one.max(other).to_utc() }
        }
        MappedLocalTime::None => {
            let gap_end = GapInfo::new(&local, &zone).and_then(|gap| gap.end);
            LocalMeaning::Never {
                gap_end: gap_end.expect("a time that no clock showed lies in a gap that ends").to_utc(),
            }
        }
    }
}

/// The instant at which something begins that is said to begin at `local`: the first of two in an overlap,
/// the end of the gap in a gap.
pub fn first_instant(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match meaning(zone, local) {
        LocalMeaning::Once(instant) => instant,
        LocalMeaning::Twice { first, .. } => first,
        LocalMeaning::Never { gap_end } => gap_end,
    }
}

/// The instant at which something ends that is said to end at `local`: the second of two in an overlap, the
/// end of the gap in a gap. With [`first_instant`] for its start, a span that protects a merchant (opening
/// hours, a blackout) is never shortened by a change of clocks.
pub fn last_instant(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match meaning(zone, local) {
        LocalMeaning::Once(instant) => instant,
        LocalMeaning::Twice { last, .. } => last,
        LocalMeaning::Never { gap_end } => gap_end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn local(year: i32, month: u32, day: u32, hour: u32, minute: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(year, month, day)
            .and_then(|date| date.and_hms_opt(hour, minute, 0))
            .expect("valid")
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("valid")
    }

    #[test]
    fn a_gap_ends_at_its_first_valid_instant() {
        let cases = [
            ("America/New_York", local(2026, 3, 8, 2, 30), "2026-03-08T07:00:00Z"),
            ("Europe/London", local(2026, 3, 29, 1, 0), "2026-03-29T01:00:00Z"),
            ("Australia/Lord_Howe", local(2026, 10, 4, 2, 15), "2026-10-03T15:30:00Z"),
            ("America/Sao_Paulo", local(2018, 11, 4, 0, 0), "2018-11-04T03:00:00Z"),
            ("Pacific/Apia", local(2011, 12, 30, 12, 0), "2011-12-30T10:00:00Z"),
        ];
        for (zone, time, expected) in cases {
            let zone: Tz = zone.parse().expect("known zone");
            assert_eq!(meaning(zone, time), LocalMeaning::Never { gap_end: utc(expected) }, "{zone} {time}");
            assert_eq!(first_instant(zone, time), last_instant(zone, time));
        }
    }

    #[test]
    fn an_overlap_has_a_first_and_a_last() {
        let cases = [
            ("America/New_York", local(2026, 11, 1, 1, 30), "2026-11-01T05:30:00Z", 60),
            ("Europe/London", local(2026, 10, 25, 1, 0), "2026-10-25T00:00:00Z", 60),
            ("Australia/Lord_Howe", local(2026, 4, 5, 1, 45), "2026-04-04T14:45:00Z", 30),
            ("America/Sao_Paulo", local(2019, 2, 16, 23, 0), "2019-02-17T01:00:00Z", 60),
        ];
        for (zone, time, expected, minutes) in cases {
            let zone: Tz = zone.parse().expect("known zone");
            assert_eq!(first_instant(zone, time), utc(expected), "{zone} {time}");
            let overlap = last_instant(zone, time) - first_instant(zone, time);
            assert_eq!(overlap.num_minutes(), minutes, "{zone} {time}");
        }
    }

    #[test]
    fn clocks_still_change_late_in_the_century() {
        let zone = chrono_tz::America::New_York;
        assert_eq!(first_instant(zone, local(2099, 7, 1, 2, 0)), utc("2099-07-01T06:00:00Z"));
    }
}
