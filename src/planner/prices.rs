//! What a place in a slot of a group is worth: Lagrangian prices, found by subgradient.
//!
//! Take the caps out of the problem and charge for every place in every slot instead: then each task goes its
//! own way, to the start where its cost and the charges are least. Where too many gather, the charge rises;
//! where there is room, it falls. The sum of those least costs, less what all places would bring in, is a lower
//! bound on the disruption of every plan, whatever the charges.

use super::Stop;
use super::board::Board;
use super::tables::{NONE, Tables};

/// A charge for each slot of some rows of the ledger, kept as running sums.
#[derive(Debug)]
pub(super) struct Prices {
    /// For each row of the ledger, its place in `sums`, or [`NONE`].
    place: Vec<u32>,
    sums: Vec<i64>,
    stride: usize,
}

impl Prices {
    /// No charges at all.
    pub(super) fn none(tables: &Tables<'_>) -> Prices {
        Prices { place: vec![NONE; tables.dense.len()], sums: Vec::new(), stride: tables.slots as usize + 1 }
    }

    pub(super) fn of(tables: &Tables<'_>, rows: &[u32], charges: &[i64]) -> Prices {
        let mut prices = Prices::none(tables);
        let slots = tables.slots as usize;
        for (place, &row) in rows.iter().enumerate() {
            prices.place[row as usize] = place as u32;
            let mut sum = 0;
            prices.sums.push(0);
            for charge in &charges[place * slots..(place + 1) * slots] {
                sum += charge;
                prices.sums.push(sum);
            }
        }
        prices
    }

    /// Charges by group and slot, for groups that have a row, rounded.
    pub(super) fn of_charges<'a>(
        tables: &Tables<'_>,
        charges_of: impl Fn(u32) -> Option<&'a [f32]>,
    ) -> Prices {
        let mut rows = Vec::new();
        let mut whole = Vec::new();
        for (row, &group) in (0..).zip(&tables.dense) {
            if let Some(charges) = charges_of(group) {
                rows.push(row);
                whole.extend(charges.iter().map(|&charge| charge.round() as i64));
            }
        }
        Prices::of(tables, &rows, &whole)
    }

    /// The running sums of every priced row in which the task counts.
    pub(super) fn rows_of<'a>(
        &'a self,
        tables: &'a Tables<'_>,
        task: u32,
    ) -> impl Iterator<Item = &'a [i64]> + 'a {
        tables.rows(task).filter_map(|row| self.row(row))
    }

    /// Running sums of one row: the charge for `[a, b)` is `row[b] - row[a]`.
    pub(super) fn row(&self, row: u32) -> Option<&[i64]> {
        let place = self.place[row as usize];
        (place != NONE).then(|| &self.sums[place as usize * self.stride..(place as usize + 1) * self.stride])
    }
}

/// The least a task can pay, over all starts its calendar allows, and where.
pub(super) fn least(
    tables: &Tables<'_>,
    prices: &Prices,
    task: u32,
    buffer: &mut Vec<i64>,
) -> Option<(i64, u32)> {
    let problem = tables.problem;
    let duration = problem.duration(task);
    let sums = tables.sums(task);
    let volume = i64::from(problem.volume(task));
    let mut rows: [&[i64]; 8] = [&[]; 8];
    let mut row_count = 0;
    let mut more_rows: Vec<&[i64]> = Vec::new();
    for row in prices.rows_of(tables, task) {
        if row_count < rows.len() {
            rows[row_count] = row;
            row_count += 1;
        } else {
            more_rows.push(row);
        }
    }
    let mut best: Option<(i64, u32)> = None;
    for (first, last) in tables.runs(task, problem.release(task), problem.deadline(task)) {
        let count = (last - first + 1) as usize;
        let (low, high) = (first as usize, (first + duration) as usize);
        buffer.clear();
        buffer.extend(
            sums[high..high + count].iter().zip(&sums[low..low + count]).map(|(b, a)| volume * (b - a)),
        );
        for row in rows[..row_count].iter().chain(&more_rows) {
            let ends = row[high..high + count].iter().zip(&row[low..low + count]);
            buffer.iter_mut().zip(ends).for_each(|(sum, (b, a))| *sum += b - a);
        }
        for (start, &cost) in (first..).zip(buffer.iter()) {
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, start));
            }
        }
    }
    best
}

/// How far above the known bound the steps aim at first, as a share of it.
const SHARPEN_GAP: f64 = 0.04;

/// Raises the bound of `prices` by so many subgradient steps.
pub(super) fn sharpen(tables: &Tables<'_>, prices: Prices, rounds: usize, stop: &Stop<'_>) -> Prices {
    if rounds == 0 || stop.now() {
        return prices;
    }
    let board = Board::new(tables);
    let slots = tables.slots as usize;
    let rows: Vec<u32> = (0..tables.dense.len() as u32).collect();
    let capacity: Vec<i64> = rows
        .iter()
        .flat_map(|&row| board.ledger.left_row(row).iter().map(|&left| i64::from(left.max(0))))
        .collect();
    let mut charges: Vec<f64> = rows
        .iter()
        .flat_map(|&row| {
            prices.row(row).unwrap_or_default().windows(2).map(|pair| (pair[1] - pair[0]) as f64)
        })
        .collect();
    let mut direction = vec![0f64; capacity.len()];
    let mut best: (i64, Vec<i64>) = (i64::MIN, charges.iter().map(|&charge| charge as i64).collect());
    let mut gap = 0.0;
    let mut stale = 0;
    let mut buffer = Vec::new();
    for round in 0..rounds {
        if stop.now() {
            break;
        }
        let whole: Vec<i64> = charges.iter().map(|&charge| charge.round() as i64).collect();
        let prices = Prices::of(tables, &rows, &whole);
        let mut usage = vec![0i64; (slots + 1) * rows.len()];
        let mut value: i64 = -whole.iter().zip(&capacity).map(|(charge, room)| charge * room).sum::<i64>();
        for task in 0..tables.task_count() {
            if tables.pinned(task) {
                continue;
            }
            let Some((cost, start)) = least(tables, &prices, task, &mut buffer) else { continue };
            value += cost;
            let end = start + tables.problem.duration(task);
            for row in tables.rows(task) {
                usage[row as usize * (slots + 1) + start as usize] += 1;
                usage[row as usize * (slots + 1) + end as usize] -= 1;
            }
        }
        if round == 0 {
            gap = SHARPEN_GAP * value.abs() as f64;
        }
        if value > best.0 {
            stale = 0;
            best = (value, whole);
        } else {
            stale += 1;
            if stale >= 3 {
                gap *= 0.7;
                stale = 0;
            }
        }
        let mut norm = 0.0;
        for row in 0..rows.len() {
            let mut down = 0;
            for slot in 0..slots {
                down += usage[row * (slots + 1) + slot];
                let at = row * slots + slot;
                let excess = (down - capacity[at]) as f64;
                let useful = if excess < 0.0 && charges[at] <= 0.0 { 0.0 } else { excess };
                direction[at] = useful + 0.6 * direction[at];
                norm += direction[at] * direction[at];
            }
        }
        if norm == 0.0 {
            break;
        }
        let step = (best.0 as f64 + gap - value as f64) / norm;
        for (charge, direction) in charges.iter_mut().zip(&direction) {
            *charge = (*charge + step * direction).max(0.0);
        }
    }
    Prices::of(tables, &rows, &best.1)
}
