//! The way to a plan: prices, then one part after the other or side by side, then all together.

use std::cell::OnceCell;
use std::time::Duration;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::board::Board;
use super::crowding::crowding;
use super::cut::Cut;
use super::lesson::Lesson;
use super::mend::{Part, Workshop};
use super::negotiate::{Learning, Negotiation, Settling};
use super::order::Order;
use super::prices::Prices;
use super::side::side_by_side;
use super::tables::{NONE, Tables};
use super::tolls::Tolls;
use super::{Effort, Phase, SolveOptions, Stop, Voice, again, bound, construct, polish, renew, repair, ruin};
use crate::domain::plan_file::Bound;
use crate::domain::problem::{ExcerptGroup, Problem};

/// A problem with more tasks than this is divided, if it can be.
const WHOLE_TASKS_MAX: usize = 30_000;

/// Where every task stands, and what is proven.
pub(super) struct Found<'t> {
    pub(super) board: Board<'t>,
    /// What places were worth in moves, where announced tasks had to make way.
    pub(super) tolls: Tolls,
    pub(super) bound: Bound,
    pub(super) bound_ms: u64,
}

/// How much work goes into a part.
#[derive(Debug, Clone, Copy)]
struct Pace {
    learning: Learning,
    settling: Settling,
}

/// A part of a large problem: the prices of its large groups are known, and most of the rest is luck.
const PART_PACE: Pace = Pace {
    learning: Learning { passes: 2, step: 0.6, decay: 0.8 },
    settling: Settling { passes: 40, growth: 1.09, look_again_every: 8, calm_max: 0, look_when_crowded: 2.0 },
};
/// A problem in one piece.
const WHOLE_PACE: Pace = Pace {
    learning: Learning { passes: 10, step: 1.0, decay: 0.8 },
    settling: Settling {
        passes: 80,
        growth: 1.05,
        look_again_every: 1,
        calm_max: 3,
        look_when_crowded: f32::INFINITY,
    },
};
/// `best` settles a problem in one part so often, or as often as it fits into so many tasks.
const BEST_ATTEMPTS: usize = 12;
const BEST_TASKS: usize = 24_000;
/// A small problem is settled several times in `standard` too: as often as it fits into this many tasks.
const SMALL_TASKS: usize = 4000;
const SMALL_ATTEMPTS: usize = 4;
/// Where the parts were joined, one of so many tasks is offered another's place in the end, those first that have
/// most to win.
const EXCHANGED_ONE_OF: usize = 50;
/// A problem with more tasks is left as it is then.
const EXCHANGED_TASKS_MAX: usize = 400_000;

/// Searches with the effort asked for. The tables of the whole problem are made when they are needed, which is late.
pub(super) fn search<'t>(
    problem: &'t Problem,
    tables: &'t OnceCell<Tables<'t>>,
    options: &SolveOptions,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> Found<'t> {
    search_divided(problem, tables, WHOLE_TASKS_MAX, options, stop, voice)
}

/// The same, dividing problems of more than `whole_tasks_max` tasks.
fn search_divided<'t>(
    problem: &'t Problem,
    tables: &'t OnceCell<Tables<'t>>,
    whole_tasks_max: usize,
    options: &SolveOptions,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> Found<'t> {
    let made = || tables.get_or_init(|| Tables::new(problem));
    if options.effort == Effort::Fast {
        fast(made(), whole_tasks_max, options, stop, voice)
    } else if announced_share(problem) > ANNOUNCED_SHARE {
        again::again(made(), whole_tasks_max, options, stop, voice)
    } else {
        anew(problem, made, whole_tasks_max, options, stop, voice)
    }
}

/// Prices first; then part by part; then all together, on `tables`.
fn anew<'t>(
    problem: &'t Problem,
    tables: impl Fn() -> &'t Tables<'t>,
    whole_tasks_max: usize,
    options: &SolveOptions,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> Found<'t> {
    voice.say_sums(0, Phase::Pricing, (0, 0));
    let before = stop.watch.elapsed();
    let order = Order::of(problem);
    let lesson = Lesson::learn(problem, &order, options, stop);
    let learning = stop.watch.elapsed() - before;
    let parts = parts(problem, &order, whole_tasks_max);
    let results = side_by_side(&sizes(&parts), options.threads, |number| {
        let groups = groups_of(problem, &parts[number], &order.groups);
        plan_part(problem, &parts[number], &groups, parts.len(), number, &lesson, options, stop, voice)
    });
    let mut starts = vec![NONE; problem.task_count()];
    for (part, found) in parts.iter().zip(results) {
        for (&task, start) in part.iter().zip(found) {
            starts[task as usize] = start;
        }
    }
    voice.join();
    let tables = tables();
    let workshop = Workshop { groups: &order.groups, threads: options.threads, stop };
    let mut board = match parts.len() {
        1 => Board::of(tables, &starts),
        _ => join(tables, starts, &parts, &order, &lesson, options, stop, voice),
    };
    if options.effort == Effort::Best {
        renew::renew(&mut board, &parts, workshop, &lesson, options, voice);
    }
    drop(parts);
    drop(order);
    let prices = Prices::of_charges(tables, |group| lesson.charges_of(group));
    let (bound, took) = prove(&board, &prices, options, stop, voice);
    Found { board, tolls: Tolls::default(), bound, bound_ms: (learning + took).as_millis() as u64 }
}

/// The bound for a plan, and how long the proof took.
pub(super) fn prove(
    board: &Board<'_>,
    prices: &Prices,
    options: &SolveOptions,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> (Bound, Duration) {
    let before = stop.watch.elapsed();
    let bound = bound::prove(board, prices, options.threads, stop);
    voice.prove(bound.disruption_lower);
    (bound, stop.watch.elapsed() - before)
}

/// Where more than this share of all tasks has been announced, the plan is mended rather than made anew.
const ANNOUNCED_SHARE: f64 = 0.8;

/// The share of tasks that were announced, pinned ones included.
fn announced_share(problem: &Problem) -> f64 {
    let is_announced = |task: &u32| problem.current(*task).is_some();
    (0..problem.task_count() as u32).filter(is_announced).count() as f64 / problem.task_count().max(1) as f64
}

/// Where a group needs more of its room than this, nights have to be filled to the brim.
const CROWDED: f64 = 0.5;

/// One after the other: each where it costs least, if there is room; else each as early as it can.
fn fast<'t>(
    tables: &'t Tables<'t>,
    whole_tasks_max: usize,
    options: &SolveOptions,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> Found<'t> {
    let prices = Prices::none(tables);
    let mut board = Board::new(tables);
    voice.say(0, Phase::Placing, &board);
    let order = Order::of(tables.problem);
    if crowding(tables) > CROWDED {
        construct::place_first_fit(&mut board, &order.tasks, stop);
    } else {
        construct::place_all(&mut board, &prices);
    }
    voice.say(0, Phase::Repairing, &board);
    if board.waits() {
        let parts = parts(tables.problem, &order, whole_tasks_max);
        let workshop = Workshop { groups: &order.groups, threads: options.threads, stop };
        mend_waiting(&mut board, &parts, workshop, |number, board, _| {
            let mut random = ChaCha8Rng::seed_from_u64(options.seed ^ ((number as u64) << 32));
            let pains = (repair::patience(Effort::Fast), repair::THOROUGH);
            repair::make_room(board, &Prices::none(board.tables), pains, &mut random, stop);
        });
    }
    drop(order);
    let (bound, took) = prove(&board, &prices, options, stop, voice);
    Found { board, tolls: Tolls::default(), bound, bound_ms: took.as_millis() as u64 }
}

/// So often the parts mend what they took from each other.
const MENDED_MAX: usize = 3;

/// Has the parts mended in which somebody waits, until nobody loses a place to another part.
fn mend_waiting(
    board: &mut Board<'_>,
    parts: &[Part],
    workshop: Workshop<'_>,
    mend: impl Fn(usize, &mut Board<'_>, &[ExcerptGroup]) + Sync,
) {
    for _ in 0..MENDED_MAX {
        let waits = |part: &Part| part.iter().any(|&task| board.start(task).is_none());
        let waiting: Vec<(usize, &Part)> = parts.iter().enumerate().filter(|(_, part)| waits(part)).collect();
        if workshop.mend(board, &waiting, &mend) == 0 {
            return;
        }
    }
}

fn sizes(parts: &[Part]) -> Vec<usize> {
    parts.iter().map(Vec::len).collect()
}

/// All tasks in canonical order, in parts if there are more than `whole_tasks_max`.
pub(super) fn parts(problem: &Problem, order: &Order, whole_tasks_max: usize) -> Vec<Part> {
    let is_large = order.tasks.len() > whole_tasks_max;
    let cut = if is_large { Cut::find(problem, &order.groups) } else { None };
    let Some(cut) = cut else { return vec![order.tasks.clone()] };
    let mut parts: Vec<Part> = vec![Part::new(); cut.parts];
    for &task in &order.tasks {
        parts[usize::from(cut.part_of[task as usize])].push(task);
    }
    parts.iter_mut().for_each(Vec::shrink_to_fit);
    parts
}

/// Plans one part as if it were alone but for the prices. Room that it shares with other parts it may use as a
/// whole: the prices keep it from doing so, and what is too much is put right by [`join`].
#[expect(clippy::too_many_arguments, reason = "they are what a part has to know, and it has one caller")]
fn plan_part(
    problem: &Problem,
    part: &[u32],
    groups: &[ExcerptGroup],
    parts: usize,
    number: usize,
    lesson: &Lesson,
    options: &SolveOptions,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> Vec<u32> {
    let pace = if parts > 1 { PART_PACE } else { WHOLE_PACE };
    // So often it is settled, in other orders; the best is kept.
    let attempts = match options.effort {
        Effort::Best if parts == 1 => (BEST_TASKS / part.len().max(1)).clamp(2, BEST_ATTEMPTS),
        _ => (SMALL_TASKS / part.len().max(1)).clamp(1, SMALL_ATTEMPTS),
    };
    let excerpt = problem.excerpt(part, groups);
    let tables = Tables::new(&excerpt);
    let mut random = ChaCha8Rng::seed_from_u64(options.seed ^ ((number as u64) << 32));
    let all: Vec<u32> = (0..tables.task_count()).collect();
    let mut order: Vec<u32> = all.iter().copied().filter(|&task| !tables.pinned(task)).collect();
    let mut negotiation = Negotiation::new(&tables);
    negotiation.remember_charges(|group| lesson.charges_of(groups[group as usize].group));
    negotiation.learn(&order, pace.learning, stop);
    // The prices of small groups are many, and worth their memory in a small problem only.
    let prices = match parts {
        1 => negotiation.prices(),
        _ => Prices::of_charges(&tables, |group| lesson.charges_of(groups[group as usize].group)),
    };
    let mut best: Option<Board<'_>> = None;
    let mut fresh = Some(negotiation);
    for attempt in 0..attempts {
        if attempt > 0 && stop.now() {
            break;
        }
        // The last attempt needs no copy.
        let again = (attempt + 1 < attempts).then(|| fresh.clone()).flatten();
        let Some(mut negotiation) = std::mem::replace(&mut fresh, again) else { break };
        // A large part keeps its neighbours side by side: they read the same memory.
        if parts == 1 {
            order.shuffle(&mut random);
        }
        negotiation.settle(&order, pace.settling, stop);
        let mut board = Board::new(&tables);
        construct::place_wishes(&mut board, negotiation.wishes(), &all);
        voice.say(number, Phase::Placing, &board);
        construct::place_all(&mut board, &prices);
        if parts == 1 {
            polish::squeeze_in(&mut board, false, stop);
            voice.say(number, Phase::Repairing, &board);
            repair::make_room(
                &mut board,
                &prices,
                (repair::patience(options.effort), repair::THOROUGH),
                &mut random,
                stop,
            );
            polish::bring_home(&mut board, stop);
            voice.say(number, Phase::Improving, &board);
            polish::improve(&mut board, &mut random, stop);
        }
        if best.as_ref().is_none_or(|best| board.value() < best.value()) {
            best = Some(board);
        }
    }
    let Some(best) = best else { return vec![NONE; part.len()] };
    if parts > 1 || part.len() > SMALL_TASKS {
        return best.starts;
    }
    let mut board = Board::of(&tables, &best.starts);
    ruin::anneal(&mut board, ruin::STEPS_A_TASK * tables.task_count(), &mut random, stop);
    polish::improve(&mut board, &mut random, stop);
    if board.value() < best.value() { board.starts } else { best.starts }
}

/// The groups of a part's tasks, in this order.
fn groups_of(problem: &Problem, part: &[u32], order: &[u32]) -> Vec<ExcerptGroup> {
    let mut seen = vec![false; problem.group_count()];
    for &group in part.iter().flat_map(|&task| problem.groups_of(task)) {
        seen[group as usize] = true;
    }
    let groups = order.iter().copied().filter(|&group| seen[group as usize]);
    groups.map(|group| ExcerptGroup { group, room: None }).collect()
}

/// All parts together, by the rules of the whole problem. Who lost a place looks for another in its part, takes one
/// from somebody who can go elsewhere, or has it made.
#[expect(clippy::too_many_arguments, reason = "they are what the parts have to know, and it has one caller")]
fn join<'t>(
    tables: &'t Tables<'t>,
    wishes: Vec<u32>,
    parts: &[Part],
    order: &Order,
    lesson: &Lesson,
    options: &SolveOptions,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> Board<'t> {
    let mut board = Board::new(tables);
    construct::place_wishes(&mut board, &wishes, &order.tasks);
    drop(wishes);
    voice.say(0, Phase::Placing, &board);
    let workshop = Workshop { groups: &order.groups, threads: options.threads, stop };
    let mend = |number: usize, board: &mut Board<'_>, groups: &[ExcerptGroup]| {
        let prices =
            Prices::of_charges(board.tables, |group| lesson.charges_of(groups[group as usize].group));
        let mut random = ChaCha8Rng::seed_from_u64(options.seed ^ ((number as u64) << 32));
        let pains = (repair::patience(options.effort), repair::THOROUGH);
        construct::place_all(board, &prices);
        polish::squeeze_in(board, false, stop);
        repair::make_room(board, &prices, pains, &mut random, stop);
        polish::bring_home(board, stop);
    };
    let all: Vec<(usize, &Part)> = parts.iter().enumerate().collect();
    let is_small = tables.problem.task_count() <= EXCHANGED_TASKS_MAX;
    workshop.mend(&mut board, &all, |number, board, groups| {
        mend(number, board, groups);
        if is_small {
            polish::exchange_the_unhappiest(board, EXCHANGED_ONE_OF, stop);
        }
    });
    voice.say(0, Phase::Repairing, &board);
    mend_waiting(&mut board, parts, workshop, mend);
    voice.say(0, Phase::Improving, &board);
    board
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::problem::{Calendar, GroupInput, ProblemBuilder, Profile, TaskInput};
    use crate::planner::StoppedWatch;

    /// Four regions under one fleet, with room for little more than everybody, and shops of two.
    fn regions() -> Problem {
        regions_announced(&[])
    }

    /// The same, announced as `starts` says, and the first region has lost a night's end.
    fn regions_announced(starts: &[u32]) -> Problem {
        regions_listed(starts, 0..600, 0..4)
    }

    /// The same with tasks and regions listed in some order.
    fn regions_listed(
        starts: &[u32],
        order: impl Iterator<Item = u32>,
        regions: impl Iterator<Item = u32>,
    ) -> Problem {
        let (slots, tasks) = (192u32, 600u32);
        let mut builder = ProblemBuilder::new(chrono::DateTime::UNIX_EPOCH, 15, slots);
        let cost = (0..slots).map(|slot| 10 + slot * 7 % 50).collect();
        builder.add_profile(Profile { id: "p".into(), cost });
        for region in 0..4u32 {
            let end = if region == 0 && !starts.is_empty() { 50 } else { 60 };
            let open = vec![(region * 8, region * 8 + end), (100 + region * 8, 160 + region * 8)];
            builder.add_calendar(Calendar { id: format!("c{region}"), open, cutoff_slots: 0 });
        }
        builder.add_group(GroupInput { id: "fleet", kind: "fleet", cap: 14, caps: &[], down: 0 });
        let mut region_number = [0; 4];
        for (number, region) in (1..).zip(regions) {
            region_number[region as usize] = number;
            let id = format!("r{region}");
            builder.add_group(GroupInput { id: &id, kind: "region", cap: 5, caps: &[], down: 0 });
        }
        for shop in 0..tasks / 2 {
            let id = format!("s{shop}");
            builder.add_group(GroupInput { id: &id, kind: "site", cap: 1, caps: &[], down: 0 });
        }
        for task in order {
            let region = task % 4;
            builder.add_task(TaskInput {
                id: &format!("T{task}"),
                duration: 1 + task % 3,
                calendar: region,
                profile: Some(0),
                volume: 1 + task % 5,
                release: 0,
                deadline: slots,
                weight: 1 + task % 2,
                groups: &[0, region_number[region as usize], 5 + (task / 8) * 4 + region],
                site: None,
                current: starts.get(task as usize).copied().filter(|&start| start != NONE),
                pinned: false,
                after: &[],
            });
        }
        builder.finish().expect("valid")
    }

    /// The starts and the bound.
    fn search_with(problem: &Problem, whole_tasks_max: usize, threads: usize) -> (Vec<u32>, Bound) {
        search_as_hard(problem, whole_tasks_max, threads, Effort::Standard)
    }

    fn search_as_hard(
        problem: &Problem,
        whole_tasks_max: usize,
        threads: usize,
        effort: Effort,
    ) -> (Vec<u32>, Bound) {
        let options = SolveOptions { threads, effort, ..SolveOptions::default() };
        let stop = Stop { watch: &StoppedWatch, limit: None };
        let voice = Voice::new(&StoppedWatch, problem.task_count());
        let tables = OnceCell::new();
        let Found { board, bound, .. } =
            search_divided(problem, &tables, whole_tasks_max, &options, &stop, &voice);
        (board.starts, bound)
    }

    #[test]
    fn parts_joined_are_legal_and_hardly_worse_than_the_whole() {
        let problem = regions();
        let tables = Tables::new(&problem);
        let value = |found: &(Vec<u32>, Bound)| {
            let mut board = Board::new(&tables);
            for (task, &start) in (0..).zip(&found.0) {
                if start == NONE {
                    continue;
                }
                let end = start + problem.duration(task);
                assert!(problem.groups_of(task).iter().all(|&group| board.lack(group, start, end) == 0));
                assert!(tables.runs(task, 0, problem.slots()).any(|(a, b)| a <= start && start <= b));
                board.place(task, start);
            }
            (board.weight_placed(), board.disruption())
        };
        assert_eq!(parts(&problem, &Order::of(&problem), 100).len(), 4);
        let (whole, divided) = (search_with(&problem, 10_000, 1), search_with(&problem, 100, 1));
        let (whole_value, divided_value) = (value(&whole), value(&divided));
        assert_eq!(whole_value.0, divided_value.0);
        assert!(divided_value.1 * 100 <= whole_value.1 * 110, "{divided_value:?} {whole_value:?}");
        for found in [&whole, &divided] {
            assert!(found.1.disruption_lower > 0);
            assert!(found.1.disruption_lower <= whole_value.1.min(divided_value.1));
        }
    }

    #[test]
    fn parts_mend_what_was_announced_whatever_the_number_of_threads() {
        let announced = search_with(&regions(), 100, 1).0;
        let problem = regions_announced(&announced);
        let alone = search_with(&problem, 100, 1);
        let tables = Tables::new(&problem);
        let mut board = Board::new(&tables);
        for (task, &start) in (0..).zip(&alone.0).filter(|&(_, &start)| start != NONE) {
            let end = start + problem.duration(task);
            assert!(problem.groups_of(task).iter().all(|&group| board.lack(group, start, end) == 0));
            assert!(tables.runs(task, 0, problem.slots()).any(|(a, b)| a <= start && start <= b));
            board.place(task, start);
        }
        let lost = (0..600u32).filter(|&task| {
            let end = announced[task as usize].saturating_add(problem.duration(task));
            task % 4 == 0 && announced[task as usize] < 100 && end > 50
        });
        let lost = lost.count() as u64;
        assert!(lost > 10 && board.moved_count() <= 3 * lost, "{} of {lost}", board.moved_count());
        assert!(board.placed_count() >= 590, "{}", board.placed_count());
        for threads in [2, 3] {
            assert_eq!(search_with(&problem, 100, threads).0, alone.0);
        }
    }

    #[test]
    fn parts_do_not_know_in_which_order_the_file_lists_them() {
        let value = |problem: &Problem| {
            let (starts, bound) = search_with(problem, 100, 1);
            let tables = Tables::new(problem);
            let board = Board::of(&tables, &starts);
            (board.weight_placed(), board.disruption(), bound)
        };
        let straight = value(&regions());
        let mut mixed: Vec<u32> = (0..600).collect();
        mixed.sort_unstable_by_key(|&task| (task * 37 % 101, task));
        let orders = [(0..600).rev().collect(), mixed];
        for order in orders {
            assert_eq!(value(&regions_listed(&[], order.into_iter(), [2, 0, 3, 1].into_iter())), straight);
        }
    }

    #[test]
    fn parts_do_not_know_how_many_threads_there_are() {
        let problem = regions();
        for effort in [Effort::Fast, Effort::Standard, Effort::Best] {
            let alone = search_as_hard(&problem, 100, 1, effort);
            for threads in [2, 3, 8] {
                assert_eq!(search_as_hard(&problem, 100, threads, effort), alone);
            }
        }
    }
}
