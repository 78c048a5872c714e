//! How many would have to make way, one for the other, until a task has a place.
//!
//! A start at which nothing is full is no hop away. A task that can go there leaves its own place, which with the free
//! slots beside it is a hop further for everybody else; whoever can go there leaves a place that is further still; and
//! so on, in waves from the free slots outwards. To move who stands where it was announced counts as two hops, since it
//! breaks a promise. In a crowd of a hundred thousand there are only some thousand pairs of a start and a duration, so
//! a wave is a walk over the tasks and nothing else. Only groups in which the whole crowd counts are looked at: where
//! others are full as well, it takes more.

use super::bits::{ones, set_run, words};
use super::board::Board;
use super::crowd::Crowd;

/// More hops than anybody goes.
pub(super) const NEVER: u8 = u8::MAX;
/// Longer chains are not looked for.
const HOPS_MAX: u8 = 64;
const HOPS_FROM_HOME: u8 = 2;
const HOPS_FROM_ELSEWHERE: u8 = 1;

/// What it counts to move a task that stands at `start`.
pub(super) fn hops_to_move(board: &Board<'_>, task: u32, start: u32) -> u8 {
    let is_home = board.tables.problem.current(task) == Some(start);
    if is_home { HOPS_FROM_HOME } else { HOPS_FROM_ELSEWHERE }
}

/// Hops by duration and start.
pub(super) struct Reach {
    slots: usize,
    /// The durations of the crowd, ascending.
    pub(super) durations: Vec<u32>,
    hops: Vec<u8>,
    /// The same as bits: starts that have been reached so far.
    reached: Vec<u64>,
    is_free: Vec<bool>,
}

impl Reach {
    /// Measures a crowd, as far out as somebody waits and `more_hops` beyond, and notes the hops of its members.
    pub(super) fn measure(board: &Board<'_>, crowd: &Crowd, more_hops: u8, hops_of: &mut [u8]) -> Reach {
        let tables = board.tables;
        let problem = tables.problem;
        let mut reach = Reach::of_free_slots(board, crowd);
        crowd.tasks.iter().for_each(|&task| hops_of[task as usize] = NEVER);
        let is_stuck = |task: u32| tables.pinned(task) || tables.has_precedence(task);
        let mut left: Vec<u32> = crowd.tasks.clone();
        left.retain(|&task| board.start(task).is_none() || !is_stuck(task));
        let mut waiting = left.iter().filter(|&&task| board.start(task).is_none()).count();
        let mut is_left = vec![false; reach.hops.len()];
        // By hops: starts and durations that somebody would leave to others.
        let mut left_behind: Vec<Vec<(u32, u32)>> =
            vec![Vec::new(); usize::from(HOPS_MAX + HOPS_FROM_HOME) + 1];
        let mut last = HOPS_MAX;
        let mut hops = 0;
        while hops <= last && (hops == 0 || left_behind.iter().any(|places| !places.is_empty())) {
            for (start, duration) in std::mem::take(&mut left_behind[usize::from(hops)]) {
                let at = reach.row(duration) + start as usize;
                if !std::mem::replace(&mut is_left[at], true) {
                    reach.leave((start, duration), hops);
                }
            }
            left.retain(|&task| {
                if !reach.has_reached(board, task) {
                    return true;
                }
                hops_of[task as usize] = hops;
                match board.start(task) {
                    None => waiting -= 1,
                    Some(start) => {
                        let then = usize::from(hops + hops_to_move(board, task, start));
                        left_behind[then].push((start, problem.duration(task)));
                    }
                }
                false
            });
            if waiting == 0 {
                last = last.min(hops + more_hops);
            }
            hops += 1;
        }
        reach
    }

    /// How many hops away a start is.
    pub(super) fn hops(&self, start: u32, duration: u32) -> u8 {
        self.hops[self.row(duration) + start as usize]
    }

    /// Nobody is left who could make way at a start with so many hops or less.
    pub(super) fn exhaust(&mut self, start: u32, duration: u32, hops: u8) {
        let at = self.row(duration) + start as usize;
        self.hops[at] = self.hops[at].max(hops + 1);
    }

    fn of_free_slots(board: &Board<'_>, crowd: &Crowd) -> Reach {
        let tables = board.tables;
        let mut durations: Vec<u32> = Vec::new();
        for &task in &crowd.tasks {
            let duration = tables.problem.duration(task);
            if let Err(at) = durations.binary_search(&duration) {
                durations.insert(at, duration);
            }
        }
        let is_free = |slot: u32| crowd.groups.iter().all(|&group| board.left(group, slot) > 0);
        let slots = tables.slots as usize;
        let mut reach = Reach {
            slots,
            hops: vec![NEVER; durations.len() * slots],
            reached: vec![0; durations.len() * words(tables.slots)],
            durations,
            is_free: (0..tables.slots).map(is_free).collect(),
        };
        let mut slot = 0;
        while slot < slots {
            let length = reach.is_free[slot..].iter().take_while(|&&is_free| is_free).count();
            for at in 0..reach.durations.len() {
                let duration = reach.durations[at] as usize;
                if length >= duration {
                    reach.note(at, slot as u32, (slot + length - duration) as u32, 0);
                }
            }
            slot += length + 1;
        }
        reach
    }

    /// Where a duration is in the list.
    pub(super) fn place_of(&self, duration: u32) -> usize {
        self.durations.partition_point(|&shorter| shorter < duration)
    }

    fn row(&self, duration: u32) -> usize {
        self.place_of(duration) * self.slots
    }

    /// Whether any start that the task's calendar and dates allow has been reached.
    fn has_reached(&self, board: &Board<'_>, task: u32) -> bool {
        let problem = board.tables.problem;
        let words = words(self.slots as u32);
        let from = self.place_of(problem.duration(task)) * words;
        let reached = &self.reached[from..from + words];
        let mut runs = board.tables.runs(task, problem.release(task), problem.deadline(task));
        runs.any(|(first, last)| ones(first, last, |at| reached[at]).next().is_some())
    }

    /// Somebody so many hops away leaves a start and a duration to others.
    fn leave(&mut self, (start, duration): (u32, u32), hops: u8) {
        let longest = self.durations.last().copied().unwrap_or(0);
        let slots = self.slots as u32;
        let end = start + duration;
        let before = (start.saturating_sub(longest)..start).rev();
        let first = start - before.take_while(|&slot| self.is_free[slot as usize]).count() as u32;
        let after = end..(end + longest).min(slots);
        let last = end + after.take_while(|&slot| self.is_free[slot as usize]).count() as u32;
        for at in 0..self.durations.len() {
            let wanted = self.durations[at];
            if wanted <= last - first {
                let earliest = first.max((start + 1).saturating_sub(wanted));
                let latest = (last - wanted).min(end - 1);
                self.note(at, earliest, latest, hops);
            }
        }
    }

    /// Notes the starts in `[first, last]` that have not been reached yet.
    fn note(&mut self, at: usize, first: u32, last: u32, hops: u8) {
        if first > last {
            return;
        }
        let words = words(self.slots as u32);
        let row = &mut self.hops[at * self.slots..(at + 1) * self.slots];
        let reached = &mut self.reached[at * words..(at + 1) * words];
        ones(first, last, |word| !reached[word]).for_each(|start| row[start as usize] = hops);
        set_run(reached, first, last + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::crowd::crowds;
    use crate::planner::sample::{Sample, anywhere, cell};
    use crate::planner::tables::{NONE, Tables};

    const SLOTS: u32 = 40;

    #[test]
    fn a_place_is_as_far_as_those_who_would_have_to_move() {
        // The last slot is free; from slot 0 on who stands in one could go to the next. Two were announced elsewhere or
        // nowhere. Who wants to wait in slot 3 is as far as three who have to move, the one in slot 0 cannot be asked.
        let mut starts: Vec<u32> = (0..SLOTS - 1).collect();
        starts.push(NONE);
        let tasks: Vec<Sample> = (0..SLOTS)
            .map(|task| {
                let dates = match task {
                    1 | 2 => (task, task + 2),
                    3 => (3, SLOTS),
                    _ if task < SLOTS - 1 => (task, task + 1),
                    _ => (1, 2),
                };
                let current = (task != 3 && task < SLOTS - 1).then_some(task);
                Sample { dates, current, ..anywhere(SLOTS) }
            })
            .collect();
        let problem = cell(1, 0, &[1; SLOTS as usize], &tasks);
        let tables = Tables::new(&problem);
        let board = Board::of(&tables, &starts);
        let [crowd] = &crowds(&board, &[SLOTS - 1])[..] else { panic!("one cell") };
        let mut hops_of = vec![NEVER; SLOTS as usize];
        let mut reach = Reach::measure(&board, crowd, 0, &mut hops_of);
        let hops: Vec<u8> = (0..4).chain([SLOTS - 1]).map(|start| reach.hops(start, 1)).collect();
        assert_eq!(hops, [NEVER, 5, 3, 1, 0]);
        assert_eq!(hops_of[..4], [NEVER, 3, 1, 0]);
        assert_eq!(hops_of[SLOTS as usize - 1], 5);
        reach.exhaust(3, 1, 2);
        assert_eq!(reach.hops(3, 1), 3);
    }

    #[test]
    fn who_leaves_gives_the_free_slots_beside_it_as_well() {
        // Slots 4 to 6 are taken by one task, 7 and 8 are free, and so is the end, where it could go.
        let mut starts: Vec<u32> = (0..4).chain(9..36).chain([4, NONE]).collect();
        starts.extend((0..4).map(|_| NONE));
        let at = |task: usize| Sample { current: Some(starts[task]), ..anywhere(SLOTS) };
        let mut tasks: Vec<Sample> = (0..starts.len()).map(at).collect();
        let long = starts.iter().position(|&start| start == 4).expect("it is there");
        for (task, sample) in tasks.iter_mut().enumerate().filter(|&(task, _)| starts[task] != NONE) {
            let end = if task == long { SLOTS } else { starts[task] + 1 };
            *sample = Sample { dates: (starts[task], end), ..*sample };
        }
        tasks[long].duration = 3;
        for (task, sample) in tasks.iter_mut().enumerate().filter(|&(task, _)| starts[task] == NONE) {
            *sample = Sample { current: None, duration: 5, dates: (0, 30), ..anywhere(SLOTS) };
            assert!(task > long);
        }
        let problem = cell(1, 0, &[1; SLOTS as usize], &tasks);
        let tables = Tables::new(&problem);
        let board = Board::of(&tables, &starts);
        let [crowd] = &crowds(&board, &[long as u32 + 1])[..] else { panic!("one cell") };
        let mut hops_of = vec![NEVER; tasks.len()];
        let reach = Reach::measure(&board, crowd, 0, &mut hops_of);
        assert_eq!((reach.hops(4, 5), reach.hops(5, 5), reach.hops(3, 5)), (2, NEVER, NEVER));
        assert_eq!((reach.hops(6, 3), reach.hops(7, 1), reach.hops(36, 3)), (2, 0, 0));
        assert_eq!(hops_of[long + 1], 2);
    }
}
