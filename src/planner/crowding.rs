//! How crowded a problem is, before anything is planned.

use super::bits::set_run;
use super::tables::Tables;
use crate::domain::problem::Problem;

/// So many tasks show in which slots a group is used at all.
const SAMPLE_TASKS: u32 = 20_000;

/// The share of its room, in all slots that any member may use, that the fullest large group needs for everybody.
pub(super) fn crowding(tables: &Tables<'_>) -> f64 {
    let problem = tables.problem;
    let words = tables.words;
    let large = (tables.task_count() / 64).max(1);
    let rows: Vec<u32> =
        (0..tables.dense.len() as u32).filter(|&row| tables.dense_members[row as usize] >= large).collect();
    let mut place = vec![usize::MAX; tables.dense.len()];
    rows.iter().enumerate().for_each(|(at, &row)| place[row as usize] = at);
    let mut used = vec![0u64; rows.len() * words];
    let mut demand = vec![0u64; rows.len()];
    let stride = (tables.task_count() / SAMPLE_TASKS).max(1) as usize;
    let openings: Vec<Vec<u64>> = open_bits(problem, words);
    for task in 0..tables.task_count() {
        for row in tables.rows(task) {
            let at = place[row as usize];
            if at == usize::MAX {
                continue;
            }
            demand[at] += u64::from(problem.duration(task));
            if (task as usize).is_multiple_of(stride) {
                let open = &openings[problem.calendar_index(task) as usize];
                let used = &mut used[at * words..(at + 1) * words];
                used.iter_mut().zip(open).for_each(|(used, open)| *used |= open);
            }
        }
    }
    let share = |at: usize| {
        let group = problem.group(tables.dense[rows[at] as usize]);
        let is_used = |slot: &u32| used[at * words + *slot as usize / 64] >> (slot % 64) & 1 == 1;
        let room: u64 = (0..tables.slots).filter(is_used).map(|slot| u64::from(group.room_at(slot))).sum();
        demand[at] as f64 / room.max(1) as f64
    };
    (0..rows.len()).map(share).fold(0.0, f64::max)
}

fn open_bits(problem: &Problem, words: usize) -> Vec<Vec<u64>> {
    let bits = problem.calendars().iter().map(|calendar| {
        let mut bits = vec![0u64; words];
        calendar.open.iter().for_each(|&(begin, end)| set_run(&mut bits, begin, end));
        bits
    });
    bits.collect()
}
