//! Merchants who are not told: seen in good time, and every way out.

use axum::http::StatusCode;
use chrono::TimeDelta;
use offpeak::mail::transport::Delivery;
use serde_json::{Value, json};

use crate::support::{TestApp, instant, on_each_database};

fn no_such_user() -> Delivery {
    let status = "5.1.1".parse().ok();
    Delivery::Rejected { code: 550, status, text: "5.1.1 no such user".to_owned() }
}

async fn unreached(app: &TestApp) -> Vec<Value> {
    app.get("/unreached").await.as_array().unwrap().clone()
}

/// A till whose announcement was refused: there is no such address.
async fn refused(app: &TestApp) -> i64 {
    app.import_small_fleet().await;
    let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
    app.mail.answer_next_with(no_such_user());
    assert_eq!(app.work("notify").await, json!({"failed": 1}));
    id
}

async fn opens(app: &TestApp, id: i64) -> bool {
    app.set_time("2026-12-10T02:00:00Z");
    app.work("dispatch").await;
    app.appointment(id).await["state"] == "open"
}

#[test]
fn a_refusal_is_on_the_list_at_once_and_nothing_more_is_sent_there() {
    on_each_database(|app| async move {
        let id = refused(&app).await;
        let list = unreached(&app).await;
        assert_eq!(list.len(), 1);
        assert_eq!((&list[0]["reason"], &list[0]["merchant_number"]), (&json!("refused"), &json!("M2")));
        assert!(list[0]["detail"].as_str().unwrap().contains("no such user"), "{list:?}");
        assert_eq!(list[0]["appointments"], json!([id]));
        // Other work at the same merchant: not even tried.
        app.arrange(&["T6"], "2026-12-12 02:00").await;
        assert_eq!(app.work("notify").await, json!({"closed": 1}));
        assert_eq!(unreached(&app).await.len(), 2);
        assert!(!opens(&app, id).await);
    });
}

#[test]
fn what_nobody_has_accepted_is_on_the_list_before_it_is_too_late() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T5"], "2026-12-10 02:00").await;
        assert!(unreached(&app).await.is_empty(), "there is time");
        // Three days' lead, and a day to do something about it.
        app.set_time("2026-12-06T03:00:00Z");
        assert_eq!(unreached(&app).await[0]["reason"], "not_accepted_yet");
        app.work("notify").await;
        assert!(unreached(&app).await.is_empty());
    });
}

#[test]
fn another_address_gets_the_announcement() {
    on_each_database(|app| async move {
        let id = refused(&app).await;
        let change = json!({"email": "new@harbour-bakery.example", "reason": "by telephone"});
        let (status, _) = app.try_post("/merchants/M2/address", change.clone()).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(app.work("notify").await["accepted"], 1);
        assert_eq!(app.notices("accepted").await[0]["recipient"], "new@harbour-bakery.example");
        assert!(unreached(&app).await.is_empty());
        assert_eq!(app.try_post("/merchants/M2/address", change).await.0, StatusCode::CONFLICT);
        let wrong = json!({"email": "new@@x"});
        assert_eq!(app.try_post("/merchants/M2/address", wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(opens(&app, id).await);
    });
}

#[test]
fn a_call_counts_if_it_came_in_time() {
    on_each_database(|app| async move {
        let id = refused(&app).await;
        let visit = unreached(&app).await[0]["visit"].clone();
        let path = format!("/visits/{visit}/told");
        assert_eq!(app.try_post(&path, json!({"who": " "})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(app.try_post(&path, json!({"who": "Ms Baker"})).await.0, StatusCode::NO_CONTENT);
        assert_eq!(app.try_post(&path, json!({"who": "Ms Baker"})).await.0, StatusCode::CONFLICT);
        assert!(unreached(&app).await.is_empty());
        assert!(opens(&app, id).await);
    });
    on_each_database(|app| async move {
        let id = refused(&app).await;
        app.set_time("2026-12-09T12:00:00Z");
        let visit = unreached(&app).await[0]["visit"].clone();
        app.try_post(&format!("/visits/{visit}/told"), json!({"who": "Ms Baker"})).await;
        assert!(!opens(&app, id).await, "three days before was promised");
    });
}

#[test]
fn who_goes_on_all_the_same_says_why() {
    on_each_database(|app| async move {
        let id = refused(&app).await;
        let visit = unreached(&app).await[0]["visit"].clone();
        let path = format!("/visits/{visit}/override");
        assert_eq!(app.try_post(&path, json!({})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        let because = json!({"reason": "the shop has closed for good"});
        assert_eq!(app.try_post(&path, because).await.0, StatusCode::NO_CONTENT);
        let trail = app.get("/audit?limit=5").await["items"].clone();
        assert_eq!(trail[0]["action"], "visit.override");
        assert_eq!(trail[0]["reason"], "the shop has closed for good");
        assert!(opens(&app, id).await);
    });
}

#[test]
fn a_failed_notice_is_tried_again_by_hand() {
    on_each_database(|app| async move {
        let id = refused(&app).await;
        let failed = app.notices("failed").await[0].clone();
        let path = format!("/notices/{}/retry", failed["id"]);
        assert_eq!(app.try_post(&path, json!({})).await.0, StatusCode::OK);
        assert_eq!(app.work("notify").await["accepted"], 1);
        let accepted = app.notices("accepted").await[0].clone();
        assert_eq!(accepted["message_id"], failed["message_id"], "it is the same mail");
        assert_eq!(app.try_post(&path, json!({})).await.0, StatusCode::CONFLICT);
        assert!(opens(&app, id).await);
    });
}

#[test]
fn whom_no_mail_can_reach_is_on_the_list_however_far_ahead() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        // Months before the announcement is due.
        let id = app.arrange(&["T5"], "2027-01-31 02:00").await[0];
        app.arrange(&["T1"], "2027-01-31 02:00").await;
        assert_eq!(app.work("notify").await, json!({}));
        assert!(unreached(&app).await.is_empty());

        app.sql("INSERT INTO suppression (address, reason, since) VALUES ('owner@harbour-bakery.example', 'gone', 0)");
        app.sql("UPDATE merchant SET email = 'Owner@Harbour-Bakery.example' WHERE number = 'M2'");
        let list = unreached(&app).await;
        assert_eq!(list.len(), 1);
        assert_eq!((&list[0]["reason"], &list[0]["detail"]), (&json!("suppressed"), &json!("gone")));
        assert_eq!(list[0]["appointments"], json!([id]));

        app.sql("UPDATE merchant SET email = NULL WHERE number = 'M2'");
        assert_eq!(unreached(&app).await[0]["reason"], "no_address");

        // Another time is a way out too: it stays on the list where it moves to.
        app.post(&format!("/appointments/{id}/move"), json!({"at": "2027-02-01 02:00"})).await;
        assert_eq!(unreached(&app).await[0]["starts_at"], "2027-02-01T02:00:00Z");
        let change = json!({"email": "new@harbour-bakery.example"});
        app.try_post("/merchants/M2/address", change).await;
        assert!(unreached(&app).await.is_empty(), "there is time again");
    });
}

#[test]
fn who_is_told_too_late_stays_on_the_list_until_somebody_decides() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        let lead = TimeDelta::minutes(i64::from(app.state.app().settings.notice_lead_minutes));
        // No mail left in time; then it is accepted.
        app.clock.set(instant("2026-12-10T02:00:00Z") - lead + TimeDelta::minutes(5));
        app.work("notify").await;
        assert_eq!(app.appointment(id).await["state"], "announced");
        let list = unreached(&app).await;
        assert_eq!((list.len(), &list[0]["reason"]), (1, &json!("told_too_late")), "{list:?}");
        assert_eq!(list[0]["appointments"], json!([id]));
        // A call of now comes too late as well; that somebody had called in time counts.
        let visit = &list[0]["visit"];
        let (status, _) = app.try_post(&format!("/visits/{visit}/told"), json!({"who": "Ms Wang"})).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(unreached(&app).await.len(), 1);
        app.post(&format!("/visits/{visit}/override"), json!({"reason": "she wants it all the same"})).await;
        assert!(unreached(&app).await.is_empty());
        app.clock.set(instant("2026-12-10T02:00:00Z"));
        app.work("dispatch").await;
        assert_eq!(app.appointment(id).await["state"], "open");
    });
}
