//! What a plan amounts to.

use super::tables::NONE;
use crate::domain::problem::Problem;

/// The sums over all tasks.
pub(super) struct Tally {
    pub(super) placed: u64,
    pub(super) weight_placed: u64,
    pub(super) weight_total: u64,
    /// Announced tasks that do not start where they were announced.
    pub(super) moved: u64,
    /// Visits included.
    pub(super) disruption: u64,
    /// Pairs of a site and a night with a task in it.
    pub(super) visits: u64,
}

/// Adds up a plan.
pub(super) fn of(problem: &Problem, starts: &[u32]) -> Tally {
    let mut tally =
        Tally { placed: 0, weight_placed: 0, weight_total: 0, moved: 0, disruption: 0, visits: 0 };
    // One bit a night for each site. An opening that begins on the last day may be in its second night.
    let words = (problem.slots().div_ceil(problem.slots_per_day()) as usize + 2).div_ceil(64);
    let mut visited = vec![0u64; problem.site_count() * words];
    for (task, &start) in (0..).zip(starts) {
        let weight = u64::from(problem.weight(task));
        tally.weight_total += weight;
        tally.moved += u64::from(problem.current(task).is_some_and(|current| current != start));
        if start == NONE {
            continue;
        }
        tally.placed += 1;
        tally.weight_placed += weight;
        tally.disruption += problem.cost_at(task, start);
        if let Some(site) = problem.site(task) {
            let night = problem.night_of(task, start) as usize;
            visited[site as usize * words + night / 64] |= 1 << (night % 64);
        }
    }
    tally.visits = visited.iter().map(|bits| u64::from(bits.count_ones())).sum();
    tally.disruption += tally.visits * problem.visit_cost();
    tally
}
