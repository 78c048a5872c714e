//! Commands as people meet them, against a small router of the test's own: what they print where, and their codes.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::FromArgMatches;
use offpeak::api::problem::{Problem, Refusal};
use offpeak::cli::client::{Client, InProcess};
use offpeak::cli::output::Output;
use offpeak::cli::{Cli, Context};
use serde_json::{Value, json};

/// A stream that the test reads afterwards.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no writer panics").clone()).expect("UTF-8")
    }
}

/// What a command did.
struct Ran {
    code: u8,
    stdout: String,
    stderr: String,
}

fn run(api: Router, arguments: &[&str]) -> Ran {
    let matches = offpeak::cli::command()
        .try_get_matches_from(std::iter::once("offpeak").chain(arguments.iter().copied()))
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    let cli = Cli::from_arg_matches(&matches).expect("clap has checked it");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let client = Client::new(InProcess::new(Arc::new(runtime), Router::new().nest("/api/v1", api)));
    let (stdout, stderr) = (Paper::default(), Paper::default());
    let output = Output::to(cli.globals.output.clone(), None, stdout.clone(), stderr.clone());
    let context = Context::with_client(cli.globals, output, client);
    let code = offpeak::cli::run(&cli.command, &context);
    Ran { code, stdout: stdout.text(), stderr: stderr.text() }
}

fn refused() -> axum::response::Response {
    let refusal = |serial: &str, rule: &str, nearest: &str| Refusal {
        serial: serial.into(),
        rule: rule.into(),
        message: format!("the {rule} says no"),
        said: None,
        nearest_legal_at: Some(nearest.parse().expect("RFC 3339")),
        nearest_legal_local: None,
    };
    let problem = Problem {
        kind: "/problems/refused".into(),
        title: "Refused".into(),
        status: 409,
        detail: "2 of the rules forbid it".into(),
        code: "refused".into(),
        refusals: vec![
            refusal("T 1", "notice_lead", "2026-12-04T02:00:00Z"),
            refusal("T2", "notice_lead", "2026-12-05T02:15:00Z"),
        ],
        ..Problem::default()
    };
    (StatusCode::CONFLICT, [(header::CONTENT_TYPE, "application/problem+json")], Json(problem))
        .into_response()
}

const MAINTAIN: &[&str] = &[
    "maintain",
    "--terminal",
    "T 1",
    "--terminal",
    "T2",
    "--at",
    "tonight 02:00",
    "--for",
    "1h30m",
    "--reason",
    "it's stuck",
];

#[test]
fn a_refusal_is_told_in_full_with_the_commands_that_would_work() {
    let ran = run(Router::new().route("/maintenance", post(|| async { refused() })), MAINTAIN);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    let expected = "\
Refused: 2 of the rules forbid it
  T 1  notice_lead: the notice_lead says no
      nearest legal time: 2026-12-04 02:00Z
  T2  notice_lead: the notice_lead says no
      nearest legal time: 2026-12-05 02:15Z
Hint: Nearest legal time: offpeak maintain --terminal 'T 1' --terminal T2 --at 2026-12-05T02:15:00Z --for 1h30m --reason 'it'\\''s stuck'
Hint: If it cannot wait: offpeak maintain --terminal 'T 1' --terminal T2 --at 'tonight 02:00' --for 1h30m --reason 'it'\\''s stuck' --emergency
";
    assert_eq!(ran.stderr, expected);
}

#[test]
fn in_json_a_refusal_is_the_problem_document() {
    let arguments: Vec<&str> = MAINTAIN.iter().copied().chain(["-o", "json"]).collect();
    let ran = run(Router::new().route("/maintenance", post(|| async { refused() })), &arguments);
    assert_eq!(ran.code, 1);
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON and nothing else");
    assert_eq!(document["refusals"][1]["serial"], "T2");
    assert_eq!(document["status"], 409);
}

#[test]
fn an_empty_list_says_what_to_do_next_and_is_an_empty_list_in_json() {
    let api = || Router::new().route("/campaigns", get(|| async { Json(json!({"items": []})) }));
    let ran = run(api(), &["campaign", "list"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.starts_with("No campaign yet.") && ran.stdout.contains("offpeak campaign create"));
    let ran = run(api(), &["campaign", "list", "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).expect("JSON")["items"], json!([]));
}

#[test]
fn json_is_exactly_what_the_api_answered() {
    let window = json!({"id": 3, "scope": "region:north", "cron": "0 1 * * *", "duration_minutes": 300,
        "cutoff_minutes": 30, "time_zone": null});
    let answer = window.clone();
    let api = Router::new().route(
        "/windows",
        post(|Json(body): Json<Value>| async move {
            assert_eq!(body["duration_minutes"], 300);
            assert_eq!(body["cutoff_minutes"], 30);
            Json(answer)
        }),
    );
    let arguments = [
        "window",
        "add",
        "0 1 * * *",
        "--for",
        "5h",
        "--cutoff",
        "30m",
        "--scope",
        "region:north",
        "-o",
        "json",
    ];
    let ran = run(api, &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).expect("JSON"), window);
    assert!(ran.stderr.is_empty(), "no hints among JSON: {}", ran.stderr);
}

#[test]
fn a_plan_is_waited_for_and_drawn() {
    let plan = |state: &str, report: Value| {
        json!({"id": 7, "state": state, "created_at": "2026-12-01T00:00:00Z", "created_by": "local:x",
            "published_at": null, "progress": null, "report": report, "error": null})
    };
    let report = json!({"horizon_from": "2026-12-01T00:00:00Z", "horizon_to": "2026-12-31T00:00:00Z", "tasks": 12,
        "placed": 10, "weight_placed": 20, "weight_total": 24, "weight_upper": 22, "disruption": 100,
        "disruption_lower": 98, "moved": 2, "kept": 5, "moves_unavoidable": 1,
        "moves": [{"cause": "window", "explanation": "no longer inside a window", "appointments": 2}], "visits": 4, "merchants": 3, "peak_down": 5,
        "solve_ms": 1234, "problem_sha256": "00", "findings": [],
        "unplaced": [{"reason": "budget_full", "terminals": 2}],
        "relaxations": ["raising cell-17 from 2 to 3 places 2 more"], "skipped": []});
    let load = json!({"from": "2026-12-01T00:00:00Z", "slot_minutes": 15, "groups": [],
        "nights": [{"night": "2026-12-04", "appointments": 10, "peak_down": 5, "fleet_cap": 8,
                    "tightest_group": "cell:17", "tightest_down": 2, "tightest_cap": 2}]});
    let polls = Arc::new(AtomicU32::new(0));
    let asked = Arc::clone(&polls);
    let (solving, drafted) = (plan("solving", Value::Null), plan("verified", report));
    let posted = solving.clone();
    let api = Router::new()
        .route("/plans", post(|| async { (StatusCode::ACCEPTED, Json(posted)) }))
        .route(
            "/plans/7",
            get(move || async move {
                Json(if asked.fetch_add(1, Ordering::SeqCst) < 2 { solving } else { drafted })
            }),
        )
        .route("/plans/7/load", get(|| async { Json(load) }));
    let ran = run(api, &["plan", "create"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(polls.load(Ordering::SeqCst), 3, "it polls until the search has ended, and no more");
    for words in [
        "10 of 12 terminals",
        "83.3 %",
        "91.6 %",
        "5 of 8",
        "cell:17 2 of 2",
        "raising cell-17",
        "budget_full",
    ] {
        assert!(ran.stdout.contains(words), "`{words}` is missing:\n{}", ran.stdout);
    }
    assert!(ran.stderr.contains("offpeak plan publish 7"), "{}", ran.stderr);
}

#[test]
fn a_failed_search_is_a_conflict_with_its_reason() {
    let failed = json!({"id": 8, "state": "failed", "created_at": "2026-12-01T00:00:00Z", "created_by": "x",
        "published_at": null, "progress": null, "report": null, "error": "the horizon is empty"});
    let api = Router::new().route("/plans", post(|| async { (StatusCode::ACCEPTED, Json(failed)) }));
    let ran = run(api, &["plan", "create"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("the horizon is empty"), "{}", ran.stderr);
}
