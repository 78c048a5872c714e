//! The rules of the fleet, changed on a page that says what a change would mean.

use axum::http::Method;
use serde_json::json;

use super::{Browser, Server};
use crate::support::run;

#[test]
fn a_window_is_edited_with_its_next_openings_before_the_eyes_and_taken_back() {
    run(async {
        let mut server = Server::start().await;
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", "/windows");
        assert_eq!(server.app.get("/windows").await["items"][0]["cron"], "0 1 * * *");
        browser.step("ann", "activate", json!({"link": "Edit 1"}));
        let form = "#rule-form form";
        let openings = "#rule-form .preview";
        browser.step("ann", "text", json!({"selector": openings, "holds": "01:00"}));

        // While it is typed: the next openings, or what is wrong with it beside the field.
        browser.step("ann", "fill", json!({"form": form, "fields": {"cron": "30 3 * * 2"}}));
        let said = browser.text("ann", "text", json!({"selector": openings, "holds": "03:30"}));
        let previewed = server
            .app
            .post(
                "/windows/preview",
                json!({"scope": "fleet", "cron": "30 3 * * 2", "duration_minutes": 240}),
            )
            .await;
        let starts = previewed["openings"].as_array().expect("openings");
        assert!(!starts.is_empty(), "{previewed}");
        for opening in starts {
            let start = opening["local_start"].as_str().expect("a local time");
            assert!(said.contains(start), "`{start}` is not in `{said}`");
        }
        browser.step("ann", "fill", json!({"form": form, "fields": {"cron": "30 25 * * 2"}}));
        browser.step("ann", "text", json!({"selector": "#rule-form .field-problem", "holds": "25"}));
        assert_eq!(
            server.app.get("/windows").await["items"][0]["cron"],
            "0 1 * * *",
            "nothing is saved by looking"
        );

        browser.step("ann", "fill", json!({"form": form, "fields": {"cron": "30 3 * * 2"}}));
        browser.step("ann", "text", json!({"selector": openings, "holds": "03:30"}));
        browser.step("ann", "activate", json!({"button": "Save"}));
        browser.step("ann", "toast", json!({"holds": "Saved."}));
        assert_eq!(server.app.get("/windows").await["items"][0]["cron"], "30 3 * * 2");
        browser.step("ann", "text", json!({"selector": "main table", "holds": "30 3 * * 2"}));

        // A site of the fleet opens by it now, and by the old one again when it is taken back.
        browser.sign_in("eve", "eve", "/sites/S1");
        browser.step("eve", "text", json!({"selector": "main", "holds": "03:30"}));
        browser.step("ann", "undo", json!({}));
        assert_eq!(server.app.get("/windows").await["items"][0]["cron"], "0 1 * * *");
        browser.step("eve", "open", json!({"path": "/sites/S1"}));
        browser.step("eve", "text", json!({"selector": "main", "holds": "01:00"}));

        // One that somebody else has changed meanwhile is not overwritten.
        browser.step("ann", "open", json!({"path": "/windows?edit=1"}));
        browser.step("ann", "fill", json!({"form": form, "fields": {"duration_minutes": "60"}}));
        let other = json!({"scope": "fleet", "cron": "0 2 * * *", "duration_minutes": 240});
        let (status, answer) = server.app.send(Method::PUT, "/api/v1/windows/1", Some(other)).await;
        assert!(status.is_success(), "{answer}");
        browser.step("ann", "activate", json!({"button": "Save"}));
        browser.step("ann", "text", json!({"selector": "#rule-form .problem.warn", "holds": "412"}));
        assert_eq!(server.app.get("/windows").await["items"][0]["cron"], "0 2 * * *");
        assert_eq!(server.app.get("/windows").await["items"][0]["duration_minutes"], 240);

        assert_eq!(browser.step("ann", "complaints", json!({})), json!([]));
        server.stop();
    });
}

#[test]
fn a_rule_that_cannot_be_says_so_where_what_it_would_mean_is_shown() {
    run(async {
        let mut server = Server::start().await;
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", "/blackouts");
        let fields = json!({"name": "fair", "from": "2027-01-05", "to": "2027-01-02"});
        browser.step("ann", "fill", json!({"form": "#rule-form form", "fields": fields}));
        browser.step(
            "ann",
            "text",
            json!({"selector": ".preview .field-problem", "holds": "before it begins"}),
        );
        browser.step("ann", "fill", json!({"form": "#rule-form form", "fields": {"to": "2027-01-06"}}));
        browser.step("ann", "text", json!({"selector": ".preview h3", "holds": "It covers"}));
        server.stop();
    });
}
