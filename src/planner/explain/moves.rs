//! What moved and why: for each announced start that the plan does not keep, the first cause that holds.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::claims::Claims;
use super::neighbours::Neighbours;
use crate::domain::problem::Problem;
use crate::planner::alone::Alone;
use crate::planner::board::Board;
use crate::planner::report::{Move, MoveCause};

/// So many of those in the way are named.
const OTHERS_NAMED_MAX: usize = 5;

/// Where more than one of so many stand elsewhere than they were announced, others are as easily found in other ways.
const MANY_ARRIVED_DIVISOR: usize = 16;

/// Whether the announced start is outside every opening of the calendar, or past the cutoff.
pub(super) fn outside_window(problem: &Problem, task: u32, start: u32) -> bool {
    let calendar = problem.calendar(task);
    let tail = problem.duration(task).max(calendar.cutoff_slots);
    let after = calendar.open.partition_point(|&(_, end)| end <= start);
    !calendar.open.get(after).is_some_and(|&(begin, end)| begin <= start && start + tail <= end)
}

/// Whether the announced start is too early or too late for the task's dates.
pub(super) fn outside_dates(problem: &Problem, task: u32, start: u32) -> bool {
    start < problem.release(task) || start + problem.duration(task) > problem.deadline(task)
}

/// Tasks in the way at one slot of one group.
#[derive(Debug, Clone, Default)]
struct Others {
    count: u64,
    weight: u64,
    /// The heaviest; one more than are named, so that the moved task itself can be left out.
    heaviest: Vec<u32>,
}

/// Finds causes.
pub(super) struct Causes<'b, 'p> {
    neighbours: &'b Neighbours<'p>,
    /// The plan.
    board: &'b Board<'p>,
    /// Pinned tasks alone.
    alone: Alone<'p>,
    /// Everybody where they were announced.
    claims: &'b Claims,
    /// Those who stand elsewhere than where they were announced, by start; not kept where they are many.
    arrived: Option<Vec<(u32, u32)>>,
    known: HashMap<(MoveCause, u32, u32), Others>,
}

impl<'b, 'p> Causes<'b, 'p> {
    /// `claims` has to know all of whose cause is asked for.
    pub(super) fn new(
        neighbours: &'b Neighbours<'p>,
        board: &'b Board<'p>,
        claims: &'b Claims,
    ) -> Causes<'b, 'p> {
        let is_new_there = |&(task, start): &(u32, u32)| board.tables.problem.current(task) != Some(start);
        let mut arrived: Vec<(u32, u32)> =
            board.placed().filter(is_new_there).map(|(task, start)| (start, task)).collect();
        arrived.sort_unstable();
        let arrived = (arrived.len() <= board.starts.len() / MANY_ARRIVED_DIVISOR).then_some(arrived);
        Causes { neighbours, board, alone: Alone::new(board.tables), claims, arrived, known: HashMap::new() }
    }

    /// Why `task` does not stand at `from`, where it was announced.
    pub(super) fn of(&mut self, task: u32, from: u32) -> Move {
        let problem = self.board.tables.problem;
        let (cause, groups, others) = if outside_window(problem, task, from) {
            (MoveCause::Window, Vec::new(), Others::default())
        } else if outside_dates(problem, task, from) {
            (MoveCause::Dates, Vec::new(), Others::default())
        } else if let Some(other) = self.neighbour_in_the_way(task, from) {
            (MoveCause::Precedence, Vec::new(), others(problem, [other]))
        } else {
            self.full_there(task, from)
        };
        let count = u64::from(others.heaviest.contains(&task));
        Move {
            task: problem.task_id(task).to_owned(),
            from,
            to: self.board.start(task),
            cause,
            groups: groups.iter().map(|&group| problem.group(group).id.to_owned()).collect(),
            others_count: others.count - count,
            others_weight: others.weight - count * u64::from(problem.weight(task)),
            others: others
                .heaviest
                .iter()
                .filter(|&&other| other != task)
                .take(OTHERS_NAMED_MAX)
                .map(|&other| problem.task_id(other).to_owned())
                .collect(),
        }
    }

    fn neighbour_in_the_way(&self, task: u32, from: u32) -> Option<u32> {
        let problem = self.board.tables.problem;
        let (before, after) = self.neighbours.of(task);
        let late = before.iter().find(|edge| {
            let ends =
                self.board.start(edge.predecessor).map(|start| start + problem.duration(edge.predecessor));
            ends.is_none_or(|end| end + edge.gap_slots > from)
        });
        let end = from + problem.duration(task);
        let early = || {
            let starts = |other| self.board.start(other);
            after.iter().find(|edge| starts(edge.task).is_some_and(|start| end + edge.gap_slots > start))
        };
        late.map(|edge| edge.predecessor).or_else(|| early().map(|edge| edge.task))
    }

    /// Which budget it is: one that pinned tasks fill, one that cannot hold all who were announced, or one that
    /// others fill now. What the task itself takes is left out.
    fn full_there(&mut self, task: u32, from: u32) -> (MoveCause, Vec<u32>, Others) {
        let problem = self.board.tables.problem;
        let stands = self.board.start(task).map_or(0..0, |start| start..start + problem.duration(task));
        for cause in [MoveCause::Pinned, MoveCause::Budget, MoveCause::MadeRoom] {
            let mut full: Vec<u32> = Vec::new();
            let mut worst = (0, 0, 0);
            for &group in problem.groups_of(task) {
                let over = |slot: u32| match cause {
                    MoveCause::Pinned => 1 - self.alone.left(group, slot),
                    MoveCause::Budget => self.claims.over(self.board, group, slot),
                    _ => 1 - self.board.left(group, slot) - i32::from(stands.contains(&slot)),
                };
                let there = from..from + problem.duration(task);
                let Some((over, slot)) =
                    there.map(|slot| (over(slot), slot)).max_by_key(|&(over, slot)| (over, Reverse(slot)))
                else {
                    continue;
                };
                if over > 0 {
                    full.push(group);
                }
                if over > worst.0 {
                    worst = (over, group, slot);
                }
            }
            let (over, group, slot) = worst;
            if over > 0 {
                let others = self.others(cause, group, slot);
                // Nobody is pinned there: the cap alone leaves no room.
                let cause =
                    if cause == MoveCause::Pinned && others.count == 0 { MoveCause::Budget } else { cause };
                return (cause, full, others);
            }
        }
        (MoveCause::MadeRoom, Vec::new(), Others::default())
    }

    fn others(&mut self, cause: MoveCause, group: u32, slot: u32) -> Others {
        let known = (cause, group, slot);
        if !self.known.contains_key(&known) {
            let found = others(self.board.tables.problem, self.in_the_way(cause, group, slot));
            self.known.insert(known, found);
        }
        self.known[&known].clone()
    }

    /// Members of a group that are down in a slot, and count for this cause.
    fn in_the_way(&self, cause: MoveCause, group: u32, slot: u32) -> Vec<u32> {
        let (board, problem) = (self.board, self.board.tables.problem);
        let is_home = |other: u32| board.start(other) == problem.current(other);
        let mut down = match (cause, &self.arrived) {
            (MoveCause::MadeRoom, Some(arrived)) => {
                let earliest = (slot + 1).saturating_sub(board.tables.longest);
                let from = arrived.partition_point(|&(start, _)| start < earliest);
                let near = arrived[from..].iter().take_while(|&&(start, _)| start <= slot);
                let is_member = |task: u32| problem.groups_of(task).binary_search(&group).is_ok();
                let is_there = |&task: &u32| board.is_down(task, slot) && is_member(task);
                near.map(|&(_, task)| task).filter(is_there).collect()
            }
            _ => board.down_at(group, slot),
        };
        down.retain(|&other| match cause {
            MoveCause::Pinned => board.tables.pinned(other),
            MoveCause::Budget => is_home(other),
            _ => !is_home(other),
        });
        down
    }
}

fn others(problem: &Problem, tasks: impl IntoIterator<Item = u32>) -> Others {
    let mut all: Vec<u32> = tasks.into_iter().collect();
    let weight = all.iter().map(|&task| u64::from(problem.weight(task))).sum();
    let count = all.len() as u64;
    let key = |task: u32| (Reverse(problem.weight(task)), problem.task_id(task));
    if all.len() > OTHERS_NAMED_MAX + 1 {
        all.select_nth_unstable_by(OTHERS_NAMED_MAX, |&a, &b| key(a).cmp(&key(b)));
        all.truncate(OTHERS_NAMED_MAX + 1);
    }
    all.sort_unstable_by(|&a, &b| key(a).cmp(&key(b)));
    Others { count, weight, heaviest: all }
}
