//! A scanner that opens every link of every mail, again and again: nothing changes.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use offpeak::config::Settings;
use offpeak::web::router;
use serde_json::json;
use tower::ServiceExt;

use crate::support::{TestApp, postgres_url, run};

const BASE: &str = "https://maintenance.example";

fn with_pages(settings: &mut Settings) {
    settings.public_url = Some(BASE.to_owned());
    settings.started_notices = true;
}

async fn outcome(app: &TestApp, id: i64, outcome: &str) {
    app.post(&format!("/appointments/{id}/outcome"), json!({"outcome": outcome})).await;
}

/// A mail of every kind in both languages: the numbers of the notices.
async fn every_mail(app: &TestApp) -> Vec<i64> {
    app.import_small_fleet().await;
    // T1 to T4 speak Chinese, T5 and T6 English; each night is in both places.
    let mut nights = Vec::new();
    for day in 10..=13 {
        let zh = app.arrange(&["T1"], &format!("2026-12-{day} 02:00")).await[0];
        let en = app.arrange(&["T5"], &format!("2026-12-{day} 02:00")).await[0];
        nights.push([zh, en]);
    }
    app.work("notify").await;
    for id in nights[3] {
        app.post(
            &format!("/appointments/{id}/move"),
            json!({"at": "2026-12-14 02:00", "reason": "a delivery"}),
        )
        .await;
    }
    app.work("notify").await;
    for id in nights[3] {
        app.post(&format!("/appointments/{id}/cancel"), json!({"reason": "not needed"})).await;
    }
    app.work("notify").await;
    // One night is done, one fails, one passes.
    for (night, day) in nights[..3].iter().zip(10..) {
        for (id, hour) in [
            (night[0], format!("2026-12-{:02}T18:00:00Z", day - 1)),
            (night[1], format!("2026-12-{day}T02:00:00Z")),
        ] {
            app.set_time(&format!("2026-12-{:02}T17:59:00Z", day - 1));
            app.work("notify").await;
            app.set_time(&hour);
            app.work("dispatch").await;
            match day {
                10 => {
                    app.post(&format!("/appointments/{id}/start"), json!({})).await;
                    app.work("notify").await;
                    outcome(app, id, "done").await;
                }
                11 => outcome(app, id, "failed").await,
                _ => {}
            }
            app.work("notify").await;
        }
    }
    app.set_time("2026-12-12T12:00:00Z");
    app.work("watch").await;
    app.work("notify").await;
    for lock in app.get("/locks").await["items"].as_array().unwrap() {
        for state in ["in_repair", "fixed", "confirmed"] {
            app.try_post(&format!("/locks/{}/state", lock["id"]), json!({"state": state})).await;
        }
    }
    app.post("/locks", json!({"serial": "T2", "cause": "a call"})).await;
    app.post("/locks", json!({"serial": "T6", "cause": "a call"})).await;
    app.work("notify").await;
    let sent = app.notices("accepted").await;
    let kinds: BTreeSet<(String, String)> = sent
        .iter()
        .map(|row| (row["kind"].as_str().unwrap().to_owned(), row["locale"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(kinds.len(), 20, "ten kinds in two languages: {kinds:?}");
    sent.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

/// Every path to us in a mail: in its headers, its text, its page, its calendar.
async fn links(app: &TestApp, notice: i64) -> BTreeSet<String> {
    let message = app.get(&format!("/notices/{notice}/message")).await;
    let raw = app.send(Method::GET, &format!("/api/v1/notices/{notice}/raw"), None).await.1;
    let raw = raw.as_str().unwrap().to_owned();
    let head = raw.split("\r\n\r\n").next().unwrap().replace("\r\n ", "");
    let mut all = head;
    for part in ["text", "html"] {
        all += message[part].as_str().unwrap();
        all += "\n";
    }
    for calendar in message["calendars"].as_array().unwrap() {
        all += &calendar.as_str().unwrap().replace("\r\n ", "");
    }
    all.split(BASE)
        .skip(1)
        .map(|rest| {
            let end = rest.find(|c: char| c.is_whitespace() || "\"<>'\\;)".contains(c)).unwrap_or(rest.len());
            rest[..end].trim_end_matches(['.', ',']).replace("&amp;", "&")
        })
        .collect()
}

async fn ask(app: &TestApp, method: Method, path: &str) -> StatusCode {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    router(app.state.clone()).oneshot(request).await.unwrap().status()
}

#[test]
fn a_scanner_that_opens_every_link_twenty_times_changes_nothing() {
    for url in [None, Some(postgres_url())] {
        let app = TestApp::new(url, with_pages);
        run(async {
            let mut paths = BTreeSet::new();
            for notice in every_mail(&app).await {
                paths.extend(links(&app, notice).await);
            }
            let of = |what: &str| paths.iter().filter(|path| path.starts_with(what)).count();
            assert!(of("/m/visit/") >= 8 && of("/m/locks/") >= 2 && of("/m/optional/") >= 2, "{paths:#?}");
            let before = app.dump();
            for round in 0..20 {
                for path in &paths {
                    for method in [Method::GET, Method::HEAD] {
                        let status = ask(&app, method.clone(), path).await;
                        assert!(!status.is_server_error(), "{round}: {method} {path}: {status}");
                        assert!(status.is_success() || status.is_redirection(), "{method} {path}: {status}");
                    }
                }
            }
            assert_eq!(app.dump(), before);
        });
    }
}
