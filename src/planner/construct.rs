//! Placing one task after the other, the hardest first.

use super::Stop;
use super::board::Board;
use super::order::sorted;
use super::prices::Prices;
use super::tables::NONE;

/// Places every task that finds a legal start.
pub(super) fn place_all(board: &mut Board<'_>, prices: &Prices) {
    for task in waiting(board) {
        let roomy = board
            .span(task)
            .map(|(release, deadline)| (release, deadline.min(board.tables.latest_end(task))));
        let found = roomy
            .and_then(|(release, deadline)| board.best_start_within(task, prices, release, deadline))
            .or_else(|| board.best_start(task, prices));
        if let Some((start, _)) = found {
            board.place(task, start);
        }
    }
}

/// Places every task at its first legal start, the most urgent first: fills nights to the brim, whatever it costs.
/// Announced tasks keep their place as long as it is legal. Who is as urgent as others comes in `order`, which lists
/// all tasks.
pub(super) fn place_first_fit(board: &mut Board<'_>, order: &[u32], stop: &Stop<'_>) {
    let tables = board.tables;
    let problem = tables.problem;
    let mut urgent: Vec<(u32, u32)> = (0..)
        .zip(order)
        .filter(|&(_, &task)| !tables.pinned(task))
        .map(|(rank, &task)| {
            let is_new = u32::from(problem.current(task).is_none());
            // Who waits for others is due after them anyway.
            let short = SHORT_MAX - problem.duration(task).min(SHORT_MAX);
            (is_new << 31 | tables.latest_end(task) << 14 | short, rank)
        })
        .collect();
    urgent.sort_unstable();
    for (at, (_, rank)) in urgent.into_iter().enumerate() {
        if at % 4096 == 0 && stop.now() {
            return;
        }
        let task = order[rank as usize];
        if let Some(start) = board.first_start(task) {
            board.place(task, start);
        }
    }
}

/// The tasks without a place: announced ones first (their place is a promise), then by how little choice a task has;
/// predecessors before those that wait for them.
fn waiting(board: &Board<'_>) -> Vec<u32> {
    let tables = board.tables;
    let problem = tables.problem;
    let waiting = (0..tables.task_count()).filter(|&task| board.start(task).is_none());
    let keyed = waiting.map(|task| {
        let depth = u64::from(tables.depth(task));
        let is_new = problem.current(task).is_none();
        let starts: u32 = tables
            .runs(task, problem.release(task), problem.deadline(task))
            .map(|(first, last)| last - first + 1)
            .sum();
        let scarce = starts / problem.duration(task);
        (u64::from(is_new) << 60 | depth << 40 | u64::from(scarce), task)
    });
    sorted(problem, keyed)
}

/// Puts tasks where they wish to be, as far as that is legal: announced tasks first, predecessors before those
/// that wait for them, then the large before the small, which find another place more easily, and then in `order`,
/// which lists all tasks.
pub(super) fn place_wishes(board: &mut Board<'_>, wishes: &[u32], order: &[u32]) {
    let tables = board.tables;
    let problem = tables.problem;
    let mut wishing: Vec<(u32, u32)> = (0..)
        .zip(order)
        .filter(|&(_, &task)| wishes[task as usize] != NONE && !tables.pinned(task))
        .map(|(rank, &task)| {
            let size = problem.volume(task).saturating_mul(problem.duration(task)).min(SIZE_MAX);
            let depth = tables.depth(task).min(DEPTH_MAX);
            let is_new = problem.current(task).is_none();
            (u32::from(is_new) << 31 | depth << 20 | (SIZE_MAX - size), rank)
        })
        .collect();
    wishing.sort_unstable();
    for (_, rank) in wishing {
        let task = order[rank as usize];
        let wish = wishes[task as usize];
        let end = wish + problem.duration(task);
        let within = board.span(task).is_some_and(|(release, deadline)| release <= wish && end <= deadline);
        if within && board.fits(task, wish) {
            board.place(task, wish);
        }
    }
}

/// Larger sizes and longer chains do not fit into the key; there they count as equal.
const SIZE_MAX: u32 = (1 << 20) - 1;
const DEPTH_MAX: u32 = (1 << 11) - 1;
/// Longer durations count as equal.
const SHORT_MAX: u32 = (1 << 14) - 1;
