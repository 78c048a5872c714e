//! schemathesis asks the served API thousands of things, as its document describes them and as it does not, with a token
//! of each role: no answer is the server's error, is undocumented, or has another shape than the document says.
//! `tests/schemathesis.toml` says what is asked, and of what it is not.

use std::path::Path;
use std::process::Command;

use offpeak::web::router;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{TestApp, python, run};

/// A server with a small fleet and a published plan, with a token of a role; its loops stand still.
async fn served(role: &str) -> (TestApp, String, String) {
    let app = TestApp::guarded(None);
    app.import_small_fleet().await;
    app.arrange(&["T5"], "2026-12-10 02:00").await;
    app.post(
        "/campaigns",
        json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
        "duration_minutes": 30, "deadline_at": "2027-03-01T00:00:00Z"}),
    )
    .await;
    let plan = app.plan(json!({"effort": "fast"})).await;
    app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
    app.work("notify").await;
    let token = app.token(role, None).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let served = router(app.state.clone());
    tokio::spawn(async move { axum::serve(listener, served).await });
    (app, base, token)
}

/// Runs schemathesis; how many things it asked.
fn ask(role: &str, base: &str, token: &str, phases: &[&str]) -> u64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let document = folder.path().join("openapi.json");
    std::fs::write(&document, offpeak::web::openapi_document().to_string()).expect("it can be written");
    let told = Command::new(python())
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis.toml"))
        .arg("run")
        .arg(&document)
        .args(["--url", base])
        .args(phases)
        .current_dir(folder.path())
        .env("OFFPEAK_TEST_TOKEN", token)
        .output()
        .expect("tests/run installs schemathesis");
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{role}: {text}{}", String::from_utf8_lossy(&told.stderr));
    let asked =
        text.split_once(" generated").and_then(|(before, _)| before.split_whitespace().last()?.parse().ok());
    asked.unwrap_or_else(|| panic!("{text}"))
}

/// As one role, in these phases.
fn as_role(role: &'static str, phases: &'static [&'static str], asked_min: u64) {
    run(async {
        let (app, base, token) = served(role).await;
        let (address, shown) = (base.clone(), token.clone());
        let asked =
            tokio::task::spawn_blocking(move || ask(role, &address, &shown, phases)).await.expect("it ends");
        assert!(asked >= asked_min, "{role} asked {asked} things");
        // It was let in to the end.
        let me = crate::support::browser::Browser::of(&app)
            .send(
                axum::http::Method::GET,
                "/api/v1/whoami",
                &[("authorization", &format!("Bearer {token}"))],
                String::new(),
            )
            .await
            .json();
        assert_eq!(me["role"], Value::from(role), "{me}");
    });
}

#[test]
fn what_a_viewer_asks_is_answered_as_described() {
    as_role("viewer", &["--phases", "fuzzing", "--max-examples", "5"], 300);
}

#[test]
fn what_an_operator_asks_is_answered_as_described() {
    as_role("operator", &["--phases", "examples,stateful", "--max-examples", "8"], 100);
}

#[test]
fn what_an_approver_asks_is_answered_as_described() {
    as_role("approver", &["--phases", "fuzzing", "--max-examples", "8"], 300);
}

#[test]
fn what_an_administrator_asks_is_answered_as_described() {
    as_role("admin", &["--phases", "examples,coverage"], 2000);
}
