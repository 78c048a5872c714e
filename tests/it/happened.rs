//! What merchants hear of what has happened, and when any of it leaves.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestApp, on_each_database, on_sqlite_with};

async fn kinds(app: &TestApp) -> Vec<String> {
    let notices = app.notices("accepted").await;
    notices.iter().map(|notice| notice["kind"].as_str().unwrap().to_owned()).collect()
}

async fn last_text(app: &TestApp) -> String {
    let last = app.notices("accepted").await.pop().expect("a mail");
    let id = last["id"].as_i64().unwrap();
    app.get(&format!("/notices/{id}/message")).await["text"].as_str().unwrap().to_owned()
}

/// A terminal in London whose work, announced ahead, opens at 02:00 on 10 December.
async fn opened(app: &TestApp, serials: &[&str]) -> Vec<i64> {
    app.import_small_fleet().await;
    let ids = app.arrange(serials, "2026-12-10 02:00").await;
    app.work("notify").await;
    app.set_time("2026-12-10T02:00:00Z");
    app.work("dispatch").await;
    ids
}

async fn outcome(app: &TestApp, id: i64, outcome: &str) {
    app.post(&format!("/appointments/{id}/outcome"), json!({"outcome": outcome})).await;
}

#[test]
fn the_end_of_a_visit_is_told_once_when_all_of_it_is_done() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let first = app.arrange(&["T1"], "2026-12-10 02:00").await[0];
        let second = app.arrange(&["T2"], "2026-12-10 02:30").await[0];
        app.work("notify").await;
        app.set_time("2026-12-09T18:00:00Z");
        app.work("dispatch").await;
        outcome(&app, first, "done").await;
        app.work("notify").await;
        assert_eq!(kinds(&app).await, ["announcement"]);
        app.set_time("2026-12-09T18:30:00Z");
        app.work("dispatch").await;
        outcome(&app, second, "done").await;
        app.work("notify").await;
        app.work("notify").await;
        assert_eq!(kinds(&app).await, ["announcement", "completed"]);
        let text = last_text(&app).await;
        assert!(text.contains("1号收银台") || text.contains("Till 1"), "{text}");
        assert!(text.contains("维护已完成"), "{text}");
    });
}

#[test]
fn what_nobody_was_told_of_needs_no_word_of_its_end() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T5"], "2026-12-10 02:00").await;
        // The announcement does not go out; so nothing opens, and the window passes.
        app.set_time("2026-12-10T04:00:00Z");
        app.work("dispatch").await;
        app.work("watch").await;
        assert_eq!(app.get("/appointments/1").await["state"], "missed");
        app.work("notify").await;
        assert_eq!(kinds(&app).await, Vec::<String>::new());
    });
}

#[test]
fn a_window_that_passed_is_told_of() {
    on_each_database(|app| async move {
        opened(&app, &["T5"]).await;
        app.set_time("2026-12-10T04:00:00Z");
        app.work("watch").await;
        app.work("notify").await;
        assert_eq!(kinds(&app).await, ["announcement", "missed"]);
        assert!(last_text(&app).await.contains("did not take place in its time"));
    });
}

#[test]
fn a_failure_is_told_at_once_and_so_is_its_end() {
    on_each_database(|app| async move {
        let id = opened(&app, &["T5"]).await[0];
        outcome(&app, id, "failed").await;
        app.work("notify").await;
        assert_eq!(kinds(&app).await, ["announcement", "failed"]);
        let text = last_text(&app).await;
        assert!(text.contains("Reference: L-1") && text.contains("02:00 (London time, UTC)"), "{text}");
        app.set_time("2026-12-10T02:40:00Z");
        for state in ["in_repair", "fixed", "confirmed"] {
            app.post("/locks/1/state", json!({"state": state})).await;
        }
        app.work("notify").await;
        assert_eq!(kinds(&app).await, ["announcement", "failed", "unlocked"]);
        assert!(last_text(&app).await.contains("02:40 (London time, UTC)"));
    });
}

#[test]
fn a_lock_that_ended_before_anybody_was_told_is_not_told() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/locks", json!({"serial": "T5", "cause": "a call from the shop"})).await;
        app.post("/locks/1/state", json!({"state": "withdrawn"})).await;
        app.work("notify").await;
        assert_eq!(kinds(&app).await, Vec::<String>::new());
        app.post("/locks", json!({"serial": "T5", "cause": "a call from the shop"})).await;
        app.post("/locks", json!({"serial": "T6", "cause": "the same call"})).await;
        app.work("notify").await;
        assert_eq!(kinds(&app).await, ["locked"], "one mail a merchant");
        let text = last_text(&app).await;
        assert!(text.contains("L-2") && text.contains("L-3"), "{text}");
    });
}

#[test]
fn that_work_begins_is_told_only_where_it_is_wanted() {
    for wanted in [false, true] {
        on_sqlite_with(
            |settings| settings.started_notices = wanted,
            |app| async move {
                let id = opened(&app, &["T5"]).await[0];
                app.post(&format!("/appointments/{id}/start"), json!({})).await;
                app.work("notify").await;
                assert_eq!(kinds(&app).await.contains(&"started".to_owned()), wanted);
            },
        );
    }
}

#[test]
fn what_has_happened_at_night_can_wait_for_the_morning_and_a_lock_cannot() {
    on_sqlite_with(
        |settings| settings.quiet_hours = "21:00-08:00".parse().unwrap(),
        |app| async move {
            let ids = opened(&app, &["T5", "T6"]).await;
            outcome(&app, ids[0], "done").await;
            outcome(&app, ids[1], "failed").await;
            app.work("notify").await;
            assert_eq!(kinds(&app).await, ["announcement", "failed"]);
            app.set_time("2026-12-10T08:00:00Z");
            app.work("notify").await;
            assert_eq!(kinds(&app).await, ["announcement", "failed", "completed"]);
        },
    );
}

#[test]
fn announcements_leave_a_week_before_or_as_early_as_the_lead_asks() {
    on_sqlite_with(
        |settings| settings.announce_ahead_minutes = 7 * 24 * 60,
        |app| async move {
            app.import_small_fleet().await;
            let id = app.arrange(&["T5"], "2026-12-20 02:00").await[0];
            assert_eq!(app.work("notify").await, json!({}));
            // Until then, a change is folded into the one mail that there will be.
            let (status, moved) =
                app.try_post(&format!("/appointments/{id}/move"), json!({"at": "2026-12-21 02:00"})).await;
            assert_eq!(status, StatusCode::OK, "{moved}");
            app.set_time("2026-12-14T01:59:00Z");
            assert_eq!(app.work("notify").await, json!({}));
            app.set_time("2026-12-14T02:00:00Z");
            assert_eq!(app.work("notify").await["accepted"], 1);
            assert_eq!(kinds(&app).await, ["announcement"]);
            assert!(last_text(&app).await.contains("21 December"));
        },
    );
}

#[test]
fn nothing_but_what_is_urgent_is_sent_in_the_night() {
    on_sqlite_with(
        |settings| settings.quiet_hours = "21:00-08:00".parse().unwrap(),
        |app| async move {
            app.import_small_fleet().await;
            app.set_time("2026-12-01T23:00:00Z");
            app.arrange(&["T5"], "2026-12-10 02:00").await;
            assert_eq!(app.work("notify").await, json!({}));
            let waiting: Vec<Value> = app.notices("queued").await;
            assert_eq!(waiting[0]["send_after"], "2026-12-02T08:00:00Z");
            // The reminder a day ahead would leave at 02:00.
            assert_eq!(waiting[1]["kind"], "reminder");
            assert_eq!(waiting[1]["send_after"], "2026-12-09T08:00:00Z");
            let request = json!({"serials": ["T6"], "at": "2026-12-02 03:00", "duration_minutes": 30,
                "reason": "the certificate ends", "emergency": true});
            app.post("/maintenance", request).await;
            assert_eq!(app.work("notify").await["accepted"], 1);
            assert_eq!(kinds(&app).await, ["announcement"]);
        },
    );
}
