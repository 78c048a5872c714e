//! Going home in a crowd: announced tasks that were moved take their places back where those who are there now were
//! announced elsewhere, or nowhere, and find another one.

use std::collections::HashSet;

use super::Stop;
use super::board::Board;
use super::crowd::Crowd;
use super::order::sorted;
use super::prices::Prices;

/// No more than so many are asked to leave one place.
const PARTNERS_MAX: usize = 16;

/// Takes moved tasks of the crowd home. Nobody loses a place, and nobody leaves home.
pub(super) fn go_home(board: &mut Board<'_>, crowd: &Crowd, stop: &Stop<'_>) {
    let tables = board.tables;
    let problem = tables.problem;
    let movable = |&&task: &&u32| !tables.pinned(task) && !tables.has_precedence(task);
    let mut guests: Vec<Vec<u32>> = vec![Vec::new(); tables.slots as usize];
    let mut moved: Vec<u32> = Vec::new();
    for &task in crowd.tasks.iter().filter(movable) {
        if let Some(start) = board.start(task).filter(|&start| problem.current(task) != Some(start)) {
            guests[start as usize].push(task);
            moved.extend(tables.home(task).map(|_| task));
        }
    }
    let no_prices = Prices::none(tables);
    let mut homecoming =
        Homecoming { board, no_prices, guests, stuck: HashSet::new(), obstacles: Vec::new() };
    for task in sorted(problem, moved.into_iter().map(|task| ((), task))) {
        if stop.now() {
            return;
        }
        if let Some(home) = problem.current(task) {
            homecoming.take_home(task, home);
        }
    }
}

struct Homecoming<'b, 't> {
    board: &'b mut Board<'t>,
    no_prices: Prices,
    /// By slot: who starts there and is not at home.
    guests: Vec<Vec<u32>>,
    /// Guests who had nowhere to go: they hardly ever have later.
    stuck: HashSet<u32>,
    /// Groups and slots in the way of who wants to go home.
    obstacles: Vec<(u32, u32)>,
}

impl Homecoming<'_, '_> {
    fn take_home(&mut self, task: u32, home: u32) {
        let Some(away) = self.board.start(task).filter(|&start| start != home) else { return };
        self.board.remove(task);
        let is_home = self.board.obstacles(task, home, &mut self.obstacles)
            && if self.obstacles.is_empty() {
                self.board.place(task, home);
                true
            } else {
                self.swap_in(task, home)
            };
        if !is_home {
            self.board.place(task, away);
        }
    }

    /// Places the task at home if one of those in its way can go elsewhere.
    fn swap_in(&mut self, task: u32, home: u32) -> bool {
        for guest in partners(self.board, &self.guests, &self.obstacles) {
            if self.stuck.contains(&guest) {
                continue;
            }
            let old = self.board.remove(guest);
            self.board.place(task, home);
            if let Some((start, _)) = self.board.best_start(guest, &self.no_prices) {
                self.board.place(guest, start);
                self.guests[start as usize].push(guest);
                return true;
            }
            self.board.remove(task);
            self.board.place(guest, old);
            self.stuck.insert(guest);
        }
        false
    }
}

/// Guests who are down in all these groups and slots.
fn partners(board: &Board<'_>, guests: &[Vec<u32>], obstacles: &[(u32, u32)]) -> Vec<u32> {
    let problem = board.tables.problem;
    let slots = obstacles.iter().map(|&(_, slot)| slot);
    let (Some(first), Some(last)) = (slots.clone().min(), slots.max()) else { return Vec::new() };
    let mut found: Vec<(i64, u32)> = Vec::new();
    for from in (first + 1).saturating_sub(board.tables.longest)..=first {
        for &guest in &guests[from as usize] {
            let counts = |(group, _): &(u32, u32)| problem.groups_of(guest).binary_search(group).is_ok();
            if board.starts[guest as usize] == from
                && problem.current(guest) != Some(from)
                && from + problem.duration(guest) > last
                && obstacles.iter().all(counts)
            {
                found.push((board.tables.cost(guest, from), guest));
            }
        }
    }
    let mut partners = sorted(problem, found.into_iter());
    partners.dedup();
    partners.truncate(PARTNERS_MAX);
    partners
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::StoppedWatch;
    use crate::planner::crowd::crowds;
    use crate::planner::sample::{Sample, anywhere, cell};
    use crate::planner::tables::{NONE, Tables};

    #[test]
    fn who_was_moved_comes_home_where_a_guest_can_go_elsewhere() {
        // Slots 38 and 39 are free. 0 and 1 were announced in 1 and 2, where 1 and 2 are now; only 2, which is new, can
        // go to the end.
        const SLOTS: u32 = 40;
        let mut starts: Vec<u32> = (0..SLOTS - 2).collect();
        starts.push(NONE);
        let tasks: Vec<Sample> = (0..SLOTS - 1)
            .map(|task| match task {
                0 | 1 => Sample { current: Some(task + 1), dates: (0, 3), ..anywhere(SLOTS) },
                2 => anywhere(SLOTS),
                _ if task < SLOTS - 2 => {
                    Sample { current: Some(task), dates: (task, task + 1), ..anywhere(SLOTS) }
                }
                _ => Sample { dates: (3, 4), ..anywhere(SLOTS) },
            })
            .collect();
        let problem = cell(1, 0, &[1; SLOTS as usize], &tasks);
        let tables = Tables::new(&problem);
        let mut board = Board::of(&tables, &starts);
        let [crowd] = &crowds(&board, &[SLOTS - 2])[..] else { panic!("one cell") };
        let stop = Stop { watch: &StoppedWatch, limit: None };
        go_home(&mut board, crowd, &stop);
        assert_eq!((board.starts[0], board.starts[1], board.moved_count()), (1, 2, 0));
        assert_eq!(board.placed_count(), u64::from(SLOTS) - 2);
    }
}
