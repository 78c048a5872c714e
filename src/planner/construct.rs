//! Placing one task after the other, the hardest first.

use super::board::Board;
use super::prices::Prices;

/// Places every task that finds a legal start.
pub(super) fn place_all(board: &mut Board<'_>, prices: &Prices) {
    for task in order(board) {
        if board.start(task).is_some() {
            continue;
        }
        let roomy = board.span(task).map(|(release, deadline)| (release, latest_end(board, task, deadline)));
        let found = roomy
            .and_then(|(release, deadline)| board.best_start_within(task, prices, release, deadline))
            .or_else(|| board.best_start(task, prices));
        if let Some((start, _)) = found {
            board.place(task, start);
        }
    }
}

/// Leaves room for the followers' durations and gaps.
fn latest_end(board: &Board<'_>, task: u32, deadline: u32) -> u32 {
    let problem = board.tables.problem;
    board.tables.followers(task).iter().fold(deadline, |end, edge| {
        let own = latest_end(board, edge.task, problem.deadline(edge.task));
        end.min(own.saturating_sub(problem.duration(edge.task) + edge.gap_slots))
    })
}

/// Announced tasks first (their place is a promise), then by how little choice a task has; predecessors before
/// those that wait for them.
fn order(board: &Board<'_>) -> Vec<u32> {
    let tables = board.tables;
    let problem = tables.problem;
    let mut keyed: Vec<(u64, u32)> = (0..tables.task_count())
        .filter(|&task| !tables.pinned(task))
        .map(|task| {
            let depth = depth(board, task);
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

fn depth(board: &Board<'_>, task: u32) -> u64 {
    board.tables.predecessors(task).iter().map(|edge| 1 + depth(board, edge.predecessor)).max().unwrap_or(0)
}
