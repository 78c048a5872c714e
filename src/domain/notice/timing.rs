//! When a notice leaves: early enough to be of use, not earlier than it is wanted, and not in the night.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use crate::domain::calendar::{first_instant, last_instant};

/// The hours in which a merchant is left in peace, in the merchant's own time: `21:00-08:00`, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct QuietHours(Option<(NaiveTime, NaiveTime)>);

/// Text that is no span of quiet hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no span of quiet hours; write it like 21:00-08:00, or none")]
pub struct QuietHoursError(String);

impl FromStr for QuietHours {
    type Err = QuietHoursError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(QuietHours(None));
        }
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        text.split_once('-')
            .and_then(|(from, until)| time(from).zip(time(until)))
            .filter(|(from, until)| from != until)
            .map(|span| QuietHours(Some(span)))
            .ok_or_else(|| QuietHoursError(text.to_owned()))
    }
}

impl TryFrom<String> for QuietHours {
    type Error = QuietHoursError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => formatter.write_str("none"),
            Some((from, until)) => write!(formatter, "{}-{}", from.format("%H:%M"), until.format("%H:%M")),
        }
    }
}

impl QuietHours {
    /// No quiet hours at all.
    pub const NONE: QuietHours = QuietHours(None);

    /// The quiet span around `at`, if `at` lies in one: from its first instant to the first after it.
    fn around(self, at: DateTime<Utc>, zone: Tz) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (from, until) = self.0?;
        let date = at.with_timezone(&zone).date_naive();
        [date.checked_sub_days(Days::new(1)), Some(date)].into_iter().flatten().find_map(|evening| {
            let morning = if until > from { Some(evening) } else { evening.checked_add_days(Days::new(1)) };
            let span =
                (first_instant(zone, evening.and_time(from)), last_instant(zone, morning?.and_time(until)));
            (span.0 <= at && at < span.1).then_some(span)
        })
    }

    /// Whether `at` lies in them.
    pub fn hold(self, at: DateTime<Utc>, zone: Tz) -> bool {
        self.around(at, zone).is_some()
    }

    /// `wanted`, or the end of the quiet hours it falls in; if that is later than `latest`, the moment before
    /// they begin; if that has passed at `now`, `wanted` in spite of the hour. Never before `now`.
    pub fn respect(
        self,
        wanted: DateTime<Utc>,
        now: DateTime<Utc>,
        latest: DateTime<Utc>,
        zone: Tz,
    ) -> DateTime<Utc> {
        let wanted = wanted.max(now);
        let Some((from, until)) = self.around(wanted, zone) else { return wanted };
        let before = from - TimeDelta::minutes(1);
        if until <= latest {
            until
        } else if before >= now {
            before
        } else {
            wanted
        }
    }
}

/// When the announcement of a start is due: `ahead` before it, so that changes until then need no second mail,
/// but never later than the notice lead and the time allowed for its acceptance ask for.
pub fn announcement_due(
    starts_at: DateTime<Utc>,
    ahead: TimeDelta,
    lead: TimeDelta,
    allowance: TimeDelta,
) -> DateTime<Utc> {
    starts_at - ahead.max(lead + allowance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn respected(wanted: &str, now: &str, latest: &str, zone: Tz) -> String {
        let quiet: QuietHours = "21:00-08:00".parse().expect("a span");
        quiet.respect(at(wanted), at(now), at(latest), zone).to_rfc3339()
    }

    #[test]
    fn what_would_come_at_night_comes_in_the_morning() {
        let zone = Tz::Asia__Shanghai;
        let morning = respected("2026-11-24T18:00:00Z", "2026-11-20T00:00:00Z", "2026-11-30T00:00:00Z", zone);
        assert_eq!(morning, "2026-11-25T00:00:00+00:00");
        let by_day = respected("2026-11-24T03:00:00Z", "2026-11-20T00:00:00Z", "2026-11-30T00:00:00Z", zone);
        assert_eq!(by_day, "2026-11-24T03:00:00+00:00");
    }

    #[test]
    fn what_the_morning_is_too_late_for_comes_in_the_evening_or_at_once() {
        let zone = Tz::Europe__London;
        // An hour before work at 02:00.
        let evening = respected("2026-11-25T01:00:00Z", "2026-11-20T00:00:00Z", "2026-11-25T02:00:00Z", zone);
        assert_eq!(evening, "2026-11-24T20:59:00+00:00");
        let at_once = respected("2026-11-25T01:00:00Z", "2026-11-24T23:00:00Z", "2026-11-25T02:00:00Z", zone);
        assert_eq!(at_once, "2026-11-25T01:00:00+00:00");
        let late = respected("2026-11-24T10:00:00Z", "2026-11-25T01:30:00Z", "2026-11-25T02:00:00Z", zone);
        assert_eq!(late, "2026-11-25T01:30:00+00:00");
    }

    #[test]
    fn the_clocks_may_change_in_the_night() {
        let zone = Tz::Europe__London;
        // 29 March 2026: 08:00 in summer time is 07:00 UTC.
        let spring = respected("2026-03-29T03:00:00Z", "2026-03-01T00:00:00Z", "2026-04-30T00:00:00Z", zone);
        assert_eq!(spring, "2026-03-29T07:00:00+00:00");
    }

    #[test]
    fn spans_are_read_and_shown() {
        for text in ["21:00-08:00", "12:30-14:00", "none"] {
            assert_eq!(text.parse::<QuietHours>().map(|quiet| quiet.to_string()), Ok(text.to_owned()));
        }
        for wrong in ["", "21-8", "21:00", "08:00-08:00", "25:00-08:00"] {
            assert!(wrong.parse::<QuietHours>().is_err(), "{wrong}");
        }
        let midday: QuietHours = "12:30-14:00".parse().expect("a span");
        let noon = at("2026-11-25T12:45:00Z");
        assert_eq!(
            midday.respect(noon, noon, at("2026-11-26T00:00:00Z"), Tz::UTC),
            at("2026-11-25T14:00:00Z")
        );
        assert_eq!(QuietHours::NONE.respect(noon, noon, noon, Tz::UTC), noon);
        assert!(midday.hold(noon, Tz::UTC) && !QuietHours::NONE.hold(noon, Tz::UTC));
        assert!(!midday.hold(at("2026-11-25T14:00:00Z"), Tz::UTC), "half-open");
    }

    #[test]
    fn an_announcement_waits_for_its_week_and_for_nothing_longer_than_the_lead() {
        let start = at("2026-11-25T02:00:00Z");
        let (week, day, hour) = (TimeDelta::days(7), TimeDelta::days(3), TimeDelta::hours(1));
        assert_eq!(announcement_due(start, week, day, hour), start - week);
        assert_eq!(announcement_due(start, day, week, hour), start - week - hour);
    }
}
