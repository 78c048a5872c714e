//! The planner's problem: slots, calendars, profiles, groups and tasks, in columns.
//!
//! A fleet has millions of terminals, so a task is a row across vectors rather than a struct with vectors of
//! its own: identifiers lie end to end in an arena, numbers in as few bytes as they need, sets of groups that
//! several tasks have once, precedences in a short sorted list. A task costs some 50 bytes so.
//!
//! A `Problem` is valid by construction: [`Problem::read`] and [`ProblemBuilder::finish`] are the only ways to
//! get one, and both end in the same validation. Tasks, groups, calendars and profiles are named by their
//! index (`u32`) in the order in which they were given.

mod builder;
mod change;
mod column;
mod error;
mod excerpt;
mod ids;
mod memberships;
mod read;
mod validate;
mod write;

use std::io;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

pub use builder::{GroupInput, ProblemBuilder, TaskInput};
use column::Column;
pub use error::ProblemError;
pub use excerpt::ExcerptGroup;
use ids::IdArena;
use memberships::Memberships;

/// The format's name, the first key of every problem file.
pub const FORMAT: &str = "offpeak.problem/1";

/// A year of five-minute slots.
pub const MAX_SLOTS: u32 = 105_408;

/// No sum of costs may exceed this: beyond it a JSON number is no longer exact for many readers.
pub const MAX_TOTAL_COST: u64 = 1 << 53;

/// The kind of group through which the site rule and a site's own budget reach the planner.
pub const SITE_KIND: &str = "site";

const NONE: u32 = u32::MAX;

/// When tasks of this calendar may be down: sorted, disjoint, half-open runs of slots.
///
/// Two runs that touch are two openings: a task does not straddle them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// The name in the file, unique among calendars.
    pub id: String,
    /// `[begin, end)` in slots.
    pub open: Vec<(u32, u32)>,
    /// A task starts no later than `end - cutoff_slots` of its opening.
    pub cutoff_slots: u32,
}

/// What one unit of volume costs in each slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name in the file, unique among profiles.
    pub id: String,
    /// One number a slot.
    pub cost: Vec<u32>,
}

/// A run of slots in which a group's cap differs from its usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapRange {
    /// First slot.
    pub begin: u32,
    /// The slot after the last.
    pub end: u32,
    /// The cap inside the run.
    pub cap: u32,
}

/// A disruption budget over some tasks: at most `cap - down` of them in any slot.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    /// The name in the file, unique among groups.
    pub id: &'a str,
    /// What it groups by (`fleet`, `region`, `site`, …); only `site` has a meaning to the planner.
    pub kind: &'a str,
    /// The cap where no range says otherwise.
    pub cap: u32,
    /// Exceptions, sorted and disjoint.
    pub caps: &'a [CapRange],
    /// How many members are down already, throughout.
    pub down: u32,
}

impl Group<'_> {
    /// The cap in `slot`, with those that are down already not taken off.
    pub fn cap_at(&self, slot: u32) -> u32 {
        let after = self.caps.partition_point(|range| range.end <= slot);
        match self.caps.get(after) {
            Some(range) if range.begin <= slot => range.cap,
            _ => self.cap,
        }
    }

    /// How many tasks this group lets be down in `slot`, after those that are down already.
    pub fn room_at(&self, slot: u32) -> u32 {
        self.cap_at(slot).saturating_sub(self.down)
    }
}

/// `task` starts no earlier than `gap_slots` after the end of `predecessor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// The later task.
    pub task: u32,
    /// The earlier task.
    pub predecessor: u32,
    /// Slots between the end of the one and the start of the other, at least.
    pub gap_slots: u32,
}

/// One planning problem, valid and immutable. See the module's text for its layout.
#[derive(Debug)]
pub struct Problem {
    start: DateTime<Utc>,
    slot_minutes: u32,
    slots: u32,
    visit_cost: u64,
    calendars: Arc<Vec<Calendar>>,
    profiles: Arc<Vec<Profile>>,
    groups: GroupColumns,
    tasks: TaskColumns,
    sha256: OnceLock<String>,
}

#[derive(Debug, Clone, Default)]
struct GroupColumns {
    ids: IdArena,
    kinds: Vec<String>,
    kind: Column,
    cap: Column,
    down: Column,
    cap_offsets: Column,
    caps: Vec<CapRange>,
}

#[derive(Debug, Clone, Default)]
struct TaskColumns {
    ids: IdArena,
    duration: Column,
    calendar: Column,
    profile: Column,
    volume: Column,
    release: Column,
    deadline: Column,
    weight: Column,
    groups: Memberships,
    sites: IdArena,
    site: Column,
    /// Shorter than the others if the last tasks have no current start; empty if none has.
    current: Column,
    /// Sorted task numbers: few are pinned.
    pinned: Vec<u32>,
    /// Sorted by task.
    after: Vec<After>,
}

impl Problem {
    /// Reads a problem file, element by element; the document is never held as a whole.
    pub fn read(source: impl io::Read) -> Result<Problem, ProblemError> {
        read::read(source)
    }

    /// Writes the problem file: one line a calendar, profile, group and task.
    pub fn write(&self, target: impl io::Write) -> io::Result<()> {
        write::write(self, target)
    }

    /// The SHA-256 of the problem file's bytes (uncompressed), in hexadecimal: the bytes that were read, or
    /// those that [`Problem::write`] writes.
    pub fn sha256(&self) -> &str {
        self.sha256.get_or_init(|| {
            let mut hasher = Sha256::new();
            self.write(write::HashWriter(&mut hasher)).expect("a hasher takes any bytes");
            hex::encode(hasher.finalize())
        })
    }

    /// The instant at which slot 0 begins.
    pub fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// Length of a slot in minutes, 5 to 60.
    pub fn slot_minutes(&self) -> u32 {
        self.slot_minutes
    }

    /// Number of slots in the horizon.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// Number of slots in 24 hours.
    pub fn slots_per_day(&self) -> u32 {
        24 * 60 / self.slot_minutes
    }

    /// What each night on which a site is visited costs, in units of disruption.
    pub fn visit_cost(&self) -> u64 {
        self.visit_cost
    }

    /// All calendars.
    pub fn calendars(&self) -> &[Calendar] {
        &self.calendars
    }

    /// All profiles.
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// Number of groups.
    pub fn group_count(&self) -> usize {
        self.groups.cap.len()
    }

    /// The group with this number.
    #[inline]
    pub fn group(&self, group: u32) -> Group<'_> {
        let at = group as usize;
        let columns = &self.groups;
        Group {
            id: columns.ids.get(at),
            kind: &columns.kinds[columns.kind.get(at) as usize],
            cap: columns.cap.get(at),
            caps: columns.caps_of(at),
            down: columns.down.get(at),
        }
    }

    /// Number of tasks.
    pub fn task_count(&self) -> usize {
        self.tasks.duration.len()
    }

    /// The task's name in the file.
    pub fn task_id(&self, task: u32) -> &str {
        self.tasks.ids.get(task as usize)
    }

    /// For how many slots the terminal is down.
    pub fn duration(&self, task: u32) -> u32 {
        self.tasks.duration.get(task as usize)
    }

    /// The number of the task's calendar.
    pub fn calendar_index(&self, task: u32) -> u32 {
        self.tasks.calendar.get(task as usize)
    }

    /// The task's calendar.
    pub fn calendar(&self, task: u32) -> &Calendar {
        &self.calendars[self.calendar_index(task) as usize]
    }

    /// The number of the task's profile; without one it costs nothing.
    pub fn profile_index(&self, task: u32) -> Option<u32> {
        some(self.tasks.profile.get(task as usize))
    }

    /// How many units of the profile's cost the task stands for.
    pub fn volume(&self, task: u32) -> u32 {
        self.tasks.volume.get(task as usize)
    }

    /// The first slot in which the task may start.
    pub fn release(&self, task: u32) -> u32 {
        self.tasks.release.get(task as usize)
    }

    /// The slot by which the task must have ended.
    pub fn deadline(&self, task: u32) -> u32 {
        self.tasks.deadline.get(task as usize)
    }

    /// What it is worth to place the task.
    pub fn weight(&self, task: u32) -> u32 {
        self.tasks.weight.get(task as usize)
    }

    /// The groups the task counts in, in ascending order.
    #[inline]
    pub fn groups_of(&self, task: u32) -> &[u32] {
        self.tasks.groups.of(task as usize)
    }

    /// The number of the site that is visited for the task.
    pub fn site(&self, task: u32) -> Option<u32> {
        some(self.tasks.site.get(task as usize))
    }

    /// Number of different sites.
    pub fn site_count(&self) -> usize {
        self.tasks.sites.len()
    }

    /// The site's name in the file.
    pub fn site_id(&self, site: u32) -> &str {
        self.tasks.sites.get(site as usize)
    }

    /// Where an announced task stands: moving it breaks a promise.
    pub fn current(&self, task: u32) -> Option<u32> {
        self.tasks.current_at(task as usize)
    }

    /// Whether the task has to stay at its current start.
    pub fn pinned(&self, task: u32) -> bool {
        self.tasks.pinned.binary_search(&task).is_ok()
    }

    /// All pinned tasks, in ascending order.
    pub fn pinned_tasks(&self) -> &[u32] {
        &self.tasks.pinned
    }

    /// All precedences, sorted by task.
    pub fn precedences(&self) -> &[After] {
        &self.tasks.after
    }

    /// The predecessors of one task.
    pub fn after_of(&self, task: u32) -> &[After] {
        let after = &self.tasks.after;
        let from = after.partition_point(|edge| edge.task < task);
        let count = after[from..].partition_point(|edge| edge.task == task);
        &after[from..from + count]
    }

    /// The disruption of the task when it starts at `start`, without visits: volume times the profile's cost
    /// over `[start, start + duration)`.
    pub fn cost_at(&self, task: u32, start: u32) -> u64 {
        let Some(profile) = self.profile_index(task) else { return 0 };
        let span = start as usize..(start + self.duration(task)) as usize;
        let sum: u64 = self.profiles[profile as usize].cost[span].iter().copied().map(u64::from).sum();
        sum * u64::from(self.volume(task))
    }

    /// The night to which a start belongs.
    ///
    /// Nights are numbered by the days (24 hours each, counted from the problem's start) in which an opening
    /// begins, so that an opening across midnight is one night; an opening longer than a day has a night for
    /// every 24 hours from its beginning. A start outside every opening (only pinned tasks have one) belongs
    /// to the day of its own slot.
    pub fn night_of(&self, task: u32, start: u32) -> u32 {
        let day = self.slots_per_day();
        let open = &self.calendar(task).open;
        match open.get(open.partition_point(|&(_, end)| end <= start)) {
            Some(&(begin, _)) if begin <= start => begin / day + (start - begin) / day,
            _ => start / day,
        }
    }
}

impl GroupColumns {
    fn caps_of(&self, group: usize) -> &[CapRange] {
        &self.caps[self.cap_offsets.get(group) as usize..self.cap_offsets.get(group + 1) as usize]
    }
}

impl TaskColumns {
    fn current_at(&self, task: usize) -> Option<u32> {
        if task < self.current.len() { some(self.current.get(task)) } else { None }
    }
}

fn some(value: u32) -> Option<u32> {
    (value != NONE).then_some(value)
}

#[cfg(test)]
mod tests;
