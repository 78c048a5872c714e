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

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn rule(cron: &str, duration_minutes: u32, cutoff_minutes: u32) -> WindowRule {
        WindowRule::new(cron.parse().expect("a line"), duration_minutes, cutoff_minutes, None)
            .expect("a rule")
    }

    fn spans(rule: &WindowRule, zone: Tz, from: &str, to: &str) -> Vec<(String, String, String)> {
        let text = |instant: DateTime<Utc>| instant.format("%dT%H:%MZ").to_string();
        let openings = rule.openings(zone, utc(from)..utc(to));
        openings.iter().map(|one| (text(one.start), text(one.end), text(one.last_start))).collect()
    }

    fn triple(start: &str, end: &str, last_start: &str) -> (String, String, String) {
        (start.into(), end.into(), last_start.into())
    }

    #[test]
    fn an_opening_that_began_before_the_range_is_given_whole() {
        let nightly = rule("0 22 * * *", 360, 45);
        let found = spans(&nightly, Tz::UTC, "2026-11-10T03:59:00Z", "2026-11-10T22:00:00Z");
        assert_eq!(found, [triple("09T22:00Z", "10T04:00Z", "10T03:15Z")]);
        let found = spans(&nightly, Tz::UTC, "2026-11-10T04:00:00Z", "2026-11-10T22:01:00Z");
        assert_eq!(found, [triple("10T22:00Z", "11T04:00Z", "11T03:15Z")]);
    }

    #[test]
    fn it_crosses_the_end_of_the_week_and_lasts_a_week() {
        let saturday = rule("0 23 * * SAT", 240, 0);
        let found = spans(&saturday, Tz::UTC, "2026-11-08T00:00:00Z", "2026-11-08T01:00:00Z");
        assert_eq!(found, [triple("07T23:00Z", "08T03:00Z", "08T03:00Z")]);
        let whole_week = rule("0 0 * * SUN", WindowRule::LONGEST_MINUTES, 0);
        let found = spans(&whole_week, Tz::UTC, "2026-11-14T23:00:00Z", "2026-11-15T00:00:00Z");
        assert_eq!(found, [triple("08T00:00Z", "15T00:00Z", "15T00:00Z")]);
    }

    #[test]
    fn its_duration_is_elapsed_time_when_clocks_change() {
        let zone = chrono_tz::America::New_York;
        // 01:00 EST to 03:00 EST, which the clocks show as 04:00 EDT.
        let across = rule("0 1 * * *", 120, 0);
        let found = spans(&across, zone, "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z");
        assert_eq!(found, [triple("08T06:00Z", "08T08:00Z", "08T08:00Z")]);
        // 02:30 does not exist: it starts at 03:00 EDT and is not shorter for it.
        let inside = rule("30 2 * * *", 120, 0);
        let found = spans(&inside, zone, "2026-03-08T06:00:00Z", "2026-03-08T08:00:00Z");
        assert_eq!(found, [triple("08T07:00Z", "08T09:00Z", "08T09:00Z")]);
        // 01:30 comes twice: it starts at the first.
        let twice = rule("30 1 * * *", 120, 0);
        let found = spans(&twice, zone, "2026-11-01T05:00:00Z", "2026-11-01T09:00:00Z");
        assert_eq!(found, [triple("01T05:30Z", "01T07:30Z", "01T07:30Z")]);
    }

    #[test]
    fn its_own_zone_goes_before_the_zone_of_the_site() {
        let own =
            WindowRule::new("0 2 * * *".parse().expect("a line"), 60, 0, Some(chrono_tz::Asia::Shanghai));
        let found = spans(
            &own.expect("a rule"),
            chrono_tz::Europe::London,
            "2026-11-10T00:00:00Z",
            "2026-11-11T00:00:00Z",
        );
        assert_eq!(found, [triple("10T18:00Z", "10T19:00Z", "10T19:00Z")]);
    }

    #[test]
    fn the_current_opening_goes_before_the_next() {
        let nightly = rule("0 22 * * *", 360, 45);
        let start = |instant: &str| {
            nightly.current_or_next_opening(Tz::UTC, utc(instant)).map(|opening| opening.start)
        };
        assert_eq!(start("2026-11-10T03:59:59Z"), Some(utc("2026-11-09T22:00:00Z")));
        assert_eq!(start("2026-11-10T04:00:00Z"), Some(utc("2026-11-10T22:00:00Z")));
        assert_eq!(start("2101-01-02T00:00:00Z"), None);
    }

    #[test]
    fn durations_and_cutoffs_that_make_no_sense_are_refused() {
        let cron: CronLine = "0 2 * * *".parse().expect("a line");
        for (duration, cutoff, remedy) in [
            (4, 0, "from 5 minutes to 10080"),
            (10_081, 0, "from 5 minutes to 10080"),
            (60, 60, "choose a cutoff below its duration"),
        ] {
            let error =
                WindowRule::new(cron.clone(), duration, cutoff, None).expect_err("refused").to_string();
            assert!(error.contains(remedy), "{error}");
        }
        let json = r#"{"cron":"0 2 * * *","duration_minutes":60,"cutoff_minutes":61}"#;
        assert!(serde_json::from_str::<WindowRule>(json).is_err());
        let json = r#"{"cron":"0 2 * * *","duration_minutes":60,"zone":"Asia/Shanghai"}"#;
        let rule = serde_json::from_str::<WindowRule>(json).expect("a rule");
        let back = serde_json::to_string(&rule).expect("JSON");
        assert_eq!(serde_json::from_str::<WindowRule>(&back).expect("a rule"), rule);
    }
}
