//! The audit trail as evidence: only added to, chained, verified, exported.

use diesel::connection::SimpleConnection;
use offpeak::api::audit::AuditVerdict;
use offpeak::db::Database;
use offpeak::service::audit::{Change, chain, record};
use offpeak::service::{Actor, Error, transfer};
use serde_json::json;

use crate::support::{TestApp, on_each_database, postgres_url, run};

fn write_down(app: &TestApp, count: usize) {
    for number in 0..count {
        let change = Change::new("test.note", format!("note {number}"))
            .before(&json!({"n": number}))
            .after(&json!({"n": number + 1, "words": "é 夜 ;:|"}))
            .because((number % 2 == 0).then_some("because; it: is|so"));
        let actor = Actor::local().from_address((number % 3 == 0).then(|| "192.0.2.1".to_owned()));
        app.write(|connection| {
            let change = Change {
                action: change.action,
                subject: change.subject.clone(),
                before: change.before.clone(),
                after: change.after.clone(),
                reason: change.reason,
            };
            Ok(record(connection, app.state.app(), &actor, change)?)
        });
    }
}

fn verify(app: &TestApp) -> AuditVerdict {
    chain::verify(app.state.app(), None).expect("it is read")
}

/// Statements of somebody who may do anything with the database.
fn tamper(app: &TestApp, statements: &str) {
    app.write(|connection| {
        let postgres = connection.kind() == "postgres";
        if postgres {
            connection.batch_execute("ALTER TABLE audit DISABLE TRIGGER USER")?;
            connection.batch_execute(statements)?;
            connection.batch_execute("ALTER TABLE audit ENABLE TRIGGER USER")?;
        } else {
            connection.batch_execute("DROP TRIGGER audit_keep_update; DROP TRIGGER audit_keep_delete")?;
            connection.batch_execute(statements)?;
            connection.batch_execute(
                "CREATE TRIGGER audit_keep_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'no'); END;
                 CREATE TRIGGER audit_keep_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'no'); END;",
            )?;
        }
        Ok::<_, Error>(())
    });
}

fn id_at(app: &TestApp, position: i64) -> i64 {
    let rows =
        app.read(|connection| Ok(offpeak::db::audit::chained(connection, (position - 1, i64::MAX), 1)?));
    rows[0].id
}

#[test]
fn a_trail_that_nobody_touched_is_whole() {
    on_each_database(|app| async move {
        assert!(verify(&app).whole);
        app.import_small_fleet().await;
        write_down(&app, 20);
        let verdict = verify(&app);
        assert!(verdict.whole, "{:?}", verdict.findings);
        assert!(verdict.entries > 20 && verdict.before_chain == 0);
        assert_eq!(verdict.head.position, i64::try_from(verdict.entries).unwrap());
        // What was kept of it is still there later.
        let kept = format!("{}:{}", verdict.head.position, verdict.head.hash);
        write_down(&app, 3);
        assert!(chain::verify(app.state.app(), Some(&kept)).unwrap().whole);
        let other = format!("{}:{}", verdict.head.position, "0".repeat(64));
        assert!(!chain::verify(app.state.app(), Some(&other)).unwrap().whole);
        assert!(!chain::verify(app.state.app(), Some(&format!("9999:{}", verdict.head.hash))).unwrap().whole);
        assert!(chain::verify(app.state.app(), Some("nonsense")).is_err());
    });
}

#[test]
fn the_database_itself_refuses_to_change_an_entry() {
    on_each_database(|app| async move {
        write_down(&app, 3);
        let database = &app.state.app().database;
        let mut statements = vec![
            "UPDATE audit SET reason = 'better'",
            "UPDATE audit SET hash = 'x'",
            "UPDATE audit SET hash = NULL, position = NULL",
            "DELETE FROM audit WHERE id = 1",
            "DELETE FROM audit",
        ];
        if app.database_url().starts_with("postgres") {
            statements.push("TRUNCATE audit");
        }
        let before = app.dump();
        for statement in statements {
            let refused = database.write(|connection| Ok::<_, Error>(connection.batch_execute(statement)?));
            let error = refused.expect_err(statement).to_string();
            assert!(error.contains("only added to"), "{statement}: {error}");
        }
        assert_eq!(app.dump(), before);
    });
}

#[test]
fn what_was_changed_removed_or_put_in_between_is_named() {
    for (what, kind) in [
        ("changed", "changed"),
        ("removed", "removed"),
        ("last", "removed"),
        ("inserted", "inserted"),
        ("moved", "changed"),
    ] {
        on_each_database(|app| async move {
            write_down(&app, 12);
            assert!(verify(&app).whole);
            let id = id_at(&app, 5);
            let last = id_at(&app, 12);
            tamper(
                &app,
                &match what {
                    "changed" => format!("UPDATE audit SET reason = 'something else' WHERE id = {id}"),
                    "removed" => format!("DELETE FROM audit WHERE id = {id}"),
                    "last" => format!("DELETE FROM audit WHERE id = {last}"),
                    "inserted" => "INSERT INTO audit (id, at, actor, action, subject) \
                                   VALUES (9000, 0, 'alice', 'plan.publish', 'plan 1')"
                        .to_owned(),
                    _ => format!("UPDATE audit SET at = at - 1000000 WHERE id = {id}"),
                },
            );
            let verdict = verify(&app);
            assert!(!verdict.whole, "{what}");
            assert_eq!(verdict.findings.len(), 1, "{what}: {:?}", verdict.findings);
            let finding = &verdict.findings[0];
            assert_eq!(finding.kind, kind, "{finding:?}");
            match what {
                "changed" | "moved" => assert_eq!((finding.id, finding.position), (Some(id), Some(5))),
                "removed" => assert_eq!(finding.position, Some(5)),
                "last" => assert_eq!(finding.position, Some(12)),
                _ => assert_eq!(finding.id, Some(9000)),
            }
            // What comes later is chained to what stood there, and is not blamed.
            write_down(&app, 2);
            assert!(verify(&app).findings.len() <= 2);
        });
    }
}

#[test]
fn many_at_once_are_one_chain() {
    on_each_database(|app| async move {
        let state = app.state.app().clone();
        let threads: Vec<_> = (0..6)
            .map(|thread| {
                let app = state.clone();
                std::thread::spawn(move || {
                    for round in 0..15 {
                        app.database
                            .write(|connection| {
                                for entry in 0..3 {
                                    let subject = format!("note {thread} {round} {entry}");
                                    record(
                                        connection,
                                        &app,
                                        &Actor::local(),
                                        Change::new("test.note", subject),
                                    )?;
                                }
                                // Some come to nothing: their numbers are never seen, and no place is missing.
                                if round % 5 == 0 { Err(Error::Conflict("no".to_owned())) } else { Ok(()) }
                            })
                            .ok();
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        let verdict = verify(&app);
        assert!(verdict.whole, "{:?}", verdict.findings);
        assert_eq!(verdict.entries, 6 * 12 * 3);
    });
}

#[test]
fn a_trail_from_before_the_chain_is_covered_by_its_first_entry() {
    on_each_database(|app| async move {
        write_down(&app, 7);
        tamper(&app, "UPDATE audit SET hash = NULL, position = NULL; DELETE FROM audit_head");
        chain::start(app.state.app()).unwrap();
        chain::start(app.state.app()).unwrap();
        write_down(&app, 2);
        let verdict = verify(&app);
        assert!(verdict.whole, "{:?}", verdict.findings);
        assert_eq!((verdict.before_chain, verdict.entries), (7, 3));
        tamper(&app, "UPDATE audit SET actor = 'bob' WHERE id = 3");
        let verdict = verify(&app);
        assert_eq!(verdict.findings.len(), 1, "{:?}", verdict.findings);
        assert!(verdict.findings[0].message.contains("before the chain"));
    });
}

#[test]
fn a_copied_trail_is_as_whole_as_the_one_it_was_copied_from() {
    run(async {
        let app = TestApp::new(None, |_| {});
        write_down(&app, 5);
        tamper(&app, "UPDATE audit SET hash = NULL, position = NULL; DELETE FROM audit_head");
        chain::start(app.state.app()).unwrap();
        write_down(&app, 5);
        let url = postgres_url();
        let target = Database::open(&url).unwrap();
        transfer::copy(&app.state.app().database, &target, false, &mut |_| {}).unwrap();
        let copied = TestApp::new(Some(url), |_| {});
        assert_eq!(verify(&copied).head, verify(&app).head);
        assert!(verify(&copied).whole, "{:?}", verify(&copied).findings);
        write_down(&copied, 2);
        assert!(verify(&copied).whole, "{:?}", verify(&copied).findings);
        // And over what is there already, and back.
        transfer::copy(&copied.state.app().database, &app.state.app().database, true, &mut |_| {}).unwrap();
        write_down(&app, 2);
        assert!(verify(&app).whole, "{:?}", verify(&app).findings);
        let refused = app
            .state
            .app()
            .database
            .write(|connection| Ok::<_, Error>(connection.batch_execute("DELETE FROM audit")?));
        assert!(refused.is_err(), "what keeps the trail is there again");
    });
}

#[test]
fn the_trail_is_filtered_and_exported() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        write_down(&app, 4);
        let count = |list: &serde_json::Value| list["items"].as_array().unwrap().len();
        assert_eq!(count(&app.get("/audit?action=test").await), 4);
        assert_eq!(count(&app.get("/audit?action=test.note&subject=note%202").await), 1);
        assert_eq!(count(&app.get("/audit?action=tes").await), 0);
        assert_eq!(count(&app.get("/audit?actor=nobody").await), 0);
        assert_eq!(count(&app.get("/audit?q=it%3A%20is").await), 2, "reasons are searched");
        assert_eq!(count(&app.get("/audit?to=2026-12-01T09:00:00Z").await), 0);
        assert_ne!(count(&app.get("/audit?from=2026-12-01T09:00:00Z").await), 0);
        let (status, answer) = app.send(axum::http::Method::GET, "/api/v1/audit?from=yesterday", None).await;
        assert_eq!((status.as_u16(), &answer["code"]), (422, &json!("invalid")));

        let all = app.get("/audit?limit=1000").await["items"].as_array().unwrap().len();
        let text = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let lines = text(app.get("/audit/export").await);
        assert_eq!(lines.lines().count(), all);
        let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!((&first["id"], &first["position"]), (&json!(1), &json!(1)));
        let table = text(app.get("/audit/export?format=csv&action=test").await);
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        assert_eq!(rows.len(), 4);
        assert_eq!(&rows[0][7], "{\"n\":1,\"words\":\"é 夜 ;:|\"}");
        let (status, _) = app.send(axum::http::Method::GET, "/api/v1/audit/export?format=xml", None).await;
        assert_eq!(status.as_u16(), 422);
        let verdict = app.get("/audit/verify").await;
        assert_eq!(verdict["whole"], true, "{verdict}");
    });
}
