//! What was sent once with a merchant's link and is sent again later, by whoever kept it: once things have moved on it is
//! refused and changes nothing. And links that are tampered with, expired, or for something else.

use axum::http::StatusCode;
use serde_json::json;

use crate::merchant_pages::{choices, get, links, on_each, post, told};
use crate::support::TestApp;

/// Everything that can be sent with a link about a visit.
async fn answers(app: &TestApp, link: &str) -> Vec<(String, String)> {
    let times = choices(&get(app, &format!("{link}/times")).await.text);
    let night = times.iter().find(|time| time.starts_with("2026-12-11T01:")).expect("the next night");
    vec![
        (format!("{link}/wish"), "words=later+please".to_owned()),
        (format!("{link}/confirm"), String::new()),
        (format!("{link}/times"), format!("starts_at={night}")),
    ]
}

/// Sends all of it, and sees that each is refused and that nothing has changed.
async fn refused(app: &TestApp, requests: &[(String, String)], status: StatusCode, when: &str) {
    let before = app.dump();
    for (path, form) in requests {
        let answer = post(app, path, form).await;
        assert_eq!(answer.status, status, "{when}: {path}: {}", answer.text);
        assert!(answer.location.is_empty(), "{when}: {path}");
    }
    assert_eq!(app.dump(), before, "{when}");
}

async fn operator_moves(app: &TestApp, at: &str) {
    app.post("/appointments/1/move", json!({"at": at, "reason": "a delivery"})).await;
}

#[test]
fn an_answer_is_refused_once_the_time_has_moved_also_when_it_has_moved_back() {
    on_each(|app| async move {
        let link = told(&app, &["T5"]).await;
        let requests = answers(&app, &link).await;
        let mut later = Vec::new();
        for (path, form) in &requests {
            let answer = post(&app, path, form).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.text);
            later.push(answer.location);
        }
        refused(&app, &requests, StatusCode::CONFLICT, "moved by the merchant").await;
        let moved = later.pop().and_then(|to| to.split('?').next().map(str::to_owned)).expect("a new link");
        assert_eq!(post(&app, &format!("{moved}/wish"), "words=x").await.status, StatusCode::SEE_OTHER);

        operator_moves(&app, "2026-12-10 02:00").await;
        refused(&app, &requests, StatusCode::CONFLICT, "where it was, and another revision").await;
        let between = [("wish", "words=x"), ("confirm", ""), ("times", "starts_at=2026-12-11T01:00:00Z")]
            .map(|(path, form)| (format!("{moved}/{path}"), form.to_owned()));
        refused(&app, &between, StatusCode::CONFLICT, "the link of the time between").await;

        app.post("/appointments/1/cancel", json!({"reason": "not needed"})).await;
        refused(&app, &requests, StatusCode::CONFLICT, "called off").await;
    });
}

#[test]
fn an_answer_is_refused_once_the_work_has_begun_and_after_it() {
    on_each(|app| async move {
        let link = told(&app, &["T5"]).await;
        let requests = answers(&app, &link).await;
        app.set_time("2026-12-10T02:00:00Z");
        refused(&app, &requests, StatusCode::CONFLICT, "its time has come").await;
        app.work("dispatch").await;
        assert_eq!(app.appointment(1).await["state"], "open");
        refused(&app, &requests, StatusCode::CONFLICT, "it is open").await;
        app.post("/appointments/1/start", json!({})).await;
        app.post("/appointments/1/outcome", json!({"outcome": "done"})).await;
        refused(&app, &requests, StatusCode::CONFLICT, "it is done").await;
        app.set_time("2026-12-24T03:00:00Z");
        refused(&app, &requests, StatusCode::NOT_FOUND, "the link has expired").await;
    });
}

#[test]
fn a_lock_that_has_ended_is_not_reported_again_by_the_same_words() {
    on_each(|app| async move {
        let link = told(&app, &["T5"]).await;
        let page = get(&app, &link).await;
        let token = page.text.split("href=\"/m/locks/").nth(1).unwrap().split('?').next().unwrap();
        let base = format!("/m/locks/{token}");
        let report = async |wanted| {
            let page = get(&app, &base).await.text;
            let latest = page.split("name=\"latest\" value=\"").nth(1).unwrap().split('"').next().unwrap();
            let form = format!("serial=T6&latest={latest}");
            assert_eq!(post(&app, &format!("{base}/report"), &form).await.status, StatusCode::SEE_OTHER);
            assert_eq!(app.get("/locks").await["items"][0]["id"], wanted);
            (format!("{base}/report"), form)
        };
        let works = (format!("{base}/works"), "lock=1".to_owned());
        let first = report(1).await;
        assert_eq!(post(&app, &works.0, &works.1).await.status, StatusCode::SEE_OTHER);
        refused(&app, std::slice::from_ref(&first), StatusCode::CONFLICT, "the lock has ended").await;

        // From a page that knows of it, the next one is reported; the end of the first is not that of the second.
        report(2).await;
        let before = app.dump();
        for (path, form) in [&works, &first] {
            assert_eq!(post(&app, path, form).await.status, StatusCode::SEE_OTHER, "{form}");
        }
        assert_eq!(app.dump(), before, "the second lock still holds");
    });
}

/// A link of every purpose, and what can be sent with it.
async fn every_link(app: &TestApp) -> Vec<(&'static str, String, Vec<(&'static str, &'static str)>)> {
    let link = told(app, &["T5"]).await;
    let page = get(app, &link).await.text;
    let token = |what: &str| {
        let rest = page.split(&format!("href=\"/m/{what}/")).nth(1).expect("a link").to_owned();
        rest.split(['?', '"']).next().unwrap().to_owned()
    };
    let visit = vec![("/confirm", ""), ("/wish", "words=x"), ("/times", "starts_at=2026-12-11T01:00:00Z")];
    vec![
        ("visit", link.rsplit('/').next().unwrap().to_owned(), visit),
        ("locks", token("locks"), vec![("/report", "serial=T6&latest=0"), ("/works", "lock=1")]),
        ("optional", token("optional"), vec![("", "wanted=no"), ("", "List-Unsubscribe=One-Click")]),
        ("feed", token("feed"), Vec::new()),
    ]
}

#[test]
fn a_link_opens_its_own_page_as_it_was_signed_and_in_its_time() {
    on_each(|app| async move {
        let all = every_link(&app).await;
        let before = app.dump();
        for (page, _, forms) in &all {
            for (purpose, token, _) in &all {
                let wrong = page != purpose;
                let mut tokens = vec![(token.clone(), wrong)];
                // Each character in turn is another one.
                tokens.extend((0..token.len()).filter(|_| !wrong).map(|at| {
                    let mut changed = token.clone().into_bytes();
                    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
                    (String::from_utf8(changed).unwrap(), true)
                }));
                tokens.extend([(token[..token.len() - 1].to_owned(), true), (format!("{token}A"), true)]);
                for (token, refused) in tokens {
                    let shown = get(&app, &format!("/m/{page}/{token}")).await;
                    let expected = if refused { StatusCode::NOT_FOUND } else { StatusCode::OK };
                    assert_eq!(shown.status, expected, "{purpose} on {page}: {token}");
                    for (path, form) in forms.iter().filter(|_| refused) {
                        let sent = post(&app, &format!("/m/{page}/{token}{path}"), form).await;
                        assert_eq!(sent.status, StatusCode::NOT_FOUND, "{purpose} on {page}{path}: {token}");
                    }
                }
            }
        }
        assert_eq!(app.dump(), before);

        // Two years and a month later none of them is good.
        app.set_time("2029-01-01T00:00:00Z");
        for (page, token, forms) in &all {
            assert_eq!(get(&app, &format!("/m/{page}/{token}")).await.status, StatusCode::NOT_FOUND);
            for (path, form) in forms {
                let sent = post(&app, &format!("/m/{page}/{token}{path}"), form).await;
                assert_eq!(sent.status, StatusCode::NOT_FOUND, "{page}{path}");
            }
        }
        assert_eq!(app.dump(), before);
    });
}

#[test]
fn a_link_reaches_nothing_of_another_merchant() {
    on_each(|app| async move {
        let all = every_link(&app).await;
        let (_, locks, _) = &all[1];
        app.post("/locks", json!({"serial": "T1", "cause": "a call"})).await;
        let requests = [("report", "serial=T1&latest=9"), ("works", "lock=1")]
            .map(|(path, form)| (format!("/m/locks/{locks}/{path}"), form.to_owned()));
        refused(&app, &requests, StatusCode::NOT_FOUND, "another merchant's terminal").await;
        // The site goes to another merchant: what the first one was sent is of no more use.
        app.sql("UPDATE visit SET merchant_id = (SELECT id FROM merchant WHERE number = 'M1')");
        let link = links(&app, "announcement").await.pop().unwrap();
        assert_eq!(get(&app, &link).await.status, StatusCode::NOT_FOUND);
        let requests = [(format!("{link}/confirm"), String::new())];
        refused(&app, &requests, StatusCode::NOT_FOUND, "another merchant's visit").await;
    });
}

#[test]
fn an_unsubscription_that_is_sent_again_changes_nothing_more() {
    on_each(|app| async move {
        let all = every_link(&app).await;
        let path = format!("/m/optional/{}", all[2].1);
        assert_eq!(post(&app, &path, "List-Unsubscribe=One-Click").await.status, StatusCode::SEE_OTHER);
        let before = app.dump();
        for _ in 0..3 {
            assert_eq!(post(&app, &path, "List-Unsubscribe=One-Click").await.status, StatusCode::SEE_OTHER);
        }
        assert_eq!(app.dump(), before);
    });
}
