//! Structure, calendars and threads of our mails, judged by programs that know nothing of us: `reformime`, libical,
//! recurring-ical-events, Dovecot.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::mail_parsers::every_mail;
use crate::support::{TestApp, on_each_database, on_sqlite};

fn output_of(command: &mut Command, input: &[u8]) -> String {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; tests/run installs what the tests use"));
    process.stdin.take().unwrap().write_all(input).unwrap();
    let output = process.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}\n{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn reformime_sees_the_tree_in_its_order() {
    for (name, letter, mail) in every_mail() {
        let said = output_of(Command::new("reformime").arg("-i"), &mail.bytes);
        let lines = said.lines().filter_map(|line| line.split_once(": "));
        let mut found: Vec<(String, String)> = Vec::new();
        for (field, value) in lines {
            match (field, found.last_mut()) {
                ("section", _) => found.push((value.to_owned(), String::new())),
                ("content-type", Some(section)) => value.clone_into(&mut section.1),
                _ => {}
            }
        }
        let invites = if letter.kind.is_ahead() { letter.visits.len() } else { 0 };
        let below = if invites == 0 { "1" } else { "1.1" };
        let mut wanted = vec![("1".to_owned(), "multipart/mixed")];
        if invites == 0 {
            wanted.clear();
        }
        wanted.push((below.to_owned(), "multipart/alternative"));
        wanted.push((format!("{below}.1"), "text/plain"));
        wanted.push((format!("{below}.2"), "text/html"));
        if invites == 1 {
            wanted.push((format!("{below}.3"), "text/calendar"));
        }
        wanted.extend((0..invites).map(|file| (format!("1.{}", file + 2), "application/ics")));
        let wanted: Vec<(String, String)> =
            wanted.into_iter().map(|(section, kind)| (section, kind.to_owned())).collect();
        assert_eq!(found, wanted, "{name}");
    }
}

/// libical's check of iTIP's restrictions, as a program.
fn libical(folder: &Path) -> PathBuf {
    let program = folder.join("check_restrictions");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail/check_restrictions.c");
    output_of(Command::new("cc").arg("-o").arg(&program).arg(source).arg("-lical"), b"");
    program
}

#[test]
fn libical_has_nothing_against_any_calendar() {
    let folder = tempfile::tempdir().unwrap();
    let check = libical(folder.path());
    let mut files = Vec::new();
    for (number, (_, _, mail)) in every_mail().into_iter().enumerate() {
        let read = offpeak::mail::reader::read(&mail.bytes).unwrap();
        for (file, attachment) in read.attachments.into_iter().enumerate() {
            let path = folder.path().join(format!("{number}-{file}.ics"));
            fs::write(&path, &attachment.content).unwrap();
            files.push(path);
        }
    }
    assert!(files.len() > 40, "{}", files.len());
    let said = output_of(Command::new(&check).args(&files), b"");
    assert_eq!(said.trim(), format!("0 errors in {} files", files.len()));
    // It does object to one without an organizer.
    let calendar = fs::read_to_string(&files[0]).unwrap().replace("ORGANIZER", "X-ORGANIZER");
    fs::write(&files[0], calendar).unwrap();
    let output = Command::new(&check).arg(&files[0]).output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stdout).contains("ORGANIZER"));
}

/// What stands in the database of the visit that the latest mail is about, and the mail.
fn step(app: &TestApp, folder: &Path, name: &str) -> Value {
    let mail = app.mail.accepted().pop().expect("a mail");
    let visit = app.read(|connection| Ok(offpeak::db::visit::by_ids(connection, &[1])?.pop().unwrap()));
    let file = folder.join(format!("{name}.eml"));
    fs::write(&file, &mail.bytes).unwrap();
    json!({
        "name": name,
        "file": file,
        "uid": visit.uid,
        "sequence": visit.sequence,
        "cancelled": visit.cancelled,
        "starts_at": visit.starts_at.utc().to_rfc3339(),
        "ends_at": visit.ends_at.utc().to_rfc3339(),
    })
}

#[test]
fn a_calendar_follows_the_visit_through_its_life() {
    on_each_database(|app| async move {
        let folder = tempfile::tempdir().unwrap();
        app.import_small_fleet().await;
        let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        app.work("notify").await;
        let mut manifest = vec![step(&app, folder.path(), "announced")];
        for (name, at) in [("moved", "2026-12-10 03:15"), ("moved to another night", "2026-12-12 01:30")] {
            app.post(&format!("/appointments/{id}/move"), json!({"at": at, "reason": "a delivery"})).await;
            app.work("notify").await;
            manifest.push(step(&app, folder.path(), name));
        }
        app.post(&format!("/appointments/{id}/cancel"), json!({"reason": "closed for good"})).await;
        app.work("notify").await;
        manifest.push(step(&app, folder.path(), "cancelled"));
        assert_eq!(app.mail.accepted().len(), 4);

        let path = folder.path().join("manifest.json");
        fs::write(&path, Value::from(manifest).to_string()).unwrap();
        let python = std::env::var("OFFPEAK_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail/check_life.py");
        let said = output_of(Command::new(python).arg(script).arg(path), b"");
        assert_eq!(said.trim(), "4 mails agree with the database");
    });
}

/// Threads as Dovecot sees them in a Maildir, by Message-ID.
fn threads(folder: &Path) -> Vec<Vec<String>> {
    let configuration = folder.join("dovecot.conf");
    let shown = folder.display();
    fs::write(
        &configuration,
        format!(
            "base_dir = {shown}/run\nmail_location = maildir:{shown}/mail\nlog_path = /dev/stderr\nssl = no\n\
             protocols = imap\nfirst_valid_uid = 1\n"
        ),
    )
    .unwrap();
    // Dovecot opens no mailbox for root.
    output_of(Command::new("chown").arg("-R").arg("nobody").arg(folder), b"");
    let said = output_of(
        Command::new("setpriv")
            .args([
                "--reuid",
                "nobody",
                "--regid",
                "nogroup",
                "--clear-groups",
                "/usr/lib/dovecot/imap",
                "-c",
            ])
            .arg(&configuration)
            .env("HOME", folder)
            .env("USER", "nobody"),
        b"a SELECT INBOX\r\nb THREAD REFERENCES UTF-8 ALL\r\n\
          c FETCH 1:* (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])\r\nd LOGOUT\r\n",
    );
    let mut ids: BTreeMap<u32, String> = BTreeMap::new();
    let mut number = 0;
    for line in said.lines() {
        if let Some(rest) = line.strip_prefix("* ").and_then(|rest| rest.split_once(" FETCH")) {
            number = rest.0.parse().unwrap();
        } else if let Some(id) = line.strip_prefix("Message-ID: ") {
            ids.insert(number, id.trim().trim_matches(['<', '>']).to_owned());
        }
    }
    let line =
        said.lines().find_map(|line| line.strip_prefix("* THREAD ")).unwrap_or_else(|| panic!("{said}"));
    let (mut threads, mut depth, mut digits) = (Vec::<Vec<String>>::new(), 0, String::new());
    for character in line.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        if !digits.is_empty() {
            let id = ids[&digits.parse::<u32>().unwrap()].clone();
            threads.last_mut().unwrap().push(id);
            digits.clear();
        }
        match character {
            '(' => {
                if depth == 0 {
                    threads.push(Vec::new());
                }
                depth += 1;
            }
            ')' => depth -= 1,
            _ => {}
        }
    }
    threads
}

#[test]
fn dovecot_joins_the_mails_of_a_visit_and_no_others() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        let moved = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        app.work("notify").await;
        let other = app.arrange(&["T6"], "2026-12-17 02:00").await[0];
        app.work("notify").await;
        app.post(&format!("/appointments/{moved}/move"), json!({"at": "2026-12-12 01:30"})).await;
        app.work("notify").await;
        app.set_time("2026-12-11T09:00:00Z");
        app.work("notify").await;
        app.post(&format!("/appointments/{moved}/cancel"), json!({"reason": "closed"})).await;
        app.work("notify").await;
        app.post(&format!("/appointments/{other}/cancel"), json!({"reason": "closed"})).await;
        app.work("notify").await;
        let mails = app.mail.accepted();
        assert_eq!(mails.len(), 6, "two announcements, a move, a reminder, two cancellations");

        let folder = tempfile::tempdir().unwrap();
        for name in ["mail/new", "mail/cur", "mail/tmp", "run"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        // They come in another order than they were written.
        for (number, mail) in mails.iter().rev().enumerate() {
            fs::write(folder.path().join(format!("mail/new/{number}")), &mail.bytes).unwrap();
        }
        let mut threads = threads(folder.path());
        threads.iter_mut().for_each(|thread| thread.sort());
        threads.sort();
        let ids = |numbers: &[usize]| {
            let mut ids: Vec<String> =
                numbers.iter().map(|number| mails[*number].message_id.clone()).collect();
            ids.sort();
            ids
        };
        let mut wanted = vec![ids(&[0, 2, 3, 4]), ids(&[1, 5])];
        wanted.sort();
        assert_eq!(threads, wanted);
    });
}
