//! Horizon, release and deadline.

use super::{Code, Finding, of_task, placed};
use crate::domain::plan_file::Plan;
use crate::domain::problem::Problem;

/// Whether every task lies inside the horizon, so that slots can be counted.
pub(super) fn check(problem: &Problem, plan: &Plan, findings: &mut Vec<Finding>) -> bool {
    let mut inside = true;
    for (task, start) in placed(plan) {
        let end = u64::from(start) + u64::from(problem.duration(task));
        if end > u64::from(problem.slots()) {
            inside = false;
            findings.push(of_task(
                problem,
                Code::OutOfHorizon,
                task,
                start,
                format!("ends at {end}, the horizon has {} slots", problem.slots()),
            ));
        }
        if problem.pinned(task) {
            continue;
        }
        if start < problem.release(task) {
            findings.push(of_task(
                problem,
                Code::BeforeRelease,
                task,
                start,
                format!("starts at {start}, released at {}", problem.release(task)),
            ));
        }
        if end > u64::from(problem.deadline(task)) {
            findings.push(of_task(
                problem,
                Code::AfterDeadline,
                task,
                start,
                format!("ends at {end}, due by {}", problem.deadline(task)),
            ));
        }
    }
    inside
}
