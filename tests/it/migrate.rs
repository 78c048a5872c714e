//! The schema's versions from outside: how they stand, up, back, and next to a newer release's.

use diesel::RunQueryDsl;
use offpeak::api::schema::VersionState;
use offpeak::boot;
use offpeak::clock::Clock;
use offpeak::config::Settings;
use offpeak::db::migrations::{down, ledger};
use offpeak::mail::transport::{MemoryTransport, Transport};
use offpeak::service::Error;
use offpeak::service::schema::{self, WayBack};
use serde_json::Value;

use crate::support::{declared_schema, instant, offpeak, on_each_database, postgres_url};

/// An empty database of each kind, with the folder that one of them lives in.
fn empty_databases() -> (tempfile::TempDir, [String; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("x.db").display());
    (folder, [sqlite, postgres_url()])
}

fn starts(url: &str, migrate_at_start: bool) -> Result<(), String> {
    let settings = Settings {
        database_url: url.to_owned(),
        migrate_at_start,
        ..Settings::embedded(std::path::Path::new("."))
    };
    let clock = Clock::standing_at(instant(crate::support::NOW));
    let transport = Transport::Memory(MemoryTransport::default());
    boot::start_with(settings, clock, transport).map(drop).map_err(|error| error.to_string())
}

fn json(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn versions_go_up_and_back_from_the_command_line() {
    let (_folder, urls) = empty_databases();
    let versions: Vec<String> = ledger::carried().unwrap().into_iter().map(|(version, _)| version).collect();
    for url in urls {
        let run = |arguments: &[&str]| {
            let mut whole = vec!["migrate"];
            whole.extend(arguments);
            whole.extend(["-o", "json", "--database", &url]);
            offpeak(&whole)
        };
        if url.starts_with("sqlite:") {
            let missing = run(&["status"]);
            assert_eq!(missing.status.code(), Some(3), "a look makes no file");
        }
        assert_eq!(json(&run(&["up"]))["applied"], serde_json::json!(versions));
        assert_eq!(json(&run(&["up"]))["applied"], serde_json::json!([]));
        let states = |status: &Value| -> Vec<String> {
            let rows = status["versions"].as_array().unwrap().clone();
            rows.iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect()
        };
        assert!(states(&json(&run(&["status"]))).iter().all(|state| state == "applied"));

        let asked = run(&["down", "--steps", "1"]);
        assert_eq!(asked.status.code(), Some(1), "it wants to be told");
        assert!(String::from_utf8_lossy(&asked.stderr).contains("--yes"));
        assert!(states(&json(&run(&["status"]))).iter().all(|state| state == "applied"));

        let back = json(&run(&["down", "--to", &versions[0], "--yes"]));
        let gone: Vec<&String> = versions[1..].iter().rev().collect();
        assert_eq!(back["versions"], serde_json::json!(gone));
        let after = states(&json(&run(&["status"])));
        assert_eq!(after[0], "applied");
        assert!(after[1..].iter().all(|state| state == "pending"), "{after:?}");
        assert_eq!(run(&["down", "--steps", "9", "--yes"]).status.code(), Some(2));
        assert_eq!(run(&["down", "--to", "20200101000000", "--yes"]).status.code(), Some(3));
        assert_eq!(run(&["down", "--to", "0", "--yes"]).status.code(), Some(0));
        assert!(states(&json(&run(&["status"]))).iter().all(|state| state == "pending"));
    }
}

#[test]
fn whoever_does_not_migrate_says_what_is_missing() {
    let (_folder, urls) = empty_databases();
    for url in urls {
        let refused = starts(&url, false).unwrap_err();
        assert!(refused.contains("20261123000000") && refused.contains("offpeak migrate up"), "{refused}");
        starts(&url, true).unwrap();
        starts(&url, false).unwrap();
    }
}

/// A newer replica has added something: older ones start, and work, beside it.
#[test]
fn a_newer_release_may_add_under_an_older_one() {
    on_each_database(|app| async move {
        app.sql(
            "ALTER TABLE merchant ADD COLUMN nickname TEXT; CREATE TABLE novelty (id BIGINT PRIMARY KEY); \
             INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')",
        );
        starts(&app.database_url(), true).unwrap();
        let status = schema::status(&app.state.app().database).unwrap();
        assert_eq!(status.versions.last().unwrap().state, VersionState::Unknown);
        assert_eq!(app.ready().await, axum::http::StatusCode::OK);
        app.import_small_fleet().await;
        assert_eq!(app.get("/merchants").await["items"].as_array().unwrap().len(), 2);

        let error = schema::down(&app.state.app().database, &WayBack::Steps(1)).unwrap_err().to_string();
        assert!(error.contains("20990101000000") && error.contains("newer release"), "{error}");
    });
}

/// A newer release has taken something away: those that know nothing of the release between do not start.
#[test]
fn a_newer_release_that_takes_away_is_heard() {
    on_each_database(|app| async move {
        let latest = ledger::carried().unwrap().pop().unwrap().0;
        let known = format!("20990101000000needs{latest}");
        app.sql(&format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{known}')"));
        starts(&app.database_url(), true).unwrap();
        assert_eq!(app.ready().await, axum::http::StatusCode::OK);

        let unknown = "20990301000000needs20990201000000";
        app.sql(&format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{unknown}')"));
        let refused = starts(&app.database_url(), true).unwrap_err();
        assert!(refused.contains(unknown) && !refused.contains(&known), "{refused}");
        assert_eq!(app.ready().await, axum::http::StatusCode::CONFLICT, "who runs already steps aside");
        let status = offpeak(&["migrate", "status", "--database", &app.database_url()]);
        assert!(String::from_utf8_lossy(&status.stdout).contains("too new"));
    });
}

/// What the way back says that it removes is what it removes.
#[test]
fn the_way_back_hides_no_loss() {
    on_each_database(|app| async move {
        let database = app.state.app().database.clone();
        let columns = || {
            let mut found = Vec::new();
            for (table, names) in declared_schema() {
                for (column, _) in names {
                    let query = format!("SELECT {column} FROM {table} LIMIT 0");
                    // A question that fails ends PostgreSQL's transaction: one of its own for each.
                    let asked = database
                        .read(|connection| Ok::<_, Error>(diesel::sql_query(&query).execute(connection)?));
                    if asked.is_ok() {
                        found.push((table, column));
                    }
                }
            }
            found
        };
        for (version, name) in ledger::carried().unwrap().into_iter().rev() {
            let before = columns();
            let back = schema::down(&database, &WayBack::Steps(1)).unwrap();
            assert_eq!(back.versions, [version]);
            let after = columns();
            let losses = down::losses(&name).unwrap();
            for (table, column) in before {
                let said = losses.iter().any(|loss| {
                    loss.table == table && loss.column.as_ref().is_none_or(|gone| gone == column)
                });
                assert_eq!(said, !after.contains(&(table, column)), "{name}: {table}.{column}");
            }
        }
    });
}

#[test]
fn a_way_back_counts_what_goes() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let before = app.dump();
        let back = schema::way_back(&app.state.app().database, &WayBack::All).unwrap();
        let rows = |table: &str| back.losses.iter().find(|loss| loss.table == table).unwrap().rows;
        assert_eq!((rows("merchant"), rows("site"), rows("terminal")), (2, 3, 6));
        assert_eq!(app.dump(), before);
    });
}

/// A version that takes something away must say in its name whom it leaves behind.
#[test]
fn versions_that_take_away_say_so() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut seen = 0;
    for tree in ["sqlite", "postgres"] {
        for entry in std::fs::read_dir(folder.join(tree)).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
            let up = std::fs::read_to_string(entry.join("up.sql")).unwrap().to_uppercase();
            let takes = ["DROP TABLE", "DROP COLUMN", "RENAME", "SET NOT NULL", " TYPE "]
                .iter()
                .any(|words| up.contains(words));
            assert_eq!(takes, name.contains("-needs-"), "{tree}/{name}; see migrations/README.md");
            seen += 1;
        }
    }
    assert!(seen >= 4);
}

#[test]
fn no_two_migrations_have_the_same_version() {
    for tree in ["sqlite", "postgres"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(tree);
        let mut versions = std::collections::BTreeMap::new();
        for entry in std::fs::read_dir(folder).expect("the tree") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            let version = name.split('_').next().unwrap_or_default().to_owned();
            // Of two with one version, one would never be applied, and nothing would say so.
            if let Some(other) = versions.insert(version, name.clone()) {
                panic!("{tree}: {other} and {name} have the same version");
            }
        }
        assert!(versions.len() > 20, "{tree}: {versions:?}");
    }
}
