//! The service killed at any instant of its sending, hundreds of times, against a real Postfix: every merchant has its
//! mail, all copies of a mail are the same under one Message-ID, and nothing is stuck.
//!
//! `MAIL_KILLS` says how often (500 unless told), half of them on each database, side by side; `MAIL_KILLS_SEED` repeats a
//! run's choices of instants.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::mail_misbehaving::announce_at;
use crate::mail_postfix::{Postfix, message_id};
use crate::support::{TestApp, postgres_url, run};

/// Mails that one process may take: so that many processes have something to do.
const EACH_TAKES: u32 = 6;

/// The longest that a process lives after it has said that it is up: it has sent what it took by then, most times.
const LIVES_MS: std::ops::Range<f64> = 0.0..300.0;

#[derive(diesel::QueryableByName, Debug)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn count(app: &TestApp, question: &str) -> i64 {
    let question = format!("SELECT count(*) AS count FROM notice WHERE kind = 'announcement' AND {question}");
    app.read(|connection| Ok(diesel::sql_query(&question).get_result::<Count>(connection)?)).count
}

/// The service as a process of its own, on its way up.
fn service(database: &str, port: u16, folder: &Path, takes: u32) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offpeak"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OFFPEAK_")) {
        command.env_remove(name);
    }
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder)
        .envs([
            ("OFFPEAK_DATABASE_URL", database),
            ("OFFPEAK_MAIL_URL", &format!("smtp://127.0.0.1:{port}")),
            ("OFFPEAK_CLAIM_SECONDS", "2"),
            ("OFFPEAK_QUIET_HOURS", "none"),
            ("OFFPEAK_MAIL_RATE_PER_MINUTE", &takes.to_string()),
            ("OFFPEAK_MAIL_DOMAIN_RATE_PER_MINUTE", "0"),
            ("OFFPEAK_LOG", "error"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// Waits until it says that it is up; whether it did.
fn is_up(child: &mut Child) -> bool {
    let lines = BufReader::new(child.stdout.as_mut().expect("its output")).lines();
    lines.map_while(Result::ok).any(|line| line.contains("http://"))
}

/// What was seen on one database.
#[derive(Debug, Default)]
struct Seen {
    kills: u32,
    /// Kills after which claimed mails were without words.
    before_words: u32,
    /// Kills after which claimed mails had their words.
    with_words: u32,
    attempts: i64,
}

fn kill_on(
    url: Option<String>,
    port: u16,
    name: &str,
    kills: u32,
    seed: u64,
) -> (TestApp, Vec<String>, Seen) {
    let app = TestApp::new(url, |_| {});
    app.clock.set(Utc::now());
    // As many as processes can take, so that none finds nothing to do.
    let recipients: Vec<String> =
        (0..kills.max(20) * 2).map(|shop| format!("{name}{shop}@shops{}.example", shop % 9)).collect();
    let at = (Utc::now() + TimeDelta::days(10)).format("%Y-%m-%d 02:00").to_string();
    run(announce_at(&app, &recipients, &at));
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = StdRng::seed_from_u64(seed);
    let mut seen = Seen::default();
    for _ in 0..kills {
        let mut child = service(&app.database_url(), port, folder.path(), EACH_TAKES);
        assert!(is_up(&mut child), "it starts after every death");
        // Where none has come as far as to words, they live longer.
        let patience = if seen.with_words == 0 { 1.0 + f64::from(seen.kills) / 25.0 } else { 1.0 };
        std::thread::sleep(Duration::from_secs_f64(random.random_range(LIVES_MS) * patience / 1000.0));
        child.kill().expect("it lives");
        child.wait().expect("it is dead");
        seen.kills += 1;
        let claimed = "state = 'sending' AND envelope_from IS";
        seen.before_words += u32::from(count(&app, &format!("{claimed} NULL")) > 0);
        seen.with_words += u32::from(count(&app, &format!("{claimed} NOT NULL")) > 0);
    }
    // One that nobody kills brings everything to its end.
    let mut last = service(&app.database_url(), port, folder.path(), 0);
    assert!(is_up(&mut last));
    let patience = Instant::now() + Duration::from_secs(120);
    while count(&app, "state <> 'accepted'") > 0 {
        assert!(Instant::now() < patience, "{} are not accepted", count(&app, "state <> 'accepted'"));
        std::thread::sleep(Duration::from_millis(50));
    }
    last.kill().expect("it lives");
    last.wait().expect("it is dead");
    seen.attempts = app
        .read(|connection| {
            let question =
                "SELECT CAST(sum(attempts) AS BIGINT) AS count FROM notice WHERE kind = 'announcement'";
            Ok(diesel::sql_query(question).get_result::<Count>(connection)?)
        })
        .count;
    (app, recipients, seen)
}

/// A mail without what servers on the way have put before it.
fn as_sent(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let from =
        if text.starts_with("From: ") { 0 } else { text.find("\nFrom: ").expect("our first header") + 1 };
    text[from..].trim_end().to_owned()
}

#[test]
fn every_merchant_has_its_mail_however_often_the_service_is_killed() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let kills = u32::try_from(number("MAIL_KILLS").unwrap_or(500)).expect("a small number");
    let seed = number("MAIL_KILLS_SEED").unwrap_or_else(rand::random);
    println!("MAIL_KILLS={kills} MAIL_KILLS_SEED={seed}");
    let postfix = Postfix::start();
    let port = postfix.plain_port;
    let sides = [("sqlite", None, kills / 2), ("postgres", Some(postgres_url()), kills - kills / 2)]
        .map(|(name, url, kills)| std::thread::spawn(move || kill_on(url, port, name, kills, seed)));
    let sides = sides.map(|side| side.join().expect("no panic"));
    let mut copies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in postfix.drained() {
        let bytes = fs::read(&file).expect("a mail");
        copies.entry(message_id(&file)).or_default().push(as_sent(&bytes));
    }
    let total: usize = copies.values().map(Vec::len).sum();
    let twice = copies.values().filter(|copies| copies.len() > 1).count();
    let mut told = BTreeSet::new();
    for (app, recipients, seen) in sides {
        println!("{seen:?}");
        assert_eq!(count(&app, "state <> 'accepted'"), 0, "none is stuck");
        let mut rows = app.read(|connection| {
            let filter = offpeak::db::notice::Filter::default();
            Ok(offpeak::db::notice::list(connection, &filter, i64::from(i32::MAX))?)
        });
        rows.retain(|row| row.kind == "announcement");
        assert_eq!(rows.len(), recipients.len(), "nothing is lost, nothing is said twice");
        for row in rows {
            let stored =
                app.read(|connection| Ok(offpeak::db::notice_attempt::messages_of(connection, &[row.id])?));
            let stored = as_sent(stored.get(&row.id).expect("the stored bytes"));
            let arrived = copies.get(&row.message_id);
            let arrived = arrived.unwrap_or_else(|| panic!("{} has no mail", row.recipient));
            for copy in arrived {
                assert_eq!(*copy, stored, "every copy has the stored bytes");
            }
            assert!(stored.contains("To: ") && stored.contains(&row.recipient), "{}", row.recipient);
            told.insert(row.message_id);
        }
        if seen.kills >= 50 {
            assert!(seen.before_words > 0 && seen.with_words > 0, "it was killed at every step: {seen:?}");
        }
    }
    assert_eq!(copies.keys().cloned().collect::<BTreeSet<_>>(), told, "nothing else arrived");
    println!("{} mails, {total} copies, {twice} mails more than once", told.len());
}
