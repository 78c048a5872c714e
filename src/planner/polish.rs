//! Lowering the disruption of a plan without losing anything that is placed.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::board::Board;
use super::prices::Prices;
use super::{Effort, Stop};

/// Moves tasks, one at a time, to where they cost least, until a round changes nothing.
pub(super) fn improve(board: &mut Board<'_>, effort: Effort, random: &mut ChaCha8Rng, stop: &Stop<'_>) {
    let no_prices = Prices::none(board.tables);
    let rounds = if effort == Effort::Best { 200 } else { 6 };
    let mut tasks: Vec<u32> = (0..board.tables.task_count())
        .filter(|&task| board.start(task).is_some() && !board.tables.pinned(task))
        .collect();
    tasks.shuffle(random);
    for _ in 0..rounds {
        let mut gained = 0;
        for &task in &tasks {
            if stop.now() {
                return;
            }
            gained += relocate(board, task, &no_prices);
        }
        if gained == 0 {
            return;
        }
    }
}

fn relocate(board: &mut Board<'_>, task: u32, no_prices: &Prices) -> i64 {
    let old = board.remove(task);
    let announced = board.tables.problem.current(task);
    let old_cost = board.cost_now(task, old);
    match board.best_start(task, no_prices) {
        Some((start, cost))
            if announced != Some(old) && (cost < old_cost || announced == Some(start) && start != old) =>
        {
            board.place(task, start);
            old_cost - cost
        }
        _ => {
            board.place(task, old);
            0
        }
    }
}
