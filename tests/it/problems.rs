//! Made-up planning problems: what is hidden in them is a plan, they are as full as they say, and the same seed
//! gives the same bytes.

use std::collections::{BTreeMap, HashSet};

use offpeak::checker;
use offpeak::domain::plan_file::{Bound, Metrics, Plan, Reason, Unplaced};
use offpeak::domain::problem::Problem;
use offpeak::planner::{self, Effort, SolveOptions, StoppedWatch};
use offpeak::sim::problems::{Shape, generate, generate_with_plan};

const SHAPES: [Shape; 3] = [Shape::Loose, Shape::Tight, Shape::Adversarial];
/// Work begins on the fourth day.
const FIRST_SLOT: u32 = 288;

/// The hidden starts as a plan, with the figures that the checker wants to see.
fn plan_of(problem: &Problem, starts: Vec<Option<u32>>, known_weight: u64) -> Plan {
    let placed = || (0..).zip(&starts).filter_map(|(task, start)| start.map(|start| (task, start)));
    let nights: HashSet<_> =
        placed().map(|(task, start)| (problem.site(task), problem.night_of(task, start))).collect();
    let all = 0..problem.task_count() as u32;
    let metrics = Metrics {
        tasks: problem.task_count() as u64,
        placed: placed().count() as u64,
        weight_placed: known_weight,
        weight_total: all.clone().map(|task| u64::from(problem.weight(task))).sum(),
        disruption: placed().map(|(task, start)| problem.cost_at(task, start)).sum(),
        visits: nights.len() as u64,
        bound: Bound { weight_upper: known_weight, ..Bound::default() },
        ..Metrics::default()
    };
    let unplaced = all
        .filter(|&task| starts[task as usize].is_none())
        .map(|task| Unplaced {
            task: problem.task_id(task).to_owned(),
            reason: Reason::NoOpening,
            groups: Vec::new(),
            change: None,
        })
        .collect();
    Plan::new(problem.sha256().to_owned(), starts, unplaced, metrics)
}

/// How full each group of a kind is: demand against cap times the slots that are open to its tasks.
fn fill_by_group(problem: &Problem, kind: &str) -> BTreeMap<u32, f64> {
    let mut demand: BTreeMap<u32, u32> = BTreeMap::new();
    let mut calendars: BTreeMap<u32, HashSet<u32>> = BTreeMap::new();
    for task in 0..problem.task_count() as u32 {
        for &group in problem.groups_of(task).iter().filter(|&&group| problem.group(group).kind == kind) {
            *demand.entry(group).or_default() += problem.duration(task);
            calendars.entry(group).or_default().insert(problem.calendar_index(task));
        }
    }
    let open = |calendars: &HashSet<u32>| {
        let openings = calendars.iter().flat_map(|&each| &problem.calendars()[each as usize].open);
        let slots: HashSet<u32> = openings.flat_map(|&(begin, end)| begin.max(FIRST_SLOT)..end).collect();
        slots.len() as f64
    };
    demand
        .into_iter()
        .map(|(group, slots)| {
            let room = f64::from(problem.group(group).cap) * open(&calendars[&group]);
            (group, f64::from(slots) / room)
        })
        .collect()
}

fn bytes(problem: &Problem) -> Vec<u8> {
    let mut bytes = Vec::new();
    problem.write(&mut bytes).expect("a vector takes any bytes");
    bytes
}

#[test]
fn the_hidden_plan_keeps_every_rule_and_places_what_is_promised() {
    for shape in SHAPES {
        for (tasks, seed) in [(1, 1), (7, 2), (60, 3), (699, 4), (1000, 1), (1900, 5), (12_000, 6)] {
            let (generated, starts) = generate_with_plan(shape, tasks, seed);
            let problem = &generated.problem;
            assert_eq!(problem.task_count(), tasks as usize, "{shape:?}");
            let plan = plan_of(problem, starts, generated.known_weight);
            let findings = checker::check(problem, &plan);
            assert!(findings.is_empty(), "{shape:?} {tasks}: {} findings, {}", findings.len(), findings[0]);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    for shape in SHAPES {
        let (with_plan, _) = generate_with_plan(shape, 1500, 3);
        let again = generate(shape, 1500, 3);
        assert_eq!(bytes(&with_plan.problem), bytes(&again.problem));
        assert_eq!(with_plan.known_weight, again.known_weight);
        assert_ne!(bytes(&again.problem), bytes(&generate(shape, 1500, 4).problem));
    }
    let read = Problem::read(bytes(&generate(Shape::Tight, 300, 1).problem).as_slice());
    assert_eq!(read.expect("what is written can be read").task_count(), 300);
}

#[test]
fn tight_regions_are_full_and_loose_ones_are_not() {
    for tasks in [1000, 3300, 10_000, 40_000] {
        for seed in 1..4 {
            let tight = generate(Shape::Tight, tasks, seed).problem;
            for (region, fill) in fill_by_group(&tight, "reg") {
                assert!((0.90..0.985).contains(&fill), "{tasks}, seed {seed}: region {region} at {fill:.3}");
            }
            let loose = generate(Shape::Loose, tasks, seed).problem;
            for kind in ["fleet", "reg", "acq", "cell", "chain"] {
                let fills = fill_by_group(&loose, kind);
                assert!(fills.values().all(|&fill| fill < 0.2), "{tasks}, {kind}: {fills:?}");
            }
        }
    }
    let tight = generate(Shape::Tight, 10_000, 1).problem;
    let full = |kind: &str| {
        let fills = fill_by_group(&tight, kind);
        fills.values().sum::<f64>() / fills.len() as f64
    };
    assert!((0.40..0.60).contains(&full("fleet")), "{}", full("fleet"));
    assert!((0.12..0.27).contains(&full("acq")), "{}", full("acq"));
    assert!((0.18..0.55).contains(&full("cell")), "{}", full("cell"));
}

#[test]
fn adversarial_blocks_want_every_night_of_every_cell_and_chain() {
    let generated = generate(Shape::Adversarial, 5000, 1);
    let problem = &generated.problem;
    let exactly = |kind: &str, fill: f64| {
        fill_by_group(problem, kind).into_values().filter(|each| (each - fill).abs() < 1e-9).count()
    };
    let coloured = 5000 * 3 / 20 / 26;
    assert!(exactly("cell", 1.0) >= coloured, "{}", exactly("cell", 1.0));
    assert!(exactly("chain", 1.0) >= coloured, "{}", exactly("chain", 1.0));
    assert_eq!(exactly("cell", 28.0 / 26.0), 7, "cells that want two more than they get");
    let total: u64 = (0..5000).map(|task| u64::from(problem.weight(task))).sum();
    assert_eq!(total - generated.known_weight, 50 + 2 * 7, "the hopeless and the surplus");
}

#[test]
fn the_planner_never_places_more_than_is_known_to_be_possible() {
    let options = SolveOptions { effort: Effort::Fast, ..SolveOptions::default() };
    for shape in SHAPES {
        let generated = generate(shape, 2500, 9);
        let plan = planner::solve(&generated.problem, &options, &StoppedWatch).plan;
        assert_eq!(checker::check(&generated.problem, &plan), []);
        let placed = plan.metrics.weight_placed;
        assert!(placed <= generated.known_weight, "{shape:?}");
        assert!(placed * 10 >= generated.known_weight * 9, "{shape:?}: {placed} is suspiciously little");
        assert!(shape != Shape::Loose || placed == generated.known_weight, "there is room everywhere");
    }
}
