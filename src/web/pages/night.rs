//! A night as the pages cut it: from UTC noon to the next, named after its first day.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, TimeZone, Utc};

const HOURS_BEFORE_NIGHT: i64 = 12;

/// The night in which an instant lies.
pub fn night_of(instant: DateTime<Utc>) -> NaiveDate {
    (instant - TimeDelta::hours(HOURS_BEFORE_NIGHT)).date_naive()
}

/// The first instant of a night and the first after it.
pub fn bounds(night: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let midnight = Utc.from_utc_datetime(&night.and_time(chrono::NaiveTime::MIN));
    let from = midnight + TimeDelta::hours(HOURS_BEFORE_NIGHT);
    (from, from + TimeDelta::hours(24))
}

/// The night before and the night after, where the calendar has them.
pub fn neighbours(night: NaiveDate) -> (Option<NaiveDate>, Option<NaiveDate>) {
    (night.checked_sub_days(Days::new(1)), night.checked_add_days(Days::new(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_runs_from_noon_to_noon() {
        let night = NaiveDate::from_ymd_opt(2026, 11, 25).expect("a date");
        let (from, to) = bounds(night);
        assert_eq!(from.to_rfc3339(), "2026-11-25T12:00:00+00:00");
        assert_eq!(night_of(from), night);
        assert_eq!(night_of(to - TimeDelta::seconds(1)), night);
        assert_eq!(night_of(to), night.succ_opt().expect("a date"));
    }
}
