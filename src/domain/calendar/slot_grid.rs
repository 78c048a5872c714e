//! The planner's grid: time from a start, cut into slots of equal length.

use super::span::Span;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// `slots` slots of `slot_minutes` from `start`, on the UTC clock (a slot of 15 minutes begins at :00, :15,
/// :30 or :45).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "SlotGridFields")]
pub struct SlotGrid {
    start: DateTime<Utc>,
    slot_minutes: u32,
    slots: u32,
}

/// Why a grid was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlotGridError {
    /// Not one of the lengths that divide an hour.
    #[error("field slot_minutes, value {slot_minutes}: allowed are 5, 6, 10, 12, 15, 20, 30 and 60; use 15")]
    SlotMinutes {
        /// What was given.
        slot_minutes: u32,
    },
    /// The start lies within a slot.
    #[error(
        "field start, value {start}: not on the grid of {slot_minutes} minutes; use {}",
        floor_to_slot(*start, *slot_minutes)
    )]
    Start {
        /// What was given.
        start: DateTime<Utc>,
        /// The slot length beside it.
        slot_minutes: u32,
    },
    /// No slot, or more of them than a plan can look ahead.
    #[error(
        "field slots, value {slots}: a horizon has from 1 slot to {}; shorten it, or use longer slots",
        SlotGrid::MOST_SLOTS
    )]
    Slots {
        /// What was given.
        slots: u64,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotGridFields {
    start: DateTime<Utc>,
    slot_minutes: u32,
    slots: u32,
}

impl TryFrom<SlotGridFields> for SlotGrid {
    type Error = SlotGridError;

    fn try_from(fields: SlotGridFields) -> Result<SlotGrid, SlotGridError> {
        let SlotGridFields { start, slot_minutes, slots } = fields;
        SlotGrid::new(start, slot_minutes, slots)
    }
}

impl SlotGrid {
    /// The most slots a grid may have: a year of five-minute slots and some days.
    pub const MOST_SLOTS: u32 = 110_000;

    const SLOT_MINUTES: [u32; 8] = [5, 6, 10, 12, 15, 20, 30, 60];

    /// `start` must itself lie on the grid; see [`SlotGrid::covering`] for one that fits a range.
    pub fn new(start: DateTime<Utc>, slot_minutes: u32, slots: u32) -> Result<SlotGrid, SlotGridError> {
        if !Self::SLOT_MINUTES.contains(&slot_minutes) {
            return Err(SlotGridError::SlotMinutes { slot_minutes });
        }
        if floor_to_slot(start, slot_minutes) != start {
            return Err(SlotGridError::Start { start, slot_minutes });
        }
        if !(1..=Self::MOST_SLOTS).contains(&slots) {
            return Err(SlotGridError::Slots { slots: u64::from(slots) });
        }
        Ok(SlotGrid { start, slot_minutes, slots })
    }

    /// The smallest grid that holds every instant of `range`.
    pub fn covering(range: Range<DateTime<Utc>>, slot_minutes: u32) -> Result<SlotGrid, SlotGridError> {
        if !Self::SLOT_MINUTES.contains(&slot_minutes) {
            return Err(SlotGridError::SlotMinutes { slot_minutes });
        }
        let start = floor_to_slot(range.start, slot_minutes);
        let length_ns = i128::from((range.end - start).num_microseconds().unwrap_or(i64::MAX));
        let slot_ns = i128::from(slot_minutes) * 60_000_000;
        let slots = u64::try_from((length_ns + slot_ns - 1).div_euclid(slot_ns)).unwrap_or(0);
        let fitting = u32::try_from(slots).map_err(|_| SlotGridError::Slots { slots })?;
        SlotGrid::new(start, slot_minutes, fitting)
    }

    /// The instant at which slot 0 begins.
    pub fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// The length of a slot, in minutes.
    pub fn slot_minutes(&self) -> u32 {
        self.slot_minutes
    }

    /// How many slots there are; the last one is `slots() - 1`.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// From the first slot to the end of the last.
    pub fn horizon(&self) -> Range<DateTime<Utc>> {
        self.start..self.instant_of(self.slots)
    }

    /// The instant at which `slot` begins; `slots()` gives the end of the horizon.
    pub fn instant_of(&self, slot: u32) -> DateTime<Utc> {
        self.start + TimeDelta::minutes(i64::from(slot) * i64::from(self.slot_minutes))
    }

    /// The slot in which `instant` lies, held within `0..=slots()`: 0 for all that is before the horizon,
    /// `slots()` for all that is after it.
    pub fn slot_floor(&self, instant: DateTime<Utc>) -> u32 {
        let since_start = (instant - self.start).max(TimeDelta::zero());
        self.held(since_start.num_minutes() / i64::from(self.slot_minutes))
    }

    /// The first slot that begins at `instant` or later, held within `0..=slots()`.
    pub fn slot_ceil(&self, instant: DateTime<Utc>) -> u32 {
        let floor = self.slot_floor(instant);
        if self.instant_of(floor) < instant { self.held(i64::from(floor) + 1) } else { floor }
    }

    /// The slot in which `instant` lies, or `None` outside the horizon.
    pub fn slot_holding(&self, instant: DateTime<Utc>) -> Option<u32> {
        self.horizon().contains(&instant).then(|| self.slot_floor(instant))
    }

    /// How many slots `minutes` take, rounded up.
    pub fn slots_for_minutes(&self, minutes: u32) -> u32 {
        minutes.div_ceil(self.slot_minutes)
    }

    /// The whole slots inside `span` (start rounded up, end down), as a half-open range; `None` if there is
    /// none.
    pub fn slots_within(&self, span: Span) -> Option<[u32; 2]> {
        let (first, after) = (self.slot_ceil(span.start()), self.slot_floor(span.end()));
        (first < after).then_some([first, after])
    }

    fn held(&self, slot: i64) -> u32 {
        u32::try_from(slot).map_or(self.slots, |slot| slot.min(self.slots))
    }
}

fn floor_to_slot(instant: DateTime<Utc>, slot_minutes: u32) -> DateTime<Utc> {
    let slot_seconds = i64::from(slot_minutes) * 60;
    let seconds = instant.timestamp().div_euclid(slot_seconds) * slot_seconds;
    DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn day_of_quarters() -> SlotGrid {
        SlotGrid::new(utc("2026-12-01T00:00:00Z"), 15, 96).expect("a grid")
    }

    #[test]
    fn instants_are_rounded_and_held_within_the_horizon() {
        let grid = day_of_quarters();
        for (instant, floor, ceil, holding) in [
            ("2026-11-30T23:59:59Z", 0, 0, None),
            ("2026-12-01T00:00:00Z", 0, 0, Some(0)),
            ("2026-12-01T00:00:01Z", 0, 1, Some(0)),
            ("2026-12-01T00:14:59.999Z", 0, 1, Some(0)),
            ("2026-12-01T00:15:00Z", 1, 1, Some(1)),
            ("2026-12-01T23:59:00Z", 95, 96, Some(95)),
            ("2026-12-02T00:00:00Z", 96, 96, None),
            ("2030-12-02T00:00:01Z", 96, 96, None),
        ] {
            let time = utc(instant);
            assert_eq!((grid.slot_floor(time), grid.slot_ceil(time)), (floor, ceil), "{instant}");
            assert_eq!(grid.slot_holding(time), holding, "{instant}");
        }
        assert_eq!(grid.horizon(), utc("2026-12-01T00:00:00Z")..utc("2026-12-02T00:00:00Z"));
    }

    #[test]
    fn spans_are_rounded_inwards_and_durations_outwards() {
        let grid = day_of_quarters();
        let span = |from: &str, to: &str| Span::new(utc(from), utc(to)).expect("a span");
        let within = |from: &str, to: &str| grid.slots_within(span(from, to));
        assert_eq!(within("2026-12-01T01:00:00Z", "2026-12-01T02:00:00Z"), Some([4, 8]));
        assert_eq!(within("2026-12-01T01:01:00Z", "2026-12-01T01:59:00Z"), Some([5, 7]));
        assert_eq!(within("2026-12-01T01:01:00Z", "2026-12-01T01:29:00Z"), None);
        assert_eq!(within("2026-11-01T01:00:00Z", "2026-12-31T01:00:00Z"), Some([0, 96]));
        assert_eq!(within("2026-11-01T01:00:00Z", "2026-11-02T01:00:00Z"), None);
        assert_eq!(
            (grid.slots_for_minutes(0), grid.slots_for_minutes(15), grid.slots_for_minutes(16)),
            (0, 1, 2)
        );
    }

    #[test]
    fn a_covering_grid_holds_the_range_and_no_slot_more() {
        let grid =
            SlotGrid::covering(utc("2026-12-01T00:07:00Z")..utc("2026-12-01T01:00:01Z"), 15).expect("a grid");
        assert_eq!((grid.start(), grid.slots()), (utc("2026-12-01T00:00:00Z"), 5));
        let exact =
            SlotGrid::covering(utc("2026-12-01T00:00:00Z")..utc("2026-12-01T01:00:00Z"), 15).expect("a grid");
        assert_eq!(exact.slots(), 4);
    }

    #[test]
    fn refusals_say_what_to_use() {
        let start = utc("2026-12-01T00:07:00Z");
        let message = |result: Result<SlotGrid, SlotGridError>| result.expect_err("refused").to_string();
        assert!(message(SlotGrid::new(start, 15, 96)).contains("use 2026-12-01 00:00:00 UTC"));
        assert!(message(SlotGrid::new(start, 7, 96)).contains("use 15"));
        assert!(message(SlotGrid::new(utc("2026-12-01T00:00:00Z"), 15, 0)).contains("from 1 slot to 110000"));
        let decades = SlotGrid::covering(start..utc("2096-12-01T00:00:00Z"), 5);
        assert!(message(decades).contains("shorten it"));
        assert!(SlotGrid::covering(utc("2026-12-01T00:00:00Z")..utc("2025-12-01T00:00:00Z"), 5).is_err());
    }
}
