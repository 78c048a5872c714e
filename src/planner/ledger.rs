//! How full every group is in every slot.
//!
//! Groups with many members have a row of what is left in each slot, and a bitmap of the slots in which
//! nothing is left; the bitmaps of a task's groups, OR-ed together and smeared over its duration, are the
//! starts it cannot take: a few machine words. Groups with few members (a shop's terminals, mostly) have no
//! row: their members are looked at one by one.

use super::bits::{ones, set_run, smear};
use super::tables::{Count, NONE, Tables};

/// What is left in the groups that have a row.
#[derive(Debug)]
pub(super) struct Ledger {
    words: usize,
    /// Where each row begins, in the list of its width.
    rows: Vec<Row>,
    tiny: Vec<i8>,
    narrow: Vec<i16>,
    wide: Vec<i32>,
    full: Vec<u64>,
    /// All tasks that are down in a slot, for level load.
    pub(super) down: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
enum Row {
    Tiny(usize),
    Narrow(usize),
    Wide(usize),
}

/// Rows of groups with so many members fit into 16 bits a slot. What is left is cut off at this number: more
/// than all members fit anyway.
const NARROW_MEMBERS_MAX: u32 = 30_000;

/// A row fits into 8 bits a slot if no slot ever has more than this left, nor lacks more: only pinned tasks may
/// be more than the cap allows.
const TINY_MOST: i32 = 120;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Tiny,
    Narrow,
    Wide,
}

impl Width {
    fn of(tables: &Tables<'_>, row: usize, pinned: u32) -> Width {
        let group = tables.problem.group(tables.dense[row]);
        let caps = group.caps.iter().map(|range| range.cap).chain([group.cap]);
        let most = TINY_MOST as u32;
        if pinned + group.down <= most && caps.max().unwrap_or(0) <= most {
            Width::Tiny
        } else if tables.dense_members[row] <= NARROW_MEMBERS_MAX {
            Width::Narrow
        } else {
            Width::Wide
        }
    }
}

/// By row: how many pinned tasks count in it.
fn pinned_members(tables: &Tables<'_>) -> Vec<u32> {
    let mut pinned = vec![0; tables.dense.len()];
    for &task in tables.problem.pinned_tasks() {
        tables.rows(task).for_each(|row| pinned[row as usize] += 1);
    }
    pinned
}

/// So many slots are looked at in one go.
pub(super) const WINDOW_SLOTS: u32 = u128::BITS;

/// Turns slots into starts, as [`smear`] does.
fn smeared(mut full: u128, duration: u32) -> u128 {
    let mut covered = 1;
    while covered < duration {
        let shift = covered.min(duration - covered);
        full |= full >> shift;
        covered += shift;
    }
    full
}

/// Memory for one look at one task.
#[derive(Debug)]
pub(super) struct Scratch {
    /// One bit a start: set when the budgets forbid it.
    pub(super) blocked: Vec<u64>,
    counts: Vec<u32>,
}

impl Scratch {
    pub(super) fn new(tables: &Tables<'_>) -> Scratch {
        Scratch { blocked: vec![0; tables.words + 1], counts: vec![0; tables.slots as usize] }
    }

    pub(super) fn is_blocked(&self, start: u32) -> bool {
        self.blocked[start as usize / 64] >> (start % 64) & 1 == 1
    }

    /// The first start in `[first, last]`, for which the bits were made, that is not blocked.
    pub(super) fn first_free(&self, first: u32, last: u32) -> Option<u32> {
        let mut start = first;
        while start <= last {
            let free = !self.blocked[start as usize / 64] >> (start % 64);
            if free != 0 {
                let found = start + free.trailing_zeros();
                return (found <= last).then_some(found);
            }
            start = (start / 64 + 1) * 64;
        }
        None
    }
}

/// What a cap leaves: below 0 where more are down already than may be.
pub(super) fn margin(cap: u32, down: u32) -> i32 {
    let margin = i64::from(cap) - i64::from(down);
    margin.clamp(i64::from(i32::MIN / 2), i64::from(i32::MAX / 2)) as i32
}

impl Ledger {
    pub(super) fn new(tables: &Tables<'_>) -> Ledger {
        let slots = tables.slots as usize;
        let words = tables.words;
        let most = NARROW_MEMBERS_MAX as i32;
        let mut ledger = Ledger {
            words,
            rows: Vec::with_capacity(tables.dense.len()),
            tiny: Vec::new(),
            narrow: Vec::new(),
            wide: Vec::new(),
            // Windows are read a little past the end of the last row.
            full: vec![0u64; tables.dense.len() * words + WINDOW_SLOTS as usize / 64],
            down: vec![0; slots],
        };
        let mut rooms = vec![0i32; slots];
        let pinned = pinned_members(tables);
        let widths: Vec<Width> =
            (0..tables.dense.len()).map(|row| Width::of(tables, row, pinned[row])).collect();
        let space = |width| widths.iter().filter(|&&each| each == width).count() * slots;
        ledger.wide.reserve_exact(space(Width::Wide));
        ledger.narrow.reserve_exact(space(Width::Narrow));
        ledger.tiny.reserve_exact(space(Width::Tiny));
        for (row, &number) in tables.dense.iter().enumerate() {
            let group = tables.problem.group(number);
            let room = |cap: u32| margin(cap, group.down);
            rooms.fill(room(group.cap));
            for range in group.caps {
                rooms[range.begin as usize..range.end as usize].fill(room(range.cap));
            }
            for (slot, &left) in rooms.iter().enumerate() {
                if left <= 0 {
                    ledger.full[row * words + slot / 64] |= 1 << (slot % 64);
                }
            }
            match widths[row] {
                Width::Tiny => {
                    ledger.rows.push(Row::Tiny(ledger.tiny.len()));
                    ledger.tiny.extend(rooms.iter().map(|&left| left.clamp(-TINY_MOST, TINY_MOST) as i8));
                }
                Width::Narrow => {
                    ledger.rows.push(Row::Narrow(ledger.narrow.len()));
                    ledger.narrow.extend(rooms.iter().map(|&left| left.clamp(-most, most) as i16));
                }
                Width::Wide => {
                    ledger.rows.push(Row::Wide(ledger.wide.len()));
                    ledger.wide.extend_from_slice(&rooms);
                }
            }
        }
        ledger
    }

    pub(super) fn left(&self, row: u32, slot: u32) -> i32 {
        match self.rows[row as usize] {
            Row::Tiny(base) => self.tiny[base + slot as usize].into(),
            Row::Narrow(base) => self.narrow[base + slot as usize].into(),
            Row::Wide(base) => self.wide[base + slot as usize],
        }
    }

    /// Whether any slot of `[begin, end)` is full.
    pub(super) fn is_full(&self, row: u32, begin: u32, end: u32) -> bool {
        if end - begin > WINDOW_SLOTS {
            return (begin..end).any(|slot| self.left(row, slot) <= 0);
        }
        self.window(row, begin) << (WINDOW_SLOTS - (end - begin)) != 0
    }

    /// How many slots of `[begin, end)` are full.
    pub(super) fn full_count(&self, row: u32, begin: u32, end: u32) -> u32 {
        let full = &self.full[row as usize * self.words..(row as usize + 1) * self.words];
        ones(begin, end - 1, |at| full[at]).count() as u32
    }

    /// The full slots of a row from `from` on, one bit each; what lies behind the last slot means nothing.
    fn window(&self, row: u32, from: u32) -> u128 {
        let at = row as usize * self.words + from as usize / 64;
        let words = &self.full[at..at + 3];
        let low = u128::from(words[0]) | u128::from(words[1]) << 64;
        match from % 64 {
            0 => low,
            by => low >> by | u128::from(words[2]) << (128 - by),
        }
    }

    /// The first start in `[first, last]` that no row forbids, if all slots concerned fit into one window. Who is
    /// turned away is turned away by the first rows mostly, so it pays to have large groups first.
    pub(super) fn first_free(&self, rows: &[u32], duration: u32, first: u32, last: u32) -> Option<u32> {
        let starts = u128::MAX >> (WINDOW_SLOTS - (last - first + 1));
        let mut full = 0u128;
        let mut free = starts;
        for &row in rows {
            full |= self.window(row, first);
            free = starts & !smeared(full, duration);
            if free == 0 {
                return None;
            }
        }
        Some(first + free.trailing_zeros())
    }

    pub(super) fn take(&mut self, tables: &Tables<'_>, task: u32, start: u32) {
        let span = start as usize..(start + tables.problem.duration(task)) as usize;
        for row in tables.rows(task) {
            let full = &mut self.full[row as usize * self.words..(row as usize + 1) * self.words];
            let mut note = |slot: usize, is_full: bool| {
                if is_full {
                    full[slot / 64] |= 1 << (slot % 64);
                }
            };
            match self.rows[row as usize] {
                Row::Tiny(base) => {
                    for slot in span.clone() {
                        self.tiny[base + slot] -= 1;
                        note(slot, self.tiny[base + slot] <= 0);
                    }
                }
                Row::Narrow(base) => {
                    for slot in span.clone() {
                        self.narrow[base + slot] -= 1;
                        note(slot, self.narrow[base + slot] <= 0);
                    }
                }
                Row::Wide(base) => {
                    for slot in span.clone() {
                        self.wide[base + slot] -= 1;
                        note(slot, self.wide[base + slot] <= 0);
                    }
                }
            }
        }
        self.down[span].iter_mut().for_each(|down| *down += 1);
    }

    pub(super) fn give_back(&mut self, tables: &Tables<'_>, task: u32, start: u32) {
        let span = start as usize..(start + tables.problem.duration(task)) as usize;
        for row in tables.rows(task) {
            let full = &mut self.full[row as usize * self.words..(row as usize + 1) * self.words];
            let mut note = |slot: usize, has_room: bool| {
                if has_room {
                    full[slot / 64] &= !(1 << (slot % 64));
                }
            };
            match self.rows[row as usize] {
                Row::Tiny(base) => {
                    for slot in span.clone() {
                        self.tiny[base + slot] += 1;
                        note(slot, self.tiny[base + slot] > 0);
                    }
                }
                Row::Narrow(base) => {
                    for slot in span.clone() {
                        self.narrow[base + slot] += 1;
                        note(slot, self.narrow[base + slot] > 0);
                    }
                }
                Row::Wide(base) => {
                    for slot in span.clone() {
                        self.wide[base + slot] += 1;
                        note(slot, self.wide[base + slot] > 0);
                    }
                }
            }
        }
        self.down[span].iter_mut().for_each(|down| *down -= 1);
    }

    /// Fills `scratch.blocked` for the starts in `[first, last]`. The task itself must not be in the ledger.
    pub(super) fn block(
        &self,
        tables: &Tables<'_>,
        starts: &[u32],
        task: u32,
        first: u32,
        last: u32,
        scratch: &mut Scratch,
    ) {
        let duration = tables.problem.duration(task);
        let from = first as usize / 64;
        let to = ((last + duration) as usize).div_ceil(64).min(self.words);
        scratch.blocked[from..=to].fill(0);
        for &group in tables.problem.groups_of(task) {
            match tables.count(group) {
                Count::Never => {}
                Count::Dense(row) => {
                    let full = &self.full[row as usize * self.words..(row as usize + 1) * self.words];
                    for (blocked, full) in scratch.blocked[from..to].iter_mut().zip(&full[from..to]) {
                        *blocked |= full;
                    }
                }
                Count::Sparse => block_sparse(tables, starts, task, group, scratch, (from, to)),
            }
        }
        smear(&mut scratch.blocked[from..=to], duration);
    }
}

fn block_sparse(
    tables: &Tables<'_>,
    starts: &[u32],
    task: u32,
    group: u32,
    scratch: &mut Scratch,
    (from, to): (usize, usize),
) {
    let budget = tables.problem.group(group);
    let span = from as u32 * 64..(to as u32 * 64).min(tables.slots);
    let mut shut = |begin: u32, end: u32| {
        set_run(&mut scratch.blocked, begin.max(span.start), end.min(span.end));
    };
    let mut from_here = 0;
    for range in budget.caps {
        if budget.cap <= budget.down {
            shut(from_here, range.begin);
        }
        if range.cap <= budget.down {
            shut(range.begin, range.end);
        }
        from_here = range.end;
    }
    if budget.cap <= budget.down {
        shut(from_here, tables.slots);
    }
    let members = || {
        tables.members(group).iter().filter_map(|&other| {
            let start = starts[other as usize];
            (other != task && start != NONE).then(|| (start, start + tables.problem.duration(other)))
        })
    };
    for (begin, end) in members() {
        for slot in begin.max(span.start)..end.min(span.end) {
            scratch.counts[slot as usize] += 1;
            if scratch.counts[slot as usize] >= budget.room_at(slot) {
                scratch.blocked[slot as usize / 64] |= 1 << (slot % 64);
            }
        }
    }
    for (begin, end) in members() {
        if begin < end.min(span.end) {
            scratch.counts[begin as usize..end.min(span.end) as usize].fill(0);
        }
    }
}
