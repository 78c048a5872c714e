//! A crontab line of five fields, and the instants that it names in a zone.

use super::cron_field::{CronField, CronFieldError, WEEKDAY_NAMES};
use super::local_time::{LocalMeaning, meaning};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use cron::Schedule;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::str::FromStr;

/// A line of the standard crontab dialect, such as `0 2 * * MON-FRI`.
///
/// It names instants from 1970 to 2100; before and after, none. Two lines are equal when they are written
/// alike.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CronLine {
    source: String,
    /// Two when day of month and day of week are both restricted: a day that matches either counts.
    schedules: Vec<Schedule>,
    /// The line repeats through the day, so that in a gap or an overlap it follows the clock face.
    hour_is_wildcard: bool,
}

/// Why a crontab line was refused. The message names field, value, what is allowed, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronLineError {
    /// Nothing is written.
    #[error("the crontab line is empty; write five fields, for example `0 2 * * *` (every day at 02:00)")]
    Empty,
    /// There are fewer or more than five fields.
    #[error(
        "crontab line `{line}` has {found} fields instead of five (minute, hour, day of month, month, day of \
         week); {remedy}"
    )]
    FieldCount {
        /// The line as written.
        line: String,
        /// How many fields it has.
        found: usize,
        /// What to write instead.
        remedy: String,
    },
    /// A word that begins with `@` and is not a nickname.
    #[error(
        "crontab nickname `{nickname}` is unknown; allowed: @hourly, @daily, @midnight, @weekly, @monthly, \
         @yearly, @annually; write one of them or five fields, for example `0 2 * * *`"
    )]
    Nickname {
        /// The nickname as written.
        nickname: String,
    },
    /// A field is wrong.
    #[error("crontab line `{line}`: {field_error}")]
    Field {
        /// The line as written.
        line: String,
        /// Which field, and why.
        field_error: CronFieldError,
    },
    /// No month of the line has any of its days.
    #[error(
        "crontab line `{line}` names a date that never comes: field day of month, value `{day_of_month}`, in \
         month `{month}`; allowed: a day that the month has; choose an earlier day or another month"
    )]
    ImpossibleDate {
        /// The line as written.
        line: String,
        /// The field day of month, as written.
        day_of_month: String,
        /// The field month, as written.
        month: String,
    },
}

/// No change of clocks has ever moved a wall clock by more than a day (Samoa and Alaska crossed the date
/// line).
const WIDEST_CLOCK_CHANGE: TimeDelta = TimeDelta::days(1);

/// Beyond its first and last year the schedule library knows no dates.
const FIRST_YEAR: i32 = 1970;
const LAST_YEAR: i32 = 2100;

impl CronLine {
    /// The instants that the line names in `zone` and that lie in `range`, in order, each once.
    ///
    /// In a gap a time becomes the first instant after it; in an overlap it is the first of the two. Lines
    /// whose hour begins with `*` follow the clock face instead: nothing in a gap, both in an overlap.
    pub fn occurrences(&self, zone: Tz, range: Range<DateTime<Utc>>) -> Vec<DateTime<Utc>> {
        let range = range.start.max(year_start(FIRST_YEAR - 1))..range.end.min(year_start(LAST_YEAR + 2));
        if range.start >= range.end {
            return Vec::new();
        }
        let first_local = range.start.with_timezone(&zone).naive_local() - WIDEST_CLOCK_CHANGE;
        let last_local = range.end.with_timezone(&zone).naive_local() + WIDEST_CLOCK_CHANGE;
        let mut instants: Vec<DateTime<Utc>> = self
            .schedules
            .iter()
            .flat_map(|schedule| local_times(schedule, first_local, last_local))
            .flat_map(|local| self.instants_of(zone, local))
            .flatten()
            .filter(|instant| range.contains(instant))
            .collect();
        instants.sort_unstable();
        instants.dedup();
        instants
    }

    /// The first instant after `instant` (not `instant` itself) that the line names in `zone`; `None` when
    /// the calendar of the line, which ends with the year 2100, has no more.
    pub fn next_after(&self, zone: Tz, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let last = year_start(LAST_YEAR + 2);
        let mut from = instant.max(year_start(FIRST_YEAR - 1));
        let mut length = TimeDelta::hours(1);
        while from < last {
            let to = (from + length).min(last);
            let found = self.occurrences(zone, from..to).into_iter().find(|next| *next > instant);
            if found.is_some() {
                return found;
            }
            from = to;
            length = length * 8;
        }
        None
    }

    fn instants_of(&self, zone: Tz, local: NaiveDateTime) -> [Option<DateTime<Utc>>; 2] {
        match meaning(zone, local) {
            LocalMeaning::Once(instant) => [Some(instant), None],
            LocalMeaning::Twice { first, last } => [Some(first), self.hour_is_wildcard.then_some(last)],
            LocalMeaning::Never { gap_end } => [(!self.hour_is_wildcard).then_some(gap_end), None],
        }
    }
}

fn year_start(year: i32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, 1, 1).expect("the year is in range").and_time(NaiveTime::MIN).and_utc()
}

/// The library is asked in UTC only: its own walk through a zone with clock changes is out of order.
fn local_times(
    schedule: &Schedule,
    first: NaiveDateTime,
    last: NaiveDateTime,
) -> impl Iterator<Item = NaiveDateTime> {
    let before_first = first.and_utc() - TimeDelta::seconds(1);
    schedule
        .after(&before_first)
        .map(|disguised| disguised.naive_utc())
        .take_while(move |local| *local <= last)
}

impl FromStr for CronLine {
    type Err = CronLineError;

    fn from_str(text: &str) -> Result<CronLine, CronLineError> {
        let line = text.trim_ascii();
        let spelled_out = if line.starts_with('@') { spell_out_nickname(line)? } else { line };
        let texts: Vec<&str> = spelled_out.split_ascii_whitespace().collect();
        let [minute, hour, day_of_month, month, day_of_week] = texts[..] else {
            return Err(refuse_field_count(line, texts.len()));
        };
        let mut sets = Vec::with_capacity(5);
        for (field, text) in CronField::ALL.into_iter().zip(&texts) {
            let set = field.parse(text);
            sets.push(set.map_err(|field_error| CronLineError::Field { line: line.into(), field_error })?);
        }
        let [minutes, hours, days, months, weekdays] = &sets[..] else {
            unreachable!("five fields, five sets")
        };

        let either_day_counts = !day_of_month.starts_with('*') && !day_of_week.starts_with('*');
        if !either_day_counts && !some_month_has_some_day(months, days) {
            return Err(CronLineError::ImpossibleDate {
                line: line.into(),
                day_of_month: day_of_month.into(),
                month: month.into(),
            });
        }

        let clock = format!("0 {} {}", numbers(minutes, minute), numbers(hours, hour));
        let (days, months) = (numbers(days, day_of_month), numbers(months, month));
        let weekdays = weekday_names(weekdays);
        let day_rules = if either_day_counts {
            vec![format!("{clock} {days} {months} *"), format!("{clock} * {months} {weekdays}")]
        } else {
            vec![format!("{clock} {days} {months} {weekdays}")]
        };
        let schedules = day_rules
            .iter()
            .map(|rule| Schedule::from_str(rule).expect("numbers in range and weekday names are always read"))
            .collect();
        Ok(CronLine { source: line.into(), schedules, hour_is_wildcard: hour.starts_with('*') })
    }
}

fn spell_out_nickname(line: &str) -> Result<&'static str, CronLineError> {
    match line.to_ascii_lowercase().as_str() {
        "@hourly" => Ok("0 * * * *"),
        "@daily" | "@midnight" => Ok("0 0 * * *"),
        "@weekly" => Ok("0 0 * * 0"),
        "@monthly" => Ok("0 0 1 * *"),
        "@yearly" | "@annually" => Ok("0 0 1 1 *"),
        _ => Err(CronLineError::Nickname { nickname: line.into() }),
    }
}

fn refuse_field_count(line: &str, found: usize) -> CronLineError {
    let remedy = match found {
        0 => return CronLineError::Empty,
        1..=4 => "write `*` for every field that does not matter, for example `0 2 * * *`",
        6 => "seconds, years, user names and commands are not in the dialect: remove the sixth field",
        _ => "keep the five time fields only, for example `0 2 * * *`",
    };
    CronLineError::FieldCount { line: line.into(), found, remedy: remedy.into() }
}

fn some_month_has_some_day(months: &BTreeSet<u8>, days: &BTreeSet<u8>) -> bool {
    let longest = |month: &u8| match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let earliest_day = days.first().copied().unwrap_or(1);
    months.iter().map(longest).any(|length| earliest_day <= length)
}

fn numbers(values: &BTreeSet<u8>, source: &str) -> String {
    if source == "*" {
        return source.into();
    }
    values.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
}

/// By name, because the library counts Sunday as 1.
fn weekday_names(values: &BTreeSet<u8>) -> String {
    let folded: BTreeSet<u8> = values.iter().map(|day| day % 7).collect();
    if folded.len() == 7 {
        return "*".into();
    }
    folded.iter().map(|day| WEEKDAY_NAMES[usize::from(*day)]).collect::<Vec<_>>().join(",")
}

impl fmt::Display for CronLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl fmt::Debug for CronLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CronLine({:?})", self.source)
    }
}

impl PartialEq for CronLine {
    fn eq(&self, other: &CronLine) -> bool {
        self.source == other.source
    }
}

impl Eq for CronLine {}

impl Hash for CronLine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.source.hash(state);
    }
}

impl TryFrom<String> for CronLine {
    type Error = CronLineError;

    fn try_from(text: String) -> Result<CronLine, CronLineError> {
        text.parse()
    }
}

impl From<CronLine> for String {
    fn from(line: CronLine) -> String {
        line.source
    }
}

#[cfg(test)]
mod tests;
