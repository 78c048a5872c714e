//! Signing in: what a session is and how it ends, what cannot be fixed, guessed or sent from elsewhere, what tokens
//! do, and the first start.

use axum::http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::browser::{Browser, between};
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
