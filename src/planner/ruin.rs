//! Lowering the disruption by making it worse now and then: simulated annealing.
//!
//! A task takes a cheaper start, whoever stands in its way is put out, and these look for the cheapest place that is
//! left. What costs more than before is kept with a probability that falls from step to step, so that the plan gets
//! out of where single moves and exchanges no longer help. Nobody loses a place, and nobody who stands where they
//! were announced is put out.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Stop;
use super::board::Board;
use super::prices::Prices;
use super::tables::Count;

/// Steps, for each task, where there is time.
pub(super) const STEPS_A_TASK: u32 = 60;
/// So many starts are drawn, of which the cheapest is tried.
const DRAWN: usize = 3;
/// No more than so many tasks are put out at once.
const PUT_OUT_MAX: usize = 5;
/// At first, so much of what a task costs on average is accepted as a loss (less where there are few steps); in the
/// end a hundredth of it.
const WARMTH: f64 = 0.03;
const COOLED: f64 = 0.01;
/// So many steps go between two looks at the clock.
const STEPS_UNLOOKED: u32 = 256;

/// Anneals so many steps; the caller compares what comes of it with what was.
pub(super) fn anneal(board: &mut Board<'_>, steps: u32, random: &mut ChaCha8Rng, stop: &Stop<'_>) {
    let tables = board.tables;
    let tasks: Vec<u32> = (0..tables.task_count())
        .filter(|&task| !tables.pinned(task) && !tables.has_precedence(task) && board.start(task).is_some())
        .collect();
    if tasks.len() < 2 {
        return;
    }
    let share = f64::from(steps) / f64::from(STEPS_A_TASK) / tasks.len() as f64;
    let warmth = WARMTH * share.min(1.0) * board.disruption() as f64 / tasks.len() as f64;
    let cooling = COOLED.powf(1.0 / f64::from(steps / STEPS_UNLOOKED + 1));
    let mut ruin = Ruin { no_prices: Prices::none(tables), board, moved: Vec::new(), warmth };
    for step in 0..steps {
        if step % STEPS_UNLOOKED == 0 {
            if stop.now() {
                return;
            }
            ruin.warmth *= cooling;
        }
        let task = tasks[random.random_range(0..tasks.len())];
        ruin.step(task, random);
    }
}

struct Ruin<'b, 't> {
    board: &'b mut Board<'t>,
    no_prices: Prices,
    /// Who was taken out in this step, and from where.
    moved: Vec<(u32, u32)>,
    warmth: f64,
}

impl Ruin<'_, '_> {
    fn step(&mut self, task: u32, random: &mut ChaCha8Rng) {
        if self.is_home(task) {
            return;
        }
        let Some(target) = self.draw(task, random) else { return };
        self.moved.clear();
        // What all who are taken out cost, and then what they cost where they go.
        let mut cost = -self.take_out(task);
        while let Some(other) = self.in_the_way(task, target, random) {
            match other {
                Some(other) if self.moved.len() <= PUT_OUT_MAX => cost -= self.take_out(other),
                _ => return self.undo(0),
            }
        }
        cost += self.board.cost_now(task, target);
        self.board.place(task, target);
        let mut placed = 1;
        // A loss that is accepted once in so many times.
        let most = -self.warmth * random.random_range(f64::MIN_POSITIVE..1.0).ln();
        while placed < self.moved.len() {
            let (other, _) = self.moved[placed];
            let Some((start, paid)) = self.board.best_start(other, &self.no_prices) else {
                return self.undo(placed);
            };
            self.board.place(other, start);
            placed += 1;
            cost += paid;
        }
        if cost as f64 > most {
            self.undo(placed);
        }
    }

    fn is_home(&self, task: u32) -> bool {
        let current = self.board.tables.problem.current(task);
        current.is_some() && current == self.board.start(task)
    }

    /// The cheapest of a few starts, if it is another one than now.
    fn draw(&self, task: u32, random: &mut ChaCha8Rng) -> Option<u32> {
        let tables = self.board.tables;
        let problem = tables.problem;
        let runs = || tables.runs(task, problem.release(task), problem.deadline(task));
        let count: u32 = runs().map(|(first, last)| last - first + 1).sum();
        let mut best: Option<(i64, u32)> = None;
        for _ in 0..DRAWN {
            let mut ahead = random.random_range(0..count.max(1));
            let start = runs().find_map(|(first, last)| match last - first + 1 {
                count if ahead < count => Some(first + ahead),
                count => {
                    ahead -= count;
                    None
                }
            })?;
            let cost = tables.cost(task, start);
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, start));
            }
        }
        best.map(|(_, start)| start).filter(|&start| self.board.start(task) != Some(start))
    }

    /// Somebody who has to be put out so that the task may start at `target`: `None` if it may already, `Some(None)`
    /// if there is nobody who could be.
    fn in_the_way(&self, task: u32, target: u32, random: &mut ChaCha8Rng) -> Option<Option<u32>> {
        let tables = self.board.tables;
        let end = target + tables.problem.duration(task);
        let full = |&&group: &&u32| match tables.count(group) {
            Count::Never => false,
            Count::Dense(row) => self.board.ledger.is_full(row, target, end),
            Count::Sparse => self.board.lack(group, target, end) > 0,
        };
        // The smallest group last: who is in the way there is in the way in the others too, more often than not.
        let &group = tables.problem.groups_of(task).iter().rev().find(full)?;
        let slot = (target..end).find(|&slot| self.board.lack(group, slot, slot + 1) > 0)?;
        let mut found = None;
        let from = random.random();
        self.board.for_each_down(group, slot, (from, 1), |other| {
            if !tables.pinned(other) && !tables.has_precedence(other) && !self.is_home(other) {
                found = Some(other);
            }
        });
        Some(found)
    }

    /// Takes a task out; returns what it cost.
    fn take_out(&mut self, task: u32) -> i64 {
        let start = self.board.remove(task);
        self.moved.push((task, start));
        self.board.cost_now(task, start)
    }

    /// Puts everybody back, of whom so many stand elsewhere.
    fn undo(&mut self, placed: usize) {
        for &(task, _) in &self.moved[..placed] {
            self.board.remove(task);
        }
        for &(task, start) in &self.moved {
            self.board.place(task, start);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::planner::StoppedWatch;
    use crate::planner::sample::{Sample, anywhere, cell};
    use crate::planner::tables::Tables;

    fn annealed(tasks: &[Sample], starts: &[u32]) -> (Vec<u32>, u64) {
        let problem = cell(1, 0, &[7, 5, 3, 1, 2, 4, 6, 8], tasks);
        let tables = Tables::new(&problem);
        let mut board = Board::of(&tables, starts);
        let stop = Stop { watch: &StoppedWatch, limit: None };
        anneal(&mut board, 20_000, &mut ChaCha8Rng::seed_from_u64(1), &stop);
        let disruption = board.disruption();
        (board.starts, disruption)
    }

    #[test]
    fn those_with_the_most_to_win_get_the_cheapest_places() {
        let task = |volume| Sample { volume, ..anywhere(8) };
        let tasks: Vec<Sample> = [1, 2, 30, 4, 50].map(task).to_vec();
        assert_eq!(annealed(&tasks, &[3, 4, 0, 1, 7]), (vec![1, 5, 4, 2, 3], 5 + 2 * 4 + 60 + 12 + 50));
    }

    #[test]
    fn nobody_leaves_where_they_were_announced() {
        let task = |volume| Sample { volume, ..anywhere(8) };
        let tasks = [Sample { current: Some(3), ..task(1) }, task(30), task(50)];
        assert_eq!(annealed(&tasks, &[3, 0, 7]).0, [3, 2, 4]);
    }
}
