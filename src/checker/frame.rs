//! Is this a plan for this problem at all?

use super::{Code, Finding};
use crate::domain::plan_file::Plan;
use crate::domain::problem::Problem;

/// Whether the rest can be looked at.
pub(super) fn check(problem: &Problem, plan: &Plan, findings: &mut Vec<Finding>) -> bool {
    let finding = |code, message| Finding { code, task: None, group: None, slot: None, message };
    if plan.problem_sha256 != problem.sha256() {
        findings.push(finding(
            Code::WrongProblem,
            format!("the plan is for problem {}, this is {}", plan.problem_sha256, problem.sha256()),
        ));
    }
    if plan.starts.len() != problem.task_count() {
        findings.push(finding(
            Code::WrongLength,
            format!("{} starts for {} tasks", plan.starts.len(), problem.task_count()),
        ));
        return false;
    }
    true
}
