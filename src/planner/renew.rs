//! Better and better: a piece of the plan is taken out and planned anew against what the others leave; it is kept if
//! it is better.
//!
//! In every round each part gives one piece: neighbours in the order of tasks, tasks that stand in the same few
//! nights, or any. The pieces of a round are planned side by side. What is free in a group that several of them
//! share is dealt out among them, to another one each time, so that all of them can be kept; and so the plan does not
//! depend on the number of threads.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::board::Board;
use super::lesson::Lesson;
use super::mend::{Part, Workshop};
use super::prices::Prices;
use super::tables::{NONE, Tables};
use super::{Effort, Phase, SolveOptions, Stop, Voice, construct, polish, repair, ruin};

/// Tasks of a piece.
const PIECE_TASKS: usize = 5000;
/// Without a time limit: so many rounds at least, so often every task is in a piece, and so many rounds in a row
/// that gain nothing are enough.
const ROUNDS_MIN: usize = 24;
const TURNS: usize = 3;
const IDLE_ROUNDS_MAX: usize = 12;

/// Renews pieces of the plan until the time is up; without a limit, until it is hardly worth it.
pub(super) fn renew(
    board: &mut Board<'_>,
    parts: &[Part],
    workshop: Workshop<'_>,
    lesson: &Lesson,
    options: &SolveOptions,
    voice: &Voice<'_>,
) {
    let stop = workshop.stop;
    let homes = Homes::new(board.tables, parts);
    let largest = homes.parts.iter().map(Vec::len).max().unwrap_or(0);
    let rounds = match options.time_limit {
        Some(_) => usize::MAX,
        None => ROUNDS_MIN.max(TURNS * largest.div_ceil(PIECE_TASKS)),
    };
    let mut random = ChaCha8Rng::seed_from_u64(options.seed ^ 0x5eed);
    let mut idle = 0;
    for round in 0..rounds {
        // With a limit everything may have been tried in vain: what is left is luck, which takes a while to run out.
        if stop.now() || idle >= IDLE_ROUNDS_MAX * if options.time_limit.is_some() { 20 } else { 1 } {
            return;
        }
        let pieces = homes.pieces(board, round, &mut random);
        let pieces: Vec<(usize, &Part)> = pieces.iter().enumerate().collect();
        let gained = workshop.better(board, &pieces, round, |number, board, groups| {
            let charges = |group: u32| lesson.charges_of(groups[group as usize].group);
            let seed = options.seed ^ ((number as u64) << 32) ^ ((round as u64) << 8);
            renew_piece(board, charges, &mut ChaCha8Rng::seed_from_u64(seed), stop)
        });
        idle = if gained { 0 } else { idle + 1 };
        voice.say(0, Phase::Improving, board);
    }
}

/// Which tasks may be in a piece, part by part, in their order.
struct Homes {
    parts: Vec<Part>,
    /// By task: who else has to be in the same piece, if visits cost something.
    site_of: Vec<u32>,
}

impl Homes {
    fn new(tables: &Tables<'_>, parts: &[Part]) -> Homes {
        let problem = tables.problem;
        let mut site_of = Vec::new();
        let mut stays = vec![false; problem.site_count()];
        if problem.visit_cost() > 0 {
            site_of = (0..tables.task_count()).map(|task| problem.site(task).unwrap_or(NONE)).collect();
            for task in (0..tables.task_count()).filter(|&task| !may_move(tables, task)) {
                if let Some(site) = problem.site(task) {
                    stays[site as usize] = true;
                }
            }
        }
        let moves = |&&task: &&u32| {
            let site = site_of.get(task as usize).copied().filter(|&site| site != NONE);
            may_move(tables, task) && site.is_none_or(|site| !stays[site as usize])
        };
        let parts = parts.iter().map(|part| part.iter().filter(moves).copied().collect()).collect();
        Homes { parts, site_of }
    }

    /// One piece from each part, in the part's order.
    fn pieces(&self, board: &Board<'_>, round: usize, random: &mut ChaCha8Rng) -> Vec<Part> {
        let pieces = self.parts.iter().filter(|part| part.len() > 1).map(|part| {
            let mut places = match round % 3 {
                0 => neighbours(part, random),
                1 => same_nights(board, part, random),
                _ => anybody(part, random),
            };
            if !self.site_of.is_empty() {
                places = self.with_their_sites(part, &places);
            }
            places.sort_unstable();
            places.into_iter().map(|place| part[place as usize]).collect()
        });
        pieces.filter(|piece: &Part| piece.len() > 1).collect()
    }

    /// A site is in a piece as a whole.
    fn with_their_sites(&self, part: &[u32], places: &[u32]) -> Vec<u32> {
        let site = |place: u32| self.site_of[part[place as usize] as usize];
        let mut sites: Vec<u32> =
            places.iter().map(|&place| site(place)).filter(|&site| site != NONE).collect();
        sites.sort_unstable();
        let in_a_site = |&place: &u32| sites.binary_search(&site(place)).is_ok();
        let alone = places.iter().copied().filter(|&place| site(place) == NONE);
        alone.chain((0..part.len() as u32).filter(in_a_site)).collect()
    }
}

/// Places in the part that follow each other.
fn neighbours(part: &[u32], random: &mut ChaCha8Rng) -> Vec<u32> {
    let count = part.len() as u32;
    let from = random.random_range(0..count);
    (from..count).chain(0..from).take(PIECE_TASKS).collect()
}

/// Places of anybody.
fn anybody(part: &[u32], random: &mut ChaCha8Rng) -> Vec<u32> {
    let mut all: Vec<u32> = (0..part.len() as u32).collect();
    let (piece, _) = all.partial_shuffle(random, PIECE_TASKS);
    piece.to_vec()
}

/// Places of those who stand between some slot and a later one, or nowhere.
fn same_nights(board: &Board<'_>, part: &[u32], random: &mut ChaCha8Rng) -> Vec<u32> {
    let mut nowhere: Vec<(u32, u32)> =
        (0..).zip(part).map(|(place, &task)| (board.starts[task as usize], place)).collect();
    let mut standing: Vec<(u32, u32)> = nowhere.extract_if(.., |&mut (start, _)| start != NONE).collect();
    if standing.is_empty() {
        return Vec::new();
    }
    standing.sort_unstable();
    let from = random.random_range(0..standing.len());
    let piece = nowhere.iter().chain(&standing[from..]).chain(&standing[..from]);
    piece.map(|&(_, place)| place).take(PIECE_TASKS).collect()
}

fn may_move(tables: &Tables<'_>, task: u32) -> bool {
    !tables.pinned(task) && !tables.has_precedence(task)
}

/// Plans those on the board anew; says whether that is better.
fn renew_piece<'a>(
    board: &mut Board<'_>,
    charges_of: impl Fn(u32) -> Option<&'a [f32]>,
    random: &mut ChaCha8Rng,
    stop: &Stop<'_>,
) -> bool {
    let tables = board.tables;
    let before = board.value();
    if board.waits() {
        let prices = Prices::of_charges(tables, charges_of);
        construct::place_all(board, &prices);
        let pains = (repair::patience(Effort::Standard), repair::BRISK);
        repair::make_room(board, &prices, pains, random, stop);
        polish::bring_home(board, stop);
    }
    let steps = ruin::STEPS_A_TASK.saturating_mul(tables.task_count());
    ruin::anneal(board, steps, random, stop);
    polish::improve(board, random, stop);
    board.value() < before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::StoppedWatch;
    use crate::planner::sample::{Sample, anywhere, cell};

    const SITES: [&str; 4] = ["A", "B", "C", "D"];

    #[test]
    fn a_piece_is_in_order_and_takes_sites_as_a_whole() {
        let tasks: Vec<Sample> =
            (0..40).map(|at| Sample { site: SITES.get(at % 5).copied(), ..anywhere(96) }).collect();
        let problem = cell(40, 3, &[1; 96], &tasks);
        let tables = Tables::new(&problem);
        let starts: Vec<u32> = (0..40).map(|task| task * 7 % 96).collect();
        let board = Board::of(&tables, &starts);
        let part: Part = (0..40).rev().collect();
        let homes = Homes::new(&tables, std::slice::from_ref(&part));
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for round in 0..6 {
            for piece in homes.pieces(&board, round, &mut random) {
                assert!(piece.is_sorted_by(|a, b| a > b), "as in the part, nobody twice");
                let site = |&task: &u32| problem.site(task);
                for member in piece.iter().filter(|task| site(task).is_some()) {
                    let whole = part.iter().filter(|task| site(task) == site(member));
                    assert!(whole.into_iter().all(|task| piece.contains(task)));
                }
            }
        }
    }

    #[test]
    fn a_bad_plan_gets_better_and_nobody_loses_a_place() {
        let cost: Vec<u32> = (0..96).map(|slot| 1 + slot * 37 % 96).collect();
        let tasks: Vec<Sample> = (0..60).map(|at| Sample { volume: 1 + at % 9, ..anywhere(96) }).collect();
        let problem = cell(1, 0, &cost, &tasks);
        let tables = Tables::new(&problem);
        let mut board = Board::of(&tables, &(0..60).collect::<Vec<u32>>());
        let before = board.disruption();
        let stop = Stop { watch: &StoppedWatch, limit: None };
        let workshop = Workshop { groups: &[0], threads: 1, stop: &stop };
        let (voice, options) = (Voice::new(&StoppedWatch, 60), SolveOptions::default());
        renew(&mut board, &[(0..60).collect()], workshop, &Lesson::default(), &options, &voice);
        // The least there is: the cheapest places, those with the largest volume first.
        let mut volumes: Vec<u64> = tasks.iter().map(|task| task.volume.into()).collect();
        volumes.sort_unstable_by(|a, b| b.cmp(a));
        let least: u64 = (1..).zip(&volumes).map(|(cost, volume)| cost * volume).sum();
        assert_eq!(board.placed_count(), 60);
        assert!(board.disruption() < before);
        assert!(board.disruption() * 100 <= least * 102, "{} of {least}", board.disruption());
    }
}
