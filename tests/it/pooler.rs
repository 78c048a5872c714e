//! Behind PgBouncer in transaction mode: two connections of the server serve many of ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;
use offpeak::api::appointment::AppointmentQuery;
use offpeak::config::Pooler;
use offpeak::db::Database;
use offpeak::service::{Error, appointment, fleet, overview};

use crate::main_job::main_job;
use crate::support::{Cluster, TestApp, run};

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[test]
fn the_main_job_runs_through_a_pooler_with_two_connections() {
    let cluster = Cluster::start(&[]);
    let socket = cluster.pooled(2);
    let direct = cluster.fresh_database();
    let name = direct.rsplit('/').next().unwrap();
    let url = format!("postgres://postgres@{socket}:6432/{name}");
    let app = TestApp::new(Some(url), |settings| settings.database_pooler = Pooler::Transaction);

    // Twelve who read all the time, so that transactions change connections of the server.
    let (over, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let readers: Vec<_> = (0..12)
        .map(|_| {
            let (app, over, reads) = (app.state.app().clone(), Arc::clone(&over), Arc::clone(&reads));
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    fleet::summary(&app)?;
                    appointment::list(&app, &AppointmentQuery::default())?;
                    overview::gauges(&app)?;
                    reads.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                Ok::<(), Error>(())
            })
        })
        .collect();
    run(main_job(&app));
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().unwrap().unwrap();
    }
    assert!(reads.load(Ordering::Relaxed) > 100, "{reads:?} reads");

    let used = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid()";
    let asked = Database::open(&direct)
        .unwrap()
        .read(|connection| Ok::<_, Error>(diesel::sql_query(used).get_result::<Count>(connection)?.count));
    assert!((1..=2).contains(&asked.unwrap()), "the pooler lends two connections");
}
