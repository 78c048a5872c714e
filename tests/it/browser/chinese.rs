//! Why something may not be, as somebody reads it who has chosen Chinese.

use serde_json::json;

use super::{Browser, NIGHT, Server};
use crate::support::run;

/// English words that a sentence of the service would bring along.
fn assert_chinese(text: &str) {
    for word in ["outside", "maintenance", "raise", "budget", "rule", "slot", "site "] {
        assert!(!text.contains(word), "`{word}` in {text}");
    }
}

#[test]
fn what_the_rules_forbid_and_what_does_not_fit_is_said_in_chinese() {
    run(async {
        let server = Server::start().await;
        let id = server.app.arrange(&["T1"], "2026-12-06 02:00").await[0];
        let mut browser = Browser::start(&server.base);
        browser.sign_in("ann", "ann", "/");
        let back = format!("%2Fschedule%3Fnight%3D{NIGHT}");
        let path = format!("/preferences?lang=zh-CN&theme=light&back={back}");
        assert_eq!(browser.text("ann", "open", json!({"path": path})), "/schedule");

        // While it is dragged, and when it is let go.
        let shown = browser.step("ann", "drag", json!({"id": id, "slots": -8}));
        let tip = shown["tip"].as_str().unwrap_or_default();
        let asked = "12月5日周六 16:00";
        assert!(tip.starts_with(&format!("{asked}：不在维护时段内 – {asked} 至 12月5日周六 16:")), "{tip}");
        assert!(tip.ends_with("不在门店 S1 的维护时段内"), "{tip}");
        assert_chinese(tip);
        let said = browser.text("ann", "toast", json!({"holds": "仍在"}));
        assert!(said.contains("不在门店 S1 的维护时段内"), "{said}");
        assert_chinese(&said);
        assert_eq!(server.start_of(id).await, ("2026-12-05T18:00:00Z".to_owned(), 0));

        // What the server itself refuses.
        browser.step("ann", "openChip", json!({"id": id}));
        browser.step("ann", "fill", json!({"form": "#move-form", "fields": {"at": "2026-12-06T10:00"}}));
        browser.step("ann", "activate", json!({"button": "改期", "within": "#move-form"}));
        let refused = browser.text("ann", "text", json!({"selector": "#move-form .problem", "holds": "T1"}));
        assert!(
            refused.contains("条规则不允许") && refused.contains("不在门店 S1 的维护时段内"),
            "{refused}"
        );
        assert_chinese(&refused);
        assert_eq!(server.start_of(id).await, ("2026-12-05T18:00:00Z".to_owned(), 0));

        // What would not fit, and what would make it fit.
        server.app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": 1}})).await;
        browser.step("ann", "open", json!({"path": "/campaigns/new"}));
        let fields = json!({"name": "look", "work.kind": "inspection", "duration_minutes": "120",
            "deadline_at": "2026-12-05T22:00", "selector": "all"});
        browser.step("ann", "fill", json!({"form": "#campaign", "fields": fields}));
        let preview = browser.text("ann", "text", json!({"selector": "#preview", "holds": "如何排入更多"}));
        assert!(preview.contains("将 fleet 的额度从 1 提高到"), "{preview}");
        assert_chinese(&preview);
        assert_eq!(browser.step("ann", "complaints", json!({})), json!([]));

        // What else is wrong has its name in Chinese, before the server's own words.
        browser.step("ann", "open", json!({"path": "/plans/77"}));
        browser.text("ann", "text", json!({"selector": "h1", "holds": "找不到"}));
        browser.text("ann", "text", json!({"selector": "[lang=en]", "holds": "there is no plan"}));
    });
}
