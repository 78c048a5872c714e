//! Parts that mend a whole plan side by side.
//!
//! Each part gets its own tasks as they stand, and of what it shares with others what they leave of it. Two parts
//! may take the same free place; then, when what they changed is put together, one of them loses it.

use super::Stop;
use super::board::Board;
use super::side::side_by_side;
use super::tables::{NONE, Tables};
use crate::domain::problem::{CapRange, ExcerptGroup};

/// Tasks that are planned together, in canonical order.
pub(super) type Part = Vec<u32>;

/// Has every part in which somebody waits mended by `mend` (which is told the part's number and
/// groups), on so many threads.
/// The outcome does not depend on how many. Who loses a place by that is left without.
pub(super) fn mend_parts(
    board: &mut Board<'_>,
    parts: &[Part],
    threads: usize,
    stop: &Stop<'_>,
    mend: impl Fn(usize, &mut Board<'_>, &[ExcerptGroup]) + Sync,
) {
    let whole = &*board;
    let waits = |part: &Part| part.iter().any(|&task| whole.start(task).is_none());
    let waiting: Vec<(usize, &Part)> = parts.iter().enumerate().filter(|(_, part)| waits(part)).collect();
    let sizes: Vec<usize> = waiting.iter().map(|(_, part)| part.len()).collect();
    let changes = side_by_side(&sizes, threads, |at| {
        let (number, part) = waiting[at];
        if stop.now() {
            return Vec::new();
        }
        let groups = groups_of(whole, part, |_, _, left| left);
        let excerpt = whole.tables.problem.excerpt(part, &groups);
        let tables = Tables::new(&excerpt);
        let before: Vec<u32> = part.iter().map(|&task| whole.starts[task as usize]).collect();
        let mut board = Board::of(&tables, &before);
        mend(number, &mut board, &groups);
        let after = part.iter().zip(before.iter().zip(&board.starts));
        after
            .filter(|&(_, (before, after))| before != after)
            .map(|(&task, (_, &after))| (task, after))
            .collect::<Vec<(u32, u32)>>()
    });
    let changes: Vec<(u32, u32)> = changes.into_iter().flatten().collect();
    let before: Vec<u32> = changes
        .iter()
        .map(|&(task, _)| if board.start(task).is_some() { board.remove(task) } else { NONE })
        .collect();
    let mut back = Vec::new();
    for (&(task, start), before) in changes.iter().zip(before) {
        if start == NONE || !place_if_legal(board, task, start) {
            back.push((task, before));
        }
    }
    for (task, start) in back {
        if start != NONE {
            place_if_legal(board, task, start);
        }
    }
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

/// The groups of a part; of those that others count in too it has what it takes itself, and of what is `left` (in a
/// group and a slot) the `share` that it is given.
pub(super) fn groups_of(
    board: &Board<'_>,
    part: &[u32],
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
    let mut spans = spans.into_iter().peekable();
    let mut own = vec![0i32; problem.slots() as usize];
    let mut left = own.clone();
    let groups = (0..problem.group_count() as u32).filter(|&group| members[group as usize] > 0);
    groups
        .map(|group| {
            let room = shared.binary_search(&group).ok().map(|at| {
                own.fill(0);
                while let Some((_, begin, end)) = spans.next_if(|span| span.0 == at as u32) {
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
