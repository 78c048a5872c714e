//! Plans against a world that goes on: merged work, plans that are overtaken, discarded, abandoned, done again.

use axum::http::StatusCode;
use offpeak::checker;
use offpeak::domain::problem::Problem;
use offpeak::planner::{Effort, SolveOptions, StoppedWatch, solve};
use serde_json::{Value, json};

use crate::support::{SMALL_FLEET, TestApp, instant, on_each_database, on_sqlite};

fn inspection(name: &str, selector: &str) -> Value {
    json!({"name": name, "work": {"kind": "inspection"}, "selector": selector, "duration_minutes": 30,
        "deadline_at": "2026-12-28T00:00:00Z"})
}

async fn publish(app: &TestApp, plan: &Value) -> Value {
    assert_eq!(plan["state"], "verified", "{plan}");
    app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await
}

async fn items(app: &TestApp, plan: &Value) -> Vec<Value> {
    app.get(&format!("/plans/{}/items?limit=1000", plan["id"])).await["items"].as_array().unwrap().clone()
}

#[test]
fn the_work_of_two_campaigns_is_one_appointment() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/campaigns", inspection("one", "serial = \"T5\"")).await;
        app.post("/campaigns", inspection("other", "serial in (\"T5\", \"T6\")")).await;
        let plan = app.plan(json!({})).await;
        publish(&app, &plan).await;
        let appointments = app.get("/appointments?serial=T5").await["items"].clone();
        assert_eq!(appointments.as_array().unwrap().len(), 1);
        assert_eq!(appointments[0]["work"], json!(["one", "other"]));
        let minutes = instant(appointments[0]["ends_at"].as_str().unwrap())
            - instant(appointments[0]["starts_at"].as_str().unwrap());
        assert_eq!(minutes.num_minutes(), 60);
        for name in ["one", "other"] {
            assert_eq!(app.get(&format!("/campaigns/{name}/targets")).await["to_plan"], 0);
        }
    });
}

#[test]
fn a_terminal_is_never_in_two_appointments_at_once() {
    on_each_database(|app| async move {
        let (status, report) = app.import(&SMALL_FLEET).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        // Room for one a night; a night on which the site is visited anyway would be the cheaper one.
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 30})).await;
        app.post("/campaigns", inspection("one", "serial = \"T5\"")).await;
        let plan = app.plan(json!({})).await;
        publish(&app, &plan).await;
        app.post("/campaigns", inspection("other", "serial = \"T5\"")).await;
        let moving = app.plan(json!({"replan": true})).await;
        assert_eq!(
            (&moving["state"], &moving["report"]["placed"]),
            (&json!("verified"), &json!(1)),
            "{moving}"
        );
        let plan = app.plan(json!({})).await;
        publish(&app, &plan).await;
        let all = app.get("/appointments").await["items"].as_array().unwrap().clone();
        assert_eq!(all.len(), 2);
        assert_ne!(all[0]["starts_at"], all[1]["starts_at"]);
    });
}

#[test]
fn a_plan_that_the_world_has_overtaken_is_refused_and_nothing_changes() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/campaigns", inspection("look", "all")).await;
        let plan = app.plan(json!({})).await;
        assert_eq!(plan["state"], "verified");
        let first = items(&app, &plan).await.into_iter().find(|item| item["serial"] == "T5").unwrap();
        let start = first["starts_at"].as_str().unwrap().to_owned();
        let refused = async |code: &str| {
            let before = app.dump();
            let (status, answer) = app.try_post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
            assert_eq!(
                (status, &answer["code"]),
                (StatusCode::CONFLICT, &json!("unverified")),
                "{code}: {answer}"
            );
            let codes: Vec<&str> = answer["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["code"].as_str().unwrap())
                .collect();
            assert!(codes.contains(&code), "{codes:?}");
            assert_eq!(app.dump(), before, "{code}");
        };
        let blackout = json!({"name": "fair", "scope": "fleet", "from": "2026-12-01", "to": "2026-12-30"});
        let blackout = app.post("/blackouts", blackout).await;
        refused("outside_window").await;
        app.send(axum::http::Method::DELETE, &format!("/api/v1/blackouts/{}", blackout["id"]), None).await;

        let budget = app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": 0}})).await;
        refused("over_cap").await;
        app.send(axum::http::Method::DELETE, &format!("/api/v1/budgets/{}", budget["id"]), None).await;

        let lock = app.post("/locks", json!({"serial": "T5", "cause": "dark"})).await;
        refused("stale").await;
        app.post(&format!("/locks/{}/state", lock["id"]), json!({"state": "withdrawn"})).await;

        app.post("/campaigns/look/pause", json!({})).await;
        refused("stale").await;
        app.post("/campaigns/look/resume", json!({})).await;

        let other = app.arrange(&["T5"], &start).await[0];
        refused("stale").await;
        app.post(&format!("/appointments/{other}/cancel"), json!({})).await;

        app.clock.set(instant(&start) - chrono::TimeDelta::minutes(3 * 1440 - 1));
        refused("before_release").await;
        app.set_time(crate::support::NOW);
        publish(&app, &plan).await;
    });
}

#[test]
fn a_plan_does_not_undo_what_an_operator_moved_meanwhile() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/campaigns", inspection("look", "serial = \"T5\"")).await;
        let plan = app.plan(json!({})).await;
        publish(&app, &plan).await;
        let appointment = app.get("/appointments").await["items"][0].clone();
        let day = &appointment["starts_at"].as_str().unwrap()[..10];
        let blackout = json!({"name": "fair", "scope": "site:S3", "from": day, "to": day});
        app.post("/blackouts", blackout).await;
        let plan = app.plan(json!({"replan": true})).await;
        assert_eq!(plan["report"]["moved"], 1, "{plan}");
        app.post(&format!("/appointments/{}/move", appointment["id"]), json!({"at": "2026-12-20 03:00"}))
            .await;
        let (status, answer) = app.try_post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        assert_eq!(
            (status, &answer["findings"][0]["code"]),
            (StatusCode::CONFLICT, &json!("stale")),
            "{answer}"
        );
        assert_eq!(app.get("/appointments").await["items"][0]["starts_at"], "2026-12-20T03:00:00Z");
    });
}

#[test]
fn planning_again_moves_only_what_a_new_blackout_forces_and_tells_the_merchant() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/campaigns", inspection("look", "all")).await;
        let plan = app.plan(json!({})).await;
        publish(&app, &plan).await;
        app.work("notify").await;
        let before = app.get("/appointments").await["items"].as_array().unwrap().clone();
        let hit: Vec<&Value> = before.iter().filter(|row| row["site_code"] == "S1").collect();
        assert_eq!(hit.len(), 3);
        let mut days: Vec<String> =
            hit.iter().map(|row| row["local_start"].as_str().unwrap()[..10].to_owned()).collect();
        days.sort();
        let blackout =
            json!({"name": "fair", "scope": "site:S1", "from": days[0], "to": days[days.len() - 1]});
        app.post("/blackouts", blackout).await;
        let plan = app.plan(json!({"replan": true})).await;
        assert_eq!(plan["report"]["moved"], 3, "{plan}");
        assert_eq!(plan["report"]["moves_unavoidable"], 3, "{plan}");
        assert_eq!(plan["report"]["moves"][0]["cause"], "window", "{plan}");
        assert_eq!(plan["report"]["moves"][0]["appointments"], 3, "{plan}");
        assert_eq!(plan["report"]["kept"], 3, "{plan}");
        let diff = app.get(&format!("/plans/{}/diff", plan["id"])).await;
        let moved = diff["moved"].as_array().unwrap();
        assert!(moved.iter().all(|row| row["item"]["site_code"] == "S1"), "{diff}");
        publish(&app, &plan).await;
        app.work("notify").await;
        let kinds: Vec<(String, String)> = app
            .notices("accepted")
            .await
            .iter()
            .filter(|notice| notice["kind"] != "announcement")
            .map(|row| {
                (row["kind"].as_str().unwrap().into(), row["merchant_number"].as_str().unwrap().into())
            })
            .collect();
        let new_nights: std::collections::BTreeSet<&str> =
            moved.iter().map(|row| &row["item"]["starts_at"].as_str().unwrap()[..10]).collect();
        if new_nights.len() == 1 {
            assert_eq!(kinds, [("moved".to_owned(), "M1".to_owned())], "the visit moves as a whole");
        }
        assert!(kinds.iter().all(|(_, merchant)| merchant == "M1"), "{kinds:?}");
        for row in app.get("/appointments").await["items"].as_array().unwrap() {
            assert_eq!(row["state"], "announced");
            let old = before.iter().find(|old| old["id"] == row["id"]).unwrap();
            assert_eq!(old["starts_at"] != row["starts_at"], row["site_code"] == "S1");
        }
        let again = app.plan(json!({"replan": true})).await;
        assert_eq!((&again["report"]["moved"], &again["report"]["kept"]), (&json!(0), &json!(6)));
    });
}

#[test]
fn items_difference_and_load_agree() {
    on_each_database(|app| async move {
        app.import_generated(120, 5).await;
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 180})).await;
        app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": 4}})).await;
        app.post("/campaigns", inspection("look", "all")).await;
        let plan = app.plan(json!({"horizon_days": 12})).await;
        let id = &plan["id"];
        let items = items(&app, &plan).await;
        let placed = items.iter().filter(|item| !item["starts_at"].is_null()).count();
        assert_eq!(json!(placed), plan["report"]["placed"]);
        assert_eq!(json!(items.len()), plan["report"]["tasks"]);
        let unplaced: u64 = plan["report"]["unplaced"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["terminals"].as_u64().unwrap())
            .sum();
        assert_eq!(unplaced as usize, items.len() - placed);
        let diff = app.get(&format!("/plans/{id}/diff")).await;
        assert_eq!(diff["added"].as_array().unwrap().len(), placed);
        assert_eq!(diff["unplaced"].as_array().unwrap().len(), items.len() - placed);
        let proposed = app.get(&format!("/plans/{id}/load")).await;
        let peak = |load: &Value| {
            load["groups"][0]["down"]
                .as_array()
                .unwrap()
                .iter()
                .map(|down| down.as_u64().unwrap())
                .max()
                .unwrap()
        };
        assert_eq!(json!(peak(&proposed)), plan["report"]["peak_down"]);
        assert!(peak(&proposed) <= 4);
        publish(&app, &plan).await;
        let now = app.get("/load?days=12").await;
        assert_eq!(now["groups"][0], proposed["groups"][0], "what was promised is what stands");
        let nights: u64 = now["nights"]
            .as_array()
            .unwrap()
            .iter()
            .map(|night| night["appointments"].as_u64().unwrap())
            .sum();
        assert_eq!(nights as usize, placed);
    });
}

#[test]
fn an_exported_problem_is_solved_and_checked_without_a_database() {
    on_sqlite(|app| async move {
        app.import_generated(150, 8).await;
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 180})).await;
        app.post("/budgets", json!({"grouping": "region", "limit": {"percent": 5}})).await;
        app.post("/campaigns", inspection("look", "all")).await;
        app.post(
            "/locks",
            json!({"serial": app.get("/terminals?limit=1").await["items"][0]["serial"], "cause": "x"}),
        )
        .await;
        let (status, value) =
            app.send(axum::http::Method::POST, "/api/v1/problem", Some(json!({"horizon_days": 14}))).await;
        assert_eq!(status, StatusCode::OK);
        let problem = Problem::read(value.to_string().as_bytes()).unwrap();
        let locked: u32 = (0..problem.group_count() as u32).map(|group| problem.group(group).down).sum();
        assert!(locked >= 1, "a locked terminal counts");
        let options = SolveOptions { effort: Effort::Fast, seed: 1, threads: 1, time_limit: None };
        let outcome = solve(&problem, &options, &StoppedWatch);
        assert_eq!(checker::check(&problem, &outcome.plan), []);
        assert!(outcome.plan.starts.iter().flatten().count() > 50);
    });
}

#[test]
fn a_discarded_plan_stays_discarded_and_a_dead_one_is_found() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/campaigns", inspection("look", "all")).await;
        let id = app.post("/plans", json!({})).await["id"].clone();
        // Whether its search has ended or not.
        app.post(&format!("/plans/{id}/discard"), json!({"reason": "another one"})).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert_eq!(app.get(&format!("/plans/{id}")).await["state"], "discarded");
        let (status, _) = app.try_post(&format!("/plans/{id}/publish"), json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT);

        let dead = app.plan(json!({})).await["id"].clone();
        let sql = format!("UPDATE plan SET state = 'solving' WHERE id = {dead}");
        app.sql(&sql);
        assert_eq!(app.work("watch").await, json!({}), "it may still live");
        app.clock.set(app.clock.now() + chrono::TimeDelta::seconds(61));
        assert_eq!(app.work("watch").await, json!({"abandoned_plans": 1}));
        let plan = app.get(&format!("/plans/{dead}")).await;
        assert_eq!(plan["state"], "failed");
        assert!(plan["error"].as_str().unwrap().contains("create the plan again"), "{plan}");
    });
}

#[test]
fn a_plan_that_cannot_be_made_says_why() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        for (request, status) in [
            (json!({"effort": "heroic"}), 422),
            (json!({"time_limit_seconds": -1}), 422),
            (json!({"horizon_day": 3}), 422),
        ] {
            assert_eq!(app.try_post("/plans", request).await.0, status);
        }
        for request in [json!({"horizon_days": 0}), json!({"campaigns": ["nobody"]})] {
            let (status, answer) = app.try_post("/plans", request.clone()).await;
            assert!(status.is_client_error(), "{request}: {status} {answer}");
        }
        assert_eq!(app.get("/plans").await["items"], json!([]));
    });
}
