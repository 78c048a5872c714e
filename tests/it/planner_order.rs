//! The order in which a problem lists its tasks, groups, calendars and profiles is nobody's wish: a plan is worth
//! the same, however it is shuffled.

use offpeak::domain::plan_file::Metrics;
use offpeak::domain::problem::Problem;
use offpeak::planner::{self, Effort, SolveOptions, StoppedWatch};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::planner_cases::{Case, small, tight};
use crate::planner_explanations::crowded;
use crate::planner_truth::Retold;

fn shuffled(problem: &Problem, seed: u64) -> Problem {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut retold = Retold::new(problem);
    retold.tasks.shuffle(&mut random);
    retold.groups.shuffle(&mut random);
    retold.calendars.shuffle(&mut random);
    retold.profiles.shuffle(&mut random);
    retold.build()
}

/// What a plan is worth: weight, moves, disruption.
fn worth(problem: &Problem, effort: Effort) -> [u64; 3] {
    let options = SolveOptions { effort, ..SolveOptions::default() };
    let Metrics { weight_placed, moved, disruption, .. } =
        planner::solve(problem, &options, &StoppedWatch).plan.metrics;
    [weight_placed, moved, disruption]
}

fn assert_indifferent(cases: impl Iterator<Item = Case>, effort: Effort) {
    let differing: Vec<String> = (0..)
        .zip(cases)
        .filter_map(|(seed, case)| {
            let problem = case.build();
            let (straight, mixed) = (worth(&problem, effort), worth(&shuffled(&problem, seed), effort));
            (straight != mixed).then(|| format!("seed {seed}: {straight:?} and {mixed:?}"))
        })
        .collect();
    assert!(
        differing.is_empty(),
        "{} differ, as {:?}",
        differing.len(),
        &differing[..differing.len().min(5)]
    );
}

#[test]
fn the_order_of_small_problems_does_not_matter() {
    assert_indifferent((0..300).map(|seed| small(seed, 3 + seed as usize % 9)), Effort::Standard);
    assert_indifferent((300..600).map(|seed| small(seed, 3 + seed as usize % 9)), Effort::Fast);
}

#[test]
fn the_order_of_tight_and_overfull_fleets_does_not_matter() {
    assert_indifferent((0..2).map(|seed| tight(seed, 120)), Effort::Standard);
    assert_indifferent((0..3).map(|seed| crowded(seed, 200)), Effort::Fast);
}
