//! Planning problems of any size, made up but realistic. The same shape, size and seed give the same problem, on
//! every machine.
//!
//! All of them hide a plan. [`tiling`] cuts the nights of a region into pieces, [`sites`] hands the pieces to
//! the terminals of shops, [`windows`] draws releases and deadlines around the hidden night, and [`crew`] counts
//! how many tasks of each group are down at once, which is what the caps are made of. So the most weight that
//! can be placed is known.
//!
//! Thirty days of 15-minute slots, work from the fourth day on.

mod blocks;
mod crew;
mod sites;
mod tiling;
mod windows;
mod zones;

use chrono::DateTime;

use crate::domain::problem::{Problem, ProblemBuilder};
use crate::sim::dice::Dice;

use blocks::Blocks;
use crew::{Crew, Layout};
use sites::Firms;
use tiling::Durations;
use zones::Zone;

/// Most tasks of a generated problem.
pub const TASKS_MAX: u32 = 50_000_000;

const SLOTS: u32 = 2880;
const DAY_SLOTS: u32 = 96;
/// Nothing is planned for the first three days: merchants have to be told.
const FIRST_SLOT: u32 = 3 * DAY_SLOTS;

/// What makes a problem hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Nothing: room everywhere.
    Loose,
    /// The caps are what one plan needs that places everything; regions are full to 95 %.
    Tight,
    /// Regions are full, windows narrow; blocks of tasks fit only as a proper edge colouring; more than fits
    /// into some cells, and tasks for which there is no place at all.
    Adversarial,
}

/// A problem and what is known of it.
#[derive(Debug)]
pub struct Generated {
    /// Valid, with exactly as many tasks as were asked for.
    pub problem: Problem,
    /// The most weight that any plan can place.
    pub known_weight: u64,
}

/// Makes a problem of `tasks` tasks (at most [`TASKS_MAX`]).
pub fn generate(shape: Shape, tasks: u32, seed: u64) -> Generated {
    make(shape, tasks, seed, |_| ())
}

/// Makes the same problem as [`generate`], with the plan that is hidden in it: a start for each task, none for
/// those that are left out. It keeps every rule and places `known_weight`.
pub fn generate_with_plan(shape: Shape, tasks: u32, seed: u64) -> (Generated, Vec<Option<u32>>) {
    let mut starts = Vec::new();
    let generated = make(shape, tasks, seed, |start| starts.push(start));
    (generated, starts)
}

fn make(shape: Shape, tasks: u32, seed: u64, planted: impl FnMut(Option<u32>)) -> Generated {
    let tasks = tasks.min(TASKS_MAX);
    let mut dice = Dice::new(b" offpeak made-up tasks 1", seed);
    let start = DateTime::from_timestamp(1_796_083_200, 0).expect("2026-12-01 is a date");
    let mut builder = ProblemBuilder::new(start, 15, SLOTS);
    let blocks = match shape {
        Shape::Adversarial => Blocks::of(tasks),
        Shape::Loose | Shape::Tight => Blocks::default(),
    };
    let free_tasks = tasks - blocks.tasks();
    let zones = zones::add_zones(&mut builder, &mut dice, shape, if tasks < 5000 { 4 } else { 10 });
    let block_calendar: u32 = zones.iter().map(|zone| zone.calendars).sum();
    if blocks.any() {
        zones::add_short_nights(&mut builder, &mut dice, block_calendar);
    }

    let durations = Durations::of(shape);
    let plots = plots(&zones, &mut dice, &durations, free_tasks, tasks / 1000);
    let firms = Firms::draw(&mut dice, tasks);
    let layout = Layout::new(&plots, &blocks, firms.chains());
    let mut crew = Crew::new(builder, layout, planted);
    for (region, plot) in (0..).zip(&plots) {
        let pieces = tiling::fill(plot, &durations, &mut dice);
        crew.open_region(region);
        sites::settle(&mut crew, &firms, plot.zone, pieces, shape, &mut dice);
    }
    if blocks.any() {
        crew.open_region(plots.len() as u32);
        blocks.add(&mut crew, &firms, block_calendar, &mut dice);
    }
    crew.finish(shape, &plots, blocks.peak())
}

/// A region: so many tasks, in one time zone.
struct Plot<'z> {
    zone: &'z Zone,
    /// How many may be down at once.
    cap: u32,
    tasks: u32,
}

/// Shares out the tasks so that every region can be filled to the same degree by whole caps.
fn plots<'z>(
    zones: &'z [Zone],
    dice: &mut Dice,
    durations: &Durations,
    tasks: u32,
    regions: u32,
) -> Vec<Plot<'z>> {
    let open_slots = zones.iter().map(|zone| zone.open_slots).sum::<u32>() / zones.len() as u32;
    let lanes = f64::from(tasks) * durations.mean_slots / (f64::from(open_slots) * durations.filled);
    // A little less room makes a few tasks shorter; a little more would leave holes.
    let lanes = ((lanes * 1.02) as u32).max(1);
    let regions = regions.clamp(3, 11 - u32::from(durations.leaves_a_region)).min(lanes);
    let shares: Vec<u32> = (0..regions).map(|_| 60 + dice.below(80)).collect();
    let caps = split(lanes - regions, &shares);
    let zone = |region: u32| match regions {
        ..6 => &zones[(region * 6 / regions) as usize],
        _ => &zones[region as usize % 6],
    };
    let room: Vec<u32> =
        (0..regions).map(|region| (caps[region as usize] + 1) * zone(region).open_slots).collect();
    let counts = split(tasks, &room);
    (0..regions)
        .map(|region| Plot {
            zone: zone(region),
            cap: caps[region as usize] + 1,
            tasks: counts[region as usize],
        })
        .collect()
}

/// Splits `total` by shares, to the last one.
fn split(total: u32, shares: &[u32]) -> Vec<u32> {
    let all: u64 = shares.iter().copied().map(u64::from).sum();
    let mut seen = 0;
    let mut given = 0;
    shares
        .iter()
        .map(|&share| {
            seen += u64::from(share);
            let until = (u64::from(total) * seen / all) as u32;
            let part = until - given;
            given = until;
            part
        })
        .collect()
}
