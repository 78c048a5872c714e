//! What is to be said about a plan: why tasks have no place and what would give them one ([`reason`]), what
//! would place more of them together ([`relax`]), which announced starts were moved for what ([`moves`]), and
//! how many of these moves nobody could have avoided ([`unavoidable`]).
//!
//! Everything here follows from the problem and the starts: [`loads`] counts how full groups are, [`room`]
//! remembers which starts calendars and groups leave, as [`bits`]; [`fill`] puts tasks into what is left.

mod claims;
mod fill;
mod loads;
mod moves;
mod neighbours;
mod reason;
mod relax;
mod room;
mod unavoidable;

use std::cmp::Reverse;

use super::board::Board;
use super::report::Report;
use super::tables::NONE;
use super::tolls::{Tolls, moves_at_least};
use crate::domain::plan_file::Unplaced;
use crate::domain::problem::Problem;
use claims::Claims;
use fill::sort_for_filling;
use loads::Loads;
use moves::Causes;
use neighbours::Neighbours;
use reason::{Answer, Reasons};

/// So often announced tasks are sent home, while each time makes room for more of them.
const HOMECOMINGS_MAX: usize = 4;

/// One entry for each task without a start, in the problem's order, and the report.
///
/// What is said has to be true of the plan, so the plan is finished first: an announced task whose start is free
/// returns there, and a task that fits somewhere as things stand is placed. After a search that ran to its end
/// there is nothing of the kind.
pub(super) fn account(board: &mut Board<'_>, tolls: &Tolls) -> (Vec<Unplaced>, Report) {
    let mut report = Report::default();
    let neighbours = Neighbours::new(board.tables.problem);
    send_home(board);
    place_what_fits(board);
    let unplaced = explain_unplaced(board, &neighbours, &mut report);
    explain_moves(board, &neighbours, tolls, &mut report);
    (unplaced, report)
}

fn explain_unplaced(board: &Board<'_>, neighbours: &Neighbours<'_>, report: &mut Report) -> Vec<Unplaced> {
    let problem = board.tables.problem;
    let tasks = unplaced_tasks(board);
    if tasks.is_empty() {
        return Vec::new();
    }
    let wanted = groups_of(problem, &tasks);
    let loads = Loads::new(problem, board.starts.clone(), &wanted);
    let pinned = Loads::new(problem, pinned_starts(problem), &wanted);
    let empty = Loads::new(problem, vec![NONE; problem.task_count()], &wanted);
    let mut reasons = Reasons::new(neighbours, &loads, &pinned, &empty);
    let answers: Vec<(u32, Answer)> = tasks.iter().map(|&task| (task, reasons.of(task))).collect();
    for (_, answer) in &answers {
        *report.reasons.entry(answer.reason).or_default() += 1;
    }
    let entries = answers.iter().map(|(task, answer)| reasons.entry(*task, answer)).collect();
    report.relaxations = relax::measure(&mut reasons.into_room(), neighbours, &answers);
    entries
}

fn explain_moves(board: &Board<'_>, neighbours: &Neighbours<'_>, tolls: &Tolls, report: &mut Report) {
    let problem = board.tables.problem;
    let away = away_tasks(problem, &board.starts);
    if away.is_empty() {
        return;
    }
    // Whose own window or dates forbid the start need no other cause.
    let crowded_out: Vec<(u32, u32)> =
        away.iter().copied().filter(|&(task, _)| claims::claim(problem, task).is_some()).collect();
    let claims = Claims::new(board, &crowded_out);
    let mut causes = Causes::new(neighbours, board, &claims);
    report.moves = away.iter().map(|&(task, from)| causes.of(task, from)).collect();
    for each in &report.moves {
        *report.causes.entry(each.cause).or_default() += 1;
    }
    let unavoidable = unavoidable::moves_unavoidable(board, neighbours, &away, &claims);
    report.moves_unavoidable = unavoidable.max(moves_at_least(board, tolls));
}

/// Moves announced tasks back to where they were announced, where that is legal as things stand; the heaviest
/// first, then by name.
fn send_home(board: &mut Board<'_>) {
    let problem = board.tables.problem;
    for _ in 0..HOMECOMINGS_MAX {
        let mut came = false;
        let mut away = away_tasks(problem, &board.starts);
        let key = |task: u32| (Reverse(problem.weight(task)), problem.task_id(task));
        away.sort_by(|a, b| key(a.0).cmp(&key(b.0)));
        for (task, home) in away {
            let start = board.start(task).map(|_| board.remove(task));
            let end = home + problem.duration(task);
            let legal =
                board.span(task).is_some_and(|(release, deadline)| release <= home && end <= deadline)
                    && !moves::outside_window(problem, task, home)
                    && board.fits(task, home);
            came |= legal;
            if let Some(start) = if legal { Some(home) } else { start } {
                board.place(task, start);
            }
        }
        if !came {
            return;
        }
    }
}

/// Places tasks that have none though there is room for them.
fn place_what_fits(board: &mut Board<'_>) {
    let mut tasks = unplaced_tasks(board);
    sort_for_filling(board.tables.problem, &mut tasks);
    loop {
        let before = tasks.len();
        tasks.retain(|&task| match board.first_start(task) {
            Some(start) => {
                board.place(task, start);
                false
            }
            None => true,
        });
        // Only one that waited for another may find a place in the next round.
        if tasks.len() == before || board.tables.problem.precedences().is_empty() {
            return;
        }
    }
}

fn unplaced_tasks(board: &Board<'_>) -> Vec<u32> {
    (0..board.tables.task_count()).filter(|&task| board.starts[task as usize] == NONE).collect()
}

/// Announced tasks that do not stand where they were announced, each with that start.
fn away_tasks(problem: &Problem, starts: &[u32]) -> Vec<(u32, u32)> {
    (0..)
        .zip(starts)
        .filter_map(|(task, &start)| Some((task, problem.current(task).filter(|&current| current != start)?)))
        .collect()
}

fn pinned_starts(problem: &Problem) -> Vec<u32> {
    let mut starts = vec![NONE; problem.task_count()];
    for &task in problem.pinned_tasks() {
        starts[task as usize] = problem.current(task).unwrap_or(NONE);
    }
    starts
}

/// A flag a group: whether any of the tasks counts in it.
fn groups_of(problem: &Problem, tasks: &[u32]) -> Vec<bool> {
    let mut wanted = vec![false; problem.group_count()];
    for &task in tasks {
        problem.groups_of(task).iter().for_each(|&group| wanted[group as usize] = true);
    }
    wanted
}
