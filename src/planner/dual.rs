//! Prices that prove a bound: the volume algorithm (Barahona and Anbil, 2000) on the Lagrangian dual.
//!
//! Every task goes where it pays least under the charges of the moment, all at once. The loads that follow are
//! averaged over the rounds: that average tends to a fractional plan that keeps all caps, and what it lacks of
//! that is the direction in which the charges move. A better value is kept, a worse one shortens the step.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Stop;
use super::board::Board;
use super::charges::{Charges, Costs, Look};
use super::tables::{Count, Tables};

/// So many tasks are a thread's next piece of work.
const PIECE_TASKS: usize = 2048;
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

/// The search for prices, by row and slot of the axis.
pub(super) struct Dual<'t> {
    tables: &'t Tables<'t>,
    costs: Costs,
    tasks: Vec<u32>,
    threads: usize,
    room: Vec<f32>,
    /// The charges of the best value so far.
    best: Vec<f32>,
    value: f64,
    /// The average of the loads.
    load: Vec<f32>,
    step: f64,
    stale: usize,
    charges: Charges,
}

/// What all tasks do under some charges.
struct Answer {
    value: f64,
    load: Vec<i32>,
}

impl<'t> Dual<'t> {
    /// Starts from charges by row and slot of the axis.
    pub(super) fn new(tables: &'t Tables<'t>, start: &[f32], threads: usize) -> Dual<'t> {
        let board = Board::new(tables);
        let room = (0..tables.dense.len() as u32)
            .flat_map(|row| tables.axis_slots().map(move |slot| (row, slot)))
            .map(|(row, slot)| board.ledger.left(row, slot).max(0) as f32)
            .collect();
        let mut dual = Dual {
            tables,
            costs: Costs::new(tables),
            tasks: (0..tables.task_count()).filter(|&task| !tables.pinned(task)).collect(),
            threads,
            room,
            best: start.to_vec(),
            value: f64::NEG_INFINITY,
            load: Vec::new(),
            step: STEP_FIRST,
            stale: 0,
            charges: Charges::none(tables),
        };
        let answer = dual.ask(start);
        dual.value = answer.value;
        dual.load = answer.load.iter().map(|&load| load as f32).collect();
        dual
    }

    /// The best charges of a group, by slot.
    pub(super) fn charges_of(&self, group: u32) -> Vec<f32> {
        let mut charges = vec![0.0; self.tables.slots as usize];
        if let Count::Dense(row) = self.tables.count(group) {
            let best = &self.best[row as usize * self.tables.width()..];
            self.tables.axis_slots().zip(best).for_each(|(slot, &charge)| charges[slot as usize] = charge);
        }
        charges
    }

    /// So many rounds more, or until nothing is left to gain.
    pub(super) fn run(&mut self, rounds: usize, stop: &Stop<'_>) {
        for _ in 0..rounds {
            if stop.now() {
                return;
            }
            let lack: Vec<f32> = (0..self.room.len())
                .map(|at| match self.load[at] - self.room[at] {
                    lack if lack < 0.0 && self.best[at] <= 0.0 => 0.0,
                    lack => lack,
                })
                .collect();
            let scale: Vec<f32> = self.room.iter().map(|room| 1.0 / room.max(1.0)).collect();
            let norm: f64 =
                (0..self.room.len()).map(|at| f64::from(lack[at]) * f64::from(lack[at] * scale[at])).sum();
            if norm <= 0.0 {
                return;
            }
            let step = (self.step * AIM * self.value.abs() / norm) as f32;
            let trial: Vec<f32> = (0..self.room.len())
                .map(|at| (self.best[at] + step * lack[at] * scale[at]).max(0.0))
                .collect();
            let answer = self.ask(&trial);
            let agrees: f64 = (0..self.room.len())
                .map(|at| {
                    f64::from(lack[at]) * f64::from((answer.load[at] as f32 - self.room[at]) * scale[at])
                })
                .sum();
            for (average, &load) in self.load.iter_mut().zip(&answer.load) {
                *average += AVERAGE_SHARE * (load as f32 - *average);
            }
            if answer.value > self.value {
                self.value = answer.value;
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

    fn ask(&mut self, charges: &[f32]) -> Answer {
        let width = self.tables.width();
        for row in 0..self.tables.dense.len() {
            self.charges.set_row(row, |slot| charges[row * width + slot]);
        }
        let income: f64 = charges.iter().zip(&self.room).map(|(c, r)| f64::from(*c) * f64::from(*r)).sum();
        let pieces: Vec<&[u32]> = self.tasks.chunks(PIECE_TASKS).collect();
        let values: Vec<Mutex<f64>> = pieces.iter().map(|_| Mutex::new(0.0)).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut edges = vec![0i32; charges.len() + 1];
            let mut look = Look::default();
            while let Some((at, piece)) =
                Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, pieces.get(at)?)))
            {
                let sum = piece.iter().map(|&task| self.answer(task, &mut look, &mut edges)).sum();
                *values[at].lock().unwrap_or_else(PoisonError::into_inner) = sum;
            }
            edges
        };
        let mut edges = std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads.min(pieces.len())).map(|_| scope.spawn(work)).collect();
            let mut edges = work();
            for other in others {
                if let Ok(more) = other.join() {
                    edges.iter_mut().zip(more).for_each(|(sum, edge)| *sum += edge);
                }
            }
            edges
        });
        edges.truncate(charges.len());
        for row in edges.chunks_exact_mut(width.max(1)) {
            let mut down = 0;
            for edge in row {
                down += *edge;
                *edge = down;
            }
        }
        let paid: f64 =
            values.into_iter().map(|value| value.into_inner().unwrap_or_else(PoisonError::into_inner)).sum();
        Answer { value: paid - income, load: edges }
    }

    /// What one task pays at least; it is counted where it goes then.
    fn answer(&self, task: u32, look: &mut Look, edges: &mut [i32]) -> f64 {
        let problem = self.tables.problem;
        let span = (problem.release(task), problem.deadline(task));
        self.charges.look(self.tables, &self.costs, task, span, look);
        let duration = problem.duration(task);
        let Some((cost, start)) = look.least(duration as usize, |_| 0.0) else { return 0.0 };
        let begin = self.tables.on_axis(start) as usize;
        let end = begin + duration as usize;
        let width = self.tables.width();
        for row in self.tables.rows(task) {
            edges[row as usize * width + begin] += 1;
            // The place after a row's last belongs to the next row: there nobody may be counted out.
            if end < width {
                edges[row as usize * width + end] -= 1;
            }
        }
        f64::from(cost)
    }
}
