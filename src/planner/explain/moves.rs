//! What moved and why: for each announced start that the plan does not keep, the first cause that holds.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::loads::{Loads, Step, worst};
use super::neighbours::Neighbours;
use crate::domain::problem::Problem;
use crate::planner::report::{Move, MoveCause};
use crate::planner::tables::NONE;

/// So many of those in the way are named.
const OTHERS_NAMED_MAX: usize = 5;

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

/// Announced starts of pinned tasks, and of the others that calendar and dates still allow.
pub(super) fn claims(problem: &Problem) -> Vec<u32> {
    let mut claims: Vec<u32> = (0..problem.task_count() as u32)
        .map(|task| match problem.current(task) {
            Some(start) if !outside_window(problem, task, start) && !outside_dates(problem, task, start) => {
                start
            }
            _ => NONE,
        })
        .collect();
    for &task in problem.pinned_tasks() {
        claims[task as usize] = problem.current(task).unwrap_or(NONE);
    }
    claims
}

/// Tasks in the way at one slot of one group.
#[derive(Debug, Clone, Default)]
struct Others {
    count: u64,
    weight: u64,
    /// The heaviest; one more than are named, so that the moved task itself can be left out.
    heaviest: Vec<u32>,
}

/// Finds causes. All loads know the groups of all moved tasks whose own window and dates allow the start.
pub(super) struct Causes<'l, 'p> {
    neighbours: &'l Neighbours<'p>,
    /// The plan.
    plan: &'l Loads<'p>,
    /// Pinned tasks alone.
    pinned: &'l Loads<'p>,
    /// Everybody where they were announced, see [`claims`].
    claims: &'l Loads<'p>,
    known: HashMap<(MoveCause, u32, u32), Others>,
}

impl<'l, 'p> Causes<'l, 'p> {
    pub(super) fn new(
        neighbours: &'l Neighbours<'p>,
        plan: &'l Loads<'p>,
        pinned: &'l Loads<'p>,
        claims: &'l Loads<'p>,
    ) -> Causes<'l, 'p> {
        Causes { neighbours, plan, pinned, claims, known: HashMap::new() }
    }

    /// Why `task` does not stand at `from`, where it was announced.
    pub(super) fn of(&mut self, task: u32, from: u32) -> Move {
        let problem = self.plan.problem;
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
            to: self.plan.start(task),
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
        let problem = self.plan.problem;
        let (before, after) = self.neighbours.of(task);
        let late = before.iter().find(|edge| {
            let ends =
                self.plan.start(edge.predecessor).map(|start| start + problem.duration(edge.predecessor));
            ends.is_none_or(|end| end + edge.gap_slots > from)
        });
        let end = from + problem.duration(task);
        let early = || {
            let starts = |other| self.plan.start(other);
            after.iter().find(|edge| starts(edge.task).is_some_and(|start| end + edge.gap_slots > start))
        };
        late.map(|edge| edge.predecessor).or_else(|| early().map(|edge| edge.task))
    }

    /// Which budget it is: one that pinned tasks fill, one that cannot hold all who were announced, or one that
    /// others fill now. The loads without the task itself are looked at.
    fn full_there(&mut self, task: u32, from: u32) -> (MoveCause, Vec<u32>, Others) {
        let problem = self.plan.problem;
        let end = from + problem.duration(task);
        let stands = self.plan.start(task).map(|start| (start, start + problem.duration(task)));
        let loads = [
            (MoveCause::Pinned, self.pinned, None),
            (MoveCause::Budget, self.claims, Some((from, end))),
            (MoveCause::MadeRoom, self.plan, stands),
        ];
        for (cause, loads, own) in loads {
            let mut full: Vec<u32> = Vec::new();
            let mut worst = (0, 0, 0);
            for &group in problem.groups_of(task) {
                let (over, slot) = worst_without(loads.steps(group), from, end, own);
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
        let (plan, pinned, claims) = (self.plan, self.pinned, self.claims);
        let at_home = |&other: &u32| plan.start(other) == plan.problem.current(other);
        self.known
            .entry((cause, group, slot))
            .or_insert_with(|| match cause {
                MoveCause::Pinned => others(plan.problem, pinned.down_at(group, slot)),
                MoveCause::Budget => others(plan.problem, claims.down_at(group, slot).filter(at_home)),
                _ => others(plan.problem, plan.down_at(group, slot).filter(|other| !at_home(other))),
            })
            .clone()
    }
}

/// The fullest slot of `[begin, end)`, with one task that is counted over `own` left out.
fn worst_without(steps: &[Step], begin: u32, end: u32, own: Option<(u32, u32)>) -> (i32, u32) {
    let (from, until) = own.map_or((end, end), |own| (own.0.clamp(begin, end), own.1.clamp(begin, end)));
    [(begin, from, 0), (from, until, 1), (until, end, 0)]
        .into_iter()
        .filter(|&(begin, end, _)| begin < end)
        .map(|(begin, end, less)| {
            let (over, slot) = worst(steps, begin, end);
            (over - less, slot)
        })
        .max_by_key(|&(over, slot)| (over, Reverse(slot)))
        .unwrap_or((0, begin))
}

fn others(problem: &Problem, tasks: impl IntoIterator<Item = u32>) -> Others {
    let mut all: Vec<u32> = tasks.into_iter().collect();
    let weight = all.iter().map(|&task| u64::from(problem.weight(task))).sum();
    let count = all.len() as u64;
    let key = |task: u32| (Reverse(problem.weight(task)), problem.task_id(task));
    all.sort_unstable_by(|&a, &b| key(a).cmp(&key(b)));
    all.truncate(OTHERS_NAMED_MAX + 1);
    Others { count, weight, heaviest: all }
}
