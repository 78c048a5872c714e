//! Four eyes: what concerns many terminals or waives a rule is done when a second person has said yes.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::{TestApp, postgres_url, run};

const PASSWORD: &str = "a quiet night in November";

/// Where a plan or a campaign with more than `limit` terminals needs a second person.
fn four_eyes<F: Future<Output = ()>>(limit: Option<u32>, test: impl Fn(TestApp) -> F) {
    for url in [None, Some(postgres_url())] {
        run(test(TestApp::new(url, |settings| {
            settings.sign_in_on_loopback = true;
            settings.approval_above_terminals = limit;
        })));
    }
}

async fn people(app: &TestApp) {
    app.account("olga", "operator", PASSWORD).await;
    app.account("anna", "approver", PASSWORD).await;
    app.account("ada", "approver", PASSWORD).await;
}

async fn drafted(app: &TestApp) {
    app.import_small_fleet().await;
    let campaign = json!({"name": "look", "work": {"kind": "inspection", "on_site": false}, "selector": "all",
        "duration_minutes": 20, "deadline_at": "2026-12-20T00:00:00Z", "draft": true});
    app.post("/campaigns", campaign).await;
}

fn id(answer: &Value) -> i64 {
    answer["approval"]["id"].as_i64().unwrap_or_else(|| panic!("no request: {answer}"))
}

#[test]
fn a_plan_is_published_when_a_second_person_agrees() {
    four_eyes(Some(2), |app| async move {
        people(&app).await;
        drafted(&app).await;
        let mut olga = Browser::signed_in(&app, "olga", PASSWORD).await;
        let mut anna = Browser::signed_in(&app, "anna", PASSWORD).await;

        // The campaign first: six terminals are more than two.
        let asked = olga.post("/campaigns/look/activate", json!({"reason": "quarterly"})).await;
        assert_eq!(
            (asked.status.as_u16(), asked.code().as_str()),
            (202, "approval_needed"),
            "{}",
            asked.text
        );
        let first = id(&asked.json());
        let again = olga.post("/campaigns/look/activate", json!({"reason": "quarterly"})).await;
        assert_eq!(id(&again.json()), first, "asked twice is asked once");
        assert_eq!(app.get("/campaigns/look").await["state"], "draft");
        let own = olga.post(&format!("/approvals/{first}/approve"), json!({})).await;
        assert_eq!(own.code(), "forbidden", "an operator approves nothing");
        let done = anna.post(&format!("/approvals/{first}/approve"), json!({"reason": "fine"})).await;
        assert_eq!((done.status.as_u16(), &done.json()["state"]), (200, &json!("done")), "{}", done.text);
        let started = olga.post("/campaigns/look/activate", json!({"reason": "again"})).await;
        assert_eq!(started.status.as_u16(), 409, "nobody is asked for what cannot be: {}", started.text);
        assert_eq!(app.get("/campaigns/look").await["state"], "active");

        let plan = app.plan(json!({"horizon_days": 14})).await;
        let path = format!("/plans/{}", plan["id"]);
        let asked = anna.post(&format!("{path}/publish"), json!({})).await;
        assert_eq!(asked.status.as_u16(), 202, "an approver needs a second person as well: {}", asked.text);
        let second = id(&asked.json());
        let own = anna.post(&format!("/approvals/{second}/approve"), json!({})).await;
        assert_eq!((own.status.as_u16(), own.code().as_str()), (403, "forbidden"), "{}", own.text);
        // His token is no second person either.
        let token = anna.post("/tokens", json!({"name": "x", "role": "approver"})).await.json();
        let bearer = format!("Bearer {}", token["secret"].as_str().unwrap());
        let by_token = Browser::of(&app)
            .send(
                axum::http::Method::POST,
                &format!("/api/v1/approvals/{second}/approve"),
                &[("authorization", bearer.as_str())],
                String::new(),
            )
            .await;
        assert_eq!(by_token.code(), "forbidden", "{}", by_token.text);
        assert_eq!(app.get(&path).await["state"], "verified");
        let mut ada = Browser::signed_in(&app, "ada", PASSWORD).await;
        let done = ada.post(&format!("/approvals/{second}/approve"), json!({})).await;
        assert_eq!(done.json()["state"], "done", "{}", done.text);
        assert_eq!(app.get(&path).await["state"], "published");
        let published = &app.get("/audit?action=plan.publish").await["items"][0];
        assert_eq!(published["actor"], "anna (approved by ada)");
        let twice = ada.post(&format!("/approvals/{second}/approve"), json!({})).await;
        assert_eq!(twice.code(), "conflict", "{}", twice.text);

        let trail = app.get("/audit?action=approval").await;
        let actions: Vec<&str> =
            trail["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
        assert_eq!(actions[..3], ["approval.carry_out", "approval.approve", "approval.ask"]);
        assert_eq!(trail["items"][1]["actor"], "ada");
    });
}

#[test]
fn a_plan_that_only_moves_what_stands_is_for_two_as_well() {
    four_eyes(Some(1), |app| async move {
        people(&app).await;
        app.import_small_fleet().await;
        let ids = app.arrange(&["T1", "T4", "T5"], "2026-12-07 02:00").await;
        let blackout =
            json!({"name": "stocktaking", "scope": "fleet", "from": "2026-12-07", "to": "2026-12-07"});
        app.post("/blackouts", blackout).await;
        let plan = app.plan(json!({"only": {"appointments": ids}})).await;
        let report = &plan["report"];
        assert_eq!((&report["placed"], &report["moved"]), (&json!(0), &json!(3)), "{plan}");
        let mut olga = Browser::signed_in(&app, "olga", PASSWORD).await;
        let asked = olga.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        assert_eq!(
            (asked.status.as_u16(), asked.code().as_str()),
            (202, "approval_needed"),
            "{}",
            asked.text
        );
        assert!(asked.text.contains("moves 3"), "{}", asked.text);
    });
}

#[test]
fn whoever_answers_for_a_part_is_no_second_person() {
    four_eyes(None, |app| async move {
        app.import_small_fleet().await;
        let account = |name: &str, role: &str, scope: Option<&str>| json!({"name": name, "role": role, "password": PASSWORD, "scope": scope});
        app.post("/accounts", account("boss", "admin", None)).await;
        app.post("/accounts", account("cadm", "admin", Some("region:east"))).await;
        let mut boss = Browser::signed_in(&app, "boss", PASSWORD).await;
        // Nobody could answer it, so it is not asked for.
        let emergency = json!({"serials": ["T1"], "at": "now", "duration_minutes": 20, "reason": "smoke", "emergency": true});
        let done = boss.post("/maintenance", emergency).await;
        assert_ne!(done.status.as_u16(), 202, "{}", done.text);
        // And nobody else could administer the house.
        let closed = boss.post("/accounts/boss/disable", json!({})).await;
        assert_eq!(closed.code(), "conflict", "{}", closed.text);

        // He governs no tokens but his own, and a token makes none.
        let whole = boss.post("/tokens", json!({"name": "tms", "role": "operator"})).await.json();
        let mut cadm = Browser::of(&app);
        cadm.sign_in("cadm", PASSWORD).await;
        cadm.get("/schedule").await;
        let own = cadm.post("/tokens", json!({"name": "east", "role": "operator", "days": 1})).await.json();
        let all = cadm.get("/api/v1/tokens?everybody=true").await;
        assert_eq!(all.code(), "forbidden", "{}", all.text);
        let foreign = cadm.post(&format!("/tokens/{}/revoke", whole["token"]["id"]), json!({})).await;
        assert_eq!(foreign.code(), "not_found", "{}", foreign.text);
        let bearer = format!("Bearer {}", own["secret"].as_str().unwrap());
        let more = Browser::of(&app)
            .send(
                axum::http::Method::POST,
                "/api/v1/tokens",
                &[("authorization", bearer.as_str()), ("content-type", "application/json")],
                json!({"name": "for ever", "role": "viewer"}).to_string(),
            )
            .await;
        assert_eq!(more.code(), "forbidden", "{}", more.text);
        // The house does without him.
        let closed = boss.post("/accounts/cadm/disable", json!({})).await;
        assert_eq!(closed.status.as_u16(), 200, "{}", closed.text);
    });
}

#[test]
fn what_was_asked_for_cannot_become_something_else() {
    four_eyes(Some(0), |app| async move {
        people(&app).await;
        drafted(&app).await;
        let mut olga = Browser::signed_in(&app, "olga", PASSWORD).await;
        let mut anna = Browser::signed_in(&app, "anna", PASSWORD).await;
        let asked = id(&olga.post("/campaigns/look/activate", json!({})).await.json());
        app.sql("UPDATE campaign SET duration_minutes = 240");
        let stale = anna.post(&format!("/approvals/{asked}/approve"), json!({})).await;
        assert_eq!(stale.code(), "conflict", "{}", stale.text);
        assert_eq!(app.get("/campaigns/look").await["state"], "draft");
        app.sql("UPDATE campaign SET duration_minutes = 20");

        let refused = anna.post(&format!("/approvals/{asked}/refuse"), json!({"reason": "not now"})).await;
        assert_eq!(refused.json()["state"], "refused", "{}", refused.text);
        let late = anna.post(&format!("/approvals/{asked}/approve"), json!({})).await;
        assert_eq!(late.code(), "conflict");

        let asked = id(&olga.post("/campaigns/look/activate", json!({})).await.json());
        let foreign = anna.post(&format!("/approvals/{asked}/withdraw"), json!({})).await;
        assert_eq!(foreign.code(), "forbidden", "{}", foreign.text);
        assert_eq!(
            olga.post(&format!("/approvals/{asked}/withdraw"), json!({})).await.json()["state"],
            "withdrawn"
        );

        let asked = id(&olga.post("/campaigns/look/activate", json!({})).await.json());
        app.set_time("2026-12-02T09:00:01Z");
        assert_eq!(app.get("/approvals").await["items"][0]["state"], "expired");
        let mut anna = Browser::signed_in(&app, "anna", PASSWORD).await;
        let late = anna.post(&format!("/approvals/{asked}/approve"), json!({})).await;
        assert_eq!(late.code(), "conflict", "{}", late.text);
        assert_eq!(app.get("/campaigns/look").await["state"], "draft");
    });
}

#[test]
fn an_override_needs_a_second_person_where_there_is_one() {
    four_eyes(None, |app| async move {
        app.import_small_fleet().await;
        let emergency = |serial: &str, at: &str| json!({"serials": [serial], "at": at, "duration_minutes": 30, "reason": "swallows cards", "emergency": true});
        // Nobody else could say yes.
        let (status, answer) = app.try_post("/maintenance", emergency("T4", "2026-12-02 02:00")).await;
        assert_eq!(status.as_u16(), 200, "{answer}");
        people(&app).await;
        let mut olga = Browser::signed_in(&app, "olga", PASSWORD).await;
        let wanders = olga.post("/maintenance", emergency("T1", "tonight 02:00")).await;
        assert_eq!(wanders.code(), "invalid", "{}", wanders.text);
        let illegal = olga.post("/maintenance", emergency("T1", "2026-12-02 12:00")).await;
        assert_eq!(illegal.code(), "refused", "what is not legal anyway is not asked for: {}", illegal.text);
        let asked = olga.post("/maintenance", emergency("T1", "2026-12-02 02:00")).await;
        assert_eq!(
            (asked.status.as_u16(), asked.code().as_str()),
            (202, "approval_needed"),
            "{}",
            asked.text
        );
        assert_eq!(app.get("/appointments?serial=T1").await["items"], json!([]));
        let mut anna = Browser::signed_in(&app, "anna", PASSWORD).await;
        let done = anna.post(&format!("/approvals/{}/approve", id(&asked.json())), json!({})).await;
        assert_eq!(done.json()["state"], "done", "{}", done.text);
        let made = &app.get("/appointments?serial=T1").await["items"][0];
        assert_eq!(made["emergency"], true, "{made}");

        // A visit whose merchant cannot be reached.
        let ordinary =
            json!({"serials": ["T5"], "at": "2026-12-06 02:00", "duration_minutes": 30, "reason": "battery"});
        let arranged = app.post("/maintenance", ordinary).await;
        let visit = arranged["appointments"][0]["visit_id"].as_i64();
        let visit = visit.unwrap_or_else(|| {
            app.read(|connection| {
                Ok(offpeak::db::visit::by_ids(connection, &(1..20).collect::<Vec<_>>())?
                    .iter()
                    .map(|row| row.id)
                    .max()
                    .unwrap())
            })
        });
        let silent = olga.post(&format!("/visits/{visit}/override"), json!({})).await;
        assert_eq!(silent.code(), "invalid", "{}", silent.text);
        let asked =
            olga.post(&format!("/visits/{visit}/override"), json!({"reason": "agreed on the spot"})).await;
        assert_eq!(asked.code(), "approval_needed", "{}", asked.text);
        let missing = olga.post("/visits/999/override", json!({"reason": "x"})).await;
        assert_eq!(missing.code(), "not_found");
        let done = anna.post(&format!("/approvals/{}/approve", id(&asked.json())), json!({})).await;
        assert_eq!(done.json()["state"], "done", "{}", done.text);
    });
}

#[test]
fn a_gate_is_passed_by_hand_when_a_second_person_agrees() {
    four_eyes(None, |app| async move {
        people(&app).await;
        app.import_small_fleet().await;
        let waves = json!([{"share": "30%"}, {"share": "30%"}, {"share": "rest"}]);
        app.post(
            "/campaigns",
            json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 20, "deadline_at": "2026-12-20T00:00:00Z", "waves": waves}),
        )
        .await;
        let mut olga = Browser::signed_in(&app, "olga", PASSWORD).await;
        let mut anna = Browser::signed_in(&app, "anna", PASSWORD).await;
        let pass = "/campaigns/look/pass";
        let silent = olga.post(pass, json!({})).await;
        assert_eq!(silent.code(), "invalid", "{}", silent.text);
        let asked = olga.post(pass, json!({"reason": "a bad batch of batteries"})).await;
        assert_eq!(
            (asked.status.as_u16(), asked.code().as_str()),
            (202, "approval_needed"),
            "{}",
            asked.text
        );
        assert_eq!(app.get("/campaigns/look").await["waves"][0]["state"], "open", "nothing has passed yet");
        let other = anna.post(pass, json!({"reason": "the pilots are fine"})).await;

        let done = anna.post(&format!("/approvals/{}/approve", id(&asked.json())), json!({})).await;
        assert_eq!(done.json()["state"], "done", "{}", done.text);
        let campaign = app.get("/campaigns/look").await;
        let states: Vec<&Value> = (0..3).map(|place| &campaign["waves"][place]["state"]).collect();
        assert_eq!(states, ["passed", "open", "waiting"]);
        assert_eq!(app.get("/audit?q=gate.pass").await["items"][0]["actor"], "olga (approved by anna)");

        // What was asked for about the first wave lets no other pass.
        let mut ada = Browser::signed_in(&app, "ada", PASSWORD).await;
        let late = ada.post(&format!("/approvals/{}/approve", id(&other.json())), json!({})).await;
        assert_eq!(late.code(), "conflict", "{}", late.text);
        assert_eq!(app.get("/campaigns/look").await["waves"][1]["state"], "open");
    });
}

#[test]
fn what_cannot_be_carried_out_says_so_and_may_be_tried_again() {
    four_eyes(Some(0), |app| async move {
        people(&app).await;
        drafted(&app).await;
        app.post("/campaigns", json!({"name": "other", "work": {"kind": "inspection", "on_site": false},
            "selector": "serial = \"T1\"", "duration_minutes": 20, "deadline_at": "2026-12-20T00:00:00Z", "draft": true})).await;
        let mut olga = Browser::signed_in(&app, "olga", PASSWORD).await;
        let mut anna = Browser::signed_in(&app, "anna", PASSWORD).await;
        let emergency = json!({"serials": ["T1"], "at": "2026-12-02 02:00", "duration_minutes": 30, "reason": "dark", "emergency": true});
        let asked = id(&olga.post("/maintenance", emergency).await.json());
        // Meanwhile it is forbidden.
        let blackout = json!({"name": "fair", "scope": "fleet", "from": "2026-12-01", "to": "2026-12-03"});
        let made = app.post("/blackouts", blackout).await;
        let failed = anna.post(&format!("/approvals/{asked}/approve"), json!({})).await.json();
        assert_eq!(failed["state"], "failed", "{failed}");
        assert!(failed["outcome"].as_str().unwrap().contains("rule"), "{failed}");
        assert_eq!(app.get("/appointments?serial=T1").await["items"], json!([]));
        app.send(axum::http::Method::DELETE, &format!("/api/v1/blackouts/{}", made["id"]), None).await;
        let done = olga.post(&format!("/approvals/{asked}/carry-out"), json!({})).await.json();
        assert_eq!(done["state"], "done", "{done}");
        assert_eq!(app.get("/appointments?serial=T1").await["items"].as_array().unwrap().len(), 1);
        let twice = olga.post(&format!("/approvals/{asked}/carry-out"), json!({})).await;
        assert_eq!(twice.code(), "conflict", "{}", twice.text);
    });
}

#[test]
fn the_waves_of_a_started_campaign_change_when_a_second_person_agrees() {
    four_eyes(Some(2), |app| async move {
        people(&app).await;
        drafted(&app).await;
        let mut olga = Browser::signed_in(&app, "olga", PASSWORD).await;
        let mut anna = Browser::signed_in(&app, "anna", PASSWORD).await;
        let put = axum::http::Method::PUT;
        let of = |share: &str| json!({"waves": [{"share": share}, {"share": "rest"}], "reason": "with care"});

        // A draft's are anybody's; but what was asked for was asked for with the waves as they were.
        let asked = id(&olga.post("/campaigns/look/activate", json!({})).await.json());
        let draft = olga.api(put.clone(), "/campaigns/look/waves", of("1")).await;
        assert_eq!(draft.status.as_u16(), 200, "{}", draft.text);
        let stale = anna.post(&format!("/approvals/{asked}/approve"), json!({})).await;
        assert_eq!(stale.code(), "conflict", "{}", stale.text);
        let asked = id(&olga.post("/campaigns/look/activate", json!({})).await.json());
        anna.post(&format!("/approvals/{asked}/approve"), json!({})).await;

        let waves =
            json!({"waves": [{"share": "1"}, {"share": "2"}, {"share": "rest"}], "reason": "with care"});
        let wrong = olga.api(put.clone(), "/campaigns/look/waves", of("2")).await;
        assert_eq!(
            (wrong.status.as_u16(), wrong.code().as_str()),
            (409, "conflict"),
            "nobody is asked in vain"
        );
        let asked = olga.api(put, "/campaigns/look/waves", waves).await;
        assert_eq!(
            (asked.status.as_u16(), asked.code().as_str()),
            (202, "approval_needed"),
            "{}",
            asked.text
        );
        assert_eq!(app.get("/campaigns/look").await["waves"].as_array().map(Vec::len), Some(2));
        let asked = id(&asked.json());
        let done = anna.post(&format!("/approvals/{asked}/approve"), json!({})).await;
        assert_eq!(done.json()["state"], "done", "{}", done.text);
        assert_eq!(app.get("/campaigns/look").await["waves"][1]["share"], "2");
        let entry = app.get("/audit?action=campaign.waves").await["items"][0].clone();
        assert_eq!(
            (&entry["actor"], &entry["reason"]),
            (&json!("olga (approved by anna)"), &json!("with care"))
        );
    });
}
