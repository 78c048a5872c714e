//! Every task has a start or a reason, not both.

use std::collections::{HashMap, HashSet};

use super::{Code, Finding};
use crate::domain::plan_file::Plan;
use crate::domain::problem::Problem;

pub(super) fn check(problem: &Problem, plan: &Plan, findings: &mut Vec<Finding>) {
    let mut finding = |code, task: &str, group: Option<&str>, slot, message: &str| {
        findings.push(Finding {
            code,
            task: Some(task.to_owned()),
            group: group.map(str::to_owned),
            slot,
            message: message.to_owned(),
        });
    };
    let mut numbers: HashMap<&str, Option<u32>> =
        plan.unplaced.iter().map(|entry| (entry.task.as_str(), None)).collect();
    let mut explained = vec![false; problem.task_count()];
    if !numbers.is_empty() {
        for task in 0..problem.task_count() as u32 {
            if let Some(number) = numbers.get_mut(problem.task_id(task)) {
                *number = Some(task);
            }
        }
    }
    let groups: HashSet<&str> = match plan.unplaced.iter().any(|entry| !entry.groups.is_empty()) {
        true => (0..problem.group_count() as u32).map(|group| problem.group(group).id).collect(),
        false => HashSet::new(),
    };
    for entry in &plan.unplaced {
        for group in entry.groups.iter().filter(|group| !groups.contains(group.as_str())) {
            finding(Code::UnknownGroup, &entry.task, Some(group), None, "the problem has no such group");
        }
        match numbers[entry.task.as_str()] {
            None => finding(Code::UnknownUnplaced, &entry.task, None, None, "the problem has no such task"),
            Some(task) => {
                if std::mem::replace(&mut explained[task as usize], true) {
                    finding(
                        Code::RepeatedUnplaced,
                        &entry.task,
                        None,
                        None,
                        "it has two entries in `unplaced`",
                    );
                }
                if let Some(start) = plan.starts[task as usize] {
                    let message = format!("it starts at {start}, and has reason {}", entry.reason.name());
                    finding(Code::PlacedAndUnplaced, &entry.task, None, Some(start), &message);
                }
            }
        }
    }
    for (task, start) in (0..).zip(&plan.starts) {
        if start.is_none() && !explained[task as usize] {
            let name = problem.task_id(task);
            finding(Code::NoReason, name, None, None, "it has neither a start nor an entry in `unplaced`");
        }
    }
}
