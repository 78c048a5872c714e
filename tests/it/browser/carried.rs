//! What is carried on the timeline, let go of, and taken back; and what the page says when the rules cannot be heard.

use serde_json::{Value, json};

use super::{Browser, NIGHT, Server};
use crate::support::run;

#[test]
fn escape_ends_a_drag_for_good_and_what_was_done_is_taken_back_by_key() {
    run(async {
        let mut server = Server::start().await;
        let id = server.app.arrange(&["T1"], "2026-12-06 02:00").await[0];
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", &format!("/schedule?night={NIGHT}"));

        // The mouse goes on and is let go: nothing is lifted again, nothing is saved, nothing opens.
        let left = browser.step("ann", "dragAndEscape", json!({"id": id, "slots": 2}));
        assert_eq!(left, json!({"carried": 0, "dialogs": 0}));
        assert_eq!(browser.text("ann", "startOf", json!({"id": id})), "2026-12-05T18:00:00Z");
        assert_eq!(server.start_of(id).await, ("2026-12-05T18:00:00Z".to_owned(), 0));
        // The next press is a new one.
        browser.step("ann", "drag", json!({"id": id, "slots": 2}));
        browser.step("ann", "startsAt", json!({"id": id, "at": "2026-12-05T18:30:00Z"}));
        assert_eq!(server.start_of(id).await.1, 1);

        // By key, from the chip; and with the button, which gives the focus back to it.
        let chip = format!("#appointment-{id}");
        browser.step("ann", "press", json!({"key": "Control+z"}));
        browser.step("ann", "startsAt", json!({"id": id, "at": "2026-12-05T18:00:00Z"}));
        browser.step("ann", "focusedOn", json!({"selector": chip}));
        assert_eq!(server.start_of(id).await, ("2026-12-05T18:00:00Z".to_owned(), 2));
        browser.step("ann", "keys", json!({"id": id, "keys": ["ArrowRight", "Enter"]}));
        browser.step("ann", "toast", json!({"holds": "moved to"}));
        browser.step("ann", "activate", json!({"button": "Undo", "within": ".toast:last-child"}));
        browser.step("ann", "startsAt", json!({"id": id, "at": "2026-12-05T18:00:00Z"}));
        browser.step("ann", "focusedOn", json!({"selector": chip}));
        assert_eq!(server.start_of(id).await.1, 4);

        assert_eq!(browser.step("ann", "complaints", json!({})), json!([]));
        server.stop();
    });
}

#[test]
fn a_selection_keeps_its_marks_is_reached_by_key_and_is_not_moved_by_nothing() {
    run(async {
        let mut server = Server::start().await;
        let id = server.app.arrange(&["T1"], "2026-12-06 02:00").await[0];
        let other = server.app.arrange(&["T4"], "2026-12-06 02:00").await[0];
        let third = server.app.arrange(&["T5"], "2026-12-06 03:00").await[0];
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", &format!("/schedule?night={NIGHT}"));
        browser.step("ann", "text", json!({"selector": "#freshness", "holds": "Live"}));
        browser.step("ann", "select", json!({"ids": [id, other]}));

        // Somebody else moves a third one: the rows are drawn anew, the marks stay.
        let moved = json!({"at": "2026-12-06T03:30:00Z", "reason": "a delivery"});
        server.app.post(&format!("/appointments/{third}/move"), moved).await;
        browser.step("ann", "startsAt", json!({"id": third, "at": "2026-12-06T03:30:00Z"}));
        let marked = json!({"selector": ".chip[aria-pressed='true']"});
        assert_eq!(browser.step("ann", "count", marked.clone()), json!(2));

        // To the bar and back by keyboard; by nothing nothing is moved.
        browser.step("ann", "press", json!({"key": "s"}));
        browser.step("ann", "focusedOn", json!({"selector": "#selection button"}));
        browser.step("ann", "press", json!({"key": "Enter"}));
        browser.step("ann", "activate", json!({"button": "Move", "within": "#shift-form"}));
        browser.step(
            "ann",
            "text",
            json!({"selector": "#shift-form .problem", "holds": "Nothing was moved"}),
        );
        assert_eq!(server.start_of(id).await.1, 0);
        browser.step("ann", "press", json!({"key": "Escape"}));
        browser.step("ann", "press", json!({"key": "Escape"}));
        browser.step("ann", "focusedOn", json!({"selector": format!("#appointment-{other}")}));

        // One that is gone leaves the selection.
        server.app.post(&format!("/appointments/{other}/cancel"), json!({"reason": "not needed"})).await;
        browser.step("ann", "text", json!({"selector": "#selection-count", "holds": "1 appointment"}));
        assert_eq!(browser.step("ann", "count", marked), json!(1));

        assert_eq!(browser.step("ann", "complaints", json!({})), json!([]));
        server.stop();
    });
}

#[test]
fn what_keeps_the_rules_from_being_heard_is_said_and_the_page_is_not_live_then() {
    run(async {
        let mut server = Server::start().await;
        let id = server.app.arrange(&["T1"], "2026-12-06 02:00").await[0];
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", &format!("/schedule?night={NIGHT}"));
        browser.step("ann", "text", json!({"selector": "#freshness", "holds": "Live"}));

        browser.step("ann", "cutOff", json!({"off": true}));
        carry(&mut browser, id);
        let said = browser.text("ann", "toast", json!({"holds": "The server does not answer"}));
        assert!(!said.contains("outside what is shown"), "{said}");
        browser.step("ann", "text", json!({"selector": "#freshness.stale", "holds": "Not live since"}));
        assert_eq!(browser.step("ann", "count", json!({"selector": ".chip.carried"})), json!(0));
        browser.step("ann", "cutOff", json!({"off": false}));
        browser.step("ann", "text", json!({"selector": "#freshness:not(.stale)", "holds": "Live"}));

        browser.step("ann", "forgetSession", json!({}));
        carry(&mut browser, id);
        browser.step("ann", "toast", json!({"holds": "You are no longer signed in"}));
        browser.step(
            "ann",
            "text",
            json!({"selector": ".toast a[href^='/sign-in?back=']", "holds": "Sign in"}),
        );
        browser.step("ann", "text", json!({"selector": "#freshness.stale", "holds": "no longer signed in"}));
        assert_eq!(server.start_of(id).await, ("2026-12-05T18:00:00Z".to_owned(), 0));
        server.stop();
    });
}

/// Lifts it by keyboard, to a slot that was not asked about before.
fn carry(browser: &mut Browser, id: i64) {
    browser.step("ann", "focus", json!({"selector": format!("#appointment-{id}")}));
    browser.step("ann", "press", json!({"key": "ArrowRight"}));
}

#[test]
fn after_a_drag_with_a_finger_the_next_tap_opens_the_appointment() {
    run(async {
        let mut server = Server::start().await;
        let id = server.app.arrange(&["T1"], "2026-12-06 02:00").await[0];
        let mut browser = Browser::start(&server.base);
        let touch = json!({"hasTouch": true});
        let path = format!("/schedule?night={NIGHT}");
        browser.step_with("ann", "open", json!({"path": path}), &touch);
        let name = json!({"name": "ann", "password": super::password_of("ann")});
        browser.step("ann", "signIn", name);
        browser.step("ann", "touchDragAndTap", json!({"id": id, "slots": -8}));
        assert_eq!(server.start_of(id).await, ("2026-12-05T18:00:00Z".to_owned(), 0));
        server.stop();
    });
}

#[test]
fn names_that_are_one_long_word_do_not_widen_a_page_nor_does_a_long_zone_wrap_the_bar() {
    run(async {
        let mut server = Server::start_with(|settings| {
            settings.fleet_time_zone = chrono_tz::America::Argentina::Buenos_Aires;
        })
        .await;
        let word = "Kreuzbergerkaffeer\u{f6}sterei".repeat(5);
        for (path, field) in [("/merchants/M1", "name"), ("/sites/S1", "name"), ("/terminals/T1", "label")] {
            let change: Value = [(field, word.as_str())].into_iter().collect();
            let (status, answer) =
                server.app.send(axum::http::Method::PATCH, &format!("/api/v1{path}"), Some(change)).await;
            assert!(status.is_success(), "{path}: {answer}");
        }
        let blackout = json!({"name": word, "scope": "fleet", "from": "2027-01-01", "to": "2027-01-02"});
        server.app.post("/blackouts", blackout).await;
        server.app.post("/locks", json!({"serial": "T3", "cause": word})).await;
        server.app.arrange(&["T1"], "2026-12-06 02:00").await;
        server.app.work("notify").await;
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", "/");
        let paths = json!({"paths": ["/", "/fleet", "/fleet?kind=sites", "/fleet?kind=terminals", "/fleet?q=Kreuz",
            "/merchants/M1", "/sites/S1", "/terminals/T1", "/terminals/T3", "/notices", "/notices/1", "/blackouts",
            "/locks", "/appointments?night=", "/audit", "/schedule?night=2026-12-05", "/unreached"]});
        assert_eq!(browser.step("ann", "widths", paths), json!([]));
        server.stop();
    });
}
