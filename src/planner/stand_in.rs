//! Leaving in one's stead: where a small group was promised to more than it holds, and who has to go finds no free place,
//! somebody else of the group who does goes instead.

use super::Stop;
use super::board::Board;
use super::offers::is_movable;
use super::order::sorted;
use super::prices::Prices;

/// So many are asked to go instead of one.
const ASKED_MAX: usize = 16;
/// In larger groups others make way, and not for nothing.
const GROUP_TASKS_MAX: u32 = 2000;

/// Of `waiting`, those who are still without a place when some have gone home.
pub(super) fn swap_out(board: &mut Board<'_>, waiting: &[u32], prices: &Prices, stop: &Stop<'_>) -> Vec<u32> {
    let mut left = Vec::new();
    for &task in waiting {
        let is_home = !stop.now()
            && board.tables.home(task).is_some_and(|home| {
                board.best_start(task, prices).is_none() && send_another(board, task, home, prices)
            });
        if !is_home {
            left.push(task);
        }
    }
    left
}

/// Takes the task home if one of those who are there, at home too, finds a place that is free.
fn send_another(board: &mut Board<'_>, task: u32, home: u32, prices: &Prices) -> bool {
    let problem = board.tables.problem;
    let mut obstacles = Vec::new();
    if !board.obstacles(task, home, &mut obstacles) {
        return false;
    }
    let Some(&(group, slot)) = obstacles.first() else { return false };
    let is_in_the_way = |&other: &u32| {
        let counts = |&(group, slot): &(u32, u32)| {
            board.is_down(other, slot) && problem.groups_of(other).binary_search(&group).is_ok()
        };
        is_movable(board, other)
            && board.start(other) == problem.current(other)
            && obstacles.iter().all(counts)
    };
    if board.tables.size(group) > GROUP_TASKS_MAX {
        return false;
    }
    let others: Vec<u32> = board.down_at(group, slot).into_iter().filter(is_in_the_way).collect();
    let others = others.into_iter().map(|other| (problem.duration(other), other));
    for other in sorted(problem, others).into_iter().take(ASKED_MAX) {
        let old = board.remove(other);
        board.place(task, home);
        if let Some((start, _)) = board.best_start(other, prices) {
            board.place(other, start);
            return true;
        }
        board.remove(task);
        board.place(other, old);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::StoppedWatch;
    use crate::planner::sample::{Sample, anywhere, cell};
    use crate::planner::tables::{NONE, Tables};

    #[test]
    fn somebody_else_who_finds_a_place_goes_instead() {
        // All of 40 slots but the last are taken. Two were announced in slot 5, where one may be: the first can only be
        // there, the second, which is there, could go to the end.
        const SLOTS: u32 = 40;
        let mut tasks: Vec<Sample> = (0..SLOTS - 1)
            .filter(|&slot| slot != 5)
            .map(|slot| Sample { current: Some(slot), dates: (slot, slot + 1), ..anywhere(SLOTS) })
            .collect();
        tasks.push(Sample { current: Some(5), dates: (5, SLOTS), ..anywhere(SLOTS) });
        tasks.push(Sample { current: Some(5), dates: (5, 6), ..anywhere(SLOTS) });
        let problem = cell(1, 0, &[1; SLOTS as usize], &tasks);
        let tables = Tables::new(&problem);
        let (there, waits) = (tasks.len() - 2, tasks.len() - 1);
        let mut starts: Vec<u32> = tasks.iter().map(|task| task.current.unwrap_or(NONE)).collect();
        starts[waits] = NONE;
        let mut board = Board::of(&tables, &starts);
        let stop = Stop { watch: &StoppedWatch, limit: None };
        let left = swap_out(&mut board, &[waits as u32], &Prices::none(&tables), &stop);
        assert_eq!((left.len(), board.starts[there], board.starts[waits]), (0, SLOTS - 1, 5));
        // Where nobody else finds a place either, nothing is changed.
        starts[there] = SLOTS - 1;
        let mut board = Board::of(&tables, &starts);
        board.place(waits as u32, 5);
        let mut full = tasks.clone();
        full.push(Sample { dates: (5, 6), current: Some(5), ..anywhere(SLOTS) });
        let problem = cell(1, 0, &[1; SLOTS as usize], &full);
        let tables = Tables::new(&problem);
        let mut starts = board.starts.clone();
        starts.push(NONE);
        let mut board = Board::of(&tables, &starts);
        let left = swap_out(&mut board, &[waits as u32 + 1], &Prices::none(&tables), &stop);
        assert_eq!((left, &board.starts), (vec![waits as u32 + 1], &starts));
    }
}
