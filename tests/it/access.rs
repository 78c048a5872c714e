//! Signing in: what a session is and how it ends, what cannot be fixed, guessed or sent from elsewhere, what tokens
//! do, and the first start.

use axum::http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::browser::{Browser, between};
use crate::support::outbox;
use crate::support::{TestApp, on_sqlite, postgres_url, run};

const PASSWORD: &str = "a quiet night in November";
const OTHER: &str = "the kettle sings at seven";

/// Runs `test` on both databases, where everybody has to sign in.
fn guarded<F: Future<Output = ()>>(test: impl Fn(TestApp) -> F) {
    for url in [None, Some(postgres_url())] {
        run(test(TestApp::guarded(url)));
    }
}

fn actions(entries: &Value) -> Vec<String> {
    let rows = entries["items"].as_array().unwrap();
    rows.iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_first_start_makes_the_first_administrator_once() {
    guarded(|app| async move {
        let mut browser = Browser::of(&app);
        let answer = browser.get("/plans").await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/set-up"));
        assert!(browser.get("/set-up").await.text.contains("offpeak user add"));
        let first =
            offpeak::service::account::set_up::first(app.state.app()).unwrap().expect("nobody is there");
        let address = first.address(app.state.app(), Some("127.0.0.1:8080"));
        let path = address.strip_prefix("http://127.0.0.1:8080").expect("where it listens").to_owned();
        assert!(browser.get("/set-up/guessed").await.text.contains("no longer good"));

        let form = |name, password, again| [("name", name), ("password", password), ("again", again)];
        for (wrong, words) in [
            (form("Root Admin", PASSWORD, PASSWORD), "cannot be a name"),
            (form("system", PASSWORD, PASSWORD), "use another name"),
            (form("alice", "short", "short"), "at least 12"),
            (form("alice", "alice in wonderland", "alice in wonderland"), "holds the name"),
            (form("alice", PASSWORD, OTHER), "not the same"),
        ] {
            let answer = browser.submit(&path, &wrong).await;
            assert_eq!(answer.status.as_u16(), 422, "{wrong:?}");
            assert!(answer.text.contains(words), "{words}: {}", answer.text);
        }
        assert_eq!(app.get("/accounts").await, json!([]), "nothing was made");

        let answer = browser.submit(&path, &form("Alice", PASSWORD, PASSWORD)).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
        let who = browser.get("/api/v1/whoami").await.json();
        assert_eq!((&who["name"], &who["role"]), (&json!("alice"), &json!("admin")));
        // It is good once, and nobody gets another one.
        let mut thief = Browser::of(&app);
        assert_eq!(thief.get(&path).await.status.as_u16(), 404);
        thief.get("/sign-in").await;
        let csrf =
            between(&thief.get("/sign-in").await.text, "name=\"csrf\" value=\"", "\"").unwrap().to_owned();
        let mut fields = vec![("csrf", csrf.as_str())];
        fields.extend(form("mallory", OTHER, OTHER));
        assert_eq!(thief.form(&path, &fields).await.status.as_u16(), 404);
        assert!(offpeak::service::account::set_up::first(app.state.app()).unwrap().is_none());
        assert_eq!(thief.get("/plans").await.header("location"), "/sign-in?back=%2Fplans");
        let trail = app.get("/audit").await;
        assert_eq!(actions(&trail), ["session.begin", "account.add"]);
        assert_eq!(trail["items"][0]["origin"], "192.0.2.7");
    });
}

#[test]
fn a_link_of_a_first_start_expires() {
    on_sqlite(|_| async move {
        let app = TestApp::guarded(None);
        let link = offpeak::service::account::set_up::first(app.state.app()).unwrap().unwrap();
        let address = link.address(app.state.app(), Some("h"));
        app.set_time("2026-12-02T09:00:01Z");
        let answer = Browser::of(&app).get(address.strip_prefix("http://h").unwrap()).await;
        assert_eq!(answer.status.as_u16(), 404);
    });
}

#[test]
fn signing_in_begins_a_session_that_nobody_knew_before() {
    guarded(|app| async move {
        app.account("alice", "operator", PASSWORD).await;
        let mut browser = Browser::of(&app);
        // Somebody has planted a session of his own choice, and a form's word.
        browser.cookies.insert("offpeak_session".to_owned(), "p".repeat(43));
        let answer = browser
            .submit("/sign-in", &[("name", " ALICE "), ("password", PASSWORD), ("back", "/plans")])
            .await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/plans"), "{}", answer.text);
        let first = browser.cookies["offpeak_session"].clone();
        assert_ne!(first, "p".repeat(43));
        assert_eq!(first.len(), 43, "256 bits");
        let set = answer.headers.get_all("set-cookie").iter().next().unwrap().to_str().unwrap();
        assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
        assert!(!app.dump().iter().any(|row| row.contains(&first)), "only its digest is kept");

        // Signing in again ends the session that was there.
        let mut old = Browser::of(&app);
        old.cookies.insert("offpeak_session".to_owned(), first.clone());
        assert_eq!(old.get("/").await.status.as_u16(), 200);
        browser.sign_in("alice", PASSWORD).await;
        assert_ne!(browser.cookies["offpeak_session"], first);
        assert_eq!(old.get("/").await.status.as_u16(), 303);

        // A page elsewhere is not gone back to.
        for back in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
            let fields = [("name", "alice"), ("password", PASSWORD), ("back", back)];
            assert_eq!(browser.submit("/sign-in", &fields).await.header("location"), "/", "{back}");
        }
    });
}

#[test]
fn signed_out_is_signed_out() {
    guarded(|app| async move {
        app.account("alice", "operator", PASSWORD).await;
        let mut browser = Browser::signed_in(&app, "alice", PASSWORD).await;
        let word = browser.cookies["offpeak_session"].clone();
        let csrf = browser.csrf.clone().expect("the page shows it");
        assert_eq!(browser.form("/sign-out", &[("csrf", "guessed")]).await.status.as_u16(), 403);
        assert_eq!(browser.get("/").await.status.as_u16(), 200);
        let answer = browser.form("/sign-out", &[("csrf", &csrf)]).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/sign-in"));
        assert!(!browser.cookies.contains_key("offpeak_session"));
        let mut thief = Browser::of(&app);
        thief.cookies.insert("offpeak_session".to_owned(), word);
        thief.csrf = Some(csrf);
        assert_eq!(thief.get("/").await.status.as_u16(), 303);
        assert_eq!(thief.get("/api/v1/fleet").await.code(), "unauthorized");
        assert_eq!(thief.post("/workers/notify", json!({})).await.code(), "unauthorized");
        assert_eq!(actions(&app.get("/audit").await)[0], "session.end");
    });
}

#[test]
fn a_session_ends_when_nothing_happens_and_at_last_whatever_happens() {
    guarded(|app| async move {
        app.account("alice", "viewer", PASSWORD).await;
        let mut idle = Browser::signed_in(&app, "alice", PASSWORD).await;
        let mut busy = Browser::signed_in(&app, "alice", PASSWORD).await;
        for minute in (50..=700).step_by(50) {
            let at = app.clock.now() + chrono::TimeDelta::minutes(50);
            app.clock.set(at);
            assert_eq!(busy.get("/").await.status.as_u16(), 200, "after {minute} minutes");
        }
        assert_eq!(idle.get("/").await.status.as_u16(), 303, "an hour without a request");
        app.clock.set(app.clock.now() + chrono::TimeDelta::minutes(20));
        assert_eq!(busy.get("/").await.status.as_u16(), 303, "twelve hours");
    });
}

#[test]
fn a_new_password_a_new_role_and_a_closed_account_end_sessions() {
    guarded(|app| async move {
        app.account("root", "admin", OTHER).await;
        app.account("alice", "operator", PASSWORD).await;
        let mut here = Browser::signed_in(&app, "alice", PASSWORD).await;
        let mut there = Browser::signed_in(&app, "alice", PASSWORD).await;
        let before = here.cookies["offpeak_session"].clone();
        let wrong = here.post("/password", json!({"current": OTHER, "new": "something else entirely"})).await;
        assert_eq!(wrong.status.as_u16(), 422, "{}", wrong.text);
        let weak = here.post("/password", json!({"current": PASSWORD, "new": "alice alice alice"})).await;
        assert_eq!(weak.status.as_u16(), 422, "{}", weak.text);
        let changed =
            here.post("/password", json!({"current": PASSWORD, "new": "something else entirely"})).await;
        assert_eq!(changed.status.as_u16(), 204, "{}", changed.text);
        assert_ne!(here.cookies["offpeak_session"], before, "it goes on under another word");
        assert_eq!(here.get("/").await.status.as_u16(), 200);
        assert_eq!(there.get("/").await.status.as_u16(), 303);
        assert_eq!(there.sign_in("alice", PASSWORD).await.status.as_u16(), 401);

        app.post("/accounts/alice/role", json!({"role": "viewer", "reason": "less"})).await;
        assert_eq!(here.get("/").await.status.as_u16(), 303);
        here.sign_in("alice", "something else entirely").await;
        here.get("/").await;
        assert_eq!(here.post("/workers/notify", json!({})).await.code(), "forbidden");
        app.post("/accounts/alice/disable", json!({})).await;
        assert_eq!(here.get("/").await.status.as_u16(), 303);
        assert_eq!(here.sign_in("alice", "something else entirely").await.status.as_u16(), 401);
        // Whoever answers for the house cannot lock himself out of it.
        for (path, body) in [
            ("/accounts/root/disable", json!({})),
            ("/accounts/root/role", json!({"role": "viewer"})),
            ("/accounts/root/role", json!({"role": "admin", "scope": "region:north"})),
        ] {
            let (status, answer) = app.try_post(path, body).await;
            assert_eq!((status.as_u16(), &answer["code"]), (409, &json!("conflict")), "{path}");
        }
    });
}

#[test]
fn guessing_is_answered_alike_and_soon_not_at_all() {
    guarded(|app| async move {
        app.account("alice", "operator", PASSWORD).await;
        let mut guesser = Browser::of(&app);
        let mut told = Vec::new();
        for name in ["alice", "nobody"] {
            for attempt in 1..=5 {
                let answer = guesser.sign_in(name, "not the right password").await;
                assert_eq!(answer.status.as_u16(), 401, "{name} {attempt}");
                let csrf = between(&answer.text, "name=\"csrf\" value=\"", "\"").unwrap().to_owned();
                told.push(answer.text.replace(name, "NAME").replace(&csrf, "CSRF"));
            }
            let answer = guesser.sign_in(name, PASSWORD).await;
            assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "30"), "{name}");
        }
        assert!(told.iter().all(|text| *text == told[0]), "the same, whether there is such a name or not");
        assert!(actions(&app.get("/audit").await).contains(&"session.block".to_owned()));
        // From elsewhere too: it is counted in the database, by name.
        let mut elsewhere = Browser::of(&app);
        elsewhere.address = "198.51.100.1:1";
        assert_eq!(elsewhere.sign_in("alice", PASSWORD).await.status.as_u16(), 429);
        app.clock.set(app.clock.now() + chrono::TimeDelta::seconds(31));
        assert_eq!(elsewhere.sign_in("alice", "wrong again").await.status.as_u16(), 401);
        assert_eq!(elsewhere.sign_in("alice", PASSWORD).await.header("retry-after"), "60", "twice as long");
        app.clock.set(app.clock.now() + chrono::TimeDelta::seconds(61));
        assert_eq!(elsewhere.sign_in("alice", PASSWORD).await.status.as_u16(), 303);
        // From then on the name begins anew.
        for _ in 0..4 {
            assert_eq!(elsewhere.sign_in("alice", "wrong").await.status.as_u16(), 401);
        }
        assert_eq!(elsewhere.sign_in("alice", PASSWORD).await.status.as_u16(), 303);
    });
}

#[test]
fn what_is_typed_at_the_door_is_shown_as_text() {
    guarded(|app| async move {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let hostile = "\"><script>alert('x')</script>";
        app.account("alice", "operator", PASSWORD).await;
        let mut door = Browser::of(&app);
        let answer = door.sign_in(hostile, "no password").await;
        assert_eq!(answer.status.as_u16(), 401);
        assert!(answer.text.contains("&lt;script&gt;alert"), "{}", answer.text);
        assert!(!answer.text.contains("<script>alert"), "{}", answer.text);
        let answer = door.get(&format!("/sign-in?back={}", encoded(&format!("/plans?q={hostile}")))).await;
        assert!(!answer.text.contains("<script>alert"), "{}", answer.text);
        let answer = door.get(&format!("/set-up/{}", encoded(hostile))).await;
        assert!(!answer.text.contains("<script>alert"), "{}", answer.text);
    });
}

#[test]
fn an_address_that_tries_many_names_is_slowed_down() {
    on_sqlite(|_| async move {
        let app = TestApp::guarded(None);
        app.account("alice", "operator", PASSWORD).await;
        let mut guesser = Browser::of(&app);
        for number in 0..30 {
            let answer = guesser.sign_in(&format!("user{number}"), "Winter2026 forever").await;
            assert_eq!(answer.status.as_u16(), 401, "{number}");
        }
        assert_eq!(guesser.sign_in("alice", PASSWORD).await.status.as_u16(), 429);
        let mut elsewhere = Browser::of(&app);
        elsewhere.address = "198.51.100.1:1";
        assert_eq!(elsewhere.sign_in("alice", PASSWORD).await.status.as_u16(), 303);
    });
}

#[test]
fn a_hundred_guesses_at_once_are_a_hundred() {
    guarded(|app| async move {
        app.account("alice", "operator", PASSWORD).await;
        let state = app.state.app().clone();
        let guesses: Vec<_> = (0..12)
            .map(|_| {
                let app = state.clone();
                std::thread::spawn(move || {
                    offpeak::service::session::sign_in(&app, "alice", "wrong", Some("192.0.2.9")).unwrap()
                })
            })
            .collect();
        let looked_at = guesses
            .into_iter()
            .map(|guess| guess.join().unwrap())
            .filter(|outcome| matches!(outcome, offpeak::service::session::SignIn::Wrong))
            .count();
        assert!(looked_at <= 5, "{looked_at} passwords were looked at");
    });
}

#[test]
fn no_other_page_makes_a_browser_act() {
    guarded(|app| async move {
        app.account("alice", "operator", PASSWORD).await;
        let mut browser = Browser::signed_in(&app, "alice", PASSWORD).await;
        let csrf = browser.csrf.clone().unwrap();
        let json = ("content-type", "application/json");
        let path = "/api/v1/workers/notify";
        for (headers, code) in [
            (vec![json], "csrf"),
            (vec![json, ("x-csrf-token", "guessed")], "csrf"),
            (vec![json, ("x-csrf-token", csrf.as_str()), ("sec-fetch-site", "cross-site")], "cross_site"),
            (
                vec![
                    json,
                    ("x-csrf-token", csrf.as_str()),
                    ("host", "offpeak.example"),
                    ("origin", "https://evil.example"),
                ],
                "cross_site",
            ),
        ] {
            let answer = browser.send(Method::POST, path, &headers, "{}".to_owned()).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, code), "{headers:?}");
        }
        assert_eq!(browser.post("/workers/notify", json!({})).await.status.as_u16(), 200);
        // Another browser's token is of no use here, nor is one session's in another.
        let other = Browser::signed_in(&app, "alice", PASSWORD).await.csrf.unwrap();
        assert_ne!(other, csrf);
        browser.csrf = Some(other);
        assert_eq!(browser.post("/workers/notify", json!({})).await.code(), "csrf");
        // The forms of the doors carry one as well.
        let mut stranger = Browser::of(&app);
        let fields = [("name", "alice"), ("password", PASSWORD), ("csrf", "x")];
        assert_eq!(stranger.form("/sign-in", &fields).await.status.as_u16(), 403);
        stranger.get("/sign-in").await;
        assert_eq!(stranger.form("/sign-in", &fields).await.status.as_u16(), 403);
        assert_eq!(stranger.form("/set-up/word", &[("csrf", "x")]).await.status.as_u16(), 403);
    });
}

#[test]
fn tokens_do_what_their_makers_may_and_end() {
    guarded(|app| async move {
        app.account("alice", "operator", PASSWORD).await;
        let mut browser = Browser::signed_in(&app, "alice", PASSWORD).await;
        let more = browser.post("/tokens", json!({"name": "x", "role": "admin"})).await;
        assert_eq!(more.code(), "forbidden", "{}", more.text);
        let made = browser.post("/tokens", json!({"name": "tms", "role": "operator", "days": 30})).await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.text);
        let (secret, id) =
            (made.json()["secret"].as_str().unwrap().to_owned(), made.json()["token"]["id"].clone());
        assert!(secret.starts_with("offp_") && secret.len() == 48, "{secret}");
        assert!(!app.dump().iter().any(|row| row.contains(&secret)), "only its digest is kept");
        let bearer = format!("Bearer {secret}");
        let mut program = Browser::of(&app);
        let headers = [("authorization", bearer.as_str())];
        let who = program.send(Method::GET, "/api/v1/whoami", &headers, String::new()).await.json();
        assert_eq!((&who["name"], &who["role"]), (&json!("alice/tms"), &json!("operator")));
        // No cookie, no token against forms.
        let act = program.send(Method::POST, "/api/v1/workers/notify", &headers, String::new()).await;
        assert_eq!(act.status.as_u16(), 200);
        let used = app.get("/tokens").await["items"][0]["used_at"].clone();
        assert_eq!(used, "2026-12-01T09:00:00Z");
        app.set_time("2026-12-01T09:00:59Z");
        program.send(Method::GET, "/api/v1/whoami", &headers, String::new()).await;
        assert_eq!(app.get("/tokens").await["items"][0]["used_at"], used, "once a minute at most");

        // Never more than its maker may by now.
        app.post("/accounts/alice/role", json!({"role": "viewer"})).await;
        let act = program.send(Method::POST, "/api/v1/workers/notify", &headers, String::new()).await;
        assert_eq!(act.code(), "forbidden");
        app.post("/accounts/alice/role", json!({"role": "operator"})).await;
        app.set_time("2026-12-31T09:00:00Z");
        let late = program.send(Method::GET, "/api/v1/whoami", &headers, String::new()).await;
        assert_eq!(late.code(), "unauthorized", "expired");
        app.set_time("2026-12-02T09:00:00Z");
        assert_eq!(
            program.send(Method::GET, "/api/v1/whoami", &headers, String::new()).await.status,
            StatusCode::OK
        );
        app.post(&format!("/tokens/{id}/revoke"), json!({"reason": "was in a log"})).await;
        let revoked = program.send(Method::GET, "/api/v1/whoami", &headers, String::new()).await;
        assert_eq!(revoked.code(), "unauthorized", "revoked");
        for wrong in ["Bearer offp_", "Bearer ", "Basic", &bearer[..bearer.len() - 1]] {
            let answer =
                program.send(Method::GET, "/api/v1/whoami", &[("authorization", wrong)], String::new()).await;
            assert_eq!(answer.status.as_u16(), 401, "{wrong}");
        }
    });
}

#[test]
fn over_tls_the_cookie_is_sent_over_tls_alone() {
    on_sqlite(|_| async move {
        let app = TestApp::new(None, |settings| {
            settings.sign_in_on_loopback = true;
            settings.public_url = Some("https://offpeak.example".to_owned());
        });
        app.account("alice", "operator", PASSWORD).await;
        let mut browser = Browser::of(&app);
        let answer = browser.sign_in("alice", PASSWORD).await;
        let set = answer.headers.get_all("set-cookie").iter().next().unwrap().to_str().unwrap().to_owned();
        assert!(set.starts_with("__Host-offpeak_session=") && set.ends_with("; Secure"), "{set}");
        assert_eq!(browser.get("/").await.status.as_u16(), 200);
    });
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
