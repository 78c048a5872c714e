//! What happens to a plan after it has been announced: the problem once more, with a current start for everybody
//! and one thing changed.

use clap::ValueEnum;

use offpeak::domain::problem::{Calendar, CapRange, GroupInput, Problem, ProblemBuilder, TaskInput};

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Change {
    /// Nothing at all
    Nothing,
    /// Four calendars lose every eighth night
    Blackout,
    /// One in twenty cells loses a place
    Caps,
    /// One new task for every hundred, like one that is there
    Campaign,
}

const BLACKED_OUT_CALENDARS: usize = 4;
const BLACKED_OUT_NIGHTS: u32 = 8;
const LOWERED_CELLS: usize = 20;
const NEW_TASKS: u32 = 100;

/// The problem with the plan announced and the change made.
pub(crate) fn announced(problem: &Problem, starts: &[Option<u32>], change: Change) -> Problem {
    let mut builder = ProblemBuilder::new(problem.start(), problem.slot_minutes(), problem.slots());
    builder.visit_cost(problem.visit_cost());
    for (number, calendar) in problem.calendars().iter().enumerate() {
        builder.add_calendar(calendar_after(calendar, number, problem.slots_per_day(), change));
    }
    problem.profiles().iter().for_each(|profile| {
        builder.add_profile(profile.clone());
    });
    let mut cells = 0;
    for number in 0..problem.group_count() as u32 {
        let group = problem.group(number);
        let mut cap = group.cap;
        let mut caps: Vec<CapRange> = group.caps.to_vec();
        if group.kind == "cell" {
            cells += 1;
            if change == Change::Caps && cells % LOWERED_CELLS == 1 {
                cap = cap.saturating_sub(1);
                caps.iter_mut().for_each(|range| range.cap = range.cap.saturating_sub(1));
            }
        }
        builder.add_group(GroupInput { id: group.id, kind: group.kind, cap, caps: &caps, down: group.down });
    }
    for (task, &start) in (0..).zip(starts) {
        add(&mut builder, problem, task, problem.task_id(task), start);
    }
    if change == Change::Campaign {
        for task in (0..problem.task_count() as u32).step_by(NEW_TASKS as usize) {
            add(&mut builder, problem, task, &format!("{} again", problem.task_id(task)), None);
        }
    }
    builder.finish().expect("what was changed is as valid as before")
}

fn calendar_after(calendar: &Calendar, number: usize, slots_per_day: u32, change: Change) -> Calendar {
    let mut after = calendar.clone();
    if change == Change::Blackout && number < BLACKED_OUT_CALENDARS {
        after.open.retain(|(begin, _)| !(begin / slots_per_day).is_multiple_of(BLACKED_OUT_NIGHTS));
    }
    after
}

fn add(builder: &mut ProblemBuilder, problem: &Problem, task: u32, id: &str, current: Option<u32>) {
    let after: Vec<(&str, u32)> = problem
        .after_of(task)
        .iter()
        .map(|edge| (problem.task_id(edge.predecessor), edge.gap_slots))
        .collect();
    builder.add_task(TaskInput {
        id,
        duration: problem.duration(task),
        calendar: problem.calendar_index(task),
        profile: problem.profile_index(task),
        volume: problem.volume(task),
        release: problem.release(task),
        deadline: problem.deadline(task),
        weight: problem.weight(task),
        groups: problem.groups_of(task),
        site: problem.site(task).map(|site| problem.site_id(site)),
        current,
        pinned: false,
        after: &after,
    });
}
