//! A whole outbox against a mail server (aiosmtpd) that treats every domain in its own way: refusals, silence, broken
//! conversations. Each notice ends as it should, and merchants elsewhere get their mail meanwhile.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use offpeak::mail::transport::{Relays, SmtpTimeouts, SmtpTransport, Transport};
use serde_json::{Value, json};

use crate::support::{TestApp, postgres_url, python, run};

/// The server; see `tests/mail/aiosmtpd_server.py`.
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start(options: &[&str]) -> Server {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("taken");
        let mut process = Command::new(python())
            .arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mail/aiosmtpd_server.py"))
            .arg(&log)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().expect("its output")).read_line(&mut line).expect("a line");
        let port =
            line.trim().parse().expect("aiosmtpd is installed (tests/run does that), and says its port");
        Server { process, port, log, _folder: folder }
    }

    /// What it took: recipient, Message-ID, digest.
    pub(crate) fn taken(&self) -> Vec<[String; 3]> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let fields = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        text.lines().map(|line| fields(line).try_into().expect("three fields")).collect()
    }

    pub(crate) fn smtp(&self) -> SmtpTransport {
        self.smtp_with(Duration::from_secs(5))
    }

    pub(crate) fn smtp_with(&self, patience: Duration) -> SmtpTransport {
        let timeouts = SmtpTimeouts { connect: patience, command: patience, message: patience };
        let url = format!("smtp://127.0.0.1:{}", self.port).parse().expect("a URL");
        SmtpTransport::new(url, timeouts).expect("a transport")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // A conversation that hangs would keep it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn relays(servers: Vec<SmtpTransport>) -> Transport {
    Transport::Relays(Box::new(Relays::with_rest(servers, Duration::from_millis(200))))
}

/// A merchant with one till for each address, and work on every till.
pub(crate) async fn announce_to(app: &TestApp, addresses: &[String]) {
    announce_at(app, addresses, "2026-12-10 02:00").await;
}

/// The same at another time.
pub(crate) async fn announce_at(app: &TestApp, addresses: &[String], at: &str) {
    let mut merchants = "number,name,locale,email,phone,tags\n".to_owned();
    let mut sites =
        "code,merchant_number,name,region,address,time_zone,opening_hours,traffic_profile,tags\n".to_owned();
    let mut terminals =
        "serial,site_code,tid,mid,label,model,firmware,acquirer_host,carrier,cell,servicer,volume,retired,tags\n"
            .to_owned();
    for (number, address) in addresses.iter().enumerate() {
        merchants += &format!("M{number},Shop {number},en,{address},,\n");
        sites += &format!("S{number},M{number},Shop,r,,UTC,Mon-Sun 10:00-22:00,grocery,\n");
        terminals += &format!("T{number},S{number},{number:08},900001,Till,A920,3.1.0,host,,,,1,false,\n");
    }
    let files = [("merchants.csv", &merchants), ("sites.csv", &sites), ("terminals.csv", &terminals)];
    let (status, report) = app.import(&files.map(|(name, content)| (name, content.as_str()))).await;
    assert!(status.is_success(), "{report}");
    app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
    let serials: Vec<String> = (0..addresses.len()).map(|number| format!("T{number}")).collect();
    let serials: Vec<&str> = serials.iter().map(String::as_str).collect();
    for some in serials.chunks(50) {
        app.arrange(some, at).await;
    }
}

pub(crate) fn addresses(domains: &[&str], each: usize) -> Vec<String> {
    (0..each).flat_map(|shop| domains.iter().map(move |domain| format!("shop{shop}@{domain}"))).collect()
}

/// The announcements by recipient.
pub(crate) async fn announcements(app: &TestApp) -> BTreeMap<String, Value> {
    let list = app.get("/notices?kind=announcement&limit=1000").await["items"].clone();
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| (row["recipient"].as_str().unwrap().to_owned(), row.clone())).collect()
}

/// Waits until `done` says so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, done: impl Fn() -> F) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !done().await {
        assert!(Instant::now() < patience, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn on_each(test: impl AsyncFn(TestApp, &Server), transport: impl Fn(&Server) -> Transport) {
    for url in [None, Some(postgres_url())] {
        let server = Server::start(&[]);
        let app = TestApp::over(url, transport(&server), |_| {});
        run(test(app, &server));
    }
}

#[test]
fn each_answer_ends_as_it_should_and_nobody_else_waits() {
    let domains = [
        "later.example",
        "no.example",
        "full.example",
        "policy.example",
        "gone.example",
        "hangs.example",
        "drops-before.example",
        "drops-after.example",
        "good.example",
    ];
    on_each(
        async |app, server| {
            let mut everybody = addresses(&domains, 1);
            // Enough for the good ones to have to take turns.
            everybody.extend((1..30).map(|shop| format!("other{shop}@good{}.example", shop % 7)));
            announce_to(&app, &everybody).await;

            let workers = app.state.workers().clone();
            let pass =
                tokio::spawn(async move { workers.run_once(offpeak::worker::Loop::Notify).await.unwrap() });
            // Everybody else has got theirs while one server still says nothing.
            until("the others are accepted", async || {
                let rows = announcements(&app).await;
                rows.iter().filter(|(to, _)| to.contains("@good")).all(|(_, row)| row["state"] == "accepted")
            })
            .await;
            assert_eq!(announcements(&app).await["shop0@hangs.example"]["state"], "sending");
            assert!(!pass.is_finished());

            let counts = pass.await.unwrap().counts;
            let rows = announcements(&app).await;
            let seen = |name: &str| {
                let row = &rows[&format!("shop0@{name}.example")];
                (row["state"].as_str().unwrap(), row["last_error"].as_str().unwrap_or_default())
            };
            assert_eq!(seen("later"), ("deferred", "451 4.3.0 try again later"));
            assert_eq!(seen("no"), ("failed", "550 not here"));
            assert_eq!(seen("full"), ("failed", "552 5.2.2 mailbox full"));
            assert_eq!(seen("policy"), ("failed", "550 5.7.1 we take no mail from you"));
            assert_eq!(seen("gone"), ("failed", "550 5.1.1 no such user"));
            for name in ["hangs", "drops-before", "drops-after"] {
                let (state, why) = seen(name);
                assert!(state == "deferred" && !why.is_empty(), "{name}: {state} {why}");
            }
            assert_eq!((counts["accepted"], counts["deferred"], counts["failed"]), (30, 4, 4), "{counts:?}");

            // Only what does not exist is suppressed; what was refused for what we are is for people to see.
            let suppressed = app.get("/suppressions").await["items"].clone();
            let suppressed: Vec<&Value> =
                suppressed.as_array().unwrap().iter().map(|row| &row["address"]).collect();
            assert_eq!(suppressed, [&json!("shop0@gone.example")]);
            let stats = app.get("/notices/stats").await;
            assert_eq!(stats["refused_for_policy"][0]["domain"], "policy.example", "{stats}");

            // What nobody knows about goes out again: the same mail.
            app.clock.set(app.clock.now() + chrono::TimeDelta::minutes(4));
            app.work("notify").await;
            let copies: Vec<[String; 3]> =
                server.taken().into_iter().filter(|row| row[0] == "shop0@drops-after.example").collect();
            assert_eq!(copies.len(), 2, "taken each time, and never heard of");
            assert_eq!(copies[0], copies[1], "one Message-ID, the same bytes");
        },
        |server| relays(vec![server.smtp()]),
    );
}

#[test]
fn an_international_mailbox_waits_for_no_server_that_cannot_take_it() {
    let server = Server::start(&["nosmtputf8"]);
    let app = TestApp::over(None, relays(vec![server.smtp()]), |_| {});
    run(async {
        announce_to(&app, &["店@good.example".to_owned(), "shop@good.example".to_owned()]).await;
        assert_eq!(app.work("notify").await, json!({"accepted": 1, "failed": 1}));
        let rows = announcements(&app).await;
        let why = rows["店@good.example"]["last_error"].as_str().unwrap();
        assert!(why.contains("5.6.7") && why.contains("SMTPUTF8"), "{why}");
        assert_eq!(server.taken().len(), 1);
        // On the operators' list at once, with the way out.
        assert_eq!(app.get("/unreached").await[0]["reason"], "refused");

        // With a second address it goes there, in a mail of its own.
        let refused = &rows["店@good.example"];
        let merchant = format!("/merchants/{}/ascii-address", refused["merchant_number"].as_str().unwrap());
        for wrong in ["店二@good.example", "nobody"] {
            let (status, problem) = app.try_post(&merchant, json!({"address": wrong})).await;
            assert_eq!(
                (status.as_u16(), &problem["errors"][0]["field"]),
                (422, &json!("address")),
                "{problem}"
            );
        }
        let second = "dian@good.example";
        assert_eq!(app.post(&merchant, json!({"address": second})).await, json!({"address": second}));
        app.post(&format!("/notices/{}/retry", refused["id"]), json!({})).await;
        for _ in 0..3 {
            app.work("notify").await;
        }
        let rows = announcements(&app).await;
        assert_eq!(rows["店@good.example"]["state"], "superseded");
        assert_eq!(rows[second]["state"], "accepted");
        assert_eq!(server.taken().pop().map(|row| row[0].clone()).as_deref(), Some(second));
        assert_eq!(app.get("/unreached").await, json!([]));
    });
}
