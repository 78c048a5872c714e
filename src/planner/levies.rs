//! What the slots of the groups in which crowds count are charged: learnt for all crowds together, since they share the
//! room of some groups (the fleet's, say).
//!
//! Charges go up where more gather than there is room for, and down where there is room to spare, each slot's in
//! strides of its own: the excess of the last rounds, divided by what it usually is (Kingma and Ba, 2015), so that a
//! slot in which hundreds want to be does not keep those waiting in which it is one too many. Strides get shorter from
//! round to round.

use std::collections::HashMap;

use super::Stop;
use super::alone::Alone;
use super::booth::{Booth, Least, MOVE, added_up, count, running_sums, toll};
use super::crowd::Crowd;
use super::tables::{NONE, Tables};

/// No slot costs more. Where a crowd cannot be placed whole, charges would rise for ever.
const CHARGE_MAX: f32 = 16.0 * MOVE as f32;
/// How much of the mean excess, and of its mean square, is kept from round to round.
const MEAN_KEPT: f32 = 0.8;
const SQUARE_KEPT: f32 = 0.95;
/// Where it is always the same that is too much, strides get longer, up to so many times.
const STEADY_SHARE: f32 = 0.9;
const FASTER: f32 = 1.2;
const SLOWER: f32 = 0.5;
const BOOST_MAX: f32 = 10.0;
/// What is added to the root of the square: less than one too many is not much.
const LITTLE: f32 = 0.3;

/// How charges are learnt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lesson {
    pub(super) rounds: u32,
    /// The first stride and the last, in moves.
    pub(super) strides: (f32, f32),
}

/// The groups in which crowds count.
pub(super) struct Levies {
    slots: u32,
    levies: Vec<Levy>,
    /// By crowd: those that it pays.
    of_crowd: Vec<Vec<usize>>,
}

/// One group.
struct Levy {
    /// By slot: how many may be down.
    room: Vec<i32>,
    charges: Vec<i32>,
    /// Members that are in no crowd.
    others: Vec<Others>,
}

/// So many with the same home and duration, who stay or are moved.
struct Others {
    start: u32,
    duration: u32,
    tasks: i64,
}

/// How the charges of one group are changed.
struct Pace {
    charges: Vec<f32>,
    mean: Vec<f32>,
    square: Vec<f32>,
    /// How many times the stride.
    boost: Vec<f32>,
}

impl Levies {
    /// Nothing is charged yet.
    pub(super) fn new(tables: &Tables<'_>, alone: &Alone<'_>, crowds: &[Crowd]) -> Levies {
        let problem = tables.problem;
        let mut groups: Vec<u32> = crowds.iter().flat_map(|crowd| &crowd.groups).copied().collect();
        groups.sort_unstable();
        groups.dedup();
        let at = |group: u32| groups.binary_search(&group);
        let of_crowd: Vec<Vec<usize>> =
            crowds.iter().map(|crowd| crowd.groups.iter().flat_map(|&group| at(group)).collect()).collect();
        let mut crowd_of = vec![NONE; problem.task_count()];
        for (crowd, members) in (0..).zip(crowds) {
            members.tasks.iter().for_each(|&task| crowd_of[task as usize] = crowd);
        }
        let mut others: Vec<HashMap<(u32, u32), i64>> = groups.iter().map(|_| HashMap::new()).collect();
        for task in (0..tables.task_count()).filter(|&task| !tables.pinned(task)) {
            let Some(home) = tables.home(task) else { continue };
            let pays = of_crowd.get(crowd_of[task as usize] as usize);
            for levy in problem.groups_of(task).iter().flat_map(|&group| at(group)) {
                if pays.is_none_or(|pays| !pays.contains(&levy)) {
                    *others[levy].entry((home, problem.duration(task))).or_default() += 1;
                }
            }
        }
        let levy = |(&group, others): (&u32, HashMap<(u32, u32), i64>)| Levy {
            room: (0..tables.slots).map(|slot| alone.left(group, slot).max(0)).collect(),
            charges: vec![0; tables.slots as usize],
            others: others
                .into_iter()
                .map(|((start, duration), tasks)| Others { start, duration, tasks })
                .collect(),
        };
        Levies { slots: tables.slots, levies: groups.iter().zip(others).map(levy).collect(), of_crowd }
    }

    /// What a crowd is charged in each slot.
    pub(super) fn charges_of(&self, crowd: usize) -> Vec<i64> {
        let pays = &self.of_crowd[crowd];
        (0..self.slots as usize)
            .map(|slot| pays.iter().map(|&levy| i64::from(self.levies[levy].charges[slot])).sum())
            .collect()
    }

    /// What those pay who are in no crowd, less the charges for all the room.
    pub(super) fn rest(&self) -> i64 {
        self.levies.iter().map(|levy| levy.answer().0).sum()
    }

    /// Finds charges under which the crowds that can be asked pay much, and the room costs little.
    pub(super) fn learn(&mut self, booths: &[Booth], lesson: Lesson, stop: &Stop<'_>) {
        let mut paces: Vec<Pace> = self.levies.iter().map(Levy::pace).collect();
        let mut least = Least::default();
        let (mut best, mut best_charges) = (i64::MIN, Vec::new());
        let (first, last) = lesson.strides;
        let shorter = (last / first).powf(1.0 / lesson.rounds.max(1) as f32);
        let (mut stride, mut mean_left, mut square_left) = (first * MOVE as f32, 1.0, 1.0);
        for round in 0..=lesson.rounds {
            if stop.now() {
                break;
            }
            let (pays, excess) = self.ask(booths, &mut least);
            if round == 0 && excess.iter().flatten().all(|&excess| excess <= 0) {
                return;
            }
            if pays > best {
                best = pays;
                best_charges = self.levies.iter().map(|levy| levy.charges.clone()).collect();
            }
            stride *= shorter;
            mean_left *= MEAN_KEPT;
            square_left *= SQUARE_KEPT;
            let scale = (1.0 / (1.0 - mean_left), 1.0 / (1.0 - square_left));
            for ((levy, pace), excess) in self.levies.iter_mut().zip(&mut paces).zip(&excess) {
                pace.step(stride, scale, excess);
                let rounded = |(charge, &exact): (&mut i32, &f32)| *charge = exact.round() as i32;
                levy.charges.iter_mut().zip(&pace.charges).for_each(rounded);
            }
        }
        self.levies.iter_mut().zip(best_charges).for_each(|(levy, best)| levy.charges = best);
    }

    /// What all pay, less the charges for all the room; and how many more than there is room for are in each slot of
    /// each group then.
    fn ask(&self, booths: &[Booth], least: &mut Least) -> (i64, Vec<Vec<i32>>) {
        let mut pays_all = 0;
        let mut excess = Vec::with_capacity(self.levies.len());
        for levy in &self.levies {
            let (rest, down) = levy.answer();
            pays_all += rest;
            excess.push(down.iter().zip(&levy.room).map(|(&down, room)| down as i32 - room).collect());
        }
        for (crowd, booth) in booths.iter().enumerate().filter(|(_, booth)| booth.is_brief()) {
            let answer = booth.ask(&self.charges_of(crowd), least);
            pays_all += answer.pays;
            for &levy in &self.of_crowd[crowd] {
                let excess: &mut Vec<i32> = &mut excess[levy];
                excess.iter_mut().zip(&answer.down).for_each(|(excess, &down)| *excess += down as i32);
            }
        }
        (pays_all, excess)
    }
}

impl Levy {
    /// What those pay who are in no crowd, less the charges for all the room; and how many of them are down in each
    /// slot.
    fn answer(&self) -> (i64, Vec<i64>) {
        let charges: Vec<i64> = self.charges.iter().copied().map(i64::from).collect();
        let sums = running_sums(&charges);
        let mut changes = vec![0; self.room.len() + 1];
        let mut pays_all = 0;
        for others in &self.others {
            let here = toll(&sums, others.start, others.duration);
            pays_all += here.min(MOVE) * others.tasks;
            if here < MOVE {
                count(&mut changes, others.start, others.duration, others.tasks);
            }
        }
        let cost: i64 = self.room.iter().zip(&charges).map(|(&room, charge)| i64::from(room) * charge).sum();
        (pays_all - cost, added_up(&changes))
    }

    fn pace(&self) -> Pace {
        let nothing = vec![0.0; self.room.len()];
        Pace {
            charges: nothing.clone(),
            mean: nothing.clone(),
            boost: vec![1.0; self.room.len()],
            square: nothing,
        }
    }
}

impl Pace {
    /// Changes all charges, with means that are so far from what they will be.
    fn step(&mut self, stride: f32, (mean_scale, square_scale): (f32, f32), excess: &[i32]) {
        let state = self.charges.iter_mut().zip(&mut self.mean).zip(&mut self.square).zip(&mut self.boost);
        for ((((charge, mean), square), boost), &excess) in state.zip(excess) {
            let excess = excess as f32;
            *mean = MEAN_KEPT * *mean + (1.0 - MEAN_KEPT) * excess;
            *square = SQUARE_KEPT * *square + (1.0 - SQUARE_KEPT) * excess * excess;
            let usual = (*square * square_scale).sqrt();
            let is_steady =
                (*mean > 0.0 || *charge > 0.0) && (*mean * mean_scale).abs() >= STEADY_SHARE * usual;
            *boost = if is_steady { (*boost * FASTER).min(BOOST_MAX) } else { (*boost * SLOWER).max(1.0) };
            *charge =
                (*charge + *boost * stride * *mean * mean_scale / (usual + LITTLE)).clamp(0.0, CHARGE_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use crate::domain::problem::{Calendar, CapRange, GroupInput, Problem, ProblemBuilder, TaskInput};
    use crate::planner::board::Board;
    use crate::planner::crowd::Crowd;
    use crate::planner::levies::Lesson;
    use crate::planner::tables::Tables;
    use crate::planner::tolls::{Tolls, moves_at_least};
    use crate::planner::{Stop, StoppedWatch};

    const LESSON: Lesson = Lesson { rounds: 100, strides: (0.05, 0.001) };
    const SLOTS: u32 = 44;
    /// Those who can go somewhere are in the first slots.
    const OPEN: u32 = 6;
    /// In the last region nobody is new.
    const REGIONS: u32 = 3;

    #[derive(Clone, Copy)]
    struct Free {
        region: u32,
        duration: u32,
        dates: (u32, u32),
        current: Option<u32>,
    }

    /// Regions of one task a slot each, and a fleet that lets two be down in the first slots.
    fn problem(free: &[Free]) -> Problem {
        let mut builder = ProblemBuilder::new(chrono::DateTime::UNIX_EPOCH, 15, SLOTS);
        builder.add_calendar(Calendar { id: "c".into(), open: vec![(0, SLOTS)], cutoff_slots: 0 });
        let caps = [CapRange { begin: 0, end: OPEN, cap: REGIONS - 1 }];
        builder.add_group(GroupInput { id: "fleet", kind: "fleet", cap: REGIONS, caps: &caps, down: 0 });
        for region in 0..REGIONS {
            let id = format!("r{region}");
            builder.add_group(GroupInput { id: &id, kind: "region", cap: 1, caps: &[], down: 0 });
        }
        let fixed = (0..REGIONS).flat_map(|region| {
            let fixed =
                move |slot| Free { region, duration: 1, dates: (slot, slot + 1), current: Some(slot) };
            (OPEN..SLOTS).map(fixed)
        });
        for (number, task) in free.iter().copied().chain(fixed).enumerate() {
            builder.add_task(TaskInput {
                id: &format!("T{number}"),
                duration: task.duration,
                calendar: 0,
                profile: None,
                volume: 0,
                release: task.dates.0,
                deadline: task.dates.1,
                weight: 1,
                groups: &[0, 1 + task.region],
                site: None,
                current: task.current,
                pinned: false,
                after: &[],
            });
        }
        builder.finish().expect("valid")
    }

    /// The fewest moves of all plans that place everybody.
    fn fewest(free: &[Free], down: &mut [[u32; OPEN as usize]; REGIONS as usize]) -> Option<u32> {
        let Some((task, rest)) = free.split_first() else { return Some(0) };
        let starts = task.dates.0..=task.dates.1 - task.duration;
        let after = starts.filter_map(|start| {
            let there = start as usize..(start + task.duration) as usize;
            let has_room = there.clone().all(|slot| {
                down[task.region as usize][slot] == 0
                    && down.iter().map(|region| region[slot]).sum::<u32>() < REGIONS - 1
            });
            if !has_room {
                return None;
            }
            down[task.region as usize][there.clone()].fill(1);
            let moves = fewest(rest, down);
            down[task.region as usize][there].fill(0);
            moves.map(|moves| moves + u32::from(task.current.is_some_and(|current| current != start)))
        });
        after.min()
    }

    /// What is proved of all these crowds.
    fn proved(problem: &Problem, crowds: &[Crowd]) -> u64 {
        let tables = Tables::new(problem);
        let board = Board::of(&tables, &vec![0; problem.task_count()]);
        let stop = Stop { watch: &StoppedWatch, limit: None };
        moves_at_least(&board, &Tolls::learn(&tables, crowds, LESSON, &stop))
    }

    #[test]
    fn no_plan_moves_fewer_where_regions_share_the_room_of_a_fleet() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let (mut sum, mut sum_of_fewest, mut sum_alone) = (0, 0, 0);
        for round in 0..1500 {
            let mut free: Vec<Free> = Vec::new();
            for region in 0..REGIONS {
                let mut home = 0;
                for _ in 0..3 {
                    let duration = random.random_range(1..=2);
                    let is_new = region + 1 < REGIONS && random.random_bool(0.4);
                    if is_new {
                        let release = random.random_range(0..=OPEN - 3);
                        free.push(Free { region, duration, dates: (release, release + 3), current: None });
                    } else if home + duration <= OPEN {
                        let (before, after) = (random.random_range(0..2), random.random_range(0..3));
                        let dates = (home.saturating_sub(before), (home + duration + after).min(OPEN));
                        free.push(Free { region, duration, dates, current: Some(home) });
                        home += duration + random.random_range(0..2);
                    }
                }
            }
            let Some(fewest) = fewest(&free, &mut [[0; OPEN as usize]; REGIONS as usize]) else { continue };
            let problem = problem(&free);
            let crowd = |region: u32| Crowd {
                tasks: (0..problem.task_count() as u32)
                    .filter(|&task| problem.groups_of(task).contains(&(1 + region)))
                    .collect(),
                groups: vec![0, 1 + region],
            };
            let crowds: Vec<Crowd> = (0..REGIONS - 1).map(crowd).collect();
            let bound = proved(&problem, &crowds);
            assert!(bound <= u64::from(fewest), "round {round}: {bound} of {fewest}");
            sum += bound;
            sum_of_fewest += u64::from(fewest);
            let alone = crowds
                .into_iter()
                .map(|crowd| proved(&problem, &[Crowd { groups: crowd.groups[1..].to_vec(), ..crowd }]));
            sum_alone += alone.sum::<u64>();
        }
        assert!(10 * sum >= 6 * sum_of_fewest, "{sum} of {sum_of_fewest}");
        assert!(sum > sum_alone + 100, "{sum}, and {sum_alone} without the fleet");
    }
}
