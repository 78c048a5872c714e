//! Maintenance windows: wholly inside one opening, and not past its cutoff.

use super::{Code, Finding, of_task, placed_freely};
use crate::domain::plan_file::Plan;
use crate::domain::problem::Problem;

pub(super) fn check(problem: &Problem, plan: &Plan, findings: &mut Vec<Finding>) {
    for (task, start) in placed_freely(problem, plan) {
        let calendar = problem.calendar(task);
        let end = u64::from(start) + u64::from(problem.duration(task));
        let around = calendar.open.iter().find(|&&(begin, until)| begin <= start && end <= u64::from(until));
        match around {
            None => findings.push(of_task(
                problem,
                Code::OutsideWindow,
                task,
                start,
                format!("[{start}, {end}) lies in no opening of calendar {}", calendar.id),
            )),
            Some(&(begin, until))
                if u64::from(start) + u64::from(calendar.cutoff_slots) > u64::from(until) =>
            {
                findings.push(of_task(
                    problem,
                    Code::PastCutoff,
                    task,
                    start,
                    format!(
                        "starts at {start} in the opening [{begin}, {until}), whose last {} slots take no start",
                        calendar.cutoff_slots
                    ),
                ));
            }
            Some(_) => {}
        }
    }
}
