//! A claim reads what it takes and little more, however many mails are in the outbox: asked of both databases, in their
//! own words.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use offpeak::db::Connection;
use offpeak::db::notice_attempt::{Wanted, accept, claim};

use crate::support::outbox::add_notices;
use crate::support::{TestApp, on_each_database};

const LIMIT: i64 = 50;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(Debug, QueryableByName)]
struct Reads {
    #[diesel(sql_type = BigInt)]
    whole: i64,
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// What this connection has read of the outbox, as far as PostgreSQL has not added it to its own sums yet.
fn reads(connection: &mut Connection) -> QueryResult<Reads> {
    diesel::sql_query(
        "SELECT seq_scan AS whole, seq_tup_read + idx_tup_fetch AS rows FROM pg_stat_xact_user_tables \
         WHERE relname = 'notice'",
    )
    .get_result(connection)
}

/// What the claim asks of the outbox.
fn questions(connection: &mut Connection, work: impl FnOnce(&mut Connection)) -> Vec<String> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            hearing.lock().expect("nobody panics here").push(query.to_string());
        }
    });
    work(connection);
    connection.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let heard = heard.lock().expect("nobody panics here").clone();
    let text = |query: String| query.split(" -- binds").next().unwrap_or_default().to_owned();
    heard.into_iter().map(text).filter(|query| query.contains("notice")).collect()
}

fn claimed(connection: &mut Connection, app: &TestApp, except: &[String]) {
    let now = app.clock.now();
    let wanted = Wanted { limit: LIMIT, urgent_only: false, except };
    let rows = claim(connection, now.into(), (now + TimeDelta::minutes(10)).into(), wanted).expect("a claim");
    assert_eq!(rows.len() as i64, LIMIT);
}

#[test]
fn a_claim_reads_no_more_of_a_large_outbox_than_it_takes() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.clock.set(chrono::Utc::now() + TimeDelta::minutes(1));
        app.write(|connection| {
            add_notices(connection, 1_000, 10_000, "accepted")?;
            add_notices(connection, 100_000, 10_000, "queued")?;
            add_notices(connection, 200_000, 10_000, "deferred")?;
            Ok(())
        });
        let except: Vec<String> = (0..20).map(|number| format!("shops{number}.example")).collect();
        // Whether the database has looked at its own tables by now or not.
        for analyzed in [false, true] {
            if analyzed {
                app.sql("ANALYZE");
            }
            app.write(|connection| {
                if connection.kind() == "sqlite" {
                    let asked = questions(connection, |connection| claimed(connection, &app, &except));
                    assert!(asked.len() >= 7, "{asked:#?}");
                    for question in asked {
                        // What a plan is made for is not there yet; it does not depend on it.
                        let steps: Vec<Step> =
                            diesel::sql_query(format!("EXPLAIN QUERY PLAN {question}")).load(connection)?;
                        let mut steps: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
                        // The list of those that were found.
                        steps.retain(|step| !step.starts_with("SCAN json_each"));
                        let by_index = |step: &String| {
                            step.contains("INDEX notice_by_due (state=? AND urgent=?")
                                || step.contains("USING INTEGER PRIMARY KEY")
                        };
                        assert!(
                            steps
                                .iter()
                                .all(|step| !step.starts_with("SCAN") && !step.contains("TEMP B-TREE")),
                            "{question}: {steps:?}"
                        );
                        assert!(steps.iter().any(by_index), "{question}: {steps:?}");
                    }
                    return Ok(());
                }
                let before = reads(connection)?;
                claimed(connection, &app, &except);
                let after = reads(connection)?;
                assert_eq!(after.whole, before.whole, "analyzed: {analyzed}");
                // Each row is found and changed; several times that many are allowed for. Before PostgreSQL has
                // looked at its tables for the first time it takes what is due for a handful, and sorts it.
                let rows = after.rows - before.rows;
                assert!(
                    rows >= LIMIT && (rows <= 12 * LIMIT || !analyzed),
                    "analyzed: {analyzed}, {rows} rows read"
                );
                Ok(())
            });
        }
    });
}

#[test]
fn an_acceptance_reads_no_more_than_it_is_about() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.write(|connection| Ok(add_notices(connection, 1_000, 10_000, "accepted")?));
        // What the database knows of its tables is from a moment when nothing was on its way.
        app.sql("ANALYZE");
        app.write(|connection| Ok(add_notices(connection, 100_000, 10_000, "sending")?));
        let ids: Vec<i64> = (100_000..100_000 + LIMIT).collect();
        app.write(|connection| {
            let settle = |connection: &mut Connection| {
                let accepted = accept(connection, &ids, app.clock.now().into()).expect("an acceptance");
                assert_eq!(accepted.len(), ids.len());
            };
            if connection.kind() == "sqlite" {
                for question in questions(connection, settle) {
                    let steps: Vec<Step> =
                        diesel::sql_query(format!("EXPLAIN QUERY PLAN {question}")).load(connection)?;
                    let detail = &steps.first().expect("a step").detail;
                    assert!(detail.contains("USING INTEGER PRIMARY KEY"), "{question}: {detail}");
                }
                return Ok(());
            }
            let before = reads(connection)?;
            settle(connection);
            let after = reads(connection)?;
            assert_eq!(after.whole, before.whole);
            assert!(after.rows - before.rows <= 3 * LIMIT, "{} rows read", after.rows - before.rows);
            Ok(())
        });
    });
}
