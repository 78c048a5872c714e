//! Dividing a large problem into parts that can be planned side by side.
//!
//! The [`Cut`] says which task belongs to which part. The room of a group with members in several parts is
//! divided as the tasks of a sample use it when they all pay the prices that they learn together; so no part has
//! to know of the others. Small shared groups are divided by members.

use std::collections::HashMap;

use crate::domain::problem::{CapRange, ExcerptGroup, Problem};

use super::Stop;
use super::cut::Cut;
use super::negotiate::{LEARNING, Negotiation};
use super::tables::{NONE, Tables};

/// So many tasks are enough to learn the prices of large groups.
const SAMPLE_TASKS: usize = 50_000;
/// A group is priced from the sample if so many of its members are in it.
const SAMPLED_MEMBERS_MIN: u32 = 400;

/// A small shared group is used a little here and a little there: every part may have so many times its share of
/// the room, and so many places more. What is too much then is put right when the parts are joined.
const OVERBOOKED: f64 = 2.0;

/// One part: its tasks in canonical order, and the groups they count in.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) tasks: Vec<u32>,
    pub(super) groups: Vec<ExcerptGroup>,
}

/// What the sample teaches about some groups of the whole problem.
#[derive(Debug, Default)]
pub(super) struct Lesson {
    /// Numbers of groups of the whole problem, ascending.
    pub(super) groups: Vec<u32>,
    /// By group in that order, one charge a slot.
    pub(super) charges: Vec<Vec<f32>>,
    /// By group in that order, by part and slot, how much the part uses, in tasks of the sample.
    usage: Vec<Vec<f32>>,
}

impl Lesson {
    pub(super) fn charges_of(&self, group: u32) -> Option<&[f32]> {
        self.groups.binary_search(&group).ok().map(|at| self.charges[at].as_slice())
    }
}

/// Learns from every so-manieth task of `order` what the large groups' slots are worth, and to which part.
pub(super) fn learn(problem: &Problem, order: &[u32], cut: &Cut, threads: usize, stop: &Stop<'_>) -> Lesson {
    let stride = order.len().div_ceil(SAMPLE_TASKS).max(1);
    let sample: Vec<u32> = order.iter().copied().step_by(stride).collect();
    let mut members = vec![0u32; problem.group_count()];
    let mut sampled = vec![0u32; problem.group_count()];
    let mut count = |tasks: &[u32], counts: &mut Vec<u32>| {
        for &task in tasks {
            problem.groups_of(task).iter().for_each(|&group| counts[group as usize] += 1);
        }
    };
    count(order, &mut members);
    count(&sample, &mut sampled);
    let groups: Vec<u32> = (0..problem.group_count() as u32)
        .filter(|&group| sampled[group as usize] >= SAMPLED_MEMBERS_MIN.min(members[group as usize] / 2 + 1))
        .filter(|&group| members[group as usize] >= SAMPLED_MEMBERS_MIN)
        .collect();
    let excerpts: Vec<ExcerptGroup> = groups
        .iter()
        .map(|&group| {
            let share = f64::from(sampled[group as usize]) / f64::from(members[group as usize]);
            let budget = problem.group(group);
            let rooms = (0..problem.slots()).map(|slot| {
                // What is lost by rounding in one slot is won in others.
                let dither = f64::from(slot) * 0.618_033_988_749;
                (f64::from(budget.room_at(slot)) * share + dither.fract()).floor() as u32
            });
            ExcerptGroup { group, room: Some(ranges(rooms)) }
        })
        .collect();
    let excerpt = problem.excerpt(&sample, &excerpts);
    let tables = Tables::new(&excerpt);
    let mut negotiation = Negotiation::new(&tables);
    let numbers: Vec<u32> = (0..sample.len() as u32).filter(|&task| !tables.pinned(task)).collect();
    let slots = problem.slots() as usize;
    let mut usage = vec![vec![0f32; cut.parts * slots]; groups.len()];
    use super::search::knob;
    let lesson = super::negotiate::Learning { passes: knob("LP", 30.0) as usize, step: knob("LS", 8.0) as f32, decay: knob("LD", 0.87) as f32 };
    negotiation.learn(&numbers, lesson, stop);
    let mut dual = super::dual::Dual::new(&tables, negotiation.history(), threads);
    eprintln!("dual from {:.0}", dual.value());
    dual.run(knob("DR", 40.0) as usize, stop);
    eprintln!("dual to {:.0}", dual.value());
    let charges = (0..groups.len() as u32).map(|group| dual.charges_of(group)).collect();
    if knob("DUSE", 1.0) > 0.0 { negotiation.set_history(dual.charges()); }
    let settling = super::negotiate::Settling { passes: knob("QS", 30.0) as usize, growth: knob("QG", 1.15) as f32, look_again_every: 4 };
    let mut see = |starts: &[u32]| {
        for (task, &start) in (0..).zip(starts) {
            if start == NONE {
                continue;
            }
            let part = usize::from(cut.part_of[sample[task as usize] as usize]);
            let from = part * slots + start as usize;
            for &group in excerpt.groups_of(task) {
                let usage = &mut usage[group as usize][from..from + excerpt.duration(task) as usize];
                usage.iter_mut().for_each(|tasks| *tasks += 1.0);
            }
        }
    };
    negotiation.settle(&numbers, settling, stop, &mut see);
    see(negotiation.wishes());
    Lesson { groups, charges, usage }
}

/// The parts of `cut`, with the room of shared groups divided as `lesson` teaches.
pub(super) fn parts(problem: &Problem, order: &[u32], cut: &Cut, lesson: &Lesson) -> Vec<Part> {
    let mut parts: Vec<Part> = (0..cut.parts).map(|_| Part { tasks: Vec::new(), groups: Vec::new() }).collect();
    for &task in order {
        parts[usize::from(cut.part_of[task as usize])].tasks.push(task);
    }
    let mut touched = vec![0u16; problem.group_count()];
    let mut last = vec![u16::MAX; problem.group_count()];
    let mut all_members = vec![0u32; problem.group_count()];
    for (number, part) in (0u16..).zip(&parts) {
        for &group in part.tasks.iter().flat_map(|&task| problem.groups_of(task)) {
            all_members[group as usize] += 1;
            if last[group as usize] != number {
                last[group as usize] = number;
                touched[group as usize] += 1;
            }
        }
    }
    let mut by_id: Vec<u32> = (0..problem.group_count() as u32).collect();
    by_id.sort_unstable_by_key(|&group| problem.group(group).id);
    let pinned = pinned_load(problem, cut, &touched);
    let mut members_before = vec![0u32; problem.group_count()];
    for number in 0..cut.parts {
        let mut members = vec![0u32; problem.group_count()];
        for &group in parts[number].tasks.iter().flat_map(|&task| problem.groups_of(task)) {
            members[group as usize] += 1;
        }
        let groups = by_id.iter().copied().filter(|&group| members[group as usize] > 0).map(|group| {
            let at = group as usize;
            let room = (touched[at] > 1 && super::search::knob("NOQ", 0.0) == 0.0).then(|| {
                let share = |members: u32| f64::from(members) / f64::from(all_members[at]);
                let by_members = (share(members_before[at]), share(members_before[at] + members[at]));
                let rooms = rooms(problem, lesson, cut, &pinned, group, number, by_members);
                ranges(rooms.into_iter())
            });
            ExcerptGroup { group, room }
        });
        parts[number].groups = groups.collect();
        members_before.iter_mut().zip(&members).for_each(|(before, members)| *before += members);
    }
    parts
}

/// By shared group: how many pinned tasks of a part are down, by part and slot.
fn pinned_load(problem: &Problem, cut: &Cut, touched: &[u16]) -> HashMap<u32, Vec<u32>> {
    let mut load: HashMap<u32, Vec<u32>> = HashMap::new();
    let slots = problem.slots() as usize;
    for &task in problem.pinned_tasks() {
        let Some(start) = problem.current(task) else { continue };
        let from = usize::from(cut.part_of[task as usize]) * slots + start as usize;
        let shared = problem.groups_of(task).iter().filter(|&&group| touched[group as usize] > 1);
        for &group in shared {
            let load = load.entry(group).or_insert_with(|| vec![0; cut.parts * slots]);
            load[from..from + problem.duration(task) as usize].iter_mut().for_each(|load| *load += 1);
        }
    }
    load
}

/// What one part gets of a shared group's room, slot by slot, all parts together exactly what there is: in
/// proportion to its use in the lesson. Where there was none, a multiple of its share of the members.
fn rooms(
    problem: &Problem,
    lesson: &Lesson,
    cut: &Cut,
    pinned: &HashMap<u32, Vec<u32>>,
    group: u32,
    part: usize,
    by_members: (f64, f64),
) -> Vec<u32> {
    let budget = problem.group(group);
    let slots = problem.slots() as usize;
    let usage = lesson.groups.binary_search(&group).ok().map(|at| lesson.usage[at].as_slice());
    let pinned = pinned.get(&group).map(Vec::as_slice);
    let pinned_at = |part: usize, slot: usize| pinned.map_or(0, |load| load[part * slots + slot]);
    (0..slots)
        .map(|slot| {
            let all_pinned: u32 = (0..cut.parts).map(|part| pinned_at(part, slot)).sum();
            let room = budget.room_at(slot as u32).saturating_sub(all_pinned);
            let (begin, end) = match usage {
                None => {
                    let most = f64::from(room) * (by_members.1 - by_members.0) * OVERBOOKED + OVERBOOKED;
                    return room.min(most.ceil() as u32) + pinned_at(part, slot);
                }
                Some(usage) => {
                    // A little for everybody, or nobody could ever go where the sample had no one.
                    let usage = |part: usize| f64::from(usage[part * slots + slot]) + 0.01;
                    let total: f64 = (0..cut.parts).map(usage).sum();
                    let before: f64 = (0..part).map(usage).sum();
                    (before / total, if part + 1 == cut.parts { 1.0 } else { (before + usage(part)) / total })
                }
            };
            let day = slot as u32 / problem.slots_per_day();
            let phase = (f64::from(day) * 0.618_033_988_749).fract();
            let edge = |share: f64| match share {
                share if share <= 0.0 => 0,
                share if share >= 1.0 => room,
                share => ((f64::from(room) * share + phase) as u32).min(room),
            };
            let exact = edge(end) - edge(begin);
            let more = (f64::from(exact) * super::search::knob("OVER", 0.03) + phase) as u32;
            (exact + more).min(room) + pinned_at(part, slot)
        })
        .collect()
}

/// Rooms of all slots as a cap and the runs in which it is another.
fn ranges(rooms: impl Iterator<Item = u32>) -> (u32, Vec<CapRange>) {
    let mut runs: Vec<CapRange> = Vec::new();
    for (slot, room) in (0..).zip(rooms) {
        match runs.last_mut() {
            Some(run) if run.cap == room => run.end = slot + 1,
            _ => runs.push(CapRange { begin: slot, end: slot + 1, cap: room }),
        }
    }
    let cap = runs.iter().max_by_key(|run| run.end - run.begin).map_or(0, |run| run.cap);
    runs.retain(|run| run.cap != cap);
    (cap, runs)
}
