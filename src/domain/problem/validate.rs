//! Every rule that a problem has to keep, with the place, the value and the remedy where it does not.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::builder::ProblemBuilder;
use super::ids::IdArena;
use super::{After, MAX_SLOTS, MAX_TOTAL_COST, NONE, ProblemError};

type Verdict = Result<(), ProblemError>;

fn refuse(path: String, message: String, remedy: impl Into<String>) -> Verdict {
    Err(ProblemError::value(path, message, remedy))
}

pub(super) fn horizon(problem: &ProblemBuilder) -> Verdict {
    let minutes = problem.slot_minutes;
    if !(5..=60).contains(&minutes) || 60 % minutes != 0 {
        return refuse(
            "slot_minutes".into(),
            format!("{minutes} minutes do not divide an hour into slots"),
            "give 5, 6, 10, 12, 15, 20, 30 or 60",
        );
    }
    if problem.slots == 0 || problem.slots > MAX_SLOTS {
        return refuse(
            "slots".into(),
            format!("{} is out of range", problem.slots),
            format!("give 1 to {MAX_SLOTS} slots"),
        );
    }
    let grid_seconds = i64::from(minutes) * 60;
    if problem.start.timestamp().rem_euclid(grid_seconds) != 0 || problem.start.timestamp_subsec_nanos() != 0
    {
        return refuse(
            "start".into(),
            format!("{} is not on the grid of {minutes} minutes", problem.start.to_rfc3339()),
            "begin at a full slot counted from midnight UTC",
        );
    }
    if problem.visit_cost > MAX_TOTAL_COST {
        return refuse(
            "visit_cost".into(),
            format!("{} is out of range", problem.visit_cost),
            format!("give at most {MAX_TOTAL_COST}"),
        );
    }
    Ok(())
}

pub(super) fn calendars(problem: &ProblemBuilder) -> Verdict {
    for (at, calendar) in problem.calendars.iter().enumerate() {
        let mut previous_end = 0;
        for (position, &(begin, end)) in calendar.open.iter().enumerate() {
            let path = || format!("calendars[{at}].open[{position}]");
            if begin >= end {
                return refuse(
                    path(),
                    format!("[{begin}, {end}) is empty"),
                    "an opening begins before it ends; leave it out if there is none",
                );
            }
            if end > problem.slots {
                return refuse(
                    path(),
                    format!("{end} is beyond the horizon of {} slots", problem.slots),
                    "cut the opening at the horizon or give more slots",
                );
            }
            if begin < previous_end {
                return refuse(
                    path(),
                    format!("begins at {begin}, before the end {previous_end} of the opening before it"),
                    "sort the openings by beginning and merge those that overlap",
                );
            }
            previous_end = end;
        }
        if calendar.cutoff_slots > problem.slots {
            return refuse(
                format!("calendars[{at}].cutoff"),
                format!("{} is longer than the horizon", calendar.cutoff_slots),
                format!("give 0 to {} slots", problem.slots),
            );
        }
    }
    unique("calendars", problem.calendars.iter().map(|calendar| calendar.id.as_str()))
}

pub(super) fn profiles(problem: &ProblemBuilder) -> Verdict {
    for (at, profile) in problem.profiles.iter().enumerate() {
        if profile.cost.len() != problem.slots as usize {
            return refuse(
                format!("profiles[{at}].cost"),
                format!("has {} numbers", profile.cost.len()),
                format!("give one for each of the {} slots", problem.slots),
            );
        }
    }
    unique("profiles", problem.profiles.iter().map(|profile| profile.id.as_str()))
}

pub(super) fn groups(problem: &ProblemBuilder) -> Verdict {
    let columns = &problem.groups;
    for at in 0..columns.cap.len() {
        let ranges = columns.caps_of(at);
        let mut previous_end = 0;
        for (position, range) in ranges.iter().enumerate() {
            let path = || format!("groups[{at}].caps[{position}]");
            if range.begin >= range.end || range.end > problem.slots {
                return refuse(
                    path(),
                    format!("[{}, {}) is no run of slots", range.begin, range.end),
                    format!("give [begin, end, cap] with begin < end, within 0 to {}", problem.slots),
                );
            }
            if range.begin < previous_end {
                return refuse(
                    path(),
                    format!(
                        "begins at {}, before the end {previous_end} of the range before it",
                        range.begin
                    ),
                    "sort the ranges by beginning and let none overlap",
                );
            }
            previous_end = range.end;
        }
    }
    unique_arena("groups", &columns.ids)
}

pub(super) fn tasks(problem: &ProblemBuilder) -> Verdict {
    let columns = &problem.tasks;
    let calendars = problem.calendars.len();
    let profiles = problem.profiles.len();
    let groups = problem.groups.cap.len();
    for at in 0..columns.duration.len() {
        let duration = columns.duration.get(at);
        let longest = problem.slots.min(u16::MAX.into());
        if duration == 0 || duration > longest {
            return refuse(
                format!("tasks[{at}].duration"),
                format!("{duration} slots are out of range"),
                format!("give 1 to {longest} slots"),
            );
        }
        in_range(|| format!("tasks[{at}].calendar"), columns.calendar.get(at), calendars, "calendars")?;
        if columns.profile.get(at) != NONE {
            in_range(|| format!("tasks[{at}].profile"), columns.profile.get(at), profiles, "profiles")?;
        }
        for (field, slot) in [("release", columns.release.get(at)), ("deadline", columns.deadline.get(at))] {
            if slot > problem.slots {
                return refuse(
                    format!("tasks[{at}].{field}"),
                    format!("{slot} is beyond the horizon"),
                    format!("give 0 to {}", problem.slots),
                );
            }
        }
        let mine = columns.groups.of(at);
        for (position, &group) in mine.iter().enumerate() {
            in_range(|| format!("tasks[{at}].groups"), group, groups, "groups")?;
            if position > 0 && mine[position - 1] == group {
                return refuse(
                    format!("tasks[{at}].groups"),
                    format!("{group} is given twice"),
                    "name each group once",
                );
            }
        }
        if let Some(current) = columns.current_at(at)
            && current.checked_add(duration).is_none_or(|end| end > problem.slots)
        {
            return refuse(
                format!("tasks[{at}].current"),
                format!("{current} and {duration} slots more are beyond the horizon"),
                format!("give 0 to {}, or null", problem.slots - duration),
            );
        }
    }
    for &at in &columns.pinned {
        if columns.current_at(at as usize).is_none() {
            return refuse(
                format!("tasks[{at}].pinned"),
                "a pinned task stays at its current start, and it has none".into(),
                "give `current`, or leave `pinned` out",
            );
        }
    }
    if columns.ids.too_long() || columns.groups.too_long() {
        return refuse(
            "tasks".into(),
            "the names or group memberships exceed 4 GiB".into(),
            "split the problem or shorten the names",
        );
    }
    unique_arena("tasks", &columns.ids)
}

/// Resolves the names of predecessors and refuses circles.
pub(super) fn precedences(problem: &ProblemBuilder) -> Result<Vec<After>, ProblemError> {
    if problem.named_after.is_empty() {
        return Ok(Vec::new());
    }
    let mut numbers: HashMap<&str, u32> =
        problem.named_after.iter().map(|named| (named.predecessor.as_str(), NONE)).collect();
    for (id, number) in problem.tasks.ids.iter().zip(0..) {
        if let Some(slot) = numbers.get_mut(id) {
            *slot = number;
        }
    }
    let mut edges = Vec::with_capacity(problem.named_after.len());
    for named in &problem.named_after {
        let path = || format!("tasks[{}].after[{}]", named.task, named.position);
        let predecessor = numbers[named.predecessor.as_str()];
        if predecessor == NONE {
            return Err(ProblemError::value(
                path() + ".task",
                format!("no task is called {:?}", named.predecessor),
                "name a task of this problem",
            ));
        }
        if named.gap_slots > problem.slots {
            return Err(ProblemError::value(
                path() + ".gap",
                format!("{} is longer than the horizon", named.gap_slots),
                format!("give 0 to {} slots", problem.slots),
            ));
        }
        edges.push(After { task: named.task, predecessor, gap_slots: named.gap_slots });
    }
    edges.sort_unstable_by_key(After::key);
    if let Some(twice) = edges.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
        return Err(ProblemError::value(
            format!("tasks[{}].after", twice[0].task),
            format!("{:?} is named twice", problem.tasks.ids.get(twice[0].predecessor as usize)),
            "name each predecessor once, with the longer gap",
        ));
    }
    refuse_circles(problem, &edges)?;
    Ok(edges)
}

fn refuse_circles(problem: &ProblemBuilder, edges: &[After]) -> Verdict {
    let mut waiting: HashMap<u32, usize> = HashMap::new();
    let mut followers: HashMap<u32, Vec<u32>> = HashMap::new();
    for edge in edges {
        *waiting.entry(edge.task).or_default() += 1;
        waiting.entry(edge.predecessor).or_default();
        followers.entry(edge.predecessor).or_default().push(edge.task);
    }
    let mut ready: Vec<u32> =
        waiting.iter().filter(|&(_, &count)| count == 0).map(|(&task, _)| task).collect();
    while let Some(task) = ready.pop() {
        waiting.remove(&task);
        for follower in followers.get(&task).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(follower) {
                *count -= 1;
                if *count == 0 {
                    ready.push(*follower);
                }
            }
        }
    }
    match waiting.keys().min() {
        None => Ok(()),
        Some(&task) => refuse(
            format!("tasks[{task}].after"),
            format!(
                "{:?} waits for itself, directly or through others",
                problem.tasks.ids.get(task as usize)
            ),
            "remove one precedence of the circle",
        ),
    }
}

/// The sum of everything that could be paid has to stay exact in every reader of the files.
pub(super) fn total_cost(problem: &ProblemBuilder) -> Verdict {
    let dearest: Vec<u64> = problem
        .profiles
        .iter()
        .map(|profile| profile.cost.iter().copied().max().map_or(0, u64::from))
        .collect();
    let tasks = &problem.tasks;
    let mut total: u128 = 0;
    for at in 0..tasks.duration.len() {
        let profile = tasks.profile.get(at);
        let slot_cost = if profile == NONE { 0 } else { dearest[profile as usize] };
        total +=
            u128::from(slot_cost) * u128::from(tasks.duration.get(at)) * u128::from(tasks.volume.get(at))
                + u128::from(problem.visit_cost);
        if total > u128::from(MAX_TOTAL_COST) {
            return refuse(
                format!("tasks[{at}].volume"),
                format!("the disruption up to this task may exceed {MAX_TOTAL_COST}"),
                "scale the profiles, the volumes or visit_cost down",
            );
        }
    }
    Ok(())
}

fn in_range(path: impl FnOnce() -> String, index: u32, count: usize, things: &str) -> Verdict {
    if (index as usize) < count {
        return Ok(());
    }
    let known = match count {
        0 => format!("there are no {things}"),
        _ => format!("there are {count} {things} (0 to {})", count - 1),
    };
    refuse(
        path(),
        format!("{index} is out of range, {known}"),
        format!("give the index of one of the {things}"),
    )
}

fn unique_arena(things: &str, ids: &IdArena) -> Verdict {
    let state = RandomState::new();
    let mut hashes: Vec<u64> = ids.iter().map(|id| state.hash_one(id)).collect();
    hashes.sort_unstable();
    let no_doubt = hashes.windows(2).all(|pair| pair[0] != pair[1]);
    drop(hashes);
    if no_doubt && ids.iter().all(|id| !id.is_empty()) {
        return Ok(());
    }
    unique(things, ids.iter())
}

fn unique<'a>(things: &str, ids: impl Iterator<Item = &'a str>) -> Verdict {
    let mut seen = HashMap::new();
    for (at, id) in ids.enumerate() {
        if id.is_empty() {
            return refuse(format!("{things}[{at}].id"), "is empty".into(), "give it a name");
        }
        if let Some(first) = seen.insert(id, at) {
            return refuse(
                format!("{things}[{at}].id"),
                format!("{id:?} is already the name of {things}[{first}]"),
                "give each its own name",
            );
        }
    }
    Ok(())
}
