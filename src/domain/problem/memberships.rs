//! In which groups tasks count. Tasks of one shop mostly count in the same ones, which are kept once.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::NONE;
use super::column::Column;

/// Sets of groups, and which of them each task has.
#[derive(Debug, Clone)]
pub(super) struct Memberships {
    set_of: Column,
    /// Where each set begins in `groups`, and where the last one ends.
    offsets: Vec<u32>,
    groups: Vec<u32>,
}

/// Finds sets that are known already.
#[derive(Debug, Default)]
pub(super) struct KnownSets {
    hasher: RandomState,
    by_hash: HashMap<u64, u32>,
}

impl Default for Memberships {
    fn default() -> Memberships {
        Memberships { set_of: Column::default(), offsets: vec![0], groups: Vec::new() }
    }
}

impl Memberships {
    /// The groups of one task, ascending.
    #[inline]
    pub(super) fn of(&self, task: usize) -> &[u32] {
        self.set(self.set_of.get(task) as usize)
    }

    fn set(&self, set: usize) -> &[u32] {
        &self.groups[self.offsets[set] as usize..self.offsets[set + 1] as usize]
    }

    /// Appends a task with these groups.
    pub(super) fn push(&mut self, groups: &[u32], known: &mut KnownSets) {
        let from = self.groups.len();
        self.groups.extend_from_slice(groups);
        self.groups[from..].sort_unstable();
        let hash = known.hasher.hash_one(&self.groups[from..]);
        let set =
            known.by_hash.get(&hash).copied().filter(|&set| self.set(set as usize) == &self.groups[from..]);
        match set {
            Some(set) => {
                self.groups.truncate(from);
                self.set_of.push(set);
            }
            None => {
                let set = self.offsets.len() as u32 - 1;
                known.by_hash.insert(hash, set);
                self.offsets.push(u32::try_from(self.groups.len()).unwrap_or(u32::MAX));
                self.set_of.push(set);
            }
        }
    }

    /// Whether the offsets no longer hold all the groups.
    pub(super) fn too_long(&self) -> bool {
        u32::try_from(self.groups.len()).is_err()
    }

    /// Those of some tasks, of the groups that have a new number, under that number.
    pub(super) fn pick(&self, tasks: &[u32], new_number: &[u32]) -> Memberships {
        let mut picked = Memberships::default();
        let mut new_set = vec![NONE; self.offsets.len() - 1];
        picked.set_of = tasks
            .iter()
            .map(|&task| {
                let set = self.set_of.get(task as usize) as usize;
                if new_set[set] == NONE {
                    new_set[set] = picked.offsets.len() as u32 - 1;
                    let from = picked.groups.len();
                    let kept = self.set(set).iter().map(|&group| new_number[group as usize]);
                    picked.groups.extend(kept.filter(|&group| group != NONE));
                    picked.groups[from..].sort_unstable();
                    picked.offsets.push(picked.groups.len() as u32);
                }
                new_set[set]
            })
            .collect();
        picked.shrink();
        picked
    }

    pub(super) fn shrink(&mut self) {
        self.set_of.shrink();
        self.offsets.shrink_to_fit();
        self.groups.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_equal_sets_once() {
        let mut known = KnownSets::default();
        let mut memberships = Memberships::default();
        for groups in [&[3u32, 1][..], &[], &[1, 3], &[2], &[]] {
            memberships.push(groups, &mut known);
        }
        let all: Vec<&[u32]> = (0..5).map(|task| memberships.of(task)).collect();
        assert_eq!(all, [&[1u32, 3][..], &[], &[1, 3], &[2], &[]]);
        assert_eq!(memberships.groups, [1, 3, 2]);
        let picked = memberships.pick(&[3, 2, 0], &[NONE, 5, NONE, 4]);
        assert_eq!([picked.of(0), picked.of(1), picked.of(2)], [&[][..], &[4, 5], &[4, 5]]);
    }
}
