//! The primary of a Patroni cluster is killed, round after round, while a plan is published and while mails are sent:
//! Offpeak goes on within a minute of the promotion, and nothing is lost. `tests/patroni/run` runs it.

#![allow(unreachable_pub, reason = "nothing outside this binary sees any of it")]
#![allow(clippy::print_stdout, reason = "it says how each round went")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]
#![allow(dead_code, reason = "it shares its parts with another test, which uses the rest")]

#[path = "../it/chaos/checker.rs"]
mod checker;
mod cluster;
#[path = "../it/support/ports.rs"]
mod ports;
#[path = "../it/chaos/replicas.rs"]
mod replicas;
#[path = "../it/chaos/sink.rs"]
mod sink;
#[path = "../it/chaos/work.rs"]
mod work;

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use cluster::Cluster;
use replicas::Replicas;
use sink::Sink;

/// Merchants, each with two terminals.
const MERCHANTS: usize = 1000;

/// How long Offpeak may take once there is a primary again.
const SERVICE_WITHIN: Duration = Duration::from_secs(60);

#[test]
fn nothing_is_lost_when_the_primary_dies() {
    let rounds: u32 = std::env::var("PATRONI_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let folder = tempfile::tempdir().expect("a folder");
    let mut cluster = Cluster::start();
    let sink = Sink::start(&folder.path().join("sink.log"), Duration::ZERO, Duration::from_millis(20));
    let database = cluster.url();
    let replicas =
        Replicas::start(&database, sink.port, folder.path(), vec![ports::free_port(), ports::free_port()]);
    work::prepare(&replicas, MERCHANTS);
    for round in 1..=rounds {
        let while_publishing = round % 2 == 1;
        let what = if while_publishing { "a publication" } else { "a mail run" };
        let plan = verified_plan(&replicas, &format!("round-{round}"));
        let path = format!("/api/v1/plans/{plan}/publish");
        let promoted = std::thread::scope(|scope| {
            let publishing = scope.spawn(|| replicas.ask(0, "POST", &path, Some(&json!({}))));
            if while_publishing {
                // Another moment of it each time.
                std::thread::sleep(Duration::from_millis(u64::from(round * 137 % 900)));
            } else {
                let answer = publishing.join().unwrap();
                assert!(answer.as_ref().is_some_and(|(status, _)| *status == 200), "{answer:?}");
                std::thread::sleep(Duration::from_millis(700));
            }
            cluster.kill_the_primary()
        });
        let service = Instant::now();
        let mark = format!("mark-{round}");
        while !is_written(&replicas, &mark) {
            assert!(service.elapsed() < SERVICE_WITHIN, "no service after the promotion");
            std::thread::sleep(Duration::from_millis(100));
        }
        let served = service.elapsed();
        published(&replicas, plan);
        cluster.mend();
        replicas.wait_until_quiet(&database, 0);
        let report = checker::check(&database, &sink.log());
        println!(
            "round {round}, during {what}: promoted after {:.1} s, served {:.1} s later; {} plans, {} appointments, \
             {} mails taken under {} Message-IDs, {} wrong",
            promoted.as_secs_f64(),
            served.as_secs_f64(),
            report.published,
            report.appointments,
            report.taken,
            report.accepted,
            report.wrong.len()
        );
        assert!(report.wrong.is_empty(), "{:#?}", report.wrong);
        assert_eq!(report.published, i64::from(round));
        assert_eq!(report.appointments, i64::from(round) * MERCHANTS as i64 * 2);
    }
    replicas.stop();
}

fn good(replicas: &Replicas, method: &str, path: &str, body: Option<&Value>) -> Option<Value> {
    (0..replicas.len())
        .find_map(|which| replicas.ask(which, method, path, body).filter(|(status, _)| *status < 300))
        .map(|(_, value)| value)
}

fn verified_plan(replicas: &Replicas, name: &str) -> i64 {
    let deadline = (Utc::now() + TimeDelta::days(2)).to_rfc3339();
    let campaign = json!({"name": name, "work": {"kind": "inspection"}, "selector": "all", "duration_minutes": 1,
        "notice_lead_minutes": 120, "deadline_at": deadline});
    good(replicas, "POST", "/api/v1/campaigns", Some(&campaign)).expect("a campaign");
    let request = json!({"campaigns": [name], "effort": "fast", "horizon_days": 2});
    let plan =
        good(replicas, "POST", "/api/v1/plans", Some(&request)).expect("a plan")["id"].as_i64().unwrap();
    loop {
        let view = good(replicas, "GET", &format!("/api/v1/plans/{plan}"), None).expect("the plan");
        if view["state"] == "verified" {
            assert_eq!(view["report"]["placed"], MERCHANTS * 2, "{view}");
            return plan;
        }
        assert_eq!(view["state"], "solving", "{view}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whether something could be written; asked again, it looks first.
fn is_written(replicas: &Replicas, name: &str) -> bool {
    let blackout =
        json!({"name": name, "scope": "fleet", "from": "2030-01-01T00:00", "to": "2030-01-01T01:00"});
    good(replicas, "POST", "/api/v1/blackouts", Some(&blackout)).is_some()
}

/// Publishes a plan of which it is not known whether it is published: as a person would, by a look before.
fn published(replicas: &Replicas, plan: i64) {
    let path = format!("/api/v1/plans/{plan}");
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let state = good(replicas, "GET", &path, None).unwrap_or_default()["state"].clone();
        match state.as_str() {
            Some("published") => return,
            Some("verified") => drop(good(replicas, "POST", &format!("{path}/publish"), Some(&json!({})))),
            _ => {}
        }
        assert!(Instant::now() < patience, "plan {plan} is {state}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
