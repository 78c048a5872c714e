//! Transactions are run again when they failed through no fault of their own, and never when they may have been
//! committed.

use std::cell::Cell;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Integer};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use offpeak::db::{Connection, Database};
use offpeak::service::Error;

use crate::support::{TestApp, postgres_url};

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Pid {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

fn number(connection: &mut Connection, query: &str) -> Result<i64, Error> {
    Ok(sql_query(query).get_result::<Number>(connection)?.number)
}

fn on_postgres(test: impl Fn(&TestApp)) {
    test(&TestApp::new(Some(postgres_url()), |_| {}));
}

/// Ends the server's process of the connection that runs the closure, from another connection.
fn cut_off(connection: &mut Connection, other: &Database) -> Result<(), Error> {
    let pid = sql_query("SELECT pg_backend_pid() AS pid").get_result::<Pid>(connection)?.pid;
    other.write(|other| {
        other.batch_execute(&format!("SELECT pg_terminate_backend({pid}, 5000)"))?;
        Ok(())
    })
}

#[test]
fn a_connection_lost_before_the_commit_is_tried_again() {
    on_postgres(|app| {
        let database = &app.state.app().database;
        let runs = Cell::new(0);
        app.sql("CREATE TABLE counted (n BIGINT); INSERT INTO counted VALUES (0)");
        database
            .write(|connection| {
                runs.set(runs.get() + 1);
                connection.batch_execute("UPDATE counted SET n = n + 1")?;
                if runs.get() < 3 {
                    cut_off(connection, database)?;
                }
                connection.batch_execute("UPDATE counted SET n = n + 10")?;
                Ok::<_, Error>(())
            })
            .unwrap();
        assert_eq!(runs.get(), 3);
        assert_eq!(app.read(|connection| number(connection, "SELECT n AS number FROM counted")), 11);
    });
}

#[test]
fn what_failed_in_a_transaction_cannot_be_committed() {
    on_postgres(|app| {
        let written = app.state.app().database.write(|connection| {
            connection.batch_execute("UPDATE merchant SET id = id")?;
            connection.batch_execute("no such statement").unwrap_err();
            Ok::<_, Error>(())
        });
        let error = written.unwrap_err().to_string();
        assert!(error.contains("current transaction is aborted"), "{error}");
        app.sql("UPDATE merchant SET id = id");
    });
}

#[test]
fn a_connection_lost_while_committing_is_not_tried_again() {
    on_postgres(|app| {
        let database = &app.state.app().database;
        app.sql("CREATE TABLE counted (n BIGINT); INSERT INTO counted VALUES (0)");
        let runs = Cell::new(0);
        let written = database.write(|connection| {
            runs.set(runs.get() + 1);
            connection.batch_execute("UPDATE counted SET n = n + 1")?;
            cut_off(connection, database)
        });
        assert_eq!(runs.get(), 1);
        let error = written.unwrap_err().to_string();
        assert!(error.contains("not known whether it was done"), "{error}");
        // Whatever comes next finds a connection that works.
        app.sql("UPDATE counted SET n = n + 1");
    });
}

#[test]
fn work_that_uses_up_what_it_is_given_runs_once() {
    on_postgres(|app| {
        let database = &app.state.app().database;
        let used_up = String::from("a large fleet");
        let written = database.write_once(|connection| {
            drop(used_up);
            cut_off(connection, database)?;
            Ok::<_, Error>(connection.batch_execute("UPDATE merchant SET id = id")?)
        });
        let error = written.unwrap_err().to_string();
        assert!(error.contains("the database is out of reach"), "{error}");
    });
}

#[test]
fn deadlocked_transactions_both_come_through() {
    on_postgres(|app| {
        let database = app.state.app().database.clone();
        app.sql("CREATE TABLE counted (id BIGINT, n BIGINT); INSERT INTO counted VALUES (1, 0), (2, 0)");
        let both = std::sync::Arc::new(std::sync::Barrier::new(2));
        let threads = [(1, 2), (2, 1)].map(|(first, second)| {
            let (database, both) = (database.clone(), both.clone());
            std::thread::spawn(move || {
                let runs = Cell::new(0);
                let add = |connection: &mut Connection, id: i32| {
                    connection.batch_execute(&format!("UPDATE counted SET n = n + 1 WHERE id = {id}"))
                };
                database
                    .write(|connection| {
                        runs.set(runs.get() + 1);
                        add(connection, first)?;
                        if runs.get() == 1 {
                            both.wait();
                        }
                        Ok::<_, Error>(add(connection, second)?)
                    })
                    .unwrap();
                runs.get()
            })
        });
        let runs: Vec<i32> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(runs.iter().sum::<i32>() > 2, "one of them was chosen as the victim: {runs:?}");
        assert_eq!(app.read(|connection| number(connection, "SELECT min(n) AS number FROM counted")), 2);
    });
}

#[test]
fn a_pool_of_dead_connections_does_not_fail_anybody() {
    on_postgres(|app| {
        let database = &app.state.app().database;
        let all = std::sync::Arc::new(std::sync::Barrier::new(10));
        let threads: Vec<_> = (0..10)
            .map(|_| {
                let (database, all) = (database.clone(), all.clone());
                std::thread::spawn(move || {
                    let hold = |connection: &mut Connection| {
                        all.wait();
                        number(connection, "SELECT 1::bigint AS number")
                    };
                    database.read(hold).unwrap()
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        app.read(|connection| {
            connection.batch_execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )?;
            Ok(())
        });
        let runs = Cell::new(0);
        app.write(|connection| {
            runs.set(runs.get() + 1);
            Ok(connection.batch_execute("UPDATE merchant SET id = id")?)
        });
        assert_eq!(runs.get(), 1, "a dead connection is met before the work begins");
    });
}
