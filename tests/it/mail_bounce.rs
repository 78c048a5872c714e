//! Bounces as they come from a real server: Postfix sends on to a server that refuses, and brings the report back through
//! the pipe or the listener. And greylisting: a server that takes a mail only when it comes again.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::mail_misbehaving;
use crate::mail_postfix::{Extra, Postfix};
use crate::support::{TestApp, free_port, run};

/// A server that is stopped when it is dropped.
struct Server(Child);

impl Server {
    /// Waits until it listens on `port`.
    fn start(command: &mut Command, port: u16) -> Self {
        let server =
            Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap_or_else(|error| {
                panic!("{command:?}: {error}; tests/run installs what the tests use")
            }));
        let patience = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < patience, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Postfix's own sink, which refuses every recipient with these words.
fn refusing(words: &str, port: u16) -> Server {
    let mut command = Command::new("/usr/sbin/smtp-sink");
    Server::start(
        command.args(["-u", "nobody", "-B", words, "-f", "RCPT", &format!("127.0.0.1:{port}"), "100"]),
        port,
    )
}

/// How reports come back.
#[derive(Clone, Copy, Debug)]
enum Way {
    Pipe,
    Lmtp,
    Smtp,
}

/// A Postfix that sends M2's mail on to `sink`, and brings what is for us back.
fn postfix(way: Way, sink: u16, back: u16) -> Postfix {
    Postfix::start_with(|folder| {
        // Its own copy: the account of the pipe may not pass through to where cargo builds.
        let binary = folder.join("offpeak");
        if matches!(way, Way::Pipe) {
            std::fs::copy(env!("CARGO_BIN_EXE_offpeak"), &binary).unwrap();
        }
        let transport = match way {
            Way::Pipe => "offpeak:".to_owned(),
            Way::Lmtp => format!("lmtp:inet:127.0.0.1:{back}"),
            Way::Smtp => format!("smtp:[127.0.0.1]:{back}"),
        };
        Extra {
            main: format!(
                "transport_maps = inline:{{ {{harbour-bakery.example = smtp:[127.0.0.1]:{sink}}} \
                 {{offpeak.example = {transport}}} }}\noffpeak_destination_recipient_limit = 1\n"
            ),
            master: format!(
                "offpeak unix - n n - 4 pipe flags=q user=nobody null_sender= argv={} mail ingest \
                 --server http://127.0.0.1:{back} --recipient ${{recipient}} --sender ${{sender}}\n",
                binary.display()
            ),
        }
    })
}

/// Waits until a notice is in this state.
async fn notice_in(app: &TestApp, state: &str, postfix: &Postfix) -> Value {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(notice) = app.notices(state).await.pop() {
            return notice;
        }
        assert!(Instant::now() < patience, "no notice is {state}:\n{}", postfix.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn bounce(way: Way) {
    let (sink_port, back_port) = (free_port(), free_port());
    let _sink = refusing("550 5.1.1 no such user here", sink_port);
    let postfix = postfix(way, sink_port, back_port);
    let transport = postfix.transport("smtp://127.0.0.1:PLAIN");
    let app = TestApp::mailing(None, |_| {}, Some(transport));
    let (_stopping, stopped) = watch::channel(false);
    match way {
        Way::Pipe => {
            let (state, address) = (app.state.clone(), format!("127.0.0.1:{back_port}"));
            let (listening, listens) = tokio::sync::oneshot::channel();
            tokio::spawn(async move {
                let tell = move |_| listening.send(()).unwrap();
                offpeak::web::serve(state, &address, std::future::pending(), tell).await.unwrap();
            });
            listens.await.unwrap();
        }
        Way::Lmtp | Way::Smtp => {
            let listener = TcpListener::bind(("127.0.0.1", back_port)).await.unwrap();
            tokio::spawn(app.state.workers().clone().take_mail_in(listener, stopped));
        }
    }
    app.import_small_fleet().await;
    let bakery = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
    let noodles = app.arrange(&["T1"], "2026-12-10 02:00").await[0];
    app.work("notify").await;

    let bounced = notice_in(&app, "bounced", &postfix).await;
    assert_eq!(bounced["merchant_number"], "M2", "{way:?}");
    let why = bounced["last_error"].as_str().unwrap();
    assert!(why.contains("5.1.1") && why.contains("no such user here"), "{why}");
    let suppressed = |address: &str| {
        app.read(|connection| Ok(offpeak::db::suppression::find(connection, address)?.is_some()))
    };
    assert!(suppressed("owner@harbour-bakery.example") && !suppressed("wang@noodles.example"));
    let unreached = app.get("/unreached").await;
    assert_eq!(unreached.as_array().unwrap().len(), 1, "{unreached}");
    assert_eq!(
        (&unreached[0]["appointments"], &unreached[0]["reason"]),
        (&json!([bakery]), &json!("came_back"))
    );
    // The other merchant's arrived, and its terminal opens; this one's does not.
    assert_eq!(postfix.arrived(1).len(), 1);
    for (id, at, state) in
        [(noodles, "2026-12-09T18:00:00Z", "open"), (bakery, "2026-12-10T02:00:00Z", "planned")]
    {
        app.set_time(at);
        app.work("dispatch").await;
        assert_eq!(app.appointment(id).await["state"], state, "{way:?}");
    }
    // What else is written to us waits for somebody.
    assert_eq!(app.get("/inbound-mail").await["items"], json!([]));
}

#[test]
fn a_bounce_comes_back_through_the_pipe() {
    run(bounce(Way::Pipe));
}

#[test]
fn a_bounce_comes_back_by_lmtp() {
    run(bounce(Way::Lmtp));
}

#[test]
fn a_bounce_comes_back_by_smtp() {
    run(bounce(Way::Smtp));
}

/// Waits until a mail to this address has been accepted.
async fn accepted_at(app: &TestApp, address: &str, postfix: &Postfix) -> Value {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        app.work("notify").await;
        let accepted = app.notices("accepted").await;
        if let Some(notice) = accepted.into_iter().find(|notice| notice["recipient"] == address) {
            return notice;
        }
        assert!(Instant::now() < patience, "nothing for {address}:\n{}", postfix.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn reports_about_addresses_beyond_ascii_come_back_and_the_second_address_is_told() {
    run(async {
        let (sink_port, back_port) = (free_port(), free_port());
        // The way there leads over a server without SMTPUTF8.
        let mut command = Command::new("/usr/sbin/smtp-sink");
        let _sink = Server::start(
            command.args(["-u", "nobody", &format!("127.0.0.1:{sink_port}"), "100"]),
            sink_port,
        );
        let postfix = Postfix::start_with(|_| Extra {
            main: format!(
                "transport_maps = inline:{{ {{noodles.example = smtp:[127.0.0.1]:{sink_port}}} \
                 {{offpeak.example = lmtp:inet:127.0.0.1:{back_port}}} }}\n"
            ),
            master: String::new(),
        });
        let transport = postfix.transport("smtp://127.0.0.1:PLAIN");
        let app = TestApp::mailing(None, |_| {}, Some(transport));
        let (_stopping, stopped) = watch::channel(false);
        let listener = TcpListener::bind(("127.0.0.1", back_port)).await.unwrap();
        tokio::spawn(app.state.workers().clone().take_mail_in(listener, stopped));
        app.import_small_fleet().await;
        let address = "王@noodles.example";
        app.post("/merchants/M1/address", json!({"email": address})).await;
        app.post("/merchants/M1/ascii-address", json!({"address": "m1@second.example"})).await;
        let noodles = app.arrange(&["T1"], "2026-12-10 02:00").await[0];

        accepted_at(&app, "m1@second.example", &postfix).await;
        let patience = Instant::now() + Duration::from_secs(60);
        while app.notices("bounced").await.is_empty() {
            assert!(Instant::now() < patience, "{}", postfix.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let bounced = app.notices("bounced").await;
        assert_eq!(bounced[0]["recipient"], address);
        let why = bounced[0]["last_error"].as_str().unwrap();
        assert!(why.contains("5.6.7") && !why.contains(address), "{why}");
        // The address is right; it is the way there that is not.
        assert!(app.read(|connection| Ok(offpeak::db::suppression::find(connection, address)?.is_none())));
        assert_eq!(app.appointment(noodles).await["state"], "announced");
        assert_eq!(app.get("/inbound-mail").await["items"], json!([]));
        assert!(postfix.log().contains("SMTPUTF8 is required"), "{}", postfix.log());
    });
}

#[test]
fn an_address_beyond_ascii_that_does_not_exist_is_suppressed() {
    run(async {
        // It speaks SMTPUTF8, and knows nobody at gone.example.
        let next = mail_misbehaving::Server::start(&[]);
        let back_port = free_port();
        let postfix = Postfix::start_with(|_| Extra {
            main: format!(
                "transport_maps = inline:{{ {{gone.example = smtp:[127.0.0.1]:{}}} \
                 {{offpeak.example = lmtp:inet:127.0.0.1:{back_port}}} }}\n",
                next.port
            ),
            master: String::new(),
        });
        let app = TestApp::mailing(None, |_| {}, Some(postfix.transport("smtp://127.0.0.1:PLAIN")));
        let (_stopping, stopped) = watch::channel(false);
        let listener = TcpListener::bind(("127.0.0.1", back_port)).await.unwrap();
        tokio::spawn(app.state.workers().clone().take_mail_in(listener, stopped));
        app.import_small_fleet().await;
        let address = "店主@gone.example";
        app.post("/merchants/M2/address", json!({"email": address})).await;
        let bakery = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        app.work("notify").await;

        let bounced = notice_in(&app, "bounced", &postfix).await;
        let why = bounced["last_error"].as_str().unwrap();
        assert!(why.contains("5.1.1 no such user") && !why.contains(address), "{why}");
        assert!(app.read(|connection| Ok(offpeak::db::suppression::find(connection, address)?.is_some())));
        assert_eq!(app.appointment(bakery).await["state"], "planned");
        assert_eq!(app.get("/unreached").await[0]["reason"], "came_back");
        assert_eq!(app.get("/inbound-mail").await["items"], json!([]));
    });
}

#[test]
fn greylisting_ends_in_one_delivery() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let grey_port = free_port();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let mut command = Command::new("/usr/sbin/postgrey");
        let (inet, dbdir) = (format!("--inet=127.0.0.1:{grey_port}"), format!("--dbdir={}", data.display()));
        let _postgrey = Server::start(
            command.args([inet.as_str(), "--delay=1", "--user=root", "--group=root", &dbdir]),
            grey_port,
        );
        let postfix = Postfix::start_with(|_| Extra {
            main: format!(
                "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{grey_port}, permit_mynetworks, reject\n"
            ),
            master: String::new(),
        });
        // The domain is not left alone for a while that our clock knows nothing of.
        let adjust = |settings: &mut offpeak::config::Settings| settings.mail_domain_errors_max = 1000;
        let app = TestApp::mailing(None, adjust, Some(postfix.transport("smtp://127.0.0.1:PLAIN")));
        app.import_small_fleet().await;
        let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        assert_eq!(app.work("notify").await, json!({"deferred": 1}), "{}", postfix.log());
        let deferred = app.notices("deferred").await[0].clone();
        assert!(deferred["last_error"].as_str().unwrap().contains("reylist"), "{deferred}");

        // Our clock goes an hour at a time, the other server's as all clocks do.
        let patience = Instant::now() + Duration::from_secs(60);
        let mut now = crate::support::instant(crate::support::NOW);
        while app.appointment(id).await["state"] != "announced" {
            assert!(Instant::now() < patience, "{}", postfix.log());
            now += chrono::TimeDelta::hours(1);
            app.clock.set(now);
            app.work("notify").await;
        }
        let arrived = postfix.arrived(1);
        assert_eq!(arrived.keys().next().map(String::as_str), deferred["message_id"].as_str());
        app.clock.set(now + chrono::TimeDelta::hours(2));
        assert_eq!(app.work("notify").await, json!({}), "nothing is left to be sent");
        assert_eq!(postfix.arrived(1).len(), 1);
    });
}
