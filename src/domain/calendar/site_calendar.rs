//! From the rules of a site to the slots in which it may be touched.

use super::blackout::Blackout;
use super::opening_hours::OpeningHours;
use super::slot_grid::SlotGrid;
use super::span::SpanSet;
use super::window_rule::WindowRule;
use chrono_tz::Tz;

/// The slots in which a site may be touched, as a calendar of the planner's problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SlotCalendar {
    /// Half-open ranges of slots, in order, with a gap between any two.
    pub open: Vec<[u32; 2]>,
    /// How many slots before the end of a range nothing starts any more.
    pub cutoff_slots: u32,
}

/// The windows of `rules` less the blackouts and, when `closed_only` is given (a site with one terminal),
/// less its opening hours; rounded inwards to the slots of `grid`.
///
/// Openings that overlap or touch are one. A range that a blackout, the shop's opening or the horizon cuts
/// short ends there: the cutoff counts from that end. When rules differ in their cutoff, the largest of those
/// that open within the horizon holds for all of them. Without a rule there is no opening.
pub fn site_calendar(
    rules: &[WindowRule],
    zone: Tz,
    blackouts: &[&Blackout],
    closed_only: Option<&OpeningHours>,
    grid: &SlotGrid,
) -> SlotCalendar {
    let mut cutoff_slots = 0;
    let mut openings = Vec::new();
    for rule in rules {
        let before = openings.len();
        openings.extend(
            rule.openings(zone, grid.horizon())
                .iter()
                .filter_map(|opening| opening.span().clipped(&grid.horizon())),
        );
        if openings.len() > before {
            cutoff_slots = cutoff_slots.max(grid.slots_for_minutes(rule.cutoff_minutes()));
        }
    }
    let openings: SpanSet = openings.into_iter().collect();

    let blacked_out: SpanSet =
        blackouts.iter().flat_map(|blackout| blackout.spans(zone, grid.horizon())).collect();
    let trading = closed_only.map(|hours| hours.open_spans(zone, grid.horizon())).unwrap_or_default();
    let open = openings
        .subtract(&blacked_out)
        .subtract(&trading)
        .iter()
        .filter_map(|span| grid.slots_within(*span))
        .collect();
    SlotCalendar { open, cutoff_slots }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::Recurrence;

    fn rule(cron: &str, duration_minutes: u32, cutoff_minutes: u32) -> WindowRule {
        WindowRule::new(cron.parse().expect("a line"), duration_minutes, cutoff_minutes, None)
            .expect("a rule")
    }

    fn grid(start: &str, slots: u32) -> SlotGrid {
        SlotGrid::new(start.parse().expect("an instant"), 15, slots).expect("a grid")
    }

    fn blackout(period: &str) -> Blackout {
        Blackout::new("x", period.parse().expect("a period"), Recurrence::Once, None).expect("a blackout")
    }

    #[test]
    fn openings_are_merged_cut_and_rounded_inwards() {
        let rules = [rule("0 22 * * *", 240, 0), rule("50 0 * * *", 100, 20), rule("0 12 * * SUN", 60, 45)];
        // Tuesday and Wednesday: the Sunday rule and its cutoff do not count.
        let grid = grid("2026-12-01T00:00:00Z", 192);
        let calendar = site_calendar(&rules, Tz::UTC, &[], None, &grid);
        // 00:00-02:30 (the night of Monday, and the second rule beyond it), 22:00-02:30, 22:00 to the horizon.
        assert_eq!(calendar.open, [[0, 10], [88, 106], [184, 192]]);
        assert_eq!(calendar.cutoff_slots, 2);
        let christmas = blackout("2026-12-01T23:10..2026-12-02T00:05");
        let calendar = site_calendar(&rules, Tz::UTC, &[&christmas], None, &grid);
        assert_eq!(calendar.open, [[0, 10], [88, 92], [97, 106], [184, 192]]);
    }

    #[test]
    fn a_site_with_one_terminal_is_touched_only_while_it_is_closed() {
        let hours: OpeningHours = "Mon-Sun 06:00-23:30".parse().expect("hours");
        let grid = grid("2026-12-01T00:00:00Z", 96);
        let calendar = site_calendar(&[rule("0 22 * * *", 600, 0)], Tz::UTC, &[], Some(&hours), &grid);
        assert_eq!(calendar.open, [[0, 24], [94, 96]]);
        let always: OpeningHours = "24/7".parse().expect("hours");
        assert!(
            site_calendar(&[rule("0 22 * * *", 600, 0)], Tz::UTC, &[], Some(&always), &grid).open.is_empty()
        );
    }

    #[test]
    fn without_a_rule_there_is_no_opening() {
        let grid = grid("2026-12-01T00:00:00Z", 96);
        assert_eq!(site_calendar(&[], Tz::UTC, &[], None, &grid), SlotCalendar::default());
    }

    #[test]
    fn local_rules_land_on_the_utc_grid_on_both_sides_of_a_clock_change() {
        let grid = grid("2026-03-07T00:00:00Z", 288);
        let calendar =
            site_calendar(&[rule("0 2 * * *", 60, 0)], chrono_tz::America::New_York, &[], None, &grid);
        // 02:00 EST is 07:00 UTC; on the 8th the gap ends at 07:00 UTC; 02:00 EDT is 06:00 UTC.
        assert_eq!(calendar.open, [[28, 32], [124, 128], [216, 220]]);
        let kathmandu =
            site_calendar(&[rule("0 2 * * *", 60, 0)], chrono_tz::Asia::Kathmandu, &[], None, &grid);
        assert_eq!(kathmandu.open[0], [81, 85], "02:00 is 20:15 UTC");
    }
}
