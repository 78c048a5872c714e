//! `offpeak mail ingest` as a mail server runs it: what it answers, and by which code.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn ingest(arguments: &[&str], message: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offpeak"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OFFPEAK_")) {
        command.env_remove(name);
    }
    let mut process = command
        .args(["mail", "ingest"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever has no use for it does not read it.
    let _ = process.stdin.take().unwrap().write_all(message);
    process.wait_with_output().unwrap()
}

#[test]
fn the_code_tells_the_mail_server_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("offpeak.db").display());
    let database = ["--database", database.as_str()];
    let person = b"From: li@shop.example\r\nSubject: hello\r\n\r\nPlease call.\r\n";
    let told = |arguments: &[&str], message: &[u8]| {
        let output = ingest(arguments, message);
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), said)
    };
    let (code, said) = told(&[&database[..], &["--sender", "li@shop.example"]].concat(), person);
    assert!(code == 0 && said.starts_with("kept: "), "{code} {said}");
    let (code, said) = told(&[&database[..], &["-o", "json"]].concat(), person);
    assert!(code == 0 && said.contains("\"repeated\""), "{code} {said}");
    // Back to who wrote it.
    let (code, said) = told(&database, b"");
    assert!(code == 65 && said.contains("not a mail message"), "{code} {said}");
    let (code, said) = told(&database, &[&person[..], &vec![b'x'; 1024 * 1024]].concat());
    assert!(code == 65 && said.contains("larger"), "{code} {said}");
    // Kept, and tried again: nothing of this is the sender's fault.
    let missing = folder.path().join("missing.toml").display().to_string();
    for wrong in [
        &["--config", missing.as_str()][..],
        &["--database", "nothing:x"],
        &["--database", "postgres://nobody@127.0.0.1:1/none"],
        &["--server", "http://127.0.0.1:1"],
        &["--recipent", "misspelt"],
    ] {
        let (code, said) = told(wrong, person);
        assert_eq!(code, 75, "{wrong:?}: {said}");
        assert!(!said.trim().is_empty());
    }
    let (code, said) = told(&["--help"], b"");
    assert!(code == 0 && said.contains("sysexits.h"), "{code} {said}");
}

#[test]
fn what_waits_is_listed_and_ticked_off() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("offpeak.db").display());
    let run = |arguments: &[&str]| {
        let output = crate::support::offpeak(&[&["--database", database.as_str()], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(run(&["mail", "inbox"]).contains("inbound_listen"), "it says how mail comes in");
    ingest(&["--database", &database], b"From: li@shop.example\r\nSubject: hello\r\n\r\nPlease call.\r\n");
    let list = run(&["mail", "inbox"]);
    assert!(list.contains("li@shop.example") && list.contains("Please call."), "{list}");
    assert!(run(&["mail", "done", "1"]).contains("seen to"));
    assert!(!run(&["mail", "inbox"]).contains("li@shop.example"));
    assert!(run(&["mail", "inbox", "--done"]).contains("li@shop.example"));
}
