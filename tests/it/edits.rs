//! Edits of appointments over the API: one and several, with undo, pins and versions; and what an answer's entity
//! tag is good for.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use offpeak::service::Actor;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{TestApp, instant, on_each_database, on_sqlite};

/// Sends with headers; the status, the entity tag, the answer.
async fn ask(
    app: &TestApp,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> (StatusCode, String, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    request.extensions_mut().insert(Actor::local());
    let response = offpeak::web::router(app.state.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    let tag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned()).unwrap_or_default();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, tag, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String, Value) {
    ask(app, Method::GET, path, headers, Value::Null).await
}

#[test]
fn whoever_has_an_answer_already_is_told_so() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T1"], "2026-12-07 02:00").await[0];
        for path in [format!("/appointments/{id}"), "/terminals".to_owned(), "/windows/1".to_owned()] {
            let (status, tag, _) = get(&app, &path, &[]).await;
            assert_eq!(status, StatusCode::OK);
            assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "{path}: {tag}");
            for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
                let (status, again, body) = get(&app, &path, &[("if-none-match", &known)]).await;
                assert_eq!((status, &again, &body), (StatusCode::NOT_MODIFIED, &tag, &Value::Null), "{path}");
            }
            let (status, _, _) = get(&app, &path, &[("if-none-match", "\"x\"")]).await;
            assert_eq!(status, StatusCode::OK);
        }
        // The announcement changes the answer, but not the version that a change is made against.
        let path = format!("/appointments/{id}");
        let (_, planned, before) = get(&app, &path, &[]).await;
        app.work("notify").await;
        let (status, announced, after) = get(&app, &path, &[("if-none-match", &planned)]).await;
        assert_eq!((status, &after["state"]), (StatusCode::OK, &json!("announced")));
        assert_ne!(planned, announced);
        assert_eq!(before["etag"], after["etag"]);
        let body = json!({"at": "2026-12-07 03:00"});
        let (status, _, moved) =
            ask(&app, Method::POST, &format!("{path}/move"), &[("if-match", &planned)], body).await;
        assert_eq!(status, StatusCode::OK, "{moved}");
        assert_ne!(moved["etag"], after["etag"]);
    });
}

#[test]
fn a_change_against_an_older_version_is_refused_and_shown_the_new_one() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T1"], "2026-12-07 02:00").await[0];
        let path = format!("/appointments/{id}");
        let (_, old, _) = get(&app, &path, &[]).await;
        app.post(&format!("{path}/move"), json!({"at": "2026-12-07 03:00"})).await;
        let before = app.dump();
        for (verb, body) in [
            ("move", json!({"at": "2026-12-07 04:00"})),
            ("move", json!({"at": "2026-12-07 04:00", "dry_run": true})),
            ("cancel", json!({})),
            ("pin", json!({})),
            ("unpin", json!({})),
        ] {
            let (status, _, answer) =
                ask(&app, Method::POST, &format!("{path}/{verb}"), &[("if-match", &old)], body).await;
            assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{verb}: {answer}");
            assert_eq!(answer["code"], "precondition_failed");
            assert_eq!(answer["current"]["starts_at"], "2026-12-06T19:00:00Z", "{answer}");
            assert_eq!(answer["etag"], answer["current"]["etag"]);
        }
        assert_eq!(app.dump(), before);
        let (_, new, current) = get(&app, &path, &[]).await;
        let listed = app.get("/appointments").await["items"][0]["etag"].clone();
        assert_eq!(listed, current["etag"], "a list says the same version");
        for tag in [new.as_str(), listed.as_str().unwrap(), "*", ""] {
            let body = json!({"at": "2026-12-07 04:00", "dry_run": true});
            let (status, _, answer) =
                ask(&app, Method::POST, &format!("{path}/move"), &[("if-match", tag)], body).await;
            assert_eq!(status, StatusCode::OK, "{tag}: {answer}");
        }
        let (status, _, answer) =
            ask(&app, Method::POST, &format!("{path}/move"), &[("if-match", "\"é\"")], json!({"at": "now"}))
                .await;
        assert_eq!((status, &answer["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid")));
    });
}

#[test]
fn rules_campaigns_and_plans_have_versions_too() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": 3}})).await;
        app.post(
            "/blackouts",
            json!({"name": "xmas", "scope": "fleet", "from": "2026-12-24", "to": "2026-12-26"}),
        )
        .await;
        let changes = [
            ("/windows/1", json!({"scope": "fleet", "cron": "0 2 * * *", "duration_minutes": 120})),
            ("/budgets/1", json!({"grouping": "fleet", "limit": {"percent": 50}})),
            (
                "/blackouts/1",
                json!({"name": "xmas", "scope": "region:east", "from": "2026-12-24", "to": "2026-12-27"}),
            ),
        ];
        for (path, body) in changes {
            let (_, old, _) = get(&app, path, &[]).await;
            let (status, _, changed) =
                ask(&app, Method::PUT, path, &[("if-match", &old)], body.clone()).await;
            assert_eq!(status, StatusCode::OK, "{changed}");
            for (name, value) in body.as_object().unwrap() {
                assert_eq!(&changed[name], value, "{path}");
            }
            assert_eq!(get(&app, path, &[]).await.2, changed);
            let trail = app.get("/audit?limit=1").await["items"][0].clone();
            assert!(trail["action"].as_str().unwrap().ends_with(".change"), "{trail}");
            assert_ne!(trail["before"], trail["after"]);
            for (method, body) in [(Method::PUT, body), (Method::DELETE, Value::Null)] {
                let (status, _, answer) = ask(&app, method, path, &[("if-match", &old)], body).await;
                assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{path}: {answer}");
                assert_eq!(answer["current"], changed);
            }
            let (status, _, answer) = ask(
                &app,
                Method::DELETE,
                path,
                &[("if-match", changed["etag"].as_str().unwrap())],
                Value::Null,
            )
            .await;
            assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
            assert_eq!(get(&app, path, &[]).await.0, StatusCode::NOT_FOUND);
        }
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
        let campaign = app
            .post(
                "/campaigns",
                json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
                "duration_minutes": 15, "deadline_at": "2026-12-20T00:00:00Z"}),
            )
            .await;
        let plan = app.plan(json!({})).await;
        let (path, id) = ("/campaigns/look", plan["id"].clone());
        app.post(&format!("/plans/{id}/publish"), json!({})).await;
        let now = app.get(path).await;
        assert_ne!(now["appointments"], campaign["appointments"]);
        assert_eq!(now["etag"], campaign["etag"], "that work goes on is nobody's edit");
        app.post(&format!("{path}/pause"), json!({})).await;
        for (path, tag) in [
            (format!("{path}/resume"), &campaign["etag"]),
            (format!("{path}/cancel"), &campaign["etag"]),
            (format!("/plans/{id}/discard"), &plan["etag"]),
            (format!("/plans/{id}/publish"), &plan["etag"]),
        ] {
            let headers = [("if-match", tag.as_str().unwrap())];
            let (status, _, answer) = ask(&app, Method::POST, &path, &headers, json!({})).await;
            assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{path}: {answer}");
        }
        let programme = json!({"name": "half-yearly", "selector": "all", "duration_minutes": 15,
            "recurrence": {"rule": "every_days", "days": 180}});
        let old = app.post("/programmes", programme).await["etag"].clone();
        let headers = [("if-match", old.as_str().unwrap())];
        let pause = "/programmes/half-yearly/pause";
        assert_eq!(ask(&app, Method::POST, pause, &headers, json!({})).await.0, StatusCode::OK);
        let (status, _, answer) =
            ask(&app, Method::POST, "/programmes/half-yearly/resume", &headers, json!({})).await;
        assert_eq!((status, &answer["current"]["paused"]), (StatusCode::PRECONDITION_FAILED, &json!(true)));
    });
}

#[test]
fn a_move_says_where_it_came_from_and_a_move_back_undoes_it() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T1"], "2026-12-07 02:00").await[0];
        let path = format!("/appointments/{id}/move");
        let moved = app.post(&path, json!({"at": "2026-12-08 03:00"})).await;
        let previous = &moved["previous"];
        assert_eq!(previous["starts_at"], "2026-12-06T18:00:00Z");
        assert_eq!(previous["local_start"], "2026-12-07 02:00 (Asia/Shanghai, UTC+08:00)");
        assert_eq!(previous["revision"], 0);
        let back = app.post(&path, json!({"at": previous["starts_at"], "reason": "undone"})).await;
        assert_eq!((&back["starts_at"], &back["revision"]), (&previous["starts_at"], &json!(2)));
        assert_eq!(back["previous"]["starts_at"], moved["starts_at"]);
        assert_eq!(app.appointment(id).await["previous"], Value::Null);
    });
}

#[test]
fn what_was_moved_and_moved_back_is_told_as_keeping_its_hours() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T1"], "2026-12-07 02:00").await[0];
        app.work("notify").await;
        let path = format!("/appointments/{id}/move");
        let subject_after = async |at: Value| {
            app.post(&path, json!({"at": at})).await;
            app.clock.set(app.clock.now() + chrono::TimeDelta::minutes(11));
            app.work("notify").await;
            let told = app.notices("accepted").await;
            let last = told.iter().rfind(|row| row["kind"] == "moved").expect("it was told");
            last["subject"].as_str().unwrap().to_owned()
        };
        // Moved and moved back within the time that changes have to settle.
        let moved = app.post(&path, json!({"at": "2026-12-08 03:00"})).await;
        let subject = subject_after(moved["previous"]["starts_at"].clone()).await;
        assert!(subject.contains("Same hours") || subject.contains("时段不变"), "{subject}");
        let subject = subject_after(json!("2026-12-08 03:00")).await;
        assert!(subject.contains("New time") || subject.contains("改期"), "{subject}");
    });
}

#[test]
fn plans_leave_a_pinned_appointment_where_it_is() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let ids = app.arrange(&["T1", "T5"], "2026-12-07 02:00").await;
        let pinned =
            app.post(&format!("/appointments/{}/pin", ids[0]), json!({"reason": "the owner is there"})).await;
        assert_eq!(pinned["pinned"], true);
        let trail = app.get("/audit?limit=1").await["items"][0].clone();
        assert_eq!(
            (&trail["action"], &trail["reason"]),
            (&json!("appointment.pin"), &json!("the owner is there"))
        );
        assert_eq!((&trail["before"], &trail["after"]), (&json!(false), &json!(true)));
        app.post(&format!("/appointments/{}/pin", ids[0]), json!({})).await;
        assert_eq!(app.get("/audit?limit=1").await["items"][0], trail, "to pin it again changes nothing");
        // Both stand in what is now a blackout: one is moved out of it.
        let blackout =
            json!({"name": "stocktaking", "scope": "fleet", "from": "2026-12-07", "to": "2026-12-07"});
        app.post("/blackouts", blackout).await;
        let plan = app.plan(json!({"replan": true})).await;
        let diff = app.get(&format!("/plans/{}/diff", plan["id"])).await;
        let moved: Vec<&Value> =
            diff["moved"].as_array().unwrap().iter().map(|row| &row["item"]["serial"]).collect();
        assert_eq!(moved, ["T5"], "{diff}");
        app.post(&format!("/appointments/{}/unpin", ids[0]), json!({})).await;
        let plan = app.plan(json!({"replan": true})).await;
        let diff = app.get(&format!("/plans/{}/diff", plan["id"])).await;
        assert_eq!(diff["moved"].as_array().unwrap().len(), 2, "{diff}");
        // By hand it may be moved all the same.
        app.post(&format!("/appointments/{}/pin", ids[0]), json!({})).await;
        let moved =
            app.post(&format!("/appointments/{}/move", ids[0]), json!({"at": "2026-12-09 02:00"})).await;
        assert_eq!((&moved["pinned"], &moved["revision"]), (&json!(true), &json!(1)));
        app.post(&format!("/appointments/{}/cancel", ids[0]), json!({})).await;
        let (status, answer) = app.try_post(&format!("/appointments/{}/pin", ids[0]), json!({})).await;
        assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("conflict")));
    });
}

#[test]
fn several_are_edited_together_or_not_at_all() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/budgets", json!({"grouping": "site", "limit": {"count": 1}})).await;
        let first = app.arrange(&["T1"], "2026-12-07 02:00").await[0];
        let second = app.arrange(&["T2"], "2026-12-07 03:00").await[0];
        let other = app.arrange(&["T4"], "2026-12-07 02:00").await[0];
        let batch =
            |action: &str, items: Value| json!({"action": action, "items": items, "reason": "they asked"});
        // The two change places: neither may alone, both may together.
        let swap = json!([{"id": first, "at": "2026-12-07 03:00"}, {"id": second, "at": "2026-12-07 02:00"}]);
        let (status, alone) = app
            .try_post("/appointments/batch", batch("move", json!([{"id": first, "at": "2026-12-07 03:00"}])))
            .await;
        assert_eq!((status, &alone["code"]), (StatusCode::CONFLICT, &json!("batch_refused")));
        assert_eq!(alone["items"][0]["refusals"][0]["rule"], "site_rule", "{alone}");
        let swapped = app.post("/appointments/batch", batch("move", swap)).await;
        let starts: Vec<&Value> =
            swapped["appointments"].as_array().unwrap().iter().map(|view| &view["starts_at"]).collect();
        assert_eq!(starts, ["2026-12-06T19:00:00Z", "2026-12-06T18:00:00Z"]);
        assert_eq!(swapped["appointments"][0]["previous"]["starts_at"], "2026-12-06T18:00:00Z");

        // One that may not be keeps all of them where they are; each refused one says why.
        let before = app.dump();
        let stale = app.get(&format!("/appointments/{other}")).await["etag"].clone();
        let items = json!([{"id": first, "shift_minutes": 60}, {"id": second, "shift_minutes": 60},
            {"id": other, "shift_minutes": 600}]);
        let (status, answer) = app.try_post("/appointments/batch", batch("move", items)).await;
        assert_eq!(status, StatusCode::CONFLICT, "{answer}");
        let refused = answer["items"].as_array().unwrap();
        assert_eq!(refused.len(), 1, "{answer}");
        assert_eq!((&refused[0]["id"], &refused[0]["code"]), (&json!(other), &json!("refused")));
        assert_eq!(refused[0]["refusals"][0]["rule"], "window");
        // Two of one site at one time: the second one is one too many.
        let items =
            json!([{"id": first, "at": "2026-12-07 04:00"}, {"id": second, "at": "2026-12-07 04:00"}]);
        let (_, answer) = app.try_post("/appointments/batch", batch("move", items)).await;
        assert_eq!(answer["items"][0]["id"], second, "{answer}");
        let items = json!([{"id": first}, {"id": 999}, {"id": other, "etag": "\"x\""}]);
        let (_, answer) = app.try_post("/appointments/batch", batch("cancel", items)).await;
        let codes: Vec<&Value> =
            answer["items"].as_array().unwrap().iter().map(|item| &item["code"]).collect();
        assert_eq!(codes, ["not_found", "precondition_failed"], "{answer}");
        assert_eq!(answer["items"][1]["etag"], stale);
        for (action, items, named) in [
            ("move", json!([]), "items"),
            ("move", json!([{"id": first}]), "shift_minutes"),
            ("move", json!([{"id": first, "shift_minutes": i64::MAX}]), "shift_minutes"),
            ("cancel", json!([{"id": first, "at": "now"}]), "only a move"),
            ("pin", json!([{"id": first}, {"id": first}]), "twice"),
        ] {
            let (status, answer) = app.try_post("/appointments/batch", batch(action, items)).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
            assert!(answer["detail"].as_str().unwrap().contains(named), "{answer}");
        }
        assert_eq!(app.dump(), before);

        let items = json!([{"id": first}, {"id": other, "etag": stale}]);
        let pinned = app.post("/appointments/batch", batch("pin", items.clone())).await;
        assert!(pinned["appointments"].as_array().unwrap().iter().all(|view| view["pinned"] == true));
        let cancelled =
            app.post("/appointments/batch", batch("cancel", json!([{"id": first}, {"id": other}]))).await;
        assert!(
            cancelled["appointments"].as_array().unwrap().iter().all(|view| view["state"] == "cancelled")
        );
        let trail = app.get("/audit?limit=2").await;
        assert!(
            trail["items"].as_array().unwrap().iter().all(|entry| entry["action"] == "appointment.cancel")
        );
    });
}

#[test]
fn where_it_may_start_is_what_a_move_would_be_told() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/budgets", json!({"grouping": "host", "limit": {"count": 1}})).await;
        let id = app.arrange(&["T1"], "2026-12-07 02:00").await[0];
        app.arrange(&["T4"], "2026-12-07 03:00").await;
        let blackout =
            json!({"name": "stocktaking", "scope": "site:S1", "from": "2026-12-08", "to": "2026-12-08"});
        app.post("/blackouts", blackout).await;
        let range = "from=2026-12-01T09:00:00Z&to=2026-12-08T16:00:00Z";
        let view = app.get(&format!("/appointments/{id}/starts?{range}")).await;
        let runs = view["runs"].as_array().unwrap();
        assert!((6..60).contains(&runs.len()), "{}", runs.len());
        let mut end = json!("2026-12-01T09:00:00Z");
        for run in runs {
            assert_eq!(run["from"], end, "no slot is left out");
            assert_eq!(run["legal"] == true, run["rules"].as_array().is_none_or(Vec::is_empty));
            end = run["to"].clone();
            // The first and the last slot of each run, as a move is told.
            let last = instant(run["to"].as_str().unwrap()) - chrono::TimeDelta::minutes(15);
            for at in [run["from"].clone(), json!(last.to_rfc3339())] {
                let (status, answer) = app
                    .try_post(&format!("/appointments/{id}/move"), json!({"at": at, "dry_run": true}))
                    .await;
                assert_eq!(status == StatusCode::OK, run["legal"] == true, "{at}: {answer} {run}");
                let told: Vec<&Value> =
                    answer["refusals"].as_array().into_iter().flatten().map(|row| &row["rule"]).collect();
                let said: Vec<&Value> =
                    run["rules"].as_array().into_iter().flatten().map(|row| &row["rule"]).collect();
                assert_eq!(told, said, "{at}");
            }
        }
        assert_eq!(end, "2026-12-08T16:00:00Z");
        let said: std::collections::BTreeSet<&str> = runs
            .iter()
            .flat_map(|run| run["rules"].as_array().into_iter().flatten())
            .map(|rule| rule["rule"].as_str().unwrap())
            .collect();
        assert!(
            ["notice_lead", "window", "blackout", "budget"].iter().all(|rule| said.contains(rule)),
            "{said:?}"
        );
        let own = runs.iter().find(|run| {
            run["from"].as_str() <= Some("2026-12-06T18:00:00Z")
                && run["to"].as_str() > Some("2026-12-06T18:00:00Z")
        });
        assert_eq!(own.unwrap()["legal"], true, "it does not stand in its own way");
        for bad in ["from=2026-12-02T00:00:00Z&to=2026-12-01T00:00:00Z", "to=2027-06-01T00:00:00Z", "from=x"]
        {
            let (status, _, answer) = get(&app, &format!("/appointments/{id}/starts?{bad}"), &[]).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        }
    });
}

#[test]
fn what_is_planned_again_beside_locked_terminals_can_be_published() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        let ids = app.arrange(&["T1", "T2"], "2026-12-07 02:00").await;
        for serial in ["T1", "T2"] {
            app.post("/locks", json!({"serial": serial, "cause": "dark"})).await;
        }
        app.post("/budgets", json!({"grouping": "region", "value": "east", "limit": {"count": 3}})).await;
        let blackout =
            json!({"name": "stocktaking", "scope": "fleet", "from": "2026-12-07", "to": "2026-12-07"});
        app.post("/blackouts", blackout).await;
        // Each is down already, and no more so when its work is done at another time.
        let plan = app.plan(json!({"only": {"appointments": ids}})).await;
        assert_eq!((&plan["state"], &plan["report"]["moved"]), (&json!("verified"), &json!(2)), "{plan}");
        assert_eq!(plan["report"]["merchants"], 1, "whose appointments move is told: {plan}");
        let published = app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        assert_eq!(published["state"], "published", "{published}");
    });
}

#[test]
fn a_plan_of_a_selection_does_not_stand_for_the_whole_on_tonight() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 15, "deadline_at": "2026-12-20T00:00:00Z"});
        app.post("/campaigns", campaign).await;
        let whole = app.plan(json!({})).await;
        app.post(&format!("/plans/{}/publish", whole["id"]), json!({})).await;
        let ids = app.get("/appointments?limit=2").await["items"].clone();
        let ids: Vec<i64> = ids.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
        let some = app.plan(json!({"only": {"appointments": ids}})).await;
        app.post(&format!("/plans/{}/publish", some["id"]), json!({})).await;
        assert_eq!(app.get("/tonight").await["published"]["id"], whole["id"]);
    });
}

#[test]
fn a_selection_is_planned_again_and_the_rest_stays() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        let ids = app.arrange(&["T1", "T4", "T5"], "2026-12-07 02:00").await;
        app.post(
            "/campaigns",
            json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 15, "deadline_at": "2026-12-20T00:00:00Z"}),
        )
        .await;
        let blackout =
            json!({"name": "stocktaking", "scope": "fleet", "from": "2026-12-07", "to": "2026-12-07"});
        app.post("/blackouts", blackout).await;
        let planned = async |only: Value| {
            let plan = app.plan(json!({"only": only})).await;
            let diff = app.get(&format!("/plans/{}/diff", plan["id"])).await;
            let serials = |rows: &Value, path: &str| -> Vec<String> {
                let rows = rows.as_array().unwrap();
                rows.iter().map(|row| row.pointer(path).unwrap().as_str().unwrap().to_owned()).collect()
            };
            (serials(&diff["moved"], "/item/serial"), serials(&diff["added"], "/serial"))
        };
        let (moved, added) = planned(json!({"appointments": [ids[0]]})).await;
        assert_eq!((moved, added), (vec!["T1".to_owned()], vec![]));
        let (moved, added) = planned(json!({"serials": ["T4", "T6"]})).await;
        assert_eq!((moved, added), (vec!["T4".to_owned()], vec!["T4".to_owned(), "T6".to_owned()]));
        let (mut moved, mut added) = planned(json!({"sites": ["S3"], "appointments": [ids[1]]})).await;
        moved.sort();
        added.sort();
        assert_eq!(moved, ["T4", "T5"]);
        assert_eq!(added, ["T5", "T6"]);
        for (only, named) in [
            (json!({}), "only"),
            (json!({"appointments": [999]}), "999"),
            (json!({"serials": ["T99"]}), "T99"),
            (json!({"sites": ["S99"]}), "S99"),
        ] {
            let (status, answer) = app.try_post("/plans", json!({"only": only})).await;
            assert!(
                status == StatusCode::UNPROCESSABLE_ENTITY || status == StatusCode::NOT_FOUND,
                "{answer}"
            );
            assert!(answer["detail"].as_str().unwrap().contains(named), "{answer}");
        }
    });
}
