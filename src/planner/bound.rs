//! What no plan can beat: the most weight, and the least disruption at the weight that was placed.
//!
//! Disruption: with the charges of [`super::prices`], every task pays at least its least reduced cost, and all
//! places together bring in at most charge times room; so the sum of the least reduced costs of the placed
//! tasks, less that income, is a lower bound. Which tasks a plan places is its own choice, as long as their
//! weight is at least this plan's: so the dearest are left out, as many as their weight allows, the last one in
//! part. A site pays at least one visit when any of its tasks is placed: each task is charged an equal share.
//!
//! Weight: everybody who has a start with room but for pinned tasks; less what [`super::rivals`] cannot have together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use super::alone::Alone;
use super::board::Board;
use super::ledger::margin;
use super::prices::{self, Prices};
use super::tables::Tables;
use super::{Stop, rivals};
use crate::domain::plan_file::Bound;

/// So many tasks are a thread's next piece of work.
const PIECE_TASKS: u32 = 8192;

/// Proves both bounds for the plan on the board.
pub(super) fn prove(board: &Board<'_>, prices: &Prices, threads: usize, stop: &Stop<'_>) -> Bound {
    let tables = board.tables;
    // Where everybody has a place, nobody has to be asked whether there is one, and none can be left out.
    let is_complete = board.placed_count() == u64::from(tables.task_count());
    let is_bare = is_complete && tables.problem.pinned_tasks().is_empty();
    let alone = (!is_bare).then(|| Alone::new(tables));
    let pieces = tables.task_count().div_ceil(PIECE_TASKS);
    let next = AtomicU32::new(0);
    let work = || {
        let mut sum = Sum::default();
        let mut seeker = Seeker { tables, prices, buffer: Vec::new(), known: HashMap::new() };
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return sum;
            }
            let tasks = piece * PIECE_TASKS..((piece + 1) * PIECE_TASKS).min(tables.task_count());
            for task in tasks {
                sum.add(&mut seeker, task, if is_complete { None } else { alone.as_ref() }, board);
            }
        }
    };
    let mut sum = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(pieces as usize)).map(|_| scope.spawn(work)).collect();
        let mut sum = work();
        for other in others {
            match other.join() {
                Ok(more) => sum.join(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        sum
    });
    // Pieces come in any order; equal ones are alike.
    sum.free.sort_unstable();
    let must_place = board.weight_placed() - sum.weight_pinned;
    let income = income(tables, alone.as_ref(), prices);
    let free = if is_complete { sum.cost } else { least_of_weight(sum.free, must_place, sum.weight_upper) };
    let least = sum.pinned_cost + free - income;
    let own: i128 = board.disruption().into();
    debug_assert!(least <= own, "a lower bound of {least} above a plan of {own}");
    let excess = match &alone {
        Some(alone) if !sum.waiting.is_empty() => {
            sum.waiting.sort_unstable();
            rivals::excess(board, alone, &sum.waiting, stop)
        }
        _ => 0,
    };
    Bound {
        weight_upper: sum.weight_upper + sum.weight_pinned - excess,
        disruption_lower: u64::try_from(least.max(0)).unwrap_or(0),
    }
}

/// What some tasks pay at least, and weigh.
#[derive(Default)]
struct Sum {
    pinned_cost: i128,
    weight_pinned: u64,
    weight_upper: u64,
    cost: i128,
    /// Cost and weight of each, where some may be left out.
    free: Vec<(i64, u32)>,
    /// Those without a place that would have one alone.
    waiting: Vec<u32>,
}

impl Sum {
    /// Adds one task, if it has room alone (where nobody is asked, it is known to have, and so it is of who has a place).
    fn add(&mut self, seeker: &mut Seeker<'_>, task: u32, alone: Option<&Alone<'_>>, board: &Board<'_>) {
        let tables = seeker.tables;
        let problem = tables.problem;
        let share = match problem.site(task) {
            Some(site) => (problem.visit_cost() / u64::from(tables.site_tasks[site as usize])) as i64,
            None => 0,
        };
        let weight = problem.weight(task);
        if tables.pinned(task) {
            self.weight_pinned += u64::from(weight);
            let own = problem.current(task).map_or(0, |start| tables.cost(task, start));
            self.pinned_cost += i128::from(own + share);
        } else if let Some(cost) = seeker.least(task)
            && (board.start(task).is_some() || alone.is_none_or(|alone| alone.has_room(task)))
        {
            self.weight_upper += u64::from(weight);
            if board.start(task).is_none() {
                self.waiting.push(task);
            }
            // Where everybody has a place, only what weighs nothing could be left out.
            let cost_at_least = if weight == 0 { (cost + share).min(0) } else { cost + share };
            self.cost += i128::from(cost_at_least);
            if alone.is_some() {
                self.free.push((cost + share, weight));
            }
        }
    }

    fn join(&mut self, mut other: Sum) {
        self.pinned_cost += other.pinned_cost;
        self.weight_pinned += other.weight_pinned;
        self.weight_upper += other.weight_upper;
        self.cost += other.cost;
        self.free.append(&mut other.free);
        self.waiting.append(&mut other.waiting);
    }
}

/// Calendar, profile, duration, release, deadline: what the least cost of a unit of volume depends on.
type Class = (u32, Option<u32>, u32, u32, u32);

/// Finds what tasks pay at least.
struct Seeker<'a> {
    tables: &'a Tables<'a>,
    prices: &'a Prices,
    buffer: Vec<i64>,
    /// Without prices, tasks of one class differ in their volume alone.
    known: HashMap<Class, Option<i64>>,
}

impl Seeker<'_> {
    fn least(&mut self, task: u32) -> Option<i64> {
        let problem = self.tables.problem;
        let mut least =
            || prices::least(self.tables, self.prices, task, &mut self.buffer).map(|(cost, _)| cost);
        let volume = i64::from(problem.volume(task));
        if !self.prices.is_empty() || volume == 0 {
            return least();
        }
        let class = (
            problem.calendar_index(task),
            problem.profile_index(task),
            problem.duration(task),
            problem.release(task),
            problem.deadline(task),
        );
        let unit = *self.known.entry(class).or_insert_with(|| least().map(|cost| cost / volume));
        unit.map(|unit| unit * volume)
    }
}

/// What all places together bring in.
fn income(tables: &Tables<'_>, alone: Option<&Alone<'_>>, prices: &Prices) -> i128 {
    let room = |row: u32, slot: u32| {
        let group = tables.dense[row as usize];
        match alone {
            Some(alone) => alone.left(group, slot).max(0),
            None => {
                let budget = tables.problem.group(group);
                margin(budget.cap_at(slot), budget.down).max(0)
            }
        }
    };
    (0..tables.dense.len() as u32)
        .filter_map(|row| Some((row, prices.row(row)?)))
        .flat_map(|(row, sums)| {
            (0..)
                .zip(sums.windows(2))
                .map(move |(slot, pair)| i128::from(pair[1] - pair[0]) * i128::from(room(row, slot)))
        })
        .sum()
}

/// The least sum of costs of any choice of tasks that weighs at least `weight`, one of them taken in part.
pub(super) fn least_of_weight(mut tasks: Vec<(i64, u32)>, weight: u64, total: u64) -> i128 {
    let mut sum: i128 = tasks.iter().map(|&(cost, _)| i128::from(cost)).sum();
    // Leaving out a task that costs nothing or less never helps; one without weight goes first.
    tasks.retain(|&(cost, _)| cost > 0);
    tasks.sort_unstable_by(|a, b| {
        let (left, right) = (i128::from(a.0) * i128::from(b.1), i128::from(b.0) * i128::from(a.1));
        right.cmp(&left).then(a.cmp(b))
    });
    let mut spare = total.saturating_sub(weight);
    for (cost, weight) in tasks {
        if u64::from(weight) <= spare {
            spare -= u64::from(weight);
            sum -= i128::from(cost);
        } else {
            // Rounded up: leaving out more than possible only lowers the bound.
            sum -= (i128::from(cost) * i128::from(spare) + i128::from(weight) - 1) / i128::from(weight);
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_the_dearest_a_weight() {
        let tasks = vec![(10, 1), (30, 2), (8, 4), (0, 1)];
        assert_eq!(least_of_weight(tasks.clone(), 8, 8), 48);
        assert_eq!(least_of_weight(tasks.clone(), 6, 8), 18);
        assert_eq!(least_of_weight(tasks.clone(), 7, 8), 33);
        assert_eq!(least_of_weight(tasks.clone(), 4, 8), 6);
        assert_eq!(least_of_weight(tasks, 0, 8), 0);
    }
}
