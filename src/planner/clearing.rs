//! Several make way for one: who waits takes the place of tasks that stand beside each other, and each of these goes
//! elsewhere, where again others may make way.
//!
//! Where no free place is long enough, one task for one is not enough; and who is short needs only a part of the place
//! that another leaves. [`Toll`] says what each slot is worth in moves: those who wait go where the full slots cost least,
//! those make way who would hardly pay more elsewhere, and what they leave unused is there for the next. The long come
//! first, since the short fit into what is left.

use std::cmp::Reverse;

use super::Stop;
use super::board::Board;
use super::booth::MOVE;
use super::crowd::Crowd;
use super::offers::{Leaver, Offers, is_movable};
use super::order::sorted;
use super::prices::Prices;
use super::stand_in::swap_out;
use super::tables::{Count, Tables};
use super::tolls::Toll;
use super::ways::{Starts, Ways};

/// How far others are asked for one that waits.
struct Rung {
    /// So much more they would pay, in hundredths of a move.
    more_hundredths: i64,
    /// So many ways are tried.
    tries: usize,
}

const LADDER: [Rung; 5] = [
    Rung { more_hundredths: 2, tries: 8 },
    Rung { more_hundredths: 12, tries: 8 },
    Rung { more_hundredths: 50, tries: 16 },
    Rung { more_hundredths: 100, tries: 16 },
    Rung { more_hundredths: 200, tries: 64 },
];
/// So many make way one after the other.
pub(super) const DEPTH: usize = 3;
/// For those who make way, by how many may still do so: how many ways are tried.
const TRIES: [usize; DEPTH] = [0, 4, 6];
/// Starts that are looked at closely, the cheapest first.
const STARTS_MAX: usize = 30;
/// Where no slot costs anything, and so none is better than another.
const EQUAL_STARTS_MAX: usize = 400;
/// A way that costs only so much more than the full slots is good enough.
const GOOD_ENOUGH: i64 = 2 * MOVE / 5;
/// A free place that costs more is taken on the last rung only.
const FREE_TOLL_MAX: i64 = MOVE / 2;
/// So often it is tried to take a task home.
const HOME_TRIES: usize = 3;
const HOME_DEPTH: usize = 2;
/// Charges count so much more than disruption.
const WORTH: i64 = 1 << 10;

/// Finds places for those of the crowd who have none, or none that is their own.
pub(super) fn clear(board: &mut Board<'_>, crowd: &Crowd, toll: &Toll, stop: &Stop<'_>) {
    let problem = board.tables.problem;
    let mut waiting = Vec::new();
    for &task in &crowd.tasks {
        if !is_movable(board, task) {
            continue;
        }
        match board.start(task) {
            Some(start) if problem.current(task) == Some(start) => continue,
            Some(_) => drop(board.remove(task)),
            None => {}
        }
        waiting.push((Reverse((problem.duration(task), problem.weight(task))), task));
    }
    let waiting = sorted(problem, waiting.into_iter());
    let prices = prices(board.tables, crowd, toll);
    let mut waiting = swap_out(board, &waiting, &prices, stop);
    let mut clearing = Clearing::new(board, crowd, toll, prices);
    for (number, rung) in LADDER.iter().enumerate() {
        // Where no slot costs anything, one move is as good as another: that one makes way for one is simpler.
        let is_over = waiting.is_empty() || rung.more_hundredths >= 100 && toll.is_nothing();
        if is_over {
            break;
        }
        clearing.is_last = number + 1 == LADDER.len();
        clearing.offers.ask_again(MOVE * rung.more_hundredths / 100);
        waiting.retain(|&task| stop.now() || !clearing.settle(task, rung));
    }
}

/// Takes moved tasks home where those in their way, who are not at home either, find another place.
pub(super) fn take_home(board: &mut Board<'_>, crowd: &Crowd, toll: &Toll, stop: &Stop<'_>) {
    let tables = board.tables;
    let problem = tables.problem;
    let (mut clearing, guests) = Clearing::with_guests(board, crowd, toll);
    let homes = guests.into_iter().map(|task| {
        let home = tables.home(task).map(|home| toll.of(home, problem.duration(task)));
        (Reverse(home), task)
    });
    for task in sorted(problem, homes) {
        if stop.now() {
            return;
        }
        if let Some(home) = tables.home(task) {
            clearing.go_home(task, home);
            clearing.offers.keep();
        }
    }
}

/// The charges as prices of one group in which all of the crowd count.
fn prices(tables: &Tables<'_>, crowd: &Crowd, toll: &Toll) -> Prices {
    let rows = crowd.groups.iter().filter_map(|&group| match tables.count(group) {
        Count::Dense(row) => Some(row),
        _ => None,
    });
    let row: Vec<u32> = rows.take(1).collect();
    let charges: Vec<i64> = toll.charges().iter().map(|charge| charge * WORTH).collect();
    Prices::of(tables, &row, &charges)
}

pub(super) struct Clearing<'b, 't> {
    pub(super) offers: Offers<'b, 't>,
    groups: &'b [u32],
    prices: Prices,
    is_last: bool,
    starts_max: usize,
    /// Groups and slots in the way of the task that is looked at.
    obstacles: Vec<(u32, u32)>,
    ways: Ways,
}

impl<'b, 't> Clearing<'b, 't> {
    fn new(board: &'b mut Board<'t>, crowd: &'b Crowd, toll: &'b Toll, prices: Prices) -> Clearing<'b, 't> {
        Clearing {
            prices,
            offers: Offers::new(board, crowd, toll),
            groups: &crowd.groups,
            is_last: false,
            starts_max: if toll.is_nothing() { EQUAL_STARTS_MAX } else { STARTS_MAX },
            obstacles: Vec::new(),
            ways: Ways::default(),
        }
    }

    /// A clearing in which all guests of the crowd are offered, any free place will do, and nobody at home is asked yet;
    /// and these guests.
    pub(super) fn with_guests(
        board: &'b mut Board<'t>,
        crowd: &'b Crowd,
        toll: &'b Toll,
    ) -> (Clearing<'b, 't>, Vec<u32>) {
        let tables = board.tables;
        let is_guest = |&task: &u32| {
            let is_away = |start: u32| tables.problem.current(task) != Some(start);
            board.start(task).is_some_and(is_away) && is_movable(board, task)
        };
        let guests: Vec<((), u32)> =
            crowd.tasks.iter().copied().filter(is_guest).map(|task| ((), task)).collect();
        let guests = sorted(tables.problem, guests.into_iter());
        let prices = prices(tables, crowd, toll);
        let mut clearing = Clearing::new(board, crowd, toll, prices);
        clearing.is_last = true;
        let elsewhere = toll.charged().elsewhere(&guests);
        for &task in &guests {
            clearing.offers.offer(task, elsewhere.get(&task).copied().unwrap_or(0));
        }
        clearing.offers.keep();
        (clearing, guests)
    }

    /// Finds a place for one that waits, and it may make way for others then.
    fn settle(&mut self, task: u32, rung: &Rung) -> bool {
        let is_settled = self.find_place(task, DEPTH, rung.tries);
        self.offer(task);
        is_settled
    }

    /// A task that has been placed would make way for others.
    fn offer(&mut self, task: u32) {
        if let Some(start) = self.offers.board.start(task) {
            self.offers.offer(task, self.offers.toll.of(start, self.duration(task)));
        }
        self.offers.keep();
    }

    fn go_home(&mut self, task: u32, home: u32) {
        let mark = self.offers.mark();
        if self.offers.dislodge(task).is_none() {
            return;
        }
        for _ in 0..HOME_TRIES {
            if self.offers.board.fits(task, home) {
                self.offers.place(task, home);
                return;
            }
            let way = if self.is_clearable(task, home) { self.way(task, home) } else { None };
            let Some((_, way)) = way else { break };
            if self.take(task, home, &way, HOME_DEPTH) {
                return;
            }
        }
        self.offers.undo(mark);
    }

    fn duration(&self, task: u32) -> u32 {
        self.offers.board.tables.problem.duration(task)
    }

    /// Finds a place for a task that has none, if need be with others making way, so many one after the other. Who is
    /// left without a place has changed nothing.
    pub(super) fn find_place(&mut self, task: u32, depth: usize, tries: usize) -> bool {
        let duration = self.duration(task);
        let free = self.offers.board.best_start(task, &self.prices).map(|(start, _)| {
            let is_home = self.offers.board.tables.problem.current(task) == Some(start);
            (start, if is_home { 0 } else { self.offers.toll.of(start, duration) })
        });
        if let Some((start, 0)) = free {
            self.offers.place(task, start);
            return true;
        }
        if depth > 0 && self.make_room(task, depth, tries) {
            return true;
        }
        let free = free.filter(|&(_, toll)| self.is_last || toll <= FREE_TOLL_MAX);
        if let Some((start, _)) = free {
            self.offers.place(task, start);
        }
        free.is_some()
    }

    fn make_room(&mut self, task: u32, depth: usize, tries: usize) -> bool {
        let mut starts = Starts::new(self.starts(task));
        for _ in 0..tries {
            let mut best: Option<(i64, u32, Vec<Leaver>)> = None;
            let mut looks = self.starts_max;
            for at in 0.. {
                let Some((least, start)) = starts.get(at) else { break };
                if looks == 0 || best.as_ref().is_some_and(|&(cost, ..)| cost <= least + GOOD_ENOUGH) {
                    break;
                }
                if !self.is_clearable(task, start) {
                    continue;
                }
                looks -= 1;
                if let Some((cost, way)) = self.way(task, start)
                    && best.as_ref().is_none_or(|&(least, ..)| cost < least)
                {
                    best = Some((cost, start, way));
                }
            }
            let Some((_, start, way)) = best else { return false };
            if self.take(task, start, &way, depth) {
                return true;
            }
        }
        false
    }

    /// All starts, and what the full slots cost there.
    fn starts(&self, task: u32) -> Vec<(i64, u32)> {
        let duration = self.duration(task);
        let board = &self.offers.board;
        let Some((release, deadline)) = board.span(task) else { return Vec::new() };
        let mut starts: Vec<(i64, u32)> = Vec::new();
        for (first, last) in board.tables.runs(task, release, deadline) {
            let mut cost: i64 = (first..first + duration).map(|slot| self.offers.full_toll(slot)).sum();
            for start in first..=last {
                starts.push((cost, start));
                if start < last {
                    cost += self.offers.full_toll(start + duration) - self.offers.full_toll(start);
                }
            }
        }
        starts
    }

    /// Whether nothing but the crowd is in the way.
    fn is_clearable(&mut self, task: u32, start: u32) -> bool {
        self.offers.board.obstacles(task, start, &mut self.obstacles)
            && self.obstacles.iter().all(|(group, _)| self.groups.contains(group))
    }

    fn way(&mut self, task: u32, start: u32) -> Option<(i64, Vec<Leaver>)> {
        let duration = self.duration(task);
        self.ways.cheapest(&self.offers, start, duration)
    }

    /// Takes the start, if all who have to leave find a place; who does not is passed over.
    fn take(&mut self, task: u32, start: u32, way: &[Leaver], depth: usize) -> bool {
        let mark = self.offers.mark();
        let leaving: Vec<(Leaver, u32, i64)> = way
            .iter()
            .filter_map(|&leaver| {
                let (task, elsewhere) = self.offers.lift(leaver)?;
                Some((leaver, task, elsewhere))
            })
            .collect();
        if !self.offers.board.fits(task, start) {
            self.offers.undo(mark);
            way.first().into_iter().for_each(|&leaver| self.offers.pass_over(leaver));
            return false;
        }
        self.offers.place(task, start);
        for (leaver, partner, elsewhere) in leaving {
            if !self.find_place(partner, depth - 1, TRIES[depth - 1]) {
                self.offers.undo(mark);
                self.offers.pass_over_task(leaver, partner);
                return false;
            }
            self.offers.offer(partner, elsewhere);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::planner::StoppedWatch;
    use crate::planner::crowd::crowds;
    use crate::planner::levies::Lesson;
    use crate::planner::rework::rework;
    use crate::planner::sample::{Sample, anywhere, cell};
    use crate::planner::tables::NONE;
    use crate::planner::tolls::Tolls;

    const SLOTS: u32 = 60;
    const LESSON: Lesson = Lesson { rounds: 60, strides: (0.05, 0.001) };

    fn fixed(slot: u32) -> Sample {
        Sample { current: Some(slot), dates: (slot, slot + 1), ..anywhere(SLOTS) }
    }

    fn announced(start: u32, duration: u32, dates: (u32, u32)) -> Sample {
        Sample { duration, current: Some(start), dates, ..anywhere(SLOTS) }
    }

    /// Where the tasks are, with those who are announced at home first; and how many of these were moved.
    fn cleared(tasks: &[Sample]) -> (Vec<u32>, u64) {
        let problem = cell(1, 0, &[1; SLOTS as usize], tasks);
        let tables = Tables::new(&problem);
        let starts: Vec<u32> = tasks.iter().map(|task| task.current.unwrap_or(NONE)).collect();
        let mut board = Board::of(&tables, &starts);
        let waiting: Vec<u32> =
            (0..tables.task_count()).filter(|&task| board.start(task).is_none()).collect();
        let stop = Stop { watch: &StoppedWatch, limit: None };
        let crowds = crowds(&board, &waiting);
        let Tolls { crowds: tolls, .. } = Tolls::learn(&tables, &crowds, LESSON, &stop);
        clear(&mut board, &crowds[0], &tolls[0], &stop);
        take_home(&mut board, &crowds[0], &tolls[0], &stop);
        let moved = board.moved_count();
        (board.starts, moved)
    }

    #[test]
    fn two_short_ones_make_way_for_a_long_one() {
        // No four slots in a row are free, but two and two are, where those in 10 to 14 can go.
        let mut tasks: Vec<Sample> = (0..SLOTS)
            .filter(|slot| !(10..14).contains(slot) && !matches!(slot, 30 | 31 | 40 | 41))
            .map(fixed)
            .collect();
        tasks.push(announced(10, 2, (10, 32)));
        tasks.push(announced(12, 2, (12, 42)));
        tasks.push(Sample { duration: 4, dates: (5, 25), ..anywhere(SLOTS) });
        let (starts, moved) = cleared(&tasks);
        assert_eq!((&starts[starts.len() - 3..], moved), (&[30, 40, 10][..], 2));
    }

    #[test]
    fn one_long_one_makes_way_for_two_short_ones() {
        // The long one in 10 to 14 can go to 40; so can the short ones in 14 and 15, but one move is less than two.
        let mut tasks: Vec<Sample> = (0..SLOTS)
            .filter(|slot| !(10..16).contains(slot) && !(40..46).contains(slot))
            .map(fixed)
            .collect();
        tasks.push(announced(10, 4, (10, 46)));
        tasks.push(announced(14, 1, (14, 46)));
        tasks.push(announced(15, 1, (15, 46)));
        tasks.push(Sample { duration: 2, dates: (10, 16), ..anywhere(SLOTS) });
        tasks.push(Sample { duration: 2, dates: (10, 16), ..anywhere(SLOTS) });
        let (starts, moved) = cleared(&tasks);
        assert!(starts.iter().all(|&start| start != NONE), "{starts:?}");
        assert_eq!(moved, 1, "{starts:?}");
    }

    #[test]
    fn who_makes_way_has_others_make_way_and_what_does_not_work_is_undone() {
        // The three in 10 to 13 can only go to 20, where the one there can go to 40; the one in 30 cannot be helped.
        let mut tasks: Vec<Sample> = (0..SLOTS)
            .filter(|slot| !(10..13).contains(slot) && !(20..23).contains(slot) && !(40..43).contains(slot))
            .map(fixed)
            .collect();
        tasks.push(announced(10, 3, (10, 23)));
        tasks.push(announced(20, 3, (20, 43)));
        tasks.push(Sample { duration: 3, dates: (8, 15), ..anywhere(SLOTS) });
        tasks.push(Sample { duration: 2, dates: (29, 33), ..anywhere(SLOTS) });
        let (starts, moved) = cleared(&tasks);
        assert_eq!((&starts[starts.len() - 4..], moved), (&[20, 40, 10, NONE][..], 2));
    }

    #[test]
    fn who_was_moved_comes_home_where_a_guest_can_go_elsewhere() {
        // Both new ones fit at the end; one of them alone fits where the first task was announced.
        let mut tasks: Vec<Sample> =
            (0..SLOTS).filter(|slot| *slot != 10 && !(40..42).contains(slot)).map(fixed).collect();
        tasks.push(announced(10, 1, (10, 42)));
        tasks.push(anywhere(SLOTS));
        let problem = cell(1, 0, &[1; SLOTS as usize], &tasks);
        let tables = Tables::new(&problem);
        let mut starts: Vec<u32> = tasks.iter().map(|task| task.current.unwrap_or(10)).collect();
        let moved = starts.len() - 2;
        starts[moved] = 40;
        let mut board = Board::of(&tables, &starts);
        let stop = Stop { watch: &StoppedWatch, limit: None };
        let crowds = crowds(&board, &[moved as u32 + 1]);
        let Tolls { crowds: tolls, .. } = Tolls::learn(&tables, &crowds, LESSON, &stop);
        take_home(&mut board, &crowds[0], &tolls[0], &stop);
        assert_eq!((board.starts[moved], board.moved_count()), (10, 0));
        assert_eq!(board.placed_count(), tasks.len() as u64);
    }

    #[test]
    fn whatever_is_tried_and_undone_the_plan_stays_legal_and_nobody_loses_a_place() {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let (mut found, mut moved_of_all, mut broken, mut mended) = (0, 0, 0, 0);
        for round in 0..300 {
            // Two layers, full but for a few holes; everybody may move a little, and some are new.
            let mut tasks = Vec::new();
            for _ in 0..2 {
                let mut slot = 0;
                while slot < SLOTS {
                    let duration = random.random_range(1..=4).min(SLOTS - slot);
                    if random.random_bool(0.93) {
                        let (before, after) = (random.random_range(0..8), random.random_range(0..8));
                        let dates = (slot.saturating_sub(before), (slot + duration + after).min(SLOTS));
                        tasks.push(announced(slot, duration, dates));
                    }
                    slot += duration;
                }
            }
            let first_new = tasks.len();
            for _ in 0..4 {
                let (release, duration) = (random.random_range(0..SLOTS - 20), random.random_range(1..=4));
                tasks.push(Sample { duration, dates: (release, release + 20), ..anywhere(SLOTS) });
            }
            let problem = cell(2, 0, &[1; SLOTS as usize], &tasks);
            let tables = Tables::new(&problem);
            let starts: Vec<u32> = tasks.iter().map(|task| task.current.unwrap_or(NONE)).collect();
            let mut board = Board::of(&tables, &starts);
            let waiting: Vec<u32> = (first_new as u32..tables.task_count()).collect();
            let stop = Stop { watch: &StoppedWatch, limit: None };
            let crowds = crowds(&board, &waiting);
            let Tolls { crowds: tolls, .. } = Tolls::learn(&tables, &crowds, LESSON, &stop);
            let (Some(crowd), Some(toll)) = (crowds.first(), tolls.first()) else { continue };
            clear(&mut board, crowd, toll, &stop);
            take_home(&mut board, crowd, toll, &stop);
            // Some promises are broken for nothing: most are mended when it is done again.
            let moved_before = board.moved_count();
            for task in (0..first_new as u32).step_by(5) {
                let home = board.remove(task);
                let (release, deadline) = tasks[task as usize].dates;
                let mut starts = release..=deadline - tasks[task as usize].duration;
                let elsewhere = starts.find(|&start| start != home && board.fits(task, start));
                board.place(task, elsewhere.unwrap_or(home));
            }
            let moved_in_vain = board.moved_count();
            rework(&mut board, crowd, toll, 500, &mut random, &stop);
            assert!(board.moved_count() <= moved_in_vain, "round {round}");
            broken += moved_in_vain.saturating_sub(moved_before);
            mended += moved_in_vain - board.moved_count();
            let mut down = [0; SLOTS as usize];
            for (task, &start) in tasks.iter().zip(&board.starts).filter(|&(_, &start)| start != NONE) {
                assert!(task.dates.0 <= start && start + task.duration <= task.dates.1, "round {round}");
                down[start as usize..(start + task.duration) as usize].iter_mut().for_each(|down| *down += 1);
            }
            assert!(down.iter().all(|&down| down <= 2), "round {round}: {down:?}");
            assert!(board.starts[..first_new].iter().all(|&start| start != NONE), "round {round}");
            found += board.starts[first_new..].iter().filter(|&&start| start != NONE).count();
            moved_of_all += board.moved_count();
        }
        assert!(found > 300 && moved_of_all > 100, "{found} found a place, {moved_of_all} moved");
        assert!(broken > 100 && 10 * mended > 9 * broken, "{mended} of {broken} were mended");
    }
}
