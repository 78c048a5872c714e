//! Places for those who wait where no place is free: crowd by crowd, others hand theirs on.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::board::Board;
use super::clearing::{clear, take_home};
use super::crowd::{Crowd, crowds};
use super::levies::Lesson;
use super::relay::{BRISK, Notes, Relay, THOROUGH};
use super::rework::rework;
use super::tolls::Tolls;
use super::{Effort, Stop};

/// No more than so many are the last ones.
const FEW: usize = 32;
/// So often a crowd is measured anew.
const ROUNDS: usize = 5;

/// How much is done to break few promises.
struct Pains {
    lesson: Lesson,
    rework_percent: usize,
}

fn pains(effort: Effort) -> Pains {
    match effort {
        Effort::Fast | Effort::Standard => {
            Pains { lesson: Lesson { rounds: 130, strides: (0.05, 0.001) }, rework_percent: 20 }
        }
        Effort::Best => {
            Pains { lesson: Lesson { rounds: 1000, strides: (0.1, 0.0003) }, rework_percent: 1000 }
        }
    }
}

/// Finds places for those who wait where others can hand theirs on; and what places were worth.
pub(super) fn hand_on(board: &mut Board<'_>, effort: Effort, seed: u64, stop: &Stop<'_>) -> Tolls {
    let tables = board.tables;
    let waiting: Vec<u32> = (0..tables.task_count()).filter(|&task| board.start(task).is_none()).collect();
    let mut notes = Notes::new(tables.task_count());
    let crowds = crowds(board, &waiting);
    let Pains { lesson, rework_percent } = pains(effort);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let tolls = Tolls::learn(tables, &crowds, lesson, stop);
    for (crowd, toll) in crowds.iter().zip(&tolls.crowds) {
        clear(board, crowd, toll, stop);
        relay(board, crowd, &mut notes, stop);
        take_home(board, crowd, toll, stop);
        rework(board, crowd, toll, rework_percent, &mut random, stop);
    }
    tolls
}

/// Finds places for those who still wait, one task for one.
fn relay(board: &mut Board<'_>, crowd: &Crowd, notes: &mut Notes, stop: &Stop<'_>) {
    let mut care = BRISK;
    for _ in 0..ROUNDS {
        if stop.now() || crowd.tasks.iter().all(|&task| board.start(task).is_some()) {
            return;
        }
        let (found, left) = serve(Relay::new(board, crowd, care, notes), stop);
        let is_over = left == 0 || found == 0 && (care.is_thorough || left > FEW);
        if is_over {
            return;
        }
        care = if left > FEW { BRISK } else { THOROUGH };
    }
}

/// Says how many of a crowd found a place, and how many did not who are within reach of one.
fn serve(mut relay: Relay<'_, '_>, stop: &Stop<'_>) -> (usize, usize) {
    let waiting = relay.waiting();
    let found = waiting.iter().filter(|&&task| !stop.now() && relay.find_place(task)).count();
    (found, waiting.len() - found)
}

#[cfg(test)]
mod tests {
    use rand::seq::SliceRandom;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::planner::prices::Prices;
    use crate::planner::sample::{Sample, anywhere, cell, named_cell};
    use crate::planner::tables::{NONE, Tables};
    use crate::planner::{StoppedWatch, construct};

    const SLOTS: u32 = 40;

    /// One task a slot, announced where they stand in `starts`; all but those of which `dates` says otherwise can be
    /// nowhere else. Who stands nowhere is new.
    fn announced(starts: &[u32], dates: impl Fn(u32) -> (u32, u32)) -> Vec<Sample> {
        (0..)
            .zip(starts)
            .map(|(task, &start)| Sample {
                current: (start != NONE).then_some(start),
                dates: dates(task),
                ..anywhere(SLOTS)
            })
            .collect()
    }

    fn handed_on(tasks: &[Sample], starts: &[u32]) -> (Vec<u32>, u64) {
        let problem = cell(1, 0, &[1; SLOTS as usize], tasks);
        let tables = Tables::new(&problem);
        let mut board = Board::of(&tables, starts);
        construct::place_all(&mut board, &Prices::none(&tables));
        hand_on(&mut board, Effort::Standard, 1, &Stop { watch: &StoppedWatch, limit: None });
        for (task, &start) in tasks.iter().zip(&board.starts).filter(|&(_, &start)| start != NONE) {
            assert!(task.dates.0 <= start && start < task.dates.1);
            assert_eq!(board.starts.iter().filter(|&&other| other == start).count(), 1);
        }
        let moved = board.moved_count();
        (board.starts, moved)
    }

    #[test]
    fn three_hand_their_places_on_where_fewer_are_not_enough() {
        // The last slot is free. Who is in slot 0 could go to 1, who is there to 2, and only who is there to the end.
        let mut starts: Vec<u32> = (0..SLOTS - 1).collect();
        starts.push(NONE);
        let dates = |task: u32| match task {
            0 => (0, 2),
            1 => (1, 3),
            2 => (2, SLOTS),
            _ if task < SLOTS - 1 => (task, task + 1),
            _ => (0, 1),
        };
        let tasks = announced(&starts, dates);
        let (after, moved) = handed_on(&tasks, &starts);
        assert_eq!((&after[..3], after[SLOTS as usize - 1], moved), (&[1, 2, SLOTS - 1][..], 0, 3));
    }

    #[test]
    fn who_is_new_makes_way_before_anybody_who_was_announced() {
        // Both in slots 0 and 1 could go to the end; who is in 1 has only just come.
        let mut starts: Vec<u32> = (0..SLOTS - 1).collect();
        starts.push(NONE);
        let dates = |task: u32| match task {
            0 | 1 => (0, SLOTS),
            _ if task < SLOTS - 1 => (task, task + 1),
            _ => (0, 2),
        };
        let mut tasks = announced(&starts, dates);
        tasks[1].current = None;
        let (after, moved) = handed_on(&tasks, &starts);
        assert_eq!((after[0], after[1], after[SLOTS as usize - 1], moved), (0, SLOTS - 1, 1, 0));
    }

    /// How many can be placed at most: one after the other, each by any chain of exchanges (Kuhn's matching).
    fn most(tasks: &[Sample], starts: &[u32]) -> usize {
        fn seek(tasks: &[Sample], task: usize, holder: &mut [Option<usize>], seen: &mut [bool]) -> bool {
            for slot in tasks[task].dates.0 as usize..tasks[task].dates.1 as usize {
                if std::mem::replace(&mut seen[slot], true) {
                    continue;
                }
                if holder[slot].is_none_or(|other| seek(tasks, other, holder, seen)) {
                    holder[slot] = Some(task);
                    return true;
                }
            }
            false
        }
        let mut holder = vec![None; SLOTS as usize];
        for (task, &start) in starts.iter().enumerate().filter(|&(_, &start)| start != NONE) {
            holder[start as usize] = Some(task);
        }
        for task in (0..tasks.len()).filter(|&task| starts[task] == NONE) {
            seek(tasks, task, &mut holder, &mut [false; SLOTS as usize]);
        }
        holder.into_iter().flatten().count()
    }

    #[test]
    fn nobody_is_left_out_whom_any_chain_could_place() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut left_out = 0;
        for round in 0..3000 {
            let free = random.random_range(0..5);
            let new = random.random_range(1..8);
            let mut starts: Vec<u32> = (0..SLOTS).collect();
            for _ in 0..free {
                starts.remove(random.random_range(0..starts.len()));
            }
            starts.extend(vec![NONE; new]);
            let width = random.random_range(1..12);
            let dates: Vec<(u32, u32)> = starts
                .iter()
                .map(|&start| {
                    let start = if start == NONE { random.random_range(0..SLOTS) } else { start };
                    let (before, after) = (random.random_range(0..=width), random.random_range(0..=width));
                    (start.saturating_sub(before), (start + 1 + after).min(SLOTS))
                })
                .collect();
            let tasks = announced(&starts, |task| dates[task as usize]);
            let (after, _) = handed_on(&tasks, &starts);
            let stayed = starts.iter().zip(&after).filter(|&(&start, _)| start != NONE);
            assert!(stayed.into_iter().all(|(_, &after)| after != NONE), "round {round}");
            let placed = after.iter().filter(|&&start| start != NONE).count();
            assert_eq!(placed, most(&tasks, &starts), "round {round}");
            left_out += after.iter().filter(|&&start| start == NONE).count();
        }
        assert!(left_out > 1000, "{left_out}: nothing was asked of the search");
    }

    #[test]
    fn the_order_of_the_file_does_not_matter() {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        for round in 0..50 {
            let mut starts: Vec<u32> = (0..SLOTS - 3).collect();
            starts.extend([NONE; 6]);
            let mut tasks = announced(&starts, |_| (0, SLOTS));
            for (task, &start) in tasks.iter_mut().zip(&starts) {
                let near = if start == NONE { random.random_range(0..SLOTS) } else { start };
                task.dates = (near.saturating_sub(3), (near + 4).min(SLOTS));
                task.weight = random.random_range(1..4);
            }
            let value = |order: &[usize]| {
                let names: Vec<String> = order.iter().map(|task| format!("T{task}")).collect();
                let listed: Vec<Sample> = order.iter().map(|&task| tasks[task]).collect();
                let starts: Vec<u32> = order.iter().map(|&task| starts[task]).collect();
                let problem = named_cell(1, 0, &[1; SLOTS as usize], listed.iter().zip(&names));
                let tables = Tables::new(&problem);
                let mut board = Board::of(&tables, &starts);
                hand_on(&mut board, Effort::Standard, 1, &Stop { watch: &StoppedWatch, limit: None });
                let mut after = vec![NONE; order.len()];
                order.iter().zip(&board.starts).for_each(|(&task, &start)| after[task] = start);
                after
            };
            let mut order: Vec<usize> = (0..tasks.len()).collect();
            let straight = value(&order);
            order.shuffle(&mut random);
            assert_eq!(value(&order), straight, "round {round}");
        }
    }
}
