//! The real binary: exit codes, where words go, completions.

use std::process::{Command, Output};

use crate::support::free_port;

fn offpeak(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_offpeak"))
        .args(arguments)
        .env_remove("OFFPEAK_SERVER")
        .env_remove("OFFPEAK_TOKEN")
        .output()
        .expect("the binary was built by cargo")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("no signal ended it")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_goes_to_standard_output_and_mistakes_to_standard_error() {
    let help = offpeak(&["--help"]);
    assert_eq!(code(&help), 0);
    assert!(String::from_utf8_lossy(&help.stdout).contains("Exit codes:"));
    for mistake in [
        &["plan"][..],
        &["plan", "show"],
        &["plan", "show", "three"],
        &["nonsense"],
        &["budget", "add", "fleet"],
        &["budget", "add", "fleet", "--percent", "5", "--count", "3"],
        &["window", "add", "0 2 * * *", "--for", "20"],
        &["window", "preview"],
        &["plan", "list", "-o", "yaml"],
    ] {
        let output = offpeak(mistake);
        assert_eq!(code(&output), 2, "{mistake:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty() || mistake == ["plan"], "{mistake:?}");
    }
}

#[test]
fn a_duration_without_a_unit_says_how_to_write_it() {
    let output = offpeak(&["window", "add", "0 2 * * *", "--for", "20"]);
    assert!(stderr(&output).contains("20m"), "{}", stderr(&output));
}

#[test]
fn an_unreachable_server_ends_with_5() {
    let server = format!("http://127.0.0.1:{}", free_port());
    let output = offpeak(&["fleet", "summary", "--server", &server]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    assert!(stderr(&output).starts_with("Not available:"), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_file_that_is_not_there_ends_with_3() {
    let output = offpeak(&["solve", "no-such-problem.json"]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(stderr(&output).contains("no-such-problem.json"), "{}", stderr(&output));
}

#[test]
fn a_problem_file_that_is_none_ends_with_2() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("problem.json");
    std::fs::write(&path, "{\"format\":\"something else\"}").expect("a file can be written");
    let output = offpeak(&["solve", path.to_str().expect("a UTF-8 path")]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
}

#[test]
fn solve_writes_where_it_is_told_and_verify_judges_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a UTF-8 path").to_owned();
    let (problem, plan, broken) = (path("problem.json"), path("plan.json"), path("broken.json"));
    let text = r#"{"format":"offpeak.problem/1","start":"2026-12-01T00:00:00Z","slot_minutes":15,"slots":96,
        "calendars":[{"id":"c0","open":[[8,24]]}],"profiles":[],
        "groups":[{"id":"fleet","kind":"fleet","cap":1}],
        "tasks":[{"id":"T1","duration":2,"calendar":0,"release":0,"deadline":96,"weight":1,"groups":[0]},
                 {"id":"T2","duration":2,"calendar":0,"release":0,"deadline":96,"weight":1,"groups":[0]}]}"#;
    std::fs::write(&problem, text).expect("a file can be written");

    let solved = offpeak(&["solve", &problem, "-o", &plan]);
    assert_eq!(code(&solved), 0, "{}", stderr(&solved));
    assert!(solved.stdout.is_empty(), "the plan goes to its file");
    let verified = offpeak(&["verify", &problem, &plan]);
    assert_eq!(code(&verified), 0, "{}", stderr(&verified));
    let printed = offpeak(&["solve", &problem, "-o", "json", "--quiet"]);
    assert!(printed.stderr.is_empty(), "{}", stderr(&printed));
    let printed: serde_json::Value = serde_json::from_slice(&printed.stdout).expect("a plan in JSON");

    let mut clash = printed.clone();
    clash["starts"] = serde_json::json!([8, 8]);
    std::fs::write(&broken, clash.to_string()).expect("a file can be written");
    let refused = offpeak(&["verify", &problem, &broken, "-o", "json"]);
    assert_eq!(code(&refused), 1, "{}", stderr(&refused));
    let findings: serde_json::Value = serde_json::from_slice(&refused.stdout).expect("findings in JSON");
    assert!(findings.as_array().is_some_and(|findings| !findings.is_empty()), "{findings}");
    assert!(stderr(&refused).starts_with("Refused:"), "{}", stderr(&refused));
}

/// T1 was announced outside its window, T2 and T3 in the same slots of a cell for one.
#[test]
fn solve_says_what_moves_and_why() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a UTF-8 path").to_owned();
    let (problem, plan, report) = (path("problem.json"), path("plan.json"), path("report.json"));
    let task = |id: &str, current: u32| {
        format!(
            r#"{{"id":"{id}","duration":2,"calendar":0,"release":0,"deadline":96,"weight":1,"groups":[0],"current":{current}}}"#
        )
    };
    let text = format!(
        r#"{{"format":"offpeak.problem/1","start":"2026-12-01T00:00:00Z","slot_minutes":15,"slots":96,
        "calendars":[{{"id":"c0","open":[[8,24]]}}],"profiles":[],
        "groups":[{{"id":"cell","kind":"cell","cap":1}}],"tasks":[{},{},{}]}}"#,
        task("T1", 40),
        task("T2", 10),
        task("T3", 10)
    );
    std::fs::write(&problem, text).expect("a file can be written");
    let solved = offpeak(&["solve", &problem, "-o", &plan, "--report", &report]);
    assert_eq!(code(&solved), 0, "{}", stderr(&solved));
    assert!(stderr(&solved).contains("2 moved, at least 2 unavoidable: "), "{}", stderr(&solved));
    let text = std::fs::read_to_string(&report).expect("the report is written");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["moves_unavoidable"], 2);
    assert_eq!(report["causes"], serde_json::json!({"window": 1, "budget": 1}));
    assert_eq!(report["moves"][0]["task"], "T1");
    assert_eq!(report["moves"][0]["cause"], "window");
    assert_eq!(report["moves"][1]["groups"], serde_json::json!(["cell"]));
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = offpeak(&["completions", shell]);
        assert_eq!(code(&output), 0, "{shell}: {}", stderr(&output));
        let script = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(script.contains("publish") && script.contains("blackout"), "{shell}");
    }
}

/// `offpeak completions bash | head -1`: the reader goes before everything is written.
#[test]
fn a_reader_that_goes_early_is_no_failure() {
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_offpeak"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built by cargo");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
}
