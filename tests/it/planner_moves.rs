//! Planning again after something changed: what is untouched stays, every move has a true cause, and the number
//! of moves is held against what nobody could have avoided.

use std::collections::BTreeSet;

use offpeak::checker;
use offpeak::domain::problem::Problem;
use offpeak::planner::{MoveCause, Outcome};

use crate::planner_brute_force::BruteForce;
use crate::planner_cases::{Case, small, solve, task, three_evenings, tight};
use crate::planner_truth::{Down, breaches};

fn number(name: &str) -> u32 {
    name[1..].parse().expect("a letter and a number")
}

/// The starts without one task.
fn without(starts: &[Option<u32>], task: u32) -> Vec<Option<u32>> {
    let mut starts = starts.to_vec();
    starts[task as usize] = None;
    starts
}

/// Announced starts that calendar and dates allow, or that are pinned.
fn claims(problem: &Problem) -> Vec<Option<u32>> {
    let own = |task: u32| {
        let current = problem.current(task)?;
        let only: Vec<Option<u32>> =
            (0..problem.task_count() as u32).map(|other| (other == task).then_some(current)).collect();
        let wrong = ["outside_window", "past_cutoff", "before_release", "after_deadline"];
        let allowed = breaches(problem, &only)
            .iter()
            .all(|breach| !wrong.iter().any(|code| breach.starts_with(&format!("{code} T{task} "))));
        (allowed || problem.pinned(task)).then_some(current)
    };
    (0..problem.task_count() as u32).map(own).collect()
}

/// Asserts that the report accounts for every move, and truly; gives the causes in the order of the moves.
fn assert_accounted_for(problem: &Problem, outcome: &Outcome) -> Vec<MoveCause> {
    let starts = &outcome.plan.starts;
    let report = &outcome.report;
    assert_eq!(checker::check(problem, &outcome.plan), []);
    let away: Vec<u32> = (0..problem.task_count() as u32)
        .filter(|&task| problem.current(task).is_some_and(|current| starts[task as usize] != Some(current)))
        .collect();
    assert_eq!(report.moves.iter().map(|each| number(&each.task)).collect::<Vec<_>>(), away);
    assert_eq!(outcome.plan.metrics.moved, away.len() as u64);
    assert!(report.moves_unavoidable <= away.len() as u64, "{} of {}", report.moves_unavoidable, away.len());
    assert_eq!(report.causes.values().sum::<u64>(), away.len() as u64);
    let claims = claims(problem);
    let pinned: Vec<Option<u32>> =
        (0..).zip(starts).map(|(task, start)| start.filter(|_| problem.pinned(task))).collect();
    for each in &report.moves {
        let task = number(&each.task);
        assert_eq!(Some(each.from), problem.current(task));
        assert_eq!(each.to, starts[task as usize]);
        let others: Vec<u32> = each.others.iter().map(|name| number(name)).collect();
        assert!(others.len() as u64 <= each.others_count && !others.contains(&task));
        assert!(
            others.iter().map(|&other| u64::from(problem.weight(other))).sum::<u64>() <= each.others_weight
        );
        let fits_beside = |starts: &[Option<u32>]| {
            let starts = without(starts, task);
            let groups = problem.groups_of(task);
            let down = Down::of(problem, &starts);
            groups.iter().all(|&group| {
                (each.from..each.from + problem.duration(task))
                    .all(|slot| down.at(group, slot) < problem.group(group).room_at(slot))
            })
        };
        let own_start_holds = claims[task as usize].is_some();
        assert_eq!(
            own_start_holds,
            !matches!(each.cause, MoveCause::Window | MoveCause::Dates),
            "{each:?}: {}",
            problem.slots()
        );
        let nobody = vec![None; starts.len()];
        let stayed = |other: &u32| starts[*other as usize] == problem.current(*other);
        match each.cause {
            MoveCause::Window | MoveCause::Dates => {}
            MoveCause::Precedence => assert_eq!(others.len(), 1),
            MoveCause::Pinned => {
                assert!(!fits_beside(&pinned) && !others.is_empty());
                assert!(others.iter().all(|&other| problem.pinned(other)));
            }
            MoveCause::Budget => {
                assert!(!fits_beside(&claims) || !fits_beside(&nobody), "{each:?}");
                assert!(!each.groups.is_empty());
                assert!(others.iter().all(stayed), "{each:?}");
            }
            MoveCause::MadeRoom => {
                assert!(fits_beside(&claims), "{each:?}");
                assert!(!fits_beside(starts), "{each:?} could have stayed");
                assert!(!others.is_empty() && !others.iter().any(stayed), "{each:?}");
            }
        }
    }
    report.moves.iter().map(|each| each.cause).collect()
}

/// A plan, announced, and the case in which it was made.
fn announced(case: &Case) -> (Case, Vec<Option<u32>>) {
    let plan = solve(&case.build()).plan;
    (case.announced(&plan), plan.starts)
}

/// Tasks of a fleet with room to spare, so that a change has a way out.
fn fleet(seed: u64, tasks: usize) -> Case {
    let mut case = tight(seed, tasks);
    for group in &mut case.groups {
        group.cap += 2 + group.cap / 3;
    }
    case
}

/// Plans again and gives the outcome with the tasks that moved.
fn again(case: &Case) -> (Problem, Outcome, BTreeSet<u32>) {
    let problem = case.build();
    let outcome = solve(&problem);
    assert_accounted_for(&problem, &outcome);
    let moved = outcome.report.moves.iter().map(|each| number(&each.task)).collect();
    (problem, outcome, moved)
}

#[test]
fn a_blackout_moves_those_inside_and_nobody_else() {
    for seed in 0..3 {
        let (mut case, starts) = announced(&fleet(seed, 200));
        let night = 3 * 96..4 * 96;
        for (open, _) in &mut case.calendars {
            open.retain(|&(begin, _)| !night.contains(&begin));
        }
        let (_, outcome, moved) = again(&case);
        let inside: BTreeSet<u32> = (0..)
            .zip(&starts)
            .filter(|(_, start)| start.is_some_and(|start| night.contains(&start)))
            .map(|(task, _)| task)
            .collect();
        assert!(!inside.is_empty());
        assert_eq!(moved, inside, "seed {seed}");
        assert_eq!(outcome.report.moves_unavoidable, inside.len() as u64);
        assert!(outcome.report.moves.iter().all(|each| each.cause == MoveCause::Window));
    }
}

#[test]
fn other_windows_move_only_those_who_have_them() {
    let (mut case, starts) = announced(&fleet(7, 200));
    let open: Vec<(u32, u32)> =
        case.calendars[2].0.iter().map(|&(begin, end)| (begin + 8, end + 8)).collect();
    case.calendars[2].0 = open.clone();
    let (problem, outcome, moved) = again(&case);
    assert!(!moved.is_empty());
    assert!(moved.iter().all(|&task| problem.calendar_index(task) == 2));
    let out = |task: u32| {
        starts[task as usize].is_some_and(|start| {
            let end = start + problem.duration(task);
            problem.calendar_index(task) == 2
                && !open.iter().any(|&(begin, until)| begin <= start && end <= until)
        })
    };
    let unavoidable = (0..problem.task_count() as u32).filter(|&task| out(task)).count() as u64;
    assert!(outcome.report.moves_unavoidable >= unavoidable);
    assert_eq!(outcome.plan.metrics.moved, unavoidable);
}

#[test]
fn a_merchants_wish_moves_as_few_as_must_make_way() {
    let (mut case, starts) = announced(&fleet(3, 200));
    // Ten tasks are pinned where another stands that shares their site.
    let mut wished = BTreeSet::new();
    for (mine, theirs) in (0..200).flat_map(|mine| (0..mine).map(move |theirs| (mine, theirs))) {
        let fresh = |task: usize| !wished.contains(&task);
        if wished.len() < 20
            && case.tasks[mine].site == case.tasks[theirs].site
            && fresh(mine)
            && fresh(theirs)
            && case.tasks[mine].duration <= case.tasks[theirs].duration
        {
            case.tasks[mine].current = starts[theirs];
            case.tasks[mine].pinned = true;
            wished.extend([mine, theirs]);
        }
    }
    assert_eq!(wished.len(), 20);
    let (_, outcome, moved) = again(&case);
    let unavoidable = outcome.report.moves_unavoidable as usize;
    assert!(unavoidable >= 3, "{:?}", outcome.report.moves_sentence());
    assert!((unavoidable..=unavoidable + 3).contains(&moved.len()), "{:?}", outcome.report.moves_sentence());
}

#[test]
fn a_lowered_cap_moves_about_what_is_over() {
    for seed in 0..2 {
        let (mut case, _) = announced(&tight(seed, 150));
        case.groups[0].cap -= 1;
        let (_, outcome, moved) = again(&case);
        let unavoidable = outcome.report.moves_unavoidable;
        assert!(
            unavoidable > 0 && moved.len() as u64 <= 3 * unavoidable + 3,
            "{moved:?} against {unavoidable}"
        );
        let budget = outcome.report.causes.get(&MoveCause::Budget).copied().unwrap_or(0);
        assert!(budget > 0);
        assert!(outcome.report.moves.iter().any(|each| each.groups == ["g0"]));
    }
}

#[test]
fn an_urgent_campaign_moves_few_and_says_for_whom() {
    let (mut case, _) = announced(&tight(5, 200));
    let first = case.tasks.len() as u32;
    for at in 0..20 {
        let mut urgent = case.tasks[at * 9].clone();
        urgent.current = None;
        urgent.weight = 9;
        urgent.duration = 2;
        urgent.release = 0;
        urgent.deadline = 3 * 96;
        case.tasks.push(urgent);
    }
    let (problem, outcome, moved) = again(&case);
    let urgent =
        (first..problem.task_count() as u32).filter(|&task| outcome.plan.starts[task as usize].is_some());
    assert!(urgent.count() >= 15);
    assert!(moved.len() < 100, "{} moved", moved.len());
    assert_eq!(outcome.report.moves_unavoidable, 0, "all of it could have stayed where it was");
    for each in &outcome.report.moves {
        assert_eq!(each.cause, MoveCause::MadeRoom);
        assert!(each.others_weight > 0);
    }
}

/// Two of four fit; a third is pinned: the bound counts exactly who has to go.
#[test]
fn causes_and_the_bound_of_a_full_cell() {
    let mut case = three_evenings();
    case.groups.push(crate::planner_cases::group("cell", 2));
    for _ in 0..4 {
        let mut each = task(&case);
        each.groups = vec![0];
        each.current = Some(84);
        case.tasks.push(each);
    }
    let problem = case.build();
    let outcome = solve(&problem);
    assert_eq!(assert_accounted_for(&problem, &outcome), [MoveCause::Budget; 2]);
    assert_eq!(outcome.report.moves_unavoidable, 2);
    assert_eq!(outcome.report.moves[0].groups, ["g0"]);
    assert_eq!(outcome.report.moves[0].others_count, 2);
    let sentence = outcome.report.moves_sentence();
    let expected =
        "2 moved, at least 2 unavoidable: 2 because a budget no longer holds all who were announced";
    assert_eq!(sentence.as_deref(), Some(expected));
    for number in [0, 1] {
        case.tasks[number].pinned = true;
    }
    let problem = case.build();
    let outcome = solve(&problem);
    assert_eq!(assert_accounted_for(&problem, &outcome), [MoveCause::Pinned; 2]);
    assert_eq!(outcome.report.moves[0].others, ["T0", "T1"]);
    assert_eq!(outcome.report.moves_unavoidable, 2);
}

#[test]
fn every_move_of_small_problems_is_accounted_for_and_the_bound_holds() {
    let mut seen = BTreeSet::new();
    for seed in 0..1500u64 {
        let mut case = small(seed, 3 + seed as usize % 3);
        for (number, each) in case.tasks.iter_mut().enumerate() {
            if each.current.is_none() && !(seed + number as u64).is_multiple_of(3) {
                each.current = Some((seed as u32 * 7 + 5 * number as u32) % (16 - each.duration));
            }
        }
        let problem = case.build();
        let outcome = solve(&problem);
        seen.extend(assert_accounted_for(&problem, &outcome));
        let fewest = BruteForce::run(&problem).fewest_moved();
        // With no move at all nothing is worked out, and nothing claimed.
        assert!(outcome.report.moves_unavoidable <= fewest, "seed {seed}");
    }
    assert_eq!(seen.len(), 6, "every cause is met: {seen:?}");
}

/// A plan that is announced and planned again stays as it is.
#[test]
fn planning_a_tight_fleet_again_changes_nothing() {
    for seed in 0..4 {
        let (case, starts) = announced(&tight(seed, 250));
        let (_, outcome, moved) = again(&case);
        assert_eq!(moved, BTreeSet::new(), "seed {seed}");
        assert_eq!(outcome.plan.starts, starts, "seed {seed}");
        assert_eq!(outcome.report.moves_sentence(), None);
    }
}
