//! Writing the planner's problem: tasks with the calendars, profiles and groups that they refer to, each of
//! these once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::appointment::Standing;
use crate::domain::calendar::{SlotCalendar, TrafficProfile};
use crate::domain::problem::{Calendar, CapRange, GroupInput, Problem, ProblemBuilder, Profile, TaskInput};
use crate::service::world::{Calendars, Group, Groups, World};
use crate::service::{App, Error};

/// What a night on which a site is visited costs beside the traffic that is lost: enough that a site's
/// terminals come together wherever budgets allow it, too little to push work into trading hours.
const VISIT_COST: u64 = 100;

/// Writes tasks with everything that they refer to.
pub(super) struct Writer<'a> {
    pub(super) world: &'a World,
    groups: Groups,
    calendars: Calendars,
    builder: ProblemBuilder,
    /// Numbers in the problem of groups, calendars and profiles that have been written.
    written_groups: Vec<Option<u32>>,
    /// Groups share their caps, and so what is written of these: by the address of the shared caps.
    written_caps: HashMap<*const Vec<u32>, (u32, Vec<CapRange>)>,
    written_calendars: HashMap<usize, u32>,
    written_profiles: HashMap<(TrafficProfile, chrono_tz::Tz), u32>,
    always: Option<u32>,
    /// Terminals with more than one task that nothing else keeps apart, each with the number of its own group.
    contested: HashMap<usize, Option<u32>>,
    /// Groups of the task at hand.
    at_hand: Vec<u32>,
}

/// A task that is to be placed.
pub(super) struct NewTask<'a> {
    /// Its terminal's place in the world.
    pub(super) terminal: usize,
    pub(super) id: &'a str,
    pub(super) calendar: u32,
    pub(super) duration_minutes: u32,
    pub(super) weight: u32,
    pub(super) release_at: DateTime<Utc>,
    pub(super) deadline_at: DateTime<Utc>,
    /// The task that it comes after.
    pub(super) after: Option<&'a str>,
}

impl<'a> Writer<'a> {
    /// A writer over a world in which these terminals (indices) get new tasks.
    pub(super) fn new(world: &'a World, groups: Groups, planned: impl Iterator<Item = u32>) -> Self {
        let grid = &world.grid;
        let mut builder = ProblemBuilder::new(grid.start(), grid.slot_minutes(), grid.slots());
        builder.visit_cost(VISIT_COST);
        Writer {
            world,
            written_groups: vec![None; groups.groups.len()],
            written_caps: HashMap::new(),
            groups,
            calendars: Calendars::default(),
            builder,
            written_calendars: HashMap::new(),
            written_profiles: HashMap::new(),
            always: None,
            contested: contested(world, planned),
            at_hand: Vec::new(),
        }
    }

    /// Whether a standing appointment may be moved at all: it has not begun, and there is time to tell its
    /// merchant of another time.
    pub(super) fn may_move(&self, index: usize, app: &App) -> bool {
        let row = &self.world.standing[index];
        row.is_movable
            && !row.emergency
            && row.starts_at.utc() >= self.earliest_move(row, app)
            && self.on_grid(row)
    }

    fn earliest_move(&self, row: &Standing, app: &App) -> DateTime<Utc> {
        let lead = i64::from(row.notice_lead_minutes) + i64::from(app.settings.announce_allowance_minutes);
        self.world.now + TimeDelta::minutes(lead)
    }

    fn on_grid(&self, row: &Standing) -> bool {
        let grid = &self.world.grid;
        let start = row.starts_at.utc();
        start >= grid.start() && grid.instant_of(grid.slot_floor(start)) == start
    }

    /// Adds a standing appointment, pinned unless it may move; whether it meets the horizon.
    pub(super) fn add_standing(
        &mut self,
        index: usize,
        movable: bool,
        app: &App,
        deadlines: &HashMap<i64, DateTime<Utc>>,
    ) -> bool {
        let world = self.world;
        let row = &world.standing[index];
        let Some(terminal) = world.index_of(row.terminal_id) else {
            return false;
        };
        let grid = &world.grid;
        let start = grid.slot_floor(row.starts_at.utc());
        let end = grid.slot_ceil(row.ends_at.utc()).min(grid.slots());
        if start >= end {
            return false;
        }
        let id = format!("appointment:{}", row.id);
        let (release, deadline, calendar) = if movable {
            let release = grid.slot_ceil(self.earliest_move(row, app));
            let deadline = deadlines.get(&row.id).map_or(grid.slots(), |at| grid.slot_floor(*at));
            (release, deadline.max(end), self.calendar(terminal))
        } else {
            (0, grid.slots(), self.always_open())
        };
        let groups = self.groups_of(terminal);
        let profile = self.profile(terminal);
        let entry = &world.terminals[terminal];
        self.builder.add_task(TaskInput {
            id: &id,
            duration: end - start,
            calendar,
            profile: Some(profile),
            volume: entry.volume,
            release: release.min(start),
            deadline,
            weight: 9,
            groups: &groups,
            site: Some(&world.site(entry).code),
            current: Some(start),
            pinned: !movable,
            after: &[],
        });
        self.at_hand = groups;
        true
    }

    /// Adds a task that is to be placed.
    pub(super) fn add_task(&mut self, task: NewTask<'_>) {
        let NewTask { terminal, id, calendar, duration_minutes, weight, release_at, deadline_at, after } =
            task;
        let world = self.world;
        let grid = &world.grid;
        let entry = &world.terminals[terminal];
        let after: Vec<(&str, u32)> = after.map(|id| (id, 0)).into_iter().collect();
        let groups = self.groups_of(terminal);
        let profile = self.profile(terminal);
        self.builder.add_task(TaskInput {
            id,
            duration: grid.slots_for_minutes(duration_minutes),
            calendar,
            profile: Some(profile),
            volume: entry.volume,
            release: grid.slot_ceil(release_at).min(grid.slots()),
            deadline: grid.slot_floor(deadline_at).min(grid.slots()),
            weight,
            groups: &groups,
            site: Some(&world.site(entry).code),
            current: None,
            pinned: false,
            after: &after,
        });
        self.at_hand = groups;
    }

    /// The longest time for which the terminal's site is open at a stretch, in slots.
    pub(super) fn longest_opening(&mut self, terminal: usize) -> u32 {
        let index = self.calendars.of(self.world, &self.world.terminals[terminal]);
        self.calendars.all()[index].open.iter().map(|[from, to]| to - from).max().unwrap_or(0)
    }

    /// The number of a terminal's calendar.
    pub(super) fn calendar(&mut self, terminal: usize) -> u32 {
        let index = self.calendars.of(self.world, &self.world.terminals[terminal]);
        if let Some(number) = self.written_calendars.get(&index) {
            return *number;
        }
        let SlotCalendar { open, cutoff_slots } = self.calendars.all()[index].clone();
        let open = open.into_iter().map(|[from, to]| (from, to)).collect();
        let id = format!("calendar-{index}");
        let number = self.builder.add_calendar(Calendar { id, open, cutoff_slots });
        self.written_calendars.insert(index, number);
        number
    }

    /// The calendar of appointments that stay where they are, whatever the windows say now.
    fn always_open(&mut self) -> u32 {
        if let Some(number) = self.always {
            return number;
        }
        let open = vec![(0, self.world.grid.slots())];
        let number = self.builder.add_calendar(Calendar { id: "always".to_owned(), open, cutoff_slots: 0 });
        self.always = Some(number);
        number
    }

    fn profile(&mut self, terminal: usize) -> u32 {
        let site = self.world.site(&self.world.terminals[terminal]);
        let key = (site.traffic_profile, site.time_zone);
        if let Some(number) = self.written_profiles.get(&key) {
            return *number;
        }
        let cost = site.traffic_profile.cost_per_slot(site.time_zone, &self.world.grid);
        let id = format!("{} {}", site.traffic_profile, site.time_zone);
        let number = self.builder.add_profile(Profile { id, cost });
        self.written_profiles.insert(key, number);
        number
    }

    /// The groups of a terminal's next task, in the vector that the task before has left.
    fn groups_of(&mut self, terminal: usize) -> Vec<u32> {
        let mut written = std::mem::take(&mut self.at_hand);
        written.clear();
        // A locked terminal is counted as down already.
        if self.world.locked.contains(&self.world.terminals[terminal].id) {
            return written;
        }
        written.extend(self.groups.of_terminal(terminal));
        for number in &mut written {
            *number = self.group(*number);
        }
        if let Some(own) = self.contested.get_mut(&terminal) {
            let id = format!("terminal:{}", self.world.terminals[terminal].serial);
            let builder = &mut self.builder;
            written.push(*own.get_or_insert_with(|| {
                builder.add_group(GroupInput { id: &id, kind: "terminal", cap: 1, caps: &[], down: 0 })
            }));
        }
        written
    }

    fn group(&mut self, number: u32) -> u32 {
        if let Some(written) = self.written_groups[number as usize] {
            return written;
        }
        let group = &self.groups.groups[number as usize];
        let (cap, caps) =
            self.written_caps.entry(std::sync::Arc::as_ptr(&group.cap)).or_insert_with(|| runs_of(group));
        let kind = group.grouping.to_string();
        let input = GroupInput { id: &group.id, kind: &kind, cap: *cap, caps, down: group.down };
        let written = self.builder.add_group(input);
        self.written_groups[number as usize] = Some(written);
        written
    }

    pub(super) fn finish(self) -> Result<Problem, Error> {
        self.builder.finish().map_err(|error| Error::Corrupt(format!("the problem cannot be built: {error}")))
    }
}

/// Terminals that are in more than one of the standing appointments and the new tasks: a group of one keeps
/// these apart.
fn contested(world: &World, planned: impl Iterator<Item = u32>) -> HashMap<usize, Option<u32>> {
    let standing = world.standing.iter().filter_map(|row| world.index_of(row.terminal_id));
    let mut tasks = vec![0_u8; world.terminals.len()];
    for terminal in standing.chain(planned.map(|terminal| terminal as usize)) {
        tasks[terminal] = tasks[terminal].saturating_add(1);
    }
    let contested = tasks.into_iter().enumerate().filter(|(_, count)| *count > 1);
    contested.map(|(terminal, _)| (terminal, None)).collect()
}

/// A cap in every slot as the widest cap and the runs in which it is narrower.
fn runs_of(group: &Group) -> (u32, Vec<CapRange>) {
    let widest = group.cap.iter().copied().max().unwrap_or(0);
    let mut runs: Vec<CapRange> = Vec::new();
    for (slot, cap) in (0..).zip(group.cap.iter().copied()) {
        if cap == widest {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.end == slot && run.cap == cap => run.end = slot + 1,
            _ => runs.push(CapRange { begin: slot, end: slot + 1, cap }),
        }
    }
    (widest, runs)
}
