//! Plans broken on purpose, one rule at a time: each must be found, with its code, task, group and slot.

use offpeak::checker::{self, Code, Finding};
use offpeak::domain::plan_file::{Plan, Reason, Unplaced};
use offpeak::domain::problem::Problem;

use crate::planner_cases::{Case, group, solve, task, three_evenings};

/// Six tasks: T0 pinned, T1 after T2, T3 and T4 in one cell, T5 without an opening.
fn case() -> Case {
    let mut case = three_evenings();
    case.calendars[0].1 = 4;
    case.calendars.push((Vec::new(), 0));
    case.visit_cost = 7;
    case.groups = vec![group("fleet", 4), group("cell", 1), group("site", 1)];
    case.tasks = vec![task(&case); 6];
    case.tasks[0].current = Some(3);
    case.tasks[0].pinned = true;
    case.tasks[1].after = vec![(2, 5)];
    case.tasks[1].release = 85;
    case.tasks[2].current = Some(82);
    case.tasks[3].deadline = 192;
    for each in &mut case.tasks {
        each.groups = vec![0];
        each.site = Some(0);
    }
    case.tasks[3].groups = vec![0, 1];
    case.tasks[4].groups = vec![0, 1, 2];
    case.tasks[1].groups = vec![0, 2];
    case.tasks[5].calendar = 1;
    case
}

fn good() -> (Problem, Plan) {
    let problem = case().build();
    let plan = solve(&problem).plan;
    assert_eq!(checker::check(&problem, &plan), []);
    assert_eq!(plan.starts.iter().flatten().count(), 5);
    (problem, plan)
}

/// The findings after a change, less those about figures, which change with every start.
fn findings(breaking: impl FnOnce(&mut Plan)) -> Vec<Finding> {
    let (problem, mut plan) = good();
    breaking(&mut plan);
    let mut findings = checker::check(&problem, &plan);
    findings.retain(|finding| finding.code != Code::WrongMetric && finding.code != Code::WrongBound);
    // Asked for the rules alone, the checker says the same about them.
    let about_words = [
        Code::WrongProblem,
        Code::NoReason,
        Code::PlacedAndUnplaced,
        Code::UnknownUnplaced,
        Code::RepeatedUnplaced,
        Code::UnknownGroup,
    ];
    let rules: Vec<&Finding> =
        findings.iter().filter(|finding| !about_words.contains(&finding.code)).collect();
    assert_eq!(checker::check_rules(&problem, &plan).iter().collect::<Vec<_>>(), rules);
    findings
}

#[track_caller]
fn assert_only(findings: &[Finding], code: Code, task: Option<&str>, group: Option<&str>, slot: Option<u32>) {
    let [finding] = findings else { panic!("one finding expected, {findings:?} found") };
    assert_eq!(finding.code, code);
    assert_eq!(finding.task.as_deref(), task);
    assert_eq!(finding.group.as_deref(), group);
    assert_eq!(finding.slot, slot);
    let line = finding.to_string();
    assert!(line.starts_with(&format!("{} {} ", code.name(), task.unwrap_or("-"))), "{line}");
}

#[test]
fn another_problem() {
    assert_only(&findings(|plan| plan.problem_sha256 = "00".into()), Code::WrongProblem, None, None, None);
}

#[test]
fn too_few_and_too_many_starts() {
    assert_only(&findings(|plan| plan.starts.truncate(5)), Code::WrongLength, None, None, None);
    assert_only(&findings(|plan| plan.starts.push(Some(80))), Code::WrongLength, None, None, None);
}

#[test]
fn a_start_beyond_the_horizon() {
    let findings = findings(|plan| plan.starts[4] = Some(u32::MAX));
    let codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::OutOfHorizon, Code::AfterDeadline, Code::OutsideWindow]);
    assert!(findings.iter().all(|finding| finding.task.as_deref() == Some("T4")));
}

#[test]
fn a_start_before_the_release() {
    let findings = findings(|plan| {
        plan.starts[1] = Some(84);
        plan.starts[2] = None;
        plan.starts[2] = Some(80);
    });
    let codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::BeforeRelease, Code::AfterViolated]);
    assert_eq!(findings[0].slot, Some(84));
}

#[test]
fn an_end_after_the_deadline() {
    assert_only(
        &findings(|plan| plan.starts[3] = Some(272)),
        Code::AfterDeadline,
        Some("T3"),
        None,
        Some(272),
    );
}

#[test]
fn outside_every_opening() {
    for start in [79, 95, 100] {
        let found = findings(|plan| plan.starts[4] = Some(start));
        assert_only(&found, Code::OutsideWindow, Some("T4"), None, Some(start));
    }
}

#[test]
fn past_the_cutoff() {
    let found = findings(|plan| plan.starts[4] = Some(285));
    assert_only(&found, Code::PastCutoff, Some("T4"), None, Some(285));
    assert_eq!(findings(|plan| plan.starts[4] = Some(284)), [], "the last start that the cutoff allows");
}

#[test]
fn a_budget_exceeded() {
    let found = findings(|plan| {
        plan.starts[3] = Some(180);
        plan.starts[4] = Some(181);
    });
    assert_only(&found, Code::OverCap, Some("T4"), Some("g1"), Some(181));
    assert_eq!(found[0].message, "2 down against a cap of 1; over in 1 slots");
}

#[test]
fn a_site_left_without_a_terminal() {
    let found = findings(|plan| {
        plan.starts[1] = Some(180);
        plan.starts[4] = Some(181);
    });
    assert_only(&found, Code::SiteRule, Some("T4"), Some("g2"), Some(181));
}

#[test]
fn a_follower_too_early() {
    let found = findings(|plan| {
        plan.starts[1] = Some(88);
        plan.starts[2] = Some(82);
        plan.starts[4] = Some(180);
    });
    assert_only(&found, Code::AfterViolated, Some("T1"), None, Some(88));
}

#[test]
fn a_follower_without_its_predecessor() {
    let found = findings(|plan| {
        plan.starts[2] = None;
        plan.unplaced.push(Unplaced {
            task: "T2".into(),
            reason: Reason::BudgetFull,
            groups: Vec::new(),
            change: None,
        });
    });
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].code, found[0].task.as_deref()), (Code::PredecessorUnplaced, Some("T1")));
}

#[test]
fn a_pinned_task_moved_or_dropped() {
    assert_only(&findings(|plan| plan.starts[0] = Some(80)), Code::PinnedMoved, Some("T0"), None, Some(80));
    let found = findings(|plan| plan.starts[0] = None);
    assert_eq!(
        found.iter().map(|finding| finding.code).collect::<Vec<_>>(),
        [Code::PinnedMoved, Code::NoReason]
    );
}

#[test]
fn a_task_without_start_and_reason() {
    assert_only(&findings(|plan| plan.unplaced.clear()), Code::NoReason, Some("T5"), None, None);
}

#[test]
fn a_task_with_start_and_reason() {
    let found = findings(|plan| {
        let mut entry = plan.unplaced[0].clone();
        entry.task = "T0".into();
        plan.unplaced.push(entry);
    });
    assert_only(&found, Code::PlacedAndUnplaced, Some("T0"), None, Some(3));
}

#[test]
fn a_reason_for_an_unknown_task() {
    let found = findings(|plan| {
        let mut entry = plan.unplaced[0].clone();
        entry.task = "T99".into();
        plan.unplaced.push(entry);
    });
    assert_only(&found, Code::UnknownUnplaced, Some("T99"), None, None);
}

#[test]
fn two_reasons_for_one_task() {
    let found = findings(|plan| plan.unplaced.push(plan.unplaced[0].clone()));
    assert_only(&found, Code::RepeatedUnplaced, Some("T5"), None, None);
}

#[test]
fn a_reason_that_names_an_unknown_group() {
    let found = findings(|plan| plan.unplaced[0].groups.push("g9".into()));
    assert_only(&found, Code::UnknownGroup, Some("T5"), Some("g9"), None);
}

#[test]
fn every_figure_is_counted_again() {
    type Change = fn(&mut Plan);
    let changes: [(&str, Change); 7] = [
        ("tasks", |plan| plan.metrics.tasks += 1),
        ("placed", |plan| plan.metrics.placed += 1),
        ("weight_placed", |plan| plan.metrics.weight_placed -= 1),
        ("weight_total", |plan| plan.metrics.weight_total += 1),
        ("moved", |plan| plan.metrics.moved += 1),
        ("visits", |plan| plan.metrics.visits += 1),
        ("disruption", |plan| plan.metrics.disruption += 1),
    ];
    for (name, change) in changes {
        let (problem, mut plan) = good();
        change(&mut plan);
        let findings = checker::check(&problem, &plan);
        assert_only(&findings, Code::WrongMetric, None, None, None);
        assert!(findings[0].message.starts_with(&format!("{name}: ")), "{}", findings[0].message);
    }
}

#[test]
fn bounds_on_the_wrong_side() {
    let changes: [fn(&mut Plan); 2] = [
        |plan| plan.metrics.bound.weight_upper = plan.metrics.weight_placed - 1,
        |plan| plan.metrics.bound.disruption_lower = plan.metrics.disruption + 1,
    ];
    for change in changes {
        let (problem, mut plan) = good();
        change(&mut plan);
        assert_only(&checker::check(&problem, &plan), Code::WrongBound, None, None, None);
    }
}

#[test]
fn pinned_tasks_alone_are_nobodys_fault() {
    let mut case = case();
    case.tasks[3].current = Some(84);
    case.tasks[3].pinned = true;
    case.tasks[4].current = Some(85);
    case.tasks[4].pinned = true;
    case.tasks[1].groups = vec![0];
    let problem = case.build();
    let mut plan = solve(&problem).plan;
    assert_eq!(checker::check(&problem, &plan), []);
    assert!(plan.starts[2].is_some());
    // One that is not pinned joins them.
    case.tasks[2].groups = vec![0, 1];
    let joined = case.build();
    plan.problem_sha256 = joined.sha256().to_owned();
    plan.starts[2] = Some(84);
    let findings = checker::check(&joined, &plan);
    let over: Vec<&Finding> = findings.iter().filter(|finding| finding.code == Code::OverCap).collect();
    assert_eq!(over.len(), 1);
    assert_eq!((over[0].task.as_deref(), over[0].slot), (Some("T2"), Some(85)));
}
