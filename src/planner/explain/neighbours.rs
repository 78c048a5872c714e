//! Who waits for whom, and the span that neighbours with a place leave a task.

use crate::domain::problem::{After, Problem};

/// Precedences in both directions.
#[derive(Debug)]
pub(super) struct Neighbours<'p> {
    problem: &'p Problem,
    /// Sorted by predecessor.
    followers: Vec<After>,
}

impl<'p> Neighbours<'p> {
    pub(super) fn new(problem: &'p Problem) -> Neighbours<'p> {
        let mut followers = problem.precedences().to_vec();
        followers.sort_unstable_by_key(|edge| (edge.predecessor, edge.task));
        Neighbours { problem, followers }
    }

    pub(super) fn of(&self, task: u32) -> (&[After], &[After]) {
        if self.followers.is_empty() {
            return (&[], &[]);
        }
        let from = self.followers.partition_point(|edge| edge.predecessor < task);
        let count = self.followers[from..].partition_point(|edge| edge.predecessor == task);
        (self.problem.after_of(task), &self.followers[from..from + count])
    }

    /// Whether it waits for anybody, or anybody for it.
    pub(super) fn has(&self, task: u32) -> bool {
        let (before, after) = self.of(task);
        !(before.is_empty() && after.is_empty())
    }

    /// The first start and the last end that neighbours with a place leave the task; `None` when a predecessor
    /// has none.
    pub(super) fn span(&self, task: u32, start: impl Fn(u32) -> Option<u32>) -> Option<(u32, u32)> {
        let (before, after) = self.of(task);
        let (mut earliest, mut latest_end) = (0, self.problem.slots());
        for edge in before {
            let ends = start(edge.predecessor)? + self.problem.duration(edge.predecessor);
            earliest = earliest.max(ends + edge.gap_slots);
        }
        for edge in after {
            if let Some(begins) = start(edge.task) {
                latest_end = latest_end.min(begins.saturating_sub(edge.gap_slots));
            }
        }
        Some((earliest, latest_end))
    }
}
