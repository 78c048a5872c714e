//! Waves that are changed on the campaign's page.

use serde_json::{Value, json};

use super::{Browser, Server};
use crate::support::run;

#[test]
fn waves_that_have_not_begun_are_changed_in_a_dialog() {
    run(async {
        let server = Server::start().await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all", "duration_minutes": 20,
            "deadline_at": "2026-12-20T00:00:00Z",
            "waves": [{"share": "1", "soak_minutes": 90}, {"share": "1"}, {"share": "rest"}]});
        server.app.post("/campaigns", campaign).await;
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", "/campaigns/look");
        browser.step("ann", "activate", json!({"button": "Change waves"}));
        let shares = "#waves-form li:not([hidden]) [data-of=\"share\"]";
        assert_eq!(browser.step("ann", "values", json!({"selector": shares})), json!(["1", "rest"]));
        browser.step("ann", "enter", json!({"selector": shares, "text": "2"}));
        let soaks = "#waves-form li:not([hidden]) [data-of=\"soak\"]";
        browser.step("ann", "enter", json!({"selector": soaks, "text": "1.5"}));
        browser.step("ann", "fill", json!({"form": "#waves-form", "fields": {"reason": "more care"}}));
        browser.step("ann", "activate", json!({"button": "Save the waves"}));
        browser.step("ann", "toast", json!({"holds": "The waves are changed."}));
        let campaign = server.app.get("/campaigns/look").await;
        let shown = |member: &str| -> Vec<Value> {
            campaign["waves"].as_array().expect("waves").iter().map(|wave| wave[member].clone()).collect()
        };
        assert_eq!(shown("share"), ["1", "2", "rest"]);
        assert_eq!(shown("soak_minutes"), [90, 90, 1440]);
        let entry = server.app.get("/audit?action=campaign.waves").await["items"][0].clone();
        assert_eq!(entry["reason"], "more care", "{entry}");

        // What cannot be is said in the dialog, and nothing is lost.
        browser.step("ann", "activate", json!({"button": "Change waves"}));
        browser.step("ann", "enter", json!({"selector": shares, "text": "100%"}));
        browser.step("ann", "activate", json!({"button": "Save the waves"}));
        browser.step("ann", "text", json!({"selector": "#waves-form .problem", "holds": "is out of range"}));
        assert_eq!(browser.step("ann", "values", json!({"selector": shares})), json!(["100%", "rest"]));
        assert_eq!(browser.step("ann", "complaints", json!({})), json!([]));
    });
}

#[test]
fn a_gate_of_tonight_follows_without_a_reload() {
    run(async {
        let server = Server::start().await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all", "duration_minutes": 20,
            "deadline_at": "2026-12-20T00:00:00Z", "waves": [{"share": "1"}, {"share": "1"}, {"share": "rest"}]});
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", "/");
        browser.step("ann", "text", json!({"selector": "#gates", "holds": "No campaign stands at a gate."}));
        server.app.post("/campaigns", campaign).await;
        browser.step("ann", "text", json!({"selector": "#gates tbody tr", "holds": "1 of 3"}));
        server.app.post("/campaigns/look/pass", json!({"reason": "seen by eye"})).await;
        // It takes two.
        browser.sign_in("eve", "eve", "/approvals");
        let row = "tr:has(td:has-text(\"seen by eye\"))";
        browser.step("eve", "activate", json!({"button": "Approve", "within": row}));
        browser.step("eve", "activate", json!({"button": "Approve", "within": "dialog[open]"}));
        browser.step("ann", "text", json!({"selector": "#gates tbody tr", "holds": "2 of 3"}));
        browser.step("ann", "activate", json!({"link": "look"}));
        browser.step("ann", "text", json!({"selector": "h1", "holds": "look"}));
        assert_eq!(browser.step("ann", "complaints", json!({})), json!([]));
    });
}
