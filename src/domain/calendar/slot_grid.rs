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
    /// No slot, or more than ten years of them.
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
