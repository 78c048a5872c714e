//! A charge for every slot of every group with a row, and where a task pays least under it.
//!
//! This is the innermost loop of all: it looks at every start a task may take. Costs and charges are laid out on
//! the axis (see [`Tables::on_axis`]), in single precision; whoever needs exact sums computes them again.

use std::ops::Range;

use super::tables::Tables;
use crate::domain::problem::Problem;

/// A row with charges in more than one of so many slots is added as a whole.
const BROAD_SHARE: usize = 6;
/// So many starts are looked at side by side.
const LANES: usize = 8;

/// By row and slot of the axis.
#[derive(Debug, Clone)]
pub(super) struct Charges {
    width: usize,
    words: usize,
    values: Vec<f32>,
    /// One bit a slot: whether there is a charge at all.
    charged: Vec<u64>,
    /// By row: in how many slots there is a charge.
    charged_slots: Vec<u32>,
}

/// What a unit of volume pays, by profile and slot of the axis; empty for profiles that nobody has.
#[derive(Debug)]
pub(super) struct Costs {
    profiles: Vec<Vec<f32>>,
}

/// Memory for one look at one task.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// What a slot costs the task, by slot of the axis, where it may be.
    pub(super) totals: Vec<f32>,
    /// Runs of starts that it may take.
    pub(super) runs: Vec<Run>,
    /// Rows with charges in many slots, by where they begin; and those with charges in few.
    broad: Vec<usize>,
    narrow: Vec<u32>,
    /// Where members of a small group are down.
    pub(super) spans: Vec<(u32, u32)>,
}

/// Starts that follow each other, on the axis too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) first: u32,
    pub(super) count: u32,
    on_axis: u32,
}

impl Costs {
    pub(super) fn new(tables: &Tables<'_>) -> Costs {
        let problem = tables.problem;
        let mut used = vec![false; problem.profiles().len()];
        for task in 0..tables.task_count() {
            if let Some(profile) = problem.profile_index(task) {
                used[profile as usize] = true;
            }
        }
        let open: Vec<u32> = tables.axis_slots().collect();
        let profiles = problem.profiles().iter().zip(used).map(|(profile, used)| match used {
            true => {
                let costs = open.iter().map(|&slot| profile.cost[slot as usize] as f32);
                costs.chain([0.0; LANES]).collect()
            }
            false => Vec::new(),
        });
        Costs { profiles: profiles.collect() }
    }

    /// What a task pays by itself for a span of the axis.
    pub(super) fn of(&self, problem: &Problem, task: u32, span: Range<usize>) -> f32 {
        let Some(profile) = problem.profile_index(task) else { return 0.0 };
        let volume = problem.volume(task) as f32;
        self.profiles[profile as usize][span].iter().map(|cost| volume * cost).sum()
    }
}

impl Charges {
    /// No charges at all.
    pub(super) fn none(tables: &Tables<'_>) -> Charges {
        let (rows, width) = (tables.dense.len(), tables.width());
        let words = width.div_ceil(64);
        Charges {
            width,
            words,
            values: vec![0.0; rows * width + LANES],
            charged: vec![0; rows * words],
            charged_slots: vec![0; rows],
        }
    }

    /// Whether a row has no charge at all.
    pub(super) fn is_free(&self, row: usize) -> bool {
        self.charged_slots[row] == 0
    }

    /// Sets the charge of one slot.
    pub(super) fn set(&mut self, row: usize, slot: usize, charge: f32) {
        let value = &mut self.values[row * self.width + slot];
        if *value == charge {
            return;
        }
        let before = *value > 0.0;
        *value = charge;
        if before != (charge > 0.0) {
            self.charged[row * self.words + slot / 64] ^= 1 << (slot % 64);
            let count = &mut self.charged_slots[row];
            *count = count.wrapping_add_signed(if before { -1 } else { 1 });
        }
    }

    /// Sets all charges of one row.
    pub(super) fn set_row(&mut self, row: usize, mut charge_of: impl FnMut(usize) -> f32) {
        let mut count = 0;
        for word in 0..self.words {
            let mut bits = 0;
            for slot in word * 64..(word * 64 + 64).min(self.width) {
                let charge = charge_of(slot);
                self.values[row * self.width + slot] = charge;
                bits |= u64::from(charge > 0.0) << (slot % 64);
            }
            self.charged[row * self.words + word] = bits;
            count += bits.count_ones();
        }
        self.charged_slots[row] = count;
    }

    /// Fills in the starts of a task between `release` and `deadline`, and what every slot costs it: its own cost
    /// and the charges.
    pub(super) fn look(
        &self,
        tables: &Tables<'_>,
        costs: &Costs,
        task: u32,
        (release, deadline): (u32, u32),
        look: &mut Look,
    ) {
        look.runs.clear();
        look.runs.extend(tables.runs(task, release, deadline).map(|(first, last)| Run {
            first,
            count: last - first + 1,
            on_axis: tables.on_axis(first),
        }));
        let problem = tables.problem;
        let duration = problem.duration(task);
        look.totals.resize(self.width + duration as usize + LANES, 0.0);
        look.broad.clear();
        look.narrow.clear();
        for row in tables.rows(task) {
            let charged = self.charged_slots[row as usize] as usize;
            if charged * BROAD_SHARE > self.width {
                look.broad.push(row as usize * self.width);
            } else if charged > 0 {
                look.narrow.push(row);
            }
        }
        let volume = problem.volume(task) as f32;
        let profile = problem.profile_index(task).map(|profile| costs.profiles[profile as usize].as_slice());
        for run in &look.runs {
            // In whole lanes: what is written behind the run's end is overwritten by the next one, or not read.
            let begin = run.on_axis as usize;
            let end = begin + ((run.count + duration - 1) as usize).next_multiple_of(LANES);
            let totals = &mut look.totals[begin..end];
            match profile {
                Some(profile) => {
                    for (total, cost) in totals.iter_mut().zip(&profile[begin..end]) {
                        *total = volume * cost;
                    }
                }
                None => totals.fill(0.0),
            }
            for base in &look.broad {
                for (total, charge) in totals.iter_mut().zip(&self.values[base + begin..base + end]) {
                    *total += charge;
                }
            }
        }
        let (Some(first), Some(last)) = (look.runs.first(), look.runs.last()) else { return };
        let end = last.on_axis + last.count + duration - 1;
        let words = first.on_axis as usize / 64..(end as usize).div_ceil(64);
        for &row in &look.narrow {
            let values = &self.values[row as usize * self.width..(row as usize + 1) * self.width];
            let charged = &self.charged[row as usize * self.words..(row as usize + 1) * self.words];
            for (word, &bits) in words.clone().zip(&charged[words.clone()]) {
                let mut bits = bits;
                while bits != 0 {
                    let slot = word * 64 + bits.trailing_zeros() as usize;
                    look.totals[slot] += values[slot];
                    bits &= bits - 1;
                }
            }
        }
    }
}

impl Look {
    /// The cheapest start and what it costs; `surcharge` is what a whole run costs more.
    pub(super) fn least(&self, duration: usize, surcharge: impl Fn(&Run) -> f32) -> Option<(f32, u32)> {
        let (mut least, mut best) = (f32::INFINITY, None);
        for run in &self.runs {
            let more = surcharge(run);
            let totals = &self.totals[run.on_axis as usize..];
            if let Some((cost, ahead)) = scan(totals, duration, run.count as usize, least - more) {
                least = cost + more;
                best = Some((least, run.first + ahead as u32));
            }
        }
        best
    }

    /// Cuts runs so that each lies within one night.
    pub(super) fn split_nights(&mut self, night_of: impl Fn(u32) -> u32) {
        let runs = std::mem::take(&mut self.runs);
        for run in runs {
            let mut from = run;
            for ahead in 1..run.count {
                if night_of(run.first + ahead) != night_of(from.first) {
                    let done = run.first + ahead - from.first;
                    self.runs.push(Run { count: done, ..from });
                    from = Run {
                        first: run.first + ahead,
                        count: run.count - ahead,
                        on_axis: run.on_axis + ahead,
                    };
                }
            }
            self.runs.push(from);
        }
    }
}

/// The least sum of `duration` slots in a row among `count` starts, if it is below `least`, and where.
fn scan(totals: &[f32], duration: usize, count: usize, least: f32) -> Option<(f32, usize)> {
    match duration {
        1 => scan_fixed::<1>(totals, count, least),
        2 => scan_fixed::<2>(totals, count, least),
        3 => scan_fixed::<3>(totals, count, least),
        4 => scan_fixed::<4>(totals, count, least),
        5 => scan_fixed::<5>(totals, count, least),
        6 => scan_fixed::<6>(totals, count, least),
        7 => scan_fixed::<7>(totals, count, least),
        8 => scan_fixed::<8>(totals, count, least),
        _ => scan_with(totals, duration, count, least),
    }
}

fn scan_fixed<const DURATION: usize>(totals: &[f32], count: usize, least: f32) -> Option<(f32, usize)> {
    scan_with(totals, DURATION, count, least)
}

#[inline(always)]
fn scan_with(totals: &[f32], duration: usize, count: usize, mut least: f32) -> Option<(f32, usize)> {
    let mut found = None;
    let mut done = 0;
    while done < count {
        let ahead = &totals[done..done + LANES + duration - 1];
        let mut sums = [0.0; LANES];
        for totals in ahead.array_windows::<LANES>() {
            for (sum, total) in sums.iter_mut().zip(totals) {
                *sum += total;
            }
        }
        sums[(count - done).min(LANES)..].fill(f32::INFINITY);
        if sums.iter().fold(false, |any, &sum| any | (sum < least)) {
            for (lane, &sum) in sums.iter().enumerate() {
                if sum < least {
                    least = sum;
                    found = Some((sum, done + lane));
                }
            }
        }
        done += LANES;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scanning_finds_the_first_of_the_least() {
        let totals: Vec<f32> = (0..200u32).map(|slot| (slot * 37 % 23) as f32).collect();
        for duration in [1usize, 2, 3, 5, 8, 9, 20] {
            for count in [1usize, 7, 8, 9, 16, 50] {
                let sum = |start: usize| totals[start..start + duration].iter().sum::<f32>();
                let least = (0..count).map(sum).fold(f32::INFINITY, f32::min);
                let first = (0..count).find(|&start| sum(start) == least);
                assert_eq!(scan(&totals, duration, count, f32::INFINITY), first.map(|first| (least, first)));
                assert_eq!(scan(&totals, duration, count, least), None);
            }
        }
    }
}
