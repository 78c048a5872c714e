//! A lock from its report on the terminal's page to its end, by keyboard alone.

use serde_json::{Value, json};

use super::{Browser, Server};
use crate::support::run;

/// The lock's state and end, as the API says them.
async fn lock(server: &Server) -> (String, Value) {
    let locks = server.app.get("/locks?q=all").await;
    let first = &locks["items"][0];
    (first["state"].as_str().unwrap_or_default().to_owned(), first["closed_at"].clone())
}

fn write_forward(browser: &mut Browser, state: &str, note: &str) {
    browser.step("ann", "activate", json!({"button": "Next step of T3", "within": "main"}));
    let fields = json!({"state": state, "reason": note});
    browser.step("ann", "fill", json!({"form": "#lock-step form", "fields": fields}));
    browser.step("ann", "activate", json!({"button": "Save", "within": "#lock-step"}));
}

#[test]
fn a_lock_is_reported_written_forward_taken_back_and_ended() {
    run(async {
        let mut server = Server::start().await;
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", "/terminals/T3");
        browser.step("ann", "activate", json!({"button": "Report as locked", "within": ".heading"}));
        browser.step(
            "ann",
            "fill",
            json!({"form": "#report-lock form", "fields": {"cause": "the screen stays dark"}}),
        );
        browser.step("ann", "activate", json!({"button": "Report as locked", "within": "#report-lock"}));
        browser.step("ann", "toast", json!({"holds": "reported as locked"}));
        browser.step("ann", "text", json!({"selector": "main td", "holds": "the screen stays dark"}));
        assert_eq!(lock(&server).await, ("reported".to_owned(), Value::Null));
        // It is locked: it is not reported once more.
        assert_eq!(browser.step("ann", "count", json!({"selector": "#report-lock"})), json!(0));

        // On its own page and on the list, only the steps that may follow, with the note on the trail.
        let states = json!({"selector": "#lock-step option"});
        write_forward(&mut browser, "in_repair", "called the servicer");
        browser.step("ann", "toast", json!({"holds": "saved"}));
        assert_eq!(lock(&server).await.0, "in_repair");
        let trail = server.app.get("/audit?action=lock.state").await;
        let entry = &trail["items"][0];
        assert_eq!((&entry["actor"], &entry["reason"]), (&json!("ann"), &json!("called the servicer")));
        browser.step("ann", "open", json!({"path": "/locks"}));
        browser.step("ann", "activate", json!({"button": "Next step of T3", "within": "main"}));
        assert_eq!(browser.step("ann", "values", states), json!(["fixed", "confirmed", "withdrawn"]));
        browser.step("ann", "press", json!({"key": "Escape"}));

        // Fixed, and not fixed after all.
        write_forward(&mut browser, "fixed", "");
        browser.step("ann", "text", json!({"selector": "#locks .badge", "holds": "fixed"}));
        assert_eq!(lock(&server).await.0, "fixed");
        browser.step("ann", "press", json!({"key": "Control+z"}));
        browser.step("ann", "text", json!({"selector": "#locks .badge", "holds": "in repair"}));
        assert_eq!(lock(&server).await, ("in_repair".to_owned(), Value::Null));

        // What ends it is asked about again, and has no way back.
        browser.step("ann", "toast", json!({"holds": "Undone"}));
        write_forward(&mut browser, "confirmed", "a sale went through");
        browser.step(
            "ann",
            "text",
            json!({"selector": "dialog:has(#ask-title)", "holds": "cannot be undone"}),
        );
        assert_eq!(lock(&server).await.0, "in_repair");
        browser.step("ann", "activate", json!({"button": "Save", "within": "dialog:has(#ask-title)"}));
        browser.step("ann", "text", json!({"selector": "#locks", "holds": "No terminal is locked here."}));
        let (state, closed_at) = lock(&server).await;
        assert_eq!(state, "confirmed");
        assert!(closed_at.is_string(), "{closed_at}");
        assert_eq!(browser.step("ann", "count", json!({"selector": ".toast [data-undo]"})), json!(0));
        browser.step("ann", "open", json!({"path": "/locks?all=1"}));
        assert_eq!(browser.step("ann", "count", json!({"selector": "[data-dialog='lock-step']"})), json!(0));

        assert_eq!(browser.step("ann", "complaints", json!({})), json!([]));
        server.stop();
    });
}
