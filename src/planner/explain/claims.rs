//! How full groups would be with everybody where they were announced, where that concerns those who moved.

use std::collections::HashMap;

use super::moves::{outside_dates, outside_window};
use crate::domain::problem::Problem;
use crate::planner::board::Board;
use crate::planner::tables::Count;

/// What announced starts take that the plan does not have there, less what the plan has there that was announced
/// elsewhere or not at all; by group and slot, in the announced spans of those who moved.
pub(super) struct Claims {
    more: HashMap<(u32, u32), i32>,
}

/// The announced start, if it is pinned or its own calendar and dates allow it.
pub(super) fn claim(problem: &Problem, task: u32) -> Option<u32> {
    let allows = |start: u32| {
        problem.pinned(task) || !outside_window(problem, task, start) && !outside_dates(problem, task, start)
    };
    problem.current(task).filter(|&start| allows(start))
}

impl Claims {
    /// `away` are those who claim a start and do not stand there.
    pub(super) fn new(board: &Board<'_>, away: &[(u32, u32)]) -> Claims {
        let tables = board.tables;
        let problem = tables.problem;
        let mut more: HashMap<(u32, u32), i32> = HashMap::new();
        for &(task, start) in away {
            for &group in problem.groups_of(task).iter().filter(|&&group| tables.count(group) != Count::Never)
            {
                for slot in start..start + problem.duration(task) {
                    *more.entry((group, slot)).or_default() += 1;
                }
            }
        }
        if more.is_empty() {
            return Claims { more };
        }
        for task in 0..tables.task_count() {
            let Some(start) = board.start(task).filter(|&start| problem.current(task) != Some(start)) else {
                continue;
            };
            for &group in problem.groups_of(task) {
                for slot in start..start + problem.duration(task) {
                    if let Some(more) = more.get_mut(&(group, slot)) {
                        *more -= 1;
                    }
                }
            }
        }
        Claims { more }
    }

    /// By how much a group would be over its cap in a slot where somebody who moved was announced.
    pub(super) fn over(&self, board: &Board<'_>, group: u32, slot: u32) -> i32 {
        self.more.get(&(group, slot)).map_or(0, |more| more - board.left(group, slot))
    }

    /// A flag a group: whether more were announced in it than it holds, in any slot.
    pub(super) fn overfull(&self, board: &Board<'_>) -> Vec<bool> {
        let mut overfull = vec![false; board.tables.problem.group_count()];
        for (&(group, slot), more) in &self.more {
            overfull[group as usize] |= *more > board.left(group, slot);
        }
        overfull
    }
}
