//! Where it is crowded: in groups of one kind (regions, in a payment fleet), whose members make way for each other.

use std::collections::HashMap;

use super::board::Board;
use super::tables::{Count, NONE};

/// The members of one of these groups.
pub(super) struct Crowd {
    /// Who has a place and who waits for one, in the order of the problem.
    pub(super) tasks: Vec<u32>,
    /// The groups with a row in the ledger in which all of them count: their own, and the fleet, say.
    pub(super) groups: Vec<u32>,
}

/// The groups of the kind of which those who wait find the most slots full; only those in which somebody waits. Who
/// counts in two of them is in the first.
pub(super) fn crowds(board: &Board<'_>, waiting: &[u32]) -> Vec<Crowd> {
    let problem = board.tables.problem;
    let Some(kind) = most_crowded_kind(board, waiting) else { return Vec::new() };
    let mut groups: Vec<u32> = waiting.iter().filter_map(|&task| group_of_kind(board, task, kind)).collect();
    groups.sort_unstable_by_key(|&group| problem.group(group).id);
    groups.dedup();
    let mut crowd_of = vec![NONE; problem.group_count()];
    for (crowd, &group) in (0..).zip(&groups) {
        crowd_of[group as usize] = crowd;
    }
    let mut crowds: Vec<Crowd> =
        groups.iter().map(|_| Crowd { tasks: Vec::new(), groups: Vec::new() }).collect();
    for task in 0..board.tables.task_count() {
        let groups = problem.groups_of(task);
        let crowd = groups.iter().map(|&group| crowd_of[group as usize]).min();
        let Some(crowd) = crowds.get_mut(crowd.unwrap_or(NONE) as usize) else { continue };
        if crowd.tasks.is_empty() {
            let has_row = |group: &&u32| matches!(board.tables.count(**group), Count::Dense(_));
            crowd.groups.extend(groups.iter().filter(has_row));
        } else {
            crowd.groups.retain(|group| groups.binary_search(group).is_ok());
        }
        crowd.tasks.push(task);
    }
    crowds
}

fn most_crowded_kind<'p>(board: &Board<'p>, waiting: &[u32]) -> Option<&'p str> {
    let problem = board.tables.problem;
    let mut full: HashMap<&str, u64> = HashMap::new();
    for &task in waiting {
        let duration = problem.duration(task);
        for row in board.tables.rows(task) {
            let kind = problem.group(board.tables.dense[row as usize]).kind;
            let runs = board.tables.runs(task, problem.release(task), problem.deadline(task));
            let slots: u32 =
                runs.map(|(first, last)| board.ledger.full_count(row, first, last + duration)).sum();
            *full.entry(kind).or_default() += u64::from(slots);
        }
    }
    let fullest = full.into_iter().filter(|&(_, slots)| slots > 0).max_by_key(|&(kind, slots)| (slots, kind));
    fullest.map(|(kind, _)| kind)
}

fn group_of_kind(board: &Board<'_>, task: u32, kind: &str) -> Option<u32> {
    let problem = board.tables.problem;
    let is_row = |group: &u32| matches!(board.tables.count(*group), Count::Dense(_));
    problem.groups_of(task).iter().copied().filter(is_row).find(|&group| problem.group(group).kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::problem::{Calendar, GroupInput, ProblemBuilder, TaskInput};
    use crate::planner::tables::Tables;

    #[test]
    fn the_kind_that_is_fullest_and_of_it_the_groups_in_which_somebody_waits() {
        let mut builder = ProblemBuilder::new(chrono::DateTime::UNIX_EPOCH, 15, 10);
        builder.add_calendar(Calendar { id: "c".into(), open: vec![(0, 10)], cutoff_slots: 0 });
        // Fleet, two regions, two hosts; the regions are full when ten are down in each.
        let groups = [
            ("all", "fleet", 60),
            ("n", "region", 1),
            ("s", "region", 1),
            ("h", "host", 30),
            ("i", "host", 30),
        ];
        for (id, kind, cap) in groups {
            builder.add_group(GroupInput { id, kind, cap, caps: &[], down: 0 });
        }
        for task in 0..80u32 {
            builder.add_task(TaskInput {
                id: &format!("T{task}"),
                duration: 1,
                calendar: 0,
                profile: None,
                volume: 0,
                release: 0,
                deadline: 10,
                weight: 1,
                groups: &[0, 1 + task / 40, 3 + task % 2],
                site: None,
                current: None,
                pinned: false,
                after: &[],
            });
        }
        let problem = builder.finish().expect("valid");
        let tables = Tables::new(&problem);
        let starts: Vec<u32> = (0..80).map(|task| if task % 40 < 10 { task % 40 } else { NONE }).collect();
        let board = Board::of(&tables, &starts);
        let crowds = crowds(&board, &[79]);
        assert_eq!(crowds.len(), 1);
        assert_eq!(crowds[0].tasks, (40..80).collect::<Vec<u32>>());
        assert_eq!(crowds[0].groups, [0, 2]);
    }
}
