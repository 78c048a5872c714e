//! Pinned tasks stay where they are.

use super::{Code, Finding, of_task};
use crate::domain::plan_file::Plan;
use crate::domain::problem::Problem;

pub(super) fn check(problem: &Problem, plan: &Plan, findings: &mut Vec<Finding>) {
    for &task in problem.pinned_tasks() {
        let (current, start) = (problem.current(task), plan.starts[task as usize]);
        if start != current {
            let shown =
                |slot: Option<u32>| slot.map_or_else(|| "nowhere".to_owned(), |slot| slot.to_string());
            findings.push(of_task(
                problem,
                Code::PinnedMoved,
                task,
                start.or(current).unwrap_or(0),
                format!("pinned at {}, planned at {}", shown(current), shown(start)),
            ));
        }
    }
}
