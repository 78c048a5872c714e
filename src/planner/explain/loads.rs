//! How full groups are under given starts: for each group that somebody asks about, what one more task lacks
//! from slot to slot (a step wherever that changes), and its members in the order of their starts.
//!
//! Memory follows the memberships, not groups times slots: a fleet has more shops than a plan has slots.

use crate::domain::problem::Problem;
use crate::planner::tables::NONE;

/// From `slot` on (until the next step) one more task of the group is `over` too many; it fits at 0 or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) slot: u32,
    pub(super) over: i32,
}

/// Caps and those who are down already may be any number; what exceeds this is as good as without end.
pub(super) const ENDLESS: i32 = 1 << 30;

/// The loads of some groups. Groups that nobody wanted have no members and no steps here.
#[derive(Debug)]
pub(super) struct Loads<'p> {
    pub(super) problem: &'p Problem,
    starts: Vec<u32>,
    member_offsets: Vec<usize>,
    members: Vec<u32>,
    step_offsets: Vec<usize>,
    steps: Vec<Step>,
}

impl<'p> Loads<'p> {
    /// The loads of `wanted` groups (one flag a group) with every task at its start in `starts`.
    pub(super) fn new(problem: &'p Problem, starts: Vec<u32>, wanted: &[bool]) -> Loads<'p> {
        let by_start = in_order_of_start(problem, &starts, wanted);
        let groups = problem.group_count();
        let of = |task: u32| problem.groups_of(task).iter().map(|&group| group as usize);
        let mut member_offsets = vec![0; groups + 1];
        for &task in &by_start {
            of(task).filter(|&group| wanted[group]).for_each(|group| member_offsets[group + 1] += 1);
        }
        for group in 0..groups {
            member_offsets[group + 1] += member_offsets[group];
        }
        let mut members = vec![0; member_offsets[groups]];
        let mut next = member_offsets.clone();
        for &task in &by_start {
            for group in of(task).filter(|&group| wanted[group]) {
                members[next[group]] = task;
                next[group] += 1;
            }
        }
        let mut loads =
            Loads { problem, starts, member_offsets, members, step_offsets: vec![0], steps: Vec::new() };
        let mut change = vec![0; problem.slots() as usize + 1];
        for (group, &wanted) in (0..).zip(wanted) {
            if wanted {
                loads.add_steps(group, &mut change);
            }
            loads.step_offsets.push(loads.steps.len());
        }
        loads
    }

    /// Appends the steps of a group. `change` is all zeros, one number a slot, and is left so.
    fn add_steps(&mut self, group: u32, change: &mut [i64]) {
        let problem = self.problem;
        let budget = problem.group(group);
        let span = |task: u32| {
            let start = self.starts[task as usize];
            (start, start + problem.duration(task))
        };
        let members = self.members(group);
        let borders = budget.caps.iter().flat_map(|range| [range.begin, range.end]);
        let mut at: Vec<u32> = if members.len() + budget.caps.len() < problem.slots() as usize / 16 {
            let ends = members.iter().flat_map(|&task| <[u32; 2]>::from(span(task)));
            let mut at: Vec<u32> = std::iter::once(0).chain(ends).chain(borders).collect();
            at.sort_unstable();
            at.dedup();
            at
        } else {
            (0..problem.slots()).collect()
        };
        at.retain(|&slot| slot < problem.slots());
        for &task in members {
            let (start, end) = span(task);
            change[start as usize] += 1;
            change[end as usize] -= 1;
        }
        let mut down = 0;
        let mut steps: Vec<Step> = Vec::new();
        for slot in at {
            down += std::mem::take(&mut change[slot as usize]);
            let over = down + 1 + i64::from(budget.down) - i64::from(budget.cap_at(slot));
            let over = over.clamp(-i64::from(ENDLESS), i64::from(ENDLESS)) as i32;
            if steps.last().is_none_or(|last| last.over != over) {
                steps.push(Step { slot, over });
            }
        }
        change[problem.slots() as usize] = 0;
        self.steps.append(&mut steps);
    }

    pub(super) fn start(&self, task: u32) -> Option<u32> {
        let start = self.starts[task as usize];
        (start != NONE).then_some(start)
    }

    pub(super) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// Placed members of a group, in the order of their starts.
    pub(super) fn members(&self, group: u32) -> &[u32] {
        let group = group as usize;
        &self.members[self.member_offsets[group]..self.member_offsets[group + 1]]
    }

    pub(super) fn steps(&self, group: u32) -> &[Step] {
        let group = group as usize;
        &self.steps[self.step_offsets[group]..self.step_offsets[group + 1]]
    }
}

/// By how much one more task is too many in the fullest slot of `[begin, end)`, and the first such slot.
pub(super) fn worst(steps: &[Step], begin: u32, end: u32) -> (i32, u32) {
    let from = steps.partition_point(|step| step.slot <= begin).saturating_sub(1);
    let within = steps[from..].iter().take_while(|step| step.slot < end);
    within.fold((i32::MIN, begin), |worst, step| match step.over > worst.0 {
        true => (step.over, step.slot.max(begin)),
        false => worst,
    })
}

/// Placed tasks that count in any wanted group, in the order of their starts, and of their numbers where these are
/// equal.
fn in_order_of_start(problem: &Problem, starts: &[u32], wanted: &[bool]) -> Vec<u32> {
    if !wanted.contains(&true) {
        return Vec::new();
    }
    let is_asked = |task: u32| problem.groups_of(task).iter().any(|&group| wanted[group as usize]);
    let placed: Vec<(u32, u32)> = (0u32..)
        .zip(starts)
        .filter(|&(task, &start)| start != NONE && is_asked(task))
        .map(|(task, &start)| (task, start))
        .collect();
    let mut next = vec![0; problem.slots() as usize + 1];
    placed.iter().for_each(|&(_, start)| next[start as usize + 1] += 1);
    for slot in 0..problem.slots() as usize {
        next[slot + 1] += next[slot];
    }
    let mut order = vec![0; placed.len()];
    for (task, start) in placed {
        let at: &mut usize = &mut next[start as usize];
        order[*at] = task;
        *at += 1;
    }
    order
}
