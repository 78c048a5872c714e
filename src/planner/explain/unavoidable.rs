//! How many announced starts cannot be kept, whatever a plan does: a lower bound on the moves.
//!
//! - A start that its own calendar or dates forbid, or that no predecessor can be done with in time, is lost.
//! - Where a group was promised to more tasks than it holds, some have to go: a sweep over the slots that gives
//!   up whoever stays longest gives the fewest for one group, exactly. A stretch of time in which promises
//!   overlap (a night, mostly) is a cut of its own. Cuts of several groups are added up over disjoint sets of
//!   tasks: what a cut has counted, later ones leave out.
//! - Two announced starts that break a precedence lose one of them.
//!
//! Pinned tasks never move; they take their share of a group's room before the others.

use std::collections::BTreeSet;

use super::claims::Claims;
use super::loads::Loads;
use super::moves::{outside_dates, outside_window};
use super::neighbours::Neighbours;
use crate::domain::problem::Problem;
use crate::planner::board::Board;
use crate::planner::tables::NONE;

/// Tasks of a group whose announced spans hang together, and how many of them have to go at least.
struct Cut {
    group: u32,
    /// In the order of their starts.
    tasks: Vec<u32>,
    excess: u32,
}

/// No plan that keeps every rule moves fewer announced starts. `away` are those that the plan on the board moves: a
/// start that nobody can keep is among them, and so is one of every group that was promised to too many.
pub(super) fn moves_unavoidable(
    board: &Board<'_>,
    neighbours: &Neighbours<'_>,
    away: &[(u32, u32)],
    claimed: &Claims,
) -> u64 {
    let problem = board.tables.problem;
    let is_lost = |&(task, start): &(u32, u32)| {
        outside_window(problem, task, start)
            || outside_dates(problem, task, start)
            || out_of_order(problem, neighbours, task, start)
    };
    let lost: Vec<u32> = away.iter().filter(|each| is_lost(each)).map(|&(task, _)| task).collect();
    let wanted = claimed.overfull(board);
    if lost.len() == away.len() || !wanted.contains(&true) && problem.precedences().is_empty() {
        return lost.len() as u64;
    }
    let mut claims: Vec<u32> = (0..problem.task_count() as u32)
        .map(|task| problem.current(task).filter(|_| !board.tables.pinned(task)).unwrap_or(NONE))
        .collect();
    lost.iter().for_each(|&task| claims[task as usize] = NONE);
    let lost = lost.len() as u64;
    let claims = Loads::new(problem, claims, &wanted);
    let pinned = Loads::new(problem, super::pinned_starts(problem), &wanted);
    let mut cuts: Vec<Cut> = Vec::new();
    for group in 0..problem.group_count() as u32 {
        cut(&claims, &pinned, group, &mut cuts);
    }
    // Two orders, and the better sum: small dense cuts first, or great ones first.
    let name = |cut: &Cut| (problem.group(cut.group).id, problem.task_id(cut.tasks[0]));
    cuts.sort_by(|a, b| {
        let (left, right) =
            (u64::from(b.excess) * a.tasks.len() as u64, u64::from(a.excess) * b.tasks.len() as u64);
        left.cmp(&right).then_with(|| name(a).cmp(&name(b)))
    });
    let dense = add_up(&claims, &pinned, &cuts);
    cuts.sort_by(|a, b| b.excess.cmp(&a.excess).then_with(|| name(a).cmp(&name(b))));
    lost + dense.max(add_up(&claims, &pinned, &cuts))
}

/// Whether a predecessor that is not pinned there cannot have ended in time even if it starts as early as its
/// own calendar and release allow, or a pinned follower begins too soon.
fn out_of_order(problem: &Problem, neighbours: &Neighbours<'_>, task: u32, start: u32) -> bool {
    let (before, after) = neighbours.of(task);
    let ends_too_late = |predecessor: u32, gap: u32| {
        let first = match problem.current(predecessor) {
            Some(current) if problem.pinned(predecessor) => Some(current),
            _ => first_start(problem, predecessor),
        };
        first.is_none_or(|first| first + problem.duration(predecessor) + gap > start)
    };
    let end = start + problem.duration(task);
    before.iter().any(|edge| ends_too_late(edge.predecessor, edge.gap_slots))
        || after.iter().any(|edge| {
            problem.pinned(edge.task)
                && problem.current(edge.task).is_some_and(|follower| end + edge.gap_slots > follower)
        })
}

fn first_start(problem: &Problem, task: u32) -> Option<u32> {
    let calendar = problem.calendar(task);
    let duration = problem.duration(task);
    let tail = duration.max(calendar.cutoff_slots);
    let release = problem.release(task);
    let first = calendar.open.iter().find(|&&(begin, end)| begin.max(release) + tail <= end)?.0.max(release);
    (first + duration <= problem.deadline(task)).then_some(first)
}

/// Appends the cuts of one group: the stretches in which it was promised to more than it holds.
fn cut(claims: &Loads<'_>, pinned: &Loads<'_>, group: u32, cuts: &mut Vec<Cut>) {
    let problem = claims.problem;
    let start = |task: u32| claims.starts()[task as usize];
    let end = |task: u32| start(task) + problem.duration(task);
    let members = claims.members(group);
    let mut from = 0;
    while from < members.len() {
        let mut until = end(members[from]);
        let mut to = from + 1;
        while to < members.len() && start(members[to]) < until {
            until = until.max(end(members[to]));
            to += 1;
        }
        let tasks = &members[from..to];
        let excess = fewest_to_go(claims, pinned, group, tasks.iter().copied());
        if excess > 0 {
            cuts.push(Cut { group, tasks: tasks.to_vec(), excess });
        }
        from = to;
    }
}

/// The sum over disjoint sets of tasks, in the order given.
fn add_up(claims: &Loads<'_>, pinned: &Loads<'_>, cuts: &[Cut]) -> u64 {
    let problem = claims.problem;
    let mut used = vec![false; problem.task_count()];
    let mut sum = 0;
    for Cut { group, tasks, .. } in cuts {
        let left = tasks.iter().copied().filter(|&task| !used[task as usize]);
        let excess = fewest_to_go(claims, pinned, *group, left);
        if excess > 0 {
            sum += u64::from(excess);
            tasks.iter().for_each(|&task| used[task as usize] = true);
        }
    }
    for edge in problem.precedences() {
        let (task, before) = (edge.task as usize, edge.predecessor as usize);
        let starts = claims.starts();
        if starts[task] != NONE
            && starts[before] != NONE
            && !used[task]
            && !used[before]
            && starts[before] + problem.duration(edge.predecessor) + edge.gap_slots > starts[task]
        {
            sum += 1;
            used[task] = true;
            used[before] = true;
        }
    }
    sum
}

/// How many of these tasks (members of the group, in the order of their starts) have to go so that the others
/// fit beside the pinned ones: from slot to slot, whoever would stay longest goes.
fn fewest_to_go(claims: &Loads<'_>, pinned: &Loads<'_>, group: u32, tasks: impl Iterator<Item = u32>) -> u32 {
    let problem = claims.problem;
    let mut tasks = tasks.map(|task| (claims.starts()[task as usize], task)).peekable();
    let Some(&(first, _)) = tasks.peek() else { return 0 };
    let steps = pinned.steps(group);
    let room = |at: usize| usize::try_from(1 - steps[at].over).unwrap_or(0);
    let mut step = steps.partition_point(|step| step.slot <= first).saturating_sub(1);
    let mut staying: BTreeSet<(u32, u32)> = BTreeSet::new();
    let mut gone = 0;
    loop {
        // The next slot at which anything changes for the worse: somebody begins, or the room does.
        let begins = tasks.peek().map(|&(start, _)| start);
        let changes = steps.get(step + 1).map(|step| step.slot).filter(|_| !staying.is_empty());
        let slot = match (begins, changes) {
            (Some(begins), Some(changes)) => begins.min(changes),
            (Some(slot), None) | (None, Some(slot)) => slot,
            (None, None) => return gone,
        };
        while steps.get(step + 1).is_some_and(|step| step.slot <= slot) {
            step += 1;
        }
        while staying.first().is_some_and(|&(end, _)| end <= slot) {
            staying.pop_first();
        }
        while let Some((_, task)) = tasks.next_if(|&(start, _)| start == slot) {
            staying.insert((slot + problem.duration(task), task));
        }
        while staying.len() > room(step) {
            staying.pop_last();
            gone += 1;
        }
    }
}
