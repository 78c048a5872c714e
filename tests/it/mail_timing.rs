//! When mails leave: reminders, as a merchant wants them; several changes in one mail; nothing later than it is of use.

use chrono::{DateTime, TimeDelta, Utc};
use offpeak::config::Settings;
use serde_json::{Value, json};

use crate::mail_misbehaving::{Server, relays};
use crate::support::{TestApp, instant, on_each_database, postgres_url, run};

const START: &str = "2026-12-10T02:00:00Z";

fn on_each(adjust: impl Fn(&mut Settings), test: impl AsyncFn(TestApp)) {
    for url in [None, Some(postgres_url())] {
        run(test(TestApp::new(url, &adjust)));
    }
}

/// When reminders that are queued leave.
async fn reminders(app: &TestApp) -> Vec<DateTime<Utc>> {
    let mut at: Vec<DateTime<Utc>> = app
        .notices("queued")
        .await
        .iter()
        .filter(|row| row["kind"] == "reminder")
        .map(|row| instant(row["send_after"].as_str().unwrap()))
        .collect();
    at.sort();
    at
}

fn before(minutes: i64) -> DateTime<Utc> {
    instant(START) - TimeDelta::minutes(minutes)
}

async fn kinds_sent(app: &TestApp) -> Vec<String> {
    let mut sent = app.notices("accepted").await;
    sent.sort_by_key(|row| row["id"].as_i64());
    sent.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_visit_is_reminded_of_a_day_and_an_hour_before() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T5", "T6"], "2026-12-10 02:00").await;
        assert_eq!(reminders(&app).await, [before(1440), before(60)]);
        app.work("notify").await;
        app.clock.set(before(1440));
        assert_eq!(app.work("notify").await, json!({"accepted": 1}));
        assert_eq!(reminders(&app).await, [before(60)], "the second does not come along with the first");
        app.clock.set(before(60));
        assert_eq!(app.work("notify").await, json!({"accepted": 1}));
        assert_eq!(kinds_sent(&app).await, ["announcement", "reminder", "reminder"]);
        let ids: std::collections::HashSet<String> =
            app.mail.accepted().into_iter().map(|mail| mail.message_id).collect();
        assert_eq!(ids.len(), 3);
    });
}

#[test]
fn two_reminders_that_are_both_due_are_one() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T5"], "2026-12-10 02:00").await;
        app.work("notify").await;
        // Nobody sent anything for a day.
        app.clock.set(before(30));
        let counts = app.work("notify").await;
        assert_eq!(counts["accepted"], 1, "{counts}");
        assert_eq!(kinds_sent(&app).await, ["announcement", "reminder"]);
    });
}

#[test]
fn quiet_hours_do_not_bring_two_reminders_at_once() {
    let adjust = |settings: &mut Settings| {
        settings.quiet_hours = "21:00-08:00".parse().unwrap();
        settings.reminder_lead_minutes = "1440, 120, 60".parse().unwrap();
    };
    on_each(adjust, async |app| {
        app.import_small_fleet().await;
        app.arrange(&["T5"], "2026-12-10 02:00").await;
        // London keeps UTC in December: the day before at eight, and the evening before.
        assert_eq!(reminders(&app).await, [instant("2026-12-09T08:00:00Z"), instant("2026-12-09T20:59:00Z")]);
    });
}

#[test]
fn a_merchant_is_reminded_as_it_wants() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T1"], "2026-12-10 02:00").await;
        app.arrange(&["T5"], "2026-12-10 02:00").await;
        assert_eq!(reminders(&app).await.len(), 4);
        let now: Value = app.get("/merchants/M2/reminders").await;
        assert_eq!(now, json!({"before": "1440, 60", "is_own": false, "declined": false}));
        let answer =
            app.post("/merchants/M2/reminders", json!({"before": "30,2880", "reason": "asked for it"})).await;
        assert_eq!(answer, json!({"before": "2880, 30", "is_own": true, "declined": false}));
        let at = reminders(&app).await;
        assert!(at.contains(&before(2880)) && at.contains(&before(30)) && at.len() == 4, "{at:?}");
        // One that was sent is not sent again, whatever is wanted later.
        app.clock.set(before(2880));
        app.work("notify").await;
        app.post("/merchants/M2/reminders", json!({"before": "2880, 60"})).await;
        app.work("notify").await;
        let sent = kinds_sent(&app).await.iter().filter(|kind| *kind == "reminder").count();
        assert_eq!(sent, 1);
        assert!(reminders(&app).await.contains(&before(60)));
        // What comes later knows it too.
        app.post("/merchants/M2/reminders", json!({"before": "none"})).await;
        app.arrange(&["T6"], "2026-12-15 02:00").await;
        let of_m2 = app.notices("queued").await;
        let of_m2 = of_m2.iter().filter(|row| row["merchant_number"] == "M2" && row["kind"] == "reminder");
        assert_eq!(of_m2.count(), 0);
        app.post("/merchants/M2/reminders", json!({})).await;
        let of_m2 = app.notices("queued").await;
        let of_m2 = of_m2.iter().filter(|row| row["merchant_number"] == "M2" && row["kind"] == "reminder");
        assert_eq!(of_m2.count(), 4, "of both nights again");
        let trail = app.get("/audit?q=merchant.reminders").await;
        assert_eq!(trail["items"].as_array().unwrap().len(), 4);
        let (status, problem) = app.try_post("/merchants/M2/reminders", json!({"before": "1h"})).await;
        assert!(status == 422 || status == 400, "{status}");
        assert!(problem.to_string().contains("1440, 60"), "{problem}");
        let (status, _) = app.try_post("/merchants/M9/reminders", json!({"before": "60"})).await;
        assert_eq!(status, 404);
    });
}

/// A till of which its merchant has been told, and a minute that passes between changes.
async fn announced(app: &TestApp) -> i64 {
    app.import_small_fleet().await;
    let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
    app.work("notify").await;
    assert_eq!(kinds_sent(app).await, ["announcement"]);
    id
}

async fn move_to(app: &TestApp, id: i64, at: &str) {
    app.post(&format!("/appointments/{id}/move"), json!({"at": at, "reason": "the crew"})).await;
    app.work("notify").await;
}

#[test]
fn several_changes_are_one_mail() {
    on_each(
        |settings| settings.change_settle_minutes = 10,
        async |app| {
            let id = announced(&app).await;
            for at in [
                "2026-12-10 02:30",
                "2026-12-10 03:00",
                "2026-12-10 03:30",
                "2026-12-10 01:30",
                "2026-12-10 04:00",
            ] {
                move_to(&app, id, at).await;
                app.clock.set(app.clock.now() + TimeDelta::minutes(1));
            }
            app.clock.set(app.clock.now() + TimeDelta::minutes(4));
            assert_eq!(app.work("notify").await, json!({}), "nine minutes after the first change");
            app.clock.set(app.clock.now() + TimeDelta::minutes(1));
            assert_eq!(app.work("notify").await, json!({"accepted": 1}), "ten, whatever came after");
            assert_eq!(kinds_sent(&app).await, ["announcement", "moved"]);
            let mail = app.mail.accepted().pop().unwrap();
            let read = offpeak::mail::reader::read(&mail.bytes).unwrap();
            assert!(
                read.text.contains("04:00") && read.text.contains("02:00"),
                "from where it was to where it is: {}",
                read.text
            );
            assert!(!read.text.contains("03:30") && !read.text.contains("01:30"), "{}", read.text);
            app.clock.set(app.clock.now() + TimeDelta::hours(1));
            assert_eq!(app.work("notify").await, json!({}), "and no other");
        },
    );
}

#[test]
fn a_change_that_is_taken_back_in_time_is_not_told_as_a_move_elsewhere() {
    on_each(
        |settings| settings.change_settle_minutes = 10,
        async |app| {
            let id = announced(&app).await;
            move_to(&app, id, "2026-12-10 03:00").await;
            app.post(&format!("/appointments/{id}/cancel"), json!({"reason": "not needed"})).await;
            app.work("notify").await;
            app.clock.set(app.clock.now() + TimeDelta::minutes(10));
            app.work("notify").await;
            assert_eq!(kinds_sent(&app).await, ["announcement", "cancelled"]);
        },
    );
}

#[test]
fn a_change_waits_for_no_other_where_time_is_short() {
    let adjust = |settings: &mut Settings| {
        settings.change_settle_minutes = 60;
        settings.notice_lead_minutes = 4320;
    };
    on_each(adjust, async |app| {
        let id = announced(&app).await;
        // The new time needs the announcement within half an hour from now.
        app.set_time("2026-12-07T01:30:00Z");
        app.post(
            &format!("/appointments/{id}/move"),
            json!({"at": "2026-12-10 03:00", "reason": "the crew"}),
        )
        .await;
        assert_eq!(app.work("notify").await["accepted"], 1);
        assert_eq!(kinds_sent(&app).await, ["announcement", "moved"]);
    });
}

#[test]
fn an_announcement_leaves_a_week_ahead_and_never_later_than_its_lead() {
    let adjust = |settings: &mut Settings| {
        settings.announce_ahead_minutes = 7 * 1440;
        settings.quiet_hours = "21:00-08:00".parse().unwrap();
    };
    on_each(adjust, async |app| {
        app.import_small_fleet().await;
        for (serial, at) in [("T5", "2026-12-24 02:00"), ("T6", "2026-12-05 02:00")] {
            app.arrange(&[serial], at).await;
        }
        let queued = app.notices("queued").await;
        let mut leaves: Vec<(DateTime<Utc>, &str)> = queued
            .iter()
            .filter(|row| row["kind"] == "announcement")
            .map(|row| (instant(row["send_after"].as_str().unwrap()), row["night"].as_str().unwrap()))
            .collect();
        leaves.sort_unstable();
        // A week before would be two at night: in the morning. The near one leaves at once.
        assert_eq!(
            leaves,
            [(app.clock.now(), "2026-12-04"), (instant("2026-12-17T08:00:00Z"), "2026-12-23")]
        );
        // A change before the first mail is folded into it.
        let far = app.get("/appointments?limit=10").await["items"].clone();
        let far =
            far.as_array().unwrap().iter().find(|row| row["serial"] == "T5").unwrap()["id"].as_i64().unwrap();
        app.post(
            &format!("/appointments/{far}/move"),
            json!({"at": "2026-12-25 02:00", "reason": "the crew"}),
        )
        .await;
        app.set_time("2026-12-18T08:00:00Z");
        app.work("notify").await;
        let sent: Vec<Value> = app.notices("accepted").await;
        let of_far: Vec<&str> = sent
            .iter()
            .filter(|row| row["night"].as_str().unwrap() >= "2026-12-20")
            .map(|row| row["kind"].as_str().unwrap())
            .collect();
        assert_eq!(of_far, ["announcement"]);
    });
}

/// The till that begins at two and the one that begins at half past four; no mail left before the first had begun.
async fn begun(app: &TestApp) -> (i64, i64) {
    app.import_small_fleet().await;
    let early = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
    let late = app.arrange(&["T6"], "2026-12-10 04:30").await[0];
    app.clock.set(instant("2026-12-10T02:10:00Z"));
    (early, late)
}

#[test]
fn what_is_to_come_of_a_visit_that_has_begun_is_announced() {
    let adjust = |settings: &mut Settings| settings.notice_lead_minutes = 60;
    on_each(adjust, async |app| {
        let (early, late) = begun(&app).await;
        assert_eq!(app.work("notify").await["accepted"], 1);
        let mail = app.mail.accepted().pop().unwrap();
        let text = String::from_utf8_lossy(&mail.bytes).into_owned();
        assert!(text.contains("04:30") && !text.contains("02:00"), "{text}");
        assert_eq!(app.appointment(early).await["state"], "planned", "nothing was said of it");
        // So the second one goes down with notice, and the first one not at all.
        app.clock.set(instant("2026-12-10T04:30:00Z"));
        app.work("dispatch").await;
        assert_eq!(app.appointment(late).await["state"], "open");
        // And nobody hears of the end of the first.
        app.clock.set(instant("2026-12-10T09:00:00Z"));
        app.work("watch").await;
        app.work("notify").await;
        assert_eq!(app.appointment(early).await["state"], "missed");
        assert_eq!(kinds_sent(&app).await, ["announcement", "missed"]);
        let mail = app.mail.accepted().pop().unwrap();
        let text = String::from_utf8_lossy(&mail.bytes).into_owned();
        assert!(text.contains("04:30") && !text.contains("02:00"), "{text}");
    });
}

#[test]
fn where_what_was_told_is_done_nobody_hears_of_what_was_not() {
    on_each(
        |settings| settings.notice_lead_minutes = 60,
        async |app| {
            let (early, late) = begun(&app).await;
            app.work("notify").await;
            app.clock.set(instant("2026-12-10T04:30:00Z"));
            app.work("dispatch").await;
            app.post(&format!("/appointments/{late}/outcome"), json!({"outcome": "done"})).await;
            app.clock.set(instant("2026-12-10T09:00:00Z"));
            app.work("watch").await;
            app.work("notify").await;
            assert_eq!(app.appointment(early).await["state"], "missed");
            assert!(!kinds_sent(&app).await.contains(&"missed".to_owned()));
        },
    );
}

#[test]
fn another_attempt_at_what_is_to_come_sends_the_same_mail() {
    let server = Server::start(&[]);
    for url in [None, Some(postgres_url())] {
        let app =
            TestApp::over(url, relays(vec![server.smtp()]), |settings| settings.notice_lead_minutes = 60);
        run(async {
            begun(&app).await;
            app.post("/merchants/M2/address", json!({"email": "bakery@later.example"})).await;
            let mut seen = Vec::new();
            for minute in [10, 15, 22, 35] {
                app.clock.set(instant(START) + TimeDelta::minutes(minute));
                app.work("notify").await;
                let rows = app.get("/notices?kind=announcement&limit=100").await["items"].clone();
                let rows = rows.as_array().unwrap().clone();
                seen.extend(rows.into_iter().filter(|row| row["state"] == "deferred"));
            }
            assert!(seen.len() >= 3, "{seen:?}");
            assert!(seen.iter().all(|row| row["id"] == seen[0]["id"]), "one notice, one mail: {seen:?}");
        });
    }
}

#[test]
fn what_is_called_off_is_what_the_merchant_knows_of() {
    on_each(
        |settings| settings.change_settle_minutes = 10,
        async |app| {
            let id = announced(&app).await;
            move_to(&app, id, "2026-12-14 03:00").await;
            app.post(&format!("/appointments/{id}/cancel"), json!({"reason": "no need"})).await;
            app.clock.set(app.clock.now() + TimeDelta::minutes(15));
            app.work("notify").await;
            assert_eq!(kinds_sent(&app).await.last().unwrap(), "cancelled");
            let mail = app.mail.accepted().pop().unwrap();
            let read = offpeak::mail::reader::read(&mail.bytes).unwrap();
            let calendar = String::from_utf8_lossy(&read.attachments[0].content).into_owned();
            assert!(calendar.contains("DTSTART:20261210T02") && !calendar.contains("20261214"), "{calendar}");
            let text = read.subject + &read.text;
            assert!(
                text.contains("10 Dec") && text.contains("20261209") && !text.contains("14 Dec"),
                "{text}"
            );
        },
    );
}

#[test]
fn what_has_grown_before_it_changes_is_told_from_where_the_merchant_knows_it() {
    on_each(
        |settings| settings.change_settle_minutes = 10,
        async |app| {
            app.import_small_fleet().await;
            app.arrange(&["T5"], "2026-12-10 02:00").await;
            app.work("notify").await;
            // One more comes, and goes again: nothing has changed.
            let more = app.arrange(&["T6"], "2026-12-10 04:00").await[0];
            app.post(&format!("/appointments/{more}/cancel"), json!({"reason": "no need"})).await;
            app.clock.set(app.clock.now() + TimeDelta::minutes(15));
            app.work("notify").await;
            let mail = app.mail.accepted().pop().unwrap();
            let read = offpeak::mail::reader::read(&mail.bytes).unwrap();
            let text = read.subject + &read.text;
            assert!(text.contains("Same hours") && !text.contains("04:"), "{text}");
        },
    );
}

#[test]
fn one_of_two_that_moves_twice_before_that_is_told_is_told_as_moved() {
    on_each(
        |settings| settings.change_settle_minutes = 10,
        async |app| {
            app.import_small_fleet().await;
            let two = app.arrange(&["T5", "T6"], "2026-12-10 02:00").await;
            app.work("notify").await;
            move_to(&app, two[0], "2026-12-11 02:00").await;
            move_to(&app, two[0], "2026-12-12 02:00").await;
            app.clock.set(app.clock.now() + TimeDelta::minutes(15));
            app.work("notify").await;
            let texts: Vec<String> = app
                .mail
                .accepted()
                .into_iter()
                .map(|mail| {
                    let read = offpeak::mail::reader::read(&mail.bytes).unwrap();
                    read.subject + &read.text
                })
                .collect();
            let moved = texts.iter().find(|text| text.contains("12 Dec")).expect("where it went is told");
            assert!(
                moved.contains("New time") && moved.contains("10 December") && !moved.contains("11 Dec"),
                "{moved}"
            );
        },
    );
}
