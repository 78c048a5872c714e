//! Fills what room there is with tasks that have no place, one after the other at their earliest legal start;
//! nobody who has a place is moved.

use std::collections::HashMap;

use super::neighbours::Neighbours;
use super::room::Room;
use crate::domain::problem::Problem;
use crate::planner::bits::{self, Bits};

/// What is different for all tasks while they are filled in; caps are raised in the [`Room`] itself.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// Every deadline is so much later, within the horizon.
    pub(super) deadline_add_slots: u32,
    /// Every release is so much earlier.
    pub(super) release_subtract_slots: u32,
    /// The calendar with this number allows these starts instead, by duration.
    pub(super) calendar: Option<(u32, HashMap<u32, Bits>)>,
}

/// Fills tasks in.
pub(super) struct Fill<'f, 'l, 'p> {
    pub(super) neighbours: &'f Neighbours<'p>,
    pub(super) room: &'f mut Room<'l, 'p>,
    pub(super) terms: Terms,
    /// How often a task may still be looked at.
    pub(super) looks_left: &'f mut u64,
}

impl Fill<'_, '_, '_> {
    /// The tasks that found a place, with their starts. They are tried in the order given; one that waits for
    /// another is tried once more when that one is placed.
    pub(super) fn run(&mut self, tasks: impl IntoIterator<Item = u32>) -> Vec<(u32, u32)> {
        let mut placed = Vec::new();
        let mut starts: HashMap<u32, u32> = HashMap::new();
        let mut woken = Vec::new();
        let mut tasks = tasks.into_iter();
        while let Some(task) = woken.pop().or_else(|| tasks.next()) {
            if starts.contains_key(&task) || self.room.loads.start(task).is_some() {
                continue;
            }
            if *self.looks_left == 0 {
                break;
            }
            *self.looks_left -= 1;
            let Some(start) = self.start_for(task, &starts) else { continue };
            self.room.take(task, start);
            starts.insert(task, start);
            placed.push((task, start));
            woken.extend(self.neighbours.of(task).1.iter().map(|edge| edge.task));
        }
        placed
    }

    fn start_for(&mut self, task: u32, starts: &HashMap<u32, u32>) -> Option<u32> {
        let problem = self.room.problem;
        let start = |other| starts.get(&other).copied().or_else(|| self.room.loads.start(other));
        let (earliest, latest_end) = self.neighbours.span(task, start)?;
        let Terms { deadline_add_slots, release_subtract_slots, calendar } = &self.terms;
        let from = problem.release(task).saturating_sub(*release_subtract_slots).max(earliest);
        let until = problem.deadline(task).saturating_add(*deadline_add_slots).min(latest_end);
        let other = match calendar {
            Some((number, starts)) if *number == problem.calendar_index(task) => {
                starts.get(&problem.duration(task))
            }
            _ => None,
        };
        match other {
            Some(allowed) => first_fit_in(self.room, &Bits::clone(allowed), task, from, until),
            None => first_fit(self.room, task, from, until),
        }
    }
}

/// The earliest start of a task in `[from, until)` that its calendar allows and no group forbids.
pub(super) fn first_fit(room: &mut Room<'_, '_>, task: u32, from: u32, until: u32) -> Option<u32> {
    let allowed = room.allowed(task);
    first_fit_in(room, &allowed, task, from, until)
}

fn first_fit_in(room: &mut Room<'_, '_>, allowed: &[u64], task: u32, from: u32, until: u32) -> Option<u32> {
    let problem = room.problem;
    let duration = problem.duration(task);
    let last = until.min(problem.slots()).checked_sub(duration)?;
    bits::ones(from, last, |at| allowed[at]).next()?;
    let groups = problem.groups_of(task);
    let forbidden: Vec<Bits> = groups.iter().map(|&group| room.forbidden(group, duration)).collect();
    bits::ones(from, last, |at| forbidden.iter().fold(allowed[at], |left, bits| left & !bits[at])).next()
}

/// The order in which tasks are filled in: the heaviest first, then those due first, then the short ones, then
/// by name, so that the order in which a problem lists them does not matter.
pub(super) fn sort_for_filling(problem: &Problem, tasks: &mut [u32]) {
    let key = |task: u32| {
        let weight = std::cmp::Reverse(problem.weight(task));
        (weight, problem.deadline(task), problem.duration(task), problem.task_id(task))
    };
    tasks.sort_by(|&a, &b| key(a).cmp(&key(b)));
}
