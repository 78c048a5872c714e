//! What is to be said about a plan as a whole: how many lack a place and why, what would place more of them,
//! and which announced starts were moved for what.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::plan_file::{Change, Reason};
use crate::domain::problem::Problem;

/// The reasons in sum, the remedies, and the moves.
#[must_use]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Tasks without a place, by reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// Changes that would place more, the most weight first.
    pub relaxations: Vec<Relaxation>,
    /// Announced starts that the plan does not keep, in the problem's order.
    pub moves: Vec<Move>,
    /// Moves, by cause.
    pub causes: BTreeMap<MoveCause, u64>,
    /// No plan that keeps every rule and places at least as much weight moves fewer.
    pub moves_unavoidable: u64,
}

/// A change, and how many tasks find a place together when it is made and nothing else is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Relaxation {
    /// The change, for everybody: caps as they are, all deadlines, all releases, or an opening every week in
    /// [`Relaxation::calendar`]. The smallest one looked at that places any.
    pub change: Change,
    /// The calendar that is opened, by name, where the change is an opening.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// At least so many more tasks have a place then.
    pub tasks: u64,
    /// Their weight.
    pub weight: u64,
    /// More of the same that places still more, ascending.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Larger>,
}

/// More of the same change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Larger {
    /// The change.
    pub change: Change,
    /// At least so many more tasks have a place then.
    pub tasks: u64,
    /// Their weight.
    pub weight: u64,
}

/// An announced start that the plan does not keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The task's name.
    pub task: String,
    /// Where it was announced, as a slot.
    pub from: u32,
    /// Where it stands now; nowhere if it lost its place.
    pub to: Option<u32>,
    /// Why it could not stay.
    pub cause: MoveCause,
    /// The groups that were full, where the cause is one of budgets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Tasks in its way, the heaviest first, a few of them: neighbours in precedence, pinned ones, those that
    /// stayed where the budget could not hold all, or those for whom room was made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// How many there are of these.
    pub others_count: u64,
    /// Their weight.
    pub others_weight: u64,
}

/// Why an announced start was not kept; the first that holds, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveCause {
    /// It lies in no opening any more, or past the cutoff.
    Window,
    /// It lies before the release or ends after the deadline.
    Dates,
    /// A neighbour in precedence has no place or stands in its way.
    Precedence,
    /// Pinned tasks leave no room there.
    Pinned,
    /// The budgets cannot hold all who were announced there.
    Budget,
    /// It could have stayed; others were given its room.
    MadeRoom,
}

impl MoveCause {
    /// The name in files and on the API.
    pub fn name(self) -> &'static str {
        match self {
            MoveCause::Window => "window",
            MoveCause::Dates => "dates",
            MoveCause::Precedence => "precedence",
            MoveCause::Pinned => "pinned",
            MoveCause::Budget => "budget",
            MoveCause::MadeRoom => "made_room",
        }
    }

    /// What happened, for people: "… because <words>".
    pub fn words(self) -> &'static str {
        match self {
            MoveCause::Window => "the announced time is no longer inside a window",
            MoveCause::Dates => "the announced time is before the release or past the deadline",
            MoveCause::Precedence => "work before or after it stands in the way",
            MoveCause::Pinned => "pinned work fills the announced time",
            MoveCause::Budget => "a budget no longer holds all who were announced",
            MoveCause::MadeRoom => "room was made for others",
        }
    }
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

impl Report {
    /// The moves in a sentence; `None` when there are none.
    pub fn moves_sentence(&self) -> Option<String> {
        let moved = self.moves.len();
        let mut causes: Vec<(MoveCause, u64)> =
            self.causes.iter().map(|(&cause, &count)| (cause, count)).collect();
        causes.sort_by_key(|&(cause, count)| (std::cmp::Reverse(count), cause));
        let parts: Vec<String> =
            causes.into_iter().map(|(cause, count)| format!("{count} because {}", cause.words())).collect();
        (moved > 0).then(|| {
            format!("{moved} moved, at least {} unavoidable: {}", self.moves_unavoidable, parts.join("; "))
        })
    }
}

impl Relaxation {
    /// What to do and what it would bring, for people.
    pub fn sentence(&self, problem: &Problem) -> String {
        let cap_of = |name: &str| {
            let groups = (0..problem.group_count() as u32).map(|number| problem.group(number));
            groups.into_iter().find(|group| group.id == name).map_or(0, |group| group.cap)
        };
        let slots_per_day = problem.slots_per_day();
        let span = |slots: u32| match slots % slots_per_day {
            0 if slots == slots_per_day => "1 night".to_owned(),
            0 => format!("{} nights", slots / slots_per_day),
            _ => format!("{slots} slots"),
        };
        let amount = |change: &Change| match change {
            Change::GroupCap { group, cap_add } => format!("to {}", cap_of(group).saturating_add(*cap_add)),
            Change::GroupCaps { cap_add, .. } => format!("by {cap_add}"),
            Change::Deadline { deadline_add_slots: slots }
            | Change::Release { release_subtract_slots: slots } => span(*slots),
            Change::Opening { opening: (begin, end) } => format!("[{begin}, {end})"),
            Change::Predecessor { predecessor } => predecessor.clone(),
        };
        let first = amount(&self.change);
        let what = match &self.change {
            Change::GroupCap { group, .. } => format!("raising {group} from {} {first}", cap_of(group)),
            Change::GroupCaps { groups, .. } => format!("raising each of {} {first}", groups.join(", ")),
            Change::Deadline { .. } => format!("all deadlines later by {first}"),
            Change::Release { .. } => format!("all releases earlier by {first}"),
            Change::Opening { .. } => {
                let calendar = self.calendar.as_deref().unwrap_or_default();
                format!("one more opening {first} a week in {calendar}")
            }
            Change::Predecessor { .. } => format!("an earlier place for {first}"),
        };
        let mut sentence = format!("{what}: {} more", self.tasks);
        for larger in &self.more {
            sentence += &format!("; {}: {} more", amount(&larger.change), larger.tasks);
        }
        sentence
    }
}
