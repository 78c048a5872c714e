//! The way to a plan: as one problem, or in parts side by side.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::board::Board;
use super::cut::Cut;
use super::divide::{self, Lesson, Part};
use super::negotiate::{LEARNING, Learning, Negotiation, SETTLING, Settling};
use super::prices::Prices;
use super::tables::{NONE, Tables};
use super::{Effort, Phase, SolveOptions, Stop, Voice, bound, construct, polish, prices, repair};
use crate::domain::plan_file::Bound;
use crate::domain::problem::{ExcerptGroup, Problem};

/// A problem with more tasks than this is divided, if it can be.
const WHOLE_TASKS_MAX: usize = 50_000;

/// Where every task starts ([`NONE`] where it has no place), in the problem's order, and what is proven.
pub(super) struct Found {
    pub(super) starts: Vec<u32>,
    pub(super) bound: Bound,
    pub(super) bound_ms: u64,
}

/// Searches with the effort asked for.
pub(super) fn search(problem: &Problem, options: &SolveOptions, stop: &Stop<'_>, voice: &Voice<'_>) -> Found {
    let order = canonical_order(problem);
    if problem.task_count() > knob("WHOLE", WHOLE_TASKS_MAX as f64) as usize
        && options.effort != Effort::Fast
        && let Some(cut) = Cut::find(problem)
    {
        return in_parts(problem, &order, &cut, options, stop, voice);
    }
    let mut groups: Vec<u32> = (0..problem.group_count() as u32).collect();
    groups.sort_unstable_by_key(|&group| problem.group(group).id);
    let groups: Vec<ExcerptGroup> =
        groups.into_iter().map(|group| ExcerptGroup { group, room: None }).collect();
    let canonical = problem.excerpt(&order, &groups);
    let tables = Tables::new(&canonical);
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let (board, prices) = match options.effort {
        Effort::Fast => construct_and_repair(&tables, &mut random, stop, voice),
        effort => negotiate_and_improve(&tables, effort, &mut random, stop, voice),
    };
    let before_bound = stop.watch.elapsed();
    let rounds = match options.effort {
        Effort::Fast => 0,
        Effort::Standard => (100_000 / (problem.task_count() + 1)).clamp(10, 100),
        Effort::Best => 150,
    };
    let prices = prices::sharpen(&tables, prices, rounds, stop);
    let bound = bound::prove(&board, &prices);
    voice.prove(bound.disruption_lower);
    let bound_ms = (stop.watch.elapsed() - before_bound).as_millis() as u64;
    let mut starts = vec![NONE; problem.task_count()];
    for (&task, &start) in order.iter().zip(&board.starts) {
        starts[task as usize] = start;
    }
    Found { starts, bound, bound_ms }
}

/// All tasks in an order that does not depend on the file's: by hashes of names, those of one small group (a
/// cell, say) and of one site side by side, since they read the same memory.
fn canonical_order(problem: &Problem) -> Vec<u32> {
    let mut sizes = vec![0u32; problem.group_count()];
    for task in 0..problem.task_count() as u32 {
        problem.groups_of(task).iter().for_each(|&group| sizes[group as usize] += 1);
    }
    let hashes: Vec<u64> =
        (0..problem.group_count() as u32).map(|group| hash(problem.group(group).id)).collect();
    let mut keyed: Vec<(u32, u32, u32, u32)> = (0..problem.task_count() as u32)
        .map(|task| {
            let groups = problem.groups_of(task);
            let near = groups.iter().filter(|&&group| sizes[group as usize] > NEIGHBOURS_MIN);
            let cell = near.min_by_key(|&&group| (sizes[group as usize], hashes[group as usize]));
            let small = groups.iter().min_by_key(|&&group| (sizes[group as usize], hashes[group as usize]));
            let key = |group: Option<&u32>| group.map_or(0, |&group| (hashes[group as usize] >> 32) as u32);
            (key(cell), key(small), (hash(problem.task_id(task)) >> 32) as u32, task)
        })
        .collect();
    keyed.sort_unstable_by(|a, b| {
        (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then_with(|| problem.task_id(a.3).cmp(problem.task_id(b.3)))
    });
    keyed.into_iter().map(|(.., task)| task).collect()
}

/// A group with more members than this is a neighbourhood.
const NEIGHBOURS_MIN: u32 = 100;

/// FNV-1a, mixed once more: names differ in their last letters mostly.
fn hash(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

fn construct_and_repair<'t>(
    tables: &'t Tables<'t>,
    random: &mut ChaCha8Rng,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> (Board<'t>, Prices) {
    let prices = Prices::none(tables);
    let mut board = Board::new(tables);
    voice.say(0, Phase::Placing, &board);
    construct::place_all(&mut board, &prices);
    voice.say(0, Phase::Repairing, &board);
    repair::make_room(&mut board, &prices, Effort::Fast, random, stop);
    (board, prices)
}

/// Learns prices once, settles on a plan several times in different orders, and keeps the best.
fn negotiate_and_improve<'t>(
    tables: &'t Tables<'t>,
    effort: Effort,
    random: &mut ChaCha8Rng,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> (Board<'t>, Prices) {
    voice.say(0, Phase::Pricing, &Board::new(tables));
    let mut order: Vec<u32> = (0..tables.task_count()).filter(|&task| !tables.pinned(task)).collect();
    order.shuffle(random);
    let mut learned = Negotiation::new(tables);
    learned.learn(&order, LEARNING, stop);
    let prices = learned.prices();
    if let Ok(rounds) = std::env::var("DUAL") {
        let e = stop.watch.elapsed();
        let mut dual = super::dual::Dual::new(tables, &if std::env::var("ZERO").is_ok() { vec![0.0; learned.history().len()] } else { learned.history().to_vec() }, 1);
        eprintln!("dual from {}", dual.value());
        dual.run(rounds.parse().unwrap(), stop);
        eprintln!("dual to {} in {:?}", dual.value(), stop.watch.elapsed() - e);
        if std::env::var("USE").is_ok() { learned.set_history(dual.charges()); }
    }
    let attempts = match effort {
        Effort::Best => BEST_ATTEMPTS,
        _ => (SMALL_TASKS / order.len().max(1)).clamp(1, SMALL_ATTEMPTS),
    };
    let mut best: Option<Board<'t>> = None;
    for attempt in 0..attempts {
        if attempt > 0 {
            if stop.now() {
                break;
            }
            order.shuffle(random);
        }
        let mut negotiation = learned.clone();
        negotiation.settle(&order, SETTLING, stop, &mut |_| {});
        let mut board = Board::new(tables);
        construct::place_wishes(&mut board, negotiation.wishes());
        voice.say(0, Phase::Placing, &board);
        construct::place_all(&mut board, &prices);
        voice.say(0, Phase::Repairing, &board);
        repair::make_room(&mut board, &prices, effort, random, stop);
        voice.say(0, Phase::Improving, &board);
        polish::improve(&mut board, effort, random, stop);
        if best.as_ref().is_none_or(|best| board.is_better_than(best)) {
            best = Some(board);
        }
    }
    (best.unwrap_or_else(|| Board::new(tables)), prices)
}

/// So often `best` settles anew, if nobody stops it.
const BEST_ATTEMPTS: usize = 12;
/// A small problem is settled several times in `standard` too: as often as it fits into this many tasks.
const SMALL_TASKS: usize = 4000;
const SMALL_ATTEMPTS: usize = 4;

/// Parts know the prices of large groups already.
const PART_LEARNING: Learning = Learning { passes: 5, step: 0.6, decay: 0.8 };
const PART_SETTLING: Settling = Settling { passes: 16, growth: 1.3, look_again_every: 4 };

fn in_parts(
    problem: &Problem,
    order: &[u32],
    cut: &Cut,
    options: &SolveOptions,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> Found {
    voice.say_sums(0, Phase::Pricing, (0, 0));
    let e = || stop.watch.elapsed();
    eprintln!("cut {} parts at {:?}", cut.parts, e());
    let lesson = divide::learn(problem, order, cut, options.threads, stop);
    eprintln!("learned {} groups at {:?}", lesson.groups.len(), e());
    let parts = divide::parts(problem, order, cut, &lesson);
    eprintln!("divided at {:?}", e());
    let mut starts = vec![NONE; problem.task_count()];
    let results = side_by_side(&parts, options.threads, |number| {
        plan_part(problem, &parts[number], number, &lesson, options, stop, voice)
    });
    let mut joining: Vec<(f64, usize)> = results.iter().enumerate().map(|(part, found)| {
        (found.iter().filter(|&&start| start == NONE).count() as f64 / found.len().max(1) as f64, part)
    }).collect();
    joining.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (part, found) in parts.iter().zip(results) {
        for (&task, start) in part.tasks.iter().zip(found) {
            starts[task as usize] = start;
        }
    }
    voice.join();
    eprintln!("parts done at {:?}", e());
    let tables = Tables::new(problem);
    let mut board = Board::new(&tables);
    for &(_, part) in &joining {
        construct::place_wishes_of(&mut board, &starts, parts[part].tasks.iter().copied());
    }
    drop(parts);
    drop(starts);
    voice.say(0, Phase::Placing, &board);
    eprintln!("joined {} {}", board.placed_count(), board.disruption());
    let none = Prices::of_charges(&tables, |group| lesson.charges_of(group));
    construct::place_all(&mut board, &none);
    eprintln!("placed {} {} {:?}", board.placed_count(), board.disruption(), e());
    if knob("SQG", 1.0) > 0.0 { polish::squeeze_in(&mut board, knob("SQS", 24.0) as usize, knob("SQN", 8.0) as usize, stop); }
    eprintln!("squeezed {} {} {:?}", board.placed_count(), board.disruption(), e());
    {
        let mut b = Vec::new(); let none = Prices::none(&tables);
        let w: Vec<u32> = (0..tables.task_count()).filter(|&t| board.start(t).is_none()).collect();
        let c: i64 = w.iter().filter_map(|&t| prices::least(&tables, &none, t, &mut b)).map(|x| x.0).sum();
        let mut d = std::collections::BTreeMap::new();
        for &t in &w { *d.entry(problem.duration(t)).or_insert(0) += 1; }
        let v: u64 = w.iter().map(|&t| u64::from(problem.volume(t))).sum();
        eprintln!("leftover {} least cost {} volume {} durations {:?}", w.len(), c, v, d);
    }
    voice.say(0, Phase::Repairing, &board);
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    repair::make_room(&mut board, &none, options.effort, &mut random, stop);
    voice.say(0, Phase::Improving, &board);
    eprintln!("repaired {} {} {:?}", board.placed_count(), board.disruption(), e());
    polish::settle_in(&mut board, knob("REL", 1.0) as usize, knob("EXC", 0.05), &mut random, stop, &e);
    let before_bound = stop.watch.elapsed();
    let prices = Prices::of_charges(&tables, |group| lesson.charges_of(group));
    let bound = bound::prove(&board, &prices);
    voice.prove(bound.disruption_lower);
    let bound_ms = (stop.watch.elapsed() - before_bound).as_millis() as u64;
    eprintln!("bound {:?} at {:?}", bound, e());
    Found { starts: board.starts, bound, bound_ms }
}

pub(super) fn knob(name:&str,default:f64)->f64{std::env::var(name).ok().and_then(|v|v.parse().ok()).unwrap_or(default)}
fn plan_part(
    problem: &Problem,
    part: &Part,
    number: usize,
    lesson: &Lesson,
    options: &SolveOptions,
    stop: &Stop<'_>,
    voice: &Voice<'_>,
) -> Vec<u32> {
    let excerpt = problem.excerpt(&part.tasks, &part.groups);
    let tables = Tables::new(&excerpt);
    let mut random = ChaCha8Rng::seed_from_u64(options.seed ^ (number as u64 + 1) << 32);
    let order: Vec<u32> = (0..tables.task_count()).filter(|&task| !tables.pinned(task)).collect();
    let mut negotiation = Negotiation::new(&tables);
    let e = || stop.watch.elapsed();
    let t0 = e();
    negotiation.remember_charges(|group| lesson.charges_of(part.groups[group as usize].group));
    let learning = Learning { passes: knob("PL", 5.0) as usize, step: knob("PST", 0.6) as f32, decay: knob("PD", 0.8) as f32 };
    let settling = Settling { passes: knob("PS", 16.0) as usize, growth: knob("PG", 1.3) as f32, look_again_every: knob("LA", 4.0) as usize };
    negotiation.learn(&order, learning, stop);
    let t1 = e();
    negotiation.settle(&order, settling, stop, &mut |_| {});
    let t2 = e();
    let prices = negotiation.prices();
    let mut board = Board::new(&tables);
    construct::place_wishes(&mut board, negotiation.wishes());
    let (p1, d1) = (board.placed_count(), board.disruption());
    drop(negotiation);
    construct::place_all(&mut board, &prices);
    let (p2, d2) = (board.placed_count(), board.disruption());
    if knob("SQP", 1.0) > 0.0 { polish::squeeze_in(&mut board, knob("SQS", 24.0) as usize, knob("SQN", 8.0) as usize, stop); }
    voice.say(number, Phase::Repairing, &board);
    let t3 = e();
    if knob("PR",0.0)>0.0 {repair::make_room(&mut board, &prices, options.effort, &mut random, stop);}
    let (p3, d3) = (board.placed_count(), board.disruption());
    let t4 = e();
    voice.say(number, Phase::Improving, &board);
    if knob("PP",0.0)>0.0 {polish::improve(&mut board, options.effort, &mut random, stop);}
    eprintln!("part {number} tasks {} wishes {p1} {d1} placed {p2} {d2} repaired {p3} {d3} polished {} | learn {:?} settle {:?} place {:?} repair {:?} polish {:?}",
        part.tasks.len(), board.disruption(), t1-t0, t2-t1, t3-t2, t4-t3, e()-t4);
    voice.say(number, Phase::Improving, &board);
    board.starts
}

/// Does `work` for every part, the largest first, on so many threads; the results in the order of the parts.
fn side_by_side<R: Send>(parts: &[Part], threads: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let mut queue: Vec<usize> = (0..parts.len()).collect();
    queue.sort_by_key(|&part| std::cmp::Reverse(parts[part].tasks.len()));
    let results: Vec<Mutex<Option<R>>> = parts.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let take = || {
        while let Some(&part) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = work(part);
            *results[part].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(parts.len()) {
            scope.spawn(take);
        }
        take();
    });
    results
        .into_iter()
        .filter_map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}
