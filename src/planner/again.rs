//! Planning again what was announced: everybody stays where they were, as far as that is legal; the others find the
//! cheapest place that is left, or take that of somebody who was not announced; and only then announced tasks make
//! way.

use std::collections::HashSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::board::Board;
use super::prices::Prices;
use super::search::{Found, prove};
use super::tables::{NONE, Tables};
use super::{Phase, SolveOptions, Stop, Voice, construct, polish, repair};
use crate::domain::problem::Problem;

/// Plans again.
pub(super) fn again(problem: &Problem, options: &SolveOptions, stop: &Stop<'_>, voice: &Voice<'_>) -> Found {
    let tables = Tables::new(problem);
    let mut board = Board::new(&tables);
    voice.say_sums(0, Phase::Placing, (0, 0));
    stay(&mut board);
    let prices = Prices::none(&tables);
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    construct::place_all(&mut board, &prices);
    voice.say(0, Phase::Repairing, &board);
    polish::squeeze_in(&mut board, true, stop);
    polish::squeeze_in_anywhere(&mut board, stop);
    // Chains break several promises for one place: a few tries are enough.
    let pains = (repair::patience(options.effort) / 20, repair::BRISK);
    repair::make_room(&mut board, &prices, pains, &mut random, stop);
    polish::bring_home(&mut board, stop);
    voice.say(0, Phase::Improving, &board);
    polish::improve_unannounced(&mut board, options.effort, &mut random, stop);
    let (bound, took) = prove(&board, &prices, options, stop, voice);
    Found { starts: board.starts, bound, bound_ms: took.as_millis() as u64 }
}

/// Leaves everybody where they were announced, as far as that is legal. Where a group was promised to more than it
/// holds, those stay who end first: in one group nobody could keep more of them.
fn stay(board: &mut Board<'_>) {
    let tables = board.tables;
    let problem = tables.problem;
    let mut waiting: Vec<(u32, u32)> = Vec::new();
    let mut contested: Vec<(u32, u32)> = Vec::new();
    let mut in_chains: Vec<(u32, u32, u32)> = Vec::new();
    for task in (0..tables.task_count()).filter(|&task| !tables.pinned(task)) {
        let Some(home) = tables.home(task) else { continue };
        if tables.has_precedence(task) {
            in_chains.push((tables.depth(task), task, home));
        } else if board.fits(task, home) {
            board.place(task, home);
        } else {
            contested.push((task, home));
        }
    }
    let mut crowded: HashSet<(u32, u32)> = HashSet::new();
    for &(task, home) in &contested {
        for &group in problem.groups_of(task) {
            for slot in home..home + problem.duration(task) {
                if board.lack(group, slot, slot + 1) > 0 && crowded.insert((group, slot)) {
                    let down = board.down_at(group, slot).into_iter();
                    waiting.extend(down.filter(|&other| !tables.pinned(other)).map(|other| (other, NONE)));
                }
            }
        }
    }
    waiting.sort_unstable();
    waiting.dedup();
    for each in &mut waiting {
        each.1 = board.remove(each.0);
    }
    waiting.append(&mut contested);
    waiting.sort_unstable_by_key(|&(task, home)| (home + problem.duration(task), task));
    in_chains.sort_unstable();
    let in_chains = in_chains.into_iter().map(|(_, task, home)| (task, home));
    for (task, home) in waiting.into_iter().chain(in_chains) {
        let end = home + problem.duration(task);
        let within = board.span(task).is_some_and(|(release, deadline)| release <= home && end <= deadline);
        if within && board.fits(task, home) {
            board.place(task, home);
        }
    }
}
