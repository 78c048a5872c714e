//! Blackouts: named periods in which nothing may be touched, once or every year.

use super::local_time::{first_instant, last_instant};
use super::span::{Span, SpanSet};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// A named period in local time in which nothing may be touched.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "BlackoutFields")]
pub struct Blackout {
    name: String,
    period: BlackoutPeriod,
    recurrence: Recurrence,
    zone: Option<Tz>,
}

/// Whether a blackout comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recurrence {
    /// In its year only.
    Once,
    /// In its year and in every year after it.
    Yearly,
}

/// From a local date and time (in it) to another (not in it).
///
/// As text: `2026-12-24..2026-12-26` means whole days, the last one included;
/// `2026-12-24T18:00..2026-12-27T06:00` ends at its second time. A date on one side and a time on the other
/// may be mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlackoutPeriod {
    from: NaiveDateTime,
    to: NaiveDateTime,
}

/// Why a blackout was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlackoutError {
    /// It would be shown without a name.
    #[error("field name is empty; name the blackout, for example `Christmas trade`")]
    Name,
    /// The period cannot be read.
    #[error(
        "blackout period `{text}` cannot be read at `{part}`; write dates `2026-12-24..2026-12-26` (the last day \
         is included) or times `2026-12-24T18:00..2026-12-27T06:00`"
    )]
    Unreadable {
        /// The text as written.
        text: String,
        /// The part that is wrong.
        part: String,
    },
    /// Nothing lies between its ends.
    #[error("the blackout ends ({to}) before it begins ({from}); swap them, or correct the year")]
    Backwards {
        /// Its begin.
        from: NaiveDateTime,
        /// Its end.
        to: NaiveDateTime,
    },
    /// A yearly blackout that would never end.
    #[error(
        "field recurrence, value yearly: the blackout lasts from {from} to {to}, longer than a year; shorten it, \
         or make it `once`"
    )]
    LongerThanAYear {
        /// Its begin.
        from: NaiveDateTime,
        /// Its end.
        to: NaiveDateTime,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlackoutFields {
    name: String,
    period: BlackoutPeriod,
    recurrence: Recurrence,
    #[serde(default)]
    zone: Option<Tz>,
}

impl TryFrom<BlackoutFields> for Blackout {
    type Error = BlackoutError;

    fn try_from(fields: BlackoutFields) -> Result<Blackout, BlackoutError> {
        let BlackoutFields { name, period, recurrence, zone } = fields;
        Blackout::new(name, period, recurrence, zone)
    }
}

impl Blackout {
    /// `zone` is for a blackout that does not follow the zone of each site.
    pub fn new(
        name: impl Into<String>,
        period: BlackoutPeriod,
        recurrence: Recurrence,
        zone: Option<Tz>,
    ) -> Result<Blackout, BlackoutError> {
        let name: String = name.into();
        if name.trim().is_empty() {
            return Err(BlackoutError::Name);
        }
        let BlackoutPeriod { from, to } = period;
        if recurrence == Recurrence::Yearly && to - from > TimeDelta::days(365) {
            return Err(BlackoutError::LongerThanAYear { from, to });
        }
        Ok(Blackout { name: name.trim().into(), period, recurrence, zone })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its (first) period.
    pub fn period(&self) -> BlackoutPeriod {
        self.period
    }

    /// Whether it comes again.
    pub fn recurrence(&self) -> Recurrence {
        self.recurrence
    }

    /// The blackout's own zone, if it has one.
    pub fn zone(&self) -> Option<Tz> {
        self.zone
    }

    /// The parts of `range` that it covers at a site in `site_zone`.
    pub fn spans(&self, site_zone: Tz, range: Range<DateTime<Utc>>) -> SpanSet {
        let zone = self.zone.unwrap_or(site_zone);
        let first_year = self.period.from.year();
        let years = match self.recurrence {
            Recurrence::Once => first_year..=first_year,
            Recurrence::Yearly => first_year.max(range.start.year() - 2)..=range.end.year() + 1,
        };
        years
            .filter_map(|year| self.period.starting_in(year))
            .filter_map(|period| Span::new(first_instant(zone, period.from), last_instant(zone, period.to)))
            .filter_map(|span| span.clipped(&range))
            .collect()
    }
}

impl BlackoutPeriod {
    /// From one local time to another.
    pub fn new(from: NaiveDateTime, to: NaiveDateTime) -> Result<BlackoutPeriod, BlackoutError> {
        if from < to { Ok(BlackoutPeriod { from, to }) } else { Err(BlackoutError::Backwards { from, to }) }
    }

    /// Whole days, the last one included.
    pub fn days(first: NaiveDate, last: NaiveDate) -> Result<BlackoutPeriod, BlackoutError> {
        BlackoutPeriod::new(first.and_time(NaiveTime::MIN), end_of(last))
    }

    /// The first local time in it.
    pub fn from(&self) -> NaiveDateTime {
        self.from
    }

    /// The first local time after it.
    pub fn to(&self) -> NaiveDateTime {
        self.to
    }

    /// The same period in another year. A 29 February that the year lacks begins a period on the 28th and
    /// ends one at the end of the 28th, so that the blackout never shrinks.
    fn starting_in(&self, year: i32) -> Option<BlackoutPeriod> {
        let last_year = year + (self.to.year() - self.from.year());
        let from = match self.from.with_year(year) {
            Some(from) => from,
            None => NaiveDate::from_ymd_opt(year, 2, 28)?.and_time(self.from.time()),
        };
        let to = match self.to.with_year(last_year) {
            Some(to) => to,
            None => NaiveDate::from_ymd_opt(last_year, 3, 1)?.and_time(NaiveTime::MIN),
        };
        Some(BlackoutPeriod { from, to })
    }
}

fn end_of(day: NaiveDate) -> NaiveDateTime {
    day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX).and_time(NaiveTime::MIN)
}

fn parse_local_time(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

fn local_time_text(time: NaiveDateTime) -> impl fmt::Display {
    let format = if time.second() == 0 { "%Y-%m-%dT%H:%M" } else { "%Y-%m-%dT%H:%M:%S" };
    time.format(format)
}

impl FromStr for BlackoutPeriod {
    type Err = BlackoutError;

    fn from_str(text: &str) -> Result<BlackoutPeriod, BlackoutError> {
        let unreadable = |part: &str| BlackoutError::Unreadable { text: text.into(), part: part.into() };
        let (first, last) = text.split_once("..").ok_or_else(|| unreadable(text))?;
        let (first, last) = (first.trim(), last.trim());
        let parse_date = |part: &str| NaiveDate::parse_from_str(part, "%Y-%m-%d").ok();
        let from =
            parse_date(first).map(|day| day.and_time(NaiveTime::MIN)).or_else(|| parse_local_time(first));
        let to = parse_date(last).map(end_of).or_else(|| parse_local_time(last));
        BlackoutPeriod::new(from.ok_or_else(|| unreadable(first))?, to.ok_or_else(|| unreadable(last))?)
    }
}

impl fmt::Display for BlackoutPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole_days = self.from.time() == NaiveTime::MIN && self.to.time() == NaiveTime::MIN;
        match self.to.date().pred_opt() {
            Some(last) if whole_days => write!(f, "{}..{last}", self.from.date()),
            _ => write!(f, "{}..{}", local_time_text(self.from), local_time_text(self.to)),
        }
    }
}

impl TryFrom<String> for BlackoutPeriod {
    type Error = BlackoutError;

    fn try_from(text: String) -> Result<BlackoutPeriod, BlackoutError> {
        text.parse()
    }
}

impl From<BlackoutPeriod> for String {
    fn from(period: BlackoutPeriod) -> String {
        period.to_string()
    }
}

#[cfg(test)]
mod tests;
