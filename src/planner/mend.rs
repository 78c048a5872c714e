//! Parts of a whole plan, each worked on by itself, side by side.
//!
//! Each part gets its own tasks as they stand, and of what it shares with others its own share of what they leave. All
//! of what they leave, while places are lacking: then two parts may take the same free place, and when what they
//! changed is put together, one of them loses it. Or what is free is dealt out among them, and nobody can lose.

use std::collections::HashMap;

use super::Stop;
use super::board::Board;
use super::side::side_by_side;
use super::tables::{NONE, Tables};
use crate::domain::problem::{CapRange, ExcerptGroup, Problem};

/// Tasks that are planned together, in canonical order.
pub(super) type Part = Vec<u32>;

/// Tasks and where they are to stand, [`NONE`] for nowhere.
type Changes = Vec<(u32, u32)>;

/// How parts are worked on: the groups of the problem in canonical order, the threads, and when to stop.
#[derive(Clone, Copy)]
pub(super) struct Workshop<'a> {
    pub(super) groups: &'a [u32],
    pub(super) threads: usize,
    pub(super) stop: &'a Stop<'a>,
}

impl Workshop<'_> {
    /// Has parts mended by `mend`, which is told the part's number and groups. The outcome does not depend on the
    /// number of threads. Says how many lost their place because two parts took it.
    pub(super) fn mend(
        self,
        board: &mut Board<'_>,
        parts: &[(usize, &Part)],
        mend: impl Fn(usize, &mut Board<'_>, &[ExcerptGroup]) + Sync,
    ) -> usize {
        let mend = |number: usize, board: &mut Board<'_>, groups: &[ExcerptGroup]| {
            mend(number, board, groups);
            true
        };
        let changes = self.changes(board, parts, |_, _, _, left| left, mend);
        let before: Vec<u32> = changes.iter().map(|&(task, _)| take_out(board, task)).collect();
        let mut back = Vec::new();
        for (&(task, start), before) in changes.iter().zip(before) {
            if start == NONE || !place_if_legal(board, task, start) {
                back.push((task, before));
            }
        }
        let placed = changes.iter().filter(|&&(_, start)| start != NONE).count() + back.len();
        for &(task, start) in back.iter().filter(|&&(_, start)| start != NONE) {
            place_if_legal(board, task, start);
        }
        let stands = |&&(task, _): &&(u32, u32)| board.start(task).is_some();
        placed - changes.iter().filter(stands).count()
    }

    /// Has parts made better by `better`, which says whether the part is to be kept as it left it. What is free is
    /// dealt out, to other parts in another `round`. Says whether anything was kept.
    pub(super) fn better(
        self,
        board: &mut Board<'_>,
        parts: &[(usize, &Part)],
        round: usize,
        better: impl Fn(usize, &mut Board<'_>, &[ExcerptGroup]) -> bool + Sync,
    ) -> bool {
        let sharers = sharers(board.tables.problem, parts);
        let deal = |at: usize, group: u32, slot: u32, left: i32| {
            let sharers = &sharers[&group];
            let count = sharers.len() as u32;
            let place = sharers.binary_search(&(at as u32)).unwrap_or(0) as u32;
            let turn = (place + slot + round as u32) % count;
            let left = left as u32;
            (left / count + u32::from(turn < left % count)) as i32
        };
        let changes = self.changes(board, parts, deal, better);
        changes.iter().for_each(|&(task, _)| {
            take_out(board, task);
        });
        for &(task, start) in changes.iter().filter(|&&(_, start)| start != NONE) {
            debug_assert!(board.fits(task, start));
            board.place(task, start);
        }
        !changes.is_empty()
    }

    /// What becomes of the parts. `share` is told a part's place among them, a group, a slot, and how many fit there.
    fn changes(
        self,
        whole: &Board<'_>,
        parts: &[(usize, &Part)],
        share: impl Fn(usize, u32, u32, i32) -> i32 + Sync,
        work: impl Fn(usize, &mut Board<'_>, &[ExcerptGroup]) -> bool + Sync,
    ) -> Changes {
        let sizes: Vec<usize> = parts.iter().map(|(_, part)| part.len()).collect();
        let changes = side_by_side(&sizes, self.threads, |at| {
            let (number, part) = parts[at];
            if self.stop.now() {
                return Changes::new();
            }
            let groups =
                groups_of(whole, part, self.groups, |group, slot, left| share(at, group, slot, left));
            let excerpt = whole.tables.problem.excerpt(part, &groups);
            let tables = Tables::new(&excerpt);
            let before: Vec<u32> = part.iter().map(|&task| whole.starts[task as usize]).collect();
            let mut board = Board::of(&tables, &before);
            if !work(number, &mut board, &groups) {
                return Changes::new();
            }
            let after = part.iter().zip(before.iter().zip(&board.starts));
            let changed = after.filter(|&(_, (before, after))| before != after);
            changed.map(|(&task, (_, &after))| (task, after)).collect()
        });
        changes.into_iter().flatten().collect()
    }
}

/// Which parts, by their places among them, count in a group.
fn sharers(problem: &Problem, parts: &[(usize, &Part)]) -> HashMap<u32, Vec<u32>> {
    let mut sharers: HashMap<u32, Vec<u32>> = HashMap::new();
    for (at, (_, part)) in (0..).zip(parts) {
        for &group in part.iter().flat_map(|&task| problem.groups_of(task)) {
            let sharers = sharers.entry(group).or_default();
            if sharers.last() != Some(&at) {
                sharers.push(at);
            }
        }
    }
    sharers
}

fn take_out(board: &mut Board<'_>, task: u32) -> u32 {
    if board.start(task).is_some() { board.remove(task) } else { NONE }
}

/// Places a task at a start that its calendar and dates allow, if its groups and neighbours do.
fn place_if_legal(board: &mut Board<'_>, task: u32, start: u32) -> bool {
    let end = start + board.tables.problem.duration(task);
    let within =
        board.neighbours_span(task).is_some_and(|(earliest, latest)| earliest <= start && end <= latest);
    let legal = within && board.fits(task, start);
    if legal {
        board.place(task, start);
    }
    legal
}

/// The groups of a part, in this `order`; of those that others count in too it has what it takes itself, and of what is
/// `left` (in a group and a slot) the `share` that it is given.
fn groups_of(
    board: &Board<'_>,
    part: &[u32],
    order: &[u32],
    share: impl Fn(u32, u32, i32) -> i32,
) -> Vec<ExcerptGroup> {
    let tables = board.tables;
    let problem = tables.problem;
    let mut members = vec![0u32; problem.group_count()];
    for &group in part.iter().flat_map(|&task| problem.groups_of(task)) {
        members[group as usize] += 1;
    }
    let shared: Vec<u32> = (0..problem.group_count() as u32)
        .filter(|&group| members[group as usize] > 0)
        .filter(|&group| tables.size(group) > members[group as usize])
        .collect();
    let mut spans: Vec<(u32, u32, u32)> = Vec::new();
    for &task in part {
        let Some(start) = board.start(task) else { continue };
        let groups = problem.groups_of(task).iter().filter_map(|group| shared.binary_search(group).ok());
        spans.extend(groups.map(|at| (at as u32, start, start + problem.duration(task))));
    }
    spans.sort_unstable();
    let mut own = vec![0i32; problem.slots() as usize];
    let mut left = own.clone();
    let groups = order.iter().copied().filter(|&group| members[group as usize] > 0);
    groups
        .map(|group| {
            let room = shared.binary_search(&group).ok().map(|at| {
                own.fill(0);
                let from = spans.partition_point(|span| span.0 < at as u32);
                for &(_, begin, end) in spans[from..].iter().take_while(|span| span.0 == at as u32) {
                    own[begin as usize..end as usize].iter_mut().for_each(|own| *own += 1);
                }
                board.fill_left(group, &mut left);
                let room = |(slot, (&own, &left)): (u32, (&i32, &i32))| {
                    let left = if left > 0 { share(group, slot, left) } else { left };
                    (own + left).max(0) as u32
                };
                in_runs((0..).zip(own.iter().zip(&left)).map(room))
            });
            ExcerptGroup { group, room }
        })
        .collect()
}

/// Caps slot by slot as a cap and its exceptions.
fn in_runs(caps: impl Iterator<Item = u32>) -> (u32, Vec<CapRange>) {
    let mut runs: Vec<CapRange> = Vec::new();
    for (slot, cap) in (0..).zip(caps) {
        match runs.last_mut() {
            Some(run) if run.cap == cap => run.end = slot + 1,
            _ => runs.push(CapRange { begin: slot, end: slot + 1, cap }),
        }
    }
    let cap = runs.first().map_or(0, |run| run.cap);
    runs.retain(|run| run.cap != cap);
    (cap, runs)
}
