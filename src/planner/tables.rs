//! What is prepared once from the problem: prefix sums of profiles, and which groups can bind at all.

use std::collections::HashMap;

use crate::domain::problem::{After, Calendar, Problem};

/// No start, no row, no task.
pub(super) const NONE: u32 = u32::MAX;

/// Up to so many members a group is counted by looking at its members; beyond, it has a row in the ledger.
const SPARSE_MEMBERS_MAX: u32 = 32;

/// Nobody asks for the members of a larger group: they are found by when they start.
const LISTED_MEMBERS_MAX: u32 = 20_000;

/// How the planner keeps count of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// It can never bind: all its members fit at once.
    Never,
    /// Few members: look at each.
    Sparse,
    /// A row of the ledger.
    Dense(u32),
}

/// Prepared once, read by everybody.
#[derive(Debug)]
pub(super) struct Tables<'p> {
    pub(super) problem: &'p Problem,
    pub(super) slots: u32,
    pub(super) words: usize,
    counts: Vec<Count>,
    /// The group of each row.
    pub(super) dense: Vec<u32>,
    /// By row: how many members the group has.
    pub(super) dense_members: Vec<u32>,
    member_offsets: Vec<u32>,
    members: Vec<u32>,
    profile_sums: Vec<Vec<i64>>,
    no_profile: Vec<i64>,
    pinned: Vec<bool>,
    /// Sorted by predecessor.
    followers: Vec<After>,
    chains: HashMap<u32, Chain>,
    /// Number of tasks of each site, pinned ones included.
    pub(super) site_tasks: Vec<u32>,
    pub(super) longest: u32,
    /// For each slot (and the one after the last), how many slots before it may be used at all.
    axis: Vec<u32>,
    /// By group: its number among those in whose members tasks are kept apart, from 1; 0 for all others.
    shelf_of_group: Vec<u8>,
    pub(super) shelves: usize,
}

impl<'p> Tables<'p> {
    pub(super) fn new(problem: &'p Problem) -> Tables<'p> {
        let tasks = 0..problem.task_count() as u32;
        let mut sizes = vec![0u32; problem.group_count()];
        let mut site_tasks = vec![0u32; problem.site_count()];
        for task in tasks.clone() {
            for &group in problem.groups_of(task) {
                sizes[group as usize] += 1;
            }
            if let Some(site) = problem.site(task) {
                site_tasks[site as usize] += 1;
            }
        }
        let mut dense = Vec::new();
        let counts: Vec<Count> = (0..problem.group_count() as u32)
            .map(|number| {
                let group = problem.group(number);
                let lowest = group.caps.iter().map(|range| range.cap).chain([group.cap]).min();
                let size = sizes[number as usize];
                if lowest.unwrap_or(0).saturating_sub(group.down) >= size {
                    Count::Never
                } else if size <= SPARSE_MEMBERS_MAX {
                    Count::Sparse
                } else {
                    dense.push(number);
                    Count::Dense(dense.len() as u32 - 1)
                }
            })
            .collect();
        let mut member_offsets = vec![0u32; problem.group_count() + 1];
        for group in 0..problem.group_count() {
            let kept = if is_listed(counts[group], sizes[group]) { sizes[group] } else { 0 };
            member_offsets[group + 1] = member_offsets[group] + kept;
        }
        let mut members = vec![0u32; member_offsets[problem.group_count()] as usize];
        let mut next = member_offsets.clone();
        for task in tasks.clone() {
            for &group in problem.groups_of(task) {
                if is_listed(counts[group as usize], sizes[group as usize]) {
                    members[next[group as usize] as usize] = task;
                    next[group as usize] += 1;
                }
            }
        }
        let profile_sums = problem
            .profiles()
            .iter()
            .map(|profile| {
                let mut sum = 0;
                let costs = profile.cost.iter().map(|&cost| {
                    sum += i64::from(cost);
                    sum
                });
                std::iter::once(0).chain(costs).collect()
            })
            .collect();
        let mut pinned = vec![false; problem.task_count()];
        for &task in problem.pinned_tasks() {
            pinned[task as usize] = true;
        }
        let mut followers = problem.precedences().to_vec();
        followers.sort_unstable_by_key(|edge| (edge.predecessor, edge.task));
        let chains = chains(problem, &followers);
        let axis = axis(problem);
        let (shelf_of_group, shelves) = shelves(problem, &sizes);
        Tables {
            shelf_of_group,
            shelves,
            problem,
            slots: problem.slots(),
            words: problem.slots().div_ceil(64) as usize,
            counts,
            dense_members: dense.iter().map(|&group| sizes[group as usize]).collect(),
            dense,
            member_offsets,
            members,
            profile_sums,
            no_profile: vec![0; problem.slots() as usize + 1],
            pinned,
            followers,
            chains,
            site_tasks,
            axis,
            longest: tasks.map(|task| problem.duration(task)).max().unwrap_or(0),
        }
    }

    /// Number of slots that may be used at all: the width of the axis.
    pub(super) fn width(&self) -> usize {
        self.axis[self.slots as usize] as usize
    }

    /// The place of a slot on the axis, which leaves out all slots that nobody can use. Inside an opening
    /// places follow each other as slots do.
    pub(super) fn on_axis(&self, slot: u32) -> u32 {
        self.axis[slot as usize]
    }

    /// The slots of the axis, in order.
    pub(super) fn axis_slots(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.slots).filter(|&slot| self.axis[slot as usize] < self.axis[slot as usize + 1])
    }

    pub(super) fn task_count(&self) -> u32 {
        self.problem.task_count() as u32
    }

    pub(super) fn count(&self, group: u32) -> Count {
        self.counts[group as usize]
    }

    /// The members of a group, unless it is so large that its list is empty.
    pub(super) fn members(&self, group: u32) -> &[u32] {
        let at = group as usize;
        &self.members[self.member_offsets[at] as usize..self.member_offsets[at + 1] as usize]
    }

    /// How many members a group has that can bind.
    pub(super) fn size(&self, group: u32) -> u32 {
        match self.count(group) {
            Count::Never => 0,
            Count::Sparse => self.members(group).len() as u32,
            Count::Dense(row) => self.dense_members[row as usize],
        }
    }

    /// The shelf on which a task is kept, so that members of one large group are found without a look at others.
    pub(super) fn shelf(&self, task: u32) -> usize {
        if self.shelves == 1 {
            return 0;
        }
        let groups = self.problem.groups_of(task).iter();
        groups.map(|&group| self.shelf_of_group[group as usize]).find(|&shelf| shelf > 0).unwrap_or(0).into()
    }

    /// The shelf on which all members of a group are and nobody else, if there is one.
    pub(super) fn shelf_of(&self, group: u32) -> Option<usize> {
        match self.shelf_of_group[group as usize] {
            0 => None,
            shelf => Some(shelf.into()),
        }
    }

    pub(super) fn pinned(&self, task: u32) -> bool {
        self.pinned[task as usize]
    }

    /// Rows of the ledger in which the task counts.
    pub(super) fn rows(&self, task: u32) -> impl Iterator<Item = u32> + '_ {
        self.problem.groups_of(task).iter().filter_map(|&group| match self.count(group) {
            Count::Dense(row) => Some(row),
            _ => None,
        })
    }

    /// Cost sums of the task's profile: the cost of `[a, b)` is `sums[b] - sums[a]`, for one unit of volume.
    pub(super) fn sums(&self, task: u32) -> &[i64] {
        match self.problem.profile_index(task) {
            Some(profile) => &self.profile_sums[profile as usize],
            None => &self.no_profile,
        }
    }

    /// The task's own cost at a start, without visits.
    pub(super) fn cost(&self, task: u32, start: u32) -> i64 {
        let sums = self.sums(task);
        let end = start + self.problem.duration(task);
        i64::from(self.problem.volume(task)) * (sums[end as usize] - sums[start as usize])
    }

    pub(super) fn followers(&self, task: u32) -> &[After] {
        if !self.has_precedence(task) {
            return &[];
        }
        let from = self.followers.partition_point(|edge| edge.predecessor < task);
        let count = self.followers[from..].partition_point(|edge| edge.predecessor == task);
        &self.followers[from..from + count]
    }

    pub(super) fn predecessors(&self, task: u32) -> &[After] {
        if self.has_precedence(task) { self.problem.after_of(task) } else { &[] }
    }

    pub(super) fn has_precedence(&self, task: u32) -> bool {
        !self.chains.is_empty() && self.chains.contains_key(&task)
    }

    /// How many predecessors stand before a task, one after the other.
    pub(super) fn depth(&self, task: u32) -> u32 {
        self.chains.get(&task).map_or(0, |chain| chain.depth)
    }

    /// The slot by which a task should have ended so that its followers can meet their deadlines.
    pub(super) fn latest_end(&self, task: u32) -> u32 {
        self.chains.get(&task).map_or_else(|| self.problem.deadline(task), |chain| chain.latest_end)
    }

    /// The announced start, if the task's calendar and dates still allow it.
    pub(super) fn home(&self, task: u32) -> Option<u32> {
        self.home_within(task, self.problem.release(task), self.problem.deadline(task))
    }

    /// The announced start, if the task's calendar allows it inside `[release, deadline)`.
    pub(super) fn home_within(&self, task: u32, release: u32, deadline: u32) -> Option<u32> {
        let home = self.problem.current(task)?;
        self.runs(task, release, deadline).any(|(first, last)| first <= home && home <= last).then_some(home)
    }

    /// Runs `[first, last]` of starts that the calendar allows with the task inside `[release, deadline)`.
    pub(super) fn runs(
        &self,
        task: u32,
        release: u32,
        deadline: u32,
    ) -> impl Iterator<Item = (u32, u32)> + use<'p> {
        self.runs_of(self.problem.calendar(task), self.problem.duration(task), release, deadline)
    }

    /// The same for any task of this calendar and duration.
    pub(super) fn runs_of(
        &self,
        calendar: &'p Calendar,
        duration: u32,
        release: u32,
        deadline: u32,
    ) -> impl Iterator<Item = (u32, u32)> + use<'p> {
        let tail = duration.max(calendar.cutoff_slots);
        let latest = deadline.checked_sub(duration);
        let from = calendar.open.partition_point(|&(_, end)| end <= release);
        calendar.open[from..]
            .iter()
            .map_while(move |&(begin, end)| {
                let latest = latest?;
                if begin > latest {
                    return None;
                }
                let first = begin.max(release);
                Some(match end.checked_sub(tail) {
                    Some(last) if first <= last.min(latest) => Some((first, last.min(latest))),
                    _ => None,
                })
            })
            .flatten()
    }
}

/// Smaller groups have no shelf.
const SHELVED_MEMBERS_MIN: u32 = 2000;
/// No more shelves than this.
const SHELVES_MAX: usize = 64;

/// Puts the groups of one kind on shelves of their own, and says how many shelves there are: of a kind with a few
/// large groups of which no task counts in two, the one with the least room.
fn shelves(problem: &Problem, sizes: &[u32]) -> (Vec<u8>, usize) {
    let mut shelf_of_group = vec![0u8; sizes.len()];
    let mut kinds: Vec<(&str, Vec<u32>)> = Vec::new();
    for group in (0..sizes.len() as u32).filter(|&group| sizes[group as usize] > SHELVED_MEMBERS_MIN) {
        let kind = problem.group(group).kind;
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, groups)) => groups.push(group),
            None => kinds.push((kind, vec![group])),
        }
    }
    kinds.retain(|(_, groups)| (2..SHELVES_MAX).contains(&groups.len()));
    let room = |groups: &[u32]| groups.iter().map(|&group| u64::from(problem.group(group).cap)).sum::<u64>();
    kinds.sort_by_key(|(kind, groups)| (room(groups), *kind));
    for (_, groups) in kinds {
        for (shelf, &group) in (1..).zip(&groups) {
            shelf_of_group[group as usize] = shelf;
        }
        let is_shelved = |&&group: &&u32| shelf_of_group[group as usize] > 0;
        let in_two = |task: u32| problem.groups_of(task).iter().filter(is_shelved).count() > 1;
        if !(0..problem.task_count() as u32).any(in_two) {
            return (shelf_of_group, groups.len() + 1);
        }
        shelf_of_group.fill(0);
    }
    (shelf_of_group, 1)
}

/// Where a task stands among those that wait for each other.
#[derive(Debug, Clone, Copy)]
struct Chain {
    depth: u32,
    latest_end: u32,
}

fn is_listed(count: Count, size: u32) -> bool {
    count != Count::Never && size <= LISTED_MEMBERS_MAX
}

/// Counts the slots in which some calendar is open or a pinned task stands.
fn axis(problem: &Problem) -> Vec<u32> {
    let slots = problem.slots() as usize;
    let mut edges = vec![0i32; slots + 1];
    let mut mark = |begin: u32, end: u32| {
        edges[begin as usize] += 1;
        edges[end as usize] -= 1;
    };
    for &(begin, end) in problem.calendars().iter().flat_map(|calendar| &calendar.open) {
        mark(begin, end);
    }
    for &task in problem.pinned_tasks() {
        if let Some(start) = problem.current(task) {
            mark(start, start + problem.duration(task));
        }
    }
    let mut axis = Vec::with_capacity(slots + 1);
    let (mut used, mut depth) = (0, 0);
    for edge in edges {
        axis.push(used);
        depth += edge;
        used += u32::from(depth > 0);
    }
    axis
}

fn chains(problem: &Problem, followers: &[After]) -> HashMap<u32, Chain> {
    let mut chains: HashMap<u32, Chain> = HashMap::new();
    for edge in followers {
        for task in [edge.task, edge.predecessor] {
            chains.insert(task, Chain { depth: 0, latest_end: problem.deadline(task) });
        }
    }
    let mut waiting: HashMap<u32, usize> = HashMap::new();
    for edge in followers {
        *waiting.entry(edge.task).or_default() += 1;
    }
    let mut order: Vec<u32> = chains.keys().copied().filter(|task| !waiting.contains_key(task)).collect();
    let mut at = 0;
    while at < order.len() {
        let task = order[at];
        at += 1;
        let depth = chains[&task].depth + 1;
        let from = followers.partition_point(|edge| edge.predecessor < task);
        for edge in followers[from..].iter().take_while(|edge| edge.predecessor == task) {
            if let Some(chain) = chains.get_mut(&edge.task) {
                chain.depth = chain.depth.max(depth);
            }
            if let Some(count) = waiting.get_mut(&edge.task) {
                *count -= 1;
                if *count == 0 {
                    order.push(edge.task);
                }
            }
        }
    }
    for &task in order.iter().rev() {
        for edge in problem.after_of(task) {
            let start = chains[&task].latest_end.saturating_sub(problem.duration(task));
            if let Some(chain) = chains.get_mut(&edge.predecessor) {
                chain.latest_end = chain.latest_end.min(start.saturating_sub(edge.gap_slots));
            }
        }
    }
    chains
}
