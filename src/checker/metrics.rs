//! The figures a plan states about itself, and the bounds it could refute itself.

use std::collections::HashSet;

use super::{Code, Finding, placed};
use crate::domain::plan_file::Plan;
use crate::domain::problem::Problem;

pub(super) fn check(problem: &Problem, plan: &Plan, findings: &mut Vec<Finding>) {
    let stated = &plan.metrics;
    let weight = |task: u32| u64::from(problem.weight(task));
    let all = 0..problem.task_count() as u32;
    let visits = placed(plan)
        .filter_map(|(task, start)| problem.site(task).map(|site| (site, problem.night_of(task, start))))
        .collect::<HashSet<_>>()
        .len() as u64;
    let weight_placed = placed(plan).map(|(task, _)| weight(task)).sum();
    let costs: u64 = placed(plan).map(|(task, start)| problem.cost_at(task, start)).sum();
    let disruption = costs + visits * problem.visit_cost();
    let moved = all
        .clone()
        .filter(|&task| {
            problem.current(task).is_some_and(|current| plan.starts[task as usize] != Some(current))
        })
        .count() as u64;
    for (name, stated, counted) in [
        ("tasks", stated.tasks, problem.task_count() as u64),
        ("placed", stated.placed, placed(plan).count() as u64),
        ("weight_placed", stated.weight_placed, weight_placed),
        ("weight_total", stated.weight_total, all.map(weight).sum()),
        ("moved", stated.moved, moved),
        ("visits", stated.visits, visits),
        ("disruption", stated.disruption, disruption),
    ] {
        if stated != counted {
            let message = format!("{name}: the plan says {stated}, its starts give {counted}");
            findings.push(Finding { code: Code::WrongMetric, task: None, group: None, slot: None, message });
        }
    }
    let bound = &stated.bound;
    if bound.weight_upper < weight_placed {
        let message = format!(
            "weight_upper: at most {} is said to be possible, {weight_placed} is placed",
            bound.weight_upper
        );
        findings.push(Finding { code: Code::WrongBound, task: None, group: None, slot: None, message });
    }
    if bound.disruption_lower > disruption {
        let message = format!(
            "disruption_lower: at least {} is said to be needed, the plan has {disruption}",
            bound.disruption_lower
        );
        findings.push(Finding { code: Code::WrongBound, task: None, group: None, slot: None, message });
    }
}
