//! What the deployment's files and pages say can be done with this program.

use std::path::{Path, PathBuf};

use crate::cli_help::shell_words;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn parses(words: &[String], place: &str) {
    let parsed = offpeak::cli::command().try_get_matches_from(words);
    parsed.unwrap_or_else(|error| panic!("{place}: {words:?}\n{error}"));
}

#[test]
fn the_unit_starts_what_there_is() {
    let unit = read("docs/deployment/debian/offpeak.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    parses(&shell_words(start), "ExecStart");
    assert!(
        !unit.contains("WatchdogSec") && !unit.contains("Type=notify"),
        "the process tells systemd nothing"
    );
}

/// Every command line in the pages for operators.
#[test]
fn the_pages_commands_are_command_lines() {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join("docs/deployment"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    pages.extend(["docs/backup.md", "docs/doctor.md"].map(|path| root().join(path)));
    let mut seen = 0;
    for page in pages {
        for line in std::fs::read_to_string(&page).unwrap().lines().filter(|line| line.starts_with("    ")) {
            let line = line.trim().trim_start_matches("runuser -u offpeak -- ");
            if line.starts_with("offpeak ") {
                parses(&shell_words(line), &page.display().to_string());
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "{seen} command lines only");
}

#[test]
fn the_package_holds_files_that_are_there() {
    let manifest = read("Cargo.toml");
    let (_, assets) = manifest.split_once("\nassets = [\n").unwrap();
    let sources: Vec<&str> = assets
        .lines()
        .take_while(|line| line.starts_with("    ["))
        .map(|line| line.split('"').nth(1).unwrap())
        .filter(|source| !source.starts_with("target/"))
        .collect();
    assert!(sources.len() >= 4);
    for source in sources {
        let folder = source.strip_suffix("*.md").unwrap_or(source);
        assert!(root().join(folder).exists(), "{source}");
    }
    let scripts = manifest.split("maintainer-scripts = \"").nth(1).unwrap().split('"').next().unwrap();
    for file in ["offpeak.service", "postinst", "postrm"] {
        assert!(root().join(scripts).join(file).exists(), "{file}");
    }
}
