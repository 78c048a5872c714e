//! What is to be said about a plan as a whole: how many lack a place and why, and what raising a cap is worth.

use std::collections::BTreeMap;

use crate::domain::plan_file::{Change, Reason, Unplaced};
use crate::domain::problem::Problem;

/// The reasons in sum.
#[must_use]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Tasks without a place, by reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// Changes that help more than one task first.
    pub relaxations: Vec<Relaxation>,
}

/// A change, and how many tasks name it as the smallest that would place them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relaxation {
    /// The change.
    pub change: Change,
    /// How many tasks it would give a place, each taken alone.
    pub tasks: u64,
    /// Their weight.
    pub weight: u64,
}

pub(super) fn aggregate(problem: &Problem, unplaced: &[Unplaced]) -> Report {
    let mut report = Report::default();
    let mut changes: BTreeMap<&Change, (u64, u64)> = BTreeMap::new();
    let mut entries = unplaced.iter().peekable();
    for task in 0..problem.task_count() as u32 {
        let Some(entry) = entries.next_if(|entry| entry.task == problem.task_id(task)) else { continue };
        *report.reasons.entry(entry.reason).or_default() += 1;
        if let Some(change) = &entry.change {
            let sum = changes.entry(change).or_default();
            sum.0 += 1;
            sum.1 += u64::from(problem.weight(task));
        }
    }
    report.relaxations = changes
        .into_iter()
        .map(|(change, (tasks, weight))| Relaxation { change: change.clone(), tasks, weight })
        .collect();
    report.relaxations.sort_by_key(|relaxation| std::cmp::Reverse((relaxation.weight, relaxation.tasks)));
    report
}

/// How many tasks of a group are down in each slot under these starts, and how many may be.
pub fn group_load(problem: &Problem, starts: &[Option<u32>], group: u32) -> Vec<(u32, u32)> {
    let budget = problem.group(group);
    let mut load: Vec<(u32, u32)> = (0..problem.slots()).map(|slot| (0, budget.room_at(slot))).collect();
    for (task, start) in (0..).zip(starts) {
        if let Some(start) = *start
            && problem.groups_of(task).binary_search(&group).is_ok()
        {
            for slot in start..start + problem.duration(task) {
                load[slot as usize].0 += 1;
            }
        }
    }
    load
}

impl Relaxation {
    /// What to do and what it would bring, for people.
    pub fn sentence(&self, problem: &Problem) -> String {
        let what = match &self.change {
            Change::GroupCap { group, cap_add } => {
                let cap = (0..problem.group_count() as u32)
                    .map(|number| problem.group(number))
                    .find(|candidate| candidate.id == group)
                    .map_or(0, |group| group.cap);
                format!("raising {group} from {cap} to {}", cap + cap_add)
            }
            Change::GroupCaps { groups, cap_add } => {
                format!("raising each of {} by {cap_add}", groups.join(", "))
            }
            Change::Deadline { deadline_add_slots } => format!("a deadline {deadline_add_slots} slots later"),
            Change::Release { release_subtract_slots } => {
                format!("a release {release_subtract_slots} slots earlier")
            }
            Change::Opening { opening: (begin, end) } => format!("one more opening [{begin}, {end})"),
            Change::Predecessor { predecessor } => format!("an earlier place for {predecessor}"),
        };
        format!("{what}: {} more, each taken alone", self.tasks)
    }
}
