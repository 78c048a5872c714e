//! Where all tasks go under charges that stand still.
//!
//! Tasks that count in the same rows pay the same charges, so these are added up once for all of them, as running
//! sums: what a start pays is then three numbers, whatever its duration and however many rows. The sums are whole
//! numbers that may overflow, which their differences survive; so they fit into 32 bits, and nothing is lost by
//! adding up a month. Every calendar has a view of its own, in which its openings lie side by side, so that all
//! starts of a task are looked at in one go.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::tables::Tables;

/// So many tasks are a thread's next piece of work.
const PIECE_TASKS: usize = 2048;
/// So many starts are looked at side by side.
const LANES: usize = 8;
/// No difference of running sums is larger than this.
const SUM_MAX: f64 = (1u32 << 30) as f64;
/// So many numbers are kept to know what starts cost; beyond, they are worked out every time.
const KEPT_COSTS_MAX: usize = 1 << 22;

/// All tasks that are not pinned, prepared for being asked again and again.
pub(super) struct Response<'t> {
    tables: &'t Tables<'t>,
    /// Those who count in the same rows side by side, and of these those with the same calendar.
    askers: Vec<Asker>,
    views: Vec<View>,
    kinds: Vec<Kind>,
}

/// What all tasks do under some charges.
pub(super) struct Answer {
    /// What they pay, together.
    pub(super) paid: f64,
    /// How many count where, by row and slot of the axis.
    pub(super) load: Vec<i32>,
}

/// A task, and the places in its calendar's view from the first start that it may take to the last.
struct Asker {
    task: u32,
    kind: u32,
    first: u32,
    count: u32,
}

/// A calendar's openings side by side, one place more for each than it has slots.
struct View {
    /// Where each opening begins on the axis, and how many slots it has.
    openings: Vec<(u32, u32)>,
    /// By place: the slot, and the same on the axis.
    slots: Vec<u32>,
    on_axis: Vec<u32>,
}

/// What tasks with the same calendar, profile and duration have in common.
struct Kind {
    view: u32,
    duration: u32,
    /// What a unit of volume costs at each place, infinite where no start is; empty if it is not kept.
    costs: Vec<f32>,
}

impl<'t> Response<'t> {
    pub(super) fn new(tables: &'t Tables<'t>) -> Response<'t> {
        let problem = tables.problem;
        let mut tasks: Vec<u32> = (0..tables.task_count()).filter(|&task| !tables.pinned(task)).collect();
        tasks.sort_by(|&a, &b| {
            let calendars = problem.calendar_index(a).cmp(&problem.calendar_index(b));
            tables.rows(a).cmp(tables.rows(b)).then(calendars)
        });
        let mut response = Response {
            tables,
            askers: Vec::with_capacity(tasks.len()),
            views: Vec::new(),
            kinds: Vec::new(),
        };
        let (mut views, mut kinds, mut kept) = (HashMap::new(), HashMap::new(), 0);
        for task in tasks {
            let (calendar, duration) = (problem.calendar_index(task), problem.duration(task));
            let profile = problem.profile_index(task);
            let view = *views.entry(calendar).or_insert_with(|| {
                response.views.push(View::new(tables, task));
                response.views.len() as u32 - 1
            });
            let kind = *kinds.entry((calendar, profile, duration)).or_insert_with(|| {
                let mut kind = Kind { view, duration, costs: Vec::new() };
                let view = &response.views[view as usize];
                if kept + view.slots.len() <= KEPT_COSTS_MAX {
                    kept += view.slots.len();
                    kind.costs = kind.costs(tables, task, view);
                }
                response.kinds.push(kind);
                response.kinds.len() as u32 - 1
            });
            let slots = &response.views[view as usize].slots;
            let mut runs = tables.runs(task, problem.release(task), problem.deadline(task));
            let Some((first, mut last)) = runs.next() else { continue };
            if let Some((_, end)) = runs.last() {
                last = end;
            }
            // A slot after an opening is a place too; where another opening begins there, that one comes later.
            let first = slots.partition_point(|&slot| slot <= first) - 1;
            let count = slots.partition_point(|&slot| slot <= last) - first;
            response.askers.push(Asker { task, kind, first: first as u32, count: count as u32 });
        }
        response
    }

    /// Whether any task could be there, by row and slot of the axis.
    pub(super) fn open(&self) -> Vec<bool> {
        let width = self.tables.width();
        let mut open = vec![false; self.tables.dense.len() * width];
        let mut known = HashSet::new();
        for asker in &self.askers {
            let view = self.kinds[asker.kind as usize].view;
            for row in self.tables.rows(asker.task).filter(|&row| known.insert((row, view))) {
                for &(begin, length) in &self.views[view as usize].openings {
                    open[row as usize * width..][begin as usize..(begin + length) as usize].fill(true);
                }
            }
        }
        open
    }

    /// Where all go under these charges, by row and slot of the axis; on so many threads, with the same answer.
    pub(super) fn to(&self, charges: &[f32], threads: usize) -> Answer {
        let width = self.tables.width();
        let priced = Priced::new(charges, width, self.tables.longest);
        let pieces: Vec<&[Asker]> = self.askers.chunks(PIECE_TASKS).collect();
        let paid: Vec<Mutex<f64>> = pieces.iter().map(|_| Mutex::new(0.0)).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut edges = vec![0i32; charges.len() + 1];
            let mut layers = Layers::new(&priced);
            let mut pays = Vec::new();
            while let Some((at, piece)) =
                Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, pieces.get(at)?)))
            {
                let mut sum = 0.0;
                for asker in *piece {
                    let view = self.kinds[asker.kind as usize].view;
                    layers.show(self.tables.rows(asker.task), view, &self.views[view as usize]);
                    sum += self.ask(asker, &layers, &mut pays, &mut edges);
                }
                *paid[at].lock().unwrap_or_else(PoisonError::into_inner) = sum;
            }
            edges
        };
        let mut edges = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads.min(pieces.len())).map(|_| scope.spawn(work)).collect();
            let mut edges = work();
            for other in others {
                match other.join() {
                    Ok(more) => edges.iter_mut().zip(more).for_each(|(sum, edge)| *sum += edge),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            edges
        });
        edges.truncate(charges.len());
        for row in edges.chunks_exact_mut(width.max(1)) {
            let mut down = 0;
            for edge in row {
                down += *edge;
                *edge = down;
            }
        }
        let paid = paid.into_iter().map(|sum| sum.into_inner().unwrap_or_else(PoisonError::into_inner)).sum();
        Answer { paid, load: edges }
    }

    /// What one task pays at least; it is counted where it goes then.
    fn ask(&self, asker: &Asker, layers: &Layers<'_>, pays: &mut Vec<f32>, edges: &mut [i32]) -> f64 {
        let kind = &self.kinds[asker.kind as usize];
        let view = &self.views[kind.view as usize];
        let (first, count) = (asker.first as usize, asker.count as usize);
        let volume = self.tables.problem.volume(asker.task) as f32;
        let worked_out = kind.costs.is_empty().then(|| kind.costs(self.tables, asker.task, view));
        let costs = &worked_out.as_ref().unwrap_or(&kind.costs)[first..first + count];
        let duration = kind.duration as usize;
        let charges = &layers.shown[first..first + count + duration];
        pays.clear();
        pays.resize(count.next_multiple_of(LANES), f32::INFINITY);
        let differences = charges[duration..].iter().zip(charges);
        for ((pay, cost), (after, before)) in pays.iter_mut().zip(costs).zip(differences) {
            *pay = volume * cost + after.wrapping_sub(*before) as f32 * layers.priced.unit;
        }
        let (cost, ahead) = least(pays);
        let begin = view.on_axis[first + ahead] as usize;
        let end = begin + duration;
        let width = self.tables.width();
        for row in self.tables.rows(asker.task) {
            edges[row as usize * width + begin] += 1;
            // The place after a row's last belongs to the next row: there nobody may be counted out.
            if end < width {
                edges[row as usize * width + end] -= 1;
            }
        }
        f64::from(cost)
    }
}

/// The least of some numbers, and where it stands first.
fn least(pays: &[f32]) -> (f32, usize) {
    let mut lanes = [f32::INFINITY; LANES];
    for pays in pays.chunks_exact(LANES) {
        for lane in 0..LANES {
            lanes[lane] = if pays[lane] < lanes[lane] { pays[lane] } else { lanes[lane] };
        }
    }
    let least = lanes.into_iter().fold(f32::INFINITY, f32::min);
    let is_there = |pays: &[f32]| pays.iter().fold(false, |any, &pay| any | (pay == least));
    let block = pays.chunks_exact(LANES).position(is_there).unwrap_or(0) * LANES;
    let ahead = pays[block..].iter().position(|&pay| pay == least).unwrap_or(0);
    (least, block + ahead)
}

impl View {
    /// The view of a task's calendar.
    fn new(tables: &Tables<'_>, task: u32) -> View {
        let mut view = View { openings: Vec::new(), slots: Vec::new(), on_axis: Vec::new() };
        for &(begin, end) in &tables.problem.calendar(task).open {
            let on_axis = tables.on_axis(begin);
            view.openings.push((on_axis, end - begin));
            view.slots.extend(begin..=end);
            view.on_axis.extend(on_axis..=on_axis + end - begin);
        }
        view
    }
}

impl Kind {
    fn costs(&self, tables: &Tables<'_>, task: u32, view: &View) -> Vec<f32> {
        let problem = tables.problem;
        let mut costs = vec![f32::INFINITY; view.slots.len()];
        let sums = tables.sums(task);
        let mut place = 0;
        let tail = self.duration.max(problem.calendar(task).cutoff_slots);
        for &(_, length) in &view.openings {
            let slot = view.slots[place] as usize;
            for ahead in 0..(length + 1).saturating_sub(tail) as usize {
                let end = slot + ahead + self.duration as usize;
                costs[place + ahead] = (sums[end] - sums[slot + ahead]) as f32;
            }
            place += length as usize + 1;
        }
        costs
    }
}

/// The power of two in parts of which no sum up to this one overflows.
fn unit_for(largest: f64) -> f64 {
    if largest > 0.0 { (largest / SUM_MAX).log2().ceil().exp2() } else { 1.0 }
}

/// Sums of what comes before each value, and of all.
fn running(values: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut sum = 0i32;
    let sums = values.map(|value| {
        sum = sum.wrapping_add(value);
        sum
    });
    std::iter::once(0).chain(sums).collect()
}

/// The charges of every row as running sums, in parts of one unit.
struct Priced {
    rows: Vec<Vec<i32>>,
    unit: f32,
    width: usize,
}

impl Priced {
    fn new(charges: &[f32], width: usize, longest: u32) -> Priced {
        let rows = charges.chunks_exact(width.max(1));
        // Whoever counts in all rows pays the sum of the largest charges.
        let largest: f64 = rows.clone().map(|row| f64::from(row.iter().copied().fold(0.0, f32::max))).sum();
        let unit = unit_for(largest * f64::from(longest));
        let (unit, parts) = (unit as f32, 1.0 / unit as f32);
        let rows = rows.map(|row| running(row.iter().map(|&charge| (charge * parts) as i32)));
        Priced { rows: rows.collect(), unit, width }
    }
}

/// Sums over some rows, one more in each layer: who has the first rows in common has the first layers in common.
struct Layers<'p> {
    priced: &'p Priced,
    rows: Vec<u32>,
    sums: Vec<Vec<i32>>,
    /// The last layer, as some view has it.
    shown: Vec<i32>,
    view: Option<u32>,
}

impl<'p> Layers<'p> {
    fn new(priced: &'p Priced) -> Layers<'p> {
        let ground = vec![0; priced.width + 1];
        Layers { priced, rows: Vec::new(), sums: vec![ground], shown: Vec::new(), view: None }
    }

    /// Shows the sums of these rows.
    fn show(&mut self, rows: impl Iterator<Item = u32>, number: u32, view: &View) {
        let mut height = 0;
        for row in rows {
            if self.rows.get(height) != Some(&row) {
                self.rows.truncate(height);
                self.rows.push(row);
                if self.sums.len() == height + 1 {
                    self.sums.push(vec![0; self.priced.width + 1]);
                }
                let (below, above) = self.sums.split_at_mut(height + 1);
                let more = &self.priced.rows[row as usize];
                for ((sum, below), more) in above[0].iter_mut().zip(&below[height]).zip(more) {
                    *sum = below.wrapping_add(*more);
                }
                self.view = None;
            }
            height += 1;
        }
        if self.rows.len() > height {
            self.rows.truncate(height);
            self.view = None;
        }
        if self.view == Some(number) {
            return;
        }
        self.view = Some(number);
        self.shown.clear();
        for &(begin, length) in &view.openings {
            let span = begin as usize..(begin + length) as usize + 1;
            self.shown.extend_from_slice(&self.sums[height][span]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_of_the_least() {
        for count in [1usize, 7, 8, 9, 16, 50] {
            let mut pays: Vec<f32> = (0..count).map(|at| (at * 37 % 23) as f32).collect();
            pays[0] = f32::NAN;
            pays.resize((count + 1).next_multiple_of(LANES), f32::INFINITY);
            pays[count] = 1.0;
            let lowest = pays.iter().copied().fold(f32::INFINITY, f32::min);
            let first = pays.iter().position(|&pay| pay == lowest);
            assert_eq!(Some(least(&pays)), first.map(|first| (lowest, first)));
        }
    }

    #[test]
    fn sums_that_overflow_have_the_right_differences() {
        let charges: Vec<f32> = (0..5000u16).map(|slot| f32::from(slot % 7) * 1e6).collect();
        let priced = Priced::new(&charges, 5000, 8);
        for start in 0..4990usize {
            let exact: f32 = charges[start..start + 8].iter().sum();
            let found = priced.rows[0][start + 8].wrapping_sub(priced.rows[0][start]) as f32 * priced.unit;
            assert!((found - exact).abs() <= 1e-5 * exact, "{found} {exact}");
        }
        assert!(charges.iter().sum::<f32>() / priced.unit > i32::MAX as f32);
    }
}
