//! Making room: a task without a place pushes others out, and those look for another place.
//!
//! Which others: those that were easiest to place so far, so that the search does not go in circles (guided
//! ejection). A chain that does not pay in the end is undone, so the board never gets lighter.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::alone::Alone;
use super::board::{Board, SEEN_MAX};
use super::prices::Prices;
use super::tables::{Count, Tables};
use super::{Effort, Stop};

/// No more than so many tasks are pushed out at once.
const EJECTED_MAX: usize = 4;
/// A chain is no longer than this.
const CHAIN_MAX: usize = 30;
/// A chain with more homeless tasks than this is given up.
const HOMELESS_MAX: usize = 5;
/// An announced task is so many times harder to push out.
const PROMISE: u64 = 256;
/// How closely a step looks: so many of the most promising starts, and so many tasks in the way at each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Care {
    starts_max: usize,
    seen_max: usize,
}

/// As good as anybody can.
pub(super) const THOROUGH: Care = Care { starts_max: 24, seen_max: SEEN_MAX };
/// A quarter of the work.
pub(super) const BRISK: Care = Care { starts_max: 12, seen_max: SEEN_MAX / 2 };

/// So many steps in vain for each waiting task are enough.
pub(super) fn patience(effort: Effort) -> usize {
    match effort {
        Effort::Fast => 30,
        Effort::Standard => 200,
        Effort::Best => 1000,
    }
}

/// Places what can be placed by moving others, until so many steps for each waiting task have brought nothing.
pub(super) fn make_room(
    board: &mut Board<'_>,
    prices: &Prices,
    (patience_a_task, care): (usize, Care),
    random: &mut ChaCha8Rng,
    stop: &Stop<'_>,
) {
    let tables = board.tables;
    let mut waiting: Vec<u32> =
        (0..tables.task_count()).filter(|&task| board.start(task).is_none()).collect();
    let alone = Alone::new(tables);
    waiting.retain(|&task| alone.has_room(task));
    if waiting.is_empty() {
        return;
    }
    Repair::new(board, prices, waiting, care).run(patience_a_task, random, stop);
}

struct Repair<'b, 't, 'q> {
    board: &'b mut Board<'t>,
    prices: &'q Prices,
    waiting: Vec<u32>,
    /// How often each task was hard to place.
    hardness: Vec<u32>,
    /// Changes since the chain began: the task and where it was before.
    journal: Vec<(u32, Option<u32>)>,
    /// Announced starts left, less those taken up again, since the chain began.
    broken_promises: i64,
    care: Care,
}

impl<'b, 't, 'q> Repair<'b, 't, 'q> {
    fn new(
        board: &'b mut Board<'t>,
        prices: &'q Prices,
        waiting: Vec<u32>,
        care: Care,
    ) -> Repair<'b, 't, 'q> {
        let hardness = vec![1; board.tables.task_count() as usize];
        Repair { hardness, board, prices, waiting, journal: Vec::new(), broken_promises: 0, care }
    }

    /// Goes on until so many steps for each waiting task have brought nothing.
    fn run(&mut self, patience_a_task: usize, random: &mut ChaCha8Rng, stop: &Stop<'_>) {
        let mut patience = 0;
        while !self.waiting.is_empty() && !stop.now() {
            let at = random.random_range(0..self.waiting.len());
            let task = self.waiting.swap_remove(at);
            let (steps, gained) = self.chain(task, random);
            patience = if gained { 0 } else { patience + steps };
            if patience > patience_a_task * (self.waiting.len() + 2) {
                break;
            }
        }
    }

    /// Places a task and those it pushes out, one after the other, for as long as it looks promising. Kept if
    /// less weight is homeless in the end than in the beginning, or as much (the homeless are others then, and
    /// the next chain starts from there); undone otherwise. Returns the number of steps, and whether
    /// weight was gained.
    fn chain(&mut self, task: u32, random: &mut ChaCha8Rng) -> (usize, bool) {
        let at_stake = self.weight(task);
        let mut homeless = vec![task];
        let mut homeless_weight = at_stake;
        let mut level: Option<(usize, Vec<u32>)> = None;
        let mut steps = 0;
        self.journal.clear();
        self.broken_promises = 0;
        while steps < CHAIN_MAX && (1..=HOMELESS_MAX).contains(&homeless.len()) {
            steps += 1;
            let at = random.random_range(0..homeless.len());
            let next = homeless.swap_remove(at);
            if let Some((start, _)) = self.board.best_start(next, self.prices) {
                self.put(next, start);
                homeless_weight -= self.weight(next);
            } else {
                self.hardness[next as usize] = self.hardness[next as usize].saturating_add(1);
                let Some((start, ejected)) = self.cheapest_ejection(next, random) else {
                    homeless.push(next);
                    break;
                };
                for &other in &ejected {
                    self.take_out(other);
                    homeless_weight += self.weight(other);
                }
                self.put(next, start);
                homeless_weight -= self.weight(next);
                for other in ejected {
                    match self.board.best_start(other, self.prices) {
                        Some((start, _)) => {
                            self.put(other, start);
                            homeless_weight -= self.weight(other);
                        }
                        None => homeless.push(other),
                    }
                }
            }
            if homeless_weight < at_stake || homeless.is_empty() && self.broken_promises <= 0 {
                self.waiting.append(&mut homeless);
                // A task without weight that finds a place is no gain: it could be pushed out and placed for ever.
                return (steps, homeless_weight < at_stake);
            }
            if homeless_weight == at_stake && self.broken_promises <= 0 {
                level = Some((self.journal.len(), homeless.clone()));
            }
        }
        let (kept, homeless) = level.unwrap_or_else(|| (0, vec![task]));
        self.undo_to(kept);
        self.waiting.extend(homeless);
        (steps, false)
    }

    fn weight(&self, task: u32) -> u64 {
        u64::from(self.board.tables.problem.weight(task))
    }

    fn undo_to(&mut self, length: usize) {
        while self.journal.len() > length {
            if let Some((task, before)) = self.journal.pop() {
                match before {
                    Some(start) => self.board.place(task, start),
                    None => {
                        self.board.remove(task);
                    }
                }
            }
        }
    }

    fn put(&mut self, task: u32, start: u32) {
        self.journal.push((task, None));
        self.broken_promises -= i64::from(self.board.tables.problem.current(task) == Some(start));
        self.board.place(task, start);
    }

    fn take_out(&mut self, task: u32) {
        let start = self.board.remove(task);
        self.journal.push((task, Some(start)));
        self.broken_promises += i64::from(self.board.tables.problem.current(task) == Some(start));
    }

    /// The start and the tasks to push out for it that were the least hard to place.
    fn cheapest_ejection(&mut self, task: u32, random: &mut ChaCha8Rng) -> Option<(u32, Vec<u32>)> {
        let tables = self.board.tables;
        let (release, deadline) = self.board.span(task)?;
        let mut starts: Vec<(u32, u32, u32)> = Vec::new();
        for (first, last) in tables.runs(task, release, deadline) {
            for start in first..=last {
                starts.push((self.obstacles(task, start), random.random(), start));
            }
        }
        if starts.len() > self.care.starts_max {
            starts.select_nth_unstable(self.care.starts_max);
            starts.truncate(self.care.starts_max);
        }
        starts.sort_unstable();
        let mut best: Option<(u64, u32, Vec<u32>)> = None;
        for (_, _, start) in starts {
            let limit = best.as_ref().map_or(u64::MAX, |(least, ..)| *least);
            if let Some((hardness, ejected)) = self.ejection(task, start, limit, random) {
                best = Some((hardness, start, ejected));
            }
        }
        best.map(|(_, start, ejected)| (start, ejected))
    }

    /// How many pairs of a group and a slot are full where the task would be.
    fn obstacles(&self, task: u32, start: u32) -> u32 {
        let tables = self.board.tables;
        let end = start + tables.problem.duration(task);
        tables
            .problem
            .groups_of(task)
            .iter()
            .map(|&group| match tables.count(group) {
                Count::Never => 0,
                Count::Dense(row) => {
                    (start..end).filter(|&slot| self.board.ledger.left(row, slot) <= 0).count() as u32
                }
                Count::Sparse => self.board.lack(group, start, end),
            })
            .sum()
    }

    /// Tasks to push out so that `task` fits at `start`, if they are less hard to place than `limit` together.
    fn ejection(
        &self,
        task: u32,
        start: u32,
        limit: u64,
        random: &mut ChaCha8Rng,
    ) -> Option<(u64, Vec<u32>)> {
        let tables = self.board.tables;
        let problem = tables.problem;
        let end = start + problem.duration(task);
        let mut ejected: Vec<u32> = Vec::new();
        let mut sum = 0u64;
        loop {
            let gone = |group: u32, slot: u32| {
                let gone = ejected.iter().filter(|&&other| {
                    self.board.is_down(other, slot) && problem.groups_of(other).binary_search(&group).is_ok()
                });
                gone.count() as u32
            };
            let is_short = |group: u32, slot: u32| match tables.count(group) {
                Count::Never => false,
                Count::Dense(row) => self.board.ledger.left(row, slot) + gone(group, slot) as i32 <= 0,
                Count::Sparse => self.board.lack(group, slot, slot + 1) > gone(group, slot),
            };
            let may_be_short = |group: u32| match tables.count(group) {
                Count::Never => false,
                Count::Dense(row) => self.board.ledger.is_full(row, start, end),
                Count::Sparse => true,
            };
            let short = |&group: &u32| {
                let mut slots = if may_be_short(group) { start..end } else { 0..0 };
                slots.find(|&slot| is_short(group, slot)).map(|slot| (group, slot))
            };
            let tightest = problem.groups_of(task).iter().find_map(short);
            let Some((group, slot)) = tightest else {
                return (sum < limit).then_some((sum, ejected));
            };
            if ejected.len() == EJECTED_MAX {
                return None;
            }
            let mut easiest: Option<(u64, u32, u32)> = None;
            let from = random.random();
            self.board.for_each_down(group, slot, (from, self.care.seen_max), |other| {
                if tables.pinned(other) || ejected.contains(&other) || self.board.holds_others(other) {
                    return;
                }
                let shared = shared_groups(tables, task, other);
                let hardness = u64::from(self.hardness[other as usize])
                    * u64::from(problem.weight(other).max(1))
                    * u64::from(problem.duration(other))
                    * 16
                    * if problem.current(other) == self.board.start(other) { PROMISE } else { 1 }
                    / (1 + u64::from(shared));
                let key = (hardness, random.random(), other);
                if easiest.is_none_or(|least| key < least) {
                    easiest = Some(key);
                }
            });
            let (hardness, _, other) = easiest?;
            sum += hardness;
            if sum >= limit {
                return None;
            }
            ejected.push(other);
        }
    }
}

fn shared_groups(tables: &Tables<'_>, a: u32, b: u32) -> u32 {
    let theirs = tables.problem.groups_of(b);
    tables.problem.groups_of(a).iter().filter(|group| theirs.binary_search(group).is_ok()).count() as u32
}
