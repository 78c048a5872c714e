//! Campaigns and programmes: their states, whom they pick and skip, how they end, how they come back.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{SMALL_FLEET, TestApp, on_each_database, on_sqlite};

fn inspection(name: &str, selector: &str) -> Value {
    json!({"name": name, "work": {"kind": "inspection"}, "selector": selector, "duration_minutes": 30,
        "deadline_at": "2026-12-20T00:00:00Z"})
}

async fn publish(app: &TestApp, request: Value) -> Value {
    let plan = app.plan(request).await;
    assert_eq!(plan["state"], "verified", "{plan}");
    app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await
}

async fn skipped(app: &TestApp, name: &str) -> Vec<(String, String)> {
    let targets = app.get(&format!("/campaigns/{name}/targets")).await;
    let mut skipped: Vec<(String, String)> = targets["skipped_terminals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["serial"].as_str().unwrap().to_owned(), row["reason"].as_str().unwrap().to_owned()))
        .collect();
    skipped.sort();
    skipped
}

#[test]
fn states_follow_each_other_as_they_may() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let mut new = inspection("look", "all");
        new["draft"] = json!(true);
        assert_eq!(app.post("/campaigns", new).await["state"], "draft");
        for (action, expected) in [
            ("pause", None),
            ("activate", Some("active")),
            ("pause", Some("paused")),
            ("pause", None),
            ("resume", Some("active")),
            ("cancel", Some("cancelled")),
            ("resume", None),
            ("cancel", None),
        ] {
            let (status, answer) = app.try_post(&format!("/campaigns/look/{action}"), json!({})).await;
            match expected {
                Some(state) => {
                    assert_eq!((status, &answer["state"]), (StatusCode::OK, &json!(state)), "{action}")
                }
                None => assert_eq!(
                    (status, &answer["code"]),
                    (StatusCode::CONFLICT, &json!("conflict")),
                    "{action}"
                ),
            }
        }
        let (status, _) = app.try_post("/campaigns", inspection("look", "all")).await;
        assert_eq!(status, StatusCode::CONFLICT, "a name is taken once");
    });
}

#[test]
fn what_cannot_be_is_refused_with_its_field() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        let with = |field: &str, value: Value| {
            let mut new = inspection("look", "all");
            new[field] = value;
            new
        };
        for (new, expected) in [
            (with("selector", json!("model = \"A920\" and colour = \"red\"")), "selector: "),
            (with("selector", json!("model = ")), "selector: "),
            (with("name", json!("two words")), "name: `two words`"),
            (with("name", json!("")), "name: "),
            (with("duration_minutes", json!(0)), "duration_minutes: 0"),
            (with("duration_minutes", json!(1441)), "duration_minutes: 1441"),
            (with("priority", json!(10)), "priority: 10"),
            (with("deadline_at", json!("2026-12-01T09:10:00Z")), "deadline_at: "),
            (with("release_at", json!("2026-12-19T23:31:00Z")), "deadline_at: "),
            (with("release_at", json!("+262142-12-31T23:59:59Z")), ""),
            (with("notice_lead_minutes", json!(4_294_967_295_u32)), "notice_lead_minutes: "),
            (with("work", json!({"kind": "firmware", "artifact": " ", "version": "1"})), "work: "),
        ] {
            let (status, answer) = app.try_post("/campaigns", new).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{expected}: {answer}");
            assert!(answer["detail"].as_str().unwrap().starts_with(expected), "{answer}");
        }
        let (_, answer) =
            app.try_post("/campaigns", with("selector", json!("model = \"A920\" ad region"))).await;
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains("16") || detail.contains("^"), "the position is named: {detail}");
        assert_eq!(app.get("/campaigns").await["items"], json!([]));
    });
}

#[test]
fn every_terminal_that_is_skipped_has_its_reason() {
    on_each_database(|app| async move {
        let [merchants, sites, terminals] = SMALL_FLEET.map(|(_, content)| content);
        let merchants = merchants.replace("owner@harbour-bakery.example", "");
        let files = [("merchants.csv", &*merchants), ("sites.csv", sites), ("terminals.csv", terminals)];
        let (status, report) = app.import(&files).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        app.post("/windows", json!({"scope": "site:S1", "cron": "0 1 * * *", "duration_minutes": 240})).await;
        app.post("/locks", json!({"serial": "T2", "cause": "dark"})).await;
        let mut new = inspection("fw", "all");
        new["work"] =
            json!({"kind": "firmware", "artifact": "a.zip", "version": "3.2.0", "models": ["A920"]});
        app.post("/campaigns", new.clone()).await;
        let reasons = [
            ("T2", "locked"),
            ("T3", "already_installed"),
            ("T4", "no_window"),
            ("T5", "no_contact"),
            ("T6", "model_mismatch"),
        ];
        let expected: Vec<(String, String)> =
            reasons.map(|(serial, reason)| (serial.into(), reason.into())).into();
        assert_eq!(skipped(&app, "fw").await, expected);
        new["name"] = json!("fw-from");
        new["work"]["from_versions"] = json!(["3.0.0"]);
        app.post("/campaigns", new).await;
        let of_t1 = skipped(&app, "fw-from").await[0].clone();
        assert_eq!(of_t1, ("T1".to_owned(), "from_version_mismatch".to_owned()));
    });
}

#[test]
fn a_cancelled_campaign_calls_off_its_own_and_leaves_what_is_shared() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/campaigns", inspection("one", "serial in (\"T1\", \"T5\")")).await;
        app.post("/campaigns", inspection("other", "serial = \"T5\"")).await;
        publish(&app, json!({})).await;
        app.work("notify").await;
        app.post("/campaigns/one/cancel", json!({"reason": "the inspector is ill"})).await;
        let appointments = app.get("/appointments").await["items"].clone();
        let of = |serial: &str| {
            appointments.as_array().unwrap().iter().find(|row| row["serial"] == serial).unwrap().clone()
        };
        assert_eq!(of("T1")["state"], "cancelled");
        assert_eq!(of("T5")["state"], "announced");
        assert_eq!(of("T5")["work"], json!(["other"]), "nobody does the cancelled work");
        app.work("notify").await;
        let last = app.notices("accepted").await.pop().unwrap();
        assert_eq!((&last["kind"], &last["merchant_number"]), (&json!("cancelled"), &json!("M1")));
        let trail = app.get("/audit?q=campaign.state").await["items"][0].clone();
        assert_eq!(trail["reason"], "the inspector is ill");
    });
}

#[test]
fn a_campaign_is_completed_after_its_deadline() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/campaigns", inspection("look", "serial = \"T1\"")).await;
        app.set_time("2026-12-19T23:59:59Z");
        assert_eq!(app.work("raise").await, json!({}));
        app.set_time("2026-12-20T00:00:00Z");
        assert_eq!(app.work("raise").await, json!({"completed": 1}));
        assert_eq!(app.get("/campaigns/look").await["state"], "completed");
    });
}

#[test]
fn a_programme_of_days_rolls_on_after_each_time() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let programme = json!({"name": "yearly-look", "selector": "serial = \"T1\"", "duration_minutes": 30,
            "recurrence": {"rule": "every_days", "days": 20}, "term_days": 10});
        app.post("/programmes", programme).await;
        publish(&app, json!({})).await;
        app.work("notify").await;
        let first = app.get("/appointments").await["items"][0].clone();
        assert_eq!(app.get("/campaigns/yearly-look/targets").await["scheduled"], 1);
        app.set_time(first["starts_at"].as_str().unwrap());
        app.work("dispatch").await;
        app.post(&format!("/appointments/{}/outcome", first["id"]), json!({"outcome": "done"})).await;
        assert_eq!(app.plan(json!({"horizon_days": 19})).await["report"]["tasks"], 0, "not due yet");
        let plan = publish(&app, json!({"horizon_days": 60})).await;
        assert_eq!(plan["report"]["placed"], 1);
        let second = app.get("/appointments?state=planned").await["items"][0].clone();
        let days = (crate::support::instant(second["starts_at"].as_str().unwrap())
            - crate::support::instant(first["starts_at"].as_str().unwrap()))
        .num_days();
        assert!((20..=30).contains(&days), "{days} days later");
    });
}

#[test]
fn a_programme_with_a_line_raises_one_campaign_each_time() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let programme = json!({"name": "monthly", "selector": "all", "duration_minutes": 30, "term_days": 20,
            "recurrence": {"rule": "cron", "line": "0 6 1 * *", "zone": "Asia/Shanghai"}});
        let view = app.post("/programmes", programme).await;
        assert_eq!(view["next_due_at"], "2026-12-31T22:00:00Z");
        assert_eq!(app.work("raise").await, json!({}));
        app.set_time("2026-12-31T22:00:00Z");
        // Two loops at the same moment.
        let run = || {
            let workers = app.state.workers().clone();
            tokio::spawn(async move { workers.run_once(offpeak::worker::Loop::Raise).await.unwrap() })
        };
        let (one, other) = (run(), run());
        let raised: u64 = [one.await.unwrap(), other.await.unwrap()]
            .iter()
            .map(|run| run.counts.get("raised").copied().unwrap_or(0))
            .sum();
        assert_eq!(raised, 1);
        assert_eq!(app.work("raise").await, json!({}));
        let campaigns = app.get("/campaigns").await["items"].take();
        assert_eq!(campaigns.as_array().unwrap().len(), 1);
        assert_eq!(campaigns[0]["programme"], "monthly");
        assert_eq!(campaigns[0]["name"], "monthly-20261231-2200");
        // Asleep for three months: what was missed is not caught up threefold.
        app.set_time("2027-04-02T00:00:00Z");
        assert_eq!(app.work("raise").await["raised"], 1);
        app.post("/programmes/monthly/pause", json!({})).await;
        app.set_time("2027-06-02T00:00:00Z");
        assert_eq!(app.work("raise").await["raised"], Value::Null);
    });
}

#[test]
fn a_taken_name_does_not_hold_up_the_programmes() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        app.post("/campaigns", inspection("monthly-20261231-2200", "all")).await;
        let programme = json!({"name": "monthly", "selector": "all", "duration_minutes": 30,
            "recurrence": {"rule": "cron", "line": "0 22 31 12 *", "zone": "UTC"}});
        app.post("/programmes", programme).await;
        app.set_time("2026-12-31T22:00:00Z");
        assert_eq!(app.work("raise").await["raised"], 1);
    });
}

#[test]
fn a_programme_whose_campaign_is_gone_says_so() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        let programme = json!({"name": "rolling", "selector": "all", "duration_minutes": 30,
            "recurrence": {"rule": "every_days", "days": 20}});
        app.post("/programmes", programme).await;
        app.post("/programmes/rolling/pause", json!({})).await;
        assert_eq!(app.get("/campaigns/rolling").await["state"], "paused");
        app.post("/programmes/rolling/resume", json!({})).await;
        app.post("/programmes/rolling/resume", json!({})).await;
        app.post("/campaigns/rolling/cancel", json!({})).await;
        let (status, answer) = app.try_post("/programmes/rolling/resume", json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    });
}

#[test]
fn a_draft_is_activated_and_a_paused_one_resumed_never_the_other_way() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        app.post(
            "/campaigns",
            json!({"name": "later", "work": {"kind": "inspection"}, "selector": "all", "duration_minutes": 20,
                   "deadline_at": "2026-12-25T00:00:00Z", "draft": true}),
        )
        .await;
        let (status, answer) = app.try_post("/campaigns/later/resume", json!({})).await;
        assert_eq!(status, 409, "{answer}");
        assert!(answer["detail"].as_str().unwrap().ends_with("activate it instead"), "{answer}");
        assert_eq!(app.post("/campaigns/later/activate", json!({})).await["state"], "active");
        app.post("/campaigns/later/pause", json!({})).await;
        let (status, _) = app.try_post("/campaigns/later/activate", json!({})).await;
        assert_eq!(status, 409);
        assert_eq!(app.post("/campaigns/later/resume", json!({})).await["state"], "active");
    });
}
