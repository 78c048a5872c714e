//! The manual of the settings is what the program knows, and every example of it is one that the program takes.

use std::path::{Path, PathBuf};

use offpeak::config::{SETTINGS, Settings, reference};
use serde_json::Value;

use crate::support::offpeak;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under `docs` whose name ends so, and the README.
fn manuals(ending: &str) -> Vec<PathBuf> {
    let (mut files, mut folders) = (vec![root().join("README.md")], vec![root().join("docs")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { folders.push(entry) } else { files.push(entry) }
        }
    }
    files.retain(|file| file.to_string_lossy().ends_with(ending));
    files
}

#[test]
fn the_manual_is_up_to_date() {
    let path = root().join("docs/configuration.md");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, reference::page()).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let first = kept
        .lines()
        .zip(reference::page().lines())
        .find(|(kept, made)| kept != made)
        .map(|(kept, _)| kept.to_owned());
    assert!(
        kept == reference::page(),
        "differs at {first:?}; UPDATE_REFERENCE=1 writes docs/configuration.md anew"
    );
    let printed = offpeak(&["config", "reference"]);
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), reference::page());
}

fn load(text: &str) -> Result<Settings, String> {
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(file.path(), text).unwrap();
    Settings::load(Some(file.path())).map_err(|error| error.to_string())
}

#[test]
fn every_example_can_be_used() {
    let mut seen = 0;
    for file in manuals(".md") {
        let text = std::fs::read_to_string(&file).unwrap();
        for block in text.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            load(block).unwrap_or_else(|error| panic!("{}: {error}\n{block}", file.display()));
            seen += 1;
        }
    }
    for file in manuals(".toml") {
        load(&std::fs::read_to_string(&file).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        seen += 1;
    }
    assert!(seen > 0);
    // With every comment taken away it says the defaults, and all of them.
    let uncommented: String = reference::example()
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(
        uncommented.lines().count(),
        SETTINGS.iter().filter(|setting| setting.default.is_some()).count()
    );
    let plain = |settings: Settings| {
        let values = settings.values().into_iter().filter(|(setting, _)| !setting.name.ends_with("_url"));
        values.map(|(setting, value)| (setting.name, value)).collect::<Vec<_>>()
    };
    assert_eq!(plain(load(&uncommented).unwrap()), plain(Settings::embedded(Path::new(""))));
}

/// Names that the manuals put into the environment or into the file are ones that there are.
#[test]
fn the_manuals_name_no_setting_that_there_is_not() {
    let known: Vec<String> = SETTINGS.iter().map(|setting| setting.environment()).collect();
    for file in manuals("").into_iter().filter(|file| !file.to_string_lossy().ends_with(".png")) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for (at, _) in text.match_indices("OFFPEAK_") {
            let name: String = text[at..]
                .chars()
                .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_')
                .collect();
            let of_a_test =
                |name: &str| ["OFFPEAK_TEST_", "OFFPEAK_CHAOS_"].iter().any(|start| name.starts_with(start));
            let other =
                ["OFFPEAK_", "OFFPEAK_SERVER", "OFFPEAK_TOKEN", "OFFPEAK_LOG"].contains(&name.as_str());
            assert!(other || known.contains(&name) || of_a_test(&name), "{}: {name}", file.display());
        }
    }
}

#[test]
fn what_holds_is_shown_with_its_origin_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("offpeak.toml");
    std::fs::write(
        &file,
        "api_token = \"hunter2-hunter2\"\nslot_minutes = 30\nmail_url = \"smtps://me:hunter2@relay.example\"\n",
    )
    .unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_offpeak"))
        .args(["config", "show", "-o", "json", "--config", file.to_str().unwrap()])
        .args(["--database", "postgres://u:hunter2@db.example/x"])
        .env_clear()
        .env("OFFPEAK_SEARCHES_AT_ONCE", "3")
        .env("OFFPEAK_SLOT_MINUTES", "20")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("hunter2") && text.contains("smtps://me:***@relay.example"), "{text}");
    let rows: Value = serde_json::from_str(&text).unwrap();
    let row = |name: &str| {
        let found = rows.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
        (found["value"].as_str().unwrap_or("nothing").to_owned(), found["origin"].to_string())
    };
    assert_eq!(row("searches_at_once"), ("3".into(), r#"{"environment":"OFFPEAK_SEARCHES_AT_ONCE"}"#.into()));
    assert_eq!(row("slot_minutes").0, "20", "the environment wins");
    assert_eq!(row("mail_url").1, format!("{{\"file\":\"{}\"}}", file.display()));
    assert_eq!(row("listen"), ("127.0.0.1:8080".into(), "\"default\"".into()));
    assert_eq!(
        row("database_url"),
        ("postgres://u:***@db.example/x".into(), r#"{"flag":"--database"}"#.into())
    );
    assert_eq!(row("clock").0, "nothing");
    assert_eq!(rows.as_array().unwrap().len(), SETTINGS.len());
}
