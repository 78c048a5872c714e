//! Negotiated congestion: every task goes where it pays least, and pays for crowding.
//!
//! In turn, each task leaves its start and takes the cheapest one: its own cost, plus a charge for every slot
//! of every group it counts in. The charge has a memory (it rises after a pass in which the slot was over its
//! cap, and falls where there was room) and a present part (what is over at this moment). First the memory
//! learns, in ever smaller steps: it converges to the prices from which [`super::bound`] proves its bound. Then
//! the present part grows until nearly nothing is over. What remains is a plan that is close to legal, in which
//! those pay a high price who have the least to lose: better than any order of placing tasks once.

use std::collections::HashMap;

use super::Stop;
use super::board::Board;
use super::prices::{self, Prices};
use super::tables::{Count, NONE, Tables};

// The figures below were found by trial on loose, tight and adversarial problems of 1,000 and 10,000 tasks. Steps
// and charges are in units of what a slot of a task typically costs.

const LEARNING_PASSES: usize = 30;
const LEARNING_STEP: f32 = 8.0;
const LEARNING_DECAY: f32 = 0.87;
const LEARNING_PRESENT: f32 = 0.3;
const SETTLING_PASSES: usize = 80;
const SETTLING_STEP: f32 = 2.0;
const SETTLING_PRESENT: f32 = 0.3;
const SETTLING_GROWTH: f32 = 1.05;
/// In each pass of settling, one in so many looks again although nothing is over where it stands.
const LOOK_AGAIN_EVERY: usize = 2;
/// A charge that nobody pays if there is any other way.
const CLOSED: f32 = 1e15;

/// Where every task wishes to be, and what crowding costs.
#[derive(Clone)]
pub(super) struct Negotiation<'t> {
    tables: &'t Tables<'t>,
    slots: usize,
    /// By row and slot: how many tasks fit, how many are there, the remembered charge, the whole charge.
    room: Vec<i32>,
    load: Vec<i32>,
    history: Vec<f32>,
    charge: Vec<f32>,
    /// Where each task wishes to be.
    starts: Vec<u32>,
    /// The charge for each task above the room, in a slot.
    present: f32,
    /// What a slot of a task typically costs.
    unit: f32,
    profiles: Vec<Vec<f32>>,
    nights: HashMap<(u32, u32), u32>,
    totals: Vec<f32>,
    windows: Vec<f32>,
    /// Slots that a small group does not allow, as runs.
    hot: Vec<(u32, u32)>,
    /// Where the rows of the task at hand begin.
    bases: Vec<usize>,
}

impl<'t> Negotiation<'t> {
    pub(super) fn new(tables: &'t Tables<'t>) -> Negotiation<'t> {
        let board = Board::new(tables);
        let slots = tables.slots as usize;
        let room: Vec<i32> = (0..tables.dense.len() as u32)
            .flat_map(|row| board.ledger.left_row(row).iter().map(|&left| left.max(0)))
            .collect();
        let profiles = tables
            .problem
            .profiles()
            .iter()
            .map(|profile| profile.cost.iter().map(|&cost| cost as f32).collect())
            .collect();
        let charge = room.iter().map(|&room| if room == 0 { CLOSED } else { 0.0 }).collect();
        Negotiation {
            tables,
            slots,
            load: vec![0; room.len()],
            history: vec![0.0; room.len()],
            charge,
            room,
            starts: board.starts,
            present: 0.0,
            unit: 1.0,
            profiles,
            nights: HashMap::new(),
            totals: vec![0.0; slots],
            windows: vec![0.0; slots],
            hot: Vec::new(),
            bases: Vec::new(),
        }
    }

    /// Where each task wishes to be; [`NONE`] where nothing is open to it.
    pub(super) fn wishes(&self) -> &[u32] {
        &self.starts
    }

    /// Learns prices: passes in ever smaller steps. Whoever settles afterwards starts from them.
    pub(super) fn learn(&mut self, order: &[u32], stop: &Stop<'_>) -> Prices {
        self.unit = self.typical_cost();
        self.present = LEARNING_PRESENT * self.unit;
        let mut step = LEARNING_STEP * self.unit;
        for _ in 0..LEARNING_PASSES {
            if stop.now() {
                break;
            }
            for &task in order {
                self.reconsider(task);
            }
            self.remember(step);
            if self.history.iter().all(|&charge| charge == 0.0) {
                break;
            }
            step *= LEARNING_DECAY;
        }
        let rows: Vec<u32> = (0..self.tables.dense.len() as u32).collect();
        let whole: Vec<i64> = self.history.iter().map(|&charge| charge.round() as i64).collect();
        Prices::of(self.tables, &rows, &whole)
    }

    /// Settles on a plan: those who stand in a crowd look again in every pass, the others now and then, and
    /// crowding costs more from pass to pass.
    pub(super) fn settle(&mut self, order: &[u32], stop: &Stop<'_>) {
        self.present = SETTLING_PRESENT * self.unit;
        for pass in 0..SETTLING_PASSES {
            if stop.now() {
                break;
            }
            let mut crowded = 0;
            for (position, &task) in order.iter().enumerate() {
                let over = self.is_crowded(task);
                crowded += usize::from(over);
                if over || (position + pass) % LOOK_AGAIN_EVERY == 0 {
                    self.reconsider(task);
                }
            }
            if crowded == 0 {
                break;
            }
            self.present *= SETTLING_GROWTH;
            self.remember(SETTLING_STEP * self.unit);
        }
    }

    fn typical_cost(&self) -> f32 {
        let none = Prices::none(self.tables);
        let mut buffer = Vec::new();
        let (mut cost, mut slots) = (0i64, 0u64);
        let stride = (self.tables.task_count() / 10_000).max(1) as usize;
        for task in (0..self.tables.task_count()).step_by(stride) {
            if let Some((least, _)) = prices::least(self.tables, &none, task, &mut buffer) {
                cost += least;
                slots += u64::from(self.tables.problem.duration(task));
            }
        }
        if cost == 0 { 1.0 } else { (cost as f64 / slots as f64) as f32 }
    }

    fn reconsider(&mut self, task: u32) {
        let old = self.starts[task as usize];
        if old != NONE {
            self.shift(task, old, -1);
            self.starts[task as usize] = NONE;
        }
        if let Some(start) = self.cheapest(task) {
            self.starts[task as usize] = start;
            self.shift(task, start, 1);
        }
    }

    fn is_crowded(&self, task: u32) -> bool {
        let start = self.starts[task as usize];
        if start == NONE {
            return false;
        }
        let span = start as usize..(start + self.tables.problem.duration(task)) as usize;
        self.tables.rows(task).any(|row| {
            let base = row as usize * self.slots;
            span.clone().any(|slot| self.load[base + slot] > self.room[base + slot])
        })
    }

    fn shift(&mut self, task: u32, start: u32, by: i32) {
        let problem = self.tables.problem;
        let span = start as usize..(start + problem.duration(task)) as usize;
        for row in self.tables.rows(task) {
            let base = row as usize * self.slots;
            for at in base + span.start..base + span.end {
                self.load[at] += by;
                self.charge[at] = self.charge_at(at);
            }
        }
        if problem.visit_cost() > 0
            && let Some(site) = problem.site(task)
        {
            let night = (site, problem.night_of(task, start));
            let count = self.nights.entry(night).or_default();
            *count = count.saturating_add_signed(by);
            if *count == 0 {
                self.nights.remove(&night);
            }
        }
    }

    fn charge_at(&self, at: usize) -> f32 {
        if self.room[at] == 0 {
            return CLOSED;
        }
        self.history[at] + self.present * (self.load[at] + 1 - self.room[at]).max(0) as f32
    }

    /// Charges rise where too many are, in proportion to the room, and fall where there is room.
    fn remember(&mut self, step: f32) {
        for at in 0..self.load.len() {
            if self.room[at] > 0 {
                let excess = (self.load[at] - self.room[at]) as f32 / self.room[at] as f32;
                self.history[at] = (self.history[at] + step * excess).max(0.0);
            }
            self.charge[at] = self.charge_at(at);
        }
    }

    /// The start at which the task pays least now. An announced task wishes to stay where it is.
    fn cheapest(&mut self, task: u32) -> Option<u32> {
        let tables = self.tables;
        let problem = tables.problem;
        let duration = problem.duration(task) as usize;
        let (release, deadline) = (problem.release(task), tables.latest_end(task));
        if let Some(current) = problem.current(task)
            && tables
                .runs(task, release, problem.deadline(task))
                .any(|(first, last)| first <= current && current <= last)
        {
            return Some(current);
        }
        self.find_hot(task);
        let volume = problem.volume(task) as f32;
        let profile = problem.profile_index(task);
        let visited_site = problem.site(task).filter(|_| problem.visit_cost() > 0);
        self.bases.clear();
        self.bases.extend(tables.rows(task).map(|row| row as usize * self.slots));
        let mut best: Option<(f32, u32)> = None;
        for (first, last) in tables.runs(task, release, deadline) {
            let (from, to) = (first as usize, last as usize + duration);
            let count = to - from - duration + 1;
            let totals = &mut self.totals[..to - from];
            match profile {
                Some(profile) => {
                    let costs = &self.profiles[profile as usize][from..to];
                    totals.iter_mut().zip(costs).for_each(|(total, cost)| *total = volume * cost);
                }
                None => totals.fill(0.0),
            }
            for base in &self.bases {
                let charges = &self.charge[base + from..base + to];
                totals.iter_mut().zip(charges).for_each(|(total, charge)| *total += charge);
            }
            for &(begin, end) in &self.hot {
                let (begin, end) = (begin.max(first), end.min(to as u32));
                for slot in begin..end {
                    totals[(slot - first) as usize] += CLOSED;
                }
            }
            let windows = &mut self.windows[..count];
            windows.copy_from_slice(&totals[..count]);
            for ahead in 1..duration {
                let next = &totals[ahead..ahead + count];
                windows.iter_mut().zip(next).for_each(|(window, total)| *window += total);
            }
            for (start, &cost) in (first..).zip(windows.iter()) {
                if best.is_none_or(|(least, _)| cost < least) {
                    let visit = match visited_site {
                        Some(site) if !self.nights.contains_key(&(site, problem.night_of(task, start))) => {
                            problem.visit_cost() as f32
                        }
                        _ => 0.0,
                    };
                    if best.is_none_or(|(least, _)| cost + visit < least) {
                        best = Some((cost + visit, start));
                    }
                }
            }
        }
        best.map(|(_, start)| start)
    }

    fn find_hot(&mut self, task: u32) {
        self.hot.clear();
        let tables = self.tables;
        let problem = tables.problem;
        for &group in problem.groups_of(task) {
            if tables.count(group) != Count::Sparse {
                continue;
            }
            let budget = problem.group(group);
            self.hot.extend(
                budget
                    .caps
                    .iter()
                    .filter(|range| range.cap <= budget.down)
                    .map(|range| (range.begin, range.end)),
            );
            let members = tables.members(group);
            let spans = || {
                members.iter().filter(|&&other| other != task && self.starts[other as usize] != NONE).map(
                    |&other| {
                        let start = self.starts[other as usize];
                        (start, start + problem.duration(other))
                    },
                )
            };
            if budget.caps.is_empty() && budget.cap == budget.down + 1 {
                let spans: Vec<(u32, u32)> = spans().collect();
                self.hot.extend(spans);
                continue;
            }
            let spans: Vec<(u32, u32)> = spans().collect();
            for &(begin, end) in &spans {
                for slot in begin..end {
                    let down = spans.iter().filter(|&&(begin, end)| begin <= slot && slot < end).count();
                    if down as u32 >= budget.room_at(slot) {
                        self.hot.push((slot, slot + 1));
                    }
                }
            }
        }
    }
}
