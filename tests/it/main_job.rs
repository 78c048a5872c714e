//! The main job through the API, on both databases: a fleet comes in, is planned, verified, published, its
//! merchants are told, its windows open, its outcomes are kept.

use serde_json::{Value, json};

use crate::support::{SMALL_FLEET, TestApp, on_each_database};

async fn prepared(app: &TestApp) {
    let (status, report) = app.import(&SMALL_FLEET).await;
    assert!(status.is_success(), "{report}");
    assert_eq!(report["terminals"]["created"], 6);
    app.post(
        "/windows",
        json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240, "cutoff_minutes": 30}),
    )
    .await;
    app.post("/budgets", json!({"grouping": "fleet", "limit": {"percent": 50}})).await;
    app.post("/budgets", json!({"grouping": "site", "limit": {"percent": 100}, "keep": 1, "min": 0})).await;
    // A site with one terminal keeps it up by the budget above: it may be touched by this one's grace alone.
    app.post(
        "/campaigns",
        json!({
            "name": "fw-3.2.0",
            "work": {"kind": "firmware", "artifact": "a920-3.2.0.zip", "version": "3.2.0", "models": ["A920"]},
            "selector": "all",
            "duration_minutes": 30,
            "deadline_at": "2026-12-20T00:00:00Z",
        }),
    )
    .await;
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().expect("a list").iter().map(|item| item["id"].as_i64().expect("a number")).collect()
}

#[test]
fn a_fleet_is_planned_published_announced_and_updated() {
    on_each_database(|app| async move { main_job(&app).await });
}

/// From an empty database to a terminal with its new firmware.
pub async fn main_job(app: &TestApp) {
    prepared(app).await;

    let targets = app.get("/campaigns/fw-3.2.0/targets").await;
    assert_eq!(targets["selected"], 6);
    assert_eq!(targets["to_plan"], 4, "{targets}");
    let reasons: Vec<&str> =
        targets["skipped"].as_array().unwrap().iter().map(|row| row["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["already_installed", "model_mismatch"]);

    let plan = app.plan(json!({"horizon_days": 21})).await;
    assert_eq!(plan["state"], "verified", "{plan}");
    // T4 is the only terminal of its site, and the site keeps one up.
    assert_eq!(plan["report"]["placed"], 3, "{plan}");
    assert_eq!(plan["report"]["unplaced"], json!([{"reason": "site_rule", "terminals": 1}]), "{plan}");
    let id = plan["id"].as_i64().unwrap();
    let items = app.get(&format!("/plans/{id}/items?unplaced=true")).await;
    assert_eq!(items["items"][0]["serial"], "T4");
    assert_eq!(items["items"][0]["unplaced"]["change"], "raise the budget of site:S2 by 1");

    let published = app.post(&format!("/plans/{id}/publish"), json!({"reason": "monthly round"})).await;
    assert_eq!(published["state"], "published");
    let (status, again) = app.try_post(&format!("/plans/{id}/publish"), json!({})).await;
    assert_eq!(status, 409, "{again}");

    let appointments = app.get("/appointments").await["items"].clone();
    assert_eq!(appointments.as_array().unwrap().len(), 3);
    for appointment in appointments.as_array().unwrap() {
        assert_eq!(appointment["state"], "planned");
        let starts_at = appointment["starts_at"].as_str().unwrap();
        assert!(starts_at > "2026-12-04T10", "the notice lead of three days is kept: {starts_at}");
    }

    // One mail a merchant a night; each is accepted once, and then nothing is left to send.
    app.work("notify").await;
    let mails = app.mail.accepted();
    let nights: std::collections::BTreeSet<String> = app.get("/notices?state=accepted").await["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| format!("{} {}", notice["merchant_number"], notice["night"]))
        .collect();
    assert_eq!(mails.len(), nights.len());
    assert_eq!(app.work("notify").await, json!({}));
    assert_eq!(app.mail.accepted().len(), mails.len());
    let announced = app.get("/appointments?state=announced").await["items"].clone();
    assert_eq!(announced.as_array().unwrap().len(), 3);

    // Its window opens it, its outcome closes it, and the firmware is known.
    let first = &announced[0];
    let (id, serial) = (first["id"].as_i64().unwrap(), first["serial"].as_str().unwrap());
    app.set_time(first["starts_at"].as_str().unwrap());
    let opened = app.work("dispatch").await;
    assert!(opened["opened"].as_u64().unwrap() >= 1, "{opened}");
    assert_eq!(app.get(&format!("/appointments/{id}")).await["state"], "open");
    app.post(&format!("/appointments/{id}/start"), json!({})).await;
    app.post(&format!("/appointments/{id}/outcome"), json!({"outcome": "done", "note": "by TMS"})).await;
    let history = app.get(&format!("/terminals/{serial}")).await;
    assert_eq!(history["terminal"]["firmware"], "3.2.0");
    assert_eq!(history["appointments"][0]["state"], "done");
    let (status, _) =
        app.try_post(&format!("/appointments/{id}/outcome"), json!({"outcome": "failed"})).await;
    assert_eq!(status, 409);
}

#[test]
fn what_is_missed_is_planned_again() {
    on_each_database(|app| async move {
        prepared(&app).await;
        let plan = app.plan(json!({})).await;
        app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        // No mail was accepted: nothing opens.
        let all = app.get("/appointments").await["items"].clone();
        let last = all.as_array().unwrap().iter().map(|row| row["ends_at"].as_str().unwrap()).max().unwrap();
        app.set_time(all[0]["starts_at"].as_str().unwrap());
        assert_eq!(app.work("dispatch").await["opened"], Value::Null);
        let held = app.get("/appointments").await["items"][0].clone();
        assert!(held["note"].as_str().unwrap().starts_with("held: the merchant's mail server"), "{held}");

        app.set_time(last);
        app.clock.set(app.clock.now() + chrono::TimeDelta::minutes(61));
        assert_eq!(app.work("watch").await["missed"], 3);
        assert_eq!(app.get("/campaigns/fw-3.2.0/targets").await["to_plan"], 4);
        let plan = app.plan(json!({})).await;
        assert_eq!(plan["report"]["placed"], 3, "{plan}");
    });
}

#[test]
fn a_failure_locks_the_terminal_and_counts_against_budgets() {
    on_each_database(|app| async move {
        prepared(&app).await;
        let plan = app.plan(json!({})).await;
        app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        app.work("notify").await;
        let first = app.get("/appointments").await["items"][0].clone();
        let id = first["id"].as_i64().unwrap();
        app.set_time(first["starts_at"].as_str().unwrap());
        app.work("dispatch").await;
        app.post(&format!("/appointments/{id}/outcome"), json!({"outcome": "failed", "note": "no boot"}))
            .await;
        let locks = app.get("/locks").await["items"].clone();
        assert_eq!(locks[0]["serial"], first["serial"]);
        assert_eq!(locks[0]["state"], "reported");
        let targets = app.get("/campaigns/fw-3.2.0/targets").await;
        assert!(
            targets["skipped"].as_array().unwrap().iter().any(|row| row["reason"] == "locked"),
            "{targets}"
        );
        let lock = locks[0]["id"].as_i64().unwrap();
        let (status, _) = app.try_post(&format!("/locks/{lock}/state"), json!({"state": "reported"})).await;
        assert_eq!(status, 409);
        app.post(&format!("/locks/{lock}/state"), json!({"state": "confirmed", "reason": "merchant rang"}))
            .await;
        assert_eq!(numbers(&app.get("/locks").await["items"]), Vec::<i64>::new());
    });
}

#[test]
fn planning_again_after_publishing_changes_nothing() {
    on_each_database(|app| async move {
        app.import_generated(300, 11).await;
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
        app.post("/budgets", json!({"grouping": "fleet", "limit": {"percent": 10}})).await;
        app.post("/budgets", json!({"grouping": "region", "limit": {"percent": 15}})).await;
        app.post(
            "/campaigns",
            json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all", "duration_minutes": 20,
                   "deadline_at": "2026-12-25T00:00:00Z"}),
        )
        .await;
        let plan = app.plan(json!({"horizon_days": 20})).await;
        assert_eq!(plan["state"], "verified", "{}", plan["report"]["findings"]);
        let placed = plan["report"]["placed"].as_u64().unwrap();
        assert!(placed > 250, "{plan}");
        app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        for replan in [false, true] {
            let again = app.plan(json!({"horizon_days": 20, "replan": replan})).await;
            assert_eq!(again["state"], "verified", "{}", again["report"]["findings"]);
            assert_eq!(again["report"]["moved"], 0, "replan {replan}");
            assert_eq!(again["report"]["kept"].as_u64().unwrap(), placed);
        }
    });
}
