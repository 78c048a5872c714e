//! Searches beside the other work: they hold nobody up, are counted, can be ended, and are missed when they die.

use std::process::{Command, Stdio};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use offpeak::api::plan::NewPlan;
use offpeak::domain::ids::PlanId;
use offpeak::service::version::Expected;
use offpeak::service::{Actor, plan};
use serde_json::{Value, json};

use crate::support::{TestApp, on_each_database};

/// A fleet on which `--effort best` is busy for longer than any test waits.
async fn busy_fleet(app: &TestApp) {
    app.import_generated(2500, 3).await;
    app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
    for grouping in ["fleet", "region", "host"] {
        app.post("/budgets", json!({"grouping": grouping, "limit": {"percent": 3}})).await;
    }
    let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
        "duration_minutes": 30, "deadline_at": "2026-12-28T00:00:00Z"});
    app.post("/campaigns", campaign).await;
}

/// Asks for a plan, and waits until its search has begun to place.
async fn begin(app: &TestApp) -> Value {
    let request = json!({"effort": "best", "time_limit_seconds": 600});
    let id = app.post("/plans", request).await["id"].clone();
    loop {
        let plan = app.get(&format!("/plans/{id}")).await;
        assert_eq!(plan["state"], "solving", "it is over too soon to be looked at: {plan}");
        if plan["progress"]["total"].as_u64().is_some_and(|total| total > 0) {
            return id;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn end_of(app: &TestApp, id: &Value) -> Value {
    loop {
        let plan = app.get(&format!("/plans/{id}")).await;
        if plan["state"] != "solving" {
            return plan;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn others_are_answered_while_a_search_runs_and_it_can_be_ended_with_what_it_has() {
    on_each_database(|app| async move {
        busy_fleet(&app).await;
        let serial = app.get("/terminals?limit=1").await["items"][0]["serial"].clone();
        let arranged = app
            .try_post(
                "/maintenance",
                json!({"serials": [serial], "at": "2026-12-10 02:00", "duration_minutes": 15, "reason": "x",
                    "emergency": true}),
            )
            .await;
        let id = begin(&app).await;

        // Reads, pages and edits: each of them, begun after the search, ends before it.
        let (status, _) = app.send(Method::GET, "/health", None).await;
        assert_eq!(status, StatusCode::OK);
        let (status, home) = app.send(Method::GET, "/", None).await;
        assert_eq!(status, StatusCode::OK, "{home}");
        app.get("/tonight").await;
        let edit = json!({"serials": [serial], "at": "2026-12-12 02:15", "duration_minutes": 15,
            "reason": "new battery", "emergency": true});
        let (status, answer) = app.try_post("/maintenance", edit).await;
        assert!(status.is_success() || answer["code"] == "refused", "{status} {answer}");
        if arranged.0.is_success() {
            let appointment = &arranged.1["appointments"][0]["id"];
            app.post(&format!("/appointments/{appointment}/cancel"), json!({"reason": "not needed"})).await;
        }
        let plan = app.get(&format!("/plans/{id}")).await;
        assert_eq!(plan["state"], "solving", "all this was answered while the search ran: {plan}");
        let percent = plan["progress"]["percent"].as_u64().unwrap();
        assert!((1..=100).contains(&percent), "{plan}");
        assert_eq!(plan["progress"]["total"].as_u64().map(|total| total > 1000), Some(true), "{plan}");

        // A second search is refused, with what to do about it.
        let (status, refusal) = app.try_post("/plans", json!({})).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::CONFLICT, &json!("conflict")));
        let detail = refusal["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("offpeak plan cancel {id}")), "{detail}");
        let page = app.send(Method::GET, &format!("/plans/{id}"), None).await.1;
        assert!(page.as_str().unwrap().contains(&format!("data-api-path=\"/plans/{id}/cancel\"")), "{page}");
        assert_eq!(app.get(&format!("/plans/{id}/items")).await["items"], json!([]), "it is no plan yet");

        // The heart beats: most of a minute goes by twice, and nobody takes it for dead.
        for _ in 0..2 {
            app.clock.set(app.clock.now() + chrono::TimeDelta::seconds(50));
            tokio::time::sleep(Duration::from_millis(2600)).await;
            let (own, beat) = (format!("plan: {id}|"), app.clock.now().timestamp_micros().to_string());
            assert!(app.dump().iter().any(|row| row.starts_with(&own) && row.contains(&beat)));
        }
        assert_eq!(app.work("watch").await, json!({}));

        let cancelled = app.post(&format!("/plans/{id}/cancel"), json!({"reason": "good enough"})).await;
        assert_eq!(cancelled["stopping"], true, "{cancelled}");
        let plan = end_of(&app, &id).await;
        assert_eq!(
            (&plan["state"], &plan["report"]["cut_short"]),
            (&json!("verified"), &json!(true)),
            "{plan}"
        );
        assert_eq!(plan["stopping"], false);
        let items = app.get(&format!("/plans/{id}/items?limit=1")).await;
        assert_eq!(items["items"].as_array().unwrap().len(), 1);
        let (status, refusal) = app.try_post(&format!("/plans/{id}/cancel"), json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT, "{refusal}");
        let trail = app.get("/audit").await.to_string();
        assert!(trail.contains("plan.cancel") && trail.contains("good enough"), "{trail}");

        // There is room for the next one.
        let plan = app.plan(json!({"effort": "fast"})).await;
        assert_eq!(plan["report"]["cut_short"], false, "{plan}");
    });
}

#[test]
fn a_search_that_is_ended_before_it_begins_leaves_nothing() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 30, "deadline_at": "2026-12-28T00:00:00Z"});
        app.post("/campaigns", campaign).await;
        let state = app.state.app().clone();
        let asked = tokio::task::spawn_blocking(move || {
            let (actor, request) = (Actor::local(), NewPlan::default());
            let cancelled = plan::create(&state, &actor, &request).expect("a plan").id;
            plan::cancel(&state, &actor, PlanId(cancelled), &Expected::ANYTHING, None)
                .expect("it is being solved");
            plan::solve(&state, &actor, PlanId(cancelled), &request).expect("an end");
            let discarded = plan::create(&state, &actor, &request).expect("a plan").id;
            plan::discard(&state, &actor, PlanId(discarded), &Expected::ANYTHING, None)
                .expect("it is being solved");
            plan::solve(&state, &actor, PlanId(discarded), &request).expect("an end");
            [cancelled, discarded]
        });
        for id in asked.await.expect("no panic") {
            let plan = app.get(&format!("/plans/{id}")).await;
            assert_eq!((&plan["state"], &plan["report"]), (&json!("discarded"), &Value::Null), "{plan}");
            assert!(!app.dump().iter().any(|row| row.starts_with(&format!("plan_item: {id}|"))));
        }
    });
}

#[test]
fn whoever_looks_at_a_dead_search_is_told_so() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 30, "deadline_at": "2026-12-28T00:00:00Z"});
        app.post("/campaigns", campaign).await;
        // Asked for, and never solved: what a killed process leaves.
        let state = app.state.app().clone();
        let dead = tokio::task::spawn_blocking(move || {
            plan::create(&state, &Actor::local(), &NewPlan::default()).expect("a plan").id
        });
        let dead = dead.await.expect("no panic");
        let (status, _) = app.try_post("/plans", json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT, "it may still live");
        app.clock.set(app.clock.now() + chrono::TimeDelta::seconds(61));
        let plan = app.get(&format!("/plans/{dead}")).await;
        assert_eq!(plan["state"], "failed", "{plan}");
        assert!(plan["error"].as_str().unwrap().contains("create the plan again"), "{plan}");
        assert_eq!(app.plan(json!({})).await["state"], "verified", "and it is in nobody's way");
    });
}

#[cfg(unix)]
#[test]
fn ctrl_c_at_the_command_line_keeps_the_best_plan_so_far() {
    let folder = tempfile::tempdir().expect("a folder");
    let offpeak = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_offpeak"));
        command.args(arguments).current_dir(folder.path());
        command.env_remove("OFFPEAK_SERVER").env_remove("OFFPEAK_TOKEN");
        command.env("OFFPEAK_DATABASE_URL", format!("sqlite:{}/o.db", folder.path().display()));
        command
    };
    for arguments in [
        &["fleet", "generate", "--terminals", "2500", "--seed", "3", "--out", "f"][..],
        &["fleet", "import", "f/merchants.csv", "f/sites.csv", "f/terminals.csv"],
        &["window", "add", "0 1 * * *", "--for", "4h"],
        &["budget", "add", "fleet", "--percent", "3"],
        &["campaign", "create", "inspection", "look", "--for", "30m", "--deadline", "2030-01-01"],
    ] {
        let output = offpeak(arguments).output().expect("it runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let search = offpeak(&["plan", "create", "--effort", "best", "--time-limit", "600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    loop {
        let listed = offpeak(&["plan", "list", "-o", "json"]).output().expect("it runs").stdout;
        let plans: Value = serde_json::from_slice(&listed).expect("JSON");
        let plan = &plans["items"][0];
        assert!(plan.is_null() || plan["state"] == "solving", "it is over too soon: {plan}");
        if plan["progress"]["total"].as_u64().is_some_and(|total| total > 0) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let pid = search.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
    let output = search.wait_with_output().expect("it ends");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("this is the best plan so far"), "{out}");
    assert!(err.contains("offpeak plan publish 1"), "{err}");
}
