//! Releases and deadlines, at midnight, around the place in the hidden plan.

use crate::sim::dice::Dice;

use super::{DAY_SLOTS, FIRST_SLOT, SLOTS, Shape};

const FIRST_DAY: u32 = FIRST_SLOT / DAY_SLOTS;
const LAST_DAY: u32 = SLOTS / DAY_SLOTS;

/// Release and deadline of a task that stands at `start` and ends at `end` in the hidden plan.
pub(super) fn draw(shape: Shape, start: u32, end: u32, dice: &mut Dice) -> (u32, u32) {
    let (release, deadline) = match shape {
        Shape::Loose => loose(start, end, dice),
        Shape::Tight => tight(start, end, dice),
        Shape::Adversarial => adversarial(start, end, dice),
    };
    (release * DAY_SLOTS, deadline * DAY_SLOTS)
}

/// The first and the last midnight that leave the task where it is, in days.
fn around(start: u32, end: u32) -> (u32, u32) {
    (start / DAY_SLOTS, end.div_ceil(DAY_SLOTS))
}

/// Half of the tasks may wait for the end; most others belong to the first two weeks or to two in the middle.
fn loose(start: u32, end: u32, dice: &mut Dice) -> (u32, u32) {
    let (day, until) = around(start, end);
    match dice.below(1000) {
        ..120 => (FIRST_DAY, between(until.max(8), LAST_DAY, dice)),
        ..550 if until <= 15 => (FIRST_DAY, 15),
        ..650 if day >= 10 && until <= 24 => (10, 24),
        _ => (FIRST_DAY, LAST_DAY),
    }
}

/// A third has a release, less than half a deadline.
fn tight(start: u32, end: u32, dice: &mut Dice) -> (u32, u32) {
    let (day, until) = around(start, end);
    let release = if dice.per_mille(370) { between(FIRST_DAY, day, dice) } else { FIRST_DAY };
    let deadline = if dice.per_mille(460) { between(until, LAST_DAY, dice) } else { LAST_DAY };
    (release, deadline)
}

/// A few nights for nearly half of the tasks; the others have time and are in the way.
fn adversarial(start: u32, end: u32, dice: &mut Dice) -> (u32, u32) {
    let (day, until) = around(start, end);
    match dice.below(1000) {
        ..470 => {
            let release = day.saturating_sub(dice.below(4)).max(FIRST_DAY);
            (release, (until + dice.below(4)).min(LAST_DAY))
        }
        470..650 => (between(FIRST_DAY, day, dice), LAST_DAY),
        650..830 => (FIRST_DAY, between(until, LAST_DAY, dice)),
        _ => (FIRST_DAY, LAST_DAY),
    }
}

fn between(least: u32, most: u32, dice: &mut Dice) -> u32 {
    least + dice.below(most - least + 1)
}
