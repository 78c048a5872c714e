//! Our mails read by others: Python's `email`, and two calendar parsers. See `tests/mail/check_message.py`.

use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, Utc};
use offpeak::domain::notice::Letter;
use offpeak::mail::{ComposedMail, compose};
use serde_json::{Value, json};

use crate::mail_letters::{envelope, every_letter};

/// Every letter of the tests as a mail of its own.
pub(crate) fn every_mail() -> Vec<(String, Letter, ComposedMail)> {
    let composed = every_letter().into_iter().enumerate().map(|(number, (name, letter))| {
        let mail = compose(&letter, &envelope(&format!("notice-{number}.0@mail.harbour.example")), None);
        (name, letter, mail.expect("the letter is fit to be sent"))
    });
    composed.collect()
}

/// What the checker must find in `file`.
pub(crate) fn expectation(name: &str, file: &Path, letter: &Letter, mail: &ComposedMail) -> Value {
    let instant = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let invites: Vec<Value> = letter
        .visits
        .iter()
        .filter(|_| letter.kind.is_ahead())
        .map(|visit| {
            json!({
                "uid": visit.uid,
                "sequence": visit.sequence,
                "method": if visit.cancelled { "CANCEL" } else { "REQUEST" },
                "status": if visit.cancelled { "CANCELLED" } else { "CONFIRMED" },
                "starts_at": instant(visit.starts_at),
                "ends_at": instant(visit.ends_at),
                "written_at": "2026-11-18T08:00:00Z",
            })
        })
        .collect();
    json!({
        "name": name,
        "file": file,
        "message_id": mail.message_id,
        "subject": mail.subject,
        "from": "notice@mail.harbour.example",
        "to": mail.envelope_to,
        "text": mail.text,
        "html": mail.html,
        "written_at": "2026-11-18T08:00:00Z",
        "invites": invites,
    })
}

/// Runs the checker over `manifest`; panics with its findings.
pub(crate) fn check(folder: &Path, manifest: &[Value]) {
    let python = std::env::var("OFFPEAK_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let path = folder.join("manifest.json");
    std::fs::write(&path, Value::from(manifest.to_vec()).to_string()).expect("the manifest is written");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mail/check_message.py");
    let output = Command::new(&python)
        .arg(script)
        .arg(&path)
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .unwrap_or_else(|error| {
            panic!("{python} does not start ({error}); tests/run installs what the tests use")
        });
    assert!(
        output.status.success(),
        "the checker found (if a module is missing, tests/run installs what the tests use):\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_mail_is_sound_to_python_and_to_two_calendar_parsers() {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest: Vec<Value> = every_mail()
        .into_iter()
        .map(|(name, letter, mail)| {
            let file = folder.path().join(format!("{}.eml", mail.message_id));
            std::fs::write(&file, &mail.bytes).expect("the mail is written");
            expectation(&name, &file, &letter, &mail)
        })
        .collect();
    check(folder.path(), &manifest);
}
