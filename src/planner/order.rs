//! An order of tasks that does not depend on the order of the file.

use crate::domain::problem::Problem;

/// A group with more members than this is a neighbourhood.
const NEIGHBOURS_MIN: u32 = 100;

/// All tasks in an order that does not depend on the file's: by hashes of names, those of one small group (a
/// cell, say) and of one site side by side, since they read the same memory.
pub(super) fn canonical_order(problem: &Problem) -> Vec<u32> {
    let mut sizes = vec![0u32; problem.group_count()];
    for task in 0..problem.task_count() as u32 {
        problem.groups_of(task).iter().for_each(|&group| sizes[group as usize] += 1);
    }
    let hashes: Vec<u64> =
        (0..problem.group_count() as u32).map(|group| hash(problem.group(group).id)).collect();
    let mut keyed: Vec<(u32, u32, u32, u32)> = (0..problem.task_count() as u32)
        .map(|task| {
            let groups = problem.groups_of(task);
            let near = groups.iter().filter(|&&group| sizes[group as usize] > NEIGHBOURS_MIN);
            let cell = near.min_by_key(|&&group| (sizes[group as usize], hashes[group as usize]));
            let small = groups.iter().min_by_key(|&&group| (sizes[group as usize], hashes[group as usize]));
            let key = |group: Option<&u32>| group.map_or(0, |&group| (hashes[group as usize] >> 32) as u32);
            (key(cell), key(small), (hash(problem.task_id(task)) >> 32) as u32, task)
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

/// FNV-1a, mixed once more: names differ in their last letters mostly.
fn hash(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}
