//! Building a problem piece by piece: from a file, or from the database.

use std::collections::HashMap;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};

use super::memberships::KnownSets;
use super::{
    After, Calendar, CapRange, GroupColumns, NONE, Problem, ProblemError, Profile, TaskColumns, validate,
};

/// One group, as it is given to [`ProblemBuilder::add_group`].
#[derive(Debug, Clone, Copy)]
pub struct GroupInput<'a> {
    /// Unique among groups.
    pub id: &'a str,
    /// What it groups by; `site` for a site's rule and budget.
    pub kind: &'a str,
    /// How many members may be down in a slot.
    pub cap: u32,
    /// Runs of slots with another cap: sorted, disjoint.
    pub caps: &'a [CapRange],
    /// How many members are down already.
    pub down: u32,
}

/// One task, as it is given to [`ProblemBuilder::add_task`]. All spans are in slots.
#[derive(Debug, Clone, Copy)]
pub struct TaskInput<'a> {
    /// Unique among tasks.
    pub id: &'a str,
    /// At least 1.
    pub duration: u32,
    /// Number of a calendar.
    pub calendar: u32,
    /// Number of a profile, if the task's time matters at all.
    pub profile: Option<u32>,
    /// Units of the profile's cost.
    pub volume: u32,
    /// First slot in which it may start.
    pub release: u32,
    /// Slot by which it must have ended.
    pub deadline: u32,
    /// What placing it is worth.
    pub weight: u32,
    /// Numbers of groups, each once.
    pub groups: &'a [u32],
    /// The site that is visited.
    pub site: Option<&'a str>,
    /// The announced start.
    pub current: Option<u32>,
    /// Whether it has to stay at `current`.
    pub pinned: bool,
    /// Names of earlier tasks (they may be added later), each with its gap in slots.
    pub after: &'a [(&'a str, u32)],
}

/// Collects a problem; nothing is checked before [`ProblemBuilder::finish`].
#[derive(Debug)]
pub struct ProblemBuilder {
    pub(super) start: DateTime<Utc>,
    pub(super) slot_minutes: u32,
    pub(super) slots: u32,
    pub(super) visit_cost: u64,
    pub(super) calendars: Vec<Calendar>,
    pub(super) profiles: Vec<Profile>,
    pub(super) groups: GroupColumns,
    pub(super) tasks: TaskColumns,
    pub(super) named_after: Vec<NamedAfter>,
    known_sets: KnownSets,
    site_numbers: HashMap<String, u32>,
    kind_numbers: HashMap<String, u32>,
}

/// A precedence whose predecessor is still a name.
#[derive(Debug)]
pub(super) struct NamedAfter {
    pub(super) task: u32,
    pub(super) position: u32,
    pub(super) predecessor: String,
    pub(super) gap_slots: u32,
}

impl ProblemBuilder {
    /// A problem without calendars, groups or tasks, of `slots` slots of `slot_minutes` from `start`.
    pub fn new(start: DateTime<Utc>, slot_minutes: u32, slots: u32) -> ProblemBuilder {
        ProblemBuilder {
            start,
            slot_minutes,
            slots,
            visit_cost: 0,
            calendars: Vec::new(),
            profiles: Vec::new(),
            groups: GroupColumns { cap_offsets: std::iter::once(0).collect(), ..GroupColumns::default() },
            tasks: TaskColumns::default(),
            named_after: Vec::new(),
            known_sets: KnownSets::default(),
            site_numbers: HashMap::new(),
            kind_numbers: HashMap::new(),
        }
    }

    /// Sets what a night on which a site is visited costs.
    pub fn visit_cost(&mut self, visit_cost: u64) -> &mut ProblemBuilder {
        self.visit_cost = visit_cost;
        self
    }

    /// Adds a calendar and returns its number.
    pub fn add_calendar(&mut self, calendar: Calendar) -> u32 {
        self.calendars.push(calendar);
        self.calendars.len() as u32 - 1
    }

    /// Adds a profile and returns its number.
    pub fn add_profile(&mut self, profile: Profile) -> u32 {
        self.profiles.push(profile);
        self.profiles.len() as u32 - 1
    }

    /// Adds a group and returns its number.
    pub fn add_group(&mut self, group: GroupInput<'_>) -> u32 {
        let GroupInput { id, kind, cap, caps, down } = group;
        let columns = &mut self.groups;
        columns.ids.push(id);
        columns.kind.push(match self.kind_numbers.get(kind) {
            Some(&number) => number,
            None => {
                let number = columns.kinds.len() as u32;
                columns.kinds.push(kind.to_owned());
                self.kind_numbers.insert(kind.to_owned(), number);
                number
            }
        });
        columns.cap.push(cap);
        columns.down.push(down);
        columns.caps.extend_from_slice(caps);
        columns.cap_offsets.push(columns.caps.len() as u32);
        columns.cap.len() as u32 - 1
    }

    /// Adds a task and returns its number.
    pub fn add_task(&mut self, task: TaskInput<'_>) -> u32 {
        let TaskInput {
            id,
            duration,
            calendar,
            profile,
            volume,
            release,
            deadline,
            weight,
            groups,
            site,
            current,
            pinned,
            after,
        } = task;
        let number = self.tasks.duration.len() as u32;
        let columns = &mut self.tasks;
        columns.ids.push(id);
        columns.duration.push(duration);
        columns.calendar.push(calendar);
        columns.profile.push(profile.unwrap_or(NONE));
        columns.volume.push(volume);
        columns.release.push(release);
        columns.deadline.push(deadline);
        columns.weight.push(weight);
        columns.groups.push(groups, &mut self.known_sets);
        columns.site.push(match site {
            None => NONE,
            Some(site) => match self.site_numbers.get(site) {
                Some(&known) => known,
                None => {
                    let fresh = columns.sites.len() as u32;
                    columns.sites.push(site);
                    self.site_numbers.insert(site.to_owned(), fresh);
                    fresh
                }
            },
        });
        if let Some(current) = current {
            columns.current.resize(number as usize);
            columns.current.push(current);
        } else if !columns.current.is_empty() {
            columns.current.push(NONE);
        }
        if pinned {
            columns.pinned.push(number);
        }
        self.named_after.extend(after.iter().zip(0..).map(|(&(predecessor, gap_slots), position)| {
            NamedAfter { task: number, position, predecessor: predecessor.to_owned(), gap_slots }
        }));
        number
    }

    /// Checks everything and hands over the problem.
    pub fn finish(mut self) -> Result<Problem, ProblemError> {
        self.site_numbers = HashMap::new();
        self.known_sets = KnownSets::default();
        validate::horizon(&self)?;
        validate::calendars(&self)?;
        validate::profiles(&self)?;
        validate::groups(&self)?;
        validate::tasks(&self)?;
        self.tasks.after = validate::precedences(&self)?;
        validate::total_cost(&self)?;
        let mut tasks = self.tasks;
        tasks.ids.shrink();
        tasks.sites.shrink();
        tasks.groups.shrink();
        for column in [
            &mut tasks.duration,
            &mut tasks.calendar,
            &mut tasks.profile,
            &mut tasks.volume,
            &mut tasks.release,
            &mut tasks.deadline,
            &mut tasks.weight,
            &mut tasks.site,
            &mut tasks.current,
        ] {
            column.shrink();
        }
        Ok(Problem {
            start: self.start,
            slot_minutes: self.slot_minutes,
            slots: self.slots,
            visit_cost: self.visit_cost,
            calendars: self.calendars.into(),
            profiles: self.profiles.into(),
            groups: self.groups,
            tasks,
            sha256: OnceLock::new(),
        })
    }
}

impl After {
    pub(super) fn key(&self) -> (u32, u32) {
        (self.task, self.predecessor)
    }
}
