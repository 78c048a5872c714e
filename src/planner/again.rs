//! Planning again what was announced: everybody stays where they were, as far as that is legal; the others find the
//! cheapest place that is left; and only then announced tasks make way, one for the other along the shortest way to a
//! free place.

use std::collections::{HashMap, HashSet};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::alone::Alone;
use super::board::Board;
use super::mend::{Part, Workshop};
use super::order::{Order, sorted};
use super::prices::Prices;
use super::search::{Found, parts, prove};
use super::tables::{Count, Tables};
use super::tolls::Tolls;
use super::{Effort, Phase, SolveOptions, Stop, Voice, construct, handover, polish, repair};

/// So often the parts mend what they took from each other.
const ROUNDS: usize = 3;

/// How much is tried for those who still wait when places have been handed on.
#[derive(Debug, Clone, Copy)]
struct Tries {
    /// Whether every start is looked at.
    anywhere: bool,
    /// Chains break several promises for one place, so they get a part of the patience they have elsewhere.
    patience_divisor: usize,
}

/// In a small problem there is time.
const MANY_TRIES: Tries = Tries { anywhere: true, patience_divisor: 5 };
const SOME_TRIES: Tries = Tries { anywhere: true, patience_divisor: 20 };
/// For those who have had their tries.
const FEW_TRIES: Tries = Tries { anywhere: false, patience_divisor: 200 };

/// Plans again, in parts where there are more than `whole_tasks_max` tasks.
pub(super) fn again<'t>(
    tables: &'t Tables<'t>,
    whole_tasks_max: usize,
    options: &SolveOptions,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> Found<'t> {
    let mut board = Board::new(tables);
    voice.say_sums(0, Phase::Placing, (0, 0));
    stay(&mut board);
    let prices = Prices::none(tables);
    construct::place_all(&mut board, &prices);
    voice.say(0, Phase::Repairing, &board);
    let mut tolls = Tolls::default();
    if board.waits() {
        tolls = handover::hand_on(&mut board, options.effort, options.seed, stop);
        construct::place_all(&mut board, &prices);
    }
    // In a large problem, who found the cheapest place that is left is content.
    let is_small = board.starts.len() <= whole_tasks_max;
    let hopeful = hopeful(&board);
    if is_small && board.moved_or_new() || !hopeful.is_empty() {
        mend(&mut board, &hopeful, whole_tasks_max, options, stop);
    }
    voice.say(0, Phase::Improving, &board);
    let (bound, took) = prove(&board, &prices, options, stop, voice);
    Found { board, tolls, bound, bound_ms: took.as_millis() as u64 }
}

/// Finds places for those who wait, in the part of each.
fn mend(
    board: &mut Board<'_>,
    hopeful: &HashSet<u32>,
    whole_tasks_max: usize,
    options: &SolveOptions,
    stop: &Stop<'_>,
) {
    let order = Order::of(board.tables.problem);
    let parts = parts(board.tables.problem, &order, whole_tasks_max);
    let workshop = Workshop { groups: &order.groups, threads: options.threads, stop };
    let tries = if board.starts.len() <= whole_tasks_max { MANY_TRIES } else { SOME_TRIES };
    for round in 0..ROUNDS {
        let waits = |task: &u32| board.start(*task).is_none() && (round > 0 || hopeful.contains(task));
        let waiting: Vec<(usize, &Part)> =
            parts.iter().enumerate().filter(|(_, part)| parts.len() == 1 || part.iter().any(waits)).collect();
        let tries = if round > 0 { FEW_TRIES } else { tries };
        let lost = workshop.mend(board, &waiting, |number, board, _| {
            let mut random = ChaCha8Rng::seed_from_u64(options.seed ^ ((number as u64) << 32));
            mend_part(board, options.effort, tries, &mut random, stop);
        });
        if lost == 0 {
            return;
        }
        construct::place_all(board, &Prices::none(board.tables));
    }
}

/// Those without a place who might have one if they were alone.
fn hopeful(board: &Board<'_>) -> HashSet<u32> {
    let alone = Alone::new(board.tables);
    let waits = |&task: &u32| board.start(task).is_none() && alone.has_room(task);
    (0..board.tables.task_count()).filter(waits).collect()
}

fn mend_part(board: &mut Board<'_>, effort: Effort, tries: Tries, random: &mut ChaCha8Rng, stop: &Stop<'_>) {
    let prices = Prices::none(board.tables);
    polish::squeeze_in(board, true, stop);
    if tries.anywhere {
        polish::squeeze_in_anywhere(board, stop);
    }
    let patience = repair::patience(effort) / tries.patience_divisor;
    repair::make_room(board, &prices, (patience, repair::BRISK), random, stop);
    polish::bring_home(board, stop);
    polish::improve_unannounced(board, effort, random, stop);
}

/// Leaves everybody where they were announced, as far as that is legal. Where a group was promised to more than it
/// holds, those stay who end first: in one group nobody could keep more of them.
fn stay(board: &mut Board<'_>) {
    let tables = board.tables;
    let problem = tables.problem;
    let mut contested: Vec<(u32, u32)> = Vec::new();
    let mut in_chains: Vec<(u32, u32)> = Vec::new();
    for task in (0..tables.task_count()).filter(|&task| !tables.pinned(task)) {
        let Some(home) = tables.home(task) else { continue };
        if tables.has_precedence(task) {
            in_chains.push((tables.depth(task), task));
        } else if board.fits(task, home) {
            board.place(task, home);
        } else {
            contested.push((task, home));
        }
    }
    let crowded = promised_to_too_many(board, &contested);
    let mut waiting: HashSet<u32> = contested.into_iter().map(|(task, _)| task).collect();
    for (group, slot) in crowded {
        waiting.extend(board.down_at(group, slot).into_iter().filter(|&other| !tables.pinned(other)));
    }
    let ends = waiting.into_iter().filter_map(|task| {
        let home = problem.current(task)?;
        if board.start(task).is_some() {
            board.remove(task);
        }
        Some((home + problem.duration(task), task))
    });
    let mut waiting = sorted(problem, ends.collect::<Vec<_>>().into_iter());
    waiting.extend(sorted(problem, in_chains.into_iter()));
    for task in waiting {
        let Some(home) = problem.current(task) else { continue };
        let end = home + problem.duration(task);
        let within = board.span(task).is_some_and(|(release, deadline)| release <= home && end <= deadline);
        if within && board.fits(task, home) {
            board.place(task, home);
        }
    }
}

/// Groups and slots that cannot hold those on the board and the contested ones together.
fn promised_to_too_many(board: &Board<'_>, contested: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let tables = board.tables;
    let mut wanted: HashMap<(u32, u32), i32> = HashMap::new();
    for &(task, home) in contested {
        let groups = tables.problem.groups_of(task).iter().copied();
        for group in groups.filter(|&group| tables.count(group) != Count::Never) {
            for slot in home..home + tables.problem.duration(task) {
                *wanted.entry((group, slot)).or_default() += 1;
            }
        }
    }
    let is_short = |&((group, slot), wanted): &((u32, u32), i32)| wanted > board.left(group, slot);
    wanted.into_iter().filter(is_short).map(|(place, _)| place).collect()
}
