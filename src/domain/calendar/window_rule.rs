//! A maintenance window as a rule (crontab line, duration, cutoff) and the openings that it gives.

use super::cron_line::CronLine;
use super::span::Span;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// When a site may be touched: from each time of the crontab line, for a duration.
///
/// The duration is elapsed time, not wall-clock time: a window of two hours is two hours long on the night
/// on which the clocks change, too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "WindowRuleFields")]
pub struct WindowRule {
    cron: CronLine,
    duration_minutes: u32,
    cutoff_minutes: u32,
    zone: Option<Tz>,
}

/// Why a window was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowRuleError {
    /// Too short or too long.
    #[error(
        "field duration_minutes, value {duration_minutes}: a window lasts from {} minutes to {} (7 days); choose \
         a duration in that range",
        WindowRule::SHORTEST_MINUTES,
        WindowRule::LONGEST_MINUTES
    )]
    Duration {
        /// What was given.
        duration_minutes: u32,
    },
    /// Nothing could ever start.
    #[error(
        "field cutoff_minutes, value {cutoff_minutes}: nothing could start in a window of {duration_minutes} \
         minutes; choose a cutoff below its duration"
    )]
    Cutoff {
        /// What was given.
        cutoff_minutes: u32,
        /// The duration beside it.
        duration_minutes: u32,
    },
}

/// One opening of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Opening {
    /// The first instant in it.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
    /// The last instant at which work may start: the end less the cutoff.
    pub last_start: DateTime<Utc>,
}

impl Opening {
    /// From start to end.
    pub fn span(&self) -> Span {
        Span::new(self.start, self.end).expect("a window lasts at least five minutes")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowRuleFields {
    cron: CronLine,
    duration_minutes: u32,
    #[serde(default)]
    cutoff_minutes: u32,
    #[serde(default)]
    zone: Option<Tz>,
}

impl TryFrom<WindowRuleFields> for WindowRule {
    type Error = WindowRuleError;

    fn try_from(fields: WindowRuleFields) -> Result<WindowRule, WindowRuleError> {
        let WindowRuleFields { cron, duration_minutes, cutoff_minutes, zone } = fields;
        WindowRule::new(cron, duration_minutes, cutoff_minutes, zone)
    }
}

impl WindowRule {
    /// The shortest window, in minutes: one slot of the finest grid.
    pub const SHORTEST_MINUTES: u32 = 5;
    /// The longest window, in minutes: a week.
    pub const LONGEST_MINUTES: u32 = 7 * 24 * 60;

    /// `zone` is for a rule that does not follow its site's zone.
    pub fn new(
        cron: CronLine,
        duration_minutes: u32,
        cutoff_minutes: u32,
        zone: Option<Tz>,
    ) -> Result<WindowRule, WindowRuleError> {
        if !(Self::SHORTEST_MINUTES..=Self::LONGEST_MINUTES).contains(&duration_minutes) {
            return Err(WindowRuleError::Duration { duration_minutes });
        }
        if cutoff_minutes >= duration_minutes {
            return Err(WindowRuleError::Cutoff { cutoff_minutes, duration_minutes });
        }
        Ok(WindowRule { cron, duration_minutes, cutoff_minutes, zone })
    }

    /// When it opens.
    pub fn cron(&self) -> &CronLine {
        &self.cron
    }

    /// How long an opening lasts, in elapsed minutes.
    pub fn duration_minutes(&self) -> u32 {
        self.duration_minutes
    }

    /// How long before the end of an opening nothing starts any more, in minutes.
    pub fn cutoff_minutes(&self) -> u32 {
        self.cutoff_minutes
    }

    /// The rule's own zone, if it has one.
    pub fn zone(&self) -> Option<Tz> {
        self.zone
    }

    /// The openings that share an instant with `range`, in order of their start, whole (an opening that
    /// began before the range or reaches beyond it is not cut). Openings overlap each other when the crontab
    /// line comes again before the duration is over.
    pub fn openings(&self, site_zone: Tz, range: Range<DateTime<Utc>>) -> Vec<Opening> {
        if range.start >= range.end {
            return Vec::new();
        }
        let duration = TimeDelta::minutes(i64::from(self.duration_minutes));
        let cutoff = TimeDelta::minutes(i64::from(self.cutoff_minutes));
        let zone = self.zone.unwrap_or(site_zone);
        let earliest_start = range.start.checked_sub_signed(duration).unwrap_or(range.start);
        self.cron
            .occurrences(zone, earliest_start..range.end)
            .into_iter()
            .map(|start| Opening { start, end: start + duration, last_start: start + duration - cutoff })
            .filter(|opening| opening.end > range.start)
            .collect()
    }

    /// The first opening that ends after `instant`: the one that is under way, or the next.
    pub fn current_or_next_opening(&self, site_zone: Tz, instant: DateTime<Utc>) -> Option<Opening> {
        let second = TimeDelta::seconds(1);
        if let Some(current) = self.openings(site_zone, instant..instant + second).into_iter().next() {
            return Some(current);
        }
        let next = self.cron.next_after(self.zone.unwrap_or(site_zone), instant)?;
        self.openings(site_zone, next..next + second).into_iter().next()
    }
}
