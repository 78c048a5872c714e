//! Every route with every role, and with none: allowed or refused exactly as this table says, which was written down
//! beside the code and not from it.

use std::collections::BTreeMap;

use axum::http::Method;

use crate::support::browser::Browser;
use crate::support::{TestApp, run};

/// Method, path below `/api/v1`, the least role; `parts` where somebody who is confined to a part of the fleet may come.
const API: &str = "
    GET /accounts admin
    POST /accounts admin
    POST /accounts/{name}/disable admin
    POST /accounts/{name}/enable admin
    POST /accounts/{name}/reset-password admin
    POST /accounts/{name}/role admin
    GET /answers viewer
    GET /appointments viewer parts
    POST /appointments/batch operator parts
    GET /appointments/{id} viewer parts
    POST /appointments/{id}/cancel operator parts
    POST /appointments/{id}/move operator parts
    POST /appointments/{id}/outcome operator parts
    POST /appointments/{id}/pin operator parts
    POST /appointments/{id}/start operator parts
    GET /appointments/{id}/starts viewer parts
    POST /appointments/{id}/unpin operator parts
    GET /approvals viewer
    GET /approvals/{id} viewer
    POST /approvals/{id}/approve approver
    POST /approvals/{id}/carry-out operator
    POST /approvals/{id}/refuse approver
    POST /approvals/{id}/withdraw operator
    GET /audit viewer
    GET /audit/export viewer
    GET /audit/verify viewer
    GET /blackouts viewer
    POST /blackouts operator
    POST /blackouts/preview viewer
    DELETE /blackouts/{id} operator
    GET /blackouts/{id} viewer
    PUT /blackouts/{id} operator
    GET /budgets viewer
    POST /budgets approver
    POST /budgets/preview viewer
    DELETE /budgets/{id} approver
    GET /budgets/{id} viewer
    PUT /budgets/{id} approver
    GET /campaigns viewer
    POST /campaigns operator
    POST /campaigns/preview operator
    GET /campaigns/{name} viewer
    POST /campaigns/{name}/activate operator
    POST /campaigns/{name}/cancel operator
    POST /campaigns/{name}/pass operator
    POST /campaigns/{name}/pause operator
    POST /campaigns/{name}/resume operator
    GET /campaigns/{name}/targets viewer
    PUT /campaigns/{name}/waves operator
    GET /doctor operator
    GET /events viewer
    GET /fleet viewer
    GET /fleet/export/{table} viewer
    POST /fleet/import operator
    GET /fleet/search viewer
    GET /inbound-mail viewer
    POST /inbound-mail operator
    POST /inbound-mail/{id}/done operator
    POST /link-keys admin
    GET /load viewer
    GET /locks viewer parts
    POST /locks operator parts
    POST /locks/{id}/state operator parts
    POST /maintenance operator parts
    GET /merchants viewer parts
    GET /merchants/{number} viewer
    PATCH /merchants/{number} operator
    POST /merchants/{number}/address operator
    GET /merchants/{number}/ascii-address viewer
    POST /merchants/{number}/ascii-address operator
    GET /merchants/{number}/reminders viewer
    POST /merchants/{number}/reminders operator
    GET /notice-templates viewer
    GET /notice-templates/{kind} viewer
    GET /notice-templates/{kind}/raw viewer
    GET /notices viewer parts
    POST /notices/preview viewer
    POST /notices/retry operator
    GET /notices/stats viewer
    GET /notices/{id} viewer parts
    GET /notices/{id}/message viewer parts
    GET /notices/{id}/raw viewer parts
    POST /notices/{id}/retry operator parts
    POST /password viewer parts
    GET /plans viewer
    POST /plans operator
    GET /plans/{id} viewer
    POST /plans/{id}/cancel operator
    GET /plans/{id}/diff viewer
    POST /plans/{id}/discard operator
    GET /plans/{id}/items viewer
    GET /plans/{id}/load viewer
    POST /plans/{id}/publish operator
    POST /problem viewer
    GET /programmes viewer
    POST /programmes operator
    POST /programmes/preview viewer
    DELETE /programmes/{name} operator
    GET /programmes/{name} viewer
    PUT /programmes/{name} operator
    POST /programmes/{name}/pause operator
    POST /programmes/{name}/resume operator
    GET /replicas viewer
    GET /sites viewer parts
    GET /sites/{code} viewer parts
    PATCH /sites/{code} operator
    GET /suppressions viewer
    POST /suppressions operator
    POST /suppressions/release operator
    GET /terminals viewer parts
    GET /terminals/{serial} viewer parts
    PATCH /terminals/{serial} operator
    GET /tokens viewer parts
    POST /tokens viewer parts
    POST /tokens/{id}/revoke viewer parts
    GET /tonight viewer
    GET /unreached viewer
    POST /visits/{id}/override operator
    POST /visits/{id}/told operator
    GET /webhooks admin
    POST /webhooks admin
    DELETE /webhooks/{id} admin
    GET /webhooks/{id} admin
    PUT /webhooks/{id} admin
    GET /webhooks/{id}/deliveries admin
    POST /webhooks/{id}/deliveries/{delivery}/redeliver admin
    POST /webhooks/{id}/ping admin
    POST /webhooks/{id}/rotate admin
    GET /whoami viewer parts
    GET /windows viewer
    POST /windows operator
    POST /windows/preview viewer
    DELETE /windows/{id} operator
    GET /windows/{id} viewer
    PUT /windows/{id} operator
    POST /workers/{name} operator
";

/// Path and least role of every page.
const PAGES: &str = "
    / viewer
    /appointments viewer
    /approvals viewer
    /audit viewer
    /blackouts viewer
    /budgets viewer
    /campaigns viewer
    /campaigns/new operator
    /campaigns/{name} viewer
    /fleet viewer
    /inbox viewer
    /load viewer
    /load.csv viewer
    /load.svg viewer
    /locks viewer
    /merchants/{number} viewer
    /notices viewer
    /notices/preview viewer
    /notices/preview/html viewer
    /notices/sending viewer
    /notices/{id} viewer
    /notices/{id}/html viewer
    /password viewer
    /plans viewer
    /plans/{id} viewer
    /plans/{id}/changes viewer
    /programmes viewer
    /schedule viewer
    /sites/{code} viewer
    /terminals/{serial} viewer
    /tokens viewer
    /unreached viewer
    /users admin
    /windows viewer
";

/// What anybody may open who has come this far as to open a connection.
const OPEN: [&str; 6] = ["/sign-in", "/set-up", "/health", "/ready", "/assets/offpeak.css", "/preferences"];

const ROLES: [&str; 4] = ["viewer", "operator", "approver", "admin"];

fn rank(role: &str) -> usize {
    ROLES.iter().position(|known| *known == role).unwrap_or_else(|| panic!("{role} is not a role"))
}

fn filled(path: &str) -> String {
    path.replace("{id}", "1")
        .replace("{name}", "nobody")
        .replace("{serial}", "T0")
        .replace("{table}", "sites")
        .replace("{number}", "M0")
        .replace("{kind}", "announcement")
        .replace("{delivery}", "1")
        .replace("{code}", "S0")
}

/// Method and path, with the least role and whether parts may come.
fn table() -> BTreeMap<(String, String), (&'static str, bool)> {
    let mut table = BTreeMap::new();
    for line in API.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&'static str> = line.split_whitespace().collect();
        let parts = words.get(3) == Some(&"parts");
        let known = table.insert((words[0].to_owned(), words[1].to_owned()), (words[2], parts));
        assert!(known.is_none(), "{line} stands there twice");
    }
    table
}

#[test]
fn the_description_says_what_the_table_says() {
    let document = serde_json::to_value(offpeak::web::openapi_document()).expect("JSON");
    let mut described = BTreeMap::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if method == "parameters" {
                continue;
            }
            let session = operation["security"][0]["session"][0].as_str().unwrap_or("none").to_owned();
            assert_eq!(operation["security"][1]["token"][0], session, "{method} {path}");
            let description = operation["description"].as_str().unwrap_or_default();
            let parts = description.contains("keeps everybody to his part");
            let path = path.strip_prefix("/api/v1").expect("below the API").to_owned();
            described.insert((method.to_uppercase(), path), (session, parts));
        }
    }
    let written: BTreeMap<_, _> =
        table().into_iter().map(|(route, (role, parts))| (route, (role.to_owned(), parts))).collect();
    for (route, asks) in &described {
        assert_eq!(written.get(route), Some(asks), "{route:?}");
    }
    assert_eq!(written.len(), described.len(), "the table names a route that is not there");
}

#[test]
fn every_route_lets_in_whom_the_table_says_and_nobody_else() {
    run(async {
        let app = TestApp::guarded(None);
        // Events would come without an end.
        app.state.workers().close();
        // The first one is ended on the way.
        app.token("viewer", None).await;
        let mut tokens = Vec::new();
        for role in ROLES {
            tokens.push((role, format!("Bearer {}", app.token(role, None).await)));
        }
        let confined = format!("Bearer {}", app.token("admin", Some("region:north")).await);
        app.account("somebody", "admin", "a quiet night in November").await;
        let mut browser = Browser::of(&app);
        let json = ("content-type", "application/json");
        for ((method, path), (least, parts)) in table() {
            let address = format!("/api/v1{}", filled(&path));
            let send = |method: &str| method.parse::<Method>().expect("a method");
            let none = browser.send(send(&method), &address, &[json], "{}".to_owned()).await;
            assert_eq!(
                (none.status.as_u16(), none.code().as_str()),
                (401, "unauthorized"),
                "{method} {path}"
            );
            for (role, token) in &tokens {
                let headers = [json, ("authorization", token.as_str())];
                let answer = browser.send(send(&method), &address, &headers, "{}".to_owned()).await;
                let refused = answer.status.as_u16() == 403 && answer.code() == "forbidden";
                let allowed = rank(role) >= rank(least);
                assert_eq!(!refused, allowed, "{role}: {method} {path}: {} {}", answer.status, answer.text);
                assert_ne!(answer.status.as_u16(), 401, "{role}: {method} {path}");
                assert!(
                    !answer.status.is_server_error() || answer.status.as_u16() == 503,
                    "{method} {path}: {}",
                    answer.text
                );
            }
            let headers = [json, ("authorization", confined.as_str())];
            let answer = browser.send(send(&method), &address, &headers, "{}".to_owned()).await;
            // A route that keeps people to their part may refuse the thing itself: nothing is there yet.
            let by_route =
                answer.code() == "out_of_scope" && answer.text.contains("concerns the whole fleet");
            assert_eq!(!by_route, parts, "confined: {method} {path}: {}", answer.text);
        }
    });
}

#[test]
fn every_page_lets_in_whom_the_table_says_and_nobody_else() {
    run(async {
        let app = TestApp::guarded(None);
        app.account("somebody", "admin", "a quiet night in November").await;
        let written: BTreeMap<&str, &str> = PAGES
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.trim().split_once(' ').expect("path and role"))
            .collect();
        let routed: BTreeMap<&str, &str> =
            offpeak::web::page_table().into_iter().map(|(path, asks)| (path, asks.role.as_str())).collect();
        assert_eq!(written, routed);
        let mut tokens = Vec::new();
        for role in ROLES {
            tokens.push((role, format!("Bearer {}", app.token(role, None).await)));
        }
        let mut browser = Browser::of(&app);
        for (path, least) in written {
            let address = filled(path);
            let none = browser.get(&address).await;
            assert_eq!(none.status.as_u16(), 303, "{path}");
            assert!(none.header("location").starts_with("/sign-in"), "{path}: {}", none.header("location"));
            for (role, token) in &tokens {
                let answer = browser
                    .send(Method::GET, &address, &[("authorization", token.as_str())], String::new())
                    .await;
                assert_eq!(answer.status.as_u16() != 403, rank(role) >= rank(least), "{role}: {path}");
                assert!(!answer.status.is_server_error(), "{role}: {path}: {}", answer.text);
                if answer.status.as_u16() == 403 {
                    assert!(answer.header("content-type").starts_with("text/html"), "{path}");
                }
            }
        }
        for path in OPEN {
            let answer = browser.get(path).await;
            assert!(
                answer.status.is_success() || answer.status.is_redirection(),
                "{path}: {}",
                answer.status
            );
            assert!(!answer.text.contains("csrf-token"), "{path} knows nobody");
        }
        // What is not there is not told to strangers either.
        assert_eq!(browser.get("/api/v1/nothing").await.status.as_u16(), 401);
        assert_eq!(browser.get("/nothing").await.status.as_u16(), 303);
    });
}

#[test]
fn every_page_forbids_scripts_and_styles_that_are_not_ours() {
    run(async {
        let app = TestApp::guarded(None);
        app.account("somebody", "admin", "a quiet night in November").await;
        app.import_small_fleet().await;
        let mut browser = Browser::signed_in(&app, "somebody", "a quiet night in November").await;
        let mut pages: Vec<String> =
            offpeak::web::page_table().iter().map(|(path, _)| filled(path).replace("T0", "T1")).collect();
        pages.extend(["/sign-in", "/set-up/word", "/nothing-here"].map(str::to_owned));
        for path in pages {
            let answer = browser.get(&path).await;
            assert!(!answer.status.is_server_error(), "{path}: {}", answer.text);
            if !answer.header("content-type").starts_with("text/html") {
                continue;
            }
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
            assert!(!policy.contains("unsafe-inline") || path.ends_with("/html"), "{path}: {policy}");
            assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src *"), "{path}: {policy}");
            // A mail in its frame may style itself, and do nothing else.
            if path.ends_with("/html") && answer.status.is_success() {
                assert!(policy.contains("sandbox"), "{path}: {policy}");
                continue;
            }
            let lower = answer.text.to_lowercase();
            for script in lower.split("<script").skip(1) {
                let tag = script.split('>').next().unwrap_or_default();
                assert!(tag.contains("src=\"/assets/"), "{path}: an inline script: {tag}");
            }
            for inline in [" style=\"", " onclick=", " onload=", " onerror=", "javascript:", "<style"] {
                assert!(!lower.contains(inline), "{path} has {inline}");
            }
        }
    });
}
