//! The problem as it would be if one change were granted.

use std::sync::OnceLock;

use super::{Calendar, Problem};
use crate::domain::plan_file::Change;

impl Calendar {
    /// The same calendar, open in these runs of slots as well. Runs that overlap become one opening; runs that
    /// only touch stay two.
    #[must_use]
    pub fn opened(&self, openings: impl IntoIterator<Item = (u32, u32)>) -> Calendar {
        let mut all: Vec<(u32, u32)> = self.open.iter().copied().chain(openings).collect();
        all.sort_unstable();
        let mut open: Vec<(u32, u32)> = Vec::with_capacity(all.len());
        for (begin, end) in all {
            match open.last_mut() {
                Some(last) if begin < last.1 => last.1 = last.1.max(end),
                _ => open.push((begin, end)),
            }
        }
        Calendar { id: self.id.clone(), open, cutoff_slots: self.cutoff_slots }
    }
}

impl Problem {
    /// The same opening once a week, as often as it lies inside the horizon as a whole.
    pub fn weekly(&self, opening: (u32, u32)) -> impl Iterator<Item = (u32, u32)> + use<> {
        let week = 7 * self.slots_per_day();
        let (first, length) = (opening.0 % week, opening.1 - opening.0);
        let slots = self.slots();
        (first..slots)
            .step_by(week as usize)
            .map(move |begin| (begin, begin + length))
            .filter(move |&(_, end)| end <= slots)
    }

    /// The problem with a change made for one task, as a plan names it for a task without a place: its deadline,
    /// its release, its own copy of its calendar. Caps are raised for everybody. `None` where a name is unknown
    /// or nothing in the problem is to be changed (a predecessor's place is the plan's affair).
    pub fn with_change_for(&self, task: u32, change: &Change) -> Option<Problem> {
        let at = task as usize;
        let slots = self.slots;
        let mut changed = match change {
            Change::GroupCap { .. } | Change::GroupCaps { .. } => return self.with_caps(change),
            _ => self.copy(),
        };
        match change {
            Change::Deadline { deadline_add_slots } => {
                let deadline = &mut changed.tasks.deadline[at];
                *deadline = deadline.saturating_add(*deadline_add_slots).min(slots);
            }
            Change::Release { release_subtract_slots } => {
                let release = &mut changed.tasks.release[at];
                *release = release.saturating_sub(*release_subtract_slots);
            }
            Change::Opening { opening } if opening.0 < opening.1 && opening.1 <= slots => {
                let mut own = self.calendar(task).opened([*opening]);
                while changed.calendars.iter().any(|calendar| calendar.id == own.id) {
                    own.id.push('+');
                }
                changed.tasks.calendar[at] = changed.calendars.len() as u32;
                changed.calendars.push(own);
            }
            _ => return None,
        }
        Some(changed)
    }

    /// The problem with a change made for everybody, as a report counts it: all deadlines, all releases, or the
    /// opening every week in the calendar that is named. `None` as for one task.
    pub fn with_change_for_all(&self, change: &Change, calendar: Option<&str>) -> Option<Problem> {
        let slots = self.slots;
        let mut changed = match change {
            Change::GroupCap { .. } | Change::GroupCaps { .. } => return self.with_caps(change),
            _ => self.copy(),
        };
        match change {
            Change::Deadline { deadline_add_slots } => {
                for deadline in &mut changed.tasks.deadline {
                    *deadline = deadline.saturating_add(*deadline_add_slots).min(slots);
                }
            }
            Change::Release { release_subtract_slots } => {
                for release in &mut changed.tasks.release {
                    *release = release.saturating_sub(*release_subtract_slots);
                }
            }
            Change::Opening { opening } if opening.0 < opening.1 && opening.1 <= slots => {
                let number = self.calendars.iter().position(|known| Some(known.id.as_str()) == calendar)?;
                changed.calendars[number] = self.calendars[number].opened(self.weekly(*opening));
            }
            _ => return None,
        }
        Some(changed)
    }

    fn with_caps(&self, change: &Change) -> Option<Problem> {
        let (names, cap_add) = match change {
            Change::GroupCap { group, cap_add } => (std::slice::from_ref(group), *cap_add),
            Change::GroupCaps { groups, cap_add } => (groups.as_slice(), *cap_add),
            _ => return None,
        };
        let mut changed = self.copy();
        for name in names {
            let at = (0..self.group_count()).find(|&at| self.groups.ids.get(at) == name)?;
            let columns = &mut changed.groups;
            columns.cap[at] = columns.cap[at].saturating_add(cap_add);
            let ranges = columns.cap_offsets[at] as usize..columns.cap_offsets[at + 1] as usize;
            for range in &mut columns.caps[ranges] {
                range.cap = range.cap.saturating_add(cap_add);
            }
        }
        Some(changed)
    }

    /// The same problem, to be changed in ways that leave it valid.
    fn copy(&self) -> Problem {
        Problem {
            start: self.start,
            slot_minutes: self.slot_minutes,
            slots: self.slots,
            visit_cost: self.visit_cost,
            calendars: self.calendars.clone(),
            profiles: self.profiles.clone(),
            groups: self.groups.clone(),
            tasks: self.tasks.clone(),
            sha256: OnceLock::new(),
        }
    }
}
