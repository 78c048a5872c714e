//! From a problem to a plan: a pure function of the problem, the options and the seed.
//!
//! The way through the rooms: [`tables`] prepares what never changes; [`board`] holds where every task stands
//! and, through [`ledger`], how full every group is in every slot; [`prices`] learns what a place in a full
//! slot is worth and proves a [`bound`] on the way; [`construct`] places one task after the other, [`repair`]
//! makes room for those that found none, [`polish`] lowers the disruption; [`explain`] says why the rest has no
//! place and what would give it one. `docs/planning.md` tells the method.
//!
//! Nothing here asks for the time: the caller hands in a [`Watch`].

mod board;
mod bound;
mod construct;
mod explain;
mod ledger;
mod negotiate;
mod polish;
mod prices;
mod repair;
mod report;
mod tables;

use std::time::Duration;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::domain::plan_file::{Metrics, Plan};
use crate::domain::problem::Problem;
use board::Board;
use negotiate::Negotiation;
use prices::Prices;
pub use report::{Larger, Move, MoveCause, Relaxation, Report, group_load};
use tables::Tables;

/// How much work to put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// Construction and repair alone.
    Fast,
    /// Priced construction, repair and improvement.
    #[default]
    Standard,
    /// Improves on, until the time limit or until nothing has helped for long.
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
    let tables = Tables::new(problem);
    let stop = Stop { watch, limit: options.time_limit };
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let progress = |phase, board: &Board<'_>, disruption_lower| {
        watch.progress(Progress {
            phase,
            placed: board.placed_count(),
            tasks: problem.task_count() as u64,
            disruption: board.disruption(),
            disruption_lower,
        });
    };

    let (mut board, prices) = match options.effort {
        Effort::Fast => construct_and_repair(&tables, &mut random, &stop, &progress),
        effort => negotiate_and_improve(&tables, effort, &mut random, &stop, &progress),
    };
    let cut_short = stop.now();
    let before_bound = watch.elapsed();
    let rounds = match options.effort {
        Effort::Fast => 0,
        Effort::Standard => (100_000 / (problem.task_count() + 1)).clamp(10, 100),
        Effort::Best => 150,
    };
    let prices = prices::sharpen(&tables, prices, rounds, &stop);
    let bound = bound::prove(&board, &prices);
    let bound_ms = (watch.elapsed() - before_bound).as_millis() as u64;
    progress(Phase::Explaining, &board, bound.disruption_lower);
    let (unplaced, report) = explain::account(&mut board);
    let metrics = Metrics {
        tasks: problem.task_count() as u64,
        placed: board.placed_count(),
        weight_placed: board.weight_placed(),
        weight_total: (0..problem.task_count() as u32).map(|task| u64::from(problem.weight(task))).sum(),
        moved: board.moved_count(),
        disruption: board.disruption(),
        visits: board.visit_count(),
        bound,
        solve_ms: watch.elapsed().as_millis() as u64,
        bound_ms,
        peak_rss_mb: 0,
    };
    let plan = Plan::new(problem.sha256().to_owned(), board.into_starts(), unplaced, metrics);
    Outcome { plan, report, cut_short }
}

type Tell<'a> = dyn Fn(Phase, &Board<'_>, u64) + 'a;

fn construct_and_repair<'t>(
    tables: &'t Tables<'t>,
    random: &mut ChaCha8Rng,
    stop: &Stop<'_>,
    progress: &Tell<'_>,
) -> (Board<'t>, Prices) {
    let prices = Prices::none(tables);
    let mut board = Board::new(tables);
    progress(Phase::Placing, &board, 0);
    construct::place_all(&mut board, &prices);
    progress(Phase::Repairing, &board, 0);
    repair::make_room(&mut board, &prices, Effort::Fast, random, stop);
    (board, prices)
}

/// Learns prices once, settles on a plan several times in different orders, and keeps the best.
fn negotiate_and_improve<'t>(
    tables: &'t Tables<'t>,
    effort: Effort,
    random: &mut ChaCha8Rng,
    stop: &Stop<'_>,
    progress: &Tell<'_>,
) -> (Board<'t>, Prices) {
    progress(Phase::Pricing, &Board::new(tables), 0);
    let mut order: Vec<u32> = (0..tables.task_count()).filter(|&task| !tables.pinned(task)).collect();
    order.shuffle(random);
    let mut learned = Negotiation::new(tables);
    let prices = learned.learn(&order, stop);
    let attempts = match effort {
        Effort::Best => BEST_ATTEMPTS,
        _ => (SMALL_TASKS / order.len().max(1)).clamp(1, SMALL_ATTEMPTS),
    };
    let mut best: Option<Board<'t>> = None;
    for attempt in 0..attempts {
        if attempt > 0 {
            if stop.now() {
                break;
            }
            order.shuffle(random);
        }
        let mut negotiation = learned.clone();
        negotiation.settle(&order, stop);
        let mut board = Board::new(tables);
        construct::place_wishes(&mut board, negotiation.wishes());
        progress(Phase::Placing, &board, 0);
        construct::place_all(&mut board, &prices);
        progress(Phase::Repairing, &board, 0);
        repair::make_room(&mut board, &prices, effort, random, stop);
        progress(Phase::Improving, &board, 0);
        polish::improve(&mut board, effort, random, stop);
        if best.as_ref().is_none_or(|best| board.is_better_than(best)) {
            best = Some(board);
        }
    }
    (best.unwrap_or_else(|| Board::new(tables)), prices)
}

/// So often `best` settles anew, if nobody stops it.
const BEST_ATTEMPTS: usize = 12;
/// A small problem is settled several times in `standard` too: as often as it fits into this many tasks.
const SMALL_TASKS: usize = 4000;
const SMALL_ATTEMPTS: usize = 4;

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
