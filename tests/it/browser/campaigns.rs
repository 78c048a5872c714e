//! A campaign from its preview to its pause, with a second person's yes where one is asked for.

use serde_json::{Value, json};

use super::{Browser, Server};
use crate::support::run;

/// What stands beside a word in a list of facts.
fn fact(browser: &mut Browser, page: &str, within: &str, name: &str) -> String {
    browser.text(page, "fact", json!({"within": within, "name": name}))
}

#[test]
fn a_campaign_is_previewed_started_and_published_by_two_and_paused() {
    run(async {
        let mut server = Server::start_with(|settings| settings.approval_above_terminals = Some(2)).await;
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", "/campaigns/new");
        browser.sign_in("eve", "eve", "/approvals");

        // What it would be stands beside the form, as the API says it, before anything is stored.
        let fields = json!({"name": "look", "work.kind": "inspection", "duration_minutes": "20",
            "deadline_at": "2026-12-20T00:00", "selector": "all"});
        browser.step("ann", "fill", json!({"form": "#campaign", "fields": fields}));
        browser.step("ann", "text", json!({"selector": "#preview", "holds": "Everything fits."}));
        let same = json!({"name": "look", "work": {"kind": "inspection", "on_site": false}, "selector": "all",
            "duration_minutes": 20, "deadline_at": "2026-12-19T16:00:00Z"});
        let preview = server.app.post("/campaigns/preview", same).await;
        for (name, figure) in
            [("Selected", "selected"), ("To be planned", "to_plan"), ("Merchants mailed", "merchants")]
        {
            assert_eq!(fact(&mut browser, "ann", "#preview", name), preview[figure].to_string(), "{name}");
        }
        assert!(preview["to_plan"].as_i64() > Some(2), "{preview}");
        assert_eq!(server.app.get("/campaigns").await["items"], json!([]));

        // A selector that nobody meets, and one that is wrong, are said so at once.
        browser.step(
            "ann",
            "fill",
            json!({"form": "#campaign", "fields": {"selector": "region = \"moon\""}}),
        );
        browser.step("ann", "text", json!({"selector": "#preview", "holds": "No terminal needs this."}));
        browser.step(
            "ann",
            "fill",
            json!({"form": "#campaign", "fields": {"selector": "regoin = \"east\""}}),
        );
        browser.step("ann", "text", json!({"selector": "#preview", "holds": "did you mean `region`?"}));
        browser.step("ann", "fill", json!({"form": "#campaign", "fields": {"selector": "all"}}));
        browser.step("ann", "text", json!({"selector": "#preview", "holds": "Everything fits."}));

        // More terminals than one person decides on: it is a draft until a second one has said yes.
        browser.step("ann", "activate", json!({"button": "Create campaign"}));
        browser.step("ann", "toast", json!({"holds": "second person"}));
        assert_eq!(server.app.get("/campaigns/look").await["state"], "draft");
        // The draft's page says for what it waits, for as long as it does, and does not offer to start it once more.
        assert_eq!(browser.text("ann", "path", json!({})), "/campaigns/look");
        browser.step("ann", "open", json!({"path": "/campaigns/look"}));
        browser.step("ann", "text", json!({"selector": ".waiting", "holds": "second person"}));
        browser.step("ann", "text", json!({"selector": ".waiting a[href='/approvals#approval-1']"}));
        assert_eq!(browser.step("ann", "count", json!({"selector": "[data-dialog='activate']"})), json!(0));
        approve(&mut browser, 1);
        assert_eq!(server.app.get("/campaigns/look").await["state"], "active");
        browser.step("ann", "open", json!({"path": "/campaigns/look"}));
        assert_eq!(browser.step("ann", "count", json!({"selector": ".waiting"})), json!(0));
        browser.step(
            "ann",
            "text",
            json!({"selector": "#targets dd", "holds": preview["selected"].to_string()}),
        );

        // The plan: made, looked at, and published the same way.
        browser.step("ann", "open", json!({"path": "/plans"}));
        browser.step("ann", "activate", json!({"button": "New plan"}));
        browser.step(
            "ann",
            "fill",
            json!({"form": "#new-plan form", "fields": {"horizon_days": "14", "effort": "fast"}}),
        );
        browser.step("ann", "activate", json!({"button": "Make the plan"}));
        browser.step("ann", "text", json!({"selector": "h1", "holds": "Verified"}));
        assert_eq!(browser.text("ann", "path", json!({})), "/plans/1");
        browser.step("ann", "activate", json!({"button": "Publish"}));
        browser.step("ann", "activate", json!({"button": "Publish", "within": "#publish"}));
        browser.step("ann", "toast", json!({"holds": "second person"}));
        assert_eq!(server.app.get("/plans/1").await["state"], "verified");
        browser.step("ann", "text", json!({"selector": ".waiting", "holds": "publish the plan"}));
        assert_eq!(browser.step("ann", "count", json!({"selector": "[data-dialog='publish']"})), json!(0));
        assert_eq!(server.app.get("/appointments").await["items"], json!([]));
        approve(&mut browser, 2);
        assert_eq!(server.app.get("/plans/1").await["state"], "published");
        let made = server.app.get("/appointments?campaign=look").await;
        assert_eq!(made["items"].as_array().map(Vec::len), preview["placed"].as_u64().map(|n| n as usize));
        let published = &server.app.get("/audit?action=plan.publish").await["items"][0];
        assert_eq!(published["actor"], "ann (approved by eve)");
        browser.step("ann", "open", json!({"path": "/plans/1"}));
        browser.step("ann", "text", json!({"selector": "h1", "holds": "Published"}));

        // Paused, with the reason on the record; and resumed.
        browser.step("ann", "open", json!({"path": "/campaigns/look"}));
        browser.step("ann", "activate", json!({"button": "Pause"}));
        browser.step(
            "ann",
            "fill",
            json!({"form": "#pause form", "fields": {"reason": "the terminals are in use"}}),
        );
        browser.step("ann", "activate", json!({"button": "Pause", "within": "#pause"}));
        browser.step("ann", "toast", json!({"holds": "The campaign is paused."}));
        browser.step("ann", "text", json!({"selector": "h1", "holds": "Paused"}));
        assert_eq!(server.app.get("/campaigns/look").await["state"], "paused");
        let trail = server.app.get("/audit?action=campaign.state").await;
        let entry: &Value = &trail["items"][0];
        assert_eq!((&entry["actor"], &entry["reason"]), (&json!("ann"), &json!("the terminals are in use")));
        browser.step("ann", "activate", json!({"button": "Resume"}));
        browser.step("ann", "activate", json!({"button": "Resume", "within": "#resume"}));
        browser.step("ann", "text", json!({"selector": "h1", "holds": "Active"}));
        assert_eq!(server.app.get("/campaigns/look").await["state"], "active");

        assert_eq!(browser.step("ann", "complaints", json!({})), json!([]));
        server.stop();
    });
}

/// Eve says yes to a request, having been asked whether she is sure.
fn approve(browser: &mut Browser, request: i64) {
    browser.step("eve", "open", json!({"path": "/approvals"}));
    let row = format!("#approval-{request}");
    browser.step("eve", "activate", json!({"button": "Approve", "within": row}));
    browser.step("eve", "activate", json!({"button": "Approve", "within": "dialog[open]"}));
    browser.step("eve", "text", json!({"selector": row, "holds": "Done"}));
}

#[test]
fn a_budget_that_is_full_already_is_named_beside_what_fits() {
    run(async {
        let mut server = Server::start().await;
        server.app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": 1}})).await;
        for serial in ["T1", "T2"] {
            server.app.post("/locks", json!({"serial": serial, "cause": "no answer"})).await;
        }
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", "/campaigns/new");
        let fields = json!({"name": "look", "work.kind": "inspection", "duration_minutes": "20",
            "deadline_at": "2026-12-20T00:00", "selector": "serial = \"T4\""});
        browser.step("ann", "fill", json!({"form": "#campaign", "fields": fields}));
        let said = browser.text("ann", "text", json!({"selector": "#preview .all-well"}));
        assert!(said.contains("fleet is over its budget: 2 down at once, 1 allowed"), "{said}");
        assert!(!said.contains("Everything fits"), "{said}");
        server.stop();
    });
}
