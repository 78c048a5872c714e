//! What a place in a slot of a group is worth: Lagrangian prices, found by subgradient.
//!
//! Take the caps out of the problem and charge for every place in every slot instead: then each task goes its
//! own way, to the start where its cost and the charges are least. Where too many gather, the charge rises;
//! where there is room, it falls. The sum of those least costs, less what all places would bring in, is a lower
//! bound on the disruption of every plan, whatever the charges.

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

    /// Whether nothing has a price.
    pub(super) fn is_empty(&self) -> bool {
        self.sums.is_empty()
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
