//! How many mails a second one replica sends, and two, to a mail server that takes 50 ms for each.
//!
//!     cargo bench --bench mail
//!
//! A PostgreSQL of its own, replicas as processes, mails under way counted where they arrive.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![allow(unreachable_pub, dead_code, reason = "it shares its parts with tests, which use the rest")]

#[path = "../tests/it/support/ports.rs"]
mod ports;
#[path = "../tests/it/support/postgres.rs"]
mod postgres;
#[path = "../tests/it/chaos/replicas.rs"]
mod replicas;
#[path = "../tests/it/chaos/sink.rs"]
mod sink;
#[path = "../tests/it/chaos/work.rs"]
mod work;

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use replicas::Replicas;
use sink::Sink;

const MERCHANTS: usize = 2000;
const LATENCY: Duration = Duration::from_millis(50);

fn main() {
    println!("| replicas | mails | seconds | mails a second |\n|---|---|---|---|");
    let mut first = None;
    for count in [1, 2] {
        let per_second = measured(count);
        let alone = *first.get_or_insert(per_second);
        println!("{count} replicas: {:.2} times one", per_second / alone);
    }
}

/// Mails a second from the first that arrives to the last.
fn measured(count: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let sink = Sink::start(&folder.path().join("sink.log"), Duration::ZERO, LATENCY);
    let free = (0..count).map(|_| ports::free_port()).collect();
    let replicas = Replicas::start(&postgres::fresh_database(), sink.port, folder.path(), free);
    work::prepare(&replicas, MERCHANTS);
    let ask = |method: &str, path: &str, body: &serde_json::Value| {
        let (status, answer) = replicas.ask(0, method, path, Some(body)).expect("an answer");
        assert!(status < 300, "{answer}");
        answer
    };
    let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all", "duration_minutes": 1,
        "notice_lead_minutes": 120, "deadline_at": (Utc::now() + TimeDelta::days(2)).to_rfc3339()});
    ask("POST", "/api/v1/campaigns", &campaign);
    let plan = ask("POST", "/api/v1/plans", &json!({"effort": "fast", "horizon_days": 2}))["id"].clone();
    while ask("GET", &format!("/api/v1/plans/{plan}"), &json!({}))["state"] != "verified" {
        std::thread::sleep(Duration::from_millis(100));
    }
    ask("POST", &format!("/api/v1/plans/{plan}/publish"), &json!({}));
    while sink.log().len() < MERCHANTS {
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = sink.log();
    let at = |choose: fn(std::vec::IntoIter<i64>) -> Option<i64>| {
        choose(log.iter().map(|mail| mail.at_micros).collect::<Vec<_>>().into_iter()).expect("a mail")
    };
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a few minutes")]
    let seconds = (at(Iterator::max) - at(Iterator::min)) as f64 / 1e6;
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let mails = log.len() as f64;
    println!("| {count} | {mails} | {seconds:.1} | {:.0} |", mails / seconds);
    mails / seconds
}
