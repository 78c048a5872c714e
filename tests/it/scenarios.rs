//! Scenario scripts: `tests/scenarios/*.txt` are run through the real binary, each in a folder, on a database and
//! with a clock of its own, and compared with what they say. `UPDATE_SCENARIOS=1` writes them anew.
//!
//! ```text
//! # A remark.
//! @ 2026-12-01T00:00:00Z        the clock stands here from now on
//! $ offpeak fleet summary       a line for the shell; `offpeak` is the binary under test
//! The fleet is empty.           what it prints; what it says on standard error follows behind `! `
//! ?3                            its exit code, unless it is 0
//! ```

use std::path::{Path, PathBuf};
use std::process::Command;

struct World {
    folder: tempfile::TempDir,
    clock: String,
}

impl World {
    fn new() -> Self {
        World {
            folder: tempfile::tempdir().expect("a temporary folder"),
            clock: "2026-12-01T00:00:00Z".to_owned(),
        }
    }

    /// Runs a line and gives what a script says of it.
    fn run(&self, line: &str) -> String {
        let binary = Path::new(env!("CARGO_BIN_EXE_offpeak"));
        let folder = binary.parent().expect("a binary lies in a folder").display().to_string();
        let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("OFFPEAK_CLOCK", &self.clock)
            .output()
            .expect("every system has a shell");
        let mut text = self.tidy(&String::from_utf8_lossy(&output.stdout), "");
        text.push_str(&self.tidy(&String::from_utf8_lossy(&output.stderr), "! "));
        text = whoever_plays(&text);
        match output.status.code() {
            Some(0) => {}
            code => text.push_str(&format!("?{}\n", code.map_or("signal".into(), |code| code.to_string()))),
        }
        text
    }

    /// Takes out what differs from run to run (the folder, the time of a search), and the cost of a plan, which
    /// every improvement of the planner changes.
    fn tidy(&self, text: &str, prefix: &str) -> String {
        let folder = self.folder.path().display().to_string();
        let mut tidy = String::new();
        for line in text.lines() {
            let line = line.replace(&folder, "[folder]");
            let line =
                match ["solved in", "disruption"].iter().find(|name| line.trim_start().starts_with(**name)) {
                    Some(name) => format!("  {name} [number]"),
                    None => line,
                };
            tidy.push_str(format!("{prefix}{line}").trim_end());
            tidy.push('\n');
        }
        tidy
    }
}

/// Calls the system's user who plays `operator`, and makes the column in which he stands as wide as that.
fn whoever_plays(text: &str) -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid()).expect("the system knows its users");
    let name = format!("local:{}", user.expect("a user with a name").name);
    text.split("\n\n").map(|table| in_table(table, &name)).collect::<Vec<_>>().join("\n\n")
}

fn in_table(table: &str, name: &str) -> String {
    const PLAYED: &str = "local:operator";
    let place_of = |line: &str| line.find(name).map(|at| line[..at].chars().count());
    let Some(place) = table.lines().find_map(place_of) else { return table.to_owned() };
    let (end, width) = (place + name.chars().count(), PLAYED.chars().count());
    let widened = |line: &str| {
        let characters: Vec<char> = line.chars().collect();
        if characters.len() <= end {
            return line.to_owned();
        }
        let (head, tail) = (&characters[..place], &characters[end..]);
        let cell: String = characters[place..end].iter().collect();
        let cell = if cell == name { PLAYED } else { cell.trim_end() };
        head.iter().collect::<String>() + &format!("{cell:width$}") + &tail.iter().collect::<String>()
    };
    let lines: Vec<String> = table.lines().map(widened).collect();
    lines.join("\n") + if table.ends_with('\n') { "\n" } else { "" }
}

/// Runs a script and gives it back as it came out.
fn played(script: &str) -> String {
    let mut world = World::new();
    let mut out = String::new();
    for line in script.lines() {
        if let Some(clock) = line.strip_prefix("@ ") {
            world.clock = clock.split_whitespace().next().expect("an instant follows the @").to_owned();
        }
        match line.strip_prefix("$ ") {
            Some(command) => {
                out.push_str(&format!("{line}\n"));
                out.push_str(&world.run(command));
            }
            // Remarks, clocks and blank lines between paragraphs stay; expected output is written by the run.
            None if line.starts_with('#') || line.starts_with('@') => out.push_str(&format!("{line}\n")),
            None => {}
        }
    }
    out
}

/// A script without blank lines: what is compared, since people put them between its parts.
fn condensed(script: &str) -> String {
    script.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("{line}\n")).collect()
}

/// Puts a blank line before every remark, clock and command.
fn spaced(script: &str) -> String {
    let mut out = String::new();
    let mut previous_leads = false;
    for line in script.lines() {
        let leads = line.starts_with('#') || line.starts_with("@ ");
        let begins = leads || line.starts_with("$ ");
        if begins && !previous_leads && !out.is_empty() && !out.ends_with("\n\n") {
            out.push('\n');
        }
        previous_leads = leads;
        out.push_str(line);
        out.push('\n');
    }
    out
}

fn play(path: &Path) -> Result<(), String> {
    let script = std::fs::read_to_string(path).expect("a script can be read");
    let whole = played(&script);
    let came_out = condensed(&whole);
    if came_out == condensed(&script) {
        return Ok(());
    }
    if std::env::var_os("UPDATE_SCENARIOS").is_some() {
        std::fs::write(path, spaced(&whole)).expect("a script can be written");
        return Ok(());
    }
    let wanted = condensed(&script);
    let (mut left, mut right) = (wanted.lines(), came_out.lines());
    loop {
        match (left.next(), right.next()) {
            (Some(wanted), Some(found)) if wanted == found => {}
            (wanted, found) => {
                return Err(format!(
                    "{}:\n  wanted: {}\n   found: {}\n\n{came_out}",
                    path.display(),
                    wanted.unwrap_or("the end"),
                    found.unwrap_or("the end"),
                ));
            }
        }
    }
}

#[test]
fn every_script_plays_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder of scripts")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    scripts.sort();
    assert!(!scripts.is_empty(), "there are no scripts");
    let failures: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = scripts.iter().map(|path| scope.spawn(move || play(path))).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().expect("a player does not panic").err())
            .collect()
    });
    assert!(failures.is_empty(), "{}\nUPDATE_SCENARIOS=1 writes them anew.", failures.join("\n\n"));
}
