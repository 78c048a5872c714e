//! Planning problems made in tests: a description that can be changed and built again, and two generators.

use chrono::DateTime;
use offpeak::domain::plan_file::{Change, Plan};
use offpeak::domain::problem::{Calendar, CapRange, GroupInput, Problem, ProblemBuilder, Profile, TaskInput};
use offpeak::planner::{self, Outcome, SolveOptions, StoppedWatch};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A group of a [`Case`].
#[derive(Debug, Clone)]
pub(crate) struct CaseGroup {
    pub(crate) kind: &'static str,
    pub(crate) cap: u32,
    pub(crate) caps: Vec<(u32, u32, u32)>,
    pub(crate) down: u32,
}

/// A task of a [`Case`]; it is called `T` and its number.
#[derive(Debug, Clone)]
pub(crate) struct CaseTask {
    pub(crate) duration: u32,
    pub(crate) calendar: u32,
    pub(crate) volume: u32,
    pub(crate) release: u32,
    pub(crate) deadline: u32,
    pub(crate) weight: u32,
    pub(crate) groups: Vec<u32>,
    pub(crate) site: Option<u32>,
    pub(crate) current: Option<u32>,
    pub(crate) pinned: bool,
    pub(crate) after: Vec<(usize, u32)>,
}

/// A problem that can still be changed: calendars `c0`…, one profile `p0`, groups `g0`…, tasks `T0`….
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) slots: u32,
    pub(crate) visit_cost: u64,
    pub(crate) calendars: Vec<(Vec<(u32, u32)>, u32)>,
    pub(crate) costs: Vec<u32>,
    pub(crate) groups: Vec<CaseGroup>,
    pub(crate) tasks: Vec<CaseTask>,
}

/// A task of two slots that may be anywhere in the first calendar.
pub(crate) fn task(case: &Case) -> CaseTask {
    CaseTask {
        duration: 2,
        calendar: 0,
        volume: 1,
        release: 0,
        deadline: case.slots,
        weight: 1,
        groups: Vec::new(),
        site: None,
        current: None,
        pinned: false,
        after: Vec::new(),
    }
}

pub(crate) fn group(kind: &'static str, cap: u32) -> CaseGroup {
    CaseGroup { kind, cap, caps: Vec::new(), down: 0 }
}

/// Three days of quarter hours, open from 20:00 to 24:00, dearer from slot to slot; no groups, no tasks.
pub(crate) fn three_evenings() -> Case {
    Case {
        slots: 288,
        visit_cost: 0,
        calendars: vec![(vec![(80, 96), (176, 192), (272, 288)], 0)],
        costs: (0..288).map(|slot| 10 + slot % 96).collect(),
        groups: Vec::new(),
        tasks: Vec::new(),
    }
}

impl Case {
    pub(crate) fn build(&self) -> Problem {
        let mut builder = ProblemBuilder::new(DateTime::UNIX_EPOCH, 15, self.slots);
        builder.visit_cost(self.visit_cost);
        for (number, (open, cutoff_slots)) in self.calendars.iter().enumerate() {
            let id = format!("c{number}");
            builder.add_calendar(Calendar { id, open: open.clone(), cutoff_slots: *cutoff_slots });
        }
        builder.add_profile(Profile { id: "p0".into(), cost: self.costs.clone() });
        for (number, group) in self.groups.iter().enumerate() {
            let caps: Vec<CapRange> =
                group.caps.iter().map(|&(begin, end, cap)| CapRange { begin, end, cap }).collect();
            builder.add_group(GroupInput {
                id: &format!("g{number}"),
                kind: group.kind,
                cap: group.cap,
                caps: &caps,
                down: group.down,
            });
        }
        for (number, task) in self.tasks.iter().enumerate() {
            let names: Vec<(String, u32)> =
                task.after.iter().map(|&(earlier, gap)| (format!("T{earlier}"), gap)).collect();
            let after: Vec<(&str, u32)> = names.iter().map(|(name, gap)| (name.as_str(), *gap)).collect();
            builder.add_task(TaskInput {
                id: &format!("T{number}"),
                duration: task.duration,
                calendar: task.calendar,
                profile: Some(0),
                volume: task.volume,
                release: task.release,
                deadline: task.deadline,
                weight: task.weight,
                groups: &task.groups,
                site: task.site.map(|site| format!("S{site}")).as_deref(),
                current: task.current,
                pinned: task.pinned,
                after: &after,
            });
        }
        builder.finish().expect("a generated case is valid")
    }

    /// The same case with one change applied for one of its tasks.
    pub(crate) fn with(&self, task: usize, change: &Change) -> Case {
        let mut case = self.clone();
        let raise = |case: &mut Case, name: &str, by: u32| {
            let number: usize = name[1..].parse().expect("groups are called g and a number");
            let group = &mut case.groups[number];
            group.cap += by;
            group.caps.iter_mut().for_each(|range| range.2 += by);
        };
        match change {
            Change::GroupCap { group, cap_add } => raise(&mut case, group, *cap_add),
            Change::GroupCaps { groups, cap_add } => {
                groups.iter().for_each(|group| raise(&mut case, group, *cap_add));
            }
            Change::Deadline { deadline_add_slots } => case.tasks[task].deadline += deadline_add_slots,
            Change::Release { release_subtract_slots } => case.tasks[task].release -= release_subtract_slots,
            Change::Opening { opening } => {
                let (mut open, cutoff) = case.calendars[case.tasks[task].calendar as usize].clone();
                open.push(*opening);
                open.sort_unstable();
                let merged = open.into_iter().fold(Vec::<(u32, u32)>::new(), |mut merged, (begin, end)| {
                    match merged.last_mut() {
                        Some(last) if begin < last.1 => last.1 = last.1.max(end),
                        _ => merged.push((begin, end)),
                    }
                    merged
                });
                case.calendars.push((merged, cutoff));
                case.tasks[task].calendar = case.calendars.len() as u32 - 1;
            }
            Change::Predecessor { .. } => {}
        }
        case
    }

    /// The same case with a plan's starts announced.
    pub(crate) fn announced(&self, plan: &Plan) -> Case {
        let mut case = self.clone();
        for (task, start) in case.tasks.iter_mut().zip(&plan.starts) {
            task.current = *start;
        }
        case
    }
}

pub(crate) fn solve(problem: &Problem) -> Outcome {
    planner::solve(problem, &SolveOptions::default(), &StoppedWatch)
}

/// A few tasks with everything a problem can have.
pub(crate) fn small(seed: u64, tasks: usize) -> Case {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let slots = 16;
    let calendars = (0..2)
        .map(|_| {
            let mut begin = random.random_range(0..4);
            let mut open = Vec::new();
            while begin < slots - 2 {
                let end = (begin + random.random_range(1..7)).min(slots);
                open.push((begin, end));
                begin = end + random.random_range(0..6);
            }
            (open, random.random_range(0..3))
        })
        .collect();
    let groups = (0..4)
        .map(|number| CaseGroup {
            kind: if number == 3 { "site" } else { "cell" },
            cap: random.random_range(1..3),
            caps: if random.random_bool(0.3) { vec![(4, 10, random.random_range(0..3))] } else { Vec::new() },
            down: u32::from(random.random_bool(0.15)),
        })
        .collect();
    let mut case = Case {
        slots,
        visit_cost: if random.random_bool(0.3) { random.random_range(1..30) } else { 0 },
        calendars,
        costs: (0..slots).map(|_| random.random_range(0..20)).collect(),
        groups,
        tasks: Vec::new(),
    };
    for number in 0..tasks {
        let release = random.random_range(0..8);
        let duration = random.random_range(1..4);
        let current = random.random_bool(0.2).then(|| random.random_range(0..slots - duration));
        case.tasks.push(CaseTask {
            duration,
            calendar: random.random_range(0..2),
            volume: random.random_range(0..4),
            release,
            deadline: random.random_range(release..=slots),
            weight: random.random_range(0..4),
            groups: (0..4).filter(|_| random.random_bool(0.5)).collect(),
            site: random.random_bool(0.7).then(|| random.random_range(0..2)),
            current,
            pinned: current.is_some() && random.random_bool(0.3),
            after: if number > 0 && random.random_bool(0.2) {
                vec![(random.random_range(0..number), random.random_range(0..3))]
            } else {
                Vec::new()
            },
        });
    }
    case
}

/// Caps close to what is needed: a plan is planted first, and every cap is what that plan needs.
pub(crate) fn tight(seed: u64, tasks: usize) -> Case {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let days = 10;
    let slots = days * 96;
    let calendars = (0..6)
        .map(|_| {
            let begin = random.random_range(0..60);
            ((0..days).map(|day| (day * 96 + begin, day * 96 + begin + 16)).collect(), 0)
        })
        .collect();
    let mut case = Case {
        slots,
        visit_cost: 0,
        calendars,
        costs: (0..slots).map(|slot| 5 + (slot * 37 % 96) + random.random_range(0..10)).collect(),
        groups: Vec::new(),
        tasks: Vec::new(),
    };
    let (regions, cells, sites) = (3, 8, tasks / 3);
    let group_count = 1 + regions + cells + sites;
    let mut need = vec![vec![0u32; slots as usize]; group_count];
    for _ in 0..tasks {
        let site = random.random_range(0..sites);
        let cell = site % cells;
        let numbers = [0, 1 + cell % regions, 1 + regions + cell, 1 + regions + cells + site];
        let duration = random.random_range(1..8);
        let calendar = (site % 6) as u32;
        // The planted start: the emptiest of a few, so that the peaks that become caps are low.
        let start = (0..12)
            .map(|_| {
                let open = &case.calendars[calendar as usize].0;
                let (begin, end) = open[random.random_range(0..open.len())];
                random.random_range(begin..=end - duration)
            })
            .min_by_key(|&start| {
                let down =
                    |number: &usize| need[*number][start as usize..(start + duration) as usize].iter().max();
                numbers.iter().map(|number| down(number).copied().unwrap_or(0)).collect::<Vec<u32>>()
            })
            .expect("twelve starts were tried");
        for number in numbers {
            need[number][start as usize..(start + duration) as usize].iter_mut().for_each(|down| *down += 1);
        }
        case.tasks.push(CaseTask {
            duration,
            calendar,
            volume: random.random_range(1..6),
            release: start.saturating_sub(random.random_range(0..slots)),
            deadline: (start + duration + random.random_range(0..slots)).min(slots),
            weight: random.random_range(1..4),
            groups: numbers.iter().map(|&number| number as u32).collect(),
            site: Some(site as u32),
            current: None,
            pinned: false,
            after: Vec::new(),
        });
    }
    case.groups = need
        .iter()
        .enumerate()
        .map(|(number, down)| {
            let kind = if number > regions + cells { "site" } else { "cell" };
            group(kind, down.iter().copied().max().unwrap_or(0))
        })
        .collect();
    case
}
