//! Why a task has no place, and the smallest change that would give it one with everything else where it is.

use super::board::Board;
use super::tables::{NONE, Tables};
use crate::domain::plan_file::{Change, Reason, Unplaced};
use crate::domain::problem::SITE_KIND;

/// One entry for each task without a start, in the problem's order.
pub(super) fn explain_all(board: &mut Board<'_>) -> Vec<Unplaced> {
    let empty = Board::new(board.tables);
    (0..board.tables.task_count())
        .filter(|&task| board.starts[task as usize] == NONE)
        .map(|task| explain(board, &empty, task))
        .collect()
}

fn explain(board: &Board<'_>, empty: &Board<'_>, task: u32) -> Unplaced {
    let tables = board.tables;
    let problem = tables.problem;
    let entry = |reason, groups: Vec<u32>, change| Unplaced {
        task: problem.task_id(task).to_owned(),
        reason,
        groups: groups.iter().map(|&group| problem.group(group).id.to_owned()).collect(),
        change,
    };
    if tables.runs(task, problem.release(task), problem.deadline(task)).next().is_none() {
        return entry(Reason::NoOpening, Vec::new(), nearest_opening(board, task));
    }
    let Some((release, deadline)) = board.span(task) else {
        return entry(Reason::AfterUnplaced, Vec::new(), first_predecessor(board, task));
    };
    let Some(tightness) = least_lack(board, task, release, deadline) else {
        let pinned_follower = tables.followers(task).iter().any(|edge| tables.pinned(edge.task));
        return match first_predecessor(board, task) {
            Some(change) => entry(Reason::AfterUnplaced, Vec::new(), Some(change)),
            None if pinned_follower => entry(Reason::PinnedConflict, Vec::new(), None),
            None => entry(Reason::NoOpening, Vec::new(), nearest_opening(board, task)),
        };
    };
    let Tightness { cap_add, groups } = tightness;
    let names = |groups: &[u32]| groups.iter().map(|&group| problem.group(group).id.to_owned()).collect();
    let change = match groups.as_slice() {
        &[group] => Change::GroupCap { group: problem.group(group).id.to_owned(), cap_add },
        several => Change::GroupCaps { groups: names(several), cap_add },
    };
    let site = groups.iter().copied().find(|&group| problem.group(group).kind == SITE_KIND);
    let only_pinned_are_in_the_way = least_lack(empty, task, release, deadline).is_some_and(|lack| {
        lack.cap_add > 0
            && problem
                .pinned_tasks()
                .iter()
                .any(|&pinned| problem.groups_of(pinned).iter().any(|group| lack.groups.contains(group)))
    });
    let reason = match site {
        _ if only_pinned_are_in_the_way => Reason::PinnedConflict,
        Some(_) => Reason::SiteRule,
        None => Reason::BudgetFull,
    };
    entry(reason, groups, Some(change))
}

/// The groups to raise, all by the same number.
struct Tightness {
    cap_add: u32,
    groups: Vec<u32>,
}

/// The fewest groups, raised by the least, that let the task in somewhere; `None` without any start.
fn least_lack(board: &Board<'_>, task: u32, release: u32, deadline: u32) -> Option<Tightness> {
    let tables = board.tables;
    let duration = tables.problem.duration(task);
    let mut best: Option<(usize, u32, u32)> = None;
    for (first, last) in tables.runs(task, release, deadline) {
        for start in first..=last {
            let (mut groups, mut most) = (0, 0);
            for &group in tables.problem.groups_of(task) {
                let lack = board.lack(group, start, start + duration);
                if lack > 0 {
                    groups += 1;
                    most = most.max(lack);
                }
                if best.is_some_and(|(fewest, ..)| groups > fewest) {
                    break;
                }
            }
            if best.is_none_or(|best| (groups, most, start) < best) {
                best = Some((groups, most, start));
            }
        }
    }
    best.map(|(_, cap_add, start)| Tightness {
        cap_add,
        groups: tables
            .problem
            .groups_of(task)
            .iter()
            .copied()
            .filter(|&group| board.lack(group, start, start + duration) > 0)
            .collect(),
    })
}

fn first_predecessor(board: &Board<'_>, task: u32) -> Option<Change> {
    let problem = board.tables.problem;
    let late = |predecessor: u32, gap: u32| match board.start(predecessor) {
        None => true,
        Some(start) => start + problem.duration(predecessor) + gap > problem.release(task),
    };
    let edges = board.tables.predecessors(task);
    let unplaced = edges.iter().find(|edge| board.start(edge.predecessor).is_none());
    let edge = unplaced.or_else(|| edges.iter().find(|edge| late(edge.predecessor, edge.gap_slots)))?;
    Some(Change::Predecessor { predecessor: problem.task_id(edge.predecessor).to_owned() })
}

/// For a task without any start: a later deadline, an earlier release, or an opening of its own; the shortest
/// of the two spans, if one of them gives it a place among the others.
fn nearest_opening(board: &Board<'_>, task: u32) -> Option<Change> {
    let tables = board.tables;
    let problem = tables.problem;
    let duration = problem.duration(task);
    let (release, deadline) = (problem.release(task), problem.deadline(task));
    let (earliest, latest_end) = board.neighbours_span(task)?;
    let fits = |start: u32| {
        earliest <= start
            && start + duration <= latest_end
            && problem.groups_of(task).iter().all(|&group| board.lack(group, start, start + duration) == 0)
    };
    let later = first_fit(tables, task, release, tables.slots, fits)
        .map(|start| (start + duration).saturating_sub(deadline));
    let earlier = last_fit(tables, task, deadline, fits).map(|start| release.saturating_sub(start));
    match (later, earlier) {
        (Some(later), Some(earlier)) if later > 0 && later <= earlier => {
            Some(Change::Deadline { deadline_add_slots: later })
        }
        (_, Some(earlier)) if earlier > 0 => Some(Change::Release { release_subtract_slots: earlier }),
        (Some(later), _) if later > 0 => Some(Change::Deadline { deadline_add_slots: later }),
        _ => {
            let length = duration.max(problem.calendar(task).cutoff_slots);
            let latest = deadline.checked_sub(duration)?.min(tables.slots.checked_sub(length)?);
            let start = (release..=latest).find(|&start| fits(start))?;
            Some(Change::Opening { opening: (start, start + length) })
        }
    }
}

fn first_fit(
    tables: &Tables<'_>,
    task: u32,
    release: u32,
    deadline: u32,
    fits: impl Fn(u32) -> bool,
) -> Option<u32> {
    tables.runs(task, release, deadline).find_map(|(first, last)| (first..=last).find(|&start| fits(start)))
}

fn last_fit(tables: &Tables<'_>, task: u32, deadline: u32, fits: impl Fn(u32) -> bool) -> Option<u32> {
    let runs: Vec<(u32, u32)> = tables.runs(task, 0, deadline).collect();
    runs.into_iter().rev().find_map(|(first, last)| (first..=last).rev().find(|&start| fits(start)))
}
