//! Negotiated congestion: every task goes where it pays least, and pays for crowding.
//!
//! In turn, each task leaves its start and takes the cheapest one: its own cost, plus a charge for every slot
//! of every group it counts in. The charge has a memory (it rises after a pass in which the slot was over its
//! cap, and falls where there was room) and a present part (what is over at this moment). First the memory
//! learns, in ever smaller steps: it converges to the prices from which [`super::bound`] proves its bound. Then
//! the present part grows until nearly nothing is over. What remains is a plan that is close to legal, in which
//! those pay a high price who have the least to lose: better than any order of placing tasks once.

use std::collections::HashMap;
use std::sync::Arc;

use super::Stop;
use super::board::Board;
use super::charges::{Charges, Costs, Look};
use super::prices::{self, Prices};
use super::tables::{Count, NONE, Tables};

// The figures below were found by trial on loose, tight and adversarial problems of 1,000 and 10,000 tasks. Steps
// and charges are in units of what a slot of a task typically costs.

/// From nothing to prices.
pub(super) const LEARNING: Learning = Learning { passes: 30, step: 8.0, decay: 0.87 };
/// The same in half the time.
pub(super) const LEARNING_SOON: Learning = Learning { passes: 15, step: 8.0, decay: 0.76 };
const LEARNING_PRESENT: f32 = 0.3;
const SETTLING_STEP: f32 = 2.0;
const SETTLING_PRESENT: f32 = 0.3;
/// A charge that nobody pays if there is any other way.
const CLOSED: f32 = 1e15;

/// A number from 0 to 1 that only depends on the two given.
fn dice(task: u32, pass: u32) -> f32 {
    let mixed = (u64::from(task) << 32 | u64::from(pass)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (mixed >> 40) as f32 / (1u32 << 24) as f32
}

/// How long to learn: the first step, and what is left of a step in the next pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Learning {
    pub(super) passes: usize,
    pub(super) step: f32,
    pub(super) decay: f32,
}

/// How long to settle: by how much crowding grows dearer from pass to pass, and how many of those who stand
/// well look again in a pass (one in so many, at first).
#[derive(Debug, Clone, Copy)]
pub(super) struct Settling {
    pub(super) passes: usize,
    pub(super) growth: f32,
    pub(super) look_again_every: usize,
    /// Who has looked in vain waits twice as long until the next look, so many times in a row at most.
    pub(super) calm_max: u8,
    /// A task in a crowd looks again with this probability for each share of the crowd that should leave.
    pub(super) look_when_crowded: f32,
}

/// Where every task wishes to be, and what crowding costs. By row and slot of the axis, if not said otherwise.
#[derive(Clone)]
pub(super) struct Negotiation<'t> {
    tables: &'t Tables<'t>,
    width: usize,
    /// How many tasks fit, how many are there, the remembered charge, and the whole charge.
    room: Vec<i32>,
    load: Vec<i32>,
    history: Vec<f32>,
    /// One bit a slot: whether more are there than fit. It stays in the cache where the figures do not.
    over: Vec<u64>,
    words: usize,
    charges: Charges,
    /// Where each task wishes to be.
    starts: Vec<u32>,
    /// The charge for each task above the room, in a slot.
    present: f32,
    /// What a slot of a task typically costs.
    unit: f32,
    costs: Arc<Costs>,
    nights: HashMap<(u32, u32), u32>,
    look: Look,
}

impl<'t> Negotiation<'t> {
    pub(super) fn new(tables: &'t Tables<'t>) -> Negotiation<'t> {
        let board = Board::new(tables);
        let width = tables.width();
        let mut room = Vec::with_capacity(tables.dense.len() * width);
        for row in 0..tables.dense.len() as u32 {
            room.extend(tables.axis_slots().map(|slot| board.ledger.left(row, slot).max(0)));
        }
        let words = width.div_ceil(64);
        let mut negotiation = Negotiation {
            tables,
            width,
            over: vec![0; tables.dense.len() * words],
            words,
            load: vec![0; room.len()],
            history: vec![0.0; room.len()],
            charges: Charges::none(tables),
            room,
            starts: board.starts,
            present: 0.0,
            unit: 1.0,
            costs: Arc::new(Costs::new(tables)),
            nights: HashMap::new(),
            look: Look::default(),
        };
        negotiation.remember(0.0);
        negotiation
    }

    /// Where each task wishes to be; [`NONE`] where nothing is open to it.
    pub(super) fn wishes(&self) -> &[u32] {
        &self.starts
    }

    /// Starts from charges that are known already, by row and slot.
    pub(super) fn remember_charges<'a>(&mut self, charges_of: impl Fn(u32) -> Option<&'a [f32]>) {
        for row in 0..self.tables.dense.len() as u32 {
            let Some(charges) = charges_of(self.tables.dense[row as usize]) else { continue };
            let base = row as usize * self.width;
            for (at, slot) in self.tables.axis_slots().enumerate() {
                self.history[base + at] = charges[slot as usize];
            }
        }
        self.remember(0.0);
    }

    /// The remembered charges, by row and slot of the axis.
    pub(super) fn history(&self) -> &[f32] {
        &self.history
    }

    /// Learns prices: passes in ever smaller steps. Whoever settles afterwards starts from these prices.
    pub(super) fn learn(&mut self, order: &[u32], lesson: Learning, stop: &Stop<'_>) {
        self.unit = self.typical_cost();
        self.present = LEARNING_PRESENT * self.unit;
        let mut step = lesson.step * self.unit;
        for _ in 0..lesson.passes {
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
            step *= lesson.decay;
        }
    }

    /// The remembered charges, rounded.
    pub(super) fn prices(&self) -> Prices {
        let tables = self.tables;
        let rows: Vec<u32> = (0..tables.dense.len() as u32).collect();
        let slots = tables.slots as usize;
        let mut whole = vec![0i64; rows.len() * slots];
        for (row, history) in self.history.chunks_exact(self.width.max(1)).enumerate() {
            for (slot, charge) in tables.axis_slots().zip(history) {
                whole[row * slots + slot as usize] = charge.round() as i64;
            }
        }
        Prices::of(tables, &rows, &whole)
    }

    /// Settles on a plan: those who stand in a crowd look again in every pass, the others now and then, and
    /// crowding costs more from pass to pass.
    pub(super) fn settle(&mut self, order: &[u32], settling: Settling, stop: &Stop<'_>) {
        self.present = SETTLING_PRESENT * self.unit;
        let mut calm = vec![0u8; self.starts.len()];
        for pass in 0..settling.passes {
            if stop.now() {
                break;
            }
            let mut crowded = 0;
            for (position, &task) in order.iter().enumerate() {
                let crowding = self.crowding(task);
                crowded += usize::from(crowding > 0.0);
                let looks = crowding > 0.0 && crowding * settling.look_when_crowded > dice(task, pass as u32);
                let calm = &mut calm[task as usize];
                if looks || (position + pass) % (settling.look_again_every << *calm) == 0 {
                    let before = self.starts[task as usize];
                    self.reconsider(task);
                    let stays = self.starts[task as usize] == before;
                    *calm = if stays { (*calm + 1).min(settling.calm_max) } else { 0 };
                }
            }
            if crowded == 0 {
                break;
            }
            self.present *= settling.growth;
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

    /// Moves a task to where it pays less, if there is such a place.
    fn reconsider(&mut self, task: u32) {
        let old = self.starts[task as usize];
        let Some((cost, start)) = self.cheapest(task) else {
            return;
        };
        if old != NONE {
            if start == old || self.pays_now(task, old) <= cost {
                return;
            }
            self.shift(task, old, -1);
        }
        self.starts[task as usize] = start;
        self.shift(task, start, 1);
    }

    /// What a task pays where it stands: for those who crowd there beside it, not for itself.
    fn pays_now(&self, task: u32, start: u32) -> f32 {
        let problem = self.tables.problem;
        let begin = self.tables.on_axis(start) as usize;
        let span = begin..begin + problem.duration(task) as usize;
        let mut cost = self.costs.of(problem, task, span.clone());
        for row in self.tables.rows(task) {
            let base = row as usize * self.width;
            for at in base + span.start..base + span.end {
                cost += match self.room[at] {
                    0 => CLOSED,
                    room => self.history[at] + self.present * (self.load[at] - room).max(0) as f32,
                };
            }
        }
        if problem.visit_cost() > 0
            && let Some(site) = problem.site(task)
            && self.nights.get(&(site, problem.night_of(task, start))) == Some(&1)
        {
            cost += problem.visit_cost() as f32;
        }
        cost
    }

    /// The share of those beside a task that should leave, where it is most crowded; 0 where it is not.
    fn crowding(&self, task: u32) -> f32 {
        let start = self.starts[task as usize];
        if start == NONE {
            return 0.0;
        }
        let begin = self.tables.on_axis(start) as usize;
        let span = begin..begin + self.tables.problem.duration(task) as usize;
        let mut most = 0.0f32;
        for row in self.tables.rows(task) {
            let (words, base) = (row as usize * self.words, row as usize * self.width);
            for slot in span.clone() {
                if self.over[words + slot / 64] >> (slot % 64) & 1 == 1 {
                    let (load, room) = (self.load[base + slot], self.room[base + slot]);
                    most = most.max((load - room) as f32 / load as f32);
                }
            }
        }
        most
    }

    fn shift(&mut self, task: u32, start: u32, by: i32) {
        let tables = self.tables;
        let problem = tables.problem;
        let begin = tables.on_axis(start) as usize;
        let span = begin..begin + problem.duration(task) as usize;
        for row in tables.rows(task) {
            let row = row as usize;
            for slot in span.clone() {
                let at = row * self.width + slot;
                self.load[at] += by;
                let (word, bit) = (&mut self.over[row * self.words + slot / 64], slot % 64);
                *word = *word & !(1 << bit) | u64::from(self.load[at] > self.room[at]) << bit;
                self.charges.set(row, slot, self.charge_at(at));
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

    /// Charges rise where too many are, in proportion to the room, and fall where there is room. A step of 0
    /// sets all charges anew.
    fn remember(&mut self, step: f32) {
        for (row, history) in self.history.chunks_exact_mut(self.width.max(1)).enumerate() {
            // Nothing is remembered, and nowhere is it full.
            if step != 0.0 && self.charges.is_free(row) {
                continue;
            }
            let base = row * self.width;
            self.charges.set_row(row, |slot| {
                let (room, load) = (self.room[base + slot], self.load[base + slot]);
                if room == 0 {
                    return CLOSED;
                }
                let excess = (load - room) as f32 / room as f32;
                history[slot] = (history[slot] + step * excess).max(0.0);
                history[slot] + self.present * (load + 1 - room).max(0) as f32
            });
        }
    }

    /// The start at which the task pays least now. An announced task wishes to stay where it is.
    fn cheapest(&mut self, task: u32) -> Option<(f32, u32)> {
        let tables = self.tables;
        let problem = tables.problem;
        let (release, deadline) = (problem.release(task), tables.latest_end(task));
        if let Some(home) = tables.home(task) {
            return Some((f32::NEG_INFINITY, home));
        }
        let mut look = std::mem::take(&mut self.look);
        self.charges.look(tables, &self.costs, task, (release, deadline), &mut look);
        self.close_full(task, &mut look);
        let best = match problem.site(task).filter(|_| problem.visit_cost() > 0) {
            None => look.least(problem.duration(task) as usize, |_| 0.0),
            Some(site) => {
                let alone = self.starts[task as usize];
                let alone = (alone != NONE)
                    .then(|| (site, problem.night_of(task, alone)))
                    .filter(|night| self.nights.get(night) == Some(&1));
                look.split_nights(|start| problem.night_of(task, start));
                look.least(problem.duration(task) as usize, |run| {
                    let night = (site, problem.night_of(task, run.first));
                    if alone != Some(night) && self.nights.contains_key(&night) {
                        0.0
                    } else {
                        problem.visit_cost() as f32
                    }
                })
            }
        };
        self.look = look;
        best
    }

    /// Closes the slots that a small group does not allow.
    fn close_full(&self, task: u32, look: &mut Look) {
        let tables = self.tables;
        let problem = tables.problem;
        for &group in problem.groups_of(task) {
            if tables.count(group) != Count::Sparse {
                continue;
            }
            let budget = problem.group(group);
            let mut close = |begin: u32, end: u32| {
                let span = tables.on_axis(begin) as usize..tables.on_axis(end) as usize;
                look.totals[span].iter_mut().for_each(|total| *total += CLOSED);
            };
            for range in budget.caps.iter().filter(|range| range.cap <= budget.down) {
                close(range.begin, range.end);
            }
            look.spans.clear();
            look.spans.extend(tables.members(group).iter().filter_map(|&other| {
                let start = self.starts[other as usize];
                (other != task && start != NONE).then(|| (start, start + problem.duration(other)))
            }));
            let roomy = budget.caps.is_empty().then(|| budget.cap.saturating_sub(budget.down));
            match roomy {
                Some(room) if look.spans.len() < room as usize => {}
                Some(1) => look.spans.iter().for_each(|&(begin, end)| close(begin, end)),
                _ => {
                    for &(begin, end) in &look.spans {
                        for slot in begin..end {
                            let down = look
                                .spans
                                .iter()
                                .filter(|&&(begin, end)| begin <= slot && slot < end)
                                .count();
                            if down as u32 >= budget.room_at(slot) {
                                close(slot, slot + 1);
                            }
                        }
                    }
                }
            }
        }
    }
}
