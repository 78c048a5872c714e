//! Where every task stands, what that costs, and where a task could go.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::ledger::{Ledger, Scratch, WINDOW_SLOTS, margin};
use super::prices::Prices;
use super::tables::{Count, NONE, Tables};

/// Of a group, no more tasks than this are looked at for exchange or ejection…
pub(super) const SEEN_MAX: usize = 64;
/// … and no more than this are searched for them.
const SCANNED_MAX: usize = 600;

/// Who counts in more rows than this is looked at the long way.
const ROWS_MAX: usize = 16;

/// A plan in the making: always within the hard rules.
pub(super) struct Board<'t> {
    pub(super) tables: &'t Tables<'t>,
    pub(super) starts: Vec<u32>,
    pub(super) ledger: Ledger,
    pub(super) scratch: Scratch,
    /// Tasks of each site in each night, while nights cost something.
    nights: HashMap<(u32, u32), u32>,
    /// By shelf and slot: tasks that start there, in no particular (but a deterministic) order.
    starting: Vec<Vec<u32>>,
    row_sums: Vec<i64>,
}

impl<'t> Board<'t> {
    /// Only the pinned tasks stand on it.
    pub(super) fn new(tables: &'t Tables<'t>) -> Board<'t> {
        let mut board = Board {
            tables,
            starts: vec![NONE; tables.task_count() as usize],
            ledger: Ledger::new(tables),
            scratch: Scratch::new(tables),
            nights: HashMap::new(),
            starting: vec![Vec::new(); tables.shelves * tables.slots as usize],
            row_sums: Vec::new(),
        };
        for &task in tables.problem.pinned_tasks() {
            if let Some(current) = tables.problem.current(task) {
                board.place(task, current);
            }
        }
        board
    }

    /// Everybody stands where `starts` says, which is legal.
    pub(super) fn of(tables: &'t Tables<'t>, starts: &[u32]) -> Board<'t> {
        let mut board = Board::new(tables);
        for (task, &start) in (0..).zip(starts) {
            if start != NONE && board.starts[task as usize] == NONE {
                board.place(task, start);
            }
        }
        board
    }

    pub(super) fn start(&self, task: u32) -> Option<u32> {
        let start = self.starts[task as usize];
        (start != NONE).then_some(start)
    }

    pub(super) fn place(&mut self, task: u32, start: u32) {
        debug_assert_eq!(self.starts[task as usize], NONE);
        self.starts[task as usize] = start;
        self.ledger.take(self.tables, task, start);
        let list = self.list_of(task, start);
        self.starting[list].push(task);
        if let Some(night) = self.night(task, start) {
            *self.nights.entry(night).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, task: u32) -> u32 {
        let start = std::mem::replace(&mut self.starts[task as usize], NONE);
        debug_assert_ne!(start, NONE);
        self.ledger.give_back(self.tables, task, start);
        let list = self.list_of(task, start);
        let peers = &mut self.starting[list];
        if let Some(at) = peers.iter().position(|&peer| peer == task) {
            peers.swap_remove(at);
        }
        if let Some(night) = self.night(task, start)
            && let Some(count) = self.nights.get_mut(&night)
        {
            *count -= 1;
            if *count == 0 {
                self.nights.remove(&night);
            }
        }
        start
    }

    fn list_of(&self, task: u32, start: u32) -> usize {
        self.tables.shelf(task) * self.tables.slots as usize + start as usize
    }

    fn night(&self, task: u32, start: u32) -> Option<(u32, u32)> {
        if self.tables.problem.visit_cost() == 0 {
            return None;
        }
        self.tables.problem.site(task).map(|site| (site, self.tables.problem.night_of(task, start)))
    }

    /// What a start costs now: the task's own cost, and a visit if nobody else is there that night.
    pub(super) fn cost_now(&self, task: u32, start: u32) -> i64 {
        self.tables.cost(task, start) + self.visit_cost_now(task, start)
    }

    fn visit_cost_now(&self, task: u32, start: u32) -> i64 {
        match self.night(task, start) {
            Some(night) if !self.nights.contains_key(&night) => self.tables.problem.visit_cost() as i64,
            _ => 0,
        }
    }

    /// The span that release, deadline and the placed neighbours in precedence leave, or `None` when a
    /// predecessor has no place.
    pub(super) fn span(&self, task: u32) -> Option<(u32, u32)> {
        let (earliest, latest) = self.neighbours_span(task)?;
        let problem = self.tables.problem;
        Some((earliest.max(problem.release(task)), latest.min(problem.deadline(task))))
    }

    /// The span that the placed neighbours in precedence alone leave.
    pub(super) fn neighbours_span(&self, task: u32) -> Option<(u32, u32)> {
        let problem = self.tables.problem;
        let (mut earliest, mut latest) = (0, problem.slots());
        for edge in self.tables.predecessors(task) {
            let before = self.start(edge.predecessor)?;
            earliest = earliest.max(before + problem.duration(edge.predecessor) + edge.gap_slots);
        }
        for edge in self.tables.followers(task) {
            if let Some(after) = self.start(edge.task) {
                latest = latest.min(after.saturating_sub(edge.gap_slots));
            }
        }
        Some((earliest, latest))
    }

    /// Whether anybody placed and not pinned waits for this task.
    pub(super) fn holds_others(&self, task: u32) -> bool {
        self.tables
            .followers(task)
            .iter()
            .any(|edge| self.start(edge.task).is_some() && !self.tables.pinned(edge.task))
    }

    /// The best legal start of a task that has none: the least cost (its own, its visit's, and the prices of
    /// the slots it takes), then the emptiest slots, then the earliest. An announced start that is legal wins
    /// over everything.
    pub(super) fn best_start(&mut self, task: u32, prices: &Prices) -> Option<(u32, i64)> {
        let (release, deadline) = self.span(task)?;
        self.best_start_within(task, prices, release, deadline)
    }

    pub(super) fn best_start_within(
        &mut self,
        task: u32,
        prices: &Prices,
        release: u32,
        deadline: u32,
    ) -> Option<(u32, i64)> {
        let tables = self.tables;
        let duration = tables.problem.duration(task);
        if release + duration > deadline {
            return None;
        }
        self.ledger.block(tables, &self.starts, task, release, deadline - duration, &mut self.scratch);
        if let Some(home) = tables.home_within(task, release, deadline)
            && !self.scratch.is_blocked(home)
        {
            return Some((home, self.cost_now(task, home)));
        }
        let sums = tables.sums(task);
        let volume = i64::from(tables.problem.volume(task));
        let visits = tables.problem.visit_cost() > 0 && tables.problem.site(task).is_some();
        let mut best: Option<(i64, u32, u32)> = None;
        let rows: Vec<&[i64]> = prices.rows_of(tables, task).collect();
        for (first, last) in tables.runs(task, release, deadline) {
            let count = (last - first + 1) as usize;
            let (low, high) = (first as usize, (first + duration) as usize);
            let buffer = &mut self.row_sums;
            buffer.clear();
            buffer.extend(
                sums[high..high + count].iter().zip(&sums[low..low + count]).map(|(b, a)| volume * (b - a)),
            );
            for row in &rows {
                let ends = row[high..high + count].iter().zip(&row[low..low + count]);
                buffer.iter_mut().zip(ends).for_each(|(sum, (b, a))| *sum += b - a);
            }
            for offset in 0..count as u32 {
                let start = first + offset;
                if self.scratch.is_blocked(start) {
                    continue;
                }
                let mut cost = self.row_sums[offset as usize];
                if visits && best.is_none_or(|(least, ..)| cost <= least) {
                    cost += self.visit_cost_now(task, start);
                }
                if best.is_none_or(|(least, ..)| cost <= least) {
                    let load = self.load(task, start);
                    if best.is_none_or(|(least, lightest, _)| (cost, load) < (least, lightest)) {
                        best = Some((cost, load, start));
                    }
                }
            }
        }
        best.map(|(cost, _, start)| (start, cost))
    }

    /// The first legal start of a task that has none; the announced one, if that is legal.
    pub(super) fn first_start(&mut self, task: u32) -> Option<u32> {
        let tables = self.tables;
        let (release, deadline) = self.span(task)?;
        if let Some(home) = tables.home_within(task, release, deadline) {
            self.ledger.block(tables, &self.starts, task, home, home, &mut self.scratch);
            if !self.scratch.is_blocked(home) {
                return Some(home);
            }
        }
        let duration = tables.problem.duration(task);
        let mut rows = [0u32; ROWS_MAX];
        let mut row_count = 0;
        for row in tables.rows(task) {
            if row_count < ROWS_MAX {
                rows[row_count] = row;
            }
            row_count += 1;
        }
        for (first, last) in tables.runs(task, release, deadline) {
            let mut from = first;
            if row_count <= ROWS_MAX && last + duration - first <= WINDOW_SLOTS {
                match self.ledger.first_free(&rows[..row_count], duration, first, last) {
                    None => continue,
                    Some(start) => from = start,
                }
                if self.fits_small_groups(task, from) {
                    return Some(from);
                }
            }
            self.ledger.block(tables, &self.starts, task, from, last, &mut self.scratch);
            if let Some(start) = self.scratch.first_free(from, last) {
                return Some(start);
            }
        }
        None
    }

    /// Whether the groups without a row let the task start there.
    fn fits_small_groups(&self, task: u32, start: u32) -> bool {
        let tables = self.tables;
        let end = start + tables.problem.duration(task);
        let mut small = tables.problem.groups_of(task).iter();
        small.all(|&group| tables.count(group) != Count::Sparse || self.lack(group, start, end) == 0)
    }

    /// Whether every group of the task, which is not placed, lets it start there.
    pub(super) fn fits(&self, task: u32, start: u32) -> bool {
        let end = start + self.tables.problem.duration(task);
        self.tables.problem.groups_of(task).iter().all(|&group| match self.tables.count(group) {
            Count::Never => true,
            Count::Dense(row) => !self.ledger.is_full(row, start, end),
            Count::Sparse => self.lack(group, start, end) == 0,
        })
    }

    /// How many other tasks are down where this one would be, slot by slot.
    pub(super) fn load(&self, task: u32, start: u32) -> u32 {
        let end = start + self.tables.problem.duration(task);
        self.ledger.down[start as usize..end as usize].iter().sum()
    }

    /// How much a group lacks for one more task over a span: 0 when it fits. The task must not be placed.
    pub(super) fn lack(&self, group: u32, begin: u32, end: u32) -> u32 {
        let tables = self.tables;
        let most = match tables.count(group) {
            Count::Never => return 0,
            Count::Dense(row) => (begin..end).map(|slot| 1 - self.ledger.left(row, slot)).max(),
            Count::Sparse => {
                let budget = tables.problem.group(group);
                let is_near = |&&member: &&u32| {
                    let start = self.starts[member as usize];
                    start < end && begin < start + tables.problem.duration(member)
                };
                let near = || tables.members(group).iter().filter(is_near);
                if near().next().is_none() && budget.caps.is_empty() {
                    Some(1 - margin(budget.cap, budget.down))
                } else {
                    (begin..end)
                        .map(|slot| {
                            let down = near().filter(|&&member| self.is_down(member, slot));
                            1 + down.count() as i32 - margin(budget.cap_at(slot), budget.down)
                        })
                        .max()
                }
            }
        };
        most.unwrap_or(0).max(0) as u32
    }

    /// Notes where a task that is not placed would be one too many at `start`; says no if it would be more than one
    /// too many.
    pub(super) fn obstacles(&self, task: u32, start: u32, obstacles: &mut Vec<(u32, u32)>) -> bool {
        let tables = self.tables;
        let end = start + tables.problem.duration(task);
        obstacles.clear();
        for &group in tables.problem.groups_of(task) {
            match tables.count(group) {
                Count::Never => {}
                Count::Dense(row) => {
                    if self.ledger.is_full(row, start, end) {
                        for slot in start..end {
                            match self.ledger.left(row, slot) {
                                1.. => {}
                                0 => obstacles.push((group, slot)),
                                _ => return false,
                            }
                        }
                    }
                }
                Count::Sparse => {
                    if self.lack(group, start, end) > 0 {
                        for slot in start..end {
                            match self.lack(group, slot, slot + 1) {
                                0 => {}
                                1 => obstacles.push((group, slot)),
                                _ => return false,
                            }
                        }
                    }
                }
            }
        }
        true
    }

    /// How many more tasks of a group fit into a slot; below 0 where more are down than may be.
    pub(super) fn left(&self, group: u32, slot: u32) -> i32 {
        match self.tables.count(group) {
            Count::Dense(row) => self.ledger.left(row, slot),
            Count::Never | Count::Sparse => {
                let budget = self.tables.problem.group(group);
                let members = self.tables.members(group);
                let down = members.iter().filter(|&&member| self.is_down(member, slot)).count();
                margin(budget.cap_at(slot), budget.down) - down as i32
            }
        }
    }

    /// The same for all slots.
    pub(super) fn fill_left(&self, group: u32, left: &mut [i32]) {
        if let Count::Dense(row) = self.tables.count(group) {
            (0..).zip(left).for_each(|(slot, left)| *left = self.ledger.left(row, slot));
            return;
        }
        let problem = self.tables.problem;
        let budget = problem.group(group);
        left.fill(margin(budget.cap, budget.down));
        for range in budget.caps {
            left[range.begin as usize..range.end as usize].fill(margin(range.cap, budget.down));
        }
        for &member in self.tables.members(group) {
            if let Some(start) = self.start(member) {
                let span = start as usize..(start + problem.duration(member)) as usize;
                left[span].iter_mut().for_each(|left| *left -= 1);
            }
        }
    }

    pub(super) fn is_down(&self, task: u32, slot: u32) -> bool {
        let start = self.starts[task as usize];
        start != NONE && start <= slot && slot < start + self.tables.problem.duration(task)
    }

    /// The lists in which members of a group stand that are down in `slot`, with others.
    fn lists_near(&self, group: u32, slot: u32) -> impl Iterator<Item = &Vec<u32>> + Clone {
        let shelves = match self.tables.shelf_of(group) {
            Some(shelf) => shelf..shelf + 1,
            None => 0..self.tables.shelves,
        };
        let earliest = (slot + 1).saturating_sub(self.tables.longest) as usize;
        let slots = self.tables.slots as usize;
        shelves
            .flat_map(move |shelf| &self.starting[shelf * slots + earliest..=shelf * slots + slot as usize])
    }

    /// Calls `see` for members of `group` that are down in `slot`: for all of them in a small group, for a sample
    /// of up to `seen_max` in a large one, which begins at a place that `from` decides.
    pub(super) fn for_each_down(
        &self,
        group: u32,
        slot: u32,
        (from, seen_max): (u32, usize),
        mut see: impl FnMut(u32),
    ) {
        let members = self.tables.members(group);
        let lists = self.lists_near(group, slot);
        let nearby: usize = lists.clone().map(Vec::len).sum();
        let mut left = seen_max;
        if !members.is_empty() && members.len() <= 4 * nearby {
            let (before, after) = members.split_at(from as usize % members.len().max(1));
            for &member in after.iter().chain(before).take(SCANNED_MAX) {
                if self.is_down(member, slot) {
                    see(member);
                    left -= 1;
                    if left == 0 {
                        return;
                    }
                }
            }
            return;
        }
        // From a place somewhere in the lists to their end, and then from their beginning.
        let mut skipped = from as usize % nearby.max(1);
        let rest = lists.clone().flat_map(|list| {
            let skip = skipped.min(list.len());
            skipped -= skip;
            &list[skip..]
        });
        let is_shelved = self.tables.shelf_of(group).is_some();
        for &task in rest.chain(lists.flatten()).take(nearby.min(SCANNED_MAX)) {
            let counts = || self.tables.problem.groups_of(task).binary_search(&group).is_ok();
            if self.is_down(task, slot) && (is_shelved || counts()) {
                see(task);
                left -= 1;
                if left == 0 {
                    return;
                }
            }
        }
    }

    /// All members of a group that are down in `slot`.
    pub(super) fn down_at(&self, group: u32, slot: u32) -> Vec<u32> {
        let members = self.tables.members(group);
        let lists = self.lists_near(group, slot);
        if !members.is_empty() && members.len() <= lists.clone().map(Vec::len).sum() {
            return members.iter().copied().filter(|&member| self.is_down(member, slot)).collect();
        }
        let is_member = |task: u32| self.tables.problem.groups_of(task).binary_search(&group).is_ok();
        let nearby = lists.flatten().copied();
        nearby.filter(|&task| self.is_down(task, slot) && is_member(task)).collect()
    }

    pub(super) fn placed_count(&self) -> u64 {
        self.starts.iter().filter(|&&start| start != NONE).count() as u64
    }

    pub(super) fn placed(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..).zip(&self.starts).filter(|&(_, &start)| start != NONE).map(|(task, &start)| (task, start))
    }

    pub(super) fn weight_placed(&self) -> u64 {
        self.placed().map(|(task, _)| u64::from(self.tables.problem.weight(task))).sum()
    }

    /// Whether anybody has no place.
    pub(super) fn waits(&self) -> bool {
        self.starts.contains(&NONE)
    }

    /// Whether anybody stands elsewhere than where they were announced.
    pub(super) fn moved_or_new(&self) -> bool {
        (0..self.tables.task_count()).any(|task| self.tables.problem.current(task) != self.start(task))
    }

    pub(super) fn moved_count(&self) -> u64 {
        let problem = self.tables.problem;
        (0..self.tables.task_count())
            .filter(|&task| problem.current(task).is_some_and(|current| self.start(task) != Some(current)))
            .count() as u64
    }

    pub(super) fn disruption(&self) -> u64 {
        let own: i64 = self.placed().map(|(task, start)| self.tables.cost(task, start)).sum();
        own as u64 + self.nights.len() as u64 * self.tables.problem.visit_cost()
    }

    /// The less the better: more weight; then fewer moves; then less disruption.
    pub(super) fn value(&self) -> (Reverse<u64>, u64, u64) {
        (Reverse(self.weight_placed()), self.moved_count(), self.disruption())
    }
}
