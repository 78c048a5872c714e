//! `offpeak demo`: the first thing that a newcomer runs, and what happens when it is run again.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn demo(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_offpeak"))
        .args(["demo", "--no-serve", "--terminals", "80", "--dir"])
        .arg(folder)
        .args(arguments)
        .env_remove("OFFPEAK_SERVER")
        .env("OFFPEAK_CLOCK", "2026-12-01T09:00:00Z")
        .output()
        .expect("the binary was built by cargo")
}

fn told(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn mails(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("mail")).map_or(0, |entries| entries.flatten().count())
}

#[test]
fn it_does_the_main_job_and_a_second_run_uses_what_is_there() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("demo");

    let first = told(&demo(&folder, &[]));
    for words in [
        "1  A fleet comes in",
        "the independent checker found nothing wrong",
        "MOST DOWN AT ONCE",
        "Plan 1 is published",
        "Subject:",
    ] {
        assert!(first.contains(words), "`{words}` is missing:\n{first}");
    }
    assert!(first.contains("notice_lead"), "a refusal is shown with its rule:\n{first}");
    let written = mails(&folder);
    assert!(written > 0, "no mail was written:\n{first}");
    assert!(folder.join("fleet/terminals.csv").exists());

    let second = told(&demo(&folder, &[]));
    assert!(second.contains("--fresh") && !second.contains("1  A fleet comes in"), "{second}");
    assert_eq!(mails(&folder), written, "a second run sends nothing");

    let fresh: Value =
        serde_json::from_str(&told(&demo(&folder, &["--fresh", "-o", "json"]))).expect("JSON alone");
    assert_eq!(fresh["plan"], 1, "a fresh demo begins with its first plan");
    assert_eq!(fresh["mails"], written);
}

#[test]
fn one_that_was_stopped_halfway_starts_again_and_other_folders_are_left_alone() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("demo");
    std::fs::create_dir(&folder).expect("a folder can be made");
    std::fs::write(folder.join("offpeak.toml"), "# Written by `offpeak demo`.\n")
        .expect("a file can be written");
    assert!(told(&demo(&folder, &[])).contains("1  A fleet comes in"));

    let mine = place.path().join("mine");
    std::fs::create_dir(&mine).expect("a folder can be made");
    std::fs::write(mine.join("letter.txt"), "dear").expect("a file can be written");
    let refused = demo(&mine, &[]);
    assert_eq!(refused.status.code(), Some(4));
    assert_eq!(std::fs::read_dir(&mine).expect("it is still there").count(), 1);
}
