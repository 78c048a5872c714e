//! Handing places on: who waits takes the place of another task, which takes that of a third, until one finds a place
//! that is free.
//!
//! [`Reach`] says how many hops away a free place is, and the search only asks those who are nearer to one. Who was
//! asked in vain is not asked again: while places are being filled, nobody gets nearer to a free one.

use std::cmp::Reverse;

use super::board::Board;
use super::crowd::Crowd;
use super::order::sorted;
use super::prices::Prices;
use super::reach::{NEVER, Reach, hops_to_move};
use super::standing::Standing;

/// How closely one task is looked after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Care {
    pub(super) is_thorough: bool,
    /// So many hops more than the least are tried.
    detour_hops: u8,
    starts_max: usize,
    /// Tasks in the way at each start.
    partners_max: usize,
    /// So many are asked to make way, all hops together.
    asked_max: usize,
}

/// While many wait.
pub(super) const BRISK: Care =
    Care { is_thorough: false, detour_hops: 2, starts_max: 32, partners_max: 8, asked_max: 100 };
/// For the last ones.
pub(super) const THOROUGH: Care =
    Care { is_thorough: true, detour_hops: 4, starts_max: 200, partners_max: 24, asked_max: 2000 };
/// With so few hops at most two others move, and mostly one.
const EXCHANGE_HOPS_MAX: u8 = 2;
/// Of so many pairs that would do, the cheapest is taken.
const CHOICE: usize = 6;

/// What is noted of tasks; made once and used by one crowd after the other.
pub(super) struct Notes {
    /// Hops to a free place.
    hops: Vec<u8>,
    /// The most hops with which a task was asked in vain, and one more; 0 for who was not.
    asked: Vec<u8>,
}

impl Notes {
    pub(super) fn new(task_count: u32) -> Notes {
        Notes { hops: vec![NEVER; task_count as usize], asked: vec![0; task_count as usize] }
    }
}

/// The search in one crowd, as it was measured in the beginning.
pub(super) struct Relay<'a, 't> {
    board: &'a mut Board<'t>,
    no_prices: Prices,
    crowd: &'a Crowd,
    care: Care,
    reach: Reach,
    standing: Standing,
    /// By slot: who has come there since.
    arrived: Vec<Vec<u32>>,
    notes: &'a mut Notes,
    /// How many may still be asked in this chain.
    asked_left: usize,
    /// Who is about to take the place of the next one.
    moving: Vec<u32>,
    /// Groups and slots in the way of the task that is looked at.
    obstacles: Vec<(u32, u32)>,
}

impl<'a, 't> Relay<'a, 't> {
    pub(super) fn new(
        board: &'a mut Board<'t>,
        crowd: &'a Crowd,
        care: Care,
        notes: &'a mut Notes,
    ) -> Relay<'a, 't> {
        let reach = Reach::measure(board, crowd, care.detour_hops, &mut notes.hops);
        crowd.tasks.iter().for_each(|&task| notes.asked[task as usize] = 0);
        Relay {
            no_prices: Prices::none(board.tables),
            standing: Standing::of(board, crowd, &reach, &notes.hops),
            arrived: vec![Vec::new(); board.tables.slots as usize],
            asked_left: 0,
            moving: Vec::new(),
            obstacles: Vec::new(),
            board,
            crowd,
            care,
            reach,
            notes,
        }
    }

    /// Those who wait and are within reach of a free place: the heaviest first, of these who is nearest to one.
    pub(super) fn waiting(&self) -> Vec<u32> {
        let problem = self.board.tables.problem;
        let hops = |task: u32| self.notes.hops[task as usize];
        let waits = |&task: &u32| self.board.start(task).is_none() && hops(task) != NEVER;
        let key = |task: u32| (Reverse(problem.weight(task)), hops(task));
        sorted(problem, self.crowd.tasks.iter().copied().filter(waits).map(|task| (key(task), task)))
    }

    /// Places one task that waits, if a chain is found.
    pub(super) fn find_place(&mut self, task: u32) -> bool {
        self.asked_left = self.care.asked_max;
        let least = self.notes.hops[task as usize];
        (least..=least + self.care.detour_hops).any(|hops| self.seek(task, hops))
    }

    /// Places a task that has none, with so many others handing on their places.
    fn seek(&mut self, task: u32, hops: u8) -> bool {
        if let Some((start, _)) = self.board.best_start(task, &self.no_prices) {
            self.board.place(task, start);
            self.arrived[start as usize].push(task);
            return true;
        }
        if hops == 0 {
            return false;
        }
        self.moving.push(task);
        let found = hops <= EXCHANGE_HOPS_MAX && self.exchange(task, hops)
            || hops >= EXCHANGE_HOPS_MAX && self.hand_on(task, hops);
        self.moving.pop();
        found
    }

    /// The task takes the place of another one, which looks for its own with the hops that are left.
    fn hand_on(&mut self, task: u32, hops: u8) -> bool {
        for (_, start) in self.promising(task, hops) {
            for partner in self.partners(task, start, hops) {
                if self.asked_left == 0 {
                    return false;
                }
                self.asked_left -= 1;
                let old = self.board.remove(partner);
                let rest = hops - hops_to_move(self.board, partner, old);
                self.board.place(task, start);
                if self.seek(partner, rest) {
                    self.arrived[start as usize].push(task);
                    return true;
                }
                self.board.remove(task);
                self.board.place(partner, old);
                self.notes.asked[partner as usize] = rest + 1;
            }
        }
        false
    }

    /// The task takes the place of another one, which goes to a free one: of some such pairs, the one that costs least.
    fn exchange(&mut self, task: u32, hops: u8) -> bool {
        let problem = self.board.tables.problem;
        let mut best: Option<((bool, i64), u32, u32, u32)> = None;
        let mut choice = CHOICE;
        'search: for (cost, start) in self.promising(task, hops) {
            for partner in self.partners(task, start, hops) {
                if self.asked_left == 0 || choice == 0 {
                    break 'search;
                }
                self.asked_left -= 1;
                let old = self.board.remove(partner);
                let old_cost = self.board.cost_now(partner, old);
                self.board.place(task, start);
                let found = self.board.best_start(partner, &self.no_prices);
                self.board.remove(task);
                self.board.place(partner, old);
                let Some((new, new_cost)) = found else {
                    self.notes.asked[partner as usize] = 1;
                    continue;
                };
                choice -= 1;
                let key = (problem.current(partner) == Some(old), cost + new_cost - old_cost);
                if best.is_none_or(|(least, ..)| key < least) {
                    best = Some((key, start, partner, new));
                }
            }
        }
        let Some((_, start, partner, new)) = best else { return false };
        self.board.remove(partner);
        self.board.place(task, start);
        self.board.place(partner, new);
        self.arrived[start as usize].push(task);
        self.arrived[new as usize].push(partner);
        true
    }

    /// The starts that are no more than so many hops away, the nearest first, then the cheapest; and what they cost.
    fn promising(&mut self, task: u32, hops: u8) -> Vec<(i64, u32)> {
        let tables = self.board.tables;
        let duration = tables.problem.duration(task);
        let Some((release, deadline)) = self.board.span(task) else { return Vec::new() };
        let mut starts: Vec<(u8, i64, u32)> = Vec::new();
        for (first, last) in tables.runs(task, release, deadline) {
            for start in first..=last {
                let away = self.reach.hops(start, duration);
                if away <= hops {
                    starts.push((away, self.board.cost_now(task, start), start));
                }
            }
        }
        if starts.len() > self.care.starts_max {
            starts.select_nth_unstable(self.care.starts_max);
            starts.truncate(self.care.starts_max);
        }
        starts.sort_unstable();
        starts.into_iter().map(|(_, cost, start)| (cost, start)).collect()
    }

    /// Tasks of the crowd each of which, taken out, would let `task` in at `start`, and is nearer to a free place than
    /// so many hops.
    fn partners(&mut self, task: u32, start: u32, hops: u8) -> Vec<u32> {
        let problem = self.board.tables.problem;
        if !self.board.obstacles(task, start, &mut self.obstacles) {
            return Vec::new();
        }
        let slots = self.obstacles.iter().map(|&(_, slot)| slot);
        let (Some(first), Some(last)) = (slots.clone().min(), slots.max()) else { return Vec::new() };
        // Everybody in the crowd counts in its own groups.
        self.obstacles.retain(|(group, _)| !self.crowd.groups.contains(group));
        let mut found: Vec<((u8, i64), u32)> = Vec::new();
        let mut is_exhausted = self.obstacles.is_empty();
        let mut consider = |other: u32, from: u32| {
            let Some(key) = self.as_partner(other, from, hops) else { return 0 };
            let is_moving = self.moving.contains(&other);
            is_exhausted &= !is_moving;
            if is_moving {
                return 0;
            }
            found.push((key, other));
            1
        };
        for from in (first + 1).saturating_sub(self.board.tables.longest)..=first {
            for &other in &self.arrived[from as usize] {
                if from + problem.duration(other) > last {
                    consider(other, from);
                }
            }
        }
        let mut count = 0;
        for away in 0..hops {
            for (at, &duration) in self.reach.durations.iter().enumerate() {
                for from in (last + 1).saturating_sub(duration)..=first {
                    for other in self.standing.at(at, from, away) {
                        count += consider(other, from);
                    }
                }
            }
            if count >= self.care.partners_max {
                break;
            }
        }
        if found.is_empty() && is_exhausted {
            self.reach.exhaust(start, problem.duration(task), hops);
        }
        if found.len() > self.care.partners_max {
            // Those who are equal to the last one stay in, so that who is left does not depend on the order.
            found.select_nth_unstable_by_key(self.care.partners_max - 1, |&(key, _)| key);
            let last = found[self.care.partners_max - 1].0;
            found.retain(|&(key, _)| key <= last);
        }
        let mut partners = sorted(problem, found.into_iter());
        partners.dedup();
        partners.truncate(self.care.partners_max);
        partners
    }

    /// How far a task that stands at `from` is from a free place, its own move included, and what it costs there; if it
    /// may be asked with so many hops and counts in all groups that are in the way.
    fn as_partner(&self, task: u32, from: u32, hops: u8) -> Option<(u8, i64)> {
        let problem = self.board.tables.problem;
        let own = hops_to_move(self.board, task, from);
        let away = self.notes.hops[task as usize].saturating_add(own);
        let counts = |(group, _): &(u32, u32)| problem.groups_of(task).binary_search(group).is_ok();
        let may_be_asked = self.board.starts[task as usize] == from
            && away <= hops
            && self.notes.asked[task as usize] <= hops - own
            && self.obstacles.iter().all(counts);
        may_be_asked.then(|| (away, self.board.tables.cost(task, from)))
    }
}
