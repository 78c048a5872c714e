//! Why one task has no place, and the smallest change that would give it one with everything else where it is.
//!
//! Tasks that agree in calendar, duration, dates and groups, and that nobody waits for, share the answer.

use std::collections::HashMap;

use super::loads::{ENDLESS, Loads};
use super::neighbours::Neighbours;
use super::room::Room;
use crate::domain::plan_file::{Change, Reason, Unplaced};
use crate::domain::problem::{Problem, SITE_KIND};
use crate::planner::bits::{self, Bits};

/// What is to be said about a task, with groups by their numbers.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) reason: Reason,
    /// What stands in the way at the best start, and by how much it would have to be raised.
    pub(super) groups: Vec<u32>,
    pub(super) cap_add: u32,
    pub(super) change: Option<Change>,
    /// Groups that alone forbid some start: raised far enough, any one of them lets the task in. Site rules
    /// are left out.
    pub(super) alone: Vec<u32>,
    /// Where its groups would take it in, were its calendar open there.
    pub(super) opening: Option<(u32, u32)>,
}

/// Which starts there are for one task.
struct Sight {
    /// Starts that its calendar allows.
    allowed: Bits,
    /// For each of its groups the starts that the group forbids.
    forbidden: Vec<Bits>,
    /// At `[k]`: starts that more than `k` of its groups forbid. One plane more than it has groups.
    more_than: Vec<Vec<u64>>,
}

/// The groups to raise, all by the same number.
struct Lack {
    cap_add: u32,
    groups: Vec<u32>,
}

type Class<'p> = (u32, u32, u32, u32, &'p [u32]);

/// Gives reasons, and remembers them for the next task of the same kind.
pub(super) struct Reasons<'l, 'p> {
    problem: &'p Problem,
    neighbours: &'l Neighbours<'p>,
    room: Room<'l, 'p>,
    /// Only pinned tasks stand there.
    pinned: Room<'l, 'p>,
    /// Nobody does.
    empty: Room<'l, 'p>,
    known: HashMap<Class<'p>, Answer>,
}

impl<'l, 'p> Reasons<'l, 'p> {
    pub(super) fn new(
        neighbours: &'l Neighbours<'p>,
        loads: &'l Loads<'p>,
        pinned: &'l Loads<'p>,
        empty: &'l Loads<'p>,
    ) -> Reasons<'l, 'p> {
        Reasons {
            problem: loads.problem,
            neighbours,
            room: Room::new(loads),
            pinned: Room::new(pinned),
            empty: Room::new(empty),
            known: HashMap::new(),
        }
    }

    pub(super) fn of(&mut self, task: u32) -> Answer {
        if self.neighbours.has(task) {
            return self.find(task);
        }
        let problem = self.problem;
        let class = (
            problem.calendar_index(task),
            problem.duration(task),
            problem.release(task),
            problem.deadline(task),
            problem.groups_of(task),
        );
        if let Some(answer) = self.known.get(&class) {
            return answer.clone();
        }
        let answer = self.find(task);
        self.known.insert(class, answer.clone());
        answer
    }

    fn find(&mut self, task: u32) -> Answer {
        let problem = self.problem;
        let sight = Sight::new(&mut self.room, task);
        let (release, deadline) = (problem.release(task), problem.deadline(task));
        let no_lack = |reason, change, opening| Answer {
            reason,
            groups: Vec::new(),
            cap_add: 0,
            change,
            alone: Vec::new(),
            opening,
        };
        let opens = self.first_start(task, &sight, release, deadline).is_some();
        let Some((earliest, latest_end)) = self.neighbours.span(task, |other| self.room.loads.start(other))
        else {
            let change = self.predecessor(task, &sight);
            return no_lack(if opens { Reason::AfterUnplaced } else { Reason::NoOpening }, change, None);
        };
        let (from, until) = (release.max(earliest), deadline.min(latest_end));
        let opening = self.opening(task, &sight, from, until);
        let open = opening.map(|opening| Change::Opening { opening });
        let best = self.least_lack(task, &sight, from, until, |_| true);
        let Some(best) = best else {
            let change = self
                .other_dates(task, &sight, earliest, latest_end)
                .or(open)
                .or_else(|| self.predecessor(task, &sight));
            let in_time = self.first_start(task, &sight, release.max(earliest), deadline).is_some();
            let reason = match (opens, in_time) {
                (false, _) => Reason::NoOpening,
                (true, false) => Reason::AfterUnplaced,
                (true, true) => Reason::PinnedConflict,
            };
            return no_lack(reason, change, opening);
        };
        let is_site = |group: u32| problem.group(group).kind == SITE_KIND;
        let budgets = self.least_lack(task, &sight, from, until, |group| !is_site(group));
        let (one, several) = match budgets {
            Some(lack) if lack.groups.len() == 1 => (Some(lack), None),
            lack => (None, lack),
        };
        let change = one
            .and_then(|lack| self.raise(&lack))
            .or_else(|| self.other_dates(task, &sight, earliest, latest_end))
            .or_else(|| several.and_then(|lack| self.raise(&lack)))
            .or(open)
            .or_else(|| self.raise(&best))
            .or_else(|| self.predecessor(task, &sight));
        let pinned_alone =
            fits(&mut self.empty, task, from, until) && !fits(&mut self.pinned, task, from, until);
        let reason = match best.groups.iter().any(|&group| is_site(group)) {
            _ if pinned_alone => Reason::PinnedConflict,
            true => Reason::SiteRule,
            false => Reason::BudgetFull,
        };
        let alone = sight.alone(problem, task, from, until);
        Answer { reason, cap_add: best.cap_add, groups: best.groups, change, alone, opening }
    }

    fn raise(&self, lack: &Lack) -> Option<Change> {
        let name = |group: u32| self.problem.group(group).id.to_owned();
        let cap_add = lack.cap_add;
        (cap_add < ENDLESS.unsigned_abs()).then(|| match lack.groups.as_slice() {
            &[group] => Change::GroupCap { group: name(group), cap_add },
            several => {
                Change::GroupCaps { groups: several.iter().map(|&group| name(group)).collect(), cap_add }
            }
        })
    }

    fn first_start(&self, task: u32, sight: &Sight, from: u32, until: u32) -> Option<u32> {
        let last = until.checked_sub(self.problem.duration(task))?;
        bits::ones(from, last, |at| sight.allowed[at]).next()
    }

    /// The fewest groups, raised by the least, that let the task in somewhere in `[from, until)`, and of these
    /// the ones at the earliest start; only `usable` groups are raised.
    fn least_lack(
        &self,
        task: u32,
        sight: &Sight,
        from: u32,
        until: u32,
        usable: impl Fn(u32) -> bool,
    ) -> Option<Lack> {
        let duration = self.problem.duration(task);
        let last = until.checked_sub(duration)?;
        let groups = self.problem.groups_of(task);
        let mut open = sight.allowed.to_vec();
        for (forbidden, _) in sight.forbidden.iter().zip(groups).filter(|&(_, &group)| !usable(group)) {
            open.iter_mut().zip(&**forbidden).for_each(|(open, forbidden)| *open &= !forbidden);
        }
        // A start that no group forbids would have been taken; it counts as lacking nothing all the same.
        let count = (0..=groups.len()).find(|&count| {
            bits::ones(from, last, |at| open[at] & !sight.more_than[count][at]).next().is_some()
        })?;
        let lacking = |start: u32| {
            let (at, bit) = (start as usize / 64, start % 64);
            let pairs = groups.iter().zip(&sight.forbidden);
            pairs.filter(move |(_, bits)| bits[at] >> bit & 1 == 1).map(|(&group, _)| group)
        };
        let mut best: Option<(i32, u32)> = None;
        for start in bits::ones(from, last, |at| open[at] & !sight.more_than[count][at]) {
            let over = |group: u32| self.room.over(group, start, start + duration);
            let most = lacking(start).map(over).max().unwrap_or(0);
            if best.is_none_or(|(least, _)| most < least) {
                best = Some((most, start));
            }
            if most <= 1 {
                break;
            }
        }
        let (most, start) = best?;
        Some(Lack { cap_add: most.unsigned_abs(), groups: lacking(start).collect() })
    }

    /// A later deadline or an earlier release: the shorter way to a start that everything else allows.
    fn other_dates(&self, task: u32, sight: &Sight, earliest: u32, latest_end: u32) -> Option<Change> {
        let problem = self.problem;
        let duration = problem.duration(task);
        let (release, deadline) = (problem.release(task), problem.deadline(task));
        let fitting = |at: usize| sight.allowed[at] & !sight.more_than[0][at];
        let later = latest_end
            .checked_sub(duration)
            .and_then(|last| bits::ones(release.max(earliest), last, fitting).next())
            .map(|start| (start + duration).saturating_sub(deadline))
            .filter(|&slots| slots > 0);
        let earlier = deadline
            .min(latest_end)
            .checked_sub(duration)
            .and_then(|last| bits::last_one(earliest, last, fitting))
            .map(|start| release.saturating_sub(start))
            .filter(|&slots| slots > 0);
        match (later, earlier) {
            (Some(later), Some(earlier)) if earlier < later => {
                Some(Change::Release { release_subtract_slots: earlier })
            }
            (Some(later), _) => Some(Change::Deadline { deadline_add_slots: later }),
            (None, Some(earlier)) => Some(Change::Release { release_subtract_slots: earlier }),
            (None, None) => None,
        }
    }

    /// An opening just long enough for the task, at the earliest start within its dates that its groups leave.
    fn opening(&self, task: u32, sight: &Sight, from: u32, until: u32) -> Option<(u32, u32)> {
        let problem = self.problem;
        let duration = problem.duration(task);
        let length = duration.max(problem.calendar(task).cutoff_slots);
        let last = until.checked_sub(duration)?.min(problem.slots().checked_sub(length)?);
        let start = bits::ones(from, last, |at| !sight.more_than[0][at]).next()?;
        Some((start, start + length))
    }

    /// The one predecessor that keeps the task out: standing as early as its own calendar and release allow, it
    /// would leave the task a place.
    fn predecessor(&mut self, task: u32, sight: &Sight) -> Option<Change> {
        let problem = self.problem;
        let found = self.neighbours.of(task).0.iter().find(|edge| {
            let before = edge.predecessor;
            let calendar = self.room.allowed(before);
            let first = bits::ones(problem.release(before), problem.slots() - 1, |at| calendar[at]).next();
            let first = first.unwrap_or_else(|| problem.release(before));
            let stands = self.room.loads.start(before);
            if problem.pinned(before) || stands.is_some_and(|start| start <= first) {
                return false;
            }
            let start = |other| if other == before { Some(first) } else { self.room.loads.start(other) };
            let Some((earliest, latest_end)) = self.neighbours.span(task, start) else { return false };
            let from = problem.release(task).max(earliest);
            let last = problem.deadline(task).min(latest_end).checked_sub(problem.duration(task));
            let fitting = |at: usize| sight.allowed[at] & !sight.more_than[0][at];
            last.is_some_and(|last| bits::ones(from, last, fitting).next().is_some())
        })?;
        Some(Change::Predecessor { predecessor: problem.task_id(found.predecessor).to_owned() })
    }

    /// The room as the plan leaves it, with what it remembers.
    pub(super) fn into_room(self) -> Room<'l, 'p> {
        self.room
    }

    /// The entry of the plan for a task.
    pub(super) fn entry(&self, task: u32, answer: &Answer) -> Unplaced {
        let Answer { reason, groups, change, .. } = answer;
        Unplaced {
            task: self.problem.task_id(task).to_owned(),
            reason: *reason,
            groups: groups.iter().map(|&group| self.problem.group(group).id.to_owned()).collect(),
            change: change.clone(),
        }
    }
}

impl Sight {
    fn new(room: &mut Room<'_, '_>, task: u32) -> Sight {
        let problem = room.problem;
        let duration = problem.duration(task);
        let words = room.words();
        let groups = problem.groups_of(task);
        let forbidden: Vec<Bits> = groups.iter().map(|&group| room.forbidden(group, duration)).collect();
        let mut more_than = vec![vec![0; words]; groups.len() + 1];
        for (known, forbidden) in forbidden.iter().enumerate() {
            for count in (0..=known).rev() {
                let (lower, upper) = more_than.split_at_mut(count);
                let below = lower.last();
                for at in 0..words {
                    upper[0][at] |= forbidden[at] & below.map_or(u64::MAX, |below| below[at]);
                }
            }
        }
        Sight { allowed: room.allowed(task), forbidden, more_than }
    }

    /// Groups, other than site rules, that alone forbid a start of `[from, until)`.
    fn alone(&self, problem: &Problem, task: u32, from: u32, until: u32) -> Vec<u32> {
        let Some(last) = until.checked_sub(problem.duration(task)) else { return Vec::new() };
        let groups = problem.groups_of(task);
        let two = self.more_than.get(1);
        let pairs = groups.iter().zip(&self.forbidden);
        pairs
            .filter(|&(&group, forbidden)| {
                let only =
                    |at: usize| self.allowed[at] & forbidden[at] & two.map_or(u64::MAX, |two| !two[at]);
                problem.group(group).kind != SITE_KIND && bits::ones(from, last, only).next().is_some()
            })
            .map(|(&group, _)| group)
            .collect()
    }
}

/// Whether the task fits anywhere in `[from, until)`.
fn fits(room: &mut Room<'_, '_>, task: u32, from: u32, until: u32) -> bool {
    super::fill::first_fit(room, task, from, until).is_some()
}
