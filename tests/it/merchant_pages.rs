//! What merchants do through the links in their mail, and what nobody else can.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use offpeak::config::Settings;
use offpeak::web::router;
use serde_json::json;
use tower::ServiceExt;

use crate::support::{TestApp, on_sqlite_with, postgres_url, run};

const BASE: &str = "https://merchant.example";

fn with_pages(settings: &mut Settings) {
    settings.public_url = Some(BASE.to_owned());
    settings.api_token = Some("a token for operators".to_owned());
}

pub(crate) fn on_each<F: Future<Output = ()>>(test: impl Fn(TestApp) -> F) {
    run(test(TestApp::new(None, with_pages)));
    run(test(TestApp::new(Some(postgres_url()), with_pages)));
}

/// An answer, as a browser gets it that knows nothing but the link.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) location: String,
    pub(crate) text: String,
}

pub(crate) async fn ask(app: &TestApp, method: Method, path: &str, form: Option<&str>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "merchant.example")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.unwrap_or_default().to_owned()))
        .unwrap();
    let response = router(app.state.clone()).oneshot(request).await.unwrap();
    let location = response.headers().get(header::LOCATION);
    let location = location.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, location, text: String::from_utf8_lossy(&bytes).into_owned() }
}

pub(crate) async fn get(app: &TestApp, path: &str) -> Answer {
    ask(app, Method::GET, path, None).await
}

pub(crate) async fn post(app: &TestApp, path: &str, form: &str) -> Answer {
    ask(app, Method::POST, path, Some(form)).await
}

/// Every path of a link in the latest mail of this kind, as it stands in its text.
pub(crate) async fn links(app: &TestApp, kind: &str) -> Vec<String> {
    let notices = app.notices("accepted").await;
    let notice = notices.iter().rev().find(|notice| notice["kind"] == kind).expect("such a mail");
    let message = app.get(&format!("/notices/{}/message", notice["id"])).await;
    let text = message["text"].as_str().unwrap();
    text.lines().filter_map(|line| line.trim().strip_prefix(BASE)).map(str::to_owned).collect()
}

/// Two tills in London, told of work at 02:00 on 10 December; the link in their mail.
pub(crate) async fn told(app: &TestApp, serials: &[&str]) -> String {
    app.import_small_fleet().await;
    app.arrange(serials, "2026-12-10 02:00").await;
    assert_eq!(app.work("notify").await["accepted"], 1);
    links(app, "announcement").await.pop().expect("a link")
}

pub(crate) fn choices(page: &str) -> Vec<String> {
    page.split("name=\"starts_at\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_merchant_sees_and_confirms_and_only_posting_changes_anything() {
    on_each(|app| async move {
        let link = told(&app, &["T5", "T6"]).await;
        let page = get(&app, &link).await;
        assert_eq!(page.status, StatusCode::OK);
        for words in ["Quay Street", "Thursday 10 December 2026, 02:00–02:30", "Front", "This time suits"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let before = app.dump();
        for _ in 0..20 {
            for path in links(&app, "announcement").await {
                get(&app, &path).await;
                ask(&app, Method::HEAD, &path, None).await;
                get(&app, &format!("{path}/times")).await;
                assert_eq!(
                    get(&app, &format!("{path}/confirm")).await.status,
                    StatusCode::METHOD_NOT_ALLOWED
                );
            }
        }
        assert_eq!(app.dump(), before, "a scanner opens every link");
        for _ in 0..2 {
            let confirmed = post(&app, &format!("{link}/confirm"), "").await;
            assert_eq!(confirmed.status, StatusCode::SEE_OTHER, "{}", confirmed.text);
            let page = get(&app, &confirmed.location).await;
            assert!(page.text.contains("the time is confirmed"), "{}", page.text);
            assert!(!page.text.contains("This time suits"));
        }
        let trail = app.get("/audit?limit=100").await["items"].clone();
        let said =
            |row: &&serde_json::Value| row["action"] == "visit.answer" && row["actor"] == "merchant:M2";
        assert_eq!(trail.as_array().unwrap().iter().filter(said).count(), 1, "{trail}");
    });
}

#[test]
fn another_time_is_taken_at_once_and_the_old_link_is_of_no_more_use() {
    on_each(|app| async move {
        let link = told(&app, &["T5", "T6"]).await;
        let page = get(&app, &format!("{link}/times")).await;
        let times = choices(&page.text);
        assert!(times.len() > 10 && page.text.contains("Friday 11 December 2026"), "{}", page.text);
        let to = times.iter().find(|time| time.starts_with("2026-12-11T01:")).expect("the next night");
        let moved = post(&app, &format!("{link}/times"), &format!("starts_at={to}")).await;
        assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.text);
        for id in [1, 2] {
            let row = app.appointment(id).await;
            assert_eq!(row["starts_at"].as_str().unwrap(), to, "both move together");
        }
        let page = get(&app, &moved.location).await;
        assert!(
            page.text.contains("the new time is yours") && page.text.contains("11 December"),
            "{}",
            page.text
        );
        assert_eq!(app.work("notify").await["accepted"], 1);
        let new = links(&app, "moved").await.pop().unwrap();
        assert!(get(&app, &new).await.text.contains("You have confirmed this time"));
        let old = get(&app, &link).await;
        assert!(old.text.contains("The time has changed since"), "{}", old.text);
        assert!(!old.text.contains("<button class=\"main\">"), "{}", old.text);
        for (path, form) in
            [("confirm", ""), ("wish", "words=x"), ("times", "starts_at=2026-12-12T01:00:00Z")]
        {
            let refused = post(&app, &format!("{link}/{path}"), form).await;
            assert_eq!(refused.status, StatusCode::CONFLICT, "{path}");
        }
        assert!(app.appointment(1).await["starts_at"].as_str().unwrap() == to);
    });
}

#[test]
fn what_no_rule_allows_cannot_be_chosen() {
    on_each(|app| async move {
        let link = told(&app, &["T5", "T6"]).await;
        let before = app.dump();
        // By day, within the notice lead, between slots, nonsense.
        for time in ["2026-12-11T12:00:00Z", "2026-12-02T01:00:00Z", "2026-12-11T01:07:00Z", "tomorrow", ""] {
            let refused = post(&app, &format!("{link}/times"), &format!("starts_at={time}")).await;
            assert!(refused.status.is_client_error(), "{time}: {}", refused.status);
        }
        assert_eq!(app.dump(), before);
    });
}

#[test]
fn two_merchants_cannot_take_the_last_place() {
    on_each(|app| async move {
        app.import_small_fleet().await;
        app.sql("UPDATE site SET time_zone = 'Europe/London'");
        app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": 1}})).await;
        app.arrange(&["T4"], "2026-12-10 01:00").await;
        app.arrange(&["T5"], "2026-12-10 02:00").await;
        app.work("notify").await;
        let mut paths = Vec::new();
        for notice in app.notices("accepted").await {
            let message = app.get(&format!("/notices/{}/message", notice["id"])).await;
            let text = message["text"].as_str().unwrap().to_owned();
            paths.extend(text.lines().filter_map(|line| line.trim().strip_prefix(BASE)).map(str::to_owned));
        }
        assert_eq!(paths.len(), 2);
        let mut common: Vec<String> = choices(&get(&app, &format!("{}/times", paths[0])).await.text);
        let others = choices(&get(&app, &format!("{}/times", paths[1])).await.text);
        common.retain(|time| others.contains(time));
        let time = common.first().expect("a time that both are offered").clone();
        let form = format!("starts_at={time}");
        let (one, other) = (format!("{}/times", paths[0]), format!("{}/times", paths[1]));
        let (first, second) = tokio::join!(post(&app, &one, &form), post(&app, &other, &form));
        let mut statuses = [first.status, second.status];
        statuses.sort();
        assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::CONFLICT], "{} {}", first.text, second.text);
    });
}

#[test]
fn links_that_are_not_ours_open_nothing() {
    on_sqlite_with(with_pages, |app| async move {
        let link = told(&app, &["T5"]).await;
        let page = get(&app, &link).await;
        let token = link.rsplit('/').next().unwrap();
        let locks = page.text.split("/m/locks/").nth(1).unwrap().split('?').next().unwrap().to_owned();
        let mut tampered = token.to_owned().into_bytes();
        tampered[20] = if tampered[20] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(tampered).unwrap();
        for wrong in [
            format!("/m/visit/{tampered}"),
            format!("/m/visit/{}", &token[..40]),
            format!("/m/visit/{locks}"),
            format!("/m/locks/{token}"),
            format!("/m/feed/{locks}"),
            "/m/visit/x".to_owned(),
        ] {
            let refused = get(&app, &wrong).await;
            assert_eq!(refused.status, StatusCode::NOT_FOUND, "{wrong}");
            assert!(refused.text.contains("This link is not complete"), "{}", refused.text);
            let before = app.dump();
            post(&app, &format!("{wrong}/confirm"), "").await;
            assert_eq!(app.dump(), before);
        }
        app.set_time("2026-12-24T03:00:00Z");
        assert_eq!(get(&app, &link).await.status, StatusCode::NOT_FOUND, "it was good for two weeks");
        // Nothing else is open to who has a link alone.
        assert_eq!(get(&app, "/api/v1/appointments").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(get(&app, "/").await.status, StatusCode::SEE_OTHER, "to the sign-in page");
        assert_eq!(get(&app, "/assets/merchant.css").await.status, StatusCode::OK);
    });
}

#[test]
fn a_key_can_be_changed_and_its_links_live_on_for_a_while() {
    on_each(|app| async move {
        let link = told(&app, &["T5"]).await;
        for (number, status) in [(2, StatusCode::OK), (3, StatusCode::OK), (4, StatusCode::NOT_FOUND)] {
            assert_eq!(app.post("/link-keys", json!({})).await["number"], number);
            assert_eq!(get(&app, &link).await.status, status, "key {number}");
        }
    });
}

#[test]
fn locks_are_reported_and_confirmed_as_ended() {
    on_each(|app| async move {
        let link = told(&app, &["T5"]).await;
        let page = get(&app, &link).await;
        let locks = page.text.split("href=\"/m/locks/").nth(1).unwrap().split('?').next().unwrap();
        let base = format!("/m/locks/{locks}");
        assert_eq!(
            post(&app, &format!("{base}/report"), "serial=T1&latest=0").await.status,
            StatusCode::NOT_FOUND
        );
        for _ in 0..2 {
            assert_eq!(
                post(&app, &format!("{base}/report"), "serial=T6&latest=0").await.status,
                StatusCode::SEE_OTHER
            );
        }
        let locks = app.get("/locks").await["items"].clone();
        assert_eq!(locks.as_array().unwrap().len(), 1);
        assert_eq!((&locks[0]["serial"], &locks[0]["opened_by"]), (&json!("T6"), &json!("merchant:M2")));
        app.work("notify").await;
        assert_eq!(links(&app, "locked").await.len(), 1, "the mail leads to the page that takes the answer");
        let page = get(&app, &format!("{base}?lang=zh-CN")).await;
        assert!(page.text.contains("已恢复收款") && page.text.contains("lang=\"zh-CN\""), "{}", page.text);
        for _ in 0..2 {
            assert_eq!(post(&app, &format!("{base}/works"), "lock=1").await.status, StatusCode::SEE_OTHER);
        }
        assert!(app.get("/locks").await["items"].as_array().unwrap().is_empty());
    });
}

#[test]
fn optional_mail_can_be_stopped_and_announcements_cannot() {
    on_each(|app| async move {
        let link = told(&app, &["T5"]).await;
        let page = get(&app, &link).await;
        let token = page.text.split("href=\"/m/optional/").nth(1).unwrap().split('?').next().unwrap();
        let path = format!("/m/optional/{token}");
        // As a mail program does it by RFC 8058.
        assert_eq!(post(&app, &path, "List-Unsubscribe=One-Click").await.status, StatusCode::SEE_OTHER);
        assert!(get(&app, &path).await.text.contains("You get neither reminders"));
        app.arrange(&["T6"], "2026-12-11 02:00").await;
        assert_eq!(app.work("notify").await["accepted"], 1, "an announcement is not optional");
        app.set_time("2026-12-09T02:00:00Z");
        assert_eq!(app.work("notify").await, json!({"closed": 1}));
        assert_eq!(post(&app, &path, "wanted=yes").await.status, StatusCode::SEE_OTHER);
        app.set_time("2026-12-10T02:00:00Z");
        assert_eq!(app.work("notify").await["accepted"], 1);
    });
}

#[test]
fn calendars_are_served_and_read_by_others() {
    on_sqlite_with(with_pages, |app| async move {
        let link = told(&app, &["T5"]).await;
        let file = get(&app, &format!("{link}/visit.ics")).await.text;
        let page = get(&app, &link).await;
        let token = page.text.split("href=\"/m/feed/").nth(1).unwrap().split('"').next().unwrap();
        app.arrange(&["T6"], "2026-12-12 02:00").await;
        let feed = get(&app, &format!("/m/feed/{token}")).await.text;
        for (text, events) in [(file, 1), (feed, 2)] {
            let read: icalendar::Calendar = text.parse().expect("a calendar");
            assert_eq!(read.components.len(), events, "{text}");
            assert!(text.contains("METHOD:PUBLISH") && text.contains("DTSTART:20261210T020000Z"), "{text}");
            assert!(!text.contains("ATTENDEE"), "nobody is asked for an answer");
        }
    });
}

#[test]
fn none_of_the_times_suits_reaches_the_operators() {
    on_each(|app| async move {
        let link = told(&app, &["T5"]).await;
        let said = post(&app, &format!("{link}/wish"), "words=after+the+%3Cfair%3E%2C+please").await;
        assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text);
        let answers = app.get("/answers").await;
        assert_eq!(answers["items"][0]["words"], "after the <fair>, please");
        assert_eq!(answers["items"][0]["merchant_number"], "M2");
        assert!(get(&app, &link).await.text.contains("You have asked for another time"));
    });
}

#[test]
fn names_full_of_markup_stay_text() {
    on_sqlite_with(with_pages, |app| async move {
        let link = told(&app, &["T5"]).await;
        app.sql("UPDATE merchant SET name = '<script>alert(1)</script>'");
        app.sql("UPDATE site SET name = '\"><img src=x onerror=alert(1)>'");
        app.sql("UPDATE terminal SET label = '{{ 7 * 7 }}</title>'");
        for path in [link.clone(), format!("{link}/times")] {
            let page = get(&app, &path).await.text;
            assert!(
                !page.contains("<script") && !page.contains("<img") && page.contains("{{ 7 * 7 }}"),
                "{page}"
            );
        }
    });
}
