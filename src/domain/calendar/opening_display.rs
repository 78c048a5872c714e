//! An opening as people read it: in local time and in UTC.

use super::window_rule::Opening;
use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::{OffsetName, Tz};
use serde::Serialize;

/// The texts that a preview shows for an opening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpeningDisplay {
    /// The zone of the local times, by its IANA name.
    pub zone: String,
    /// `Tue 2026-12-01 02:00 +01:00 CET`; the abbreviation is left out where a zone has none.
    pub local_start: String,
    /// The first local time after it, written like the start.
    pub local_end: String,
    /// The last local time at which work may start, written like the start.
    pub local_last_start: String,
    /// `2026-12-01T01:00:00Z`.
    pub utc_start: String,
    /// Written like the start.
    pub utc_end: String,
    /// What happens when the clocks change inside it.
    pub clock_change: Option<String>,
}

/// `opening` as seen in `zone`.
pub fn display_opening(opening: &Opening, zone: Tz) -> OpeningDisplay {
    OpeningDisplay {
        zone: zone.name().into(),
        local_start: local_text(opening.start, zone),
        local_end: local_text(opening.end, zone),
        local_last_start: local_text(opening.last_start, zone),
        utc_start: utc_text(opening.start),
        utc_end: utc_text(opening.end),
        clock_change: clock_change(opening, zone),
    }
}

fn utc_text(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn local_text(instant: DateTime<Utc>, zone: Tz) -> String {
    let local = instant.with_timezone(&zone);
    let time = local.format("%a %Y-%m-%d %H:%M %:z");
    // Many zones have no abbreviation but repeat their offset, `-03`.
    match local.offset().abbreviation() {
        Some(name) if !name.starts_with(['+', '-']) => format!("{time} {name}"),
        _ => time.to_string(),
    }
}

fn clock_change(opening: &Opening, zone: Tz) -> Option<String> {
    let offset_seconds =
        |instant: DateTime<Utc>| zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc();
    let change_minutes = (offset_seconds(opening.end) - offset_seconds(opening.start)) / 60;
    let elapsed_minutes = (opening.end - opening.start).num_minutes();
    let direction = match change_minutes {
        0 => return None,
        1.. => "forward",
        _ => "back",
    };
    Some(format!(
        "the clocks go {direction} by {} minutes inside: {elapsed_minutes} minutes pass, {} on the clock",
        change_minutes.abs(),
        elapsed_minutes + i64::from(change_minutes)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::WindowRule;

    fn display(cron: &str, duration_minutes: u32, zone: Tz, from: &str) -> OpeningDisplay {
        let rule =
            WindowRule::new(cron.parse().expect("a line"), duration_minutes, 30, None).expect("a rule");
        let opening =
            rule.current_or_next_opening(zone, from.parse().expect("an instant")).expect("an opening");
        display_opening(&opening, zone)
    }

    #[test]
    fn local_time_has_offset_and_abbreviation_beside_utc() {
        let shown = display("0 2 * * *", 120, chrono_tz::Europe::Berlin, "2026-12-01T00:00:00Z");
        assert_eq!(
            shown,
            OpeningDisplay {
                zone: "Europe/Berlin".into(),
                local_start: "Tue 2026-12-01 02:00 +01:00 CET".into(),
                local_end: "Tue 2026-12-01 04:00 +01:00 CET".into(),
                local_last_start: "Tue 2026-12-01 03:30 +01:00 CET".into(),
                utc_start: "2026-12-01T01:00:00Z".into(),
                utc_end: "2026-12-01T03:00:00Z".into(),
                clock_change: None,
            }
        );
        let shown = display("0 2 * * *", 120, chrono_tz::America::Sao_Paulo, "2026-12-01T00:00:00Z");
        assert_eq!(shown.local_start, "Tue 2026-12-01 02:00 -03:00");
    }

    #[test]
    fn a_change_of_clocks_inside_is_said() {
        let forward = display("0 1 * * *", 120, chrono_tz::America::New_York, "2026-03-08T05:00:00Z");
        assert_eq!(forward.local_end, "Sun 2026-03-08 04:00 -04:00 EDT");
        let note = forward.clock_change.expect("a note");
        assert_eq!(note, "the clocks go forward by 60 minutes inside: 120 minutes pass, 180 on the clock");
        let back = display("0 1 * * *", 120, chrono_tz::Australia::Lord_Howe, "2026-04-04T13:00:00Z");
        let note = back.clock_change.expect("a note");
        assert_eq!(note, "the clocks go back by 30 minutes inside: 120 minutes pass, 90 on the clock");
    }
}
