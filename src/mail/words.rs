//! Times, spans and zones as a merchant reads them. Sentences live in the templates; what is here depends on
//! the calendar and cannot be written in one.

mod zones;

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::Tz;

use crate::domain::fleet::Locale;

const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A span of time in the zone and language of its reader.
#[derive(Clone, Copy, Debug)]
pub struct SpanWords {
    locale: Locale,
    zone: Tz,
    starts_at: DateTime<Tz>,
    ends_at: DateTime<Tz>,
}

impl SpanWords {
    /// The span in the words of `locale`, in the time of `zone`.
    pub fn new(locale: Locale, zone: Tz, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> Self {
        Self {
            locale,
            zone,
            starts_at: starts_at.with_timezone(&zone),
            ends_at: ends_at.with_timezone(&zone),
        }
    }

    /// The local date on which it starts.
    pub fn start_date(&self) -> NaiveDate {
        self.starts_at.date_naive()
    }

    /// Whether the clocks change between its start and its end.
    pub(super) fn crosses_clock_change(&self) -> bool {
        offset_seconds(&self.starts_at) != offset_seconds(&self.ends_at)
    }

    /// Date, clock times and zone: everything a merchant needs to be there, or not to be.
    pub fn in_full(&self) -> String {
        let date = date_in_full(self.locale, self.start_date());
        let clock = self.clock(self.start_date());
        let zone = self.zone_words();
        match self.locale {
            Locale::En => format!("{date}, {clock} ({zone})"),
            Locale::ZhCn => format!("{date}{clock}({zone})"),
        }
    }

    /// Date, clock time and zone of the start alone; of a span without length.
    pub fn start_in_full(&self) -> String {
        let date = date_in_full(self.locale, self.start_date());
        let clock = hours_and_minutes(&self.starts_at);
        let zone = self.zone_words();
        match self.locale {
            Locale::En => format!("{date}, {clock} ({zone})"),
            Locale::ZhCn => format!("{date}{clock}({zone})"),
        }
    }

    /// Weekday and date of the start.
    pub fn day(&self) -> String {
        date_in_full(self.locale, self.start_date())
    }

    /// Weekday, day and clock times, for a subject line.
    pub fn in_short(&self) -> String {
        let clock = match self.crosses_clock_change() {
            true => self.clock_with_offsets(self.start_date()),
            false => self.clock(self.start_date()),
        };
        format!("{}{clock}", self.day_in_short())
    }

    /// Weekday, day and clock time of the start alone, for a subject line.
    pub fn start_in_short(&self) -> String {
        format!("{}{}", self.day_in_short(), hours_and_minutes(&self.starts_at))
    }

    fn day_in_short(&self) -> String {
        let date = self.start_date();
        match self.locale {
            Locale::En => {
                let weekday = &english_weekday(date.weekday())[..3];
                format!("{weekday} {} {}, ", date.day(), &english_month(date)[..3])
            }
            Locale::ZhCn => day_and_month(self.locale, date),
        }
    }

    /// Clock times alone, for a list under a heading that names `heading_date`.
    pub fn clock(&self, heading_date: NaiveDate) -> String {
        self.times(heading_date, hours_and_minutes)
    }

    /// The same with each time's offset from UTC: in a night when the clocks change, `01:30–01:15` reads like a
    /// mistake, and 01:15 comes twice.
    pub(super) fn clock_with_offsets(&self, heading_date: NaiveDate) -> String {
        self.times(heading_date, |at| format!("{} ({})", hours_and_minutes(at), utc_offset(at)))
    }

    fn times(&self, heading_date: NaiveDate, say: impl Fn(&DateTime<Tz>) -> String) -> String {
        let (start, end) = (say(&self.starts_at), say(&self.ends_at));
        let end_date = self.ends_at.date_naive();
        if self.start_date() == end_date {
            return on_day(self.locale, &format!("{start}–{end}"), end_date, heading_date);
        }
        let start = on_day(self.locale, &start, self.start_date(), heading_date);
        let end = on_day(self.locale, &end, end_date, heading_date);
        format!("{start}–{end}")
    }

    /// The zone, as people call it, with its offset on that day.
    pub fn zone_words(&self) -> String {
        let name = zones::friendly_name(self.locale, self.zone);
        let at_start = utc_offset(&self.starts_at);
        if !self.crosses_clock_change() {
            return match self.locale {
                Locale::En => format!("{name}, {at_start}"),
                Locale::ZhCn => format!("{name},{at_start}"),
            };
        }
        let at_end = utc_offset(&self.ends_at);
        match self.locale {
            Locale::En => format!("{name}; the clocks change meanwhile from {at_start} to {at_end}"),
            Locale::ZhCn => format!("{name},其间时钟由{at_start}调为{at_end}"),
        }
    }

    /// How long it lasts, in words.
    pub(super) fn length(&self) -> String {
        length_in_words(self.locale, self.minutes())
    }

    /// How long it lasts, in minutes, begun ones included.
    pub(super) fn minutes(&self) -> u32 {
        let length = self.ends_at.signed_duration_since(self.starts_at).max(TimeDelta::zero());
        u32::try_from((length.num_seconds() + 59) / 60).unwrap_or(u32::MAX)
    }
}

/// `90` as `1 hour 30 minutes`.
pub(super) fn length_in_words(locale: Locale, minutes: u32) -> String {
    let (hours, rest) = (minutes / 60, minutes % 60);
    let plural = |count: u32| if count == 1 { "" } else { "s" };
    match (locale, hours, rest) {
        (Locale::En, 0, _) => format!("{rest} minute{}", plural(rest)),
        (Locale::En, _, 0) => format!("{hours} hour{}", plural(hours)),
        (Locale::En, _, _) => format!("{hours} hour{} {rest} minute{}", plural(hours), plural(rest)),
        (Locale::ZhCn, 0, _) => format!("{rest}分钟"),
        (Locale::ZhCn, _, 0) => format!("{hours}小时"),
        (Locale::ZhCn, _, _) => format!("{hours}小时{rest}分钟"),
    }
}

/// Weekday, day, month and year.
pub(super) fn date_in_full(locale: Locale, date: NaiveDate) -> String {
    match locale {
        Locale::En => format!("{} {}", english_weekday(date.weekday()), date_without_weekday(locale, date)),
        Locale::ZhCn => {
            format!("{}(周{})", date_without_weekday(locale, date), chinese_weekday(date.weekday()))
        }
    }
}

fn date_without_weekday(locale: Locale, date: NaiveDate) -> String {
    match locale {
        Locale::En => format!("{} {} {}", date.day(), english_month(date), date.year()),
        Locale::ZhCn => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
    }
}

/// Day and month, where the year goes without saying.
fn day_and_month(locale: Locale, date: NaiveDate) -> String {
    match locale {
        Locale::En => format!("{} {}", date.day(), english_month(date)),
        Locale::ZhCn => format!("{}月{}日", date.month(), date.day()),
    }
}

/// `clock` with its day, unless that is the day of the heading above it.
fn on_day(locale: Locale, clock: &str, date: NaiveDate, heading_date: NaiveDate) -> String {
    match ((date - heading_date).num_days(), locale) {
        (0, _) => clock.to_owned(),
        (1, Locale::En) => format!("{clock} next day"),
        (1, Locale::ZhCn) => format!("次日{clock}"),
        (_, Locale::En) => format!("{clock} on {}", day_and_month(locale, date)),
        (_, Locale::ZhCn) => format!("{}{clock}", day_and_month(locale, date)),
    }
}

fn hours_and_minutes(at: &DateTime<Tz>) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

fn offset_seconds(at: &DateTime<Tz>) -> i32 {
    at.offset().fix().local_minus_utc()
}

/// `UTC+8`, `UTC−3:30`, `UTC`, with a true minus sign.
fn utc_offset(at: &DateTime<Tz>) -> String {
    let minutes = offset_seconds(at) / 60;
    if minutes == 0 {
        return "UTC".to_owned();
    }
    let sign = if minutes < 0 { '−' } else { '+' };
    match (minutes.abs() / 60, minutes.abs() % 60) {
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, rest) => format!("UTC{sign}{hours}:{rest:02}"),
    }
}

fn english_month(date: NaiveDate) -> &'static str {
    ENGLISH_MONTHS[date.month0() as usize]
}

fn english_weekday(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

fn chinese_weekday(weekday: Weekday) -> char {
    match weekday {
        Weekday::Mon => '一',
        Weekday::Tue => '二',
        Weekday::Wed => '三',
        Weekday::Thu => '四',
        Weekday::Fri => '五',
        Weekday::Sat => '六',
        Weekday::Sun => '日',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(locale: Locale, zone: Tz, starts_at: &str, minutes: i64) -> SpanWords {
        let starts_at: DateTime<Utc> = starts_at.parse().expect("an instant");
        SpanWords::new(locale, zone, starts_at, starts_at + TimeDelta::minutes(minutes))
    }

    #[test]
    fn a_span_names_date_clock_and_zone() {
        let beijing = span(Locale::ZhCn, Tz::Asia__Shanghai, "2026-11-24T18:00:00Z", 30);
        assert_eq!(beijing.in_full(), "2026年11月25日(周三)02:00–02:30(北京时间,UTC+8)");
        assert_eq!(beijing.in_short(), "11月25日02:00–02:30");
        let new_york = span(Locale::En, Tz::America__New_York, "2026-11-25T07:00:00Z", 30);
        assert_eq!(new_york.in_full(), "Wednesday 25 November 2026, 02:00–02:30 (New York time, UTC−5)");
        assert_eq!(new_york.in_short(), "Wed 25 Nov, 02:00–02:30");
        assert_eq!(new_york.start_in_short(), "Wed 25 Nov, 02:00");
    }

    #[test]
    fn past_midnight_is_the_next_day() {
        let english = span(Locale::En, Tz::Europe__London, "2026-11-25T23:30:00Z", 60);
        assert_eq!(english.in_full(), "Wednesday 25 November 2026, 23:30–00:30 next day (London time, UTC)");
        let chinese = span(Locale::ZhCn, Tz::Asia__Shanghai, "2026-11-25T15:30:00Z", 60);
        assert_eq!(chinese.in_full(), "2026年11月25日(周三)23:30–次日00:30(北京时间,UTC+8)");
        let heading = NaiveDate::from_ymd_opt(2026, 11, 25).expect("a date");
        let later = span(Locale::En, Tz::Europe__London, "2026-11-26T00:30:00Z", 20);
        assert_eq!(later.clock(heading), "00:30–00:50 next day");
        let days = span(Locale::En, Tz::Europe__London, "2026-11-25T23:30:00Z", 3 * 24 * 60);
        assert_eq!(days.clock(heading), "23:30–23:30 on 28 November");
    }

    #[test]
    fn a_clock_change_is_said() {
        let overlap = span(Locale::En, Tz::America__New_York, "2026-11-01T05:30:00Z", 45);
        assert_eq!(
            overlap.in_full(),
            "Sunday 1 November 2026, 01:30–01:15 (New York time; the clocks change meanwhile from UTC−4 to UTC−5)"
        );
        assert_eq!(overlap.in_short(), "Sun 1 Nov, 01:30 (UTC−4)–01:15 (UTC−5)");
        assert_eq!(overlap.clock_with_offsets(overlap.start_date()), "01:30 (UTC−4)–01:15 (UTC−5)");
        let gap = span(Locale::ZhCn, Tz::Europe__London, "2026-03-29T00:30:00Z", 60);
        assert_eq!(gap.in_full(), "2026年3月29日(周日)00:30–02:30(伦敦时间,其间时钟由UTC调为UTC+1)");
    }

    #[test]
    fn offsets_and_unnamed_zones_are_exact() {
        let kolkata = span(Locale::En, Tz::Asia__Kolkata, "2026-11-25T20:00:00Z", 15);
        assert!(kolkata.in_full().ends_with("(India time, UTC+5:30)"), "{}", kolkata.in_full());
        let unnamed = span(Locale::ZhCn, Tz::Pacific__Kiritimati, "2026-11-25T20:00:00Z", 15);
        assert!(unnamed.in_full().ends_with("(Pacific/Kiritimati,UTC+14)"), "{}", unnamed.in_full());
        let newfoundland = span(Locale::En, Tz::America__St_Johns, "2026-11-25T20:00:00Z", 15);
        assert!(newfoundland.in_full().contains("UTC−3:30"), "{}", newfoundland.in_full());
    }

    #[test]
    fn lengths_read_as_one_would_say_them() {
        for (minutes, english, chinese) in [
            (1, "1 minute", "1分钟"),
            (45, "45 minutes", "45分钟"),
            (60, "1 hour", "1小时"),
            (121, "2 hours 1 minute", "2小时1分钟"),
        ] {
            assert_eq!(length_in_words(Locale::En, minutes), english);
            assert_eq!(length_in_words(Locale::ZhCn, minutes), chinese);
        }
    }
}
