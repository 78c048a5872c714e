//! Three replicas on one PostgreSQL and a mail server, while some of them are killed, stopped for longer than every
//! lease, and started again, and others publish: nothing is lost, nothing is done twice, nothing comes too late.
//! Counted by a checker that reads what the mail server took and what the database holds.
//!
//! `CHAOS_SECONDS` says how long (40 unless told), `CHAOS_SEED` repeats a run's choices.

mod checker;
mod replicas;
mod sink;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::{free_port, postgres_url};
use replicas::Replicas;
use sink::Sink;

/// The mail server thinks before it takes a message, so that many stand still, or die, in the middle of handing over.
const THOUGHT: Duration = Duration::from_millis(200);

/// Longer than most mails are of use; in a run that is long enough for it.
const STOPPED_FOR_LONG: std::ops::Range<f64> = 65.0..75.0;

/// Longer than any lease and claim that the replicas are told here.
const STOPPED: std::ops::Range<f64> = 6.0..10.0;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn nothing_is_lost_when_replicas_die_and_stand_still() {
    let seconds = number("CHAOS_SECONDS").unwrap_or(40);
    let seed = number("CHAOS_SEED").unwrap_or_else(rand::random);
    println!("{seconds} s, CHAOS_SEED={seed}");
    let folder = tempfile::tempdir().expect("a folder");
    let sink = Sink::start(&folder.path().join("sink.log"), THOUGHT, Duration::ZERO);
    let database = postgres_url();
    let replicas = Arc::new(Replicas::start(
        &database,
        sink.port,
        folder.path(),
        vec![free_port(), free_port(), free_port()],
    ));
    work::prepare(&replicas, work::MERCHANTS);

    let over = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..2)
        .map(|number| {
            let (replicas, over) = (Arc::clone(&replicas), Arc::clone(&over));
            std::thread::spawn(move || work::until(&replicas, &over, seed.wrapping_add(number)))
        })
        .collect();
    let (kills, stops) = havoc(&replicas, Duration::from_secs(seconds), &mut StdRng::seed_from_u64(seed));
    over.store(true, Ordering::SeqCst);
    let mut done = work::Done::default();
    for worker in workers {
        done += worker.join().expect("no panic among those who work");
    }
    replicas.all_up();
    replicas.wait_until_quiet(&database, 1);
    let logs = replicas.stop();

    let report = checker::check(&database, &sink.log());
    println!("{kills} killed, {stops} stopped; {done:?}; {report:#?}");
    assert!(report.wrong.is_empty(), "{:#?}\n{logs}", report.wrong);
    // It was worth it.
    assert!(kills > 0 && stops > 0, "{kills} {stops}");
    assert!(report.published > 0 && report.opened > 0 && report.accepted > 20, "{report:#?}\n{logs}");
    assert!(report.closed_by_the_leader > 0 && report.tokens > 2, "{report:#?}\n{logs}");
    assert!(report.fences > 2 || seconds < 120, "{report:#?}\n{logs}");
}

/// Kills and stops replicas at random; how many of each.
fn havoc(replicas: &Replicas, time: Duration, random: &mut StdRng) -> (u32, u32) {
    let (mut kills, mut stops) = (0, 0);
    let end = Instant::now() + time;
    let mut still_until = vec![Instant::now(); replicas.len()];
    while Instant::now() < end {
        std::thread::sleep(Duration::from_secs_f64(random.random_range(0.5..2.5)));
        let which = random.random_range(0..replicas.len());
        // What stands still is to go on, most times.
        if Instant::now() < still_until[which] && random.random_bool(0.95) {
            continue;
        }
        if random.random_bool(0.5) {
            kills += 1;
            replicas.kill(which);
            std::thread::sleep(Duration::from_secs_f64(random.random_range(0.0..1.5)));
            replicas.up(which);
        } else {
            stops += 1;
            let for_long = random.random_bool(0.2) && end - Instant::now() > Duration::from_secs(80);
            let seconds = random.random_range(if for_long { STOPPED_FOR_LONG } else { STOPPED });
            still_until[which] = Instant::now() + Duration::from_secs_f64(seconds);
            replicas.freeze(which, Duration::from_secs_f64(seconds));
        }
    }
    (kills, stops)
}
