//! Who of a crowd stands where, by duration, start and hops to a free place.
//!
//! Made once a measuring and not kept up: who has moved since is passed over, and who has arrived since is for others to
//! know.

use super::board::Board;
use super::crowd::Crowd;
use super::reach::{NEVER, Reach};

/// Tasks that may be asked to make way.
pub(super) struct Standing {
    slots: usize,
    /// Where the list of each duration and start begins.
    offsets: Vec<u32>,
    /// Hops and tasks; in a list, the nearest to a free place first.
    tasks: Vec<(u8, u32)>,
}

impl Standing {
    pub(super) fn of(board: &Board<'_>, crowd: &Crowd, reach: &Reach, hops_of: &[u8]) -> Standing {
        let tables = board.tables;
        let slots = tables.slots as usize;
        let mut listed: Vec<(u32, u8, u32)> = Vec::with_capacity(crowd.tasks.len());
        for &task in &crowd.tasks {
            let hops = hops_of[task as usize];
            let may_be_asked = hops != NEVER && !tables.pinned(task) && !tables.has_precedence(task);
            if let Some(start) = board.start(task).filter(|_| may_be_asked) {
                let duration_at = reach.place_of(tables.problem.duration(task));
                listed.push(((duration_at * slots) as u32 + start, hops, task));
            }
        }
        let mut offsets = vec![0u32; reach.durations.len() * slots + 1];
        listed.iter().for_each(|&(list, ..)| offsets[list as usize + 1] += 1);
        let mut sum = 0;
        for offset in &mut offsets {
            sum += *offset;
            *offset = sum;
        }
        let mut next = offsets.clone();
        let mut tasks = vec![(0, 0); listed.len()];
        for (list, hops, task) in listed {
            let next = &mut next[list as usize];
            tasks[*next as usize] = (hops, task);
            *next += 1;
        }
        for ends in offsets.windows(2) {
            tasks[ends[0] as usize..ends[1] as usize].sort_unstable();
        }
        Standing { slots, offsets, tasks }
    }

    /// Those of the duration at this place among all, so many hops away from a free place.
    pub(super) fn at(&self, duration_at: usize, start: u32, hops: u8) -> impl Iterator<Item = u32> + '_ {
        let list = duration_at * self.slots + start as usize;
        let list = &self.tasks[self.offsets[list] as usize..self.offsets[list + 1] as usize];
        let those =
            list.iter().skip_while(move |entry| entry.0 < hops).take_while(move |entry| entry.0 == hops);
        those.map(|&(_, task)| task)
    }
}
