//! The most weight that tasks can have which compete for the same room.
//!
//! A charge for every place in every slot of a group: each member takes part if it is worth more than it pays at its
//! cheapest start, and all places together bring in at most charge times room. What the members that take part are
//! worth beyond what they pay, and that income, is no less than any plan can place of them, whatever the charges.
//! They are found by subgradient, for each group in which somebody was left without a place, and the bound is
//! computed from them in whole numbers.

use std::ops::{AddAssign, Sub};

use super::Stop;
use super::alone::Alone;
use super::board::Board;
use super::order::sorted;
use super::tables::{Count, Tables};

/// Larger groups are left out, and no more tasks than this are looked at in all rounds together.
const TASKS_MAX: usize = 10_000;
const LOOKS_MAX: usize = 400_000;
const ROUNDS_MIN: usize = 40;
const ROUNDS_MAX: usize = 400;
/// A unit of weight in charges.
const UNIT: f64 = (1u64 << 24) as f64;
/// So many rounds in vain shorten the step.
const PATIENCE_ROUNDS: usize = 5;
const SHORTEN: f64 = 0.7;
/// What a direction keeps of the one before.
const KEPT_DIRECTION: f64 = 0.5;

/// By how much what all tasks with room weigh (those on the board and `waiting`) is more than any plan can place.
/// What is found in several groups is added up over disjoint sets of tasks, the small groups first.
pub(super) fn excess(board: &Board<'_>, alone: &Alone<'_>, waiting: &[u32], stop: &Stop<'_>) -> u64 {
    let tables = board.tables;
    let problem = tables.problem;
    let mut groups: Vec<(u32, u32)> = waiting
        .iter()
        .flat_map(|&task| problem.groups_of(task))
        .filter(|&&group| tables.count(group) != Count::Never)
        .map(|&group| (tables.size(group), group))
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups.sort_by_key(|&(size, group)| (size, problem.group(group).id));
    let mut waits = vec![false; problem.task_count()];
    waiting.iter().for_each(|&task| waits[task as usize] = true);
    let (mut excess, mut looks_left) = (0, LOOKS_MAX);
    let mut counted = vec![false; problem.task_count()];
    for (size, group) in groups {
        if size as usize > TASKS_MAX || looks_left < size as usize * ROUNDS_MIN || stop.now() {
            break;
        }
        // Who has no place and does not wait has no room even alone, and is counted nowhere.
        let is_rival = |task: u32| {
            let stands = board.start(task).is_some() || waits[task as usize];
            stands && !counted[task as usize] && !tables.pinned(task)
        };
        let members = tables.members(group).iter().filter(|&&task| is_rival(task));
        let tasks = sorted(problem, members.map(|&task| ((), task)));
        if !tasks.iter().any(|&task| waits[task as usize]) {
            continue;
        }
        let room = (0..tables.slots).map(|slot| alone.left(group, slot).max(0)).collect();
        let rivals = Rivals { tables, tasks, room };
        let found = rivals.excess(board, &mut looks_left, stop);
        if found > 0 {
            excess += found;
            rivals.tasks.iter().for_each(|&task| counted[task as usize] = true);
        }
    }
    excess
}

/// Tasks that count in one group.
struct Rivals<'t> {
    tables: &'t Tables<'t>,
    tasks: Vec<u32>,
    /// By slot.
    room: Vec<i32>,
}

impl Rivals<'_> {
    fn excess(&self, board: &Board<'_>, looks_left: &mut usize, stop: &Stop<'_>) -> u64 {
        let weight = |task: u32| u64::from(self.tables.problem.weight(task));
        let all: u64 = self.tasks.iter().map(|&task| weight(task)).sum();
        let placed = self.tasks.iter().filter(|&&task| board.start(task).is_some());
        let placed: u64 = placed.map(|&task| weight(task)).sum();
        if all == placed {
            return 0;
        }
        let charges = self.learn(placed as f64, looks_left, stop);
        all.saturating_sub(self.bound(&charges).max(placed))
    }

    fn weight(&self, at: usize) -> f64 {
        f64::from(self.tables.problem.weight(self.tasks[at]))
    }

    /// Charges by slot, in whole parts of [`UNIT`].
    fn learn(&self, placed: f64, looks_left: &mut usize, stop: &Stop<'_>) -> Vec<i64> {
        // What nobody can use costs more than anybody is worth.
        let dearest = (0..self.tasks.len()).map(|at| self.weight(at)).fold(1.0, f64::max);
        let mut charges: Vec<f64> =
            self.room.iter().map(|&room| if room == 0 { dearest } else { 0.0 }).collect();
        let mut best = charges.clone();
        let (mut least, mut stale, mut share) = (f64::INFINITY, 0, 1.0);
        let mut direction = vec![0.0; charges.len()];
        for _ in 0..ROUNDS_MAX {
            if *looks_left < self.tasks.len() || stop.now() {
                break;
            }
            *looks_left -= self.tasks.len();
            let (value, load) = self.answer(&charges);
            if value < least {
                (least, stale) = (value, 0);
                best.clone_from(&charges);
            } else {
                stale += 1;
                if stale == PATIENCE_ROUNDS {
                    (stale, share) = (0, share * SHORTEN);
                }
            }
            // Less than one more than what was placed: nothing is left to prove.
            if least < placed + 1.0 {
                break;
            }
            let mut norm = 0.0;
            for at in 0..charges.len() {
                let lack = f64::from(load[at] - self.room[at]);
                let lack = if lack < 0.0 && charges[at] <= 0.0 || self.room[at] == 0 { 0.0 } else { lack };
                direction[at] = lack + KEPT_DIRECTION * direction[at];
                norm += direction[at] * direction[at];
            }
            if norm <= 0.0 {
                break;
            }
            let step = share * (value - placed) / norm;
            for (charge, direction) in charges.iter_mut().zip(&direction) {
                *charge = (*charge + step * direction).max(0.0);
            }
        }
        best.iter().map(|charge| (charge * UNIT).round() as i64).collect()
    }

    /// What these charges prove, and how many take part where.
    fn answer(&self, charges: &[f64]) -> (f64, Vec<i32>) {
        let sums = running(charges);
        let mut load = vec![0i32; charges.len()];
        let mut value: f64 =
            charges.iter().zip(&self.room).map(|(charge, &room)| charge * f64::from(room)).sum();
        for at in 0..self.tasks.len() {
            let Some((pays, start)) = self.cheapest(at, &sums) else { continue };
            let gain = self.weight(at) - pays;
            if gain > 0.0 {
                value += gain;
                let end = start + self.tables.problem.duration(self.tasks[at]);
                load[start as usize..end as usize].iter_mut().for_each(|load| *load += 1);
            }
        }
        (value, load)
    }

    /// The same in whole numbers, rounded down to whole weights.
    fn bound(&self, charges: &[i64]) -> u64 {
        let sums = running(charges);
        let places = charges.iter().zip(&self.room);
        let income: i128 = places.map(|(&charge, &room)| i128::from(charge) * i128::from(room)).sum();
        let gains = (0..self.tasks.len()).map(|at| {
            let worth = i128::from(self.tables.problem.weight(self.tasks[at])) * UNIT as i128;
            let pays = self.cheapest(at, &sums);
            pays.map_or(0, |(pays, _)| (worth - i128::from(pays)).max(0))
        });
        let sum = gains.sum::<i128>() + income;
        u64::try_from(sum / UNIT as i128).unwrap_or(u64::MAX)
    }

    /// What a task pays at least, and where.
    fn cheapest<V: Copy + PartialOrd + Sub<Output = V>>(&self, at: usize, sums: &[V]) -> Option<(V, u32)> {
        let (tables, task) = (self.tables, self.tasks[at]);
        let problem = tables.problem;
        let duration = problem.duration(task) as usize;
        let mut best: Option<(V, u32)> = None;
        for (first, last) in tables.runs(task, problem.release(task), problem.deadline(task)) {
            for start in first..=last {
                let pays = sums[start as usize + duration] - sums[start as usize];
                if best.is_none_or(|(least, _)| pays < least) {
                    best = Some((pays, start));
                }
            }
        }
        best
    }
}

/// Sums of what comes before each charge, and of all.
fn running<V: Copy + Default + AddAssign>(charges: &[V]) -> Vec<V> {
    let mut sum = V::default();
    let sums = charges.iter().map(|&charge| {
        sum += charge;
        sum
    });
    std::iter::once(V::default()).chain(sums).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::StoppedWatch;
    use crate::planner::sample::{Sample, anywhere, cell};

    /// What is found for these tasks in a cell of one place and six slots, of which the first few have a place.
    fn found(tasks: &[Sample], starts: &[u32]) -> u64 {
        let problem = cell(1, 0, &[1; 6], tasks);
        let tables = Tables::new(&problem);
        let mut board = Board::new(&tables);
        (0..).zip(starts).for_each(|(task, &start)| board.place(task, start));
        let waiting: Vec<u32> = (starts.len() as u32..tasks.len() as u32).collect();
        let stop = Stop { watch: &StoppedWatch, limit: None };
        excess(&board, &Alone::new(&tables), &waiting, &stop)
    }

    #[test]
    fn the_lightest_of_three_for_two_places_is_too_many() {
        let task = |weight| Sample { duration: 3, weight, ..anywhere(6) };
        assert_eq!(found(&[task(5), task(3), task(2)], &[0, 3]), 2);
        assert_eq!(found(&[task(5), task(3)], &[0]), 0, "both have room");
    }

    #[test]
    fn the_bound_does_not_follow_a_bad_plan() {
        // The two light ones stand; the heavy one and one of these is the best there is.
        let task = |weight| Sample { duration: 3, weight, ..anywhere(6) };
        assert_eq!(found(&[task(2), task(3), task(5)], &[0, 3]), 2);
        // They want different halves, each of which holds one of two.
        let half = |weight, dates| Sample { duration: 2, weight, dates, ..anywhere(6) };
        let tasks = [half(4, (0, 3)), half(7, (3, 6)), half(1, (0, 3)), half(2, (3, 6))];
        assert_eq!(found(&tasks, &[0, 3]), 3);
    }
}
