//! Placing one task after the other, the hardest first.

use super::Stop;
use super::board::Board;
use super::prices::Prices;
use super::tables::NONE;

/// Places every task that finds a legal start.
pub(super) fn place_all(board: &mut Board<'_>, prices: &Prices) {
    for task in order(board) {
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
/// Announced tasks keep their place as long as it is legal.
pub(super) fn place_first_fit(board: &mut Board<'_>, stop: &Stop<'_>) {
    let tables = board.tables;
    let problem = tables.problem;
    let mut urgent: Vec<(u32, u32)> = (0..tables.task_count())
        .filter(|&task| !tables.pinned(task))
        .map(|task| {
            let is_new = u32::from(problem.current(task).is_none());
            // Who waits for others is due after them anyway.
            let short = SHORT_MAX - problem.duration(task).min(SHORT_MAX);
            (is_new << 31 | tables.latest_end(task) << 14 | short, task)
        })
        .collect();
    urgent.sort_unstable();
    for (at, (_, task)) in urgent.into_iter().enumerate() {
        if at % 4096 == 0 && stop.now() {
            return;
        }
        if let Some(start) = board.first_start(task) {
            board.place(task, start);
        }
    }
}

/// The tasks without a place: announced ones first (their place is a promise), then by how little choice a task has; predecessors before
/// those that wait for them.
fn order(board: &Board<'_>) -> Vec<u32> {
    let tables = board.tables;
    let problem = tables.problem;
    let mut keyed: Vec<(u64, u32)> = (0..tables.task_count())
        .filter(|&task| board.start(task).is_none())
        .map(|task| {
            let depth = u64::from(tables.depth(task));
            let announced = problem.current(task).is_none();
            let starts: u32 = tables
                .runs(task, problem.release(task), problem.deadline(task))
                .map(|(first, last)| last - first + 1)
                .sum();
            let scarce = starts / problem.duration(task);
            (u64::from(announced) << 60 | depth << 40 | u64::from(scarce), task)
        })
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, task)| task).collect()
}

/// Puts tasks where they wish to be, as far as that is legal: announced tasks first, predecessors before those
/// that wait for them, and then the large before the small, which find another place more easily.
pub(super) fn place_wishes(board: &mut Board<'_>, wishes: &[u32]) {
    let tables = board.tables;
    let problem = tables.problem;
    let mut wishing: Vec<(u32, u32)> = (0..)
        .zip(wishes)
        .filter(|&(task, &wish)| wish != NONE && !tables.pinned(task))
        .map(|(task, _)| {
            let size = problem.volume(task).saturating_mul(problem.duration(task)).min(SIZE_MAX);
            let depth = tables.depth(task).min(DEPTH_MAX);
            let is_new = problem.current(task).is_none();
            (u32::from(is_new) << 31 | depth << 20 | (SIZE_MAX - size), task)
        })
        .collect();
    wishing.sort_unstable();
    for (_, task) in wishing {
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
