//! One rule of planning a test: what must be kept, what is preferred, and what is said when it cannot be.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use offpeak::checker;
use offpeak::domain::plan_file::{Change, Plan, Reason, Unplaced};
use offpeak::planner::{self, Effort, Outcome, Progress, SolveOptions, Watch};

use crate::planner_cases::{Case, group, solve, task, three_evenings, tight};

fn solved(case: &Case) -> Outcome {
    let problem = case.build();
    let outcome = solve(&problem);
    assert_eq!(checker::check(&problem, &outcome.plan), []);
    outcome
}

fn only_unplaced(plan: &Plan) -> &Unplaced {
    let [entry] = plan.unplaced.as_slice() else { panic!("one task has no place: {:?}", plan.unplaced) };
    entry
}

/// Tasks of two slots in one group.
fn crowd(count: usize, cap: u32) -> Case {
    let mut case = three_evenings();
    case.groups.push(group("cell", cap));
    for _ in 0..count {
        let mut each = task(&case);
        each.groups = vec![0];
        case.tasks.push(each);
    }
    case
}

#[test]
fn takes_the_cheapest_legal_start() {
    let mut case = three_evenings();
    case.tasks.push(task(&case));
    let plan = solved(&case).plan;
    assert_eq!(plan.starts, [Some(80)]);
    assert_eq!(plan.metrics.disruption, 90 + 91);
    assert_eq!(plan.metrics.bound.disruption_lower, 181);
}

#[test]
fn nothing_starts_past_the_cutoff_before_the_release_or_too_late_for_the_deadline() {
    let mut case = three_evenings();
    case.calendars[0].1 = 14;
    case.costs.reverse();
    case.tasks.push(task(&case));
    assert_eq!(solved(&case).plan.starts, [Some(82)], "the cutoff leaves 80 to 82; later is cheaper now");
    case.tasks[0].release = 100;
    case.tasks[0].deadline = 180;
    assert_eq!(solved(&case).plan.starts, [Some(178)]);
}

#[test]
fn a_full_group_pushes_the_others_on() {
    let plan = solved(&crowd(8, 1)).plan;
    let mut starts: Vec<u32> = plan.starts.iter().flatten().copied().collect();
    starts.sort_unstable();
    assert!(starts.windows(2).all(|pair| pair[0] + 2 <= pair[1]));
    assert_eq!(plan.metrics.placed, 8);
}

#[test]
fn a_budget_that_is_too_small_is_named_with_what_would_help() {
    let mut case = crowd(9, 1);
    case.calendars[0].0.truncate(1);
    let outcome = solved(&case);
    let entry = only_unplaced(&outcome.plan);
    assert_eq!(entry.reason, Reason::BudgetFull);
    assert_eq!(entry.groups, ["g0"]);
    assert_eq!(entry.change, Some(Change::GroupCap { group: "g0".into(), cap_add: 1 }));
    let [raise, open] = outcome.report.relaxations.as_slice() else { panic!("two relaxations") };
    assert_eq!((raise.tasks, raise.weight), (1, 1));
    assert_eq!(raise.sentence(&case.build()), "raising g0 from 1 to 2: 1 more");
    assert_eq!(open.sentence(&case.build()), "one more opening [0, 16) a week in c0: 1 more");
    case.groups[0].kind = "site";
    assert_eq!(only_unplaced(&solved(&case).plan).reason, Reason::SiteRule);
}

#[test]
fn the_heavier_task_gets_the_last_place() {
    let mut case = crowd(9, 1);
    case.calendars[0].0.truncate(1);
    for (number, each) in case.tasks.iter_mut().enumerate() {
        each.weight = if number == 4 { 1 } else { 5 };
    }
    let plan = solved(&case).plan;
    assert_eq!(plan.starts[4], None);
    assert_eq!(plan.metrics.weight_placed, 40);
}

#[test]
fn locked_terminals_and_cap_ranges_count() {
    let mut case = crowd(1, 2);
    case.groups[0].down = 1;
    case.groups[0].caps = vec![(80, 90, 1)];
    assert_eq!(solved(&case).plan.starts, [Some(176)], "full until 90; the next evening is cheaper than 90");
    case.groups[0].caps = vec![(0, 288, 1)];
    let plan = solved(&case).plan;
    assert_eq!(only_unplaced(&plan).reason, Reason::BudgetFull);
    assert_eq!(plan.metrics.bound.weight_upper, 0, "no plan can place it");
}

#[test]
fn no_opening_comes_with_the_nearest_remedy() {
    let mut case = three_evenings();
    case.tasks.push(task(&case));
    case.tasks[0].release = 100;
    case.tasks[0].deadline = 170;
    let entry = only_unplaced(&solved(&case).plan).clone();
    assert_eq!(entry.reason, Reason::NoOpening);
    assert_eq!(entry.change, Some(Change::Release { release_subtract_slots: 6 }));
    case.tasks[0].deadline = 177;
    let entry = only_unplaced(&solved(&case).plan).clone();
    assert_eq!(entry.change, Some(Change::Deadline { deadline_add_slots: 1 }));
    case.calendars[0].0.clear();
    let entry = only_unplaced(&solved(&case).plan).clone();
    assert_eq!(entry.change, Some(Change::Opening { opening: (100, 102) }));
}

#[test]
fn a_follower_waits_and_falls_with_its_predecessor() {
    let mut case = three_evenings();
    case.tasks = vec![task(&case), task(&case)];
    case.tasks[0].after = vec![(1, 90)];
    assert_eq!(solved(&case).plan.starts, [Some(176), Some(80)]);
    case.tasks[0].deadline = 180;
    case.costs.reverse();
    let plan = solved(&case).plan;
    assert_eq!(plan.metrics.placed, 2, "the predecessor keeps early enough for its follower: {plan:?}");
    case.tasks[1].deadline = 70;
    let plan = solved(&case).plan;
    assert_eq!(plan.unplaced[0].reason, Reason::AfterUnplaced);
    assert_eq!(plan.unplaced[0].change, Some(Change::Predecessor { predecessor: "T1".into() }));
    assert_eq!(plan.unplaced[1].reason, Reason::NoOpening);
}

#[test]
fn pinned_tasks_stay_even_where_nothing_may_be() {
    let mut case = crowd(3, 1);
    for number in [0, 1] {
        case.tasks[number].current = Some(10);
        case.tasks[number].pinned = true;
    }
    let plan = solved(&case).plan;
    assert_eq!(plan.starts, [Some(10), Some(10), Some(80)]);
    for number in [0, 1] {
        case.tasks[number].current = Some(80);
        case.tasks[number].duration = 16;
    }
    case.calendars[0].0.truncate(1);
    assert_eq!(only_unplaced(&solved(&case).plan).reason, Reason::PinnedConflict);
}

#[test]
fn an_announced_start_is_kept_though_another_is_cheaper() {
    let mut case = crowd(3, 1);
    case.tasks[0].current = Some(90);
    case.tasks[1].current = Some(91);
    let plan = solved(&case).plan;
    assert_eq!(plan.metrics.moved, 1, "only one of two that overlap has to move");
    assert!(plan.starts[0] == Some(90) || plan.starts[1] == Some(91));
}

#[test]
fn an_announced_task_gives_way_to_weight_alone() {
    let mut case = crowd(2, 1);
    case.tasks[0].current = Some(80);
    case.tasks[1].deadline = 82;
    case.tasks[1].release = 80;
    let plan = solved(&case).plan;
    assert_eq!(plan.starts[1], Some(80));
    assert_eq!((plan.metrics.placed, plan.metrics.moved), (2, 1));
}

#[test]
fn a_site_is_visited_in_one_night_where_the_budgets_allow_it() {
    let mut case = crowd(6, 1);
    case.calendars = vec![(vec![(80, 96), (176, 192)], 0)];
    for each in &mut case.tasks {
        each.site = Some(0);
    }
    assert_eq!(solved(&case).plan.metrics.visits, 2, "two evenings are cheaper than one long one");
    case.visit_cost = 10_000;
    let plan = solved(&case).plan;
    assert_eq!(plan.metrics.visits, 1);
    assert!(plan.metrics.bound.disruption_lower >= 9_999);
}

#[test]
fn work_spreads_over_equally_cheap_slots() {
    let mut case = three_evenings();
    case.costs = vec![1; 288];
    case.groups.push(group("fleet", 20));
    for _ in 0..24 {
        let mut each = task(&case);
        each.groups = vec![0];
        case.tasks.push(each);
    }
    let problem = case.build();
    let plan = solved(&case).plan;
    let peak = planner::group_load(&problem, &plan.starts, 0).iter().map(|&(down, _)| down).max();
    assert_eq!(peak, Some(1), "24 tasks of 2 slots fit into 48 slots without meeting");
}

/// A watch on which every look takes a millisecond.
#[derive(Default)]
struct TickingWatch {
    looks: AtomicU64,
    cancel_after: Option<u64>,
    told: AtomicU64,
}

impl Watch for TickingWatch {
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.looks.fetch_add(1, Ordering::Relaxed))
    }

    fn cancelled(&self) -> bool {
        self.cancel_after.is_some_and(|after| self.looks.fetch_add(1, Ordering::Relaxed) >= after)
    }

    fn progress(&self, progress: Progress) {
        assert!(progress.placed <= progress.tasks);
        self.told.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn cut_short_it_still_gives_a_legal_plan() {
    let problem = tight(7, 200).build();
    for effort in [Effort::Fast, Effort::Standard, Effort::Best] {
        for milliseconds in [0, 1, 5, 50] {
            let limit = Duration::from_millis(milliseconds);
            let options = SolveOptions { effort, time_limit: Some(limit), ..SolveOptions::default() };
            let watch = TickingWatch::default();
            let outcome = planner::solve(&problem, &options, &watch);
            assert!(outcome.cut_short || effort == Effort::Fast);
            assert_eq!(checker::check(&problem, &outcome.plan), [], "{effort:?} {milliseconds}");
            assert!(watch.told.load(Ordering::Relaxed) >= 3);
        }
    }
    let watch = TickingWatch { cancel_after: Some(3), ..TickingWatch::default() };
    let outcome = planner::solve(&problem, &SolveOptions::default(), &watch);
    assert!(outcome.cut_short);
    assert_eq!(checker::check(&problem, &outcome.plan), []);
}

/// A task without weight can be pushed out and placed again for ever; the planner must not take that for gain.
#[test]
fn tasks_without_weight_do_not_keep_the_planner_busy() {
    let mut case = crowd(12, 1);
    case.calendars[0].0.truncate(1);
    for each in case.tasks.iter_mut().skip(6) {
        each.weight = 0;
    }
    for effort in [Effort::Fast, Effort::Standard] {
        let problem = case.build();
        let options = SolveOptions { effort, ..SolveOptions::default() };
        let plan = planner::solve(&problem, &options, &planner::StoppedWatch).plan;
        assert_eq!(checker::check(&problem, &plan), []);
        assert_eq!(plan.metrics.weight_placed, 6);
    }
}

/// A cap that is open only in a range must not open what another group forbids there.
#[test]
fn ranges_of_one_group_leave_the_other_groups_alone() {
    let mut case = crowd(1, 0);
    case.groups[0].caps = vec![(80, 96, 1)];
    case.groups.insert(0, group("cell", 1));
    case.groups[0].caps = vec![(80, 90, 0)];
    case.tasks[0].groups = vec![0, 1];
    assert_eq!(solved(&case).plan.starts, [Some(90)]);
}
