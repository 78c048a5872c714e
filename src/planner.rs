//! From a problem to a plan: a pure function of the problem, the options and the seed.
//!
//! The way through the rooms: [`search`] leads. [`tables`] prepares what never changes; [`lesson`] learns from a
//! sample what a place in a slot of a large group is worth, by [`negotiate`] and [`dual`] over [`charges`]; [`cut`]
//! says where a large problem falls apart. [`board`] holds where every task stands and, through [`ledger`], how full
//! every group is in every slot; [`construct`] places one task after the other, [`repair`] makes room for those that
//! found none, [`polish`] lowers the disruption. What was announced is planned again by [`again`]: in [`handover`]
//! others make way, in [`clearing`] several for one, as [`tolls`] say what a place is worth in moves ([`levies`] learn it
//! for all groups together), in [`relay`] one for one along the shortest way to a free place, which [`reach`] measures;
//! [`rework`] does it again where promises were broken. [`bound`] proves what no plan can beat; [`explain`] says why
//! the rest has no place, what would give it one, and why announced tasks moved. `docs/planning.md` tells the method.
//!
//! Nothing here asks for the time: the caller hands in a [`Watch`].

mod again;
mod alone;
mod bits;
mod board;
mod booth;
mod bound;
mod charges;
mod clearing;
mod construct;
mod crowd;
mod crowding;
mod cut;
mod dual;
mod explain;
mod handover;
mod ledger;
mod lesson;
mod levies;
mod mend;
mod negotiate;
mod offers;
mod order;
mod polish;
mod prices;
mod reach;
mod relay;
mod renew;
mod repair;
mod report;
mod response;
mod rework;
mod rivals;
mod ruin;
#[cfg(test)]
mod sample;
mod search;
mod side;
mod stand_in;
mod standing;
mod tables;
mod tally;
mod tolls;
mod ways;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::plan_file::{Metrics, Plan};
use crate::domain::problem::Problem;
use board::Board;
pub use report::{Larger, Move, MoveCause, Relaxation, Report, group_load};

/// How much work to put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// Construction and repair alone, without prices.
    Fast,
    /// Prices, parts side by side, repair and improvement.
    #[default]
    Standard,
    /// More of everything.
    Best,
}

/// What the caller decides.
#[derive(Debug, Clone)]
pub struct SolveOptions {
    /// How much work to put in.
    pub effort: Effort,
    /// The same seed gives the same plan.
    pub seed: u64,
    /// Worker threads, at least 1. The plan does not depend on it.
    pub threads: usize,
    /// After this time (on the caller's watch) the best plan so far is returned.
    pub time_limit: Option<Duration>,
}

impl Default for SolveOptions {
    fn default() -> SolveOptions {
        SolveOptions { effort: Effort::Standard, seed: 1, threads: 1, time_limit: None }
    }
}

/// How far the planner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Tasks with a place.
    pub placed: u64,
    /// All tasks.
    pub tasks: u64,
    /// Disruption so far, visits included.
    pub disruption: u64,
    /// The proven lower bound so far; 0 while there is none.
    pub disruption_lower: u64,
}

/// The planner's steps, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Learning prices and bounds.
    Pricing,
    /// Placing every task that finds a place.
    Placing,
    /// Making room for the others.
    Repairing,
    /// Lowering the disruption.
    Improving,
    /// Saying why not.
    Explaining,
}

/// The planner's view of the outside world: time, a wish to stop, an ear.
pub trait Watch: Sync {
    /// Time since the solve began.
    fn elapsed(&self) -> Duration;
    /// Whether somebody wants the best plan so far, now.
    fn cancelled(&self) -> bool {
        false
    }
    /// Told now and then, never more often than some hundred times a second.
    fn progress(&self, _progress: Progress) {}
}

/// A watch that stands still: for tests and for callers without a limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct StoppedWatch;

impl Watch for StoppedWatch {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// A plan, and what is to be said about it.
#[must_use]
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Keeps every hard rule, whenever it was cut short.
    pub plan: Plan,
    /// Why not, in sum.
    pub report: Report,
    /// Whether the time limit or a cancellation ended the work early.
    pub cut_short: bool,
}

/// Solves `problem`. The plan keeps every hard rule; what cannot be placed has its reason.
pub fn solve(problem: &Problem, options: &SolveOptions, watch: &dyn Watch) -> Outcome {
    let stop = Stop { watch, limit: options.time_limit };
    let voice = Voice::new(watch, problem.task_count());
    let tables = OnceCell::new();
    let search::Found { mut board, tolls, bound, bound_ms } =
        search::search(problem, &tables, options, &stop, &voice);
    let cut_short = stop.now();
    let mut tally = tally::of(problem, &board.starts);
    voice.say_sums(0, Phase::Explaining, (tally.placed, tally.disruption));
    let (mut unplaced, mut report) = (Vec::new(), Report::default());
    if tally.placed < problem.task_count() as u64 || tally.moved > 0 {
        (unplaced, report) = explain::account(&mut board, &tolls);
        tally = tally::of(problem, &board.starts);
    }
    let metrics = Metrics {
        tasks: problem.task_count() as u64,
        placed: tally.placed,
        weight_placed: tally.weight_placed,
        weight_total: tally.weight_total,
        moved: tally.moved,
        disruption: tally.disruption,
        visits: tally.visits,
        bound,
        solve_ms: watch.elapsed().as_millis() as u64,
        bound_ms,
        peak_rss_mb: 0,
    };
    let starts = board.starts.into_iter().map(|start| (start != tables::NONE).then_some(start)).collect();
    let plan = Plan::new(problem.sha256().to_owned(), starts, unplaced, metrics);
    Outcome { plan, report, cut_short }
}

/// Tells the watch how far all parts together are.
struct Voice<'a> {
    watch: &'a dyn Watch,
    tasks: u64,
    /// By part: placed tasks, disruption.
    parts: Mutex<BTreeMap<usize, (u64, u64)>>,
    disruption_lower: AtomicU64,
}

impl<'a> Voice<'a> {
    fn new(watch: &'a dyn Watch, tasks: usize) -> Voice<'a> {
        Voice { watch, tasks: tasks as u64, parts: Mutex::default(), disruption_lower: AtomicU64::new(0) }
    }

    fn prove(&self, disruption_lower: u64) {
        self.disruption_lower.store(disruption_lower, Ordering::Relaxed);
    }

    /// What one part has reached.
    fn say(&self, part: usize, phase: Phase, board: &Board<'_>) {
        self.say_sums(part, phase, (board.placed_count(), board.disruption()));
    }

    fn say_sums(&self, part: usize, phase: Phase, sums: (u64, u64)) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.insert(part, sums);
        let (placed, disruption) = parts.values().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        let disruption_lower = self.disruption_lower.load(Ordering::Relaxed);
        self.watch.progress(Progress { phase, placed, tasks: self.tasks, disruption, disruption_lower });
    }

    /// Forgets the parts: from now on there is one.
    fn join(&self) {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Whether to go on.
struct Stop<'a> {
    watch: &'a dyn Watch,
    limit: Option<Duration>,
}

impl Stop<'_> {
    fn now(&self) -> bool {
        self.watch.cancelled() || self.limit.is_some_and(|limit| self.watch.elapsed() >= limit)
    }
}
