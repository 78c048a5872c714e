//! Budgets and the site rule: in no slot are more tasks of a group down than it allows.
//!
//! The method is a sweep: for each group the beginnings and ends of its tasks and the borders of its cap
//! ranges, sorted by slot; between two of them nothing changes. One finding a group names its worst slot, and
//! says in how many slots it is over.

use super::{Code, Finding, placed};
use crate::domain::plan_file::Plan;
use crate::domain::problem::{Problem, SITE_KIND};

pub(super) fn check(problem: &Problem, plan: &Plan, findings: &mut Vec<Finding>) {
    let mut counts = vec![0usize; problem.group_count() + 1];
    for (task, _) in placed(plan) {
        for &group in problem.groups_of(task) {
            counts[group as usize + 1] += 1;
        }
    }
    for group in 0..problem.group_count() {
        counts[group + 1] += counts[group];
    }
    let mut members = vec![0u32; counts[problem.group_count()]];
    let mut next = counts.clone();
    for (task, _) in placed(plan) {
        for &group in problem.groups_of(task) {
            members[next[group as usize]] = task;
            next[group as usize] += 1;
        }
    }
    for group in 0..problem.group_count() {
        sweep(problem, plan, group as u32, &members[counts[group]..counts[group + 1]], findings);
    }
}

/// What happens at a slot: how many more are down, how many of those are not pinned.
type Step = (u32, i64, i64);

fn sweep(problem: &Problem, plan: &Plan, group: u32, members: &[u32], findings: &mut Vec<Finding>) {
    if members.is_empty() {
        return;
    }
    let budget = problem.group(group);
    let mut steps: Vec<Step> = Vec::with_capacity(2 * members.len() + 2 * budget.caps.len());
    for &task in members {
        let Some(start) = plan.starts[task as usize] else { continue };
        let free = i64::from(!problem.pinned(task));
        steps.push((start, 1, free));
        steps.push((start + problem.duration(task), -1, -free));
    }
    steps.extend(budget.caps.iter().flat_map(|range| [(range.begin, 0, 0), (range.end, 0, 0)]));
    steps.sort_unstable_by_key(|step| step.0);
    let (mut down, mut free) = (0, 0);
    let mut slots_over = 0;
    let mut worst: Option<(i64, u32, i64)> = None;
    for (position, step) in steps.iter().enumerate() {
        down += step.1;
        free += step.2;
        let until = steps.get(position + 1).map_or(step.0, |next| next.0);
        if until == step.0 || free == 0 {
            continue;
        }
        let excess = down - i64::from(budget.room_at(step.0));
        if excess > 0 {
            slots_over += until - step.0;
            if worst.is_none_or(|(most, ..)| excess > most) {
                worst = Some((excess, step.0, down));
            }
        }
    }
    let Some((excess, slot, down)) = worst else { return };
    let culprit = members.iter().rev().find(|&&task| {
        plan.starts[task as usize].is_some_and(|start| start <= slot && slot < start + problem.duration(task))
            && !problem.pinned(task)
    });
    let already = if budget.down > 0 { format!(" and {} already", budget.down) } else { String::new() };
    findings.push(Finding {
        code: if budget.kind == SITE_KIND { Code::SiteRule } else { Code::OverCap },
        task: culprit.map(|&task| problem.task_id(task).to_owned()),
        group: Some(budget.id.to_owned()),
        slot: Some(slot),
        message: format!(
            "{down} down{already} against a cap of {}; over in {slots_over} slots",
            down - excess + i64::from(budget.down),
        ),
    });
}
