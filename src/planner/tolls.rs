//! What a place is worth in broken promises: the Lagrangian bound of [`super::prices`], with moves for costs.
//!
//! Charge the members of a crowd for every slot they take, and let each go where it pays least ([`Booth`]). The sum of
//! what they pay, less the charges for all the room there is, is a lower bound on the moves of every plan that places
//! them all, whatever the charges. [`super::levies`] find good ones.

use super::Stop;
use super::alone::Alone;
use super::board::Board;
use super::booth::{Booth, Charged, Least, MOVE, Member, running_sums};
use super::bound::least_of_weight;
use super::crowd::Crowd;
use super::levies::{Lesson, Levies};
use super::tables::Tables;

/// What places are worth in each of several crowds.
#[derive(Default)]
pub(super) struct Tolls {
    pub(super) crowds: Vec<Toll>,
    /// What those pay who are in no crowd, less the charges for all the room.
    rest: i64,
}

/// The charges in one crowd.
pub(super) struct Toll {
    booth: Booth,
    charges: Vec<i64>,
    sums: Vec<i64>,
}

impl Tolls {
    /// Finds good charges.
    pub(super) fn learn(tables: &Tables<'_>, crowds: &[Crowd], lesson: Lesson, stop: &Stop<'_>) -> Tolls {
        let booths: Vec<Booth> = crowds.iter().map(|crowd| Booth::new(tables, crowd)).collect();
        let mut levies = Levies::new(tables, &Alone::new(tables), crowds);
        levies.learn(&booths, lesson, stop);
        let toll = |(crowd, booth): (usize, Booth)| {
            let charges = levies.charges_of(crowd);
            Toll { sums: running_sums(&charges), booth, charges }
        };
        Tolls { crowds: booths.into_iter().enumerate().map(toll).collect(), rest: levies.rest() }
    }
}

impl Toll {
    /// What a place costs.
    pub(super) fn of(&self, start: u32, duration: u32) -> i64 {
        self.sums[(start + duration) as usize] - self.sums[start as usize]
    }

    /// Whether no slot costs anything.
    pub(super) fn is_nothing(&self) -> bool {
        self.charges.iter().all(|&charge| charge == 0)
    }

    /// What each slot costs.
    pub(super) fn charges(&self) -> &[i64] {
        &self.charges
    }

    /// The crowd under these charges.
    pub(super) fn charged(&self) -> Charged<'_> {
        self.booth.under(&self.charges)
    }
}

/// No plan that places at least the weight of the one on the board moves fewer.
pub(super) fn moves_at_least(board: &Board<'_>, tolls: &Tolls) -> u64 {
    if tolls.crowds.is_empty() {
        return 0;
    }
    let tables = board.tables;
    let problem = tables.problem;
    // Who has room if all others are gone, and is left out, could have been another one.
    let alone = Alone::new(tables);
    let left_out = |&task: &u32| board.start(task).is_none() && alone.has_room(task);
    let spare: u64 =
        (0..tables.task_count()).filter(left_out).map(|task| u64::from(problem.weight(task))).sum();
    let mut bound = i128::from(tolls.rest);
    let mut least = Least::default();
    let mut savings: Vec<(i64, u32)> = Vec::new();
    let mut is_member = vec![false; problem.task_count()];
    for toll in &tolls.crowds {
        bound += i128::from(toll.booth.ask(&toll.charges, &mut least).pays);
        toll.booth.members.iter().for_each(|&task| is_member[task as usize] = true);
        // Who is left out saves what it pays; if it was announced, it is moved all the same.
        for Member { task, at_home, elsewhere } in toll.charged().who_pays(MOVE) {
            let saving = match at_home {
                Some(here) => (here - MOVE).min(elsewhere),
                None => elsewhere,
            };
            // What no plan has room for is left out by every one, and frees no weight for others.
            let is_hopeless = board.start(task).is_none() && !alone.has_room(task);
            savings.push((saving, if is_hopeless { 0 } else { problem.weight(task) }));
        }
    }
    let total: u64 = savings.iter().map(|&(_, weight)| u64::from(weight)).sum();
    let all: i128 = savings.iter().map(|&(saving, _)| i128::from(saving)).sum();
    bound -= all - least_of_weight(savings, total.saturating_sub(spare), total);
    let is_lost = |&task: &u32| {
        !is_member[task as usize]
            && !tables.pinned(task)
            && problem.current(task).is_some()
            && tables.home(task).is_none()
    };
    let lost = (0..tables.task_count()).filter(is_lost).count() as u64;
    u64::try_from(bound.max(0)).unwrap_or(0).div_ceil(MOVE as u64) + lost
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::domain::problem::{Calendar, GroupInput, ProblemBuilder, TaskInput};
    use crate::planner::StoppedWatch;
    use crate::planner::crowd::crowds;
    use crate::planner::sample::{Sample, anywhere, cell};
    use crate::planner::tables::NONE;

    const SLOTS: u32 = 48;
    const LESSON: Lesson = Lesson { rounds: 100, strides: (0.05, 0.001) };
    /// Those who can go somewhere are in the first slots.
    const OPEN: u32 = 12;

    /// The fewest moves of all plans that weigh at least so much, one task after the other.
    fn fewest(tasks: &[Sample], taken: u32, weight: u32, at_least: u32) -> Option<u32> {
        let Some((task, rest)) = tasks.split_first() else { return (weight >= at_least).then_some(0) };
        let moved = |start: Option<u32>| u32::from(task.current.is_some() && task.current != start);
        let nowhere = fewest(rest, taken, weight, at_least).map(|moves| moves + moved(None));
        let starts = task.dates.0..=task.dates.1 - task.duration;
        let somewhere = starts.filter_map(|start| {
            let mask = ((1 << task.duration) - 1) << start;
            let left = if taken & mask == 0 { Some(()) } else { None };
            left.and_then(|()| fewest(rest, taken | mask, weight + task.weight, at_least))
                .map(|moves| moves + moved(Some(start)))
        });
        somewhere.chain(nowhere).min()
    }

    #[test]
    fn no_plan_of_the_same_weight_moves_fewer() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let (mut sum, mut sum_of_fewest, mut sum_of_certain) = (0, 0, 0);
        for round in 0..2000 {
            let mut free = Vec::new();
            let mut home = 0;
            for _ in 0..5 {
                let duration = random.random_range(1..=3);
                let is_announced = home + duration <= OPEN && random.random_bool(0.8);
                let release = random.random_range(0..=OPEN - duration);
                let deadline = random.random_range(release + duration..=OPEN);
                let current = is_announced.then_some(home);
                home += if is_announced { duration } else { 0 };
                let weight = random.random_range(1..3);
                free.push(Sample {
                    duration,
                    weight,
                    current,
                    dates: (release, deadline),
                    ..anywhere(SLOTS)
                });
            }
            let mut tasks = free.clone();
            tasks.extend((OPEN..SLOTS).map(|slot| Sample {
                current: Some(slot),
                dates: (slot, slot + 1),
                ..anywhere(SLOTS)
            }));
            let problem = cell(1, 0, &[1; SLOTS as usize], &tasks);
            let tables = Tables::new(&problem);
            // Some plan: whoever comes first has the first place that is free.
            let mut board = Board::new(&tables);
            for task in 0..tables.task_count() {
                if let Some(start) = board.first_start(task) {
                    board.place(task, start);
                }
            }
            let weight =
                (0..5).filter(|&task| board.starts[task] != NONE).map(|task| tasks[task].weight).sum();
            let waiting: Vec<u32> = (0..5).collect();
            let stop = Stop { watch: &StoppedWatch, limit: None };
            let crowds = crowds(&board, &waiting);
            if crowds.is_empty() {
                continue;
            }
            let tolls = Tolls::learn(&tables, &crowds, LESSON, &stop);
            let bound = moves_at_least(&board, &tolls);
            let fewest = fewest(&free, 0, 0, weight).expect("the plan on the board is one");
            assert!(bound <= u64::from(fewest), "round {round}: {bound} of {fewest}");
            if board.placed_count() == tasks.len() as u64 {
                sum += bound;
                sum_of_fewest += u64::from(fewest);
                sum_of_certain += tolls.crowds[0].booth.certain as u64;
            }
        }
        // Some had to make way, and most of it is proved: so the test is about something.
        assert!(
            sum_of_fewest >= sum_of_certain + 20,
            "{sum_of_fewest} of which {sum_of_certain} are certain"
        );
        assert!(10 * sum >= 9 * sum_of_fewest, "{sum} of {sum_of_fewest}");
    }

    #[test]
    fn nobody_makes_way_for_what_has_no_room_in_any_plan() {
        // All slots but the last are taken, by tasks of which the first could go there. A new one can only be in its
        // place, and in a closed cell, if it is in that as well.
        for is_closed in [false, true] {
            let mut builder = ProblemBuilder::new(chrono::DateTime::UNIX_EPOCH, 15, SLOTS);
            builder.add_calendar(Calendar { id: "c".into(), open: vec![(0, SLOTS)], cutoff_slots: 0 });
            for (id, cap) in [("region", 1), ("closed", 0)] {
                builder.add_group(GroupInput { id, kind: id, cap, caps: &[], down: 0 });
            }
            for task in 0..SLOTS {
                let is_new = task == SLOTS - 1;
                let start = if is_new { 0 } else { task };
                builder.add_task(TaskInput {
                    id: &format!("T{task}"),
                    duration: 1,
                    calendar: 0,
                    profile: None,
                    volume: 0,
                    release: start,
                    deadline: if task == 0 { SLOTS } else { start + 1 },
                    weight: 1,
                    groups: if is_new && is_closed { &[0, 1] } else { &[0] },
                    site: None,
                    current: (!is_new).then_some(start),
                    pinned: false,
                    after: &[],
                });
            }
            let problem = builder.finish().expect("valid");
            let tables = Tables::new(&problem);
            let mut starts: Vec<u32> =
                (0..SLOTS).map(|task| if task < SLOTS - 1 { task } else { NONE }).collect();
            if !is_closed {
                (starts[0], starts[SLOTS as usize - 1]) = (SLOTS - 1, 0);
            }
            let board = Board::of(&tables, &starts);
            let crowd = Crowd { tasks: (0..SLOTS).collect(), groups: vec![0] };
            let stop = Stop { watch: &StoppedWatch, limit: None };
            let tolls = Tolls::learn(&tables, &[crowd], LESSON, &stop);
            assert_eq!(moves_at_least(&board, &tolls), u64::from(!is_closed));
        }
    }
}
