//! Claims on mails: a worker that stood still between its steps does no harm when it goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use offpeak::db;
use offpeak::service::notice::{RefusedFor, Settlement, claim, give_back, settle};
use offpeak::service::{App, Error};
use offpeak::worker::Loop;
use serde_json::json;

use crate::support::{TestApp, on_each_database, postgres_url, run};

/// One announcement that is due.
async fn announcement(app: &TestApp) -> i64 {
    app.import_small_fleet().await;
    app.arrange(&["T5"], "2026-12-10 02:00").await[0]
}

fn later(app: &TestApp, time: chrono::TimeDelta) {
    app.clock.set(app.clock.now() + time);
}

async fn announcements(app: &TestApp, state: &str) -> usize {
    let list = app.get(&format!("/notices?state={state}&kind=announcement&limit=1000")).await;
    list["items"].as_array().unwrap().len()
}

async fn state(app: &TestApp) -> String {
    app.get("/notices?kind=announcement").await["items"][0]["state"].as_str().unwrap().to_owned()
}

#[test]
fn what_a_worker_guesses_counts_only_while_it_has_the_claim() {
    on_each_database(|app| async move {
        announcement(&app).await;
        let first = claim(app.state.app(), 10).unwrap().0.remove(0);
        later(&app, chrono::TimeDelta::minutes(11));
        let second = claim(app.state.app(), 10).unwrap().0.remove(0);
        assert_eq!((second.claim.id, second.claim.attempt), (first.claim.id, 2));
        assert_eq!((second.bytes, second.message_id), (first.bytes, first.message_id));
        for guess in [
            Settlement::Deferred("451".to_owned()),
            Settlement::Failed(RefusedFor::Other, "550".to_owned()),
            Settlement::Withheld,
        ] {
            assert_eq!(
                settle(app.state.app(), first.claim, &guess).unwrap().as_str(),
                "sending",
                "{guess:?}"
            );
        }
        give_back(app.state.app(), &[first.claim]).unwrap();
        assert_eq!(state(&app).await, "sending");
        assert_eq!(
            settle(app.state.app(), second.claim, &Settlement::Accepted).unwrap().as_str(),
            "accepted"
        );
    });
}

#[test]
fn acceptance_counts_whoever_hears_of_it() {
    on_each_database(|app| async move {
        let id = announcement(&app).await;
        let first = claim(app.state.app(), 10).unwrap().0.remove(0);
        later(&app, chrono::TimeDelta::minutes(11));
        let second = claim(app.state.app(), 10).unwrap().0.remove(0);
        settle(app.state.app(), first.claim, &Settlement::Accepted).unwrap();
        assert_eq!(app.appointment(id).await["state"], "announced");
        for late in
            [Settlement::Deferred("451".to_owned()), Settlement::Failed(RefusedFor::Other, "550".to_owned())]
        {
            assert_eq!(settle(app.state.app(), second.claim, &late).unwrap().as_str(), "accepted");
        }
        assert_eq!((state(&app).await.as_str(), app.work("notify").await), ("accepted", json!({})));
    });
}

#[test]
fn a_claim_that_was_overtaken_is_not_put_into_words() {
    on_each_database(|app| async move {
        announcement(&app).await;
        // Claimed by the row alone, as a worker has it that stands still before it finds words.
        app.sql("UPDATE notice SET state = 'sending', attempts = 1, lease_until = 0");
        let second = claim(app.state.app(), 10).unwrap().0.remove(0);
        assert_eq!(second.claim.attempt, 2);
        assert!(claim(app.state.app(), 10).unwrap().0.is_empty(), "nobody else has it");
    });
}

#[test]
fn a_worker_that_was_overtaken_between_claim_and_words_sends_nothing() {
    let app = TestApp::new(Some(postgres_url()), |_| {});
    run(async {
        announcement(&app).await;
        for overtaken in [true, false] {
            let claimed = std::thread::scope(|scope| {
                let (held, is_held) = mpsc::channel();
                let others = &app;
                scope.spawn(move || {
                    others.write(|connection| {
                        // Between the two no words can be found.
                        connection.serialize_schedule()?;
                        held.send(()).unwrap();
                        let patience = std::time::Instant::now() + Duration::from_secs(30);
                        while attempts(connection)? == 0 && std::time::Instant::now() < patience {
                            std::thread::sleep(Duration::from_millis(10));
                        }
                        if overtaken {
                            connection.batch_execute("UPDATE notice SET attempts = attempts + 1")?;
                        }
                        Ok(())
                    });
                });
                is_held.recv().unwrap();
                claim(app.state.app(), 10).unwrap().0
            });
            assert_eq!(claimed.len(), usize::from(!overtaken));
            app.sql("UPDATE notice SET state = 'queued', attempts = 0, lease_until = NULL");
        }
    });
}

/// Attempts at the one announcement, as others see them.
fn attempts(connection: &mut db::Connection) -> Result<i32, Error> {
    let row = db::notice::find(connection, 1)?;
    Ok(row.expect("the announcement").attempts)
}

#[test]
fn what_expires_while_a_worker_stands_still_is_not_sent() {
    on_each_database(|app| async move {
        announcement(&app).await;
        let clock = app.clock.clone();
        app.mail.before_the_next(move || clock.set("2026-12-10T02:30:00Z".parse().unwrap()));
        let counts = app.work("notify").await;
        assert!(counts["accepted"].is_null(), "{counts}");
        assert!(app.mail.accepted().is_empty());
        assert_eq!(state(&app).await, "expired");
    });
}

#[test]
fn what_somebody_else_may_have_by_now_is_not_sent() {
    for url in [None, Some(postgres_url())] {
        let app = TestApp::new(url, |settings| settings.claim_seconds = 2);
        run(async {
            announcement(&app).await;
            app.mail.before_the_next(|| std::thread::sleep(Duration::from_millis(2100)));
            let first = app.work("notify").await;
            assert_eq!(
                first["queued"], 1,
                "what was held for longer than its claim lasts goes back: {first}"
            );
            // The same pass may claim it anew, or leave it to the next.
            let sent_then = first["accepted"].as_u64().unwrap_or(0);
            assert_eq!(u64::try_from(app.mail.accepted().len()).unwrap(), sent_then, "{first}");
            let second = app.work("notify").await;
            assert_eq!(sent_then + second["accepted"].as_u64().unwrap_or(0), 1, "{first}, {second}");
            assert_eq!(app.mail.accepted().len(), 1);
        });
    }
}

#[test]
fn what_is_claimed_and_not_begun_is_given_back_when_a_replica_stops() {
    on_each_database(|first| async move {
        // One mail at a time: the others wait while it is held.
        let transport = offpeak::mail::transport::Transport::Memory(first.mail.clone());
        let app = TestApp::over(Some(first.database_url()), transport, |settings| {
            settings.mail_connections_max = 1
        });
        let mail = first.mail.clone();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        app.import_generated(120, 5).await;
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 15, "deadline_at": "2026-12-28T00:00:00Z"});
        app.post("/campaigns", campaign).await;
        let plan = app.plan(json!({})).await["id"].clone();
        app.post(&format!("/plans/{plan}/publish"), json!({})).await;
        let queued = announcements(&app, "queued").await;
        assert!(queued > 30, "{queued}");

        static HELD: AtomicBool = AtomicBool::new(true);
        HELD.store(true, Ordering::SeqCst);
        let (reached, has_reached) = mpsc::channel();
        mail.before_the_next(move || {
            reached.send(()).unwrap();
            while HELD.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let running = tokio::spawn(app.state.workers().clone().run_until(stopped));
        tokio::task::spawn_blocking(move || has_reached.recv().unwrap()).await.unwrap();
        stop.send(true).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        HELD.store(false, Ordering::SeqCst);
        running.await.unwrap();
        assert_eq!(announcements(&app, "sending").await, 0, "none waits for the end of a claim");
        let (accepted, queued_now) = (mail.accepted().len(), announcements(&app, "queued").await);
        assert!(accepted >= 1 && accepted < queued, "{accepted} of {queued}");
        assert_eq!((accepted, queued_now), (1, queued - 1));
        app.state.workers().run_once(Loop::Notify).await.unwrap();
        assert_eq!(announcements(&app, "queued").await, 0);
    });
}

/// Does `meanwhile` while another replica puts something into words for this merchant; says what it came to, and whether it
/// had before that replica was done.
fn while_locked<T: Send>(app: &App, merchant: i64, meanwhile: impl FnOnce() -> T + Send) -> (T, bool) {
    let (locked, is_locked) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let (done, is_done) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            app.database.write(|connection| {
                db::fleet::lock_merchants(connection, &[merchant])?;
                locked.send(()).unwrap();
                released.recv_timeout(Duration::from_secs(20)).unwrap();
                Ok::<_, Error>(())
            })
        });
        is_locked.recv().unwrap();
        scope.spawn(move || done.send(meanwhile()).unwrap());
        let early = is_done.recv_timeout(Duration::from_secs(2)).ok();
        release.send(()).unwrap();
        let waited = early.is_none();
        (early.unwrap_or_else(|| is_done.recv().unwrap()), !waited)
    })
}

#[test]
fn two_workers_put_nothing_into_words_for_one_merchant_at_once() {
    run(async {
        let app = TestApp::new(Some(postgres_url()), |_| {});
        announcement(&app).await;
        let merchant = app.read(|connection| Ok(db::fleet::merchants_by_number(connection, &["M2"])?[0].id));
        let (first, was_early) = while_locked(app.state.app(), merchant, || claim(app.state.app(), 10));
        let first = first.unwrap().0.remove(0);
        assert!(!was_early, "it has to wait for the other's words");
        // What has its words is sent again without waiting for anybody.
        later(&app, chrono::TimeDelta::minutes(11));
        let (second, was_early) = while_locked(app.state.app(), merchant, || claim(app.state.app(), 10));
        assert_eq!(second.unwrap().0.remove(0).bytes, first.bytes);
        assert!(was_early, "its words are there");
    });
}
