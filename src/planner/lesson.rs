//! What a place in a slot of a large group is worth: learned from a sample, proven for all.
//!
//! The prices of the groups in which many tasks count hardly depend on any one of them, so a sample tells them,
//! with the groups' room made smaller in the same proportion. First the tasks take turns (see
//! [`Negotiation::learn`]), which brings the prices near; then all move at once (see [`Dual`]), which brings them
//! to where the bound is best. With these prices the parts of a large problem can be planned side by side without
//! asking each other, and [`super::bound`] proves its bound.

use std::collections::HashMap;

use crate::domain::problem::{CapRange, ExcerptGroup, Problem};

use super::dual::Dual;
use super::negotiate::{LEARNING, LEARNING_SOON, Negotiation};
use super::order::Order;
use super::tables::Tables;
use super::{Effort, SolveOptions, Stop};

/// So many tasks are enough to learn the prices of large groups.
const SAMPLE_TASKS: usize = 50_000;
/// A group has a price if one of so many tasks of the sample is in it, but at least so many and no more than that.
const MEMBERS_SHARE: usize = 125;
const MEMBERS_MIN: u32 = 13;
const MEMBERS_MAX: u32 = 400;
/// With no more tasks than this the rounds are cheap and many, and taking turns is soon enough.
const SOON_TASKS: usize = 20_000;
/// Rounds of the dual, times tasks of the sample.
const ROUNDS_WORK: usize = 900_000;
const ROUNDS_MIN: usize = 100;
const ROUNDS_MAX: usize = 300;
/// With best effort, so many times as many.
const BEST_ROUNDS: usize = 4;

/// Charges for the slots of some groups.
#[derive(Debug, Default)]
pub(super) struct Lesson {
    /// By group of the whole problem, one charge a slot.
    charges: HashMap<u32, Vec<f32>>,
}

impl Lesson {
    /// What each slot of a group is worth, if it was learned.
    pub(super) fn charges_of(&self, group: u32) -> Option<&[f32]> {
        self.charges.get(&group).map(Vec::as_slice)
    }

    /// Learns from every so-manieth task.
    pub(super) fn learn(problem: &Problem, order: &Order, options: &SolveOptions, stop: &Stop<'_>) -> Lesson {
        let every = order.tasks.len().div_ceil(SAMPLE_TASKS).max(1);
        let sample: Vec<u32> = order.tasks.iter().copied().step_by(every).collect();
        let members = count_members(problem, order.tasks.iter().copied());
        let sampled = count_members(problem, sample.iter().copied());
        let least = ((sample.len() / MEMBERS_SHARE) as u32).clamp(MEMBERS_MIN, MEMBERS_MAX);
        let groups: Vec<u32> =
            order.groups.iter().copied().filter(|&group| sampled[group as usize] >= least).collect();
        let scaled: Vec<ExcerptGroup> = groups
            .iter()
            .map(|&group| {
                let share = f64::from(sampled[group as usize]) / f64::from(members[group as usize]);
                ExcerptGroup { group, room: (share < 1.0).then(|| scaled_room(problem, group, share)) }
            })
            .collect();
        let excerpt = problem.excerpt(&sample, &scaled).unannounced();
        let tables = Tables::new(&excerpt);
        let tasks: Vec<u32> = (0..sample.len() as u32).filter(|&task| !tables.pinned(task)).collect();
        let mut negotiation = Negotiation::new(&tables);
        negotiation.learn(&tasks, if sample.len() > SOON_TASKS { LEARNING } else { LEARNING_SOON }, stop);
        let rounds = (ROUNDS_WORK / sample.len().max(1)).clamp(ROUNDS_MIN, ROUNDS_MAX)
            * if options.effort == Effort::Best { BEST_ROUNDS } else { 1 };
        let mut dual = Dual::new(&tables, negotiation.history(), options.threads);
        drop(negotiation);
        dual.run(rounds, stop);
        let charges = (0..).zip(groups).map(|(number, group)| (group, dual.charges_of(number)));
        Lesson { charges: charges.collect() }
    }
}

fn count_members(problem: &Problem, tasks: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut members = vec![0u32; problem.group_count()];
    for task in tasks {
        problem.groups_of(task).iter().for_each(|&group| members[group as usize] += 1);
    }
    members
}

/// A group's room in proportion to its members in the sample. What is lost by rounding in one slot is won in
/// others.
fn scaled_room(problem: &Problem, group: u32, share: f64) -> (u32, Vec<CapRange>) {
    let budget = problem.group(group);
    let mut runs: Vec<CapRange> = Vec::new();
    for slot in 0..problem.slots() {
        let dither = (f64::from(slot) * GOLDEN).fract();
        let room = (f64::from(budget.room_at(slot)) * share + dither).floor() as u32;
        match runs.last_mut() {
            Some(run) if run.cap == room => run.end = slot + 1,
            _ => runs.push(CapRange { begin: slot, end: slot + 1, cap: room }),
        }
    }
    let cap = runs.first().map_or(0, |run| run.cap);
    runs.retain(|run| run.cap != cap);
    (cap, runs)
}

/// Its multiples are spread evenly.
const GOLDEN: f64 = 0.618_033_988_749_895;
