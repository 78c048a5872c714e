//! Lowering the disruption of a plan without losing anything that is placed.
//!
//! Two moves, both kept only if they pay: a task goes where it costs least; and, where that is full, it takes
//! the place of one other task, which goes where it then costs least. The second one also places tasks that found
//! no place, and brings announced ones home.

use std::cmp::Reverse;
use std::collections::HashSet;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::board::{Board, SEEN_MAX};
use super::prices::{self, Prices};
use super::{Effort, Stop};

/// Moves and exchanges tasks once.
pub(super) fn improve(board: &mut Board<'_>, random: &mut ChaCha8Rng, stop: &Stop<'_>) {
    let tasks = movable(board);
    improve_some(board, tasks, (1, 4, 6), random, stop);
}

fn movable(board: &Board<'_>) -> Vec<u32> {
    (0..board.tables.task_count())
        .filter(|&task| board.start(task).is_some() && !board.tables.pinned(task))
        .collect()
}

/// Rounds, starts and partners that are tried.
fn pains(effort: Effort) -> (usize, usize, usize) {
    match effort {
        Effort::Best => (30, 16, 12),
        _ => (1, 4, 6),
    }
}

/// The same for those alone who do not stand where they were announced.
pub(super) fn improve_unannounced(
    board: &mut Board<'_>,
    effort: Effort,
    random: &mut ChaCha8Rng,
    stop: &Stop<'_>,
) {
    let tasks: Vec<u32> = (0..board.tables.task_count())
        .filter(|&task| !board.tables.pinned(task))
        .filter(|&task| {
            board.start(task).is_some_and(|start| board.tables.problem.current(task) != Some(start))
        })
        .collect();
    improve_some(board, tasks, pains(effort), random, stop);
}

fn improve_some(
    board: &mut Board<'_>,
    mut tasks: Vec<u32>,
    (rounds, starts_max, partners_max): (usize, usize, usize),
    random: &mut ChaCha8Rng,
    stop: &Stop<'_>,
) {
    let mut polish = Polish::new(board, starts_max, partners_max);
    for _ in 0..rounds {
        tasks.shuffle(random);
        let mut gained = 0;
        for &task in &tasks {
            if stop.now() {
                return;
            }
            gained += polish.relocate(task);
        }
        for &task in &tasks {
            if stop.now() {
                return;
            }
            gained += polish.exchange(task);
        }
        if gained == 0 {
            return;
        }
    }
}

/// Places tasks that found no place where another one makes way at little cost; an announced one only if
/// `breaks_promises`.
pub(super) fn squeeze_in(board: &mut Board<'_>, breaks_promises: bool, stop: &Stop<'_>) {
    squeeze(board, breaks_promises, (200, 6), stop);
}

/// The same, breaking promises, wherever anybody looks for a place.
pub(super) fn squeeze_in_anywhere(board: &mut Board<'_>, stop: &Stop<'_>) {
    squeeze(board, true, (usize::MAX, 24), stop);
}

fn squeeze(
    board: &mut Board<'_>,
    breaks_promises: bool,
    (starts_max, partners_max): (usize, usize),
    stop: &Stop<'_>,
) {
    let waiting: Vec<u32> =
        (0..board.tables.task_count()).filter(|&task| board.start(task).is_none()).collect();
    let mut polish = Polish { breaks_promises, ..Polish::new(board, starts_max, partners_max) };
    for task in waiting {
        if stop.now() {
            return;
        }
        polish.insert(task);
    }
}

/// Brings announced tasks back to where they were announced, if those in the way can go elsewhere.
pub(super) fn bring_home(board: &mut Board<'_>, stop: &Stop<'_>) {
    let tables = board.tables;
    let moved: Vec<u32> = (0..tables.task_count())
        .filter(|&task| tables.problem.current(task).is_some_and(|home| board.start(task) != Some(home)))
        .collect();
    let mut polish = Polish::new(board, 1, 64);
    for task in moved {
        if stop.now() {
            return;
        }
        polish.go_home(task);
    }
}

/// Offers one of so many tasks the place of another, those first whose place costs most above the least.
pub(super) fn exchange_the_unhappiest(board: &mut Board<'_>, one_of: usize, stop: &Stop<'_>) {
    let tables = board.tables;
    let no_prices = Prices::none(tables);
    let mut buffer = Vec::new();
    let mut unhappy: Vec<(Reverse<i64>, u32)> = (0..tables.task_count())
        .filter(|&task| !tables.pinned(task))
        .filter_map(|task| {
            let start = board.start(task)?;
            let (least, _) = prices::least(tables, &no_prices, task, &mut buffer)?;
            Some((Reverse(board.cost_now(task, start) - least), task))
        })
        .collect();
    unhappy.sort_unstable();
    unhappy.truncate(unhappy.len() / one_of.max(1));
    let mut polish = Polish::new(board, 4, 6);
    for _ in 0..2 {
        for &(_, task) in &unhappy {
            if stop.now() {
                return;
            }
            polish.exchange(task);
        }
    }
}

/// After so many pairs the best one found is good enough.
const TRIED_ENOUGH: usize = 30;

struct Polish<'b, 't> {
    board: &'b mut Board<'t>,
    no_prices: Prices,
    starts: Vec<(i64, u32)>,
    starts_max: usize,
    partners_max: usize,
    /// Whether announced tasks may be moved.
    breaks_promises: bool,
    /// Groups and slots in the way of the task that is looked at.
    obstacles: Vec<(u32, u32)>,
    /// Whoever had nowhere to go when a promise was to be broken: hardly anybody has later.
    asked: HashSet<u32>,
}

impl<'b, 't> Polish<'b, 't> {
    fn new(board: &'b mut Board<'t>, starts_max: usize, partners_max: usize) -> Polish<'b, 't> {
        let no_prices = Prices::none(board.tables);
        Polish {
            board,
            no_prices,
            starts: Vec::new(),
            starts_max,
            partners_max,
            breaks_promises: false,
            obstacles: Vec::new(),
            asked: HashSet::new(),
        }
    }

    /// Moves one task to where it costs least; returns what that gains.
    fn relocate(&mut self, task: u32) -> i64 {
        let board = &mut *self.board;
        let announced = board.tables.problem.current(task);
        if announced.is_some() && announced == board.start(task) {
            return 0;
        }
        let old = board.remove(task);
        let old_cost = board.cost_now(task, old);
        let Some((start, cost)) = board.best_start(task, &self.no_prices) else {
            board.place(task, old);
            return 0;
        };
        let leveler = || (board.load(task, start), start) < (board.load(task, old), old);
        let better = cost < old_cost || cost == old_cost && leveler();
        board.place(task, if better || announced == Some(start) { start } else { old });
        (old_cost - cost).max(0)
    }

    /// Brings one announced task back, if whoever is there can go elsewhere.
    fn go_home(&mut self, task: u32) {
        let tables = self.board.tables;
        let span = self.board.span(task);
        let Some(home) = span.and_then(|(release, deadline)| tables.home_within(task, release, deadline))
        else {
            return;
        };
        let away = self.board.start(task).map(|_| self.board.remove(task));
        for partner in self.partners(task, home) {
            let old = self.board.remove(partner);
            self.board.place(task, home);
            if let Some((start, _)) = self.board.best_start(partner, &self.no_prices) {
                self.board.place(partner, start);
                return;
            }
            self.board.remove(task);
            self.board.place(partner, old);
        }
        let alone = self.board.best_start(task, &self.no_prices).is_some_and(|(start, _)| start == home);
        match away {
            _ if alone => self.board.place(task, home),
            Some(away) => self.board.place(task, away),
            None => {}
        }
    }

    /// Gives one task a cheaper place that another one holds; returns what that gains.
    fn exchange(&mut self, task: u32) -> i64 {
        let tables = self.board.tables;
        let problem = tables.problem;
        let Some(old) = self.board.start(task) else { return 0 };
        if problem.current(task) == Some(old) || tables.has_precedence(task) {
            return 0;
        }
        self.board.remove(task);
        let old_cost = self.board.cost_now(task, old);
        self.cheaper_starts(task, old_cost);
        for at in 0..self.starts.len() {
            let (cost, start) = self.starts[at];
            let gain = old_cost - cost;
            for partner in self.partners(task, start) {
                let partner_old = self.board.remove(partner);
                let partner_cost = self.board.cost_now(partner, partner_old);
                self.board.place(task, start);
                match self.board.best_start(partner, &self.no_prices) {
                    Some((partner_start, cost)) if cost - partner_cost < gain => {
                        self.board.place(partner, partner_start);
                        return gain - (cost - partner_cost);
                    }
                    _ => {
                        self.board.remove(task);
                        self.board.place(partner, partner_old);
                    }
                }
            }
        }
        self.board.place(task, old);
        0
    }

    /// Gives a task without a place that of another one, which goes where it then costs least, if there is such a
    /// pair; the one that costs least together.
    fn insert(&mut self, task: u32) {
        let Some((release, deadline)) = self.board.span(task) else { return };
        self.starts_between(task, release, deadline, i64::MAX);
        let mut best: Option<(i64, u32, u32, u32)> = None;
        let mut tried = 0;
        for at in 0..self.starts.len() {
            let (cost, start) = self.starts[at];
            if best.is_some_and(|(least, ..)| cost >= least || tried > TRIED_ENOUGH) {
                break;
            }
            for partner in self.partners(task, start) {
                if self.breaks_promises && !self.asked.insert(partner) {
                    continue;
                }
                tried += 1;
                let partner_old = self.board.remove(partner);
                let partner_cost = self.board.cost_now(partner, partner_old);
                self.board.place(task, start);
                if let Some((partner_start, cost_then)) = self.board.best_start(partner, &self.no_prices) {
                    if self.breaks_promises {
                        // One promise is broken so, whichever pair it is.
                        self.board.place(partner, partner_start);
                        return;
                    }
                    let sum = cost + cost_then - partner_cost;
                    if best.is_none_or(|(least, ..)| sum < least) {
                        best = Some((sum, start, partner, partner_start));
                    }
                }
                self.board.remove(task);
                self.board.place(partner, partner_old);
            }
        }
        let Some((_, start, partner, partner_start)) = best else { return };
        self.board.remove(partner);
        self.board.place(task, start);
        self.board.place(partner, partner_start);
    }

    /// The cheapest starts that cost less than now, full or not.
    fn cheaper_starts(&mut self, task: u32, than: i64) {
        let problem = self.board.tables.problem;
        self.starts_between(task, problem.release(task), problem.deadline(task), than);
    }

    fn starts_between(&mut self, task: u32, release: u32, deadline: u32, than: i64) {
        let tables = self.board.tables;
        self.starts.clear();
        for (first, last) in tables.runs(task, release, deadline) {
            for start in first..=last {
                let cost = tables.cost(task, start);
                if cost < than {
                    let cost = self.board.cost_now(task, start);
                    if cost < than {
                        self.starts.push((cost, start));
                    }
                }
            }
        }
        if self.starts.len() > self.starts_max {
            self.starts.select_nth_unstable(self.starts_max);
            self.starts.truncate(self.starts_max);
        }
        self.starts.sort_unstable();
    }

    /// Tasks each of which, taken out, would let `task` in at `start`.
    fn partners(&mut self, task: u32, start: u32) -> Vec<u32> {
        if !self.board.obstacles(task, start, &mut self.obstacles) {
            return Vec::new();
        }
        let tables = self.board.tables;
        let problem = tables.problem;
        // Whoever is in the way everywhere is so in the smallest group: that one is looked through, if its members are
        // found at once.
        let handy = |group: u32| tables.shelf_of(group).is_some() || !tables.members(group).is_empty();
        let key = |&&(group, slot): &&(u32, u32)| (!handy(group), tables.size(group), group, slot);
        let Some(&(group, slot)) = self.obstacles.iter().min_by_key(key) else { return Vec::new() };
        let mut partners: Vec<u32> = Vec::new();
        self.board.for_each_down(group, slot, (task.wrapping_mul(0x9e37_79b9), SEEN_MAX), |other| {
            let may_move = !tables.pinned(other)
                && !tables.has_precedence(other)
                && (self.breaks_promises || problem.current(other) != self.board.start(other));
            let mut obstacles = self.obstacles.iter();
            if may_move
                && obstacles.all(|&(group, slot)| {
                    self.board.is_down(other, slot) && problem.groups_of(other).binary_search(&group).is_ok()
                })
            {
                partners.push(other);
            }
        });
        partners.sort_unstable_by_key(|&other| {
            let start = self.board.starts[other as usize];
            (problem.current(other) == Some(start), self.board.tables.cost(other, start), other)
        });
        partners.truncate(self.partners_max);
        partners
    }
}
