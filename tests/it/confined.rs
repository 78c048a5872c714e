//! Who is confined to a part of the fleet: what he sees, what he may change, and where pages lead him.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::outbox;
use crate::support::{TestApp, postgres_url, run};

const PASSWORD: &str = "a quiet night in November";

/// Runs `test` on both databases, where everybody has to sign in.
fn guarded<F: Future<Output = ()>>(test: impl Fn(TestApp) -> F) {
    for url in [None, Some(postgres_url())] {
        run(test(TestApp::guarded(url)));
    }
}

#[test]
fn whoever_is_confined_sees_and_changes_his_part_alone() {
    guarded(|app| async move {
        app.import_small_fleet().await;
        let ids = app.arrange(&["T1", "T5"], "2026-12-08 02:00").await;
        for (part, own, other) in
            [("region:east", ("T1", ids[0]), ("T5", ids[1])), ("merchant:M2", ("T5", ids[1]), ("T1", ids[0]))]
        {
            let bearer = format!("Bearer {}", app.token("admin", Some(part)).await);
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            let mut program = Browser::of(&app);
            let keys = |answer: &Value, key: &str| -> Vec<String> {
                let rows = answer["items"].as_array().unwrap();
                rows.iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
            };
            for (path, key, expected) in [
                (
                    "/terminals",
                    "serial",
                    if part == "region:east" { vec!["T1", "T2", "T3", "T4"] } else { vec!["T5", "T6"] },
                ),
                (
                    "/terminals?q=till%201",
                    "serial",
                    if part == "region:east" { vec!["T1", "T4"] } else { vec![] },
                ),
                ("/sites", "code", if part == "region:east" { vec!["S1", "S2"] } else { vec!["S3"] }),
                ("/merchants", "number", if part == "region:east" { vec!["M1"] } else { vec!["M2"] }),
                ("/appointments", "serial", vec![own.0]),
            ] {
                let answer = program
                    .send(Method::GET, &format!("/api/v1{path}"), &headers, String::new())
                    .await
                    .json();
                assert_eq!(keys(&answer, key), expected, "{part} {path}");
            }
            let before = app.dump();
            for (method, path, body) in [
                (Method::GET, format!("/terminals/{}", other.0), json!({})),
                (Method::GET, "/terminals/T99".to_owned(), json!({})),
                (Method::GET, format!("/appointments/{}", other.1), json!({})),
                (Method::POST, format!("/appointments/{}/cancel", other.1), json!({"reason": "x"})),
                (Method::POST, format!("/appointments/{}/move", other.1), json!({"at": "2026-12-09 02:00"})),
                (Method::POST, format!("/appointments/{}/pin", other.1), json!({})),
                (
                    Method::POST,
                    "/appointments/batch".to_owned(),
                    json!({"action": "cancel", "items": [{"id": own.1}, {"id": other.1}], "reason": "x"}),
                ),
                (Method::GET, format!("/sites/{}", if own.0 == "T1" { "S3" } else { "S1" }), json!({})),
                (Method::POST, "/locks".to_owned(), json!({"serial": other.0, "cause": "x"})),
                (
                    Method::POST,
                    "/maintenance".to_owned(),
                    json!({"serials": [own.0, other.0], "at": "2026-12-10 02:00", "duration_minutes": 20, "reason": "x"}),
                ),
                (Method::POST, "/budgets".to_owned(), json!({})),
                (Method::GET, "/plans".to_owned(), json!({})),
            ] {
                let answer =
                    program.send(method.clone(), &format!("/api/v1{path}"), &headers, body.to_string()).await;
                let told = (answer.status.as_u16(), answer.code());
                assert_eq!(
                    told,
                    (403, "out_of_scope".to_owned()),
                    "{part}: {method} {path}: {}",
                    answer.text
                );
            }
            let used = |rows: Vec<String>| -> Vec<String> {
                rows.into_iter().filter(|row| !row.starts_with("api_token")).collect()
            };
            assert_eq!(used(app.dump()), used(before), "nothing was changed");
            let shown = format!("/api/v1/appointments/{}", own.1);
            assert_eq!(
                program.send(Method::GET, &shown, &headers, String::new()).await.status,
                StatusCode::OK
            );
            let moved = program
                .send(
                    Method::POST,
                    &format!("{shown}/move"),
                    &headers,
                    json!({"at": "2026-12-09 02:00", "reason": "asked for"}).to_string(),
                )
                .await;
            assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
        }
    });
}

/// Mail and locks in two regions and of two merchants.
async fn mailed(app: &TestApp) {
    app.import_small_fleet().await;
    app.arrange(&["T1"], "2026-12-06 02:00").await;
    app.arrange(&["T5"], "2026-12-06 03:00").await;
    app.work("notify").await;
    for serial in ["T2", "T6"] {
        app.post("/locks", json!({"serial": serial, "cause": "dark"})).await;
    }
}

#[test]
fn whoever_is_confined_reads_the_mail_and_the_locks_of_his_part_alone() {
    for url in [None, Some(postgres_url())] {
        run(async {
            let app = TestApp::guarded(url);
            mailed(&app).await;
            let all = app.get("/notices").await["items"].as_array().unwrap().clone();
            let of = |merchant: &str| -> Vec<i64> {
                let own = all.iter().filter(|row| row["merchant_number"] == merchant);
                own.map(|row| row["id"].as_i64().unwrap()).collect()
            };
            assert!(!of("M1").is_empty() && !of("M2").is_empty(), "{all:?}");
            for (part, own, other, locked) in
                [("region:east", "M1", "M2", "T2"), ("merchant:M2", "M2", "M1", "T6")]
            {
                let token = format!("Bearer {}", app.token("operator", Some(part)).await);
                let headers = [("authorization", token.as_str())];
                let mut browser = Browser::of(&app);
                let mut ask =
                    async |path: &str| browser.send(Method::GET, path, &headers, String::new()).await;
                let shown = ask("/api/v1/notices").await.json();
                let ids: Vec<i64> = shown["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| row["id"].as_i64().unwrap())
                    .collect();
                assert_eq!(ids, of(own), "{part}");
                assert_eq!(shown["next"], Value::Null);
                let others = ask(&format!("/api/v1/notices?merchant={other}")).await.json();
                assert_eq!(others["items"], json!([]), "{part}");
                let one = ask("/api/v1/notices?limit=1").await.json();
                assert_eq!(one["items"].as_array().map(Vec::len), Some(1));
                let locks = ask("/api/v1/locks?q=all").await.json();
                let serials: Vec<&Value> =
                    locks["items"].as_array().unwrap().iter().map(|row| &row["serial"]).collect();
                assert_eq!(serials, [locked], "{part}");

                // The announcement, which is in words already.
                let (mine, theirs) = (of(own)[of(own).len() - 1], of(other)[of(other).len() - 1]);
                for path in ["", "/message", "/raw"] {
                    assert_eq!(ask(&format!("/api/v1/notices/{mine}{path}")).await.status.as_u16(), 200);
                    let refused = ask(&format!("/api/v1/notices/{theirs}{path}")).await;
                    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "out_of_scope"));
                }

                // The pages, to somebody who has signed in.
                let account = json!({"name": own, "role": "operator", "password": PASSWORD, "scope": part});
                app.post("/accounts", account).await;
                let mut reader = Browser::of(&app);
                reader.sign_in(own, PASSWORD).await;
                let mut ask = async |path: &str| reader.get(path).await;
                for path in ["", "/html"] {
                    assert_eq!(ask(&format!("/notices/{mine}{path}")).await.status.as_u16(), 200, "{part}");
                    assert_eq!(ask(&format!("/notices/{theirs}{path}")).await.status.as_u16(), 403, "{part}");
                }
                let page = ask("/notices").await.text;
                assert!(
                    page.contains(&format!("/notices/{mine}\""))
                        && !page.contains(&format!("/notices/{theirs}\""))
                );
                // Nothing leads to where he is refused.
                for closed in ["href=\"/unreached\"", "href=\"/merchants/", "href=\"/campaigns\""] {
                    assert!(!page.contains(closed), "{part}: {closed}");
                }
                let page = ask("/locks").await.text;
                let terminal = |serial: &str| page.contains(&format!("/terminals/{serial}\""));
                assert!(terminal(locked) && !terminal(if locked == "T2" { "T6" } else { "T2" }), "{page}");
                assert_eq!(ask(&format!("/terminals/{locked}")).await.status.as_u16(), 200);
                let foreign = if locked == "T2" { "T6" } else { "T2" };
                assert_eq!(ask(&format!("/terminals/{foreign}")).await.status.as_u16(), 403);
            }
        });
    }
}

#[test]
fn a_part_with_few_of_many_notices_is_read_page_after_page() {
    run(async {
        let app = TestApp::guarded(None);
        mailed(&app).await;
        // The mail of the other region lies above: more than is looked through for one page.
        app.write(|connection| Ok(outbox::add_notices(connection, 1_000, 6_000, "accepted")?));
        app.sql(
            "UPDATE notice SET merchant_id = (SELECT id FROM merchant WHERE number = 'M2') WHERE id >= 1000",
        );
        let token = format!("Bearer {}", app.token("viewer", Some("region:east")).await);
        let (mut found, mut pages, mut after) = (0, 0, String::new());
        loop {
            let path = format!("/api/v1/notices?limit=5{after}");
            let headers = [("authorization", token.as_str())];
            let page = Browser::of(&app).send(Method::GET, &path, &headers, String::new()).await.json();
            found += page["items"].as_array().unwrap().len();
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
            assert!(pages < 20, "it does not end");
        }
        assert!(found > 0 && pages > 1, "{found} in {pages} pages");
    });
}

/// The addresses that a page leads to.
fn links(html: &str) -> BTreeSet<String> {
    let html = html.replace("&#x2f;", "/");
    let all = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let ours = all.filter(|link| link.starts_with('/') && !link.starts_with("/assets/"));
    ours.map(|link| link.split('#').next().unwrap_or_default().replace("&amp;", "&")).collect()
}

#[test]
fn whoever_is_confined_has_the_pages_of_his_part_and_none_leads_to_a_refusal() {
    guarded(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T1", "T3"], "2026-12-08 02:00").await;
        app.arrange(&["T5"], "2026-12-08 03:00").await;
        app.post("/locks", json!({"serial": "T2", "cause": "dark"})).await;
        for (name, part, own, foreign) in [
            ("ella", "region:east", ["T1", "T3", "S1", "S2"], ["T5", "S3"]),
            ("momo", "merchant:M2", ["T5", "T5", "S3", "S3"], ["T1", "S1"]),
        ] {
            let account = json!({"name": name, "role": "operator", "password": PASSWORD, "scope": part});
            app.post("/accounts", account).await;
            let mut browser = Browser::of(&app);
            browser.sign_in(name, PASSWORD).await;
            let front = browser.get("/").await;
            assert_eq!((front.status.as_u16(), front.header("location")), (303, "/schedule"), "{part}");
            for path in
                ["/schedule?night=2026-12-07", "/appointments?night=2026-12-07", "/fleet?kind=terminals"]
            {
                let page = browser.get(path).await.text;
                let shows = |serial: &str| page.contains(&format!("/terminals/{serial}\""));
                assert!(shows(own[0]) && shows(own[1]), "{part} {path}: {page}");
                assert!(!shows(foreign[0]), "{part} {path}: {page}");
            }
            for (path, status) in [
                (format!("/sites/{}", own[2]), 200),
                (format!("/sites/{}", foreign[1]), 403),
                (format!("/schedule?q={}", foreign[0]), 200),
                ("/schedule?every_site=yes".to_owned(), 200),
                ("/fleet?q=T".to_owned(), 200),
            ] {
                let answer = browser.get(&path).await;
                assert_eq!(answer.status.as_u16(), status, "{part} {path}");
                for other in foreign {
                    let shows = [format!("/terminals/{other}\""), format!("/sites/{other}\"")];
                    assert!(
                        !shows.iter().any(|link| answer.text.contains(link)),
                        "{part} {path} shows {other}"
                    );
                }
            }
            // From page to page, wherever they lead.
            let (mut open, mut seen) = (BTreeSet::from(["/schedule".to_owned()]), BTreeSet::new());
            while let Some(path) = open.pop_first() {
                if !seen.insert(path.clone()) || seen.len() > 300 {
                    continue;
                }
                let page = browser.get(&path).await;
                assert!(page.status.as_u16() < 400, "{part}: {path}: {}", page.status);
                if path.starts_with("/schedule?") || path.starts_with("/appointments?") {
                    // The nights before and after go on for ever.
                    continue;
                }
                open.extend(links(&page.text));
            }
            assert!(
                seen.len() > 15 && seen.contains("/fleet") && seen.contains("/notices"),
                "{part}: {seen:?}"
            );
            assert!(seen.contains(&format!("/sites/{}", own[3])), "{part}: {seen:?}");
        }
    });
}
