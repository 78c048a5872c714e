//! Every dialog with the keyboard alone: opened, walked through, closed, and the focus back where it was.

use std::collections::BTreeSet;

use serde_json::json;

use super::judged::{PAGES, busy_server};
use super::{Browser, NIGHT, Server};
use crate::support::run;

/// Dialogs that no button on a page opens: walked below.
const BY_ITSELF: [&str; 1] = ["conflict-dialog"];

/// The dialogs of the templates; those of the steps of a campaign are named where they are put in.
fn every_dialog() -> BTreeSet<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/web");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for start in ["<dialog id=\"", "{{ step(path, campaign.etag, \""] {
            let ids = text.split(start).skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(ids.filter(|id| !id.contains('{')).map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_dialog_opens_holds_the_focus_closes_and_gives_it_back() {
    run(async {
        let server = busy_server().await;
        // Campaigns that can be passed and paused, and resumed.
        for (name, serial) in [("fw", "T2"), ("still", "T4")] {
            let selector = format!("serial = \"{serial}\"");
            let campaign = json!({"name": name, "work": {"kind": "inspection"}, "selector": selector,
                "duration_minutes": 20, "deadline_at": "2026-12-20T00:00:00Z",
                "waves": [{"share": "1"}, {"share": "rest"}]});
            server.app.post("/campaigns", campaign).await;
        }
        server.app.post("/campaigns/still/pause", json!({})).await;
        let draft = json!({"name": "draft", "work": {"kind": "inspection"}, "selector": "all", "duration_minutes": 20,
            "deadline_at": "2026-12-20T00:00:00Z", "draft": true});
        server.app.post("/campaigns", draft).await;
        // A merchant who cannot be told, and one whose address not every server takes.
        server.app.sql("UPDATE merchant SET email = 'owner@bakery.example' WHERE number = 'M2'");
        server.app.arrange(&["T6"], "2027-01-31 02:00").await;
        server.app.sql("UPDATE merchant SET email = NULL WHERE number = 'M2'");
        server.app.sql("UPDATE merchant SET email = '王@面馆.example' WHERE number = 'M1'");
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ida", "ida", "/");
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let more = ["/campaigns/draft", "/campaigns/fw", "/campaigns/still", "/merchants/M2"];
        for path in PAGES.iter().map(|(path, _)| *path).chain(more) {
            browser.step("ida", "open", json!({"path": path}));
            let walked = browser.step("ida", "walkDialogs", json!({}));
            let texts = |name: &str| -> Vec<String> {
                let list = walked[name].as_array().expect("a list");
                list.iter().map(|it| it.as_str().unwrap_or_default().to_owned()).collect()
            };
            found.extend(texts("found").into_iter().map(|it| format!("{path}: {it}")));
            seen.extend(texts("seen"));
        }
        // Those of a selection.
        browser.step("ida", "open", json!({"path": format!("/schedule?night={NIGHT}")}));
        browser.step("ida", "selectByKeyboard", json!({}));
        let walked = browser.step("ida", "walkDialogs", json!({}));
        for it in walked["found"].as_array().expect("a list") {
            found.push(format!("selection: {it}"));
        }
        seen.extend(
            walked["seen"].as_array().expect("a list").iter().filter_map(|it| it.as_str()).map(str::to_owned),
        );
        assert!(found.is_empty(), "{}", found.join("\n"));
        let wanted: BTreeSet<String> =
            every_dialog().into_iter().filter(|id| !BY_ITSELF.contains(&id.as_str())).collect();
        assert!(wanted.len() > 15, "{wanted:?}");
        let missing: Vec<_> = wanted.difference(&seen).collect();
        assert!(missing.is_empty() && seen.contains("ask"), "nobody has opened {missing:?}; seen {seen:?}");
        assert_eq!(browser.step("ida", "complaints", json!({})), json!([]));
    });
}

#[test]
fn the_focus_comes_back_though_the_rows_were_drawn_anew_or_somebody_was_quicker() {
    run(async {
        let server = Server::start().await;
        let id = server.app.arrange(&["T1"], "2026-12-06 02:00").await[0];
        let other = server.app.arrange(&["T4"], "2026-12-06 02:00").await[0];
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", &format!("/schedule?night={NIGHT}"));
        let chip = format!("#appointment-{id}");

        // Another appointment is moved while the dialog is open: the timeline follows, and the opener is a new one.
        browser.step("ann", "openChip", json!({"id": id}));
        let moved = json!({"at": "2026-12-05T18:30:00Z", "reason": "a delivery"});
        server.app.post(&format!("/appointments/{other}/move"), moved).await;
        browser.step("ann", "startsAt", json!({"id": other, "at": "2026-12-05T18:30:00Z"}));
        assert_eq!(browser.step("ann", "walkOpen", json!({"dialog": "#move-dialog"})), json!([]));
        browser.step("ann", "focusedOn", json!({"selector": chip}));

        // This one is moved by somebody else: the dialog that shows it is walked through as well.
        browser.step("ann", "deafen", json!({}));
        let moved = json!({"at": "2026-12-05T19:00:00Z", "reason": "a delivery"});
        server.app.post(&format!("/appointments/{id}/move"), moved).await;
        browser.step("ann", "openChip", json!({"id": id}));
        browser.step("ann", "fill", json!({"form": "#move-form", "fields": {"at": "2026-12-05T17:30"}}));
        browser.step("ann", "activate", json!({"button": "Move", "within": "#move-form"}));
        assert_eq!(browser.step("ann", "walkOpen", json!({"dialog": "#conflict-dialog"})), json!([]));
        browser.step("ann", "startsAt", json!({"id": id, "at": "2026-12-05T19:00:00Z"}));
        browser.step("ann", "focusedOn", json!({"selector": chip}));
        assert_eq!(server.start_of(id).await.0, "2026-12-05T19:00:00Z", "nothing was overwritten");

        // And what is moved in the dialog gives the focus to where it stands now.
        browser.step("ann", "openChip", json!({"id": id}));
        browser.step("ann", "fill", json!({"form": "#move-form", "fields": {"at": "2026-12-05T18:00"}}));
        browser.step("ann", "activate", json!({"button": "Move", "within": "#move-form"}));
        browser.step("ann", "startsAt", json!({"id": id, "at": "2026-12-05T18:00:00Z"}));
        browser.step("ann", "focusedOn", json!({"selector": chip}));
        assert_eq!(browser.step("ann", "complaints", json!({})), json!([]));
    });
}
