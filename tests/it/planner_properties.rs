//! The planner against brute force, against itself, and against its own explanations.

use offpeak::checker;
use offpeak::domain::plan_file::{Change, Plan};
use offpeak::domain::problem::Problem;
use offpeak::planner::{self, Effort, SolveOptions, StoppedWatch};
use proptest::prelude::*;

use crate::planner_brute_force::BruteForce;
use crate::planner_cases::{Case, small, solve, tight};

fn assert_clean(problem: &Problem, plan: &Plan) {
    let findings = checker::check(problem, plan);
    assert!(
        findings.is_empty(),
        "{}",
        findings.iter().map(|finding| format!("{finding}\n")).collect::<String>()
    );
}

/// How a planner did on many small problems, against the best that brute force found.
#[derive(Debug, Default)]
struct Distance {
    problems: u64,
    /// Problems in which less weight was placed than possible.
    missed: u64,
    /// Sums over the others: announced tasks moved, and the fewest at that weight.
    moved: u64,
    fewest: u64,
    /// Disruption, and the least at that weight with so many moves.
    disruption: u64,
    least: u64,
}

/// Plans small problems, asserts what must hold of every single one, and sums up what need not.
fn against_brute_force(seeds: std::ops::Range<u64>, effort: Effort) -> Distance {
    let mut distance = Distance::default();
    for seed in seeds {
        let problem = small(seed, 1 + seed as usize % 4).build();
        let exact = BruteForce::run(&problem);
        let options = SolveOptions { effort, ..SolveOptions::default() };
        let plan = planner::solve(&problem, &options, &StoppedWatch).plan;
        assert_clean(&problem, &plan);
        let metrics = &plan.metrics;
        let least = exact.least_disruption(metrics.weight_placed);
        assert!(metrics.weight_placed <= exact.most_weight(), "seed {seed}");
        assert!(exact.most_weight() <= metrics.bound.weight_upper, "seed {seed}");
        assert!(exact.fewest_moved() <= metrics.moved, "seed {seed}");
        assert!(least <= metrics.disruption, "seed {seed}");
        assert!(metrics.bound.disruption_lower <= least, "seed {seed}");
        distance.problems += 1;
        if metrics.weight_placed < exact.most_weight() {
            distance.missed += 1;
        } else {
            distance.disruption += metrics.disruption;
            distance.least += exact.least_disruption_of(metrics.weight_placed, metrics.moved, metrics.placed);
            distance.moved += metrics.moved;
            distance.fewest += exact.fewest_moved_at(metrics.weight_placed);
        }
    }
    println!("{effort:?}: {distance:?}");
    distance
}

/// Not laws, but what is stated must not get worse unnoticed: the most weight in 99 of 100 problems, then
/// next to no announced task moved without need, and a disruption within 1 % of the least in sum.
#[test]
fn small_problems_are_planned_as_well_as_brute_force_does() {
    let distance = against_brute_force(0..3000, Effort::Standard);
    assert!(distance.missed * 100 <= distance.problems, "{distance:?}");
    assert!(distance.moved * 100 <= distance.fewest * 101, "{distance:?}");
    assert!(distance.disruption * 100 <= distance.least * 101, "{distance:?}");
}

/// Construction and repair alone: the most weight in 99 of 100, a disruption within 3 %.
#[test]
fn small_problems_are_planned_well_at_once() {
    let distance = against_brute_force(10_000..12_000, Effort::Fast);
    assert!(distance.missed * 100 <= distance.problems, "{distance:?}");
    assert!(distance.disruption * 100 <= distance.least * 103, "{distance:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 100, cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn planning_again_moves_nothing(seed: u64, tasks in 1usize..14) {
        let case = small(seed, tasks);
        let first = solve(&case.build()).plan;
        let again = case.announced(&first);
        let problem = again.build();
        let second = solve(&problem).plan;
        assert_clean(&problem, &second);
        prop_assert!(second.metrics.weight_placed >= first.metrics.weight_placed);
        if second.metrics.weight_placed == first.metrics.weight_placed {
            prop_assert_eq!(second.metrics.moved, 0);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_with_any_number_of_threads(seed: u64, tasks in 1usize..14) {
        let problem = small(seed, tasks).build();
        let bytes = |threads| {
            let options = SolveOptions { threads, seed, ..SolveOptions::default() };
            let mut bytes = Vec::new();
            planner::solve(&problem, &options, &StoppedWatch).plan.write(&mut bytes).expect("a vector takes it");
            bytes
        };
        prop_assert_eq!(bytes(1), bytes(2));
    }

    /// With everything else nailed down and the named change made, the task finds a place.
    #[test]
    fn the_named_change_places_the_task(seed: u64, tasks in 1usize..14) {
        let case = small(seed, tasks);
        let plan = solve(&case.build()).plan;
        for entry in &plan.unplaced {
            let task: usize = entry.task[1..].parse().expect("tasks are called T and a number");
            let Some(change) = &entry.change else { continue };
            if matches!(change, Change::Predecessor { .. }) {
                continue;
            }
            let mut changed = case.with(task, change);
            for (number, (other, start)) in changed.tasks.iter_mut().zip(&plan.starts).enumerate() {
                other.current = *start;
                other.pinned = start.is_some();
                if start.is_none() && number != task {
                    other.deadline = 0;
                }
            }
            let options = SolveOptions { effort: Effort::Fast, ..SolveOptions::default() };
            let placed = planner::solve(&changed.build(), &options, &StoppedWatch).plan.starts[task];
            prop_assert!(placed.is_some(), "{:?} does not place {}", entry, task);
        }
    }
}

#[test]
fn tight_problems_are_placed_whole_and_close_to_the_bound() {
    for seed in 0..3 {
        let case: Case = tight(seed, 300);
        let problem = case.build();
        let plan = solve(&problem).plan;
        assert_clean(&problem, &plan);
        let metrics = &plan.metrics;
        assert_eq!(metrics.weight_placed, metrics.weight_total, "seed {seed}");
        assert!(
            metrics.disruption * 100 <= metrics.bound.disruption_lower * 125,
            "seed {seed}: {} against a bound of {}",
            metrics.disruption,
            metrics.bound.disruption_lower
        );
        let fast = SolveOptions { effort: Effort::Fast, ..SolveOptions::default() };
        let quick = planner::solve(&problem, &fast, &StoppedWatch).plan;
        assert_clean(&problem, &quick);
        assert!(quick.metrics.disruption >= metrics.disruption);
    }
}

/// Announced tasks whose followers have no place once lost their start to a deadline tightened for those.
#[test]
fn planning_again_keeps_predecessors_of_unplaced_tasks() {
    for (seed, tasks) in [(16185697440936116143, 9), (17633683577392141453, 10)] {
        let case = small(seed, tasks);
        let first = solve(&case.build()).plan;
        let second = solve(&case.announced(&first).build()).plan;
        assert_eq!(second.metrics.weight_placed, first.metrics.weight_placed, "seed {seed}");
        assert_eq!(second.metrics.moved, 0, "seed {seed}");
    }
}
