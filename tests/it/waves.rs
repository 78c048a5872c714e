//! Waves and gates: who is in which wave, what waits for a gate, what a gate lets through and what it stops.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use offpeak::service::Actor;
use serde_json::{Value, json};

use crate::support::{TestApp, instant, on_each_database, on_sqlite};

/// Sixty terminals, and a campaign over all of them with a pilot of six.
async fn begin(app: &TestApp, gate: Value) {
    app.import_generated(60, 7).await;
    // Everybody can be told.
    app.sql("UPDATE merchant SET email = 'owner@shop.example' WHERE email IS NULL");
    let window = json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240});
    app.post("/windows", window).await;
    app.post("/campaigns", campaign(gate)).await;
}

fn campaign(gate: Value) -> Value {
    json!({"name": "fw", "work": {"kind": "inspection"}, "selector": "all", "duration_minutes": 30,
        "deadline_at": "2027-03-01T00:00:00Z", "notice_lead_minutes": 120,
        "waves": [{"share": "10%", "soak_minutes": 600, "gate": gate}, {"share": "rest"}]})
}

async fn publish(app: &TestApp) {
    let plan = app.plan(json!({"effort": "fast", "horizon_days": 40})).await;
    assert_eq!(plan["state"], "verified", "{plan}");
    app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
    app.work("notify").await;
}

async fn appointments(app: &TestApp) -> Vec<Value> {
    app.get("/appointments?campaign=fw&limit=1000").await["items"].as_array().unwrap().clone()
}

fn at(row: &Value, field: &str) -> DateTime<Utc> {
    instant(row[field].as_str().unwrap())
}

/// The pilot's appointments: those that begin long before the others may.
async fn pilot(app: &TestApp) -> (Vec<Value>, Vec<Value>) {
    let members: BTreeSet<i64> = app.read(|connection| {
        let row = offpeak::db::campaign::by_name(connection, "fw")?.unwrap();
        Ok(offpeak::db::wave::all_members(connection, row.id)?.into_keys().collect())
    });
    let serials: BTreeSet<String> = app.read(|connection| {
        let ids: Vec<i64> = members.iter().copied().collect();
        Ok(offpeak::db::fleet::terminals_by_id(connection, &ids)?.into_iter().map(|row| row.serial).collect())
    });
    appointments(app).await.into_iter().partition(|row| serials.contains(row["serial"].as_str().unwrap()))
}

/// Lets these appointments happen, each with its outcome; `None` says nothing.
async fn happen(app: &TestApp, rows: &[Value], outcome: impl Fn(usize) -> Option<&'static str>) {
    let mut rows: Vec<(usize, &Value)> = rows.iter().enumerate().collect();
    rows.sort_by_key(|(_, row)| at(row, "starts_at"));
    for (number, row) in rows {
        app.clock.set(at(row, "starts_at"));
        app.work("notify").await;
        app.work("dispatch").await;
        let row = app.appointment(row["id"].as_i64().unwrap()).await;
        assert_eq!(row["state"], "open", "{row}");
        if let Some(outcome) = outcome(number) {
            let path = format!("/appointments/{}/outcome", row["id"]);
            app.post(&path, json!({"outcome": outcome})).await;
        }
    }
}

async fn wave(app: &TestApp, number: usize) -> Value {
    app.get("/campaigns/fw").await["waves"][number - 1].clone()
}

/// The gates of tonight, each with its campaign's state, its wave, and the wave's state.
async fn gates(app: &TestApp) -> Vec<(Value, Value, Value)> {
    let tonight = app.get("/tonight").await;
    let shown = |gate: &Value| {
        let wave = &gate["wave"];
        assert_eq!((&gate["campaign"], &gate["waves"]), (&json!("fw"), &json!(2)), "{gate}");
        (gate["campaign_state"].clone(), wave["number"].clone(), wave["state"].clone())
    };
    tonight["gates"].as_array().expect("gates").iter().map(shown).collect()
}

async fn merchants_told(app: &TestApp) -> BTreeSet<String> {
    app.notices("accepted")
        .await
        .iter()
        .map(|row| row["merchant_number"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_next_wave_is_planned_after_the_soak_and_nobody_is_told_of_it_before_its_gate() {
    on_each_database(|app| async move {
        begin(&app, json!({"sample_min": 3})).await;
        publish(&app).await;
        let (pilots, rest) = pilot(&app).await;
        assert_eq!(pilots.len(), 6, "ten percent of sixty");
        assert!(!rest.is_empty());
        let regions: BTreeSet<&str> = pilots.iter().map(|row| row["region"].as_str().unwrap()).collect();
        assert!(regions.len() > 1, "spread over regions: {regions:?}");
        let sites: BTreeSet<&str> = pilots.iter().map(|row| row["site_code"].as_str().unwrap()).collect();
        assert_eq!(sites.len(), 6, "spread over sites");
        // End, grace (60), soak (600), lead (120) and allowance (60).
        let end = pilots.iter().map(|row| at(row, "ends_at")).max().unwrap();
        let first = rest.iter().map(|row| at(row, "starts_at")).min().unwrap();
        assert!(first >= end + TimeDelta::minutes(840), "{end} and {first}");

        let of_pilots: BTreeSet<String> =
            pilots.iter().map(|row| row["merchant_number"].as_str().unwrap().to_owned()).collect();
        assert_eq!(merchants_told(&app).await, of_pilots, "nobody else, though everything may be said early");

        happen(&app, &pilots, |_| Some("done")).await;
        let last = app.clock.now();
        assert_eq!(app.work("watch").await, json!({}), "it soaks");
        assert!(wave(&app, 1).await["verdict"].as_str().unwrap().contains("soaking until"));
        assert_eq!(gates(&app).await, [(json!("active"), json!(1), json!("open"))]);
        let gate = app.get("/tonight").await["gates"][0]["wave"].clone();
        assert_eq!(gate, wave(&app, 1).await, "what the campaign says of it");
        app.work("notify").await;
        assert_eq!(merchants_told(&app).await, of_pilots);
        app.clock.set(last + TimeDelta::minutes(600));
        assert_eq!(app.work("watch").await, json!({"gates_passed": 1}));
        assert_eq!(app.work("watch").await, json!({}), "once");
        let (one, two) = (wave(&app, 1).await, wave(&app, 2).await);
        assert_eq!((&one["state"], &two["state"]), (&json!("passed"), &json!("open")));
        assert_eq!((&one["done"], &one["against"]), (&json!(6), &json!(0)));
        assert_eq!(gates(&app).await, [], "behind the last wave there is none");
        app.work("notify").await;
        let (_, rest) = pilot(&app).await;
        assert!(rest.iter().all(|row| row["state"] == "announced"), "{rest:?}");

        happen(&app, &rest, |_| Some("done")).await;
        // Whoever found no place goes out of service.
        app.sql("UPDATE terminal SET retired = TRUE WHERE id NOT IN (SELECT terminal_id FROM appointment)");
        let targets = app.get("/campaigns/fw/targets").await;
        assert_eq!((&targets["to_plan"], &targets["scheduled"]), (&json!(0), &json!(0)), "{targets}");
        assert_eq!(app.work("raise").await, json!({"completed": 1}), "nothing is left");
        let done = app.get("/campaigns/fw").await;
        assert_eq!((&done["state"], &done["waves"][1]["state"]), (&json!("completed"), &json!("passed")));
        let trail = app.get("/audit?q=gate.pass").await["items"][0].clone();
        assert_eq!(
            (&trail["subject"], &trail["actor"]),
            (&json!("campaign fw wave 1"), &json!("worker:watch"))
        );
    });
}

#[test]
fn a_pilot_that_fails_halts_there() {
    on_each_database(|app| async move {
        begin(&app, json!({"sample_min": 6, "failures_max": "1"})).await;
        publish(&app).await;
        let (pilots, rest) = pilot(&app).await;
        // The second failure comes before the sample is complete: a count does not wait for it.
        happen(&app, &pilots[..3], |number| Some(if number < 2 { "failed" } else { "done" })).await;
        assert_eq!(app.work("watch").await, json!({"gates_halted": 1}));
        assert_eq!(app.work("watch").await, json!({}), "once");
        let campaign = app.get("/campaigns/fw").await;
        assert_eq!(
            (&campaign["state"], &campaign["waves"][0]["state"]),
            (&json!("paused"), &json!("halted"))
        );
        assert_eq!(campaign["halted_because"], "2 of 3 terminals failed, at most 1 may");
        let said =
            json!({"code": "gate_too_many_failures", "facts": {"failures": 2, "ended": 3, "most": "1"}});
        assert_eq!(campaign["halted_said"], said);
        let chinese = app.page_in("zh-CN", "/campaigns/fw").await;
        assert!(chinese.contains("3 台终端中 2 台失败，最多允许 1"), "{chinese}");
        assert!(chinese.contains("等待第 1 批的关口"), "{chinese}");
        assert_eq!(gates(&app).await, [(json!("paused"), json!(1), json!("halted"))]);
        let tonight = app.page_in("zh-CN", "/").await;
        let wanted = "第 1 批的关口已暂停 fw：3 台终端中 2 台失败，最多允许 1";
        assert!(tonight.contains(wanted), "{tonight}");
        let trail = app.get("/audit?q=campaign.state").await["items"][0].clone();
        assert!(trail["reason"].as_str().unwrap().starts_with("paused by the gate of wave 1: "), "{trail}");

        // From then on nothing of it opens, and whoever was not told never hears of it.
        let told = merchants_told(&app).await;
        for row in pilots[3..].iter().chain(&rest) {
            app.clock.set(at(row, "starts_at"));
            app.work("watch").await;
            app.work("notify").await;
            app.work("dispatch").await;
        }
        let mut states: BTreeMap<String, usize> = BTreeMap::new();
        for row in appointments(&app).await {
            *states.entry(row["state"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        assert_eq!(states["failed"], 2);
        assert_eq!(states["done"], 1);
        assert_eq!(states["cancelled"], rest.len(), "withdrawn before anybody was told: {states:?}");
        assert_eq!(merchants_told(&app).await, told);
    });
}

#[test]
fn silent_and_locked_terminals_count_against_the_gate() {
    on_each_database(|app| async move {
        begin(&app, json!({"sample_min": 6, "failures_max": "30%", "success_percent_min": 50})).await;
        publish(&app).await;
        let (pilots, _) = pilot(&app).await;
        // Four are done, one says nothing after it opened; then one of the four is locked.
        happen(&app, &pilots, |number| (number < 5).then_some("done")).await;
        let end = pilots.iter().map(|row| at(row, "ends_at")).max().unwrap();
        app.clock.set(end + TimeDelta::minutes(61));
        assert_eq!(app.work("watch").await, json!({"missed": 1}), "one of six: below thirty percent");
        assert_eq!(wave(&app, 1).await["against"], 1);
        app.post("/locks", json!({"serial": pilots[0]["serial"], "cause": "dark"})).await;
        let watched = app.work("watch").await;
        assert_eq!(watched["gates_halted"], 1, "{watched}");
        let one = wave(&app, 1).await;
        assert_eq!((&one["done"], &one["against"]), (&json!(4), &json!(2)));
    });
}

#[test]
fn a_halted_campaign_is_resumed_or_its_gate_is_passed_by_hand() {
    on_each_database(|app| async move {
        begin(&app, json!({"sample_min": 3, "failures_max": "1"})).await;
        publish(&app).await;
        let (pilots, _) = pilot(&app).await;
        happen(&app, &pilots, |number| Some(if number < 2 { "failed" } else { "done" })).await;
        let (status, _) = app.try_post("/campaigns/fw/pass", json!({})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "it needs a reason");
        app.work("watch").await;
        app.clock.set(app.clock.now() + TimeDelta::minutes(5));
        app.post("/campaigns/fw/resume", json!({"reason": "known"})).await;
        assert_eq!(wave(&app, 1).await["state"], "open");
        assert_eq!(app.work("watch").await, json!({}), "what is known halts nothing again");
        let says = wave(&app, 1).await["verdict"].as_str().unwrap().to_owned();
        assert!(says.contains("66 % went well, 95 % are asked for"), "{says}");
        // Another failure after it does.
        app.clock.set(app.clock.now() + TimeDelta::minutes(1));
        app.post("/locks", json!({"serial": pilots[3]["serial"], "cause": "dark"})).await;
        assert_eq!(app.work("watch").await, json!({"gates_halted": 1}));

        let passed = app.post("/campaigns/fw/pass", json!({"reason": "a bad batch of batteries"})).await;
        assert_eq!(passed["state"], "active");
        assert_eq!(passed["waves"][0]["state"], "passed");
        assert_eq!(passed["waves"][1]["state"], "open");
        let trail = app.get("/audit?q=gate.pass").await["items"][0].clone();
        assert_eq!(trail["reason"], "passed by hand: a bad batch of batteries");
        let (status, answer) = app.try_post("/campaigns/fw/pass", json!({"reason": "again"})).await;
        assert_eq!(status, StatusCode::CONFLICT, "{answer}");
        assert!(answer["detail"].as_str().unwrap().contains("is the last"), "{answer}");
    });
}

#[test]
fn what_was_moved_before_its_gate_is_held_at_the_door() {
    on_sqlite(|app| async move {
        begin(&app, json!({"sample_min": 3})).await;
        publish(&app).await;
        let (_, rest) = pilot(&app).await;
        let first = rest.iter().min_by_key(|row| at(row, "starts_at")).unwrap().clone();
        // Behind the application's back it counts as announced long ago.
        app.sql(&format!(
            "UPDATE appointment SET state = 'announced', announced_at = created_at WHERE id = {}",
            first["id"]
        ));
        app.clock.set(at(&first, "starts_at"));
        app.work("dispatch").await;
        let held = app.appointment(first["id"].as_i64().unwrap()).await;
        assert_eq!(held["state"], "announced", "{held}");
        let note = held["note"].clone();
        assert_eq!(note, "held: it is in wave 2 of campaign fw, and the gate of wave 1 has not passed");
    });
}

#[test]
fn the_members_of_a_wave_are_fixed_and_new_terminals_go_to_the_last() {
    on_sqlite(|app| async move {
        begin(&app, json!({})).await;
        let members = |app: &TestApp| {
            app.read(|connection| {
                let row = offpeak::db::campaign::by_name(connection, "fw")?.unwrap();
                let members = offpeak::db::wave::all_members(connection, row.id)?;
                Ok(members.into_iter().collect::<BTreeMap<_, _>>())
            })
        };
        let before = members(&app);
        assert_eq!(before.len(), 6);
        app.import_generated(120, 7).await;
        assert_eq!(members(&app), before);
        let mut draft = campaign(json!({}));
        (draft["name"], draft["draft"]) = (json!("later"), json!(true));
        let later = app.post("/campaigns", draft).await;
        assert_eq!(later["waves"][0]["state"], "waiting");
        assert_eq!(later["waves"][0]["terminals"], Value::Null, "drawn when it begins");
        let to_plan = app.get("/campaigns/later/targets").await["to_plan"].as_u64().unwrap();
        assert!(to_plan > 60, "{to_plan}");
        let later = app.post("/campaigns/later/activate", json!({})).await;
        assert_eq!(later["waves"][0]["state"], "open");
        assert_eq!(later["waves"][0]["terminals"], json!(to_plan.div_ceil(10)));
    });
}

#[test]
fn waves_that_cannot_be_are_refused_with_their_number() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        for (waves, expected) in [
            (json!([{"share": "1%"}]), "the last wave is `1%`"),
            (json!([{"share": "rest"}, {"share": "rest"}]), "wave 1 is `rest`"),
            (json!([{"share": "0%"}, {"share": "rest"}]), "wave 1: `0%`"),
            (json!([{"share": "60%"}, {"share": "40%"}, {"share": "rest"}]), "100 %"),
            (json!([{"share": "5", "gate": {"failures_max": "few"}}, {"share": "rest"}]), "wave 1: `few`"),
            (json!([{"share": "5", "gate": {"success_percent_min": 101}}, {"share": "rest"}]), "101 %"),
            (json!([{"share": "5", "gate": {"sample_min": 0}}, {"share": "rest"}]), "a sample of 0"),
            (json!([{"share": "5", "soak_minutes": 4_294_967_295_u32}, {"share": "rest"}]), "wave 1: a soak"),
        ] {
            let mut new = campaign(json!({}));
            new["waves"] = waves;
            let (status, answer) = app.try_post("/campaigns", new).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{expected}: {answer}");
            let detail = answer["detail"].as_str().unwrap();
            assert!(detail.starts_with("waves: ") && detail.contains(expected), "{answer}");
        }
        assert_eq!(app.get("/campaigns").await["items"], json!([]));
    });
}

async fn set_waves(app: &TestApp, etag: Option<&Value>, body: Value) -> (StatusCode, Value) {
    let mut request = Request::put("/api/v1/campaigns/fw/waves").header("content-type", "application/json");
    if let Some(etag) = etag {
        request = request.header("if-match", etag.as_str().unwrap());
    }
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    request.extensions_mut().insert(Actor::local());
    app.send_request(request).await
}

/// Who is in each wave but the last.
fn members(app: &TestApp) -> BTreeMap<i32, BTreeSet<i64>> {
    app.read(|connection| {
        let row = offpeak::db::campaign::by_name(connection, "fw")?.unwrap();
        let mut waves: BTreeMap<i32, BTreeSet<i64>> = BTreeMap::new();
        for (terminal, wave) in offpeak::db::wave::all_members(connection, row.id)? {
            waves.entry(wave).or_default().insert(terminal);
        }
        Ok(waves)
    })
}

#[test]
fn waves_that_have_not_begun_are_changed_and_those_that_have_are_not() {
    on_each_database(|app| async move {
        begin(&app, json!({"sample_min": 6})).await;
        publish(&app).await;
        let before = app.get("/campaigns/fw").await;
        let pilots = members(&app)[&1].clone();
        let (of_pilots, _) = pilot(&app).await;
        let first = json!({"share": "10%", "soak_minutes": 600, "gate": {"sample_min": 6}});
        let change = json!({"waves": [first, {"share": "25%", "soak_minutes": 60, "gate": {"failures_max": "2"}},
            {"share": "rest"}], "reason": "more care"});

        // Whoever has not seen how it stands is not heard, and what has begun is not touched.
        let (status, answer) = set_waves(&app, Some(&json!("\"old\"")), change.clone()).await;
        assert_eq!(
            (status, &answer["code"]),
            (StatusCode::PRECONDITION_FAILED, &json!("precondition_failed"))
        );
        for (pilot, why) in [
            (json!({"share": "20%", "soak_minutes": 600, "gate": {"sample_min": 6}}), "its size"),
            (json!({"share": "10%", "soak_minutes": 0, "gate": {"sample_min": 6}}), "its soak"),
            (json!({"share": "10%", "soak_minutes": 600, "gate": {"sample_min": 1}}), "its gate"),
        ] {
            let (status, answer) = set_waves(&app, None, json!({"waves": [pilot, {"share": "rest"}]})).await;
            assert_eq!(status, StatusCode::CONFLICT, "{why}: {answer}");
            let detail = answer["detail"].as_str().unwrap();
            assert!(detail.starts_with("wave 1 of campaign `fw` has begun (it is open)"), "{detail}");
        }
        let (status, answer) = set_waves(&app, None, json!({"waves": [first]})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        assert_eq!(app.get("/campaigns/fw").await["etag"], before["etag"], "nothing was changed");

        let (status, after) = set_waves(&app, Some(&before["etag"]), change).await;
        assert_eq!(status, StatusCode::OK, "{after}");
        assert_ne!(after["etag"], before["etag"]);
        let shares: Vec<&Value> = after["waves"].as_array().unwrap().iter().map(|it| &it["share"]).collect();
        assert_eq!(shares, ["10%", "25%", "rest"]);
        assert_eq!(
            (&after["waves"][1]["soak_minutes"], &after["waves"][1]["failures_max"]),
            (&json!(60), &json!("2"))
        );
        let drawn = members(&app);
        assert_eq!(drawn[&1], pilots, "who has begun stays");
        assert_eq!(drawn[&2].len(), 15, "a quarter of sixty");
        assert!(drawn[&2].is_disjoint(&pilots));

        // Only a gate: nobody changes places.
        let gates = json!({"waves": [first, {"share": "25%", "soak_minutes": 60, "gate": {"failures_max": "1"}},
            {"share": "rest"}]});
        let (status, answer) = set_waves(&app, None, gates).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(members(&app), drawn);

        let trail = app.get("/audit?q=campaign.waves").await["items"].clone();
        let entry = &trail[1];
        assert_eq!((&entry["subject"], &entry["reason"]), (&json!("campaign fw"), &json!("more care")));
        assert_eq!(entry["before"].as_array().map(Vec::len), Some(2), "{entry}");
        assert_eq!(entry["after"][1]["gate"]["failures_max"], "2", "{entry}");

        // The gate of the first opens the second as it is now, and no longer the rest.
        happen(&app, &of_pilots, |_| Some("done")).await;
        app.clock.set(app.clock.now() + TimeDelta::minutes(600));
        assert_eq!(app.work("watch").await["gates_passed"], 1);
        let states = app.get("/campaigns/fw").await["waves"].clone();
        let states: Vec<&Value> = states.as_array().unwrap().iter().map(|it| &it["state"]).collect();
        assert_eq!(states, ["passed", "open", "waiting"]);
    });
}

#[test]
fn the_waves_of_a_draft_are_free_and_those_of_a_campaign_that_is_over_are_not() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        let mut draft = campaign(json!({}));
        draft["draft"] = json!(true);
        app.post("/campaigns", draft).await;
        let (status, answer) =
            set_waves(&app, None, json!({"waves": [{"share": "3"}, {"share": "rest"}]})).await;
        assert_eq!((status, &answer["waves"][0]["share"]), (StatusCode::OK, &json!("3")));
        let (status, answer) = set_waves(&app, None, json!({"waves": []})).await;
        assert_eq!((status, &answer["waves"]), (StatusCode::OK, &json!([])));
        app.post("/campaigns/fw/activate", json!({})).await;
        let waves = json!({"waves": [{"share": "3"}, {"share": "rest"}]});
        let (status, answer) = set_waves(&app, None, waves.clone()).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(answer["detail"].as_str().unwrap().contains("begun without waves"), "{answer}");
        app.post("/campaigns/fw/cancel", json!({"reason": "no"})).await;
        let (status, answer) = set_waves(&app, None, waves).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(answer["detail"].as_str().unwrap().contains("is cancelled"), "{answer}");
    });
}
