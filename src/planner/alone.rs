//! The room there is before anybody is planned: caps, less those who are down already and pinned tasks.

use std::collections::HashMap;

use super::ledger::margin;
use super::tables::Tables;

/// Which pinned tasks are where; all else follows from the caps.
pub(super) struct Alone<'t> {
    tables: &'t Tables<'t>,
    /// How many pinned tasks of a group are down in a slot.
    pinned: HashMap<(u32, u32), i32>,
}

impl<'t> Alone<'t> {
    pub(super) fn new(tables: &'t Tables<'t>) -> Alone<'t> {
        let problem = tables.problem;
        let mut pinned = HashMap::new();
        for &task in problem.pinned_tasks() {
            let Some(current) = problem.current(task) else { continue };
            for slot in current..current + problem.duration(task) {
                for &group in problem.groups_of(task) {
                    *pinned.entry((group, slot)).or_default() += 1;
                }
            }
        }
        Alone { tables, pinned }
    }

    /// How many tasks of a group fit into a slot; below 0 where more are down than may be.
    pub(super) fn left(&self, group: u32, slot: u32) -> i32 {
        let budget = self.tables.problem.group(group);
        let pinned = if self.pinned.is_empty() { None } else { self.pinned.get(&(group, slot)) };
        margin(budget.cap_at(slot), budget.down) - pinned.copied().unwrap_or(0)
    }

    /// Whether any start that an unpinned task's own dates allow has room in all groups, whatever its neighbours
    /// in precedence do.
    pub(super) fn has_room(&self, task: u32) -> bool {
        let problem = self.tables.problem;
        let duration = problem.duration(task);
        let fits = |start: u32| {
            let groups = problem.groups_of(task);
            groups.iter().all(|&group| (start..start + duration).all(|slot| self.left(group, slot) > 0))
        };
        self.tables
            .runs(task, problem.release(task), problem.deadline(task))
            .any(|(first, last)| (first..=last).any(fits))
    }
}
