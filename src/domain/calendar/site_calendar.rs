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
