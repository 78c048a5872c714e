//! Where a large problem falls apart: by region, most often.
//!
//! Every kind of group is tried as the place to cut. Tasks that share no group of that kind go into different
//! parts; groups of other kinds that then have members in several parts are shared, and their room has to be
//! divided. The best cut has the fewest memberships in shared groups, and no part that is half of everything.

use crate::domain::problem::Problem;

use super::tables::NONE;

/// A kind with more groups than this makes parts that are too small to be worth it.
const PARTS_MAX: usize = 256;
/// No part may hold more than this share of all tasks.
const LARGEST_SHARE: f64 = 0.6;
/// No more shared memberships than this many a task.
const SHARED_A_TASK: f64 = 4.0;

/// For each task, the number of its part.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) part_of: Vec<u16>,
    pub(super) parts: usize,
}

impl Cut {
    /// The best cut, or `None` where the problem hangs together. Parts are numbered as `groups`, which lists all of
    /// them.
    pub(super) fn find(problem: &Problem, groups: &[u32]) -> Option<Cut> {
        let mut kinds: Vec<(&str, Vec<u32>)> = Vec::new();
        for &group in groups {
            let kind = problem.group(group).kind;
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, groups)) if groups.len() > PARTS_MAX => {}
                Some((_, groups)) => groups.push(group),
                None => kinds.push((kind, vec![group])),
            }
        }
        kinds.sort_unstable();
        kinds
            .iter()
            .filter(|(_, groups)| (2..=PARTS_MAX).contains(&groups.len()))
            .filter_map(|(_, groups)| Cut::along(problem, groups))
            .min_by_key(|&(shared, _)| shared)
            .map(|(_, cut)| cut)
    }

    /// The cut along groups of one kind, and how many memberships in shared groups it has.
    fn along(problem: &Problem, groups: &[u32]) -> Option<(u64, Cut)> {
        let tasks = 0..problem.task_count() as u32;
        let mut part_of_group = vec![NONE; problem.group_count()];
        for (part, &group) in (0..).zip(groups) {
            part_of_group[group as usize] = part;
        }
        let rest = groups.len() as u32;
        let mut part_of: Vec<u16> = tasks
            .clone()
            .map(|task| {
                let parts = problem.groups_of(task).iter().map(|&group| part_of_group[group as usize]);
                parts.min().filter(|&part| part != NONE).unwrap_or(rest) as u16
            })
            .collect();
        let parts = keep_together(problem, &mut part_of, rest as usize + 1);
        let mut sizes = vec![0usize; parts];
        part_of.iter().for_each(|&part| sizes[part as usize] += 1);
        let largest = sizes.iter().copied().max().unwrap_or(0);
        if largest as f64 > LARGEST_SHARE * problem.task_count() as f64 {
            return None;
        }
        let shared = shared_memberships(problem, &part_of);
        (shared as f64 <= SHARED_A_TASK * problem.task_count() as f64)
            .then_some((shared, Cut { part_of, parts }))
    }
}

/// Joins parts between which a precedence or a visited site would be cut; returns how many are left.
fn keep_together(problem: &Problem, part_of: &mut [u16], parts: usize) -> usize {
    let mut joined: Vec<usize> = (0..parts).collect();
    fn root(joined: &[usize], mut part: usize) -> usize {
        while joined[part] != part {
            part = joined[part];
        }
        part
    }
    let mut join = |a: u16, b: u16| {
        let (a, b) = (root(&joined, a.into()), root(&joined, b.into()));
        joined[a.max(b)] = a.min(b);
    };
    for edge in problem.precedences() {
        join(part_of[edge.task as usize], part_of[edge.predecessor as usize]);
    }
    if problem.visit_cost() > 0 {
        let mut part_of_site = vec![u16::MAX; problem.site_count()];
        for task in 0..problem.task_count() as u32 {
            let Some(site) = problem.site(task) else { continue };
            let part = part_of[task as usize];
            match part_of_site[site as usize] {
                u16::MAX => part_of_site[site as usize] = part,
                other => join(other, part),
            }
        }
    }
    let mut used = vec![false; parts];
    part_of.iter().for_each(|&part| used[root(&joined, part.into())] = true);
    let mut numbers = vec![0u16; parts];
    let mut count = 0;
    for part in 0..parts {
        if used[part] {
            numbers[part] = count;
            count += 1;
        }
    }
    part_of.iter_mut().for_each(|part| *part = numbers[root(&joined, (*part).into())]);
    count.into()
}

fn shared_memberships(problem: &Problem, part_of: &[u16]) -> u64 {
    const SEVERAL: u16 = u16::MAX - 1;
    let mut part_of_group = vec![u16::MAX; problem.group_count()];
    let mut members = vec![0u32; problem.group_count()];
    for task in 0..problem.task_count() as u32 {
        let part = part_of[task as usize];
        for &group in problem.groups_of(task) {
            members[group as usize] += 1;
            let known = &mut part_of_group[group as usize];
            if *known == u16::MAX {
                *known = part;
            } else if *known != part {
                *known = SEVERAL;
            }
        }
    }
    let shared = part_of_group.iter().zip(&members).filter(|&(&part, _)| part == SEVERAL);
    shared.map(|(_, &members)| u64::from(members)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::problem::{Calendar, GroupInput, ProblemBuilder, TaskInput};

    fn problem(after: &[(&str, u32)]) -> Problem {
        let mut builder = ProblemBuilder::new(chrono::DateTime::UNIX_EPOCH, 15, 96);
        builder.add_calendar(Calendar { id: "c".into(), open: vec![(0, 96)], cutoff_slots: 0 });
        for (id, kind) in [("all", "fleet"), ("n", "region"), ("s", "region"), ("h0", "host"), ("h1", "host")]
        {
            builder.add_group(GroupInput { id, kind, cap: 3, caps: &[], down: 0 });
        }
        // Hosts serve both regions, except for one of them; regions are the better cut.
        for task in 0..8u32 {
            let host = if task % 4 == 0 { 3 } else { 3 + task / 4 };
            builder.add_task(TaskInput {
                id: &format!("T{task}"),
                duration: 1,
                calendar: 0,
                profile: None,
                volume: 0,
                release: 0,
                deadline: 96,
                weight: 1,
                groups: &[0, 1 + task / 4, host],
                site: None,
                current: None,
                pinned: false,
                after: if task == 7 { after } else { &[] },
            });
        }
        builder.finish().expect("valid")
    }

    #[test]
    fn cuts_where_least_is_shared() {
        let cut = Cut::find(&problem(&[]), &[0, 1, 2, 3, 4]).expect("regions");
        assert_eq!((cut.parts, cut.part_of), (2, vec![0, 0, 0, 0, 1, 1, 1, 1]));
    }

    #[test]
    fn does_not_cut_through_a_precedence() {
        assert!(Cut::find(&problem(&[("T1", 0)]), &[0, 1, 2, 3, 4]).is_none());
    }
}
