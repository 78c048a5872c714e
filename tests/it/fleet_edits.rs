//! One merchant, site or terminal changed by hand, the search of the fleet, and what a rule would mean before it is
//! saved.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use offpeak::db::fleet_search::{Column, question};
use offpeak::service::Actor;
use serde_json::{Value, json};

use crate::support::{TestApp, on_each_database, on_sqlite};

async fn patch(app: &TestApp, path: &str, if_match: Option<&str>, body: Value) -> (StatusCode, Value) {
    let mut request = Request::builder()
        .method(Method::PATCH)
        .uri(format!("/api/v1{path}"))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(tag) = if_match {
        request = request.header(header::IF_MATCH, tag);
    }
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    request.extensions_mut().insert(Actor::local());
    app.send_request(request).await
}

async fn trail_of(app: &TestApp, action: &str) -> Vec<Value> {
    let trail = app.get(&format!("/audit?q={action}")).await;
    trail["items"].as_array().unwrap().clone()
}

#[test]
fn what_is_given_is_changed_and_the_rest_stays() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let before = app.get("/merchants/M1").await;
        let change = json!({"phone": null, "tags": {"tier": "silver"}, "reason": "asked to"});
        let (status, edit) = patch(&app, "/merchants/M1", before["etag"].as_str(), change.clone()).await;
        assert_eq!(status, StatusCode::OK, "{edit}");
        let now = app.get("/merchants/M1").await;
        assert_eq!(now["phone"], Value::Null);
        assert_eq!(now["tags"], json!({"tier": "silver"}));
        for field in ["number", "name", "locale", "email"] {
            assert_eq!(now[field], before[field], "{field}");
        }
        let fields: Vec<&str> = edit["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["field"].as_str().unwrap())
            .collect();
        assert_eq!(fields, ["phone", "tags"]);
        let trail = trail_of(&app, "merchant.change").await;
        assert_eq!(trail.len(), 1);
        assert_eq!(trail[0]["before"]["phone"], "+86 21 5555 0101");
        assert_eq!((&trail[0]["after"]["phone"], &trail[0]["reason"]), (&Value::Null, &json!("asked to")));

        // Once more it changes nothing, and nothing is written down.
        let (_, edit) = patch(&app, "/merchants/M1", None, change.clone()).await;
        assert_eq!(edit["changes"], json!([]));
        assert_eq!(trail_of(&app, "merchant.change").await.len(), 1);

        // Who has seen it as it was before is refused, and shown how it is.
        let (status, refusal) =
            patch(&app, "/merchants/M1", before["etag"].as_str(), json!({"name": "Other"})).await;
        assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{refusal}");
        assert_eq!(refusal["current"]["tags"], json!({"tier": "silver"}));
        assert_eq!(app.get("/merchants/M1").await["name"], before["name"]);
    });
}

#[test]
fn an_edit_goes_by_the_rules_of_the_import_and_names_every_field() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let dump = app.dump();
        let bad = json!({"name": " ", "time_zone": "Asia/Shangai", "opening_hours": "Mon 25:00-26:00"});
        let (status, problem) = patch(&app, "/sites/S1", None, bad).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert_eq!(problem["code"], "invalid");
        let errors = problem["errors"].as_array().unwrap();
        let fields: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["name", "time_zone", "opening_hours"]);
        assert!(errors[1]["message"].as_str().unwrap().contains("Asia/Shanghai"), "{problem}");
        for (path, body, field) in [
            ("/sites/S1", json!({"merchant_number": "M9"}), "merchant_number"),
            ("/terminals/T1", json!({"site_code": "S9"}), "site_code"),
            ("/terminals/T1", json!({"volume": 0}), "volume"),
            ("/terminals/T1", json!({"tid": null}), "tid"),
            ("/merchants/M1", json!({"email": "a@b, c@d"}), "email"),
            ("/merchants/M1", json!({"locale": "de"}), "locale"),
        ] {
            let (status, problem) = patch(&app, path, None, body).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {field}: {problem}");
            assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        }
        let (status, _) = patch(&app, "/sites/S9", None, json!({})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let (status, _) = patch(&app, "/sites/S1", None, json!({"code": "S7"})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a key cannot be changed");
        assert_eq!(app.dump(), dump, "nothing was changed");
    });
}

#[test]
fn a_budget_counts_the_fleet_as_it_is_after_every_change_of_it() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let serials: Vec<String> = app.get("/terminals").await["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|terminal| terminal["retired"] == false)
            .map(|terminal| terminal["serial"].as_str().unwrap().to_owned())
            .collect();
        // Two may be down, until one terminal fewer is there.
        let budget = json!({"grouping": "fleet", "limit": {"count": 100}, "keep": serials.len() - 2});
        app.arrange(&["T1"], "2026-12-10 02:00").await;
        let other = app.arrange(&["T4"], "2026-12-10 03:00").await[0];
        app.post("/budgets", budget).await;
        let beside = json!({"at": "2026-12-10 02:00", "dry_run": true});
        let path = format!("/appointments/{other}/move");
        let (status, answer) = app.try_post(&path, beside.clone()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let goes = serials.iter().find(|serial| !["T1", "T4"].contains(&serial.as_str())).unwrap();
        for (retired, expected) in [(true, StatusCode::CONFLICT), (false, StatusCode::OK)] {
            let (status, answer) =
                patch(&app, &format!("/terminals/{goes}"), None, json!({"retired": retired})).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            let (status, answer) = app.try_post(&path, beside.clone()).await;
            assert_eq!(status, expected, "{answer}");
        }
    });
}

#[test]
fn appointments_of_a_terminal_that_goes_are_called_off_and_a_dry_run_says_so_beforehand() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let ids = app.arrange(&["T1", "T4"], "2026-12-07 02:00").await;
        let dump = app.dump();
        let (_, tried) = patch(&app, "/terminals/T1?dry_run=true", None, json!({"site_code": "S2"})).await;
        assert_eq!((&tried["dry_run"], &tried["called_off"]), (&json!(true), &json!(1)), "{tried}");
        assert_eq!(app.dump(), dump, "a dry run writes nothing");
        let (_, done) = patch(&app, "/terminals/T1", None, json!({"site_code": "S2"})).await;
        assert_eq!(done["called_off"], 1, "{done}");
        assert_eq!(app.appointment(ids[0]).await["state"], "cancelled");
        let (_, done) = patch(&app, "/terminals/T4", None, json!({"retired": true})).await;
        assert_eq!((&done["called_off"], &done["now"]["retired"]), (&json!(1), &json!(true)));
        assert_eq!(app.appointment(ids[1]).await["state"], "cancelled");
        assert_eq!(app.get("/terminals/T1").await["site"]["code"], "S2");
    });
}

#[test]
fn a_new_address_is_told_what_the_old_one_was_not() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T1"], "2026-12-07 02:00").await;
        app.post("/merchants/M1/address", json!({"email": "old@noodles.example"})).await;
        let (status, edit) =
            patch(&app, "/merchants/M1", None, json!({"email": "new@noodles.example"})).await;
        // The announcement, and its two reminders.
        assert_eq!((status, &edit["announced"]), (StatusCode::OK, &json!(3)), "{edit}");
        app.work("notify").await;
        let recipients: Vec<Value> =
            app.notices("accepted").await.iter().map(|notice| notice["recipient"].clone()).collect();
        assert!(recipients.contains(&json!("new@noodles.example")), "{recipients:?}");
    });
}

#[test]
fn the_search_finds_what_begins_so_by_an_index() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let keys = |hits: &Value, kind: &str, key: &str| -> Vec<String> {
            hits[kind].as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
        };
        let hits = app.get("/fleet/search?q=t").await;
        assert_eq!(keys(&hits, "terminals", "serial"), ["T1", "T2", "T3", "T4", "T5", "T6"]);
        let hits = app.get("/fleet/search?q=t&limit=2").await;
        assert_eq!((keys(&hits, "terminals", "serial").len(), &hits["more"]), (2, &json!(true)));
        let hits = app.get("/fleet/search?q=10000005").await;
        assert_eq!(keys(&hits, "terminals", "serial"), ["T5"]);
        let hits = app.get("/fleet/search?q=HARBOUR").await;
        assert_eq!(keys(&hits, "merchants", "number"), ["M2"]);
        let hits = app.get("/fleet/search?q=%E7%8E%8B%E8%AE%B0").await;
        assert_eq!(keys(&hits, "merchants", "number"), ["M1"]);
        let mut sites = keys(&hits, "sites", "code");
        sites.sort();
        assert_eq!(sites, ["S1", "S2"]);
        assert_eq!(keys(&app.get("/fleet/search?q=%25").await, "terminals", "serial").len(), 0);
        let (status, _) = app.send(Method::GET, "/api/v1/fleet/search?q=%20", None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

/// How the database would answer, in its own words.
fn explained(app: &TestApp, column: Column) -> String {
    #[derive(diesel::QueryableByName)]
    struct Line {
        #[diesel(sql_type = diesel::sql_types::Text)]
        detail: String,
    }
    use diesel::RunQueryDsl;
    use diesel::connection::SimpleConnection;
    app.read(|connection| {
        let kind = connection.kind();
        let sql = question(kind, column, 26)
            .replace("?1", "'a'")
            .replace("?2", "'b'")
            .replace("$1", "'a'")
            .replace("$2", "'b'");
        if kind == "sqlite" {
            let lines: Vec<Line> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(connection)?;
            return Ok(lines.into_iter().map(|line| line.detail).collect::<Vec<_>>().join("\n"));
        }
        connection.batch_execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")?;
        #[derive(diesel::QueryableByName)]
        struct Plan {
            #[diesel(sql_type = diesel::sql_types::Text)]
            #[diesel(column_name = "QUERY PLAN")]
            text: String,
        }
        let lines: Vec<Plan> = diesel::sql_query(format!("EXPLAIN {sql}")).load(connection)?;
        Ok(lines.into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n"))
    })
}

#[test]
fn every_search_goes_through_its_index_without_sorting() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        for column in Column::ALL {
            let plan = explained(&app, column);
            assert!(plan.contains("_by_lower_"), "{column:?}: {plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("B-TREE") && !plan.contains("Sort"), "{plan}");
        }
    });
}

#[test]
fn a_rule_says_what_it_would_mean_before_it_is_saved() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T1"], "2026-12-07 02:00").await;
        let dump = app.dump();
        let budget = |grouping: &str, limit: Value, keep: u32| json!({"grouping": grouping, "limit": limit, "keep": keep});
        let preview = app.post("/budgets/preview", budget("region", json!({"percent": 50}), 0)).await;
        assert_eq!((&preview["groups_in_all"], &preview["terminals"]), (&json!(2), &json!(6)));
        assert_eq!(preview["groups"][0], json!({"group": "region:east", "terminals": 4, "at_most": 2}));
        for grouping in ["fleet", "host", "carrier", "cell", "merchant", "site", "model", "tag:tier"] {
            let preview = app.post("/budgets/preview", budget(grouping, json!({"count": 1}), 1)).await;
            let expected = match grouping {
                "fleet" => 6,
                "tag:tier" | "carrier" | "cell" => 4,
                _ => 6,
            };
            assert_eq!(preview["terminals"], expected, "{grouping}: {preview}");
        }
        let preview = app.post("/budgets/preview", budget("site", json!({"count": 1}), 1)).await;
        assert_eq!(preview["stuck"], 1, "S2 has one terminal, and it stays up: {preview}");
        let mut one = budget("region", json!({"count": 9}), 0);
        one["value"] = json!("west");
        let preview = app.post("/budgets/preview", one).await;
        assert_eq!((&preview["groups_in_all"], &preview["without_effect"]), (&json!(1), &json!(1)));

        let blackout =
            |scope: &str| json!({"name": "sale", "scope": scope, "from": "2026-12-07", "to": "2026-12-07"});
        let preview = app.post("/blackouts/preview", blackout("site:S1")).await;
        assert_eq!((&preview["terminals"], &preview["appointments"]), (&json!(3), &json!(1)), "{preview}");
        assert_eq!(preview["time_zone"], "Asia/Shanghai");
        assert_eq!(preview["spans"][0]["local_start"], "2026-12-07 00:00");
        let preview = app.post("/blackouts/preview", blackout("site:S3")).await;
        assert_eq!((&preview["terminals"], &preview["appointments"]), (&json!(2), &json!(0)));

        // A region has it by its sites' own clocks: what stands on the seventh in Shanghai, begun on the sixth in UTC.
        let of_s1 = app.get("/sites/S1").await["region"].as_str().unwrap().to_owned();
        let preview = app.post("/blackouts/preview", blackout(&format!("region:{of_s1}"))).await;
        assert_eq!((&preview["time_zone"], &preview["appointments"]), (&json!("Asia/Shanghai"), &json!(1)));
        let preview = app.post("/blackouts/preview", blackout("fleet")).await;
        assert_eq!(preview["appointments"], 1, "{preview}");
        let line = json!({"cron": "0 3 * * *", "scope": format!("region:{of_s1}"), "count": 1});
        let preview = app.post("/windows/preview", line).await;
        assert_eq!(preview["time_zone"], "Asia/Shanghai", "{preview}");

        let line = json!({"cron": "0 3 * * *", "duration_minutes": 60, "scope": "site:S3", "count": 2});
        let preview = app.post("/windows/preview", line).await;
        assert_eq!((&preview["time_zone"], &preview["terminals"]), (&json!("Europe/London"), &json!(2)));
        let (status, problem) =
            app.try_post("/windows/preview", json!({"cron": "0 25 * * *", "scope": "fleet"})).await;
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("cron"))
        );

        let programme = json!({"name": "look", "selector": "region = \"east\"", "duration_minutes": 20,
            "recurrence": {"rule": "cron", "line": "0 9 1 * *", "zone": "Asia/Shanghai"}});
        let preview = app.post("/programmes/preview", programme).await;
        assert_eq!((&preview["picked"], &preview["terminals"]), (&json!(4), &json!(6)), "{preview}");
        assert_eq!(preview["due"][0], "2027-01-01T01:00:00Z");
        assert_eq!(app.dump(), dump, "previews write nothing");
    });
}

#[test]
fn a_programme_gets_other_terms_and_goes_with_what_it_raised() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let rolling = json!({"name": "half-yearly", "selector": "all", "duration_minutes": 20,
            "recurrence": {"rule": "every_days", "days": 180}});
        app.post("/programmes", rolling.clone()).await;
        let plan = app.plan(json!({})).await;
        app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        let standing = app.get("/appointments?campaign=half-yearly").await["items"].as_array().unwrap().len();
        assert!(standing > 0, "the plan places something: {plan}");

        let mut other = rolling.clone();
        other["duration_minutes"] = json!(45);
        let (status, now) =
            app.send(Method::PUT, "/api/v1/programmes/half-yearly", Some(other.clone())).await;
        assert_eq!((status, &now["duration_minutes"]), (StatusCode::OK, &json!(45)), "{now}");
        assert_eq!(app.get("/campaigns/half-yearly").await["duration_minutes"], 45);
        other["recurrence"] = json!({"rule": "cron", "line": "0 9 1 * *", "zone": "UTC"});
        let (status, _) = app.send(Method::PUT, "/api/v1/programmes/half-yearly", Some(other)).await;
        assert_eq!(status, StatusCode::CONFLICT);

        let (status, answer) = app.send(Method::DELETE, "/api/v1/programmes/half-yearly", None).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
        assert_eq!(app.get("/programmes").await["items"], json!([]));
        let campaign = app.get("/campaigns/half-yearly").await;
        assert_eq!((&campaign["state"], &campaign["programme"]), (&json!("cancelled"), &Value::Null));
        let cancelled = app.get("/appointments?campaign=half-yearly&state=cancelled").await;
        assert_eq!(cancelled["items"].as_array().unwrap().len(), standing);
    });
}

#[test]
fn a_site_without_terminals_has_openings_too() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        patch(&app, "/terminals/T4", None, json!({"site_code": "S1"})).await;
        let preview = app.post("/windows/preview", json!({"site": "S2", "count": 3})).await;
        assert_eq!(preview["openings"].as_array().unwrap().len(), 3, "{preview}");
        let (status, _) = app.try_post("/windows/preview", json!({"site": "S9"})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn the_command_line_edits_by_the_same_route() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        let database = app.database_url();
        let run = |arguments: &[&str]| {
            let mut all = vec!["--database", database.as_str()];
            all.extend(arguments);
            let output = crate::support::offpeak(&all);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (output.status.code(), text(&output.stdout), text(&output.stderr))
        };
        let (code, shown, errors) =
            run(&["merchant", "set", "M1", "--no-phone", "--tag", "tier=silver", "--dry-run"]);
        assert_eq!(code, Some(0), "{errors}");
        assert!(shown.contains("+86 21 5555 0101") && shown.contains("nothing was written"), "{shown}");
        assert_eq!(app.get("/merchants/M1").await["tags"], json!({"tier": "gold"}));
        let (code, shown, errors) = run(&["site", "set", "S1", "--opening-hours", "24/7", "-o", "json"]);
        assert_eq!(code, Some(0), "{errors}");
        let edit: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(edit["changes"][0]["field"], "opening_hours");
        assert_eq!(app.get("/sites/S1").await["opening_hours"], "24/7");
        let (code, _, errors) = run(&["terminal", "set", "T1", "--volume", "0"]);
        assert_ne!(code, Some(0));
        assert!(errors.contains("volume") && errors.contains("1 to 1000"), "{errors}");
        let (code, _, errors) = run(&["terminal", "set", "T1", "--reason", "no reason"]);
        assert_ne!(code, Some(0), "nothing to change is given");
        assert!(errors.contains("--help"), "{errors}");
        let (code, _, errors) = run(&["terminal", "set", "T1", "--untag", "floor", "--no-cell"]);
        assert_eq!(code, Some(0), "{errors}");
        assert_eq!(app.get("/terminals/T1").await["terminal"]["cell"], Value::Null);
    });
}
