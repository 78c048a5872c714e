//! Several mail servers, and domains that are in trouble: others take over, what fails is left alone for a while and comes
//! back, and one domain's trouble holds up no other's mail.

use std::net::TcpListener;
use std::time::Duration;

use offpeak::mail::transport::{Relays, SmtpTimeouts, SmtpTransport, Transport};
use offpeak::worker::Loop;
use serde_json::json;

use crate::mail_misbehaving::{Server, addresses, announce_to, announcements, relays, until};
use crate::support::{TestApp, free_port, on_each_database, run};

/// A server that is not there, or says nothing.
fn at(port: u16, patience: Duration) -> SmtpTransport {
    let timeouts = SmtpTimeouts { connect: patience, command: patience, message: patience };
    let url = format!("smtp://127.0.0.1:{port}").parse().expect("a URL");
    SmtpTransport::new(url, timeouts).expect("a transport")
}

#[test]
fn a_server_that_is_down_is_left_alone_and_asked_again() {
    let (gone, spare) = (free_port(), Server::start(&[]));
    let app = TestApp::over(None, relays(vec![at(gone, Duration::from_secs(2)), spare.smtp()]), |settings| {
        settings.mail_domain_connections_max = 20
    });
    run(async {
        announce_to(&app, &addresses(&["a.example", "b.example"], 6)).await;
        assert_eq!(app.work("notify").await, json!({"accepted": 12}), "the second one takes over");
        assert_eq!(spare.taken().len(), 12);
        let stats = app.get("/notices/stats").await;
        assert!(stats["relays"][0]["failure"].as_str().unwrap().contains("cannot connect"), "{stats}");
        assert_eq!(stats["relays"][1]["failure"], json!(null));
    });
}

#[test]
fn without_any_server_mail_waits_and_goes_when_one_is_back() {
    on_each_database(|app| async move {
        // The memory takes nothing; another application has no server on the same database.
        let nobody = free_port();
        let transport = Transport::Relays(Box::new(Relays::with_rest(
            vec![at(nobody, Duration::from_secs(1))],
            Duration::from_millis(50),
        )));
        let other = TestApp::over(Some(app.database_url()), transport, |_| {});
        announce_to(&other, &addresses(&["a.example"], 5)).await;
        let counts = other.work("notify").await;
        assert_eq!(counts.get("accepted"), None, "{counts}");
        let rows = announcements(&other).await;
        assert!(rows.values().all(|row| row["state"] != "failed" && row["state"] != "sending"), "{rows:?}");
        let told =
            rows.values().filter(|row| row["last_error"].as_str().is_some_and(|why| why.contains("connect")));
        assert!(told.count() > 0, "the reason is to be seen: {rows:?}");
        // Nothing of it is held against the mails: all of them go within half a minute of its return.
        other.clock.set(other.clock.now() + chrono::TimeDelta::seconds(30));
        app.clock.set(other.clock.now());
        assert_eq!(app.work("notify").await, json!({"accepted": 5}));
    });
}

#[test]
fn a_server_that_refuses_us_is_passed_over_and_one_that_hangs_too() {
    // Accepts connections, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let spare = Server::start(&[]);
    let app = TestApp::over(None, relays(vec![at(port, Duration::from_millis(500)), spare.smtp()]), |_| {});
    run(async {
        announce_to(&app, &addresses(&["a.example", "b.example", "c.example"], 10)).await;
        assert_eq!(app.work("notify").await, json!({"accepted": 30}));
        assert_eq!(spare.taken().len(), 30);
    });
}

#[test]
fn a_domain_in_trouble_is_paused_and_no_other() {
    let server = Server::start(&[]);
    let app = TestApp::over(None, relays(vec![server.smtp()]), |settings| {
        settings.mail_domain_errors_max = 3;
        settings.mail_domain_pause_seconds = 600;
    });
    run(async {
        let mut everybody = addresses(&["later.example"], 30);
        everybody.extend(addresses(&["good.example", "fine.example"], 10));
        announce_to(&app, &everybody).await;
        let counts = app.work("notify").await;
        assert_eq!(counts["accepted"], 20, "{counts}");
        // Two at once, so one more may have been on its way.
        let deferred = counts["deferred"].as_u64().unwrap();
        assert!((3..=4).contains(&deferred), "{counts}");
        assert_eq!(counts["put_off"].as_u64().unwrap() + deferred, 30, "{counts}");
        let stats = app.get("/notices/stats").await;
        assert_eq!(stats["paused_domains"][0]["domain"], "later.example", "{stats}");
        assert!(stats["paused_domains"][0]["why"].as_str().unwrap().starts_with("451"), "{stats}");
        // What was put off was not tried, and is not due before the pause ends.
        let rows = announcements(&app).await;
        let tried = rows.values().filter(|row| !row["last_error"].is_null()).count();
        assert_eq!(tried as u64, deferred);
        app.clock.set(app.clock.now() + chrono::TimeDelta::seconds(60));
        assert_eq!(app.work("notify").await, json!({}));
    });
}

#[test]
fn a_domain_over_its_rate_waits_its_turn_and_urgent_mail_does_not() {
    on_each_database(|app| async move {
        let other =
            TestApp::over(Some(app.database_url()), Transport::Memory(app.mail.clone()), |settings| {
                settings.mail_domain_rate_per_minute = 6
            });
        let mut everybody = addresses(&["busy.example"], 20);
        everybody.extend(addresses(&["quiet.example"], 3));
        announce_to(&other, &everybody).await;
        assert_eq!(other.work("notify").await, json!({"accepted": 9, "put_off": 14}));
        // A lock is told at once.
        other.post("/locks", json!({"serial": "T19", "cause": "no receipt"})).await;
        assert_eq!(other.work("notify").await, json!({"accepted": 1}));
        assert!(
            String::from_utf8_lossy(&app.mail.accepted().last().unwrap().bytes).contains("To: "),
            "it is there"
        );
        // One after the other: the last is due within three minutes.
        other.clock.set(other.clock.now() + chrono::TimeDelta::minutes(3));
        let due = other.get("/notices/stats").await["due"].as_i64().unwrap();
        assert_eq!(due, 14);
    });
}

#[test]
fn the_rate_over_all_holds_and_the_rest_stays_in_the_queue() {
    let app = TestApp::new(None, |settings| settings.mail_rate_per_minute = 10);
    run(async {
        announce_to(&app, &addresses(&["a.example", "b.example", "c.example"], 10)).await;
        let accepted = app.work("notify").await["accepted"].as_u64().unwrap();
        assert!((10..=12).contains(&accepted), "{accepted}");
        assert_eq!(
            app.notices("queued").await.iter().filter(|row| row["kind"] == "announcement").count() as u64,
            30 - accepted
        );
    });
}

#[test]
fn what_falls_due_while_a_mail_hangs_does_not_wait_for_it() {
    let server = Server::start(&[]);
    let app = TestApp::over(None, relays(vec![server.smtp_with(Duration::from_secs(20))]), |_| {});
    run(async {
        announce_to(&app, &addresses(&["hangs.example", "good.example"], 1)).await;
        let workers = app.state.workers().clone();
        let pass = tokio::spawn(async move { workers.run_once(Loop::Notify).await });
        until("the first is there", async || server.taken().len() == 1).await;
        // The pass is still at the one that hangs.
        app.arrange(&["T1"], "2026-12-15 02:00").await;
        until("the second is there too", async || server.taken().len() == 2).await;
        assert!(!pass.is_finished(), "the one that hangs has not been given up yet");
        pass.abort();
    });
}
