//! Judges a plan against its problem, by a method of its own: it shares no code with the planner.
//!
//! Every constraint has one file and its own codes. This is their index:
//!
//! | code | file | what is wrong |
//! |---|---|---|
//! | `wrong_problem` | [`frame`] | the plan was made for a file with other bytes |
//! | `wrong_length` | [`frame`] | not one start a task; nothing else is looked at then |
//! | `out_of_horizon` | [`horizon`] | the task ends after the last slot |
//! | `before_release` | [`horizon`] | it starts before its release |
//! | `after_deadline` | [`horizon`] | it ends after its deadline |
//! | `outside_window` | [`window`] | it does not lie wholly inside one opening of its calendar |
//! | `past_cutoff` | [`window`] | it lies in an opening, but starts past the cutoff |
//! | `over_cap` | [`budget`] | more tasks of a group are down in a slot than the group allows |
//! | `site_rule` | [`budget`] | the same, for a group of kind `site` |
//! | `after_violated` | [`precedence`] | it starts before a predecessor's end and the gap |
//! | `predecessor_unplaced` | [`precedence`] | it has a start, a predecessor has none |
//! | `pinned_moved` | [`pinned`] | a pinned task does not start at its current start |
//! | `no_reason` | [`unplaced`] | it has neither a start nor an entry in `unplaced` |
//! | `placed_and_unplaced` | [`unplaced`] | it has both |
//! | `unknown_unplaced` | [`unplaced`] | an entry names no task of the problem |
//! | `repeated_unplaced` | [`unplaced`] | a task has two entries |
//! | `unknown_group` | [`unplaced`] | an entry names no group of the problem |
//! | `wrong_metric` | [`metrics`] | a figure is not what the starts give |
//! | `wrong_bound` | [`metrics`] | a bound lies on the wrong side of what the plan itself reaches |
//!
//! Pinned tasks are exempt from release, deadline, window, cutoff and precedence: somebody put them there. They
//! do count against the budgets; a slot that is over its cap by pinned tasks alone is no finding, but one in
//! which an unpinned task is down as well is.

mod budget;
mod frame;
mod horizon;
mod metrics;
mod pinned;
mod precedence;
mod unplaced;
mod window;

use std::fmt;

use crate::domain::plan_file::Plan;
use crate::domain::problem::Problem;

/// One thing that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule is broken.
    pub code: Code,
    /// The task's name, where one task is at fault (for a budget: one unpinned task that is down then).
    pub task: Option<String>,
    /// The group's name, for budgets.
    pub group: Option<String>,
    /// The slot, where there is one.
    pub slot: Option<u32>,
    /// What is wrong, in words and figures.
    pub message: String,
}

/// The rules a plan can break; the module's text says what each means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the index above is their documentation")]
pub enum Code {
    WrongProblem,
    WrongLength,
    OutOfHorizon,
    BeforeRelease,
    AfterDeadline,
    OutsideWindow,
    PastCutoff,
    OverCap,
    SiteRule,
    AfterViolated,
    PredecessorUnplaced,
    PinnedMoved,
    NoReason,
    PlacedAndUnplaced,
    UnknownUnplaced,
    RepeatedUnplaced,
    UnknownGroup,
    WrongMetric,
    WrongBound,
}

impl Code {
    /// Its name, as it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Code::WrongProblem => "wrong_problem",
            Code::WrongLength => "wrong_length",
            Code::OutOfHorizon => "out_of_horizon",
            Code::BeforeRelease => "before_release",
            Code::AfterDeadline => "after_deadline",
            Code::OutsideWindow => "outside_window",
            Code::PastCutoff => "past_cutoff",
            Code::OverCap => "over_cap",
            Code::SiteRule => "site_rule",
            Code::AfterViolated => "after_violated",
            Code::PredecessorUnplaced => "predecessor_unplaced",
            Code::PinnedMoved => "pinned_moved",
            Code::NoReason => "no_reason",
            Code::PlacedAndUnplaced => "placed_and_unplaced",
            Code::UnknownUnplaced => "unknown_unplaced",
            Code::RepeatedUnplaced => "repeated_unplaced",
            Code::UnknownGroup => "unknown_group",
            Code::WrongMetric => "wrong_metric",
            Code::WrongBound => "wrong_bound",
        }
    }
}

impl fmt::Display for Finding {
    /// `code task group slot message`, with `-` for what does not apply.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { code, task, group, slot, message } = self;
        let dash = || "-".to_owned();
        write!(
            formatter,
            "{} {} {} {} {message}",
            code.name(),
            task.clone().unwrap_or_else(dash),
            group.clone().unwrap_or_else(dash),
            slot.map_or_else(dash, |slot| slot.to_string()),
        )
    }
}

/// Everything that is wrong with `plan` as an answer to `problem`; empty when nothing is.
#[must_use]
pub fn check(problem: &Problem, plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    frame::check_identity(problem, plan, &mut findings);
    if !frame::check_length(problem, plan, &mut findings) {
        return findings;
    }
    let inside = check_starts(problem, plan, &mut findings);
    unplaced::check(problem, plan, &mut findings);
    if inside {
        metrics::check(problem, plan, &mut findings);
    }
    findings
}

/// The rules that `plan`'s starts break in `problem`, and nothing else: not whether the plan was made for it, what
/// it says of what has no place, nor its figures. For starts that were planned in one problem and are asked about
/// in another.
#[must_use]
pub fn check_rules(problem: &Problem, plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    if frame::check_length(problem, plan, &mut findings) {
        check_starts(problem, plan, &mut findings);
    }
    findings
}

/// Every rule about starts; whether all of them lie inside the horizon.
fn check_starts(problem: &Problem, plan: &Plan, findings: &mut Vec<Finding>) -> bool {
    let inside = horizon::check(problem, plan, findings);
    window::check(problem, plan, findings);
    pinned::check(problem, plan, findings);
    precedence::check(problem, plan, findings);
    if inside {
        budget::check(problem, plan, findings);
    }
    inside
}

/// Every placed task with its start.
fn placed(plan: &Plan) -> impl Iterator<Item = (u32, u32)> + '_ {
    plan.starts.iter().zip(0..).filter_map(|(start, task)| start.map(|start| (task, start)))
}

/// Every placed task that is not pinned, with its start.
fn placed_freely<'a>(problem: &'a Problem, plan: &'a Plan) -> impl Iterator<Item = (u32, u32)> + 'a {
    placed(plan).filter(|&(task, _)| !problem.pinned(task))
}

fn of_task(problem: &Problem, code: Code, task: u32, slot: u32, message: String) -> Finding {
    Finding { code, task: Some(problem.task_id(task).to_owned()), group: None, slot: Some(slot), message }
}
