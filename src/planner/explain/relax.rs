//! What would place more: for each change that could be granted, how many of the tasks without a place find
//! one together, when it is made for everybody and nobody who has a place is moved.
//!
//! Each change is tried on loads laid over the plan's, filled one task after the other; what is filled in is a
//! legal plan of the changed problem, so the counts are never too high. They may be too low: nothing is
//! rearranged, and the work has an end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::fill::{Fill, Terms, sort_for_filling};
use super::neighbours::Neighbours;
use super::reason::Answer;
use super::room::{Room, starts_of};
use crate::domain::plan_file::Change;
use crate::domain::problem::{Problem, SITE_KIND};
use crate::planner::report::{Larger, Relaxation};

/// So often tasks are looked at, over all changes.
const LOOKS_MAX: u64 = 1_500_000;
/// And so often for one change: those that come later in the order are left out of its count.
const LOOKS_PER_CHANGE_MAX: u64 = 40_000;
/// Groups that are tried alone, sets of groups, and calendars: those with the most weight waiting.
const GROUPS_MAX: usize = 16;
const GROUP_SETS_MAX: usize = 4;
const CALENDARS_MAX: usize = 4;
/// Caps are raised by these multiples of what the nearest task lacks.
const RAISES: [u32; 5] = [1, 2, 4, 8, 16];
/// Deadlines and releases are moved by so many nights.
const NIGHTS: [u32; 5] = [1, 2, 4, 7, 14];
/// A window for a calendar that has none to take the length from: four hours.
const WINDOW_MINUTES: u32 = 240;

/// Changes of one kind, of growing size, and the tasks that may profit.
struct Family {
    steps: Vec<Change>,
    /// Numbers of groups that the changes raise.
    groups: Vec<u32>,
    calendar: Option<u32>,
    tasks: Vec<u32>,
}

/// Tries the changes and gives those that place any task, the most weight first.
pub(super) fn measure<'p>(
    room: &mut Room<'_, 'p>,
    neighbours: &Neighbours<'p>,
    answers: &[(u32, Answer)],
) -> Vec<Relaxation> {
    let problem = room.problem;
    let mut looks_left = LOOKS_MAX;
    let mut found = Vec::new();
    for mut family in families(problem, answers) {
        sort_for_filling(problem, &mut family.tasks);
        let mut relaxation: Option<Relaxation> = None;
        for change in &family.steps {
            let mut looks = LOOKS_PER_CHANGE_MAX.min(looks_left);
            let granted = looks;
            room.reset();
            let terms = family.terms(room, change);
            let placed =
                Fill { neighbours, room, terms, looks_left: &mut looks }.run(family.tasks.iter().copied());
            looks_left -= granted - looks;
            let tasks = placed.len() as u64;
            let weight = placed.iter().map(|&(task, _)| u64::from(problem.weight(task))).sum();
            match &mut relaxation {
                None if tasks > 0 => {
                    let calendar =
                        family.calendar.map(|number| problem.calendars()[number as usize].id.clone());
                    let change = change.clone();
                    relaxation = Some(Relaxation { change, calendar, tasks, weight, more: Vec::new() });
                }
                Some(known) => {
                    let most = known
                        .more
                        .last()
                        .map_or((known.weight, known.tasks), |last| (last.weight, last.tasks));
                    if (weight, tasks) > most {
                        known.more.push(Larger { change: change.clone(), tasks, weight });
                    }
                }
                None => {}
            }
            if tasks >= family.tasks.len() as u64 {
                break;
            }
        }
        found.extend(relaxation);
    }
    room.reset();
    found.sort_by(|a, b| {
        let key = |relaxation: &Relaxation| (relaxation.weight, relaxation.tasks);
        key(b).cmp(&key(a)).then_with(|| (&a.change, &a.calendar).cmp(&(&b.change, &b.calendar)))
    });
    found
}

impl Family {
    /// Prepares the room for a change of this family.
    fn terms(&self, room: &mut Room<'_, '_>, change: &Change) -> Terms {
        let mut terms = Terms::default();
        match change {
            Change::GroupCap { cap_add, .. } | Change::GroupCaps { cap_add, .. } => {
                self.groups.iter().for_each(|&group| room.raise(group, *cap_add));
            }
            Change::Deadline { deadline_add_slots } => terms.deadline_add_slots = *deadline_add_slots,
            Change::Release { release_subtract_slots } => {
                terms.release_subtract_slots = *release_subtract_slots;
            }
            Change::Opening { opening } => {
                let problem = room.problem;
                terms.calendar = self.calendar.map(|number| {
                    let opened = problem.calendars()[number as usize].opened(problem.weekly(*opening));
                    let durations: BTreeSet<u32> =
                        self.tasks.iter().map(|&task| problem.duration(task)).collect();
                    let starts = |duration| (duration, starts_of(&opened, duration, room.words()));
                    (number, durations.into_iter().map(starts).collect())
                });
            }
            Change::Predecessor { .. } => {}
        }
        terms
    }
}

/// The changes to be tried, those with the most weight waiting for them first within each kind.
fn families(problem: &Problem, answers: &[(u32, Answer)]) -> Vec<Family> {
    let mut families = Vec::new();
    let weight = |task: u32| u64::from(problem.weight(task));
    let all: Vec<u32> = answers.iter().map(|(task, _)| *task).collect();
    if all.is_empty() {
        return families;
    }
    families.extend(nights(problem, &all));
    families.extend(group_sets(problem, answers));

    let mut calendars: BTreeMap<u32, u64> = BTreeMap::new();
    all.iter().for_each(|&task| *calendars.entry(problem.calendar_index(task)).or_default() += weight(task));
    let mut heaviest: Vec<(u32, u64)> = calendars.into_iter().collect();
    let name = |number: u32| problem.calendars()[number as usize].id.as_str();
    heaviest.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| name(a.0).cmp(name(b.0))));
    for (number, _) in heaviest.into_iter().take(CALENDARS_MAX) {
        families.extend(window(problem, number, answers));
    }
    families
}

/// Later deadlines and earlier releases, for all.
fn nights(problem: &Problem, all: &[u32]) -> [Family; 2] {
    let slots = |nights: u32| nights * problem.slots_per_day();
    let family = |tasks: Vec<u32>, most: u32, change: &dyn Fn(u32) -> Change| Family {
        // Two steps that both reach the end of the horizon would say the same.
        steps: NIGHTS
            .iter()
            .take_while(|&&nights| nights == 1 || slots(nights) <= most)
            .map(|&nights| change(slots(nights)))
            .collect(),
        groups: Vec::new(),
        calendar: None,
        tasks,
    };
    let due: Vec<u32> =
        all.iter().copied().filter(|&task| problem.deadline(task) < problem.slots()).collect();
    let released: Vec<u32> = all.iter().copied().filter(|&task| problem.release(task) > 0).collect();
    let later = due.iter().map(|&task| problem.slots() - problem.deadline(task)).max().unwrap_or(0);
    let earlier = released.iter().map(|&task| problem.release(task)).max().unwrap_or(0);
    [
        family(due, later, &|deadline_add_slots| Change::Deadline { deadline_add_slots }),
        family(released, earlier, &|release_subtract_slots| Change::Release { release_subtract_slots }),
    ]
}

/// Groups that stand in the way alone, and sets that do so together; site rules are nobody's to raise.
fn group_sets(problem: &Problem, answers: &[(u32, Answer)]) -> Vec<Family> {
    /// Weight waiting, the least that anybody lacks, who may profit.
    #[derive(Default)]
    struct Waiting {
        weight: u64,
        least: Option<u32>,
        tasks: Vec<u32>,
    }
    let mut alone: HashMap<u32, Waiting> = HashMap::new();
    let mut together: HashMap<&[u32], Waiting> = HashMap::new();
    let is_site = |group: &u32| problem.group(*group).kind == SITE_KIND;
    for (task, answer) in answers {
        let weight = u64::from(problem.weight(*task));
        for &group in &answer.alone {
            let waiting = alone.entry(group).or_default();
            waiting.weight += weight;
            waiting.tasks.push(*task);
            if answer.groups == [group] {
                waiting.least = Some(waiting.least.map_or(answer.cap_add, |least| least.min(answer.cap_add)));
            }
        }
        if answer.groups.len() > 1 && !answer.groups.iter().any(is_site) {
            let waiting = together.entry(&answer.groups).or_default();
            waiting.weight += weight;
            waiting.tasks.push(*task);
            waiting.least = Some(waiting.least.map_or(answer.cap_add, |least| least.min(answer.cap_add)));
        }
    }
    let names = |groups: &[u32]| -> Vec<String> {
        groups.iter().map(|&group| problem.group(group).id.to_owned()).collect()
    };
    let heaviest = |mut waiting: Vec<(Vec<u32>, Waiting)>, most: usize| {
        waiting.sort_by(|a, b| b.1.weight.cmp(&a.1.weight).then_with(|| names(&a.0).cmp(&names(&b.0))));
        waiting.truncate(most);
        waiting
    };
    let alone = alone.into_iter().map(|(group, waiting)| (vec![group], waiting)).collect();
    let together = together.into_iter().map(|(groups, waiting)| (groups.to_vec(), waiting)).collect();
    heaviest(alone, GROUPS_MAX)
        .into_iter()
        .chain(heaviest(together, GROUP_SETS_MAX))
        .map(|(groups, waiting)| {
            let change = |by: u32| {
                let cap_add = waiting.least.unwrap_or(1).saturating_mul(by);
                match names(&groups).as_slice() {
                    [group] => Change::GroupCap { group: group.clone(), cap_add },
                    groups => Change::GroupCaps { groups: groups.to_vec(), cap_add },
                }
            };
            Family {
                steps: RAISES.into_iter().map(change).collect(),
                calendar: None,
                tasks: waiting.tasks,
                groups,
            }
        })
        .collect()
}

/// One more window a week for a calendar, where most of the weight that waits for it would find its groups free.
fn window(problem: &Problem, number: u32, answers: &[(u32, Answer)]) -> Option<Family> {
    let own = || answers.iter().filter(|(task, _)| problem.calendar_index(*task) == number);
    let week = 7 * problem.slots_per_day();
    let mut begins: BTreeMap<u32, (u64, u32, u32)> = BTreeMap::new();
    for (task, answer) in own() {
        if let Some((begin, end)) = answer.opening {
            let known = begins.entry(begin % week).or_insert((0, begin, 0));
            known.0 += u64::from(problem.weight(*task));
            known.1 = known.1.min(begin);
            known.2 = known.2.max(end - begin);
        }
    }
    let (_, begin, needed) =
        begins.into_values().max_by_key(|&(weight, begin, _)| (weight, std::cmp::Reverse(begin)))?;
    let calendar = &problem.calendars()[number as usize];
    let usual = calendar.open.iter().map(|(begin, end)| end - begin).max();
    let usual = usual.unwrap_or(WINDOW_MINUTES / problem.slot_minutes()).min(problem.slots_per_day());
    let end = (begin + usual.max(needed)).min(problem.slots());
    Some(Family {
        steps: vec![Change::Opening { opening: (begin, end) }],
        groups: Vec::new(),
        calendar: Some(number),
        tasks: own().map(|(task, _)| *task).collect(),
    })
}
