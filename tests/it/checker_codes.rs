//! Every code of the checker is planted in a plan and found there; and on random plans, whole or broken at
//! random, the checker and a plain reading of the rules agree.

use std::collections::BTreeSet;

use offpeak::checker::{self, Code};
use offpeak::domain::plan_file::{Plan, Reason, Unplaced};
use offpeak::domain::problem::Problem;
use offpeak::planner::{self, Effort, SolveOptions, StoppedWatch};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::planner_cases::{Case, group, small, solve, task, three_evenings, tight};
use crate::planner_truth::{Down, breaches};

const ALL: [Code; 19] = [
    Code::WrongProblem,
    Code::WrongLength,
    Code::OutOfHorizon,
    Code::BeforeRelease,
    Code::AfterDeadline,
    Code::OutsideWindow,
    Code::PastCutoff,
    Code::OverCap,
    Code::SiteRule,
    Code::AfterViolated,
    Code::PredecessorUnplaced,
    Code::PinnedMoved,
    Code::NoReason,
    Code::PlacedAndUnplaced,
    Code::UnknownUnplaced,
    Code::RepeatedUnplaced,
    Code::UnknownGroup,
    Code::WrongMetric,
    Code::WrongBound,
];

/// T0 pinned, T1 after T2, T3 and T4 in a cell for one, T4 and T5 at a site that keeps one up, T6 without a place.
fn case() -> Case {
    let mut case = three_evenings();
    case.calendars[0].1 = 4;
    case.calendars.push((Vec::new(), 0));
    case.groups = vec![group("fleet", 5), group("cell", 1), group("site", 1)];
    case.tasks = vec![task(&case); 7];
    case.tasks[0].current = Some(3);
    case.tasks[0].pinned = true;
    case.tasks[1].after = vec![(2, 5)];
    case.tasks[1].release = 100;
    case.tasks[3].deadline = 192;
    for (number, groups) in [(3, vec![0, 1]), (4, vec![0, 1, 2]), (5, vec![0, 2])] {
        case.tasks[number].groups = groups;
    }
    case.tasks[6].calendar = 1;
    case
}

/// Breaks a good plan in one way. A code that is added without a way of its own does not compile.
fn plant(code: Code, plan: &mut Plan) {
    let entry = |task: &str| Unplaced {
        task: task.to_owned(),
        reason: Reason::NoOpening,
        groups: Vec::new(),
        change: None,
    };
    match code {
        Code::WrongProblem => plan.problem_sha256.push('0'),
        Code::WrongLength => plan.starts.push(None),
        Code::OutOfHorizon => plan.starts[2] = Some(287),
        Code::BeforeRelease => plan.starts[1] = Some(88),
        Code::AfterDeadline => plan.starts[3] = Some(272),
        Code::OutsideWindow => plan.starts[2] = Some(95),
        Code::PastCutoff => plan.starts[2] = Some(93),
        Code::OverCap => plan.starts[3] = plan.starts[4],
        Code::SiteRule => plan.starts[5] = plan.starts[4].map(|start| start + 1),
        Code::AfterViolated => plan.starts[2] = plan.starts[1],
        Code::PredecessorUnplaced => plan.starts[2] = None,
        Code::PinnedMoved => plan.starts[0] = Some(80),
        Code::NoReason => plan.unplaced.clear(),
        Code::PlacedAndUnplaced => plan.unplaced.push(entry("T2")),
        Code::UnknownUnplaced => plan.unplaced.push(entry("nobody")),
        Code::RepeatedUnplaced => plan.unplaced.push(entry("T6")),
        Code::UnknownGroup => plan.unplaced[0].groups.push("nowhere".to_owned()),
        Code::WrongMetric => plan.metrics.visits += 1,
        Code::WrongBound => plan.metrics.bound.disruption_lower = plan.metrics.disruption + 1,
    }
}

#[test]
fn every_code_is_planted_and_found() {
    assert_eq!(ALL.into_iter().collect::<BTreeSet<_>>().len(), 19);
    let problem = case().build();
    let good = solve(&problem).plan;
    assert_eq!(checker::check(&problem, &good), []);
    assert_eq!(good.unplaced.len(), 1);
    for code in ALL {
        let mut plan = good.clone();
        plant(code, &mut plan);
        let found: Vec<Code> = checker::check(&problem, &plan).iter().map(|finding| finding.code).collect();
        assert!(found.contains(&code), "{code:?} was planted, {found:?} found");
    }
}

/// Whether one task, moved to `start`, keeps the rules there. Pinned tasks and those whose neighbours fall
/// with them are not asked.
fn agrees(problem: &Problem, starts: &[Option<u32>], task: u32, start: u32) -> bool {
    let mut moved = starts.to_vec();
    moved[task as usize] = None;
    let legal = Down::of(problem, &moved).legal_starts(problem, &moved, task).contains(&start);
    moved[task as usize] = Some(start);
    let clean = breaches(problem, &moved).is_empty();
    assert_eq!(legal, clean, "T{task} at {start}: {:?}", breaches(problem, &moved));
    legal
}

#[test]
fn the_checker_agrees_with_a_plain_reading_of_the_rules() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let (mut legal, mut illegal) = (0, 0);
    let small = (0..1500).map(|seed| small(seed, 8));
    for case in small.chain((0..3).map(|seed| tight(seed, 60))) {
        let problem = case.build();
        let quick = SolveOptions { effort: Effort::Fast, ..SolveOptions::default() };
        let starts = planner::solve(&problem, &quick, &StoppedWatch).plan.starts;
        assert_eq!(breaches(&problem, &starts), [""; 0]);
        let movable: Vec<u32> = (0..problem.task_count() as u32)
            .filter(|&task| !problem.pinned(task) && starts[task as usize].is_some())
            .collect();
        for _ in 0..3.min(movable.len()) {
            let task = movable[random.random_range(0..movable.len())];
            let start = random.random_range(0..=problem.slots() - problem.duration(task));
            match agrees(&problem, &starts, task, start) {
                true => legal += 1,
                false => illegal += 1,
            }
        }
    }
    assert!(legal > 300 && illegal > 1000, "{legal} legal, {illegal} illegal");
}
