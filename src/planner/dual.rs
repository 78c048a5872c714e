//! Prices that prove a bound: the volume algorithm (Barahona and Anbil, 2000) on the Lagrangian dual.
//!
//! Every task goes where it pays least under the charges of the moment, all at once. The loads that follow are
//! averaged over the rounds: that average tends to a fractional plan that keeps all caps, and what it lacks of
//! that is the direction in which the charges move. A better value is kept, a worse one shortens the step.

use super::Stop;
use super::board::Board;
use super::response::Response;
use super::tables::{Count, Tables};

/// What a round adds to the average.
const AVERAGE_SHARE: f32 = 0.1;
/// How far above the best value so far the steps aim.
const AIM: f64 = 0.03;
/// So many rounds in a row without a better value shorten the step.
const PATIENCE_ROUNDS: usize = 4;
const SHORTEN: f64 = 0.7;
const LENGTHEN: f64 = 1.4;
/// Steps are shares of the way to the aim; the start is near already.
const STEP_FIRST: f64 = 0.05;
const STEP_MAX: f64 = 2.0;

/// The search for prices. What is kept by place is kept for those places of the ledger alone that some task could
/// take: a region's nights are a small part of the axis.
pub(super) struct Dual<'t> {
    tables: &'t Tables<'t>,
    response: Response<'t>,
    threads: usize,
    /// Row times width plus the slot of the axis, ascending.
    places: Vec<u32>,
    room: Vec<f32>,
    /// The charges of the best value so far.
    best: Vec<f32>,
    value: f64,
    /// The average of the loads.
    load: Vec<f32>,
    step: f64,
    stale: usize,
    /// The charges that are asked about, by row and slot of the axis.
    asked: Vec<f32>,
}

/// The bound that some charges prove, and what all tasks do under them.
struct Told {
    value: f64,
    load: Vec<i32>,
}

impl<'t> Dual<'t> {
    /// Starts from charges by row and slot of the axis.
    pub(super) fn new(tables: &'t Tables<'t>, start: &[f32], threads: usize) -> Dual<'t> {
        let board = Board::new(tables);
        let response = Response::new(tables);
        let open = response.open();
        let room: Vec<f32> = (0..tables.dense.len() as u32)
            .flat_map(|row| tables.axis_slots().map(move |slot| (row, slot)))
            .map(|(row, slot)| board.ledger.left(row, slot).max(0) as f32)
            .collect();
        let places: Vec<u32> = (0..).zip(&open).filter(|&(_, &is_open)| is_open).map(|(at, _)| at).collect();
        let picked = |values: &[f32]| places.iter().map(|&at| values[at as usize]).collect::<Vec<f32>>();
        let mut dual = Dual {
            tables,
            response,
            threads,
            room: picked(&room),
            best: picked(start),
            places,
            value: f64::NEG_INFINITY,
            load: Vec::new(),
            step: STEP_FIRST,
            stale: 0,
            asked: vec![0.0; room.len()],
        };
        let told = dual.ask(&dual.best.clone());
        dual.value = told.value;
        dual.load = dual.places.iter().map(|&at| told.load[at as usize] as f32).collect();
        dual
    }

    /// The best charges of a group, by slot.
    pub(super) fn charges_of(&self, group: u32) -> Vec<f32> {
        let mut charges = vec![0.0; self.tables.slots as usize];
        if let Count::Dense(row) = self.tables.count(group) {
            let slots: Vec<u32> = self.tables.axis_slots().collect();
            let base = row * slots.len() as u32;
            for (&place, &charge) in self.places.iter().zip(&self.best) {
                if let Some(&slot) = place.checked_sub(base).and_then(|at| slots.get(at as usize)) {
                    charges[slot as usize] = charge;
                }
            }
        }
        charges
    }

    /// So many rounds more, or until nothing is left to gain.
    pub(super) fn run(&mut self, rounds: usize, stop: &Stop<'_>) {
        let scale: Vec<f32> = self.room.iter().map(|room| 1.0 / room.max(1.0)).collect();
        for _ in 0..rounds {
            if stop.now() {
                return;
            }
            let mut norm = 0.0;
            let lack: Vec<f32> = (0..self.places.len())
                .map(|at| {
                    let lack = match self.load[at] - self.room[at] {
                        lack if lack < 0.0 && self.best[at] <= 0.0 => 0.0,
                        lack => lack,
                    };
                    norm += f64::from(lack * lack * scale[at]);
                    lack
                })
                .collect();
            if norm <= 0.0 {
                return;
            }
            let step = (self.step * AIM * self.value.abs() / norm) as f32;
            let trial: Vec<f32> = (0..self.places.len())
                .map(|at| (self.best[at] + step * lack[at] * scale[at]).max(0.0))
                .collect();
            let told = self.ask(&trial);
            let mut agrees = 0.0;
            for (at, &place) in self.places.iter().enumerate() {
                let load = told.load[place as usize] as f32;
                agrees += f64::from(lack[at] * (load - self.room[at]) * scale[at]);
                self.load[at] += AVERAGE_SHARE * (load - self.load[at]);
            }
            if told.value > self.value {
                self.value = told.value;
                self.best = trial;
                self.stale = 0;
                if agrees > 0.0 {
                    self.step = (self.step * LENGTHEN).min(STEP_MAX);
                }
            } else {
                self.stale += 1;
                if self.stale >= PATIENCE_ROUNDS {
                    self.stale = 0;
                    self.step *= SHORTEN;
                }
            }
        }
    }

    fn ask(&mut self, charges: &[f32]) -> Told {
        let mut income = 0.0;
        for ((&place, &charge), &room) in self.places.iter().zip(charges).zip(&self.room) {
            self.asked[place as usize] = charge;
            income += f64::from(charge * room);
        }
        let answer = self.response.to(&self.asked, self.threads);
        Told { value: answer.paid - income, load: answer.load }
    }
}
