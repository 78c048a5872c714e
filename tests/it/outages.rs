//! A database that cannot do what it is asked for: every kind of it, made for real, has a name, a remedy, and an
//! answer that says when to try again.

use std::sync::mpsc::channel;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use diesel::connection::SimpleConnection;
use offpeak::clock::Stopwatch;
use offpeak::db::{Connection, Database, DatabaseError, Outage, PoolOptions};
use offpeak::service::{Actor, Error};
use offpeak::web::router;
use serde_json::json;
use tower::ServiceExt;

use crate::support::{Cluster, TestApp, postgres_url, run};

fn statement(connection: &mut Connection, text: &str) -> Result<(), DatabaseError> {
    Ok(connection.batch_execute(text)?)
}

/// Opened by somebody with little patience.
fn open(url: &str) -> Database {
    let options = PoolOptions { connections_max: 2, wait: Duration::from_secs(1), ..PoolOptions::default() };
    Database::open_with(url, options).unwrap()
}

fn read(database: &Database) -> Result<(), DatabaseError> {
    read_of(database, "SELECT 1")
}

fn read_of(database: &Database, text: &str) -> Result<(), DatabaseError> {
    database.read(|connection| statement(connection, text))
}

fn write(database: &Database, text: &str) -> Result<(), DatabaseError> {
    database.write(|connection| statement(connection, text))
}

#[track_caller]
fn assert_outage(result: Result<(), DatabaseError>, expected: Outage) {
    match result.expect_err("it cannot be done") {
        DatabaseError::Unavailable { outage, detail } => assert_eq!(outage, expected, "{detail}"),
        other => panic!("{expected:?}, not {other:?}"),
    }
}

/// The URL's database under another user name.
fn as_user(url: &str, user: &str) -> String {
    let (_, rest) = url.split_once('@').unwrap();
    format!("postgres://{user}@{rest}")
}

#[test]
fn a_server_that_is_not_there_or_does_not_let_us_in() {
    let nobody = open("postgres://me@127.0.0.1:1/db");
    let waiting = std::thread::spawn(move || read(&nobody));
    let url = postgres_url();
    let stopwatch = Stopwatch::start();
    for wrong in [as_user(&url, "nobody_of_this_name"), format!("{}_not", url)] {
        assert_outage(read(&open(&wrong)), Outage::Denied);
    }
    assert!(stopwatch.elapsed_ms() < 5000, "nobody waits for what never comes");
    assert_outage(waiting.join().unwrap(), Outage::Unreachable);
}

#[test]
fn no_more_connections_here_or_there() {
    let url = postgres_url();
    let owner = open(&url);
    let role = "CREATE ROLE limited LOGIN CONNECTION LIMIT 1";
    write(&owner, role).unwrap();
    let limited = as_user(&url, "limited");
    let (first, second) = (open(&limited), open(&limited));
    let one = PoolOptions { connections_max: 1, wait: Duration::from_secs(1), ..PoolOptions::default() };
    let narrow = Database::open_with(&url, one).unwrap();
    let (started, begun) = channel();
    let held = [first, narrow.clone()].map(|database| {
        let started = started.clone();
        let (end, ended) = channel::<()>();
        let holder = std::thread::spawn(move || {
            database.read(|connection| {
                statement(connection, "SELECT 1")?;
                started.send(()).unwrap();
                ended.recv().unwrap();
                Ok::<_, DatabaseError>(())
            })
        });
        begun.recv().unwrap();
        (holder, end)
    });
    let waiting = std::thread::spawn(move || read(&narrow));
    assert_outage(read(&second), Outage::TooManyConnections);
    assert_outage(waiting.join().unwrap(), Outage::PoolExhausted);
    for (holder, end) in held {
        end.send(()).unwrap();
        holder.join().unwrap().unwrap();
    }
    read(&second).unwrap();
    write(&owner, "DROP ROLE limited").unwrap();
}

#[test]
fn a_standby_reads_and_writes_again_when_it_is_promoted() {
    let primary = Cluster::start(&["wal_level=replica"]);
    let url = primary.fresh_database();
    write(&open(&url), "CREATE TABLE x (n INT)").unwrap();
    let standby = primary.standby();
    let name = url.rsplit('/').next().unwrap();
    let any = open(&format!("{}?target_session_attrs=any", standby.url(name)));
    read(&any).unwrap();
    assert_outage(write(&any, "INSERT INTO x VALUES (1)"), Outage::ReadOnly);
    let careful = open(&standby.url(name));
    let (both, user) = (format!("{},{}", standby.socket(), primary.socket()), "postgres");
    let both = open(&format!("postgres://{user}@{both}/{name}"));
    write(&both, "INSERT INTO x VALUES (2)").unwrap();
    assert_outage(write(&careful, "INSERT INTO x VALUES (3)"), Outage::ReadOnly);
    primary.control(&["-m", "immediate", "stop"]);
    standby.control(&["promote"]);
    // Whoever knows both servers meets the new primary; whoever knew the standby may write.
    write(&both, "INSERT INTO x VALUES (4)").unwrap();
    write(&any, "INSERT INTO x VALUES (5)").unwrap();
    // The way down: somebody is still connected, and nobody new is let in.
    let held = any.write(|connection| {
        statement(connection, "INSERT INTO x VALUES (6)")?;
        standby.control(&["-m", "smart", "--no-wait", "stop"]);
        assert_outage(read(&open(&standby.url(name))), Outage::Restarting);
        Ok::<_, DatabaseError>(())
    });
    held.unwrap();
}

#[test]
fn what_takes_too_long_or_is_held_by_another() {
    let url = postgres_url();
    let database = open(&url);
    let slow = "SET LOCAL statement_timeout = '50ms'; SELECT pg_sleep(5)";
    assert_outage(write(&database, slow), Outage::TooSlow);
    write(&database, "CREATE TABLE x (n INT)").unwrap();
    let held = database.write(|connection| {
        statement(connection, "LOCK TABLE x")?;
        let other = "SET LOCAL lock_timeout = '50ms'; INSERT INTO x VALUES (1)";
        assert_outage(write(&database, other), Outage::Locked);
        Ok::<_, DatabaseError>(())
    });
    held.unwrap();
    write(&database, "INSERT INTO x VALUES (1)").unwrap();
}

#[test]
fn a_process_that_is_stopped_holds_nobody_up_for_long() {
    let database = open(&postgres_url());
    let limits = database.write(|connection| {
        use diesel::RunQueryDsl;
        #[derive(diesel::QueryableByName)]
        struct Setting {
            #[diesel(sql_type = diesel::sql_types::Text)]
            setting: String,
        }
        let question = "SELECT concat(current_setting('idle_in_transaction_session_timeout'), ' ', \
                        current_setting('lock_timeout')) AS setting";
        Ok::<_, DatabaseError>(diesel::sql_query(question).get_result::<Setting>(connection)?.setting)
    });
    assert_eq!(limits.unwrap(), "30s 30s");
    // The same with less patience: the server ends the transaction of whoever sleeps in it.
    let asleep = database.write_once(|connection| {
        statement(connection, "SET LOCAL idle_in_transaction_session_timeout = '50ms'; SELECT 1")?;
        std::thread::sleep(Duration::from_millis(500));
        statement(connection, "SELECT 1")
    });
    assert_outage(asleep, Outage::Unreachable);
}

#[test]
fn a_process_that_is_stopped_while_it_copies_is_cut_off() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let url = postgres_url();
    let patience = Duration::from_millis(700);
    let database = Database::open_with(&url, PoolOptions { patience, ..PoolOptions::default() }).unwrap();
    write(&database, "CREATE TABLE x (n INT)").unwrap();
    let mut stopped = Command::new("psql")
        .args(["-X", "-q", &url])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It begins to copy, and says no more.
    let words = "SET idle_in_transaction_session_timeout = '700ms'; SET statement_timeout = '700ms'; BEGIN; \
                 SELECT pg_advisory_xact_lock(7305221) \\g /dev/null\nCOPY x FROM STDIN;\n1\n";
    let mut speech = stopped.stdin.take().unwrap();
    speech.write_all(words.as_bytes()).unwrap();
    speech.flush().unwrap();
    let holds = "DO $$ BEGIN ASSERT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database \
                 WHERE objid = 7305221 AND granted AND datname = current_database()); END $$";
    while read_of(&database, holds).is_err() {
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(1500));
    let stopwatch = Stopwatch::start();
    let written = database.write(|connection| {
        connection.serialize_schedule()?;
        statement(connection, "INSERT INTO x VALUES (2)")
    });
    written.unwrap();
    assert!((600..5000).contains(&stopwatch.elapsed_ms()), "{} ms", stopwatch.elapsed_ms());
    drop(speech);
    assert!(!stopped.wait().unwrap().success(), "the server has ended its transaction");
}

#[test]
fn a_full_disk() {
    // PostgreSQL's own words for a device without room.
    let database = open(&postgres_url());
    write(&database, "CREATE TABLE x (n TEXT); INSERT INTO x VALUES (repeat('x', 100000))").unwrap();
    assert_outage(write(&database, "COPY x TO '/dev/full'"), Outage::DiskFull);
    let folder = tempfile::tempdir().unwrap();
    let file = open(&format!("sqlite:{}", folder.path().join("x.db").display()));
    write(&file, "CREATE TABLE x (n TEXT)").unwrap();
    let full = "PRAGMA max_page_count = 20; INSERT INTO x VALUES (hex(zeroblob(200000)))";
    assert_outage(write(&file, full), Outage::DiskFull);
    write(&file, "PRAGMA max_page_count = 1000000; INSERT INTO x VALUES ('it goes on')").unwrap();
}

#[test]
fn a_file_that_cannot_be_written_or_opened() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!("sqlite:{}", folder.path().join("no/such/folder.db").display());
    assert_outage(read(&open(&nowhere)), Outage::Denied);
    let url = format!("sqlite:{}", folder.path().join("x.db").display());
    let database = open(&url);
    write(&database, "CREATE TABLE x (n TEXT)").unwrap();
    assert_outage(write(&database, "PRAGMA query_only = 1; INSERT INTO x VALUES ('a')"), Outage::ReadOnly);
}

#[test]
fn answers_say_when_to_try_again_and_the_command_ends_with_5() {
    let url = postgres_url();
    let app = TestApp::new(Some(format!("{url}?target_session_attrs=any")), |_| {});
    let name = url.rsplit('/').next().unwrap();
    let admin = open(&url.replace(name, "postgres"));
    // As if the primary had become a standby.
    write(&admin, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).unwrap();
    let kick =
        format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'");
    write(&admin, &kick).unwrap();
    run(async {
        app.get("/plans").await;
        let window = json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 60});
        let (status, problem) = app.try_post("/windows", window).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
        assert_eq!(problem["code"], "database_read_only", "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("name the primary"), "{problem}");
        // And as if it had gone.
        write(&admin, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).unwrap();
        write(&admin, &kick).unwrap();
        let mut request = Request::get("/plans").body(Body::empty()).unwrap();
        request.extensions_mut().insert(Actor::local());
        let page = router(app.state.clone()).oneshot(request).await.unwrap();
        assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(page.headers()[header::RETRY_AFTER], "5");
        assert!(page.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
        let html = axum::body::to_bytes(page.into_body(), usize::MAX).await.unwrap();
        let html = String::from_utf8_lossy(&html);
        assert!(html.contains("does not let Offpeak in") && html.contains("look at database_url"), "{html}");
    });
    let command = std::process::Command::new(env!("CARGO_BIN_EXE_offpeak"))
        .args(["campaign", "list", "--database", &as_user(&url, "nobody_of_this_name")])
        .env_remove("OFFPEAK_SERVER")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&command.stderr);
    assert_eq!(command.status.code(), Some(5), "{words}");
    assert!(words.contains("does not let Offpeak in") && words.contains("look at database_url"), "{words}");
}

#[test]
fn what_nobody_knows_is_not_offered_again() {
    use axum::response::IntoResponse;
    let unknown = |outage| {
        let error = DatabaseError::Unavailable { outage, detail: "gone".to_owned() };
        offpeak::web::ApiError::from(Error::Database(error)).into_response()
    };
    assert_eq!(unknown(Outage::DiskFull).headers()[header::RETRY_AFTER], "5");
    let answer = unknown(Outage::OutcomeUnknown);
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.headers().contains_key(header::RETRY_AFTER));
}
