//! An order of tasks and groups that does not depend on the order of the file.
//!
//! Whatever depends on an order at all is done on excerpts that are made in this one; what is done on a problem as it
//! was given ends the same way in any order.

use std::cmp::Reverse;

use crate::domain::problem::Problem;

/// A group with more members than this is a neighbourhood.
const NEIGHBOURS_MIN: u32 = 100;

/// Where everything stands that the file may list in any order.
pub(super) struct Order {
    /// All tasks, by hashes of names; those of one small group (a cell, say) and of one site side by side, since
    /// they read the same memory.
    pub(super) tasks: Vec<u32>,
    /// All groups, the largest first; what is full is full in a large group most often, so that is asked first.
    pub(super) groups: Vec<u32>,
}

impl Order {
    pub(super) fn of(problem: &Problem) -> Order {
        let mut sizes = vec![0u32; problem.group_count()];
        for task in 0..problem.task_count() as u32 {
            problem.groups_of(task).iter().for_each(|&group| sizes[group as usize] += 1);
        }
        let groups = 0..problem.group_count() as u32;
        let mut by_size: Vec<(Reverse<u32>, u64, u32)> = groups
            .map(|group| (Reverse(sizes[group as usize]), hash(problem.group(group).id), group))
            .collect();
        by_size.sort_unstable_by(|a, b| {
            (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| problem.group(a.2).id.cmp(problem.group(b.2).id))
        });
        // The smallest come last.
        let mut place = vec![0u32; sizes.len()];
        for (at, &(.., group)) in (0..).zip(&by_size) {
            place[group as usize] = at;
        }
        let groups: Vec<u32> = by_size.into_iter().map(|(.., group)| group).collect();
        Order { tasks: tasks(problem, &sizes, &place), groups }
    }
}

fn tasks(problem: &Problem, sizes: &[u32], place: &[u32]) -> Vec<u32> {
    let mut keyed: Vec<(u32, u32, u32, u32)> = (0..problem.task_count() as u32)
        .map(|task| {
            let groups = problem.groups_of(task);
            let key = |group: &u32| place[*group as usize] + 1;
            let near = groups.iter().filter(|&&group| sizes[group as usize] > NEIGHBOURS_MIN);
            let cell = near.map(key).max().unwrap_or(0);
            let small = groups.iter().map(key).max().unwrap_or(0);
            (cell, small, (hash(problem.task_id(task)) >> 32) as u32, task)
        })
        .collect();
    keyed.sort_unstable_by(|a, b| {
        (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then_with(|| problem.task_id(a.3).cmp(problem.task_id(b.3)))
    });
    // Collecting reuses the memory of what is collected from, four times of what is needed.
    let mut order: Vec<u32> = keyed.into_iter().map(|(.., task)| task).collect();
    order.shrink_to_fit();
    order
}

/// Tasks by their keys, and where these are equal by hashes of names; in an excerpt, which has no names, as they are
/// numbered.
pub(super) fn sorted<K: Ord>(problem: &Problem, keyed: impl Iterator<Item = (K, u32)>) -> Vec<u32> {
    let mut keyed: Vec<(K, u32, u32)> =
        keyed.map(|(key, task)| (key, (hash(problem.task_id(task)) >> 32) as u32, task)).collect();
    keyed.sort_unstable_by(|a, b| {
        let names = || problem.task_id(a.2).cmp(problem.task_id(b.2));
        (&a.0, a.1).cmp(&(&b.0, b.1)).then_with(names).then(a.2.cmp(&b.2))
    });
    keyed.into_iter().map(|(.., task)| task).collect()
}

/// FNV-1a, mixed once more: names differ in their last letters mostly.
fn hash(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}
