//! Is this a plan for this problem at all?

use super::{Code, Finding};
use crate::domain::plan_file::Plan;
use crate::domain::problem::Problem;

pub(super) fn check_identity(problem: &Problem, plan: &Plan, findings: &mut Vec<Finding>) {
    if plan.problem_sha256 != problem.sha256() {
        findings.push(of_plan(
            Code::WrongProblem,
            format!("the plan is for problem {}, this is {}", plan.problem_sha256, problem.sha256()),
        ));
    }
}

/// Whether the rest can be looked at.
pub(super) fn check_length(problem: &Problem, plan: &Plan, findings: &mut Vec<Finding>) -> bool {
    if plan.starts.len() != problem.task_count() {
        findings.push(of_plan(
            Code::WrongLength,
            format!("{} starts for {} tasks", plan.starts.len(), problem.task_count()),
        ));
        return false;
    }
    true
}

fn of_plan(code: Code, message: String) -> Finding {
    Finding { code, task: None, group: None, slot: None, message }
}
