//! `Idempotency-Key`: the same request twice is done once.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use offpeak::service::Actor;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{TestApp, on_each_database};

async fn send(app: &TestApp, path: &str, key: &str, body: &str) -> (StatusCode, bool, Value) {
    let request = Request::post(format!("/api/v1{path}"))
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    answer(app, request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn answer(app: &TestApp, mut request: Request<Body>) -> (StatusCode, bool, Value) {
    if request.extensions().get::<Actor>().is_none() {
        request.extensions_mut().insert(Actor::local());
    }
    let response = offpeak::web::router(app.state.clone()).oneshot(request).await.unwrap();
    let (status, replayed) = (response.status(), response.headers().contains_key("idempotency-replayed"));
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, replayed, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

const BUDGET: &str = r#"{"grouping": "fleet", "limit": {"count": 3}}"#;

#[test]
fn the_same_request_twice_is_done_once() {
    on_each_database(|app| async move {
        let (status, replayed, first) = send(&app, "/budgets", "one", BUDGET).await;
        assert_eq!((status, replayed), (StatusCode::CREATED, false), "{first}");
        for key in ["one", "\"one\""] {
            let (status, replayed, again) = send(&app, "/budgets", key, BUDGET).await;
            assert_eq!((status, replayed, &again), (StatusCode::CREATED, true, &first));
        }
        assert_eq!(app.get("/budgets").await["items"].as_array().unwrap().len(), 1);
        // Another body, another path, another question: another request.
        let other = r#"{"grouping": "fleet", "limit": {"count": 4}}"#;
        for (path, body) in [("/budgets", other), ("/windows", BUDGET), ("/budgets?x=1", BUDGET)] {
            let (status, _, answer) = send(&app, path, "one", body).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
            assert_eq!(answer["code"], "idempotency_mismatch");
        }
        // A refusal is an answer too.
        let bad = r#"{"grouping": "galaxy", "limit": {"count": 4}}"#;
        let (_, _, refused) = send(&app, "/budgets", "two", bad).await;
        let (status, replayed, again) = send(&app, "/budgets", "two", bad).await;
        assert_eq!((status, replayed, again), (StatusCode::UNPROCESSABLE_ENTITY, true, refused));
        // Whoever else uses the same key asks for something else.
        let mut request = Request::post("/api/v1/budgets")
            .header("content-type", "application/json")
            .header("idempotency-key", "one")
            .body(Body::from(other))
            .unwrap();
        request.extensions_mut().insert(Actor::loopback());
        assert_eq!(answer(&app, request).await.0, StatusCode::CREATED);
        // After a day the key is forgotten.
        app.set_time("2026-12-02T09:00:01Z");
        assert_eq!(app.work("watch").await["forgotten_answers"], 3);
        assert!(!send(&app, "/budgets", "one", BUDGET).await.1);
        assert_eq!(app.get("/budgets").await["items"].as_array().unwrap().len(), 3);
        for key in ["", "  ", "two words", "ü", &"x".repeat(256)] {
            let (status, _, answer) = send(&app, "/budgets", key, BUDGET).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{key:?}: {answer}");
            assert!(answer["detail"].as_str().unwrap().contains("idempotency-key"), "{answer}");
        }
        // Without a key, and where nothing is changed, nothing is kept.
        app.post("/budgets", serde_json::from_str(BUDGET).unwrap()).await;
        app.post("/budgets", serde_json::from_str(BUDGET).unwrap()).await;
        assert_eq!(app.get("/budgets").await["items"].as_array().unwrap().len(), 5);
    });
}

#[test]
fn two_at_the_same_moment_are_one() {
    on_each_database(|app| async move {
        let many = (0..8).map(|_| send(&app, "/budgets", "one", BUDGET));
        let answers = futures_util::future::join_all(many).await;
        let made = answers.iter().filter(|(status, replayed, _)| *status == StatusCode::CREATED && !replayed);
        assert_eq!(made.count(), 1, "{answers:?}");
        for (status, _, answer) in &answers {
            let waits = answer["code"] == "idempotency_in_progress" && *status == StatusCode::CONFLICT;
            assert!(waits || *status == StatusCode::CREATED, "{status} {answer}");
        }
        assert_eq!(app.get("/budgets").await["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn what_was_cut_off_is_not_done_again() {
    on_each_database(|app| async move {
        send(&app, "/budgets", "one", BUDGET).await;
        // As a process leaves it that died in the middle.
        app.sql("UPDATE idempotency SET status = NULL, headers = NULL, body = NULL");
        let code = async || send(&app, "/budgets", "one", BUDGET).await.2["code"].clone();
        assert_eq!(code().await, "idempotency_in_progress");
        app.set_time("2026-12-01T09:10:01Z");
        assert_eq!(code().await, "idempotency_lost");
        assert_eq!(app.get("/budgets").await["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_form_is_the_same_whatever_stands_between_its_parts() {
    on_each_database(|app| async move {
        let import = async |boundary: &str, name: &str| {
            let body = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"merchants.csv\"\r\n\r\n\
                 number,name,locale,email,phone,tags\nM1,{name},en,,,\n\r\n--{boundary}--\r\n"
            );
            let request = Request::post("/api/v1/fleet/import")
                .header("content-type", format!("multipart/form-data; boundary={boundary}"))
                .header("idempotency-key", "form")
                .body(Body::from(body))
                .unwrap();
            answer(&app, request).await
        };
        assert_eq!(import("aaaa", "One").await.2["merchants"]["created"], 1);
        let (_, replayed, report) = import("bbbb", "One").await;
        assert_eq!((replayed, &report["merchants"]["created"]), (true, &json!(1)));
        assert_eq!(import("cccc", "Two").await.2["code"], "idempotency_mismatch");
    });
}

#[test]
fn whoever_hangs_up_is_answered_when_he_comes_back() {
    on_each_database(|app| async move {
        app.import_generated(300, 5).await;
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
        let body = r#"{"name": "x", "scope": "fleet", "from": "2026-12-24", "to": "2026-12-26"}"#;
        // Polled once and dropped, as when the client's connection breaks.
        {
            let mut sent = std::pin::pin!(send(&app, "/blackouts", "one", body));
            for _ in 0..1000 {
                let waker = futures_util::task::noop_waker();
                let _ = sent.as_mut().poll(&mut std::task::Context::from_waker(&waker));
                let begun = app.read(|connection| {
                    Ok(offpeak::db::idempotency::any_expired(
                        connection,
                        offpeak::db::Instant::from(crate::support::instant("2027-01-01T00:00:00Z")),
                    )?)
                });
                if begun {
                    break;
                }
            }
        }
        let answer = loop {
            let (status, replayed, answer) = send(&app, "/blackouts", "one", body).await;
            if status == StatusCode::CREATED {
                assert!(replayed, "it was done by the first request");
                break answer;
            }
            assert_eq!(answer["code"], "idempotency_in_progress");
            tokio::task::yield_now().await;
        };
        assert_eq!(app.get("/blackouts").await["items"].as_array().unwrap()[0], answer);
        assert_eq!(app.get("/blackouts").await["items"].as_array().unwrap().len(), 1);
    });
}
