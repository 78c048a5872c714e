//! Opening and closing at run time: the notice, the budgets and the pause are asked again at the door.

use serde_json::json;

use crate::support::{TestApp, instant, on_each_database, on_sqlite};

/// Appointments of T1 and T2, announced, one after the other in one night; then the clock stands at the first.
async fn at_the_door(app: &TestApp) -> Vec<i64> {
    app.import_small_fleet().await;
    let mut ids = app.arrange(&["T1"], "2026-12-10 02:00").await;
    ids.extend(app.arrange(&["T2"], "2026-12-10 02:30").await);
    app.work("notify").await;
    app.set_time("2026-12-09T18:00:00Z");
    ids
}

#[test]
fn open_work_counts_against_the_budgets() {
    on_each_database(|app| async move {
        let ids = at_the_door(&app).await;
        app.post("/budgets", json!({"grouping": "cell", "limit": {"count": 1}})).await;
        assert_eq!(app.work("dispatch").await, json!({"opened": 1}));
        app.post(&format!("/appointments/{}/start", ids[0]), json!({})).await;
        // The first takes longer than it said.
        app.set_time("2026-12-09T18:30:00Z");
        assert_eq!(app.work("dispatch").await, json!({"held": 1}));
        let held = app.appointment(ids[1]).await;
        assert!(held["note"].as_str().unwrap().contains("cell:cell-1 is full, 1 of at most 1"), "{held}");
        app.post(&format!("/appointments/{}/outcome", ids[0]), json!({"outcome": "done"})).await;
        app.set_time("2026-12-09T18:40:00Z");
        assert_eq!(app.work("dispatch").await, json!({"opened": 1}));
    });
}

#[test]
fn locked_terminals_count_against_the_budgets() {
    on_each_database(|app| async move {
        at_the_door(&app).await;
        app.post("/budgets", json!({"grouping": "cell", "limit": {"count": 1}})).await;
        let lock = app.post("/locks", json!({"serial": "T3", "cause": "dark"})).await;
        assert_eq!(app.work("dispatch").await, json!({"held": 1}));
        app.post(&format!("/locks/{}/state", lock["id"]), json!({"state": "confirmed"})).await;
        assert_eq!(app.work("dispatch").await, json!({"opened": 1}));
    });
}

#[test]
fn a_locked_terminal_is_not_opened() {
    on_sqlite(|app| async move {
        let ids = at_the_door(&app).await;
        app.post("/locks", json!({"serial": "T1", "cause": "dark"})).await;
        assert_eq!(app.work("dispatch").await, json!({"held": 1}));
        assert_eq!(app.appointment(ids[0]).await["note"], "held: the terminal is locked");
    });
}

#[test]
fn a_paused_campaign_holds_its_appointments() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "serial = \"T1\"",
            "duration_minutes": 30, "deadline_at": "2026-12-20T00:00:00Z"});
        app.post("/campaigns", campaign).await;
        let plan = app.plan(json!({})).await;
        app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        app.work("notify").await;
        app.post("/campaigns/look/pause", json!({"reason": "a doubt"})).await;
        let appointment = app.get("/appointments").await["items"][0].clone();
        app.set_time(appointment["starts_at"].as_str().unwrap());
        assert_eq!(app.work("dispatch").await, json!({"held": 1}));
        app.post("/campaigns/look/resume", json!({})).await;
        assert_eq!(app.work("dispatch").await, json!({"opened": 1}));
    });
}

#[test]
fn an_announcement_that_was_accepted_too_late_holds() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T1"], "2026-12-10 02:00").await[0];
        // The notice lead is three days; the mail server takes it a minute later than that.
        app.clock.set(instant("2026-12-09T18:00:00Z") - chrono::TimeDelta::minutes(3 * 1440 - 1));
        app.work("notify").await;
        assert_eq!(app.appointment(id).await["state"], "announced");
        app.set_time("2026-12-09T18:00:00Z");
        assert_eq!(app.work("dispatch").await, json!({"held": 1}));
        let note = app.appointment(id).await["note"].clone();
        assert_eq!(note, "held: the announcement was accepted later than the notice lead");
    });
}

#[test]
fn just_in_time_is_in_time() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T1"], "2026-12-10 02:00").await;
        app.clock.set(instant("2026-12-09T18:00:00Z") - chrono::TimeDelta::days(3));
        app.work("notify").await;
        app.set_time("2026-12-09T18:00:00Z");
        assert_eq!(app.work("dispatch").await, json!({"opened": 1}));
    });
}

#[test]
fn what_nobody_reports_on_is_missed_or_failed_after_the_grace() {
    on_each_database(|app| async move {
        let ids = at_the_door(&app).await;
        app.work("dispatch").await;
        app.post(&format!("/appointments/{}/start", ids[0]), json!({})).await;
        app.set_time("2026-12-09T18:30:00Z");
        app.work("dispatch").await;
        app.set_time("2026-12-09T19:29:59Z");
        assert_eq!(app.work("watch").await, json!({}), "the grace is an hour");
        app.set_time("2026-12-09T19:30:00Z");
        assert_eq!(app.work("watch").await, json!({"failed": 1}));
        assert_eq!(app.appointment(ids[0]).await["state"], "failed");
        let locks = app.get("/locks").await["items"].clone();
        assert_eq!((locks.as_array().unwrap().len(), &locks[0]["serial"]), (1, &json!("T1")));
        app.set_time("2026-12-09T20:00:00Z");
        assert_eq!(app.work("watch").await, json!({"missed": 1}));
        assert_eq!(app.appointment(ids[1]).await["state"], "missed");
        // Nothing is said twice.
        assert_eq!(app.work("watch").await, json!({}));
        assert_eq!(app.get("/locks").await["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_retired_terminal_is_not_opened_and_its_merchant_is_told() {
    on_each_database(|app| async move {
        let ids = at_the_door(&app).await;
        let row = "serial,site_code,tid,mid,label,model,firmware,acquirer_host,carrier,cell,servicer,volume,retired,tags\n\
                   T1,S1,10000001,900001,Till 1,A920,3.1.0,host-a,CM,cell-1,ServeCo,20,true,\n\
                   T2,S2,10000002,900001,Till 2,A920,3.1.0,host-a,CM,cell-1,ServeCo,10,false,\n";
        let (status, report) = app.import(&[("terminals.csv", row)]).await;
        assert_eq!(status, 200, "{report}");
        for id in ids {
            assert_eq!(app.appointment(id).await["state"], "cancelled");
        }
        app.work("notify").await;
        let kinds: Vec<String> = app
            .notices("accepted")
            .await
            .iter()
            .map(|notice| notice["kind"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(kinds, ["announcement", "cancelled"]);
        assert_eq!(app.work("dispatch").await, json!({}));
    });
}

#[test]
fn the_trail_and_the_firmware_of_an_outcome_are_kept() {
    on_sqlite(|app| async move {
        let ids = at_the_door(&app).await;
        app.work("dispatch").await;
        let path = format!("/appointments/{}/outcome", ids[0]);
        let (status, answer) = app.try_post(&path, json!({"outcome": "done", "firmware": " "})).await;
        assert_eq!(status, 422, "{answer}");
        app.post(&path, json!({"outcome": "done", "firmware": "3.3.1"})).await;
        assert_eq!(app.get("/terminals/T1").await["terminal"]["firmware"], "3.3.1");
        let (status, _) =
            app.try_post(&format!("/appointments/{}/outcome", ids[1]), json!({"outcome": "done"})).await;
        assert_eq!(status, 409, "it has not opened");
    });
}
