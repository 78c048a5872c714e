//! How many mails a second one replica sends to Postfix's `smtp-sink`, beside Postfix's own `smtp-source` with as many
//! connections and messages of the same size; and what a million rows in the outbox cost the claim.
//!
//!     cargo bench --bench mail_throughput
//!
//! Each mail goes the whole way: claimed, found to be true still, handed over under its stored bytes, its acceptance
//! written down. `MAILS` (10000), `CONNECTIONS` (10), `ROUNDS` (3) and `ROWS` (1000000) change the sizes.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![allow(unreachable_pub, dead_code, reason = "it shares its parts with tests, which use the rest")]

#[path = "../tests/it/support/outbox.rs"]
mod outbox;
#[path = "../tests/it/support/postgres.rs"]
mod postgres;

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use offpeak::clock::Clock;
use offpeak::config::Settings;
use offpeak::db::fleet::{MerchantRow, SiteRow};
use offpeak::db::notice::{NoticeRow, NoticeVisitRow};
use offpeak::db::notice_attempt::Wanted;
use offpeak::db::visit::VisitRow;
use offpeak::db::{self, Connection};
use offpeak::mail::transport::{Relays, SmtpTimeouts, SmtpTransport, Transport};
use offpeak::service::template;
use offpeak::service::{App, Error};
use offpeak::web::AppState;
use offpeak::worker::Loop;

use outbox::add_notices;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)
}

/// A mail server that takes everything and forgets it.
struct Sink {
    process: Child,
    port: u16,
}

impl Sink {
    fn start() -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        // Postfix's client never pipelines: without the offer both say the same.
        let offer: &[&str] = if number("PIPELINING", 1) == 0 { &["-p"] } else { &[] };
        // Started by root it wants to be somebody else.
        let user: &[&str] = if is_root() { &["-u", "nobody"] } else { &[] };
        let process = Command::new("/usr/sbin/smtp-sink")
            .args(user)
            .args(offer)
            .args([&format!("127.0.0.1:{port}"), "200"])
            .stdout(Stdio::null())
            .spawn()
            .expect("smtp-sink, of the Debian package postfix");
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Sink { process, port }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Mails a second of Postfix's own client.
fn smtp_source(port: u16, connections: usize, mails: usize, bytes: usize) -> f64 {
    let began = Instant::now();
    let status = Command::new("/usr/sbin/smtp-source")
        .args(["-d", "-s", &connections.to_string(), "-m", &mails.to_string(), "-l", &bytes.to_string()])
        .args([
            "-f",
            "bounce+1@mail.harbour.example",
            "-t",
            "shop@shops.example",
            &format!("127.0.0.1:{port}"),
        ])
        .status()
        .expect("smtp-source");
    assert!(status.success());
    per_second(mails, began.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn per_second(mails: usize, time: Duration) -> f64 {
    mails as f64 / time.as_secs_f64()
}

/// The application on `url`, or on a SQLite file in `folder`.
fn application(folder: &std::path::Path, url: Option<String>, port: u16, connections: usize) -> AppState {
    let mut settings = Settings::embedded(folder);
    if let Some(url) = url {
        settings.database_url = url;
    }
    let connections = u32::try_from(connections).expect("a small number");
    (settings.mail_connections_max, settings.mail_domain_connections_max) = (connections, connections);
    (settings.mail_rate_per_minute, settings.mail_domain_rate_per_minute) = (0, 0);
    let url = format!("smtp://127.0.0.1:{port}").parse().expect("a URL");
    let smtp = SmtpTransport::new(url, SmtpTimeouts::default()).expect("a transport");
    let transport = Transport::Relays(Box::new(Relays::new(vec![smtp])));
    offpeak::boot::start_with(settings, Clock::system(), transport).expect("it starts")
}

/// Merchants, sites, visits and announcements with their words, due now; the size of a message.
fn fill(app: &App, mails: usize) -> usize {
    let bytes =
        template::preview_bytes(app, offpeak::domain::notice::NoticeKind::Announcement, &Default::default())
            .expect("a mail");
    let text = String::from_utf8(bytes).expect("ASCII");
    let id_of_sample = format!("preview@{}", app.settings.mail_domain);
    let now = app.clock.now();
    let at = |days: i64| db::Instant::from(now + TimeDelta::days(days));
    let (mut merchants, mut sites, mut visits, mut notices, mut abouts) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for id in 1..=i64::try_from(mails).expect("a small number") {
        let recipient = format!("shop{id}@shops.example");
        let message_id = format!("announcement.{id}@mail.harbour.example");
        merchants.push(MerchantRow {
            id,
            number: format!("M{id}"),
            name: format!("Shop {id}"),
            locale: "en".to_owned(),
            email: Some(recipient.clone()),
            phone: None,
            tags: "{}".to_owned(),
            updated_at: at(0),
        });
        sites.push(SiteRow {
            id,
            code: format!("S{id}"),
            merchant_id: id,
            name: "Shop".to_owned(),
            region: "r".to_owned(),
            address: None,
            time_zone: "UTC".to_owned(),
            opening_hours: "closed".to_owned(),
            traffic_profile: "grocery".to_owned(),
            tags: "{}".to_owned(),
            updated_at: at(0),
        });
        visits.push(VisitRow {
            id,
            site_id: id,
            merchant_id: id,
            night: "2100-01-01".to_owned(),
            uid: format!("visit.{id}"),
            sequence: 0,
            cancelled: false,
            starts_at: at(10),
            ends_at: at(11),
        });
        notices.push(NoticeRow {
            id,
            kind: "announcement".to_owned(),
            state: "queued".to_owned(),
            merchant_id: id,
            night: "2100-01-01".to_owned(),
            recipient: recipient.clone(),
            locale: "en".to_owned(),
            message_id,
            reason: None,
            emergency: false,
            created_at: at(0),
            send_after: at(0),
            expires_at: at(11),
            attempts: 0,
            next_attempt_at: at(0),
            lease_until: None,
            accepted_at: None,
            last_error: None,
            subject: None,
            envelope_from: None,
            domain: "shops.example".to_owned(),
            urgent: false,
            deferrals: 0,
            refused_for: None,
        });
        abouts.push(NoticeVisitRow {
            notice_id: id,
            visit_id: id,
            kind: "announcement".to_owned(),
            revision: 0,
            recipient,
            previous_starts_at: None,
            previous_ends_at: None,
        });
    }
    app.database
        .write(|connection| {
            db::fleet::insert_merchants(connection, &merchants)?;
            db::fleet::insert_sites(connection, &sites)?;
            db::visit::insert(connection, &visits)?;
            db::notice::insert(connection, &notices, &abouts)?;
            for NoticeRow { id, message_id, .. } in &notices {
                let from = format!("bounce+{id}@mail.harbour.example");
                let bytes = text.replace(&id_of_sample, message_id).into_bytes();
                db::notice_attempt::store_message(
                    connection,
                    *id,
                    "Card terminal out of service",
                    &from,
                    &bytes,
                )?;
            }
            Ok::<_, Error>(())
        })
        .expect("rows");
    text.len()
}

fn again(app: &App) {
    let statement = "UPDATE notice SET state = 'queued', accepted_at = NULL, attempts = 0";
    app.database.write(|connection| Ok::<_, Error>(connection.batch_execute(statement)?)).expect("rows");
}

fn throughput(runtime: &tokio::runtime::Runtime, database: &str, url: Option<String>) {
    let (mails, connections) = (number("MAILS", 10_000), number("CONNECTIONS", 10));
    let folder = tempfile::tempdir().expect("a folder");
    let sink = Sink::start();
    let state = application(folder.path(), url, sink.port, connections);
    let bytes = fill(state.app(), mails);
    for round in 1..=number("ROUNDS", 3) {
        again(state.app());
        let source = smtp_source(sink.port, connections, mails, bytes);
        let began = Instant::now();
        let run = runtime.block_on(state.workers().run_once(Loop::Notify)).expect("a pass");
        let ours = per_second(mails, began.elapsed());
        assert_eq!(run.counts["accepted"], mails as u64, "{run:?}");
        println!(
            "| {database} | {round} | {connections} | {bytes} | {ours:.0} | {source:.0} | {:.0} % |",
            100.0 * ours / source
        );
    }
}

/// A claim of 200 among so many rows, in milliseconds: the median of some.
fn claim_ms(app: &App) -> f64 {
    let now = app.clock.now();
    let mut times: Vec<Duration> = (0..15)
        .map(|_| {
            let began = Instant::now();
            let claimed = app
                .database
                .write(|connection| {
                    let wanted =
                        Wanted { limit: 200, urgent_only: false, except: &["busy.example".to_owned()] };
                    let until = db::Instant::from(now + TimeDelta::minutes(10));
                    Ok::<_, Error>(db::notice_attempt::claim(connection, now.into(), until, wanted)?)
                })
                .expect("a claim");
            assert_eq!(claimed.len(), 200);
            began.elapsed()
        })
        .collect();
    times.sort();
    times[7].as_secs_f64() * 1000.0
}

fn claims(database: &str, url: Option<String>) {
    let rows = number("ROWS", 1_000_000);
    let folder = tempfile::tempdir().expect("a folder");
    let state = application(folder.path(), url, 9, 10);
    let app = state.app();
    fill(app, 1);
    let write = |work: &dyn Fn(&mut Connection) -> Result<(), Error>| {
        app.database.write(|connection| work(connection)).expect("rows");
    };
    let add = |from: usize, count: usize, state: &str| {
        write(&|connection| {
            add_notices(connection, from, count, state)?;
            Ok(connection.batch_execute("ANALYZE")?)
        });
    };
    // Enough for both rounds of claims.
    add(1000, 10_000, "queued");
    let few = claim_ms(app);
    add(20_000, rows, "accepted");
    let beside = claim_ms(app);
    add(20_000 + rows, rows, "queued");
    let many = claim_ms(app);
    println!("| {database} | {few:.1} | {beside:.1} | {many:.1} |");
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("| database | round | connections | bytes a message | mails a second | smtp-source | |");
    println!("|---|---|---|---|---|---|---|");
    throughput(&runtime, "SQLite", None);
    throughput(&runtime, "PostgreSQL", Some(postgres::fresh_database()));
    println!();
    println!(
        "| claim of 200, in ms | 10,000 due | and a million accepted | and a million more due |\n|---|---|---|---|"
    );
    claims("SQLite", None);
    claims("PostgreSQL", Some(postgres::fresh_database()));
}
