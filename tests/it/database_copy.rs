//! A whole database into another one: every table, every column, both ways, all or nothing.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use diesel::connection::SimpleConnection;
use diesel::{Connection as _, RunQueryDsl, SqliteConnection};
use offpeak::db::copy::{Comparison, TABLES};
use offpeak::db::{Connection, Database, Table, next_ids};
use offpeak::service::transfer;
use serde_json::{Value, json};

use crate::support::{TestApp, declared_schema, offpeak, on_each_database, on_sqlite, postgres_url};

/// Something in every table, by the main job where that reaches, with texts and bytes that are hard to carry.
pub async fn fill(app: &TestApp) {
    app.import_small_fleet().await;
    let budget = json!({"grouping": "fleet", "limit": {"percent": 80}});
    app.post("/budgets", budget).await;
    let blackout =
        json!({"name": "New Year", "scope": "fleet", "from": "2026-12-31T00:00", "to": "2027-01-02T00:00"});
    app.post("/blackouts", blackout).await;
    let programme = json!({"name": "yearly", "on_site": true, "selector": "all", "duration_minutes": 20,
        "recurrence": {"rule": "every_days", "days": 365}});
    app.post("/programmes", programme).await;
    let work =
        json!({"kind": "firmware", "artifact": "a920-3.2.0.zip", "version": "3.2.0", "models": ["A920"]});
    let campaign = json!({"name": "fw", "work": work, "selector": "all", "duration_minutes": 30,
        "deadline_at": "2026-12-20T00:00:00Z"});
    app.post("/campaigns", campaign).await;
    let plan = app.plan(json!({"horizon_days": 14})).await;
    app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
    app.work("notify").await;
    app.post("/locks", json!({"serial": "T6", "cause": "dropped"})).await;
    let text = "UPDATE merchant SET name = '𝔘𝔫𝔦 𐏿 e\u{301} \u{202e}rtl\u{0}' || '' WHERE number = 'M1'";
    app.sql(&text.replace('\u{0}', "\u{feff}\u{7f}\u{1}\u{10ffff}"));
    let blob =
        if app.database_url().starts_with("sqlite") { "x'00ff000a5c27'" } else { "'\\x00ff000a5c27'::bytea" };
    app.sql(&format!("UPDATE notice_message SET message = {blob}"));
    for (table, columns) in declared_schema() {
        let known = TABLES.iter().find(|known| known.name == table);
        if known.is_some_and(|known| app.read(|connection| Ok(known.count(connection)?)) == 0) {
            let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            let values: Vec<&str> = columns
                .iter()
                .map(|(_, kind)| match *kind {
                    "Text" => "'é'",
                    "Bool" => "TRUE",
                    "Binary" => blob,
                    kind if kind.starts_with("Nullable") => "NULL",
                    _ => "1",
                })
                .collect();
            let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
            app.sql(&insert);
        }
    }
}

fn copy(from: &str, to: &str, more: &[&str]) -> std::process::Output {
    let mut arguments = vec!["database", "copy", "--from", from, "--to", to, "-o", "json"];
    arguments.extend(more);
    offpeak(&arguments)
}

fn copied(from: &str, to: &str, more: &[&str]) -> Value {
    let output = copy(from, to, more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Names the first row that differs: whole databases are too much to read.
fn same(app: &TestApp, expected: &[String]) {
    let found = app.dump();
    let different = found.iter().zip(expected).find(|(one, other)| one != other);
    assert_eq!((different, found.len()), (None, expected.len()));
}

fn numbers(app: &TestApp) -> Vec<(Table, i64)> {
    app.read(|connection| Ok(next_ids(connection)?))
}

#[test]
fn from_sqlite_to_postgres_and_back_every_table_is_equal() {
    on_sqlite(|app| async move {
        fill(&app).await;
        let first = app.dump();
        for (table, _) in declared_schema() {
            let rows = first.iter().filter(|row| row.starts_with(&format!("{table}: "))).count();
            assert!(rows > 0, "nothing in {table}: it proves nothing");
        }

        let postgres = postgres_url();
        let there = copied(&app.database_url(), &postgres, &[]);
        let on_postgres = TestApp::new(Some(postgres.clone()), |_| {});
        same(&on_postgres, &first);
        assert_eq!(numbers(&on_postgres), numbers(&app));

        let folder = tempfile::tempdir().unwrap();
        let sqlite = format!("sqlite:{}", folder.path().join("back.db").display());
        let back = copied(&postgres, &sqlite, &[]);
        assert_eq!(there["tables"], back["tables"], "counts and digests are the same everywhere");
        let on_sqlite = TestApp::new(Some(sqlite), |_| {});
        same(&on_sqlite, &first);
        assert_eq!(numbers(&on_sqlite), numbers(&app));

        // The service goes on where it was.
        for app in [on_postgres, on_sqlite] {
            let (status, report) =
                app.import(&[("merchants.csv", "number,name,locale,email,phone,tags\nM9,New,en,,,\n")]).await;
            assert_eq!(status, StatusCode::OK, "{report}");
            app.post("/locks", json!({"serial": "T5", "cause": "fell"})).await;
        }
    });
}

#[test]
fn no_table_and_no_sequence_is_forgotten() {
    let declared: BTreeSet<&str> = declared_schema().into_iter().map(|(table, _)| table).collect();
    let known: BTreeSet<&str> = TABLES.iter().map(|table| table.name).collect();
    assert_eq!(declared, known, "src/db/copy.rs lists every table of src/db/schema.rs");
    on_each_database(|app| async move {
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            number: i64,
        }
        let query = match app.database_url().starts_with("sqlite") {
            true => "SELECT count(*) AS number FROM id_sequence",
            false => "SELECT count(*) AS number FROM pg_class WHERE relkind = 'S'",
        };
        let count: Count = app.read(|connection| Ok(diesel::sql_query(query).get_result(connection)?));
        assert_eq!(usize::try_from(count.number).unwrap(), Table::ALL.len());
        assert_eq!(numbers(&app).len(), Table::ALL.len());
    });
}

/// Each column of each table, changed in one row, is noticed.
#[test]
fn a_difference_in_any_column_is_found() {
    on_sqlite(|app| async move {
        fill(&app).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.db");
        copied(&app.database_url(), &format!("sqlite:{}", path.display()), &[]);
        let source = app.database_url();
        let mut one =
            Connection::Sqlite(SqliteConnection::establish(source.strip_prefix("sqlite:").unwrap()).unwrap());
        let mut other = Connection::Sqlite(SqliteConnection::establish(path.to_str().unwrap()).unwrap());
        other.batch_execute("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
        other.batch_execute("DROP TRIGGER audit_keep_update; DROP TRIGGER audit_keep_delete").unwrap();
        for (name, columns) in declared_schema() {
            let table = TABLES.iter().find(|table| table.name == name).unwrap();
            let equal = table.compare(&mut one, &mut other, &mut |_| {}).unwrap();
            assert_eq!(equal, Comparison::Equal(table.digest(&mut other).unwrap()));
            for (column, kind) in columns {
                let other_value = match kind.trim_start_matches("Nullable<").trim_end_matches('>') {
                    "Text" => format!("coalesce(\"{column}\", '') || 'x'"),
                    "Bool" => format!("NOT \"{column}\""),
                    "Binary" => "x'00ff000a5c2700'".to_owned(),
                    _ => format!("coalesce(\"{column}\", 0) + 1000000"),
                };
                let change = format!(
                    "BEGIN; UPDATE {name} SET \"{column}\" = {other_value} \
                     WHERE rowid = (SELECT max(rowid) FROM {name})"
                );
                other.batch_execute(&change).unwrap();
                let found = table.compare(&mut one, &mut other, &mut |_| {}).unwrap();
                assert!(matches!(found, Comparison::Differs(_)), "{name}.{column}");
                assert_ne!(
                    table.digest(&mut one).unwrap(),
                    table.digest(&mut other).unwrap(),
                    "{name}.{column}"
                );
                other.batch_execute("ROLLBACK").unwrap();
            }
            other.batch_execute(&format!("BEGIN; DELETE FROM {name}")).unwrap();
            let found = table.compare(&mut one, &mut other, &mut |_| {}).unwrap();
            assert!(matches!(found, Comparison::Differs(_)), "{name} without a row");
            other.batch_execute("ROLLBACK").unwrap();
        }
    });
}

#[test]
fn a_target_that_holds_something_is_left_alone_unless_told() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let other = TestApp::new(None, |_| {});
        fill(&other).await;
        let before = app.dump();
        let refused = copy(&other.database_url(), &app.database_url(), &[]);
        assert_eq!(refused.status.code(), Some(4));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("terminal 6"), "it says what is there");
        let asked = copy(&other.database_url(), &app.database_url(), &["--replace"]);
        assert_eq!(asked.status.code(), Some(1));
        same(&app, &before);
        copied(&other.database_url(), &app.database_url(), &["--replace", "--yes"]);
        same(&app, &other.dump());
    });
}

#[test]
fn a_text_that_postgres_cannot_keep_is_named_and_nothing_is_copied() {
    on_sqlite(|app| async move {
        fill(&app).await;
        let nul = "UPDATE terminal SET label = 'a' || char(0) || 'b' WHERE serial = 'T3'";
        app.sql(nul);
        let target = TestApp::new(Some(postgres_url()), |_| {});
        let (before, numbers_before) = (target.dump(), numbers(&target));
        let refused = copy(&app.database_url(), &target.database_url(), &[]);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(4), "{told}");
        assert!(told.contains("table terminal") && told.contains("NUL character in label"), "{told}");
        assert_eq!((target.dump(), numbers(&target)), (before, numbers_before), "nothing was copied");
        // Where it can be kept, it is.
        let folder = tempfile::tempdir().unwrap();
        copied(&app.database_url(), &format!("sqlite:{}", folder.path().join("x.db").display()), &[]);
    });
}

/// What is written to the source while it is read is not in the copy, not even by half.
#[test]
fn the_source_is_read_as_of_one_moment() {
    on_each_database(|app| async move {
        fill(&app).await;
        let before = app.dump();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("x.db").display());
        let target = Database::open(&url).unwrap();
        let source = app.state.app().database.clone();
        let mut writes = 0;
        let report = transfer::copy(&source, &target, false, &mut |_| {
            writes += 1;
            let write = format!(
                "UPDATE terminal SET label = '{writes}'; UPDATE terminal_lock SET cause = '{writes}'"
            );
            app.sql(&write);
        })
        .unwrap();
        assert!(writes > 10 && app.dump() != before);
        same(&TestApp::new(Some(url), |_| {}), &before);
        assert_eq!(report.rows(), u64::try_from(before.len()).unwrap());
    });
}

#[test]
fn both_sides_must_have_this_binarys_schema() {
    on_sqlite(|app| async move {
        fill(&app).await;
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')";
        let target = TestApp::new(Some(postgres_url()), |_| {});
        target.sql(newer);
        let refused = copy(&app.database_url(), &target.database_url(), &[]);
        assert_eq!(refused.status.code(), Some(4));
        let folder = tempfile::tempdir().unwrap();
        app.sql(newer);
        let refused =
            copy(&app.database_url(), &format!("sqlite:{}", folder.path().join("x.db").display()), &[]);
        assert_eq!(refused.status.code(), Some(4));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("source's schema"));
        let missing = copy("sqlite:/nowhere/x.db", &postgres_url(), &[]);
        assert_eq!(missing.status.code(), Some(3));
        assert_eq!(copy(&app.database_url(), &app.database_url(), &[]).status.code(), Some(2));
    });
}
