//! The cheapest way to clear a place that others have: who leaves, and what it costs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::offers::{Leaver, Offers};

/// What is left of a place that somebody leaves costs this part of its charges, since others may use it.
const UNUSED_DIVISOR: i64 = 2;
/// What is free and has a charge is somebody else's chance.
const FREE_DIVISOR: i64 = 4;

/// The search from slot to slot, with room to remember.
#[derive(Default)]
pub(super) struct Ways {
    /// What the full slots before each one cost.
    full: Vec<i64>,
    /// The cheapest way to clear the slots before each one.
    cleared: Vec<Option<Cleared>>,
}

/// What it costs to clear some slots, how many of them were cleared before the last step, and who leaves in it.
type Cleared = (i64, usize, Option<Leaver>);

impl Ways {
    /// The cheapest way to clear so many slots: what it costs, and who leaves.
    pub(super) fn cheapest(
        &mut self,
        offers: &Offers<'_, '_>,
        start: u32,
        duration: u32,
    ) -> Option<(i64, Vec<Leaver>)> {
        let longest = offers.board.tables.longest;
        let end = start + duration;
        self.full.clear();
        self.full.push(0);
        let mut sum = 0;
        self.full.extend((start..end).map(|slot| {
            sum += offers.full_toll(slot);
            sum
        }));
        self.cleared.clear();
        self.cleared.resize(duration as usize + 1, None);
        self.cleared[0] = Some((0, 0, None));
        for at in 0..duration as usize {
            let Some((cost, ..)) = self.cleared[at] else { continue };
            let slot = start + at as u32;
            if !offers.is_full(slot) {
                self.improve(at + 1, (cost + offers.toll.of(slot, 1) / FREE_DIVISOR, at, None));
                continue;
            }
            for from in (slot + 1).saturating_sub(longest)..=slot {
                for leaver in offers.leavers(from) {
                    let until = from + leaver.duration;
                    if until <= slot {
                        continue;
                    }
                    let to = (until.min(end) - start) as usize;
                    let needed = self.full[to] - self.full[at];
                    let unused = offers.toll.of(from, leaver.duration) - needed;
                    let cost = cost + leaver.more + needed + unused / UNUSED_DIVISOR;
                    self.improve(to, (cost, at, Some(leaver)));
                }
            }
        }
        let (cost, ..) = self.cleared[duration as usize]?;
        let mut way = Vec::new();
        let mut at = duration as usize;
        while at > 0 {
            let (_, before, leaver) = self.cleared[at]?;
            way.extend(leaver);
            at = before;
        }
        Some((cost, way))
    }

    fn improve(&mut self, to: usize, step: Cleared) {
        if self.cleared[to].is_none_or(|(cost, ..)| step.0 < cost) {
            self.cleared[to] = Some(step);
        }
    }
}

/// Starts and what they cost, the cheapest first; put in order no further than anybody looks.
pub(super) struct Starts {
    known: Vec<(i64, u32)>,
    rest: BinaryHeap<Reverse<(i64, u32)>>,
}

impl Starts {
    pub(super) fn new(starts: Vec<(i64, u32)>) -> Starts {
        Starts { known: Vec::new(), rest: starts.into_iter().map(Reverse).collect() }
    }

    pub(super) fn get(&mut self, at: usize) -> Option<(i64, u32)> {
        while self.known.len() <= at {
            self.known.push(self.rest.pop()?.0);
        }
        Some(self.known[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_come_by_cost_and_then_the_earliest() {
        let mut starts = Starts::new(vec![(5, 1), (2, 9), (2, 3), (7, 0)]);
        assert_eq!(starts.get(1), Some((2, 9)));
        assert_eq!((starts.get(0), starts.get(3), starts.get(4)), (Some((2, 3)), Some((7, 0)), None));
        assert_eq!(starts.get(0), Some((2, 3)), "as often as anybody looks");
    }
}
