//! Where every task stands, what that costs, and where a task could go.

use std::collections::HashMap;

use super::ledger::{Ledger, Scratch, margin};
use super::prices::Prices;
use super::tables::{Count, NONE, Tables};

/// Of a group, no more tasks than this are looked at for exchange or ejection…
const SEEN_MAX: usize = 64;
/// … and no more than this are searched for them.
const SCANNED_MAX: usize = 600;

/// A plan in the making: always within the hard rules.
pub(super) struct Board<'t> {
    pub(super) tables: &'t Tables<'t>,
    pub(super) starts: Vec<u32>,
    pub(super) ledger: Ledger,
    pub(super) scratch: Scratch,
    /// Tasks of each site in each night, while nights cost something.
    nights: HashMap<(u32, u32), u32>,
    /// Tasks that start in a slot, in no particular (but a deterministic) order.
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
            starting: vec![Vec::new(); tables.slots as usize],
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
        self.starting[start as usize].push(task);
        if let Some(night) = self.night(task, start) {
            *self.nights.entry(night).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, task: u32) -> u32 {
        let start = std::mem::replace(&mut self.starts[task as usize], NONE);
        debug_assert_ne!(start, NONE);
        self.ledger.give_back(self.tables, task, start);
        let peers = &mut self.starting[start as usize];
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
        for (first, last) in tables.runs(task, release, deadline) {
            self.ledger.block(tables, &self.starts, task, first, last, &mut self.scratch);
            if let Some(start) = self.scratch.first_free(first, last) {
                return Some(start);
            }
        }
        None
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
                (begin..end)
                    .map(|slot| {
                        let down = tables.members(group).iter().filter(|&&member| self.is_down(member, slot));
                        1 + down.count() as i32 - margin(budget.cap_at(slot), budget.down)
                    })
                    .max()
            }
        };
        most.unwrap_or(0).max(0) as u32
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

    pub(super) fn is_down(&self, task: u32, slot: u32) -> bool {
        let start = self.starts[task as usize];
        start != NONE && start <= slot && slot < start + self.tables.problem.duration(task)
    }

    /// Calls `see` for members of `group` that are down in `slot`: for all of them in a small group, for a sample
    /// in a large one, which begins at a place that `from` decides.
    pub(super) fn for_each_down(&self, group: u32, slot: u32, from: u32, mut see: impl FnMut(u32)) {
        let members = self.tables.members(group);
        let earliest = (slot + 1).saturating_sub(self.tables.longest);
        let starting = &self.starting[earliest as usize..=slot as usize];
        let nearby: usize = starting.iter().map(Vec::len).sum();
        let mut left = SEEN_MAX;
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
        let skipped = from as usize % nearby.max(1);
        let mut list = 0;
        let mut at = skipped;
        while list < starting.len() && at >= starting[list].len() {
            at -= starting[list].len();
            list += 1;
        }
        for _ in 0..nearby.min(SCANNED_MAX) {
            while at >= starting[list].len() {
                at = 0;
                list = (list + 1) % starting.len();
            }
            let task = starting[list][at];
            at += 1;
            if self.is_down(task, slot) && self.tables.problem.groups_of(task).binary_search(&group).is_ok() {
                see(task);
                left -= 1;
                if left == 0 {
                    return;
                }
            }
        }
    }

    pub(super) fn placed_count(&self) -> u64 {
        self.starts.iter().filter(|&&start| start != NONE).count() as u64
    }

    fn placed(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..).zip(&self.starts).filter(|&(_, &start)| start != NONE).map(|(task, &start)| (task, start))
    }

    pub(super) fn weight_placed(&self) -> u64 {
        self.placed().map(|(task, _)| u64::from(self.tables.problem.weight(task))).sum()
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

    pub(super) fn visit_count(&self) -> u64 {
        let problem = self.tables.problem;
        let mut visits: Vec<(u32, u32)> = self
            .placed()
            .filter_map(|(task, start)| problem.site(task).map(|site| (site, problem.night_of(task, start))))
            .collect();
        visits.sort_unstable();
        visits.dedup();
        visits.len() as u64
    }

    /// More weight; then fewer moves; then less disruption.
    pub(super) fn is_better_than(&self, other: &Board<'_>) -> bool {
        let value = |board: &Board<'_>| {
            (std::cmp::Reverse(board.weight_placed()), board.moved_count(), board.disruption())
        };
        value(self) < value(other)
    }

    pub(super) fn into_starts(self) -> Vec<Option<u32>> {
        self.starts.into_iter().map(|start| (start != NONE).then_some(start)).collect()
    }
}
