//! Every page as axe-core and a keyboard find it, in both themes and languages and at both widths.

use std::path::Path;

use serde_json::{Value, json};

use super::{Browser, Server};
use crate::support::run;

/// Every page, by the name of its pictures.
pub(super) const PAGES: [(&str, &str); 37] = [
    ("/", "tonight"),
    ("/schedule?night=2026-12-05", "schedule-hours"),
    ("/schedule?night=2026-12-05&nights=7", "schedule-nights"),
    ("/appointments?night=2026-12-05", "appointments"),
    ("/load?night=2026-12-05", "load-slots"),
    ("/load?night=2026-12-05&nights=7", "load-nights"),
    ("/campaigns", "campaigns"),
    ("/campaigns/new", "campaign-new"),
    ("/campaigns/look", "campaign"),
    ("/plans", "plans"),
    ("/plans/1", "plan"),
    ("/plans/1/changes", "plan-changes"),
    ("/fleet", "fleet"),
    ("/fleet?kind=sites", "fleet-sites"),
    ("/fleet?kind=terminals", "fleet-terminals"),
    ("/fleet?q=S1", "fleet-search"),
    ("/merchants/M1", "merchant"),
    ("/sites/S1", "site"),
    ("/terminals/T1", "terminal"),
    ("/notices", "notices"),
    ("/notices/1", "notice"),
    ("/notices/preview", "notice-preview"),
    ("/inbox", "inbox"),
    ("/locks?all=1", "locks"),
    ("/notices/sending", "sending"),
    ("/unreached", "unreached"),
    ("/budgets", "budgets"),
    ("/windows", "windows"),
    ("/windows?edit=1", "window-edited"),
    ("/blackouts", "blackouts"),
    ("/programmes", "programmes"),
    ("/users", "users"),
    ("/tokens", "tokens"),
    ("/approvals", "approvals"),
    ("/audit?verify=1", "audit"),
    ("/password", "password"),
    ("/plans/99", "problem"),
];

/// With something on every page.
pub(super) async fn busy_server() -> Server {
    let server = Server::start_with(|settings| settings.approval_above_terminals = Some(2)).await;
    let app = &server.app;
    let account = json!({"name": "ida", "role": "admin", "password": super::password_of("ida")});
    app.post("/accounts", account).await;
    app.post("/tokens", json!({"name": "night report", "role": "viewer"})).await;
    app.post("/budgets", json!({"grouping": "fleet", "limit": {"percent": 50}})).await;
    app.post("/budgets", json!({"grouping": "region", "limit": {"count": 2}})).await;
    app.post(
        "/blackouts",
        json!({"name": "fair", "scope": "region:west", "from": "2026-12-24T00:00", "to": "2026-12-27T00:00"}),
    )
    .await;
    let programme = json!({"name": "yearly-look", "selector": "all", "duration_minutes": 15,
        "recurrence": {"rule": "every_days", "days": 365}});
    app.post("/programmes", programme).await;
    app.arrange(&["T1"], "2026-12-06 02:00").await;
    app.arrange(&["T5"], "2026-12-06 03:00").await;
    // Somebody who cannot be told.
    app.sql("UPDATE merchant SET email = NULL WHERE number = 'M2'");
    let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all", "duration_minutes": 20,
        "deadline_at": "2026-12-20T00:00:00Z", "draft": true, "waves": [{"share": "30%"}, {"share": "rest"}]});
    app.post("/campaigns", campaign).await;
    app.post("/campaigns/look/activate", json!({})).await;
    // Small enough for one person to begin: it stands at its first gate.
    let pilot = json!({"name": "pilot", "work": {"kind": "inspection"}, "selector": "serial = \"T2\"", "duration_minutes": 20,
        "deadline_at": "2026-12-20T00:00:00Z", "waves": [{"share": "1"}, {"share": "rest"}]});
    app.post("/campaigns", pilot).await;
    app.plan(json!({})).await;
    app.work("notify").await;
    app.post("/locks", json!({"serial": "T3", "cause": "the screen stays dark"})).await;
    let letter = "From: Li <li@shop.example>\r\nSubject: Ring first\r\nMessage-ID: <1@shop.example>\r\n\r\nThe back door.\r\n";
    app.try_ingest("notices@offpeak.example", "li@shop.example", letter.as_bytes()).await;
    server
}

#[test]
fn axe_finds_nothing_serious_on_any_page_in_both_themes_and_languages() {
    run(async {
        let server = busy_server().await;
        let mut browser = Browser::start(&server.base);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        std::fs::create_dir_all(&folder).expect("the build's own folder can be written");
        let mut found = Vec::new();
        let mut inspect = |browser: &mut Browser, path: &str, name: &str| {
            let findings =
                browser.step("ida", "inspect", json!({"path": path, "name": name, "folder": folder}));
            found.extend(findings.as_array().expect("a list").clone());
        };
        inspect(&mut browser, "/sign-in", "sign-in");
        browser.sign_in("ida", "ida", "/");
        for (path, name) in PAGES {
            inspect(&mut browser, path, name);
        }
        assert!(found.is_empty(), "{}", found.iter().map(|it| format!("{it}\n")).collect::<String>());
        assert_eq!(browser.step("ida", "complaints", json!({})), json!([]));
    });
}

#[test]
fn everything_on_every_page_is_reached_by_tab_and_shows_that_it_is() {
    run(async {
        let server = busy_server().await;
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ida", "ida", "/");
        let mut missed: Vec<String> = Vec::new();
        for (path, _) in PAGES {
            browser.step("ida", "open", json!({"path": path}));
            let tabbed = browser.step("ida", "tabThrough", json!({}));
            let lists = [&tabbed["missed"], &tabbed["unseen"]];
            missed.extend(
                lists
                    .into_iter()
                    .filter(|list| **list != json!([]))
                    .map(|list: &Value| format!("{path}: {list}")),
            );
        }
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    });
}
