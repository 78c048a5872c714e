//! The database's own promises: migrations both ways, one schema in two dialects, transactions that hold.

use std::collections::BTreeMap;

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use offpeak::db::migrations::ledger;
use offpeak::db::{Connection, Database, migrations};
use offpeak::service::Error;

use crate::support::{declared_schema, on_each_database, on_sqlite, postgres_url};

#[derive(diesel::QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(diesel::QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    nullable: i64,
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

type Schema = BTreeMap<String, Vec<(String, String)>>;

/// Tables and columns as the database has them, in the words of `src/db/schema.rs`. What each database needs for
/// itself is left out.
fn found_schema(connection: &mut Connection) -> Schema {
    let sqlite = "SELECT m.name AS table_name, c.name AS column_name, lower(c.type) AS kind, \
                  1 - c.\"notnull\" AS nullable, c.cid FROM sqlite_master m, pragma_table_info(m.name) c \
                  WHERE m.type = 'table' ORDER BY m.name, c.cid";
    let postgres = "SELECT table_name::text, column_name::text, data_type::text AS kind, \
                    (is_nullable = 'YES')::int::bigint AS nullable FROM information_schema.columns \
                    WHERE table_schema = 'public' ORDER BY table_name, ordinal_position";
    let query = if connection.kind() == "sqlite" { sqlite } else { postgres };
    let sqlite = connection.kind() == "sqlite";
    let columns: Vec<Column> = diesel::sql_query(query).load(connection).unwrap();
    let mut schema = Schema::new();
    for Column { table_name, column_name, kind, nullable } in columns {
        if ["__diesel_schema_migrations", "id_sequence"].contains(&table_name.as_str()) {
            continue;
        }
        let kind = match kind.as_str() {
            // SQLite's own name for the 64-bit key of a table.
            "integer" if sqlite && column_name == "id" => "BigInt",
            "bigint" => "BigInt",
            "integer" => "Integer",
            "text" => "Text",
            "boolean" => "Bool",
            "blob" | "bytea" => "Binary",
            other => panic!("{table_name}.{column_name} is {other}"),
        };
        let kind = if nullable == 1 { format!("Nullable<{kind}>") } else { kind.to_owned() };
        schema.entry(table_name).or_default().push((column_name, kind));
    }
    schema
}

fn indices(connection: &mut Connection) -> Vec<String> {
    let query = match connection.kind() {
        "sqlite" => "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
        _ => {
            "SELECT indexname::text AS name FROM pg_indexes WHERE schemaname = 'public' \
             AND indexname NOT LIKE '%\\_pkey' AND indexname NOT LIKE '%\\_key' ORDER BY indexname"
        }
    };
    diesel::sql_query(query).load::<Named>(connection).unwrap().into_iter().map(|row| row.name).collect()
}

#[test]
fn migrations_go_up_down_and_up_to_the_declared_schema() {
    let folder = tempfile::tempdir().unwrap();
    let urls = [format!("sqlite:{}", folder.path().join("x.db").display()), postgres_url()];
    let declared: Schema = declared_schema()
        .into_iter()
        .map(|(table, columns)| {
            let columns =
                columns.into_iter().map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
            (table.to_owned(), columns)
        })
        .collect();
    let mut found = Vec::new();
    for url in urls {
        let database = Database::open(&url).unwrap();
        let found_now = || database.read(|connection| Ok::<_, Error>(found_schema(connection))).unwrap();
        let pending = || database.read(ledger::read).unwrap().pending().len();
        assert!(pending() > 0);
        let applied = migrations::up(&database).unwrap();
        assert!(!applied.is_empty());
        assert_eq!(migrations::up(&database).unwrap(), Vec::<String>::new());
        assert_eq!(found_now(), declared, "{url}");
        assert_eq!(migrations::down::to(&database, 0).unwrap().len(), applied.len());
        assert_eq!(found_now(), Schema::new());
        assert_eq!(migrations::up(&database).unwrap(), applied);
        assert_eq!(pending(), 0);
        assert_eq!(found_now(), declared);
        let mut indices = database.read(|connection| Ok::<_, Error>(indices(connection))).unwrap();
        // PostgreSQL alone has it: SQLite finds a row by its number as fast.
        indices.retain(|name| name != "appointment_state_by_id");
        found.push((applied, indices));
    }
    assert_eq!(found[0], found[1], "both trees have the same versions and indices");
}

#[test]
fn references_must_lead_somewhere() {
    on_each_database(|app| async move {
        let orphan = "INSERT INTO site (id, code, merchant_id, name, region, time_zone, opening_hours, \
                      traffic_profile, tags, updated_at) VALUES (1, 'S', 99, 'x', 'x', 'UTC', '24/7', 'flat', '{}', 0)";
        let database = &app.state.app().database;
        let refused = database.write(|connection| Ok::<_, Error>(connection.batch_execute(orphan)?));
        let error = refused.unwrap_err().to_string().to_lowercase();
        assert!(error.contains("foreign key"), "{error}");
    });
}

#[test]
fn a_transaction_that_fails_leaves_nothing() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let before = app.dump();
        let failed = app.state.app().database.write(|connection| {
            connection.batch_execute("UPDATE merchant SET name = 'x'; DELETE FROM terminal")?;
            Err::<(), _>(Error::Conflict("no".to_owned()))
        });
        assert!(failed.is_err());
        assert_eq!(app.dump(), before);
    });
}

#[test]
fn a_panic_in_a_transaction_holds_nobody_up() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let before = app.dump();
        for _ in 0..3 {
            let database = app.state.app().database.clone();
            let panicked = std::thread::spawn(move || {
                database.write(|connection| {
                    connection.batch_execute("UPDATE merchant SET name = 'x'")?;
                    panic!("on purpose");
                    #[expect(unreachable_code, reason = "it names the error's type")]
                    Ok::<(), Error>(())
                })
            });
            assert!(panicked.join().is_err());
            // Whichever connection comes next, it can write.
            for _ in 0..3 {
                app.sql("UPDATE merchant SET id = id");
            }
        }
        assert_eq!(app.dump(), before);
    });
}

#[test]
fn writers_that_read_first_all_succeed() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let read = "SELECT updated_at AS number FROM merchant WHERE number = 'M1'";
        let number =
            || app.read(|connection| Ok(diesel::sql_query(read).get_result::<Number>(connection)?.number));
        let start = number();
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let database = app.state.app().database.clone();
                std::thread::spawn(move || {
                    for _ in 0..25 {
                        database
                            .write(|connection| {
                                connection.serialize_schedule()?;
                                let known = diesel::sql_query(read).get_result::<Number>(connection)?.number;
                                std::thread::yield_now();
                                let next = known + 1;
                                let write =
                                    format!("UPDATE merchant SET updated_at = {next} WHERE number = 'M1'");
                                Ok::<_, Error>(connection.batch_execute(&write)?)
                            })
                            .unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        assert_eq!(number() - start, 200, "nothing was lost");
    });
}

#[test]
fn a_reader_sees_one_moment() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let count = "SELECT count(*) AS number FROM merchant WHERE name = 'x'";
        app.read(|reader| {
            let before = diesel::sql_query(count).get_result::<Number>(reader)?.number;
            // Another connection, on purpose.
            app.sql("UPDATE merchant SET name = 'x'");
            let after = diesel::sql_query(count).get_result::<Number>(reader)?.number;
            assert_eq!((before, after), (0, 0));
            Ok(())
        });
    });
}

#[test]
fn an_unknown_database_is_refused_without_its_password() {
    on_sqlite(|app| async move {
        let error = Database::open("mysql://root:secret@host/x").unwrap_err().to_string();
        assert!(error.contains("use sqlite:PATH or postgres://") && !error.contains("secret"), "{error}");
        drop(app);
    });
}

#[test]
fn several_may_start_at_once_on_a_new_database() {
    let folder = tempfile::tempdir().unwrap();
    for url in [format!("sqlite:{}", folder.path().join("x.db").display()), postgres_url()] {
        let starters: Vec<_> = (0..4)
            .map(|_| {
                let url = url.clone();
                std::thread::spawn(move || {
                    let database = Database::open(&url).unwrap();
                    migrations::up(&database).map(|applied| applied.len())
                })
            })
            .collect();
        let applied: Vec<usize> =
            starters.into_iter().map(|starter| starter.join().unwrap().unwrap()).collect();
        assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{url}: {applied:?}");
    }
}
