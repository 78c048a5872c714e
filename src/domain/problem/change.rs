//! The problem as it would be if one change were granted.

use std::sync::OnceLock;

use std::sync::Arc;

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
                let deadline = self.deadline(task).saturating_add(*deadline_add_slots).min(slots);
                changed.tasks.deadline.set(at, deadline);
            }
            Change::Release { release_subtract_slots } => {
                let release = self.release(task).saturating_sub(*release_subtract_slots);
                changed.tasks.release.set(at, release);
            }
            Change::Opening { opening } if opening.0 < opening.1 && opening.1 <= slots => {
                let mut own = self.calendar(task).opened([*opening]);
                while changed.calendars.iter().any(|calendar| calendar.id == own.id) {
                    own.id.push('+');
                }
                changed.tasks.calendar.set(at, changed.calendars.len() as u32);
                Arc::make_mut(&mut changed.calendars).push(own);
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
                let later = |deadline: u32| deadline.saturating_add(*deadline_add_slots).min(slots);
                changed.tasks.deadline = changed.tasks.deadline.map(later);
            }
            Change::Release { release_subtract_slots } => {
                let earlier = |release: u32| release.saturating_sub(*release_subtract_slots);
                changed.tasks.release = changed.tasks.release.map(earlier);
            }
            Change::Opening { opening } if opening.0 < opening.1 && opening.1 <= slots => {
                let number = self.calendars.iter().position(|known| Some(known.id.as_str()) == calendar)?;
                Arc::make_mut(&mut changed.calendars)[number] =
                    self.calendars[number].opened(self.weekly(*opening));
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
            columns.cap.set(at, columns.cap.get(at).saturating_add(cap_add));
            let ranges = columns.cap_offsets.get(at) as usize..columns.cap_offsets.get(at + 1) as usize;
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

#[cfg(test)]
mod tests {
    use super::super::{CapRange, GroupInput, ProblemBuilder, TaskInput};
    use super::*;

    /// Fifteen days of hours; two tasks in one calendar and one group.
    fn problem() -> Problem {
        let mut builder = ProblemBuilder::new(chrono::DateTime::UNIX_EPOCH, 60, 15 * 24);
        builder.add_calendar(Calendar { id: "nights".into(), open: vec![(2, 5), (5, 8)], cutoff_slots: 1 });
        let caps = [CapRange { begin: 0, end: 9, cap: u32::MAX }];
        builder.add_group(GroupInput { id: "cell", kind: "cell", cap: 2, caps: &caps, down: 0 });
        for id in ["T0", "T1"] {
            builder.add_task(TaskInput {
                id,
                duration: 2,
                calendar: 0,
                profile: None,
                volume: 0,
                release: 10,
                deadline: 100,
                weight: 1,
                groups: &[0],
                site: None,
                current: None,
                pinned: false,
                after: &[],
            });
        }
        builder.finish().expect("valid")
    }

    fn again(problem: &Problem) -> Problem {
        let mut bytes = Vec::new();
        problem.write(&mut bytes).expect("a vector takes it");
        Problem::read(bytes.as_slice()).expect("what was changed is as valid as before")
    }

    #[test]
    fn dates_change_for_one_or_for_all_and_stop_at_the_horizon() {
        let problem = problem();
        let later = Change::Deadline { deadline_add_slots: 1000 };
        let earlier = Change::Release { release_subtract_slots: 4 };
        let one = again(&problem.with_change_for(1, &later).expect("known"));
        assert_eq!([one.deadline(0), one.deadline(1)], [100, 360]);
        assert_ne!(one.sha256(), problem.sha256());
        let all = again(&problem.with_change_for_all(&later, None).expect("known"));
        assert_eq!([all.deadline(0), all.deadline(1)], [360, 360]);
        let one = again(&problem.with_change_for(0, &earlier).expect("known"));
        assert_eq!([one.release(0), one.release(1)], [6, 10]);
        let all = again(&problem.with_change_for_all(&earlier, None).expect("known"));
        assert_eq!([all.release(0), all.release(1)], [6, 6]);
    }

    #[test]
    fn caps_are_raised_with_their_ranges() {
        let problem = problem();
        let raise = |group: &str| Change::GroupCap { group: group.into(), cap_add: 3 };
        let changed = again(&problem.with_change_for(0, &raise("cell")).expect("known"));
        assert_eq!((changed.group(0).cap, changed.group(0).caps[0].cap), (5, u32::MAX));
        assert!(problem.with_change_for(0, &raise("nobody")).is_none());
        let both = Change::GroupCaps { groups: vec!["cell".into(), "nobody".into()], cap_add: 1 };
        assert!(problem.with_change_for_all(&both, None).is_none());
        let wait = Change::Predecessor { predecessor: "T1".into() };
        assert!(problem.with_change_for(0, &wait).is_none());
    }

    #[test]
    fn openings_join_what_they_overlap_and_leave_apart_what_they_touch() {
        let problem = problem();
        let open = |begin, end| Change::Opening { opening: (begin, end) };
        let one = again(&problem.with_change_for(1, &open(8, 10)).expect("known"));
        assert_eq!(one.calendar(0).open, [(2, 5), (5, 8)]);
        assert_eq!(one.calendar(1).open, [(2, 5), (5, 8), (8, 10)]);
        let one = again(&problem.with_change_for(1, &open(4, 6)).expect("known"));
        assert_eq!(one.calendar(1).open, [(2, 8)]);
        let all = again(&problem.with_change_for_all(&open(178, 181), Some("nights")).expect("known"));
        assert_eq!(all.calendar(0).open, [(2, 5), (5, 8), (10, 13), (178, 181), (346, 349)]);
        assert!(problem.with_change_for_all(&open(178, 181), Some("days")).is_none());
        assert!(problem.with_change_for(1, &open(359, 361)).is_none(), "beyond the horizon");
    }
}
