//! Publishing is one step: a reader sees all of it or nothing, and a process that is killed in the middle leaves
//! nothing, however far it was.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;
use offpeak::clock::Stopwatch;
use serde_json::json;

use crate::support::{NOW, TestApp, postgres_url, run};

const TERMINALS: u32 = 3000;

#[derive(diesel::QueryableByName, Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    #[diesel(sql_type = BigInt)]
    appointments: i64,
    #[diesel(sql_type = BigInt)]
    work: i64,
    #[diesel(sql_type = BigInt)]
    visits: i64,
    #[diesel(sql_type = BigInt)]
    notices: i64,
    #[diesel(sql_type = BigInt)]
    published: i64,
}

const NOTHING: Written = Written { appointments: 0, work: 0, visits: 0, notices: 0, published: 0 };

fn written(app: &TestApp) -> Written {
    let question = "SELECT (SELECT count(*) FROM appointment) AS appointments, \
                    (SELECT count(*) FROM appointment_work) AS work, (SELECT count(*) FROM visit) AS visits, \
                    (SELECT count(*) FROM notice) AS notices, \
                    (SELECT count(*) FROM plan WHERE state = 'published') AS published";
    app.read(|connection| Ok(diesel::sql_query(question).get_result(connection)?))
}

/// A process that publishes plan `id`.
fn publisher(url: &str, id: i64) -> Child {
    Command::new(env!("CARGO_BIN_EXE_offpeak"))
        .args(["plan", "publish", &id.to_string(), "--database", url])
        .env_remove("OFFPEAK_SERVER")
        .env("OFFPEAK_CLOCK", NOW)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whether a transaction that changes the schedule is under way.
fn somebody_writes(app: &TestApp, url: &str) -> bool {
    use diesel::Connection;
    use diesel::connection::SimpleConnection;
    if let Some(path) = url.strip_prefix("sqlite:") {
        let mut connection = diesel::SqliteConnection::establish(path).unwrap();
        return connection.batch_execute("BEGIN IMMEDIATE").is_err();
    }
    let question = "SELECT count(*) AS appointments, 0::bigint AS work, 0::bigint AS visits, 0::bigint AS notices, \
                    0::bigint AS published FROM pg_locks WHERE locktype = 'advisory' AND granted \
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    app.read(|connection| Ok(diesel::sql_query(question).get_result::<Written>(connection)?)).appointments > 0
}

async fn plan(app: &TestApp) -> i64 {
    app.import_generated(TERMINALS, 8).await;
    app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
    let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
        "duration_minutes": 20, "deadline_at": "2026-12-25T00:00:00Z"});
    app.post("/campaigns", campaign).await;
    let plan = app.plan(json!({"horizon_days": 14, "effort": "fast"})).await;
    assert_eq!(plan["state"], "verified", "{plan}");
    plan["id"].as_i64().unwrap()
}

fn try_on(url: String) {
    let app = TestApp::new(Some(url.clone()), |_| {});
    let mut id = 0;
    run(async { id = plan(&app).await });
    assert_eq!(written(&app), NOTHING);

    // Killed later and later, until once it has come to its end.
    let (mut in_the_middle, mut wait) = (0, Duration::from_millis(60));
    let whole = loop {
        let mut process = publisher(&url, id);
        std::thread::sleep(wait);
        let writing = somebody_writes(&app, &url);
        process.kill().unwrap();
        let killed = process.wait().unwrap().code().is_none();
        let found = written(&app);
        if found != NOTHING {
            break found;
        }
        assert!(killed, "it ended without publishing anything");
        in_the_middle += u32::from(writing);
        // In small steps once they come as far as to write.
        wait = wait.mul_f64(if in_the_middle > 0 { 1.08 } else { 1.15 });
    };
    println!("{in_the_middle} were killed in the middle");
    assert!(in_the_middle > 2, "{in_the_middle} were killed in the middle of their transaction");
    assert!(whole.appointments > 2000 && whole.work == whole.appointments, "{whole:?}");
    assert!(whole.visits > 500 && whole.notices > 500 && whole.published == 1, "{whole:?}");
    let placed = app.read(|connection| {
        let question = "SELECT count(*) AS appointments, count(*) AS work, 0 AS visits, 0 AS notices, 0 AS published \
                        FROM plan_item WHERE starts_at IS NOT NULL";
        let question = question.replace("0 AS", "CAST(0 AS BIGINT) AS");
        Ok(diesel::sql_query(question).get_result::<Written>(connection)?.appointments)
    });
    assert_eq!(whole.appointments, placed);
}

#[test]
fn a_killed_process_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    for url in [format!("sqlite:{}", folder.path().join("x.db").display()), postgres_url()] {
        let stopwatch = Stopwatch::start();
        try_on(url);
        println!("{} ms", stopwatch.elapsed_ms());
    }
}

#[test]
fn readers_see_all_of_a_publication_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for url in [format!("sqlite:{}", folder.path().join("x.db").display()), postgres_url()] {
        let app = TestApp::new(Some(url.clone()), |_| {});
        let mut id = 0;
        run(async { id = plan(&app).await });
        let over = AtomicBool::new(false);
        let (mut seen, mut looks) = (vec![NOTHING], 0);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let found = written(&app);
                    looks += 1;
                    if seen.last() != Some(&found) {
                        seen.push(found);
                    }
                }
            });
            assert!(publisher(&url, id).wait().unwrap().success());
            over.store(true, Ordering::Relaxed);
            reader.join().unwrap();
        });
        seen.push(written(&app));
        seen.dedup();
        assert!(looks > 20, "{looks} looks");
        assert_eq!(seen.len(), 2, "nothing, then everything: {seen:?}");
    }
}
