//! Parts of the work side by side.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Does `work` for every part (named by its place in `sizes`), the largest first, on so many threads; the results
/// in the order of the parts.
pub(super) fn side_by_side<R: Send>(
    sizes: &[usize],
    threads: usize,
    work: impl Fn(usize) -> R + Sync,
) -> Vec<R> {
    let mut queue: Vec<usize> = (0..sizes.len()).collect();
    queue.sort_by_key(|&part| std::cmp::Reverse(sizes[part]));
    let results: Vec<Mutex<Option<R>>> = sizes.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let take = || {
        while let Some(&part) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = work(part);
            *results[part].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(sizes.len()) {
            scope.spawn(take);
        }
        take();
    });
    results
        .into_iter()
        .filter_map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}
