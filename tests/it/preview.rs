//! A campaign before it is made: it says what the campaign would be, and stores nothing.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestApp, on_each_database, on_sqlite};

fn campaign(deadline: &str) -> Value {
    json!({"name": "fw", "work": {"kind": "inspection"}, "selector": "all", "duration_minutes": 30,
        "deadline_at": deadline, "notice_lead_minutes": 120})
}

async fn sixty(app: &TestApp) {
    app.import_generated(60, 7).await;
    let window = json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240});
    app.post("/windows", window).await;
    app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": 4}})).await;
}

#[test]
fn what_it_says_is_what_a_quick_plan_then_finds() {
    on_each_database(|app| async move {
        sixty(&app).await;
        let before = app.dump();
        let preview = app.post("/campaigns/preview", campaign("2026-12-20T00:00:00Z")).await;
        let mut after = app.dump();
        // A key that makes a repetition harmless is the only thing that a question may leave.
        after.retain(|line| before.contains(line) || !line.starts_with("idempotency"));
        assert_eq!(after, before, "nothing is stored");
        app.post("/campaigns", campaign("2026-12-20T00:00:00Z")).await;
        let plan = app.plan(json!({"effort": "fast", "horizon_days": 19})).await;
        let report = &plan["report"];
        assert_eq!(preview["to_plan"], report["tasks"]);
        for field in ["placed", "visits", "merchants"] {
            assert_eq!(preview[field], report[field], "{field}: {preview}");
        }
        assert_eq!(preview["skipped"], report["skipped"]);
        assert!(preview["peak_down"].as_u64().unwrap() <= 4, "{preview}");
        assert_eq!(preview["fleet_cap"], 4);
        let by_region: u64 = preview["regions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|region| region["terminals"].as_u64().unwrap())
            .sum();
        assert_eq!(Some(by_region), preview["to_plan"].as_u64());
    });
}

#[test]
fn what_does_not_fit_is_said_with_what_would_make_it_fit() {
    on_sqlite(|app| async move {
        sixty(&app).await;
        let preview = app.post("/campaigns/preview", campaign("2026-12-02T00:00:00Z")).await;
        let (placed, to_plan) = (preview["placed"].as_u64().unwrap(), preview["to_plan"].as_u64().unwrap());
        assert!(placed > 0 && placed < to_plan, "{preview}");
        let unplaced: u64 = preview["unplaced"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["terminals"].as_u64().unwrap())
            .sum();
        assert_eq!(unplaced, to_plan - placed);
        assert!(!preview["relaxations"].as_array().unwrap().is_empty(), "{preview}");
    });
}

#[test]
fn a_deadline_before_anybody_can_be_told_is_said_to_come_too_soon() {
    on_sqlite(|app| async move {
        sixty(&app).await;
        let mut soon = campaign("2026-12-02T20:00:00Z");
        soon["notice_lead_minutes"] = json!(72 * 60);
        soon["deadline_at"] = json!(app.state.app().clock.now() + chrono::TimeDelta::hours(35));
        let preview = app.post("/campaigns/preview", soon).await;
        assert_eq!(preview["placed"], 0, "{preview}");
        assert!(preview["to_plan"].as_u64().unwrap() > 40, "{preview}");
        assert!(!preview["skipped"].to_string().contains("not_due"), "{preview}");
        assert!(preview["unplaced"].to_string().contains("no_opening"), "{preview}");
        assert!(preview["remedies"].to_string().contains("change_deadline"), "{preview}");
    });
}

#[test]
fn waves_follow_each_other_with_time_to_tell_between_them() {
    on_sqlite(|app| async move {
        sixty(&app).await;
        let mut new = campaign("2027-01-20T00:00:00Z");
        new["waves"] = json!([{"share": "5", "soak_minutes": 60}, {"share": "20%"}, {"share": "rest"}]);
        let preview = app.post("/campaigns/preview", new.clone()).await;
        let waves = preview["waves"].as_array().unwrap();
        assert_eq!(waves.len(), 3);
        assert_eq!(waves[0]["terminals"], 5);
        for pair in waves.windows(2) {
            let end = crate::support::instant(pair[0]["ends_at"].as_str().unwrap());
            let start = crate::support::instant(pair[1]["starts_at"].as_str().unwrap());
            assert!(start > end, "{preview}");
        }
        for (field, value) in [
            ("selector", json!("colour = 1")),
            ("duration_minutes", json!(0)),
            ("waves", json!([{"share": "5"}])),
            ("deadline_at", json!("2026-01-01T00:00:00Z")),
        ] {
            let mut wrong = new.clone();
            wrong[field] = value;
            let (status, answer) = app.try_post("/campaigns/preview", wrong).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {answer}");
        }
        assert_eq!(app.get("/campaigns").await["items"], json!([]));
    });
}
