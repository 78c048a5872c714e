//! Every plan of a small problem, by trying everything.

use std::collections::BTreeMap;

use offpeak::domain::problem::Problem;

/// Every legal plan's weight with the least disruption at that weight, by trying everything.
pub(crate) struct BruteForce<'p> {
    problem: &'p Problem,
    starts: Vec<Option<u32>>,
    down: Vec<Vec<u32>>,
    /// By weight placed: the least disruption.
    least: Vec<Option<u64>>,
    /// Over all legal plans, however little they place.
    fewest_moved: u64,
    /// By weight placed, announced tasks moved and number of tasks placed: the least disruption.
    by_moves: BTreeMap<(u32, u64, usize), u64>,
}

impl<'p> BruteForce<'p> {
    pub(crate) fn run(problem: &'p Problem) -> BruteForce<'p> {
        let total: u32 = (0..problem.task_count() as u32).map(|task| problem.weight(task)).sum();
        let mut all = BruteForce {
            problem,
            starts: vec![None; problem.task_count()],
            down: vec![vec![0; problem.slots() as usize]; problem.group_count()],
            least: vec![None; total as usize + 1],
            fewest_moved: u64::MAX,
            by_moves: BTreeMap::new(),
        };
        for &task in problem.pinned_tasks() {
            all.set(task, problem.current(task).expect("a pinned task has a current start"));
        }
        all.decide(0);
        all
    }

    fn set(&mut self, task: u32, start: u32) {
        self.starts[task as usize] = Some(start);
        for &group in self.problem.groups_of(task) {
            for slot in start..start + self.problem.duration(task) {
                self.down[group as usize][slot as usize] += 1;
            }
        }
    }

    fn unset(&mut self, task: u32) {
        let start = self.starts[task as usize].take().expect("only placed tasks are taken back");
        for &group in self.problem.groups_of(task) {
            for slot in start..start + self.problem.duration(task) {
                self.down[group as usize][slot as usize] -= 1;
            }
        }
    }

    fn decide(&mut self, task: u32) {
        let problem = self.problem;
        if task as usize == problem.task_count() {
            return self.judge();
        }
        if problem.pinned(task) {
            return self.decide(task + 1);
        }
        self.decide(task + 1);
        let calendar = problem.calendar(task);
        let duration = problem.duration(task);
        for start in problem.release(task)..problem.slots() {
            let end = start + duration;
            let open = calendar.open.iter().any(|&(begin, until)| {
                begin <= start && end <= until && start + calendar.cutoff_slots <= until
            });
            let room = |group: u32, slot: u32| problem.group(group).room_at(slot);
            if end <= problem.deadline(task)
                && open
                && problem.groups_of(task).iter().all(|&group| {
                    (start..end).all(|slot| self.down[group as usize][slot as usize] < room(group, slot))
                })
            {
                self.set(task, start);
                self.decide(task + 1);
                self.unset(task);
            }
        }
    }

    fn judge(&mut self) {
        let problem = self.problem;
        for edge in problem.precedences() {
            let Some(start) = self.starts[edge.task as usize] else { continue };
            let pinned = problem.pinned(edge.task);
            match self.starts[edge.predecessor as usize] {
                None if !pinned => return,
                None => {}
                Some(_) if pinned && problem.pinned(edge.predecessor) => {}
                Some(before) if start < before + problem.duration(edge.predecessor) + edge.gap_slots => {
                    return;
                }
                Some(_) => {}
            }
        }
        let (mut weight, mut cost) = (0, 0);
        let mut visits = std::collections::BTreeSet::new();
        for (task, start) in (0..).zip(&self.starts) {
            if let Some(start) = *start {
                weight += problem.weight(task);
                cost += problem.cost_at(task, start);
                visits.extend(problem.site(task).map(|site| (site, problem.night_of(task, start))));
            }
        }
        cost += visits.len() as u64 * problem.visit_cost();
        let away =
            |(task, start): (u32, &Option<u32>)| problem.current(task).is_some_and(|at| *start != Some(at));
        let moved = (0..).zip(&self.starts).filter(|&each| away(each)).count() as u64;
        self.fewest_moved = self.fewest_moved.min(moved);
        let placed = self.starts.iter().flatten().count();
        let known = self.by_moves.entry((weight, moved, placed)).or_insert(cost);
        *known = (*known).min(cost);
        let least = &mut self.least[weight as usize];
        *least = Some(least.map_or(cost, |known| known.min(cost)));
    }

    /// The fewest announced tasks moved at this weight.
    pub(crate) fn fewest_moved_at(&self, weight: u64) -> u64 {
        let at = self.by_moves.keys().find(|key| u64::from(key.0) == weight);
        at.expect("a plan of this weight is legal").1
    }

    /// The least disruption with exactly this weight, so many moves, and so many tasks (those without weight
    /// would be left out otherwise), as some legal plan has them.
    pub(crate) fn least_disruption_of(&self, weight: u64, moved: u64, placed: u64) -> u64 {
        self.by_moves[&(weight as u32, moved, placed as usize)]
    }

    pub(crate) fn fewest_moved(&self) -> u64 {
        self.fewest_moved
    }

    pub(crate) fn most_weight(&self) -> u64 {
        self.least.iter().rposition(Option::is_some).unwrap_or(0) as u64
    }

    pub(crate) fn least_disruption(&self, weight: u64) -> u64 {
        self.least[weight as usize..].iter().flatten().copied().min().unwrap_or(0)
    }
}
