//! The timeline and tonight's page: by mouse, by keyboard, by two people at once, and without a reload.

use serde_json::{Value, json};

use super::{Browser, NIGHT, Server};
use crate::support::run;

#[test]
fn an_appointment_is_dragged_carried_by_keyboard_undone_and_never_overwritten() {
    run(async {
        let mut server = Server::start().await;
        let id = server.app.arrange(&["T1"], "2026-12-06 02:00").await[0];
        let other = server.app.arrange(&["T4"], "2026-12-06 02:00").await[0];
        let mut browser = Browser::start(&server.base);
        let path = format!("/schedule?night={NIGHT}");
        browser.sign_in("ann", "ann", &path);
        assert_eq!(browser.text("ann", "startOf", json!({"id": id})), "2026-12-05T18:00:00Z");

        // To a legal slot: the rules are shown, it is saved, and the way back is offered.
        let shown = browser.step("ann", "drag", json!({"id": id, "slots": 2}));
        assert!(shown["tip"].as_str().is_some_and(|tip| tip.contains("18:30: legal")), "{shown}");
        assert!(
            shown["legal_runs"].as_i64() > Some(0) && shown["forbidden_runs"].as_i64() > Some(0),
            "{shown}"
        );
        browser.step("ann", "startsAt", json!({"id": id, "at": "2026-12-05T18:30:00Z"}));
        assert_eq!(server.start_of(id).await, ("2026-12-05T18:30:00Z".to_owned(), 1));
        let trail = server.app.get("/audit").await;
        let by_ann = |entry: &Value| {
            entry["action"] == "appointment.move"
                && entry["actor"].as_str().is_some_and(|actor| actor.contains("ann"))
        };
        assert!(trail["items"].as_array().is_some_and(|items| items.iter().any(by_ann)), "{trail}");
        browser.step("ann", "undo", json!({}));
        browser.step("ann", "startsAt", json!({"id": id, "at": "2026-12-05T18:00:00Z"}));
        assert_eq!(server.start_of(id).await, ("2026-12-05T18:00:00Z".to_owned(), 2));

        // To one that a rule forbids: it says which, and nothing changes.
        let shown = browser.step("ann", "drag", json!({"id": id, "slots": -8}));
        assert!(
            shown["tip"].as_str().is_some_and(|tip| tip.contains("outside the maintenance windows")),
            "{shown}"
        );
        let said = browser.text("ann", "toast", json!({"holds": "stays"}));
        assert!(said.contains("lies outside the maintenance windows of site S1"), "{said}");
        assert_eq!(browser.text("ann", "startOf", json!({"id": id})), "2026-12-05T18:00:00Z");
        assert_eq!(server.start_of(id).await, ("2026-12-05T18:00:00Z".to_owned(), 2));

        // By keyboard alone: carried and put back, carried and dropped; the focus stays with it.
        let said =
            browser.step("ann", "keys", json!({"id": id, "keys": ["ArrowRight", "ArrowRight", "Escape"]}));
        assert!(said[1].as_str().is_some_and(|said| said.contains("18:30: legal")), "{said}");
        assert!(said[2].as_str().is_some_and(|said| said.contains("Put back")), "{said}");
        assert_eq!(server.start_of(id).await.1, 2);
        browser.step("ann", "keys", json!({"id": id, "keys": ["ArrowRight", "Enter"]}));
        browser.step("ann", "startsAt", json!({"id": id, "at": "2026-12-05T18:15:00Z"}));
        assert_eq!(server.start_of(id).await, ("2026-12-05T18:15:00Z".to_owned(), 3));
        assert_eq!(browser.text("ann", "focused", json!({})), format!("appointment-{id}"));

        // Two at once: one carries it while the other moves it; who drops last is shown the other's change.
        browser.sign_in("eve", "eve", &path);
        browser.step("eve", "keys", json!({"id": id, "keys": ["ArrowRight", "ArrowRight"]}));
        browser.step("ann", "keys", json!({"id": id, "keys": ["ArrowLeft", "Enter"]}));
        browser.step("ann", "startsAt", json!({"id": id, "at": "2026-12-05T18:00:00Z"}));
        browser.step("eve", "press", json!({"key": "Enter"}));
        let conflict = browser.text("eve", "conflict", json!({}));
        assert!(conflict.contains("18:00") && conflict.contains("18:45"), "{conflict}");
        assert_eq!(
            server.start_of(id).await,
            ("2026-12-05T18:00:00Z".to_owned(), 4),
            "nothing is overwritten"
        );
        browser.step("eve", "leave", json!({}));
        browser.step("eve", "startsAt", json!({"id": id, "at": "2026-12-05T18:00:00Z"}));

        // Several together, and the other's page follows without being asked.
        let count = browser.text("ann", "select", json!({"ids": [id, other]}));
        assert_eq!(count, "2 appointments selected");
        browser.step("ann", "shift", json!({"minutes": 15, "reason": "a delivery"}));
        for it in [id, other] {
            browser.step("ann", "startsAt", json!({"id": it, "at": "2026-12-05T18:15:00Z"}));
            browser.step("eve", "startsAt", json!({"id": it, "at": "2026-12-05T18:15:00Z"}));
            assert_eq!(server.start_of(it).await.0, "2026-12-05T18:15:00Z");
        }
        browser.step("ann", "batch", json!({"action": "pin"}));
        browser.step("ann", "toast", json!({"holds": "2 appointments pinned"}));
        assert_eq!(server.app.appointment(id).await["pinned"], json!(true));

        assert_eq!(browser.step("ann", "complaints", json!({})), json!([]));
        server.stop();
    });
}

#[test]
fn tonight_follows_without_a_reload_and_says_when_it_hears_nothing() {
    run(async {
        let mut server = Server::start().await;
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", "/");
        browser.step("ann", "text", json!({"selector": "#freshness", "holds": "Live"}));
        browser.step("ann", "mark", json!({}));
        let id = server.app.arrange(&["T5"], "2026-12-06 02:00").await[0];
        let row = browser.text("ann", "text", json!({"selector": "#running tr", "holds": "T5"}));
        assert!(row.contains("new battery"), "{row}");
        server.app.post(&format!("/appointments/{id}/cancel"), json!({"reason": "not needed"})).await;
        browser.step("ann", "text", json!({"selector": "#running p", "holds": "nothing is planned"}));
        assert_eq!(browser.step("ann", "reloaded", json!({})), json!(false));
        server.stop();
        browser.step("ann", "text", json!({"selector": "#freshness.stale", "holds": "Not live since"}));
    });
}
