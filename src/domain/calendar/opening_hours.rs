//! The hours in which a shop trades, as a small readable text.

use super::local_time::{first_instant, last_instant};
use super::span::{Span, SpanSet};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// The weekly hours of a site in its local time: `Mon-Fri 08:00-12:00,14:00-18:00; Sat 09:00-18:00; Sun
/// closed`, `Mon-Sun 18:00-02:00` (past midnight), `24/7`. A day that is not named is closed.
///
/// Shown in one canonical form, so that equal hours are equal texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OpeningHours {
    /// Monday first; in order, disjoint, not touching.
    days: [Vec<MinuteRange>; 7],
}

/// Minutes since local midnight; `end` passes 1440 when the shop closes after midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct MinuteRange {
    start: u32,
    end: u32,
}

/// Why opening hours were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpeningHoursError {
    /// Nothing is written, which could mean never or always.
    #[error(
        "the opening hours are empty, which could mean never or always; write `24/7`, `Mon-Sun closed`, or hours \
         such as `Mon-Fri 08:00-20:00; Sat 09:00-18:00; Sun closed`"
    )]
    Empty,
    /// A part is wrong.
    #[error("opening hours `{text}`: value `{part}`: {problem}; {remedy}")]
    Part {
        /// The text as written.
        text: String,
        /// The part that is wrong.
        part: String,
        /// What is wrong with it.
        problem: &'static str,
        /// What to write instead.
        remedy: &'static str,
    },
}

const MINUTES_A_DAY: u32 = 24 * 60;
const DAY_NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const ALL_DAY: MinuteRange = MinuteRange { start: 0, end: MINUTES_A_DAY };

impl OpeningHours {
    /// The parts of `range` in which a shop with these hours in `zone` is open.
    ///
    /// A shop that opens within a gap opens at its end; hours that begin or end in an overlap last as long as
    /// they can (from the first occurrence, to the second).
    pub fn open_spans(&self, zone: Tz, range: Range<DateTime<Utc>>) -> SpanSet {
        let two_days = Days::new(2);
        let first_day = range.start.with_timezone(&zone).date_naive().checked_sub_days(two_days);
        let last_day = range.end.with_timezone(&zone).date_naive().checked_add_days(two_days);
        let (Some(first_day), Some(last_day)) = (first_day, last_day) else { return SpanSet::default() };
        first_day
            .iter_days()
            .take_while(|day| *day <= last_day)
            .flat_map(|day| self.day(day.weekday()).iter().filter_map(move |hours| hours.on(day, zone)))
            .filter_map(|span| span.clipped(&range))
            .collect()
    }

    /// Whether a shop with these hours in `zone` is open at `instant`.
    pub fn is_open_at(&self, zone: Tz, instant: DateTime<Utc>) -> bool {
        !self.open_spans(zone, instant..instant + TimeDelta::nanoseconds(1)).is_empty()
    }

    /// Whether it never closes.
    pub fn is_always_open(&self) -> bool {
        self.days.iter().all(|ranges| ranges[..] == [ALL_DAY])
    }

    /// The hours of each day, Monday first, as `08:00-12:00,14:00-18:00` or `closed`.
    pub fn day_texts(&self) -> [String; 7] {
        std::array::from_fn(|day| {
            let ranges: Vec<String> = self.days[day].iter().map(MinuteRange::to_string).collect();
            if ranges.is_empty() { "closed".to_owned() } else { ranges.join(",") }
        })
    }

    fn day(&self, weekday: Weekday) -> &[MinuteRange] {
        &self.days[weekday.num_days_from_monday() as usize]
    }
}

impl MinuteRange {
    fn on(self, day: NaiveDate, zone: Tz) -> Option<Span> {
        let midnight = day.and_time(NaiveTime::MIN);
        let start = midnight + TimeDelta::minutes(i64::from(self.start));
        let end = midnight + TimeDelta::minutes(i64::from(self.end));
        Span::new(first_instant(zone, start), last_instant(zone, end))
    }
}

impl FromStr for OpeningHours {
    type Err = OpeningHoursError;

    fn from_str(source: &str) -> Result<OpeningHours, OpeningHoursError> {
        // Spreadsheets like to turn a hyphen into a dash.
        let text = source.trim().replace(['\u{2013}', '\u{2014}'], "-");
        if text.is_empty() {
            return Err(OpeningHoursError::Empty);
        }
        if text == "24/7" {
            return Ok(OpeningHours { days: std::array::from_fn(|_| vec![ALL_DAY]) });
        }
        let refuse = |(part, problem, remedy): Refusal<'_>| OpeningHoursError::Part {
            text: source.trim().into(),
            part: part.trim().into(),
            problem,
            remedy,
        };
        let mut days: [Option<Vec<MinuteRange>>; 7] = Default::default();
        for entry in text.split(';') {
            let hours_begin = entry
                .find(|character: char| character.is_ascii_digit())
                .or_else(|| entry.to_ascii_lowercase().find("closed"))
                .ok_or_else(|| refuse((entry, "no hours", "write `Mon-Fri 08:00-20:00` or `Sun closed`")))?;
            let (day_text, hour_text) = entry.split_at(hours_begin);
            let ranges = parse_hours(hour_text).map_err(refuse)?;
            for day in parse_days(day_text).map_err(refuse)? {
                if days[day].replace(ranges.clone()).is_some() {
                    let problem = "a day is given twice";
                    return Err(refuse((entry, problem, "put all hours of a day in one entry, with commas")));
                }
            }
        }
        Ok(OpeningHours { days: days.map(Option::unwrap_or_default) })
    }
}

/// The part, what is wrong with it, the remedy.
type Refusal<'a> = (&'a str, &'static str, &'static str);

fn parse_days(text: &str) -> Result<Vec<usize>, Refusal<'_>> {
    let position = |name: &str| {
        let found = DAY_NAMES.iter().position(|day| day.eq_ignore_ascii_case(name.trim()));
        found.ok_or((text, "not a day or a range of days", "write `Mon`, `Mon-Fri` or `Mon,Wed,Fri`"))
    };
    let mut days = Vec::new();
    for element in text.split(',') {
        let (first, last) = element.split_once('-').unwrap_or((element, element));
        let (first, last) = (position(first)?, position(last)?);
        let count = (last + 7 - first) % 7 + 1;
        days.extend((first..first + count).map(|day| day % 7));
    }
    Ok(days)
}

fn parse_hours(text: &str) -> Result<Vec<MinuteRange>, Refusal<'_>> {
    if text.trim().eq_ignore_ascii_case("closed") {
        return Ok(Vec::new());
    }
    let mut ranges = text.split(',').map(parse_range).collect::<Result<Vec<_>, _>>()?;
    ranges.sort_unstable();
    let mut merged: Vec<MinuteRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start < last.end => {
                return Err((text, "two ranges of a day overlap", "write each hour once"));
            }
            Some(last) if range.start == last.end => last.end = range.end,
            _ => merged.push(range),
        }
    }
    Ok(merged)
}

fn parse_range(text: &str) -> Result<MinuteRange, Refusal<'_>> {
    let refuse = (text, "not a range of hours", "write `08:00-20:00`, from 00:00 to 24:00");
    let (start, end) = text.split_once('-').ok_or(refuse)?;
    let (start, end) = (parse_minute(start).ok_or(refuse)?, parse_minute(end).ok_or(refuse)?);
    if start == MINUTES_A_DAY {
        return Err(refuse);
    }
    if start == end {
        return Err((text, "it begins and ends at the same time", "write `00:00-24:00` for the whole day"));
    }
    Ok(MinuteRange { start, end: if end > start { end } else { end + MINUTES_A_DAY } })
}

fn parse_minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 || !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= MINUTES_A_DAY).then_some(minutes)
}

impl fmt::Display for OpeningHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_always_open() {
            return f.write_str("24/7");
        }
        let mut first = 0;
        while first < 7 {
            let alike = self.days[first..].iter().take_while(|ranges| **ranges == self.days[first]).count();
            let last = first + alike - 1;
            f.write_str(if first == 0 { "" } else { "; " })?;
            f.write_str(DAY_NAMES[first])?;
            if last > first {
                write!(f, "-{}", DAY_NAMES[last])?;
            }
            f.write_str(if self.days[first].is_empty() { " closed" } else { " " })?;
            for (index, range) in self.days[first].iter().enumerate() {
                write!(f, "{}{range}", if index == 0 { "" } else { "," })?;
            }
            first = last + 1;
        }
        Ok(())
    }
}

impl fmt::Display for MinuteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.end > MINUTES_A_DAY { self.end - MINUTES_A_DAY } else { self.end };
        write!(f, "{:02}:{:02}-{:02}:{:02}", self.start / 60, self.start % 60, end / 60, end % 60)
    }
}

impl TryFrom<String> for OpeningHours {
    type Error = OpeningHoursError;

    fn try_from(text: String) -> Result<OpeningHours, OpeningHoursError> {
        text.parse()
    }
}

impl From<OpeningHours> for String {
    fn from(hours: OpeningHours) -> String {
        hours.to_string()
    }
}

#[cfg(test)]
mod tests;
