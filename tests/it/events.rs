//! What happens on one replica is told on every other, once it is committed, and in few words.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use futures_util::StreamExt;
use offpeak::config::Settings;
use offpeak::service::audit::{Change, record};
use offpeak::service::{Actor, Error};
use offpeak::web::router;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::support::browser::Browser;
use crate::support::{TestApp, on_each_database, postgres_url, run};

/// What a browser shows.
fn cookies(browser: &Browser<'_>) -> String {
    let all = browser.cookies.iter().map(|(name, value)| format!("{name}={value}"));
    all.collect::<Vec<_>>().join("; ")
}

/// Two replicas on one PostgreSQL; `adjust` the second.
fn two(adjust: impl Fn(&mut Settings)) -> (TestApp, TestApp) {
    let url = postgres_url();
    (TestApp::new(Some(url.clone()), |_| {}), TestApp::new(Some(url), adjust))
}

/// Somebody who listens at a replica.
struct Listener {
    body: BodyDataStream,
    unread: String,
}

impl Listener {
    async fn at(app: &TestApp, last: Option<i64>) -> Listener {
        let mut request = Request::builder().uri("/api/v1/events");
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Actor::local());
        let response = router(app.state.clone()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Listener { body: response.into_body().into_data_stream(), unread: String::new() }
    }

    /// The next event; none at the end.
    async fn next(&mut self) -> Option<Value> {
        let next = tokio::time::timeout(Duration::from_secs(30), self.read());
        next.await.expect("something within half a minute")
    }

    async fn read(&mut self) -> Option<Value> {
        loop {
            if let Some((block, rest)) = self.unread.clone().split_once("\n\n") {
                self.unread = rest.to_owned();
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
                let Some(data) = field("data: ") else { continue };
                let event: Value = serde_json::from_str(data).unwrap();
                assert_eq!(field("event: "), event["kind"].as_str(), "{block}");
                assert_eq!(
                    field("id: ").map(str::to_owned),
                    event["number"].as_i64().map(|id| id.to_string())
                );
                return Some(event);
            }
            let bytes = self.body.next().await?.unwrap();
            self.unread += std::str::from_utf8(&bytes).unwrap();
        }
    }

    /// Events up to the one about this appointment or lock, that one included.
    async fn until(&mut self, kind: &str, id: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await.expect("an event");
            let last = event["id"] == id && event["kind"] == kind;
            events.push(event);
            if last {
                return events;
            }
        }
    }
}

/// The loops of a replica, until the sender is dropped; they follow what happens from here on.
async fn loops(app: &TestApp) -> watch::Sender<bool> {
    let (stop, stopped) = watch::channel(false);
    let mut coming = app.state.workers().listen();
    tokio::spawn(app.state.workers().clone().run_until(stopped));
    for mark in 0.. {
        let mark = format!("mark {mark}");
        app.write(|connection| {
            let change = Change::new("test.mark", mark.clone());
            Ok(record(connection, app.state.app(), &Actor::local(), change)?)
        });
        let seen = async { while coming.recv().await.unwrap().number != Some(latest(app).await) {} };
        if tokio::time::timeout(Duration::from_secs(3), seen).await.is_ok() {
            break;
        }
    }
    stop
}

async fn latest(app: &TestApp) -> i64 {
    app.get("/audit?limit=1").await["items"][0]["id"].as_i64().unwrap()
}

async fn lock(app: &TestApp, serial: &str) -> String {
    app.post("/locks", json!({"serial": serial, "cause": "dark"})).await["id"].to_string()
}

#[test]
fn what_one_replica_writes_wakes_another_and_is_told_there() {
    run(async {
        let (one, other) = two(|_| {});
        one.import_small_fleet().await;
        let _stop = loops(&other).await;
        let mut listener = Listener::at(&other, None).await;
        let id = one.arrange(&["T1"], "2026-12-10 02:00").await[0];
        let told = listener.until("appointment", &id.to_string()).await.pop().unwrap();
        assert_eq!(
            (&told["kind"], &told["action"], &told["state"]),
            (&json!("appointment"), &json!("maintenance.arrange"), &json!("planned")),
            "{told}"
        );
        // The other one's loop sends the mail, and that is told too.
        while listener.next().await.unwrap()["kind"] != "notice" {}
        assert_eq!(other.mail.accepted().len(), 1);
        assert!(one.mail.accepted().is_empty());
    });
}

#[test]
fn what_is_rolled_back_is_not_told_and_a_publication_is_told_once() {
    run(async {
        let (one, other) = two(|_| {});
        one.import_small_fleet().await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 30, "deadline_at": "2026-12-28T00:00:00Z"});
        one.post("/campaigns", campaign).await;
        let plan = one.plan(json!({})).await["id"].clone();
        let _stop = loops(&other).await;
        let mut listener = Listener::at(&other, None).await;
        let rolled_back = one.state.app().database.write(|connection| {
            use diesel::connection::SimpleConnection;
            connection.batch_execute(
                "INSERT INTO audit (id, at, actor, action, subject) VALUES (nextval('audit_id'), 0, 'x', 'x', 'x 1')",
            )?;
            Err::<(), _>(Error::Conflict("on purpose".to_owned()))
        });
        assert!(rolled_back.is_err());
        one.post(&format!("/plans/{plan}/publish"), json!({})).await;
        let mark = lock(&one, "T1").await;
        let told = listener.until("lock", &mark).await;
        let told: Vec<&str> = told
            .iter()
            .filter_map(|event| event["action"].as_str())
            .filter(|action| *action != "lock.state")
            .collect();
        assert_eq!(told, ["plan.publish", "lock.report"]);
    });
}

#[test]
fn whoever_comes_back_is_told_what_was_missed() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let first = latest(&app).await;
        let ids = [lock(&app, "T1").await, lock(&app, "T2").await];
        let mut listener = Listener::at(&app, Some(first)).await;
        for id in &ids {
            let told = listener.next().await.unwrap();
            assert_eq!(
                (&told["kind"], &told["id"], &told["state"]),
                (&json!("lock"), &json!(id), &json!("reported"))
            );
        }
        // What comes now comes once, though it was on the trail already when the listener asked.
        let _stop = loops(&app).await;
        let mark = lock(&app, "T3").await;
        let told = listener.until("lock", &mark).await;
        let numbers: Vec<i64> = told.iter().filter_map(|event| event["number"].as_i64()).collect();
        let mut once = numbers.clone();
        once.dedup();
        assert_eq!(numbers, once);

        app.sql(
            "INSERT INTO audit (id, at, actor, action, subject) \
             SELECT 100000 + id * 1000 + n, 0, 'x', 'x', 'x' FROM audit, (SELECT id AS n FROM audit) AS m \
             WHERE audit.id <= 200 AND n <= 200",
        );
        for _ in 0..7 {
            let highest = latest(&app).await;
            app.sql(&format!(
                "INSERT INTO audit (id, at, actor, action, subject) \
                 SELECT {highest} + id, 0, 'x', 'x', 'x' FROM audit WHERE id <= {highest}"
            ));
        }
        let mut late = Listener::at(&app, Some(first)).await;
        assert_eq!(late.next().await.unwrap()["kind"], "resync");
    });
}

#[test]
fn where_nothing_can_be_heard_the_trail_is_looked_at() {
    run(async {
        // A server on which nobody ever says anything, as behind a pooler; and one that is not there.
        let elsewhere = postgres_url();
        for listen in [elsewhere, "postgres://127.0.0.1:1/nobody".to_owned()] {
            let (one, other) = two(|settings| settings.database_listen_url = Some(listen.clone()));
            one.import_small_fleet().await;
            let _stop = loops(&other).await;
            let mut listener = Listener::at(&other, None).await;
            let id = lock(&one, "T1").await;
            listener.until("lock", &id).await;
        }
    });
}

#[test]
fn whoever_listens_hears_nothing_more_once_he_has_signed_out() {
    run(async {
        let app = TestApp::guarded(None);
        app.account("olga", "operator", "a quiet night in November").await;
        app.import_small_fleet().await;
        let loops = loops(&app).await;
        let mut browser = Browser::signed_in(&app, "olga", "a quiet night in November").await;
        let token = browser.post("/tokens", json!({"name": "screen", "role": "viewer"})).await.json();
        let bearer = format!("Bearer {}", token["secret"].as_str().unwrap());
        for (header, value) in [("cookie", cookies(&browser)), ("authorization", bearer)] {
            let request = Request::builder().uri("/api/v1/events").header(header, value);
            let response =
                router(app.state.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            let mut listener =
                Listener { body: response.into_body().into_data_stream(), unread: String::new() };
            let serial = if header == "cookie" { "T1" } else { "T2" };
            let id = lock(&app, serial).await;
            listener.until("lock", &id).await;
            if header == "cookie" {
                let csrf = browser.csrf.clone().expect("the page shows it");
                assert_eq!(browser.form("/sign-out", &[("csrf", &csrf)]).await.status.as_u16(), 303);
            } else {
                app.post(&format!("/tokens/{}/revoke", token["token"]["id"]), json!({})).await;
            }
            tokio::time::sleep(Duration::from_millis(1100)).await;
            let later = lock(&app, if header == "cookie" { "T3" } else { "T4" }).await;
            // What was under way already may still arrive; then it is over.
            while let Some(event) = listener.next().await {
                assert_ne!(event["id"], later, "{header}");
            }
        }
        drop(loops);
    });
}

#[test]
fn whoever_listens_goes_home_when_the_server_stops() {
    on_each_database(|app| async move {
        let mut listener = Listener::at(&app, None).await;
        app.state.workers().close();
        assert_eq!(listener.next().await, None);
        let mut request = Request::builder()
            .uri("/api/v1/events")
            .header("last-event-id", "x")
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(Actor::local());
        let (status, answer) = app.send_request(request).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    });
}
