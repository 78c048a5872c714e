//! The HTTP edge: its description, its errors, its pages of lists, who may come in, and how it stops.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use base64::Engine;
use offpeak::service::Actor;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{TestApp, on_each_database, on_sqlite};

/// Method and path of everything that the description describes.
async fn operations(app: &TestApp) -> Vec<(Method, String)> {
    let document = app.get("/openapi.json").await;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            operations.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    operations
}

fn filled(path: &str) -> String {
    path.replace("{id}", "1")
        .replace("{name}", "nobody")
        .replace("{serial}", "T0")
        .replace("{number}", "M0")
        .replace("{code}", "S0")
        .replace("{table}", "sites")
}

#[test]
fn the_description_and_the_routes_are_the_same() {
    on_sqlite(|app| async move {
        // Events would come without an end.
        app.state.workers().close();
        let operations = operations(&app).await;
        assert!(operations.len() > 40, "{}", operations.len());
        for (method, path) in &operations {
            let (status, answer) = app.send(method.clone(), &filled(path), None).await;
            assert_ne!(answer["code"], "no_route", "{method} {path}");
            assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
        // What is not described is not there.
        let paths: BTreeSet<&String> = operations.iter().map(|(_, path)| path).collect();
        for path in paths {
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                if !operations.contains(&(method.clone(), path.clone())) {
                    let (status, answer) = app.send(method.clone(), &filled(path), None).await;
                    // `/windows/{id}` also matches `/windows/preview` and the like: any refusal will do there.
                    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}: {answer}");
                    assert_eq!(answer["code"], "wrong_method");
                }
            }
        }
        // No handler comes in beside the description, and none is described without being routed.
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/api");
        let mut described = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(!text.contains(".route("), "routes come from `routes!`");
            described += text.matches("#[utoipa::path(").count();
        }
        assert_eq!(described, operations.len());
    });
}

/// Sends with the trust of this process; the answer must be a problem document.
async fn problem(app: &TestApp, request: Request<Body>, status: u16, code: &str) -> Value {
    let mut request = request;
    request.extensions_mut().insert(Actor::local());
    let what = format!("{} {}", request.method(), request.uri());
    let response = offpeak::web::router(app.state.clone()).oneshot(request).await.unwrap();
    let kind = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    let found = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert_eq!(found.as_u16(), status, "{what}: {text}");
    assert_eq!(kind.as_deref(), Some("application/problem+json"), "{what}: {text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["code"], &value["status"]), (&json!(code), &json!(status)), "{what}: {text}");
    assert_eq!(value["type"], format!("/problems/{code}"));
    assert!(!value["detail"].as_str().unwrap().is_empty() && !value["title"].as_str().unwrap().is_empty());
    value
}

fn get(path: &str) -> Request<Body> {
    Request::get(format!("/api/v1{path}")).body(Body::empty()).unwrap()
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(format!("/api/v1{path}"))
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

#[test]
fn every_error_is_a_problem_document() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        for (request, status, code) in [
            (get("/nothing"), 404, "no_route"),
            (get("/plans/7"), 404, "not_found"),
            (get("/terminals/T99"), 404, "not_found"),
            (get("/fleet/export/pets"), 404, "not_found"),
            (get("/plans/seven"), 422, "invalid"),
            (get("/plans/99999999999999999999"), 422, "invalid"),
            (get("/terminals?limit=0"), 422, "invalid"),
            (get("/terminals?limit=1001"), 422, "invalid"),
            (get("/terminals?limt=10"), 422, "invalid"),
            (get("/terminals?limit=1&limit=2"), 422, "invalid"),
            (get("/appointments?after=x"), 422, "invalid"),
            (get("/appointments?after=9223372036854775807_1"), 422, "invalid"),
            (get("/appointments?state=planed"), 422, "invalid"),
            (get("/notices?kind=fax"), 422, "invalid"),
            (get("/audit?after=x"), 422, "invalid"),
            (get("/terminals?q=%00"), 422, "invalid"),
            (get("/terminals/T%00"), 422, "invalid"),
            (get("/terminals/%FF"), 422, "invalid"),
            (post("/locks", "{"), 422, "invalid"),
            (post("/locks", "{} {}"), 422, "invalid"),
            (post("/locks", "[]"), 422, "invalid"),
            (post("/locks", vec![0xff, 0xfe]), 422, "invalid"),
            (post("/plans", "x".repeat(3_000_000)), 413, "invalid"),
            (post("/fleet/import", "{}"), 400, "invalid"),
            (post("/workers/nothing", ""), 404, "not_found"),
        ] {
            problem(&app, request, status, code).await;
        }
        let wrong = Request::put("/api/v1/plans").body(Body::empty()).unwrap();
        problem(&app, wrong, 405, "wrong_method").await;
    });
}

#[test]
fn a_bad_field_is_named() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        for (path, body, named) in [
            ("/locks", json!({"serial": "T1", "cause": "x", "colour": "red"}), "colour"),
            ("/locks", json!({"serial": "T1"}), "cause"),
            ("/locks", json!({"serial": 7, "cause": "x"}), "serial"),
            ("/locks", json!({"serial": "T1", "cause": "x".repeat(5000)}), "cause"),
            ("/locks", json!({"serial": "T\u{0}1", "cause": "x"}), "serial"),
            ("/campaigns", json!({"name": "x", "work": {"kind": "dance"}}), "work"),
            (
                "/maintenance",
                json!({"serials": ["T1", "T\u{0}"], "at": "now", "duration_minutes": 1, "reason": "x"}),
                "serials[1]",
            ),
            (
                "/maintenance",
                json!({"serials": ["T1"], "at": "now", "duration_minutes": -5, "reason": "x"}),
                "duration_minutes",
            ),
            ("/windows", json!({"scope": "fleet", "cron": "61 * * * *", "duration_minutes": 60}), "cron"),
            (
                "/windows",
                json!({"scope": "planet:earth", "cron": "0 1 * * *", "duration_minutes": 60}),
                "scope",
            ),
            (
                "/windows",
                json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 0}),
                "duration_minutes",
            ),
            (
                "/windows",
                json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 60, "time_zone": "Mars/Phobos"}),
                "time_zone",
            ),
            (
                "/blackouts",
                json!({"name": "x", "scope": "fleet", "from": "2026-13-01", "to": "2026-13-02"}),
                "from",
            ),
            ("/budgets", json!({"grouping": "fleet", "limit": {"percent": 0}}), "limit"),
            ("/budgets", json!({"grouping": "fleet", "value": "x", "limit": {"count": 1}}), "value"),
            ("/budgets", json!({"grouping": "galaxy", "limit": {"count": 1}}), "grouping"),
            ("/budgets", json!({"grouping": "fleet", "limit": {"count": 1}, "hours": "8 to 9"}), "hours"),
            ("/plans", json!({"horizon_days": 400}), "horizon_days"),
            ("/windows/preview", json!({"cron": "0 1 * * *", "count": 0}), "count"),
            ("/notices/preview", json!({"kind": "announcement", "locale": "fr"}), "locale"),
        ] {
            let (status, answer) = app.try_post(path, body.clone()).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {answer}");
            let detail = answer["detail"].as_str().unwrap();
            assert!(detail.contains(named), "{path}: {named} is not named in: {detail}");
        }
    });
}

#[test]
fn every_list_is_walked_once_from_end_to_end() {
    on_each_database(|app| async move {
        app.import_generated(60, 4).await;
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
        app.post(
            "/campaigns",
            json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 15, "deadline_at": "2026-12-20T00:00:00Z"}),
        )
        .await;
        let plan = app.plan(json!({})).await;
        app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        for _ in 0..8 {
            app.plan(json!({"effort": "fast"})).await;
        }
        for terminal in app.get("/terminals?limit=17").await["items"].as_array().unwrap() {
            app.post("/locks", json!({"serial": terminal["serial"], "cause": "dark"})).await;
        }
        let items = format!("/plans/{}/items", plan["id"]);
        for list in [
            "/merchants",
            "/sites",
            "/terminals",
            "/appointments",
            "/notices",
            "/audit",
            "/locks",
            "/plans",
            &items,
        ] {
            let whole = app.get(&format!("{list}?limit=1000")).await;
            assert_eq!(whole["next"], Value::Null);
            let whole = whole["items"].as_array().unwrap().clone();
            assert!(whole.len() > 7, "{list}: {}", whole.len());
            let mut walked = Vec::new();
            let mut after = String::new();
            loop {
                let page = app.get(&format!("{list}?limit=7{after}")).await;
                let rows = page["items"].as_array().unwrap();
                assert!(rows.len() <= 7);
                walked.extend(rows.iter().cloned());
                assert!(walked.len() <= whole.len(), "{list} comes round again");
                let Some(next) = page["next"].as_str() else { break };
                after = format!("&after={next}");
            }
            assert_eq!(walked, whole, "{list}");
        }
    });
}

#[test]
fn rules_and_campaigns_are_listed_in_pages_too() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        for number in 1..=3 {
            let window =
                json!({"scope": "fleet", "cron": format!("{number} 1 * * *"), "duration_minutes": 60});
            app.post("/windows", window).await;
            let blackout = json!({"name": format!("b{number}"), "scope": "fleet", "from": "2026-12-24T00:00",
                "to": "2026-12-26T00:00"});
            app.post("/blackouts", blackout).await;
            app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": number}})).await;
            let recurrence = json!({"rule": "cron", "line": "0 9 1 * *", "zone": "UTC"});
            let programme = json!({"name": format!("p{number}"), "selector": "all", "duration_minutes": 15,
                "recurrence": recurrence});
            app.post("/programmes", programme).await;
            let campaign = json!({"name": format!("c{number}"), "work": {"kind": "inspection"}, "selector": "all",
                "duration_minutes": 15, "deadline_at": "2026-12-30T00:00:00Z"});
            app.post("/campaigns", campaign).await;
        }
        for (list, field, expected) in [
            ("/windows", "cron", vec!["0 1 * * *", "1 1 * * *", "2 1 * * *", "3 1 * * *"]),
            ("/blackouts", "name", vec!["b1", "b2", "b3"]),
            ("/budgets", "id", vec!["1", "2", "3"]),
            ("/programmes", "name", vec!["p1", "p2", "p3"]),
            ("/campaigns", "name", vec!["c3", "c2", "c1"]),
        ] {
            let mut walked = Vec::new();
            let mut after = String::new();
            loop {
                let page = app.get(&format!("{list}?limit=1{after}")).await;
                assert_eq!(page["items"].as_array().unwrap().len(), 1, "{list}");
                let value = &page["items"][0][field];
                walked.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                let Some(next) = page["next"].as_str() else { break };
                after = format!("&after={next}");
            }
            assert_eq!(walked, expected, "{list}");
            assert_eq!(app.get(list).await["next"], Value::Null, "{list}");
        }
    });
}

#[test]
fn a_search_takes_its_text_as_it_is() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let found =
            async |q: &str| app.get(&format!("/merchants?q={q}")).await["items"].as_array().unwrap().len();
        assert_eq!(found("bakery").await, 1, "in whatever case");
        assert_eq!(found("BAKERY").await, 1);
        assert_eq!(found("%25").await, 0, "a percent sign is a percent sign");
        assert_eq!(found("M_").await, 0);
        assert_eq!(found("%E7%8E%8B%E8%AE%B0").await, 1, "王记");
        assert_eq!(found("%27%20OR%201=1%20--").await, 0);
    });
}

async fn status_of(
    app: &TestApp,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, Value) {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send_request(request.body(Body::empty()).unwrap()).await
}

#[test]
fn whoever_has_no_token_stays_out() {
    on_sqlite(|_| async move {
        let app = TestApp::new(None, |settings| settings.api_token = Some("open sesame now".to_owned()));
        let basic = |text: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text));
        for (authorization, expected) in [
            (Some("Bearer open sesame now".to_owned()), 200),
            (Some(basic("anybody:open sesame now")), 200),
            (Some("Bearer open sesame".to_owned()), 401),
            (Some(basic("open sesame now:")), 401),
            (Some("Basic !!!".to_owned()), 401),
            (None, 401),
        ] {
            for path in ["/api/v1/fleet", "/", "/api/v1/openapi.json", "/api/v1/nothing"] {
                let headers: Vec<(&str, &str)> =
                    authorization.iter().map(|value| ("authorization", value.as_str())).collect();
                let (status, _) = status_of(&app, Method::GET, path, &headers).await;
                let expected = match (path, expected) {
                    ("/api/v1/nothing", 200) => 404,
                    // A person is led to the sign-in page.
                    ("/", 401) => 303,
                    _ => expected,
                };
                assert_eq!(status.as_u16(), expected, "{path} {authorization:?}");
            }
        }
        let (status, answer) = status_of(&app, Method::GET, "/api/v1/fleet", &[]).await;
        assert_eq!((status.as_u16(), &answer["code"]), (401, &json!("unauthorized")));
    });
}

#[test]
fn other_names_and_other_sites_are_kept_out() {
    on_sqlite(|app| async move {
        for (host, expected) in [
            ("localhost:8080", 200),
            ("127.0.0.1", 200),
            ("[::1]:8080", 200),
            ("offpeak.evil.example", 403),
            ("127.0.0.1.evil.example", 403),
        ] {
            let (status, _) = status_of(&app, Method::GET, "/api/v1/fleet", &[("host", host)]).await;
            assert_eq!(status.as_u16(), expected, "{host}");
        }
        let local = ("host", "localhost:8080");
        for (headers, expected) in [
            (vec![local], 200),
            (vec![local, ("origin", "http://localhost:8080")], 200),
            (vec![local, ("origin", "http://localhost:9090")], 403),
            (vec![local, ("origin", "null")], 403),
            (vec![local, ("sec-fetch-site", "cross-site")], 403),
            (vec![local, ("sec-fetch-site", "same-site")], 403),
            (vec![local, ("sec-fetch-site", "same-origin")], 200),
        ] {
            let (status, answer) = status_of(&app, Method::POST, "/api/v1/workers/notify", &headers).await;
            assert_eq!(status.as_u16(), expected, "{headers:?}: {answer}");
        }
    });
}

#[test]
fn others_are_not_served_where_nobody_signs_in() {
    on_sqlite(|app| async move {
        for address in ["0.0.0.0:0", "[::]:0"] {
            let served = offpeak::web::serve(app.state.clone(), address, std::future::pending(), |_| {
                panic!("it listens")
            });
            let error = served.await.unwrap_err().to_string();
            assert!(error.contains("sign_in_on_loopback"), "{error}");
        }
        let served = offpeak::web::serve(app.state.clone(), "nowhere", std::future::pending(), |_| {});
        assert!(served.await.unwrap_err().to_string().contains("127.0.0.1:8080"));
    });
}

#[test]
fn health_readiness_and_metrics_answer() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/locks", json!({"serial": "T1", "cause": "dark"})).await;
        assert_eq!(app.send(Method::GET, "/health", None).await.1, "ok\n");
        assert_eq!(app.send(Method::GET, "/ready", None).await.1, "ready\n");
        status_of(&app, "INVENTED".parse().unwrap(), "/api/v1/fleet", &[]).await;
        let (status, text) = app.send(Method::GET, "/metrics", None).await;
        assert_eq!(status, StatusCode::OK);
        let text = text.as_str().unwrap();
        assert!(text.contains("offpeak_http_request_seconds"), "{text}");
        assert!(text.contains("route=\"/api/v1/locks\""), "{text}");
        assert!(!text.contains("INVENTED"), "nobody invents labels");
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (_, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    });
}

#[test]
fn a_request_under_way_is_finished_before_the_server_stops() {
    on_sqlite(|app| async move {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel();
        let state = app.state.clone();
        let server = tokio::spawn(async move {
            let stop = async move { stopped.await.unwrap_or(()) };
            offpeak::web::serve(state, "127.0.0.1:0", stop, move |address| tell.send(address).unwrap()).await
        });
        let address = told.await.unwrap();
        let (half, rest) = (tokio::sync::oneshot::channel(), tokio::sync::oneshot::channel::<()>());
        let (half_sent, half_seen) = half;
        let (go_on, may_go_on) = rest;
        let client = std::thread::spawn(move || {
            let body = r#"{"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 60}"#;
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            let head = format!(
                "POST /api/v1/windows HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body.as_bytes()[..20]).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(500));
            half_sent.send(()).unwrap();
            may_go_on.blocking_recv().unwrap();
            stream.write_all(&body.as_bytes()[20..]).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        half_seen.await.unwrap();
        stop.send(()).unwrap();
        // Nobody else is let in.
        while std::net::TcpStream::connect(address).is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        go_on.send(()).unwrap();
        let answer = tokio::task::spawn_blocking(move || client.join().unwrap()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        server.await.unwrap().unwrap();
        assert_eq!(app.get("/windows").await["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn the_description_gives_every_body_and_answer_a_shape() {
    on_sqlite(|app| async move {
        let document = app.get("/openapi.json").await;
        let known: BTreeMap<String, Value> =
            serde_json::from_value(document["components"]["schemas"].clone()).unwrap();
        let text = document.to_string();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(known.contains_key(name), "{name} is referred to and not described");
        }
    });
}
