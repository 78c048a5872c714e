//! Where there is room: loads as they stand, with more tasks and higher caps laid over them, and the starts
//! that every calendar and every group leaves, remembered as bits.

use std::collections::HashMap;
use std::rc::Rc;

use super::loads::{Loads, Step, worst};
use crate::domain::problem::{Calendar, Problem};
use crate::planner::bits::{self, Bits};

/// So many words of remembered bits are kept at most: 64 MiB.
const WORDS_KEPT_MAX: usize = 8 << 20;

/// Loads that can be added to, and taken back to what they were.
#[derive(Debug)]
pub(super) struct Room<'l, 'p> {
    pub(super) loads: &'l Loads<'p>,
    pub(super) problem: &'p Problem,
    words: usize,
    /// Starts that a calendar allows, by its number and a duration.
    calendars: HashMap<(u32, u32), Bits>,
    /// Starts that a group forbids as it stands, by its number and a duration.
    standing: HashMap<(u32, u32), Bits>,
    words_kept: usize,
    changed: HashMap<u32, Changed>,
}

/// A group that is not as it stood.
#[derive(Debug)]
struct Changed {
    steps: Vec<Step>,
    /// By duration.
    full: Vec<(u32, Bits)>,
}

impl<'l, 'p> Room<'l, 'p> {
    pub(super) fn new(loads: &'l Loads<'p>) -> Room<'l, 'p> {
        Room {
            loads,
            problem: loads.problem,
            words: bits::words(loads.problem.slots()),
            calendars: HashMap::new(),
            standing: HashMap::new(),
            words_kept: 0,
            changed: HashMap::new(),
        }
    }

    /// Forgets what was laid over the loads.
    pub(super) fn reset(&mut self) {
        self.changed.clear();
    }

    pub(super) fn words(&self) -> usize {
        self.words
    }

    fn steps(&self, group: u32) -> &[Step] {
        self.changed.get(&group).map_or_else(|| self.loads.steps(group), |changed| &changed.steps)
    }

    fn changed(&mut self, group: u32) -> &mut Changed {
        let loads = self.loads;
        let copy = || Changed { steps: loads.steps(group).to_vec(), full: Vec::new() };
        self.changed.entry(group).or_insert_with(copy)
    }

    /// Raises a cap and each of its ranges.
    pub(super) fn raise(&mut self, group: u32, cap_add: u32) {
        let Changed { steps, full } = self.changed(group);
        steps.iter_mut().for_each(|step| step.over = step.over.saturating_sub_unsigned(cap_add));
        full.clear();
    }

    /// One more task is down in its groups.
    pub(super) fn take(&mut self, task: u32, start: u32) {
        let problem = self.problem;
        let end = start + problem.duration(task);
        for &group in problem.groups_of(task) {
            let Changed { steps, full } = self.changed(group);
            let from = cut(steps, start);
            let until = if end < problem.slots() { cut(steps, end) } else { steps.len() };
            for at in from..until {
                steps[at].over += 1;
                if steps[at].over == 1 {
                    let begin = steps[at].slot;
                    let end = steps.get(at + 1).map_or(problem.slots(), |next| next.slot);
                    full.iter_mut().for_each(|(duration, bits)| forbid(bits, begin, end, *duration));
                }
            }
        }
    }

    /// By how much one more task of a group is too many in the fullest slot of a span.
    pub(super) fn over(&self, group: u32, begin: u32, end: u32) -> i32 {
        worst(self.steps(group), begin, end).0
    }

    /// Starts that a group forbids a task of this duration.
    pub(super) fn forbidden(&mut self, group: u32, duration: u32) -> Bits {
        let known = match self.changed.get(&group) {
            Some(changed) => changed.full.iter().find(|(known, _)| *known == duration).map(|(_, bits)| bits),
            None => self.standing.get(&(group, duration)),
        };
        if let Some(bits) = known {
            return Rc::clone(bits);
        }
        let mut full = vec![0; self.words];
        let steps = self.steps(group);
        let ends = steps.iter().skip(1).map(|step| step.slot).chain([self.problem.slots()]);
        for (step, end) in steps.iter().zip(ends) {
            if step.over > 0 {
                bits::set_run(&mut full, step.slot, end);
            }
        }
        bits::smear(&mut full, duration);
        let full: Bits = full.into();
        match self.changed.get_mut(&group) {
            Some(changed) => changed.full.push((duration, Rc::clone(&full))),
            None => {
                self.make_way();
                self.standing.insert((group, duration), Rc::clone(&full));
            }
        }
        full
    }

    /// Starts that the task's calendar allows, whatever its dates say.
    pub(super) fn allowed(&mut self, task: u32) -> Bits {
        let duration = self.problem.duration(task);
        let number = self.problem.calendar_index(task);
        if let Some(bits) = self.calendars.get(&(number, duration)) {
            return Rc::clone(bits);
        }
        let bits = starts_of(&self.problem.calendars()[number as usize], duration, self.words);
        self.make_way();
        self.calendars.insert((number, duration), Rc::clone(&bits));
        bits
    }

    /// Forgets what is remembered when it becomes too much.
    fn make_way(&mut self) {
        self.words_kept += self.words;
        if self.words_kept > WORDS_KEPT_MAX {
            self.standing.clear();
            self.calendars.clear();
            self.words_kept = self.words;
        }
    }
}

/// Starts at which a task of this duration lies in one opening and not past its cutoff.
pub(super) fn starts_of(calendar: &Calendar, duration: u32, words: usize) -> Bits {
    let mut starts = vec![0; words];
    let tail = duration.max(calendar.cutoff_slots);
    for &(begin, end) in &calendar.open {
        if begin + tail <= end {
            bits::set_run(&mut starts, begin, end - tail + 1);
        }
    }
    starts.into()
}

/// Starts from which a task of this duration would meet `[begin, end)` become forbidden.
fn forbid(bits: &mut Bits, begin: u32, end: u32, duration: u32) {
    if Rc::get_mut(bits).is_none() {
        *bits = bits.to_vec().into();
    }
    if let Some(own) = Rc::get_mut(bits) {
        bits::set_run(own, begin.saturating_sub(duration - 1), end);
    }
}

/// The number of the step that begins at `slot`; makes one if there is none.
fn cut(steps: &mut Vec<Step>, slot: u32) -> usize {
    let at = steps.partition_point(|step| step.slot < slot);
    if steps.get(at).is_none_or(|step| step.slot != slot) {
        let over = steps[at - 1].over;
        steps.insert(at, Step { slot, over });
    }
    at
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::domain::problem::{CapRange, GroupInput, ProblemBuilder, TaskInput};
    use crate::planner::tables::NONE;

    const SLOTS: u32 = 100;

    /// Forty tasks of one group, half of them placed.
    fn crowd(random: &mut ChaCha8Rng) -> (Problem, Vec<u32>) {
        let mut builder = ProblemBuilder::new(DateTime::UNIX_EPOCH, 15, SLOTS);
        builder.add_calendar(Calendar { id: "c".into(), open: vec![(0, SLOTS)], cutoff_slots: 0 });
        let caps = [CapRange { begin: 30, end: 50, cap: 1 }];
        builder.add_group(GroupInput { id: "g", kind: "cell", cap: 5, caps: &caps, down: 1 });
        let mut starts = Vec::new();
        for number in 0..40 {
            let duration = random.random_range(1..9);
            let id = format!("T{number}");
            builder.add_task(TaskInput {
                id: &id,
                duration,
                calendar: 0,
                profile: None,
                volume: 0,
                release: 0,
                deadline: SLOTS,
                weight: 1,
                groups: &[0],
                site: None,
                current: None,
                pinned: false,
                after: &[],
            });
            starts.push(if number < 20 { random.random_range(0..=SLOTS - duration) } else { NONE });
        }
        (builder.finish().expect("valid"), starts)
    }

    #[test]
    fn remembered_bits_follow_what_is_laid_over_the_loads() {
        for seed in 0..20 {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let (problem, mut starts) = crowd(&mut random);
            let loads = Loads::new(&problem, starts.clone(), &[true]);
            let mut room = Room::new(&loads);
            let mut raised = 0;
            for task in 20..40 {
                for duration in [1, 3, 8] {
                    let forbidden = room.forbidden(0, duration);
                    for start in 0..=SLOTS - duration {
                        let too_many = |slot: u32| {
                            let placed = (0..40).filter(|&other| starts[other as usize] != NONE);
                            let down = placed.filter(|&other| {
                                let begin = starts[other as usize];
                                begin <= slot && slot < begin + problem.duration(other)
                            });
                            down.count() as i32 + 2 - (problem.group(0).cap_at(slot) + raised) as i32
                        };
                        let over = (start..start + duration).map(too_many).max().expect("a slot");
                        assert_eq!(room.over(0, start, start + duration), over);
                        assert_eq!(forbidden[start as usize / 64] >> (start % 64) & 1 == 1, over > 0);
                    }
                }
                let start = random.random_range(0..=SLOTS - problem.duration(task));
                room.take(task, start);
                starts[task as usize] = start;
                if task % 7 == 0 {
                    room.raise(0, 1);
                    raised += 1;
                }
            }
            room.reset();
            assert_eq!(room.over(0, 0, SLOTS), Room::new(&loads).over(0, 0, SLOTS));
        }
    }
}
