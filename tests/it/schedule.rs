//! What merchants are told as the schedule changes: one mail a merchant a night, nothing twice, nothing that is
//! no longer true, nothing left unsaid.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use offpeak::domain::ids::NoticeId;
use offpeak::mail::transport::Delivery;
use offpeak::service::dispatch;
use offpeak::service::notice::{Settlement, claim, settle};
use offpeak::service::{Actor, Error};
use offpeak::worker::Loop;
use serde_json::{Value, json};

use crate::support::{TestApp, instant, on_each_database, on_sqlite};

/// The value of a calendar file's property.
fn property(calendar: &Value, name: &str) -> String {
    let text = calendar.as_str().unwrap().replace("\r\n ", "");
    let found = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:")).map(str::to_owned));
    found.unwrap_or_else(|| panic!("no {name} in {text}"))
}

async fn message(app: &TestApp, notice: &Value) -> Value {
    app.get(&format!("/notices/{}/message", notice["id"])).await
}

fn kinds(notices: &[Value]) -> Vec<&str> {
    notices.iter().map(|notice| notice["kind"].as_str().unwrap()).collect()
}

async fn move_to(app: &TestApp, id: i64, at: &str) -> Value {
    app.post(&format!("/appointments/{id}/move"), json!({"at": at, "reason": "a delivery"})).await
}

async fn cancel(app: &TestApp, id: i64) -> Value {
    app.post(&format!("/appointments/{id}/cancel"), json!({"reason": "not needed"})).await
}

fn deferred() -> Delivery {
    Delivery::Deferred { code: Some(451), text: "4.7.1 try again".to_owned() }
}

#[test]
fn two_sites_of_a_night_are_one_mail_and_changes_before_it_are_folded_in() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let first = app.arrange(&["T1"], "2026-12-10 02:00").await[0];
        app.arrange(&["T4"], "2026-12-10 02:00").await;
        move_to(&app, first, "2026-12-10 03:00").await;
        app.work("notify").await;
        let accepted = app.notices("accepted").await;
        assert_eq!(kinds(&accepted), ["announcement"]);
        assert_eq!(app.mail.accepted().len(), 1);
        let mail = message(&app, &accepted[0]).await;
        let text = mail["text"].as_str().unwrap();
        assert!(text.contains("03:00") && text.contains("02:00"), "{text}");
        assert_eq!(mail["calendars"].as_array().unwrap().len(), 2);
        for calendar in mail["calendars"].as_array().unwrap() {
            assert_eq!(property(calendar, "SEQUENCE"), "0");
            assert_eq!(property(calendar, "METHOD"), "REQUEST");
        }
        assert_eq!(app.appointment(first).await["state"], "announced");
    });
}

#[test]
fn a_move_after_the_mail_is_told_once_with_where_it_stood_first() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        app.work("notify").await;
        let first = message(&app, &app.notices("accepted").await[0]).await;
        // Twice before the worker runs.
        move_to(&app, id, "2026-12-11 02:00").await;
        let moved = move_to(&app, id, "2026-12-12 03:15").await;
        assert_eq!(moved["state"], "planned");
        assert_eq!(moved["announced_at"], Value::Null);
        app.work("notify").await;
        let accepted = app.notices("accepted").await;
        assert_eq!(kinds(&accepted), ["announcement", "moved"]);
        let second = message(&app, &accepted[1]).await;
        let text = second["text"].as_str().unwrap();
        assert!(text.contains("10 December") && text.contains("12 December"), "{text}");
        assert!(!text.contains("11 December") && text.contains("a delivery"), "{text}");
        let (before, after) = (&first["calendars"][0], &second["calendars"][0]);
        assert_eq!(property(before, "UID"), property(after, "UID"));
        // Two moves, one mail: the number rises with each, so that no answer to the place between is taken for one to this.
        assert_eq!((property(before, "SEQUENCE"), property(after, "SEQUENCE")), ("0".into(), "2".into()));
        assert_eq!(app.appointment(id).await["state"], "announced");
        // Where it stands already: nothing happens, nobody is told.
        let again = move_to(&app, id, "2026-12-12 03:15").await;
        assert_eq!(again["state"], "announced");
        app.work("notify").await;
        assert_eq!(app.mail.accepted().len(), 2);
    });
}

#[test]
fn a_visit_that_splits_before_the_mail_is_announced_where_its_parts_stand() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let ids = app.arrange(&["T1", "T2"], "2026-12-10 02:00").await;
        move_to(&app, ids[1], "2026-12-14 03:00").await;
        app.work("notify").await;
        let accepted = app.notices("accepted").await;
        assert_eq!(kinds(&accepted), ["announcement", "announcement"]);
        let starts: BTreeSet<String> =
            [&accepted[0], &accepted[1]].map(|notice| notice["night"].as_str().unwrap().to_owned()).into();
        assert_eq!(starts, BTreeSet::from(["2026-12-09".to_owned(), "2026-12-13".to_owned()]));
        for notice in &accepted {
            let calendar = message(&app, notice).await["calendars"][0].clone();
            // 02:00 and 03:00 in Shanghai.
            let expected =
                if notice["night"] == "2026-12-09" { "20261209T180000Z" } else { "20261213T190000Z" };
            assert_eq!(property(&calendar, "DTSTART"), expected);
        }
        for id in ids {
            assert_eq!(app.appointment(id).await["state"], "announced");
        }
    });
}

#[test]
fn what_leaves_a_visit_after_the_mail_is_told_with_both_nights() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let ids = app.arrange(&["T1", "T2"], "2026-12-10 02:00").await;
        app.arrange(&["T3"], "2026-12-14 02:00").await;
        app.work("notify").await;
        // Both go, one by one, into a night that has a visit: the first night's calendar entry must go.
        for id in &ids {
            move_to(&app, *id, "2026-12-14 03:00").await;
        }
        app.work("notify").await;
        let accepted = app.notices("accepted").await;
        assert_eq!(kinds(&accepted), ["announcement", "announcement", "cancelled", "moved"]);
        let gone = message(&app, &accepted[2]).await;
        assert_eq!(property(&gone["calendars"][0], "METHOD"), "CANCEL");
        let moved = message(&app, &accepted[3]).await;
        let text = moved["text"].as_str().unwrap();
        assert!(["Till 1", "Till 2", "Till 3"].iter().all(|label| text.contains(label)), "{text}");
        for id in ids {
            assert_eq!(app.appointment(id).await["state"], "announced");
        }
    });
}

#[test]
fn a_moved_mail_names_the_time_that_the_merchant_was_told() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        let ids = app.arrange(&["T1", "T2"], "2026-12-10 02:00").await;
        app.work("notify").await;
        // Within the night first, then away from it, before the worker runs: nobody has heard of 03:15.
        move_to(&app, ids[1], "2026-12-10 03:15").await;
        move_to(&app, ids[1], "2026-12-14 02:30").await;
        app.work("notify").await;
        for notice in app.notices("accepted").await.iter().skip(1) {
            let text = message(&app, notice).await["text"].as_str().unwrap().to_owned();
            assert!(!text.contains("03:15"), "{text}");
        }
        let moved = app.notices("accepted").await;
        let away = moved.iter().find(|notice| notice["night"] == "2026-12-13").unwrap();
        let text = message(&app, away).await["text"].as_str().unwrap().to_owned();
        assert!(text.contains("02:00"), "{text}");
    });
}

#[test]
fn called_off_after_the_mail_is_told_and_before_it_is_not() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let told = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        app.work("notify").await;
        let untold = app.arrange(&["T1"], "2026-12-10 02:00").await[0];
        cancel(&app, untold).await;
        assert_eq!(cancel(&app, told).await["state"], "cancelled");
        app.work("notify").await;
        let accepted = app.notices("accepted").await;
        assert_eq!(kinds(&accepted), ["announcement", "cancelled"]);
        let mail = message(&app, &accepted[1]).await;
        assert_eq!(property(&mail["calendars"][0], "METHOD"), "CANCEL");
        assert_eq!(property(&mail["calendars"][0], "STATUS"), "CANCELLED");
        assert_eq!(property(&mail["calendars"][0], "SEQUENCE"), "1");
        assert!(app.notices("queued").await.is_empty(), "no reminder of what does not come");
        let (status, _) = app.try_post(&format!("/appointments/{told}/cancel"), json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT);

        // The same night again: the visit comes back, later in its sequence than its end.
        app.arrange(&["T5"], "2026-12-10 03:00").await;
        app.work("notify").await;
        let accepted = app.notices("accepted").await;
        assert_eq!(kinds(&accepted), ["announcement", "cancelled", "announcement"]);
        let revived = message(&app, &accepted[2]).await;
        assert_eq!(property(&revived["calendars"][0], "SEQUENCE"), "2");
        assert_eq!(
            property(&revived["calendars"][0], "UID"),
            property(&mail["calendars"][0], "UID"),
            "a site's night has one calendar entry"
        );
        assert!(!revived["text"].as_str().unwrap().contains("02:00"), "{revived}");
    });
}

#[test]
fn what_is_called_off_late_in_the_night_is_told_though_other_work_is_done() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let done = app.arrange(&["T1"], "2026-12-10 01:00").await[0];
        let running = app.arrange(&["T2"], "2026-12-10 01:30").await[0];
        let late = app.arrange(&["T3"], "2026-12-10 04:00").await[0];
        let later = app.arrange(&["T3"], "2026-12-10 04:30").await[0];
        app.work("notify").await;
        app.set_time("2026-12-09T17:00:00Z");
        app.work("dispatch").await;
        app.post(&format!("/appointments/{done}/outcome"), json!({"outcome": "done"})).await;
        app.set_time("2026-12-09T17:30:00Z");
        app.work("dispatch").await;
        assert_eq!(app.appointment(running).await["state"], "open");
        // While another terminal's work goes on, the mail says what remains.
        cancel(&app, later).await;
        assert_eq!(app.work("notify").await["accepted"], 1);
        let text = message(&app, app.notices("accepted").await.last().unwrap()).await["text"].clone();
        assert!(text.as_str().unwrap().contains("04:00"), "{text}");
        app.post(&format!("/appointments/{running}/outcome"), json!({"outcome": "done"})).await;
        cancel(&app, late).await;
        assert_eq!(app.work("notify").await["accepted"], 2);
        let [.., cancelled, completed] = &app.notices("accepted").await[..] else { panic!("two mails") };
        assert_eq!((&cancelled["kind"], &completed["kind"]), (&json!("cancelled"), &json!("completed")));
        assert!(message(&app, cancelled).await["text"].as_str().unwrap().contains("Till 3"));
        let text = message(&app, completed).await["text"].as_str().unwrap().to_owned();
        assert!(text.contains("Till 1") && text.contains("Till 2") && !text.contains("Till 3"), "{text}");
    });
}

#[test]
fn reminders_come_in_time_and_never_late() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let kept = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        let moved = app.arrange(&["T1"], "2026-12-10 02:00").await[0];
        app.work("notify").await;
        app.set_time("2026-12-05T09:00:00Z");
        move_to(&app, moved, "2026-12-20 02:00").await;
        app.work("notify").await;
        assert_eq!(app.mail.accepted().len(), 3);
        app.set_time("2026-12-09T01:59:00Z");
        assert_eq!(app.work("notify").await, json!({}));
        app.set_time("2026-12-09T02:00:00Z");
        assert_eq!(app.work("notify").await["accepted"], 1);
        let accepted = app.notices("accepted").await;
        assert_eq!(kinds(&accepted)[1..], ["reminder", "announcement", "moved"], "by number: {accepted:#?}");
        assert_eq!(accepted[1]["merchant_number"], "M2");
        assert_eq!(app.appointment(kept).await["state"], "announced");
        // Nobody sent the other until its visit had begun.
        app.set_time("2026-12-19T18:00:00Z");
        assert_eq!(app.work("notify").await["accepted"], Value::Null);
        assert_eq!(app.mail.accepted().len(), 4);
        let late = app.notices("superseded").await;
        assert!(late.iter().any(|notice| notice["kind"] == "reminder" && notice["night"] == "2026-12-19"));
    });
}

#[test]
fn an_announcement_that_comes_too_late_is_not_sent() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        app.set_time("2026-12-10T02:30:00Z");
        app.work("notify").await;
        assert!(app.mail.accepted().is_empty());
        assert_eq!(kinds(&app.notices("expired").await), ["announcement", "reminder", "reminder"]);
        assert_eq!(app.appointment(id).await["state"], "planned");
    });
}

#[test]
fn a_refusal_for_now_is_tried_again_with_the_same_bytes() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        app.mail.answer_next_with(deferred());
        app.mail.answer_next_with(Delivery::Unknown { text: "lost after DATA".to_owned() });
        assert_eq!(app.work("notify").await, json!({"deferred": 1}));
        let notice = app.notices("deferred").await[0].clone();
        assert!(notice["last_error"].as_str().unwrap().contains("451"), "{notice}");
        let raw = app.get(&format!("/notices/{}/raw", notice["id"])).await;
        assert_eq!(app.work("notify").await, json!({}), "not at once");
        app.set_time("2026-12-01T09:10:00Z");
        assert_eq!(app.work("notify").await, json!({"deferred": 1}));
        app.set_time("2026-12-01T10:10:00Z");
        assert_eq!(app.work("notify").await, json!({"accepted": 1}));
        let mail = app.mail.accepted().pop().unwrap();
        assert_eq!(json!(mail.message_id), notice["message_id"]);
        assert_eq!(raw.as_str().unwrap().as_bytes(), mail.bytes);
        assert_eq!(app.appointment(id).await["state"], "announced");
    });
}

#[test]
fn a_refusal_for_good_never_opens_the_appointment() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        let rejected = Delivery::Rejected { code: 550, status: None, text: "5.1.1 no such user".to_owned() };
        app.mail.answer_next_with(rejected);
        assert_eq!(app.work("notify").await, json!({"failed": 1}));
        assert_eq!(kinds(&app.notices("failed").await), ["announcement"]);
        app.set_time("2026-12-10T02:00:00Z");
        assert_eq!(app.work("dispatch").await, json!({"held": 1}));
        assert_eq!(app.appointment(id).await["state"], "planned");
        app.set_time("2026-12-10T03:31:00Z");
        assert_eq!(app.work("watch").await, json!({"missed": 1}));
    });
}

#[test]
fn a_mail_that_is_no_longer_true_is_not_tried_again() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        // One mail about two sites, refused for now; then one of the two moves away.
        let staying = app.arrange(&["T1"], "2026-12-10 02:00").await[0];
        let leaving = app.arrange(&["T4"], "2026-12-10 03:00").await[0];
        app.mail.answer_next_with(deferred());
        app.work("notify").await;
        move_to(&app, leaving, "2026-12-15 03:00").await;
        app.set_time("2026-12-01T11:00:00Z");
        app.work("notify").await;
        for id in [staying, leaving] {
            assert_eq!(app.appointment(id).await["state"], "announced");
        }
        let accepted = app.notices("accepted").await;
        assert_eq!(kinds(&accepted), ["moved", "announcement"]);
        let text = message(&app, &accepted[1]).await["text"].as_str().unwrap().to_owned();
        assert!(text.contains("02:00") && !text.contains("03:00"), "{text}");
    });
}

#[test]
fn a_worker_that_dies_with_a_claim_is_stood_in_for() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T5"], "2026-12-10 02:00").await;
        let (claimed, closed) = claim(app.state.app(), 10).unwrap();
        assert_eq!((claimed.len(), closed), (1, 0));
        assert_eq!(app.work("notify").await, json!({}), "the lease holds");
        app.clock.set(app.clock.now() + chrono::TimeDelta::minutes(11));
        assert_eq!(app.work("notify").await, json!({"accepted": 1}));
        let mail = app.mail.accepted().pop().unwrap();
        assert_eq!(mail.message_id, claimed[0].message_id);
        assert_eq!(mail.bytes, claimed[0].bytes);
        // The dead one wakes up: nothing is undone.
        settle(app.state.app(), claimed[0].claim, &Settlement::Deferred("451".to_owned())).unwrap();
        assert_eq!(app.notices("accepted").await.len(), 1);
    });
}

#[test]
fn a_visit_may_change_while_its_notice_is_claimed_but_not_in_words() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        // As a worker leaves it that dies between the claim and the words.
        app.sql("UPDATE notice SET state = 'sending', lease_until = 1 WHERE kind = 'announcement'");
        move_to(&app, id, "2026-12-11 02:00").await;
        app.work("notify").await;
        let accepted = app.notices("accepted").await;
        assert_eq!(kinds(&accepted), ["announcement"]);
        let calendar = message(&app, &accepted[0]).await["calendars"][0].clone();
        assert_eq!(property(&calendar, "DTSTART"), "20261211T020000Z");
        assert_eq!(app.appointment(id).await["state"], "announced");
    });
}

/// Fifty merchants with a shop each, and an announcement to each in the outbox.
async fn fifty_announcements(app: &TestApp) {
    let numbers: Vec<String> = (1..=50).map(|number| format!("{number:02}")).collect();
    let mut merchants = "number,name,locale,email\n".to_owned();
    let mut sites = "code,merchant_number,name,region,time_zone,opening_hours,traffic_profile\n".to_owned();
    let mut terminals = "serial,site_code,tid,mid,label,model,firmware,acquirer_host,volume\n".to_owned();
    for number in &numbers {
        merchants += &format!("M{number},Shop {number},en,shop{number}@shops.example\n");
        sites += &format!("S{number},M{number},Shop {number},west,UTC,Mon-Sun 09:00-20:00,grocery\n");
        terminals += &format!("T{number},S{number},{number},{number},Till,A920,1.0.0,host-a,5\n");
    }
    let files = [("merchants.csv", &*merchants), ("sites.csv", &sites), ("terminals.csv", &terminals)];
    let (status, report) = app.import(&files).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
    let serials: Vec<String> = numbers.iter().map(|number| format!("T{number}")).collect();
    let serials: Vec<&str> = serials.iter().map(String::as_str).collect();
    app.arrange(&serials, "2026-12-10 02:00").await;
}

#[test]
fn two_workers_at_once_send_nothing_twice() {
    on_each_database(|app| async move {
        fifty_announcements(&app).await;
        let run = || {
            let workers = app.state.workers().clone();
            tokio::spawn(async move { workers.run_once(Loop::Notify).await })
        };
        let (one, other) = (run(), run());
        one.await.unwrap().unwrap();
        other.await.unwrap().unwrap();
        let sent: Vec<String> = app.mail.accepted().into_iter().map(|mail| mail.message_id).collect();
        assert_eq!(sent.len(), 50);
        assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), 50);
        assert_eq!(
            app.get("/appointments?state=announced&limit=1000").await["items"].as_array().unwrap().len(),
            50
        );
    });
}

#[test]
fn no_notice_is_claimed_twice() {
    on_each_database(|app| async move {
        fifty_announcements(&app).await;
        let barrier = std::sync::Arc::new(std::sync::Barrier::new(8));
        let workers: Vec<_> = (0..8)
            .map(|_| {
                let (app, barrier) = (app.state.app().clone(), barrier.clone());
                std::thread::spawn(move || {
                    barrier.wait();
                    let mut claimed = Vec::new();
                    // Whoever finds all that is due in other hands comes back for what they leave.
                    for _ in 0..60 {
                        claimed.extend(claim(&app, 2).unwrap().0.into_iter().map(|notice| notice.claim.id));
                    }
                    claimed
                })
            })
            .collect();
        let claimed: Vec<NoticeId> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
        assert_eq!(claimed.iter().collect::<BTreeSet<_>>().len(), 50);
        assert_eq!(claimed.len(), 50, "one is claimed twice");
    });
}

#[test]
fn acceptance_never_announces_what_changed_at_the_same_moment() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        let (claimed, _) = claim(app.state.app(), 10).unwrap();
        let app_of_worker = app.state.app().clone();
        let notice = claimed[0].claim;
        during_a_change(&app, "UPDATE visit SET sequence = sequence + 1", move || {
            settle(&app_of_worker, notice, &Settlement::Accepted).unwrap();
        });
        assert_eq!(app.appointment(id).await["state"], "planned");
    });
}

#[test]
fn nothing_opens_that_was_moved_at_the_same_moment() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        app.work("notify").await;
        app.set_time("2026-12-10T02:00:00Z");
        let app_of_worker = app.state.app().clone();
        let later = instant("2026-12-11T02:00:00Z").timestamp_micros();
        let change = format!("UPDATE appointment SET starts_at = {later}, ends_at = {later} + 1");
        during_a_change(&app, &change, move || {
            dispatch::run(&app_of_worker, &Actor::worker("dispatch")).unwrap();
        });
        assert_eq!(app.appointment(id).await["state"], "announced");
    });
}

/// Runs `work` while another transaction holds the schedule, makes `change` to it and commits.
fn during_a_change(app: &TestApp, change: &str, work: impl FnOnce() + Send + 'static) {
    use diesel::connection::SimpleConnection;
    let database = &app.state.app().database;
    let worker = database
        .write_once(|connection| {
            connection.serialize_schedule()?;
            let worker = std::thread::spawn(work);
            std::thread::sleep(std::time::Duration::from_millis(300));
            connection.batch_execute(change)?;
            Ok::<_, Error>(worker)
        })
        .unwrap();
    worker.join().unwrap();
}
