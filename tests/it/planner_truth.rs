//! What the tests hold true of a problem and a plan, worked out as plainly as possible: which starts a task has
//! with everybody else where they are, and the same problem with other announced starts.

use offpeak::checker::{self, Code};
use offpeak::domain::plan_file::{Metrics, Plan};
use offpeak::domain::problem::{Calendar, CapRange, GroupInput, Problem, ProblemBuilder, Profile, TaskInput};

/// How many tasks are down in every group and slot.
pub(crate) struct Down(Vec<Vec<u32>>);

impl Down {
    pub(crate) fn of(problem: &Problem, starts: &[Option<u32>]) -> Down {
        let mut down = vec![vec![0; problem.slots() as usize]; problem.group_count()];
        for (task, start) in (0..).zip(starts) {
            let Some(start) = *start else { continue };
            for &group in problem.groups_of(task) {
                let row = &mut down[group as usize];
                row[start as usize..(start + problem.duration(task)) as usize]
                    .iter_mut()
                    .for_each(|n| *n += 1);
            }
        }
        Down(down)
    }

    pub(crate) fn at(&self, group: u32, slot: u32) -> u32 {
        self.0[group as usize][slot as usize]
    }

    /// Starts at which a task without a place keeps every rule, by one plain loop for each rule.
    pub(crate) fn legal_starts(&self, problem: &Problem, starts: &[Option<u32>], task: u32) -> Vec<u32> {
        let duration = problem.duration(task);
        let calendar = problem.calendar(task);
        let until = problem.deadline(task);
        let ended = problem.after_of(task).iter().all(|edge| starts[edge.predecessor as usize].is_some());
        let fits = |start: u32| {
            let end = start + duration;
            ended
                && calendar.open.iter().any(|&(begin, until)| {
                    begin <= start && end <= until && start + calendar.cutoff_slots <= until
                })
                && problem.groups_of(task).iter().all(|&group| {
                    let room = |slot: u32| problem.group(group).room_at(slot);
                    (start..end).all(|slot| self.0[group as usize][slot as usize] < room(slot))
                })
                && problem.precedences().iter().all(|edge| {
                    let at = |other: u32| if other == task { Some(start) } else { starts[other as usize] };
                    match (at(edge.predecessor), at(edge.task)) {
                        (Some(before), Some(after)) if edge.predecessor == task || edge.task == task => {
                            before + problem.duration(edge.predecessor) + edge.gap_slots <= after
                        }
                        _ => true,
                    }
                })
        };
        (problem.release(task)..(until + 1).saturating_sub(duration)).filter(|&start| fits(start)).collect()
    }
}

/// What the independent checker holds against these starts as such; figures and reasons are left out.
pub(crate) fn breaches(problem: &Problem, starts: &[Option<u32>]) -> Vec<String> {
    let plan = Plan::new(problem.sha256().to_owned(), starts.to_vec(), Vec::new(), Metrics::default());
    checker::check(problem, &plan)
        .into_iter()
        .filter(|finding| !matches!(finding.code, Code::NoReason | Code::WrongMetric | Code::WrongBound))
        .map(|finding| finding.to_string())
        .collect()
}

/// A legal start of the task as things stand, which the checker has agreed to.
pub(crate) fn legal_start(problem: &Problem, starts: &[Option<u32>], task: u32) -> Option<u32> {
    let start = *Down::of(problem, starts).legal_starts(problem, starts, task).first()?;
    let mut with = starts.to_vec();
    with[task as usize] = Some(start);
    assert_eq!(breaches(problem, &with), [""; 0], "T{task} at {start}");
    Some(start)
}

/// The same problem with other announced starts, and with its tasks, groups, calendars and profiles in another
/// order if one is given.
pub(crate) struct Retold<'p> {
    problem: &'p Problem,
    pub(crate) current: Vec<Option<u32>>,
    pub(crate) pinned: Vec<bool>,
    /// For each new number the old one.
    pub(crate) tasks: Vec<u32>,
    pub(crate) groups: Vec<u32>,
    pub(crate) calendars: Vec<u32>,
    pub(crate) profiles: Vec<u32>,
}

impl<'p> Retold<'p> {
    pub(crate) fn new(problem: &'p Problem) -> Retold<'p> {
        let tasks = 0..problem.task_count() as u32;
        Retold {
            problem,
            current: tasks.clone().map(|task| problem.current(task)).collect(),
            pinned: tasks.clone().map(|task| problem.pinned(task)).collect(),
            tasks: tasks.collect(),
            groups: (0..problem.group_count() as u32).collect(),
            calendars: (0..problem.calendars().len() as u32).collect(),
            profiles: (0..problem.profiles().len() as u32).collect(),
        }
    }

    pub(crate) fn announced(mut self, starts: &[Option<u32>]) -> Retold<'p> {
        self.current = starts.to_vec();
        self
    }

    pub(crate) fn build(&self) -> Problem {
        let problem = self.problem;
        let mut builder = ProblemBuilder::new(problem.start(), problem.slot_minutes(), problem.slots());
        builder.visit_cost(problem.visit_cost());
        for &number in &self.calendars {
            let Calendar { id, open, cutoff_slots } = problem.calendars()[number as usize].clone();
            builder.add_calendar(Calendar { id, open, cutoff_slots });
        }
        for &number in &self.profiles {
            let Profile { id, cost } = problem.profiles()[number as usize].clone();
            builder.add_profile(Profile { id, cost });
        }
        for &number in &self.groups {
            let group = problem.group(number);
            let caps: Vec<CapRange> = group.caps.to_vec();
            let (id, kind, cap, down) = (group.id, group.kind, group.cap, group.down);
            builder.add_group(GroupInput { id, kind, cap, caps: &caps, down });
        }
        let place = |order: &[u32], old: u32| order.iter().position(|&known| known == old).unwrap() as u32;
        let mut group_places = vec![0; self.groups.len()];
        (0..).zip(&self.groups).for_each(|(new, &old)| group_places[old as usize] = new);
        for &task in &self.tasks {
            let groups: Vec<u32> =
                problem.groups_of(task).iter().map(|&group| group_places[group as usize]).collect();
            let edges = problem.after_of(task).iter();
            let after: Vec<(&str, u32)> =
                edges.map(|edge| (problem.task_id(edge.predecessor), edge.gap_slots)).collect();
            let current = self.current[task as usize];
            builder.add_task(TaskInput {
                id: problem.task_id(task),
                duration: problem.duration(task),
                calendar: place(&self.calendars, problem.calendar_index(task)),
                profile: problem.profile_index(task).map(|profile| place(&self.profiles, profile)),
                volume: problem.volume(task),
                release: problem.release(task),
                deadline: problem.deadline(task),
                weight: problem.weight(task),
                groups: &groups,
                site: problem.site(task).map(|site| problem.site_id(site)),
                current,
                pinned: self.pinned[task as usize] && current.is_some(),
                after: &after,
            });
        }
        builder.finish().expect("as valid as before")
    }
}
