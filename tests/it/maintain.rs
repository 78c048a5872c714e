//! Ad-hoc maintenance and moves: every rule that says no is named, and the nearest legal time is truly legal.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{SMALL_FLEET, TestApp, on_each_database, on_sqlite};

fn request(serials: &[&str], at: &str) -> Value {
    json!({"serials": serials, "at": at, "duration_minutes": 30, "reason": "new battery"})
}

/// Asks, expects exactly these rules to say no, and asks again with the nearest legal time, which must be taken.
async fn refused_for(app: &TestApp, request: Value, rules: &[&str]) {
    let (status, answer) = app.try_post("/maintenance", request.clone()).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    assert_eq!(answer["code"], "refused");
    let refusals = answer["refusals"].as_array().unwrap();
    let named: Vec<&str> = refusals.iter().map(|refusal| refusal["rule"].as_str().unwrap()).collect();
    assert_eq!(named, rules, "{answer}");
    let nearest = refusals[0]["nearest_legal_at"].as_str().unwrap_or_else(|| panic!("no time: {answer}"));
    let mut again = request;
    again["at"] = json!(nearest);
    again["dry_run"] = json!(true);
    let (status, answer) = app.try_post("/maintenance", again).await;
    assert_eq!(status, StatusCode::OK, "the nearest legal time {nearest} is refused: {answer}");
}

#[test]
fn every_rule_is_named_and_the_nearest_time_is_legal() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post(
            "/windows",
            json!({"scope": "site:S3", "cron": "0 1 * * *", "duration_minutes": 420, "cutoff_minutes": 60}),
        )
        .await;
        refused_for(&app, request(&["T1"], "2026-12-10 12:00"), &["window"]).await;
        // Half outside is outside.
        refused_for(&app, request(&["T1"], "2026-12-10 04:45"), &["window"]).await;
        refused_for(&app, request(&["T5"], "2026-12-10 07:15"), &["cutoff"]).await;
        refused_for(&app, request(&["T1"], "tomorrow 02:00"), &["notice_lead"]).await;
        app.post(
            "/blackouts",
            json!({"name": "sales", "scope": "region:east", "from": "2026-12-12", "to": "2026-12-13"}),
        )
        .await;
        refused_for(&app, request(&["T1"], "2026-12-12 02:00"), &["blackout"]).await;
        // The shop opens at 06:00 and has two terminals: one of them may go, the other stays up.
        app.arrange(&["T5"], "2026-12-10 06:30").await;
        refused_for(&app, request(&["T6"], "2026-12-10 06:45"), &["site_rule"]).await;
        refused_for(&app, request(&["T5"], "2026-12-10 06:45"), &["overlap", "site_rule"]).await;
        app.post("/budgets", json!({"grouping": "host", "value": "host-a", "limit": {"count": 1}})).await;
        app.arrange(&["T1"], "2026-12-10 02:00").await;
        refused_for(&app, request(&["T2"], "2026-12-10 02:15"), &["budget"]).await;
        // Several of one request see each other: the second may go when the first is up again.
        let (status, answer) = app.try_post("/maintenance", request(&["T2", "T4"], "2026-12-11 02:00")).await;
        assert_eq!(status, StatusCode::CONFLICT);
        let refusal = &answer["refusals"][0];
        assert_eq!((&refusal["serial"], &refusal["rule"]), (&json!("T4"), &json!("budget")), "{answer}");
        app.arrange(&["T2"], "2026-12-11 02:00").await;
        app.arrange(&["T4"], refusal["nearest_legal_at"].as_str().unwrap()).await;
        // A locked terminal takes the host's place.
        app.post("/locks", json!({"serial": "T3", "cause": "dark"})).await;
        let (_, answer) = app.try_post("/maintenance", request(&["T2"], "2026-12-16 02:00")).await;
        assert_eq!(answer["refusals"][0]["rule"], "budget");
        assert_eq!(answer["refusals"][0]["nearest_legal_at"], Value::Null, "never, while it is locked");
    });
}

#[test]
fn a_refusal_changes_nothing() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let before = app.dump();
        for broken in [
            request(&["T1", "T5"], "2026-12-10 12:00"),
            request(&["T1", "nobody"], "2026-12-10 02:00"),
            request(&[], "2026-12-10 02:00"),
            request(&["T1"], "yesterday"),
            json!({"serials": ["T1"], "at": "2026-12-10 02:00", "duration_minutes": 0, "reason": "x"}),
            json!({"serials": ["T1"], "at": "2026-12-10 02:00", "duration_minutes": 4294967295_u32, "reason": "x"}),
            json!({"serials": ["T1"], "at": "2026-12-10 02:00", "duration_minutes": 30, "reason": " \u{200b} "}),
        ] {
            let (status, answer) = app.try_post("/maintenance", broken).await;
            assert!(status.is_client_error(), "{status} {answer}");
        }
        let mut dry = request(&["T1"], "2026-12-10 02:00");
        dry["dry_run"] = json!(true);
        app.post("/maintenance", dry).await;
        assert_eq!(app.dump(), before);
    });
}

#[test]
fn an_emergency_waives_the_notice_and_nothing_else() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let mut urgent = request(&["T1"], "tonight 02:00");
        urgent["emergency"] = json!(true);
        let mut outside = urgent.clone();
        outside["at"] = json!("today 21:00");
        let (status, answer) = app.try_post("/maintenance", outside).await;
        assert_eq!((status, &answer["refusals"][0]["rule"]), (StatusCode::CONFLICT, &json!("window")));

        let id = app.post("/maintenance", urgent).await["appointments"][0]["id"].as_i64().unwrap();
        let entry = app.get("/audit?q=maintenance").await["items"][0].clone();
        assert_eq!(entry["action"], "maintenance.emergency");
        assert_eq!(entry["reason"], "new battery");
        assert!(entry["actor"].as_str().unwrap().starts_with("local:"), "{entry}");
        assert_eq!(app.work("notify").await, json!({"accepted": 1}), "at once");
        app.set_time("2026-12-01T18:00:00Z");
        assert_eq!(app.work("dispatch").await, json!({"opened": 1}));
        assert_eq!(app.appointment(id).await["state"], "open");
    });
}

#[test]
fn an_emergency_opens_without_its_mail_but_not_once_it_was_moved() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let mut urgent = request(&["T1"], "tonight 02:00");
        urgent["emergency"] = json!(true);
        app.post("/maintenance", urgent.clone()).await;
        urgent["serials"] = json!(["T5"]);
        let moved = app.post("/maintenance", urgent).await["appointments"][0]["id"].as_i64().unwrap();
        let to = json!({"at": "2026-12-10 02:00", "reason": "no hurry"});
        app.post(&format!("/appointments/{moved}/move"), to).await;
        app.set_time("2026-12-01T18:00:00Z");
        assert_eq!(app.work("dispatch").await, json!({"opened": 1}));
        app.set_time("2026-12-10T02:00:00Z");
        assert_eq!(app.work("dispatch").await["held"], 1, "it has time to be announced like any other");
    });
}

#[test]
fn a_move_keeps_the_rules_and_the_deadline() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "serial = \"T1\"",
            "duration_minutes": 30, "deadline_at": "2026-12-12T00:00:00Z"});
        app.post("/campaigns", campaign).await;
        let plan = app.plan(json!({})).await;
        app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        let appointment = app.get("/appointments").await["items"][0].clone();
        let path = format!("/appointments/{}/move", appointment["id"]);
        // Onto itself.
        let same = app.post(&path, json!({"at": appointment["starts_at"]})).await;
        assert_eq!(same["revision"], appointment["revision"]);
        // Half of it lies where it stands now: it is not in its own way.
        app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": 1}})).await;
        app.post(&path, json!({"at": "2026-12-10 02:00"})).await;
        app.post(&path, json!({"at": "2026-12-10 02:15"})).await;
        let (status, answer) = app.try_post(&path, json!({"at": "2026-12-14 02:00"})).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(answer["refusals"][0]["rule"], "deadline", "{answer}");
        assert!(answer["refusals"][0]["nearest_legal_at"].as_str().unwrap() < "2026-12-12");
        let before = app.dump();
        app.post(&path, json!({"at": "2026-12-11 02:00", "dry_run": true})).await;
        assert_eq!(app.dump(), before);
    });
}

#[test]
fn who_cannot_be_told_is_not_surprised() {
    on_sqlite(|app| async move {
        let merchants = SMALL_FLEET[0].1.replace("owner@harbour-bakery.example", "");
        let files = [("merchants.csv", &*merchants), SMALL_FLEET[1], SMALL_FLEET[2]];
        let (status, report) = app.import(&files).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
        let mut urgent = request(&["T5"], "2026-12-10 02:00");
        let (status, answer) = app.try_post("/maintenance", urgent.clone()).await;
        assert_eq!((status, &answer["refusals"][0]["rule"]), (StatusCode::CONFLICT, &json!("no_contact")));
        urgent["emergency"] = json!(true);
        app.post("/maintenance", urgent).await;
        app.set_time("2026-12-10T02:00:00Z");
        assert_eq!(app.work("dispatch").await, json!({"opened": 1}));
    });
}
