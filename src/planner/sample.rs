//! Small problems for the tests of single rooms.

use crate::domain::problem::{Calendar, GroupInput, Problem, ProblemBuilder, Profile, TaskInput};

/// A task of a cell.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    pub(super) duration: u32,
    pub(super) volume: u32,
    pub(super) weight: u32,
    /// Release and deadline.
    pub(super) dates: (u32, u32),
    pub(super) current: Option<u32>,
    pub(super) site: Option<&'static str>,
}

/// Anywhere in a cell of `slots` slots.
pub(super) fn anywhere(slots: u32) -> Sample {
    Sample { duration: 1, volume: 1, weight: 1, dates: (0, slots), current: None, site: None }
}

/// All tasks in one cell that is always open and lets `cap` of them be down; a slot costs what `cost` says.
pub(super) fn cell(cap: u32, visit_cost: u64, cost: &[u32], tasks: &[Sample]) -> Problem {
    let names: Vec<String> = (0..tasks.len()).map(|number| format!("T{number}")).collect();
    named_cell(cap, visit_cost, cost, tasks.iter().zip(&names))
}

/// The same with names for the tasks.
pub(super) fn named_cell<'a>(
    cap: u32,
    visit_cost: u64,
    cost: &[u32],
    tasks: impl Iterator<Item = (&'a Sample, &'a String)>,
) -> Problem {
    let slots = cost.len() as u32;
    let mut builder = ProblemBuilder::new(chrono::DateTime::UNIX_EPOCH, 15, slots);
    builder.visit_cost(visit_cost);
    builder.add_calendar(Calendar { id: "always".into(), open: vec![(0, slots)], cutoff_slots: 0 });
    builder.add_profile(Profile { id: "p".into(), cost: cost.to_vec() });
    builder.add_group(GroupInput { id: "cell", kind: "cell", cap, caps: &[], down: 0 });
    for (task, name) in tasks {
        builder.add_task(TaskInput {
            id: name,
            duration: task.duration,
            calendar: 0,
            profile: Some(0),
            volume: task.volume,
            release: task.dates.0,
            deadline: task.dates.1,
            weight: task.weight,
            groups: &[0],
            site: task.site,
            current: task.current,
            pinned: false,
            after: &[],
        });
    }
    builder.finish().expect("valid")
}
