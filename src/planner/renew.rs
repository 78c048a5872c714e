//! Better and better: a piece of the plan is taken out and planned anew against what the others leave; it is kept if
//! it is better.
//!
//! In every round each part gives one piece: neighbours in the order of tasks, tasks that stand in the same few
//! nights, or any. The pieces of a round are planned side by side. What is free in a group that several of them
//! share is dealt out among them, to another one each time, so that all of them can be kept; and so the plan does not
//! depend on the number of threads.

use std::collections::HashMap;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::board::Board;
use super::lesson::Lesson;
use super::mend::{Part, groups_of};
use super::prices::Prices;
use super::side::side_by_side;
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
    lesson: &Lesson,
    options: &SolveOptions,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) {
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
        let gained = renew_pieces(board, &pieces, round, lesson, options, stop);
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

    /// One piece from each part.
    fn pieces(&self, board: &Board<'_>, round: usize, random: &mut ChaCha8Rng) -> Vec<Part> {
        let pieces = self.parts.iter().filter(|part| part.len() > 1).map(|part| {
            let mut piece = match round % 3 {
                0 => self.neighbours(part, random),
                1 => self.same_nights(board, part, random),
                _ => self.anybody(part, random),
            };
            piece.sort_unstable();
            piece
        });
        pieces.filter(|piece| piece.len() > 1).collect()
    }

    fn neighbours(&self, part: &[u32], random: &mut ChaCha8Rng) -> Part {
        let from = random.random_range(0..part.len());
        let (before, after) = part.split_at(from);
        self.with_their_sites(part, after.iter().chain(before).copied().take(PIECE_TASKS).collect())
    }

    fn anybody(&self, part: &[u32], random: &mut ChaCha8Rng) -> Part {
        let mut all = part.to_vec();
        let (piece, _) = all.partial_shuffle(random, PIECE_TASKS);
        self.with_their_sites(part, piece.to_vec())
    }

    /// Those who stand between some slot and a later one, or nowhere.
    fn same_nights(&self, board: &Board<'_>, part: &[u32], random: &mut ChaCha8Rng) -> Part {
        let start = |task: u32| board.start(task);
        let mut standing: Vec<(u32, u32)> =
            part.iter().filter_map(|&task| Some((start(task)?, task))).collect();
        if standing.is_empty() {
            return Part::new();
        }
        standing.sort_unstable();
        let from = random.random_range(0..standing.len());
        let nowhere = part.iter().copied().filter(|&task| start(task).is_none());
        let piece = standing[from..].iter().chain(&standing[..from]).map(|&(_, task)| task);
        self.with_their_sites(part, nowhere.chain(piece).take(PIECE_TASKS).collect())
    }

    /// Where visits cost something, a site is in a piece as a whole.
    fn with_their_sites(&self, part: &[u32], piece: Part) -> Part {
        if self.site_of.is_empty() {
            return piece;
        }
        let mut sites: Vec<u32> = piece.iter().map(|&task| self.site_of[task as usize]).collect();
        sites.retain(|&site| site != NONE);
        sites.sort_unstable();
        let mut alone: Vec<u32> =
            piece.into_iter().filter(|&task| self.site_of[task as usize] == NONE).collect();
        let in_a_site = |&&task: &&u32| sites.binary_search(&self.site_of[task as usize]).is_ok();
        alone.extend(part.iter().filter(in_a_site));
        alone
    }
}

fn may_move(tables: &Tables<'_>, task: u32) -> bool {
    !tables.pinned(task) && !tables.has_precedence(task)
}

/// Plans these pieces anew, none of which shares a task with another, and keeps those that are better than before.
fn renew_pieces(
    board: &mut Board<'_>,
    pieces: &[Part],
    round: usize,
    lesson: &Lesson,
    options: &SolveOptions,
    stop: &Stop<'_>,
) -> bool {
    let whole = &*board;
    let problem = whole.tables.problem;
    // Which pieces count in a group, in their order.
    let mut sharers: HashMap<u32, Vec<u32>> = HashMap::new();
    for (number, piece) in (0..).zip(pieces) {
        for &group in piece.iter().flat_map(|&task| problem.groups_of(task)) {
            let sharers = sharers.entry(group).or_default();
            if sharers.last() != Some(&number) {
                sharers.push(number);
            }
        }
    }
    let sizes: Vec<usize> = pieces.iter().map(Vec::len).collect();
    let changes = side_by_side(&sizes, options.threads, |number| {
        if stop.now() {
            return Vec::new();
        }
        let piece = &pieces[number];
        let groups = groups_of(whole, piece, |group, slot, left| {
            let sharers = &sharers[&group];
            let count = sharers.len() as u32;
            let place = sharers.binary_search(&(number as u32)).unwrap_or(0) as u32;
            let turn = (place + slot + round as u32) % count;
            let left = left as u32;
            (left / count + u32::from(turn < left % count)) as i32
        });
        let excerpt = problem.excerpt(piece, &groups);
        let tables = Tables::new(&excerpt);
        let charges = |group: u32| lesson.charges_of(groups[group as usize].group);
        let mut random =
            ChaCha8Rng::seed_from_u64(options.seed ^ ((number as u64) << 32) ^ ((round as u64) << 8));
        let before: Vec<u32> = piece.iter().map(|&task| whole.starts[task as usize]).collect();
        let standing = Board::of(&tables, &before);
        let Some(better) = better(&standing, charges, &mut random, stop) else { return Vec::new() };
        let after = piece.iter().zip(before.iter().zip(better));
        after
            .filter(|(_, (before, after))| *before != after)
            .map(|(&task, (_, after))| (task, after))
            .collect()
    });
    let changes: Vec<(u32, u32)> = changes.into_iter().flatten().collect();
    for &(task, _) in &changes {
        if board.start(task).is_some() {
            board.remove(task);
        }
    }
    for &(task, start) in changes.iter().filter(|&&(_, start)| start != NONE) {
        debug_assert!(board.fits(task, start));
        board.place(task, start);
    }
    !changes.is_empty()
}

/// A better plan for those on the board, if one is found.
fn better<'a>(
    standing: &Board<'_>,
    charges_of: impl Fn(u32) -> Option<&'a [f32]>,
    random: &mut ChaCha8Rng,
    stop: &Stop<'_>,
) -> Option<Vec<u32>> {
    let tables = standing.tables;
    let mut board = Board::of(tables, &standing.starts);
    if board.starts.contains(&NONE) {
        let prices = Prices::of_charges(tables, charges_of);
        construct::place_all(&mut board, &prices);
        let pains = (repair::patience(Effort::Standard), repair::BRISK);
        repair::make_room(&mut board, &prices, pains, random, stop);
        polish::bring_home(&mut board, stop);
    }
    let steps = ruin::STEPS_A_TASK.saturating_mul(tables.task_count());
    ruin::anneal(&mut board, steps, random, stop);
    polish::improve(&mut board, random, stop);
    board.is_better_than(standing).then_some(board.starts)
}
