//! Every reason and every named change is true: the change places the task with everybody else where they are,
//! a smaller one does not, and none of the kinds that are preferred would have done.

use std::time::Duration;

use offpeak::domain::plan_file::{Change, Plan, Reason};
use offpeak::domain::problem::Problem;
use offpeak::planner::{self, Effort, Outcome, Report, SolveOptions, StoppedWatch, Watch};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::planner_brute_force::BruteForce;
use crate::planner_cases::{Case, group, small, solve, task, three_evenings, tight};
use crate::planner_truth::{Down, Retold, breaches, legal_start};

/// More work than the budgets hold: caps a third below what a planted plan needs, deadlines before the end.
pub(crate) fn crowded(seed: u64, tasks: usize) -> Case {
    let mut case = tight(seed, tasks);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for group in &mut case.groups {
        if group.kind != "site" {
            group.cap = group.cap * 2 / 5;
        }
    }
    for each in &mut case.tasks {
        each.deadline = each.deadline.min(case.slots * 2 / 3 + random.random_range(0..96));
        each.release = each.release.min(each.deadline);
    }
    case
}

fn quick_outcome(problem: &Problem) -> Outcome {
    let options = SolveOptions { effort: Effort::Fast, ..SolveOptions::default() };
    planner::solve(problem, &options, &StoppedWatch)
}

fn quick(problem: &Problem) -> Plan {
    quick_outcome(problem).plan
}

fn number(name: &str) -> u32 {
    name[1..].parse().expect("a letter and a number")
}

/// Whether the task has a place after the change, with everybody else where they are.
fn does(problem: &Problem, plan: &Plan, task: u32, change: &Change) -> bool {
    let changed = problem.with_change_for(task, change).expect("names that the problem knows");
    legal_start(&changed, &plan.starts, task).is_some()
}

fn is_site(problem: &Problem, name: &str) -> bool {
    problem.group(number(name)).kind == "site"
}

/// Raising all these groups without end.
fn without_end(groups: &[String]) -> Change {
    Change::GroupCaps { groups: groups.to_vec(), cap_add: 1_000_000 }
}

/// Whether any change of a kind would do: 1 one budget, 2 dates, 3 several budgets, 4 an opening, 5 site groups.
fn kind_does(problem: &Problem, plan: &Plan, task: u32, kind: u8) -> bool {
    let groups: Vec<String> =
        problem.groups_of(task).iter().map(|&group| problem.group(group).id.to_owned()).collect();
    let budgets: Vec<String> = groups.iter().filter(|name| !is_site(problem, name)).cloned().collect();
    let does = |change: &Change| does(problem, plan, task, change);
    match kind {
        1 => budgets.iter().any(|group| does(&without_end(std::slice::from_ref(group)))),
        2 => {
            does(&Change::Deadline { deadline_add_slots: problem.slots() })
                || does(&Change::Release { release_subtract_slots: problem.slots() })
        }
        3 => does(&without_end(&budgets)),
        4 => does(&Change::Opening { opening: (0, problem.slots()) }),
        _ => does(&without_end(&groups)),
    }
}

/// Asserts that a change is true and least of its kind, and gives its kind.
fn assert_true_and_least(problem: &Problem, plan: &Plan, task: u32, change: &Change) -> u8 {
    let does = |change: &Change| does(problem, plan, task, change);
    assert!(does(change), "{change:?} does not place T{task}");
    match change {
        Change::GroupCap { group, cap_add } => {
            let less = Change::GroupCap { group: group.clone(), cap_add: cap_add - 1 };
            assert!(*cap_add == 1 || !does(&less), "{change:?}: less would do for T{task}");
            if is_site(problem, group) { 5 } else { 1 }
        }
        Change::GroupCaps { groups, cap_add } => {
            assert!(groups.len() > 1);
            let less = Change::GroupCaps { groups: groups.clone(), cap_add: cap_add - 1 };
            assert!(!does(&less), "{change:?}: less would do for T{task}");
            for left_out in groups {
                let fewer: Vec<String> = groups.iter().filter(|group| *group != left_out).cloned().collect();
                assert!(!does(&without_end(&fewer)), "{change:?}: T{task} does not need {left_out}");
            }
            if groups.iter().any(|group| is_site(problem, group)) { 5 } else { 3 }
        }
        Change::Deadline { deadline_add_slots: slots }
        | Change::Release { release_subtract_slots: slots } => {
            let by = |slots| match change {
                Change::Deadline { .. } => Change::Deadline { deadline_add_slots: slots },
                _ => Change::Release { release_subtract_slots: slots },
            };
            let other = |slots| match change {
                Change::Deadline { .. } => Change::Release { release_subtract_slots: slots },
                _ => Change::Deadline { deadline_add_slots: slots },
            };
            assert!(*slots == 1 || !does(&by(slots - 1)), "{change:?}: less would do for T{task}");
            assert!(
                *slots == 1 || !does(&other(slots - 1)),
                "{change:?}: the other date is nearer for T{task}"
            );
            2
        }
        Change::Opening { opening: (begin, end) } => {
            let calendar = problem.calendar(task);
            let apart = calendar.open.iter().all(|&(from, until)| until <= *begin || *end <= from);
            let shorter = Change::Opening { opening: (*begin, end - 1) };
            assert!(!apart || end - begin == 1 || !does(&shorter), "{change:?}: less would do for T{task}");
            let length = problem.duration(task).max(calendar.cutoff_slots);
            assert_eq!(end - begin, length);
            // Wherever else it opens, the task cannot start any earlier.
            for from in problem.release(task)..(problem.slots() + 1).saturating_sub(length) {
                let elsewhere = Change::Opening { opening: (from, from + length) };
                let changed = problem.with_change_for(task, &elsewhere).unwrap();
                assert!(legal_start(&changed, &plan.starts, task).is_none_or(|start| start >= *begin));
            }
            4
        }
        Change::Predecessor { .. } => unreachable!("nothing in the problem is changed for it"),
    }
}

/// With its predecessor as early as its calendar and release allow, the task has a place.
fn assert_predecessor_is_the_matter(problem: &Problem, plan: &Plan, task: u32, name: &str) {
    let before = number(name);
    let calendar = problem.calendar(before);
    let tail = problem.duration(before).max(calendar.cutoff_slots);
    let release = problem.release(before);
    let first = (release..problem.slots())
        .find(|&start| calendar.open.iter().any(|&(begin, end)| begin <= start && start + tail <= end))
        .unwrap_or(release);
    let mut starts = plan.starts.clone();
    assert!(starts[before as usize].is_none_or(|start| start > first));
    starts[before as usize] = None;
    let down = Down::of(problem, &plan.starts);
    starts[before as usize] = Some(first);
    assert!(!down.legal_starts(problem, &starts, task).is_empty(), "{name} is not what keeps T{task} out");
}

fn assert_explained(problem: &Problem, plan: &Plan) -> [u32; 7] {
    let mut kinds = [0; 7];
    for entry in &plan.unplaced {
        let task = number(&entry.task);
        assert_eq!(legal_start(problem, &plan.starts, task), None, "{entry:?} has a place as things stand");
        let kind = match &entry.change {
            Some(Change::Predecessor { predecessor }) => {
                assert_predecessor_is_the_matter(problem, plan, task, predecessor);
                6
            }
            Some(change) => assert_true_and_least(problem, plan, task, change),
            None => 6,
        };
        for preferred in 1..kind {
            assert!(
                !kind_does(problem, plan, task, preferred),
                "{entry:?}: kind {preferred} would have done"
            );
        }
        kinds[if entry.change.is_none() { 0 } else { usize::from(kind) }] += 1;
        let site = entry.groups.iter().any(|group| is_site(problem, group));
        match entry.reason {
            Reason::BudgetFull => assert!(!entry.groups.is_empty() && !site),
            Reason::SiteRule => assert!(site),
            Reason::NoOpening | Reason::AfterUnplaced => assert!(entry.groups.is_empty()),
            Reason::PinnedConflict => {}
        }
    }
    kinds
}

#[test]
fn every_named_change_is_true_and_the_least_of_the_first_kind_that_does() {
    let mut kinds = [0; 7];
    for seed in 0..1000 {
        let problem = small(seed, 4 + seed as usize % 11).build();
        let plan = if seed % 5 == 0 { solve(&problem).plan } else { quick(&problem) };
        let more = assert_explained(&problem, &plan);
        kinds.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }
    assert!(kinds.iter().all(|&count| count >= 10), "every kind is met: {kinds:?}");
}

/// Somebody who wants the plan at once.
struct InAHurry;

impl Watch for InAHurry {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn cancelled(&self) -> bool {
        true
    }
}

/// A thousand entries of over-full fleets, of plans that were cut short at that: the change is made, and a legal
/// start is there that was not there before.
#[test]
fn changes_of_an_overfull_fleet_are_true() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut looked_at = 0;
    for seed in 0..4 {
        let problem = crowded(seed, 1500).build();
        let options = SolveOptions { effort: Effort::Fast, ..SolveOptions::default() };
        let plan = planner::solve(&problem, &options, &InAHurry).plan;
        assert_eq!(breaches(&problem, &plan.starts), [""; 0]);
        let down = Down::of(&problem, &plan.starts);
        let mut entries: Vec<_> = plan.unplaced.iter().collect();
        entries.shuffle(&mut random);
        for entry in entries.into_iter().take(250) {
            let task = number(&entry.task);
            let change = entry.change.as_ref().unwrap_or_else(|| panic!("no remedy: {entry:?}"));
            let changed = problem.with_change_for(task, change).unwrap();
            let start = *down.legal_starts(&changed, &plan.starts, task).first().expect("a start");
            assert!(down.legal_starts(&problem, &plan.starts, task).is_empty());
            looked_at += 1;
            if looked_at % 10 == 0 {
                let mut starts = plan.starts.clone();
                starts[task as usize] = Some(start);
                assert_eq!(breaches(&changed, &starts), [""; 0]);
            }
        }
    }
    assert_eq!(looked_at, 1000);
}

/// Planning again with the change made, and the plan announced, places at least as much more.
#[test]
fn planning_again_with_a_change_places_the_task_or_one_of_equal_weight() {
    for seed in 0..3 {
        let problem = crowded(seed, 150).build();
        let plan = quick(&problem);
        for entry in plan.unplaced.iter().take(15) {
            let task = number(&entry.task);
            let Some(change) = &entry.change else { continue };
            let changed = problem.with_change_for(task, change).unwrap();
            let again = quick(&Retold::new(&changed).announced(&plan.starts).build()).metrics.weight_placed;
            let said = plan.metrics.weight_placed + u64::from(problem.weight(task));
            assert!(again >= said, "{entry:?}: {again} < {said}");
        }
    }
}

/// The changes of a report, each with the tasks and the weight that it is said to place.
fn said(report: &Report) -> Vec<(&Change, Option<&str>, u64, u64)> {
    let all = report.relaxations.iter().flat_map(|each| {
        let calendar = each.calendar.as_deref();
        let more = each.more.iter().map(move |more| (&more.change, calendar, more.tasks, more.weight));
        std::iter::once((&each.change, calendar, each.tasks, each.weight)).chain(more)
    });
    all.collect()
}

/// Planning again with a change granted gives what was said: always with the starts announced, and for some of
/// the changes also anew, with the search that takes its time.
#[test]
fn relaxations_place_at_least_what_they_say() {
    let (mut seen, mut anew) = (0, 0);
    for seed in 0..10 {
        let problem = crowded(seed, 160).build();
        let outcome = quick_outcome(&problem);
        for (change, calendar, tasks, weight) in said(&outcome.report) {
            assert!(tasks > 0);
            let said = outcome.plan.metrics.weight_placed + weight;
            let changed = problem.with_change_for_all(change, calendar).unwrap();
            let announced = Retold::new(&changed).announced(&outcome.plan.starts).build();
            let again = quick(&announced).metrics.weight_placed;
            assert!(again >= said, "seed {seed} {change:?}: {again} < {said}");
            if seen % 8 == 0 {
                let again = solve(&changed).plan.metrics.weight_placed;
                assert!(again >= said, "seed {seed} {change:?} anew: {again} < {said}");
                anew += 1;
            }
            seen += 1;
        }
    }
    assert!(seen >= 30 && anew >= 3, "{seen} relaxations, {anew} planned anew");
}

/// On small problems brute force says how much a change really makes possible.
#[test]
fn relaxations_never_say_more_than_is_possible() {
    let mut seen = 0;
    for seed in 0..600 {
        let problem = small(seed, 5).build();
        let outcome = quick_outcome(&problem);
        for (change, calendar, _, weight) in said(&outcome.report) {
            let changed = problem.with_change_for_all(change, calendar).unwrap();
            let most = BruteForce::run(&changed).most_weight();
            assert!(outcome.plan.metrics.weight_placed + weight <= most, "seed {seed} {change:?}");
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen} relaxations");
}

#[test]
fn a_raise_counts_what_fits_together() {
    // Eight pairs of slots an evening, one group: 20 tasks of two slots, and room for eight of them.
    let mut case = three_evenings();
    case.calendars[0].0.truncate(1);
    case.groups.push(group("cell", 1));
    for _ in 0..20 {
        let mut each = task(&case);
        each.groups = vec![0];
        case.tasks.push(each);
    }
    let problem = case.build();
    let outcome = solve(&problem);
    assert_eq!(outcome.plan.metrics.placed, 8);
    let raise = &outcome.report.relaxations[0];
    assert_eq!(raise.sentence(&problem), "raising g0 from 1 to 2: 8 more; to 3: 12 more");
}

/// Site rules are not proposed while anything else would do.
#[test]
fn a_site_rule_is_the_last_thing_to_be_raised() {
    let mut case = three_evenings();
    case.groups.push(group("site", 0));
    let mut only = task(&case);
    only.groups = vec![0];
    case.tasks.push(only);
    case.groups[0].caps = vec![(0, 50, 1)];
    let plan = solve(&case.build()).plan;
    assert_eq!(plan.unplaced[0].reason, Reason::SiteRule);
    assert_eq!(plan.unplaced[0].change, Some(Change::Opening { opening: (0, 2) }));
    case.groups[0].caps.clear();
    let plan = solve(&case.build()).plan;
    assert_eq!(plan.unplaced[0].change, Some(Change::GroupCap { group: "g0".into(), cap_add: 1 }));
}
