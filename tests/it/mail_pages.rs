//! The pages about mail beside the list of notices: what came back, how sending goes, when a merchant is reminded.

use axum::http::{Method, StatusCode};
use offpeak::mail::transport::{Delivery, EnhancedStatus};
use serde_json::json;

use crate::merchant_pages::{links, post};
use crate::support::{TestApp, on_each_database, on_sqlite_with};

async fn page(app: &TestApp, path: &str) -> String {
    let (status, text) = app.send(Method::GET, path, None).await;
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    text.as_str().expect("a page").to_owned()
}

const LETTER: &str = "From: Wang <wang@noodles.example>\nTo: notices@offpeak.example\nSubject: Ring me first\n\
    Message-ID: <1@noodles.example>\n\nThe back door is locked.\n";

#[test]
fn what_somebody_wrote_waits_on_the_inbox_until_it_is_seen_to() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        assert!(page(&app, "/inbox").await.contains("Nothing waits for anybody."));
        let (status, taken) =
            app.try_ingest("notices@offpeak.example", "wang@noodles.example", LETTER.as_bytes()).await;
        assert_eq!((status, &taken["outcome"]), (StatusCode::OK, &json!("kept")), "{taken}");
        let waiting = page(&app, "/inbox").await;
        for words in
            ["Ring me first", "wang@noodles.example", "The back door is locked.", "/inbound-mail/{id}/done"]
        {
            assert!(waiting.contains(words), "{words}: {waiting}");
        }
        assert!(!page(&app, "/inbox?outcome=bounced").await.contains("Ring me first"));
        // What the page's button does.
        app.post("/inbound-mail/1/done", json!({})).await;
        assert!(page(&app, "/inbox").await.contains("Nothing waits for anybody."));
        let all = page(&app, "/inbox?done=1").await;
        assert!(
            all.contains("Ring me first") && !all.contains("The back door") && !all.contains("{id}/done"),
            "{all}"
        );
        let (status, _) = app.send(Method::GET, "/inbox?outcome=spam", None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

#[test]
fn a_merchant_whom_the_time_does_not_suit_is_on_the_inbox_until_it_moves() {
    on_sqlite_with(
        |settings| settings.public_url = Some("https://merchant.example".to_owned()),
        |app| async move {
            app.import_small_fleet().await;
            app.arrange(&["T5"], "2026-12-10 02:00").await;
            app.work("notify").await;
            let link = links(&app, "announcement").await.pop().expect("a link");
            post(&app, &format!("{link}/wish"), "words=after+the+fair").await;
            assert!(page(&app, "/inbox").await.contains("after the fair"));
            assert!(!page(&app, "/inbox?outcome=noted").await.contains("after the fair"));
            app.post("/appointments/1/move", json!({"at": "2026-12-12 02:00", "reason": "the fair"})).await;
            assert!(!page(&app, "/inbox").await.contains("after the fair"));
        },
    );
}

#[test]
fn who_takes_no_mail_from_us_and_which_domain_is_paused_stands_on_a_page() {
    on_sqlite_with(
        |settings| settings.mail_domain_errors_max = 1,
        |app| async move {
            app.import_small_fleet().await;
            let quiet = page(&app, "/notices/sending").await;
            assert!(quiet.contains("No domain is paused."), "{quiet}");
            app.arrange(&["T5"], "2026-12-10 02:00").await;
            let (code, text) = (554, "5.7.1 your address has no good name".to_owned());
            let status = Some(EnhancedStatus { class: 5, subject: 7, detail: 1 });
            app.mail.answer_next_with(Delivery::Rejected { code, status, text });
            app.work("notify").await;
            app.arrange(&["T1"], "2026-12-10 02:00").await;
            app.mail
                .answer_next_with(Delivery::Deferred { code: Some(451), text: "4.3.2 not now".to_owned() });
            app.work("notify").await;
            let page = page(&app, "/notices/sending").await;
            for words in [
                "harbour-bakery.example",
                "554 5.7.1 your address has no good name",
                "noodles.example",
                "451 4.3.2 not now",
            ] {
                assert!(page.contains(words), "{words}: {page}");
            }
            assert!(!page.contains("No domain is paused."), "{page}");
        },
    );
}

#[test]
fn a_merchants_page_says_when_it_is_reminded() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let default = page(&app, "/merchants/M2").await;
        assert!(default.contains("24 h, 60 min") && default.contains("as the settings say"), "{default}");
        app.post("/merchants/M2/reminders", json!({"before": "2880"})).await;
        let own = page(&app, "/merchants/M2").await;
        assert!(own.contains("2 days") && own.contains("its own") && own.contains("value=\"2880\""), "{own}");
        app.post("/merchants/M2/reminders", json!({"before": "none"})).await;
        assert!(page(&app, "/merchants/M2").await.contains("none <small>its own"));
    });
}
