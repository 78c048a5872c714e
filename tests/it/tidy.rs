//! The house is in order: layers import only what they may, every module says what it is, files can be read in
//! one sitting, nothing asks the system for the time but `clock`.

use std::path::{Path, PathBuf};

/// No file grows past what one sitting can read.
const LINES_MAX: usize = 600;

fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&entry).expect("UTF-8");
                let path = entry.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("inside").to_path_buf();
                files.push((path, text));
            }
        }
    }
    assert!(!files.is_empty(), "no Rust file under {folder}");
    files.sort();
    files
}

/// The room of a file under `src`: `src/domain/fleet.rs` and `src/domain.rs` are in `domain`.
fn room(path: &Path) -> String {
    let part = path.components().nth(1).expect("a part below src").as_os_str().to_string_lossy().into_owned();
    part.trim_end_matches(".rs").to_owned()
}

/// Code without comments and without what `#[cfg(test)]` guards at the end of a file.
fn code_of(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    body.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn mentions(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let part_of_a_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part_of_a_word(before) && !part_of_a_word(after)
    })
}

#[test]
fn rooms_import_only_what_they_may() {
    // For each room of ours, the rooms that it may use; for each library, the rooms that may use it.
    let may_use: &[(&str, &[&str])] = &[
        ("domain", &["domain"]),
        ("planner", &["planner", "domain"]),
        ("checker", &["checker", "domain"]),
        ("clock", &["clock"]),
        ("config", &["config", "domain"]),
        ("api", &["api", "domain"]),
        ("fleet_files", &["fleet_files", "domain"]),
        ("sim", &["sim", "domain", "fleet_files"]),
        ("db", &["db", "domain"]),
        ("mail", &["mail", "clock", "domain"]),
        (
            "service",
            &[
                "service",
                "api",
                "checker",
                "clock",
                "config",
                "db",
                "domain",
                "fleet_files",
                "mail",
                "planner",
            ],
        ),
        ("worker", &["worker", "service", "api", "clock", "mail"]),
        ("web", &["web", "service", "api", "clock", "domain", "fleet_files", "worker"]),
        ("boot", &["boot", "api", "clock", "config", "db", "mail", "service", "web", "worker"]),
        (
            "cli",
            &[
                "cli",
                "api",
                "boot",
                "checker",
                "clock",
                "config",
                "domain",
                "fleet_files",
                "planner",
                "service",
                "sim",
                "web",
            ],
        ),
    ];
    let libraries: &[(&str, &[&str])] = &[
        ("diesel", &["db", "service"]),
        ("diesel_migrations", &["db"]),
        ("axum", &["web", "cli"]),
        ("lettre", &["mail"]),
        ("icalendar", &["mail"]),
        ("tokio", &["boot", "cli", "mail", "web", "worker"]),
        ("minijinja", &["mail", "web"]),
        ("clap", &["cli"]),
        ("ureq", &["cli", "worker"]),
        ("cron", &["domain"]),
    ];
    let mut wrong = Vec::new();
    for (path, text) in rust_files("src") {
        let (room, code) = (room(&path), code_of(&text));
        if room == "lib" || room == "main" {
            continue;
        }
        let allowed = may_use.iter().find(|(name, _)| *name == room).map(|(_, allowed)| *allowed);
        let Some(allowed) = allowed else {
            wrong.push(format!("{}: the room `{room}` is not on the plan", path.display()));
            continue;
        };
        for (other, _) in may_use {
            if !allowed.contains(other) && code.contains(&format!("crate::{other}::")) {
                wrong.push(format!("{}: `{room}` may not use `{other}`", path.display()));
            }
        }
        for (library, rooms) in libraries {
            let used = mentions(&code, &format!("{library}::"))
                || code.contains(&format!("{library}::")) && mentions(&code, library);
            if used && !rooms.contains(&room.as_str()) {
                wrong.push(format!("{}: only {rooms:?} may use `{library}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_clock_asks_for_the_time() {
    let banned = [
        ("Utc::now(", "the time comes from `clock::Clock`"),
        ("Local::now(", "the time comes from `clock::Clock`"),
        ("SystemTime::now(", "the time comes from `clock::Clock`"),
        ("Instant::now(", "time that passes comes from `clock::Stopwatch`"),
        ("todo!(", "finish it, or leave it out"),
        ("unimplemented!(", "finish it, or leave it out"),
        ("dbg!(", "use tracing"),
    ];
    let mut wrong = Vec::new();
    for (path, text) in rust_files("src") {
        if path == Path::new("src/clock.rs") {
            continue;
        }
        let code = code_of(&text);
        for (word, instead) in banned {
            if code.contains(word) {
                wrong.push(format!("{}: {word}…): {instead}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_says_what_it_is_and_can_be_read_in_one_sitting() {
    let mut wrong = Vec::new();
    for (path, text) in rust_files("src").into_iter().chain(rust_files("tests")) {
        if !text.starts_with("//!") {
            wrong.push(format!("{}: opens without a `//!` line", path.display()));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{}: {lines} lines, more than {LINES_MAX}; split it by idea", path.display()));
        }
        if path.file_name().is_some_and(|name| name == "mod.rs") {
            wrong.push(format!("{}: a folder's room is `name.rs` beside `name/`", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_test_is_ignored() {
    let ignored: Vec<String> = rust_files("src")
        .into_iter()
        .chain(rust_files("tests"))
        .filter(|(_, text)| text.lines().any(|line| line.trim_start().starts_with("#[ignore")))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(ignored.is_empty(), "{ignored:?}");
}

#[test]
fn the_top_level_holds_what_it_should() {
    let known = [
        ".ci",
        ".git",
        ".gitignore",
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "benches",
        "docs",
        "migrations",
        "rustfmt.toml",
        "src",
        "target",
        "templates",
        "tests",
    ];
    let output = std::process::Command::new("git")
        .args(["ls-files", "--cached"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("git");
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let strangers: std::collections::BTreeSet<&str> = listed
        .lines()
        .filter_map(|line| line.split('/').next())
        .filter(|name| !known.contains(name))
        .collect();
    assert!(strangers.is_empty(), "at the top level: {strangers:?}");
}
