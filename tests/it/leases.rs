//! What one replica alone may do: who leads, who takes over, and that a leader that was fenced off writes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use offpeak::api::plan::NewPlan;
use offpeak::domain::ids::PlanId;
use offpeak::service::lease::{Leader, lead, release};
use offpeak::service::{Actor, App, Error, plan};
use offpeak::worker::Loop;
use serde_json::{Value, json};

use crate::support::{TestApp, on_each_database, postgres_url};

/// Another replica on the same database.
fn other(app: &TestApp) -> App {
    App { replica: "other".into(), ..app.state.app().clone() }
}

fn led(app: &App, name: &'static str) -> Leader {
    lead(app, name).expect("the database answers").expect("nobody else leads")
}

/// As if the lease's time had gone by.
fn run_out(app: &TestApp) {
    app.sql("UPDATE lease SET until = 0");
}

async fn lease(app: &TestApp, name: &str) -> Value {
    let replicas = app.get("/replicas").await;
    let leases = replicas["leases"].as_array().unwrap();
    leases.iter().find(|lease| lease["name"] == name).unwrap_or_else(|| panic!("{replicas}")).clone()
}

#[test]
fn one_leads_until_it_gives_up_or_is_silent_for_too_long() {
    on_each_database(|app| async move {
        let (one, other) = (app.state.app().clone(), other(&app));
        let first = led(&one, "watch");
        assert_eq!(lead(&other, "watch").unwrap(), None);
        assert_eq!(led(&one, "watch"), first, "renewed, not taken anew");
        // Each loop has its own.
        let elsewhere = led(&other, "raise");
        let seen = lease(&app, "watch").await;
        assert_eq!(
            (&seen["holder"], &seen["token"], &seen["held"]),
            (&json!(*one.replica), &json!(first.token()), &json!(true)),
            "{seen}"
        );

        release(&one, &first).unwrap();
        assert_eq!(lease(&app, "watch").await["held"], false);
        let second = led(&other, "watch");
        assert!(second.token() > first.token());
        assert_eq!(lead(&one, "watch").unwrap(), None);
        // Whoever lost it cannot give away what it no longer has.
        release(&one, &first).unwrap();
        assert_eq!(lead(&one, "watch").unwrap(), None);

        run_out(&app);
        assert!(led(&one, "watch").token() > second.token());
        assert_eq!(
            led(&other, "raise"),
            elsewhere,
            "it ran out, but nobody else took it: nothing came between"
        );
    });
}

#[test]
fn a_lease_runs_by_the_clock_of_the_database() {
    on_each_database(|app| async move {
        let settings = offpeak::config::Settings { lease_seconds: 2, ..(*app.state.app().settings).clone() };
        let one = App { settings: settings.into(), ..app.state.app().clone() };
        let first = led(&one, "watch");
        // The replicas' own clocks say what they want.
        app.clock.set(app.clock.now() + chrono::TimeDelta::days(3));
        assert_eq!(lead(&other(&app), "watch").unwrap(), None);
        tokio::time::sleep(Duration::from_millis(2100)).await;
        assert!(led(&other(&app), "watch").token() > first.token());
    });
}

#[test]
fn a_leader_that_was_fenced_off_writes_nothing() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let programme = json!({"name": "monthly", "selector": "all", "duration_minutes": 30, "term_days": 20,
            "recurrence": {"rule": "cron", "line": "0 6 1 * *", "zone": "UTC"}});
        app.post("/programmes", programme).await;
        let campaign = json!({"name": "over", "work": {"kind": "inspection"}, "selector": "serial = \"T6\"",
            "duration_minutes": 30, "deadline_at": "2026-12-20T00:00:00Z"});
        app.post("/campaigns", campaign).await;
        let id = app.arrange(&["T1"], "2026-12-10 02:00").await[0];
        let plan = app.plan(json!({})).await["id"].clone();
        app.sql(&format!("UPDATE plan SET state = 'solving' WHERE id = {plan}"));
        app.set_time("2027-01-01T07:00:00Z");

        // It is stopped after it has asked what is due, and goes on after another one has taken over.
        let one = app.state.app().clone();
        let (raise, watch) = (led(&one, "raise"), led(&one, "watch"));
        run_out(&app);
        let (raise_after, watch_after) = (led(&other(&app), "raise"), led(&other(&app), "watch"));
        let before = app.dump();
        let fenced = |result: Result<u64, Error>| {
            let error = result.expect_err("it leads no longer");
            assert!(matches!(error, Error::Fenced { .. }), "{error}");
        };
        fenced(offpeak::service::programme::raise_due(&one, &raise));
        fenced(offpeak::service::campaign::complete_ended(&one, &raise));
        fenced(plan::fail_abandoned(&one, &watch));
        fenced(offpeak::service::overdue::close(&one, &watch).map(|counts| counts.len() as u64));
        assert_eq!(app.dump(), before);

        // The one that leads does it all, and says under which token.
        let now = other(&app);
        assert_eq!(offpeak::service::programme::raise_due(&now, &raise_after).unwrap(), 1);
        assert_eq!(offpeak::service::campaign::complete_ended(&now, &raise_after).unwrap(), 1);
        assert_eq!(plan::fail_abandoned(&now, &watch_after).unwrap(), 1);
        assert_eq!(offpeak::service::overdue::close(&now, &watch_after).unwrap()["missed"], 1);
        let trail = app.get("/audit").await["items"].clone();
        let fence_of = |subject: &str| {
            let entries = trail.as_array().unwrap();
            entries.iter().find(|entry| entry["subject"] == subject).map(|entry| entry["fence"].clone())
        };
        assert_eq!(fence_of(&format!("appointment {id}")), Some(json!(watch_after.token())));
        assert_eq!(fence_of(&format!("plan {plan}")), Some(json!(watch_after.token())));
        assert_eq!(fence_of("campaign monthly-20270101-0600"), Some(json!(raise_after.token())));
    });
}

#[test]
fn nobody_takes_over_in_the_middle_of_a_leaders_transaction() {
    on_each_database(|app| async move {
        let one = app.state.app().clone();
        let leader = led(&one, "watch");
        run_out(&app);
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
        let writer = std::thread::spawn(move || {
            leader.write(&one, |_| {
                begun.send(()).unwrap();
                may_go_on.recv_timeout(Duration::from_secs(5)).unwrap();
                Ok(())
            })
        });
        has_begun.recv().unwrap();
        let asking = other(&app);
        if app.state.app().settings.database_url.starts_with("postgres") {
            assert_eq!(lead(&asking, "watch").unwrap(), None, "and nobody waits for it");
        }
        go_on.send(()).unwrap();
        writer.join().unwrap().unwrap();
        led(&asking, "watch");
    });
}

#[test]
fn a_replica_that_stands_still_within_a_transaction_holds_nobody_up_for_ever() {
    let app = TestApp::new(Some(postgres_url()), |settings| settings.database_patience_seconds = 2);
    let database = app.state.app().database.clone();
    let runs = Arc::new(AtomicU32::new(0));
    let (begun, has_begun) = std::sync::mpsc::channel();
    let counted = Arc::clone(&runs);
    let stopped = std::thread::spawn(move || {
        database.write(|connection| {
            connection.serialize_schedule()?;
            if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                begun.send(()).unwrap();
                std::thread::sleep(Duration::from_secs(4));
            }
            connection.serialize_searches()?;
            Ok::<_, Error>(())
        })
    });
    has_begun.recv().unwrap();
    // The server gives it up; it is back only later, and then begins anew.
    app.write(|connection| Ok(connection.serialize_schedule()?));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    stopped.join().unwrap().unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[test]
fn a_pass_by_hand_is_refused_while_another_replica_leads() {
    on_each_database(|app| async move {
        let elsewhere = led(&other(&app), "watch");
        let (status, refusal) = app.send(Method::POST, "/api/v1/workers/watch", Some(json!({}))).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::CONFLICT, &json!("conflict")), "{refusal}");
        assert!(refusal["detail"].as_str().unwrap().contains("/api/v1/replicas"), "{refusal}");
        release(&other(&app), &elsewhere).unwrap();
        assert_eq!(app.work("watch").await, json!({}));
        assert_eq!(lease(&app, "watch").await["held"], false, "a pass by hand holds nobody up afterwards");
        led(&other(&app), "watch");
    });
}

#[test]
fn loops_lead_while_they_run_and_give_up_when_they_stop() {
    on_each_database(|app| async move {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let running = tokio::spawn(app.state.workers().clone().run_until(stopped));
        let own = json!(*app.state.app().replica);
        for name in ["raise", "watch"] {
            while app.get("/replicas").await["leases"].as_array().unwrap().iter().all(|it| it["name"] != name)
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let seen = lease(&app, name).await;
            assert_eq!((&seen["held"], &seen["holder"]), (&json!(true), &own), "{seen}");
        }
        // By hand it goes under the lease that the loop holds, which the loop keeps.
        app.state.workers().run_once(Loop::Watch).await.unwrap();
        assert_eq!(lease(&app, "watch").await["held"], true);
        stop.send(true).unwrap();
        running.await.unwrap();
        assert_eq!(lease(&app, "watch").await["held"], false);
    });
}

#[test]
fn a_search_that_was_taken_for_dead_writes_nothing_when_it_goes_on() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 30, "deadline_at": "2026-12-28T00:00:00Z"});
        app.post("/campaigns", campaign).await;
        let (here, elsewhere) = (app.state.app().clone(), App { searches: Arc::default(), ..other(&app) });
        for error in [false, true] {
            let request = NewPlan { effort: Some("fast".to_owned()), ..NewPlan::default() };
            let id = PlanId(plan::create(&here, &Actor::local(), &request).unwrap().id);
            app.clock.set(app.clock.now() + chrono::TimeDelta::seconds(61));
            assert_eq!(plan::fail_abandoned(&elsewhere, &led(&elsewhere, "watch")).unwrap(), 1);
            let before = app.dump();
            // The search begins to write only now; or it breaks off, which it is not asked about any more either.
            let asked = if error { NewPlan { effort: Some("none".to_owned()), ..request } } else { request };
            assert_eq!(plan::solve(&here, &Actor::local(), id, &asked).is_err(), error);
            assert_eq!(app.dump(), before);
        }
        // What a dead one had written before it died is taken back.
        let plan = app.plan(json!({})).await["id"].clone();
        app.sql(&format!("UPDATE plan SET state = 'failed' WHERE id = {plan}"));
        let items = format!("plan_item: {plan}|");
        assert!(app.dump().iter().any(|row| row.starts_with(&items)));
        run_out(&app);
        assert_eq!(app.work("watch").await, json!({}));
        assert!(!app.dump().iter().any(|row| row.starts_with(&items)));
    });
}
