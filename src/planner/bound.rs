//! What no plan can beat: the most weight, and the least disruption at the weight that was placed.
//!
//! Disruption: with the charges of [`super::prices`], every task pays at least its least reduced cost, and all
//! places together bring in at most charge times room; so the sum of the least reduced costs of the placed
//! tasks, less that income, is a lower bound. Which tasks a plan places is its own choice, as long as their
//! weight is at least this plan's: so the dearest are left out, as many as their weight allows, the last one in
//! part. A site pays at least one visit when any of its tasks is placed: each task is charged an equal share.

use super::board::Board;
use super::prices::{self, Prices};
use super::tables::Tables;
use crate::domain::plan_file::Bound;

/// Proves both bounds for the plan on the board.
pub(super) fn prove(board: &Board<'_>, prices: &Prices, threads: usize) -> Bound {
    let _ = threads;
    let tables = board.tables;
    let problem = tables.problem;
    let empty = Board::new(tables);
    let mut buffer = Vec::new();
    let mut paid: i128 = 0;
    let mut free: Vec<(i64, u32)> = Vec::new();
    let mut weight_upper = 0u64;
    let mut weight_pinned = 0u64;
    for task in 0..tables.task_count() {
        let share = match problem.site(task) {
            Some(site) => (problem.visit_cost() / u64::from(tables.site_tasks[site as usize])) as i64,
            None => 0,
        };
        let weight = problem.weight(task);
        if tables.pinned(task) {
            weight_pinned += u64::from(weight);
            paid += i128::from(problem.current(task).map_or(0, |start| tables.cost(task, start)) + share);
        } else if let Some((cost, _)) = prices::least(tables, prices, task, &mut buffer)
            && empty.has_room(task)
        {
            weight_upper += u64::from(weight);
            free.push((cost + share, weight));
        }
    }
    let must_place = board.weight_placed() - weight_pinned;
    let income = income(tables, &empty, prices);
    let least = paid + least_of_weight(free, must_place, weight_upper) - income;
    let own: i128 = board.disruption().into();
    debug_assert!(least <= own, "a lower bound of {least} above a plan of {own}");
    Bound {
        weight_upper: weight_upper + weight_pinned,
        disruption_lower: u64::try_from(least.max(0)).unwrap_or(0),
    }
}

fn income(tables: &Tables<'_>, empty: &Board<'_>, prices: &Prices) -> i128 {
    (0..tables.dense.len() as u32)
        .filter_map(|row| Some((row, prices.row(row)?)))
        .flat_map(|(row, sums)| {
            (0..).zip(sums.windows(2)).map(move |(slot, pair)| {
                i128::from(pair[1] - pair[0]) * i128::from(empty.ledger.left(row, slot).max(0))
            })
        })
        .sum()
}

/// The least sum of costs of any choice of tasks that weighs at least `weight`, one of them taken in part.
fn least_of_weight(mut tasks: Vec<(i64, u32)>, weight: u64, total: u64) -> i128 {
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
