//! Placing one task after the other, the hardest first.

use std::cmp::Reverse;

use super::board::Board;
use super::prices::Prices;
use super::tables::NONE;

/// Places every task that finds a legal start.
pub(super) fn place_all(board: &mut Board<'_>, prices: &Prices) {
    for task in order(board) {
        if board.start(task).is_some() {
            continue;
        }
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

/// Announced tasks first (their place is a promise), then by how little choice a task has; predecessors before
/// those that wait for them.
fn order(board: &Board<'_>) -> Vec<u32> {
    let tables = board.tables;
    let problem = tables.problem;
    let mut keyed: Vec<(u64, u32)> = (0..tables.task_count())
        .filter(|&task| !tables.pinned(task))
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
/// that wait for them.
pub(super) fn place_wishes(board: &mut Board<'_>, wishes: &[u32]) {
    place_wishes_of(board, wishes, 0..wishes.len() as u32);
}

/// The same for some tasks; among equals the order is theirs.
pub(super) fn place_wishes_of(board: &mut Board<'_>, wishes: &[u32], tasks: impl Iterator<Item = u32>) {
    let tables = board.tables;
    let problem = tables.problem;
    let mut wishing: Vec<(bool, u32, Reverse<u64>, u32)> = tasks
        .filter(|&task| wishes[task as usize] != NONE && !tables.pinned(task))
        .map(|task| {
            let size = u64::from(problem.volume(task)) * u64::from(problem.duration(task));
            (problem.current(task).is_none(), tables.depth(task), Reverse(size), task)
        })
        .collect();
    wishing.sort_by_key(|&(new, depth, size, _)| (new, depth, size));
    for (.., task) in wishing {
        let wish = wishes[task as usize];
        let end = wish + problem.duration(task);
        let within = board.span(task).is_some_and(|(release, deadline)| release <= wish && end <= deadline);
        if within && problem.groups_of(task).iter().all(|&group| board.lack(group, wish, end) == 0) {
            board.place(task, wish);
        }
    }
}
