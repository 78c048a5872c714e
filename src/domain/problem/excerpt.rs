//! Some tasks of a problem as a problem of their own, in an order of the caller's choice.
//!
//! A planner divides its work so: by region, or to a sample. Names of tasks, groups and sites are left out, and
//! sites at all where visits cost nothing; calendars and profiles are shared, and every group may be given another
//! cap.

use std::sync::{Arc, OnceLock};

use super::{After, CapRange, Column, GroupColumns, IdArena, NONE, Problem, TaskColumns};

/// One group of an excerpt.
#[derive(Debug, Clone)]
pub struct ExcerptGroup {
    /// Its number in the whole problem.
    pub group: u32,
    /// How many members may be down in a slot, and in which slots it is another number; `None` for what the
    /// whole problem says.
    pub room: Option<(u32, Vec<CapRange>)>,
}

impl Problem {
    /// The tasks named, each once, in this order; of their groups those that are named, in this order. A
    /// precedence stays when both its tasks are there.
    pub fn excerpt(&self, tasks: &[u32], groups: &[ExcerptGroup]) -> Problem {
        let mut new_number = vec![NONE; self.group_count()];
        let mut columns = GroupColumns {
            ids: IdArena::unnamed(groups.len()),
            kinds: self.groups.kinds.clone(),
            ..GroupColumns::default()
        };
        columns.cap_offsets.push(0);
        for (number, excerpt) in (0..).zip(groups) {
            let at = excerpt.group as usize;
            new_number[at] = number;
            let group = self.group(excerpt.group);
            columns.kind.push(self.groups.kind.get(at));
            match &excerpt.room {
                None => {
                    columns.cap.push(group.cap);
                    columns.down.push(group.down);
                    columns.caps.extend_from_slice(group.caps);
                }
                Some((cap, caps)) => {
                    columns.cap.push(*cap);
                    columns.down.push(0);
                    columns.caps.extend_from_slice(caps);
                }
            }
            columns.cap_offsets.push(columns.caps.len() as u32);
        }
        Problem {
            start: self.start,
            slot_minutes: self.slot_minutes,
            slots: self.slots,
            visit_cost: self.visit_cost,
            calendars: Arc::clone(&self.calendars),
            profiles: Arc::clone(&self.profiles),
            groups: columns,
            tasks: self.excerpt_tasks(tasks, &new_number),
            sha256: OnceLock::from(String::new()),
        }
    }

    /// The same problem with nothing announced; pinned tasks stay.
    pub fn unannounced(mut self) -> Problem {
        let pinned = std::mem::take(&mut self.tasks.pinned);
        let current = std::mem::take(&mut self.tasks.current);
        if let Some(&last) = pinned.last() {
            self.tasks.current.resize(last as usize + 1);
            for &task in &pinned {
                self.tasks.current.set(task as usize, current.get(task as usize));
            }
        }
        self.tasks.pinned = pinned;
        self
    }

    fn excerpt_tasks(&self, tasks: &[u32], new_group: &[u32]) -> TaskColumns {
        let whole = &self.tasks;
        let (site, sites) = match self.visit_cost {
            0 => (tasks.iter().map(|_| NONE).collect(), 0),
            _ => renumber_sites(&whole.site.pick(tasks), whole.sites.len()),
        };
        let pinned = (0..).zip(tasks).filter(|&(_, &task)| self.pinned(task)).map(|(number, _)| number);
        TaskColumns {
            ids: IdArena::unnamed(tasks.len()),
            duration: whole.duration.pick(tasks),
            calendar: whole.calendar.pick(tasks),
            profile: whole.profile.pick(tasks),
            volume: whole.volume.pick(tasks),
            release: whole.release.pick(tasks),
            deadline: whole.deadline.pick(tasks),
            weight: whole.weight.pick(tasks),
            groups: whole.groups.pick(tasks, new_group),
            sites: IdArena::unnamed(sites),
            site,
            current: if whole.current.is_empty() {
                Column::default()
            } else {
                let current = |&task: &u32| self.current(task).unwrap_or(NONE);
                tasks.iter().map(current).collect()
            },
            pinned: pinned.collect(),
            after: self.excerpt_precedences(tasks),
        }
    }

    fn excerpt_precedences(&self, tasks: &[u32]) -> Vec<After> {
        if self.tasks.after.is_empty() {
            return Vec::new();
        }
        let mut numbers = vec![NONE; self.task_count()];
        for (number, &task) in (0..).zip(tasks) {
            numbers[task as usize] = number;
        }
        let mut after: Vec<After> = self
            .tasks
            .after
            .iter()
            .map(|edge| After {
                task: numbers[edge.task as usize],
                predecessor: numbers[edge.predecessor as usize],
                gap_slots: edge.gap_slots,
            })
            .filter(|edge| edge.task != NONE && edge.predecessor != NONE)
            .collect();
        after.sort_unstable_by_key(After::key);
        after
    }
}

/// Sites numbered by their first task, and how many there are.
fn renumber_sites(sites: &Column, whole: usize) -> (Column, usize) {
    let mut numbers = vec![NONE; whole];
    let mut count = 0;
    let renumbered = (0..sites.len())
        .map(|at| match sites.get(at) {
            NONE => NONE,
            site => {
                let number = &mut numbers[site as usize];
                if *number == NONE {
                    *number = count;
                    count += 1;
                }
                *number
            }
        })
        .collect();
    (renumbered, count as usize)
}

#[cfg(test)]
mod tests {
    use super::super::{Calendar, GroupInput, ProblemBuilder, TaskInput};
    use super::*;

    #[test]
    fn keeps_what_belongs_together_in_the_order_asked_for() {
        let mut builder = ProblemBuilder::new(chrono::DateTime::UNIX_EPOCH, 15, 96);
        builder.add_calendar(Calendar { id: "c".into(), open: vec![(0, 96)], cutoff_slots: 0 });
        for id in ["g0", "g1", "g2"] {
            builder.add_group(GroupInput { id, kind: "cell", cap: 7, caps: &[], down: 1 });
        }
        let after = [("T0", 2)];
        builder.visit_cost(1);
        for (task, id) in ["T0", "T1", "T2"].into_iter().enumerate() {
            builder.add_task(TaskInput {
                id,
                duration: task as u32 + 1,
                calendar: 0,
                profile: None,
                volume: 0,
                release: 0,
                deadline: 96,
                weight: task as u32,
                groups: &[0, task as u32 % 2 + 1],
                site: Some(["A", "B", "B"][task]),
                current: (task == 2).then_some(5),
                pinned: task == 2,
                after: if task == 2 { &after } else { &[] },
            });
        }
        let whole = builder.finish().expect("valid");
        let groups = [
            ExcerptGroup { group: 1, room: None },
            ExcerptGroup { group: 0, room: Some((3, vec![CapRange { begin: 0, end: 4, cap: 1 }])) },
        ];
        let part = whole.excerpt(&[2, 0], &groups);
        assert_eq!((part.task_count(), part.site_count(), part.group_count()), (2, 2, 2));
        assert_eq!((part.duration(0), part.duration(1)), (3, 1));
        assert_eq!(part.groups_of(0), [0, 1]);
        assert_eq!((part.group(0).room_at(0), part.group(1).room_at(0), part.group(1).room_at(4)), (6, 1, 3));
        assert_eq!(part.pinned_tasks(), [0]);
        assert_eq!((part.current(0), part.current(1)), (Some(5), None));
        assert_eq!(part.after_of(0), [After { task: 0, predecessor: 1, gap_slots: 2 }]);
    }
}
