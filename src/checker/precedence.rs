//! Precedence: a task starts no earlier than its predecessor's end and the gap.
//!
//! Between two pinned tasks nothing is asked; a pinned task whose predecessor is not pinned holds the
//! predecessor to it, but not to being placed.

use super::{Code, Finding, of_task};
use crate::domain::plan_file::Plan;
use crate::domain::problem::Problem;

pub(super) fn check(problem: &Problem, plan: &Plan, findings: &mut Vec<Finding>) {
    for edge in problem.precedences() {
        let Some(start) = plan.starts[edge.task as usize] else { continue };
        let pinned = problem.pinned(edge.task);
        let name = problem.task_id(edge.predecessor);
        match plan.starts[edge.predecessor as usize] {
            None if pinned => {}
            None => findings.push(of_task(
                problem,
                Code::PredecessorUnplaced,
                edge.task,
                start,
                format!("its predecessor {name} has no place"),
            )),
            Some(_) if pinned && problem.pinned(edge.predecessor) => {}
            Some(before) => {
                let end = u64::from(before) + u64::from(problem.duration(edge.predecessor));
                if u64::from(start) < end + u64::from(edge.gap_slots) {
                    findings.push(of_task(
                        problem,
                        Code::AfterViolated,
                        edge.task,
                        start,
                        format!(
                            "starts at {start}, its predecessor {name} ends at {end} and asks for a gap of {}",
                            edge.gap_slots
                        ),
                    ));
                }
            }
        }
    }
}
